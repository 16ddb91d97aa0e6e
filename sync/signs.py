"""Signs of life: which parts run, which mappings they go by, and what the API budgets say.

They stand in the ledger, so that `status` tells them without asking Redis or any process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import orjson

from connector.port import System
from mappings.compile import Compiled
from sync.ledger import Ledger
from sync.tollkeeper import Budget

PART, MAPPING, BUDGET, FAULTS = "part:", "mapping:", "budget:", "mapping_faults"
# A part that said nothing for so long is not there any more.
SILENT = timedelta(seconds=30)
FORGOTTEN = timedelta(days=1)
# Seconds between two signs, so that many threads may ask for one.
EVERY = timedelta(seconds=5)

Kind = Literal["web", "worker", "scheduler"]


@dataclass(slots=True, kw_only=True)
class Signs:
    """One process's signs. `name` is its own; `mappings` answers what it goes by now."""

    ledger: Ledger
    kind: Kind
    name: str
    clock: Callable[[], datetime]
    mappings: Callable[[], Compiled]
    faults: Callable[[], str]
    budgets: Mapping[System, Budget]
    _since: datetime | None = None
    _told: datetime | None = None
    _hashes: dict[str, str] = field(default_factory=dict)
    _had_faults: bool = False

    def give(self) -> None:
        """Say that this process lives and what it knows. Raises `LedgerError`."""
        now = self.clock()
        # A clock that was set back must not silence us.
        if self._told is not None and abs(now - self._told) < EVERY:
            return
        self._since = self._since or now
        told = {"kind": self.kind, "since": self._since.isoformat(), "seen": now.isoformat()}
        self.ledger.set_fact(f"{PART}{self.name}", _text(told))
        if self.kind == "worker":
            self._tell_what_it_knows(now)
        self._forget_the_dead(now)
        self._told = now

    def _tell_what_it_knows(self, now: datetime) -> None:
        self._tell_of_mappings(now)
        for system, budget in self.budgets.items():
            snapshot = {"as_of": now.isoformat(), **budget.snapshot()}
            self.ledger.set_fact(f"{BUDGET}{system.value}", _text(snapshot))

    def leave(self) -> None:
        """This part ends."""
        self.ledger.forget_fact(f"{PART}{self.name}")

    def _tell_of_mappings(self, now: datetime) -> None:
        """A mapping gets a new version whenever a part takes up another text of it."""
        for mapping in self.mappings().mappings:
            if self._hashes.get(mapping.name) == mapping.hash:
                continue
            known = self.ledger.fact(f"{MAPPING}{mapping.name}")
            before: dict[str, Any] = {} if known is None else orjson.loads(known)
            if before.get("hash") != mapping.hash:
                told = {
                    "hash": mapping.hash,
                    "version": before.get("version", 0) + 1,
                    "since": now.isoformat(),
                }
                self.ledger.set_fact(f"{MAPPING}{mapping.name}", _text(told))
            self._hashes[mapping.name] = mapping.hash
        faults = self.faults()
        if faults:
            self.ledger.set_fact(FAULTS, faults)
        elif self._had_faults or self.ledger.fact(FAULTS):
            self.ledger.forget_fact(FAULTS)
        self._had_faults = bool(faults)

    def _forget_the_dead(self, now: datetime) -> None:
        for name, told in self.ledger.facts(PART).items():
            if now - datetime.fromisoformat(orjson.loads(told)["seen"]) > FORGOTTEN:
                self.ledger.forget_fact(f"{PART}{name}")


def parts_alive(ledger: Ledger, now: datetime) -> list[dict[str, Any]]:
    """The parts that gave a sign of life lately, as `status` shows them."""
    found = []
    for name, text in sorted(ledger.facts(PART).items()):
        told = orjson.loads(text)
        alive = now - datetime.fromisoformat(told["seen"]) <= SILENT
        found.append({"name": name, **told, "alive": alive})
    return found


def _text(told: Mapping[str, Any]) -> str:
    return orjson.dumps(told).decode()
