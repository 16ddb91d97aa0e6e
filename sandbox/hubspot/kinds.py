"""The kinds of records: names, type ids, default properties, and the type ids of their associations.

Reference sheet, sections 2 (type ids), 7.2 (default properties) and 11 (association types).
"""

from __future__ import annotations

from typing import NamedTuple

from sandbox.hubspot.answers import Refusal


class Kind(NamedTuple):
    """One kind of record. `searched` are the properties that the free text of a search looks at."""

    name: str
    singular: str
    type_id: str
    created: str
    modified: str
    defaults: tuple[str, ...]
    required: tuple[str, ...] = ()
    searched: tuple[str, ...] = ()

    @property
    def upper(self) -> str:
        return self.singular.upper()

    @property
    def system(self) -> tuple[str, ...]:
        """The properties that every answer holds."""
        return ("hs_object_id", self.created, self.modified)


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
    Kind(
        "tasks",
        "task",
        "0-27",
        "hs_createdate",
        "hs_lastmodifieddate",
        (),
        required=("hs_timestamp",),
        searched=("hs_task_subject", "hs_task_body"),
    ),
    Kind(
        "notes",
        "note",
        "0-46",
        "hs_createdate",
        "hs_lastmodifieddate",
        (),
        required=("hs_timestamp",),
        searched=("hs_note_body",),
    ),
)

_BY_ANY_NAME = {alias: kind for kind in KINDS for alias in (kind.name, kind.singular, kind.type_id)}


def kind_of(name: str) -> Kind:
    """The kind by plural name, singular or type id. 400 without a category for any other word."""
    kind = _BY_ANY_NAME.get(name.lower())
    if kind is None:
        raise Refusal(400, f"Unable to infer object type from: {name}")
    return kind


PLAIN_TYPES: dict[tuple[str, str], int] = {
    ("contacts", "contacts"): 449,
    ("contacts", "companies"): 279,
    ("contacts", "deals"): 4,
    ("contacts", "tasks"): 203,
    ("contacts", "notes"): 201,
    ("companies", "contacts"): 280,
    ("companies", "companies"): 450,
    ("companies", "deals"): 342,
    ("companies", "tasks"): 191,
    ("companies", "notes"): 189,
    ("deals", "contacts"): 3,
    ("deals", "companies"): 341,
    ("deals", "deals"): 451,
    ("deals", "tasks"): 215,
    ("deals", "notes"): 213,
    ("tasks", "contacts"): 204,
    ("tasks", "companies"): 192,
    ("tasks", "deals"): 216,
    ("notes", "contacts"): 202,
    ("notes", "companies"): 190,
    ("notes", "deals"): 214,
}

PRIMARY_TYPES: dict[tuple[str, str], int] = {
    ("contacts", "companies"): 1,
    ("companies", "contacts"): 2,
    ("deals", "companies"): 5,
    ("companies", "deals"): 6,
}


def legacy_name(from_kind: str, to_kind: str, type_id: int) -> str:
    """The name that v3 gives an association type, e.g. ``contact_to_company_unlabeled``.

    Where a pair of kinds has a primary type, that one bears the plain name.
    """
    pair = (from_kind, to_kind)
    name = f"{kind_of(from_kind).singular}_to_{kind_of(to_kind).singular}"
    if pair in PRIMARY_TYPES and type_id == PLAIN_TYPES[pair]:
        return f"{name}_unlabeled"
    return name
