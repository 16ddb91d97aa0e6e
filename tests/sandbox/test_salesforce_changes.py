"""What became of records in the Salesforce practice org: changed, deleted, merged, converted."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest

from sandbox.salesforce.answers import Refused
from sandbox.salesforce.org import SalesforceOrg
from tests.sandbox.salesforce_served import MORNING, Served, lead, refused

pytest_plugins = ["tests.sandbox.salesforce_fixtures"]
ENVELOPE = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:u="urn:partner.soap.sforce.com"><e:Header><u:SessionHeader>'
    "<u:sessionId>{token}</u:sessionId></u:SessionHeader></e:Header>"
    "<e:Body>{body}</e:Body></e:Envelope>"
)


def _soap(served: Served, body: str) -> str:
    token = served.client().session_id
    answer = requests.post(
        f"{served.url}/services/Soap/u/62.0",
        data=ENVELOPE.format(token=token, body=body).encode(),
        headers={"Content-Type": "text/xml", "SOAPAction": '""'},
        timeout=5,
    )
    assert answer.status_code == 200
    return answer.text


def test_get_updated_ignores_seconds(served: Served, sf: Salesforce) -> None:
    """Start and end are cut to the minute; latestDateCovered is where to go on."""
    (old,) = served.org.load("Lead", [{**lead(), "@modified": MORNING - timedelta(minutes=10)}])
    (new,) = served.org.load("Lead", [lead()])
    served.clock.advance(minutes=3)
    told = sf.Lead.updated(MORNING, MORNING + timedelta(minutes=2))
    assert told == {"ids": [new], "latestDateCovered": "2026-04-01T09:02:00.000+0000"}
    told = sf.Lead.updated(MORNING - timedelta(minutes=20), MORNING + timedelta(hours=1))
    assert told["ids"] == [old, new]
    assert told["latestDateCovered"] == "2026-04-01T09:03:00.000+0000"


def test_get_deleted_tells_when(served: Served, sf: Salesforce) -> None:
    gone, _ = served.org.load("Lead", [lead(), lead()])
    served.org.delete("Lead", gone)
    served.clock.advance(minutes=5)
    told = sf.Lead.deleted(MORNING - timedelta(minutes=5), MORNING + timedelta(minutes=4))
    assert told["deletedRecords"] == [{"id": gone, "deletedDate": "2026-04-01T09:00:30.000+0000"}]
    assert told["earliestDateAvailable"] < told["latestDateCovered"]


def test_a_window_must_be_a_minute_and_not_too_old(sf: Salesforce) -> None:
    """15 days for what was deleted, 30 for what was updated."""
    for ask, start, end in (
        (sf.Lead.updated, MORNING, MORNING + timedelta(seconds=20)),
        (sf.Lead.updated, MORNING - timedelta(days=31), MORNING),
        (sf.Lead.deleted, MORNING - timedelta(days=16), MORNING),
    ):
        with pytest.raises(SalesforceMalformedRequest) as caught:
            ask(start, end)
        assert refused(caught.value)["errorCode"] == "INVALID_REPLICATION_DATE"


def test_a_merge_leaves_a_trace_on_its_losers(sf: Salesforce, org: SalesforceOrg) -> None:
    """They are deleted, name the winner, and their children move to it."""
    winner, loser = org.load("Account", [{"Name": "A"}, {"Name": "B"}])
    (child,) = org.load("Contact", [{"LastName": "Lee", "AccountId": loser}])
    org.merge("Account", winner, [loser], {"Name": "A and B"})
    found = sf.query(
        "SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true AND MasterRecordId != null",
        include_deleted=True,
    )["records"]
    assert [(one["Id"], one["MasterRecordId"]) for one in found] == [(loser, winner)]
    assert org.records("Contact")[child]["AccountId"] == winner
    assert org.records("Account")[winner]["Name"] == "A and B"


def test_a_merge_over_soap_does_the_same(served: Served) -> None:
    winner, loser = served.org.load("Lead", [lead(LastName="A"), lead(LastName="B")])
    told = _soap(
        served,
        "<u:merge><u:request><u:masterRecord><u:type>Lead</u:type>"
        f"<u:Id>{winner}</u:Id></u:masterRecord>"
        f"<u:recordToMergeIds>{loser}</u:recordToMergeIds></u:request></u:merge>",
    )
    assert f"<mergedRecordIds>{loser}</mergedRecordIds>" in told
    assert served.org.deleted("Lead")[loser]["MasterRecordId"] == winner


def test_an_undeleted_record_is_back_with_its_id(served: Served) -> None:
    (one,) = served.org.load("Lead", [lead(Email="ann@example.com")])
    served.org.delete("Lead", one)
    told = _soap(served, f"<u:undelete><u:ids>{one}</u:ids></u:undelete>")
    assert "<success>true</success>" in told
    assert served.org.records("Lead")[one]["Email"] == "ann@example.com"


def test_contacts_go_and_come_with_their_account(org: SalesforceOrg) -> None:
    """A delete cascades, an undelete brings back what went along."""
    kept, gone = org.load("Account", [{"Name": "A"}, {"Name": "B"}])
    stays, goes = org.load(
        "Contact", [{"LastName": "A", "AccountId": kept}, {"LastName": "B", "AccountId": gone}]
    )
    org.delete("Account", gone)
    assert list(org.records("Contact")) == [stays]
    org.undelete("Account", gone)
    assert list(org.records("Contact")) == [stays, goes]


def test_a_converted_lead_becomes_contact_and_account(sf: Salesforce, org: SalesforceOrg) -> None:
    """Opt-outs and mapped custom fields go along; the Lead is frozen and still queryable."""
    org.add_field("Lead", "HubSpot_Id__c", externalId=True, unique=True)
    org.add_field("Contact", "HubSpot_Id__c", externalId=True, unique=True)
    org.carry_on_convert("HubSpot_Id__c", "HubSpot_Id__c")
    (one,) = org.load("Lead", [lead(HubSpot_Id__c="7", HasOptedOutOfEmail=True)])
    done = org.convert(one)
    contact = org.records("Contact")[done.contact_id]
    assert (contact["HubSpot_Id__c"], contact["HasOptedOutOfEmail"]) == ("7", True)
    assert contact["AccountId"] == done.account_id
    assert org.records("Account")[done.account_id]["Name"] == "Example"
    (found,) = sf.query("SELECT IsConverted, ConvertedContactId, ConvertedDate FROM Lead")[
        "records"
    ]
    assert (found["IsConverted"], found["ConvertedDate"]) == (True, "2026-04-01")
    assert found["ConvertedContactId"] == done.contact_id
    with pytest.raises(SalesforceMalformedRequest) as caught:
        sf.Lead.update(one, {"Title": "CTO"})
    error = refused(caught.value)
    assert (error["errorCode"], error["message"], error["fields"]) == (
        "CANNOT_UPDATE_CONVERTED_LEAD",
        "cannot reference converted lead",
        [],
    )


def test_a_conversion_into_given_records_fills_blanks_only(served: Served) -> None:
    org = served.org
    (account,) = org.load("Account", [{"Name": "Kept"}])
    (contact,) = org.load("Contact", [{"LastName": "Mori", "Title": "CEO"}])
    (one,) = org.load("Lead", [lead(Title="CTO", Email="ann@example.com")])
    told = _soap(
        served,
        f"<u:convertLead><u:leadConverts><u:accountId>{account}</u:accountId>"
        f"<u:contactId>{contact}</u:contactId>"
        "<u:convertedStatus>Closed - Converted</u:convertedStatus>"
        f"<u:doNotCreateOpportunity>true</u:doNotCreateOpportunity><u:leadId>{one}</u:leadId>"
        "</u:leadConverts></u:convertLead>",
    )
    assert f"<contactId>{contact}</contactId>" in told
    stored = org.records("Contact")[contact]
    assert (stored["LastName"], stored["Title"], stored["Email"]) == (
        "Mori",
        "CEO",
        "ann@example.com",
    )
    assert org.records("Account")[account]["Name"] == "Kept"


def test_a_lead_converts_once(org: SalesforceOrg) -> None:
    (one,) = org.load("Lead", [lead()])
    org.convert(one)
    with pytest.raises(Refused):
        org.convert(one)
    assert len(org.records("Contact")) == 1


def test_loaded_rows_keep_their_stamps(org: SalesforceOrg) -> None:
    """`@created` and `@modified` are the server's own fields; blanks are filled with defaults."""
    born, touched = MORNING - timedelta(days=9), MORNING - timedelta(days=2)
    (one,) = org.load("Contact", [{"LastName": "Lee", "@created": born, "@modified": touched}])
    stored = org.records("Contact")[one]
    assert stored["CreatedDate"] == "2026-03-23T09:00:30.000+0000"
    assert stored["SystemModstamp"] == "2026-03-30T09:00:30.000+0000"
    assert (stored["Name"], stored["OwnerId"]) == ("Lee", org.integration_user_id)
