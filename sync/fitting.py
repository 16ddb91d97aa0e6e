"""How well people and accounts fit: the rules of the definition over their records in HubSpot.

Read when a card is about to be told, and never for all who merely come by: so it costs no more reads than
there are writes. While HubSpot is away the fit that was told last stands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import structlog

from connector.errors import ConnectorError
from connector.port import Connector, System
from intent import score
from intent.definition import Definition, FitRule
from intent.fitting import conditions, kinds_on
from intent.model import Subject
from mappings.expressions import Expression, compile_expression
from mappings.schema import OwnName
from sync.ledger import Ledger

log = structlog.get_logger()

HUBSPOT = System.HUBSPOT
# Of a subject: the names of its own records, and those of the company that it belongs to.
NamesOf = Mapping[Subject, Sequence[OwnName]]


@dataclass(frozen=True, slots=True)
class Fitting:
    """Reads records of HubSpot and asks the rules about them."""

    ledger: Ledger
    hubspot: Connector
    mappings: Sequence[str]
    today: date

    def fits(self, definition: Definition, names: NamesOf) -> dict[Subject, float]:
        """The fit (0-100) of those that some rule speaks of; empty while HubSpot cannot be asked."""
        fields = _fields(definition.fit)
        if not fields or not names:
            return {}
        places = self._places(names)
        try:
            records = {
                (name, record_id): record.values
                for name, wanted in fields.items()
                for record_id, record in self.hubspot.get_many(
                    name, _ids(places.values(), name), wanted
                ).items()
            }
        except ConnectorError as error:
            log.info("fit not asked", system=error.system)
            return {}
        found: dict[Subject, float] = {}
        for subject, held in places.items():
            known = {place[0]: records[place] for place in reversed(held) if place in records}
            fit = score.fit(definition.fit, known, conditions(definition.fit, self.today))
            if fit is not None:
                found[subject] = fit
        return found

    def _places(self, names: NamesOf) -> dict[Subject, list[tuple[str, str]]]:
        """Object and id of the records of each subject in HubSpot, those of the surest name first."""
        every = dict.fromkeys(name for told in names.values() for name in told)
        known = self.ledger.records_named(self.mappings, every)
        return {
            subject: [
                (object_name, record_id)
                for name in told
                for system, object_name, record_id in known.get(name, ())
                if system is HUBSPOT
            ]
            for subject, told in names.items()
        }


@lru_cache(1_024)
def _compiled(when: str, on: str) -> Expression:
    return compile_expression(when, side=HUBSPOT, kind_of=kinds_on(on))


def _fields(rules: Iterable[FitRule]) -> dict[str, list[str]]:
    """What the rules read, by object."""
    found: dict[str, set[str]] = defaultdict(set)
    for rule in rules:
        found[rule.on] |= _compiled(rule.when, rule.on).fields
    return {name: sorted(fields) for name, fields in found.items()}


def _ids(places: Iterable[Sequence[tuple[str, str]]], object_name: str) -> list[str]:
    found = (record_id for held in places for name, record_id in held if name == object_name)
    return list(dict.fromkeys(found))
