"""What people entered of late and could not be followed, for the page: why not, and what helps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from intent.model import Subject
from lifecycle.errands import errand_after, is_followed_since
from lifecycle.letters import help_said
from lifecycle.model import Refusal
from lifecycle.refusals import refusal_said
from mappings.faults import Language
from mappings.schema import OwnName
from sync.handoff import Handoff
from sync.withdrawing import contact_in

# So many refusals are looked through, and none that is older.
LATELY, LASTS = 200, timedelta(days=7)
NAMES: Final = ("hubspot_contact_id", "email")


@dataclass(frozen=True, slots=True)
class LatelyRefused:
    """Asks the ledger of stages. `handoff` answers the one over the mappings in force."""

    handoff: Callable[[], Handoff]
    language: Language

    def of(self, named: Mapping[int, Iterable[OwnName]]) -> dict[int, str]:
        """By pair, what is told of the last edit that was put back, unless another was followed since.

        `named`: the names of both records. Raises `sync.ledger.LedgerError`.
        """
        handoff = self.handoff()
        definition = handoff.in_force.definition()
        lately = self._lately(handoff)
        if definition is None or not lately:
            return {}
        found: dict[int, str] = {}
        for pair, names in named.items():
            for subject in _whom(handoff, names):
                refusal = lately.get(subject)
                if refusal is None or is_followed_since(refusal, handoff.store.history(subject)):
                    continue
                why = refusal_said(refusal, definition, self.language)
                found[pair] = f"{why} {help_said(refusal, self.language)}"
        return found

    def _lately(self, handoff: Handoff) -> dict[Subject, Refusal]:
        """The newest of each person that was entered in a system."""
        since = handoff.clock() - LASTS
        found: dict[Subject, Refusal] = {}
        for one in handoff.store.refusals(LATELY):
            if errand_after(one) is not None and one.request.observed_at > since:
                found.setdefault(one.request.subject, one)
        return found


def _whom(handoff: Handoff, names: Iterable[OwnName]) -> set[Subject]:
    known = list(names)
    alone = contact_in(known)
    return {one for one in [alone] if one is not None} | {
        subject
        for kind in NAMES
        for subject in handoff.people.subjects_by(
            kind, [one.value for one in known if one.kind == kind]
        ).values()
    }
