"""Two practice orgs with N people who are equal and keyed on both sides, in a process of their own.

``python -m bench.orgs N`` prints the orgs' JSON and then takes orders on standard input: a number
edits that many HubSpot contacts as a person.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

from sandbox.hubspot.org import HubSpotOrg
from sandbox.salesforce.org import SalesforceOrg
from sandbox.webserver import WebServer

STARTED = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> None:
    """Load, serve, edit on order until standard input ends."""
    people = int(sys.argv[1])
    hubspot = HubSpotOrg(burst_limit=10**9, daily_limit=10**9)
    salesforce = SalesforceOrg(daily_limit=10**9)
    leads, contacts = load(hubspot, salesforce, people)
    servers = [
        WebServer(hubspot.app, "bench-hubspot", "127.0.0.1", 0),
        WebServer(salesforce.app, "bench-salesforce", "127.0.0.1", 0),
    ]
    for server in servers:
        server.start()
    told = {
        "hubspot": {
            "base_url": servers[0].url,
            "access_token": hubspot.access_token,
            "app_id": hubspot.app_id,
        },
        "salesforce": {
            "login_url": servers[1].url,
            "client_id": salesforce.client_id,
            "client_secret": salesforce.client_secret,
        },
        "leads": leads,
    }
    print(json.dumps(told), flush=True)
    for number, line in enumerate(sys.stdin):
        for contact in contacts[: int(line)]:
            hubspot.edit("contacts", contact, {"jobtitle": f"Head of {number}"})
        print("edited", flush=True)


def load(hubspot: HubSpotOrg, salesforce: SalesforceOrg, people: int) -> tuple[int, list[str]]:
    """Fill both orgs with so many equal, keyed people; answers the number of Leads, and the contacts."""
    hubspot.define(
        "contacts",
        name="salesforce_id",
        label="Salesforce id",
        type="string",
        fieldType="text",
        groupName="contactinformation",
        hasUniqueValue=True,
    )
    for name in ("Lead", "Contact"):
        salesforce.add_field(name, "HubSpot_Id__c", unique=True, externalId=True, length=64)
    rows = [
        {
            "FirstName": f"First {n}",
            "LastName": f"Last {n}",
            "Email": f"person{n}@example.com",
            "Phone": f"+8190{n:08d}",
            "Title": "Engineer",
            "Company": "[not provided]",
            "City": "Tokyo",
            "State": "Tokyo",
            "@created": STARTED,
        }
        for n in range(people)
    ]
    leads = salesforce.load("Lead", rows)
    contacts = hubspot.load(
        "contacts",
        [
            {
                "firstname": row["FirstName"],
                "lastname": row["LastName"],
                "email": row["Email"],
                "phone": row["Phone"],
                "jobtitle": "Engineer",
                "city": "Tokyo",
                "state": "Tokyo",
                "salesforce_id": lead,
                "@created": STARTED,
            }
            for row, lead in zip(rows, leads, strict=True)
        ],
    )
    for lead, contact in zip(leads, contacts, strict=True):
        salesforce.edit("Lead", lead, {"HubSpot_Id__c": contact})
    return len(leads), contacts


if __name__ == "__main__":
    main()
