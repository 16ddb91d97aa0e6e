"""What two versions of the definition say differently, in words that both departments read. Pure.

The definition of interest belongs to it: points that changed are told with the rules that changed. The words
stand in `messages/difference.yaml`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from ruamel.yaml import YAML

from intent.definition import Definition as Interest
from intent.model import DAY
from lifecycle.definition import Definition
from lifecycle.forms import WEEKDAYS
from lifecycle.load import Whole

Language = Literal["en", "ja"]
Kind = Literal["added", "removed", "changed"]
TEXTS = Path(__file__).parent / "messages" / "difference.yaml"

# A named thing of a block, like one rule, and what is said of it by aspect.
Aspects: TypeAlias = dict[str, str]


class Change(NamedTuple):
    """One thing that is said differently: of which block and name, and which aspect of it where it is there
    in both. `old` and `new` are None where it is not there.
    """

    kind: Kind
    block: str
    name: str
    aspect: str
    old: str | None
    new: str | None

    def words(self, language: Language) -> str:
        """The sentence a person reads."""
        told = texts()
        what = str(told["blocks"][self.block][language]).format(name=self.name)
        if self.aspect:
            aspect = told["aspects"].get(self.aspect, {language: self.aspect})[language]
            what = str(told["of"][language]).format(what=what, aspect=aspect)
        blank = told["nothing"][language]
        return str(told[self.kind][language]).format(
            what=what, old=self.old or blank, new=self.new or blank
        )


def difference(old: Whole, new: Whole) -> tuple[Change, ...]:
    """Everything that is said differently, in the order of the file."""
    before, after = dict(_said(old)), dict(_said(new))
    found: list[Change] = []
    for place in dict.fromkeys((*before, *after)):
        block, name = place
        was, now = before.get(place), after.get(place)
        if was is None and now is not None:
            found.append(Change("added", block, name, "", None, _summary(now)))
        elif now is None and was is not None:
            found.append(Change("removed", block, name, "", _summary(was), None))
        elif was is not None and now is not None:
            found += _changed(block, name, was, now)
    order = list(texts()["blocks"])
    return tuple(sorted(found, key=lambda one: order.index(one.block)))


def _changed(block: str, name: str, was: Aspects, now: Aspects) -> Iterator[Change]:
    for aspect in dict.fromkeys((*was, *now)):
        old, new = was.get(aspect, ""), now.get(aspect, "")
        if old != new:
            shown = "" if len(was) == 1 else aspect
            yield Change("changed", block, name, shown, old, new)


def _summary(aspects: Aspects) -> str:
    """What is said of a thing that is there in one version only."""
    if len(aspects) == 1:
        return next(iter(aspects.values()))
    return ", ".join(f"{name} {value}" for name, value in aspects.items() if value)


def _said(whole: Whole) -> Iterator[tuple[tuple[str, str], Aspects]]:
    """Everything that a version says, by block and name."""
    yield from _of_definition(whole.definition)
    yield from _of_interest(whole.interest)


def _of_definition(one: Definition) -> Iterator[tuple[tuple[str, str], Aspects]]:
    yield ("effective_from", ""), {"": told(one.effective_from)}
    yield ("stages", ""), {"": one.preset}
    for department, owner in one.owners.items():
        yield ("owner", department), {"": owner}
    for dimension, asked in one.consent.items():
        yield ("consent", dimension), {"": asked}
    for block, rules in (
        ("mql_any", one.mql_any),
        ("mql_none", one.mql_none),
        ("customer_any", one.customer_any),
    ):
        for rule in rules:
            yield (block, rule.id), {"": rule.when}
    for question in one.gate.questions:
        yield ("question", question.key), _aspects(question._asdict(), leave=("key",))
    yield ("gate", ""), _aspects(_fields(one.gate), leave=("questions",))
    for code, reason in one.reasons.items():
        yield ("reason", code), _aspects(_fields(reason), leave=("code",))
    calendar = _fields(one.calendar)
    calendar["days"] = [WEEKDAYS[day] for day in sorted(one.calendar.days)]
    yield ("calendar", ""), _aspects(calendar)
    for clock, target in one.targets.items():
        steps = ", ".join(f"{share:.0%} {who}" for share, who in target.steps)
        yield ("sla", clock), {"minutes": told(target.minutes), "steps": steps}
    for route in one.routes:
        yield ("route", route.id), {"when": route.when, "to": told(route.to)}
    yield (
        ("sellers", ""),
        {
            "capacity": told(one.capacity),
            "a_list": told(one.a_list),
            "owner": told(one.sets_owner),
            "task": told(one.makes_task),
        },
    )
    yield ("coming", ""), _aspects(_fields(one.coming))


def _of_interest(one: Interest) -> Iterator[tuple[tuple[str, str], Aspects]]:
    for name, kind in one.kinds.items():
        yield ("event", name), _aspects(_fields(kind), leave=("name",))
    for name, family in one.families.items():
        spoken = _fields(family) | {"half_life": f"{family.half_life / DAY:g}d"}
        yield ("family", name), _aspects(spoken, leave=("name",))
    for rule in one.fit:
        yield ("fit", f"{rule.on}: {rule.when}"), {"": told(rule.points)}
    for name, topic in one.topics.items():
        yield ("topic", name), _aspects(_fields(topic), leave=("id",))
    for page in one.pages:
        yield ("page", page.path), {"": told([page.type, page.topic])}
    for block in ("bands", "surge", "account", "filters", "keeping", "telling"):
        yield (f"interest_{block}", ""), _aspects(_fields(getattr(one, block)))
    yield ("query", ""), {"": told(one.query)}


def _fields(value: Any) -> dict[str, Any]:
    """The fields of a value object; what lies deeper stays as it is."""
    if not is_dataclass(value):
        raise TypeError(f"{value!r} has no fields")
    return {one.name: getattr(value, one.name) for one in fields(value)}


def _aspects(values: Mapping[str, Any], leave: tuple[str, ...] = ()) -> Aspects:
    return {name: told(value) for name, value in values.items() if name not in leave}


def told(value: object) -> str:
    """A value of a definition as it is written in the file; empty for one that is not there."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:g}"
        case timedelta():
            return f"{value.days}d"
        case time():
            return f"{value:%H:%M}"
        case date():
            return value.isoformat()
        case Set():
            return ", ".join(sorted(told(one) for one in value))
        case list() | tuple():
            return ", ".join(told(one) for one in value if one is not None)
        case _:
            return str(value)


@cache
def texts() -> dict[str, Any]:
    """The catalogue."""
    found: dict[str, Any] = YAML(typ="safe").load(TEXTS.read_text("utf-8"))
    return found
