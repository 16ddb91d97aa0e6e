"""Sends the letters that are owed, each once as far as one can tell, and says which of them reach nobody.

::

    on file   with the entry it tells of, or before a clock's step counts as told
    taken     by one worker, for some minutes; who dies with it leaves it to the next
    written   at that moment (`sync.composing`): no news any more, no letter
    sent      or tried again later, slower and slower, or parked with the reason

A worker that dies between sending and saying so sends it once more: a mail has the same id then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import random
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from connector.errors import ConnectorError, TryLater
from connector.http import RetryPolicy
from lifecycle.clocks import REASSIGN
from lifecycle.definition import Definition
from lifecycle.errands import MARKETING, SALES, Errand, Kind
from lifecycle.port import LifecycleStore
from lifecycle.store.outbox import MOOT, SENT
from lifecycle.wording import BadLink
from lifecycle.worktime import is_working_day
from sync.acquaintance import Acquaintance
from sync.composing import Composer
from sync.figures import last_week, sellers
from sync.lanes import Lane, in_lane
from sync.ledger import LedgerError
from sync.outward import NotSent
from sync.timekeeping import Rung
from sync.ways import Ways

log = structlog.get_logger()

# Letters taken at once, and for how long: longer than all of them take on a slow way.
AT_ONCE: Final = 5
LEASE: Final = timedelta(minutes=5)
# A letter that reached nobody for so long is old news.
LATEST: Final = timedelta(days=3)
KEPT: Final = timedelta(days=30)
# Of letters that are held so many are counted.
MOST: Final = 1_000
PATIENCE: Final = RetryPolicy(first=10.0, ceiling=1_800.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Postman:
    """Whoever sends. `about` gathers what is known, by the definition in force; None: none is."""

    store: LifecycleStore
    composer: Composer
    ways: Ways
    about: Callable[[], Acquaintance | None]
    clock: Callable[[], datetime]
    # Nothing leaves the house: the mode is `observe`. What is owed stays on file.
    holds: bool = False
    stop: Callable[[], bool] = lambda: False
    dice: Callable[[], float] = random

    # What is owed -------------------------------------------------------------------------------

    def call(self, definition: Definition, rung: Sequence[Rung]) -> None:
        """Put on file that these steps of clocks are to be told. Raises `LedgerError`."""
        now = self.clock()
        self.store.put_letters(
            [self._step(one, whom, now) for one in rung for whom in _readers(one, definition)]
        )

    def _step(self, rung: Rung, whom: str, now: datetime) -> Errand:
        timer, ring = rung.timer, rung.ring
        about = f"{timer.clock}:{timer.subject.kind}:{timer.subject.key}:{timer.entry}"
        return Errand(
            f"clock:{about}:{ring.step}:{whom}",
            "clock",
            whom,
            now,
            timer.subject,
            timer.entry,
            timer.clock,
            ring.step,
            ring.ask is not None,
        )

    def notes(self) -> int:
        """Put on file that sellers get their morning, and both heads their week; once a day and a week.

        Nobody gets one on a day on which nobody works, or while letters are held. Answers how many are new.
        """
        about, now = self.about(), self.clock()
        if about is None or not self.ways.are_set:
            return 0
        if self.holds:
            log.warning("letters are held", mode="observe", owed=len(self.store.owed(MOST)))
            return 0
        definition = about.definition
        today = now.astimezone(ZoneInfo(definition.calendar.zone)).date()
        self.store.forget_letters(now - KEPT)
        if not is_working_day(definition.calendar, today):
            return 0
        found = [self.note("morning", one, f"{today}", now) for one in sellers(self.store)]
        # Whoever slept on the first working day of a week tells of the last one on the next.
        found += self.weekly(f"{last_week(definition, now)[0]}", now)
        return self.store.put_letters(found)

    def weekly(self, day: str, now: datetime) -> list[Errand]:
        """The week's note, for both heads."""
        return [self.note("weekly", whom, day, now) for whom in (MARKETING, SALES)]

    def note(self, kind: Kind, whom: str, day: str, now: datetime) -> Errand:
        """One note; it is one for each day that it is asked for."""
        return Errand(f"{kind}:{day}:{whom}", kind, whom, now)

    # Sending ------------------------------------------------------------------------------------

    def deliver(self) -> int:
        """Send what is owed now; answers how many letters were taken. Raises `LedgerError`."""
        if self.holds or not self.ways.are_set:
            return 0
        done = 0
        while not self.stop():
            now = self.clock()
            some = self.store.take_letters(now, now + LEASE, AT_ONCE)
            if not some:
                break
            about = self.about()
            with in_lane(Lane.HANDOFF):
                for errand in some:
                    self._deliver(about, errand)
            done += len(some)
        return done

    def _deliver(self, about: Acquaintance | None, errand: Errand) -> None:
        now = self.clock()
        if now - errand.at > LATEST:
            self._park(errand, "too_late")
            return
        try:
            outcome = self._send(about, errand, now)
        except NotSent as error:
            self._not_sent(errand, str(error), error.after, is_final=error.is_final)
        except BadLink:
            self._park(errand, "bad_link")
        except TryLater as error:
            self._not_sent(errand, f"{error.system}_away", error.after)
        except ConnectorError as error:
            self._not_sent(errand, f"{error.system}_refused", 0.0)
        except LedgerError:
            raise
        except Exception:
            # One letter with a bug in it holds up nobody else's.
            log.exception("our bug", letter=errand.kind)
            self._not_sent(errand, "our_bug", 0.0)
        else:
            self.store.end(errand, outcome, self.clock())

    def _send(self, about: Acquaintance | None, errand: Errand, now: datetime) -> str:
        if about is None:
            raise NotSent("no_definition")
        way = self.ways.to(errand.whom, about.definition.owners)
        if way is None:
            raise NotSent("no_way", is_final=True)
        letter = self.composer.letter(about, errand, now)
        if letter is None:
            return MOOT
        way.send(letter, errand.id)
        log.info("letter sent", letter=errand.kind, way=way.name)
        return SENT

    def _not_sent(self, errand: Errand, why: str, after: float, *, is_final: bool = False) -> None:
        if is_final:
            self._park(errand, why)
            return
        wait = timedelta(seconds=PATIENCE.wait(min(errand.tries, 30), after, self.dice))
        log.info("letter not sent yet", letter=errand.kind, reason=why)
        self.store.again(errand, self.clock() + wait)

    def _park(self, errand: Errand, why: str) -> None:
        log.warning("letter reaches nobody", letter=errand.kind, reason=why)
        self.store.end(errand, why, self.clock())


def _readers(rung: Rung, definition: Definition) -> tuple[str, ...]:
    """Who is to know of a step of a clock; both, where a lead is taken from one to be somebody else's."""
    owner, manager = rung.timer.owner, SALES
    match rung.ring.whom:
        case "list":
            return ()
        case "owner":
            return (owner,)
        case "manager":
            found: tuple[str, ...] = (owner, manager) if rung.ring.ask is not None else (manager,)
        case whom if whom == REASSIGN:
            found = (owner, manager)
        case whom:
            return (whom,)
    # The owner of a department is told once.
    return tuple(
        dict.fromkeys(SALES if one == definition.owners["sales"] else one for one in found)
    )
