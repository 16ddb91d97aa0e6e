"""The hand-off of whoever forbids to be followed ends, and whoever has them hears of it.

What was known of their visits is deleted, and with it who they are here (`sync.withdrawing`): nobody could be
told anything about them afterwards, and no clock of theirs would ever stop. So their way ends first (T20), in
one transaction with letters that name a record and nothing else; what is left of it has a pseudonym.
Whoever dies in between leaves it to the next look, and there is one letter. Source: domain sheet, 2.3, 5.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.port import System
from intent.model import Subject
from lifecycle.clocks import WORKED
from lifecycle.definition import Definition
from lifecycle.errands import SALES, Errand, let_go
from lifecycle.model import Standing
from lifecycle.port import LifecycleStore
from mappings.own_values import PEOPLE
from mappings.schema import OwnName
from sync.ledger import Ledger
from sync.withdrawing import CONTACT_ID, contact_in
from sync.witnessing import Witness


@dataclass(frozen=True, slots=True)
class LettingGo:
    """Ends hand-offs. `definition` answers the one in force."""

    store: LifecycleStore
    ledger: Ledger
    witness: Witness
    definition: Callable[[], Definition | None]
    clock: Callable[[], datetime]

    def __call__(self, subject: Subject, names: Sequence[OwnName]) -> None:
        """`names`: those that their records bear. Raises `LedgerError`."""
        standing = self.store.standings([subject]).get(subject)
        if standing is None:
            # Somebody who stood nowhere has no card either.
            return
        letters = self._letters(standing, names) if standing.stage in WORKED else ()
        self.witness.let_go(subject, self.definition(), letters)

    def _letters(self, standing: Standing, names: Sequence[OwnName]) -> tuple[Errand, ...]:
        owner = standing.accepted_by or standing.handed_to or SALES
        return let_go(standing, owner, self._contact(names), self.clock())

    def _contact(self, names: Sequence[OwnName]) -> Subject | None:
        """The contact that letters name; where only an address was known, the one that bears it."""
        if (found := contact_in(names)) is not None:
            return found
        places = (one for some in self.ledger.records_named(None, names).values() for one in some)
        ids = (key for system, name, key in places if (system, name) == (System.HUBSPOT, PEOPLE))
        return contact_in(OwnName(CONTACT_ID, key) for key in ids)
