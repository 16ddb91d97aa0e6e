"""Records of somebody to forget that the ledger has not seen yet: entered, converted or born a moment ago.

The other system is asked from the truth, by address and by key, Leads that are to go are asked what
became of them, and contacts who was merged into them. Nothing is written and nothing is put on file here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connector.port import Connector, System
from mappings.schema import Mapping as FieldMapping
from sync.following import CONTACT, LEAD, MERGED_IDS
from sync.ledger import Carrier, Erasure, Ledger

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
# The field of a Lead that names the Contact it became.
BECAME = "ConvertedContactId"


@dataclass(frozen=True, slots=True)
class Seeker:
    """Looks beyond what is on file. Raises what the systems raise."""

    ledger: Ledger
    connectors: Mapping[System, Connector]
    mappings: Sequence[FieldMapping]

    def beyond(
        self, one: Erasure, known: Sequence[Carrier], addresses: Sequence[str]
    ) -> list[Carrier]:
        """Further records of the same person, beside those that are known; nobody's where none are."""
        names = {carrier.mapping for carrier in known}
        found: dict[Carrier, None] = {}
        for mapping in (one for one in self.mappings if one.name in names):
            ours = [carrier for carrier in known if carrier.mapping == mapping.name]
            ids = [carrier.record_id for carrier in ours if carrier.origin]
            found |= dict.fromkeys(self._across(mapping, one.system.other, ids, addresses))
            leads = [
                c.record_id for c in (*ours, *found) if (c.system, c.object) == (SALESFORCE, LEAD)
            ]
            found |= dict.fromkeys(self._became(mapping, leads))
            found |= dict.fromkeys(self._were(mapping, [*ours, *found]))
            found |= dict.fromkeys(self._merged_into(mapping, [*ours, *found]))
        places = {carrier[:4] for carrier in known}
        return [carrier for carrier in found if carrier[:4] not in places]

    def _across(
        self, mapping: FieldMapping, there: System, ids: Sequence[str], addresses: Sequence[str]
    ) -> Iterator[Carrier]:
        """Whoever carries one of the addresses there, or the key of one of these records."""
        for object_name in mapping.objects_of(there):
            asked = {
                mapping.email.get((there, object_name)): addresses,
                mapping.keys.get(there): ids,
            }
            for field, values in asked.items():
                if field is None or not values:
                    continue
                told = self.connectors[there].find_many(object_name, field, values, [field])
                for record in (record for some in told.values() for record in some):
                    yield Carrier(mapping.name, there, object_name, record.id, origin=False)

    def _became(self, mapping: FieldMapping, leads: Iterable[str]) -> Iterator[Carrier]:
        """The Contacts that these Leads were converted to, but not one with a partner of its own: it was
        somebody's before.
        """
        asked = list(dict.fromkeys(leads))
        told = self.connectors[SALESFORCE].fates(LEAD, asked) if asked else {}
        for fate in told.values():
            if fate.kind != "converted" or fate.into is None:
                continue
            if self.ledger.pair_of(mapping.name, SALESFORCE, fate.into) is None:
                yield Carrier(mapping.name, SALESFORCE, CONTACT, fate.into, origin=False)

    def _were(self, mapping: FieldMapping, found: Sequence[Carrier]) -> Iterator[Carrier]:
        """The Leads that were converted to these Contacts, as much the person as they are."""
        origin = {
            one.record_id: one.origin
            for one in found
            if (one.system, one.object) == (SALESFORCE, CONTACT)
        }
        if not origin or BECAME not in mapping.fields.get((SALESFORCE, LEAD), ()):
            return
        told = self.connectors[SALESFORCE].find_many(LEAD, BECAME, list(origin), [BECAME])
        for contact, leads in told.items():
            for lead in leads:
                yield Carrier(mapping.name, SALESFORCE, LEAD, lead.id, origin=origin[contact])

    def _merged_into(self, mapping: FieldMapping, found: Sequence[Carrier]) -> Iterator[Carrier]:
        """The contacts that were merged into these: HubSpot erases them along, and names them until then."""
        origin = {one.record_id: one.origin for one in found if one.system is HUBSPOT}
        if not origin:
            return
        name = mapping.hubspot_object
        told = self.connectors[HUBSPOT].get_many(name, list(origin), [MERGED_IDS])
        for record_id, record in told.items():
            for old in str(record.values.get(MERGED_IDS) or "").split(";"):
                if old:
                    yield Carrier(mapping.name, HUBSPOT, name, old, origin=origin[record_id])
