"""A twin whose people erase records for privacy, and leave their jobs; for promises alone it remembers."""

from __future__ import annotations

from typing import Any

from connector.errors import Rejected
from connector.memory import MemoryConnector
from connector.memory_store import Stored
from connector.port import Outcome, System

# Colleagues who own records, by the first half of their address. Cem works in HubSpot alone; Dai may leave.
EVERYWHERE, LEAVING, ALONE = ("ann", "bob"), "dai", "cem"
OWNERS = {System.HUBSPOT: "owners", System.SALESFORCE: "User"}


class Twin(MemoryConnector):
    """`graves` are the records that were erased, by object and id, as they were at that moment."""

    def __init__(self, system: System, **facts: Any) -> None:
        super().__init__(system, **facts)
        self.graves: dict[tuple[str, str], Stored] = {}

    def erase(self, object_name: str, record_id: str) -> None:
        """A person erases a record for privacy."""
        self._erase(object_name, record_id)

    def _erase(self, object_name: str, record_id: str) -> Outcome:
        stored = self._shelves[object_name].records.get(record_id)
        if stored is not None:
            self.graves[object_name, record_id] = stored
        return super()._erase(object_name, record_id)

    # Colleagues ---------------------------------------------------------------------------------

    def employ(self, name: str) -> None:
        """Somebody gets the right to own records."""
        mail = f"{name}@example.com"
        if self.system is System.HUBSPOT:
            self.seed("owners", {"email": mail, "type": "PERSON"})
        else:
            self.seed("User", {"Email": mail, "IsActive": True})

    def colleague(self, name: str) -> str | None:
        """The id of somebody who works here, or did; None: never."""
        records = self._shelves[OWNERS[self.system]].records
        mails = {
            one.values.get("email") or one.values.get("Email"): i for i, one in records.items()
        }
        return mails.get(f"{name}@example.com")

    def leave(self, name: str, *, back: bool) -> None:
        """Somebody leaves the company, or is back. Salesforce takes no inactive user for an owner."""
        who = self.colleague(name)
        if who is None:
            return
        if self.system is System.SALESFORCE:
            self.edit("User", who, {"IsActive": back})
            self.faults.reject.pop(("owner", who), None)
            if not back:
                self.faults.reject["owner", who] = Rejected(
                    "INACTIVE_OWNER_OR_USER",
                    system=self.system.value,
                    cause="bad_reference",
                    fields=("owner",),
                )
        elif back:
            self.restore("owners", who)
        else:
            self.remove("owners", who)
