"""Every call that is made of HubSpot, as a value: method, path, query, body, and what it may cost. Pure.

All paths stand here, in both spellings: the numbered generation puts its version before the product
(``/crm/v3/objects/contacts``), the dated one behind it (``/crm/objects/2026-09/contacts``).
Reference sheet, sections 1 and 7 to 14.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

from connector.hubspot.names import MERGED_IDS, modified_property
from connector.port import Values

BATCH = 100
"""Inputs of one batch call (sheet, section 8)."""
HISTORY_BATCH = 50
"""Inputs of one batch read with property history (sheet, section 7.2)."""
SEARCH_PAGE = 200
"""Hits of one search page (sheet, section 9)."""
QUERY_ROOM = 5_000
"""Bytes of property names that safely fit in a URL (sheet, section 5.4)."""

Effect = Literal["read", "repeatable", "update", "create"]
"""What repeating a call would do. `read`: nothing. `repeatable`: a write that ends in the same state,
whoever else writes (archive, opt-out). `update`: it may overwrite somebody. `create`: a second record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call. `path` is percent-encoded already; `form` is sent instead of `body` where given.

    `names_record` calls are about one record by id, so that a 404 says something about that record.
    """

    method: str
    path: str
    effect: Effect = "read"
    query: tuple[tuple[str, str], ...] = ()
    body: Mapping[str, Any] | Sequence[str] | None = None
    form: tuple[tuple[str, str], ...] = ()
    is_search: bool = False
    names_record: bool = False

    @property
    def writes(self) -> bool:
        return self.effect != "read"


@dataclass(frozen=True, slots=True)
class Born:
    """One record to create: its properties, and the associations that it is born with."""

    properties: Values
    associations: Sequence[Mapping[str, Any]] = ()

    def input(self, **more: str) -> dict[str, Any]:
        """As a body names it."""
        linked = {"associations": list(self.associations)} if self.associations else {}
        return {"properties": self.properties, **linked, **more}


@dataclass(frozen=True, slots=True)
class Requests:
    """Builds the calls for one generation of the API: ``v3`` or a date."""

    version: str

    def crm(self, product: str, *rest: str) -> str:
        """The path of a product of the CRM, and what follows it, encoded."""
        head = f"/crm/v3/{product}" if self.version == "v3" else f"/crm/{product}/{self.version}"
        return "/".join((head, *(quote(part, safe="") for part in rest)))

    def linked(self, *rest: str) -> str:
        """A path about associations: their numbered generation is v4 (sheet, section 11)."""
        v3 = self.version == "v3"
        head = "/crm/v4/associations" if v3 else f"/crm/associations/{self.version}"
        return "/".join((head, *(quote(part, safe="") for part in rest)))

    def _batch(self, object_name: str, verb: str) -> str:
        return f"{self.crm('objects', object_name)}/batch/{verb}"

    # Records ------------------------------------------------------------------------------------

    def list_page(
        self, object_name: str, names: Sequence[str], after: str | None, *, archived: bool = False
    ) -> Request:
        """100 live records, or 100 of the recycling bin, by ascending id (sheet, section 7.2)."""
        query = [("limit", str(BATCH)), ("archived", "true" if archived else "false")]
        if names:
            query.append(("properties", ",".join(names)))
        if after is not None:
            query.append(("after", after))
        return Request(method="GET", path=self.crm("objects", object_name), query=tuple(query))

    def one(self, object_name: str, record_id: str, *, archived: bool) -> Request:
        """One record by id; a merged id answers with the record it was merged into."""
        return Request(
            method="GET",
            path=self.crm("objects", object_name, record_id),
            query=(("archived", "true" if archived else "false"),),
            names_record=True,
        )

    def batch_read(
        self,
        object_name: str,
        ids: Sequence[str],
        names: Sequence[str],
        *,
        id_property: str | None = None,
        archived: bool = False,
    ) -> Request:
        """Records by id, or by a unique property, which is named once for all (sheet, section 8)."""
        body: dict[str, Any] = {
            "inputs": [{"id": record_id} for record_id in ids],
            "properties": list(names),
            "propertiesWithHistory": [],
        }
        if id_property is not None:
            body["idProperty"] = id_property
        return Request(
            method="POST",
            path=self._batch(object_name, "read"),
            query=(("archived", "true"),) if archived else (),
            body=body,
        )

    def batch_history(self, object_name: str, ids: Sequence[str], names: Sequence[str]) -> Request:
        """The histories of these properties, newest change first."""
        return Request(
            method="POST",
            path=self._batch(object_name, "read"),
            body={
                "inputs": [{"id": record_id} for record_id in ids],
                "properties": [],
                "propertiesWithHistory": list(names),
            },
        )

    def batch_create(self, object_name: str, rows: Sequence[Born]) -> Request:
        """One record per row; its place in the batch is its trace id.

        With a unique trace id on every input a bad row fails alone (207); without, the whole batch
        fails (sheet, section 8).
        """
        inputs = [row.input(objectWriteTraceId=str(place)) for place, row in enumerate(rows)]
        return Request(
            method="POST",
            path=self._batch(object_name, "create"),
            body={"inputs": inputs},
            effect="create",
        )

    def create(self, object_name: str, row: Born) -> Request:
        return Request(
            method="POST",
            path=self.crm("objects", object_name),
            body=row.input(),
            effect="create",
        )

    def batch_update(self, object_name: str, rows: Mapping[str, Values]) -> Request:
        inputs = [
            {"id": record_id, "properties": row, "objectWriteTraceId": record_id}
            for record_id, row in rows.items()
        ]
        return Request(
            method="POST",
            path=self._batch(object_name, "update"),
            body={"inputs": inputs},
            effect="update",
        )

    def update(self, object_name: str, record_id: str, row: Values) -> Request:
        """One record; unlike the batch call this takes a merged id too (sheet, section 10)."""
        return Request(
            method="PATCH",
            path=self.crm("objects", object_name, record_id),
            body={"properties": row},
            effect="update",
            names_record=True,
        )

    def batch_archive(self, object_name: str, ids: Sequence[str]) -> Request:
        return Request(
            method="POST",
            path=self._batch(object_name, "archive"),
            body={"inputs": [{"id": record_id} for record_id in ids]},
            effect="repeatable",
        )

    def merge(self, object_name: str, winner: str, loser: str) -> Request:
        """Two records become a third one; nobody can take that back (sheet, section 10)."""
        return Request(
            method="POST",
            path=f"{self.crm('objects', object_name)}/merge",
            body={"primaryObjectId": winner, "objectIdToMerge": loser},
            effect="create",
        )

    def erase(self, object_name: str, record_id: str) -> Request:
        """Delete one contact for privacy, by id and never by address: one that HubSpot does not know
        would be block-listed (sheet, section 10).
        """
        return Request(
            method="POST",
            path=f"{self.crm('objects', object_name)}/gdpr-delete",
            body={"objectId": record_id},
            effect="repeatable",
            names_record=True,
        )

    def search_window(
        self,
        object_name: str,
        since_ms: int,
        until_ms: int,
        last_id: int,
        *,
        survivors: bool = False,
    ) -> Request:
        """Ids after `last_id` that changed in a window, both ends included (sheet, section 9.1).

        `survivors`: only records that others were merged into, with the ids of those (section 10).
        """
        modified = modified_property(object_name)
        filters = [
            {"propertyName": modified, "operator": "GTE", "value": str(since_ms)},
            {"propertyName": modified, "operator": "LTE", "value": str(until_ms)},
            {"propertyName": "hs_object_id", "operator": "GT", "value": str(last_id)},
        ]
        if survivors:
            filters.append({"propertyName": MERGED_IDS, "operator": "HAS_PROPERTY"})
        return Request(
            method="POST",
            path=f"{self.crm('objects', object_name)}/search",
            body={
                "filterGroups": [{"filters": filters}],
                "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
                "properties": [MERGED_IDS if survivors else "hs_object_id"],
                "limit": SEARCH_PAGE,
            },
            is_search=True,
        )

    # Schema, owners, account -------------------------------------------------------------------

    def properties(self, object_name: str) -> Request:
        return Request(method="GET", path=self.crm("properties", object_name))

    def groups(self, object_name: str) -> Request:
        return Request(method="GET", path=f"{self.crm('properties', object_name)}/groups")

    def create_property(self, object_name: str, definition: Mapping[str, Any]) -> Request:
        return Request(
            method="POST",
            path=self.crm("properties", object_name),
            body=definition,
            effect="repeatable",  # a second one of the same name is refused, which is no error to us
        )

    def pipelines(self, object_name: str) -> Request:
        return Request(method="GET", path=self.crm("pipelines", object_name))

    def custom_schema(self, object_name: str) -> Request:
        """What an account tells of a custom object: required properties, associations (section 7.5)."""
        version = "v3" if self.version == "v3" else self.version
        name = quote(object_name, safe="")
        return Request(method="GET", path=f"/crm-object-schemas/{version}/schemas/{name}")

    def owners(self, after: str | None, *, archived: bool = False) -> Request:
        query = [("limit", str(BATCH)), ("archived", "true" if archived else "false")]
        if after is not None:
            query.append(("after", after))
        return Request(method="GET", path=self.crm("owners"), query=tuple(query))

    def occurrences(self, event_type: str, since: str, after: str | None) -> Request:
        """What all contacts did of one type, since an instant in ISO text (sheet, section 15)."""
        path = "/events/v3/events"
        if self.version != "v3":
            path = f"/events/event-occurrences/{self.version}"
        query = [("objectType", "contact"), ("eventType", event_type)]
        query += [("occurredAfter", since), ("limit", str(BATCH))]
        if after is not None:
            query.append(("after", after))
        return Request(method="GET", path=path, query=tuple(query))

    def account(self) -> Request:
        version = "v3" if self.version == "v3" else self.version
        return Request(method="GET", path=f"/account-info/{version}/details")

    def _preferences(self, *rest: str) -> str:
        version = "v4" if self.version == "v3" else self.version
        parts = (quote(part, safe="") for part in rest)
        return "/".join((f"/communication-preferences/{version}", *parts))

    def unsubscribe_all(self, email: str) -> Request:
        """Opt this address out of every e-mail of the account; v3 has no such call (section 14)."""
        return Request(
            method="POST",
            path=self._preferences("statuses", email, "unsubscribe-all"),
            query=(("channel", "EMAIL"),),
            effect="repeatable",
        )

    def wide_preference(self, email: str) -> Request:
        """Whether this address is out of every e-mail of the account, and since when (section 14)."""
        return Request(
            method="GET",
            path=self._preferences("statuses", email, "unsubscribe-all"),
            query=(("channel", "EMAIL"),),
        )

    def preferences(self, email: str) -> Request:
        """What this address said to each subscription type, when, and on what basis (section 14)."""
        return Request(
            method="GET",
            path=self._preferences("statuses", email),
            query=(("channel", "EMAIL"),),
        )

    def subscription_types(self) -> Request:
        """The subscription types of the account (section 14)."""
        return Request(method="GET", path=self._preferences("definitions"))

    def subscribe(self, email: str, subscription: int, basis: str, explanation: str) -> Request:
        """Subscribe an address, also one that is out of everything; v3 refuses those (section 14)."""
        return Request(
            method="POST",
            path=self._preferences("statuses", email),
            body={
                "subscriptionId": subscription,
                "statusState": "SUBSCRIBED",
                "channel": "EMAIL",
                "legalBasis": basis,
                "legalBasisExplanation": explanation,
            },
            effect="repeatable",
        )

    def refresh(self, client_id: str, client_secret: str, refresh_token: str) -> Request:
        """A new access token for a refresh token; the body is a form (sheet, section 4.2)."""
        version = "v1" if self.version == "v3" else self.version
        return Request(
            method="POST",
            path=f"/oauth/{version}/token",
            form=(
                ("grant_type", "refresh_token"),
                ("client_id", client_id),
                ("client_secret", client_secret),
                ("refresh_token", refresh_token),
            ),
        )


def milliseconds(moment: datetime) -> int:
    """A moment as HubSpot's searches compare it, in whole milliseconds since 1970."""
    return int(moment.timestamp() * 1000)
