"""The toll: what a sender asks before each call, so that all workers together stay inside the limits.

The senders of both vendors know this protocol and nothing of who keeps the budget behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, Protocol, TypeVar

from connector.errors import TryLater

T = TypeVar("T")

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

        Names: `daily_limit`, `daily_used` (or `daily_left`), `burst_limit`, `burst_left`; only those
        it told. Told of every answer, refusals included.
        """


class Free:
    """No toll at all: tests, and whoever has no budget to share."""

    def pay(self, kind: CallKind) -> None:
        """Nothing to wait for."""

    def told(self, limits: Mapping[str, int]) -> None:
        """Nothing to remember."""


FREE = Free()
"""The toll of who has none: it keeps nothing, so that all may share it."""


class NotNow(Exception):
    """What `pay` refused, on its way past the sender's retries: whoever keeps the toll has waited already."""

    def __init__(self, refused: TryLater) -> None:
        super().__init__(refused.message)
        self.refused = refused


def pay_once(toll: Toll, kind: CallKind) -> None:
    """Pay for one attempt, within `past_retries`. Raises `NotNow` and `SystemBlocked`."""
    try:
        toll.pay(kind)
    except TryLater as refused:
        raise NotNow(refused) from refused


def past_retries(send: Callable[[], T]) -> T:
    """The answer of `send`, which repeats what fails; a toll that was refused is raised as it is."""
    try:
        return send()
    except NotNow as error:
        raise error.refused from None
