"""Which records were deleted: the windows in which `getDeleted` is asked, and its answers put together.

The resource ignores seconds, wants more than a minute between start and end, keeps 15 days (less where
the recycle bin was emptied) and refuses to list more than 600,000 ids at once (EXCEEDED_ID_LIMIT): the
window is halved then. Reference sheet, section 2.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.errors import Rejected
from connector.salesforce.gateway import Gateway
from connector.salesforce.wire import moment, to18

# The log goes back 15 days by Salesforce's clock; ours may be behind it.
KEPT = timedelta(days=15) - timedelta(hours=1)
# More than a minute has to lie between two ends of which the seconds are ignored.
SHORTEST = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Span:
    """A window of time. `whole` is False where it begins later than we wanted to know of."""

    start: datetime
    end: datetime
    whole: bool = True

    def halves(self) -> tuple[Span, Span] | None:
        """Both halves, or None when they would be shorter than a window may be."""
        if self.end - self.start < 2 * SHORTEST:
            return None
        middle = self.start + (self.end - self.start) / 2
        return Span(self.start, middle), Span(middle, self.end)

    @property
    def asked(self) -> dict[str, str]:
        """The query of the call, in UTC."""
        return {
            name: at.astimezone(UTC).isoformat(timespec="seconds")
            for name, at in (("start", self.start), ("end", self.end))
        }

    def is_covered(self, until: datetime) -> bool:
        """Whether an answer that covers up to `until` was held back by no open transaction."""
        return until >= self.end.replace(second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Departed:
    """Ids that were deleted, up to when that is all of them, and whether none were lost before."""

    ids: list[str]
    covered: datetime
    complete: bool


def span_since(since: datetime, now: datetime) -> Span:
    """The window from `since` to `now`, as far back as the log goes and as long as it has to be.

    A clock that was set back must not leave a gap: the window then begins a little before `now`.
    """
    oldest = now - KEPT
    return Span(max(min(since, now - SHORTEST), oldest), now, whole=since >= oldest)


def departed(gateway: Gateway, object_name: str, span: Span) -> Departed:
    """Ask for a window, and for its halves where it holds too many.

    A window too short to be halved that holds too many all the same is left out, and not complete.
    """
    ids: list[str] = []
    complete, covered = span.whole, span.end
    spans = [span]
    while spans:
        one = spans.pop()
        try:
            answer = gateway.call("GET", f"sobjects/{object_name}/deleted", params=one.asked)
        except Rejected as refused:
            if not _holds_too_many(refused):
                raise
            halves = one.halves()
            complete = complete and halves is not None
            spans += reversed(halves or ())
            continue
        ids += [to18(str(row["id"])) for row in answer.get("deletedRecords") or ()]
        until = moment(answer.get("latestDateCovered")) or one.start
        # Held back to the start of a transaction that still runs: what it deletes is not told yet.
        if one.end == span.end or not one.is_covered(until):
            covered = min(covered, until)
        complete = complete and _reaches_back(answer, one)
    return Departed(list(dict.fromkeys(ids)), covered, complete)


def _holds_too_many(refused: Rejected) -> bool:
    return refused.reason.startswith("EXCEEDED_ID_LIMIT")


def _reaches_back(answer: Mapping[str, Any], span: Span) -> bool:
    """Whether the log still holds the beginning of the window."""
    earliest = moment(answer.get("earliestDateAvailable"))
    return earliest is None or earliest <= span.start
