"""What holds somebody where they stand: every guard of their next step, and what each rule lacks. Pure.

The same guards decide (`lifecycle.guards`); there the first that does not hold is the answer, here all are.
A rule is taken apart into the conditions that have to hold together, so that one sees which of them do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import NamedTuple

from connector.port import FieldKind, System, Value
from intent.fitting import NoLinks
from lifecycle.definition import Definition, Rule
from lifecycle.guards import GUARDS, Case
from lifecycle.model import Refusal, Request, Role, Stage, Standing
from lifecycle.qualify import ALLOWED
from lifecycle.situation import Situation
from lifecycle.transitions import Transition, rows
from mappings.conjuncts import conjuncts
from mappings.expressions import Expression, compile_expression
from mappings.schema import Context

KindOf = Callable[[str], FieldKind]


class Condition(NamedTuple):
    """A condition as the definition has it, and what is known of each fact that it names; None: nothing."""

    text: str
    known: tuple[tuple[str, Value], ...]


class Found(NamedTuple):
    """A rule, and those of its conditions that matter: they do not hold, or they do and exclude."""

    rule: str
    conditions: tuple[Condition, ...]


class Holding(NamedTuple):
    """What stands between somebody and `to`; nothing: it follows with the next look, or a person decides.

    `by` are the guards that do not hold, `rules` what each rule lacks where none holds, `excluded` the
    exclusions that do, `consent` the dimensions in which it is missing. `is_theirs`: a seller has the step.
    """

    to: Stage
    by: tuple[Refusal, ...] = ()
    rules: tuple[Found, ...] = ()
    excluded: tuple[Found, ...] = ()
    consent: tuple[str, ...] = ()
    is_theirs: bool = False


def holding(
    definition: Definition,
    standing: Standing,
    situation: Situation,
    facts: Mapping[str, Value],
    kind_of: KindOf,
    today: date,
) -> Holding | None:
    """What holds somebody now; None: nobody goes anywhere from there.

    `facts` are those of the person (`lifecycle.facts.maker`), `kind_of` tells their kinds, `today` is the
    date of the business.
    """
    steps = _steps(definition, standing)
    if not steps:
        return None
    row = steps[-1]
    by = tuple(one for step in steps for one in _by(step, definition, standing, situation))
    if row.to is not Stage.MQL:
        return Holding(row.to, by, is_theirs=Role.RULE not in row.roles)
    is_customer = standing.stage is Stage.CUSTOMER
    rules = definition.customer_any if is_customer else definition.mql_any
    holds = situation.customer_rules if is_customer else situation.rules
    context = Context(today, NoLinks())
    return Holding(
        to=row.to,
        by=by,
        rules=() if holds else tuple(_lacking(rules, facts, kind_of, context)),
        excluded=tuple(
            Found(one.id, (_condition(one.when, facts, kind_of),))
            for one in definition.mql_none
            if one.id in situation.exclusions
        ),
        consent=tuple(
            name
            for name, asked in definition.consent.items()
            if (facts.get(f"consent.{name}") or "unknown") not in ALLOWED[asked]
        ),
    )


def _steps(definition: Definition, standing: Standing) -> tuple[Transition, ...]:
    """The rows of what would come next; whoever is known is a lead and handed over in one look."""
    ends = _ends(definition, standing.stage)
    return tuple(rows(definition.preset, source, to)[0] for source, to in ends)


def _ends(definition: Definition, stage: Stage) -> tuple[tuple[Stage, Stage], ...]:
    if stage is Stage.KNOWN:
        return (Stage.KNOWN, Stage.LEAD), (Stage.LEAD, Stage.MQL)
    if stage in (Stage.RECYCLED, Stage.CUSTOMER):
        return ((stage, Stage.MQL),)
    if stage is Stage.DISQUALIFIED:
        return ((stage, Stage.LEAD),)
    order = definition.order
    place = order.index(stage) if stage in order else len(order)
    return tuple((stage, to) for to in order[place + 1 : place + 2])


def _by(
    row: Transition, definition: Definition, standing: Standing, situation: Situation
) -> Iterable[Refusal]:
    now, role = situation.now, Role.RULE if Role.RULE in row.roles else Role.SALES
    asked = Request(
        id="", subject=standing.subject, to=row.to, role=role, actor="", source="kakehashi",
        at=now, observed_at=now,
    )  # fmt: skip
    case = Case(
        row=row, request=asked, standing=standing, situation=situation, definition=definition
    )
    for name in row.guards:
        if (held := GUARDS[name](case)) is not None:
            words = dict(held.words)
            yield Refusal(request=asked, code=held.code, stood=standing.stage, words=words)


def _lacking(
    rules: Iterable[Rule], facts: Mapping[str, Value], kind_of: KindOf, context: Context
) -> Iterable[Found]:
    for rule in rules:
        parts = [(part, _compiled(part, kind_of).condition()) for part in conjuncts(rule.when)]
        lacks = [part for part, holds in parts if not holds(facts, context)]
        yield Found(rule.id, tuple(_condition(part, facts, kind_of) for part in lacks))


def _condition(text: str, facts: Mapping[str, Value], kind_of: KindOf) -> Condition:
    names = sorted(_compiled(text, kind_of).fields)
    return Condition(text, tuple((name, facts.get(name)) for name in names))


def _compiled(text: str, kind_of: KindOf) -> Expression:
    return compile_expression(text, side=System.HUBSPOT, kind_of=kind_of)
