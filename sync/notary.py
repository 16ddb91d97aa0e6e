"""Takes down what people entered: each record's edits become a petition on file, or a refusal that says why.

What cannot be decided at all is refused at once: what says nothing, a stage beside a verdict, and what was
entered in a further record of somebody else (`sync.further`). The same edit taken down twice is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from intent.model import Subject
from intent.port import IntentStore
from lifecycle.definition import Definition
from lifecycle.keeping import kept_words
from lifecycle.model import Standing
from lifecycle.port import LifecycleStore
from sync.hearing import Edited, Heard
from sync.petitions import Petition, beside, elsewhere, petition_of, times_refused, was_beside
from sync.recognising import recognised
from sync.wanting import REFUSALS


@dataclass(frozen=True, slots=True)
class Notary:
    """Puts petitions on file, and decides nothing that could be granted."""

    store: LifecycleStore
    people: IntentStore

    def take_down(
        self, definition: Definition, heard: Heard, subject: Subject, edited: Edited, now: datetime
    ) -> bool:
        """Put one record's edits on file; answers whether any was refused at once. Raises `LedgerError`."""
        standing = self.store.standings([subject]).get(subject) or Standing(subject=subject)
        petitions = self._petitions(definition, heard, standing, edited, now)
        for request, refusal in petitions:
            self.store.ask([request])
            if refusal is not None:
                self.store.decide(request, (), refusal)
        return any(one.refusal is not None for one in petitions)

    def _petitions(
        self,
        definition: Definition,
        heard: Heard,
        standing: Standing,
        edited: Edited,
        now: datetime,
    ) -> list[Petition]:
        subject = standing.subject
        refusals = self.store.refusals(REFUSALS, subject)
        if was_beside(heard, edited.at, refusals):
            return []
        words = self.store.waiting_words([subject]).get(subject, ())
        found = petition_of(
            heard,
            standing,
            definition,
            now,
            edited=edited,
            nth=times_refused(refusals),
            kept=kept_words(standing, words),
        )
        if subject.kind == "contact":
            # Of who must not be followed nobody is looked for, and nothing else is said.
            return [found]
        if heard.instead is not None and not self._is_same(subject, heard):
            return [elsewhere(found, standing, heard.instead)]
        besides = beside(found, heard, standing, definition)
        return [found] if besides is None else [found, besides]

    def _is_same(self, subject: Subject, heard: Heard) -> bool:
        """Whether the record that is kept in line instead is this person's, too."""
        assert heard.instead is not None  # noqa: S101 - asked of no other
        (other,) = recognised(self.people, [heard.instead.names])
        return other == subject
