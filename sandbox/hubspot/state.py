"""Everything that a HubSpot account holds, without any rule about it: the rooms around it know those."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from sandbox.behaviour import Clock, Fault
from sandbox.hubspot.answers import to_ms
from sandbox.hubspot.index import LaggingIndex
from sandbox.hubspot.kinds import Kind, Kinds
from sandbox.hubspot.link_types import LinkTypes
from sandbox.hubspot.links import Freed, Links
from sandbox.hubspot.pipelines import Pipeline, built_in, made_of, offer
from sandbox.hubspot.properties import Schema, built_in_schema
from sandbox.hubspot.records import Source, Table

FIRST_ID = 734_900_000_000
SUBSCRIPTIONS = {
    "413098765": "Marketing Information",
    "413098766": "One to One",
    "413098767": "Customer Service Communication",
}

PERSON_ID = 71_000_001


@dataclass(frozen=True, slots=True)
class Actor:
    """Who writes, as history will tell it, and the fault that garbles what is stored, if any."""

    source: Source
    person: bool = False
    garble: Fault | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a record, for the webhooks. `details` go into the body as they are.

    `general`: it rings as ``object.*``, although its kind may have webhooks of its own.
    """

    kind: Kind
    what: str
    record_id: int
    at: int
    source: Source
    property_name: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    general: bool = False


class Said(NamedTuple):
    """When something was said about a subscription, through what, and on what legal basis."""

    at: int
    source: str
    basis: str | None = None
    explanation: str | None = None


@dataclass(slots=True)
class Preference:
    """What one address wants: out of everything, or out of (or in) single subscription types.

    `said` holds how that came about, by subscription type; under ``""`` of all e-mail.
    """

    all_out: bool = False
    states: dict[str, str] = field(default_factory=dict)
    said: dict[str, Said] = field(default_factory=dict)


@dataclass(slots=True)
class Owner:
    """One owner. `id` is what `hubspot_owner_id` holds; `user_id` is another number."""

    id: int
    user_id: int
    email: str
    first_name: str
    last_name: str
    created: int
    archived: bool = False
    type: str = "PERSON"


@dataclass(slots=True)
class RecordList:
    """One list. `members` are record ids -> since when; those of merged and deleted records are stale.

    Times in milliseconds; `deleted` None: it is there.
    """

    id: int
    name: str
    processing: str
    type_id: str
    created: int
    updated: int
    members: dict[int, int] = field(default_factory=dict)
    deleted: int | None = None


class State:
    """The account. `lock` guards all of it; whoever reads or writes holds it."""

    def __init__(
        self,
        *,
        clock: Clock,
        portal_id: int,
        app_id: int,
        search_lag: float,
        seed: int,
        tell: Callable[[Event], None],
    ) -> None:
        self.clock = clock
        self.portal_id = portal_id
        self.app_id = app_id
        self.tell = tell
        self.lock = threading.RLock()
        self.shuffle = True
        self.lifecycle_backwards: Literal["silent", "raise"] = "silent"
        self._search_lag = search_lag
        self._seed = seed
        self.clear()

    def clear(self) -> None:
        """Back to an account fresh from the shop: built-in properties, nothing else."""
        self.dice = random.Random(self._seed)
        self.kinds = Kinds(())
        self.tables: dict[str, Table] = {}
        self._last_ids: dict[str, int] = {}
        for kind in Kinds():
            self.add_kind(kind, built_in_schema(kind.name, SUBSCRIPTIONS))
        self.links = Links(LinkTypes())
        self.freed: dict[tuple[str, int], list[Freed]] = {}
        self.pipelines = built_in()
        for name in self.pipelines:
            offer(self.tables[name].schema, name, self.pipelines[name])
        self.lists: dict[int, RecordList] = {}
        self.schemas: dict[str, dict[str, Any]] = {}
        self.owners: dict[int, Owner] = {}
        self.preferences: dict[str, Preference] = {}
        self.blocked: set[str] = set()
        self.sent_events: list[dict[str, Any]] = []
        self.visits: list[dict[str, Any]] = []

    def add_kind(self, kind: Kind, schema: Schema, *aliases: str) -> Table:
        """A kind of records that the account has from now on."""
        self.kinds.add(kind, *aliases)
        index = LaggingIndex(round(self._search_lag * 1000), self.dice)
        self.tables[kind.name] = Table(kind, schema, index)
        self._last_ids[kind.name] = FIRST_ID
        return self.tables[kind.name]

    def make_pipeline(self, label: str, stages: Sequence[tuple[str, str]]) -> Pipeline:
        """One more pipeline for deals, of stages with label and probability."""
        number = 700_000_001 + 100 * len(self.pipelines["deals"])
        made = made_of(number, label, stages, self.now())
        self.pipelines["deals"].append(made)
        offer(self.tables["deals"].schema, "deals", self.pipelines["deals"])
        return made

    def table(self, kind: str) -> Table:
        """The table of a kind, by any of its names. 400 for an unknown word."""
        return self.tables[self.kinds.of(kind).name]

    @property
    def app(self) -> Source:
        return Source("INTEGRATION", str(self.app_id), "Practice app")

    @property
    def person(self) -> Source:
        return Source("CRM_UI", f"userId:{PERSON_ID}", None, PERSON_ID)

    @property
    def system(self) -> Source:
        return Source("CALCULATED", "practice-org")

    def now(self) -> int:
        """The present in milliseconds."""
        return to_ms(self.clock())

    def next_id(self, kind: str) -> int:
        """A fresh id: rising, with gaps, and unique within its kind only."""
        self._last_ids[kind] += self.dice.randint(1, 40)
        return self._last_ids[kind]
