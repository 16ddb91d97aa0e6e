"""Under which values something was parked: with the same ones it stays so. Pure."""

from __future__ import annotations

from hashlib import blake2b

from connector.port import System, Value
from mappings.schema import Cell, Line, Normal
from sync.model import LineBaseline


def fingerprint(line: Line, left: Cell, right: Cell, *, meant: LineBaseline | None = None) -> str:
    """Names the values (in normal form) for which a line was parked, under this wording of it.

    A value of our own stands in neither record: of one that was to be written, `meant` tells it. So what was
    refused is tried again as soon as we say something else.
    """
    normal: tuple[Normal, ...] = (
        line.hash,
        line.hubspot.normal(left),
        line.salesforce.normal(right),
    )
    if meant is not None and line.ledger_value is not None:
        normal += tuple(line.side(one).normal(meant.of(one)) for one in System)
    return _mark(normal)


def key_mark(held: Value, partner: Value) -> str:
    """Names what stood in the external-key field when it refused the partner's id."""
    return _mark((held, partner))


def _mark(values: tuple[Normal, ...]) -> str:
    return blake2b(repr(values).encode(), digest_size=12).hexdigest()
