"""The hand-over card that stands on a record, and what is not known yet, as text. Pure.

A card is written once, with the hand-over, by what was known then: whoever reads it later sees what the
seller judged. It names no sensitive topic and holds neither names nor addresses of ours. What is missing is
told for as long as it is missing: these are the questions that marketing asks, by a form or a nurture mail.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from lifecycle.definition import Definition, Gate
from lifecycle.letters import HandOver, Links, hand_over
from lifecycle.model import Brief, Stage, Standing
from lifecycle.wires import plain
from lifecycle.wording import say
from mappings.faults import Language
from mappings.own_values import CARD, MISSING

# Of somebody whom sales has, or has just judged. Elsewhere the card of an old hand-over helps nobody.
SHOWN: Final = frozenset({Stage.MQL, Stage.SAL, Stage.SQL, Stage.OPPORTUNITY, Stage.RECYCLED})
# Whoever stands there is asked nothing any more.
UNASKED: Final = frozenset({Stage.CUSTOMER, Stage.DISQUALIFIED, Stage.ERASED})


def card_text(definition: Definition, lead: HandOver, language: Language) -> str:
    """The card as it stands on the record of a lead: evidence, topics, sentence, history, what is missing."""
    # It stands there after the verdict, too: until when one was asked for is a letter's matter.
    letter = hand_over(definition, lead._replace(links=Links(), due_at=None), language)
    # The first line says whose record it is; the card stands on it.
    first = letter.parts[0]
    parts = (first._replace(lines=first.lines[1:]), *letter.parts[1:])
    return plain(replace(letter, parts=parts), CARD)


def card_told(standing: Standing, brief: Brief | None) -> str | None:
    """The card that both systems hold."""
    if brief is None or standing.stage not in SHOWN:
        return None
    return brief.card or None


def completeness_told(standing: Standing, brief: Brief | None) -> int | None:
    """How much of what is to be known is known, in whole percents."""
    if brief is None or standing.stage in UNASKED:
        return None
    return round(100 * brief.completeness)


def missing_told(
    standing: Standing, brief: Brief | None, gate: Gate, language: Language
) -> str | None:
    """The questions that are open, the weightiest first; those that were asked in vain say so.

    Only those with a weight: what completeness does not count nobody has to find out. At most 255 signs;
    where there are more questions it says how many.
    """
    if brief is None or standing.stage in UNASKED:
        return None
    wanted = sorted(gate.questions, key=lambda one: -one.weight)
    said = [
        _asked(label, language) if one.key in brief.asked else label
        for one in wanted
        if one.weight > 0 and one.key in {*brief.asked, *brief.missing}
        for label in (one.ja if language == "ja" else one.en,)
    ]
    found = (_joined(said, kept, language) for kept in range(len(said), -1, -1))
    return next(text for text in found if len(text) <= MISSING) if said else None


def _asked(label: str, language: Language) -> str:
    return say("questions.asked", language, question=label)


def _joined(said: list[str], kept: int, language: Language) -> str:
    more = [say("questions.more", language, count=len(said) - kept)] if kept < len(said) else []
    return say("comma", language).join([*said[:kept], *more])
