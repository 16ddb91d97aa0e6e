"""One person has one history: whoever turns out to be somebody else brings theirs along, at once.

The website's store learns that two are one (an event names an address and a contact id together, HubSpot
merges two contacts), and says so until the ledger of stages has joined both histories: nothing of either is
lost, and the strength of what was said decides where they stand (`lifecycle.standing`). Whoever is decided
about is known by the id of their contact from then on, too: an address that is corrected makes no stranger.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from connector.port import System
from intent.model import Subject
from intent.port import IntentStore
from lifecycle.port import LifecycleStore
from sync.acquaintance import PEOPLE, Acquaintance
from sync.withdrawing import names_of

AT_ONCE: Final = 100
CONTACT_ID: Final = "hubspot_contact_id"


@dataclass(frozen=True, slots=True)
class Kinship:
    """Joins histories in the ledger of stages as the website's store joins people."""

    store: LifecycleStore
    people: IntentStore

    def follow(self, now: datetime) -> list[Subject]:
        """Join the histories of those who are one by now; answers who they are."""
        found: dict[Subject, None] = {}
        while moves := self.people.moved(AT_ONCE):
            for gone, survivor in moves.items():
                self.store.merge(gone, survivor, now)
                found[survivor] = None
            self.people.forget_moves(moves)
        return list(found)

    def tie(self, about: Acquaintance, subjects: Iterable[Subject], now: datetime) -> bool:
        """Let the contacts of these people stand for them, too; answers whether anybody is somebody else now.

        Of two contacts with one address nobody knows which one is meant.
        """
        is_news = False
        for subject in subjects:
            names = names_of(self.people, subject)
            if not names or any(one.kind == CONTACT_ID for one in names):
                continue
            contacts = _contacts(about, subject)
            if len(contacts) == 1:
                name = names[0]
                self.people.join([(name.kind, name.value), (CONTACT_ID, contacts[0])], now)
                is_news = True
        return is_news and bool(self.follow(now))


def _contacts(about: Acquaintance, subject: Subject) -> Sequence[str]:
    places = about.places(subject)
    return [p.id for p in places if p.system is System.HUBSPOT and p.object == PEOPLE]
