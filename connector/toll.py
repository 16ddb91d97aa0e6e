"""The toll: what a sender asks before each call, so that all workers together stay inside the limits.

The senders of both vendors know this protocol and nothing of who keeps the budget behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

CallKind = Literal["read", "write", "search"]


class Toll(Protocol):
    """Paid before every attempt, retries included."""

    def pay(self, kind: CallKind) -> None:
        """Wait for the right to one call.

        Raises `TryLater` when the wait is too long for this caller, `SystemBlocked` (quota) when the
        day's calls are used up.
        """

    def told(self, limits: Mapping[str, int]) -> None:
        """What the vendor's answer said of the limits.

        Names: `daily_limit`, `daily_used`, `burst_limit`, `burst_left`; only those it told.
        """


class Free:
    """No toll at all: tests, and whoever has no budget to share."""

    def pay(self, kind: CallKind) -> None:
        """Nothing to wait for."""

    def told(self, limits: Mapping[str, int]) -> None:
        """Nothing to remember."""
