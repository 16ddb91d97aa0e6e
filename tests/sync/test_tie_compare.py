"""Whole relations: guards, plans, modes, size, and what must hold for any history."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.port import System
from mappings.schema import Limits
from sync.relations import compare as tie_compare
from sync.relations import reading
from sync.relations.compare import stopped_relations
from sync.resync import Terms
from tests.sync.bridge import sqlite_url
from tests.sync.tied import (
    LISTS,
    MEMBERS,
    TiedBridge,
    known,
    members,
    planned,
)

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


@pytest.fixture
def tied(tmp_path: Path) -> TiedBridge:
    return TiedBridge(sqlite_url(tmp_path))


# Guards ------------------------------------------------------------------------------------------


def crowd(tied: TiedBridge, size: int) -> list[tuple[str, str]]:
    first, _ = tied.campaign()
    people = [tied.person()[0] for _ in range(size)]
    for left in people:
        tied.lists.tie(LISTS, left, first)
    tied.relate()
    return [(left, first) for left in people]


def test_too_many_ends_stop_before_the_first_write(tied: TiedBridge) -> None:
    """The option is named, and lifts the guard."""
    ties = crowd(tied, 14)
    for left, first in ties[:11]:
        tied.lists.untie(LISTS, left, first)
    writes = tied.salesforce.calls.writes
    report = tied.relate(allowed={})
    assert [(g.guard, g.system, g.planned) for g in report.guards] == [
        ("deletes", "salesforce", 11)
    ]
    assert report.guards[0].option == "--allow deletes=11"
    assert tied.salesforce.calls.writes == writes
    assert len(tied.held()[1]) == 14
    assert stopped_relations(tied.ledger) == ["members"]
    assert tied.relate(allowed={"deletes": 11}).guards == []
    assert len(tied.held()[1]) == 3
    assert stopped_relations(tied.ledger) == []


def test_a_side_that_is_suddenly_empty_stops_again_and_again(tied: TiedBridge) -> None:
    """However few there were; the second look remembers who held them."""
    ties = crowd(tied, 3)
    for left, first in ties:
        tied.lists.untie(LISTS, left, first)
    for _ in range(2):
        report = tied.relate(allowed={})
        assert [(g.guard, g.system) for g in report.guards] == [("empty", "hubspot")]
    assert len(tied.held()[1]) == 3
    assert tied.relate(allowed={"empty": 1}).guards == []
    assert tied.held()[1] == {}


def test_a_limit_of_the_file_counts(tied: TiedBridge) -> None:
    """`limits.deletes` of the relation."""
    tied.relation = members(limits=Limits(deletes=0))
    ties = crowd(tied, 3)
    tied.lists.untie(LISTS, *ties[0])
    assert [g.guard for g in tied.relate(allowed={}).guards] == ["deletes"]


# Plans, modes, size ------------------------------------------------------------------------------


def test_a_plan_lists_ties_as_changes_and_applying_it_makes_exactly_those(
    tied: TiedBridge,
) -> None:
    """What moved since is left alone and reported."""
    (ann, right), (bob, bobs), (first, second) = tied.person(), tied.person(), tied.campaign()
    tied.lists.tie(LISTS, ann, first)
    tied.lists.tie(LISTS, bob, first)
    compare = tied.compare
    plan_id = compare.plan()
    entries = [e for e in compare.plan_entries(plan_id) if e["mapping"] == "members"]
    assert tied.salesforce.calls.writes == 0
    assert entries[0] == {
        "mapping": "members",
        "action": "create",
        "system": "salesforce",
        "object": MEMBERS,
        "id": f"{right}>{second}",
        "partner_id": f"{ann}>{first}",
        "fields": [],
    }
    assert tied.ledger.plan(plan_id).totals["create"] == 2
    tied.lists.untie(LISTS, bob, first)
    report = compare.apply(plan_id, Terms())
    assert tied.held()[1] == {(right, second): None}
    assert [skipped["id"] for skipped in report.skipped] == [f"{bobs}>{second}"]
    assert report.totals["create"] == 1


def test_a_whole_compare_brings_ties_in_line_after_the_records(tied: TiedBridge) -> None:
    """And a plan after it is empty; of a relation that was not asked for, nothing is done."""
    (left, right), (first, second) = tied.person(), tied.campaign()
    tied.lists.tie(LISTS, left, first)
    tied.resync()
    assert tied.held()[1] == {(right, second): None}
    assert planned(tied) == []
    tied.lists.untie(LISTS, left, first)
    tied.compare.resync(["people"], Terms())
    assert tied.held()[1] == {(right, second): None}


def test_a_relation_can_be_brought_in_line_by_its_name(tied: TiedBridge) -> None:
    """No record is looked at for it."""
    (left, right), (first, second) = tied.person(), tied.campaign()
    tied.lists.tie(LISTS, left, first)
    tied.compare.resync(["members"], Terms())
    assert tied.held()[1] == {(right, second): None}


def test_a_large_plan_is_applied_in_groups(
    tied: TiedBridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of its ties is left out."""
    monkeypatch.setattr(tie_compare, "TOGETHER", 3)
    people, places = [tied.person() for _ in range(4)], [tied.campaign() for _ in range(3)]
    for left, _ in people:
        for first, _ in places:
            tied.lists.tie(LISTS, left, first)
    compare = tied.compare
    report = compare.apply(compare.plan(["members"]), Terms())
    assert (report.totals["create"], report.skipped) == (12, [])
    assert len(tied.held()[1]) == 12


def test_observe_shows_and_writes_nothing(tied: TiedBridge) -> None:
    """For the installation, and for a relation alone."""
    (left, _), (first, _) = tied.person(), tied.campaign()
    tied.lists.tie(LISTS, left, first)
    tied.relate(observe=True)
    tied.relation = replace(members(), mode="observe")
    tied.relate()
    assert tied.held()[1] == {}
    assert tied.salesforce.calls.writes == 0
    tied.relation = replace(members(), mode="off")
    assert planned(tied) == []


def test_many_campaigns_are_read_together_and_a_large_one_alone(
    tied: TiedBridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory stays flat: a heap that grows too large is read in smaller ones."""
    monkeypatch.setattr(reading, "TIES_AT_ONCE", 8)
    people = [tied.person() for _ in range(6)]
    places = [tied.campaign() for _ in range(7)]
    for number, (first, _) in enumerate(places):
        for left, _ in people[: 6 if number == 3 else 1]:
            tied.lists.tie(LISTS, left, first)
    tied.relate()
    expected = {
        (right, second)
        for number, (_, second) in enumerate(places)
        for _, right in people[: 6 if number == 3 else 1]
    }
    assert set(tied.held()[1]) == expected
    assert planned(tied) == []


DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["tie", "untie", "look", "lost", "drop", "ledger lost"]),
        st.sampled_from([*System]),
        st.integers(0, 2),
        st.integers(0, 1),
    ),
    max_size=14,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(deeds=DEEDS)
def test_any_history_on_two_systems_converges(
    tmp_path_factory: pytest.TempPathFactory,
    deeds: list[tuple[str, System, int, int]],
) -> None:
    """Whatever is tied, ended and lost: both sides hold the same ties, and a plan is empty."""
    tied = TiedBridge(sqlite_url(tmp_path_factory.mktemp("ledger")))
    people = [tied.person(kind) for kind in ("Contact", "Lead", "Contact")]
    places = [tied.campaign() for _ in range(2)]
    for deed, side, person, place in deeds:
        left, right = people[person][side is SALESFORCE], places[place][side is SALESFORCE]
        relations, word = (tied.lists, LISTS) if side is HUBSPOT else (tied.members, MEMBERS)
        twin = tied.hubspot if side is HUBSPOT else tied.salesforce
        match deed:
            case "tie":
                relations.tie(word, left, right)
            case "untie":
                relations.untie(word, left, right)
            case "look":
                tied.relate()
            case "lost":
                twin.faults.lost_answers = 1
            case "drop":
                twin.faults.drop = 1
            case _:
                tied.ledger.note_ties([], [one.id for one in known(tied)])
    for _ in range(2):
        tied.relate()
    hubspot, salesforce = tied.held()
    contacts, lists = dict(people), dict(places)
    assert {(contacts[a], lists[b]) for a, b in hubspot} == set(salesforce)
    assert planned(tied) == []
    tied.ledger.close_all()
