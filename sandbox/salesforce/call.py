"""A call and its answer as values, whether they came over the wire or inside a composite call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from sandbox.behaviour import Fault, FaultPlan
from sandbox.salesforce.answers import Refusal, bad_json
from sandbox.salesforce.auth import Session, Tokens
from sandbox.salesforce.garble import GARBLING, ROW_KINDS
from sandbox.salesforce.limits import Budget
from sandbox.salesforce.query import LARGEST, Queries
from sandbox.salesforce.state import Actor, State

LATE = 300.0


def lateness(fault: Fault | None) -> tuple[float, float]:
    """By how many seconds a write is stamped too early, and after how many it shows."""
    if fault is None:
        return 0.0, 0.0
    after = float(fault.options.get("after", 0.0))
    return float(fault.options.get("seconds", 0.0 if after else LATE)), after


@dataclass(frozen=True, slots=True)
class Rooms:
    """The parts of the org that answer calls."""

    state: State
    queries: Queries
    tokens: Tokens
    budget: Budget
    faults: FaultPlan


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes out. `body` None: nothing; text: HTML or XML as it is; anything else: JSON."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """What came in. `name` is ``METHOD /path`` as faults match it; `headers` by name in lower case."""

    rooms: Rooms
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    data: Any
    session: Session
    version: str = "62.0"

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def state(self) -> State:
        return self.rooms.state

    @property
    def base(self) -> str:
        return f"/services/data/v{self.version}"

    @property
    def everything(self) -> bool:
        """Whether the caller sees fields that field-level security hides."""
        return self.session.person

    def json(self) -> dict[str, Any]:
        """The body, which must be a JSON object."""
        body = self.data
        if isinstance(body, bytes):
            try:
                body = orjson.loads(body)
            except orjson.JSONDecodeError as error:
                raise bad_json(f"Unexpected character: {error.msg}") from error
        if not isinstance(body, dict):
            raise bad_json("Cannot deserialize instance of object")
        return body

    def actor(self) -> Actor:
        """Who writes, with the faults on order for this very call."""
        faults, name = self.rooms.faults, self.name
        late, after = lateness(faults.take(name, "late_commit"))
        mine = not self.session.person
        return Actor(
            user_id=self.session.user_id,
            person=self.session.person,
            assign=self.header("Sforce-Auto-Assign") or "TRUE",
            allow_save="allowsave=true"
            in self.header("Sforce-Duplicate-Rule-Header").lower().replace(" ", ""),
            row_fault=faults.take(name, *ROW_KINDS) if mine else None,
            garble=faults.take(name, *GARBLING) if mine else None,
            late=late,
            after=after,
        )

    def batch_size(self) -> int:
        """The hint of ``Sforce-Query-Options: batchSize=500``."""
        _, _, told = self.header("Sforce-Query-Options").partition("batchSize=")
        digits = told.split(",")[0].strip()
        return int(digits) if digits.isdigit() else LARGEST

    def header(self, name: str) -> str:
        """A header of the call, empty where it is missing. Names know no case."""
        return self.headers.get(name.lower(), "")

    def flag(self, name: str) -> bool:
        return self.query.get(name, "").lower() == "true"


def caseless(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers as a `Call` holds them."""
    return {name.lower(): value for name, value in headers.items()}


def of_refusal(refusal: Refusal) -> Reply:
    return Reply(refusal.status, refusal.body, refusal.headers)
