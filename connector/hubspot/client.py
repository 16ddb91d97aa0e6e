"""`HubSpotConnector`: HubSpot behind the port. It composes the rooms of this package, and decides nothing."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from connector.consents import Flags
from connector.errors import Rejected, SystemBlocked
from connector.http import Dice, Sleep, Unreachable
from connector.hubspot.consent import OptOuts, Preferences
from connector.hubspot.faults import not_an_api
from connector.hubspot.gateway import Gateway
from connector.hubspot.leaving import Leaving
from connector.hubspot.limits import Limits
from connector.hubspot.link_reading import LinkReader
from connector.hubspot.link_writing import LinkWriter
from connector.hubspot.lists import Lists
from connector.hubspot.names import LISTS, OCCURRENCES, OWNERS, SYSTEM
from connector.hubspot.occurrences import Occurrences
from connector.hubspot.owners import Owners
from connector.hubspot.reading import Reader
from connector.hubspot.records import CrmRecords
from connector.hubspot.relations import HubSpotRelations
from connector.hubspot.requests import Requests, milliseconds
from connector.hubspot.schema import definition, usual_group
from connector.hubspot.settings import HubSpotSettings
from connector.hubspot.shelf import Shelf
from connector.hubspot.walk import cursor_at
from connector.hubspot.wire import account_zone, results
from connector.hubspot.writing import Writer
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
from connector.toll import FREE, Toll


def system_clock() -> datetime:
    return datetime.now(UTC)


class HubSpotConnector:
    """One HubSpot account. Safe to share between threads; build one per process.

    `clock` answers aware times, `sleep` waits between retries and searches, `ticks` is the clock by
    which searches are paced, `dice` draws the jitter. `keep_refresh_token` is told when HubSpot hands
    out another refresh token. `toll` is paid before each call.
    """

    def __init__(
        self,
        settings: HubSpotSettings,
        *,
        clock: Callable[[], datetime] = system_clock,
        sleep: Sleep = time.sleep,
        ticks: Callable[[], float] = time.monotonic,
        dice: Dice = random.random,
        keep_refresh_token: Callable[[str], None] | None = None,
        toll: Toll = FREE,
    ) -> None:
        self._requests = Requests(settings.api_version)
        self._app_id = settings.app_id
        self._gateway = Gateway(
            settings,
            clock=clock,
            sleep=sleep,
            ticks=ticks,
            dice=dice,
            keep_refresh_token=keep_refresh_token,
            toll=toll,
        )
        links = LinkReader(self._gateway, self._requests)
        reader = Reader(self._gateway, self._requests, clock, settings.app_id, links)
        opt_outs = OptOuts(self._gateway, self._requests, reader)
        link_writer = LinkWriter(self._gateway, self._requests, links)
        writer = Writer(self._gateway, self._requests, reader, opt_outs, link_writer)
        leaving = Leaving(self._gateway, self._requests, reader)
        lists = Lists(self._gateway, self._requests, clock)
        self._records = CrmRecords(self._gateway, self._requests, reader, writer, leaving)
        self._shelves: dict[str, Shelf] = {
            OWNERS: Owners(self._gateway, self._requests),
            LISTS: lists,
            OCCURRENCES: Occurrences(self._gateway, self._requests),
        }
        self.consents = Preferences(self._gateway, self._requests, reader, Flags(self))
        self._relations = HubSpotRelations(self._gateway, self._requests, links, lists)

    def _shelf(self, object_name: str) -> Shelf:
        """Who serves an object: what is no CRM record to HubSpot has a shelf of its own."""
        return self._shelves.get(object_name, self._records)

    @property
    def system(self) -> System:
        return System.HUBSPOT

    @property
    def calls(self) -> CallCount:
        return self._gateway.calls

    @property
    def limits(self) -> Limits:
        """What HubSpot last told of its request limits."""
        return self._gateway.limits

    @property
    def relations(self) -> HubSpotRelations:
        """List memberships and associations of this account; they share its calls and its limits."""
        return self._relations

    # The account and its schema -----------------------------------------------------------------

    def ping(self) -> Account:
        try:
            answer = self._gateway.send(self._requests.account()).json
        except Unreachable as error:
            raise SystemBlocked(
                error.message,
                system=SYSTEM,
                cause="unreachable",
                advice="Check the network, the base URL and the proxy settings.",
            ) from error
        except Rejected as refused:
            raise not_an_api(refused.reason, refused.request_id) from refused
        self._gateway.zone = account_zone(answer)
        portal = str(answer.get("portalId", ""))
        name = str(answer.get("portalName") or f"HubSpot {portal}")
        return Account(portal, name, self._app_id, self._gateway.zone)

    def describe(self, object_name: str) -> ObjectSchema:
        return self._shelf(object_name).describe(object_name)

    def create_field(self, field: NewField) -> None:
        if field.object in self._shelves:
            raise Rejected(
                f"{field.object} take no fields of our own", system=SYSTEM, cause="read_only"
            )
        group = usual_group(field.object) or self._first_group(field.object)
        request = self._requests.create_property(field.object, definition(field, group))
        try:
            self._gateway.send(request)
        except Rejected as refused:
            if refused.cause != "duplicate":
                raise

    def deployable(
        self, missing: Sequence[NewField], ours: Sequence[NewField]
    ) -> Mapping[str, str]:
        """HubSpot takes properties from its API and from people only."""
        return {}

    def _first_group(self, object_name: str) -> str:
        groups = results(self._gateway.send(self._requests.groups(object_name)).json)
        if not groups:
            raise Rejected(
                f"{object_name} has no property group to put a field in",
                system=SYSTEM,
                cause="other",
            )
        return str(groups[0]["name"])

    # Reading ------------------------------------------------------------------------------------

    def list_all(
        self, object_name: str, fields: Sequence[str], after: str | None = None
    ) -> Iterator[Page]:
        return self._shelf(object_name).list_all(object_name, fields, after)

    def cursor_at(self, moment: datetime) -> str:
        return cursor_at(milliseconds(moment)).text()

    def changed_since(self, object_name: str, fields: Sequence[str], cursor: str) -> Iterator[Page]:
        return self._shelf(object_name).changed_since(object_name, fields, cursor)

    def deleted_since(self, object_name: str, cursor: str) -> Departures:
        return self._shelf(object_name).deleted_since(object_name, cursor)

    def get_many(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, Record]:
        return self._shelf(object_name).get_many(object_name, ids, fields)

    def find_many(
        self, object_name: str, field: str, values: Sequence[str], fields: Sequence[str]
    ) -> dict[str, list[Record]]:
        return self._shelf(object_name).find_many(object_name, field, values, fields)

    def fates(self, object_name: str, ids: Sequence[str]) -> dict[str, Fate]:
        return self._shelf(object_name).fates(object_name, ids)

    def last_edits(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, dict[str, Edit]]:
        return self._shelf(object_name).last_edits(object_name, ids, fields)

    def overwritten(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str], since: datetime
    ) -> dict[str, dict[str, Value]]:
        return self._shelf(object_name).overwritten(object_name, ids, fields, since)

    # Writing ------------------------------------------------------------------------------------

    def create_many(self, object_name: str, drafts: Sequence[Draft]) -> list[Outcome]:
        return self._shelf(object_name).create_many(object_name, drafts)

    def update_many(self, object_name: str, changes: Sequence[Change]) -> list[Outcome]:
        return self._shelf(object_name).update_many(object_name, changes)

    def delete_many(self, object_name: str, ids: Sequence[str]) -> list[Outcome]:
        return self._shelf(object_name).delete_many(object_name, ids)

    def merge(self, object_name: str, winner: str, losers: Sequence[str]) -> Outcome:
        """The survivor has a new id. Of what HubSpot refuses nothing was merged (250 at most)."""
        return self._shelf(object_name).merge(object_name, winner, losers)

    def erase_many(self, object_name: str, ids: Sequence[str]) -> list[Outcome]:
        """Contacts for good; of other objects HubSpot erases none, and they are archived."""
        return self._shelf(object_name).erase_many(object_name, ids)
