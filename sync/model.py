"""The engine's values: baselines, decisions, plans, and what the ledger keeps. Pure.

Glossary: a *pair* binds one HubSpot record to one Salesforce record of one mapping; a *baseline* is
what each side really held, line by line, when the pair last agreed; a *sighting* is what a listing
noticed of a record; a *claim* is what the plan in the making intends for an unbound record.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias

from connector.consents import Statement
from connector.port import System, Value
from mappings.schema import Cell

State = Literal["deleted", "parked", "filtered", "waiting", "unpaired", "in_sync"]
# Where the details of an advice begin.
DETAILS: Final = re.compile(r" \(|;")
EACH_ITS_OWN: Final = "it differs from record to record: `kakehashi parked list`"
STATES: tuple[State, ...] = ("deleted", "parked", "filtered", "waiting", "unpaired", "in_sync")


@dataclass(frozen=True, slots=True)
class LineBaseline:
    """What each side held of one line at the last agreement, under the line's own hash.

    `open` marks an open difference: both sides were seen with these values at the first pairing and
    left alone, so a later edit of one of them is known to be one. Of a line that keeps edits (`edits: keep`)
    it is what we said last instead, whatever is held.
    """

    line_hash: str
    hubspot: Cell
    salesforce: Cell
    open: bool = False

    def of(self, system: System) -> Cell:
        return self.hubspot if system is System.HUBSPOT else self.salesforce


Baseline = Mapping[str, LineBaseline]


class Awaited(NamedTuple):
    """A record that a reference points to and that has no partner yet. `mapping` is the one it belongs
    to, or `owners`."""

    mapping: str
    system: System
    record_id: str


class Said(NamedTuple):
    """What a record says about one consent line: an opt-out, or an opt-in with evidence."""

    position: int
    line: str
    statement: Statement


class Sighting(NamedTuple):
    """What a listing notices of one record.

    `digest` covers every mapped value together with the mapping's hash. `match_keys` are
    ``(rule number, normal key)``; `addresses` normal e-mail addresses; `consent` a bit per consent
    line that is true, in the mapping's order. `external_key` is the partner's id as this record
    holds it. `modified_at` is the system's own time of last change. `payload` is the JSON of the
    mapped values, kept while the record is not in line, so that planning needs no second read.
    `frozen` records (converted Leads) take no writes, but their opt-outs count. `said` is what the
    record says about consent, with times.
    """

    record_id: str
    digest: bytes
    in_scope: bool
    external_key: str | None
    match_keys: tuple[tuple[int, str], ...]
    addresses: tuple[str, ...]
    consent: int
    modified_at: datetime | None
    payload: bytes = b"{}"
    frozen: bool = False
    said: tuple[Said, ...] = ()

    def whole(self) -> Sighting:
        """Itself; see `Glanced`."""
        return self


class Glanced(Protocol):
    """A record known by its digest; the rest is worked out only where the ledger asks for it."""

    @property
    def record_id(self) -> str: ...

    @property
    def digest(self) -> bytes: ...

    def whole(self) -> Sighting:
        """Everything that a listing notices of the record."""


# Rows of the ledger that a plan is about; None: all of them.
Scope: TypeAlias = frozenset[int] | None


class Member(NamedTuple):
    """One record that holds a match key. `bound` = in a pair already; `claim` = this plan's intent."""

    system: System
    record_id: str
    object: str
    in_scope: bool
    bound: bool
    claim: str | None
    modified_at: datetime | None


class KeyGroup(NamedTuple):
    """All live records of a mapping that hold one match key."""

    key: str
    members: tuple[Member, ...]


ClaimKind = Literal["link", "create", "parked", "filtered", "unpaired", "waiting"]


class Claim(NamedTuple):
    """What the plan in the making intends for an unbound record.

    `partner_id` is the record to link with, or the one that is in the way; `detail` the object to
    create, the cause of parking, or the reason of the state.
    """

    system: System
    record_id: str
    kind: ClaimKind
    partner_id: str | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A bound pair. `clean` is false while something of it is parked, waiting or in flight."""

    id: int
    mapping: str
    hubspot_id: str
    salesforce_object: str
    salesforce_id: str
    baseline: Baseline = field(default_factory=dict)

    def record_id(self, system: System) -> str:
        return self.hubspot_id if system is System.HUBSPOT else self.salesforce_id


class Partner(NamedTuple):
    """One end of a tie: a bound pair of the mapping that stands left or right in a relation.

    `fitness`: a tie of a `fit` partner is made and ended; while a partner is `away` (filtered or parked)
    its ties wait and keep what was agreed; that is forgotten once it is `gone` (deleted, not visible).
    """

    pair_id: int
    hubspot_id: str
    salesforce_object: str
    salesforce_id: str
    fitness: Literal["fit", "away", "gone"] = "fit"

    def record_id(self, system: System) -> str:
        return self.hubspot_id if system is System.HUBSPOT else self.salesforce_id


# `agreed`: both sides held the tie. `kept`: only one side holds it, and that is right. `ending`: it is
# being ended on one side. None: nothing was ever agreed about it.
Standing = Literal["agreed", "kept", "ending"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTie:
    """What the ledger knows of one tie: who is tied, what was agreed, and who held it when last seen.

    Pairs tell which tie it is, so it follows a partner that is merged or converted. `left_pair` is None
    where the left record has no partner; then only its own side's id is known. `side` belongs to
    `standing`: where the tie is kept, or being ended. `baseline` is that of the tie's own fields.
    """

    relation: str
    right_pair: int
    hubspot_right: str
    salesforce_right: str
    left_pair: int | None = None
    hubspot_left: str | None = None
    salesforce_left: str | None = None
    standing: Standing | None = None
    side: System | None = None
    baseline: Baseline = field(default_factory=dict)
    held: frozenset[System] = frozenset()
    state: State = "waiting"
    reason: str | None = None
    id: int = 0

    def record_id(self, system: System) -> str:
        """How the tie is named in a system: ``left>right``."""
        hubspot = system is System.HUBSPOT
        left = self.hubspot_left if hubspot else self.salesforce_left
        return f"{left or '?'}>{self.hubspot_right if hubspot else self.salesforce_right}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field of one record that a plan sets. `line` is the line's id, `key` for key writes.

    `before` and `after` are wire values of the target. `rule` is one of the contract's words.
    `pending`: the value is the id of a partner that does not exist yet, so `after` is None.
    `blanks` is true where a filled value is blanked.
    """

    line: str
    api_name: str
    before: Value
    after: Value
    rule: str
    pending: bool = False

    @property
    def blanks(self) -> bool:
        return self.before is not None and self.after is None and not self.pending

    @property
    def part(self) -> str:
        """What is sent, refused and left out as one: the line. A line of consent may bear the id of a line
        of fields, as ``email`` does, and is another one.
        """
        return f"consent:{self.line}" if self.rule == "consent" else self.line


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Two values of which one gave way, or an open difference, or a parked double change.

    `winner` is `hubspot`, `salesforce`, `both` (union) or None (nobody: open or parked).
    """

    mapping: str
    line: str
    kind: Literal["conflict", "open_difference"]
    hubspot_object: str
    hubspot_id: str
    hubspot_value: Cell
    salesforce_object: str
    salesforce_id: str
    salesforce_value: Cell
    policy: str
    winner: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A record, or one line of it, that cannot go on without a person or a change.

    `fingerprint` says for which values it was parked: with other values it is tried again.
    `line` None parks the whole record.
    """

    mapping: str
    system: System
    object: str
    record_id: str
    line: str | None
    cause: str
    advice: str
    fingerprint: str = ""


def shared_advice(advices: Sequence[str]) -> str:
    """What is advised to every record of a heap: what one alone is told, like an id, is left out.

    Advice is a sentence, then details in brackets or behind a semicolon; it is cut where these begin.
    """
    # What the first and the last by the alphabet begin with, all between them do.
    signs = zip(min(advices), max(advices), strict=False)
    whole = "".join(one for one, _ in takewhile(lambda both: both[0] == both[1], signs))
    if all(one == whole or DETAILS.match(one, len(whole)) for one in advices):
        return whole
    cuts = (whole[: found.start()] for found in DETAILS.finditer(whole))
    fitting = [cut for cut in cuts if cut and cut.count("(") == cut.count(")")]
    return fitting[-1] if fitting else EACH_ITS_OWN


@dataclass(frozen=True, slots=True, kw_only=True)
class PairNote:
    """What is to be put on file about one pair: news, and what is over.

    `closed` lines have nothing left to settle. Everything parked of either record is let go but the
    lines in `keep` (None: the whole record) and what is `parked` anew.
    """

    hubspot_id: str
    salesforce_id: str
    conflicts: tuple[Conflict, ...] = ()
    parked: tuple[Parked, ...] = ()
    closed: frozenset[str] = frozenset()
    keep: frozenset[str | None] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One walk of the engine. `checkpoints` maps a stage (e.g. ``people:hubspot``) to its cursor."""

    id: int
    kind: str
    mappings: tuple[str, ...]
    started_at: datetime
    checkpoints: Mapping[str, str]


JournalState = Literal["intended", "landed", "refused", "unknown", "ignored"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One write, on file before it is sent. `record_id` is None for a create until it is known.

    `partner_id` is the record on the other side that the write comes from. `sent_at` is when it was
    put on file. `key` is the external key that a create carries. `meant` is what becomes the
    baseline of each line once the write is known to have landed.
    """

    id: int
    run_id: int
    mapping: str
    system: System
    object: str
    record_id: str | None
    partner_id: str | None
    action: Literal["create", "update", "delete"]
    changes: tuple[FieldChange, ...]
    state: JournalState
    sent_at: datetime
    key: str | None = None
    trigger: str = "resync"
    request_id: str | None = None
    meant: Mapping[str, LineBaseline] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalDraft:
    """A write about to be put on file; see `JournalEntry`."""

    mapping: str
    system: System
    object: str
    record_id: str | None
    partner_id: str | None
    action: Literal["create", "update", "delete"]
    changes: tuple[FieldChange, ...]
    meant: Mapping[str, LineBaseline] = field(default_factory=dict)
    key: str | None = None
    trigger: str = "resync"
