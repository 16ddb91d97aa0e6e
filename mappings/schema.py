"""What a mapping file means once it is loaded and compiled: frozen values and fast closures.

A `Mapping` is made for one set of live schemas. For each Salesforce object it holds an
`ObjectLines`: the lines as they apply between a HubSpot record and a record of that object.

A **cell** is what one line holds on one side: a wire value, or a tuple of them where a line joins
several fields (``pipeline + dealstage``). The blank cell is ``None`` (a tuple of only None is
written as None as well). A **normal form** is hashable and made for comparing only; the normal form
of a blank is None. Nothing here knows a clock, an environment or a socket: what a closure needs from
outside stands in its `Context`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Literal, NamedTuple, Protocol, TypeAlias

from connector.port import System, Value, Values

Cell: TypeAlias = Value | tuple[Value, ...]
Normal: TypeAlias = Hashable | None


class Direction(StrEnum):
    BOTH = "<->"
    TO_SALESFORCE = "->"
    TO_HUBSPOT = "<-"

    def goes_to(self, side: System) -> bool:
        """Whether a value may travel to that side."""
        if self is Direction.BOTH:
            return True
        return (self is Direction.TO_SALESFORCE) == (side is System.SALESFORCE)


BothChanged = Literal["newest", "hubspot", "salesforce", "park", "larger", "smaller", "union"]
WhenBlank = Literal["clear", "keep", "fill_only"]
FirstPairing = Literal["fill_blanks", "hubspot", "salesforce", "newest", "park"]
Mode = Literal["live", "observe", "off"]
Several = Literal["park", "latest_activity", "oldest"]
Edits = Literal["restore", "request", "keep"]
WhenDeleted = Literal["unlink", "delete", "park"]
WhenMerged = Literal["list", "merge"]
WhenErased = Literal["erase", "delete", "park"]
WhenEnded = Literal["end", "keep"]


@dataclass(frozen=True, slots=True)
class Pending:
    """A partner that this plan will create: it has no id yet. `of` is the record it is made from."""

    of: str


class Refs(Protocol):
    """Looks up partners across mappings (`companies`, `owners`, ...)."""

    def partner(self, mapping: str, side: System, record_id: str) -> str | Pending | None:
        """The id on the *other* side of the record `record_id` of `side`; None: not linked."""


@dataclass(frozen=True, slots=True)
class Context:
    """What closures may know besides the record. `ledger` maps (value name) -> Cell of this pair."""

    today: date
    refs: Refs
    ledger: AnyMapping[str, Cell] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """This line cannot be carried over for this record: park the line with cause and advice."""

    cause: str
    advice: str


@dataclass(frozen=True, slots=True)
class Skip:
    """This line has nothing to say for this record now (`otherwise: keep`, partner not linked yet).

    `waiting` is true when the line will have something to say once a partner is linked.
    """

    reason: str
    waiting: bool = False


Carried: TypeAlias = Cell | Fault | Skip | Pending
Condition: TypeAlias = Callable[[Values, Context], bool]
Reader: TypeAlias = Callable[[Values, Context], Carried]
Carrier: TypeAlias = Callable[[Cell, Context], Carried]
Normaliser: TypeAlias = Callable[[Cell], Normal]


class OwnName(NamedTuple):
    """One name, in normal form, by which our own values of a record are found (`mappings.own_values`).

    `kind` is ``hubspot_contact_id``, ``email``, ``corporate_number``, ``company_domain`` or ``company_name``.
    """

    kind: str
    value: str

    def __str__(self) -> str:
        """As the ledger keeps it."""
        return f"{self.kind}:{self.value}"


# The names of a record, out of its id and its values; the surest first.
Names: TypeAlias = Callable[[str, Values], tuple[OwnName, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One end of a line.

    `fields` are the vendor names that are read and written, empty where the line's value is computed
    (`from:`). `read` takes a record's values and answers this end's cell; for a plain line that is
    the stored cell, for a computed end the expression. `normal` is the normal form of a cell *as this
    side stores it*; the placeholder of `if_empty_on_create` counts as blank here. `carry` turns a
    cell of the *other* side into the cell to store here (transforms, picklist map, references).
    `may_be_blank` is false where this side refuses a blank. `placeholder` is the value of
    `if_empty_on_create` for this side. `when_blank` rules travel *to* this side. `admits` is set where
    a value must not replace every other (`projection: high_water`): it takes the cell held here and
    the carried cell that would replace it. What is not admitted is not written and is no open difference.
    """

    fields: tuple[str, ...]
    read: Reader
    normal: Normaliser
    carry: Carrier
    when_blank: WhenBlank = "clear"
    may_be_blank: bool = True
    placeholder: Cell = None
    createable: bool = True
    updateable: bool = True
    admits: Callable[[Cell, Cell], bool] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of `fields:` or `links:`, compiled for one Salesforce object.

    `hash` covers everything that decides what the line means: when it changes the baseline is void.
    `computed` lines read an expression or a ledger value over the *planned* record. `is_set` allows
    `union`. `order` compares two normal forms for `larger`/`smaller`. `mode` is live, observe or off.
    `location` is ``file:line`` for messages.
    """

    id: str
    hash: str
    direction: Direction
    hubspot: Side
    salesforce: Side
    both_changed: BothChanged = "newest"
    first_pairing: FirstPairing = "fill_blanks"
    mode: Mode = "live"
    only_if: Condition | None = None
    computed: bool = False
    ledger_value: str | None = None
    edits: Edits = "restore"
    link_to: str | None = None
    is_set: bool = False
    purpose: str | None = None
    note: str | None = None
    location: str = ""

    def side(self, system: System) -> Side:
        return self.hubspot if system is System.HUBSPOT else self.salesforce


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentLine:
    """Two opt-out flags that follow each other: true wins, always. Field names by the vendor.

    `id` is the kind of consent (email, phone, tracking, profiling: labels only). `evidence` names, by
    system, the fields that prove an opt-in (``at``, ``source``, ``basis``); None where the file has none.
    """

    id: str
    hubspot: str
    salesforce: str
    evidence: AnyMapping[System, AnyMapping[str, str]] | None = None

    def field(self, system: System) -> str:
        return self.hubspot if system is System.HUBSPOT else self.salesforce


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectLines:
    """The lines between HubSpot's object and one Salesforce object, in dependency order.

    Plain lines come before computed ones. `hubspot_fields` and `salesforce_fields` are every vendor
    field that has to be read for this pairing: lines, `only`, `match`, `create`, consent, keys.
    """

    salesforce_object: str
    lines: tuple[Line, ...]
    consent: tuple[ConsentLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchRule:
    """One line of `match.by`, in order.

    `native` rules compare an id that HubSpot's own app left: `hubspot_key` answers a Salesforce id.
    Otherwise both key functions answer the normal form(s) of the key: an empty tuple for a blank key;
    several where a side has several (HubSpot's additional e-mails). `salesforce_key` is by object;
    an object that lacks the field is absent. `suggest` rules never pair by themselves.
    """

    label: str
    native: bool
    suggest: bool
    hubspot_key: Callable[[Values], tuple[str, ...]]
    salesforce_key: AnyMapping[str, Callable[[Values], tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class CreateRule:
    """Create as `object` when the condition holds over the source record; None: always."""

    object: str
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Absolute limits of the guards, None = the contract's default for that guard."""

    creates: int | None = None
    deletes: int | None = None
    blanked: int | None = None


@dataclass(frozen=True, slots=True)
class TestCase:
    """One entry of `tests:`, as written: `spec` is the plain YAML mapping, checked for its keys."""

    __test__ = False

    name: str
    spec: AnyMapping[str, object]
    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """One mapping file, compiled.

    `hash` changes with any meaning of the file. `fields[(system, object)]` are all vendor fields to
    read of that object, sorted. `keys` names the external-key field per system; a system whose records
    cannot carry one is absent. `natural_keys` names, for such a system, the unique field that keeps a
    record from being created there twice, where records are created there at all. `address` answers the
    normal e-mail addresses of a record (for consent), by (system, object); `email` names the field
    that holds the address, of objects that have one. `only` is by system. `own_names` answers by which
    names our own values of a record are found, by (system, object); empty where no line writes any.
    `when_deleted_in`, `when_merged_in` and `when_erased_in` say, by the system in which a record was
    deleted, merged or erased, what its partner gets. With `use_duplicates` a create that Salesforce's
    duplicate rules refuse adopts the match that they name; otherwise the record is parked.
    `depends_on` are mappings that must be brought in line first; a mapping that links to itself does
    not wait for itself. `volatile` is true where `today` is used, so that an unchanged record may still
    need a look.
    """

    name: str
    hash: str
    mode: Mode
    hubspot_object: str
    salesforce_objects: tuple[str, ...]
    only: AnyMapping[System, Condition]
    match: tuple[MatchRule, ...]
    match_ignore: Callable[[str], bool]
    several: Several
    first_pairing: FirstPairing
    create_in_salesforce: tuple[CreateRule, ...]
    create_in_hubspot: tuple[CreateRule, ...]
    when_deleted_in: AnyMapping[System, WhenDeleted]
    limits: Limits
    keys: AnyMapping[System, str]
    objects: AnyMapping[str, ObjectLines]
    fields: AnyMapping[tuple[System, str], tuple[str, ...]]
    address: AnyMapping[tuple[System, str], Callable[[Values], tuple[str, ...]]]
    natural_keys: AnyMapping[System, str] = field(default_factory=dict)
    email: AnyMapping[tuple[System, str], str] = field(default_factory=dict)
    when_merged_in: AnyMapping[System, WhenMerged] = field(
        default_factory=lambda: dict.fromkeys(System, "list")
    )
    when_erased_in: AnyMapping[System, WhenErased] = field(
        default_factory=lambda: dict.fromkeys(System, "erase")
    )
    use_duplicates: bool = False
    own_names: AnyMapping[tuple[System, str], Names] = field(default_factory=dict)
    depends_on: tuple[str, ...] = ()
    volatile: bool = False
    tests: tuple[TestCase, ...] = ()
    path: str = ""

    def objects_of(self, system: System) -> tuple[str, ...]:
        return (self.hubspot_object,) if system is System.HUBSPOT else self.salesforce_objects


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """One mapping file with a `relation:` block, compiled: ties that follow each other, not records.

    A tie has no external key. It is told by the two pairs that it ties: its left record belongs to the
    mapping `left`, its right one to the mapping `right`, both of which are in the same `Compiled`.
    `hubspot` and `salesforce` are the words of `connector.relations` (``list memberships``,
    ``associations contacts deals``, ``CampaignMember``, ``OpportunityContactRole``).

    `left_objects` are the kinds of record that may stand left in each system (an
    OpportunityContactRole takes a Contact and no Lead): a left partner of another kind cannot be tied
    there. `right_objects` is the one kind that stands right.

    `direction` says where ties are made and ended: ``->`` follows HubSpot only. `lines` are the tie's
    own fields, decided like the lines of a pair; `fields` are all of them to ask for, by system, empty
    where a system's ties have none. `when_ended_in` says, by the system in which a tie was ended, whether
    its twin is ended or kept. `limits.creates` and `limits.deletes` count ties made and ended by one run.
    """

    name: str
    hash: str
    mode: Mode
    left: str
    right: str
    hubspot: str
    salesforce: str
    left_objects: AnyMapping[System, tuple[str, ...]]
    right_objects: AnyMapping[System, str]
    direction: Direction = Direction.BOTH
    lines: tuple[Line, ...] = ()
    fields: AnyMapping[System, tuple[str, ...]] = field(
        default_factory=lambda: dict.fromkeys(System, ())
    )
    when_ended_in: AnyMapping[System, WhenEnded] = field(
        default_factory=lambda: dict.fromkeys(System, "end")
    )
    limits: Limits = field(default_factory=Limits)
    tests: tuple[TestCase, ...] = ()
    path: str = ""

    def word(self, system: System) -> str:
        """What `connector.relations` calls this relation in that system."""
        return self.hubspot if system is System.HUBSPOT else self.salesforce
