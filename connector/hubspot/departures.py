"""The cursor of "what was deleted since": looks into the recycling bin, and a walk for merges. Pure.

The bin is listed by id and cannot be filtered, so a look reads it from end to end and keeps what was
archived since the look before it began. That is dear for a full bin, so a call reads no more pages than
the time since the last one has earned, and a look may take several calls: the cursor then holds when it
``began`` and the ``page`` it goes on with. What is archived behind its back has a time after `began`,
and is met by the next look. Reference sheet, sections 7.2 and 10.

Times are milliseconds since 1970. A cursor is that of `connector.hubspot.walk` for the merges, with
these beside it; a plain one of that kind (`cursor_at`) stands for both.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

import orjson

from connector.hubspot.requests import milliseconds
from connector.hubspot.walk import LAG, Cursor

PAGES_A_MINUTE: Final = 10
"""Pages of the bin, of 100 records each, that a minute earns: at most 14,400 calls a day and object,
2.3 % of a professional account's (sheet, section 5.1). A bin of 1,000 is read at every look."""
MOST_PAGES: Final = 200
"""Pages of one call at most: a cron job that runs once in a night reads 20,000 records of the bin."""
KEPT: Final = 90 * 24 * 60 * 60 * 1000
"""How long a record stays in the bin (sheet, section 10)."""


@dataclass(frozen=True, slots=True)
class Look:
    """One reading of the bin, for what was archived from `since` on. Between two looks `began` is None.

    `asked` is when the last call was.
    """

    since: int
    began: int | None = None
    page: str | None = None
    asked: int = 0

    def begun(self, now: int) -> Look:
        """The look to take at `now`, or the rest of the one that was under way."""
        return self if self.began is not None else replace(self, began=max(now, self.since))

    def pages(self, now: int) -> int:
        """How many pages the call at `now` may read."""
        minutes = (now - max(self.asked, self.since)) // 60_000
        return min(max(minutes, 1) * PAGES_A_MINUTE, MOST_PAGES)

    def tells(self, archived_at: datetime | None) -> bool:
        """Whether a record of the bin is news; without a time it may be.

        Telling one twice is cheap, so an hour of overlap stands against clocks that disagree.
        """
        return archived_at is None or milliseconds(archived_at) >= self.since - LAG

    def after(self, page: str | None, now: int) -> Look:
        """Where the next call goes on, when this one ended before `page`; None: at the end."""
        if page is None and self.began is not None:
            return Look(self.began, asked=now)
        return replace(self, page=page, asked=now)

    def complete(self, now: int) -> bool:
        """Whether all that was archived since then is in the bin still."""
        return self.since >= now - KEPT


@dataclass(frozen=True, slots=True)
class Lookout:
    """Where the search for merges stands, and where the look into the bin does."""

    merges: Cursor
    bin: Look

    def text(self) -> str:
        held: dict[str, Any] = {**asdict(self.merges), "bin": asdict(self.bin)}
        return orjson.dumps(
            {name: value for name, value in held.items() if value is not None}
        ).decode()


def read_lookout(text: str) -> Lookout:
    """ValueError for a text that is no cursor of this system."""
    try:
        held = orjson.loads(text)
        look = held.pop("bin", None)
        merges = Cursor(**held)
        return Lookout(merges, Look(merges.since) if look is None else Look(**look))
    except (orjson.JSONDecodeError, AttributeError, TypeError) as error:
        raise ValueError("this is no HubSpot cursor") from error
