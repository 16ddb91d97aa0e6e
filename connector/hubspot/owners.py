"""Owners: the people and queues that records belong to. No CRM object, and read only to us.

A record names its owner by the owner's `id`, never by the user's. Archived owners stand in a listing of
their own; records may still belong to them. Reference sheet, section 13.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from connector.hubspot.gateway import Gateway
from connector.hubspot.names import EMAIL, OWNERS, from_wire
from connector.hubspot.requests import Requests
from connector.hubspot.shelf import Shelf
from connector.hubspot.wire import Json, moment, next_page, results
from connector.port import FieldKind, FieldSchema, ObjectSchema, Option, Page, Record, System, Value

ARCHIVED: Final = "archived"
_LABELS: Final = {
    "id": "Owner id",
    EMAIL: "E-mail",
    "firstName": "First name",
    "lastName": "Last name",
    "userId": "User id",
    "type": "Type",
    ARCHIVED: "Archived",
}
_KINDS: Final[dict[str, FieldKind]] = {
    "id": "id",
    EMAIL: "email",
    "type": "picklist",
    ARCHIVED: "bool",
}
_TYPES: Final = (Option("PERSON", "Person"), Option("QUEUE", "Queue"))
# Cursors of the second listing bear this in front.
_AMONG_ARCHIVED: Final = "archived:"


@dataclass(frozen=True, slots=True)
class Owners(Shelf):
    """Lists owners. Archived ones only for those who ask for the field that tells them apart."""

    gateway: Gateway
    requests: Requests

    def describe(self, object_name: str) -> ObjectSchema:
        return owners_schema()

    def list_all(
        self, object_name: str, fields: Sequence[str], after: str | None
    ) -> Iterator[Page]:
        """The active ones, then the archived ones if `archived` is among the fields."""
        wanted, with_archived = set(fields), ARCHIVED in fields
        if after is None or not after.startswith(_AMONG_ARCHIVED):
            for page in self._listed(wanted, after, archived=False):
                # An empty tail is where the second listing begins.
                following = (
                    _AMONG_ARCHIVED if page.cursor is None and with_archived else page.cursor
                )
                yield page._replace(cursor=following)
            after = _AMONG_ARCHIVED
        if with_archived:
            start = after.removeprefix(_AMONG_ARCHIVED) or None
            for page in self._listed(wanted, start, archived=True):
                cursor = None if page.cursor is None else _AMONG_ARCHIVED + page.cursor
                yield page._replace(cursor=cursor)

    def get_many(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, Record]:
        wanted = set(ids)
        people = [one for page in self.list_all(object_name, fields, None) for one in page.records]
        return {one.id: one for one in people if one.id in wanted}

    def _listed(self, fields: set[str], after: str | None, *, archived: bool) -> Iterator[Page]:
        while True:
            answer = self.gateway.send(self.requests.owners(after, archived=archived)).json
            after = next_page(answer)
            told = [raw for raw in results(answer) if bool(raw.get(ARCHIVED)) is archived]
            yield Page([read_owner(raw, fields) for raw in told], after)
            if after is None:
                return


def owners_schema() -> ObjectSchema:
    """Owners have no definitions of their own: this is what each of them tells."""
    fields = {
        name: FieldSchema(
            name=name,
            label=label,
            kind=_KINDS.get(name, "text"),
            createable=False,
            updateable=False,
            options=_TYPES if name == "type" else (),
        )
        for name, label in _LABELS.items()
    }
    return ObjectSchema(System.HUBSPOT, OWNERS, fields)


def read_owner(raw: Json, fields: Collection[str] = ()) -> Record:
    """An owner with these fields, or with all. `hubspot_owner_id` holds its `id`, never the `userId`.

    `type` is PERSON where an old answer tells none; a queue has no e-mail."""
    values: dict[str, Value] = {
        "id": str(raw["id"]),
        "type": str(raw.get("type") or "PERSON"),
        ARCHIVED: bool(raw.get(ARCHIVED)),
        "userId": None if raw.get("userId") is None else str(raw["userId"]),
    }
    values |= {name: from_wire(raw.get(name)) for name in (EMAIL, "firstName", "lastName")}
    kept = {name: value for name, value in values.items() if not fields or name in fields}
    return Record(OWNERS, str(raw["id"]), kept, moment(raw.get("updatedAt")))
