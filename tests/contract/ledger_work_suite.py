"""What the ledger promises about pairing, the journal, findings, plans and runs; see `ledger_suite`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from connector.port import System
from sync.ledger import Ledger, LedgerBusy, LedgerLock, NoSuchPlan, WrongLedger
from sync.model import Claim
from tests.contract.ledger_builders import (
    HUBSPOT,
    NOW,
    PEOPLE,
    SALESFORCE,
    begin,
    conflict,
    draft,
    parked,
    see,
    sight,
    unbound,
)

HOUR = timedelta(hours=1)


class PairingPromises:
    """What pairing asks."""

    def test_records_that_share_a_key_come_as_one_group(self, ledger: Ledger) -> None:
        """Only groups with somebody free and somebody to pair with, in key order."""
        see(
            ledger,
            HUBSPOT,
            sight("1", keys=("b@example.com", "a@example.com")),
            sight("2", keys=("alone@example.com",)),
        )
        see(
            ledger,
            SALESFORCE,
            sight("003A", keys=("a@example.com",)),
            sight("003B", keys=("b@example.com",)),
        )
        groups = [group for page in ledger.key_groups(PEOPLE, 0) for group in page]
        assert [group.key for group in groups] == ["a@example.com", "b@example.com"]
        assert {(m.system, m.record_id) for m in groups[0].members} == {
            (HUBSPOT, "1"),
            (SALESFORCE, "003A"),
        }
        assert groups[0].members[0].modified_at == NOW

    def test_a_bound_member_is_shown_as_such(self, ledger: Ledger) -> None:
        """So that a newcomer with the key of a pair is parked as its duplicate."""
        for system, record_id in ((HUBSPOT, "1"), (SALESFORCE, "003A"), (SALESFORCE, "003B")):
            see(ledger, system, sight(record_id, keys=("a@example.com",)))
        ledger.bind(unbound("1", "003A"), NOW)
        [[group]] = ledger.key_groups(PEOPLE, 0)
        assert {m.record_id: m.bound for m in group.members} == {
            "1": True,
            "003A": True,
            "003B": False,
        }
        ledger.claim(PEOPLE, [Claim(SALESFORCE, "003B", "parked", "003A", "duplicate_of")])
        assert list(ledger.key_groups(PEOPLE, 0)) == []

    def test_claims_are_read_back_and_forgotten(self, ledger: Ledger) -> None:
        """A plan in the making knows what it intends, and the next one starts afresh."""
        see(ledger, HUBSPOT, sight("1"), sight("2"), sight("3", in_scope=False))
        ledger.claim(PEOPLE, [Claim(HUBSPOT, "1", "create", None, "Lead")])
        [claimed] = ledger.claimed(PEOPLE, "create", 0, 10)
        assert (claimed.record_id, claimed.detail) == ("1", "Lead")
        assert ledger.claimed_partners(PEOPLE, HUBSPOT, ["1", "2"]) == {"1": None}
        assert [r.record_id for r in ledger.unclaimed_unbound(PEOPLE, HUBSPOT, 0, 10)] == ["2"]
        ledger.clear_claims(PEOPLE)
        assert len(ledger.unclaimed_unbound(PEOPLE, HUBSPOT, 0, 10)) == 2

    def test_an_external_key_finds_its_living_partner(self, ledger: Ledger) -> None:
        """A lost ledger finds its pairs again."""
        see(ledger, SALESFORCE, sight("003A"))
        see(ledger, HUBSPOT, sight("1", external_key="003A"))
        [[match]] = ledger.external_key_matches(PEOPLE)
        assert (match.record_id, match.target.record_id) == ("1", "003A")
        assert ledger.dead_keys(PEOPLE, HUBSPOT) == {}

    def test_an_external_key_that_names_the_dead_is_a_tombstone(self, ledger: Ledger) -> None:
        """Deleted with evidence, or never seen: both are no reason to create."""
        see(ledger, SALESFORCE, sight("003A"))
        ledger.mark_gone(PEOPLE, SALESFORCE, ["003A"], "deleted")
        see(ledger, HUBSPOT, sight("1", external_key="003A"), sight("2", external_key="003X"))
        assert ledger.dead_keys(PEOPLE, HUBSPOT) == {"1": "partner_deleted", "2": "not_visible"}
        assert list(ledger.external_key_matches(PEOPLE)) == [[]]

    def test_an_opt_out_reaches_every_record_with_that_address(self, ledger: Ledger) -> None:
        """Twins and filtered ones too; converted Leads give theirs and take none."""
        mail = ("ann@example.com",)
        see(
            ledger,
            HUBSPOT,
            sight("1", addresses=mail, consent=0b10),
            sight("2", addresses=mail, in_scope=False),
            sight("3", addresses=("bob@example.com",)),
        )
        see(ledger, SALESFORCE, sight("00Q1", addresses=mail, consent=0b01, frozen=True))
        spread = ledger.consent_spread(PEOPLE, ["email", "phone"], NOW)
        due = {(d.position, d.system, d.record_id) for d in spread}
        assert due == {(0, HUBSPOT, "1"), (0, HUBSPOT, "2"), (1, HUBSPOT, "2")}


class JournalPromises:
    """Every write on file before it is sent."""

    def test_an_intended_write_is_in_flight_until_it_is_closed(self, ledger: Ledger) -> None:
        """What is not known stays open; what landed is history with the vendor's request id."""
        first, second = ledger.intend(begin(ledger).id, [draft(), draft("003B")], NOW)
        assert first.id < second.id
        ledger.close([(second.id, "unknown", None, "req-2")], NOW)
        assert [e.state for e in ledger.open_entries(PEOPLE)] == ["intended", "unknown"]
        ledger.close([(first.id, "landed", None, "req-1")], NOW)
        assert [e.id for e in ledger.open_for(PEOPLE, SALESFORCE, ["003A", "003B"])] == [second.id]
        [landed] = ledger.history(SALESFORCE, "Contact", "003A")
        assert (landed.state, landed.request_id) == ("landed", "req-1")
        assert (landed.changes, landed.meant) == (draft().changes, draft().meant)
        assert landed.sent_at == NOW

    def test_a_create_gets_its_id_when_it_is_known(self, ledger: Ledger) -> None:
        """Until then it is found by its key."""
        [entry] = ledger.intend(begin(ledger).id, [draft(None)], NOW)
        assert [(e.record_id, e.key) for e in ledger.open_entries(PEOPLE)] == [(None, "1")]
        ledger.close([(entry.id, "landed", "003N", None)], NOW)
        assert [e.id for e in ledger.history(SALESFORCE, "Contact", "003N")] == [entry.id]

    def test_history_is_told_by_field(self, ledger: Ledger) -> None:
        """`why` follows one value."""
        ledger.intend(begin(ledger).id, [draft()], NOW)
        assert len(ledger.history(SALESFORCE, "Contact", "003A", "Title")) == 1
        assert ledger.history(SALESFORCE, "Contact", "003A", "Phone") == []

    def test_a_write_that_never_showed_is_given_up_after_its_time(self, ledger: Ledger) -> None:
        """Older ones close, younger ones stay open."""
        run = begin(ledger)
        ledger.intend(run.id, [draft()], NOW - 2 * HOUR)
        ledger.intend(run.id, [draft("003B")], NOW)
        assert [e.record_id for e in ledger.open_entries(PEOPLE, NOW - HOUR)] == ["003A"]
        ledger.close_forgotten(NOW - HOUR, NOW)
        assert [e.record_id for e in ledger.open_entries(PEOPLE)] == ["003B"]

    def test_what_was_written_lately_is_known(self, ledger: Ledger) -> None:
        """Refused writes changed nothing and do not count."""
        run = begin(ledger)
        _old, refused, _new = ledger.intend(
            run.id, [draft("003A"), draft("003B"), draft("003C")], NOW
        )
        ledger.close([(refused.id, "refused", None, None)], NOW)
        ids = ["003A", "003B", "003C", "003D"]
        assert ledger.written_lately(PEOPLE, SALESFORCE, ids, NOW) == {"003A": NOW, "003C": NOW}
        assert ledger.written_lately(PEOPLE, SALESFORCE, ids, NOW + HOUR) == {}


class FindingPromises:
    """What people have to look at."""

    def test_an_open_difference_stands_there_once(self, ledger: Ledger) -> None:
        """Found again with other values, the row shows the newer ones."""
        ledger.note_conflicts(1, [conflict(winner=None)], NOW)
        ledger.note_conflicts(2, [conflict(winner=None, left="CIO")], NOW)
        [row] = ledger.conflicts()
        assert (row.conflict.hubspot_value, row.run_id) == ("CIO", 2)
        assert ledger.open_differences() == 1

    def test_of_two_open_differences_noted_at_once_the_last_one_stands(
        self, ledger: Ledger
    ) -> None:
        """About one line of one pair; decided conflicts beside them stay all."""
        ledger.note_conflicts(1, [conflict(winner=None)], NOW)
        news = [conflict(winner=None, left="CIO"), conflict(left="B"), conflict(left="C")]
        ledger.note_conflicts(2, [*news, conflict(winner=None, left="CFO")], NOW)
        told = sorted(str(row.conflict.hubspot_value) for row in ledger.conflicts())
        assert told == ["B", "C", "CFO"]

    def test_decided_conflicts_are_kept_one_by_one(self, ledger: Ledger) -> None:
        """Every loser stays restorable."""
        ledger.note_conflicts(1, [conflict(left="A")], NOW)
        ledger.note_conflicts(2, [conflict(left="B")], NOW)
        assert [row.conflict.hubspot_value for row in ledger.conflicts()] == ["A", "B"]
        assert ledger.open_differences() == 0

    def test_a_difference_that_is_gone_is_closed(self, ledger: Ledger) -> None:
        """Only the lines that agree now."""
        ledger.note_conflicts(
            1, [conflict("jobtitle", winner=None), conflict("phone", winner=None)], NOW
        )
        ledger.close_differences(PEOPLE, "1", ["phone"], NOW)
        assert [row.conflict.line for row in ledger.conflicts()] == ["jobtitle"]
        assert ledger.conflicts(mapping="companies") == []
        assert len(ledger.conflicts(kind="open_difference")) == 1

    def test_a_persons_word_settles_a_conflict(self, ledger: Ledger) -> None:
        """It leaves the list and stays readable."""
        ledger.note_conflicts(1, [conflict(winner=None)], NOW)
        [row] = ledger.conflicts()
        ledger.settle(row.id, "hubspot", NOW)
        assert ledger.conflicts() == []
        assert ledger.conflict(row.id) == row

    def test_the_same_fault_again_is_one_more_try(self, ledger: Ledger) -> None:
        """`since` stays for the same cause, and starts anew for another one."""
        ledger.park([parked()], NOW)
        ledger.park([parked()], NOW + HOUR)
        [row] = ledger.parked_list()
        assert (row.since, row.tries) == (NOW, 2)
        ledger.park([parked(cause="refused")], NOW + HOUR)
        [row] = ledger.parked_list()
        assert (row.parked.cause, row.since) == ("refused", NOW + HOUR)

    def test_lines_are_let_go_one_by_one(self, ledger: Ledger) -> None:
        """What still holds is kept."""
        ledger.park([parked(), parked(line="title"), parked(line="phone")], NOW)
        ledger.unpark(PEOPLE, SALESFORCE, "003A", keep={"title"})
        found = ledger.parked_for(PEOPLE, SALESFORCE, ["003A", "003B"])
        assert [row.line for row in found["003A"]] == ["title"]

    def test_the_quarantine_is_counted_by_cause(self, ledger: Ledger) -> None:
        """Most frequent first, each with its advice."""
        ledger.park([parked("A"), parked("B"), parked("C", cause="refused")], NOW)
        assert ledger.parked_by_cause() == [
            ("ambiguous", 2, "look at both"),
            ("refused", 1, "look at both"),
        ]

    def test_a_heap_quotes_the_id_of_no_single_record(self, ledger: Ledger) -> None:
        """What is advised is what they have in common; one alone keeps all of its own."""
        for name, other in (("A", "7349"), ("B", "7350")):
            advice = f"merge them (the other record: {other})"
            ledger.park([replace(parked(name, cause="duplicate_of"), advice=advice)], NOW)
        assert ledger.parked_by_cause() == [("duplicate_of", 2, "merge them")]
        ledger.drop_parked([ledger.parked_list()[0].id])
        alone = "merge them (the other record: 7350)"
        assert ledger.parked_by_cause() == [("duplicate_of", 1, alone)]

    def test_a_parked_row_is_retried_or_dropped_by_id(self, ledger: Ledger) -> None:
        """A retry forgets for which values it was parked."""
        ledger.park([parked("A", fingerprint="f"), parked("B", fingerprint="f")], NOW)
        first, second = ledger.parked_list()
        assert ledger.retry_parked([first.id]) == 1
        assert ledger.drop_parked([second.id]) == 1
        [row] = ledger.parked_list()
        assert (row.parked.record_id, row.parked.fingerprint) == ("A", "")
        assert ledger.retry_parked(None) == 1


class PlanPromises:
    """Plans grow row by row and are read the same way."""

    def test_a_plan_is_read_back_in_order(self, ledger: Ledger) -> None:
        """More rows than one page holds."""
        plan_id = ledger.new_plan(NOW)
        rows = [{"seq": number} for number in range(1_234)]
        ledger.add_changes(plan_id, rows)
        ledger.add_findings(plan_id, [{"line": "phone"}], [])
        ledger.finish_plan(plan_id, "abc", {"create": 1}, {"hubspot": {"reads": 2}}, {})
        assert list(ledger.plan_rows(plan_id, "task")) == rows
        assert list(ledger.plan_rows(plan_id, "conflict")) == [{"line": "phone"}]
        assert ledger.plan(plan_id).totals == {"create": 1}
        assert ledger.plan(plan_id).made_at == NOW

    def test_an_unfinished_plan_is_no_plan(self, ledger: Ledger) -> None:
        """A killed `plan` leaves nothing that could be applied."""
        plan_id = ledger.new_plan(NOW)
        with pytest.raises(NoSuchPlan, match="kakehashi plan"):
            ledger.plan(plan_id)

    def test_old_plans_make_room(self, ledger: Ledger) -> None:
        """The last twenty are kept, rows and all."""
        plans = [ledger.new_plan(NOW + number * HOUR) for number in range(22)]
        for plan_id in plans:
            ledger.finish_plan(plan_id, "abc", {}, {}, {})
        with pytest.raises(NoSuchPlan):
            ledger.plan(plans[0])
        assert ledger.plan(plans[-1]).hash == "abc"


class RunPromises:
    """Runs, accounts, cursors, pauses, and the lock."""

    def test_a_ledger_belongs_to_one_portal_and_one_org(self, ledger: Ledger) -> None:
        """Another pair is refused with both named, unless replaced on purpose."""
        ledger.pin("1001", "00D1")
        ledger.pin("1001", "00D1")
        with pytest.raises(WrongLedger, match=r"portal 1001 .* org 00D1.* portal 2002 .* org 00D1"):
            ledger.pin("2002", "00D1")
        ledger.pin("2002", "00D1", replace=True)
        ledger.pin("2002", "00D1")

    def test_a_killed_run_is_found_again_and_a_finished_one_is_not(self, ledger: Ledger) -> None:
        """Only the same kind over the same mappings."""
        run = begin(ledger)
        ledger.checkpoint(run.id, "plan", "7")
        again = ledger.unfinished_run("resync", [PEOPLE])
        assert again is not None
        assert (again.id, again.started_at, again.checkpoints) == (run.id, NOW, {"plan": "7"})
        assert ledger.unfinished_run("plan", [PEOPLE]) is None
        assert ledger.unfinished_run("resync", [PEOPLE, "companies"]) is None
        ledger.finish_run(run.id, "done", {"create": 3}, NOW + HOUR)
        assert ledger.unfinished_run("resync", [PEOPLE]) is None
        last = ledger.last_run("resync")
        assert last == ledger.run(run.id)
        assert last is not None
        assert (last.outcome, last.totals, last.finished_at) == ("done", {"create": 3}, NOW + HOUR)
        assert ledger.last_run("apply") is None

    def test_cursors_pauses_and_facts_are_remembered(self, ledger: Ledger) -> None:
        """The last word counts."""
        ledger.set_cursor(PEOPLE, HUBSPOT, "contacts", "a")
        ledger.set_cursor(PEOPLE, HUBSPOT, "contacts", "b")
        assert ledger.cursor(PEOPLE, HUBSPOT, "contacts") == "b"
        assert ledger.cursor(PEOPLE, SALESFORCE, "Lead") is None
        ledger.pause(list(System), NOW)
        ledger.resume([HUBSPOT])
        assert ledger.paused() == {SALESFORCE}
        ledger.set_fact("schema", "1")
        ledger.set_fact("schema", "2")
        assert (ledger.fact("schema"), ledger.fact("other")) == ("2", None)

    def test_one_walk_at_a_time(self, ledger: Ledger) -> None:
        """The second one is told who is at work and since when; then it is its turn."""
        with (
            LedgerLock(ledger, lambda: NOW, pid=7, host="h", is_alive=lambda _: True),
            pytest.raises(LedgerBusy, match=r"process 7 on h, since 2026-11-24 09:00:00 UTC"),
            LedgerLock(ledger, lambda: NOW + timedelta(seconds=119)),
        ):
            pass
        with LedgerLock(ledger, lambda: NOW) as lock:
            lock.heartbeat()

    def test_the_lease_of_a_dead_process_is_free(self, ledger: Ledger) -> None:
        """At once on the same host; elsewhere when its time is up."""
        ledger.take_lease("walk", "killed", NOW, pid=7, host="h", is_alive=lambda _: True)

        def lock(host: str, later: int) -> LedgerLock:
            return LedgerLock(
                ledger,
                lambda: NOW + timedelta(seconds=later),
                pid=8,
                host=host,
                is_alive=lambda _: False,
            )

        with pytest.raises(LedgerBusy), lock("elsewhere", 119):
            pass
        with lock("h", 1):
            pass
        ledger.take_lease("walk", "killed", NOW, pid=7, host="h", is_alive=lambda _: True)
        with lock("elsewhere", 121):
            pass

    def test_an_owner_that_takes_its_lease_again_keeps_it_longer(self, ledger: Ledger) -> None:
        """Nobody else holds it meanwhile."""
        take = partial(ledger.take_lease, "walk", pid=7, host="h", is_alive=lambda _: True)
        take("owner", NOW)
        take("owner", NOW + timedelta(seconds=119))
        with pytest.raises(LedgerBusy):
            take("other", NOW + timedelta(seconds=121))

    def test_a_lost_lease_is_noticed_before_the_next_write(self, ledger: Ledger) -> None:
        """A machine that slept does not go on beside its successor."""
        moment = [NOW]
        with LedgerLock(ledger, lambda: moment[0], pid=7, host="h") as sleeper:
            moment[0] = NOW + HOUR
            with (
                LedgerLock(ledger, lambda: moment[0], pid=8, host="other"),
                pytest.raises(LedgerBusy, match="process 8"),
            ):
                sleeper.heartbeat()

    def test_a_heartbeat_keeps_the_lease(self, ledger: Ledger) -> None:
        """However long the walk takes."""
        moment = [NOW]
        with LedgerLock(ledger, lambda: moment[0], pid=7, host="h") as walker:
            for _ in range(5):
                moment[0] += timedelta(seconds=60)
                walker.heartbeat()
            with (
                pytest.raises(LedgerBusy),
                LedgerLock(ledger, lambda: moment[0], pid=8, host="other"),
            ):
                pass
