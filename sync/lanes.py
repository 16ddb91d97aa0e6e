"""The five lanes of work, the most urgent first. Pure.

Consent and hand-offs never wait behind anything else: neither in the queue nor at the API budget.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum


class Lane(StrEnum):
    """Whose turn it is. The order of the members is the order of urgency."""

    CONSENT = "consent"
    HANDOFF = "handoff"
    LIVE = "live"
    RESYNC = "resync"
    BACKFILL = "backfill"

    @property
    def urgency(self) -> int:
        """0 is the most urgent; the ledger sorts by it."""
        return list(Lane).index(self)


URGENT = (Lane.CONSENT, Lane.HANDOFF)


_IN_FORCE: ContextVar[Lane] = ContextVar("lane", default=Lane.RESYNC)


@contextmanager
def in_lane(lane: Lane) -> Iterator[None]:
    """What is done in here is done for this lane; the API budget charges it there."""
    token = _IN_FORCE.set(lane)
    try:
        yield
    finally:
        _IN_FORCE.reset(token)


def lane_in_force() -> Lane:
    """The lane for which this thread works."""
    return _IN_FORCE.get()
