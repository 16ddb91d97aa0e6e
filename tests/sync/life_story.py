"""One history of records' lives, told step by step: who does what to whom, by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connector.port import System, Value
from sync.model import Pair
from tests.sync.life_promises import keep_all, live
from tests.sync.life_world import OBJECTS, PEOPLE, Policies, World, begun

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


class Story:
    """People by the first half of their address. Eve and Hal are contact and Lead in line, Fay is
    contact and Contact; `keep_promises` lets everything come to rest and asks for every promise.
    """

    def __init__(
        self,
        folder: Path,
        *,
        deleted: str = "unlink",
        merged: str = "list",
        both: Any = "newest",
    ) -> None:
        policies = Policies(dict.fromkeys(System, deleted), dict.fromkeys(System, merged), both)
        self.world: World = begun(folder, policies)

    def who(self, system: System, name: str, object_name: str | None = None) -> str:
        """The one live record of this system with that address."""
        [found] = [
            record_id
            for record_id, one in live(self.world, PEOPLE, system).items()
            if str(one.values.get("email")).lower() == f"{name}@example.com"
            and object_name in {None, self.object_of(system, record_id)}
        ]
        return found

    def object_of(self, system: System, record_id: str) -> str:
        twin = self.world.twin(system)
        return next(n for n in OBJECTS[PEOPLE, system] if record_id in twin._shelves[n].records)

    def pair_of(self, system: System, record_id: str) -> Pair | None:
        return self.world.ledger.pair_of(PEOPLE, system, record_id)

    def contacts(self) -> dict[str, dict[str, Value]]:
        """Everybody in HubSpot."""
        return self.world.hubspot.records("contacts")

    # What people do -----------------------------------------------------------------------------

    def create(self, object_name: str, name: str, **values: Value) -> str:
        """Somebody enters a record of this person."""
        system = HUBSPOT if object_name == "contacts" else SALESFORCE
        held: dict[str, Value] = {"email": f"{name}@example.com", **values}
        record_id = self.world.twin(system).seed(object_name, held)
        self.world.tell(system, object_name, record_id)
        return record_id

    def edit(self, system: System, record_id: str, **values: Value) -> None:
        name = self.object_of(system, record_id)
        self.world.twin(system).edit(name, record_id, values)
        self.world.tell(system, name, record_id)

    def convert(self, lead: str, into: str | None = None) -> str:
        """A Lead becomes a Contact: a new one with its address alone, or this one. Answers the Contact."""
        held = self.world.salesforce.records("Lead")[lead]
        contact = self.world.salesforce.convert(lead, {"email": held["email"]}, into=into)
        self.world.tell(SALESFORCE, "Lead", lead)
        return contact

    def merge(self, system: System, winner: str, loser: str) -> str:
        """Answers the survivor."""
        name = self.object_of(system, winner)
        survivor = self.world.twin(system).join(name, loser, winner)
        self.world.tell(system, name, *dict.fromkeys((loser, winner, survivor)))
        return survivor

    def delete(self, system: System, record_id: str) -> None:
        name = self.object_of(system, record_id)
        self.world.twin(system).remove(name, record_id)
        self.world.tell(system, name, record_id)

    def restore(self, system: System, record_id: str) -> None:
        name = self.object_of(system, record_id)
        self.world.twin(system).restore(name, record_id)
        self.world.tell(system, name, record_id)

    # What Kakehashi does ------------------------------------------------------------------------

    def hear(self) -> None:
        """All bells get through, and a worker makes its round."""
        self.world.hear(slice(None))
        self.world.round()

    def work(self, seconds: float = 1) -> None:
        self.world.wait(seconds)
        self.world.round()

    def keep_promises(self) -> None:
        """Everything comes to rest, and every promise holds."""
        try:
            self.world.rest()
            keep_all(self.world, set())
        finally:
            self.world.ledger.close_all()
