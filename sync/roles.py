"""People who are put on an opportunity later: the rules are asked about them with the next poll.

A role of a contact leaves no mark on the opportunity or the contact, so nothing rings for it. Salesforce is
asked which roles were made or changed since, and only while somebody could be moved by one. What came
before the first look is found by the hourly one over everybody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from connector.port import Record, System
from sync.beholding import ROLE
from sync.ushering import Usher

SALESFORCE = System.SALESFORCE
# Under this name, which no mapping has, stands up to where roles were looked at.
PLACE: Final = "#roles"


@dataclass(slots=True)
class Roles:
    """Looks for new roles. `usher` answers whoever goes by the mappings in force."""

    usher: Callable[[], Usher]
    # The roles of the last answer: the next one repeats some minutes of it.
    _seen: dict[str, datetime | None] = field(default_factory=dict)

    def look(self) -> int:
        """Ask the rules about everybody with a new role; answers how many were moved.

        Raises what Salesforce raises, and `LedgerError`; then it is asked once more.
        """
        usher = self.usher()
        about, ledger = usher.about(), usher.ledger
        if about is None:
            return 0
        salesforce = about.connectors[SALESFORCE]
        cursor = ledger.cursor(PLACE, SALESFORCE, ROLE)
        if cursor is None or not usher.awaits_deals():
            ledger.set_cursor(PLACE, SALESFORCE, ROLE, salesforce.cursor_at(usher.clock()))
            return 0
        moved, seen = 0, dict[str, datetime | None]()
        for page in salesforce.changed_since(ROLE, ["OpportunityId"], cursor):
            seen |= {one.id: one.modified_at for one in page.records}
            deals = {str(one.values["OpportunityId"]) for one in page.records if self._is_new(one)}
            moved += usher.deals(sorted(deals)) if deals else 0
            if page.cursor is not None:
                ledger.set_cursor(PLACE, SALESFORCE, ROLE, page.cursor)
        self._seen = seen
        return moved

    def _is_new(self, role: Record) -> bool:
        return role.id not in self._seen or self._seen[role.id] != role.modified_at
