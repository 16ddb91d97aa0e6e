"""The five lanes of work, the most urgent first. Pure.

Consent and hand-offs never wait behind anything else: neither in the queue nor at the API budget.
"""

from __future__ import annotations

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
