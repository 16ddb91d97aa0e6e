"""A full compare on two twins: who is paired, what travels, what is created, what is left alone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from connector.errors import Rejected
from connector.port import System, Value
from mappings.schema import Limits
from sync.ledger import Ledger
from sync.resync import Terms
from tests.sync.bridge import Bridge, people, sqlite_url
from tests.sync.builders import line

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


@pytest.fixture
def bridge(tmp_path: Path) -> Bridge:
    return Bridge(sqlite_url(tmp_path))


def only(records: dict[str, dict[str, Value]]) -> dict[str, Value]:
    assert len(records) == 1, records
    return next(iter(records.values()))


def test_a_person_on_both_sides_is_paired_and_blanks_are_filled(bridge: Bridge) -> None:
    """The keys of both stand on each other's record; nothing that was filled is touched."""
    left = bridge.hubspot.seed("contacts", {"email": "ann@example.com", "first": "Ann"})
    right = bridge.salesforce.seed("Lead", {"email": "Ann@Example.com", "title": "CTO"})
    bridge.resync()
    assert bridge.hubspot.records("contacts")[left] == {
        "email": "ann@example.com",
        "first": "Ann",
        "title": "CTO",
        "salesforce_id": right,
    }
    assert bridge.salesforce.records("Lead")[right]["first"] == "Ann"
    assert bridge.salesforce.records("Lead")[right]["HubSpot_Id__c"] == left
    assert bridge.planned() == []


def test_a_person_on_one_side_is_created_on_the_other(bridge: Bridge) -> None:
    """As a Lead in Salesforce, as a contact in HubSpot, keys on both, once."""
    left = bridge.hubspot.seed("contacts", {"email": "ann@example.com", "first": "Ann"})
    right = bridge.salesforce.seed("Contact", {"email": "bob@example.com", "first": "Bob"})
    bridge.resync()
    lead = only(bridge.salesforce.records("Lead"))
    assert lead == {"email": "ann@example.com", "first": "Ann", "HubSpot_Id__c": left}
    contacts = bridge.hubspot.records("contacts")
    assert len(contacts) == 2
    born = next(record for record_id, record in contacts.items() if record_id != left)
    assert born == {"email": "bob@example.com", "first": "Bob", "salesforce_id": right}
    assert bridge.planned() == []
    assert bridge.states() == {"hubspot": {"in_sync": 2}, "salesforce": {"in_sync": 2}}


def test_a_plan_lists_the_writes_that_applying_it_makes(bridge: Bridge) -> None:
    """Field by field; and a second plan is empty."""
    left = bridge.hubspot.seed("contacts", {"email": "ann@example.com", "first": "Ann"})
    bridge.salesforce.seed("Lead", {"email": "ann@example.com", "title": "CTO"})
    bridge.hubspot.seed("contacts", {"email": "cat@example.com"})
    compare = bridge.compare
    plan_id = compare.plan()
    entries = list(compare.plan_entries(plan_id))
    assert bridge.hubspot.calls.writes == bridge.salesforce.calls.writes == 0
    assert [(e["action"], e["system"], e["id"] == left) for e in entries] == [
        ("update", "hubspot", True),
        ("update", "salesforce", False),
        ("link", "salesforce", False),
        ("update", "hubspot", False),
        ("create", "salesforce", False),
    ]
    report = compare.apply(plan_id, Terms())
    assert report.totals["update"] == 3
    assert report.totals["create"] == 1
    assert not report.skipped
    assert bridge.planned() == []


def test_what_moved_since_the_plan_is_left_alone(bridge: Bridge) -> None:
    """`apply` makes exactly the planned changes or none for a pair."""
    left = bridge.hubspot.seed("contacts", {"email": "ann@example.com", "first": "Ann"})
    right = bridge.salesforce.seed("Lead", {"email": "ann@example.com"})
    compare = bridge.compare
    plan_id = compare.plan()
    bridge.hubspot.edit("contacts", left, {"first": "Anna"})
    report = compare.apply(plan_id, Terms())
    assert "first" not in bridge.salesforce.records("Lead")[right]
    assert {entry["why"] for entry in report.skipped} == {"a field changed since the plan was made"}


def test_edits_of_different_fields_lose_nothing(bridge: Bridge) -> None:
    """Two people, one record each side, different fields: both edits stand on both sides."""
    left = bridge.hubspot.seed(
        "contacts", {"email": "ann@example.com", "first": "Ann", "title": "x"}
    )
    right = bridge.salesforce.seed(
        "Lead", {"email": "ann@example.com", "first": "Ann", "title": "x"}
    )
    bridge.resync()
    bridge.hubspot.edit("contacts", left, {"first": "Anna"})
    bridge.salesforce.edit("Lead", right, {"title": "CEO"})
    bridge.resync()
    assert bridge.hubspot.records("contacts")[left]["title"] == "CEO"
    assert bridge.salesforce.records("Lead")[right]["first"] == "Anna"
    assert bridge.ledger.conflicts() == []


def test_a_double_edit_goes_by_policy_and_keeps_the_loser(bridge: Bridge) -> None:
    """`newest` is the default; the other value is on file."""
    left = bridge.hubspot.seed("contacts", {"email": "ann@example.com", "title": "x"})
    right = bridge.salesforce.seed("Lead", {"email": "ann@example.com", "title": "x"})
    bridge.resync()
    bridge.salesforce.edit("Lead", right, {"title": "CEO"})
    bridge.time.forward(minutes=1)
    bridge.hubspot.edit("contacts", left, {"title": "COO"})
    bridge.resync()
    assert bridge.salesforce.records("Lead")[right]["title"] == "COO"
    [row] = bridge.ledger.conflicts()
    assert (row.conflict.salesforce_value, row.conflict.winner) == ("CEO", "hubspot")
    assert bridge.planned() == []


def test_open_differences_are_listed_until_somebody_edits(bridge: Bridge) -> None:
    """First pairing of differing values: nobody is overwritten; an edit then settles it."""
    left = bridge.hubspot.seed("contacts", {"email": "ann@example.com", "title": "CTO"})
    right = bridge.salesforce.seed("Lead", {"email": "ann@example.com", "title": "CEO"})
    bridge.resync()
    assert bridge.hubspot.records("contacts")[left]["title"] == "CTO"
    assert bridge.ledger.open_differences() == 1
    bridge.salesforce.edit("Lead", right, {"title": "COO"})
    bridge.resync()
    assert bridge.hubspot.records("contacts")[left]["title"] == "COO"
    assert bridge.ledger.open_differences() == 0


def test_the_same_email_on_several_records_is_parked_not_guessed(bridge: Bridge) -> None:
    """Ambiguity is symmetric; consent still reaches all of them."""
    bridge.salesforce.seed("Lead", {"email": "ann@example.com"})
    bridge.salesforce.seed("Lead", {"email": "ann@example.com"})
    bridge.hubspot.seed("contacts", {"email": "ann@example.com", "optout": True})
    bridge.resync()
    assert bridge.states() == {"hubspot": {"parked": 1}, "salesforce": {"parked": 2}}
    assert [r.get("OptOut") for r in bridge.salesforce.records("Lead").values()] == [True, True]
    assert bridge.planned() == []


def test_a_contact_ranks_before_a_lead(bridge: Bridge) -> None:
    """The further record of the same person waits for a merge."""
    bridge.hubspot.seed("contacts", {"email": "ann@example.com"})
    bridge.salesforce.seed("Lead", {"email": "ann@example.com"})
    contact = bridge.salesforce.seed("Contact", {"email": "ann@example.com"})
    bridge.resync()
    assert only(bridge.hubspot.records("contacts"))["salesforce_id"] == contact
    assert bridge.states()["salesforce"] == {"in_sync": 1, "parked": 1}
    assert bridge.planned() == []


def test_a_lost_answer_of_a_create_makes_no_twin(bridge: Bridge) -> None:
    """The record is found by its key and adopted."""
    bridge.hubspot.seed("contacts", {"email": "ann@example.com"})
    bridge.salesforce.faults.lost_answers = 1
    bridge.resync()
    bridge.resync()
    assert len(bridge.salesforce.records("Lead")) == 1
    assert bridge.planned() == []


def test_a_lost_ledger_finds_the_pairs_by_their_keys(bridge: Bridge, tmp_path: Path) -> None:
    """Also when the match key changed meanwhile."""
    left = bridge.hubspot.seed("contacts", {"email": "ann@example.com", "first": "Ann"})
    bridge.resync()
    lead = next(iter(bridge.salesforce.records("Lead")))
    bridge.salesforce.edit("Lead", lead, {"email": "new@example.com"})
    bridge.ledger = Ledger.open(f"sqlite:///{tmp_path}/second.db")
    bridge.resync()
    assert len(bridge.salesforce.records("Lead")) == 1
    assert bridge.ledger.pair_of("people", HUBSPOT, left) is not None


def test_a_deleted_record_is_not_recreated(bridge: Bridge) -> None:
    """The pair ends; the partner stays and is `unpaired`."""
    bridge.hubspot.seed("contacts", {"email": "ann@example.com"})
    bridge.hubspot.seed("contacts", {"email": "bob@example.com"})
    bridge.resync()
    lead = next(iter(bridge.salesforce.records("Lead")))
    bridge.salesforce.remove("Lead", lead)
    bridge.resync()
    bridge.resync()
    assert lead not in bridge.salesforce.records("Lead")
    assert bridge.states()["hubspot"] == {"in_sync": 1, "unpaired": 1}
    assert bridge.planned() == []


def test_a_refused_field_is_left_out_and_the_rest_travels(bridge: Bridge) -> None:
    """The faulty line is parked with the cause; a second plan does not try it again."""
    left = bridge.hubspot.seed("contacts", {"email": "ann@example.com", "first": "A", "title": "x"})
    right = bridge.salesforce.seed("Lead", {"email": "ann@example.com", "first": "A", "title": "x"})
    bridge.resync()
    bridge.salesforce.faults.reject["title", "bad"] = Rejected(
        "bad value", system="salesforce", cause="unknown_option", fields=("title",)
    )
    bridge.hubspot.edit("contacts", left, {"first": "B", "title": "bad"})
    report = bridge.resync()
    assert bridge.salesforce.records("Lead")[right]["first"] == "B"
    assert report.needs_attention
    [row] = bridge.ledger.parked_list()
    assert (row.parked.line, row.parked.cause) == ("title", "unknown_option")
    assert bridge.planned() == []
    bridge.hubspot.edit("contacts", left, {"title": "good"})
    bridge.resync()
    assert bridge.salesforce.records("Lead")[right]["title"] == "good"
    assert bridge.ledger.parked_list() == []


def test_a_refusal_of_the_only_change_is_parked_once(bridge: Bridge) -> None:
    """An address that belongs to somebody else: listed with its cause, and not tried for ever."""
    for name in ("ann", "bob"):
        bridge.hubspot.seed("contacts", {"email": f"{name}@example.com"})
    bridge.resync()
    leads = bridge.salesforce.records("Lead")
    ann = next(i for i, row in leads.items() if row["email"] == "ann@example.com")
    bridge.salesforce.edit("Lead", ann, {"email": "bob@example.com"})
    bridge.resync()
    [row] = bridge.ledger.parked_list()
    assert (row.parked.line, row.parked.cause) == ("email", "duplicate_of")
    assert bridge.planned() == []


def test_a_refusal_without_a_field_is_parked_and_not_tried_for_ever(bridge: Bridge) -> None:
    """A validation rule that names nothing refuses every update of the record."""
    left = bridge.hubspot.seed("contacts", {"email": "ann@example.com", "title": "x"})
    bridge.salesforce.seed("Lead", {"email": "ann@example.com", "title": "x"})
    bridge.resync()
    bridge.salesforce.faults.reject["title", "bad"] = Rejected(
        "no", system="salesforce", cause="validation_rule"
    )
    bridge.hubspot.edit("contacts", left, {"title": "bad"})
    bridge.resync()
    assert bridge.planned() == []
    assert bridge.states()["hubspot"] == {"parked": 1}


def test_one_bad_record_does_not_stop_the_others(bridge: Bridge) -> None:
    """The rest of the batch is created; the bad one is parked with its cause."""
    for number in range(5):
        bridge.hubspot.seed("contacts", {"email": f"p{number}@example.com"})
    bridge.salesforce.faults.reject["email", "p2@example.com"] = Rejected(
        "rule", system="salesforce", cause="validation_rule"
    )
    bridge.resync()
    assert len(bridge.salesforce.records("Lead")) == 4
    assert bridge.states()["hubspot"] == {"in_sync": 4, "parked": 1}


def test_a_guard_stops_before_the_first_write(tmp_path: Path) -> None:
    """Too many creates: nothing is written, the numbers and the option are named."""
    bridge = Bridge(sqlite_url(tmp_path), mapping=people(limits=Limits(creates=2)))
    bridge.hubspot.seed("contacts", {"email": "first@example.com"})
    bridge.resync()
    for number in range(5):
        bridge.hubspot.seed("contacts", {"email": f"p{number}@example.com"})
    report = bridge.resync()
    assert len(bridge.salesforce.records("Lead")) == 1
    assert [trip.option for trip in report.guards] == ["--allow creates=5"]
    bridge.resync(allowed={"creates": 5})
    assert len(bridge.salesforce.records("Lead")) == 6


def test_a_side_suddenly_empty_stops_the_run(bridge: Bridge) -> None:
    """Nobody is unlinked because a listing came back empty."""
    bridge.hubspot.seed("contacts", {"email": "ann@example.com"})
    bridge.resync()
    for lead in list(bridge.salesforce.records("Lead")):
        bridge.salesforce.hide("Lead", lead)
    report = bridge.resync()
    assert [trip.guard for trip in report.guards] == ["empty"]


def test_observe_writes_nothing(bridge: Bridge) -> None:
    """The plan is made, no writing call is sent."""
    bridge.hubspot.seed("contacts", {"email": "ann@example.com"})
    bridge.resync(observe=True)
    assert bridge.salesforce.calls.writes == bridge.hubspot.calls.writes == 0


def test_a_line_in_observe_is_shown_and_never_written(tmp_path: Path) -> None:
    """The plan tells what it would do, apart from what it does."""
    mapping = people(line("email"), line("first"), line("title", mode="observe"))
    bridge = Bridge(sqlite_url(tmp_path), mapping=mapping)
    bridge.hubspot.seed("contacts", {"email": "ann@example.com", "title": "CTO"})
    right = bridge.salesforce.seed("Lead", {"email": "ann@example.com"})
    report = bridge.resync()
    assert "title" not in bridge.salesforce.records("Lead")[right]
    [seen] = bridge.ledger.plan_rows(report.plan_id, "observed")
    assert (seen["field"], seen["to"], seen["system"]) == ("title", "CTO", "salesforce")


def test_a_paused_system_takes_consent_only(bridge: Bridge) -> None:
    """Everything else waits and goes out after `resume`."""
    left = bridge.hubspot.seed("contacts", {"email": "ann@example.com", "title": "x"})
    right = bridge.salesforce.seed("Lead", {"email": "ann@example.com", "title": "x"})
    bridge.resync()
    bridge.ledger.pause([SALESFORCE], bridge.time())
    bridge.hubspot.edit("contacts", left, {"title": "y", "optout": True})
    bridge.resync()
    assert bridge.salesforce.records("Lead")[right]["title"] == "x"
    assert bridge.salesforce.records("Lead")[right]["OptOut"] is True
    assert bridge.states()["hubspot"] == {"waiting": 1}
    bridge.ledger.resume([SALESFORCE])
    bridge.resync()
    assert bridge.salesforce.records("Lead")[right]["title"] == "y"


def test_a_lost_answer_of_an_update_waits_and_then_counts_as_ours(bridge: Bridge) -> None:
    """Within the landing window the record is not written again; found landed, it is agreed."""
    left = bridge.hubspot.seed("contacts", {"email": "ann@example.com", "title": "x"})
    right = bridge.salesforce.seed("Lead", {"email": "ann@example.com", "title": "x"})
    bridge.resync()
    bridge.hubspot.edit("contacts", left, {"title": "y"})
    bridge.salesforce.faults.lost_answers = 1
    bridge.resync()
    # A person goes on editing on our side; what landed before was ours, so this is a lone edit.
    bridge.hubspot.edit("contacts", left, {"title": "z"})
    bridge.resync()
    assert bridge.salesforce.records("Lead")[right]["title"] == "z"
    assert bridge.ledger.conflicts() == []


def test_an_edit_in_the_last_window_is_kept_as_the_loser(bridge: Bridge) -> None:
    """A person edits HubSpot between our read and our write: the value is on file."""
    left = bridge.hubspot.seed("contacts", {"email": "ann@example.com", "title": "x"})
    right = bridge.salesforce.seed("Lead", {"email": "ann@example.com", "title": "x"})
    bridge.resync()
    bridge.salesforce.edit("Lead", right, {"title": "CEO"})
    bridge.time.forward(seconds=10)

    def person() -> None:
        bridge.hubspot.before_write = None
        bridge.hubspot.edit("contacts", left, {"title": "Founder"})

    bridge.hubspot.before_write = person
    bridge.resync()
    [row] = bridge.ledger.conflicts()
    assert (row.conflict.policy, row.conflict.hubspot_value) == ("overwritten", "Founder")


def test_a_changed_mapping_line_starts_over_without_overwriting(bridge: Bridge) -> None:
    """Lines without a baseline follow `first_pairing`."""
    left = bridge.hubspot.seed("contacts", {"email": "ann@example.com", "title": "CTO"})
    right = bridge.salesforce.seed("Lead", {"email": "ann@example.com", "title": "CEO"})
    bridge.mapping = people(line("email"), line("first"))
    bridge.resync()
    bridge.mapping = people(line("email"), line("first"), line("title"), wording="v2")
    bridge.resync()
    assert bridge.hubspot.records("contacts")[left]["title"] == "CTO"
    assert bridge.salesforce.records("Lead")[right]["title"] == "CEO"
    assert bridge.ledger.open_differences() == 1


def test_many_records_cost_few_calls(bridge: Bridge) -> None:
    """250 lone edits: writes in full batches, and a read before and after."""
    bridge.landing_window = timedelta(seconds=1)
    ids = [bridge.hubspot.seed("contacts", {"email": f"p{n}@example.com"}) for n in range(250)]
    bridge.resync()
    for record_id in ids:
        bridge.hubspot.edit("contacts", record_id, {"title": "CEO"})
    before = bridge.salesforce.calls.writes
    bridge.resync()
    assert bridge.salesforce.calls.writes - before == 2
    assert all(r["title"] == "CEO" for r in bridge.salesforce.records("Lead").values())


def test_a_resumed_run_does_not_plan_with_what_it_saw_before_its_own_writes(
    bridge: Bridge,
) -> None:
    """Killed after a write, the listing on file is older than the record: it is read again."""
    left = bridge.hubspot.seed("contacts", {"email": "ann@example.com"})
    right = bridge.salesforce.seed("Lead", {"email": "ann@example.com", "title": "CTO"})

    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bridge.ledger, "finish_run", kill)
        with pytest.raises(Killed):
            bridge.resync()
    assert bridge.hubspot.records("contacts")[left]["title"] == "CTO"
    report = bridge.resync()
    assert list(bridge.ledger.plan_rows(report.plan_id, "task")) == []
    assert bridge.salesforce.records("Lead")[right]["title"] == "CTO"
