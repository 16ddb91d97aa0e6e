"""The cursor of "what changed since": windows of time, walked by id. Pure.

HubSpot's search is a lagging index: a change shows up seconds later as a rule, and up to an hour later
at worst. So every walk begins `OVERLAP` before the end of the one before it, and every half hour a
*wide* walk goes back a whole `LAG`. Within a window the hits come by ascending id, and the next page
begins after the last id: that has no limit of 10,000, however many records share one millisecond, and
a record that changes during the walk is met again in the next one. Reference sheet, section 9.1.

Times are milliseconds since 1970. A cursor is JSON: ``since``, where the last walk ended; ``wide``,
where the last wide one did; and while a walk is under way its ``start``, its ``until`` and the ``last``
id that was delivered.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Final

import orjson

OVERLAP: Final = 2 * 60 * 1000
WIDE_EVERY: Final = 30 * 60 * 1000
LAG: Final = 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Cursor:
    """Between two walks `until` is None."""

    since: int
    wide: int
    start: int | None = None
    until: int | None = None
    last: int = 0

    def begun(self, now: int) -> Walk:
        """The walk to make at `now`, or the rest of the one that was under way."""
        if self.start is not None and self.until is not None:
            return Walk(self.start, self.until, self.last, self)
        is_wide = now - self.wide >= WIDE_EVERY
        start = min(self.since - OVERLAP, self.wide - LAG) if is_wide else self.since - OVERLAP
        # A clock that was set back must not leave a gap: the window never ends before it began.
        return Walk(max(0, start), max(now, self.since), 0, self)

    def text(self) -> str:
        return orjson.dumps({k: v for k, v in asdict(self).items() if v is not None}).decode()


@dataclass(frozen=True, slots=True)
class Walk:
    """One window from `start` to `until`, both included, of which ids up to `last` are done."""

    start: int
    until: int
    last: int
    origin: Cursor

    def after(self, last: int) -> Walk:
        return replace(self, last=last)

    @property
    def paused(self) -> Cursor:
        """Where to go on within this walk."""
        return replace(self.origin, start=self.start, until=self.until, last=self.last)

    @property
    def done(self) -> Cursor:
        """Where the next walk takes over."""
        was_wide = self.start <= self.origin.wide - LAG
        return Cursor(self.until, self.until if was_wide else self.origin.wide)


def cursor_at(now: int) -> Cursor:
    """The cursor of somebody who knows everything up to `now`."""
    return Cursor(now, now)


def read_cursor(text: str) -> Cursor:
    """ValueError for a text that is no cursor of this system."""
    try:
        return Cursor(**orjson.loads(text))
    except (orjson.JSONDecodeError, TypeError) as error:
        raise ValueError("this is no HubSpot cursor") from error
