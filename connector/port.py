"""The port: what the engine asks of a system, whichever system it is.

Glossary: a *system* is HubSpot or Salesforce; an *object* a kind of record there (``contacts``,
``Lead``); a *record* one of them with its *values*; a *field* one property, by the vendor's name;
an *external key* the unique field of one system that holds the id of the partner in the other.

Values are what the vendor's JSON holds: text, numbers, booleans. Blank is always ``None`` (HubSpot's
``""`` included). A field that was asked for and is absent from ``Record.values`` was *not returned*:
that is not a blank, and the caller must not treat it as one.

Nothing in here opens a socket, reads a clock or an environment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple, Protocol, TypeAlias

from connector.errors import Rejected, TryLater

Value: TypeAlias = str | int | float | bool | None
Values: TypeAlias = Mapping[str, Value]


class System(StrEnum):
    """The two sides. HubSpot always stands left, Salesforce right."""

    HUBSPOT = "hubspot"
    SALESFORCE = "salesforce"

    @property
    def other(self) -> System:
        return System.SALESFORCE if self is System.HUBSPOT else System.HUBSPOT


class Record(NamedTuple):
    """One record as its system holds it now. `modified_by_us` is None where the system won't say."""

    object: str
    id: str
    values: dict[str, Value]
    modified_at: datetime | None = None
    modified_by_us: bool | None = None


class Page(NamedTuple):
    """Some records of a listing. `cursor` resumes after them; None means this was the last page."""

    records: list[Record]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A record to create, idempotent by external key: `key_field` will hold `key`.

    Where a record with that key exists already it is updated with `values` instead, or answered as
    `Rejected(duplicate, existing_id)` by a system that cannot do both in one call.
    """

    values: Values
    key_field: str
    key: str


@dataclass(frozen=True, slots=True)
class Change:
    """Fields to set on one record. None clears a field."""

    id: str
    values: Values


@dataclass(frozen=True, slots=True)
class Written:
    """A write that was taken. `values` is what the answer told of the stored record (often partial)."""

    id: str
    created: bool = False
    values: Values | None = None
    request_id: str | None = None


Outcome: TypeAlias = Written | Rejected | TryLater

FateKind = Literal["live", "deleted", "merged", "converted", "not_visible"]


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a record: `into` is the survivor of a merge, or the Contact of a conversion.

    `deleted` is only said with evidence; a record that cannot be seen is `not_visible`. A survivor may
    have been merged or deleted itself since: ask for its fate too.
    """

    kind: FateKind
    into: str | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """The newest change of a field: when, and whether we made it. `at` None: not known."""

    at: datetime | None
    by_us: bool | None


FieldKind = Literal[
    "text",
    "long_text",
    "email",
    "phone",
    "url",
    "bool",
    "number",
    "date",
    "datetime",
    "picklist",
    "set",
    "reference",
    "id",
]


class Option(NamedTuple):
    """One choice of a picklist: the stored value, and the label people see."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSchema:
    """One field as the live system describes it to *us* (rights included).

    `length` in characters, `scale` in decimals. `required` = may not be blank and has no default.
    `closed` = only the listed `options` are accepted. `unique` = the system refuses a second record
    with the same value, so it can serve as an external key.
    """

    name: str
    label: str
    kind: FieldKind
    length: int | None = None
    scale: int | None = None
    required: bool = False
    createable: bool = True
    updateable: bool = True
    unique: bool = False
    case_sensitive: bool = False
    options: tuple[Option, ...] = ()
    closed: bool = False
    references: tuple[str, ...] = ()


class Stage(NamedTuple):
    """One stage of a pipeline. `probability` is between 0 and 1, None where the vendor tells none."""

    id: str
    label: str
    probability: float | None = None
    closed: bool = False


class Pipeline(NamedTuple):
    """A pipeline of HubSpot with its stages in their order; labels are what people see."""

    id: str
    label: str
    stages: tuple[Stage, ...]


class RecordType(NamedTuple):
    """A record type of Salesforce that we may use. `name` is its DeveloperName, the same in every org."""

    id: str
    name: str
    label: str


@dataclass(frozen=True, slots=True)
class ObjectSchema:
    """The fields of one object that we may see. A hidden field is absent.

    `pipelines` (HubSpot: deals, leads, tickets) and `record_types` (Salesforce, the master type left
    out) are empty for objects that know none. `refused` says why records of this object cannot be kept
    in line at all (person accounts), None where they can.
    """

    system: System
    object: str
    fields: Mapping[str, FieldSchema]
    pipelines: tuple[Pipeline, ...] = ()
    record_types: tuple[RecordType, ...] = ()
    refused: str | None = None


class Companion(NamedTuple):
    """Another field of a record, of which one value goes with a choice: a reason with a rejection.

    Only beside that `value` of `field` may the options be chosen by hand, those of `never_by_hand` not at
    all, and beside it one has to be chosen: `says` is told to whoever does not. Whoever writes through the
    API is held by the second alone. What a vendor knows no such rule for is made without it.
    """

    field: str
    value: str
    says: str
    never_by_hand: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewField:
    """A field to create on an object. Text fields only unless `kind` says otherwise.

    `options` are all that a `picklist` or a `set` takes, in their order; the list is closed.
    """

    object: str
    name: str
    label: str
    kind: FieldKind = "text"
    length: int = 64
    unique: bool = False
    description: str = ""
    options: tuple[Option, ...] = ()
    companion: Companion | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Whom we are talking to: portal id or 18-character org id, and as which user or app."""

    id: str
    name: str
    user_id: str | None
    timezone: str | None = None


@dataclass(slots=True)
class CallCount:
    """How many API calls were sent since the start, retries included."""

    reads: int = 0
    writes: int = 0


NoticeKind = Literal["created", "changed", "deleted", "merged", "restored", "erased", "linked"]


class Notice(NamedTuple):
    """What a doorbell said: something happened to this record. It carries no values on purpose.

    `fields` are the vendor's names of what changed, where the vendor tells (empty: it does not).
    `others` are further records concerned, of the same object: the losers of a merge. `at` is the
    vendor's own time of the event. `identity` is equal for exact repeats of one event and for nothing
    else; None where the vendor offers nothing to tell repeats by.
    """

    system: System
    object: str
    record_id: str
    kind: NoticeKind
    fields: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    at: datetime | None = None
    identity: str | None = None


class Departures(NamedTuple):
    """Ids of records deleted since a cursor (merge losers among them), and where to go on.

    `complete` is False where the vendor no longer keeps all deletions since the cursor: only a full
    compare finds the rest.
    """

    ids: list[str]
    cursor: str
    complete: bool = True


class Connector(Protocol):
    """One system. Every verb takes whole batches of any size and splits them as the vendor demands.

    All verbs may raise `TryLater` (after the bounded retries of the connector) and `SystemBlocked`.
    Writing verbs answer one outcome per input *in input order*; a whole call that was sent and never
    answered makes the outcome of each of its inputs `OutcomeUnknown`. An input that the vendor's
    answer leaves out is `Rejected(not_answered)`.
    """

    @property
    def system(self) -> System: ...

    @property
    def calls(self) -> CallCount: ...

    def ping(self) -> Account:
        """Prove that address, credentials and basic rights work."""

    def describe(self, object_name: str) -> ObjectSchema:
        """The fields of an object, fresh. Unknown object: `Rejected(no_such_field)`."""

    def create_field(self, field: NewField) -> None:
        """Create a field and make it visible to us. `SystemBlocked(permission)` without the right.

        A field of that name that exists already is no error. A choice without options is a `ValueError`.
        """

    def deployable(
        self, missing: Sequence[NewField], ours: Sequence[NewField]
    ) -> Mapping[str, str]:
        """Files, path -> text, that make `missing` where somebody with more rights deploys them, and let our
        user see all of `ours`. Empty where the vendor takes no such files. Asks nobody.
        """

    def list_all(
        self, object_name: str, fields: Sequence[str], after: str | None = None
    ) -> Iterator[Page]:
        """Every live record once, with these fields, in a stable order; `after` resumes a listing.

        Deleted records and merge losers never appear.
        """

    def cursor_at(self, moment: datetime) -> str:
        """A cursor for `changed_since` or `deleted_since` that stands at `moment`, less the overlap
        that the vendor needs. What the two answer afterwards are cursors of one kind each.
        """

    def changed_since(self, object_name: str, fields: Sequence[str], cursor: str) -> Iterator[Page]:
        """Records changed since the cursor, repeats allowed, none missed.

        The cursor of the *last* page is where the next call goes on; it is never None.
        """

    def deleted_since(self, object_name: str, cursor: str) -> Departures:
        """Records deleted since the cursor of `cursor_at` or of an earlier answer; repeats allowed.

        A hint, as a webhook is: ask `fates` before acting on it. None is missed, but one may be told
        minutes after it was deleted. What HubSpot erased for privacy is never told.
        """

    def get_many(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, Record]:
        """The live records among `ids`, keyed by the id asked for. Others are simply missing."""

    def find_many(
        self, object_name: str, field: str, values: Sequence[str], fields: Sequence[str]
    ) -> dict[str, list[Record]]:
        """Live records whose `field` equals each value, read from the truth and not from an index.

        Only for external keys and for e-mail addresses; comparison is the vendor's (caseless).
        """

    def create_many(self, object_name: str, drafts: Sequence[Draft]) -> list[Outcome]:
        """Create; safe to repeat, since the external key is unique."""

    def update_many(self, object_name: str, changes: Sequence[Change]) -> list[Outcome]:
        """Update. The same id must not stand in `changes` twice (ValueError)."""

    def delete_many(self, object_name: str, ids: Sequence[str]) -> list[Outcome]:
        """Delete to the recycle bin. Deleting what is deleted already succeeds."""

    def merge(self, object_name: str, winner: str, losers: Sequence[str]) -> Outcome:
        """Merge records of one object; `Written.id` is the survivor, at HubSpot a record with a new id.

        Cannot be undone at HubSpot. Repeating a merge that landed answers its survivor.
        ValueError when a record is to be merged with itself.
        """

    def erase_many(self, object_name: str, ids: Sequence[str]) -> list[Outcome]:
        """Delete for good, for privacy: no recycle bin. Erasing what is gone already succeeds."""

    def fates(self, object_name: str, ids: Sequence[str]) -> dict[str, Fate]:
        """What became of each of these ids. Costs calls: ask only for ids that went missing."""

    def last_edits(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, dict[str, Edit]]:
        """Newest change per field, not counting our own where the vendor can tell.

        `by_us` is true when the *newest* change of the field was ours; `at` is then still the time
        of the newest change by somebody else, if the vendor keeps it.
        """

    def overwritten(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str], since: datetime
    ) -> dict[str, dict[str, Value]]:
        """Values of other people that were set after `since` and replaced by our own newer write.

        The last look after a write. Empty for a system that keeps no usable history.
        """
