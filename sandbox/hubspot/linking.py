"""Associating records, and what follows from it: primary companies, leads that hang on nobody, events.

Reference sheet, sections 7.3, 7.5, 11 and 17.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.hubspot import effects, leaving
from sandbox.hubspot.answers import Refusal, invalid_request
from sandbox.hubspot.link_types import (
    ANCHORS,
    FIRST_IS_PRIMARY,
    ONE_PRIMARY,
    LinkType,
    Pair,
    back,
)
from sandbox.hubspot.records import Table
from sandbox.hubspot.state import Actor, Event, State

Wanted = list[tuple[Pair, int, LinkType]]


def bad_target(kind: str, record_id: str) -> Refusal:
    return invalid_request(
        "One or more associations are invalid",
        context={"INVALID_OBJECT_IDS": [f"{kind}={record_id} is not valid"]},
    )


def inline_links(state: State, table: Table, associations: Any) -> Wanted:
    """The associations that a create asks for, checked. 400 for a lead that would hang on nobody."""
    wanted: Wanted = []
    for entry in associations or ():
        target = str((entry.get("to") or {}).get("id", ""))
        for spec in entry.get("types") or ():
            one = LinkType(str(spec.get("associationCategory")), int(spec["associationTypeId"]))
            pair = _pair_for(state, table, one)
            other = state.tables[pair[1]].find(target)
            if other is None:
                raise bad_target(state.kinds.of(pair[1]).upper, target)
            wanted.append((pair, other.id, one))
    anchors = ANCHORS.get(table.kind.name, ())
    known = state.links.known
    if anchors and not any(p in anchors and one == known.primary(p) for p, _, one in wanted):
        text = f"Error creating {table.kind.upper}. It must have a primary association."
        raise invalid_request(text)
    return wanted


def _pair_for(state: State, table: Table, wanted: LinkType) -> Pair:
    known = state.links.known
    for pair in known.pairs(table.kind.name):
        if wanted in known.of(pair):
            return pair
    raise invalid_request(
        f"invalid association type {wanted.type_id} from object type {table.kind.type_id}"
    )


def link(
    state: State,
    pair: Pair,
    number: int,
    other: int,
    types: Sequence[LinkType],
    actor: Actor,
    *,
    replace: bool = False,
) -> None:
    """Associate two records, under these types besides those they have, or in place of them.

    `associatedcompanyid` follows.
    """
    known = state.links.known
    if known.primary(pair) in types:
        _move_mark(state, pair, number, other)
    usual = known.plain(pair)
    held = frozenset() if replace else state.links.types(pair, number, other)
    wanted = held | set(types) | ({usual} if usual else set())
    state.links.set(pair, number, other, wanted)
    follow(state, pair, number, other, actor, removed=False)


def _move_mark(state: State, pair: Pair, number: int, other: int) -> None:
    """Take the primary mark from whoever bore it; from the other end many may bear it."""
    if pair in ONE_PRIMARY:
        state.links.make_primary(pair, number, other)
    elif back(pair) in ONE_PRIMARY:
        state.links.make_primary(back(pair), other, number)


def unlink(state: State, pair: Pair, near: int, far: int, actor: Actor) -> None:
    """End an association, whatever its types."""
    if state.links.types(pair, near, far):
        state.links.set(pair, near, far, ())
        follow(state, pair, near, far, actor, removed=True)


def follow(
    state: State, pair: Pair, number: int, other: int, actor: Actor, *, removed: bool
) -> None:
    """Keep in step what hangs on an association, and tell the webhooks."""
    ends = ((pair, number, other), (back(pair), other, number))
    for one, near, far in ends:
        if one in FIRST_IS_PRIMARY and not removed and state.links.primary_of(one, near) is None:
            state.links.make_primary(one, near, far)
        if one == effects.COMPANY_OF:
            effects.sync_company(state, near, actor)
    for one, near, far in dict.fromkeys(ends):
        _tell(state, one, near, far, actor, removed=removed)
    for one, near, _ in ends:
        if one[0] in ANCHORS:
            leaving.let_go(state, one[0], near, actor)


def _tell(state: State, pair: Pair, near: int, far: int, actor: Actor, *, removed: bool) -> None:
    """Between objects with webhooks of their own the event has words, else type ids."""
    kind, other, known = state.kinds.of(pair[0]), state.kinds.of(pair[1]), state.links.known
    general = "object" in {kind.word, other.word}
    details: dict[str, Any] = {
        "fromObjectId": near,
        "toObjectId": far,
        "associationRemoved": removed,
        "isPrimaryAssociation": known.primary(pair) in state.links.types(pair, near, far),
    }
    usual = known.plain(pair)
    if general and usual is not None:
        details["fromObjectTypeId"], details["toObjectTypeId"] = kind.type_id, other.type_id
        details["associationTypeId"] = usual.type_id
        details["associationCategory"] = usual.category
    else:
        details["associationType"] = f"{kind.upper}_TO_{other.upper}"
    now = state.now()
    state.tell(
        Event(
            kind,
            "associationChange",
            near,
            now,
            actor.source,
            details=details,
            general=general,
        )
    )
