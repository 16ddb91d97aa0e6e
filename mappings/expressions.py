"""Conditions and expressions: a small grammar of our own, compiled to closures. No Python underneath.

Grammar, loosest first::

    or:      and ("or" and)*
    and:     not ("and" not)*
    not:     "not" not | compare
    compare: sum (("is" ["not"] | "=" | "<" | "<=" | ">" | ">=") sum
                 | "is" ["not"] ("filled" | "empty" | "linked") | ["not"] "in" "[" list "]")?
    sum:     term (("+" | "-") term)*
    term:    atom (("*" | "/") atom)*
    atom:    "-" atom | 'text' | number | true | false | today | name | name "(" args ")" | "(" or ")"

Names may contain dots and are flat: ``associations.company`` is one field. A blank ``is 'x'`` is
false, a blank ``is not 'x'`` is true, ordering with a blank is false, blank + text is the text.
Fields of kind `number` are numbers here, though HubSpot's JSON holds them as text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from connector.port import FieldKind, System, Values
from mappings.operands import (
    FUNCTIONS,
    Operand,
    blank,
    calculate,
    number,
    numeric,
    operand,
    same,
    text,
    truth,
)
from mappings.schema import Cell, Context

Evaluate: TypeAlias = Callable[[Values, Context], Operand]

TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)(?![\w.])|(?P<name>[A-Za-z_][\w.]*)"
    r"|'(?P<single>(?:[^'\\]|\\.)*)'|\"(?P<double>(?:[^\"\\]|\\.)*)\""
    r"|(?P<sign><=|>=|[-+*/()\[\],=<>]))"
)
# Deeper nesting than this is a mistake, and would exhaust the parser's stack.
MOST_NESTED = 40
TODAY = "today"
WORDS = frozenset({"is", "not", "in", "and", "or", "filled", "empty", "linked", "true", "false"})


class BadExpression(ValueError):
    """The text is no expression. `code` names the sentence that says why, `at` the character (from 0)
    where it went wrong; `words` fill the sentence, `allowed` are the words that would do.
    """

    def __init__(self, code: str, at: int, allowed: tuple[str, ...] = (), **words: str) -> None:
        super().__init__(f"{code} at {at}: {words}")
        self.code = code
        self.at = at
        self.allowed = allowed
        self.words = words


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a sign, a number or a quoted text, and where it begins."""

    kind: str
    value: str
    at: int


class Compared(NamedTuple):
    """That a field is compared with a quoted text, which begins at a character (from 0)."""

    field: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression: its closure, the fields it reads, and whether it depends on the date.

    `compared` are the quoted texts that fields are compared with, for whoever knows what they may hold.
    """

    evaluate: Evaluate
    fields: frozenset[str]
    volatile: bool
    compared: tuple[Compared, ...] = ()

    def condition(self) -> Callable[[Values, Context], bool]:
        """The expression as a condition."""
        evaluate = self.evaluate
        return lambda values, context: truth(evaluate(values, context))

    def reader(self) -> Callable[[Values, Context], Cell]:
        """The expression as the source of a line."""
        evaluate = self.evaluate

        def read(values: Values, context: Context) -> Cell:
            found = evaluate(values, context)
            if isinstance(found, Decimal):
                return text(found)
            return None if found == "" else found

        return read


def compile_expression(
    source: str,
    *,
    side: System,
    links: Mapping[str, str] | None = None,
    kind_of: Callable[[str], FieldKind] | None = None,
) -> Expression:
    """Compile; raises `BadExpression`.

    `links` maps the link fields of `side` to the mapping they refer to, `kind_of` tells the kind of a
    field.
    """
    parser = _Parser(source, side, links or {}, kind_of or (lambda _name: "text"))
    evaluate = parser.whole()
    return Expression(evaluate, frozenset(parser.fields), parser.volatile, tuple(parser.compared))


@dataclass(slots=True)
class _Parser:
    source: str
    side: System
    links: Mapping[str, str]
    kind_of: Callable[[str], FieldKind]
    tokens: list[Token] = field(default_factory=list)
    at: int = 0
    fields: set[str] = field(default_factory=set)
    volatile: bool = False
    depth: int = 0
    compared: list[Compared] = field(default_factory=list)

    def __post_init__(self) -> None:
        position = 0
        text = self.source.rstrip()
        while position < len(text):
            match = TOKEN.match(text, position)
            if match is None:
                rest = text[position:]
                at = position + len(rest) - len(rest.lstrip())
                raise BadExpression("x_not_understood", at, what=text[at : at + 12])
            kind = str(match.lastgroup)
            value = match.group(kind)
            start = match.start(kind)
            if kind in {"single", "double"}:
                kind, value, start = "text", re.sub(r"\\(.)", r"\1", value), start - 1
            self.tokens.append(Token(kind, value, start))
            position = match.end()

    def whole(self) -> Evaluate:
        if not self.tokens:
            raise BadExpression("x_empty", 0)
        found = self._or()
        if self.at < len(self.tokens):
            token = self.tokens[self.at]
            raise BadExpression("x_unexpected", token.at, what=token.value)
        return found

    def _here(self) -> int:
        """Where the next token begins, or where the text ends."""
        return self.tokens[self.at].at if self.at < len(self.tokens) else len(self.source.rstrip())

    def _peek(self) -> str | None:
        """The next word or sign; quoted text never counts as one."""
        if self.at >= len(self.tokens) or self.tokens[self.at].kind not in {"name", "sign"}:
            return None
        return self.tokens[self.at].value

    def _take(self, *words: str) -> str | None:
        word = self._peek()
        if word is not None and word in words:
            self.at += 1
            return word
        return None

    def _need(self, word: str) -> None:
        if self._take(word) is None:
            raise BadExpression("x_expected", self._here(), (word,), what=word)

    def _or(self) -> Evaluate:
        parts = [self._and()]
        while self._take("or"):
            parts.append(self._and())
        if len(parts) == 1:
            return parts[0]
        return lambda v, c: any(truth(part(v, c)) for part in parts)

    def _and(self) -> Evaluate:
        parts = [self._not()]
        while self._take("and"):
            parts.append(self._not())
        if len(parts) == 1:
            return parts[0]
        return lambda v, c: all(truth(part(v, c)) for part in parts)

    def _not(self) -> Evaluate:
        if self._take("not"):
            inner = self._not()
            return lambda v, c: not truth(inner(v, c))
        return self._compare()

    def _compare(self) -> Evaluate:
        name = self.tokens[self.at].value if self._is_field() else None
        start = self._here()
        begun = self.at
        left = self._sum()
        alone = name if self.at == begun + 1 else None
        sign = self._take("is", "=", "<", "<=", ">", ">=", "in", "not")
        if sign is None:
            return left
        if sign == "is":
            return self._is(left, name, start, alone)
        if sign == "not":
            self._need("in")
            return _negate(self._among(left, alone))
        if sign == "in":
            return self._among(left, alone)
        if sign == "=":
            self._note(alone)
        right = self._sum()
        if sign == "=":
            return lambda v, c: same(left(v, c), right(v, c))
        return _ordered(left, sign, right)

    def _is_field(self) -> bool:
        if self.at >= len(self.tokens):
            return False
        token = self.tokens[self.at]
        return token.kind == "name" and token.value not in WORDS

    def _note(self, name: str | None) -> None:
        """Remember the quoted text that a field is compared with, if one comes next."""
        if name is not None and self.at < len(self.tokens):
            token = self.tokens[self.at]
            if token.kind == "text":
                self.compared.append(Compared(name, token.value, token.at))

    def _is(self, left: Evaluate, name: str | None, start: int, alone: str | None) -> Evaluate:
        negated = self._take("not") is not None
        word = self._take("filled", "empty", "linked")
        found: Evaluate
        if word == "linked":
            found = self._linked(left, name, start)
        elif word is not None:
            empty = word == "empty"
            found = lambda v, c: blank(left(v, c)) is empty  # noqa: E731 - one of three closures
        else:
            self._note(alone)
            right = self._sum()
            found = lambda v, c: same(left(v, c), right(v, c))  # noqa: E731 - likewise
        return _negate(found) if negated else found

    def _linked(self, left: Evaluate, name: str | None, start: int) -> Evaluate:
        if name is None or name not in self.links:
            raise BadExpression("x_not_a_link", start, tuple(self.links), what=name or "")
        mapping, side = self.links[name], self.side

        def linked(values: Values, context: Context) -> bool:
            held = left(values, context)
            return not blank(held) and (context.refs.partner(mapping, side, text(held)) is not None)

        return linked

    def _among(self, left: Evaluate, name: str | None) -> Evaluate:
        self._need("[")
        self._note(name)
        items = [self._sum()]
        while self._take(","):
            self._note(name)
            items.append(self._sum())
        self._need("]")
        return lambda v, c: any(same(left(v, c), item(v, c)) for item in items)

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
        self.depth += 1
        if self.depth > MOST_NESTED:
            raise BadExpression("x_too_deep", self._here())
        found = self._inner_atom()
        self.depth -= 1
        return found

    def _inner_atom(self) -> Evaluate:
        if self._take("("):
            inner = self._or()
            self._need(")")
            return inner
        if self._take("-"):
            return _arithmetic(lambda _v, _c: Decimal(0), "-", self._atom())
        if self.at >= len(self.tokens):
            raise BadExpression("x_ends_early", self._here())
        token = self.tokens[self.at]
        self.at += 1
        if token.kind == "name" and self._take("("):
            return self._call(token.value, token.at)
        if token.kind == "name" and token.value == TODAY:
            return self._today()
        if token.kind == "name" and token.value not in WORDS:
            return self._field(token.value)
        return self._constant(token)

    def _constant(self, token: Token) -> Evaluate:
        constant: Operand
        if token.kind == "text":
            constant = token.value
        elif token.kind == "number":
            constant = Decimal(token.value)
        elif token.kind == "name" and token.value in {"true", "false"}:
            constant = token.value == "true"
        else:
            raise BadExpression("x_unexpected", token.at, what=token.value)
        return lambda _v, _c: constant

    def _field(self, name: str) -> Evaluate:
        self.fields.add(name)
        if self.kind_of(name) == "number":
            return lambda v, _c: numeric(v.get(name))
        return lambda v, _c: operand(v.get(name))

    def _today(self) -> Evaluate:
        self.volatile = True
        return lambda _v, c: c.today.isoformat()

    def _call(self, name: str, at: int) -> Evaluate:
        arguments: list[Evaluate] = []
        if not self._take(")"):
            arguments.append(self._or())
            while self._take(","):
                arguments.append(self._or())
            self._need(")")
        if name == TODAY and not arguments:
            return self._today()
        if name not in FUNCTIONS:
            raise BadExpression("x_no_function", at, (*FUNCTIONS, TODAY), what=name)
        fewest, most, function = FUNCTIONS[name]
        if not fewest <= len(arguments) <= most:
            raise BadExpression("x_arguments", at, what=name, least=str(fewest), most=str(most))
        return lambda v, c: function(*(argument(v, c) for argument in arguments))


def _negate(found: Evaluate) -> Evaluate:
    return lambda v, c: not truth(found(v, c))


def _ordered(left: Evaluate, sign: str, right: Evaluate) -> Evaluate:
    def ordered(values: Values, context: Context) -> bool:
        a, b = left(values, context), right(values, context)
        if blank(a) or blank(b):
            return False
        x, y = number(a), number(b)
        order = (
            (x > y) - (x < y)
            if x is not None and y is not None
            else (text(a) > text(b)) - (text(a) < text(b))
        )
        return {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[sign]

    return ordered


def _arithmetic(left: Evaluate, sign: str, right: Evaluate) -> Evaluate:
    def computed(values: Values, context: Context) -> Operand:
        a, b = left(values, context), right(values, context)
        if sign == "+" and not (isinstance(a, Decimal) and isinstance(b, Decimal)):
            x, y = number(a), number(b)
            if x is None or y is None or isinstance(a, str) or isinstance(b, str):
                return ("" if a is None else text(a)) + ("" if b is None else text(b)) or None
        return calculate(number(a), sign, number(b))

    return computed
