"""What a worker's threads do when the ledger, a system or a field was away in the middle of a look."""

from __future__ import annotations

from datetime import timedelta

import pytest
from redis import Redis

from connector.errors import Rejected
from connector.port import System
from sync.hands import UNHEARD, Hands
from sync.lanes import Lane
from sync.ledger import Ledger, LedgerUnavailable
from sync.ringer import Ringer
from tests.sync.clocked import Clocked
from tests.sync.test_hands import clocked, edited, first_name, hands

SALESFORCE = System.SALESFORCE
__all__ = ["clocked", "hands"]


def test_what_a_look_left_behind_while_the_ledger_was_away_comes_free(
    clocked: Clocked, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A living worker does not keep what it does not know any more that it has."""
    lead = edited(clocked)

    def away(*_: object, **__: object) -> None:
        raise LedgerUnavailable("locked")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "release_many", away)
        patch.setattr(Ledger, "wipe", away)
        patch.setattr(Ledger, "agree", away)
        with pytest.raises(LedgerUnavailable):
            hands.ears.step()
    for _ in range(60):
        clocked.wait(timedelta(seconds=5))
        hands.beat()
    hands.station.step()
    hands.ears.step()
    assert first_name(clocked, lead) == "Anna"
    assert clocked.bells() == 0


def test_what_a_failed_look_held_on_a_quiet_day_is_taken_up_again(
    clocked: Clocked, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No other bell rings afterwards that would make anybody look."""
    lead = edited(clocked)
    clocked.wait(UNHEARD)

    def away(*_: object, **__: object) -> None:
        raise LedgerUnavailable("locked")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "known", away)
        with pytest.raises(LedgerUnavailable):
            hands.listen()
    for _ in range(60):
        clocked.wait(timedelta(seconds=5))
        hands.beat()
        hands.listen()
    assert first_name(clocked, lead) == "Anna"


def test_before_a_blocked_system_the_queue_rests(clocked: Clocked, hands: Hands) -> None:
    """A job that wakes itself again and again would burn a core until the block is over."""
    edited(clocked)
    clocked.wait(UNHEARD)
    rung: list[object] = []

    class Recorder(Ringer):
        def ring(self, lanes: object) -> bool:
            rung.append(lanes)
            return True

        def answered(self, lane: Lane) -> None:
            """Nobody waits for it."""

    hands.ringer = Recorder(Redis())
    clocked.ledger.block(SALESFORCE, "quota", "", clocked.time(), 3600)
    hands.look(Lane.LIVE)
    assert rung == []


def test_a_refused_read_is_looked_at_again_and_holds_up_nobody(
    clocked: Clocked, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A field was taken away in the live system: not an error that ends the look, and no hot loop."""
    lead = edited(clocked)

    def refuse(*_: object, **__: object) -> None:
        raise Rejected("no such column", system="hubspot", cause="no_such_field")

    with monkeypatch.context() as patch:
        patch.setattr(clocked.hubspot, "get_many", refuse)
        assert hands.station.step() is True
        assert hands.station.step() is False
    clocked.wait(timedelta(minutes=5))
    hands.station.step()
    assert first_name(clocked, lead) == "Anna"
