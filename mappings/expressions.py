"""Conditions and expressions: a small grammar of our own, compiled to closures. No Python underneath.

Grammar, loosest first::

    or:      and ("or" and)*
    and:     not ("and" not)*
    not:     "not" not | compare
    compare: sum (("is" ["not"] | "=" | "<" | "<=" | ">" | ">=") sum
                 | "is" ["not"] ("filled" | "empty" | "linked") | ["not"] "in" "[" list "]")?
    sum:     term (("+" | "-") term)*
    term:    atom (("*" | "/") atom)*
    atom:    'text' | number | true | false | name | name "(" args ")" | "(" or ")"

Names may contain dots and are flat: ``associations.company`` is one field. A blank ``is 'x'`` is
false, a blank ``is not 'x'`` is true, ordering with a blank is false, blank + text is the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, DivisionByZero, InvalidOperation
from typing import TypeAlias

from connector.port import System, Values
from mappings.normal import as_text
from mappings.schema import Cell, Context

Operand: TypeAlias = str | Decimal | bool | None
Evaluate: TypeAlias = Callable[[Values, Context], Operand]

TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)(?![\w.])|(?P<name>[A-Za-z_][\w.]*)"
    r"|'(?P<single>(?:[^'\\]|\\.)*)'|\"(?P<double>(?:[^\"\\]|\\.)*)\""
    r"|(?P<sign><=|>=|[-+*/()\[\],=<>]))"
)
WORDS = frozenset({"is", "not", "in", "and", "or", "filled", "empty", "linked", "true", "false"})


class BadExpression(ValueError):
    """The text is no expression; the message says where it went wrong."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression: its closure, the fields it reads, and whether it depends on the date."""

    evaluate: Evaluate
    fields: frozenset[str]
    volatile: bool

    def condition(self) -> Callable[[Values, Context], bool]:
        """The expression as a condition."""
        evaluate = self.evaluate
        return lambda values, context: _truth(evaluate(values, context))

    def reader(self) -> Callable[[Values, Context], Cell]:
        """The expression as the source of a line."""
        evaluate = self.evaluate

        def read(values: Values, context: Context) -> Cell:
            found = evaluate(values, context)
            if isinstance(found, Decimal):
                return format(found.normalize() + 0, "f")
            return None if found == "" else found

        return read


def compile_expression(
    source: str, *, side: System, links: Mapping[str, str] | None = None
) -> Expression:
    """Compile; raises `BadExpression`. `links` maps link fields to the mapping they refer to."""
    parser = _Parser(source, side, links or {})
    evaluate = parser.whole()
    return Expression(evaluate, frozenset(parser.fields), parser.volatile)


@dataclass(slots=True)
class _Parser:
    source: str
    side: System
    links: Mapping[str, str]
    tokens: list[tuple[str, str]] = field(default_factory=list)
    at: int = 0
    fields: set[str] = field(default_factory=set)
    volatile: bool = False

    def __post_init__(self) -> None:
        position = 0
        text = self.source.rstrip()
        while position < len(text):
            match = TOKEN.match(text, position)
            if match is None:
                raise BadExpression(f"{text[position:].strip()[:12]!r} is not understood")
            kind = str(match.lastgroup)
            value = match.group(kind)
            if kind in {"single", "double"}:
                kind, value = "text", re.sub(r"\\(.)", r"\1", value)
            self.tokens.append((kind, value))
            position = match.end()

    def whole(self) -> Evaluate:
        if not self.tokens:
            raise BadExpression("it is empty")
        found = self._or()
        if self.at < len(self.tokens):
            raise BadExpression(f"{self.tokens[self.at][1]!r} was not expected")
        return found

    def _peek(self) -> str | None:
        """The next word or sign; quoted text never counts as one."""
        if self.at >= len(self.tokens) or self.tokens[self.at][0] not in {"name", "sign"}:
            return None
        return self.tokens[self.at][1]

    def _take(self, *words: str) -> str | None:
        word = self._peek()
        if word is not None and word in words:
            self.at += 1
            return word
        return None

    def _need(self, word: str) -> None:
        if self._take(word) is None:
            found = self.tokens[self.at][1] if self.at < len(self.tokens) else "its end"
            raise BadExpression(f"expected {word!r} before {found!r}")

    def _or(self) -> Evaluate:
        parts = [self._and()]
        while self._take("or"):
            parts.append(self._and())
        if len(parts) == 1:
            return parts[0]
        return lambda v, c: any(_truth(part(v, c)) for part in parts)

    def _and(self) -> Evaluate:
        parts = [self._not()]
        while self._take("and"):
            parts.append(self._not())
        if len(parts) == 1:
            return parts[0]
        return lambda v, c: all(_truth(part(v, c)) for part in parts)

    def _not(self) -> Evaluate:
        if self._take("not"):
            inner = self._not()
            return lambda v, c: not _truth(inner(v, c))
        return self._compare()

    def _compare(self) -> Evaluate:
        name = self.tokens[self.at][1] if self._is_field() else None
        left = self._sum()
        sign = self._take("is", "=", "<", "<=", ">", ">=", "in", "not")
        if sign is None:
            return left
        if sign == "is":
            return self._is(left, name)
        if sign == "not":
            self._need("in")
            return _negate(self._among(left))
        if sign == "in":
            return self._among(left)
        right = self._sum()
        if sign == "=":
            return lambda v, c: _same(left(v, c), right(v, c))
        return _ordered(left, sign, right)

    def _is_field(self) -> bool:
        if self.at >= len(self.tokens):
            return False
        kind, value = self.tokens[self.at]
        return kind == "name" and value not in WORDS

    def _is(self, left: Evaluate, name: str | None) -> Evaluate:
        negated = self._take("not") is not None
        word = self._take("filled", "empty", "linked")
        found: Evaluate
        if word == "linked":
            found = self._linked(left, name)
        elif word is not None:
            empty = word == "empty"
            found = lambda v, c: _blank(left(v, c)) is empty  # noqa: E731 - one of three closures
        else:
            right = self._sum()
            found = lambda v, c: _same(left(v, c), right(v, c))  # noqa: E731 - likewise
        return _negate(found) if negated else found

    def _linked(self, left: Evaluate, name: str | None) -> Evaluate:
        if name is None or name not in self.links:
            known = ", ".join(self.links) or "no field of this mapping"
            raise BadExpression(f"`is linked` needs a field of `links:` ({known})")
        mapping, side = self.links[name], self.side

        def linked(values: Values, context: Context) -> bool:
            held = left(values, context)
            return not _blank(held) and (
                context.refs.partner(mapping, side, _text(held)) is not None
            )

        return linked

    def _among(self, left: Evaluate) -> Evaluate:
        self._need("[")
        items = [self._sum()]
        while self._take(","):
            items.append(self._sum())
        self._need("]")
        return lambda v, c: any(_same(left(v, c), item(v, c)) for item in items)

    def _sum(self) -> Evaluate:
        found = self._term()
        while sign := self._take("+", "-"):
            found = _arithmetic(found, sign, self._term())
        return found

    def _term(self) -> Evaluate:
        found = self._atom()
        while sign := self._take("*", "/"):
            found = _arithmetic(found, sign, self._atom())
        return found

    def _atom(self) -> Evaluate:
        if self._take("("):
            inner = self._or()
            self._need(")")
            return inner
        if self.at >= len(self.tokens):
            raise BadExpression("it ends too early")
        kind, value = self.tokens[self.at]
        self.at += 1
        constant: Operand
        if kind == "text":
            constant = value
        elif kind == "number":
            constant = Decimal(value)
        elif kind == "name" and value in {"true", "false"}:
            constant = value == "true"
        elif kind == "name" and self._take("("):
            return self._call(value)
        elif kind == "name" and value not in WORDS:
            self.fields.add(value)
            return lambda v, _c: _operand(v.get(value))
        else:
            raise BadExpression(f"{value!r} was not expected")
        return lambda _v, _c: constant

    def _call(self, name: str) -> Evaluate:
        arguments: list[Evaluate] = []
        if not self._take(")"):
            arguments.append(self._or())
            while self._take(","):
                arguments.append(self._or())
            self._need(")")
        if name == "today":
            self.volatile = True
            return lambda _v, c: c.today.isoformat()
        if name not in FUNCTIONS:
            raise BadExpression(f"there is no function {name!r}; known: {', '.join(FUNCTIONS)}")
        fewest, most, function = FUNCTIONS[name]
        if not fewest <= len(arguments) <= most:
            raise BadExpression(f"{name} takes {fewest} to {most} arguments")
        return lambda v, c: function(*(argument(v, c) for argument in arguments))


def _operand(value: object) -> Operand:
    if value is None or isinstance(value, bool | str):
        return value
    return Decimal(str(value)) if isinstance(value, int | float) else str(value)


def _blank(value: Operand) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _text(value: Operand) -> str:
    if isinstance(value, Decimal):
        return format(value.normalize() + 0, "f")
    return as_text(value)


def _truth(value: Operand) -> bool:
    if isinstance(value, str):
        return value.strip().lower() not in {"", "false"}
    return bool(value)


def _number(value: Operand) -> Decimal | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        return Decimal(str(value).strip())
    except InvalidOperation:
        return None


def _same(left: Operand, right: Operand) -> bool:
    if _blank(left) or _blank(right):
        return False
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        return _number(left) == _number(right) and _number(left) is not None
    return _text(left).strip() == _text(right).strip()


def _negate(found: Evaluate) -> Evaluate:
    return lambda v, c: not _truth(found(v, c))


def _ordered(left: Evaluate, sign: str, right: Evaluate) -> Evaluate:
    def ordered(values: Values, context: Context) -> bool:
        a, b = left(values, context), right(values, context)
        if _blank(a) or _blank(b):
            return False
        x, y = _number(a), _number(b)
        order = (
            (x > y) - (x < y)
            if x is not None and y is not None
            else (_text(a) > _text(b)) - (_text(a) < _text(b))
        )
        return {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[sign]

    return ordered


def _arithmetic(left: Evaluate, sign: str, right: Evaluate) -> Evaluate:
    def computed(values: Values, context: Context) -> Operand:
        a, b = left(values, context), right(values, context)
        if sign == "+" and not (isinstance(a, Decimal) and isinstance(b, Decimal)):
            x, y = _number(a), _number(b)
            if x is None or y is None or isinstance(a, str) or isinstance(b, str):
                return ("" if a is None else _text(a)) + ("" if b is None else _text(b)) or None
        return _calculate(_number(a), sign, _number(b))

    return computed


def _calculate(x: Decimal | None, sign: str, y: Decimal | None) -> Operand:
    """Arithmetic with a blank or with text is blank."""
    if x is None or y is None:
        return None
    try:
        return {"+": x + y, "-": x - y, "*": x * y}.get(sign) if sign != "/" else x / y
    except (DivisionByZero, InvalidOperation):
        return None


def _substr(value: Operand, start: Operand, length: Operand = None) -> Operand:
    text, first = _text(value), int(_number(start) or 0)
    many = _number(length)
    return text[first : first + int(many)] if many is not None else text[first:]


def _coalesce(*values: Operand) -> Operand:
    return next((value for value in values if not _blank(value)), None)


FUNCTIONS: dict[str, tuple[int, int, Callable[..., Operand]]] = {
    "lower": (1, 1, lambda value: _text(value).lower()),
    "upper": (1, 1, lambda value: _text(value).upper()),
    "trim": (1, 1, lambda value: _text(value).strip()),
    "len": (1, 1, lambda value: Decimal(len(_text(value)))),
    "contains": (2, 2, lambda value, part: _text(part) in _text(value)),
    "startswith": (2, 2, lambda value, part: _text(value).startswith(_text(part))),
    "endswith": (2, 2, lambda value, part: _text(value).endswith(_text(part))),
    "replace": (3, 3, lambda value, old, new: _text(value).replace(_text(old), _text(new))),
    "substr": (2, 3, _substr),
    "coalesce": (1, 20, _coalesce),
}
