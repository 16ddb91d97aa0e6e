"""Records that go: merged into another one, or erased for privacy. Reference sheet, section 10."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connector.errors import OutcomeUnknown, Rejected, SystemBlocked, TryLater
from connector.hubspot.batches import as_outcome
from connector.hubspot.gateway import Gateway
from connector.hubspot.names import CONTACTS, SYSTEM
from connector.hubspot.reading import Reader
from connector.hubspot.requests import Requests
from connector.hubspot.wire import not_answered
from connector.port import Fate, Outcome, Written


@dataclass(frozen=True, slots=True)
class Leaving:
    """Merges and erases. Neither can be undone at HubSpot."""

    gateway: Gateway
    requests: Requests
    reader: Reader

    # Merging ------------------------------------------------------------------------------------

    def merge(self, object_name: str, winner: str, losers: Sequence[str]) -> Outcome:
        """One merge after the other, each on the survivor of the one before: it has a new id.

        A merge that HubSpot refuses because it landed earlier counts as done. ValueError when a record
        shall be merged with itself.
        """
        if winner in losers or len(set(losers)) < len(losers):
            raise ValueError("a record is merged with others, and with each of them once")
        survivor, has_landed = winner, False
        for loser in losers:
            try:
                survivor = self._merge_two(object_name, survivor, loser)
            except (Rejected, OutcomeUnknown) as error:
                return error
            except (TryLater, SystemBlocked) as error:
                if not has_landed:
                    raise
                return error if isinstance(error, TryLater) else as_outcome(error)
            has_landed = True
        return Written(survivor)

    def _merge_two(self, object_name: str, winner: str, loser: str) -> str:
        try:
            answer = self.gateway.send(self.requests.merge(object_name, winner, loser))
        except Rejected as refused:
            into = self._shared_home(object_name, winner, loser)
            if into is None:
                raise refused from None
            return into
        if not answer.json.get("id"):
            raise not_answered()
        return str(answer.json["id"])

    def _shared_home(self, object_name: str, winner: str, loser: str) -> str | None:
        """The record that both ids lead to, if they lead to one."""
        first, second = (
            _home(one, self.reader.single_fate(object_name, one)) for one in (winner, loser)
        )
        return first if first == second else None

    # Erasing ------------------------------------------------------------------------------------

    def erase_many(self, object_name: str, ids: Sequence[str]) -> list[Outcome]:
        """Contacts are erased for privacy, one call each, by id and never by address.

        HubSpot knows no such call for other objects: those go to the recycling bin, which it empties
        after 90 days. An id that leads to a record of another id is refused, since that record may hold
        somebody else's data too; but where that one is to be erased as well, it goes along. A contact in
        the bin is refused: the API cannot reach it there.
        """
        fates = self.reader.fates(object_name, ids)
        outcomes: list[Outcome] = []
        for record_id in ids:
            try:
                fate = fates[record_id]
                if fate.kind == "merged" and fate.into in ids:
                    outcomes.append(Written(record_id))
                else:
                    outcomes.append(self._erase_one(object_name, record_id, fate))
            except Rejected as refused:
                outcomes.append(refused)
            except (TryLater, SystemBlocked) as error:
                if not outcomes:
                    raise
                outcomes.append(error if isinstance(error, TryLater) else as_outcome(error))
        return outcomes

    def _erase_one(self, object_name: str, record_id: str, fate: Fate) -> Outcome:
        if fate.kind == "merged":
            return _lives_elsewhere(fate.into)
        if fate.kind == "not_visible" or (fate.kind == "deleted" and object_name != CONTACTS):
            return Written(record_id)
        if object_name != CONTACTS:
            answer = self.gateway.send(self.requests.batch_archive(object_name, [record_id]))
            return Written(record_id, request_id=answer.request_id)
        try:
            answer = self.gateway.send(self.requests.erase(object_name, record_id))
        except Rejected as refused:
            if refused.cause != "not_found":
                raise
            return _in_the_bin() if fate.kind == "deleted" else Written(record_id)
        return Written(record_id, request_id=answer.request_id)


def _home(record_id: str, fate: Fate) -> str | None:
    """Where a record lives now; None where it does not."""
    if fate.kind == "merged":
        return fate.into
    return record_id if fate.kind == "live" else None


def _lives_elsewhere(into: str | None) -> Rejected:
    return Rejected(
        f"this record was merged into {into}, which may hold the data of others: erase that one",
        system=SYSTEM,
        cause="other",
    )


def _in_the_bin() -> Rejected:
    return Rejected(
        "this contact lies in the recycling bin, where the API cannot erase it: restore it and "
        "erase it again, or delete it for good in HubSpot's pages",
        system=SYSTEM,
        cause="deleted",
    )
