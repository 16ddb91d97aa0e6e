"""CRM records as a shelf: contacts, companies, deals, leads, activities, custom objects, all alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.errors import Rejected
from connector.hubspot.events import OBJECTS_BY_TYPE_ID, OBJECTS_BY_WORD
from connector.hubspot.gateway import Gateway
from connector.hubspot.leaving import Leaving
from connector.hubspot.names import SYSTEM
from connector.hubspot.pipelines import PIPED, read_pipelines
from connector.hubspot.reading import Reader
from connector.hubspot.requests import Requests
from connector.hubspot.schema import object_schema
from connector.hubspot.shelf import Shelf
from connector.hubspot.wire import results
from connector.hubspot.writing import Writer
from connector.port import (
    Change,
    Departures,
    Draft,
    Edit,
    Fate,
    ObjectSchema,
    Outcome,
    Page,
    Pipeline,
    Record,
    Value,
)

_OWN_OBJECTS = {*OBJECTS_BY_TYPE_ID, *OBJECTS_BY_TYPE_ID.values(), *OBJECTS_BY_WORD}


@dataclass(frozen=True, slots=True)
class CrmRecords(Shelf):
    """Every object that HubSpot's objects API serves, by its plural name, type id or schema's name."""

    gateway: Gateway
    requests: Requests
    reader: Reader
    writer: Writer
    leaving: Leaving

    # Schema -------------------------------------------------------------------------------------

    def describe(self, object_name: str) -> ObjectSchema:
        try:
            answer = self.gateway.send(self.requests.properties(object_name)).json
            custom = self._custom(object_name)
        except Rejected as refused:
            raise Rejected(
                f"HubSpot has no object {object_name!r} for us: {refused.reason}",
                system=SYSTEM,
                cause="no_such_field",
                request_id=refused.request_id,
            ) from refused
        pipelines = self._pipelines(object_name)
        return object_schema(object_name, results(answer), pipelines=pipelines, custom=custom)

    def _pipelines(self, object_name: str) -> tuple[Pipeline, ...]:
        """Leads have some in the accounts that have leads, so a refusal is no fault."""
        if object_name not in PIPED:
            return ()
        try:
            return read_pipelines(
                results(self.gateway.send(self.requests.pipelines(object_name)).json)
            )
        except Rejected:
            return ()

    def _custom(self, object_name: str) -> Mapping[str, Any] | None:
        """What the account tells of an object that is not HubSpot's own."""
        if object_name in _OWN_OBJECTS:
            return None
        return self.gateway.send(self.requests.custom_schema(object_name)).json

    # Reading ------------------------------------------------------------------------------------

    def list_all(
        self, object_name: str, fields: Sequence[str], after: str | None
    ) -> Iterator[Page]:
        return self.reader.list_all(object_name, fields, after)

    def changed_since(self, object_name: str, fields: Sequence[str], cursor: str) -> Iterator[Page]:
        return self.reader.changed_since(object_name, fields, cursor)

    def deleted_since(self, object_name: str, cursor: str) -> Departures:
        return self.reader.deleted_since(object_name, cursor)

    def get_many(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, Record]:
        return self.reader.get_many(object_name, ids, fields)

    def find_many(
        self, object_name: str, field: str, values: Sequence[str], fields: Sequence[str]
    ) -> dict[str, list[Record]]:
        return self.reader.find_many(object_name, field, values, fields)

    def fates(self, object_name: str, ids: Sequence[str]) -> dict[str, Fate]:
        return self.reader.fates(object_name, ids)

    def last_edits(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, dict[str, Edit]]:
        return self.reader.last_edits(object_name, ids, fields)

    def overwritten(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str], since: datetime
    ) -> dict[str, dict[str, Value]]:
        return self.reader.overwritten(object_name, ids, fields, since)

    # Writing ------------------------------------------------------------------------------------

    def create_many(self, object_name: str, drafts: Sequence[Draft]) -> list[Outcome]:
        return self.writer.create_many(object_name, drafts)

    def update_many(self, object_name: str, changes: Sequence[Change]) -> list[Outcome]:
        return self.writer.update_many(object_name, changes)

    def delete_many(self, object_name: str, ids: Sequence[str]) -> list[Outcome]:
        return self.writer.delete_many(object_name, ids)

    def merge(self, object_name: str, winner: str, losers: Sequence[str]) -> Outcome:
        return self.leaving.merge(object_name, winner, losers)

    def erase_many(self, object_name: str, ids: Sequence[str]) -> list[Outcome]:
        return self.leaving.erase_many(object_name, ids)
