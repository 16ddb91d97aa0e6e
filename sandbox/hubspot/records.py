"""Records and the tables that hold them. Values are plain dicts of text; history is kept only of what
changed after birth, so that 100,000 untouched records cost little. Times in milliseconds.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Any, NamedTuple

from sandbox.hubspot.answers import iso
from sandbox.hubspot.index import LaggingIndex
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.properties import Schema

MOST_VERSIONS = 45


class Source(NamedTuple):
    """Who made a change, as property history tells it."""

    type: str
    id: str
    label: str | None = None
    user_id: int | None = None


class Version(NamedTuple):
    """One value that a property held, and since when."""

    value: str
    at: int
    source: Source

    def as_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "value": self.value,
            "timestamp": iso(self.at),
            "sourceType": self.source.type,
            "sourceId": self.source.id,
        }
        if self.source.label is not None:
            told["sourceLabel"] = self.source.label
        if self.source.user_id is not None:
            told["updatedByUserId"] = self.source.user_id
        return told


class Record:
    """One record. `values` holds no blanks; system properties stand in it like all others."""

    __slots__ = ("archived_at", "created", "history", "id", "origin", "updated", "values")

    def __init__(
        self, number: int, values: dict[str, str], created: int, updated: int, origin: Source
    ) -> None:
        self.id = number
        self.values = values
        self.created = created
        self.updated = updated
        self.origin = origin
        self.archived_at: int | None = None
        self.history: dict[str, list[Version]] | None = None

    def put(self, name: str, value: str, at: int, source: Source) -> bool:
        """Store a value (``""`` clears) with its history. False if it stood there already."""
        before = self.values.get(name, "")
        if before == value:
            return False
        self.history = self.history if self.history is not None else {}
        versions = self.history.get(name)
        if versions is None:
            versions = self.history[name] = []
            if before:
                versions.append(Version(before, self.created, self.origin))
        versions.append(Version(value, at, source))
        del versions[:-MOST_VERSIONS]
        if value:
            self.values[name] = value
        else:
            self.values.pop(name, None)
        return True

    def versions(self, name: str) -> list[Version]:
        """What a property held, newest first."""
        kept = (self.history or {}).get(name)
        if kept is not None:
            return kept[::-1]
        value = self.values.get(name)
        return [] if value is None else [Version(value, self.created, self.origin)]


class Table:
    """All records of one kind: live ones in id order, archived ones, and the old ids of merged ones.

    `unique` maps each unique property to its owners by caseless value; archived records hold none.
    """

    def __init__(self, kind: Kind, schema: Schema, index: LaggingIndex) -> None:
        self.kind = kind
        self.schema = schema
        self.index = index
        self.live: dict[int, Record] = {}
        self.order: list[int] = []
        self.gone: dict[int, Record] = {}
        self.aliases: dict[int, int] = {}
        self.unique: dict[str, dict[str, int]] = {}

    def resolve(self, number: int) -> int:
        """The id under which a record lives now: merged ids lead on to the survivor."""
        while number in self.aliases:
            number = self.aliases[number]
        return number

    def find(self, text: str, *, archived: bool = False) -> Record | None:
        """A record by its id, old ids of merged records included."""
        if not text.isdigit():
            return None
        shelf = self.gone if archived else self.live
        return shelf.get(self.resolve(int(text)))

    def owner_of(self, name: str, value: str) -> int | None:
        """The id of the record that holds a unique value."""
        return self.unique.get(name, {}).get(value.lower())

    def claim(self, name: str, value: str, number: int) -> None:
        self.unique.setdefault(name, {})[value.lower()] = number

    def release(self, name: str, value: str, number: int) -> None:
        owners = self.unique.get(name, {})
        if owners.get(value.lower()) == number:
            del owners[value.lower()]

    def unique_values(self, record: Record) -> Iterator[tuple[str, str]]:
        """Each (property, value) that a record holds alone."""
        for name in self.schema.unique:
            if name in record.values:
                for value in record.values[name].split(";"):
                    yield name, value

    def add(self, record: Record) -> None:
        """Shelve a new record; ids only ever rise."""
        self.live[record.id] = record
        self.order.append(record.id)
        for name, value in self.unique_values(record):
            self.claim(name, value, record.id)

    def remove(self, record: Record) -> None:
        """Take a record off the live shelf and free its unique values."""
        del self.live[record.id]
        del self.order[bisect_left(self.order, record.id)]
        for name, value in self.unique_values(record):
            self.release(name, value, record.id)

    def page(self, start: int, limit: int, *, archived: bool) -> tuple[list[Record], int | None]:
        """Up to `limit` records from id `start` on, and the id that the next page starts with."""
        ids = sorted(self.gone) if archived else self.order
        shelf = self.gone if archived else self.live
        first = bisect_left(ids, start)
        taken = ids[first : first + limit]
        following = ids[first + limit] if first + limit < len(ids) else None
        return [shelf[number] for number in taken], following

    def above(self, number: int) -> Iterator[Record]:
        """Live records with a greater id, in id order."""
        for found in self.order[bisect_right(self.order, number) :]:
            yield self.live[found]
