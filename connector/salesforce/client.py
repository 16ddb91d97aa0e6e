"""Salesforce behind the port: which calls serve which verb. Values and errors are `wire`'s business."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from more_itertools import chunked

from connector.converting import Converted
from connector.errors import Rejected, TryLater
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
)
from connector.salesforce.conversion import Wish, convert
from connector.salesforce.departures import departed, span_since
from connector.salesforce.describing import describe, person_types
from connector.salesforce.fates import fates
from connector.salesforce.gateway import Gateway
from connector.salesforce.merging import erase, merge
from connector.salesforce.metadata import project
from connector.salesforce.newfields import create_field
from connector.salesforce.persons import MARK, Persons, business_only, is_person
from connector.salesforce.queries import pages, rows_among
from connector.salesforce.relations import SalesforceRelations
from connector.salesforce.rows import Rows
from connector.salesforce.settings import SalesforceSettings
from connector.salesforce.soql import literal, select, timestamp
from connector.salesforce.wire import STAMPS, checked_id, is_id, record_of, to18
from connector.toll import FREE, Toll

# REST guide, sObject Collections: ids per retrieve.
READ_AT_ONCE = 2_000
# Rows become visible at commit and are stamped earlier: look back this far.
LATE_COMMITS = timedelta(minutes=10)


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
        self._rows = Rows(self._gateway, sleep)
        self._persons = Persons(self._gateway)
        self._assign = settings.auto_assign
        self._clock = clock
        self._version = settings.api_version

    @property
    def system(self) -> System:
        return System.SALESFORCE

    @property
    def calls(self) -> CallCount:
        return self._gateway.calls

    @property
    def relations(self) -> SalesforceRelations:
        """Campaign members and contact roles of this org, over the same session and budget."""
        return SalesforceRelations(self._gateway, self._rows)

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
        return describe(self._gateway, self._persons, object_name)

    def create_field(self, field: NewField) -> None:
        create_field(self._gateway, field)

    def deployable(
        self, missing: Sequence[NewField], ours: Sequence[NewField]
    ) -> Mapping[str, str]:
        return project(missing, ours, self._version)

    # Reading ------------------------------------------------------------------------------------

    def _fields(self, fields: Sequence[str]) -> list[str]:
        return list(dict.fromkeys(["Id", *fields, *STAMPS]))

    def _select(
        self, object_name: str, fields: Sequence[str], where: Sequence[str], order: str
    ) -> str:
        """A query for live records. People are left out unless asked for, see `persons`."""
        tests = [test for test in where if test]
        if self._persons.left_out(object_name, fields):
            tests.append(business_only())
        return select(self._fields(fields), object_name, " AND ".join(tests), order)

    def list_all(
        self, object_name: str, fields: Sequence[str], after: str | None = None
    ) -> Iterator[Page]:
        where = f"Id > {literal(checked_id(after))}" if after else ""
        us = self._us()
        statement = self._select(object_name, fields, [where], "Id")
        for answer in pages(self._gateway, statement):
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
        statement = self._select(object_name, fields, [where], "SystemModstamp, Id")
        for answer in pages(self._gateway, statement):
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
        valid = [i for i in dict.fromkeys(ids) if is_id(i)]
        names = self._fields(fields)
        if valid and self._persons.left_out(object_name, fields):
            names.append(MARK)
        for batch in chunked(valid, READ_AT_ONCE):
            body = {"ids": batch, "fields": names}
            rows = self._gateway.call("POST", f"composite/sobjects/{object_name}", json=body)
            told = (row for row in rows or () if row is not None)
            by_id = {row["Id"]: row for row in told if MARK in fields or not is_person(row)}
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
        where = business_only() if self._persons.left_out(object_name, fields) else ""
        rows = rows_among(self._gateway, names, object_name, field, wanted, where=where)
        for row in rows:
            record = record_of(object_name, row, fields, us)
            for value in asked.get(str(row[field]).casefold(), ()):
                found[value].append(record)
        return found

    def fates(self, object_name: str, ids: Sequence[str]) -> dict[str, Fate]:
        return fates(self._gateway, self._persons, object_name, ids)

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
        refused = self._refused_drafts(object_name, drafts)
        unique: dict[str, int] = {}
        for position, draft in enumerate(drafts):
            if position not in refused:
                unique.setdefault(draft.key.casefold(), position)
        first = sorted(unique.values())
        rows = [
            {
                "attributes": {"type": object_name},
                **drafts[position].values,
                key_field: drafts[position].key,
            }
            for position in first
        ]
        path = f"composite/sobjects/{object_name}/{key_field}"
        sent = self._rows.write("PATCH", path, rows, self._assign)
        by_position: dict[int, Outcome] = {**refused, **dict(zip(first, sent, strict=True))}
        return [
            by_position[position if position in refused else unique[draft.key.casefold()]]
            for position, draft in enumerate(drafts)
        ]

    def update_many(self, object_name: str, changes: Sequence[Change]) -> list[Outcome]:
        ids = [to18(change.id) for change in changes]
        if len(set(ids)) < len(ids):
            raise ValueError("the same record stands in one batch twice")
        refused = self._persons.among(object_name, [one for one in ids if is_id(one)])
        rows = [
            {"attributes": {"type": object_name}, "id": change.id, **change.values}
            for change in changes
            if to18(change.id) not in refused
        ]
        sent = iter(self._rows.write("PATCH", "composite/sobjects", rows))
        return [refused.get(one) or next(sent) for one in ids]

    def delete_many(self, object_name: str, ids: Sequence[str]) -> list[Outcome]:
        return self._but_people(object_name, ids, self._rows.delete)

    def merge(self, object_name: str, winner: str, losers: Sequence[str]) -> Outcome:
        everybody = [to18(one) for one in (winner, *losers) if is_id(one)]
        for refusal in self._persons.among(object_name, everybody).values():
            return refusal
        ask = partial(self.fates, object_name)
        return merge(self._gateway, ask, object_name, winner, losers)

    def erase_many(self, object_name: str, ids: Sequence[str]) -> list[Outcome]:
        ask = partial(self.fates, object_name)
        return self._but_people(
            object_name, ids, lambda some: erase(self._gateway, self._rows, ask, some)
        )

    def convert_lead(
        self,
        lead_id: str,
        *,
        contact_id: str | None = None,
        account_id: str | None = None,
        opportunity_name: str | None = None,
        owner_id: str | None = None,
    ) -> Converted | Rejected | TryLater:
        """Convert a Lead into new records or into given ones, of which only blanks are filled.

        `opportunity_name` None: no Opportunity. A Lead that is converted already answers what it became.
        """
        wish = Wish(contact_id, account_id, opportunity_name, owner_id)
        return convert(self._gateway, lead_id, wish)

    def _refused_drafts(self, object_name: str, drafts: Sequence[Draft]) -> dict[int, Outcome]:
        """Drafts that would become people, by position."""
        if object_name != "Account" or not self._persons.possible(object_name):
            return {}
        types = person_types(self._gateway)
        refusals = (
            (place, self._persons.refusal_of(object_name, draft.values, types))
            for place, draft in enumerate(drafts)
        )
        return {place: refusal for place, refusal in refusals if refusal is not None}

    def _but_people(
        self,
        object_name: str,
        ids: Sequence[str],
        work: Callable[[list[str]], list[Outcome]],
    ) -> list[Outcome]:
        """The outcomes of this work on all but person accounts, which are refused."""
        refused = self._persons.among(object_name, [to18(one) for one in ids if is_id(one)])
        others = [one for one in ids if to18(one) not in refused]
        done = iter(work(others) if others else [])
        return [refused.get(to18(one)) or next(done) for one in ids]
