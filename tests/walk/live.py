"""People edit on both practice orgs, and every edit is followed until the other org holds its value.

Edits are made in the orgs' own process, as a person makes them in the pages: doorbells ring for them as
for edits over HTTP. Arrivals are noted by the orgs' own writing, not by looking every so often.
"""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import uuid4

from sandbox.hubspot.kinds import kind_of
from sandbox.hubspot.state import Event
from sandbox.serve import Sandbox

HUBSPOT, SALESFORCE = "hubspot", "salesforce"
CONTACTS = kind_of("contacts").singular


class Pair(NamedTuple):
    """Two records about one person."""

    contact: str
    object: str
    record: str


class Line(NamedTuple):
    """A line of `mappings/people.yaml` that carries text over unchanged, both ways."""

    hubspot: str
    salesforce: str


TITLE, FIRST_NAME = Line("jobtitle", "Title"), Line("firstname", "FirstName")


@dataclass(slots=True)
class Edit:
    """One edit by a person, at `at` (monotonic seconds); `arrived` when the other org held its value."""

    pair: Pair
    line: Line
    side: str
    value: str
    at: float
    arrived: float | None = None
    overtaken: bool = False

    @property
    def latency(self) -> float | None:
        """Seconds until it arrived; None while it has not."""
        return None if self.arrived is None else self.arrived - self.at


# Where an edit will show: system, record id, field.
Place = tuple[str, str, str]


@dataclass
class Edits:
    """Makes edits and follows them."""

    sandbox: Sandbox
    made: list[Edit] = field(default_factory=list)
    _awaited: dict[Place, list[Edit]] = field(default_factory=lambda: defaultdict(list))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.sandbox.hubspot.hooks.listen(self._hubspot_changed)
        self.sandbox.salesforce.outbound.listen(self._salesforce_changed)

    def make(self, pair: Pair, line: Line, side: str, value: str) -> Edit:
        """A person on this side sets the line's field to a value that nobody else uses."""
        edit = Edit(pair, line, side, value, time.monotonic())
        with self._lock:
            self.made.append(edit)
            self._awaited[_other_place(edit)].append(edit)
        if side == HUBSPOT:
            self.sandbox.hubspot.edit("contacts", pair.contact, {line.hubspot: value})
        else:
            self.sandbox.salesforce.edit(pair.object, pair.record, {line.salesforce: value})
        return edit

    @property
    def open(self) -> list[Edit]:
        """Edits that have not arrived, but for those overtaken by a later edit of the same field."""
        with self._lock:
            return [edit for edit in self.made if edit.arrived is None and not edit.overtaken]

    def latencies(self) -> list[float]:
        """Seconds of those that arrived, in the order in which they were made."""
        return [edit.latency for edit in self.made if edit.latency is not None]

    def lost(self) -> list[str]:
        """Last edits of a field whose value does not stand on both sides now: there must be none."""
        last: dict[tuple[Pair, Line], Edit] = {}
        for edit in self.made:
            last[edit.pair, edit.line] = edit
        contacts = self.sandbox.hubspot.records("contacts")
        others = {name: self.sandbox.salesforce.records(name) for name in ("Lead", "Contact")}
        found = []
        for edit in last.values():
            left = contacts.get(edit.pair.contact, {}).get(edit.line.hubspot)
            right = others[edit.pair.object].get(edit.pair.record, {}).get(edit.line.salesforce)
            if (left, right) != (edit.value, edit.value):
                found.append(
                    f"{edit.side} set {edit.line} of {edit.pair} to {edit.value!r}; "
                    f"HubSpot holds {left!r}, Salesforce {right!r}"
                )
        return found

    # The orgs' own writing ----------------------------------------------------------------------

    def _hubspot_changed(self, event: Event) -> None:
        if event.property_name is not None and event.kind.singular == CONTACTS:
            place = (HUBSPOT, str(event.record_id), event.property_name)
            self._arrived(place, event.details.get("propertyValue"))

    def _salesforce_changed(self, object_name: str, record_id: str, _user: str) -> None:
        places = [(SALESFORCE, record_id, line.salesforce) for line in (TITLE, FIRST_NAME)]
        if not any(place in self._awaited for place in places):
            return
        row = self.sandbox.salesforce.state.tables[object_name].live(record_id) or {}
        for place in places:
            self._arrived(place, row.get(place[2]))

    def _arrived(self, place: Place, value: object) -> None:
        with self._lock:
            waiting = self._awaited.get(place)
            if not waiting:
                return
            found = next((n for n, edit in enumerate(waiting) if edit.value == value), None)
            if found is None:
                return
            waiting[found].arrived = time.monotonic()
            for edit in waiting[:found]:
                edit.overtaken = True
            del waiting[: found + 1]


def _other_place(edit: Edit) -> Place:
    if edit.side == HUBSPOT:
        return SALESFORCE, edit.pair.record, edit.line.salesforce
    return HUBSPOT, edit.pair.contact, edit.line.hubspot


def pairs_of(sandbox: Sandbox) -> list[Pair]:
    """Everybody who is bound, by the external keys, in one order."""
    return sorted(
        Pair(str(row["HubSpot_Id__c"]), name, record)
        for name in ("Lead", "Contact")
        for record, row in sandbox.salesforce.records(name).items()
        if row.get("HubSpot_Id__c")
    )


def both_ways(edits: Edits, pairs: Sequence[Pair], seed: int = 1) -> Callable[[int], None]:
    """Makes edit number N: people in turn, sides in turn, and one side only for each field.

    So no edit is a double change, and the last edit of a field is what both sides must hold. No value
    comes again, not even from another `both_ways`.
    """
    order, series = list(pairs), uuid4().hex[:6]
    random.Random(seed).shuffle(order)

    def make(number: int) -> None:
        place, side = number // 2 % len(order), (HUBSPOT, SALESFORCE)[number % 2]
        # Half of the people are edited the other way round.
        line = TITLE if (side == HUBSPOT) == bool(place % 2) else FIRST_NAME
        edits.make(order[place], line, side, f"{line.salesforce} {series} {number}")

    return make


def at_rate(rate: float, seconds: float, act: Callable[[int], None]) -> float:
    """Act so often a second; answers the rate that was reached."""
    began = time.monotonic()
    count = round(rate * seconds)
    for number in range(count):
        wait = began + number / rate - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        act(number)
    return count / max(time.monotonic() - began, 1 / rate)


def until_arrived(edits: Edits, seconds: float) -> float:
    """Wait until every edit arrived, but no longer than that; answers how long it took."""
    began = time.monotonic()
    while edits.open and time.monotonic() - began < seconds:
        time.sleep(0.02)
    return time.monotonic() - began


def unaccounted(sandbox: Sandbox, received: Mapping[Any, int]) -> dict[str, str]:
    """Systems whose events do not add up, with the numbers: there must be none.

    Every event that was to be delivered has been, or its sender says that it gave up after its ten
    tries; what was delivered stands on a receipt at least once; what stands there was delivered or tried.
    """
    found = {}
    for system, told in sandbox.doorbells.as_json().items():
        events = told["told"] - told["lost"]
        copies = events + told["doubled"]
        on_file = received.get(system, 0)
        tries = told["delivered"] + told["refused"]
        given_up = told["given_up"]
        is_whole = told["delivered"] + given_up == copies
        if not is_whole or not events - given_up <= on_file <= tries:
            found[system] = f"{told}, on file {on_file}"
    return found


def percentile(seconds: Iterable[float], share: float) -> float:
    """The value below which so many of them are; 0 for none."""
    ranked = sorted(seconds)
    return ranked[round(share * (len(ranked) - 1))] if ranked else 0.0
