"""What an object must be able to do, so that the port's verbs can ask it.

Most objects are records of the CRM and all alike. Owners and lists are objects to the port and something
else to HubSpot: each is a shelf of its own, and refuses what it has no call for.
"""

from __future__ import annotations

import abc
from collections.abc import Iterator, Sequence
from datetime import datetime

from connector.errors import Rejected
from connector.hubspot.names import SYSTEM
from connector.port import (
    Change,
    Departures,
    Draft,
    Edit,
    Fate,
    ObjectSchema,
    Outcome,
    Page,
    Record,
    Value,
)


class Shelf(abc.ABC):
    """The verbs of the port for one kind of object.

    Those that are not abstract refuse to write, and know no history.
    """

    @abc.abstractmethod
    def describe(self, object_name: str) -> ObjectSchema:
        """The fields of this object."""

    @abc.abstractmethod
    def list_all(
        self, object_name: str, fields: Sequence[str], after: str | None
    ) -> Iterator[Page]:
        """Every live one, page by page."""

    @abc.abstractmethod
    def get_many(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, Record]:
        """The live ones among these ids."""

    def changed_since(self, object_name: str, fields: Sequence[str], cursor: str) -> Iterator[Page]:
        raise _refused(object_name, "HubSpot does not tell which of them changed")

    def deleted_since(self, object_name: str, cursor: str) -> Departures:
        raise _refused(object_name, "HubSpot does not tell which of them were deleted")

    def find_many(
        self, object_name: str, field: str, values: Sequence[str], fields: Sequence[str]
    ) -> dict[str, list[Record]]:
        raise _refused(object_name, f"they cannot be found by {field}")

    def fates(self, object_name: str, ids: Sequence[str]) -> dict[str, Fate]:
        """Live, or not to be seen: that is all these tell."""
        live = self.get_many(object_name, ids, ())
        return {one: Fate("live" if one in live else "not_visible") for one in ids}

    def last_edits(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, dict[str, Edit]]:
        return {}

    def overwritten(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str], since: datetime
    ) -> dict[str, dict[str, Value]]:
        return {}

    def create_many(self, object_name: str, drafts: Sequence[Draft]) -> list[Outcome]:
        return [_refused(object_name, "they are made in HubSpot") for _ in drafts]

    def update_many(self, object_name: str, changes: Sequence[Change]) -> list[Outcome]:
        return [_refused(object_name, "they are changed in HubSpot") for _ in changes]

    def delete_many(self, object_name: str, ids: Sequence[str]) -> list[Outcome]:
        return [_refused(object_name, "they are deleted in HubSpot") for _ in ids]

    def merge(self, object_name: str, winner: str, losers: Sequence[str]) -> Outcome:
        return _refused(object_name, "HubSpot merges none of them")

    def erase_many(self, object_name: str, ids: Sequence[str]) -> list[Outcome]:
        return self.delete_many(object_name, ids)


def _refused(object_name: str, why: str) -> Rejected:
    return Rejected(f"{object_name}: {why}", system=SYSTEM, cause="read_only")
