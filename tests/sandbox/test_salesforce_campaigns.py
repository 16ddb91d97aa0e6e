"""Campaigns, deals and activities of the practice org, as the client library sees them."""

from __future__ import annotations

from typing import Any

import pytest
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest

from sandbox.salesforce.org import SalesforceOrg
from tests.sandbox.salesforce_served import Served, lead, refused

pytest_plugins = ["tests.sandbox.salesforce_fixtures"]
DEAL = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-05-31"}


def _error(call: Any, *args: Any) -> tuple[str, list[str]]:
    with pytest.raises(SalesforceMalformedRequest) as caught:
        call(*args)
    told = refused(caught.value)
    return str(told["errorCode"]), list(told.get("fields", ()))


# Campaigns ---------------------------------------------------------------------------------------


def test_a_fresh_campaign_knows_two_statuses(sf: Salesforce) -> None:
    made = sf.Campaign.create({"Name": "Webinar"})["id"]
    rows = sf.query("SELECT CampaignId, Label, IsDefault, HasResponded FROM CampaignMemberStatus")
    rows = rows["records"]
    assert {row["CampaignId"] for row in rows} == {made}
    assert [(row["Label"], row["IsDefault"], row["HasResponded"]) for row in rows] == [
        ("Sent", True, False),
        ("Responded", False, True),
    ]


def test_an_unknown_member_status_is_silently_replaced(sf: Salesforce, org: SalesforceOrg) -> None:
    """By the default of the campaign, on create and on update."""
    (campaign,) = org.load("Campaign", [{"Name": "Webinar"}])
    (person,) = org.load("Lead", [lead()])
    made = sf.CampaignMember.create(
        {"CampaignId": campaign, "LeadId": person, "Status": "Attended"}
    )["id"]
    assert org.records("CampaignMember")[made]["Status"] == "Sent"
    sf.CampaignMember.update(made, {"Status": "Responded"})
    stored = org.records("CampaignMember")[made]
    assert (stored["HasResponded"], stored["FirstRespondedDate"]) == (True, "2026-04-01")
    sf.CampaignMember.update(made, {"Status": "Attended"})
    assert org.records("CampaignMember")[made]["Status"] == "Sent"


def test_a_person_is_in_a_campaign_once(sf: Salesforce, org: SalesforceOrg) -> None:
    """Of a Lead and a Contact only the Contact is kept; both ends are for ever."""
    (campaign,) = org.load("Campaign", [{"Name": "Webinar"}])
    (person,), (contact,) = org.load("Lead", [lead()]), org.load("Contact", [{"LastName": "Mori"}])
    both = {"CampaignId": campaign, "LeadId": person, "ContactId": contact}
    made = sf.CampaignMember.create(both)["id"]
    assert org.records("CampaignMember")[made]["LeadId"] is None
    assert _error(sf.CampaignMember.create, {"CampaignId": campaign, "ContactId": contact}) == (
        "DUPLICATE_VALUE",
        [],
    )
    assert _error(sf.CampaignMember.create, {"CampaignId": campaign})[0] == "REQUIRED_FIELD_MISSING"
    assert _error(sf.CampaignMember.update, made, {"ContactId": contact}) == (
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        ["ContactId"],
    )


def test_a_campaign_counts_its_members(served: Served, sf: Salesforce, org: SalesforceOrg) -> None:
    """And takes them along when it is deleted, and back when it is restored."""
    (campaign,) = org.load("Campaign", [{"Name": "Webinar"}])
    first, second = org.load("Lead", [lead(), lead()])
    member = org.add("CampaignMember", {"CampaignId": campaign, "LeadId": first})
    org.add("CampaignMember", {"CampaignId": campaign, "LeadId": second, "Status": "Responded"})
    org.convert(first)
    names = ("NumberOfLeads", "NumberOfContacts", "NumberOfConvertedLeads", "NumberOfResponses")
    told = sf.Campaign.get(campaign)
    assert [told[name] for name in names] == [2, 1, 1, 1]
    sf.CampaignMember.delete(member)
    assert sf.Campaign.get(campaign)["NumberOfLeads"] == 1
    served.clock.advance(seconds=5)
    org.delete("Campaign", campaign)
    assert org.records("CampaignMember") == {}
    org.undelete("Campaign", campaign)
    assert len(org.records("CampaignMember")) == 1


def test_a_converted_lead_joins_no_campaign(sf: Salesforce, org: SalesforceOrg) -> None:
    (campaign,), (person,) = org.load("Campaign", [{"Name": "W"}]), org.load("Lead", [lead()])
    org.convert(person)
    code, _ = _error(sf.CampaignMember.create, {"CampaignId": campaign, "LeadId": person})
    assert code == "CANNOT_UPDATE_CONVERTED_LEAD"


# Deals -------------------------------------------------------------------------------------------


def test_the_stage_decides_what_a_deal_is(sf: Salesforce, org: SalesforceOrg) -> None:
    """Probability unless it is given, closed and won, the forecast; fiscal fields follow the date."""
    made = sf.Opportunity.create({**DEAL, "Amount": 1000})["id"]
    stored = org.records("Opportunity")[made]
    names = ("Probability", "ExpectedRevenue", "IsClosed", "ForecastCategory", "Fiscal")
    assert [stored[name] for name in names] == [10.0, 100.0, False, "Pipeline", "2026 2"]
    sf.Opportunity.update(made, {"StageName": "Closed Won"})
    stored = org.records("Opportunity")[made]
    assert [stored[name] for name in (*names[:4], "IsWon")] == [100.0, 1000.0, True, "Closed", True]
    sf.Opportunity.update(made, {"StageName": "Qualification", "Probability": 33})
    assert org.records("Opportunity")[made]["Probability"] == 33.0


def test_a_stage_that_nobody_set_up_is_taken(sf: Salesforce, org: SalesforceOrg) -> None:
    """The picklist is not restricted; such a deal is open."""
    made = sf.Opportunity.create({**DEAL, "StageName": "Dreaming"})["id"]
    assert org.records("Opportunity")[made]["IsClosed"] is False
    rows = sf.query("SELECT ApiName FROM OpportunityStage WHERE IsClosed = true")["records"]
    assert [row["ApiName"] for row in rows] == ["Closed Won", "Closed Lost"]


def test_a_contact_on_a_new_deal_is_its_primary_role(sf: Salesforce, org: SalesforceOrg) -> None:
    """There is one primary: a second one steps before it."""
    first, second = org.load("Contact", [{"LastName": "A"}, {"LastName": "B"}])
    deal = sf.Opportunity.create({**DEAL, "ContactId": first})["id"]
    sf.OpportunityContactRole.create(
        {"OpportunityId": deal, "ContactId": second, "IsPrimary": True, "Role": "Evaluator"}
    )
    roles = org.records("OpportunityContactRole").values()
    assert {one["ContactId"]: one["IsPrimary"] for one in roles} == {first: False, second: True}


def test_an_account_takes_its_deals_along(org: SalesforceOrg) -> None:
    """With all that hangs on them; undelete brings all of it back."""
    (account,) = org.load("Account", [{"Name": "A"}])
    (deal,) = org.load("Opportunity", [{**DEAL, "AccountId": account}])
    org.load("Task", [{"Subject": "Call", "WhatId": deal}])
    org.delete("Account", account)
    assert (org.records("Opportunity"), org.records("Task")) == ({}, {})
    org.undelete("Account", account)
    assert (len(org.records("Opportunity")), len(org.records("Task"))) == (1, 1)


# Activities --------------------------------------------------------------------------------------


def test_a_task_is_closed_by_its_status(sf: Salesforce, org: SalesforceOrg) -> None:
    """Its Account is that of what it is about."""
    (account,) = org.load("Account", [{"Name": "A"}])
    (deal,) = org.load("Opportunity", [{**DEAL, "AccountId": account}])
    made = sf.Task.create({"Subject": "Call", "WhatId": deal, "Priority": "High"})["id"]
    stored = org.records("Task")[made]
    names = ("Status", "IsClosed", "IsHighPriority", "AccountId")
    assert [stored[name] for name in names] == ["Not Started", False, True, account]
    sf.Task.update(made, {"Status": "Completed"})
    stored = org.records("Task")[made]
    assert (stored["IsClosed"], stored["CompletedDateTime"]) == (
        True,
        "2026-04-01T09:00:30.000+0000",
    )


def test_a_task_of_a_lead_takes_no_second_record(sf: Salesforce, org: SalesforceOrg) -> None:
    (account,), (person,) = org.load("Account", [{"Name": "A"}]), org.load("Lead", [lead()])
    told = _error(sf.Task.create, {"Subject": "Call", "WhoId": person, "WhatId": account})
    assert told == ("FIELD_INTEGRITY_EXCEPTION", ["WhatId"])
    assert _error(sf.Task.create, {"WhoId": account}) == ("MALFORMED_ID", ["WhoId"])
    told = _error(sf.Task.create, {"WhatId": "500000000000001AAA"})
    assert told[0] == "INVALID_CROSS_REFERENCE_KEY"


def test_an_event_has_a_start_and_an_end(sf: Salesforce, org: SalesforceOrg) -> None:
    """One follows from the other and the duration; they must agree."""
    start = "2026-04-02T01:00:00.000+0000"
    made = sf.Event.create({"Subject": "Visit", "StartDateTime": start, "DurationInMinutes": 90})
    stored = org.records("Event")[made["id"]]
    assert (stored["ActivityDateTime"], stored["ActivityDate"]) == (start, "2026-04-02")
    assert stored["EndDateTime"] == "2026-04-02T02:30:00.000+0000"
    code, fields = _error(sf.Event.create, {"Subject": "Visit"})
    assert (code, fields) == ("REQUIRED_FIELD_MISSING", ["DurationInMinutes", "ActivityDateTime"])
    end = "2026-04-02T01:15:00.000+0000"
    told = _error(sf.Event.update, made["id"], {"EndDateTime": end, "DurationInMinutes": 20})
    assert told == ("FIELD_INTEGRITY_EXCEPTION", ["DurationInMinutes"])
    sf.Event.update(made["id"], {"EndDateTime": end})
    assert org.records("Event")[made["id"]]["DurationInMinutes"] == 15


def test_a_converted_lead_hands_its_tasks_over(org: SalesforceOrg) -> None:
    """To the Contact, about the Opportunity."""
    (person,) = org.load("Lead", [lead()])
    (task,) = org.load("Task", [{"Subject": "Call", "WhoId": person}])
    done = org.convert(person, opportunity="Deal")
    stored = org.records("Task")[task]
    assert (stored["WhoId"], stored["WhatId"]) == (done.contact_id, done.opportunity_id)


def test_outbound_messages_tell_of_the_new_objects(served: Served) -> None:
    """Listeners hear of a member that gained its Contact, too."""
    heard: list[str] = []
    org = served.org
    org.outbound.listen(lambda name, record_id, user_id: heard.append(name))
    (campaign,), (person,) = org.load("Campaign", [{"Name": "W"}]), org.load("Lead", [lead()])
    org.add("CampaignMember", {"CampaignId": campaign, "LeadId": person})
    org.add("Opportunity", DEAL)
    org.add("Task", {"Subject": "Call"})
    org.convert(person)
    assert heard == [
        "CampaignMember",
        "Opportunity",
        "Task",
        "Account",
        "Contact",
        "Lead",
        "CampaignMember",
    ]
    org.outbound._listeners.clear()
