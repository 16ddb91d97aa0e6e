"""What people do in the in-memory twin, and what only a test may see of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from connector.memory_store import Shelf, Stored, vendor_id
from connector.port import Fate, System, Value, Values

MERGED_IDS = "hs_merged_object_ids"


class People:
    """The twin's shelves, and the hands of people on them. Nobody here is bound by a schema."""

    _system: System
    _clock: Callable[[], datetime]
    _shelves: Mapping[str, Shelf]
    _last_number: int

    def seed(self, object_name: str, values: Values) -> str:
        """A person creates a record; answers its id."""
        return self._birth(object_name, values, by_us=False)

    def edit(self, object_name: str, record_id: str, values: Values) -> None:
        """A person edits a record."""
        self._shelves[object_name].store(record_id, values, self._clock(), by_us=False)

    def remove(self, object_name: str, record_id: str) -> None:
        """A person deletes a record."""
        self._shelves[object_name].records[record_id].leave(Fate("deleted"), self._clock())

    def restore(self, object_name: str, record_id: str) -> None:
        """A person takes a record out of the recycle bin, or lets us see it again."""
        stored = self._shelves[object_name].records[record_id]
        stored.fate, stored.modified_at, stored.by_us = Fate("live"), self._clock(), False

    def hide(self, object_name: str, record_id: str) -> None:
        """A record that we may not see any more."""
        self._shelves[object_name].records[record_id].fate = Fate("not_visible")

    def join(self, object_name: str, loser: str, winner: str) -> str:
        """A person merges two records; answers the survivor's id."""
        return self._merge(object_name, winner, [loser], by_us=False)

    def convert(self, lead_id: str, contact: Values, into: str | None = None) -> str:
        """A person converts a Lead into a Contact with these values; answers the Contact's id.

        `into` names a Contact that is there already: only its blank fields are filled. The Lead stays
        readable, takes no writes any more and names its Contact (Salesforce sheet, section 2.10).
        """
        contact_id = into or self.seed("Contact", contact)
        if into is not None:
            self._fill(self._shelves["Contact"].records[into], "Contact", into, contact)
        self.edit("Lead", lead_id, {"IsConverted": True, "ConvertedContactId": contact_id})
        self._shelves["Lead"].records[lead_id].fate = Fate("converted", contact_id)
        return contact_id

    def records(self, object_name: str) -> dict[str, dict[str, Value]]:
        """What can be seen now, blanks left out: for assertions."""
        shelf = self._shelves[object_name]
        return {
            record_id: {k: v for k, v in shelf.records[record_id].values.items() if v is not None}
            for record_id in shelf.seen_ids()
        }

    def in_the_bin(self, object_name: str) -> set[str]:
        """Ids of the records that were deleted and not erased."""
        records = self._shelves[object_name].records
        return {record_id for record_id, one in records.items() if one.fate.kind == "deleted"}

    def _birth(self, object_name: str, values: Values, *, by_us: bool) -> str:
        self._last_number += 1
        record_id = vendor_id(self._system, object_name, self._last_number)
        now = self._clock()
        self._shelves[object_name].add(record_id, now).by_us = by_us
        self._shelves[object_name].store(record_id, values, now, by_us=by_us)
        return record_id

    def _merge(self, object_name: str, winner: str, losers: Sequence[str], *, by_us: bool) -> str:
        """HubSpot makes a third record of two; at Salesforce the winner stays, as it is."""
        for loser in losers:
            if self._system is System.HUBSPOT:
                winner = self._merge_anew(object_name, winner, loser, by_us=by_us)
            else:
                self._shelves[object_name].records[loser].leave(
                    Fate("merged", winner), self._clock()
                )
        return winner

    def _merge_anew(self, object_name: str, winner: str, loser: str, *, by_us: bool) -> str:
        """The winner's values, blanks filled from the loser, under a new id that names both."""
        shelf = self._shelves[object_name]
        old = [shelf.records[winner].values, shelf.records[loser].values]
        names = [
            name
            for one in (old[0].get(MERGED_IDS), old[1].get(MERGED_IDS))
            if one
            for name in str(one).split(";")
        ]
        filled = {name: value for name, value in old[0].items() if value is not None}
        values = {**old[1], **filled, MERGED_IDS: ";".join([winner, loser, *names])}
        for gone in (winner, loser):
            shelf.records[gone].leave(Fate("merged"), self._clock())
        survivor = self._birth(object_name, values, by_us=by_us)
        for gone in (winner, loser):
            shelf.records[gone].fate = Fate("merged", survivor)
        return survivor

    def _fill(self, stored: Stored, object_name: str, record_id: str, values: Values) -> None:
        blank = {name: v for name, v in values.items() if stored.values.get(name) is None}
        self._shelves[object_name].store(record_id, blank, self._clock(), by_us=False)
