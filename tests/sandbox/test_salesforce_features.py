"""What an admin switches on in the practice org: record types, people, currencies, approvals, objects."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceError

from sandbox.doorbells import wanted_of
from sandbox.salesforce.answers import Refused
from sandbox.salesforce.org import SalesforceOrg
from tests.sandbox.salesforce_served import Served, lead, refused

pytest_plugins = ["tests.sandbox.salesforce_fixtures"]
ENVELOPE = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:u="urn:partner.soap.sforce.com"><e:Header><u:SessionHeader>'
    "<u:sessionId>{token}</u:sessionId></u:SessionHeader></e:Header>"
    "<e:Body>{body}</e:Body></e:Envelope>"
)


def _soap(served: Served, body: str, status: int = 200) -> str:
    answer = requests.post(
        f"{served.url}/services/Soap/u/62.0",
        data=ENVELOPE.format(token=served.client().session_id, body=body).encode(),
        headers={"Content-Type": "text/xml", "SOAPAction": '""'},
        timeout=5,
    )
    assert answer.status_code == status
    return answer.text


def _error(call: Any, *args: Any) -> tuple[str, list[str]]:
    with pytest.raises(SalesforceError) as caught:
        call(*args)
    told = refused(caught.value)
    return str(told["errorCode"]), list(told.get("fields", ()))


# Record types ------------------------------------------------------------------------------------


def test_record_types_stand_in_the_describe(sf: Salesforce, org: SalesforceOrg) -> None:
    """The first one is what a new record gets; the master stands last."""
    assert "RecordTypeId" not in {one["name"] for one in sf.Lead.describe()["fields"]}
    first = org.add_record_type("Lead", "Inbound", label="Inbound Lead")
    org.add_record_type("Lead", "Partner", available=False)
    told = sf.Lead.describe()["recordTypeInfos"]
    assert [(one["developerName"], one["available"], one["master"]) for one in told] == [
        ("Inbound", True, False),
        ("Partner", False, False),
        ("Master", True, True),
    ]
    made = sf.Lead.create(lead())["id"]
    assert org.records("Lead")[made]["RecordTypeId"] == first
    (row,) = sf.query("SELECT RecordType.DeveloperName FROM Lead")["records"]
    assert row["RecordType"]["DeveloperName"] == "Inbound"


def test_a_record_type_of_others_is_not_ours_to_give(sf: Salesforce, org: SalesforceOrg) -> None:
    """A person may; a restricted picklist follows the type."""
    org.add_record_type("Lead", "Inbound", picklists={"CleanStatus": ["Matched"]})
    theirs = org.add_record_type("Lead", "Partner", available=False)
    told = _error(sf.Lead.create, lead(RecordTypeId=theirs))
    assert told == ("INVALID_CROSS_REFERENCE_KEY", ["RecordTypeId"])
    assert org.add("Lead", lead(RecordTypeId=theirs, CleanStatus="Pending"))
    assert _error(sf.Lead.create, lead(CleanStatus="Pending")) == (
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        ["CleanStatus"],
    )


# Approvals ---------------------------------------------------------------------------------------


def test_a_record_under_approval_is_locked(sf: Salesforce, org: SalesforceOrg) -> None:
    """For the integration user: approvers may go on."""
    one, other = org.load("Lead", [lead(), lead()])
    org.submit_for_approval(one)
    assert _error(sf.Lead.update, one, {"Title": "CEO"}) == ("ENTITY_IS_LOCKED", [])
    assert _error(sf.Lead.delete, one) == ("ENTITY_IS_LOCKED", [])
    assert sf.Lead.update(other, {"Title": "CEO"}) == 204
    org.edit("Lead", one, {"Title": "CTO"})
    org.decide_approval(one)
    assert sf.Lead.update(one, {"Title": "CEO"}) == 204


def test_an_approval_can_be_ordered_from_the_control_desk(
    sf: Salesforce, org: SalesforceOrg
) -> None:
    """As a fault, for some records or for all of a call."""
    one, other = org.load("Lead", [lead(), lead()])
    org.faults.order({"kind": "approval", "times": 10, "ids": [one]})
    assert _error(sf.Lead.update, one, {"Title": "CEO"})[0] == "ENTITY_IS_LOCKED"
    assert sf.Lead.update(other, {"Title": "CEO"}) == 204


# People, money, objects --------------------------------------------------------------------------


def test_an_account_may_be_a_person(sf: Salesforce, org: SalesforceOrg) -> None:
    """By its last name or its type; a Contact stands in its shadow and follows it."""
    org.enable_person_accounts()
    person = sf.Account.create({"LastName": "Mori", "PersonEmail": "mori@example.com"})["id"]
    stored = org.records("Account")[person]
    assert (stored["IsPersonAccount"], stored["Name"]) == (True, "Mori")
    sf.Account.update(person, {"FirstName": "Ai", "PersonEmail": "ai@example.com"})
    shadow = org.records("Contact")[stored["PersonContactId"]]
    assert (shadow["Name"], shadow["Email"], shadow["IsPersonAccount"]) == (
        "Ai Mori",
        "ai@example.com",
        True,
    )
    company = sf.Account.create({"Name": "Example"})["id"]
    assert org.records("Account")[company]["IsPersonAccount"] is False
    assert _error(sf.Account.update, company, {"LastName": "Mori"}) == (
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        ["LastName"],
    )


def test_amounts_have_the_decimals_of_their_currency(sf: Salesforce, org: SalesforceOrg) -> None:
    org.enable_currencies("JPY", USD=0.0067)
    deal = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-05-31", "Amount": 10.55}
    yen = sf.Opportunity.create(deal)["id"]
    dollars = sf.Opportunity.create({**deal, "CurrencyIsoCode": "USD"})["id"]
    rows = org.records("Opportunity")
    assert (rows[yen]["CurrencyIsoCode"], rows[yen]["Amount"]) == ("JPY", 11.0)
    assert rows[dollars]["Amount"] == 10.55
    told = _error(sf.Opportunity.create, {**deal, "CurrencyIsoCode": "EUR"})
    assert told == ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["CurrencyIsoCode"])
    rows = sf.query("SELECT IsoCode FROM CurrencyType WHERE IsCorporate = true")["records"]
    assert [row["IsoCode"] for row in rows] == ["JPY"]


def test_a_custom_object_is_an_object_like_any_other(sf: Salesforce, org: SalesforceOrg) -> None:
    """Its lookups lead somewhere, and a reset takes it away."""
    org.add_object("Machine__c", "Machine")
    org.add_field(
        "Machine__c",
        "Account__c",
        type="reference",
        referenceTo=["Account"],
        relationshipName="Account__r",
    )
    (account,) = org.load("Account", [{"Name": "Example"}])
    made = sf.Machine__c.create({"Account__c": account})["id"]
    (row,) = sf.query("SELECT Name, Account__r.Name FROM Machine__c")["records"]
    assert (row["Name"], row["Account__r"]["Name"]) == (made, "Example")
    assert _error(sf.Machine__c.create, {"Account__c": made})[0] == "MALFORMED_ID"
    assert sf.Task.create({"Subject": "Repair", "WhatId": made})["success"]
    org.reset()
    assert org.state.known("Machine__c") is None


def test_a_queue_owns_leads_and_its_owner_is_read_as_a_user(
    sf: Salesforce, org: SalesforceOrg
) -> None:
    """Conversion gives what it makes to a user."""
    queue = org.add_queue("Inbound")
    one = sf.Lead.create(lead(OwnerId=queue))["id"]
    done = org.convert(one)
    assert org.records("Contact")[done.contact_id]["OwnerId"] == org.person_user_id
    assert sf.query("SELECT Id FROM Lead WHERE Owner.IsActive = true")["totalSize"] == 0


def test_an_individual_goes_from_lead_to_contact(org: SalesforceOrg) -> None:
    """With the wishes that it holds."""
    (somebody,) = org.load("Individual", [{"LastName": "Lee", "HasOptedOutProfiling": True}])
    (one,) = org.load("Lead", [lead(IndividualId=somebody)])
    done = org.convert(one)
    assert org.records("Contact")[done.contact_id]["IndividualId"] == somebody


# SOAP --------------------------------------------------------------------------------------------


def test_an_emptied_bin_holds_nothing(served: Served) -> None:
    """What is not in it is refused, row by row."""
    org = served.org
    gone, live = org.load("Lead", [lead(), lead()])
    org.delete("Lead", gone)
    ids = f"<u:ids>{gone}</u:ids><u:ids>{live}</u:ids><u:ids>x</u:ids>"
    told = _soap(served, f"<u:emptyRecycleBin>{ids}</u:emptyRecycleBin>")
    assert [part.split("<")[0] for part in told.split("<success>")[1:]] == [
        "true",
        "false",
        "false",
    ]
    assert org.deleted("Lead") == {}
    with pytest.raises(Refused):
        org.purge("Lead", gone)


def test_soap_calls_are_calls_of_the_day(served: Served) -> None:
    """The usage stands in the envelope's header; over the limit they are refused with a fault."""
    told = _soap(served, "<u:undelete><u:ids>x</u:ids></u:undelete>")
    assert "<current>1</current><limit>100000</limit><type>API REQUESTS</type>" in told
    served.org.daily_limit = 1
    told = _soap(served, "<u:undelete><u:ids>x</u:ids></u:undelete>", 500)
    assert "<sf:exceptionCode>REQUEST_LIMIT_EXCEEDED</sf:exceptionCode>" in told


def test_a_conversion_makes_an_opportunity_unless_told_otherwise(served: Served) -> None:
    """In the first stage, due at the end of the quarter, named as the Account or as wished."""
    org = served.org
    for wish, name in (
        ("", "Example"),
        ("<u:opportunityName>Deal</u:opportunityName>", "Deal"),
        ("<u:doNotCreateOpportunity>true</u:doNotCreateOpportunity>", None),
    ):
        (one,) = org.load("Lead", [lead()])
        _soap(
            served,
            "<u:convertLead><u:leadConverts><u:convertedStatus>Closed - Converted</u:convertedStatus>"
            f"<u:leadId>{one}</u:leadId>{wish}</u:leadConverts></u:convertLead>",
        )
        made = org.records("Lead")[one]["ConvertedOpportunityId"]
        if name is None:
            assert made is None
            continue
        deal = org.records("Opportunity")[made]
        assert (deal["Name"], deal["StageName"], deal["CloseDate"]) == (
            name,
            "Prospecting",
            "2026-06-30",
        )


def test_a_status_that_means_no_conversion_converts_nothing(served: Served) -> None:
    (one,) = served.org.load("Lead", [lead()])
    told = _soap(
        served,
        "<u:convertLead><u:leadConverts><u:convertedStatus>Closed</u:convertedStatus>"
        f"<u:leadId>{one}</u:leadId></u:leadConverts></u:convertLead>",
    )
    assert "<statusCode>INVALID_STATUS</statusCode>" in told
    assert not served.org.records("Lead")[one]["IsConverted"]


# Doorbells ---------------------------------------------------------------------------------------


def test_the_control_desk_takes_the_new_objects() -> None:
    """And names what it knows when it is asked for something else."""
    url = "http://127.0.0.1:1/s"
    objects = ["Opportunity", "Task", "CampaignMember", "Machine__c"]
    wanted = wanted_of({"salesforce": {"url": url, "objects": objects}})
    assert list(wanted.objects) == objects
    with pytest.raises(ValueError, match="Campaign"):
        wanted_of({"salesforce": {"url": url, "objects": ["Weather"]}})
