"""Looks at many people in few calls, and lets nobody wait behind one whom a system does not answer about.

::

    together   whoever was never in trouble is read ahead in batches, and then looked at one by one
    alone      whoever was in trouble before, after all the others
    later      whoever cannot be looked at: again after a second, then less and less often

A system that is away is no fault of anybody's: the first one whom it does not answer about ends the look, and
the others are looked at soon. What is remembered here is how often somebody was in trouble; a worker that
starts anew asks about everybody once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import structlog

from connector.errors import ConnectorError, Rejected, TryLater
from intent.model import Subject
from sync.acquaintance import Acquaintance

log = structlog.get_logger()

SOON: Final = timedelta(seconds=1)
LATEST: Final = timedelta(minutes=10)
DOUBLINGS: Final = 12
# Act on one person, knowing what was read ahead.
Act = Callable[[Acquaintance, Subject], object]


class _Trouble(NamedTuple):
    times: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Attention:
    """One worker's. May be shared between threads: what one forgets of the other costs a look."""

    clock: Callable[[], datetime]
    _trouble: dict[Subject, _Trouble] = field(default_factory=dict)

    def waiting(self) -> frozenset[Subject]:
        """Whom not to look at now."""
        now = self.clock()
        return frozenset(one for one, found in self._trouble.copy().items() if found.until > now)

    def give(
        self, about: Acquaintance, subjects: Iterable[Subject], act: Act
    ) -> Mapping[Subject, datetime]:
        """Act on each of these; answers whom it could not be done about, and when to try again.

        `act` may raise what systems raise; it is not called for those who wait.
        """
        wanted = list(dict.fromkeys(subjects))
        alone = [one for one in wanted if one in self._trouble]
        together = [one for one in wanted if one not in self._trouble]
        later: dict[Subject, datetime] = {}
        ahead = about
        for place, one in enumerate(queue := [*together, *alone]):
            if one in self.waiting():
                later[one] = self._trouble[one].until
                continue
            try:
                if place < len(together):
                    ahead = self._ahead(ahead, about, together[place:])
                act(ahead if place < len(together) else about, one)
            except ConnectorError as error:
                later[one] = self._again(one, error)
                if not isinstance(error, Rejected):
                    return later | self._left(queue[place + 1 :])
            else:
                self._trouble.pop(one, None)
        return later

    def _ahead(
        self, ahead: Acquaintance, about: Acquaintance, rest: Sequence[Subject]
    ) -> Acquaintance:
        """What was read of these, as long as it may be acted upon; else all the rest is read anew."""
        if len(rest) == 1 or ahead.is_fresh(self.clock()):
            return ahead
        try:
            return about.ahead(rest, self.clock)
        except Rejected:
            # One of them it is, and nobody knows who: each reads for themselves for a while.
            return about.alone(self.clock())

    def _again(self, one: Subject, error: ConnectorError) -> datetime:
        known = self._trouble.get(one)
        times = 1 if known is None else known.times + 1
        wait = min(SOON * 2.0 ** min(times - 1, DOUBLINGS), LATEST)
        if isinstance(error, TryLater):
            wait = max(wait, timedelta(seconds=error.after))
        log.warning("somebody is looked at later", system=error.system, times=times)
        until = self.clock() + wait
        self._trouble[one] = _Trouble(times, until)
        return until

    def _left(self, others: Sequence[Subject]) -> dict[Subject, datetime]:
        """Who was not looked at for no fault of theirs."""
        soon = self.clock() + SOON
        waits = {one: self._trouble[one].until for one in others if one in self._trouble}
        return {one: max(soon, waits.get(one, soon)) for one in others}
