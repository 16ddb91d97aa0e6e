"""What holds somebody where they stand now: asked of both systems, told for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from connector.errors import ConnectorError
from connector.port import System, Value
from console.desk_of_leads import LeadDesk
from console.language import language
from console.language import say as said
from console.lying_open import SYSTEMS
from lifecycle.definition import Definition
from lifecycle.facts import maker
from lifecycle.hindrances import Condition, Found, Holding, holding
from lifecycle.model import Standing
from lifecycle.qualify import kinds_of
from lifecycle.refusals import refusal_said, stage_said
from lifecycle.wording import say as worded
from mappings.faults import Language
from sync.acquaintance import Acquaintance
from sync.gone import gone_from


@dataclass(frozen=True, slots=True)
class HeldUp:
    """What was found out. `unasked`: the system that did not answer, so that nothing is known now."""

    definition: Definition
    standing: Standing
    holding: Holding | None = None
    deleted_in: tuple[System, ...] = ()
    unasked: str | None = None


def held_up(desk: LeadDesk, standing: Standing) -> HeldUp | None:
    """What holds somebody now. None: no definition is in force, so nobody goes anywhere by it."""
    about = desk.handoff.about()
    if about is None:
        return None
    gone = gone_from(about, [standing.subject]).get(standing.subject, ())
    try:
        found = _look(about, desk, standing)
    except ConnectorError as error:
        return HeldUp(about.definition, standing, deleted_in=gone, unasked=error.system)
    return HeldUp(about.definition, standing, found, gone)


def _look(about: Acquaintance, desk: LeadDesk, standing: Standing) -> Holding | None:
    known, seen = about.look(standing.subject, standing, desk.now)
    return holding(
        about.definition,
        standing,
        about.situation(known, seen, None, desk.now, told_sales=False),
        maker(about.interest, about.definition.gate)(known, desk.now),
        kinds_of(about.definition, about.interest),
        desk.now.astimezone(about.zone).date(),
    )


# What people read -------------------------------------------------------------------------------


def tell_held_up(desk: LeadDesk, found: HeldUp | None) -> None:
    """A line for each thing that stands in the way."""
    output = desk.session.output
    if found is None:
        output.say("definition.none_in_force")
        return
    held = found.holding
    if held is not None:
        to = stage_said(held.to, language(output.lang))
        lines = [*_lines(desk, found, held)]
        output.say("lifecycle.holds" if lines else _nothing(held), to=to)
        for line in lines:
            output.line(f"  {line}")
    if found.unasked is not None:
        output.say("lifecycle.holds.unasked", system=found.unasked)
    if found.deleted_in:
        output.say("lifecycle.holds.deleted", systems=_systems(found.deleted_in))


def _nothing(held: Holding) -> str:
    return "lifecycle.holds.theirs" if held.is_theirs else "lifecycle.holds.nothing"


def _lines(desk: LeadDesk, found: HeldUp, held: Holding) -> Iterator[str]:
    lang = language(desk.session.output.lang)
    for one in held.by:
        yield refusal_said(one, found.definition, lang)
    comma = worded("comma", lang)
    for name in held.consent:
        yield said("lifecycle.holds.consent", lang, name=name)
    for rule in held.excluded:
        conditions = comma.join(_said(lang, one) for one in rule.conditions)
        yield said("lifecycle.holds.excluded", lang, rule=rule.rule, conditions=conditions)
    for rule in held.rules:
        conditions = comma.join(_said(lang, one) for one in rule.conditions)
        yield said("lifecycle.holds.rule", lang, rule=rule.rule, conditions=conditions)


def _said(lang: Language, one: Condition) -> str:
    if not one.known:
        return one.text
    values = [(name, _value(lang, value)) for name, value in one.known]
    # Of one fact the condition says which one it is.
    known = ", ".join(value if len(values) == 1 else f"{name}: {value}" for name, value in values)
    return said("lifecycle.holds.now", lang, condition=one.text, known=known)


def _value(lang: Language, value: Value) -> str:
    if value is None or value == "":
        return said("lifecycle.holds.unknown", lang)
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _systems(systems: tuple[System, ...]) -> str:
    return ", ".join(SYSTEMS[system] for system in systems)


# What programs read -----------------------------------------------------------------------------


def held_json(desk: LeadDesk, found: HeldUp | None) -> dict[str, Any]:
    """The same; `held` is null where nobody was asked, or nobody goes anywhere from there."""
    if found is None:
        return {"held": None}
    lang, held = language(desk.session.output.lang), found.holding
    told: dict[str, Any] = {
        "held": None,
        "unasked": found.unasked,
        "deleted_in": [system.value for system in found.deleted_in],
    }
    if held is None:
        return told
    return told | {
        "held": {
            "to": held.to.value,
            "waits_for_sales": held.is_theirs,
            "by": [
                {
                    "code": one.code,
                    "words": dict(one.words),
                    "message": refusal_said(one, found.definition, lang),
                }
                for one in held.by
            ],
            "consent": list(held.consent),
            "excluded": [_found_json(one) for one in held.excluded],
            "rules": [_found_json(one) for one in held.rules],
        }
    }


def _found_json(found: Found) -> dict[str, Any]:
    return {
        "rule": found.rule,
        "conditions": [
            {"condition": one.text, "known": dict(one.known)} for one in found.conditions
        ],
    }
