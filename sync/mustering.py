"""Everybody once, by a definition that has come into force.

The rules look at people with news of them. Whoever qualified before a definition was approved, or while an
installation only observed, has none: so everybody of whom anything is on file is gone through, a few at a
time and only while nobody's request waits. On one day no more of them are handed over than a new definition
brings back (`coming_back: per_day`); whoever is left has their turn on the next one. How far it is stands in
the ledger: who dies leaves it to whoever comes next. A version that comes into force meanwhile starts anew,
and so does an installation that goes live again after it observed for a while.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NamedTuple

import orjson
import structlog

from intent.model import Subject
from lifecycle.model import Stage
from sync.acquaintance import Acquaintance
from sync.lanes import Lane, in_lane
from sync.ledger import Ledger, LedgerBusy
from sync.ushering import LEASE, Usher

log = structlog.get_logger()

# The fact of the ledger that says how far it is.
MUSTER: Final = "muster"
# So many people are looked at in one go: a second of a worker's time.
AT_ONCE: Final = 20
# Whom no system could be asked about is looked at again after this.
SOON: Final = timedelta(minutes=1)


class Progress(NamedTuple):
    """How far it is by which definition; a blank `hash`: it begins anew. `after`: the key of the one who was
    looked at last; `today` of those who were `handed_over` were so on `day`, in business time.
    """

    hash: str
    definition: str
    began: str
    after: str | None = None
    looked_at: int = 0
    handed_over: int = 0
    day: str = ""
    today: int = 0
    is_over: bool = False


def progress_in(ledger: Ledger) -> Progress | None:
    """How far it was when a worker looked last; None: no definition has been in force."""
    found = ledger.fact(MUSTER)
    return None if found is None else Progress(**orjson.loads(found))


def progress_json(progress: Progress) -> dict[str, Any]:
    """The same for `status`, without what only a worker needs."""
    told = progress._asdict()
    return {
        name: told[name] for name in ("definition", "began", "looked_at", "handed_over", "is_over")
    }


@dataclass(frozen=True, slots=True)
class Muster:
    """One step of it at a time, by one worker at a time."""

    usher: Usher

    def step(self) -> int:
        """Look at some people; answers how many. 0: all were looked at, or something else goes first.

        Raises `LedgerError`; then they are looked at once more.
        """
        usher = self.usher
        about = usher.about()
        if about is None:
            self._begin_anew()
            return 0
        if self._progress(about).is_over:
            return 0
        # Whoever is stuck holds nobody up.
        if usher.store.asked(1, besides=usher.attention.waiting()):
            return 0
        with suppress(LedgerBusy), usher.hold(f"{LEASE}muster"), in_lane(Lane.BACKFILL):
            return self._step(about, self._progress(about))
        return 0

    def _begin_anew(self) -> None:
        """Nobody is judged at present: whoever qualifies meanwhile has no news when somebody judges again."""
        known = progress_in(self.usher.ledger)
        if known is not None and known.hash:
            told = orjson.dumps(known._replace(hash="")._asdict()).decode()
            self.usher.ledger.set_fact(MUSTER, told)

    def _progress(self, about: Acquaintance) -> Progress:
        known, definition = progress_in(self.usher.ledger), about.definition
        if known is not None and known.hash == definition.hash:
            return known
        return Progress(definition.hash, definition.name, self.usher.clock().isoformat())

    def _step(self, about: Acquaintance, so_far: Progress) -> int:
        day = self.usher.clock().astimezone(about.zone).date().isoformat()
        if so_far.day != day:
            so_far = so_far._replace(day=day, today=0)
        room = min(AT_ONCE, about.definition.coming.per_day - so_far.today)
        if room <= 0:
            return 0
        after = None if so_far.after is None else Subject("person", so_far.after)
        people = self.usher.people.everybody(room, after)
        handed_over = self._look_at(people) if people else 0
        so_far = so_far._replace(
            after=people[-1].key if people else so_far.after,
            looked_at=so_far.looked_at + len(people),
            handed_over=so_far.handed_over + handed_over,
            today=so_far.today + handed_over,
            is_over=not people,
        )
        self.usher.ledger.set_fact(MUSTER, orjson.dumps(so_far._asdict()).decode())
        if so_far.is_over:
            log.info("everybody was looked at", **progress_json(so_far))
        return len(people)

    def _look_at(self, people: Sequence[Subject]) -> int:
        """Ask the rules about these; answers how many were handed over by it."""
        usher = self.usher
        before = usher.store.standings(people)
        later = usher.judge(people).later
        if later:
            now = usher.clock()
            usher.people.tell((), {one: max(at, now + SOON) for one, at in later.items()}, now)
        return sum(
            one.stage is Stage.MQL and (who not in before or before[who].number < one.number)
            for who, one in usher.store.standings(people).items()
        )
