"""Forgetting a person: on every record of theirs in the other system, then in our own ledger.

Asked for by HubSpot's privacy deletion or by a person (`kakehashi erase`). The systems come first: what
the ledger knows is needed to find the records, and is purged only when all of them are gone. So a stop
at any moment leaves the erasure pending, and it is done again from its beginning, which harms nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from connector.errors import ConnectorError, TryLater
from connector.port import Connector, Outcome, System, Values, Written
from mappings.own_values import PEOPLE
from mappings.schema import Mapping as FieldMapping
from mappings.schema import OwnName, WhenErased
from sync.ledger import IN_FLIGHT, Carrier, Erasure, Ledger, LedgerError, RecordNames
from sync.model import Parked
from sync.seeking import Seeker

log = structlog.get_logger()

Place = tuple[System, str]

# How many records may be erased within an hour where no mapping names a limit: as with deletes.
AT_MOST, SHARE, WINDOW = 10, 100, timedelta(hours=1)
# Reasons why an erasure waits, beside those that systems give.
GUARD, PAUSED, OBSERVED, OUR_BUG = "guard", "paused", "observe", "our_bug"


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Somebody to forget: their records, what to do with each, and the addresses they carry.

    `parked` records stay, for a person to decide about.
    """

    erasure: Erasure
    carriers: Sequence[Carrier]
    parked: Sequence[Carrier]
    addresses: Sequence[str]
    targets: Mapping[Place, Sequence[str]]
    deletes: Mapping[Place, Sequence[str]]

    @property
    def count(self) -> int:
        """How many records are erased or deleted in the systems."""
        return sum(len(ids) for group in (self.targets, self.deletes) for ids in group.values())

    @property
    def systems(self) -> set[System]:
        """Which systems are written to."""
        return {system for group in (self.targets, self.deletes) for system, _ in group}


@dataclass(frozen=True, slots=True)
class Eraser:
    """Works off what is pending. Nothing about a person is logged from here."""

    ledger: Ledger
    connectors: Mapping[System, Connector]
    mappings: Sequence[FieldMapping]
    clock: Callable[[], datetime]
    observe: bool = False
    # What else has to forget them, told with the names of their records.
    besides: Callable[[Sequence[OwnName]], object] = lambda _names: None
    # A write of unknown outcome may land for so long; it would bring them back.
    landing_window: timedelta = timedelta(seconds=120)

    def work_off(self) -> list[Erasure]:
        """Forget everybody that is pending; answers those that could not be forgotten yet.

        Never raises but for the ledger itself: neither the others nor anybody's edits are to wait for one
        that cannot end. That one stays due, with the reason, and is tried again.
        """
        left: list[Erasure] = []
        erased = 0
        for one in self.ledger.pending_erasures():
            reason, count = self._work_off(one, erased)
            erased += count
            if reason is not None:
                self.ledger.postpone_erasure(one.id, reason)
                left.append(one)
        return left

    def _work_off(self, one: Erasure, erased: int) -> tuple[str | None, int]:
        """Forget somebody; answers why that has to wait, None where it is done, and how many records went."""
        try:
            found = self.look(one)
            reason = self._in_the_way(found, erased) or self._erase(found)
            if reason is None:
                # Before the ledger forgets the names: a stop in between does it all again.
                self.besides(_names(found))
                now = self.clock()
                self.ledger.forget(one, found.carriers, found.addresses, found.count, now)
                self.ledger.park([_for_a_person(carrier) for carrier in found.parked], now)
        except LedgerError:
            raise
        except ConnectorError as error:
            return _cause(error), 0
        except Exception as error:  # noqa: BLE001 - one erasure must never stop the others
            # Its message may hold a value of theirs.
            log.error("our bug", erasure=one.id, what=type(error).__name__)  # noqa: TRY400
            return OUR_BUG, 0
        return reason, found.count if reason is None else 0

    def look(self, one: Erasure) -> Forgetting:
        """Whom this is about, as far as the ledger knows and the other system tells; a record that the
        ledger has never seen is nobody's, but one that a person named goes. Raises what the systems raise.
        """
        by_name = {mapping.name: mapping for mapping in self.mappings}
        carried = self.ledger.addresses_of(one)
        shared = [
            (name, text)
            for name, text in carried
            if name in by_name and by_name[name].match_ignore(text)
        ]
        carriers, addresses = self.ledger.carriers(one, shared)
        if carriers:
            seeker = Seeker(self.ledger, self.connectors, self.mappings)
            carriers += seeker.beyond(one, carriers, addresses)
        elif one.own:
            carriers = self._itself(one)
        groups: dict[WhenErased, dict[Place, dict[str, None]]] = {
            "erase": defaultdict(dict),
            "delete": defaultdict(dict),
        }
        parked: list[Carrier] = []
        for carrier in carriers:
            what = self._policy(one, carrier, by_name)
            if what == "park":
                parked.append(carrier)
            elif what is not None:
                groups[what][carrier.system, carrier.object][carrier.record_id] = None
        erase, delete = (
            {place: list(ids) for place, ids in groups[what].items()}
            for what in ("erase", "delete")
        )
        purged = [carrier for carrier in carriers if carrier not in parked]
        return Forgetting(one, purged, parked, addresses, erase, delete)

    def _itself(self, one: Erasure) -> list[Carrier]:
        """The record alone: since a person asked for it, it was forgotten along with somebody else, but may
        lie in the recycle bin.
        """
        return [
            Carrier(mapping.name, one.system, one.object, one.record_id, origin=True)
            for mapping in self.mappings
            if one.object in mapping.objects_of(one.system)
        ]

    def _policy(
        self, one: Erasure, carrier: Carrier, by_name: Mapping[str, FieldMapping]
    ) -> WhenErased | None:
        """What to do with a record; None: nothing, its own system has erased it."""
        if carrier.origin:
            return "erase" if one.own else None
        mapping = by_name.get(carrier.mapping)
        return "erase" if mapping is None else mapping.when_erased_in[one.system]

    def _in_the_way(self, found: Forgetting, erased: int) -> str | None:
        """Why this must not be done now: nothing is written now, or it is suspiciously much."""
        names = {one.mapping for one in found.carriers}
        concerned = [mapping for mapping in self.mappings if mapping.name in names]
        since = self.clock() - self.landing_window
        if self.ledger.writes_under_way(found.carriers, since):
            return IN_FLIGHT
        if found.count == 0:
            return None
        if self.observe or any(mapping.mode != "live" for mapping in concerned):
            return OBSERVED
        if found.systems & self.ledger.paused():
            return PAUSED
        return GUARD if found.count > self._room(found, concerned, erased) else None

    def _room(self, found: Forgetting, concerned: Sequence[FieldMapping], erased: int) -> int:
        """How many records may still be erased now."""
        if found.erasure.allowed is not None:
            return found.erasure.allowed - erased
        limits = [
            max(AT_MOST, self.ledger.live_count(mapping.name, found.erasure.system.other) // SHARE)
            if mapping.limits.deletes is None
            else mapping.limits.deletes
            for mapping in concerned
        ]
        done = self.ledger.erased_since(self.clock() - WINDOW)
        return min(limits, default=AT_MOST) - done

    def _erase(self, found: Forgetting) -> str | None:
        """Erase in the systems; answers why it did not work, None where it did."""
        try:
            for (system, object_name), ids in found.targets.items():
                outcomes = self.connectors[system].erase_many(object_name, ids)
                if reason := _refusal(outcomes):
                    return reason
            for (system, object_name), ids in found.deletes.items():
                outcomes = self.connectors[system].delete_many(object_name, ids)
                if reason := _refusal(outcomes):
                    return reason
        except ConnectorError as error:
            return _cause(error)
        return None


def _cause(error: ConnectorError) -> str:
    return getattr(error, "cause", None) or "later"


def _names(found: Forgetting) -> list[OwnName]:
    """By which names our own values of somebody are known."""
    contacts = {
        carrier.record_id
        for carrier in found.carriers
        if carrier.system is System.HUBSPOT and carrier.object == PEOPLE
    }
    ids = [OwnName("hubspot_contact_id", record_id) for record_id in sorted(contacts)]
    return [*ids, *(OwnName("email", text) for text in found.addresses)]


def _refusal(outcomes: Sequence[Outcome]) -> str | None:
    """Why some record is still there. One that is gone already was forgotten by its own system."""
    for outcome in outcomes:
        if isinstance(outcome, Written):
            continue
        if isinstance(outcome, TryLater):
            return "later"
        if outcome.cause not in {"not_found", "deleted"}:
            return outcome.cause
    return None


def _for_a_person(carrier: Carrier) -> Parked:
    """What stays of somebody who was forgotten elsewhere."""
    place = f"{carrier.system.value} {carrier.object} {carrier.record_id}"
    return Parked(
        mapping=carrier.mapping,
        system=carrier.system,
        object=carrier.object,
        record_id=carrier.record_id,
        line=None,
        cause="partner_deleted",
        advice="its partner was erased for privacy: erase it too with "
        f"`kakehashi erase {place}`, or drop this entry to keep it as it is",
    )


def forgotten(
    ledger: Ledger,
    mapping: FieldMapping,
    source: System,
    object_name: str,
    values: Mapping[str, Values],
) -> set[str]:
    """Which of these records, by id, are of people who were forgotten.

    They stay where they are, and the other system is not told of them.
    """
    address_of = mapping.address.get((source, object_name))
    other = mapping.objects_of(source.other)[0]
    records: dict[str, RecordNames] = {}
    for record_id, record in values.items():
        ids = [(source, object_name, record_id)]
        partner = record.get(mapping.keys.get(source, ""))
        if partner is not None:
            ids.append((source.other, other, str(partner)))
        addresses = address_of(record) if address_of is not None else ()
        records[record_id] = RecordNames(ids, addresses)
    return ledger.forgotten_among(records)
