"""The in-memory twin: a complete system without a vendor, with versions, normalisation and faults.

It keeps every promise of `connector.port` and is what the engine is tried on. Records live in plain
dicts; each field remembers its edits. `normalise` says, per field, what the system makes of a value
when it stores it (other case, cut off, rounded).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from connector.errors import OutcomeUnknown, Rejected, SystemBlocked, TryLater
from connector.port import (
    Account,
    CallCount,
    Change,
    Draft,
    Edit,
    Fate,
    FieldSchema,
    NewField,
    ObjectSchema,
    Outcome,
    Page,
    Record,
    System,
    Value,
    Values,
    Written,
)

Normalise = Callable[[Value], Value]
PREFIXES = {"Lead": "00Q", "Contact": "003", "Account": "001", "User": "005"}


@dataclass(slots=True)
class _Version:
    """One change of one field."""

    at: datetime
    by_us: bool
    value: Value


@dataclass(slots=True)
class _Stored:
    """A record with the history of its fields, oldest change first."""

    values: dict[str, Value] = field(default_factory=dict)
    history: dict[str, list[_Version]] = field(default_factory=lambda: defaultdict(list))
    modified_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    by_us: bool = False
    fate: Fate = field(default_factory=lambda: Fate("live"))


@dataclass
class Faults:
    """Misbehaviour on order. Counters count down; sets and mappings stay until they are emptied.

    `busy`: that many calls answer `TryLater`. `lost_answers`: that many writing calls do their work
    and lose the answer. `drop`: that many writing calls leave their last input out of the answer.
    `ignore`: fields whose writes are taken and not stored. `reject`: (field, value) -> refusal.
    """

    busy: int = 0
    lost_answers: int = 0
    drop: int = 0
    blocked: SystemBlocked | None = None
    ignore: set[str] = field(default_factory=set)
    reject: dict[tuple[str, Value], Rejected] = field(default_factory=dict)


class MemoryConnector:
    """A system in memory. `fields` gives the schema by object; without one every name is taken.

    `before_write` and `after_write` are called around every writing verb, so that a test can let a
    person edit at that very moment.
    """

    def __init__(
        self,
        system: System,
        *,
        clock: Callable[[], datetime],
        fields: Mapping[str, Sequence[FieldSchema]] | None = None,
        normalise: Mapping[str, Normalise] | None = None,
        page_size: int = 100,
        account_id: str = "1",
    ) -> None:
        self._system = system
        self._clock = clock
        self._fields = {name: {f.name: f for f in of} for name, of in (fields or {}).items()}
        self._open_schema = fields is None
        self._normalise = dict(normalise or {})
        self._page_size = page_size
        self._account_id = account_id
        self._objects: dict[str, dict[str, _Stored]] = defaultdict(dict)
        self._next = 0
        self.faults = Faults()
        self.before_write: Callable[[], None] | None = None
        self.after_write: Callable[[], None] | None = None
        self._calls = CallCount()

    @property
    def system(self) -> System:
        return self._system

    @property
    def calls(self) -> CallCount:
        return self._calls

    # What people do -----------------------------------------------------------------------------

    def seed(self, object_name: str, values: Values) -> str:
        """A person creates a record; answers its id."""
        record_id = self._new_id(object_name)
        self._objects[object_name][record_id] = _Stored(modified_at=self._clock())
        self._store(object_name, record_id, values, by_us=False)
        return record_id

    def edit(self, object_name: str, record_id: str, values: Values) -> None:
        """A person edits a record."""
        self._store(object_name, record_id, values, by_us=False)

    def remove(self, object_name: str, record_id: str) -> None:
        """A person deletes a record."""
        self._objects[object_name][record_id].fate = Fate("deleted")

    def hide(self, object_name: str, record_id: str) -> None:
        """A record that we may not see any more."""
        self._objects[object_name][record_id].fate = Fate("not_visible")

    def merge(self, object_name: str, loser: str, winner: str) -> None:
        """A person merges two records into one of them."""
        self._objects[object_name][loser].fate = Fate("merged", winner)

    def records(self, object_name: str) -> dict[str, dict[str, Value]]:
        """The live records, for assertions."""
        return {
            record_id: {k: v for k, v in stored.values.items() if v is not None}
            for record_id, stored in self._objects[object_name].items()
            if stored.fate.kind == "live"
        }

    def _new_id(self, object_name: str) -> str:
        self._next += 1
        if self._system is System.HUBSPOT:
            return str(100_000_000_000 + self._next)
        return f"{PREFIXES.get(object_name, 'a00')}{self._next:012d}AAA"

    def _store(self, object_name: str, record_id: str, values: Values, *, by_us: bool) -> None:
        stored = self._objects[object_name][record_id]
        now = self._clock()
        moved = False
        for name, given in values.items():
            if by_us and name in self.faults.ignore:
                continue
            value = None if given == "" else given
            value = self._normalise[name](value) if name in self._normalise else value
            if stored.values.get(name) == value and name in stored.values:
                continue
            stored.values[name] = value
            stored.history[name].append(_Version(now, by_us, value))
            moved = True
        if moved:
            stored.modified_at, stored.by_us = now, by_us

    # Reading ------------------------------------------------------------------------------------

    def _called(self, *, write: bool = False) -> None:
        if write:
            self._calls.writes += 1
        else:
            self._calls.reads += 1
        if self.faults.blocked is not None:
            raise self.faults.blocked
        if self.faults.busy > 0:
            self.faults.busy -= 1
            raise TryLater("busy", system=self._system.value, after=1.0)

    def ping(self) -> Account:
        self._called()
        return Account(self._account_id, f"{self._system.value} twin", "us")

    def describe(self, object_name: str) -> ObjectSchema:
        self._called()
        if object_name not in self._fields:
            raise Rejected(
                f"unknown object {object_name}", system=self._system.value, cause="no_such_field"
            )
        return ObjectSchema(self._system, object_name, self._fields[object_name])

    def create_field(self, field: NewField) -> None:
        self._called(write=True)
        known = self._fields.setdefault(field.object, {})
        known.setdefault(
            field.name,
            FieldSchema(
                name=field.name,
                label=field.label,
                kind=field.kind,
                length=field.length,
                unique=field.unique,
            ),
        )

    def _record(self, object_name: str, record_id: str, fields: Sequence[str]) -> Record:
        stored = self._objects[object_name][record_id]
        known = self._fields.get(object_name)
        shown = fields if self._open_schema or known is None else [f for f in fields if f in known]
        return Record(
            object_name,
            record_id,
            {name: stored.values.get(name) for name in shown},
            stored.modified_at,
            stored.by_us,
        )

    def _live(self, object_name: str) -> list[str]:
        return sorted(i for i, s in self._objects[object_name].items() if s.fate.kind == "live")

    def list_all(
        self, object_name: str, fields: Sequence[str], after: str | None = None
    ) -> Iterator[Page]:
        ids = [i for i in self._live(object_name) if after is None or i > after]
        for start in range(0, max(len(ids), 1), self._page_size):
            self._called()
            page = ids[start : start + self._page_size]
            last = start + self._page_size >= len(ids)
            records = [
                self._record(object_name, i, fields) for i in page if self._is_live(object_name, i)
            ]
            yield Page(records, None if last else page[-1])

    def _is_live(self, object_name: str, record_id: str) -> bool:
        stored = self._objects[object_name].get(record_id)
        return stored is not None and stored.fate.kind == "live"

    def cursor_at(self, moment: datetime) -> str:
        return (moment - timedelta(seconds=1)).isoformat()

    def changed_since(self, object_name: str, fields: Sequence[str], cursor: str) -> Iterator[Page]:
        since = datetime.fromisoformat(cursor)
        changed = [
            i for i in self._live(object_name) if self._objects[object_name][i].modified_at >= since
        ]
        now = self.cursor_at(self._clock())
        for start in range(0, max(len(changed), 1), self._page_size):
            self._called()
            page = changed[start : start + self._page_size]
            yield Page([self._record(object_name, i, fields) for i in page], now)

    def get_many(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, Record]:
        for _ in range(0, len(ids), 100):
            self._called()
        return {
            i: self._record(object_name, i, fields) for i in ids if self._is_live(object_name, i)
        }

    def find_many(
        self, object_name: str, field: str, values: Sequence[str], fields: Sequence[str]
    ) -> dict[str, list[Record]]:
        for _ in range(0, len(values), 100):
            self._called()
        found: dict[str, list[Record]] = {value: [] for value in values}
        wanted = {value.casefold(): value for value in values}
        for record_id in self._live(object_name):
            held = self._objects[object_name][record_id].values.get(field)
            if held is not None and str(held).casefold() in wanted:
                asked = wanted[str(held).casefold()]
                found[asked].append(self._record(object_name, record_id, fields))
        return found

    def fates(self, object_name: str, ids: Sequence[str]) -> dict[str, Fate]:
        self._called()
        known = self._objects[object_name]
        return {i: known[i].fate if i in known else Fate("not_visible") for i in ids}

    def last_edits(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, dict[str, Edit]]:
        self._called()
        return {
            i: {name: _newest(stored.history[name]) for name in fields if stored.history.get(name)}
            for i in ids
            if (stored := self._objects[object_name].get(i)) is not None
        }

    def overwritten(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str], since: datetime
    ) -> dict[str, dict[str, Value]]:
        self._called()
        lost: dict[str, dict[str, Value]] = defaultdict(dict)
        for record_id in ids:
            stored = self._objects[object_name].get(record_id)
            for name in fields if stored else ():
                versions = stored.history.get(name) if stored else None
                if not versions:
                    continue
                *earlier, newest = versions
                if newest.by_us and earlier and not earlier[-1].by_us and earlier[-1].at > since:
                    lost[record_id][name] = earlier[-1].value
        return dict(lost)

    # Writing ------------------------------------------------------------------------------------

    def create_many(self, object_name: str, drafts: Sequence[Draft]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        self._write_call(object_name)
        for draft in drafts:
            values = {**draft.values, draft.key_field: draft.key}
            refusal = self._refusal(object_name, None, values)
            existing = self._holder(object_name, draft.key_field, draft.key)
            if refusal is not None and not (existing and refusal.existing_id == existing):
                outcomes.append(refusal)
                continue
            record_id = existing or self._new_id(object_name)
            if existing is None:
                self._objects[object_name][record_id] = _Stored(modified_at=self._clock())
            self._store(object_name, record_id, values, by_us=True)
            outcomes.append(Written(record_id, created=existing is None))
        return self._answer(outcomes)

    def update_many(self, object_name: str, changes: Sequence[Change]) -> list[Outcome]:
        ids = [change.id for change in changes]
        if len(set(ids)) < len(ids):
            raise ValueError("the same record stands in one batch twice")
        outcomes: list[Outcome] = []
        self._write_call(object_name)
        for change in changes:
            if not self._is_live(object_name, change.id):
                outcomes.append(Rejected("not found", system=self._system.value, cause="not_found"))
                continue
            refusal = self._refusal(object_name, change.id, change.values)
            if refusal is not None:
                outcomes.append(refusal)
                continue
            self._store(object_name, change.id, change.values, by_us=True)
            outcomes.append(Written(change.id))
        return self._answer(outcomes)

    def delete_many(self, object_name: str, ids: Sequence[str]) -> list[Outcome]:
        self._write_call(object_name)
        for record_id in ids:
            if self._is_live(object_name, record_id):
                self._objects[object_name][record_id].fate = Fate("deleted")
        return self._answer([Written(record_id) for record_id in ids])

    def _write_call(self, object_name: str) -> None:
        self._called(write=True)
        if self.before_write is not None:
            self.before_write()

    def _answer(self, outcomes: list[Outcome]) -> list[Outcome]:
        if self.after_write is not None:
            self.after_write()
        if self.faults.lost_answers > 0:
            self.faults.lost_answers -= 1
            lost = OutcomeUnknown("no answer", system=self._system.value)
            return [lost for _ in outcomes]
        if self.faults.drop > 0 and outcomes:
            self.faults.drop -= 1
            return [
                *outcomes[:-1],
                Rejected("left out", system=self._system.value, cause="not_answered"),
            ]
        return outcomes

    def _holder(self, object_name: str, name: str, value: Value) -> str | None:
        wanted = str(value).casefold()
        for record_id in self._live(object_name):
            held = self._objects[object_name][record_id].values.get(name)
            if held is not None and str(held).casefold() == wanted:
                return record_id
        return None

    def _refusal(self, object_name: str, record_id: str | None, values: Values) -> Rejected | None:
        for name, value in values.items():
            ordered = self.faults.reject.get((name, value))
            if ordered is not None:
                return ordered
            refusal = self._schema_refusal(object_name, record_id, name, value)
            if refusal is not None:
                return refusal
        return None

    def _schema_refusal(
        self, object_name: str, record_id: str | None, name: str, value: Value
    ) -> Rejected | None:
        if self._open_schema:
            return None
        known = self._fields.get(object_name, {}).get(name)
        system = self._system.value
        if known is None:
            return Rejected(
                f"no field {name}", system=system, cause="no_such_field", fields=(name,)
            )
        if value is None:
            return None
        if (
            known.length is not None
            and name not in self._normalise
            and len(str(value)) > known.length
        ):
            return Rejected(f"{name} is too long", system=system, cause="too_long", fields=(name,))
        if known.unique:
            holder = self._holder(object_name, name, value)
            if holder is not None and holder != record_id:
                return Rejected(
                    f"{name} is taken by {holder}",
                    system=system,
                    cause="duplicate",
                    fields=(name,),
                    existing_id=holder,
                )
        return None


def _newest(versions: Sequence[_Version]) -> Edit:
    """When somebody else last changed the field, and whether its newest change was ours."""
    others = [version.at for version in versions if not version.by_us]
    return Edit(others[-1] if others else None, versions[-1].by_us)
