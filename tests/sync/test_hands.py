"""A worker beside its queue: it hears by itself, remembers by itself, and leaves nothing held."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from connector.port import System
from sync import hands as hands_module
from sync.hands import OVERDUE, UNHEARD, Hands
from sync.lanes import Lane
from sync.ledger import Ledger, LedgerUnavailable, Ring
from tests.sync.bridge import sqlite_url
from tests.sync.clocked import CHANGES, COMPARE, TABLE, Clocked
from tests.sync.embedded import ROOT, soon
from tests.sync.test_rounds import paired
from tests.sync.working import hands_of

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
EVERYTHING = [chore.name for chore in TABLE]
# A worker that takes every bell and holds the first pair, says so, and never comes to work.
OTHER_WORKER = """\
import sys
from datetime import datetime
from sync.holding import Holder
from sync.ledger import Ledger
now = datetime.fromisoformat(sys.argv[2])
holder = Holder(Ledger.open(sys.argv[1]), lambda: now)
bells = holder.ledger.take_bells(holder.name, now, limit=100)
holder.hold_pairs([1])
print(len(bells), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def clocked(tmp_path: Path) -> Clocked:
    return Clocked(sqlite_url(tmp_path))


@pytest.fixture
def hands(clocked: Clocked) -> Hands:
    """A worker without any queue."""
    return hands_of(clocked)


def edited(clocked: Clocked, lane: Lane = Lane.LIVE) -> str:
    """Somebody in line was edited in HubSpot and rang; answers the Lead to watch."""
    left, right = paired(clocked, first="Ann")
    clocked.hubspot.edit("contacts", left, {"first": "Anna"})
    clocked.ledger.ring([Ring(HUBSPOT, "contacts", left, lane)], clocked.time())
    return right


def first_name(clocked: Clocked, lead: str) -> object:
    return clocked.salesforce.records("Lead")[lead]["first"]


# Ears --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lane", list(Lane))
def test_what_rang_and_nobody_came_for_is_taken_over(
    clocked: Clocked, hands: Hands, lane: Lane
) -> None:
    """The queue is gone or busy: the ears bring it in line, in any lane, but not in haste."""
    lead = edited(clocked, lane)
    hands.listen()
    assert first_name(clocked, lead) == "Ann"
    clocked.wait(UNHEARD)
    hands.listen()
    assert first_name(clocked, lead) == "Anna"
    assert clocked.bells() == 0


@pytest.mark.parametrize("lane", [Lane.CONSENT, Lane.HANDOFF, Lane.LIVE])
def test_a_long_compare_in_the_main_thread_delays_nobody(
    clocked: Clocked, hands: Hands, lane: Lane
) -> None:
    """What rings in the middle of it arrives in the middle of it."""
    left, right = paired(clocked, first="Ann")
    clocked.hubspot.seed("contacts", {"email": "bob@example.com"})
    clocked.resync()
    clocked.edit_mapping()
    arrived: list[object] = []

    def in_the_middle() -> None:
        clocked.while_comparing = lambda: None
        clocked.hubspot.edit("contacts", left, {"first": "Anna"})
        clocked.ledger.ring([Ring(HUBSPOT, "contacts", left, lane)], clocked.time())
        clocked.wait(UNHEARD)
        ears = threading.Thread(target=hands.listen)
        ears.start()
        ears.join()
        arrived.append(first_name(clocked, right))

    clocked.while_comparing = in_the_middle
    hands.chore(COMPARE)
    assert arrived == ["Anna"]
    assert clocked.outcome(COMPARE) == "done"


@pytest.mark.parametrize(
    ("at", "rung", "name"),
    [
        (Lane.LIVE, Lane.CONSENT, "Anna"),
        (Lane.LIVE, Lane.LIVE, "Ann"),
        (Lane.CONSENT, Lane.LIVE, "Anna"),
        (Lane.HANDOFF, Lane.BACKFILL, "Anna"),
    ],
)
def test_while_the_main_thread_looks_only_what_it_would_delay_is_taken_over(
    clocked: Clocked, hands: Hands, at: Lane, rung: Lane, name: str
) -> None:
    """Its large batches are not cut up; but nobody waits behind a steady stream of urgent ones."""
    left, right = paired(clocked, first="Ann")
    stranger = clocked.hubspot.seed("contacts", {"email": "bob@example.com"})
    clocked.ledger.ring([Ring(HUBSPOT, "contacts", stranger, at)], clocked.time())
    seen: list[object] = []

    def in_the_middle() -> None:
        clocked.salesforce.before_write = None
        clocked.hubspot.edit("contacts", left, {"first": "Anna"})
        clocked.ledger.ring([Ring(HUBSPOT, "contacts", left, rung)], clocked.time())
        clocked.wait(UNHEARD)
        ears = threading.Thread(target=hands.listen)
        ears.start()
        ears.join()
        seen.append(first_name(clocked, right))

    clocked.salesforce.before_write = in_the_middle
    hands.look(at)
    assert seen == [name]


def test_ears_that_are_asked_to_stop_leave_the_rest_on_file(clocked: Clocked, hands: Hands) -> None:
    """Nothing is begun any more; what rang is there for the next worker."""
    edited(clocked)
    clocked.wait(UNHEARD)
    hands.stopping.set()
    hands.listen()
    assert clocked.bells() == 1


# Heart -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["beat", "start"])
def test_what_a_killed_worker_held_comes_free_with_the_next_beat_and_the_next_start(
    clocked: Clocked, hands: Hands, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bells and its pairs, at once: nobody waits for its lease to end."""
    monkeypatch.setattr(Hands, "_has", lambda _hands, _thread: False)
    lead = edited(clocked)
    with subprocess.Popen(
        [sys.executable, "-c", OTHER_WORKER, clocked.url, clocked.time().isoformat()],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "1\n"
        clocked.wait(UNHEARD)
        hands.beat()
        hands.listen()
        assert first_name(clocked, lead) == "Ann"
        other.kill()
        other.wait()
        getattr(hands, by)()
        hands.listen()
    assert first_name(clocked, lead) == "Anna"


@pytest.mark.parametrize("thread", ["station", "ears"])
def test_what_a_long_living_worker_holds_stays_its_own(
    clocked: Clocked, hands: Hands, thread: str
) -> None:
    """Its work takes an hour: with every beat its bells and pairs are its own for longer."""
    lead = edited(clocked)
    other = clocked.new_station().holder
    beats: list[object] = []

    def an_hour() -> None:
        for _ in range(60):
            clocked.wait(timedelta(minutes=1))
            hands.beat()
            beats.append(clocked.ledger.take_bells(other.name, clocked.time(), limit=10))
            beats.append(other.hold_pairs([1]))

    clocked.salesforce.before_write = an_hour
    getattr(hands, thread).step()
    assert beats == [[], set()] * 60
    assert first_name(clocked, lead) == "Anna"


def test_a_silent_worker_of_another_machine_is_waited_for_two_minutes(
    clocked: Clocked, hands: Hands
) -> None:
    """It cannot be asked whether it lives, so only time tells."""
    lead = edited(clocked)
    clocked.ledger.take_bells("elsewhere#1#token", clocked.time(), limit=10)
    clocked.wait(timedelta(seconds=100))
    hands.beat()
    hands.listen()
    assert first_name(clocked, lead) == "Ann"
    clocked.wait(timedelta(seconds=21))
    assert hands.station.step()
    assert first_name(clocked, lead) == "Anna"


def waiting_unheard(clocked: Clocked) -> str:
    """Somebody waits, and nobody has rung for it any more; answers the Lead to watch."""
    lead = edited(clocked)
    clocked.ledger.pause([SALESFORCE], clocked.time())
    clocked.round()
    clocked.ledger.resume([SALESFORCE])
    clocked.wait(timedelta(minutes=1))
    clocked.ledger.wipe(clocked.ledger.take_bells("x", clocked.time(), limit=9), [], clocked.time())
    assert clocked.bells() == 0
    assert clocked.states()["hubspot"] == {"waiting": 1}
    return lead


@pytest.mark.parametrize("back", [timedelta(), timedelta(days=30)])
def test_whatever_waits_is_rung_for_within_half_a_minute(
    clocked: Clocked, hands: Hands, back: timedelta
) -> None:
    """Whoever forgot it, scheduler or not; a clock that was set back changes nothing."""
    hands.beat()
    lead = waiting_unheard(clocked)
    clocked.wait(-back)
    for _ in range(5):
        clocked.wait(timedelta(seconds=5.1))
        hands.beat()
    clocked.round()
    assert first_name(clocked, lead) == "Anna"


# Memory ------------------------------------------------------------------------------------------


def test_everything_is_done_by_the_clock_without_any_scheduler(
    clocked: Clocked, hands: Hands
) -> None:
    """Also what was never done before: 20 seconds are left to a scheduler, then memory does it."""
    hands.remember()
    assert clocked.due() == EVERYTHING
    clocked.wait(OVERDUE)
    hands.remember()
    assert clocked.due() == []
    clocked.wait(timedelta(seconds=70))
    hands.remember()
    assert clocked.due() == [CHANGES]
    clocked.wait(timedelta(seconds=11))
    hands.remember()
    assert clocked.due() == []


def test_memory_begins_nothing_when_asked_to_stop(clocked: Clocked, hands: Hands) -> None:
    """It stays due."""
    hands.remember()
    clocked.wait(OVERDUE)
    hands.stopping.set()
    hands.remember()
    assert clocked.due() == EVERYTHING


# Threads -----------------------------------------------------------------------------------------


def test_whatever_goes_wrong_the_next_time_is_another_chance(
    clocked: Clocked, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ledger that is away, a bug of ours: the threads go on, and end when they are asked to."""
    lead = edited(clocked)
    clocked.time.step = timedelta(milliseconds=50)
    for name in ("LISTENS", "BEATS", "REMEMBERS", "LEDGER_AGAIN"):
        monkeypatch.setattr(hands_module, name, 0.01)
    trouble = iter([LedgerUnavailable("restarting"), ZeroDivisionError("ann@example.com")])
    next_bell = clocked.ledger.next_bell

    def troubled(_ledger: Ledger, slowest: Lane) -> object:
        if (error := next(trouble, None)) is not None:
            raise error
        return next_bell(slowest)

    monkeypatch.setattr(Ledger, "next_bell", troubled)
    with capture_logs() as logs:
        hands.start()
        assert soon(lambda: first_name(clocked, lead) == "Anna")
        assert soon(lambda: not clocked.due())
        hands.stop()
    assert {"the ledger is away", "our bug"} <= {log["event"] for log in logs}
    assert [t.name for t in threading.enumerate() if t.name in {"ears", "heart", "memory"}] == []
    # The run under which it wrote is closed.
    assert all(
        run.finished_at is not None
        for number in range(1, 99)
        if (run := clocked.ledger.run(number)) is not None and run.kind == "live"
    )


def test_a_ledger_that_is_away_at_the_end_does_not_spoil_it(
    clocked: Clocked, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run stays open; nothing else is lost."""
    edited(clocked)
    hands.look(Lane.LIVE)

    def away(*_: object) -> None:
        raise LedgerUnavailable("gone")

    monkeypatch.setattr(Ledger, "finish_run", away)
    with capture_logs() as logs:
        hands.stop()
    assert [log["event"] for log in logs] == ["the ledger is away"]
