"""What can be wrong with the ends of a line: not writable, too short, not a multi-select."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from connector.port import FieldKind, FieldSchema, System
from mappings.faults import FaultList
from mappings.fieldbook import ASSOCIATIONS, HUBSPOT, SALESFORCE, FieldBook, title
from mappings.grammar import OWNERS, SIDES
from mappings.lineform import LineDraft
from mappings.own_values import ACCOUNTS, OWN_VALUES, PEOPLE
from mappings.projection import LIFECYCLE, PROJECTED_OBJECTS
from mappings.schema import Direction
from mappings.source import as_plain, items

if TYPE_CHECKING:
    from mappings.linemaker import OneLine

# HubSpot's text properties take this many characters, so their "length" says nothing of their values.
UNLIMITED = 60_000
# Nobody needs a warning of names of 40 and titles of 128 characters; short own fields deserve one.
ROOMY = 40
TEXTS: frozenset[FieldKind] = frozenset({"text", "long_text", "email", "phone", "url", "picklist"})
# Associations are called by one record of the other kind: a deal has an `associations.company`.
ASSOCIATED = {
    "company": "companies",
    "contact": "contacts",
    "deal": "deals",
    "ticket": "tickets",
    "lead": "leads",
    "task": "tasks",
    "note": "notes",
    "meeting": "meetings",
    "call": "calls",
}
# What a line of a value of our own can say of one end only: people keep one side's edit and not the
# other's, and every system has choices of its own.
ONE_END = ("edits", "values")
# Fields that HubSpot's own Salesforce app writes.
APP_FIELDS = ("salesforce", "hs_salesforce")


def check_union(draft: LineDraft, compare: str, faults: FaultList) -> None:
    """`union` merges element by element, so it needs elements."""
    if draft.option("both_changed") == "union" and compare != "set":
        faults.add("union_needs_set", draft.at("both_changed"), draft.id)


def check_own_value(draft: LineDraft, book: FieldBook, objects: Mapping[System, str]) -> bool:
    """A value of our own is one that we have, for this kind of record; it is read like a field."""
    if draft.source is None or draft.ledger_value is None:
        return True
    place, found = draft.source.place, draft.source.text or ""
    if draft.own_value is None:
        known = [one.name for one in OWN_VALUES.values()]
        book.faults.add("unknown_own_value", place, found, known)
        return False
    if objects[HUBSPOT] not in (PEOPLE, ACCOUNTS):
        book.faults.add("own_value_elsewhere", place, found, (PEOPLE, ACCOUNTS))
        return False
    for name in ONE_END:
        if draft.hubspot and draft.salesforce and _says(draft, name):
            book.faults.add("needs_one_end", draft.at(name), name)
            return False
    for side in System:
        book.reads[side, objects[side]].add(found)
    return True


def _says(draft: LineDraft, name: str) -> bool:
    return name in draft.options and (name != "edits" or draft.option(name) == "keep")


def check_currency(one: OneLine) -> None:
    """`currency` rounds amounts, so both ends must be numbers and both currencies be named."""
    node, faults = one.draft.options.get("currency"), one.maker.faults
    if node is None:
        return
    for side in System:
        if one.draft.currency(side) is None:
            faults.add("missing_key", node.place, side.value, SIDES)
        elif len(one.schemas[side]) != 1 or one.schemas[side][0].kind != "number":
            faults.add("currency_needs_number", node.place, one.draft.id, system=title(side))


def check_projection(one: OneLine) -> bool:
    """`projection` is about the one property that HubSpot itself only moves forward."""
    if "projection" not in one.draft.options:
        return False
    fits = one.draft.hubspot == (LIFECYCLE,) and one.objects[HUBSPOT] in PROJECTED_OBJECTS
    if not fits:
        found = f"{one.objects[HUBSPOT]}.{one.draft.id}"
        one.maker.faults.add("projection_elsewhere", one.draft.at("projection"), found)
    elif one.draft.direction == "->":
        one.maker.faults.warn("idle_option", one.draft.at("projection"), "projection")
    return fits


def check_ends(one: OneLine, direction: Direction) -> None:
    """Each end that values travel to must be writable and long enough for them."""
    faults, draft = one.maker.faults, one.draft
    for side in System:
        if not direction.goes_to(side):
            continue
        for schema in one.schemas[side]:
            if not schema.updateable and not schema.createable:
                faults.add(
                    "read_only",
                    draft.place,
                    schema.name,
                    system=title(side),
                    object=one.objects[side],
                    arrow="->" if side is HUBSPOT else "<-",
                )
            if side is HUBSPOT and schema.name.startswith(APP_FIELDS):
                faults.warn("salesforce_app_field", draft.place, schema.name)
        if len(one.schemas[side]) == 1 and draft.link_to is None and "values" not in draft.options:
            _check_fit(one, side, one.schemas[side][0])
    _check_link(one)


def _check_link(one: OneLine) -> None:
    to, draft, faults = one.draft.link_to, one.draft, one.maker.faults
    if to is None:
        return
    for side in System:
        if len(one.schemas[side]) != 1:
            faults.add("wrong_type", draft.place, draft.id, expected="=one_field")
            return
    partners = one.maker.neighbours.get(to)
    if to == OWNERS or partners is None:
        # A mapping that does not exist is told once for the whole folder.
        return
    for field, allowed, kinds in (
        (one.schemas[HUBSPOT][0].name, _associated(one.schemas[HUBSPOT][0]), (partners.hubspot,)),
        (
            one.schemas[SALESFORCE][0].name,
            one.schemas[SALESFORCE][0].references,
            partners.salesforce,
        ),
    ):
        if allowed and not {*allowed} & {*kinds}:
            words = {"to": to, "kinds": ", ".join(kinds)}
            faults.add("link_does_not_fit", draft.at("to"), field, allowed, **words)


def _associated(schema: FieldSchema) -> tuple[str, ...]:
    """The kind of record that an association of a standard object leads to."""
    word = schema.name.removeprefix(ASSOCIATIONS)
    return (ASSOCIATED[word],) if word != schema.name and word in ASSOCIATED else ()


def _check_fit(one: OneLine, side: System, target: FieldSchema) -> None:
    """Longer texts and other choices than the target takes would be parked, record by record."""
    sources = one.sources(side)
    if len(sources) != 1 or target.kind not in TEXTS:
        return
    source = sources[0]
    longest = max((len(o.value) for o in source.options), default=source.length or UNLIMITED)
    if target.length is not None and not _is_cut(one.draft, side) and longest > target.length:
        if longest < UNLIMITED:
            one.maker.faults.add(
                "too_short",
                one.draft.place,
                target.name,
                length=str(target.length),
                source=str(longest),
            )
        elif side is SALESFORCE and target.length < ROOMY:
            one.maker.short.setdefault(one.objects[side], {})[target.name] = target.length
    _check_choices(one, source, target)


def _is_cut(draft: LineDraft, side: System) -> bool:
    steps = items(draft.options.get(f"to_{side.value}"), FaultList(), single=True)
    return any("truncate" in (as_plain(step) or ()) for step in steps)


def _check_choices(one: OneLine, source: FieldSchema, target: FieldSchema) -> None:
    """Choices of the source that a closed list does not have."""
    if not target.closed or not target.options or not source.options:
        return
    known = {option.value for option in target.options}
    lost = [option.value for option in source.options if option.value not in known]
    if lost:
        one.maker.faults.warn(
            "choices_will_park", one.draft.place, ", ".join(lost[:5]), field=target.name
        )
