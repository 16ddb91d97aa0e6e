"""Formulas of validation rules, as far as picklists and blanks go: AND, OR, NOT, ISPICKVAL, ISBLANK, TEXT.

Source: Salesforce Help, "Formula Operators and Functions". What is not known here is refused, like a formula
with an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandbox.salesforce.schema import ObjectSchema

_TOKEN = re.compile(r'\s*(?:(?P<text>"[^"]*")|(?P<name>[A-Za-z]\w*)|(?P<sign>[(),]))')
_PICKLISTS = frozenset({"picklist", "multipicklist"})

Part = Callable[[Mapping[str, Any]], Any]


def read_formula(text: str, schema: ObjectSchema) -> Callable[[Mapping[str, Any]], bool]:
    """What a formula answers for a record of this object. ValueError for one that cannot be read."""
    reader = _Reader(list(_tokens(text)), schema)
    found = reader.part()
    if reader.left:
        raise ValueError(f"Syntax error. Extra {reader.left[0]}")
    return lambda row: bool(found(row))


def _tokens(text: str) -> Iterator[str]:
    place = 0
    while place < len(text.rstrip()):
        found = _TOKEN.match(text, place)
        if found is None:
            raise ValueError(f"Syntax error. Found {text[place:].strip()[:20]}")
        yield found.group().strip()
        place = found.end()


class _Reader:
    def __init__(self, tokens: list[str], schema: ObjectSchema) -> None:
        self.left = tokens
        self.schema = schema

    def part(self) -> Part:
        """A function with its arguments, a text, or a field."""
        token = self._next()
        if token.startswith('"'):
            return lambda _row: token.strip('"')
        if self.left[:1] != ["("]:
            return self._field(token, is_plain=True)
        self._next()
        return self._function(token.upper())

    def _function(self, name: str) -> Part:
        if name in {"ISPICKVAL", "TEXT"}:
            field = self._field(self._next(), is_plain=False)
            if name == "TEXT":
                self._close()
                return lambda row: field(row) or ""
            self._expect(",")
            wanted = self._next().strip('"')
            self._close()
            return lambda row: (field(row) or "") == wanted
        given = [self.part()]
        while self.left[:1] == [","]:
            self._next()
            given.append(self.part())
        self._close()
        match name:
            case "AND":
                return lambda row: all(one(row) for one in given)
            case "OR":
                return lambda row: any(one(row) for one in given)
            case "NOT" if len(given) == 1:
                return lambda row: not given[0](row)
            case "ISBLANK" if len(given) == 1:
                return lambda row: given[0](row) in (None, "")
        raise ValueError(f"Unknown function {name}. Check spelling.")

    def _field(self, name: str, *, is_plain: bool) -> Part:
        found = self.schema.find(name)
        if found is None:
            raise ValueError(f"Field {name} does not exist. Check spelling.")
        if is_plain and found.type in _PICKLISTS:
            text = "Picklist fields are only supported in certain functions."
            raise ValueError(f"Field {name} is a picklist field. {text}")
        return lambda row: row.get(found.name)

    def _next(self) -> str:
        if not self.left:
            raise ValueError("Syntax error. Missing ')'")
        return self.left.pop(0)

    def _expect(self, sign: str) -> None:
        found = self._next()
        if found != sign:
            raise ValueError(f"Syntax error. Missing '{sign}'")

    def _close(self) -> None:
        self._expect(")")
