"""One person has one history: whoever turns out to be somebody else brings theirs along, at once.

The website's store learns that two are one (an event names an address and a contact id together, HubSpot
merges two contacts), and says so until the ledger of stages has joined both histories: nothing of either is
lost, and the strength of what was said decides where they stand (`lifecycle.standing`). Whoever is decided
about is known by the id of their contact from then on, too: an address that is corrected makes no stranger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from connector.port import System
from intent.model import Subject
from intent.port import IntentStore
from lifecycle.port import LifecycleStore
from sync.acquaintance import Acquaintance
from sync.beholding import PEOPLE
from sync.foresight import Place
from sync.withdrawing import names_of_all

AT_ONCE: Final = 100
CONTACT_ID: Final = "hubspot_contact_id"


@dataclass(frozen=True, slots=True)
class Kinship:
    """Joins histories in the ledger of stages as the website's store joins people."""

    store: LifecycleStore
    people: IntentStore

    def follow(
        self, now: datetime, tell: Callable[[Iterable[Subject]], object] = lambda _who: None
    ) -> int:
        """Join the histories of those who are one by now; answers how many joined somebody.

        `tell` hears who they are before it is forgotten: whoever dies in between leaves it to the next one.
        """
        done = 0
        while moves := self.people.moved(AT_ONCE):
            for gone, survivor in moves.items():
                self.store.merge(gone, survivor, now)
            tell(dict.fromkeys(moves.values()))
            self.people.forget_moves(moves)
            done += len(moves)
        return done

    def tie(self, about: Acquaintance, subjects: Iterable[Subject], now: datetime) -> bool:
        """Let the contacts of these people stand for them, too; answers whether that is news of anybody.

        Of two contacts with one address nobody knows which one is meant.
        """
        names = names_of_all(self.people, subjects)
        loose = {
            who: some[0]
            for who, some in names.items()
            if some and not any(one.kind == CONTACT_ID for one in some)
        }
        if not loose:
            return False
        contacts = {who: _contacts(places) for who, places in about.places_of([*loose]).items()}
        news = [
            ((loose[who].kind, loose[who].value), (CONTACT_ID, some[0]))
            for who, some in contacts.items()
            if len(some) == 1
        ]
        self.people.name_also(news, now)
        return bool(news)


def _contacts(places: Sequence[Place]) -> Sequence[str]:
    return [p.id for p in places if p.system is System.HUBSPOT and p.object == PEOPLE]
