"""What the rules of a definition may name, of which kind it is, and how it is made of what is known. Pure.

A fact has a flat name, like a field of a mapping: ``gate.core_known``, ``person.jobtitle``. What nobody knows
is blank, and a blank is false in every comparison but ``is not`` and ``is empty``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from typing import NamedTuple, get_args

from connector.port import FieldKind, ObjectSchema, Value, Values
from intent.definition import Definition as Interest
from intent.filters import is_employee
from intent.fitting import kinds_on
from intent.model import Card, ConsentValue
from lifecycle.definition import Gate
from lifecycle.gate import NOT_ASKED, core_known, state_of, weigh
from lifecycle.model import Answer, Evidence, GateState, Stage, Standing, Subject

DIMENSIONS = ("email", "phone", "tracking", "profiling", "share_third_party")
CONSENTS: tuple[str, ...] = get_args(ConsentValue)
# What an opt-out in a record is called for each dimension of consent.
NOES: Mapping[str, str] = {
    "email": "opted_out",
    "phone": "opted_out",
    "tracking": "objected",
    "profiling": "objected",
}
STATES: tuple[str, ...] = get_args(GateState)
BANDS = tuple(letter + digit for letter, digit in product("ABC", "123"))
# Whose record the further names are properties of, by their beginning.
OBJECTS: Mapping[str, str] = {"person.": "contacts", "account.": "companies"}
# The card of somebody of whom nothing is known.
NOTHING = Card(
    subject=Subject("person", ""),
    at=datetime.fromisoformat("1970-01-01T00:00:00+00:00"),
    engagement=0.0,
)


class Fact(NamedTuple):
    """A fact: its kind, and the texts that it can hold, where they are known beforehand."""

    kind: FieldKind
    words: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactBook:
    """Every fact that a rule may name. `schemas` are HubSpot's live objects; None: nobody asked them."""

    facts: Mapping[str, Fact]
    schemas: Mapping[str, ObjectSchema] | None = None

    def kind_of(self, name: str) -> FieldKind:
        """The kind of a fact; text for one that nobody knows."""
        if name in self.facts:
            return self.facts[name].kind
        object_name, field_name = property_of(name) or ("contacts", name)
        live = (self.schemas or {}).get(object_name)
        if live is not None and field_name in live.fields:
            return live.fields[field_name].kind
        return kinds_on(object_name)(field_name)

    def knows(self, name: str) -> bool:
        """Whether there is such a fact. Properties of a record are known where HubSpot was not asked."""
        if name in self.facts:
            return True
        found = property_of(name)
        if found is None or self.schemas is None:
            return found is not None
        live = self.schemas.get(found[0])
        return live is not None and found[1] in live.fields

    def near(self, name: str) -> Collection[str]:
        """The names among which the nearest right one is looked for."""
        start = next((one for one in OBJECTS if name.startswith(one)), None)
        live = None if start is None else (self.schemas or {}).get(OBJECTS[start])
        properties = () if live is None else live.fields
        return (*self.facts, *(f"{start}{one}" for one in properties))

    def words(self, name: str) -> tuple[str, ...] | None:
        """What a fact can hold; None where that is anything."""
        return self.facts[name].words if name in self.facts else None


def book(
    interest: Interest,
    questions: Collection[str],
    reasons: Collection[str],
    schemas: Mapping[str, ObjectSchema] | None = None,
    *,
    kept: bool = False,
) -> FactBook:
    """The facts under a definition of interest, with these questions of the gate and reasons.

    `kept`: for a text that was approved once, in which words stand that no record says.
    """
    topics = tuple(interest.topics)
    hard = tuple(name for name, kind in interest.kinds.items() if kind.hard)
    facts: dict[str, Fact] = {
        "fit": Fact("number"),
        "intent": Fact("number"),
        "band": Fact("text", BANDS),
        "surge": Fact("bool"),
        "top_topic": Fact("text", topics),
        "hard_event": Fact("text", hard),
        "account.fit": Fact("number"),
        "account.intent": Fact("number"),
        "account.surge": Fact("bool"),
        "account.top_topic": Fact("text", topics),
        "account.active_persons": Fact("number"),
        "evidence.items": Fact("number"),
        "evidence.days": Fact("number"),
        "evidence.topic": Fact("text", topics),
        "gate.core_known": Fact("number"),
        "gate.completeness": Fact("number"),
        **{f"gate.{key}": Fact("text", STATES) for key in questions},
        "stage": Fact("text", tuple(Stage)),
        "cycle": Fact("number"),
        "recycles": Fact("number"),
        "returned": Fact("bool"),
        "reason": Fact("text", tuple(reasons)),
        "in_cooloff": Fact("bool"),
        "employee": Fact("bool"),
        **{
            f"consent.{dimension}": Fact("text", CONSENTS if kept else consents(dimension))
            for dimension in DIMENSIONS
        },
    }
    return FactBook(facts=facts, schemas=schemas)


def consents(dimension: str) -> tuple[str, ...]:
    """What may be known of a dimension of consent: a word that no record says would be a rule for nobody."""
    no = NOES.get(dimension)
    return tuple(one for one in CONSENTS if one in ("unknown", "granted", no))


def property_of(name: str) -> tuple[str, str] | None:
    """The object and the property behind a name like ``person.jobtitle``; None for any other name."""
    for start, object_name in OBJECTS.items():
        if name.startswith(start) and len(name) > len(start):
            return object_name, name[len(start) :]
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a person when the rules are asked. `account` is the card of the person's account,
    `person` and `company` are the values of HubSpot's records, `consent` is by dimension.
    """

    standing: Standing
    card: Card | None = None
    account: Card | None = None
    evidence: Evidence = field(default_factory=Evidence)
    answers: Mapping[str, Answer] = field(default_factory=dict)
    person: Values = field(default_factory=dict)
    company: Values = field(default_factory=dict)
    consent: Mapping[str, str] = field(default_factory=dict)


def maker(interest: Interest, gate: Gate) -> Callable[[Known, datetime], dict[str, Value]]:
    """Makes the facts of a person at an instant, under these definitions."""

    def facts(known: Known, at: datetime) -> dict[str, Value]:
        found: dict[str, Value] = {f"person.{name}": value for name, value in known.person.items()}
        found.update({f"account.{name}": value for name, value in known.company.items()})
        found.update(_of_cards(known.card, known.account))
        found.update(_of_evidence(known.evidence))
        found.update(_of_gate(gate, known.answers))
        found.update(_of_standing(known.standing, at))
        found.update({f"consent.{one}": known.consent.get(one, "unknown") for one in DIMENSIONS})
        address = known.person.get("email")
        mail = address.lower() if isinstance(address, str) else None
        found["employee"] = is_employee(mail, None, interest.filters)
        return found

    return facts


def _of_cards(card: Card | None, account: Card | None) -> dict[str, Value]:
    mine, ours = card or NOTHING, account or NOTHING
    return {
        "fit": mine.fit,
        "intent": mine.engagement,
        "band": mine.band,
        "surge": mine.surge,
        "top_topic": mine.top_topic,
        "account.fit": ours.fit,
        "account.intent": ours.engagement,
        "account.surge": ours.surge,
        "account.top_topic": ours.top_topic,
        "account.active_persons": ours.active_persons,
    }


def _of_evidence(evidence: Evidence) -> dict[str, Value]:
    return {
        "hard_event": evidence.hard_event,
        "evidence.items": evidence.items,
        "evidence.days": evidence.days,
        "evidence.topic": evidence.topic,
    }


def _of_gate(gate: Gate, answers: Mapping[str, Answer]) -> dict[str, Value]:
    found = weigh(gate, answers)
    states = {one.key: state_of(answers.get(one.key, NOT_ASKED)) for one in gate.questions}
    return {
        "gate.core_known": core_known(gate, found),
        "gate.completeness": found.completeness,
        **{f"gate.{key}": state for key, state in states.items()},
    }


def _of_standing(standing: Standing, at: datetime) -> dict[str, Value]:
    return {
        "stage": standing.stage.value,
        "cycle": standing.cycle,
        "recycles": standing.recycle_count,
        "returned": standing.is_returned,
        "reason": standing.reason,
        "in_cooloff": standing.cool_until is not None and at < standing.cool_until,
    }
