"""What contacts did, one by one: occurrences of the events API. No CRM object, and read only to us.

Only for Enterprise accounts. The vendor's advice is not to page backwards in time, so a walk goes forward;
occurrences come in late, so each walk begins some minutes before the end of the last one: repeats are told
apart by their ids. Reference sheet, section 15.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from connector.errors import Rejected
from connector.hubspot.gateway import Gateway
from connector.hubspot.names import OCCURRENCES, SYSTEM, from_wire
from connector.hubspot.requests import Requests, milliseconds
from connector.hubspot.shelf import Shelf
from connector.hubspot.walk import OVERLAP, cursor_at, read_cursor
from connector.hubspot.wire import Json, moment, next_page, results
from connector.port import FieldSchema, ObjectSchema, Page, Record, System, Value

VISITED: Final = "e_visited_page"
ABOUT: Final = ("eventType", "objectId", "occurredAt")
_LABELS: Final = {
    "eventType": "Type",
    "objectId": "Contact id",
    "occurredAt": "When",
    "hs_url": "Address of the page",
    "hs_title": "Title of the page",
}


@dataclass(frozen=True, slots=True)
class Occurrences(Shelf):
    """Visits of pages by contacts, in the order of the vendor."""

    gateway: Gateway
    requests: Requests

    def describe(self, object_name: str) -> ObjectSchema:
        fields = {
            name: FieldSchema(
                name=name, label=label, kind="text", createable=False, updateable=False
            )
            for name, label in _LABELS.items()
        }
        return ObjectSchema(System.HUBSPOT, OCCURRENCES, fields)

    def changed_since(self, object_name: str, fields: Sequence[str], cursor: str) -> Iterator[Page]:
        """Those since the cursor, and some from before it once more."""
        began = read_cursor(cursor).since
        since, newest, after = _iso(max(0, began - OVERLAP)), began, None
        while True:
            answer = self.gateway.send(self.requests.occurrences(VISITED, since, after)).json
            found = [_read(raw, fields) for raw in results(answer)]
            times = [milliseconds(one.modified_at) for one in found if one.modified_at is not None]
            newest = max([newest, *times])
            after = next_page(answer)
            # A walk that is cut off begins again: only its end moves the cursor.
            yield Page(found, cursor if after is not None else cursor_at(newest).text())
            if after is None:
                return

    def list_all(
        self, object_name: str, fields: Sequence[str], after: str | None
    ) -> Iterator[Page]:
        raise _not_kept()

    def get_many(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, Record]:
        raise _not_kept()


def _read(raw: Json, fields: Sequence[str]) -> Record:
    told = raw.get("properties") or {}
    values: dict[str, Value] = {name: from_wire(raw.get(name)) for name in ABOUT}
    values |= {name: from_wire(value) for name, value in told.items() if name in _LABELS}
    kept = {name: value for name, value in values.items() if not fields or name in fields}
    return Record(OCCURRENCES, str(raw["id"]), kept, moment(raw.get("occurredAt")))


def _iso(ms: int) -> str:
    text = datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _not_kept() -> Rejected:
    return Rejected(
        f"{OCCURRENCES}: they are read since an instant, and never one by one",
        system=SYSTEM,
        cause="read_only",
    )
