"""The subset of SOQL that this org speaks: text in, a `Query` out. Knows no schema and no record.

``SELECT fields | COUNT() FROM object [alias] [WHERE ...] [ORDER BY ...] [LIMIT n] [OFFSET n]
[ALL ROWS]``; fields may climb to parents (``Account.Owner.Name``); conditions are
``= != <> < <= > >= IN, NOT IN, LIKE, AND, OR, NOT`` (reference sheet, section 2.3).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar

from sandbox.salesforce.answers import Refusal, refusal

MOST_CHARACTERS = 100_000
MOST_LITERAL = 4_000
MOST_OFFSET = 2_000

_T = TypeVar("_T")
LiteralKind = Literal["string", "number", "date", "datetime", "boolean", "null"]


class Token(NamedTuple):
    kind: str
    text: str
    place: int


class Path(NamedTuple):
    """A field, perhaps of a parent: ``("Account", "Name")``. `place` is where it stands in the text."""

    parts: tuple[str, ...]
    place: int


class Constant(NamedTuple):
    kind: LiteralKind
    value: Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """One condition; `operator` is spelled as in SOQL, in capitals. IN and NOT IN have several values."""

    path: Path
    operator: str
    values: tuple[Constant, ...]


@dataclass(frozen=True, slots=True)
class Both:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition


Condition: TypeAlias = Comparison | Both | Either | Not


class Order(NamedTuple):
    path: Path
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked for. No `fields`: ``COUNT()``."""

    text: str
    fields: tuple[Path, ...]
    source: str
    source_place: int
    alias: str | None
    where: Condition | None
    order: tuple[Order, ...]
    limit: int | None
    offset: int
    all_rows: bool


_TOKENS = re.compile(
    r"\s*(?:"
    r"(?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?(?:Z|[+-]\d\d:?\d\d))"
    r"|(?P<date>\d{4}-\d\d-\d\d)"
    r"|(?P<number>[+-]?\d+(?:\.\d+)?)"
    r"|(?P<string>'(?:[^'\\]|\\.)*')"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)"
    r"|(?P<sign><=|>=|!=|<>|[=<>(),])"
    r")",
    re.ASCII | re.DOTALL,
)
_ESCAPES = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "b": "\b",
    "f": "\f",
    "'": "'",
    '"': '"',
    "\\": "\\",
}
_ESCAPED = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_SIGNS = frozenset({"=", "!=", "<>", "<", "<=", ">", ">="})


def malformed(text: str) -> Refusal:
    return refusal(400, "MALFORMED_QUERY", text)


def parse(text: str) -> Query:
    """The query of a statement. Raises the refusal MALFORMED_QUERY."""
    if len(text) > MOST_CHARACTERS:
        raise malformed(f"SOQL statements cannot be longer than {MOST_CHARACTERS} characters.")
    return _Parser(text).query()


def tokens(text: str) -> list[Token]:
    found, place = [], 0
    text = text.rstrip()
    while place < len(text):
        match = _TOKENS.match(text, place)
        if match is None:
            raise malformed(f"unexpected token: {text[place:].split()[0][:40]}")
        kind = str(match.lastgroup)
        found.append(Token(kind, match[kind], match.start(kind)))
        place = match.end()
    return found


def unescape(literal: str, *, like: bool = False) -> str:
    """The text between the quotes. In LIKE, ``\\_`` and ``\\%`` keep their backslash for later."""

    def one(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] == "u" and len(code) == 5:
            return chr(int(code[1:], 16))
        if like and code in "_%\\":
            return "\\" + code
        if code not in _ESCAPES:
            raise malformed(f"Illegal string literal: Invalid string literal '{literal}'")
        return _ESCAPES[code]

    return _ESCAPED.sub(one, literal)


class _Parser:
    """Recursive descent over the tokens of one statement."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._at = 0

    def query(self) -> Query:
        self._expect("SELECT")
        fields = self._fields()
        self._expect("FROM")
        source = self._word()
        alias = self._alias()
        where = self._disjunction() if self._take("WHERE") else None
        order = self._order()
        limit = self._number() if self._take("LIMIT") else None
        offset = self._number() if self._take("OFFSET") else 0
        all_rows = self._take("ALL")
        if all_rows:
            self._expect("ROWS")
        if self._peek() is not None:
            raise self._unexpected()
        if offset > MOST_OFFSET:
            text = f"Maximum SOQL offset allowed is {MOST_OFFSET}"
            raise refusal(400, "NUMBER_OUTSIDE_VALID_RANGE", text)
        return Query(
            self._text,
            fields,
            source.text,
            source.place,
            alias,
            where,
            order,
            limit,
            offset,
            all_rows,
        )

    def _fields(self) -> tuple[Path, ...]:
        first = self._peek()
        if first is not None and first.text.upper() == "COUNT":
            self._at += 1
            self._expect("(")
            self._expect(")")
            return ()
        return tuple(self._listed(self._path))

    def _alias(self) -> str | None:
        following = self._peek()
        reserved = {"WHERE", "ORDER", "LIMIT", "OFFSET", "ALL", "GROUP", "FOR", "WITH", "USING"}
        if following is None or following.kind != "word" or following.text.upper() in reserved:
            return None
        self._at += 1
        return following.text

    def _order(self) -> tuple[Order, ...]:
        if not self._take("ORDER"):
            return ()
        self._expect("BY")
        return tuple(self._listed(self._sorting))

    def _sorting(self) -> Order:
        path = self._path()
        descending = self._take("DESC")
        if not descending:
            self._take("ASC")
        nulls_last = False
        if self._take("NULLS"):
            nulls_last = self._take("LAST")
            if not nulls_last:
                self._expect("FIRST")
        return Order(path, descending, nulls_last)

    def _disjunction(self) -> Condition:
        parts = [self._conjunction()]
        while self._take("OR"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _conjunction(self) -> Condition:
        parts = [self._negation()]
        while self._take("AND"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _negation(self) -> Condition:
        if self._take("NOT"):
            return Not(self._negation())
        if self._take("("):
            inner = self._disjunction()
            self._expect(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Comparison:
        path = self._path()
        sign = self._peek()
        if sign is not None and sign.text in _SIGNS:
            self._at += 1
            operator = "!=" if sign.text == "<>" else sign.text
            return Comparison(path, operator, (self._constant(),))
        if self._take("LIKE"):
            return Comparison(path, "LIKE", (self._constant(like=True),))
        operator = "NOT IN" if self._take("NOT") else "IN"
        self._expect("IN")
        self._expect("(")
        values = tuple(self._listed(self._constant))
        self._expect(")")
        return Comparison(path, operator, values)

    def _constant(self, *, like: bool = False) -> Constant:
        token = self._next()
        if token.kind == "string":
            inner = token.text[1:-1]
            if len(inner) > MOST_LITERAL:
                raise malformed(f"string literal longer than {MOST_LITERAL} characters")
            return Constant("string", unescape(inner, like=like))
        if token.kind == "number":
            return Constant("number", float(token.text))
        if token.kind == "date":
            return Constant("date", token.text)
        if token.kind == "datetime":
            return Constant("datetime", token.text)
        word = token.text.lower()
        if word == "null":
            return Constant("null", None)
        if word in {"true", "false"}:
            return Constant("boolean", word == "true")
        self._at -= 1
        raise self._unexpected()

    def _listed(self, one: Callable[[], _T]) -> list[_T]:
        found = [one()]
        while self._take(","):
            found.append(one())
        return found

    def _path(self) -> Path:
        token = self._word()
        return Path(tuple(token.text.split(".")), token.place)

    def _number(self) -> int:
        token = self._next()
        if token.kind != "number" or not token.text.isdigit():
            self._at -= 1
            raise self._unexpected()
        return int(token.text)

    def _word(self) -> Token:
        token = self._next()
        if token.kind != "word" or token.text.upper() in {"FROM", "WHERE", "AND", "OR"}:
            self._at -= 1
            raise self._unexpected()
        return token

    def _peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next(self) -> Token:
        token = self._peek()
        if token is None:
            raise self._unexpected()
        self._at += 1
        return token

    def _take(self, text: str) -> bool:
        token = self._peek()
        if token is None or token.kind == "string" or token.text.upper() != text:
            return False
        self._at += 1
        return True

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise self._unexpected()

    def _unexpected(self) -> Refusal:
        token = self._peek()
        return malformed(f"unexpected token: '{'<EOF>' if token is None else token.text}'")
