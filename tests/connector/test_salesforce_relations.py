"""Campaign members and contact roles, over HTTP, against the practice org."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import pytest

from connector.errors import OutcomeUnknown, RecordLocked, Rejected
from connector.port import Written
from connector.relations import Relations, Tie
from sandbox.salesforce.org import SalesforceOrg
from tests.contract.salesforce_world import SalesforceWorld, salesforce_world

MEMBER, ROLE = "CampaignMember", "OpportunityContactRole"
DEAL = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-31"}


@pytest.fixture
def world() -> Iterator[SalesforceWorld]:
    yield from salesforce_world()


@pytest.fixture
def org(world: SalesforceWorld) -> SalesforceOrg:
    return world.org


@pytest.fixture
def relations(world: SalesforceWorld) -> Relations:
    return world.connector.relations


@pytest.fixture
def campaign(org: SalesforceOrg) -> str:
    return org.load("Campaign", [{"Name": "Webinar"}])[0]


@pytest.fixture
def lead(org: SalesforceOrg) -> str:
    return org.load("Lead", [{"LastName": "Lee", "Company": "Example"}])[0]


@pytest.fixture
def contact(org: SalesforceOrg) -> str:
    return org.load("Contact", [{"LastName": "Mori"}])[0]


@pytest.fixture
def deal(org: SalesforceOrg) -> str:
    return org.load("Opportunity", [DEAL])[0]


def told(relations: Relations, relation: str, rights: list[str], *fields: str) -> list[Tie]:
    return list(chain.from_iterable(relations.ties(relation, rights, fields)))


# Members of campaigns ----------------------------------------------------------------------------


def test_a_member_is_made_once_and_then_set(
    org: SalesforceOrg, relations: Relations, campaign: str, lead: str, contact: str
) -> None:
    """Safe to repeat: the second time only the status moves."""
    sent = [Tie("Lead", lead, campaign, {"Status": "Sent"}), Tie("Contact", contact, campaign, {})]
    first = relations.tie_many(MEMBER, sent)
    assert [isinstance(one, Written) and one.created for one in first] == [True, True]
    answered = [one._replace(values={"Status": "Responded"}) for one in sent]
    second = relations.tie_many(MEMBER, answered)
    assert [one.id for one in second if isinstance(one, Written)] == [
        one.id for one in first if isinstance(one, Written)
    ]
    rows = org.records(MEMBER).values()
    assert [(row["Status"], row["HasResponded"]) for row in rows] == [("Responded", True)] * 2


def test_ties_tell_whom_and_how(
    org: SalesforceOrg, relations: Relations, campaign: str, lead: str, contact: str
) -> None:
    """Of the campaigns asked for, deleted members left out."""
    (other,) = org.load("Campaign", [{"Name": "Fair"}])
    member = org.add(MEMBER, {"CampaignId": campaign, "LeadId": lead, "Status": "Responded"})
    gone = org.add(MEMBER, {"CampaignId": campaign, "ContactId": contact})
    org.add(MEMBER, {"CampaignId": other, "ContactId": contact})
    org.delete(MEMBER, gone)
    assert told(relations, MEMBER, [campaign], "Status") == [
        Tie("Lead", lead, campaign, {"Status": "Responded"}, member)
    ]


def test_an_unknown_status_is_refused_before_it_is_sent(
    org: SalesforceOrg, relations: Relations, campaign: str, lead: str, contact: str
) -> None:
    """Salesforce would store the default and say nothing. The other ties of the call are made."""
    refused, made = relations.tie_many(
        MEMBER,
        [
            Tie("Lead", lead, campaign, {"Status": "Attended"}),
            Tie("Contact", contact, campaign, {"Status": "responded"}),
        ],
    )
    assert isinstance(refused, Rejected)
    assert (refused.cause, refused.fields) == ("unknown_option", ("Status",))
    assert "Sent, Responded" in refused.reason
    assert isinstance(made, Written)
    (row,) = org.records(MEMBER).values()
    assert (row["ContactId"], row["Status"]) == (contact, "Responded")


def test_each_campaign_has_statuses_of_its_own(
    org: SalesforceOrg, relations: Relations, campaign: str, lead: str
) -> None:
    """What a tie may hold is asked of the campaign."""
    org.add("CampaignMemberStatus", {"CampaignId": campaign, "Label": "Attended", "SortOrder": 3})
    allowed = relations.values_allowed(MEMBER, campaign)
    labels = ("Sent", "Responded", "Attended")
    assert allowed == {"Status": {label: label for label in labels}}
    [done] = relations.tie_many(MEMBER, [Tie("Lead", lead, campaign, {"Status": "Attended"})])
    assert isinstance(done, Written)
    assert org.records(MEMBER)[done.id]["Status"] == "Attended"


def test_a_converted_member_is_told_under_its_contact(
    org: SalesforceOrg, relations: Relations, campaign: str, lead: str
) -> None:
    """The same member, which still names the Lead: both ends find it, and nobody is added twice."""
    [made] = relations.tie_many(MEMBER, [Tie("Lead", lead, campaign, {"Status": "Sent"})])
    assert isinstance(made, Written)
    contact = org.convert(lead).contact_id
    [tie] = told(relations, MEMBER, [campaign])
    assert (tie.left_object, tie.left, tie.id) == ("Contact", contact, made.id)
    for left_object, left in (("Contact", contact), ("Lead", lead)):
        [done] = relations.tie_many(
            MEMBER, [Tie(left_object, left, campaign, {"Status": "Responded"})]
        )
        assert isinstance(done, Written)
        assert (done.id, done.created) == (made.id, False)
    assert len(org.records(MEMBER)) == 1


def test_a_member_that_somebody_added_meanwhile_is_set(
    world: SalesforceWorld, relations: Relations, campaign: str, lead: str
) -> None:
    """ "Already a campaign member" means that the tie exists: whoever was quicker."""
    world.fault(
        "row_error",
        times=1,
        match="POST .*composite/sobjects",
        errorCode="DUPLICATE_VALUE",
        message="Already a campaign member.",
    )
    [done] = relations.tie_many(MEMBER, [Tie("Lead", lead, campaign, {"Status": "Sent"})])
    assert isinstance(done, Written)
    assert list(world.org.records(MEMBER)) == [done.id]


def test_a_lost_answer_makes_no_second_member(
    world: SalesforceWorld, relations: Relations, campaign: str, lead: str
) -> None:
    world.fault("lost_answer", times=1, match="POST .*composite/sobjects")
    tie = Tie("Lead", lead, campaign, {"Status": "Sent"})
    [unknown] = relations.tie_many(MEMBER, [tie])
    assert isinstance(unknown, OutcomeUnknown)
    [done] = relations.tie_many(MEMBER, [tie])
    assert isinstance(done, Written)
    assert not done.created
    assert len(world.org.records(MEMBER)) == 1


def test_one_tie_that_is_named_twice_is_one_member(
    org: SalesforceOrg, relations: Relations, campaign: str, lead: str
) -> None:
    """Made or set, the later value wins and both inputs are answered."""
    twice = [
        Tie("Lead", lead, campaign, {"Status": "Sent"}),
        Tie("Lead", lead[:15], campaign, {"Status": "Responded"}),
    ]
    for _ in range(2):
        first, second = relations.tie_many(MEMBER, twice)
        assert isinstance(first, Written)
        assert isinstance(second, Written)
        assert first.id == second.id
    (row,) = org.records(MEMBER).values()
    assert row["Status"] == "Responded"


def test_a_campaign_that_is_gone_or_a_record_that_is_none_refuses_its_tie_only(
    org: SalesforceOrg, relations: Relations, campaign: str, lead: str, contact: str
) -> None:
    (gone,) = org.load("Campaign", [{"Name": "Gone"}])
    org.delete("Campaign", gone)
    made, nowhere, nobody, account = relations.tie_many(
        MEMBER,
        [
            Tie("Lead", lead, campaign, {}),
            Tie("Lead", lead, gone, {}),
            Tie("Contact", "003000000000001AAA", campaign, {}),
            Tie("Account", contact, campaign, {}),
        ],
    )
    assert isinstance(made, Written)
    for refused in (nowhere, nobody, account):
        assert isinstance(refused, Rejected)
        assert refused.cause == "bad_reference"


def test_a_big_campaign_is_told_page_by_page(
    org: SalesforceOrg, relations: Relations, campaign: str
) -> None:
    """450 members made in collections of 200; each is told once, whatever the pages hold."""
    people = org.load("Contact", [{"LastName": f"P{n}"} for n in range(450)])
    done = relations.tie_many(MEMBER, [Tie("Contact", one, campaign, {}) for one in people])
    assert all(isinstance(one, Written) for one in done)
    org.short_pages = True
    ties = told(relations, MEMBER, [campaign])
    assert sorted(tie.left for tie in ties) == sorted(people)
    gone = relations.untie_many(MEMBER, ties[:250])
    assert all(isinstance(one, Written) for one in gone)
    assert len(org.records(MEMBER)) == 200


def test_two_hundred_ties_cost_two_reads_and_one_write(
    world: SalesforceWorld, relations: Relations, campaign: str
) -> None:
    """Statuses once, who exists once, and one collection."""
    people = world.org.load("Contact", [{"LastName": f"P{n}"} for n in range(200)])
    world.connector.ping()
    reads, writes = world.connector.calls.reads, world.connector.calls.writes
    relations.tie_many(MEMBER, [Tie("Contact", p, campaign, {"Status": "Sent"}) for p in people])
    assert world.connector.calls.reads - reads == 2
    assert world.connector.calls.writes - writes == 1


def test_ending_what_is_ended_succeeds(
    org: SalesforceOrg, relations: Relations, campaign: str, lead: str, contact: str
) -> None:
    """By its ends or by its id; who was never a member is none."""
    [made] = relations.tie_many(MEMBER, [Tie("Lead", lead, campaign, {})])
    assert isinstance(made, Written)
    tie = Tie("Lead", lead, campaign, {}, made.id)
    never = Tie("Contact", contact, campaign, {})
    for ties in ([tie, never], [tie]):
        done = relations.untie_many(MEMBER, ties)
        assert all(isinstance(one, Written) for one in done)
    assert org.records(MEMBER) == {}


# Contact roles -----------------------------------------------------------------------------------


def test_a_contact_may_have_several_roles(
    org: SalesforceOrg, relations: Relations, deal: str, contact: str
) -> None:
    """Each is a tie of its own; making them again makes nothing."""
    roles = [Tie("Contact", contact, deal, {"Role": role}) for role in ("Evaluator", "Influencer")]
    for _ in range(2):
        done = relations.tie_many(ROLE, roles)
        assert all(isinstance(one, Written) for one in done)
    found = told(relations, ROLE, [deal], "Role", "IsPrimary")
    assert [tie.values for tie in found] == [
        {"Role": "Evaluator", "IsPrimary": False},
        {"Role": "Influencer", "IsPrimary": False},
    ]


def test_a_role_is_given_to_who_had_none(
    org: SalesforceOrg, relations: Relations, deal: str, contact: str
) -> None:
    """And a tie that names its id changes that very one."""
    [made] = relations.tie_many(ROLE, [Tie("Contact", contact, deal, {})])
    assert isinstance(made, Written)
    relations.tie_many(ROLE, [Tie("Contact", contact, deal, {"Role": "Evaluator"})])
    relations.tie_many(ROLE, [Tie("Contact", contact, deal, {"Role": "Other"}, made.id)])
    assert {i: row["Role"] for i, row in org.records(ROLE).items()} == {made.id: "Other"}


def test_a_new_primary_steps_before_the_old_one(
    org: SalesforceOrg, relations: Relations, deal: str, contact: str
) -> None:
    (second,) = org.load("Contact", [{"LastName": "Sato"}])
    for one in (contact, second):
        relations.tie_many(ROLE, [Tie("Contact", one, deal, {"IsPrimary": True})])
    found = told(relations, ROLE, [deal], "IsPrimary")
    assert {tie.left: tie.values["IsPrimary"] for tie in found} == {contact: False, second: True}


def test_one_role_is_ended_and_the_other_stays(
    org: SalesforceOrg, relations: Relations, deal: str, contact: str
) -> None:
    roles = [Tie("Contact", contact, deal, {"Role": role}) for role in ("Evaluator", "Influencer")]
    relations.tie_many(ROLE, roles)
    relations.untie_many(ROLE, roles[:1])
    assert [row["Role"] for row in org.records(ROLE).values()] == ["Influencer"]


def test_any_role_may_be_written(relations: Relations, deal: str) -> None:
    """Its picklist is not restricted: nothing is checked beforehand."""
    assert relations.values_allowed(ROLE, deal) == {}


def test_a_role_in_a_deal_under_approval_waits(
    world: SalesforceWorld, relations: Relations, deal: str, contact: str
) -> None:
    world.fault("approval", match="POST .*composite/sobjects")
    [waits] = relations.tie_many(ROLE, [Tie("Contact", contact, deal, {})])
    assert isinstance(waits, RecordLocked)


def test_an_unknown_relation_is_named(relations: Relations) -> None:
    with pytest.raises(Rejected) as refused:
        relations.untie_many("AccountContactRelation", [])
    assert refused.value.cause == "no_such_field"
    assert "OpportunityContactRole" in refused.value.reason
