"""The records of one object, live and deleted, with the look-ups that writes and queries need."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sandbox.salesforce.answers import Row
from sandbox.salesforce.ids import Mint
from sandbox.salesforce.schema import Field, ObjectSchema

Undo = Callable[[], None]
NAMED_BY_PARTS = frozenset({"Lead", "Contact", "User", "Individual"})


class Table:
    """Records by id, in the order of their ids. Deleted ones stay, marked, until the org is reset."""

    def __init__(self, schema: ObjectSchema) -> None:
        self.schema = schema
        self.rows: dict[str, Row] = {}
        self._order: list[str] = []
        self._mint = Mint(schema.prefix)
        self._keys: dict[str, dict[str, list[str]]] = {}
        self.keyed = self._keyed()
        self.undo: list[Undo] | None = None

    def _keyed(self) -> dict[str, Field]:
        """The fields that can be looked up by value: they get an index each."""
        return {
            one.name: one
            for one in self.schema.fields.values()
            if one.name != "Id" and (one.unique or one.external_id or one.id_lookup)
        }

    def reindex(self) -> None:
        """After a field was added or its flags changed."""
        self.keyed = self._keyed()
        self._keys = {}
        for row in self.rows.values():
            if not row.get("IsDeleted"):
                self._note(row)

    def new_id(self) -> str:
        return self._mint.make()

    def live(self, record_id: str) -> Row | None:
        row = self.rows.get(record_id)
        return None if row is None or row.get("IsDeleted") else row

    def all_live(self) -> Iterator[Row]:
        return (row for row in self.rows.values() if not row.get("IsDeleted"))

    def after(self, record_id: str, *, included: bool) -> Iterable[Row]:
        """Records, deleted ones included, whose id is greater, in order of their ids."""
        find = bisect_left if included else bisect_right
        start = find(self._order, record_id)
        return (self.rows[one] for one in self._order[start:])

    def holders(self, field: Field, value: str) -> list[str]:
        """The ids of live records that hold this value in a keyed field."""
        return self._keys.get(field.name, {}).get(_key(field, value), [])

    def add(self, row: Row) -> None:
        """Put in a new record; its id is greater than all others."""
        record_id = row["Id"]
        self.rows[record_id] = row
        self._order.append(record_id)
        if not row.get("IsDeleted"):
            self._note(row)
        if self.undo is not None:
            self.undo.append(lambda: self._take_back(record_id))

    def change(self, row: Row, values: Mapping[str, Any]) -> None:
        """Set fields of a record; None clears one. Marks of deletion go the same way."""
        before = {name: row.get(name) for name in values}
        self._forget(row)
        for name, value in values.items():
            if value is None:
                row.pop(name, None)
            else:
                row[name] = value
        if not row.get("IsDeleted"):
            self._note(row)
        if self.undo is not None:
            self.undo.append(lambda: self.change(row, before))

    def purge(self, row: Row) -> None:
        """Out of the recycle bin, for good."""
        self._take_back(row["Id"])

    def _take_back(self, record_id: str) -> None:
        row = self.rows.pop(record_id)
        self._order.remove(record_id)
        self._forget(row)

    def _note(self, row: Row) -> None:
        for name, one in self.keyed.items():
            value = row.get(name)
            if value is not None:
                index = self._keys.setdefault(name, {})
                index.setdefault(_key(one, value), []).append(row["Id"])

    def _forget(self, row: Row) -> None:
        for name, one in self.keyed.items():
            value = row.get(name)
            if value is None:
                continue
            index, key = self._keys.get(name, {}), _key(one, value)
            held = index.get(key, [])
            if row["Id"] in held:
                held.remove(row["Id"])
            if not held:
                index.pop(key, None)


def _key(field: Field, value: Any) -> str:
    return str(value) if field.case_sensitive else str(value).casefold()


def composed_name(row: Mapping[str, Any]) -> str | None:
    """The read-only Name of a person."""
    parts = (row.get("FirstName"), row.get("LastName"))
    return " ".join(part for part in parts if part) or None


def address(row: Mapping[str, Any], field: Field) -> dict[str, Any] | None:
    """The compound address that stands over its parts: None where all are blank."""
    prefix = field.name.removesuffix("Address")
    parts = ("City", "Country", "GeocodeAccuracy", "Latitude", "Longitude", "PostalCode", "State")
    told = {part[0].lower() + part[1:]: row.get(prefix + part) for part in (*parts, "Street")}
    return told if any(value is not None for value in told.values()) else None
