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
        questions = [one.key for one in definition.gate.questions]
        kind_of = book(interest, questions, tuple(definition.reasons)).kind_of
        self._consent = tuple((name, ALLOWED[asked]) for name, asked in definition.consent.items())
        self._any = _compiled(definition.mql_any, kind_of)
        self._none = _compiled(definition.mql_none, kind_of)
        self._customer = _compiled(definition.customer_any, kind_of)
        self._routes = _compiled(definition.routes, kind_of)

    def mql(self, facts: Mapping[str, Value], today: date) -> Judgement:
        """Whether somebody is a lead that marketing hands over. `today` is the date of the business."""
        return self._judged(self._any, facts, today)

    def customer(self, facts: Mapping[str, Value], today: date) -> Judgement:
        """Whether a customer is a lead again, for something else."""
        return self._judged(self._customer, facts, today)

    def routes(self, facts: Mapping[str, Value], today: date) -> tuple[str, ...]:
        """The routes that hold, in the order of the definition."""
        context = Context(today, NoLinks())
        return tuple(name for name, holds in self._routes if holds(facts, context))

    def _judged(
        self, rules: Sequence[tuple[str, Holds]], facts: Mapping[str, Value], today: date
    ) -> Judgement:
        context = Context(today, NoLinks())
        return Judgement(
            tuple(name for name, holds in rules if holds(facts, context)),
            tuple(name for name, holds in self._none if holds(facts, context)),
            tuple(name for name, allowed in self._consent if not _is_in(facts, name, allowed)),
        )


def _is_in(facts: Mapping[str, Value], dimension: str, allowed: frozenset[str]) -> bool:
    """A word that nobody knows allows nothing; no word at all is `unknown`."""
    told = facts.get(f"consent.{dimension}") or "unknown"
    return told in allowed and told in CONSENTS


def _compiled(
    rules: Sequence[Rule] | Sequence[Route], kind_of: Callable[[str], FieldKind]
) -> tuple[tuple[str, Holds], ...]:
    return tuple(
        (
            rule.id,
            compile_expression(rule.when, side=System.HUBSPOT, kind_of=kind_of).condition(),
        )
        for rule in rules
    )
