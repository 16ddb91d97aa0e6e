"""Lists as an object of the port. Their members are a relation: `connector.hubspot.relations`.

A list has a name, which is unique among the lists of contacts, and nothing else that may be written: it
cannot carry an external key, so the name is the key with which a create is repeated safely. What is made
here is a MANUAL list of contacts. The members of a DYNAMIC list are found by HubSpot, those of a SNAPSHOT
were. Reference sheet, section 13.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

import orjson
from more_itertools import chunked

from connector.errors import OutcomeUnknown, Rejected, SystemBlocked, TryLater
from connector.hubspot import list_requests
from connector.hubspot.batches import as_outcome
from connector.hubspot.gateway import Gateway
from connector.hubspot.names import LISTS, SYSTEM, from_wire
from connector.hubspot.requests import Requests, milliseconds
from connector.hubspot.shelf import Shelf
from connector.hubspot.walk import OVERLAP
from connector.hubspot.wire import Json, moment
from connector.port import (
    Change,
    Departures,
    Draft,
    FieldKind,
    FieldSchema,
    ObjectSchema,
    Option,
    Outcome,
    Page,
    Record,
    System,
    Value,
    Values,
    Written,
)

_Input = TypeVar("_Input")
NAME: Final = "name"
ID: Final = "hs_list_id"
KIND: Final = "processing_type"
MANUAL: Final = "MANUAL"
_FIELDS: Final[Mapping[str, tuple[str, FieldKind]]] = {
    NAME: ("List name", "text"),
    ID: ("List id", "id"),
    KIND: ("How members get in", "picklist"),
    "object_type_id": ("Object type of the members", "text"),
    "size": ("Members", "number"),
    "created_at": ("Created", "datetime"),
    "updated_at": ("Updated", "datetime"),
}
_KINDS: Final = tuple(Option(one, one.capitalize()) for one in (MANUAL, "DYNAMIC", "SNAPSHOT"))


@dataclass(frozen=True, slots=True)
class Lists(Shelf):
    """Lists of contacts. `clock` answers aware times."""

    gateway: Gateway
    requests: Requests
    clock: Callable[[], datetime]

    def describe(self, object_name: str) -> ObjectSchema:
        return lists_schema()

    # Reading ------------------------------------------------------------------------------------

    def list_all(
        self, object_name: str, fields: Sequence[str], after: str | None
    ) -> Iterator[Page]:
        """By the search for names, whose cap is 10,000 lists; `after` is its offset."""
        offset = int(after or 0)
        seen: set[str] = set()
        while True:
            answer = self.gateway.send(list_requests.search(self.requests, offset)).json
            raws = _of_contacts(answer.get("lists") or ())
            # An offset shifts when a list is made or deleted meanwhile: one may come twice.
            fresh = [record for raw in raws if (record := _record(raw, fields)).id not in seen]
            seen.update(record.id for record in fresh)
            following = answer.get("offset") if answer.get("hasMore") else None
            yield Page(fresh, None if following is None else str(following))
            if following is None or int(following) <= offset:
                return
            offset = int(following)

    def changed_since(self, object_name: str, fields: Sequence[str], cursor: str) -> Iterator[Page]:
        """All lists, less those that were not touched: there is no other way, and they are few."""
        now = milliseconds(self.clock())
        since = _read_cursor(cursor).since - OVERLAP
        for page in self.list_all(object_name, fields, None):
            fresh = [one for one in page.records if _ms(one.modified_at, now) >= since]
            yield Page(fresh, _Cursor(now).text())

    def deleted_since(self, object_name: str, cursor: str) -> Departures:
        """What was there at the last look and is not any more. The first look only takes note."""
        live = {one.id for page in self.list_all(object_name, (), None) for one in page.records}
        gone = sorted(set(_read_cursor(cursor).live) - live)
        following = _Cursor(milliseconds(self.clock()), tuple(sorted(live)))
        return Departures(gone, following.text())

    def get_many(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, Record]:
        found: dict[str, Record] = {}
        known = [one for one in dict.fromkeys(ids) if one.isdecimal()]
        for some in chunked(known, list_requests.LISTS_AT_ONCE):
            answer = self.gateway.send(list_requests.by_ids(self.requests, some)).json
            records = [_record(raw, fields) for raw in _of_contacts(answer.get("lists") or ())]
            found |= {record.id: record for record in records}
        return found

    def find_many(
        self, object_name: str, field: str, values: Sequence[str], fields: Sequence[str]
    ) -> dict[str, list[Record]]:
        """By name, one call each; by id."""
        if field == ID:
            by_id = self.get_many(object_name, values, fields)
            return {value: [by_id[value]] if value in by_id else [] for value in values}
        if field != NAME:
            raise Rejected(
                f"lists cannot be found by {field}",
                system=SYSTEM,
                cause="no_such_field",
                fields=(field,),
            )
        return {value: self._named(value, fields) for value in dict.fromkeys(values)}

    def _named(self, name: str, fields: Sequence[str]) -> list[Record]:
        if not name.strip():
            return []
        try:
            answer = self.gateway.send(list_requests.by_name(self.requests, name.strip())).json
        except Rejected as refused:
            if refused.cause != "not_found":
                raise
            return []
        return [_record(raw, fields) for raw in _of_contacts([answer.get("list") or {}])]

    # Writing ------------------------------------------------------------------------------------

    def create_many(self, object_name: str, drafts: Sequence[Draft]) -> list[Outcome]:
        return _each(drafts, self._create)

    def _create(self, draft: Draft) -> Outcome:
        """A list of that name is the one that was made before, or that somebody else made."""
        refused = _beyond_the_name(draft.values)
        if draft.key_field != NAME:
            refused = _refuses_key(draft.key_field)
        if refused is not None:
            return refused
        there = self._named(draft.key, [NAME])
        if there:
            return Written(there[0].id, values={NAME: draft.key})
        answer = self.gateway.send(list_requests.create(self.requests, draft.key))
        made = answer.json.get("list") or {}
        return Written(
            str(made["listId"]),
            created=True,
            values={NAME: str(made.get(NAME))},
            request_id=answer.request_id,
        )

    def update_many(self, object_name: str, changes: Sequence[Change]) -> list[Outcome]:
        if len({change.id for change in changes}) < len(changes):
            raise ValueError("the same record stands in one batch twice")
        return _each(changes, self._rename)

    def _rename(self, change: Change) -> Outcome:
        refused = _beyond_the_name(change.values)
        if refused is not None:
            return refused
        name = str(change.values.get(NAME) or "").strip()
        if not name:
            return Rejected(
                "a list must have a name", system=SYSTEM, cause="required_blank", fields=(NAME,)
            )
        answer = self.gateway.send(list_requests.rename(self.requests, change.id, name))
        told = (answer.json.get("updatedList") or {}).get(NAME, name)
        return Written(change.id, values={NAME: str(told)}, request_id=answer.request_id)

    def delete_many(self, object_name: str, ids: Sequence[str]) -> list[Outcome]:
        """To be restored in HubSpot's pages for 90 days; an unknown one is gone already."""
        return _each(ids, self._delete)

    def _delete(self, list_id: str) -> Outcome:
        try:
            answer = self.gateway.send(list_requests.delete(self.requests, list_id))
        except Rejected as refused:
            if refused.cause != "not_found":
                raise
            return Written(list_id)
        return Written(list_id, request_id=answer.request_id)


def lists_schema() -> ObjectSchema:
    """What every list tells; only the name may be written."""
    fields = {
        name: FieldSchema(
            name=name,
            label=label,
            kind=kind,
            required=name == NAME,
            createable=name == NAME,
            updateable=name == NAME,
            unique=name in {NAME, ID},
            options=_KINDS if name == KIND else (),
            closed=name == KIND,
        )
        for name, (label, kind) in _FIELDS.items()
    }
    return ObjectSchema(System.HUBSPOT, LISTS, fields)


@dataclass(frozen=True, slots=True)
class _Cursor:
    """Milliseconds since 1970, and which lists were there then. `cursor_at` gives one without lists."""

    since: int
    live: tuple[str, ...] = ()

    def text(self) -> str:
        return orjson.dumps({"since": self.since, "wide": self.since, "live": self.live}).decode()


def _read_cursor(text: str) -> _Cursor:
    try:
        held = orjson.loads(text)
        return _Cursor(int(held["since"]), tuple(map(str, held.get("live") or ())))
    except (orjson.JSONDecodeError, TypeError, KeyError, AttributeError) as error:
        raise ValueError("this is no HubSpot cursor") from error


def _of_contacts(raws: Iterable[Json]) -> list[Json]:
    """Live lists of contacts, among those of companies and deals."""
    return [
        raw
        for raw in raws
        if raw.get("listId")
        and not raw.get("deletedAt")
        and raw.get("objectTypeId", list_requests.CONTACT_TYPE) == list_requests.CONTACT_TYPE
    ]


def _record(raw: Json, fields: Sequence[str]) -> Record:
    size = raw.get("size", (raw.get("additionalProperties") or {}).get(list_requests.SIZE))
    told: dict[str, Value] = {
        NAME: from_wire(raw.get("name")),
        ID: str(raw["listId"]),
        KIND: from_wire(raw.get("processingType")),
        "object_type_id": from_wire(raw.get("objectTypeId")),
        "size": None if size is None else str(size),
        "created_at": from_wire(raw.get("createdAt")),
        "updated_at": from_wire(raw.get("updatedAt")),
    }
    values = {name: told[name] for name in fields if name in told}
    return Record(LISTS, str(raw["listId"]), values, moment(raw.get("updatedAt")))


def _ms(moment_of: datetime | None, usual: int) -> int:
    return usual if moment_of is None else milliseconds(moment_of)


def _beyond_the_name(values: Values) -> Rejected | None:
    others = tuple(name for name, value in values.items() if name != NAME and value is not None)
    if not others:
        return None
    return Rejected(
        "of a list only its name can be written", system=SYSTEM, cause="read_only", fields=others
    )


def _refuses_key(key_field: str) -> Rejected:
    return Rejected(
        f"a list cannot carry {key_field}: its name is what keeps it from being made twice",
        system=SYSTEM,
        cause="no_such_field",
        fields=(key_field,),
    )


def _each(inputs: Sequence[_Input], write: Callable[[_Input], Outcome]) -> list[Outcome]:
    """One call after the other; nothing is raised once something was written."""
    outcomes: list[Outcome] = []
    for one in inputs:
        try:
            outcomes.append(write(one))
        except Rejected as refused:
            outcomes.append(refused)
        except (TryLater, SystemBlocked) as error:
            if not outcomes and not isinstance(error, OutcomeUnknown):
                raise
            outcomes.append(error if isinstance(error, TryLater) else as_outcome(error))
    return outcomes
