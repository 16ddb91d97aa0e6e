"""What the fields of a hand-off are like that `init` makes: their names for people, and what may be chosen.

The reasons for sending back are those of the shared definition; everything else stands in
`messages/fields.yaml`. A field is made in one language, that of whoever runs `init`: neither system takes
two at this place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from connector.port import Companion, FieldKind, NewField, Option, System
from lifecycle.definition import NOT_WORKED, Reason
from mappings.faults import Language
from mappings.own_values import OWN_VALUES
from mappings.schema import Line
from sync.petitions import REASON, REJECT, VERDICT

TEXTS: Final = Path(__file__).parent / "messages" / "fields.yaml"
# Where a line between two fields of people's own is a question of the gate (domain sheet, section 2.5).
QUESTIONS: Final[Mapping[str, tuple[FieldKind, int]]] = {
    "need_problem": ("long_text", 1_000),
    "need_topic": ("text", 80),
    "timeframe": ("picklist", 0),
    "decision_maker": ("text", 255),
    "authority": ("picklist", 0),
    "budget": ("picklist", 0),
    "current_solution": ("text", 255),
    "next_step": ("text", 255),
}


def no_reasons() -> Mapping[str, Reason]:
    """Where no definition is known the reason is text."""
    return {}


@dataclass(frozen=True, slots=True)
class Wording:
    """In which language fields are made, and the reasons that may be chosen. `reasons` is asked only where a
    line needs them, and may raise `mappings.faults.MappingFaults`.
    """

    language: Language = "en"
    reasons: Callable[[], Mapping[str, Reason]] = no_reasons

    def say(self, key: str, **words: object) -> str:
        """A sentence of the catalogue."""
        found: Any = texts()
        for step in key.split("."):
            found = found[step]
        return str(found[self.language]).format_map(words)

    def own_field(self, object_name: str, name: str, line: Line) -> NewField:
        """A field for a value of ours that this line writes."""
        value = line.ledger_value or ""
        own = OWN_VALUES[value]
        options = self._options(value)
        return NewField(
            object=object_name,
            name=name,
            label=self._label(value),
            kind="picklist" if options else own.kind,
            length=own.length or 64,
            description=self.say(f"descriptions.{line.edits}"),
            options=options,
        )

    def question(self, object_name: str, name: str, question: str) -> NewField:
        """A field for the answer to a question of the gate."""
        kind, length = QUESTIONS[question]
        return NewField(
            object=object_name,
            name=name,
            label=self._label(question),
            kind=kind,
            length=length,
            description=self.say("descriptions.question"),
            options=self._options(question),
        )

    def companion(self, verdict: str) -> Companion:
        """What goes with a reason: the rejection in the field that holds the verdict."""
        return Companion(verdict, REJECT, self.say("needs_reason"), (NOT_WORKED,))

    def _label(self, value: str) -> str:
        known = texts()["labels"].get(value)
        if known is not None:
            return f"{known[self.language]} (Kakehashi)"
        words = value.replace(".", " ").replace("_", " ")
        return f"{words[:1].upper()}{words[1:]} (Kakehashi)"

    def _options(self, value: str) -> tuple[Option, ...]:
        if value == REASON:
            is_ja = self.language == "ja"
            return tuple(
                Option(code, one.ja if is_ja else one.en) for code, one in self.reasons().items()
            )
        known: Mapping[str, Mapping[str, str]] = texts()["choices"].get(value, {})
        return tuple(Option(code, said[self.language]) for code, said in known.items())


# As it was before anybody agreed on a definition.
PLAIN: Final = Wording()


def question_of(line: Line) -> str | None:
    """The question of the gate that a line carries between both systems; None: it is any other line."""
    if line.ledger_value is not None or len(line.hubspot.fields) != 1:
        return None
    (name,) = line.hubspot.fields
    ends = all(field.endswith("__c") for field in line.salesforce.fields)
    return name if name in QUESTIONS and ends else None


def verdict_field(lines: tuple[Line, ...], system: System) -> str | None:
    """The field that holds the verdict, where the lines of an object write it to this system."""
    found = (line.side(system).fields for line in lines if line.ledger_value == VERDICT)
    return next((name for names in found for name in names), None)


def told(field: NewField) -> str:
    """The kind of a field in words, with what may be chosen."""
    if field.options:
        return f"{field.kind} ({', '.join(f'{one.value} = {one.label}' for one in field.options)})"
    return f"{field.kind} ({field.length})" if field.kind in {"text", "long_text"} else field.kind


@cache
def texts() -> dict[str, Any]:
    """The catalogue."""
    found: dict[str, Any] = YAML(typ="safe").load(TEXTS.read_text("utf-8"))
    return found
