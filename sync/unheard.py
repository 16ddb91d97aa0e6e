"""Before a lead is taken back because nobody answered: was it shown for long enough, and did nobody answer?

A verdict may stand in a system and not be heard yet: its bell was lost, no worker was there, or a write of
unknown outcome still holds the record. And as long as nothing may be written, sales was not shown anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from connector.port import System
from lifecycle.definition import Definition
from lifecycle.model import Standing
from lifecycle.port import LifecycleStore, Timer
from lifecycle.worktime import add, between
from mappings.schema import Line
from sync.acquaintance import Acquaintance
from sync.foresight import Place
from sync.petitions import ACCEPT, REJECT, STAGE, VERDICT
from sync.talked import text_of

SALESFORCE = System.SALESFORCE
ANSWERS = frozenset({ACCEPT, REJECT})


def may_be_taken_back(
    about: Acquaintance, store: LifecycleStore, timer: Timer, standing: Standing, now: datetime
) -> bool:
    """Whether sales had the whole of the time since it was shown a lead, and no verdict stands anywhere.

    Raises `connector.errors.ConnectorError`: then nobody knows.
    """
    places = about.places(standing.subject)
    shown_at = standing.since
    if any(next(_lines(about, one, STAGE), None) for one in places if one.system is SALESFORCE):
        written = store.written_at(standing.subject)
        shown_at = written.get((standing.subject, standing.number, SALESFORCE))
    if shown_at is None or now < _over_at(about.definition, timer, shown_at):
        return False
    return not any(_verdict(about, place) in ANSWERS for place in places)


def _over_at(definition: Definition, timer: Timer, shown_at: datetime) -> datetime:
    calendar = definition.calendar
    whole = between(calendar, timer.started_at, timer.due_at)
    return add(calendar, max(shown_at, timer.started_at), whole)


def _verdict(about: Acquaintance, place: Place) -> str:
    """The verdict that stands in a record now."""
    fields = [line.side(place.system).fields[0] for line in _lines(about, place, VERDICT)]
    found = about.connectors[place.system].get_many(place.object, [place.id], fields)
    record = found.get(place.id) if fields else None
    held = None if record is None else text_of(record.values.get(fields[0]))
    return (held or "").lower()


def _lines(about: Acquaintance, place: Place, name: str) -> Iterator[Line]:
    """The lines that tell this value of ours to such a record."""
    for mapping in about.mappings:
        for object_name, lines in mapping.objects.items():
            if place.object in (object_name, mapping.hubspot_object):
                yield from (
                    line
                    for line in lines.lines
                    if line.ledger_value == name and line.side(place.system).fields
                )
