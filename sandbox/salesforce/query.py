"""Runs queries: which records, in which order, as pages of JSON values.

A page may be shorter than asked for; only ``done`` tells the end (reference sheet, section 2.3).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sandbox.salesforce.answers import Row, refusal
from sandbox.salesforce.conditions import Names, comparable, compile_condition, constant, read
from sandbox.salesforce.records import Table
from sandbox.salesforce.schema import Field
from sandbox.salesforce.soql import Both, Comparison, Condition, Order, Query, malformed, parse
from sandbox.salesforce.state import State

SMALLEST, LARGEST = 200, 2000
MOST_CURSORS = 500
Shape = Callable[[Row], dict[str, Any]]


@dataclass(slots=True)
class Cursor:
    """A result that is being paged through: its records, and how each of them is shown."""

    rows: list[Row]
    shape: Shape


class Queries:
    """Answers queries of one org and keeps their cursors; the oldest are given up first."""

    def __init__(self, state: State, *, short_pages: bool) -> None:
        self._state = state
        self.short_pages = short_pages
        self.clear()

    def clear(self) -> None:
        self._cursors: OrderedDict[str, Cursor] = OrderedDict()

    def run(
        self, text: str, base: str, size: int, *, deleted: bool, everything: bool
    ) -> dict[str, Any]:
        """The first page. `base` is ``/services/data/v62.0``; `deleted` as in queryAll."""
        query = parse(text)
        table = self._state.known(query.source)
        if table is None:
            place = query.source_place
            mark = f"\n{text[max(0, place - 40) : place + 40]}\n{' ' * min(place, 40)}^\n"
            where = f"ERROR at Row:1:Column:{place + 1}\n"
            told = f"{mark}{where}sObject type '{query.source}' is not supported."
            raise refusal(400, "INVALID_TYPE", told)
        names = Names(self._state, table, text, query.alias, everything=everything)
        rows = find(names, query, deleted=deleted or query.all_rows)
        if not query.fields:
            return {"totalSize": len(rows), "done": True, "records": []}
        shape = shaper(names, query, base)
        return self._page(self._remember(Cursor(rows, shape)), 0, base, size)

    def more(self, locator: str, base: str, size: int) -> dict[str, Any]:
        """The page at a locator."""
        key, _, offset = locator.rpartition("-")
        if key not in self._cursors or not offset.isdigit():
            raise refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(key, int(offset), base, size)

    def _remember(self, cursor: Cursor) -> str:
        key = f"0r8{self._state.dice.getrandbits(60):015x}"
        self._cursors[key] = cursor
        if len(self._cursors) > MOST_CURSORS:
            self._cursors.popitem(last=False)
        return key

    def _page(self, key: str, start: int, base: str, size: int) -> dict[str, Any]:
        cursor = self._cursors[key]
        size = min(max(size, SMALLEST), LARGEST)
        if self.short_pages:
            size = self._state.dice.randint(max(1, size // 3), size)
        end = start + size
        shape, rows = cursor.shape, cursor.rows
        page: dict[str, Any] = {"totalSize": len(rows), "done": end >= len(rows)}
        if page["done"]:
            if start == 0:
                del self._cursors[key]
        else:
            page["nextRecordsUrl"] = f"{base}/query/{key}-{end}"
        page["records"] = [shape(row) for row in rows[start:end]]
        return page


def find(names: Names, query: Query, *, deleted: bool) -> list[Row]:
    """The records of a query, in its order."""
    test = compile_condition(names, query.where)
    in_order = not query.order or _by_id_only(names, query.order)
    rows: Iterable[Row] = _candidates(names, query.where, deleted=deleted)
    if not deleted:
        rows = (row for row in rows if not row.get("IsDeleted"))
    if test is not None:
        rows = filter(test, rows)
    end = None if query.limit is None else query.offset + query.limit
    if in_order:
        return list(islice(rows, query.offset, end))
    return _sorted(names, list(rows), query.order)[query.offset : end]


def _by_id_only(names: Names, order: tuple[Order, ...]) -> bool:
    first = order[0]
    return [part.lower() for part in names.parts(first.path)] == ["id"] and not first.descending


def _candidates(names: Names, where: Condition | None, *, deleted: bool) -> Iterable[Row]:
    """All records that can pass the conditions, in the order of their ids, found by index."""
    table = names.table
    parts = where.parts if isinstance(where, Both) else (where,)
    for part in parts:
        if not isinstance(part, Comparison) or len(names.parts(part.path)) != 1:
            continue
        _, field = names.resolve(part.path)
        if field.name != "Id" and field.name not in table.keyed:
            continue
        found = _looked_up(table, field, part, deleted=deleted)
        if found is not None:
            return found
    return table.rows.values()


def _looked_up(
    table: Table, field: Field, part: Comparison, *, deleted: bool
) -> Iterable[Row] | None:
    """None where no index helps. Only live records are indexed by their values."""
    wanted = [constant(field, one) for one in part.values]
    if field.name == "Id":
        if part.operator in {">", ">="}:
            return table.after(str(wanted[0]), included=part.operator == ">=")
        if part.operator in {"=", "IN"}:
            return [table.rows[one] for one in sorted(set(wanted)) if one in table.rows]
    elif part.operator in {"=", "IN"} and not deleted and None not in wanted:
        ids = {one for value in wanted for one in table.holders(field, value)}
        return [table.rows[one] for one in sorted(ids)]
    return None


def _sorted(names: Names, rows: list[Row], order: tuple[Order, ...]) -> list[Row]:
    """Stable sorting from the last key to the first; blanks first unless told otherwise."""
    for one in reversed(order):
        get, field = names.getter(one.path)
        if not field.sortable:
            text = f"field '{field.name}' can not be sorted in a query call"
            raise malformed(text)
        get = comparable(get, field)
        blank = [row for row in rows if get(row) is None]
        filled = rows if not blank else [row for row in rows if get(row) is not None]
        filled = sorted(filled, key=get, reverse=one.descending)
        rows = filled + blank if one.nulls_last else blank + filled
    return rows


def shaper(names: Names, query: Query, base: str) -> Shape:
    """How a record is shown: the fields asked for, parents as objects of their own."""
    plain: list[Field] = []
    parents: dict[str, list[tuple[str, ...]]] = {}
    for path in query.fields:
        steps, field = names.resolve(path)
        if not steps:
            if field in plain:
                raise malformed(f"duplicate field selected: {field.name}")
            plain.append(field)
        else:
            parts = names.parts(path)
            parents.setdefault(steps[0].name, []).append(parts[1:])
    shape = shape_of(names.table, plain, base)
    if not parents:
        return shape
    climbs = [
        _parent(names.state, names.table, name, below, base) for name, below in parents.items()
    ]

    def whole(row: Row) -> dict[str, Any]:
        told = shape(row)
        for name, climb in climbs:
            told[name] = climb(row)
        return told

    return whole


def shape_of(table: Table, fields: list[Field], base: str) -> Shape:
    """A record as JSON: its type and address, then these fields."""
    kind = table.schema.name
    url = f"{base}/sobjects/{kind}/"
    if any(one.type == "address" for one in fields):
        getters = [(one.name, read(one)) for one in fields]
        return lambda row: {
            "attributes": {"type": kind, "url": url + row["Id"]},
            **{name: get(row) for name, get in getters},
        }
    columns = [(one.name, one.blank) for one in fields]
    return lambda row: {
        "attributes": {"type": kind, "url": url + row["Id"]},
        **{name: row.get(name, blank) for name, blank in columns},
    }


def _parent(
    state: State, table: Table, name: str, below: list[tuple[str, ...]], base: str
) -> tuple[str, Callable[[Row], dict[str, Any] | None]]:
    """The relationship's name, and how the parent of a record is shown: null if there is none."""
    reference = table.schema.fields[name]
    shapes: dict[str, Shape] = {}

    def climb(row: Row) -> dict[str, Any] | None:
        parent_id = row.get(name)
        parent = state.find(parent_id)
        target = state.owner_of_prefix(parent_id) if parent_id else None
        if parent is None or target is None:
            return None
        kind = target.schema.name
        if kind not in shapes:
            shapes[kind] = _shape_below(state, target, below, base)
        return shapes[kind](parent)

    return str(reference.relationship), climb


def _shape_below(state: State, table: Table, below: list[tuple[str, ...]], base: str) -> Shape:
    plain = [table.schema.find(parts[0]) for parts in below if len(parts) == 1]
    shape = shape_of(table, [one for one in plain if one is not None], base)
    deeper: dict[str, list[tuple[str, ...]]] = {}
    for parts in below:
        reference = table.schema.relation(parts[0]) if len(parts) > 1 else None
        if reference is not None:
            deeper.setdefault(reference.name, []).append(parts[1:])
    climbs = [_parent(state, table, name, rest, base) for name, rest in deeper.items()]
    return lambda row: shape(row) | {name: climb(row) for name, climb in climbs}
