"""What both practice orgs share: the clock they stamp with, the log of calls, the faults on order.

A fault is ordered with `POST /faults` and lasts for `times` matching calls::

    {"system": "hubspot", "kind": "status", "match": "POST .*/batch/update", "times": 2,
     "skip": 0, "status": 429, "headers": {"Retry-After": "3"}, "body": {...}}

Kinds that every org knows: ``status`` (answer this status and body without doing anything; a body
that is text goes out as HTML), ``lost_answer`` (do the work, then cut the connection), ``html_200``
(do nothing, answer 200 with an HTML page), ``slow`` (wait `seconds` first). Each org adds its own
(``lock``, ``late_commit``, ``expired_session``, ``ignore_write`` ...), see there.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


def system_clock() -> datetime:
    """The real time in UTC: the default clock of a practice org."""
    return datetime.now(UTC)


Clock = Callable[[], datetime]


class CallLog:
    """Counts calls by ``METHOD path`` with ids left out, and in total. Thread safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self.total = 0

    def note(self, method: str, route: str) -> None:
        with self._lock:
            self._counts[f"{method} {route}"] += 1
            self.total += 1

    def as_json(self) -> dict[str, Any]:
        with self._lock:
            return {"total": self.total, "by_call": dict(sorted(self._counts.items()))}

    def clear(self) -> None:
        with self._lock:
            self._counts.clear()
            self.total = 0


@dataclass
class Fault:
    """One ordered misbehaviour; `options` holds what its kind needs beyond the common keys."""

    kind: str
    match: re.Pattern[str]
    times: int = 1
    skip: int = 0
    options: dict[str, Any] = field(default_factory=dict)


class FaultPlan:
    """The faults on order for one org, taken in the order in which they were given."""

    def __init__(self, kinds: frozenset[str]) -> None:
        self.kinds = kinds
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def order(self, spec: Mapping[str, Any]) -> None:
        """Put a fault on order. Raises ValueError naming what is wrong with the spec."""
        kind = spec.get("kind")
        if kind not in self.kinds:
            raise ValueError(f"unknown fault kind {kind!r}; known: {', '.join(sorted(self.kinds))}")
        options = {k: v for k, v in spec.items() if k not in {"kind", "match", "times", "skip"}}
        try:
            match = re.compile(str(spec.get("match", ".*")))
        except re.error as error:
            raise ValueError(f"match is not a regular expression: {error}") from error
        fault = Fault(kind, match, int(spec.get("times", 1)), int(spec.get("skip", 0)), options)
        with self._lock:
            self._faults.append(fault)

    def take(self, call: str, *kinds: str) -> Fault | None:
        """The first fault of one of these kinds that wants this call (``METHOD /path``), used once."""
        with self._lock:
            for fault in self._faults:
                if fault.kind not in kinds or not fault.match.search(call):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()
