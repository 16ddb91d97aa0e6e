"""Being forgotten, in random histories: who asked for it, what came of it, and what was on file before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from connector.port import Notice, System
from mappings.schema import Cell
from sync.erasure import Eraser
from sync.ledger import Carrier, Erasure
from sync.reception import Reception
from tests.sync.life_mappings import OBJECTS, PEOPLE
from tests.sync.life_twin import Twin
from tests.sync.live import Live

Place = tuple[System, str]


@dataclass(frozen=True)
class Asked:
    """Somebody known whom we were asked to forget, and whom they were paired with at that moment."""

    place: Place
    partner: str | None


@dataclass(frozen=True)
class Forgotten:
    """Somebody who was forgotten: since when, every record that the ledger knew (but for those that stay
    for a person to decide about), and the addresses.

    `left_behind` are records of the other system that carried one of these addresses even then, but for
    the same.
    """

    at: datetime
    places: frozenset[Place]
    addresses: frozenset[str]
    left_behind: tuple[Place, ...]


class Erasing(Live):
    """A world in which people ask to be forgotten. `wishes` are HubSpot's events that nobody got yet."""

    def __init__(self, *facts: object, **more: object) -> None:
        self.wishes: list[str] = []
        self.asked: list[Asked] = []
        self.forgotten: list[Forgotten] = []
        # Whom people took out of the bin.
        self.taken_out: set[Place] = set()
        # Losers of conflicts that were on file before somebody was forgotten.
        self.once_on_file: set[Cell] = set()
        super().__init__(*facts, **more)  # type: ignore[arg-type]  # the bridge's own

    def twin(self, system: System) -> Twin:
        twin = self.hubspot if system is System.HUBSPOT else self.salesforce
        assert isinstance(twin, Twin)
        return twin

    def privacy_deletion(self, contact: str) -> None:
        """HubSpot erases a contact. It says so until somebody answers, and says nothing else of it."""
        self.twin(System.HUBSPOT).erase("contacts", contact)
        self.wishes.append(contact)

    def hear_wishes(self) -> None:
        """Their events get through: they are on file from then on."""
        wishes, self.wishes = self.wishes, []
        for contact in wishes:
            self._note(System.HUBSPOT, contact)
            notices = [
                Notice(System.HUBSPOT, "contacts", contact, k) for k in ("deleted", "erased")
            ]
            reception = Reception(self.ledger, None, lambda: [self.mapping])
            reception.remember(System.HUBSPOT, notices, None, self.time())

    def ask_to_forget(self, system: System, object_name: str, record_id: str) -> None:
        """A person here asks for it (`kakehashi erase`), which refuses whom the ledger does not know."""
        if self._note(system, record_id):
            self.ledger.ask_to_erase(system, object_name, record_id, self.time(), own=True)

    def work_off_wishes(self) -> None:
        """What the same command does next, if nobody stops it."""
        with self.forgetting():
            self.eraser.work_off()

    def release(self, email: str) -> None:
        """Let an address in again (`kakehashi erase --release`); its records are looked at at once."""
        if self.ledger.release(email):
            self.ledger.ring(self.ledger.ring_for_address(email), self.time())
            self.forgotten = [
                replace(one, addresses=one.addresses - {email}) for one in self.forgotten
            ]

    @property
    def eraser(self) -> Eraser:
        bench = self.bench
        return Eraser(self.ledger, bench.connectors, bench.mappings, self.time)

    def _note(self, system: System, record_id: str) -> bool:
        if self.ledger.record(PEOPLE, system, record_id) is None:
            return False
        pair = self.ledger.pair_of(PEOPLE, system, record_id)
        partner = None if pair is None else pair.record_id(system.other)
        self.asked.append(Asked((system, record_id), partner))
        return True

    @contextmanager
    def forgetting(self) -> Iterator[None]:
        """Take note of everybody who is forgotten while this lasts."""
        pending = [(one, *self.ledger.carriers(one)) for one in self.ledger.pending_erasures()]
        if pending:
            rows = [row.conflict for row in self.ledger.conflicts()]
            for row in rows:
                self.once_on_file |= {row.hubspot_value, row.salesforce_value}
        try:
            yield
        finally:
            left = {one.id for one in self.ledger.pending_erasures()} if pending else set()
            for one, carriers, addresses in pending:
                if one.id not in left and carriers:
                    self._remember(one, carriers, addresses)

    def _remember(
        self, one: Erasure, carriers: Sequence[Carrier], addresses: Sequence[str]
    ) -> None:
        there = one.system.other
        is_parked = self.mapping.when_erased_in[one.system] == "park"
        places = frozenset(
            (known.system, known.record_id) for known in carriers if known.origin or not is_parked
        )
        still = tuple(
            (there, record_id)
            for name in OBJECTS[PEOPLE, there]
            for record_id, values in self.twin(there).records(name).items()
            if not is_parked and str(values.get("email")).lower() in addresses
        )
        done = Forgotten(self.time(), places, frozenset(addresses), still)
        self.forgotten.append(done)
