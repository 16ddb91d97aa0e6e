"""The search index: a copy of the truth that runs late, and not evenly.

Only records with changes on their way are held here; of all others the truth is the index. Each change
arrives after 50 to 150 % of the lag, so that records surface out of order (reference sheet, section 9).
"""

from __future__ import annotations

import random
from typing import NamedTuple


class Change(NamedTuple):
    """The values that the index will show from `due` on."""

    due: int
    values: dict[str, str]


class _Late:
    """What the index shows of one record (None: nothing yet), and what is on its way."""

    __slots__ = ("coming", "shown")

    def __init__(self, shown: dict[str, str] | None) -> None:
        self.shown = shown
        self.coming: list[Change] = []


class LaggingIndex:
    """The index of one table. `lag` in milliseconds; 0 means it is never late."""

    def __init__(self, lag: int, dice: random.Random) -> None:
        self.lag = lag
        self._dice = dice
        self._late: dict[int, _Late] = {}

    @property
    def orderly(self) -> bool:
        """Whether ties come back in id order; a lagging index shuffles them."""
        return self.lag == 0

    def note(
        self, number: int, before: dict[str, str] | None, after: dict[str, str], now: int
    ) -> None:
        """A record changed from `before` (None: it is new) to `after`."""
        if self.lag <= 0:
            return
        late = self._late.get(number)
        if late is None:
            late = self._late[number] = _Late(before)
        floor = late.coming[-1].due if late.coming else 0
        due = now + round(self.lag * (0.5 + self._dice.random()))
        late.coming.append(Change(max(floor, due), dict(after)))

    def forget(self, number: int) -> None:
        self._late.pop(number, None)

    def settle(self, now: int) -> None:
        """Let everything in that is due."""
        for number, late in list(self._late.items()):
            while late.coming and late.coming[0].due <= now:
                late.shown = late.coming.pop(0).values
            if not late.coming:
                del self._late[number]

    def shows(self, number: int, truth: dict[str, str]) -> dict[str, str] | None:
        """What a search sees of a record, None if nothing yet. Call `settle` first."""
        late = self._late.get(number)
        return truth if late is None else late.shown
