"""One history of records' lives, told step by step: who does what to whom, by name."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connector.port import System, Value
from sync.model import Pair
from tests.sync.life_mappings import PEOPLE, Policies
from tests.sync.life_promises import keep_all
from tests.sync.life_records import FLAG, Place, live
from tests.sync.life_world import World, begun

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
        lonely: str = "keep",
        erased: str = "erase",
    ) -> None:
        ends = (dict.fromkeys(System, deleted), dict.fromkeys(System, merged))
        policies = Policies(*ends, both, lonely, dict.fromkeys(System, erased))
        self.world: World = begun(folder, policies)
        self.proofs: list[tuple[Place, datetime]] = []

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
        return self.world.object_of(PEOPLE, system, record_id)

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
        self.world.taken_out.add((system, record_id))
        self.world.tell(system, name, record_id)

    def opt_out(self, system: System, record_id: str) -> None:
        self.edit(system, record_id, **{FLAG[system]: True})

    def opt_in(self, system: System, record_id: str, *, days: float = 0) -> None:
        """Somebody signs up again, with a proof that is dated now, or so many days from now."""
        at = self.world.time() + timedelta(days=days)
        self.proofs.append(((system, record_id), at))
        told: dict[str, Value] = {"in_at": at.isoformat(), "in_by": "form", "in_basis": "consent"}
        self.edit(system, record_id, **{FLAG[system]: False, **told})

    def erase(self, contact: str) -> None:
        """HubSpot forgets a contact, and says so."""
        self.world.privacy_deletion(contact)
        self.world.hear_wishes()

    def forget(self, system: System, record_id: str) -> None:
        """A person here asks for it, and it is worked off when somebody gets to it."""
        self.world.ask_to_forget(system, self.object_of(system, record_id), record_id)

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
            keep_all(self.world, {}, self.proofs)
        finally:
            self.world.ledger.close_all()
