"""Conditions of a query as functions over records, and the sort keys of its order.

SOQL knows two truth values: a comparison with null is false, `!=` and NOT IN include blank fields.
Text compares caseless, except in case-sensitive fields and ids.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sandbox.salesforce.answers import Refusal, Row, refusal, stamp
from sandbox.salesforce.ids import normal_id
from sandbox.salesforce.records import Table, address
from sandbox.salesforce.schema import NUMBER_TYPES, TEXT_TYPES, Field
from sandbox.salesforce.soql import Both, Comparison, Condition, Constant, Not, Path
from sandbox.salesforce.state import State
from sandbox.salesforce.values import parse_datetime

Getter = Callable[[Row], Any]
Test = Callable[[Row], bool]
_QUOTED_TYPES = TEXT_TYPES | {"id", "reference"}
_EXPECTED = {"datetime": "dateTime", "reference": "reference", "id": "ID"}


class Names:
    """Resolves paths against the schema as one caller sees it."""

    def __init__(
        self, state: State, table: Table, text: str, alias: str | None, *, everything: bool
    ) -> None:
        self.state = state
        self.table = table
        self._text = text
        self._alias = alias
        self._everything = everything

    def parts(self, path: Path) -> tuple[str, ...]:
        """The path without the object's own name or alias in front."""
        own = {self.table.schema.name.lower(), (self._alias or "").lower()}
        parts = path.parts
        return parts[1:] if len(parts) > 1 and parts[0].lower() in own else parts

    def resolve(self, path: Path) -> tuple[list[Field], Field]:
        """The references to follow, and the field at the end. Raises the refusal INVALID_FIELD."""
        schema, steps = self.table.schema, []
        *parents, last = self.parts(path)
        for name in parents:
            reference = schema.relation(name)
            target = self._target(reference)
            if reference is None or target is None:
                raise self._no_relation(path, name)
            steps.append(reference)
            schema = target.schema
        found = schema.find(last)
        if found is None or not (found.readable or self._everything):
            raise self._no_column(path, last, schema.name)
        return steps, found

    def getter(self, path: Path) -> tuple[Getter, Field]:
        """How to read this path from a record."""
        steps, field = self.resolve(path)
        get = read(field)
        for reference in reversed(steps):
            get = self._through(reference.name, get)
        return get, field

    def _through(self, name: str, get: Getter) -> Getter:
        find = self.state.find

        def climb(row: Row) -> Any:
            parent = find(row.get(name))
            return None if parent is None else get(parent)

        return climb

    def _target(self, reference: Field | None) -> Table | None:
        """The object a reference leads to; Users where it may also be a queue."""
        if reference is None:
            return None
        named = sorted(reference.reference_to, key=lambda name: name != "User")
        known = (self.state.known(name) for name in named)
        return next((table for table in known if table is not None), None)

    def _marked(self, place: int) -> str:
        """The text around a place, with a mark under it."""
        start = max(0, place - 40)
        shown = self._text[start : place + 40]
        return f"\n{shown}\n{' ' * (place - start)}^\nERROR at Row:1:Column:{place + 1}\n"

    def _no_column(self, path: Path, name: str, object_name: str) -> Refusal:
        text = (
            f"No such column '{name}' on entity '{object_name}'. If you are attempting to use a"
            " custom field, be sure to append the '__c' after the custom field name. Please"
            " reference your WSDL or the describe call for the appropriate names."
        )
        return refusal(400, "INVALID_FIELD", self._marked(path.place) + text)

    def _no_relation(self, path: Path, name: str) -> Refusal:
        text = (
            f"Didn't understand relationship '{name}' in field path. If you are attempting to use"
            " a custom relationship, be sure to append the '__r' after the custom relationship"
            " name. Please reference your WSDL or the describe call for the appropriate names."
        )
        return refusal(400, "INVALID_FIELD", self._marked(path.place) + text)


def read(field: Field) -> Getter:
    """How to read one field of a record: blanks and false booleans are not stored."""
    name, blank = field.name, field.blank
    if field.type == "address":
        return lambda row: address(row, field)
    return lambda row: row.get(name, blank)


def comparable(get: Getter, field: Field) -> Getter:
    """As `get`, with the case of text taken out where it does not count."""
    if field.type not in TEXT_TYPES or field.case_sensitive:
        return get

    def folded(row: Row) -> Any:
        value = get(row)
        return value.casefold() if value is not None else None

    return folded


def compile_condition(names: Names, condition: Condition | None) -> Test | None:
    """A test that a record passes or not; None where there is no condition."""
    if condition is None:
        return None
    if isinstance(condition, Comparison):
        return _comparison(names, condition)
    if isinstance(condition, Not):
        inner = _must(names, condition.part)
        return lambda row: not inner(row)
    tests = [_must(names, part) for part in condition.parts]
    if isinstance(condition, Both):
        return lambda row: all(test(row) for test in tests)
    return lambda row: any(test(row) for test in tests)


def _must(names: Names, condition: Condition) -> Test:
    test = compile_condition(names, condition)
    if test is None:  # a part of a condition is one itself
        raise AssertionError(condition)
    return test


def _comparison(names: Names, condition: Comparison) -> Test:
    get, field = names.getter(condition.path)
    if not field.filterable or field.type == "address":
        text = f"field '{field.name}' can not be filtered in a query call"
        raise refusal(400, "INVALID_FIELD", text)
    get = comparable(get, field)
    values = [constant(field, one) for one in condition.values]
    if condition.operator == "LIKE":
        return _like(get, field, condition.values[0])
    if condition.operator in {"IN", "NOT IN"}:
        wanted = frozenset(values)
        if condition.operator == "IN":
            return lambda row: get(row) in wanted
        return lambda row: get(row) not in wanted
    return _ordered(get, condition.operator, values[0])


def _ordered(get: Getter, operator: str, wanted: Any) -> Test:
    if operator == "=":
        return lambda row: bool(get(row) == wanted)
    if operator == "!=":
        return lambda row: bool(get(row) != wanted)
    if wanted is None:
        return lambda row: False
    tests: dict[str, Callable[[Any], bool]] = {
        "<": lambda value: value < wanted,
        "<=": lambda value: value <= wanted,
        ">": lambda value: value > wanted,
        ">=": lambda value: value >= wanted,
    }
    test = tests[operator]

    def compared(row: Row) -> bool:
        value = get(row)
        return value is not None and test(value)

    return compared


def _like(get: Getter, field: Field, given: Constant) -> Test:
    if field.type not in _QUOTED_TYPES:
        text = "invalid operator on " + field.type + " field"
        raise refusal(400, "INVALID_QUERY_FILTER_OPERATOR", text)
    pattern = re.compile(_pattern(str(given.value)), re.IGNORECASE | re.DOTALL)

    def liked(row: Row) -> bool:
        value = get(row)
        return value is not None and pattern.fullmatch(value) is not None

    return liked


def _pattern(like: str) -> str:
    """``%`` is any text, ``_`` one character; a backslash takes their meaning away."""
    signs = {"%": ".*", "_": "."}
    parts = re.findall(r"\\.|.", like, re.DOTALL)
    return "".join(signs.get(part) or re.escape(part[-1]) for part in parts)


def constant(field: Field, given: Constant) -> Any:
    """A constant as records hold such a value. Raises the refusal INVALID_FIELD for another kind."""
    if given.kind == "null":
        return field.blank
    value = _fitting(field, given)
    if value is not None:
        return value
    quotes = "should be" if field.type in _QUOTED_TYPES else "should not be"
    expected = _EXPECTED.get(field.type, "string" if field.type in TEXT_TYPES else field.type)
    text = (
        f"value of filter criterion for field '{field.name}' must be of type {expected}"
        f" and {quotes} enclosed in quotes"
    )
    raise refusal(400, "INVALID_FIELD", text)


def _fitting(field: Field, given: Constant) -> Any:
    """None where the constant is of the wrong kind."""
    if field.type in {"id", "reference"}:
        return _id(field, given) if given.kind == "string" else None
    if field.type in TEXT_TYPES:
        if given.kind != "string":
            return None
        return given.value if field.case_sensitive else given.value.casefold()
    if field.type == "datetime" and given.kind == "datetime":
        moment = parse_datetime(given.value)
        return None if moment is None else stamp(moment)
    if field.type == "date" and given.kind == "date":
        return given.value
    if field.type == "boolean" and given.kind == "boolean":
        return given.value
    if field.type == "int" or field.type in NUMBER_TYPES:
        return given.value if given.kind == "number" else None
    return None


def _id(field: Field, given: Constant) -> str:
    """Ids may be asked for with 15 characters; what is no id is refused."""
    found = normal_id(given.value)
    if found is None and given.value:
        raise refusal(400, "INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {given.value}")
    return found or ""
