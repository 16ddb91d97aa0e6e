"""Safety belts: the totals of a plan against the limits of the contract. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.port import System
from mappings.schema import Limits

CREATES, DELETES, BLANKED, EMPTY = "creates", "deletes", "blanked", "empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What one plan would do to one mapping. Counts of records; `pairs` bound after the plan."""

    creates: Mapping[System, int]
    deletes: Mapping[System, int]
    blanked: int
    pairs: int
    live: Mapping[System, int]
    live_before: Mapping[System, int]
    first_run: bool

    def as_json(self) -> dict[str, Any]:
        """As it is stored with a plan."""
        return {
            "creates": _by_name(self.creates),
            "deletes": _by_name(self.deletes),
            "blanked": self.blanked,
            "pairs": self.pairs,
            "live": _by_name(self.live),
            "live_before": _by_name(self.live_before),
            "first_run": self.first_run,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Totals:
        """The inverse of `as_json`."""
        return cls(
            creates=_by_side(told["creates"]),
            deletes=_by_side(told["deletes"]),
            blanked=told["blanked"],
            pairs=told["pairs"],
            live=_by_side(told["live"]),
            live_before=_by_side(told["live_before"]),
            first_run=told["first_run"],
        )


def _by_name(counts: Mapping[System, int]) -> dict[str, int]:
    return {side.value: counts.get(side, 0) for side in System}


def _by_side(told: Mapping[str, int]) -> dict[System, int]:
    return {System(side): count for side, count in told.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tripped:
    """A guard that stops the run before the first write. `option` lifts it."""

    mapping: str
    guard: str
    system: str | None
    planned: int
    limit: int
    option: str

    def message(self) -> str:
        where = f" in {self.system}" if self.system else ""
        if self.guard == EMPTY:
            return (
                f"{self.mapping}: {self.system} shows no records, and it held {self.planned} at "
                f"the last run; if that is true, allow it with {self.option}"
            )
        return (
            f"{self.mapping}: this run would make {self.planned} {self.guard}{where}, the limit is "
            f"{self.limit}; look at the plan, and allow it with {self.option}"
        )


def check(
    mapping: str, totals: Totals, limits: Limits, allowed: Mapping[str, int]
) -> list[Tripped]:
    """Every guard that trips. `allowed` holds the numbers of `--allow`, which win over all limits."""
    tripped: list[Tripped] = []
    for system in System:
        target = totals.live.get(system, 0)
        creates = totals.creates.get(system, 0)
        limit = _limit(CREATES, max(500, target // 4), limits.creates, allowed)
        if creates > limit and not (totals.first_run and CREATES not in allowed):
            tripped.append(_trip(mapping, CREATES, system, creates, limit))
        deletes = totals.deletes.get(system, 0)
        limit = most_deletes(target, limits, allowed)
        if deletes > limit:
            tripped.append(_trip(mapping, DELETES, system, deletes, limit))
        before = totals.live_before.get(system, 0)
        if target == 0 and before > 0 and EMPTY not in allowed:
            tripped.append(_trip(mapping, EMPTY, system, before, 0, option="--allow empty=1"))
    limit = _limit(BLANKED, max(50, totals.pairs // 100), limits.blanked, allowed)
    if totals.blanked > limit:
        tripped.append(_trip(mapping, BLANKED, None, totals.blanked, limit))
    return tripped


def most_deletes(live: int, limits: Limits, allowed: Mapping[str, int]) -> int:
    """How many records of one side a run may delete, of so many live ones."""
    return _limit(DELETES, max(10, live // 100), limits.deletes, allowed)


def _limit(name: str, default: int, written: int | None, allowed: Mapping[str, int]) -> int:
    if name in allowed:
        return allowed[name]
    return default if written is None else written


def _trip(
    mapping: str,
    guard: str,
    system: System | None,
    planned: int,
    limit: int,
    option: str | None = None,
) -> Tripped:
    return Tripped(
        mapping=mapping,
        guard=guard,
        system=system.value if system else None,
        planned=planned,
        limit=limit,
        option=option or f"--allow {guard}={planned}",
    )
