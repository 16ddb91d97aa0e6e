"""Where the in-memory twin keeps its records: one shelf per object, every field with its edits.

A shelf knows nothing of schemas, faults or calls. Ids are given by the caller and only ever grow, so
the order in which records were added is the order of their ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connector.port import Edit, Fate, System, Value, Values

Normalise = Callable[[Value], Value]

PREFIXES = {"Account": "001", "Contact": "003", "User": "005", "Opportunity": "006", "Lead": "00Q"}
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SEEN = frozenset({"live", "converted"})


def vendor_id(system: System, object_name: str, number: int) -> str:
    """The `number`-th id as its vendor writes it: 12 digits, or 18 characters with the prefix.

    The last three characters of a Salesforce id say which letters of the first fifteen are capitals
    (Salesforce reference sheet, section 2.6).
    """
    if system is System.HUBSPOT:
        return str(100_000_000_000 + number)
    short = f"{PREFIXES.get(object_name, 'a00')}{number:012d}"
    chunks = (short[start : start + 5] for start in (0, 5, 10))
    return short + "".join(
        _CHECK[sum(1 << place for place, sign in enumerate(chunk) if sign.isupper())]
        for chunk in chunks
    )


@dataclass(slots=True)
class Version:
    """One change of one field."""

    at: datetime
    by_us: bool
    value: Value


@dataclass(slots=True)
class Stored:
    """A record with the history of its fields, oldest change first. `left_at`: deleted or merged."""

    modified_at: datetime
    values: dict[str, Value] = field(default_factory=dict)
    history: dict[str, list[Version]] = field(default_factory=dict)
    by_us: bool = False
    fate: Fate = field(default_factory=lambda: Fate("live"))
    left_at: datetime | None = None

    def leave(self, fate: Fate, at: datetime) -> None:
        """It is deleted, or merged into another one."""
        self.fate, self.left_at = fate, at

    @property
    def seen(self) -> bool:
        """Whether reads answer it. A converted Lead stays readable; it only takes no writes."""
        return self.fate.kind in _SEEN

    def told(self, names: Sequence[str]) -> dict[str, Value]:
        """The values of these fields as an answer holds them."""
        values = self.values
        return {name: values.get(name) for name in names}

    def newest(self) -> Edit:
        """All that is told of an edit by a system that keeps no history of its fields."""
        return Edit(None if self.by_us else self.modified_at, self.by_us)

    def last_edit(self, name: str) -> Edit | None:
        """When somebody else last changed the field, and whether its newest change was ours."""
        versions = self.history.get(name)
        if not versions:
            return None
        others = (version.at for version in reversed(versions) if not version.by_us)
        return Edit(next(others, None), versions[-1].by_us)

    def overwritten(self, name: str, since: datetime) -> Version | None:
        """What somebody else set after `since` and our newest write replaced."""
        versions = self.history.get(name)
        if not versions or not versions[-1].by_us:
            return None
        newest = next((version for version in reversed(versions) if not version.by_us), None)
        return newest if newest is not None and newest.at > since else None


class Shelf:
    """The records of one object. Lookups by value are indexed from the first time they are asked."""

    def __init__(self, normalise: Mapping[str, Normalise]) -> None:
        self.records: dict[str, Stored] = {}
        self._normalise = normalise
        self._index: dict[str, dict[str, dict[str, None]]] = {}

    def add(self, record_id: str, at: datetime) -> Stored:
        stored = Stored(at)
        self.records[record_id] = stored
        return stored

    def seen(self, record_id: str) -> Stored | None:
        """The record if reads answer it."""
        stored = self.records.get(record_id)
        return stored if stored is not None and stored.seen else None

    def seen_ids(self) -> list[str]:
        """All ids that a listing shows, in the order of their creation."""
        return [record_id for record_id, stored in self.records.items() if stored.seen]

    def merged_into(self, record_id: str) -> list[str]:
        """Ids of the records that were merged into this one in one step."""
        fate = Fate("merged", record_id)
        return [old for old, stored in self.records.items() if stored.fate == fate]

    def left_since(self, moment: datetime) -> list[str]:
        """Ids of what was deleted or merged away then or later, and is away still."""
        return [
            record_id
            for record_id, stored in self.records.items()
            if stored.left_at is not None and stored.left_at >= moment and not stored.seen
        ]

    def store(self, record_id: str, values: Values, at: datetime, *, by_us: bool) -> None:
        """Take the values in, as the system makes them. What it holds already is no change."""
        stored = self.records[record_id]
        moved = False
        for name, given in values.items():
            value = self.normal(name, given)
            held = stored.values.get(name)
            if held == value and type(held) is type(value) and name in stored.values:
                continue
            stored.values[name] = value
            stored.history.setdefault(name, []).append(Version(at, by_us, value))
            self._reindex(record_id, name, held, value)
            moved = True
        if moved:
            stored.modified_at, stored.by_us = at, by_us

    def forget(self, record_id: str) -> None:
        """Drop a record for good, with everything that it ever held."""
        stored = self.records.pop(record_id, None)
        for name, value in () if stored is None else stored.values.items():
            self._reindex(record_id, name, value, None)

    def normal(self, name: str, given: Value) -> Value:
        """What the system makes of a value when it stores it."""
        value = None if given == "" else given
        change = self._normalise.get(name)
        return value if change is None else change(value)

    def holders(self, name: str, value: Value) -> list[str]:
        """Ids of the records that hold the value, whatever its case, oldest first."""
        if value is None:
            return []
        index = self._index.get(name)
        if index is None:
            index = self._index[name] = self._indexed(name)
        return sorted(i for i in index.get(_key(value), ()) if self.records[i].seen)

    def field_names(self) -> Iterable[str]:
        """Every field that any record ever held."""
        return dict.fromkeys(name for stored in self.records.values() for name in stored.history)

    def _indexed(self, name: str) -> dict[str, dict[str, None]]:
        index: dict[str, dict[str, None]] = {}
        for record_id, stored in self.records.items():
            held = stored.values.get(name)
            if held is not None:
                index.setdefault(_key(held), {})[record_id] = None
        return index

    def _reindex(self, record_id: str, name: str, before: Value, after: Value) -> None:
        index = self._index.get(name)
        if index is None:
            return
        if before is not None:
            index[_key(before)].pop(record_id, None)
        if after is not None:
            index.setdefault(_key(after), {})[record_id] = None


def _key(value: Value) -> str:
    return str(value).casefold()
