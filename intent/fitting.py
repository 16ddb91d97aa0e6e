"""The conditions of fit rules, compiled: does a rule hold for a contact or a company? Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from connector.port import FieldKind, System, Values
from intent.definition import FitRule
from mappings.expressions import compile_expression
from mappings.schema import Context, Pending
from mappings.stock import field_of


def conditions(rules: Sequence[FitRule], today: date) -> Callable[[FitRule, Values], bool]:
    """Answers whether a rule holds for the values of a HubSpot record; made for `intent.score.fit`.

    `today` is the date of the business. The rules are those of a definition that was loaded: a condition that
    cannot be compiled is a fault there.
    """
    context = Context(today, NoLinks())
    compiled = {
        rule: compile_expression(
            rule.when, side=System.HUBSPOT, kind_of=kinds_on(rule.on)
        ).condition()
        for rule in rules
    }
    return lambda rule, values: compiled[rule](values, context)


def kinds_on(object_name: str) -> Callable[[str], FieldKind]:
    """The kinds of an object's fields, as every org has them."""
    return lambda name: field_of(System.HUBSPOT, object_name, name).kind


class NoLinks:
    """`is linked` is no condition of a definition: it has no links."""

    def partner(self, mapping: str, side: System, record_id: str) -> str | Pending | None:
        return None
