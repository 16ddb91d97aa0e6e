"""The mappings of random histories, and how their two systems store what they are told.

Salesforce cuts titles and tells of no field when it was edited; HubSpot folds addresses and keeps history.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from connector.memory import Normalise
from connector.port import System, Value
from mappings.schema import BothChanged, ConsentLine, Limits, Mapping
from tests.sync.bridge import KEYS, NAMES, people
from tests.sync.builders import line, object_lines
from tests.sync.consenting import EVIDENCE
from tests.sync.relatives import kind, link

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
PEOPLE, COMPANIES = "people", "companies"
# The objects of both systems, by mapping; the first one is where people enter a record.
OBJECTS = {
    (PEOPLE, HUBSPOT): ("contacts",),
    (PEOPLE, SALESFORCE): ("Lead", "Contact"),
    (COMPANIES, HUBSPOT): ("companies",),
    (COMPANIES, SALESFORCE): ("Account",),
}
FIELDS = (*NAMES, "company", "code", "owner", *EVIDENCE.values())
LINES = {PEOPLE: ("email", "first", "title"), COMPANIES: ("code", "title")}
# How long Salesforce's titles are; what people enter differs within that.
CUT = 6


def cut(value: Value) -> Value:
    return value[:CUT] if isinstance(value, str) else value


def folded(value: Value) -> Value:
    return value.lower() if isinstance(value, str) else value


STORES: dict[System, dict[str, Normalise]] = {
    HUBSPOT: {"email": folded},
    SALESFORCE: {"title": cut},
}


@dataclass(frozen=True)
class Policies:
    """What one history's mappings say about deletions, merges, double changes, owners who are nobody on the
    other side, and partners of those who were erased.
    """

    deleted: dict[System, Any] = field(default_factory=lambda: dict.fromkeys(System, "unlink"))
    merged: dict[System, Any] = field(default_factory=lambda: dict.fromkeys(System, "list"))
    both_changed: BothChanged = "newest"
    lonely_owner: str = "keep"
    erased: dict[System, Any] = field(default_factory=lambda: dict.fromkeys(System, "erase"))


def mappings(policies: Policies) -> list[Mapping]:
    """Companies, and people who refer to them and to those who own them."""
    both = policies.both_changed
    lines = [line(name, both_changed=both) for name in LINES[PEOPLE]]
    base = people(*lines)
    rules: dict[str, Any] = {
        "when_deleted_in": policies.deleted,
        "when_merged_in": policies.merged,
        "when_erased_in": policies.erased,
        "limits": Limits(creates=10_000, deletes=10_000, blanked=10_000),
    }
    links = (link("company", COMPANIES), link("owner", "owners", otherwise=policies.lonely_owner))
    proved = ConsentLine(
        id="email",
        hubspot="optout",
        salesforce="OptOut",
        evidence=dict.fromkeys(System, EVIDENCE),
    )
    staff = replace(
        base,
        objects={
            name: replace(object_lines(*lines, *links), consent=(proved,)) for name in base.objects
        },
        fields=dict.fromkeys(base.fields, FIELDS),
        **rules,
    )
    firms = kind(COMPANIES, **rules)
    code = object_lines(*(line(name, both_changed=both) for name in LINES[COMPANIES]))
    firms = replace(
        firms,
        objects=dict.fromkeys(firms.objects, code),
        fields=dict.fromkeys(
            firms.fields, ("code", "title", "hs_merged_object_ids", *KEYS.values())
        ),
    )
    return [firms, staff]
