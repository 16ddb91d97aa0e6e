"""The kinds of records: names, type ids, default properties, and what a new one needs.

Reference sheet, sections 2 (type ids), 7.2 (default properties) and 7.5 (activities, leads, custom
objects). An account has HubSpot's own kinds and those that its people define.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sandbox.hubspot.answers import Refusal

CUSTOM = "2-"
# These have webhooks under their own names; all others ring as ``object.*`` (section 17).
_OWN_WORDS = frozenset({"contact", "company", "deal", "ticket", "product", "line_item"})


class Kind(NamedTuple):
    """One kind of record. `searched` are the properties that the free text of a search looks at.

    `required` must all be given on create; with `any_required` one of them is enough.
    """

    name: str
    singular: str
    type_id: str
    created: str
    modified: str
    defaults: tuple[str, ...]
    required: tuple[str, ...] = ()
    searched: tuple[str, ...] = ()
    any_required: bool = False

    @property
    def upper(self) -> str:
        return self.singular.upper()

    @property
    def system(self) -> tuple[str, ...]:
        """The properties that every answer holds."""
        return ("hs_object_id", self.created, self.modified)

    @property
    def word(self) -> str:
        """What the types of its webhooks begin with."""
        return self.singular if self.singular in _OWN_WORDS else "object"

    @property
    def scoped(self) -> str:
        """What the scopes call it."""
        return "custom" if self.type_id.startswith(CUSTOM) else self.name


def _activity(name: str, singular: str, type_id: str, *searched: str) -> Kind:
    return Kind(
        name,
        singular,
        type_id,
        "hs_createdate",
        "hs_lastmodifieddate",
        (),
        required=("hs_timestamp",),
        searched=searched,
    )


KINDS = (
    Kind(
        "contacts",
        "contact",
        "0-1",
        "createdate",
        "lastmodifieddate",
        ("email", "firstname", "lastname"),
        searched=("email", "firstname", "lastname", "phone", "company"),
    ),
    Kind(
        "companies",
        "company",
        "0-2",
        "createdate",
        "hs_lastmodifieddate",
        ("name", "domain"),
        required=("name", "domain"),
        searched=("name", "domain", "phone", "website"),
        any_required=True,
    ),
    Kind(
        "deals",
        "deal",
        "0-3",
        "createdate",
        "hs_lastmodifieddate",
        ("dealname", "amount", "closedate", "pipeline", "dealstage"),
        required=("dealname",),
        searched=("dealname",),
    ),
    _activity("tasks", "task", "0-27", "hs_task_subject", "hs_task_body"),
    _activity("notes", "note", "0-46", "hs_note_body"),
    _activity("meetings", "meeting", "0-47", "hs_meeting_title", "hs_meeting_body"),
    _activity("calls", "call", "0-48", "hs_call_title", "hs_call_body"),
    Kind(
        "leads",
        "lead",
        "0-136",
        "hs_createdate",
        "hs_lastmodifieddate",
        (),
        required=("hs_lead_name",),
        searched=("hs_lead_name",),
    ),
)


class Kinds:
    """The kinds of one account, found by plural name, singular, type id or the name of a schema."""

    def __init__(self, kinds: Iterable[Kind] = KINDS) -> None:
        self._all: list[Kind] = []
        self._by_name: dict[str, Kind] = {}
        for kind in kinds:
            self.add(kind)

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._all)

    def add(self, kind: Kind, *aliases: str) -> None:
        self._all.append(kind)
        for name in (kind.name, kind.singular, kind.type_id, *aliases):
            self._by_name[name.lower()] = kind

    def of(self, name: str) -> Kind:
        """400 without a category for any other word."""
        kind = self._by_name.get(name.lower())
        if kind is None:
            raise Refusal(400, f"Unable to infer object type from: {name}")
        return kind


_OWN = Kinds()


def kind_of(name: str) -> Kind:
    """One of HubSpot's own kinds, by any of its names."""
    return _OWN.of(name)
