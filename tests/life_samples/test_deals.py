"""Deals, their people and campaigns: the shipped file and the samples beside it, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.life_samples.office import Office, office

DEAL = {"dealname": "Bridge", "pipeline": "default", "dealstage": "appointmentscheduled"}
CLOSE = {"closedate": "2027-03-31T00:00:00Z"}
OPPORTUNITY = {"Name": "Gate", "StageName": "Perception Analysis", "CloseDate": "2027-03-31"}
LABELS = ("決裁者", "評価者", "推進者", "利用者")


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as made:
        made.check()
        yield made


def test_deals_are_kept_in_line_both_ways(plain: Office) -> None:
    """Born on either side with their companies, moved on either side; a second plan is empty."""
    company, account = plain.company()
    deal = plain.hubspot.create("deals", {**DEAL, **CLOSE, "amount": "1200000"})
    plain.hubspot.associate("deals", deal, "companies", company, "Primary")
    plain.salesforce.add("Opportunity", {**OPPORTUNITY, "AccountId": account})
    plain.resync()
    there, bridge = plain.right("Opportunity", Name="Bridge")
    assert (bridge["StageName"], bridge["CloseDate"], bridge["Amount"], bridge["AccountId"]) == (
        "Prospecting",
        "2027-03-31",
        1_200_000.0,
        account,
    )
    here, gate = plain.left("deals", dealname="Gate")
    assert (gate["pipeline"], gate["dealstage"]) == ("default", "decisionmakerboughtin")
    assert set(plain.hubspot.associated("deals", here, "companies")) == {company}
    plain.settled()
    plain.hubspot.edit("deals", deal, {"dealstage": "closedwon"})
    plain.salesforce.edit("Opportunity", there, {"Amount": 900})
    plain.resync()
    assert plain.salesforce.records("Opportunity")[there]["StageName"] == "Closed Won"
    assert plain.hubspot.records("deals")[deal]["amount"] == "900"
    plain.settled()


# People of deals ---------------------------------------------------------------------------------


@pytest.fixture
def parties(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path, "deal-contacts") as made:
        for label in LABELS:
            made.hubspot.define_label("contacts", "deals", label)
        made.check()
        yield made


def test_who_takes_part_in_a_deal_has_a_role_in_its_opportunity(parties: Office) -> None:
    """A label becomes a role, a role a label; whoever is taken out is taken out there."""
    company = parties.company()
    ann, ann_there = parties.person("ann@example.com", company)
    bo, bo_there = parties.person("bo@example.com", company)
    cy, _ = parties.person("cy@example.com")
    deal = parties.hubspot.create("deals", {**DEAL, **CLOSE})
    for one in (ann, cy):
        parties.hubspot.associate("contacts", one, "deals", deal, "決裁者")
    parties.resync()
    there, _ = parties.right("Opportunity", Name="Bridge")
    row, role = parties.right("OpportunityContactRole", OpportunityId=there)
    # A Lead cannot have a role: cy waits until he is a Contact.
    assert (role["ContactId"], role["Role"]) == (ann_there, "Decision Maker")
    parties.settled()
    parties.salesforce.edit("OpportunityContactRole", row, {"Role": "Evaluator"})
    parties.salesforce.add(
        "OpportunityContactRole", {"OpportunityId": there, "ContactId": bo_there}
    )
    parties.resync()
    held = parties.hubspot.associated("deals", deal, "contacts")
    labels = parties.hubspot.associated("contacts", ann, "deals")[deal]
    assert set(held) == {ann, bo, cy}
    assert labels == {"", "評価者"}
    parties.settled()
    parties.hubspot.part("contacts", ann, "deals", deal)
    parties.resync()
    assert parties.right("OpportunityContactRole", OpportunityId=there)[1]["ContactId"] == bo_there
    parties.settled()


def test_what_comes_of_a_converted_lead_is_tied_in_hubspot(parties: Office) -> None:
    """The pair moves, Account and Opportunity get partners, and the deal has its company and its contact."""
    contact, lead = parties.person("ann@example.com")
    parties.resync()
    parties.settled()
    became = parties.salesforce.convert(lead, opportunity="Big deal")
    parties.resync()
    parties.resync()
    company, _ = parties.left("companies", salesforce_id=became.account_id)
    assert became.opportunity_id is not None
    deal, held = parties.left("deals", salesforce_id=became.opportunity_id)
    assert held["dealname"] == "Big deal"
    assert set(parties.hubspot.associated("deals", deal, "companies")) == {company}
    assert set(parties.hubspot.associated("deals", deal, "contacts")) == {contact}
    assert parties.left("contacts", salesforce_id=became.contact_id)[0] == contact
    assert len(parties.hubspot.records("contacts")) == 1
    parties.settled()


# Campaigns ---------------------------------------------------------------------------------------


@pytest.fixture
def campaigns(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path, "campaigns", "campaign-members") as made:
        made.check()
        yield made


def test_a_list_that_says_so_is_a_campaign_with_its_members(campaigns: Office) -> None:
    """Whoever joins the list is sent to, whoever joins the campaign is in the list, both just once."""
    ann, ann_there = campaigns.person("ann@example.com", campaigns.company())
    bo, bo_there = campaigns.person("bo@example.com")
    fair = campaigns.hubspot.add_list("SF: Fair", members=[ann])
    campaigns.hubspot.add_list("Everybody", "DYNAMIC", [ann, bo])
    campaigns.resync()
    there, campaign = campaigns.right("Campaign", Name="SF: Fair")
    assert (campaign["IsActive"], campaign["HubSpot_Id__c"]) == (True, fair)
    row, member = campaigns.right("CampaignMember", CampaignId=there)
    assert (member["ContactId"], member["Status"]) == (ann_there, "Sent")
    campaigns.settled()
    campaigns.salesforce.edit("CampaignMember", row, {"Status": "Responded"})
    campaigns.salesforce.add("CampaignMember", {"CampaignId": there, "LeadId": bo_there})
    campaigns.resync()
    assert set(campaigns.hubspot.members(fair)) == {ann, bo}
    assert campaigns.salesforce.records("CampaignMember")[row]["Status"] == "Responded"
    campaigns.settled()
    campaigns.hubspot.change_members(fair, removed=[ann])
    campaigns.resync()
    assert len(campaigns.salesforce.records("CampaignMember")) == 2, "who was invited stays invited"
    campaigns.settled()


def test_members_of_a_campaign_that_no_list_is_wait(campaigns: Office) -> None:
    """Nothing is guessed; once a list of its name is there, they are in it."""
    ann, ann_there = campaigns.person("ann@example.com", campaigns.company())
    show = campaigns.salesforce.add("Campaign", {"Name": "Trade show"})
    campaigns.salesforce.add("CampaignMember", {"CampaignId": show, "ContactId": ann_there})
    campaigns.resync()
    assert campaigns.hubspot.lists() == {}
    campaigns.settled()
    made = campaigns.hubspot.add_list("trade show")
    campaigns.resync()
    assert campaigns.hubspot.members(made) == [ann]
    assert campaigns.salesforce.records("Campaign")[show]["HubSpot_Id__c"] == made
    campaigns.settled()


def test_a_campaign_of_a_deleted_list_is_not_made_again(campaigns: Office) -> None:
    """And the other way round: the list of a deleted campaign makes no second one."""
    fair = campaigns.hubspot.add_list("SF: Fair")
    campaigns.resync()
    there, _ = campaigns.right("Campaign", Name="SF: Fair")
    campaigns.salesforce.delete("Campaign", there)
    for _ in range(2):
        campaigns.resync()
    assert campaigns.salesforce.records("Campaign") == {}
    assert campaigns.hubspot.lists() == {fair: "SF: Fair"}
    campaigns.settled()
