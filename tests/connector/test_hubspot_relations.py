"""Lists as an object, and list memberships and associations as relations, on the practice org."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from connector.errors import Rejected
from connector.hubspot.client import HubSpotConnector
from connector.hubspot.relations import HubSpotRelations
from connector.port import Change, Draft, NewField, Outcome, Written
from connector.relations import Relations, Tie
from tests.contract.hubspot_world import HubSpotWorld, world_of

MEMBERS = "list memberships"
DEAL_PEOPLE = "associations contacts deals"


@pytest.fixture(params=["v3", "2026-09"])
def hubspot(request: pytest.FixtureRequest) -> Iterator[HubSpotWorld]:
    yield from world_of(request.param)


@pytest.fixture
def relations(hubspot: HubSpotWorld) -> HubSpotRelations:
    assert isinstance(hubspot.connector, HubSpotConnector)
    found = hubspot.connector.relations
    port: Relations = found
    assert port.system == "hubspot"
    return found


def member(left: str, right: str) -> Tie:
    return Tie("contacts", left, right, {})


def written(outcomes: Sequence[Outcome]) -> list[Written]:
    assert all(isinstance(one, Written) for one in outcomes), outcomes
    return [one for one in outcomes if isinstance(one, Written)]


def causes(outcomes: Sequence[Outcome]) -> list[str]:
    return [one.cause if isinstance(one, Rejected) else "written" for one in outcomes]


def tied(
    relations: HubSpotRelations, relation: str, rights: Sequence[str], *fields: str
) -> set[tuple[object, ...]]:
    pages = relations.ties(relation, rights, fields)
    return {(t.left, t.right, *t.values.values()) for page in pages for t in page}


# Lists ------------------------------------------------------------------------------------------


def test_a_list_is_made_once_by_its_name(hubspot: HubSpotWorld) -> None:
    """A repeat finds it; a key that lists cannot carry, and other fields, are refused."""
    connector = hubspot.connector
    drafts = [Draft({"name": n}, "name", n) for n in ("Fair 2026", "Webinar")]
    first = written(connector.create_many("lists", drafts))
    again = written(connector.create_many("lists", drafts))
    assert [(one.id, one.created) for one in again] == [(one.id, False) for one in first]
    assert list(hubspot.org.lists().values()) == ["Fair 2026", "Webinar"]
    bad = [
        Draft({"name": "A"}, "partner_id", "k-1"),
        Draft({"size": 5}, "name", "B"),
    ]
    assert causes(connector.create_many("lists", bad)) == ["no_such_field", "read_only"]
    with pytest.raises(Rejected):
        connector.create_field(NewField("lists", "partner_id", "Partner"))


def test_lists_are_read_found_renamed_and_deleted(hubspot: HubSpotWorld) -> None:
    """By id, by name, all of them; what is deleted is gone."""
    [ann, bo] = hubspot.crowd(2)
    made = hubspot.org.add_list("Everybody", "DYNAMIC", [ann, bo])
    other = hubspot.org.add_list("Fair", members=[ann])
    connector = hubspot.connector
    fields = ["name", "hs_list_id", "processing_type", "size"]
    expected = ["Everybody", made, "DYNAMIC", "2"]
    [page] = connector.list_all("lists", fields)
    assert [r.id for r in page.records] == [made, other]
    assert list(page.records[0].values.values()) == expected
    found = connector.get_many("lists", [made, "999", "x"], fields)
    assert {i: list(r.values.values()) for i, r in found.items()} == {made: expected}
    named = connector.find_many("lists", "name", ["everybody", "Nobody", ""], ["name"])
    assert {name: [r.id for r in records] for name, records in named.items()} == {
        "everybody": [made],
        "Nobody": [],
        "": [],
    }
    changes = [Change(other, {"name": "Fair 2026"}), Change(made, {"size": "9"})]
    assert causes(connector.update_many("lists", changes)) == ["written", "read_only"]
    taken = connector.update_many("lists", [Change(other, {"name": "Everybody"})])
    assert causes(taken) == ["duplicate"]
    for _ in range(2):
        written(connector.delete_many("lists", [other]))
    assert hubspot.org.lists() == {made: "Everybody"}
    assert connector.fates("lists", [made, other])[other].kind == "not_visible"
    assert connector.describe("lists").fields["name"].unique


def test_more_lists_than_a_page_holds_are_all_listed(hubspot: HubSpotWorld) -> None:
    """And the cursor of a page resumes after it."""
    made = [hubspot.org.add_list(f"List {n}") for n in range(120)]
    pages = list(hubspot.connector.list_all("lists", ["name"]))
    assert [r.id for page in pages for r in page.records] == made
    rest = hubspot.connector.list_all("lists", ["name"], pages[0].cursor)
    assert [r.id for page in rest for r in page.records] == made[100:]


def test_changed_and_deleted_lists_are_told(hubspot: HubSpotWorld) -> None:
    """Renamed ones by their time, deleted ones by their absence since the last look."""
    old, renamed, gone = (hubspot.org.add_list(name) for name in "ABC")
    connector = hubspot.connector
    hubspot.forward(3600)
    cursor = connector.cursor_at(hubspot.now())
    first = connector.deleted_since("lists", cursor)
    written(connector.update_many("lists", [Change(renamed, {"name": "B2"})]))
    written(connector.delete_many("lists", [gone]))
    pages = list(connector.changed_since("lists", ["name"], cursor))
    assert [r.id for page in pages for r in page.records] == [renamed]
    following = connector.deleted_since("lists", first.cursor)
    assert (first.ids, following.ids) == ([], [gone])
    assert old in hubspot.org.lists()


# Memberships ------------------------------------------------------------------------------------


def test_people_come_into_a_list_and_leave_it(
    hubspot: HubSpotWorld, relations: HubSpotRelations
) -> None:
    """Repeats are fine; somebody unknown is refused alone; deleted members are no members."""
    ann, bo, cy = hubspot.crowd(3)
    fair = hubspot.org.add_list("Fair", members=[cy])
    ties = [member(one, fair) for one in (ann, hubspot.unknown_id, bo)]
    for _ in range(2):
        assert causes(relations.tie_many(MEMBERS, ties)) == ["written", "bad_reference", "written"]
    assert tied(relations, MEMBERS, [fair]) == {(one, fair) for one in (ann, bo, cy)}
    for _ in range(2):
        written(relations.untie_many(MEMBERS, ties))
    assert hubspot.org.members(fair) == [cy]
    hubspot.person_deletes(cy)
    assert tied(relations, MEMBERS, [fair, "999"]) == set()
    assert relations.values_allowed(MEMBERS, fair) == {}


def test_members_of_many_pages_are_all_told_with_their_time(
    hubspot: HubSpotWorld, relations: HubSpotRelations
) -> None:
    """250 on a page."""
    people = hubspot.crowd(300)
    fair = hubspot.org.add_list("Fair")
    written(relations.tie_many(MEMBERS, [member(one, fair) for one in people]))
    told = tied(relations, MEMBERS, [fair], "membershipTimestamp")
    assert {one[0] for one in told} == set(people)
    assert all(str(one[2]).startswith("2026-11-24T09:") for one in told)


def test_nobody_comes_into_a_dynamic_list_by_hand(
    hubspot: HubSpotWorld, relations: HubSpotRelations
) -> None:
    """Whoever tries is told why; a snapshot takes people."""
    ann, bo = hubspot.crowd(2)
    dynamic = hubspot.org.add_list("Hot", "DYNAMIC", [bo])
    snapshot = hubspot.org.add_list("Then", "SNAPSHOT")
    outcomes = relations.tie_many(MEMBERS, [member(ann, dynamic), member(ann, snapshot)])
    assert causes(outcomes) == ["read_only", "written"]
    assert isinstance(outcomes[0], Rejected)
    assert "DYNAMIC" in outcomes[0].reason
    assert causes(relations.untie_many(MEMBERS, [member(bo, dynamic)])) == ["read_only"]
    assert hubspot.org.members(dynamic) == [bo]
    assert causes(relations.tie_many(MEMBERS, [member(ann, "999")])) == ["not_found"]
    assert causes(relations.untie_many(MEMBERS, [member(ann, "999")])) == ["written"]


# Associations -----------------------------------------------------------------------------------


def test_contacts_hang_on_deals_under_labels(
    hubspot: HubSpotWorld, relations: HubSpotRelations
) -> None:
    """As the left side reads them; a tie that names a label replaces the labels of its pair."""
    hubspot.org.define_label("contacts", "deals", "Decides", "Decided by")
    hubspot.org.define_label("contacts", "deals", "Pays")
    ann, bo, cy = hubspot.crowd(3)
    [deal] = hubspot.org.load("deals", [{"dealname": "A"}])

    def tie(left: str, **values: str | None) -> Tie:
        return Tie("contacts", left, deal, {**values})

    ties = [tie(ann, label="Decides"), tie(bo, label="Decides;Pays"), tie(cy)]
    for _ in range(2):
        written(relations.tie_many(DEAL_PEOPLE, ties))
    assert tied(relations, DEAL_PEOPLE, [deal], "label") == {
        (ann, deal, "Decides"),
        (bo, deal, "Decides;Pays"),
        (cy, deal, None),
    }
    assert hubspot.org.associated("deals", deal, "contacts")[ann] == {"", "Decided by"}
    written(relations.tie_many(DEAL_PEOPLE, [tie(ann, label="Pays"), tie(bo, label=None)]))
    assert tied(relations, DEAL_PEOPLE, [deal], "label") == {
        (ann, deal, "Pays"),
        (bo, deal, None),
        (cy, deal, None),
    }
    labels = {"Decides": "Decides", "Pays": "Pays"}
    assert relations.values_allowed(DEAL_PEOPLE, deal) == {"label": labels}
    [refused] = relations.tie_many(DEAL_PEOPLE, [tie(ann, label="Knows")])
    assert isinstance(refused, Rejected)
    assert (refused.cause, refused.fields) == ("unknown_option", ("label",))


def test_associations_end_and_their_end_is_no_news(
    hubspot: HubSpotWorld, relations: HubSpotRelations
) -> None:
    """Ending what is ended succeeds; an unknown record is refused alone."""
    ann, bo = hubspot.crowd(2)
    first, second = hubspot.org.load("deals", [{"dealname": "A"}, {"dealname": "B"}])
    ties = [member(ann, first), member(bo, first), member(ann, second)]
    lost = member(hubspot.unknown_id, first)
    assert causes(relations.tie_many(DEAL_PEOPLE, [*ties, lost])) == [
        *["written"] * 3,
        "bad_reference",
    ]
    for _ in range(2):
        written(relations.untie_many(DEAL_PEOPLE, ties[:1]))
    assert tied(relations, DEAL_PEOPLE, [first, second]) == {(bo, first), (ann, second)}


def test_the_primary_mark_is_no_label_and_stays(
    hubspot: HubSpotWorld, relations: HubSpotRelations
) -> None:
    """A label of people's own comes beside it."""
    hubspot.org.define_label("deals", "companies", "Reseller")
    relation = "associations deals companies"
    [deal] = hubspot.org.load("deals", [{"dealname": "A"}])
    [company] = hubspot.org.load("companies", [{"name": "A"}])
    hubspot.org.associate("deals", deal, "companies", company, "Primary")
    assert tied(relations, relation, [company], "label") == {(deal, company, None)}
    written(relations.tie_many(relation, [Tie("deals", deal, company, {"label": "Reseller"})]))
    assert hubspot.org.associated("deals", deal, "companies") == {
        company: {"", "Primary", "Reseller"}
    }


def test_a_word_that_is_no_relation_is_refused(relations: HubSpotRelations) -> None:
    """With what may be written."""
    with pytest.raises(Rejected, match="list memberships"):
        relations.values_allowed("CampaignMember", "1")
