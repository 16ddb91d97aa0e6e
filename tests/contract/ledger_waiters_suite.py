"""What the ledger promises about those who wait for a partner of somebody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from sync.ledger import Later, Ledger, Ring
from sync.model import Awaited, Claim
from tests.contract.ledger_builders import (
    HUBSPOT,
    NOW,
    OBJECTS,
    PEOPLE,
    SALESFORCE,
    agreement,
    paired,
    see,
    sight,
    state_of,
    unbound,
)

BOSS = Awaited(PEOPLE, HUBSPOT, "7")
MUCH_LATER = NOW + timedelta(hours=1)


def waits_for(ledger: Ledger, pair_id: int, *awaited: Awaited) -> None:
    waiting = replace(
        agreement(pair_id, clean=not awaited), waits="partner" if awaited else None, awaited=awaited
    )
    ledger.agree([waiting], NOW)


def welcome_boss(ledger: Ledger) -> None:
    see(ledger, HUBSPOT, sight("7"))
    see(ledger, SALESFORCE, sight("003G"))
    ledger.bind(unbound("7", "003G"), NOW)
    ledger.welcome(PEOPLE, [unbound("7", "003G")], NOW)


def postponed(ledger: Ledger, record_id: str) -> None:
    """A worker looked at the record and comes again much later."""
    ledger.ring([Ring(HUBSPOT, OBJECTS[HUBSPOT], record_id)], NOW)
    bells = ledger.take_bells("worker", NOW, limit=10)
    ledger.wipe([], [Later(bell, MUCH_LATER, "partner") for bell in bells], NOW)


def missed(ledger: Ledger, record_id: str) -> Sequence[Awaited]:
    return [one.awaited for one in ledger.missed_by(PEOPLE, HUBSPOT, record_id)]


class WaiterPromises:
    """Who waits for whom, and what happens when that one is bound."""

    def test_a_pair_that_waits_says_why_and_for_whom(self, ledger: Ledger) -> None:
        """Until it does not any more."""
        pair_id = paired(ledger)
        waits_for(ledger, pair_id, BOSS)
        assert state_of(ledger, HUBSPOT, "1") == ("waiting", "partner")
        assert state_of(ledger, SALESFORCE, "003A") == ("waiting", "partner")
        assert missed(ledger, "1") == [BOSS]
        waits_for(ledger, pair_id)
        assert state_of(ledger, HUBSPOT, "1") == ("in_sync", None)
        assert missed(ledger, "1") == []

    def test_who_waited_is_due_when_the_partner_is_bound(self, ledger: Ledger) -> None:
        """Its bell rings at once, its pair is looked at by the next compare."""
        pair_id = paired(ledger)
        waits_for(ledger, pair_id, BOSS)
        postponed(ledger, "1")
        assert ledger.take_bells("worker", NOW, limit=10) == []
        welcome_boss(ledger)
        assert [bell.record_id for bell in ledger.take_bells("worker", NOW, limit=10)] == ["1"]
        assert ledger.dirty_pairs(PEOPLE, after_id=0, limit=1)[0].id == pair_id
        assert state_of(ledger, HUBSPOT, "1") == ("waiting", "due")

    def test_a_bell_in_somebodys_hands_is_not_postponed(self, ledger: Ledger) -> None:
        """The worker that looks just now has not seen the new pair."""
        waits_for(ledger, paired(ledger), BOSS)
        ledger.ring([Ring(HUBSPOT, OBJECTS[HUBSPOT], "1")], NOW)
        (bell,) = ledger.take_bells("worker", NOW, limit=10)
        welcome_boss(ledger)
        ledger.wipe([], [Later(bell, MUCH_LATER, "partner")], NOW)
        assert [one.record_id for one in ledger.take_bells("worker", NOW, limit=10)] == ["1"]

    def test_nobody_is_rung_for_without_need(self, ledger: Ledger) -> None:
        """Neither who waits for somebody else, nor for whom nobody rang: a compare finds them."""
        waits_for(ledger, paired(ledger), Awaited(PEOPLE, HUBSPOT, "8"))
        postponed(ledger, "1")
        welcome_boss(ledger)
        assert ledger.take_bells("worker", NOW, limit=10) == []
        assert missed(ledger, "1") == [Awaited(PEOPLE, HUBSPOT, "8")]

    def test_a_partner_that_was_bound_meanwhile_is_not_missed(self, ledger: Ledger) -> None:
        """Between the decision and its note: the pair is due at once."""
        welcome_boss(ledger)
        pair_id = paired(ledger)
        postponed(ledger, "1")
        waits_for(ledger, pair_id, BOSS)
        assert [bell.record_id for bell in ledger.take_bells("worker", NOW, limit=10)] == ["1"]
        assert state_of(ledger, HUBSPOT, "1") == ("waiting", "due")

    def test_a_record_that_cannot_be_born_yet_waits_too(self, ledger: Ledger) -> None:
        """It says for whom, rings when that one is bound, and is planned anew by every plan."""
        see(ledger, HUBSPOT, sight("1"))
        ledger.claim(PEOPLE, [Claim(HUBSPOT, "1", "waiting", None, "partner")])
        ledger.hold_back(PEOPLE, {(HUBSPOT, "1"): [BOSS]}, NOW)
        assert state_of(ledger, HUBSPOT, "1") == ("waiting", "partner")
        assert missed(ledger, "1") == [BOSS]
        postponed(ledger, "1")
        welcome_boss(ledger)
        assert [bell.record_id for bell in ledger.take_bells("worker", NOW, limit=10)] == ["1"]
        ledger.hold_back(PEOPLE, {(HUBSPOT, "1"): [Awaited(PEOPLE, HUBSPOT, "8")]}, NOW)
        ledger.clear_claims(PEOPLE)
        assert missed(ledger, "1") == []
