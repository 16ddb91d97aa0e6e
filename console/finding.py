"""Pairs that a person names: by the id of a record in either system, or by a mail address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connector.port import Connector, System
from mappings.own_values import vendor_fields
from mappings.schema import Mapping as FieldMapping
from sync.ledger import Ledger
from sync.model import Pair

ADDRESS = "email"


def pairs_named(
    ledger: Ledger, connectors: Mapping[System, Connector], mapping: FieldMapping, said: str
) -> list[Pair]:
    """The pairs of a mapping that are meant; of an address both systems are asked for.

    Raises `connector.errors.ConnectorError`.
    """
    by_id = ((system, said) for system in System)
    records = _bearing(connectors, mapping, said) if "@" in said else by_id
    pairs = (ledger.pair_of(mapping.name, system, one) for system, one in records)
    return list({pair.id: pair for pair in pairs if pair is not None}.values())


def _bearing(
    connectors: Mapping[System, Connector], mapping: FieldMapping, address: str
) -> Iterator[tuple[System, str]]:
    """Records that hold this address."""
    for (system, name), fields in mapping.fields.items():
        field = next((one for one in vendor_fields(fields) if one.lower() == ADDRESS), None)
        if field is not None:
            held = connectors[system].find_many(name, field, [address], [field])
            yield from ((system, one.id) for some in held.values() for one in some)
