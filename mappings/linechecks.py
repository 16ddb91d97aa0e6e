"""What can be wrong with the ends of a line: not writable, too short, not a multi-select."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.port import FieldKind, FieldSchema, System
from mappings.faults import FaultList
from mappings.fieldbook import HUBSPOT, SALESFORCE, title
from mappings.grammar import LINK_TARGETS
from mappings.lineform import LineDraft
from mappings.schema import Direction
from mappings.source import as_plain, items

if TYPE_CHECKING:
    from mappings.linemaker import OneLine

# HubSpot's text properties take this many characters, so their "length" says nothing of their values.
UNLIMITED = 60_000
# Nobody needs a warning of names of 40 and titles of 128 characters; short own fields deserve one.
ROOMY = 40
TEXTS: frozenset[FieldKind] = frozenset({"text", "long_text", "email", "phone", "url", "picklist"})
# Fields that HubSpot's own Salesforce app writes.
APP_FIELDS = ("salesforce", "hs_salesforce")


def check_union(draft: LineDraft, compare: str, faults: FaultList) -> None:
    """`union` merges element by element, so it needs elements."""
    if draft.option("both_changed") == "union" and compare != "set":
        faults.add("union_needs_set", draft.at("both_changed"), draft.id)


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
    if to not in LINK_TARGETS:
        faults.add("link_later", draft.at("to"), to, LINK_TARGETS)
    for side in System:
        if len(one.schemas[side]) != 1:
            faults.add("wrong_type", draft.place, draft.id, expected="=one_field")


def _check_fit(one: OneLine, side: System, target: FieldSchema) -> None:
    """Longer texts and other choices than the target takes would be parked, record by record."""
    sources = one.schemas[side.other]
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
