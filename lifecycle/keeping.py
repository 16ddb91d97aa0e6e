"""Words that were entered before their verdict: they stand where they are until it comes. Pure.

A seller who writes a comment and saves, and sets the verdict a minute later, has lost nothing: the words are
on file with the number of the entry that they are about, and go into the entry of the verdict. The later
word counts; once somebody stands elsewhere they are about nothing any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from lifecycle.model import Refusal, RefusalCode, Stage, Standing
from lifecycle.transitions import IN_HANDS

WAITS: Final[RefusalCode] = "waits_for_verdict"
# Of whom a verdict may be given: of an opportunity, too, that it is lost.
TO_JUDGE: Final = IN_HANDS | {Stage.OPPORTUNITY}
NUMBER: Final = "number"


class Words(NamedTuple):
    """Why somebody is to be sent back, before anybody said that they are."""

    reason: str | None = None
    sub_reason: str | None = None
    comment: str | None = None


NONE: Final = Words()


def kept_words(standing: Standing, refusals: Iterable[Refusal]) -> Words:
    """What stands for a subject at its present entry, of what was put on file, the oldest first."""
    found = NONE
    for one in refusals:
        if one.code == WAITS and one.words.get(NUMBER) == str(standing.number):
            said = one.request
            found = Words(
                said.reason or found.reason,
                said.sub_reason or found.sub_reason,
                said.comment or found.comment,
            )
    return found


def words_for(standing: Standing) -> Mapping[str, str]:
    """What is on file beside such words: the entry that they are about."""
    return {NUMBER: str(standing.number)}
