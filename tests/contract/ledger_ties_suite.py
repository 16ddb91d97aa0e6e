"""What the ledger promises about ties and the pairs that they tie; see `ledger_suite`."""

from __future__ import annotations

from dataclasses import replace

from connector.port import System
from sync.ledger import Ledger
from sync.model import KnownTie, LineBaseline
from tests.contract.ledger_builders import (
    HUBSPOT,
    NOW,
    PEOPLE,
    SALESFORCE,
    paired,
    parked,
    see,
    sight,
    unbound,
)

MEMBERS = "members"
CAMPAIGN = 70


def tie(
    left_pair: int | None = 7, right_pair: int = CAMPAIGN, *, left: str | None = "1"
) -> KnownTie:
    """A tie in line; without a left pair it is one of HubSpot's that waits."""
    is_paired = left_pair is not None
    return KnownTie(
        relation=MEMBERS,
        right_pair=right_pair,
        hubspot_right="900",
        salesforce_right="701A",
        left_pair=left_pair,
        hubspot_left=left,
        salesforce_left="003A" if is_paired else None,
        standing="agreed" if is_paired else None,
        baseline={"status": LineBaseline("hash", "Sent", "Sent")} if is_paired else {},
        held=frozenset(System) if is_paired else frozenset({HUBSPOT}),
        state="in_sync" if is_paired else "waiting",
        reason=None if is_paired else "partner",
    )


class TiePromises:
    """Ties, and who can be tied."""

    def test_a_tie_is_found_as_it_was_noted(self, ledger: Ledger) -> None:
        """By its right-hand pair, with everything that was agreed."""
        ledger.note_ties([tie(), tie(None, left="2"), tie(right_pair=71)])
        first, second = ledger.ties_of(MEMBERS, [CAMPAIGN])
        assert replace(first, id=0) == tie()
        assert replace(second, id=0) == tie(None, left="2")
        assert ledger.ties_of("another relation", [CAMPAIGN, 71]) == []

    def test_a_tie_is_replaced_by_its_id_and_forgotten_when_it_is_over(
        self, ledger: Ledger
    ) -> None:
        """In one transaction: a row that goes makes room for one that takes its pairs."""
        ledger.note_ties([tie(), tie(None, left="2")])
        old, waiting = ledger.ties_of(MEMBERS, [CAMPAIGN])
        found = replace(waiting, left_pair=7, side=HUBSPOT, standing="kept")
        ledger.note_ties([found], [old.id])
        assert ledger.ties_of(MEMBERS, [CAMPAIGN]) == [found]

    def test_any_number_of_ties_without_a_partner_wait_at_one_record(self, ledger: Ledger) -> None:
        """They are told by their own ids."""
        ledger.note_ties([tie(None, left=str(number)) for number in range(3)])
        assert len(ledger.ties_of(MEMBERS, [CAMPAIGN])) == 3

    def test_ties_are_counted_on_the_sides_that_hold_them(self, ledger: Ledger) -> None:
        """All six states are there; a state can be listed with its reasons."""
        ledger.note_ties([tie(), tie(None, left="2")])
        counts = ledger.tie_counts(MEMBERS)
        assert (counts[HUBSPOT]["in_sync"], counts[HUBSPOT]["waiting"]) == (1, 1)
        assert (counts[SALESFORCE]["in_sync"], counts[SALESFORCE]["waiting"]) == (1, 0)
        assert len(counts[SALESFORCE]) == 6
        [row] = ledger.ties_in_state(MEMBERS, HUBSPOT, "waiting")
        assert (row.record_id, row.reason) == ("2>900", "partner")
        assert ledger.knows_ties(MEMBERS)
        assert not ledger.knows_ties("another relation")

    def test_a_tie_is_found_by_the_names_of_its_records(self, ledger: Ledger) -> None:
        """On either side."""
        ledger.note_ties([tie()])
        for system, left, right in ((HUBSPOT, "1", "900"), (SALESFORCE, "003A", "701A")):
            [found] = ledger.tie_named(system, left, right)
            assert found.relation == MEMBERS
        assert ledger.tie_named(HUBSPOT, "1", "901") == []

    def test_ties_of_a_right_hand_pair_that_has_ended_are_forgotten(self, ledger: Ledger) -> None:
        """Those of others stay."""
        stays, ends = paired(ledger), paired(ledger, "2", "003B")
        ledger.note_ties([tie(right_pair=stays), tie(right_pair=ends)])
        ledger.unbind(ends, "unlinked", NOW)
        assert ledger.forget_ties_without_right(MEMBERS, PEOPLE) == 1
        assert [one.right_pair for one in ledger.ties_of(MEMBERS, [stays, ends])] == [stays]

    def test_bound_pairs_come_as_partners_by_rising_id(self, ledger: Ledger) -> None:
        """Page by page; ended ones are no partners."""
        first, second, third = (paired(ledger, str(n), f"003{n}") for n in range(3))
        ledger.unbind(second, "unlinked", NOW)
        [one] = ledger.bound_partners(PEOPLE, after_id=0, limit=1)
        [two] = ledger.bound_partners(PEOPLE, after_id=one.pair_id, limit=5)
        assert (one.pair_id, two.pair_id) == (first, third)
        assert (two.hubspot_id, two.salesforce_object, two.salesforce_id) == (
            "2",
            "Contact",
            "0032",
        )
        assert ledger.partners_by_pair(PEOPLE, [first, second]) == {first: one}

    def test_a_partner_is_fit_or_away_or_gone(self, ledger: Ledger) -> None:
        """Filtered and parked ones may come back; one line that is parked is no matter."""
        for number in range(5):
            paired(ledger, str(number), f"003{number}")
        see(ledger, HUBSPOT, sight("1", "outside", in_scope=False))
        ledger.park([parked("0032"), parked("0033", line="jobtitle")], NOW)
        ledger.mark_gone(PEOPLE, SALESFORCE, ["0034"], "deleted")
        found = ledger.partners_of(PEOPLE, HUBSPOT, [str(n) for n in range(6)])
        assert {i: one.fitness for i, one in found.items()} == {
            "0": "fit",
            "1": "away",
            "2": "away",
            "3": "fit",
            "4": "gone",
        }

    def test_a_record_that_went_into_another_stands_for_its_pair(self, ledger: Ledger) -> None:
        """However often it was merged; a ring of merges leads nowhere and ends."""
        pair_id = paired(ledger)
        see(ledger, SALESFORCE, *(sight(f"003{name}") for name in "BCDE"))
        for loser, survivor in (("003B", "003C"), ("003C", "003A"), ("003D", "003E")):
            ledger.went(PEOPLE, SALESFORCE, loser, survivor, kind="merged")
        ledger.went(PEOPLE, SALESFORCE, "003E", "003D", kind="merged")
        found = ledger.partners_of(PEOPLE, SALESFORCE, ["003A", "003B", "003C", "003D", "003X"])
        assert {i: one.pair_id for i, one in found.items()} == dict.fromkeys(
            ("003A", "003B", "003C"), pair_id
        )

    def test_a_converted_lead_that_its_pair_has_not_left_yet_is_away(self, ledger: Ledger) -> None:
        """It takes no writes; the pair will follow it."""
        see(ledger, HUBSPOT, sight("1"))
        see(ledger, SALESFORCE, sight("00QA", frozen=True))
        ledger.bind(unbound("1", "00QA", "Lead"), NOW)
        assert ledger.partners_of(PEOPLE, HUBSPOT, ["1"])["1"].fitness == "away"
