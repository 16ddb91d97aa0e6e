"""Which rules of the definition hold for a person at an instant: qualified or not, and why. Pure.

    qualified   what the definition asks of consent is allowed, any rule of `any` holds, none of `none` does

This says what the definition says and nothing of where somebody stands: whether the stage may follow is the
matter of the state machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import NamedTuple, TypeAlias

from connector.port import FieldKind, System, Value, Values
from intent.definition import Definition as Interest
from intent.fitting import NoLinks
from lifecycle.definition import Definition, Route, Rule
from lifecycle.facts import CONSENTS, book
from mappings.expressions import compile_expression
from mappings.schema import Context

Holds: TypeAlias = Callable[[Values, Context], bool]
# What satisfies each thing that can be asked of a dimension of consent.
ALLOWED: Mapping[str, frozenset[str]] = {
    "granted": frozenset({"granted"}),
    "not_objected": frozenset({"granted", "unknown"}),
}


class Judgement(NamedTuple):
    """What the definition says of a person. `rules` are those of `any` that hold, `excluded` those of
    `none`; `not_allowed` are the dimensions of consent that are missing.
    """

    rules: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    not_allowed: tuple[str, ...] = ()

    @property
    def qualified(self) -> bool:
        return bool(self.rules) and not self.excluded and not self.not_allowed


class Judge:
    """The rules of a definition, compiled. Made once, asked for many people.

    The definition is one that was loaded: a condition that cannot be compiled is a fault there.
    """

    def __init__(self, definition: Definition, interest: Interest) -> None:
        kind_of = kinds_of(definition, interest)
        self._consent = tuple((name, ALLOWED[asked]) for name, asked in definition.consent.items())
        read: set[str] = set()
        self._any = _compiled(definition.mql_any, kind_of, read)
        self._none = _compiled(definition.mql_none, kind_of, read)
        self._customer = _compiled(definition.customer_any, kind_of, read)
        self._routes = _compiled(definition.routes, kind_of, read)
        self._read = frozenset(read)

    @property
    def facts(self) -> frozenset[str]:
        """The names of all facts that the conditions read."""
        return self._read

    def makes_mql(self, facts: Mapping[str, Value], today: date) -> tuple[str, ...]:
        """The rules that make somebody an MQL; none where they do not hold, or something excludes it.

        The same as `mql`, sooner said for many people.
        """
        context = Context(today, NoLinks())
        rules = _that_hold(self._any, facts, context)
        if not rules or any(holds(facts, context) for _, holds in self._none):
            return ()
        return rules if all(_is_in(facts, *one) for one in self._consent) else ()

    def mql(self, facts: Mapping[str, Value], today: date) -> Judgement:
        """Whether somebody is a lead that marketing hands over. `today` is the date of the business."""
        return self._judged(self._any, facts, today)

    def customer(self, facts: Mapping[str, Value], today: date) -> Judgement:
        """Whether a customer is a lead again, for something else."""
        return self._judged(self._customer, facts, today)

    def routes(self, facts: Mapping[str, Value], today: date) -> tuple[str, ...]:
        """The routes that hold, in the order of the definition."""
        context = Context(today, NoLinks())
        return _that_hold(self._routes, facts, context)

    def _judged(
        self, rules: Sequence[tuple[str, Holds]], facts: Mapping[str, Value], today: date
    ) -> Judgement:
        context = Context(today, NoLinks())
        return Judgement(
            _that_hold(rules, facts, context),
            _that_hold(self._none, facts, context),
            tuple(one[0] for one in self._consent if not _is_in(facts, *one)),
        )


def kinds_of(definition: Definition, interest: Interest) -> Callable[[str], FieldKind]:
    """Of which kind each fact is that the conditions of a definition may name."""
    questions = [one.key for one in definition.gate.questions]
    return book(interest, questions, tuple(definition.reasons)).kind_of


def _that_hold(
    rules: Sequence[tuple[str, Holds]], facts: Mapping[str, Value], context: Context
) -> tuple[str, ...]:
    return tuple(name for name, holds in rules if holds(facts, context))


def _is_in(facts: Mapping[str, Value], dimension: str, allowed: frozenset[str]) -> bool:
    """A word that nobody knows allows nothing; no word at all is `unknown`."""
    told = facts.get(f"consent.{dimension}") or "unknown"
    return told in allowed and told in CONSENTS


def _compiled(
    rules: Sequence[Rule] | Sequence[Route], kind_of: Callable[[str], FieldKind], read: set[str]
) -> tuple[tuple[str, Holds], ...]:
    """The conditions by the names of their rules; what they read is added to `read`."""
    found = []
    for rule in rules:
        compiled = compile_expression(rule.when, side=System.HUBSPOT, kind_of=kind_of)
        read |= compiled.fields
        found.append((rule.id, compiled.condition()))
    return tuple(found)
