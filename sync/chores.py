"""What is done by the clock, and by whom: a chore is due by the ledger, and one worker at a time does it.

The scheduler and the queue only remind. When a chore was last done stands in the ledger, so a lost
reminder, a dead worker or a dead scheduler cost time and nothing else. How the systems' errors end a
chore::

    TryLater       the places polled before it are done; due again after the time that was asked for
    SystemBlocked  that system is left alone until it is back; the other side's places go on
    LedgerBusy     a person's run is at work; due again a minute later
    Rejected       an object or field that is not there any more: that place alone is left out
    Stopped        this process is to end: it stays due
    anything else  a bug of ours; due again some minutes later
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import structlog

from connector.errors import ConnectorError, SystemBlocked, TryLater
from connector.port import System
from sync.holding import Holder
from sync.lanes import in_lane
from sync.ledger import Ledger, LedgerBusy, LedgerError
from sync.poll import Place, Poll
from sync.resync import Compare, Report, Terms
from sync.station import Station
from sync.timetable import Chore, Done, named, next_due
from sync.workbench import COMPARED, SCHEMAS, Workbench

log = structlog.get_logger()

BUSY_AGAIN = timedelta(minutes=1)
FAILED_AGAIN = timedelta(minutes=5)
# Receipts of doorbells are kept for so long: long enough to ask where an event of last week went.
RECEIPTS_KEPT = timedelta(days=30)
FACT = "chore:"
COMPARE, RELATIONS = "compare", "relations"


class Stopped(Exception):
    """This process was asked to end: what it was at goes on elsewhere, or at the next start."""


class GuardStopped(Exception):
    """A compare would have changed too much: a person has to look at its plan first."""

    def __init__(self, report: Report) -> None:
        super().__init__("a guard stopped the compare before its first write")
        self.report = report


@dataclass(frozen=True, slots=True, kw_only=True)
class Chores:
    """Does the chores of one timetable.

    `bench` answers the workbench with the mappings in force, `compare` a full compare over it,
    `describe` looks at the live schemas anew and answers their fingerprint, `behaviour` asks HubSpot
    what its contacts did, `keep_website` deletes what is kept of the website no longer, `notes` puts the
    morning's notes on file, `roles` looks for people who were put on an opportunity.
    """

    ledger: Ledger
    holder: Holder
    station: Station
    bench: Callable[[], Workbench]
    compare: Callable[[], Compare]
    describe: Callable[[], str]
    timetable: Sequence[Chore]
    clock: Callable[[], datetime]
    zone: ZoneInfo
    observe: bool = False
    behaviour: Callable[[], object] = lambda: None
    keep_website: Callable[[], object] = lambda: None
    notes: Callable[[], object] = lambda: None
    roles: Callable[[], object] = lambda: None
    _doings: dict[str, Callable[[datetime], object]] = field(init=False)

    def __post_init__(self) -> None:
        doings: dict[str, Callable[[datetime], object]] = {
            "changes": self._poll_changes,
            "deletions": self._poll_deletions,
            COMPARE: self._compare_all,
            "schemas": self._look_at_schemas,
            "housekeeping": self._keep_house,
            RELATIONS: self._relate,
            "behaviour": lambda _began: self.behaviour(),
            "notes": lambda _began: self.notes(),
            "roles": lambda _began: self.roles(),
        }
        object.__setattr__(self, "_doings", doings)

    # When ---------------------------------------------------------------------------------------

    def next(self, chore: Chore, now: datetime) -> datetime:
        """When a chore is due; not after `now` where it is due already."""
        done = self.done(chore.name)
        if chore.name == RELATIONS and not self.bench().relations:
            return now + (chore.every or timedelta())
        if chore.name != COMPARE:
            return next_due(chore, done, self.zone, now)
        if self.unlike():
            return now if done is None or done.again is None else done.again
        return next_due(chore, counting_people(self.ledger, done), self.zone, now)

    def due(self) -> list[Chore]:
        """The chores that are due now and that nobody is at."""
        now = self.clock()
        return [
            chore
            for chore in self.timetable
            if self.next(chore, now) <= now and self.ledger.lease_holder(_lease(chore), now) is None
        ]

    def done(self, name: str) -> Done | None:
        """How a chore last went."""
        return how_it_went(self.ledger, name)

    def unlike(self) -> list[str]:
        """Mappings that were never compared whole as they are now, or over other schemas."""
        bench = self.bench()
        return [
            mapping.name
            for mapping in bench.mappings
            if mapping.mode != "off" and not bench.is_compared(mapping)
        ]

    # Doing --------------------------------------------------------------------------------------

    def do(self, name: str) -> bool:
        """Do a chore if it is due and nobody is at it; False where it was not."""
        chore = named(self.timetable, name)
        if chore is None:
            return False
        with suppress(LedgerBusy), self.holder.lease(_lease(chore)):
            began = self.clock()
            if self.next(chore, began) > began:
                return False
            with in_lane(chore.lane):
                outcome, again = self._try(name, began)
            self._note(name, began, outcome, again)
            log.info("chore", chore=name, outcome=outcome)
            return True
        return False

    def _try(self, name: str, began: datetime) -> tuple[str, datetime | None]:
        try:
            self._doings[name](began)
        except SystemBlocked as error:
            self.station.block(error)
            return f"{error.system}_{error.cause}", self.clock() + FAILED_AGAIN
        except TryLater as error:
            return "later", self.clock() + timedelta(seconds=max(1.0, error.after))
        except LedgerBusy:
            return "busy", self.clock() + BUSY_AGAIN
        except GuardStopped:
            return "guard", None
        except (Stopped, LedgerError):
            raise
        except ConnectorError as error:
            log.warning("refused", chore=name, system=error.system)
            return "refused", self.clock() + FAILED_AGAIN
        except Exception:
            # Noted like any other end, or it would be tried again and again without a pause.
            log.exception("our bug", chore=name)
            return "our_bug", self.clock() + FAILED_AGAIN
        return "done", None

    def _note(self, name: str, began: datetime, outcome: str, again: datetime | None) -> None:
        before = self.done(name)
        last = began if again is None else None if before is None else before.last
        told = {
            "began": began.isoformat(),
            "outcome": outcome,
            "last": None if last is None else last.isoformat(),
            "again": None if again is None else again.isoformat(),
        }
        self.ledger.set_fact(f"{FACT}{name}", orjson.dumps(told).decode())

    # The chores ---------------------------------------------------------------------------------

    def _poll_changes(self, _began: datetime) -> None:
        poll = Poll(self.bench())
        self._at_each_place(poll.places(), poll.changes)

    def _poll_deletions(self, _began: datetime) -> None:
        poll = Poll(self.bench())
        self._at_each_place([p for p in poll.places() if p.cursor is not None], poll.deletions)

    def _at_each_place(self, places: Sequence[Place], look: Callable[[Place], object]) -> None:
        """A system that is in trouble is left out; what the other side changed is rung for."""
        # With no bell about, nobody else would ask whether a system is back.
        self.station.blocked()
        away = {trouble.system for trouble in self.ledger.troubles()}
        error: TryLater | None = None
        for place in places:
            if place.system in away:
                continue
            try:
                look(place)
            except SystemBlocked as blocked:
                self.station.block(blocked)
                away.add(System(blocked.system))
            except TryLater as later:
                away.add(System(later.system))
                error = later
            except ConnectorError:
                # Its cursor stands still; what is wrong is told when the schemas are looked at.
                log.warning("not polled", system=place.system.value, object=place.object)
        if error is not None:
            raise error

    def _compare_all(self, began: datetime) -> None:
        """The daily one over everything; between two of them, what was edited since."""
        chore = named(self.timetable, COMPARE)
        done = counting_people(self.ledger, self.done(COMPARE))
        regular = None if done is None else replace(done, again=None)
        unlike = self.unlike()
        if chore is not None and next_due(chore, regular, self.zone, began) <= began:
            self._compare([])
        elif unlike:
            self._compare(unlike)

    def _compare(self, names: Sequence[str]) -> None:
        terms = Terms(observe=self.observe, retry_parked=True, trigger="scheduler")
        report = self.compare().resync(names, terms)
        if report.guards:
            raise GuardStopped(report)

    def _relate(self, _began: datetime) -> None:
        """Ties have no events: they are looked at whole. What was refused waits for the nightly compare."""
        report = self.compare().relate([], Terms(observe=self.observe, trigger="scheduler"))
        if report.guards:
            raise GuardStopped(report)

    def _look_at_schemas(self, _began: datetime) -> None:
        self.ledger.set_fact(SCHEMAS, self.describe())

    def _keep_house(self, began: datetime) -> None:
        self.ledger.forget_receipts(began - RECEIPTS_KEPT)
        self.keep_website()
        for name in self.ledger.facts(COMPARED).keys() - self.bench().by_name().keys():
            self.ledger.forget_fact(f"{COMPARED}{name}")


def how_it_went(ledger: Ledger, name: str) -> Done | None:
    """How a chore last went; None where it was never done."""
    told = ledger.fact(f"{FACT}{name}")
    return None if told is None else _done(orjson.loads(told))


def counting_people(ledger: Ledger, done: Done | None) -> Done | None:
    """A resync of everything that a person ran is as good as the one by the clock."""
    run = ledger.last_run("resync")
    if run is None or run.outcome != "done" or not ledger.facts(COMPARED).keys() <= {*run.mappings}:
        return done
    if done is not None and done.last is not None and done.last >= run.started_at:
        return done
    again = None if done is None or done.began < run.started_at else done.again
    return Done(run.started_at, "done", run.started_at, again)


def schedule(
    ledger: Ledger, timetable: Sequence[Chore], zone: ZoneInfo, now: datetime
) -> list[dict[str, Any]]:
    """When what was done and is due next, as `status` shows it, in business time."""
    rows: list[dict[str, Any]] = []
    for chore in timetable:
        done = how_it_went(ledger, chore.name)
        known = counting_people(ledger, done) if chore.name == COMPARE else done
        due = next_due(chore, known, zone, now)
        rows.append(
            {
                "chore": chore.name,
                "last": None if known is None else known.began.astimezone(zone).isoformat(),
                "outcome": None if known is None else known.outcome,
                "next": due.astimezone(zone).isoformat(timespec="seconds"),
                "at_it": ledger.lease_holder(_lease(chore), now) is not None,
            }
        )
    return rows


def _lease(chore: Chore) -> str:
    return f"{FACT}{chore.name}"


def _done(told: dict[str, Any]) -> Done:
    return Done(
        datetime.fromisoformat(told["began"]),
        told["outcome"],
        None if told["last"] is None else datetime.fromisoformat(told["last"]),
        None if told["again"] is None else datetime.fromisoformat(told["again"]),
    )
