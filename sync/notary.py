"""Takes down what people entered: each record's edits become a petition on file, or a refusal that says why.

What cannot be decided at all is refused at once: what says nothing, a stage beside a verdict, and what was
entered in a further record of somebody else (`sync.further`). The same edit taken down twice is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from intent.model import Subject
from intent.port import IntentStore
from lifecycle.definition import Definition
from lifecycle.keeping import kept_words
from lifecycle.model import Refusal, Standing
from lifecycle.port import Decided, LifecycleStore, Overtaken
from sync.hearing import Edited, Heard
from sync.petitions import Petition, beside, elsewhere, petition_of, times_refused, was_beside
from sync.recognising import recognised


class Told(NamedTuple):
    """One record's edits, whom they are about (None: nobody whom we know), and when and by whom."""

    heard: Heard
    subject: Subject | None
    edited: Edited


class _Before(NamedTuple):
    """What is on file of somebody: where they stand, what was refused, and what waits for a verdict."""

    standing: Standing
    refusals: Sequence[Refusal]
    words: Sequence[Refusal]


@dataclass(frozen=True, slots=True)
class Notary:
    """Puts petitions on file, and decides nothing that could be granted."""

    store: LifecycleStore
    people: IntentStore

    def take_down(
        self, definition: Definition, told: Sequence[Told], now: datetime
    ) -> list[Subject]:
        """Put these edits on file; answers of whom any was refused at once. Raises `LedgerError`."""
        refused: list[Subject] = []
        for some in _one_of_each(told):
            petitions = self._petitions(definition, some, now)
            self.store.ask([one.request for one in petitions])
            unclear = [one for one in petitions if one.refusal is not None]
            decided = [Decided(one.request, (), one.refusal) for one in unclear]
            if overtaken := self.store.decide_all(decided):
                raise Overtaken(f"{overtaken}: hear it again")
            refused += [one.request.subject for one in unclear]
        return list(dict.fromkeys(refused))

    def _petitions(
        self, definition: Definition, told: Mapping[Subject, Told], now: datetime
    ) -> list[Petition]:
        known = self.store.standings(told)
        standings = {one: known.get(one) or Standing(subject=one) for one in told}
        people = [one.subject for one in standings.values()]
        refusals, words = self.store.refusals_of(people), self.store.waiting_words(people)
        found: list[Petition] = []
        for subject, standing in standings.items():
            who = standing.subject
            before = _Before(standing, refusals.get(who, ()), words.get(who, ()))
            found += self._of_one(definition, told[subject], before, now)
        return found

    def _of_one(
        self, definition: Definition, told: Told, before: _Before, now: datetime
    ) -> list[Petition]:
        heard, edited, standing = told.heard, told.edited, before.standing
        if was_beside(heard, edited.at, before.refusals):
            return []
        found = petition_of(
            heard,
            standing,
            definition,
            now,
            edited=edited,
            nth=times_refused(before.refusals),
            kept=kept_words(standing, before.words),
        )
        if standing.subject.kind == "contact":
            # Of who must not be followed nobody is looked for, and nothing else is said.
            return [found]
        if heard.instead is not None and not self._is_same(standing.subject, heard):
            return [elsewhere(found, standing, heard.instead)]
        besides = beside(found, heard, standing, definition)
        return [found] if besides is None else [found, besides]

    def _is_same(self, subject: Subject, heard: Heard) -> bool:
        """Whether the record that is kept in line instead is this person's, too."""
        assert heard.instead is not None  # noqa: S101 - asked of no other
        (other,) = recognised(self.people, [heard.instead.names])
        return other == subject


def _one_of_each(told: Iterable[Told]) -> Iterable[Mapping[Subject, Told]]:
    """Whoever is told of twice comes twice: what is taken down first counts for what follows."""
    rounds: list[dict[Subject, Told]] = []
    for one in told:
        if one.subject is None:
            continue
        free = next((found for found in rounds if one.subject not in found), None)
        if free is None:
            rounds.append(free := {})
        free[one.subject] = one
    return rounds
