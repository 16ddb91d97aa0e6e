"""What the ledger promises about records, pairs and states; see `ledger_suite`."""

from __future__ import annotations

import pytest

from mappings.schema import OwnName
from sync.ledger import AlreadyBound, Ledger
from sync.model import STATES, Claim, LineBaseline
from tests.contract.ledger_builders import (
    HUBSPOT,
    NOW,
    PEOPLE,
    SALESFORCE,
    agreement,
    begin,
    draft,
    paired,
    parked,
    see,
    sight,
    state_of,
    states,
    unbound,
)


class SightingPromises:
    """What listings saw."""

    def test_a_record_that_no_listing_shows_any_more_is_unseen(self, ledger: Ledger) -> None:
        """Only records that this run did not show are asked about."""
        see(ledger, HUBSPOT, sight("1"), sight("2"))
        run = see(ledger, HUBSPOT, sight("1"))
        [missing] = ledger.unseen(run.id, PEOPLE, HUBSPOT)
        assert (missing.record_id, missing.object) == ("2", "contacts")

    def test_what_others_read_during_a_listing_is_seen_by_it(self, ledger: Ledger) -> None:
        """By a run that is younger or older than it: a side that has records is not empty."""
        older, run = begin(ledger), begin(ledger)
        younger = see(ledger, HUBSPOT, sight("1"))
        for record_id in ("1", "2"):
            ledger.note_sightings(run.id, PEOPLE, HUBSPOT, "contacts", [sight(record_id)])
        ledger.note_sightings(older.id, PEOPLE, HUBSPOT, "contacts", [sight("2")])
        assert younger.id > run.id
        assert ledger.seen_count(run.id, PEOPLE, HUBSPOT) == 2
        assert list(ledger.unseen(run.id, PEOPLE, HUBSPOT)) == []

    def test_all_unseen_records_are_found_page_by_page(self, ledger: Ledger) -> None:
        """More records than one page holds are all answered, each once."""
        ids = [str(number) for number in range(2_345)]
        see(ledger, HUBSPOT, *(sight(record_id) for record_id in ids))
        run = begin(ledger)
        assert [m.record_id for m in ledger.unseen(run.id, PEOPLE, HUBSPOT)] == ids

    def test_a_gone_record_that_is_seen_again_lives(self, ledger: Ledger) -> None:
        """A sighting clears the mark, whether the record changed or not."""
        see(ledger, HUBSPOT, sight("1"), sight("2"))
        ledger.mark_gone(PEOPLE, HUBSPOT, ["1", "2"], "not_visible")
        assert ledger.live_count(PEOPLE, HUBSPOT) == 0
        see(ledger, HUBSPOT, sight("1"), sight("2", "changed"))
        assert ledger.live_count(PEOPLE, HUBSPOT) == 2

    def test_changed_records_lose_their_old_keys(self, ledger: Ledger) -> None:
        """A person who changed address is no longer found under the old one."""
        see(ledger, HUBSPOT, sight("1", keys=("old@example.com",)))
        see(ledger, SALESFORCE, sight("003A", keys=("old@example.com",)))
        see(ledger, HUBSPOT, sight("1", "changed", keys=("new@example.com",)))
        assert [group for page in ledger.key_groups(PEOPLE, 0) for group in page] == []

    def test_those_who_bear_a_name_are_told_apart_by_their_pairs(self, ledger: Ledger) -> None:
        """With every name that they have; nobody who is gone, and nobody who only matches."""
        acme = "company_name:acme"
        paired(ledger, "1", "003A")
        see(ledger, HUBSPOT, sight("1", "new", names=(acme, "company_domain:acme.example")))
        see(ledger, SALESFORCE, sight("003A", "new", names=(acme,)))
        see(ledger, HUBSPOT, sight("2", names=(acme,)), sight("3", names=(acme,)))
        see(ledger, HUBSPOT, sight("4", keys=(acme,), names=("company_name:other",)))
        ledger.mark_gone(PEOPLE, HUBSPOT, ["3"], "deleted")
        found = ledger.bearers_of([PEOPLE], OwnName("company_name", "acme"))
        assert [sorted(map(str, names)) for names in found] == [
            ["company_domain:acme.example", acme],
            [acme],
        ]
        assert list(ledger.bearers_of(["other"], OwnName("company_name", "acme"))) == []

    def test_who_was_deleted_and_who_can_still_be_worked_is_known_by_name(
        self, ledger: Ledger
    ) -> None:
        """Neither whoever merely cannot be seen nor a converted Lead; of the mappings that are asked for."""
        ann = OwnName("email", "ann@example.com")
        see(ledger, HUBSPOT, *(sight(n, names=(str(ann),)) for n in "123"))
        see(ledger, SALESFORCE, sight("00QA", names=(str(ann),), frozen=True))
        ledger.mark_gone(PEOPLE, HUBSPOT, ["1"], "deleted")
        ledger.mark_gone(PEOPLE, HUBSPOT, ["2"], "not_visible")
        deleted, working = (
            [one[::2] for one in asked([PEOPLE], [ann]).get(ann, ())]
            for asked in (ledger.deleted_named, ledger.working_named)
        )
        assert (deleted, working) == ([(HUBSPOT, "1")], [(HUBSPOT, "3")])
        assert ledger.deleted_named(["other"], [ann]) == {}

    def test_a_record_may_become_another_object(self, ledger: Ledger) -> None:
        """The same id listed under another object moves there, and is counted once."""
        see(ledger, SALESFORCE, sight("003A"))
        run = begin(ledger)
        ledger.note_sightings(run.id, PEOPLE, SALESFORCE, "Lead", [sight("003A")])
        assert ledger.live_count(PEOPLE, SALESFORCE, "Contact") == 0
        assert ledger.live_count(PEOPLE, SALESFORCE, "Lead") == 1

    def test_a_page_and_its_checkpoint_land_together(self, ledger: Ledger) -> None:
        """A killed run goes on behind its last page."""
        run = begin(ledger)
        ledger.note_sightings(
            run.id, PEOPLE, HUBSPOT, "contacts", [sight("1")], ("people:hubspot", "100")
        )
        again = ledger.unfinished_run("resync", [PEOPLE])
        assert again is not None
        assert (again.id, again.checkpoints) == (run.id, {"people:hubspot": "100"})

    def test_keys_that_no_index_takes_still_match(self, ledger: Ledger) -> None:
        """Endless keys and keys with a NUL are told apart and found like others."""
        odd = ("x" * 10_000, "x" * 10_001, "nul\0inside")
        for system, record_ids in ((HUBSPOT, "123"), (SALESFORCE, "ABC")):
            see(
                ledger, system, *(sight(i, keys=(k,)) for i, k in zip(record_ids, odd, strict=True))
            )
        groups = [group for page in ledger.key_groups(PEOPLE, 0) for group in page]
        assert sorted(sorted(m.record_id for m in group.members) for group in groups) == [
            ["1", "A"],
            ["2", "B"],
            ["3", "C"],
        ]

    def test_values_are_kept_until_the_pair_agrees(self, ledger: Ledger) -> None:
        """Planning needs no second read; what was seen before an agreement is old afterwards."""
        see(ledger, HUBSPOT, sight("1"))
        assert ledger.payloads(PEOPLE, HUBSPOT, ["1"]) == {"1": {"email": "ann@example.com"}}
        paired(ledger, clean=False)
        assert ledger.payloads(PEOPLE, HUBSPOT, ["1"]) == {}

    def test_the_same_vendor_id_in_both_systems_is_two_records(self, ledger: Ledger) -> None:
        """Ids are unique per system only."""
        see(ledger, HUBSPOT, sight("1"))
        see(ledger, SALESFORCE, sight("1"))
        ledger.mark_gone(PEOPLE, HUBSPOT, ["1"], "deleted")
        assert ledger.live_count(PEOPLE, HUBSPOT) == 0
        assert ledger.live_count(PEOPLE, SALESFORCE) == 1


class PairPromises:
    """Who is bound, and what needs a look."""

    def test_binding_twice_is_binding_once(self, ledger: Ledger) -> None:
        """A run that is repeated after a kill finds its pairs."""
        pairs = [unbound("1", "003A"), unbound("2", "003B")]
        assert ledger.bind_many(PEOPLE, pairs, NOW) == ledger.bind_many(PEOPLE, pairs, NOW)
        assert ledger.pair_count(PEOPLE) == 2

    @pytest.mark.parametrize(("left", "right"), [("1", "003B"), ("2", "003A")])
    def test_a_bound_record_takes_no_second_partner(
        self, ledger: Ledger, left: str, right: str
    ) -> None:
        """Neither side; nothing of the batch is bound, and the message names the pair in the way."""
        ledger.bind(unbound("1", "003A"), NOW)
        with pytest.raises(AlreadyBound, match=r"HubSpot 1 and Contact 003A are paired already"):
            ledger.bind_many(PEOPLE, [unbound("7", "003Z"), unbound(left, right)], NOW)
        assert ledger.pair_count(PEOPLE) == 1

    def test_unbound_records_may_pair_anew(self, ledger: Ledger) -> None:
        """The ended pair is history; the reason stands at both records until then."""
        pair_id = paired(ledger)
        ledger.unbind(pair_id, "unlinked", NOW)
        assert ledger.pair(pair_id) is None
        assert state_of(ledger, HUBSPOT, "1") == ("unpaired", "unlinked")
        assert state_of(ledger, SALESFORCE, "003A") == ("unpaired", "unlinked")
        assert ledger.bind(unbound("1", "003A"), NOW) != pair_id
        assert state_of(ledger, HUBSPOT, "1") == ("waiting", "due")

    def test_partners_are_looked_up_from_both_sides(self, ledger: Ledger) -> None:
        """References resolve in one query, however many are asked for."""
        pairs = [unbound(str(number), f"003{number}") for number in range(1_200)]
        ids = ledger.bind_many(PEOPLE, pairs, NOW)
        asked = [*(pair.hubspot_id for pair in pairs), "nobody"]
        found = ledger.partner_ids(PEOPLE, HUBSPOT, asked)
        assert found == {pair.hubspot_id: pair.salesforce_id for pair in pairs}
        assert ledger.partner_ids(PEOPLE, SALESFORCE, ["0037"]) == {"0037": "7"}
        assert len(ledger.pairs_by_ids([*ids, 999_999])) == 1_200

    def test_baselines_come_back_as_they_were_agreed(self, ledger: Ledger) -> None:
        """Blanks, numbers, joined cells, Japanese and open differences included."""
        baseline = {
            "name": LineBaseline("h1", "架け橋 花子", "架け橋　花子", open=True),
            "stage": LineBaseline("h2", ("new", 1), ("New", None)),
            "score": LineBaseline("h3", 0, 0.5),
            "flag": LineBaseline("h4", False, None),
        }
        pair_id = paired(ledger)
        ledger.agree([agreement(pair_id, baseline=baseline)], NOW)
        known = ledger.pair(pair_id)
        assert known is not None
        assert known.baseline == baseline

    def test_a_pair_is_due_when_a_record_moved_or_it_is_not_clean(self, ledger: Ledger) -> None:
        """Clean pairs with unmoved records need no look."""
        paired(ledger, "1", "003A")
        moved = paired(ledger, "2", "003B")
        unclean = paired(ledger, "3", "003C", clean=False)
        see(ledger, SALESFORCE, sight("003B", "changed"))
        due = ledger.dirty_pairs(PEOPLE, after_id=0, limit=10)
        assert [pair.id for pair in due] == [moved, unclean]
        assert ledger.dirty_pairs(PEOPLE, after_id=moved, limit=10)[0].id == unclean
        assert len(ledger.dirty_pairs(PEOPLE, after_id=0, limit=1)) == 1
        assert ledger.unchanged_count(PEOPLE) == 1
        assert len(ledger.all_pairs(PEOPLE, after_id=0, limit=10)) == 3

    def test_a_pair_whose_record_moved_back_needs_no_look(self, ledger: Ledger) -> None:
        """An edit that was undone before we looked is no edit."""
        paired(ledger)
        see(ledger, SALESFORCE, sight("003A", "changed"))
        see(ledger, SALESFORCE, sight("003A"))
        assert ledger.dirty_pairs(PEOPLE, after_id=0, limit=10) == []

    def test_a_deleted_side_is_told_apart(self, ledger: Ledger) -> None:
        """Deleted pairs are found with their side; invisible ones are left alone."""
        gone = paired(ledger, "1", "003A")
        paired(ledger, "2", "003B")
        ledger.mark_gone(PEOPLE, SALESFORCE, ["003A"], "deleted")
        ledger.mark_gone(PEOPLE, HUBSPOT, ["2"], "not_visible")
        [(pair, side)] = ledger.pairs_with_gone_side(PEOPLE)
        assert (pair.id, side) == (gone, SALESFORCE)
        assert ledger.dirty_pairs(PEOPLE, after_id=0, limit=10) == []

    def test_a_pair_follows_a_converted_lead(self, ledger: Ledger) -> None:
        """The baseline stays, the pair is due, and a write in flight is re-addressed."""
        baseline = {"title": LineBaseline("h", "CTO", "CTO")}
        pair_id = paired(ledger, "1", "00Q1")
        ledger.agree([agreement(pair_id, baseline=baseline)], NOW)
        ledger.intend(1, [draft("00Q1")], NOW)
        see(ledger, SALESFORCE, sight("003A"))
        ledger.move(pair_id, SALESFORCE, "Contact", "003A")
        [moved] = ledger.dirty_pairs(PEOPLE, after_id=0, limit=10)
        assert (moved.id, moved.salesforce_id, moved.baseline) == (pair_id, "003A", baseline)
        assert [entry.record_id for entry in ledger.open_entries(PEOPLE)] == ["003A"]
        old = ledger.record(PEOPLE, SALESFORCE, "00Q1")
        assert old is not None
        assert old.pair_id is None

    def test_a_pair_does_not_follow_into_a_bound_record(self, ledger: Ledger) -> None:
        """A Contact that has its own partner is never taken over."""
        lead = paired(ledger, "1", "00Q1")
        paired(ledger, "2", "003A")
        with pytest.raises(AlreadyBound):
            ledger.move(lead, SALESFORCE, "Contact", "003A")
        kept = ledger.pair(lead)
        assert kept is not None
        assert kept.salesforce_id == "00Q1"


class StatePromises:
    """Every record in exactly one state, by the contract's order."""

    def test_states_add_up_to_the_live_records(self, ledger: Ledger) -> None:
        """All six keys are there; their sum without `deleted` is the number of live records."""
        paired(ledger, "1", "003A")
        paired(ledger, "2", "003B", clean=False)
        see(ledger, HUBSPOT, sight("3", in_scope=False), sight("4"), sight("5"), sight("6"))
        ledger.claim(PEOPLE, [Claim(HUBSPOT, "4", "unpaired", None, "create_never")])
        ledger.mark_gone(PEOPLE, HUBSPOT, ["5"], "deleted")
        ledger.mark_gone(PEOPLE, HUBSPOT, ["6"], "not_visible")
        ledger.refresh_states(PEOPLE)
        counts = ledger.state_counts(PEOPLE)[HUBSPOT]["contacts"]
        assert counts == {
            "in_sync": 1,
            "waiting": 1,
            "filtered": 1,
            "unpaired": 1,
            "deleted": 1,
            "parked": 0,
        }
        assert set(counts) == set(STATES)
        assert sum(counts.values()) - counts["deleted"] == ledger.live_count(PEOPLE, HUBSPOT)

    def test_the_first_state_that_holds_wins(self, ledger: Ledger) -> None:
        """deleted, parked, filtered, waiting, unpaired, in_sync: each gives way to the former."""
        pair_id = paired(ledger)
        assert states(ledger, SALESFORCE) == {"in_sync": 1}
        ledger.agree([agreement(pair_id, clean=False)], NOW)
        assert states(ledger, SALESFORCE) == {"waiting": 1}
        see(ledger, HUBSPOT, sight("1", "filtered", in_scope=False))
        assert state_of(ledger, SALESFORCE, "003A") == ("filtered", "partner_filtered")
        assert state_of(ledger, HUBSPOT, "1") == ("filtered", "outside_only")
        ledger.park([parked()], NOW)
        assert states(ledger, SALESFORCE) == {"parked": 1}
        ledger.mark_gone(PEOPLE, SALESFORCE, ["003A"], "deleted")
        assert states(ledger, SALESFORCE) == {"deleted": 1}

    @pytest.mark.parametrize(
        ("kind", "state", "reason"),
        [
            ("create", "waiting", "due"),
            ("link", "waiting", "due"),
            ("unpaired", "unpaired", "suggested"),
            ("filtered", "filtered", "suggested"),
            ("parked", "parked", "suggested"),
        ],
    )
    def test_a_free_record_stands_as_it_was_claimed(
        self, ledger: Ledger, kind: str, state: str, reason: str
    ) -> None:
        """What the plan intends for it says where it is; the claim's detail is the reason."""
        see(ledger, HUBSPOT, sight("1"))
        ledger.claim(PEOPLE, [Claim(HUBSPOT, "1", kind, None, "suggested")])  # type: ignore[arg-type]  # from the table above
        assert state_of(ledger, HUBSPOT, "1") == (state, reason)

    def test_a_record_with_a_write_in_flight_waits(self, ledger: Ledger) -> None:
        """Until somebody knows whether it landed."""
        paired(ledger)
        [entry] = ledger.intend(begin(ledger).id, [draft()], NOW)
        assert state_of(ledger, SALESFORCE, "003A") == ("waiting", "in_flight")
        ledger.close([(entry.id, "landed", None, None)], NOW)
        assert state_of(ledger, SALESFORCE, "003A") == ("in_sync", None)

    def test_records_of_a_state_are_listed_with_reasons(self, ledger: Ledger) -> None:
        """`status --records` names them."""
        see(ledger, HUBSPOT, sight("1", in_scope=False), sight("2"))
        ledger.refresh_states(PEOPLE)
        [row] = ledger.records_in_state(PEOPLE, HUBSPOT, "filtered")
        assert (row.record_id, row.object, row.reason) == ("1", "contacts", "outside_only")
