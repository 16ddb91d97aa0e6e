"""Search: filters over the lagging index, sorted, capped at 10,000 (reference sheet, section 9)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from sandbox.hubspot.answers import bad_json, from_iso, invalid_request
from sandbox.hubspot.filters import Test, compile_filter
from sandbox.hubspot.properties import Definition
from sandbox.hubspot.reading import shell, view_of
from sandbox.hubspot.records import Record, Table
from sandbox.hubspot.state import State

MOST_BODY = 3_000
MOST_GROUPS = 5
MOST_IN_GROUP = 6
MOST_FILTERS = 18
MOST_PER_PAGE = 200
CAP = 10_000

Seen = dict[str, str]


def search(state: State, table: Table, body: Any, size: int) -> dict[str, Any]:
    """One page of hits; `size` is the length of the request body in characters."""
    if not isinstance(body, Mapping):
        raise bad_json("Cannot deserialize value")
    if size > MOST_BODY:
        raise invalid_request(f"Request body may have {MOST_BODY} characters at most.")
    limit, offset = _window(body)
    groups, floor = _beyond(_groups(body))
    tests = _tests(state, table, groups)
    table.index.settle(state.now())
    hits = list(_hits(table, tests, _query(table, body.get("query")), floor))
    _sort(hits, table, body.get("sorts"), state.dice)
    view = view_of(table, body.get("properties") or ())
    results = [_told(state, table, *hit, view.names) for hit in hits[offset : offset + limit]]
    answer: dict[str, Any] = {"total": len(hits), "results": results}
    if offset + limit < len(hits):
        answer["paging"] = {"next": {"after": str(offset + limit)}}
    return answer


def _told(
    state: State, table: Table, record: Record, seen: Seen, names: tuple[str, ...]
) -> dict[str, Any]:
    """A hit comes from the index, so its values and its modification time may be old."""
    told = shell(state, table, record, {name: seen.get(name) for name in names})
    told["updatedAt"] = seen[table.kind.modified]
    return told


def _window(body: Mapping[str, Any]) -> tuple[int, int]:
    limit = int(body.get("limit") or 10)
    after = str(body.get("after") or "0")
    if not after.isdigit():
        raise invalid_request(f"Invalid value for after: {after}")
    if not 1 <= limit <= MOST_PER_PAGE:
        raise invalid_request(f"Limit must be between 1 and {MOST_PER_PAGE}, but was {limit}.")
    if int(after) + limit > CAP:
        raise invalid_request(f"There was a problem with the request: paging ends at {CAP}.")
    return limit, int(after)


def _groups(body: Mapping[str, Any]) -> list[list[Mapping[str, Any]]]:
    groups = [list(group.get("filters") or ()) for group in body.get("filterGroups") or ()]
    if body.get("filters"):
        groups.append(list(body["filters"]))
    if len(groups) > MOST_GROUPS:
        count = f"count: {len(groups)}, max allowed: {MOST_GROUPS}"
        raise bad_json(f"too many filterGroups ({count})")
    longest = max(map(len, groups), default=0)
    if longest > MOST_IN_GROUP:
        count = f"count: {longest}, max allowed: {MOST_IN_GROUP}"
        raise bad_json(f"too many filters per filterGroup ({count})")
    total = sum(map(len, groups))
    if total > MOST_FILTERS:
        raise bad_json(f"too many filters (count: {total}, max allowed: {MOST_FILTERS})")
    return [group for group in groups if group]


def _tests(
    state: State, table: Table, groups: list[list[Mapping[str, Any]]]
) -> list[list[Callable[[Record, Seen], bool]]]:
    """Groups are ORed, the tests of a group ANDed."""
    return [[_test(state, table, one) for one in group] for group in groups]


def _test(state: State, table: Table, given: Mapping[str, Any]) -> Callable[[Record, Seen], bool]:
    name = str(given.get("propertyName", ""))
    if name.startswith("associations."):
        return _linked(state, table, name.removeprefix("associations."), given)
    rule = table.schema.properties.get(name)
    if rule is None:
        raise invalid_request(
            "There was a problem with the request.",
            errors=[{"message": f"Unknown property {name}", "context": {"propertyName": [name]}}],
        )
    passes: Test = compile_filter(rule, given)
    if rule.type == "datetime":
        # After an import thousands of records share one time, and a walk by id asks for each again.
        passes = lru_cache(maxsize=1 << 12)(passes)
    return lambda _record, seen: passes(seen.get(name))


def _linked(
    state: State, table: Table, singular: str, given: Mapping[str, Any]
) -> Callable[[Record, Seen], bool]:
    """The pseudo-property ``associations.company``: EQ and IN on the ids at the other end."""
    other = next((t for t in state.tables.values() if t.kind.singular == singular), None)
    if other is None:
        raise invalid_request(f"Unknown association {singular}")
    wanted = {int(v) for v in given.get("values") or [given.get("value", 0)] if str(v).isdigit()}
    pair = (table.kind.name, other.kind.name)
    return lambda record, _seen: not wanted.isdisjoint(state.links.of(pair, record.id))


def _beyond(
    groups: list[list[Mapping[str, Any]]],
) -> tuple[list[list[Mapping[str, Any]]], int]:
    """Where a walk by id may start looking, and what is left to test from there on."""
    if len(groups) != 1:
        return groups, 0
    floors = {
        place: int(one["value"])
        for place, one in enumerate(groups[0])
        if one.get("propertyName") == "hs_object_id"
        and one.get("operator") == "GT"
        and str(one.get("value")).isdigit()
    }
    left = [one for place, one in enumerate(groups[0]) if place not in floors]
    return [left], max(floors.values(), default=0)


def _query(table: Table, text: Any) -> Callable[[Seen], bool] | None:
    if not text:
        return None
    words = str(text).lower().split()
    names = table.kind.searched

    def holds(seen: Seen) -> bool:
        told = " ".join(seen.get(name, "") for name in names).lower()
        return all(word in told for word in words)

    return holds


def _hits(
    table: Table,
    groups: list[list[Callable[[Record, Seen], bool]]],
    query: Callable[[Seen], bool] | None,
    floor: int,
) -> Iterable[tuple[Record, Seen]]:
    for record in table.above(floor):
        seen = table.index.shows(record.id, record.values)
        if seen is None or (query is not None and not query(seen)):
            continue
        # A loop and no `any(all(...))`: a walk by id passes here a million times.
        for group in groups or [[]]:
            for test in group:
                if not test(record, seen):
                    break
            else:
                yield record, seen
                break


def _sort(hits: list[tuple[Record, Seen]], table: Table, sorts: Any, dice: random.Random) -> None:
    """By one property, creation by default; blanks first; an index that lags shuffles its ties."""
    name, descending = _wanted_order(table, sorts)
    if name == "hs_object_id":
        hits.sort(key=lambda hit: hit[0].id, reverse=descending)
        return
    if not table.index.orderly:
        dice.shuffle(hits)
    rule = table.schema.properties[name]
    hits.sort(key=lambda hit: _rank(rule, hit[1].get(name)), reverse=descending)


def _wanted_order(table: Table, sorts: Any) -> tuple[str, bool]:
    first = sorts[0] if sorts else table.kind.created
    if sorts and len(sorts) > 1:
        raise invalid_request("Only one sort is allowed.")
    if isinstance(first, str):
        name, descending = first.removeprefix("-"), first.startswith("-")
    else:
        name = str(first.get("propertyName", ""))
        descending = str(first.get("direction", "ASCENDING")).upper() == "DESCENDING"
    if name not in table.schema.properties:
        raise invalid_request(f"Unknown property {name}")
    return name, descending


def _rank(rule: Definition, value: str | None) -> tuple[float, str]:
    if value is None:
        return (float("-inf"), "")
    if rule.type in {"number", "enumeration"} and value.replace(".", "", 1).isdigit():
        return (float(value), "")
    if rule.type == "datetime":
        return (float(value) if value.isdigit() else float(from_iso(value)), "")
    return (0.0, value.lower())
