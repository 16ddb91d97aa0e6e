"""A website beside an installation: its server sends events, and both orgs hold what is told of a visitor."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import requests

from intent.identity import company_domain
from mappings.normal import company
from sandbox.serve import Sandbox
from tests.walk.installation import Installation
from tests.walk.live import Pair, pairs_of

KEY = "invented-write-key"
SHIPPED = Path(__file__).parents[2] / "mappings"
SAMPLES = SHIPPED / "samples"
# HubSpot's property, Salesforce's field, and where the number stands on the card.
TOLD = {
    "score": ("shared_intent_score", "Shared_Intent_Score__c"),
    "band": ("shared_score_band", "Shared_Score_Band__c"),
    "top_topic": ("shared_top_topic", "Shared_Top_Topic__c"),
    "reason_internal_ja": ("shared_reason_internal_ja", "Shared_Reason_Internal_Ja__c"),
    "reason_internal_en": ("shared_reason_internal_en", "Shared_Reason_Internal_En__c"),
    "reason_outward_ja": ("shared_reason_outward_ja", "Shared_Reason_Outward_Ja__c"),
    "reason_outward_en": ("shared_reason_outward_en", "Shared_Reason_Outward_En__c"),
}
OPT_OUT = ("shared_tracking_opt_out", "Shared_Tracking_Opt_Out__c")
_ids = count()


def prepare(folder: Path, sandbox: Sandbox, **settings: str) -> Installation:
    """Everybody in line under the sample mapping; `init` has made the fields that it needs."""
    more = {"KAKEHASHI_INTENT__WRITE_KEY": KEY, "KAKEHASHI_SYNC__POLL_EVERY": "3600"}
    installation = Installation(folder, sandbox, {**more, **settings})
    mappings = installation.admin.folder / "mappings"
    mappings.mkdir()
    for name in ("people", "companies"):
        shutil.copyfile(SAMPLES / f"{name}-with-intent.yaml", mappings / f"{name}.yaml")
    installation.prepare()
    return installation


def put_beside(installation: Installation) -> None:
    """The plain mapping of people, and the sample beside it, on an object that Salesforce's admin made."""
    there = installation.sandbox.salesforce
    there.add_object("Intent__c", "Intent")
    there.add_field("Intent__c", "HubSpot_Id__c", length=64, unique=True, externalId=True)
    there.add_field("Intent__c", "Email__c")
    mappings = installation.admin.folder / "mappings"
    shutil.copyfile(SHIPPED / "people.yaml", mappings / "people.yaml")
    shutil.copyfile(SAMPLES / "intent-beside-people.yaml", mappings / "intent-beside-people.yaml")
    installation.prepare()


def named_alone(sandbox: Sandbox) -> tuple[str, str]:
    """The account and the name of a company whose name no other one bears."""
    left = sandbox.hubspot.records("companies").values()
    right = sandbox.salesforce.records("Account").values()
    names = [company(str(row["name"])) for row in left if row.get("name")]
    there = {company(str(row["Name"])): str(row.get("Website")) for row in right}
    return next(
        (str(company_domain(str(row["domain"]))), str(row["name"]))
        for row in left
        if row.get("domain")
        and names.count(name := company(str(row["name"]))) == 1
        and str(row["domain"]) in there.get(name, str(row["domain"]))
    )


def visits(email: str, now: datetime | None = None) -> list[dict[str, Any]]:
    """They read the prices yesterday and today, and asked to be called."""
    at = now or datetime.now(UTC)
    return [
        event("pricing_view", email, at - timedelta(days=1)),
        event("pricing_view", email, at),
        event("form_submit_handraise", email, at),
    ]


def event(
    kind: str, email: str, at: datetime, url: str = "https://www.example.com/pricing"
) -> dict[str, Any]:
    return {
        "event_id": f"walk-{next(_ids)}",
        "type": kind,
        "url": url,
        "occurred_at": at.isoformat(),
        "email": email,
        "consent": {"tracking": "granted"},
    }


def send(installation: Installation, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The answer of the door."""
    answer = requests.post(
        f"{installation.url}/webhooks/intent",
        json=list(rows),
        headers={"Authorization": f"Bearer {KEY}"},
        timeout=30,
    )
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


def held(sandbox: Sandbox, pair: Pair) -> tuple[dict[str, Any], dict[str, Any]]:
    """What each org holds of a person, as far as it is ours."""
    contact = sandbox.hubspot.records("contacts")[pair.contact]
    other = sandbox.salesforce.records(pair.object)[pair.record]
    return (
        {name: contact.get(left) or None for name, (left, _) in TOLD.items()},
        {name: other.get(right) for name, (_, right) in TOLD.items()},
    )


def addressed(sandbox: Sandbox) -> list[tuple[Pair, str]]:
    """Pairs with an address that nobody else carries in either org."""
    contacts = sandbox.hubspot.records("contacts")
    held_there = [
        str(row.get("Email") or "").casefold()
        for name in ("Lead", "Contact")
        for row in sandbox.salesforce.records(name).values()
    ]
    mails = [str(row.get("email") or "").casefold() for row in contacts.values()]
    return [
        (pair, email)
        for pair in pairs_of(sandbox)
        if (email := str(contacts[pair.contact].get("email") or "").casefold())
        and held_there.count(email) == 1
        and mails.count(email) == 1
    ]
