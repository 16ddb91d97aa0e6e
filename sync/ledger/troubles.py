"""Systems that refuse us: why, since when, and when to ask again. Apart from a person's `pause`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, select

from connector.port import System
from sync.ledger.room import Room, from_json, to_json
from sync.ledger.runs import put
from sync.ledger.tables import fact

PREFIX = "blocked:"


class Trouble(NamedTuple):
    """A system that stops by itself and goes on by itself."""

    system: System
    cause: str
    advice: str
    since: datetime
    until: datetime


class Troubles(Room):
    """Notes and forgets what blocks a system."""

    def block(self, system: System, cause: str, advice: str, now: datetime, seconds: float) -> None:
        """Leave a system alone for so long; the beginning of the same trouble is kept."""
        known = {one.system: one for one in self.troubles()}.get(system)
        since = known.since if known is not None and known.cause == cause else now
        told = {
            "cause": cause,
            "advice": advice,
            "since": since.isoformat(),
            "until": (now + timedelta(seconds=seconds)).isoformat(),
        }
        with self._begin() as connection:
            put(
                connection,
                fact,
                ["name"],
                {"name": f"{PREFIX}{system.value}", "value": to_json(told)},
            )

    def unblock(self, system: System) -> bool:
        """The system is back; answers whether it had been away."""
        with self._begin() as connection:
            gone = connection.execute(
                delete(fact).where(fact.c.name == f"{PREFIX}{system.value}")
            ).rowcount
        return gone > 0

    def troubles(self) -> list[Trouble]:
        """Every system in trouble, also one whose time to ask again has come."""
        with self._look() as connection:
            rows = connection.execute(
                select(fact.c.name, fact.c.value).where(fact.c.name.like(f"{PREFIX}%"))
            ).all()
        found = []
        for row in rows:
            told = from_json(row.value)
            found.append(
                Trouble(
                    System(row.name.removeprefix(PREFIX)),
                    told["cause"],
                    told["advice"],
                    datetime.fromisoformat(told["since"]),
                    datetime.fromisoformat(told["until"]),
                )
            )
        return found
