"""What has to be known before somebody is handed over, and what marketing still has to ask. Pure.

An answer is known, was asked in vain, or was never asked; a guess is no answer. The gate holds nobody back
who raised a hand: there it only informs. Completeness is the weighted share of what is known:

    c = sum(weight * value) / sum(weight),  value = 1 known, 0.5 asked in vain, 0 never asked

Source: domain sheet, section 2.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from lifecycle.definition import Gate, Question
from lifecycle.model import Answer, Evidence, GateState

# What a question is worth, by what is known of it.
WORTH: Final[Mapping[GateState, float]] = {"known": 1.0, "asked_unknown": 0.5, "not_asked": 0.0}
NOT_ASKED: Final = Answer("not_asked")
# A value that was made out from other values, and that nobody said.
INFERRED: Final = "inference"
# Fewer characters than these tell no problem.
LEAST_TEXT: Final = 10
PROBLEM: Final = "need_problem"
# A budget that was asked for in vain is an answer of both systems' list, and no knowledge.
UNKNOWN_VALUES: Final = frozenset({"unknown_asked"})

Step = Literal["mql", "sql", "opportunity"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """What is known of somebody. `completeness` is 0 to 1; keys stand in the order of the definition."""

    completeness: float = 0.0
    known: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def answer(
    key: str,
    value: str | None,
    source: str | None,
    *,
    topic: str | None = None,
    was_asked: bool = False,
) -> Answer:
    """What a field says of its question: known, asked in vain, or nothing.

    A problem is known by its topic, or by ten characters of text. `was_asked`: somebody noted that there was
    no answer. An inferred value stays with the answer, for showing; it is not known.
    """
    said = (value or "").strip()
    is_vague = key == PROBLEM and topic is None and len(said) < LEAST_TEXT
    if said in UNKNOWN_VALUES:
        return Answer("asked_unknown", said, source)
    if (said or (key == PROBLEM and topic)) and not is_vague and source != INFERRED:
        return Answer("known", said or topic, source)
    return Answer("asked_unknown" if was_asked else "not_asked", said or None, source)


def state_of(given: Answer) -> GateState:
    """What counts of an answer: nothing that was only inferred is known."""
    if given.state == "known" and given.source == INFERRED:
        return "not_asked"
    return given.state


def weigh(gate: Gate, answers: Mapping[str, Answer]) -> GateResult:
    """What is known of the questions of a gate. Without a question there is nothing to know: complete."""
    states = {one.key: state_of(answers.get(one.key, NOT_ASKED)) for one in gate.questions}
    total = sum(one.weight for one in gate.questions)
    had = sum(one.weight * WORTH[states[one.key]] for one in gate.questions)
    return GateResult(
        completeness=had / total if total else 1.0,
        known=tuple(key for key, state in states.items() if state == "known"),
        asked=tuple(key for key, state in states.items() if state == "asked_unknown"),
        missing=tuple(key for key, state in states.items() if state == "not_asked"),
    )


def lacking(
    gate: Gate, found: GateResult, step: Step, evidence: Evidence, *, hand_raise: bool = False
) -> tuple[str, ...]:
    """The questions that hold somebody back before a step; none: the gate is passed.

    MQL: a raised hand, or enough core questions, or evidence enough for a reason sentence. SQL: its own
    questions and so many further ones. Opportunity: its own questions.
    """
    known = frozenset(found.known)
    if step == "mql":
        return () if hand_raise or has_evidence(gate, evidence) else _lacking_core(gate, known)
    if step == "opportunity":
        return tuple(key for key in gate.opportunity if key not in known)
    return _lacking_for_sql(gate, known)


def has_evidence(gate: Gate, evidence: Evidence) -> bool:
    """Whether there is enough for a sentence that says why now."""
    return evidence.items >= gate.items and evidence.days >= gate.days


def core_known(gate: Gate, found: GateResult) -> int:
    """How many of the core questions are known."""
    return sum(one.is_core and one.key in found.known for one in gate.questions)


def questions(gate: Gate, found: GateResult) -> tuple[Question, ...]:
    """What marketing still has to find out, the weightiest first: a form, a nurture mail."""
    open_ones = [one for one in gate.questions if one.key not in found.known]
    return tuple(sorted(open_ones, key=lambda one: -one.weight))


def _lacking_core(gate: Gate, known: frozenset[str]) -> tuple[str, ...]:
    core = [one.key for one in gate.questions if one.is_core]
    missing = tuple(key for key in core if key not in known)
    enough = min(gate.core, len(core))
    return () if len(core) - len(missing) >= enough else missing


def _lacking_for_sql(gate: Gate, known: frozenset[str]) -> tuple[str, ...]:
    required = tuple(key for key in gate.sql if key not in known)
    others = [one.key for one in gate.questions if one.weight > 0 and one.key not in gate.sql]
    missing = tuple(key for key in others if key not in known)
    enough = min(gate.sql_others, len(others))
    return required if len(others) - len(missing) >= enough else required + missing
