"""One time for all machines: the database's, where there is one that they share.

Leases, bells and chores are compared by the clocks of different processes. Two machines whose clocks
differ by five minutes would each take the other's leases for expired.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(slots=True)
class CommonClock:
    """This machine's clock, put right by what the database says. `ask` answers None where it has none.

    Until it was `set` for the first time it is this machine's alone.
    """

    own: Callable[[], datetime]
    ask: Callable[[], datetime | None]
    offset: timedelta = timedelta()

    def __call__(self) -> datetime:
        return self.own() + self.offset

    def set(self) -> None:
        """Compare both clocks; the answer was made half-way between asking and hearing it."""
        asked = self.own()
        told = self.ask()
        heard = self.own()
        if told is not None:
            self.offset = told - (asked + (heard - asked) / 2)
