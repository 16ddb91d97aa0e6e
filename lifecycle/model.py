"""The values of a lead's life between two departments: stages, ledger entries, requests, verdicts. Pure.

Glossary: a *stage* is where somebody stands by the shared definition; a *cycle* is one way from marketing to
sales, and the next one begins when somebody comes back. A *request* is what a person or a rule wants; the
machine (`lifecycle.machine`) answers with ledger *entries*, or with a refusal that names the reason. The
ledger is the truth: native fields of both systems only mirror it. Whom it is about is a subject of website
intent, so that a person is one and the same in both. Sources: domain sheet, sections 2.2-2.8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Literal, NamedTuple

from intent.model import Subject

__all__ = ["Subject"]


class Stage(StrEnum):
    """Where somebody stands. The order of `sal` and `sql` is a matter of the definition's preset."""

    KNOWN = "known"
    LEAD = "lead"
    MQL = "mql"
    SAL = "sal"
    SQL = "sql"
    OPPORTUNITY = "opportunity"
    CUSTOMER = "customer"
    RECYCLED = "recycled"
    DISQUALIFIED = "disqualified"
    ERASED = "erased"


class Role(StrEnum):
    """Who moves somebody: our own rules, one of the departments, or the job that erases people."""

    RULE = "rule"
    MARKETING = "mkt"
    INSIDE_SALES = "is"
    SALES = "sales"
    REVOPS = "revops"
    PRIVACY = "privacy"


# Where something was said: one of both systems, or here (a command, a page, a link in a message, a rule).
Source = Literal["hubspot", "salesforce", "kakehashi"]
Verdict = Literal["pending", "accept", "reject"]
# Where somebody rests who was sent back: with the inside sales team, or with marketing.
Hop = Literal["is", "marketing"]
# What is known of one question of the gate: an answer, that it was asked in vain, or nothing at all.
GateState = Literal["known", "asked_unknown", "not_asked"]
# The transition of an entry that leads nowhere: another day for looking again at whom was sent back.
REVIEW: Final = "review"
# What the id of a request begins with that was entered in a further record of somebody.
FURTHER_EDIT: Final = "further:"
# What brings somebody back (domain sheet, 2.7). `reroute`: nobody worked it, so that somebody else shall.
Trigger = Literal[
    "hand_raise",
    "surge",
    "topic",
    "review_date",
    "new_person",
    "definition",
    "gate_filled",
    "reroute",
    "by_hand",
]


class Answer(NamedTuple):
    """What is known of one question of the gate. `source`: form, call, enrichment, inference, seller."""

    state: GateState
    value: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a rule found. `days` counts different days on which the `items` fell, both after the last recycle.

    `hard_event` is the latest hand-raise. `last_at`: when somebody last showed interest at all.
    """

    items: int = 0
    days: int = 0
    hard_event: str | None = None
    hard_at: datetime | None = None
    surge_at: datetime | None = None
    topic: str | None = None
    topic_at: datetime | None = None
    last_at: datetime | None = None
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """That somebody shall stand elsewhere. Durable until it is decided, and decided once.

    `id` makes it one: the same edit, link or rule asked twice is one request. `at` is when it was meant in
    its source, `observed_at` when we heard of it. `reactivate_on` is a date that a person chose for looking
    again; `drops_day`: they took it away, and the reason's own time counts. `hop`: None leaves it to the
    preset where somebody rests. `opportunity` is the id of the Opportunity it is about. `evidence` stands
    where a rule asks.
    """

    id: str
    subject: Subject
    to: Stage
    role: Role
    actor: str
    source: Source
    at: datetime
    observed_at: datetime
    reason: str | None = None
    sub_reason: str | None = None
    comment: str | None = None
    reactivate_on: date | None = None
    drops_day: bool = False
    hop: Hop | None = None
    opportunity: str | None = None
    trigger: Trigger | None = None
    rules: tuple[str, ...] = ()
    evidence: Evidence | None = None
    # Whom it was handed to: a seller's address or a queue; set with `mql`.
    handed_to: str | None = None

    @property
    def is_further(self) -> bool:
        """Whether it was entered in a further record of somebody, to which nothing is written."""
        return self.id.startswith(FURTHER_EDIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of the ledger: that a subject entered a stage. Never changed; a correction is a new row.

    Three times are kept: `entered_at` (in its source, for the figures), `observed_at`, and when each system
    was told (kept beside, `lifecycle.port`). `number` counts a subject's entries from 1. `skipped`: entered
    only because somebody went past it. `conflict_with` is the request that lost against this one.
    `cool_until`: until then only a raised hand brings somebody back.
    """

    subject: Subject
    number: int
    cycle: int
    stage: Stage
    previous: Stage | None
    transition: str
    entered_at: datetime
    observed_at: datetime
    role: Role
    actor: str
    source: Source
    request_id: str
    definition: str
    reason: str | None = None
    sub_reason: str | None = None
    comment: str | None = None
    reactivate_on: date | None = None
    cool_until: datetime | None = None
    hop: Hop | None = None
    trigger: Trigger | None = None
    opportunity: str | None = None
    handed_to: str | None = None
    rules: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    skipped: bool = False
    conflict_with: str | None = None

    @property
    def is_review(self) -> bool:
        """Whether it only corrects until when somebody rests, and what is said of it."""
        return self.transition == REVIEW


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a subject stands now: its entries folded (`lifecycle.standing.fold`).

    `number` is that of the last entry, 0 where there is none. `accepted_by` is the seller of this cycle.
    `recycled` and everything after it is of the last time that somebody was sent back, in whatever cycle.
    `reviewed_at`: when a person chose `reactivate_on` anew since then. `reached_by`: as it was when somebody
    was put out for bad data.
    `rejected_by` never gets the same lead straight back without new evidence. `is_returned`: in play again
    after a recycle. `furthest` is how far towards the customer they ever came, whatever was said since.
    """

    subject: Subject
    stage: Stage = Stage.KNOWN
    since: datetime | None = None
    number: int = 0
    cycle: int = 1
    previous: Stage | None = None
    handed_to: str | None = None
    seen_at: datetime | None = None
    accepted_by: str | None = None
    opportunity: str | None = None
    verdict: Verdict | None = None
    recycle_count: int = 0
    recycled_at: datetime | None = None
    recycled_by: str | None = None
    rejected_by: str | None = None
    reason: str | None = None
    sub_reason: str | None = None
    comment: str | None = None
    hop: Hop | None = None
    reactivate_on: date | None = None
    cool_until: datetime | None = None
    reviewed_at: datetime | None = None
    reasons: Mapping[str, int] = field(default_factory=dict)
    reached_by: tuple[str, ...] = ()
    is_returned: bool = False
    reactivated_at: datetime | None = None
    trigger: Trigger | None = None
    definition: str = ""
    furthest: Stage = Stage.KNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What is on file of a lead beside where it stands: what is known of the gate, and the hand-over card.

    `completeness` is 0 to 1. `asked` in vain and `missing` are keys of questions, as the gate of the
    definition has them. `card` is the text that was written with the last hand-over: None where there was
    none, or where a brief that is put leaves the one on file; blank where there must not be one.
    """

    subject: Subject
    at: datetime
    completeness: float
    asked: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    card: str | None = None


RefusalCode = Literal[
    "illegal",
    "role",
    "no_reason",
    "unknown_reason",
    "past_day",
    "wrong_class",
    "no_evidence",
    "not_qualified",
    "cooling_off",
    "no_consent",
    "excluded",
    "gate",
    "seen_by_sales",
    "too_often",
    "same_seller",
    "overtaken",
    "unknown_stage",
    "not_approved",
    "waits_for_verdict",
    "not_followed",
    "two_wishes",
    "further_record",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a request was not followed; shown with the system that asked. `words` fill its sentence."""

    request: Request
    code: RefusalCode
    stood: Stage
    words: Mapping[str, str] = field(default_factory=dict)
