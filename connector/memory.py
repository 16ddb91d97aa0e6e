"""The in-memory twin: a complete system without a vendor, with versions, normalisation and faults.

It keeps every promise of `connector.port` and is what the engine is tried on, as the left and as the
right side. What people do in it, and what they see, stands in `memory_people`. `normalise` says, per
field, what the system makes of a value when it stores it (other case, cut off, rounded). Faults are
ordered on `faults`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from connector.errors import OutcomeUnknown, Rejected, RejectionCause, SystemBlocked, TryLater
from connector.memory_faults import Faults, Judge
from connector.memory_people import People
from connector.memory_store import Normalise, Shelf, Stored
from connector.port import (
    Account,
    CallCount,
    Change,
    Departures,
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

__all__ = ["Faults", "MemoryConnector", "Normalise"]

# How many records one call of each vendor takes.
BATCH = {System.HUBSPOT: 100, System.SALESFORCE: 200}
_Input = TypeVar("_Input")


class MemoryConnector(People):
    """A system in memory. `fields` gives the schema by object; without one every name is taken.

    `before_write` and `after_write` are called around every writing call, so that a test can let a
    person edit at that very moment. `keeps_history` false makes it tell of edits only what Salesforce
    tells: when the whole record last changed, and whether that was us. `page_size` is in records.
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
        keeps_history: bool = True,
    ) -> None:
        self._system = system
        self._clock = clock
        self._fields = (
            None
            if fields is None
            else {name: {schema.name: schema for schema in of} for name, of in fields.items()}
        )
        self._normalise = dict(normalise or {})
        self._page_size = page_size
        self._account_id = account_id
        self._keeps_history = keeps_history
        self._shelves: dict[str, Shelf] = defaultdict(lambda: Shelf(self._normalise))
        self._last_number = 0
        self._late: list[Callable[[], object]] = []
        self._calls = CallCount()
        self.faults = Faults()
        self.before_write: Callable[[], None] | None = None
        self.after_write: Callable[[], None] | None = None

    @property
    def system(self) -> System:
        return self._system

    @property
    def calls(self) -> CallCount:
        return self._calls

    def land(self) -> int:
        """Writes that were held back land now; answers how many calls they were."""
        late, self._late = self._late, []
        for work in late:
            work()
        return len(late)

    # What is known of the system ----------------------------------------------------------------

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

    def _reject(self, reason: str, cause: RejectionCause) -> Rejected:
        return Rejected(reason, system=self._system.value, cause=cause)

    def ping(self) -> Account:
        self._called()
        return Account(self._account_id, f"{self._system.value} twin", "us", "Asia/Tokyo")

    def describe(self, object_name: str) -> ObjectSchema:
        self._called()
        return ObjectSchema(self._system, object_name, dict(self._schema(object_name)))

    def _schema(self, object_name: str) -> dict[str, FieldSchema]:
        if self._fields is None:
            names = self._shelves[object_name].field_names()
            return {name: FieldSchema(name=name, label=name, kind="text") for name in names}
        if object_name not in self._fields:
            raise self._reject(f"there is no object {object_name}", "no_such_field")
        return self._fields[object_name]

    def create_field(self, field: NewField) -> None:
        self._called(write=True)
        if not self.faults.may_create_fields:
            raise SystemBlocked(
                "creating fields is not allowed",
                system=self._system.value,
                cause="permission",
                advice="allow it, or create the field by hand",
            )
        if field.kind in {"picklist", "set"} and not field.options:
            raise ValueError(f"{field.name}: a {field.kind} needs options")
        self._schema(field.object).setdefault(
            field.name,
            FieldSchema(
                name=field.name,
                label=field.label,
                kind=field.kind,
                length=None if field.options else field.length,
                unique=field.unique,
                options=field.options,
                closed=bool(field.options),
            ),
        )

    def deployable(
        self, missing: Sequence[NewField], ours: Sequence[NewField]
    ) -> Mapping[str, str]:
        return {}

    # Reading ------------------------------------------------------------------------------------

    def _shown(self, object_name: str, fields: Sequence[str]) -> list[str]:
        """The fields that an answer holds: hidden and unknown ones are left out."""
        known = None if self._fields is None else self._fields.get(object_name, {})
        return [
            name
            for name in fields
            if name not in self.faults.withhold and (known is None or name in known)
        ]

    def _records(self, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> list[Record]:
        """The records among `ids` that can be seen, in the order of `ids`."""
        shelf, shown = self._shelves[object_name], self._shown(object_name, fields)
        return [
            Record(object_name, record_id, stored.told(shown), stored.modified_at, stored.by_us)
            for record_id in ids
            if (stored := shelf.seen(record_id)) is not None
        ]

    def _pages(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Iterator[tuple[list[Record], str | None]]:
        """Pages of records with the id that the next page starts after, None after the last."""
        for start in range(0, max(len(ids), 1), self._page_size):
            self._called()
            page = ids[start : start + self._page_size]
            more = start + self._page_size < len(ids)
            yield self._records(object_name, page, fields), page[-1] if more else None

    def list_all(
        self, object_name: str, fields: Sequence[str], after: str | None = None
    ) -> Iterator[Page]:
        ids = self._shelves[object_name].seen_ids()
        rest = ids if after is None else ids[bisect_right(ids, after) :]
        for records, cursor in self._pages(object_name, rest, fields):
            yield Page(records, cursor)

    def cursor_at(self, moment: datetime) -> str:
        return (moment - timedelta(seconds=1)).isoformat()

    def changed_since(self, object_name: str, fields: Sequence[str], cursor: str) -> Iterator[Page]:
        since = datetime.fromisoformat(cursor)
        shelf = self._shelves[object_name]
        here = self.cursor_at(self._clock())
        changed = [i for i in shelf.seen_ids() if shelf.records[i].modified_at >= since]
        for records, after in self._pages(object_name, changed, fields):
            yield Page(records, here if after is None else cursor)

    def deleted_since(self, object_name: str, cursor: str) -> Departures:
        self._called()
        gone = self._shelves[object_name].left_since(datetime.fromisoformat(cursor))
        return Departures(gone, self.cursor_at(self._clock()))

    def get_many(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, Record]:
        found: dict[str, Record] = {}
        for batch in self._batches(ids):
            self._called()
            found.update((r.id, r) for r in self._records(object_name, batch, fields))
        return found

    def find_many(
        self, object_name: str, field: str, values: Sequence[str], fields: Sequence[str]
    ) -> dict[str, list[Record]]:
        found: dict[str, list[Record]] = {}
        shelf = self._shelves[object_name]
        for batch in self._batches(values):
            self._called()
            for value in batch:
                found[value] = self._records(object_name, shelf.holders(field, value), fields)
        return found

    def fates(self, object_name: str, ids: Sequence[str]) -> dict[str, Fate]:
        self._called()
        known = self._shelves[object_name].records
        return {i: known[i].fate if i in known else Fate("not_visible") for i in ids}

    def last_edits(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, dict[str, Edit]]:
        self._called()
        known = self._shelves[object_name].records
        return {i: self._edits(known[i], fields) for i in ids if i in known}

    def _edits(self, stored: Stored, fields: Sequence[str]) -> dict[str, Edit]:
        if not self._keeps_history:
            return dict.fromkeys(fields, stored.newest())
        return {name: edit for name in fields if (edit := stored.last_edit(name)) is not None}

    def overwritten(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str], since: datetime
    ) -> dict[str, dict[str, Value]]:
        self._called()
        known = self._shelves[object_name].records
        lost: dict[str, dict[str, Value]] = {}
        for record_id in known.keys() & set(ids) if self._keeps_history else ():
            for name in fields:
                if (version := known[record_id].overwritten(name, since)) is not None:
                    lost.setdefault(record_id, {})[name] = version.value
        return lost

    # Writing ------------------------------------------------------------------------------------

    def create_many(self, object_name: str, drafts: Sequence[Draft]) -> list[Outcome]:
        return self._write(drafts, lambda draft: self._create(object_name, draft))

    def update_many(self, object_name: str, changes: Sequence[Change]) -> list[Outcome]:
        if len({change.id for change in changes}) < len(changes):
            raise ValueError("the same record stands in one batch twice")
        return self._write(changes, lambda change: self._update(object_name, change))

    def delete_many(self, object_name: str, ids: Sequence[str]) -> list[Outcome]:
        return self._write(ids, lambda record_id: self._delete(object_name, record_id))

    def _create(self, object_name: str, draft: Draft) -> Outcome:
        values = {**draft.values, draft.key_field: draft.key}
        existing = next(iter(self._shelves[object_name].holders(draft.key_field, draft.key)), None)
        refusal = self._judge(object_name).refusal(existing, values)
        if refusal is not None or existing is not None:
            return refusal or self._take(object_name, str(existing), values)
        return Written(self._birth(object_name, self._kept(values), by_us=True), created=True)

    def _update(self, object_name: str, change: Change) -> Outcome:
        stored = self._shelves[object_name].records.get(change.id)
        if stored is None or stored.fate.kind in {"not_visible", "merged"}:
            return self._reject("there is no such record", "not_found")
        if stored.fate.kind == "deleted":
            return self._reject("the record is deleted", "deleted")
        if stored.fate.kind == "converted":
            return self._reject("a converted Lead is read only", "converted")
        refusal = self._judge(object_name).refusal(change.id, change.values)
        return refusal or self._take(object_name, change.id, change.values)

    def merge(self, object_name: str, winner: str, losers: Sequence[str]) -> Outcome:
        if winner in losers:
            raise ValueError("a record cannot be merged with itself")
        ends = {self._survivor(object_name, record_id) for record_id in (winner, *losers)}
        if None in ends:
            return self._reject("there is no such record", "not_found")
        if len(ends) == 1:
            return Written(str(ends.pop()))
        return self._write(
            [winner], lambda one: Written(self._merge(object_name, one, losers, by_us=True))
        )[0]

    def _survivor(self, object_name: str, record_id: str) -> str | None:
        """The record itself while it can be seen, else the one it was merged into; None: neither."""
        stored = self._shelves[object_name].records.get(record_id)
        while stored is not None and stored.fate.kind == "merged":
            record_id = stored.fate.into or ""
            stored = self._shelves[object_name].records.get(record_id)
        return record_id if stored is not None and stored.seen else None

    def erase_many(self, object_name: str, ids: Sequence[str]) -> list[Outcome]:
        return self._write(ids, lambda record_id: self._erase(object_name, record_id))

    def _erase(self, object_name: str, record_id: str) -> Outcome:
        shelf = self._shelves[object_name]
        self._delete(object_name, record_id)
        # Nobody can tell any more that it ever was.
        shelf.forget(record_id)
        if self._system is System.HUBSPOT:
            # Who was merged into it is the same contact, and goes along; Salesforce's bin keeps the loser.
            for old in shelf.merged_into(record_id):
                self._erase(object_name, old)
        return Written(record_id)

    def _delete(self, object_name: str, record_id: str) -> Outcome:
        stored = self._shelves[object_name].seen(record_id)
        if stored is not None:
            stored.leave(Fate("deleted"), self._clock())
        return Written(record_id)

    def _take(self, object_name: str, record_id: str, values: Values) -> Written:
        self._shelves[object_name].store(record_id, self._kept(values), self._clock(), by_us=True)
        return Written(record_id)

    def _kept(self, values: Values) -> dict[str, Value]:
        return {name: v for name, v in values.items() if name not in self.faults.ignore}

    def _judge(self, object_name: str) -> Judge:
        shelf = self._shelves[object_name]
        return Judge(
            system=self._system,
            fields=None if self._fields is None else self._fields.get(object_name, {}),
            changed=frozenset(self._normalise),
            ordered=self.faults.reject,
            holder=lambda name, value: next(iter(shelf.holders(name, value)), None),
        )

    def _batches(self, inputs: Sequence[_Input]) -> Iterator[Sequence[_Input]]:
        size = BATCH[self._system]
        return (inputs[start : start + size] for start in range(0, len(inputs), size))

    def _write(self, inputs: Sequence[_Input], one: Callable[[_Input], Outcome]) -> list[Outcome]:
        """One call per batch. A batch that finds the system busy answers so for its own inputs."""
        outcomes: list[Outcome] = []
        for batch in self._batches(inputs):
            try:
                self._called(write=True)
            except TryLater as busy:
                if not outcomes:
                    raise
                outcomes += [busy] * len(batch)
            else:
                outcomes += self._call(batch, one)
        return outcomes

    def _call(self, batch: Sequence[_Input], one: Callable[[_Input], Outcome]) -> list[Outcome]:
        if self.before_write is not None:
            self.before_write()
        lost = OutcomeUnknown("no answer came", system=self._system.value)
        if self.faults.late > 0:
            self.faults.late -= 1
            self._late.append(lambda: [one(given) for given in batch])
            return [lost] * len(batch)
        outcomes = [one(given) for given in batch]
        if self.after_write is not None:
            self.after_write()
        if self.faults.lost_answers > 0:
            self.faults.lost_answers -= 1
            return [lost] * len(batch)
        if self.faults.drop > 0:
            self.faults.drop -= 1
            outcomes[-1] = self._reject("the answer leaves this record out", "not_answered")
        return outcomes
