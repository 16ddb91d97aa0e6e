"""Salesforce behind the port: which calls serve which verb. Values and errors are `wire`'s business."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from more_itertools import chunked

from connector.errors import OutcomeUnknown, Rejected, TryLater
from connector.http import Dice, Sleep
from connector.port import (
    Account,
    CallCount,
    Change,
    Departures,
    Draft,
    Edit,
    Fate,
    NewField,
    ObjectSchema,
    Outcome,
    Page,
    Record,
    System,
    Value,
    Written,
)
from connector.salesforce.departures import departed, span_since
from connector.salesforce.gateway import Gateway
from connector.salesforce.newfields import create_field
from connector.salesforce.settings import SalesforceSettings
from connector.salesforce.soql import chunks, literal, select, timestamp
from connector.salesforce.wire import (
    STAMPS,
    SYSTEM,
    checked_id,
    outcome_of,
    record_of,
    schema_of,
    to18,
)
from connector.toll import FREE, Toll

# REST guide, sObject Collections: records per write, ids per retrieve.
WRITE_AT_ONCE = 200
READ_AT_ONCE = 2_000
# Rows become visible at commit and are stamped earlier: look back this far.
LATE_COMMITS = timedelta(minutes=10)
ROW_TRIES = 3


class SalesforceConnector:
    """One org. Shared by threads; build one per process. `toll` is paid before each call."""

    def __init__(
        self,
        settings: SalesforceSettings,
        *,
        clock: Callable[[], datetime],
        sleep: Sleep = time.sleep,
        dice: Dice = random.random,
        toll: Toll = FREE,
    ) -> None:
        self._gateway = Gateway(settings, clock=clock, sleep=sleep, dice=dice, toll=toll)
        self._clock = clock
        self._sleep = sleep

    @property
    def system(self) -> System:
        return System.SALESFORCE

    @property
    def calls(self) -> CallCount:
        return self._gateway.calls

    def _us(self) -> str | None:
        return self._gateway.login().user_id

    def ping(self) -> Account:
        login = self._gateway.login()
        rows = self._gateway.call(
            "GET", "query/", params={"q": "SELECT Id, Name FROM Organization"}
        )
        row = rows["records"][0]
        return Account(to18(row["Id"]), row.get("Name") or "", login.user_id)

    def describe(self, object_name: str) -> ObjectSchema:
        try:
            told = self._gateway.call("GET", f"sobjects/{object_name}/describe")
        except Rejected as error:
            if error.cause == "not_found":
                raise Rejected(
                    f"Salesforce has no object {object_name}", system=SYSTEM, cause="no_such_field"
                ) from error
            raise
        return schema_of(object_name, told)

    def create_field(self, field: NewField) -> None:
        create_field(self._gateway, field)

    # Reading ------------------------------------------------------------------------------------

    def _fields(self, fields: Sequence[str]) -> list[str]:
        return list(dict.fromkeys(["Id", *fields, *STAMPS]))

    def _query(self, statement: str, *, deleted: bool = False) -> Iterator[dict[str, Any]]:
        """Pages of a query's answer, followed as the answer says."""
        path: str | None = "queryAll/" if deleted else "query/"
        params: Mapping[str, str] | None = {"q": statement}
        while path is not None:
            answer = self._gateway.call("GET", path, params=params)
            yield answer
            params = None
            path = None if answer.get("done", True) else str(answer["nextRecordsUrl"])

    def list_all(
        self, object_name: str, fields: Sequence[str], after: str | None = None
    ) -> Iterator[Page]:
        where = f"Id > {literal(checked_id(after))}" if after else ""
        us = self._us()
        statement = select(self._fields(fields), object_name, where, "Id")
        for answer in self._query(statement):
            records = [record_of(object_name, row, fields, us) for row in answer["records"]]
            done = answer.get("done", True)
            yield Page(records, None if done or not records else records[-1].id)

    def cursor_at(self, moment: datetime) -> str:
        return (moment - LATE_COMMITS).astimezone(UTC).isoformat()

    def changed_since(self, object_name: str, fields: Sequence[str], cursor: str) -> Iterator[Page]:
        following = self.cursor_at(self._clock())
        us = self._us()
        since = timestamp(datetime.fromisoformat(cursor))
        where = f"SystemModstamp >= {since}"
        statement = select(self._fields(fields), object_name, where, "SystemModstamp, Id")
        for answer in self._query(statement):
            records = [record_of(object_name, row, fields, us) for row in answer["records"]]
            # A walk that breaks off begins again: only behind its last page has everybody been met.
            yield Page(records, following if answer.get("done", True) else cursor)

    def deleted_since(self, object_name: str, cursor: str) -> Departures:
        """What `getDeleted` lists, up to the last full minute, losers of merges among it.

        Usually one call. It goes on 10 minutes before what the answer covers, as `changed_since` does.
        """
        span = span_since(datetime.fromisoformat(cursor), self._clock())
        told = departed(self._gateway, object_name, span)
        return Departures(told.ids, self.cursor_at(told.covered), told.complete)

    def get_many(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, Record]:
        us = self._us()
        found: dict[str, Record] = {}
        valid = [i for i in dict.fromkeys(ids) if _is_id(i)]
        for batch in chunked(valid, READ_AT_ONCE):
            body = {"ids": batch, "fields": self._fields(fields)}
            rows = self._gateway.call("POST", f"composite/sobjects/{object_name}", json=body)
            by_id = {row["Id"]: row for row in rows or () if row is not None}
            for asked in batch:
                row = by_id.get(to18(asked))
                if row is not None:
                    found[asked] = record_of(object_name, row, fields, us)
        return found

    def find_many(
        self, object_name: str, field: str, values: Sequence[str], fields: Sequence[str]
    ) -> dict[str, list[Record]]:
        wanted = [value for value in dict.fromkeys(values) if value]
        found: dict[str, list[Record]] = {value: [] for value in values}
        asked: dict[str, list[str]] = defaultdict(list)
        for value in wanted:
            asked[value.casefold()].append(value)
        us = self._us()
        names = [*self._fields(fields), field]
        for chunk in chunks(wanted, select(names, object_name, f"{field} IN ()")):
            where = f"{field} IN ({', '.join(map(literal, chunk))})"
            for answer in self._query(select(names, object_name, where, "Id")):
                for row in answer["records"]:
                    record = record_of(object_name, row, fields, us)
                    for value in asked.get(str(row[field]).casefold(), ()):
                        found[value].append(record)
        return found

    def fates(self, object_name: str, ids: Sequence[str]) -> dict[str, Fate]:
        fates = {asked: Fate("not_visible") for asked in ids}
        names = ["Id", "IsDeleted"]
        if object_name in {"Lead", "Contact", "Account"}:
            names.append("MasterRecordId")
        if object_name == "Lead":
            names += ["IsConverted", "ConvertedContactId"]
        by_id = {to18(i): i for i in ids if _is_id(i)}
        for chunk in chunks(list(by_id), select(names, object_name, "Id IN ()")):
            where = f"Id IN ({', '.join(map(literal, chunk))})"
            for answer in self._query(select(names, object_name, where), deleted=True):
                for row in answer["records"]:
                    fates[by_id[row["Id"]]] = _fate(row)
        return fates

    def last_edits(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, dict[str, Edit]]:
        """Salesforce tells who changed the record last, not who changed the field."""
        found = self.get_many(object_name, ids, ())
        return {
            record_id: dict.fromkeys(fields, Edit(record.modified_at, record.modified_by_us))
            for record_id, record in found.items()
        }

    def overwritten(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str], since: datetime
    ) -> dict[str, dict[str, Value]]:
        return {}

    # Writing ------------------------------------------------------------------------------------

    def create_many(self, object_name: str, drafts: Sequence[Draft]) -> list[Outcome]:
        if not drafts:
            return []
        key_field = drafts[0].key_field
        rows = [
            {"attributes": {"type": object_name}, **draft.values, key_field: draft.key}
            for draft in drafts
        ]
        unique: dict[str, int] = {}
        for position, draft in enumerate(drafts):
            unique.setdefault(draft.key.casefold(), position)
        first = sorted(unique.values())
        path = f"composite/sobjects/{object_name}/{key_field}"
        sent = self._write_rows("PATCH", path, [rows[position] for position in first])
        by_position = dict(zip(first, sent, strict=True))
        return [by_position[unique[draft.key.casefold()]] for draft in drafts]

    def update_many(self, object_name: str, changes: Sequence[Change]) -> list[Outcome]:
        ids = [to18(change.id) for change in changes]
        if len(set(ids)) < len(ids):
            raise ValueError("the same record stands in one batch twice")
        rows = [
            {"attributes": {"type": object_name}, "id": change.id, **change.values}
            for change in changes
        ]
        return self._write_rows("PATCH", "composite/sobjects", rows)

    def delete_many(self, object_name: str, ids: Sequence[str]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for batch in chunked(ids, WRITE_AT_ONCE):
            params = {"ids": ",".join(map(checked_id, batch)), "allOrNone": "false"}
            try:
                answer = self._gateway.call(
                    "DELETE", "composite/sobjects", params=params, write=True
                )
            except OutcomeUnknown as unknown:
                outcomes += [unknown] * len(batch)
                continue
            for record_id, outcome in zip(batch, _aligned(answer, len(batch)), strict=True):
                gone = isinstance(outcome, Rejected) and outcome.cause == "deleted"
                outcomes.append(Written(record_id) if gone else outcome)
        return outcomes

    def _write_rows(
        self, method: str, path: str, rows: Sequence[Mapping[str, Any]]
    ) -> list[Outcome]:
        """Collections of 200; rows that somebody held locked are sent again a few times."""
        outcomes: list[Outcome] = []
        for batch in chunked(rows, WRITE_AT_ONCE):
            found = self._write_batch(method, path, batch)
            for attempt in range(1, ROW_TRIES):
                locked = [i for i, outcome in enumerate(found) if _is_locked(outcome)]
                if not locked:
                    break
                self._sleep(float(attempt))
                again = self._write_batch(method, path, [batch[i] for i in locked])
                for position, outcome in zip(locked, again, strict=True):
                    found[position] = outcome
            outcomes += found
        return outcomes

    def _write_batch(
        self, method: str, path: str, batch: Sequence[Mapping[str, Any]]
    ) -> list[Outcome]:
        body = {"allOrNone": False, "records": list(batch)}
        try:
            answer = self._gateway.call(method, path, json=body, write=True)
        except OutcomeUnknown as unknown:
            return [unknown] * len(batch)
        except Rejected as refusal:
            # A fault of the whole call (an unknown field, say): find the rows that cause it.
            return self._one_by_one(method, path, batch, refusal)
        return _aligned(answer, len(batch))

    def _one_by_one(
        self, method: str, path: str, batch: Sequence[Mapping[str, Any]], refusal: Rejected
    ) -> list[Outcome]:
        """Halve the batch until each faulty row stands alone, so that the others are written."""
        if len(batch) == 1:
            return [refusal]
        middle = len(batch) // 2
        return [
            *self._write_batch(method, path, batch[:middle]),
            *self._write_batch(method, path, batch[middle:]),
        ]


def _aligned(answer: object, count: int) -> list[Outcome]:
    """One outcome per input, by position; what the answer lacks was not answered."""
    rows = answer if isinstance(answer, list) else []
    return [outcome_of(rows[i] if i < len(rows) else None) for i in range(count)]


def _is_locked(outcome: Outcome) -> bool:
    return isinstance(outcome, TryLater) and not isinstance(outcome, OutcomeUnknown)


def _is_id(text: str) -> bool:
    try:
        checked_id(text)
    except ValueError:
        return False
    return True


def _fate(row: Mapping[str, Any]) -> Fate:
    if row.get("IsDeleted"):
        master = row.get("MasterRecordId")
        return Fate("merged", to18(master)) if master else Fate("deleted")
    if row.get("IsConverted"):
        contact = row.get("ConvertedContactId")
        return Fate("converted", to18(contact) if contact else None)
    return Fate("live")
