"""Merging, erasing, converting and undeleting in Salesforce, over HTTP, against the practice org."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.errors import OutcomeUnknown, RecordLocked, Rejected, SystemBlocked, TryLater
from connector.port import Change, Fate, Written
from connector.salesforce.client import SalesforceConnector
from connector.salesforce.conversion import Converted
from sandbox.salesforce.org import SalesforceOrg
from tests.contract.salesforce_world import OBJECT, SalesforceWorld, salesforce_world

LEAD = {"LastName": "Lee", "Company": "Example", "Email": "ann@example.com"}


@pytest.fixture
def world() -> Iterator[SalesforceWorld]:
    yield from salesforce_world()


@pytest.fixture
def org(world: SalesforceWorld) -> SalesforceOrg:
    return world.org


@pytest.fixture
def salesforce(world: SalesforceWorld) -> SalesforceConnector:
    return world.connector


# Merging -----------------------------------------------------------------------------------------


def test_what_hangs_on_the_losers_moves_to_the_winner(
    org: SalesforceOrg, salesforce: SalesforceConnector
) -> None:
    """Contacts of an Account, tasks of a Contact; whoever is in a campaign twice stays in it once."""
    winner, loser = org.load("Contact", [{"LastName": "A"}, {"LastName": "B"}])
    (task,) = org.load("Task", [{"Subject": "Call", "WhoId": loser}])
    both, theirs = org.load("Campaign", [{"Name": "Both"}, {"Name": "Theirs"}])
    for campaign, person in ((both, winner), (both, loser), (theirs, loser)):
        org.add("CampaignMember", {"CampaignId": campaign, "ContactId": person})
    assert isinstance(salesforce.merge("Contact", winner, [loser]), Written)
    assert org.records("Task")[task]["WhoId"] == winner
    members = org.records("CampaignMember").values()
    assert sorted((one["CampaignId"], one["ContactId"]) for one in members) == sorted(
        [(both, winner), (theirs, winner)]
    )


@pytest.mark.parametrize("object_name", ["Opportunity", "Campaign", "Task", "Machine__c"])
def test_only_people_and_companies_can_be_merged(world: SalesforceWorld, object_name: str) -> None:
    """Said with the reason, without a call."""
    writes = world.connector.calls.writes
    refused = world.connector.merge(object_name, "006000000000001AAA", ["006000000000002AAA"])
    assert isinstance(refused, Rejected)
    assert object_name in refused.reason
    assert world.connector.calls.writes == writes


def test_two_losers_are_one_call(world: SalesforceWorld) -> None:
    """Three records, the master among them: six people are three calls, and each is counted."""
    winner, *losers = world.crowd(6)
    writes, used = world.connector.calls.writes, world.org.budget.used
    world.connector.merge(OBJECT, winner, losers)
    assert world.connector.calls.writes - writes == 3
    assert world.org.budget.used - used == 3


def test_a_merge_that_was_half_done_is_finished(world: SalesforceWorld) -> None:
    """Whoever was merged meanwhile, even by way of somebody else, is no fault; the others follow."""
    winner, first, second, third = world.crowd(4)
    world.person_merges(first, second)
    world.person_merges(second, winner)
    assert isinstance(world.connector.merge(OBJECT, winner, [first, third]), Written)
    assert list(world.stored()) == [winner]


def test_a_loser_that_was_deleted_is_named_as_deleted(world: SalesforceWorld) -> None:
    """It is in nobody; the others of the same call are left alone until somebody has looked."""
    winner, gone, other = world.crowd(3)
    world.person_deletes(gone)
    refused = world.connector.merge(OBJECT, winner, [gone, other])
    assert isinstance(refused, Rejected)
    assert refused.cause == "deleted"
    assert set(world.stored()) == {winner, other}


def test_a_record_under_approval_is_not_merged(world: SalesforceWorld) -> None:
    """It waits, and nothing of the call was done."""
    winner, loser = world.crowd(2)
    world.org.submit_for_approval(loser)
    assert isinstance(world.connector.merge(OBJECT, winner, [loser]), RecordLocked)
    assert set(world.stored()) == {winner, loser}
    world.org.decide_approval(loser)
    assert isinstance(world.connector.merge(OBJECT, winner, [loser]), Written)


def test_text_that_is_no_id_never_reaches_the_envelope(world: SalesforceWorld) -> None:
    [winner] = world.crowd(1)
    refused = world.connector.merge(OBJECT, winner, ["</urn:merge>"])
    assert isinstance(refused, Rejected)
    assert refused.cause == "not_found"
    [erased] = world.connector.erase_many(OBJECT, ["x"])
    assert isinstance(erased, Rejected)


def test_an_expired_session_is_renewed_for_soap_too(world: SalesforceWorld) -> None:
    """The fault is a 500 with INVALID_SESSION_ID: no error of the server, and no outcome unknown."""
    winner, loser = world.crowd(2)
    world.fault("expired_session", times=1, match="SOAP merge")
    assert isinstance(world.connector.merge(OBJECT, winner, [loser]), Written)


def test_the_days_calls_bound_soap_too(world: SalesforceWorld) -> None:
    """The same block with the same reason, though the fault says 500."""
    winner, loser = world.crowd(2)
    world.connector.ping()
    world.org.daily_limit = world.org.budget.used
    with pytest.raises(SystemBlocked) as blocked:
        world.connector.merge(OBJECT, winner, [loser])
    assert blocked.value.cause == "quota"


def test_a_held_row_is_tried_later(world: SalesforceWorld) -> None:
    winner, loser = world.crowd(2)
    world.fault("lock", match="SOAP merge")
    later = world.connector.merge(OBJECT, winner, [loser])
    assert type(later) is TryLater


# Erasing -----------------------------------------------------------------------------------------


def test_erased_means_purged_with_all_that_went_along(
    org: SalesforceOrg, salesforce: SalesforceConnector
) -> None:
    """Nothing is left in the recycle bin, and no evidence of a deletion either."""
    (contact,) = org.load("Contact", [{"LastName": "Lee"}])
    (task,) = org.load("Task", [{"Subject": "Call", "WhoId": contact}])
    [done] = salesforce.erase_many("Contact", [contact])
    assert isinstance(done, Written)
    assert org.deleted("Contact") == {}
    assert org.deleted("Task") == {}
    assert salesforce.fates("Contact", [contact])[contact] == Fate("not_visible")
    assert salesforce.fates("Task", [task])[task] == Fate("not_visible")


def test_an_erasure_under_approval_waits_for_that_row_only(world: SalesforceWorld) -> None:
    held, free = world.crowd(2)
    world.org.submit_for_approval(held)
    waits, done = world.connector.erase_many(OBJECT, [held, free])
    assert isinstance(waits, RecordLocked)
    assert isinstance(done, Written)
    assert list(world.stored()) == [held]


def test_a_lost_answer_of_the_purge_is_settled_by_asking_again(world: SalesforceWorld) -> None:
    [gone] = world.crowd(1)
    world.fault("lost_answer", times=1, match="SOAP emptyRecycleBin")
    [unknown] = world.connector.erase_many(OBJECT, [gone])
    assert isinstance(unknown, OutcomeUnknown)
    [done] = world.connector.erase_many(OBJECT, [gone])
    assert isinstance(done, Written)


# Fates -------------------------------------------------------------------------------------------


def test_an_undeleted_record_is_live_again(world: SalesforceWorld) -> None:
    """The same id, and a loser of a merge no longer names its survivor."""
    deleted, loser, winner = world.crowd(3)
    world.person_deletes(deleted)
    world.person_merges(loser, winner)
    for one in (deleted, loser):
        world.org.undelete(OBJECT, one)
    fates = world.connector.fates(OBJECT, [deleted, loser])
    assert {fate.kind for fate in fates.values()} == {"live"}


def test_a_survivor_may_be_gone_itself(world: SalesforceWorld) -> None:
    """Step by step: into B, and B was deleted."""
    first, second = world.crowd(2)
    world.person_merges(first, second)
    world.person_deletes(second)
    fates = world.connector.fates(OBJECT, [first, second])
    assert fates == {first: Fate("merged", second), second: Fate("deleted")}


@pytest.mark.parametrize("tidied", [False, True])
def test_a_converted_lead_is_told_as_its_contact(world: SalesforceWorld, tidied: bool) -> None:
    """Even where somebody deleted the Lead afterwards: the person was not."""
    [lead] = world.crowd(1)
    done = world.org.convert(lead)
    if tidied:
        world.person_deletes(lead)
    fate = world.connector.fates(OBJECT, [lead])[lead]
    assert fate == Fate("converted", done.contact_id)


def test_an_id_of_15_characters_has_a_fate(world: SalesforceWorld) -> None:
    [lead] = world.crowd(1)
    assert world.connector.fates(OBJECT, [lead[:15], lead]) == {
        lead[:15]: Fate("live"),
        lead: Fate("live"),
    }


def test_converted_leads_are_read_as_before(world: SalesforceWorld) -> None:
    """They are listed, changed and read: who wants them out says so in `only`."""
    [lead] = world.crowd(1)
    cursor = world.connector.cursor_at(world.now())
    world.org.convert(lead)
    assert [record.id for page in world.listed() for record in page.records] == [lead]
    assert world.changed(cursor)[0] == {lead}
    assert set(world.connector.get_many(OBJECT, [lead], ["IsConverted"])) == {lead}


# Converting --------------------------------------------------------------------------------------


def test_a_lead_becomes_contact_and_account(
    org: SalesforceOrg, salesforce: SalesforceConnector
) -> None:
    """No Opportunity unless one is named."""
    (lead,) = org.load("Lead", [LEAD])
    done = salesforce.convert_lead(lead)
    assert isinstance(done, Converted)
    assert done.opportunity_id is None
    assert org.records("Contact")[done.contact_id]["AccountId"] == done.account_id
    assert org.records("Lead")[lead]["Status"] == "Closed - Converted"
    assert salesforce.fates("Lead", [lead])[lead] == Fate("converted", done.contact_id)


def test_an_opportunity_is_made_under_its_name_for_its_owner(
    org: SalesforceOrg, salesforce: SalesforceConnector
) -> None:
    """In the first stage, with the Contact as its primary role; a name may hold anything."""
    (seller,) = org.load_users([{"Email": "kenji@example.com", "Name": "Kenji Sato"}])
    (lead,) = org.load("Lead", [LEAD])
    done = salesforce.convert_lead(lead, opportunity_name="<A & B> 株式会社", owner_id=seller)
    assert isinstance(done, Converted)
    assert done.opportunity_id is not None
    deal = org.records("Opportunity")[done.opportunity_id]
    assert (deal["Name"], deal["OwnerId"], deal["AccountId"]) == (
        "<A & B> 株式会社",
        seller,
        done.account_id,
    )
    (role,) = org.records("OpportunityContactRole").values()
    assert (role["ContactId"], role["IsPrimary"]) == (done.contact_id, True)


def test_a_given_contact_brings_its_account_and_keeps_what_it_has(
    org: SalesforceOrg, salesforce: SalesforceConnector
) -> None:
    """Only blanks are filled."""
    (account,) = org.load("Account", [{"Name": "Kept"}])
    (contact,) = org.load("Contact", [{"LastName": "Mori", "AccountId": account}])
    (lead,) = org.load("Lead", [LEAD])
    done = salesforce.convert_lead(lead, contact_id=contact)
    assert done == Converted(contact, account, None)
    stored = org.records("Contact")[contact]
    assert (stored["LastName"], stored["Email"]) == ("Mori", "ann@example.com")


def test_a_conversion_may_be_asked_for_again(world: SalesforceWorld) -> None:
    """After a lost answer, or after somebody was quicker: it answers what the Lead became."""
    (lead,) = world.org.load("Lead", [LEAD])
    world.fault("lost_answer", times=1, match="SOAP convertLead")
    assert isinstance(world.connector.convert_lead(lead, opportunity_name="Deal"), OutcomeUnknown)
    done = world.connector.convert_lead(lead, opportunity_name="Deal")
    assert isinstance(done, Converted)
    assert list(world.org.records("Opportunity")) == [done.opportunity_id]
    assert list(world.org.records("Contact")) == [done.contact_id]


def test_a_lead_under_approval_is_not_converted(
    org: SalesforceOrg, salesforce: SalesforceConnector
) -> None:
    (lead,) = org.load("Lead", [LEAD])
    org.submit_for_approval(lead)
    assert isinstance(salesforce.convert_lead(lead), RecordLocked)
    assert org.records("Contact") == {}


def test_a_contact_of_another_account_is_refused(
    org: SalesforceOrg, salesforce: SalesforceConnector
) -> None:
    (here, there) = org.load("Account", [{"Name": "A"}, {"Name": "B"}])
    (contact,) = org.load("Contact", [{"LastName": "Mori", "AccountId": here}])
    (lead,) = org.load("Lead", [LEAD])
    refused = salesforce.convert_lead(lead, contact_id=contact, account_id=there)
    assert isinstance(refused, Rejected)
    assert refused.cause == "bad_reference"
    assert not org.records("Lead")[lead]["IsConverted"]


def test_an_edit_of_a_frozen_lead_says_converted(
    org: SalesforceOrg, salesforce: SalesforceConnector
) -> None:
    (lead,) = org.load("Lead", [LEAD])
    salesforce.convert_lead(lead)
    [refused] = salesforce.update_many("Lead", [Change(lead, {"Title": "CTO"})])
    assert isinstance(refused, Rejected)
    assert refused.cause == "converted"
