"""The blocks of a definition but its rules: who it is, gate, calendar, times, sellers, coming back. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any, get_args

from intent.forms import Form, Word, days, filled, flag, label, many, number, one_of, text, whole
from lifecycle.definition import (
    Calendar,
    Clock,
    Coming,
    Department,
    Gate,
    Preset,
    Question,
    Route,
    Target,
)
from lifecycle.facts import DIMENSIONS
from lifecycle.forms import country, day, hour, steps, weekday, working, zone
from mappings.faults import FaultList
from mappings.source import Node, entries, items

PRESETS: tuple[str, ...] = get_args(Preset)
DEPARTMENTS: tuple[Department, ...] = get_args(Department)
CLOCKS: tuple[Clock, ...] = get_args(Clock)
# What may be asked of a dimension of consent: a yes, or that nobody said no.
ASKED = ("granted", "not_objected")
WHO = ("owner", "manager", "reassign", "list", "ops", "marketing")
# Both systems are told id and version in 40 characters.
LONGEST_ID = 30
# Reserved for examples (RFC 2606): whoever is written like this is nobody yet.
NOBODY = ("example.com", "example.co.jp", "example.org", "example.net")

OWNERS: Form = {name: Word(name, text, required=True) for name in DEPARTMENTS}


def owners(node: Node, faults: FaultList) -> dict[str, str] | None:
    """Who answers for each department. The examples of the shipped file are nobody."""
    found = filled(node, OWNERS, faults)
    for name, who in (found or {}).items():
        if who.rpartition("@")[2].lower() in NOBODY:
            faults.warn("example_owner", node.place, who, department=f"={name}")
    return found


HEAD: Form = {
    "id": Word("id", text, required=True),
    "version": Word("version", whole(1, 1_000_000), required=True),
    "effective_from": Word("effective_from", day, required=True),
    "owners": Word("owners", owners, required=True),
    "stages": Word("preset", one_of(PRESETS)),
}
QUESTION: Form = {
    "ja": Word("ja", label, required=True),
    "en": Word("en", label, required=True),
    "weight": Word("weight", number(0, 100), required=True),
    "core": Word("is_core", flag),
}
BY_SCORE: Form = {
    "core": Word("core", whole(0, 100)),
    "items": Word("items", whole(1, 1000)),
    "days": Word("days", whole(1, 365)),
}
CALENDAR: Form = {
    "zone": Word("zone", zone),
    "days": Word("days", many(weekday)),
    "opens": Word("opens", hour),
    "closes": Word("closes", hour),
    "country": Word("country", country),
    "closed": Word("closed", many(day)),
}
TARGET: Form = {
    "within": Word("within", working, required=True),
    "tell": Word("steps", partial(steps, WHO)),
}
ROUTE: Form = {
    "id": Word("id", text, required=True),
    "when": Word("when", text, required=True),
    "to": Word("to", many(text), required=True),
}
SELLERS: Form = {
    "at_once": Word("capacity", whole(1, 100_000)),
    "a_list": Word("a_list", whole(1, 1000)),
    "owner": Word("sets_owner", flag),
    "task": Word("makes_task", flag),
}
COMING: Form = {
    "most": Word("most", whole(1, 100)),
    "engaged": Word("engaged_days", days),
    "per_day": Word("per_day", whole(0, 1_000_000)),
    "keep": Word("keep_days", days),
}


def names(parts: Mapping[str, Node], block: str, inner: str) -> tuple[str, ...]:
    """The names that a block in a block defines, right or wrong: what refers to them is judged by these."""
    quiet = FaultList()
    return tuple(
        entries((entries(parts.get(block), None, quiet) or {}).get(inner), None, quiet) or {}
    )


def head(node: Node | None, faults: FaultList) -> dict[str, Any] | None:
    """Who this definition is, since when, and whose."""
    found = filled(node, HEAD, faults) if node is not None else None
    if node is not None and found is not None and len(found["id"]) > LONGEST_ID:
        most = f"{LONGEST_ID} characters"
        faults.add("out_of_range", node.place, found["id"], least="1", most=most)
    return found


def consent(node: Node | None, faults: FaultList) -> dict[str, str]:
    """What has to be allowed, by dimension."""
    form: Form = {name: Word(name, one_of(ASKED)) for name in DIMENSIONS}
    return filled(node, form, faults) or {}


def gate(node: Node | None, questions: Collection[str], faults: FaultList) -> Gate | None:
    """What has to be known before a hand-over; the questions that it names are its own."""
    some = many(one_of(questions))
    form: Form = {
        "questions": Word("questions", _questions, required=True),
        "by_score": Word("by_score", partial(_filled, BY_SCORE)),
        "sql": Word("sql", partial(_sql, questions)),
        "opportunity": Word("opportunity", some),
    }
    found = filled(node, form, faults) if node is not None else None
    if node is None or found is None:
        return None
    inner = {**found.pop("by_score", {}), **found.pop("sql", {})}
    made = Gate(**found, **inner)
    unknown = [one for one in (*made.sql, *made.opportunity) if one not in questions]
    for one in dict.fromkeys(unknown):
        faults.add("not_allowed", node.place, one, questions)
    core = sum(one.is_core for one in made.questions)
    if made.core > core:
        most = f"{core}"
        faults.add("out_of_range", node.place, str(made.core), least="0", most=most)
    return made


def calendar(node: Node | None, faults: FaultList) -> Calendar | None:
    """When people work."""
    found = filled(node, CALENDAR, faults)
    if node is None or found is None:
        return None
    for name in ("days", "closed"):
        if name in found:
            found[name] = frozenset(found[name])
    made = Calendar(**found)
    if made.closes <= made.opens:
        faults.add("wrong_order", node.place, what="closes", than="opens")
        return None
    if not made.days:
        faults.add("missing_key", node.place, "days")
    return made


def targets(node: Node | None, calendar: Calendar, faults: FaultList) -> dict[Clock, Target]:
    """How long each step may take; a clock that is not named does not run."""
    form: Form = {name: Word(name, partial(_filled, TARGET)) for name in CLOCKS}
    found: dict[Clock, Target] = {}
    for name, values in (filled(node, form, faults) or {}).items():
        clock: Clock = CLOCKS[CLOCKS.index(name)]
        minutes = values["within"].minutes(calendar.opens, calendar.closes)
        found[clock] = Target(clock=clock, minutes=minutes, steps=values.get("steps", ()))
    return found


def routes(node: Node | None, faults: FaultList) -> tuple[Route, ...]:
    """Who gets a lead, in the order in which it is asked. Conditions are judged with the rules."""
    found = (filled(one, ROUTE, faults) for one in items(node, faults))
    return tuple(Route(**values) for values in found if values is not None)


def sellers(node: Node | None, faults: FaultList) -> dict[str, Any]:
    """How much one seller takes, and what is done for them in Salesforce."""
    return filled(node, SELLERS, faults) or {}


def coming(node: Node | None, faults: FaultList) -> Coming | None:
    """How people come back."""
    found = filled(node, COMING, faults)
    return None if found is None else Coming(**found)


def _questions(node: Node, faults: FaultList) -> tuple[Question, ...] | None:
    written = entries(node, None, faults)
    if not written:
        faults.add("wrong_type", node.place, node.shown(), expected="=key_value")
        return None
    found = {key: filled(one, QUESTION, faults) for key, one in written.items()}
    if any(values is None for values in found.values()):
        return None
    return tuple(Question(key=key, **values) for key, values in found.items() if values is not None)


def _sql(questions: Collection[str], node: Node, faults: FaultList) -> dict[str, Any] | None:
    form: Form = {
        "needs": Word("sql", many(one_of(questions))),
        "others": Word("sql_others", whole(0, 100)),
    }
    return filled(node, form, faults)


def _filled(form: Form, node: Node, faults: FaultList) -> dict[str, Any] | None:
    return filled(node, form, faults)
