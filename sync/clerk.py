"""Many threads that each have something to put on file share one transaction.

The first that comes puts on file whatever waits at that moment, its own and the others'; those who come
meanwhile wait for the next turn. So a hundred requests at once cost a few syncs of the disk instead of a
hundred, and nobody is answered before its own is on file.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class _Ticket(Generic[T]):
    item: T
    done: bool = False
    error: BaseException | None = None


@dataclass
class Clerk(Generic[T]):
    """`write` puts items on file, all or none. Safe to share between threads."""

    write: Callable[[Sequence[T]], object]
    _waiting: list[_Ticket[T]] = field(default_factory=list)
    _turn: threading.Condition = field(default_factory=threading.Condition)
    _busy: bool = False

    def put(self, item: T) -> None:
        """Return when the item is on file. Raises what `write` raised over it."""
        ticket = _Ticket(item)
        with self._turn:
            self._waiting.append(ticket)
            while self._busy and not ticket.done:
                self._turn.wait()
            if not ticket.done:
                self._busy = True
                ours, self._waiting = self._waiting, []
        if not ticket.done:
            self._serve(ours)
        if ticket.error is not None:
            raise ticket.error

    def _serve(self, tickets: Sequence[_Ticket[T]]) -> None:
        error: BaseException | None = None
        try:
            self.write([ticket.item for ticket in tickets])
        except BaseException as found:  # noqa: BLE001 - whatever it is, everybody is told
            error = found
        with self._turn:
            for ticket in tickets:
                ticket.done, ticket.error = True, error
            self._busy = False
            self._turn.notify_all()
