"""The shared definition of "qualified", as values. Two departments write it down once and approve it both.

An admin writes it in ``definitions/*.yaml`` (see `lifecycle.load`). `hash` covers the text that was approved
and the definition of interest (``intent.yaml``) that its points come from: whoever changes either needs both
approvals anew. Sources: domain sheet, sections 2.2-2.7 and 3.12.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final, Literal, NamedTuple

from lifecycle.model import Stage, Trigger

Preset = Literal["waterfall", "jp_is_fs"]
Department = Literal["marketing", "sales"]
# What becomes of somebody who is sent back with a reason.
ReasonClass = Literal["recycle", "disqualify", "route", "suppress"]
# The reason that no person gives: nobody answered in time (domain sheet, T7).
NOT_WORKED: Final = "not_worked"

# The way forward, by preset: in many Japanese teams inside sales judges (SQL) before field sales accepts
# (SAL).
ORDER: Mapping[Preset, tuple[Stage, ...]] = {
    "waterfall": (
        Stage.KNOWN,
        Stage.LEAD,
        Stage.MQL,
        Stage.SAL,
        Stage.SQL,
        Stage.OPPORTUNITY,
        Stage.CUSTOMER,
    ),
    "jp_is_fs": (
        Stage.KNOWN,
        Stage.LEAD,
        Stage.MQL,
        Stage.SQL,
        Stage.SAL,
        Stage.OPPORTUNITY,
        Stage.CUSTOMER,
    ),
}


class Rule(NamedTuple):
    """A named condition of the mapping language over the facts of a person (`lifecycle.facts`)."""

    id: str
    when: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why somebody goes back, by a code that both systems share.

    `blames`: whether it counts against the quality of what marketing handed over. `cool_off` is None where
    nobody comes back by a rule. `months` are the fiscal months (1-12) at whose beginning it ends instead,
    where given; `before_renewal` is how long before the end of a contract elsewhere, `by_timeframe`: with the
    time frame that somebody named, where either is known. `triggers` bring somebody back when the cool-off
    is over. `times`: after so many of it, the reason disqualifies. `status` is what HubSpot's lead status
    becomes.
    """

    code: str
    ja: str
    en: str
    kind: ReasonClass
    blames: bool = False
    cool_off: timedelta | None = None
    months: tuple[int, ...] = ()
    before_renewal: timedelta | None = None
    by_timeframe: bool = False
    triggers: frozenset[Trigger] = frozenset()
    topics: frozenset[str] = frozenset()
    times: int | None = None
    status: str | None = None


class Question(NamedTuple):
    """One question of the gate: what it weighs, and how people call it."""

    key: str
    ja: str
    en: str
    weight: float
    is_core: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What has to be known before a hand-over (domain sheet, 2.5).

    A lead by score passes with `core` core questions known, or a reason sentence of `items` on `days`.
    SQL needs the `sql` questions and `sql_others` further ones; an opportunity needs the `opportunity` ones.
    """

    questions: tuple[Question, ...] = ()
    core: int = 2
    items: int = 2
    days: int = 2
    sql: tuple[str, ...] = ("need_problem", "next_step")
    sql_others: int = 2
    opportunity: tuple[str, ...] = ("need_problem", "timeframe", "decision_maker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When people work. `days` are 0 (Monday) to 6; `country` names the public holidays that count, and
    `closed` further days off.
    """

    zone: str = "Asia/Tokyo"
    days: frozenset[int] = frozenset({0, 1, 2, 3, 4})
    opens: time = time(9)
    closes: time = time(18)
    country: str | None = "JP"
    closed: frozenset[date] = frozenset()


Clock = Literal[
    "first_touch", "verdict", "qualify", "create_opportunity", "write_back", "nurture", "stale"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """How long something may take, in business minutes; `steps` are the shares (1 = the target itself) at
    which somebody is told, with whom: owner, manager, reassign, list, ops, marketing.
    """

    clock: Clock
    minutes: int
    steps: tuple[tuple[float, str], ...] = ()


class Route(NamedTuple):
    """Who gets a lead for which a condition holds: the first that fits and has room, in turn."""

    id: str
    when: str
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """How people come back. `engaged_days`: a review date needs interest that recent. `per_day` caps those
    whom a new definition brings back. After `most` recycles nobody does. `keep_days`: who rests that long and
    shows no interest meanwhile is kept no longer; None: nobody is put out by time alone.
    """

    most: int = 3
    engaged_days: int = 30
    per_day: int = 50
    keep_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One version of the shared definition. Any of `mql_any` makes an MQL, none of `mql_none` may hold.

    `name` is what both systems are told: id and version. `consent` is what has to be allowed, by dimension.
    `capacity`: leads that one seller may have open at once; None: no limit. `contacts` says where messages
    to a seller, a queue or a department go. `sets_owner` and `makes_task`: whether the record of whoever is
    handed over becomes the seller's in Salesforce, and whether a task of theirs says so.
    """

    id: str
    version: int
    effective_from: date
    hash: str
    owners: Mapping[Department, str]
    preset: Preset = "waterfall"
    consent: Mapping[str, str] = field(default_factory=dict)
    mql_any: tuple[Rule, ...] = ()
    mql_none: tuple[Rule, ...] = ()
    customer_any: tuple[Rule, ...] = ()
    gate: Gate = Gate()
    reasons: Mapping[str, Reason] = field(default_factory=dict)
    calendar: Calendar = Calendar()
    targets: Mapping[Clock, Target] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    capacity: int | None = None
    coming: Coming = Coming()
    a_list: int = 10
    sets_owner: bool = False
    makes_task: bool = False

    @property
    def name(self) -> str:
        return f"{self.id} v{self.version}"

    @property
    def order(self) -> tuple[Stage, ...]:
        return ORDER[self.preset]


def is_handed(definition: Definition, stage: Stage) -> bool:
    """Whether somebody is handed over by entering a stage: from marketing, or from inside to field sales."""
    return stage is Stage.MQL or (stage is Stage.SQL and definition.preset == "jp_is_fs")


class Approval(NamedTuple):
    """That a department agreed to the text of a definition, by its hash."""

    hash: str
    department: Department
    by: str
    at: datetime


class Kept(NamedTuple):
    """A version of the definition as it was put on file, with its text."""

    name: str
    hash: str
    text: str
    effective_from: datetime
    put_at: datetime
