"""Pairs that a person names on the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.port import System
from console.finding import pairs_named
from tests.sync.bridge import Bridge, sqlite_url


@pytest.fixture
def bridge(tmp_path: Path) -> Bridge:
    """Ann and Bob stand in both systems."""
    made = Bridge(sqlite_url(tmp_path))
    for email in ("ann@example.com", "bob@example.com"):
        made.hubspot.seed("contacts", {"email": email})
        made.salesforce.seed("Lead", {"email": email})
    made.resync()
    return made


@pytest.mark.parametrize("system", list(System))
def test_a_record_is_found_by_its_id_and_by_its_address(bridge: Bridge, system: System) -> None:
    """Once, although both systems know it; whoever nobody knows is not found."""

    def found(said: str) -> list[str]:
        bench = bridge.bench
        some = pairs_named(bench.ledger, bench.connectors, bridge.mapping, said)
        return [
            pair.hubspot_id if system is System.HUBSPOT else pair.salesforce_id for pair in some
        ]

    (ann,) = found("Ann@Example.com")
    assert found(ann) == [ann]
    assert found("carol@example.com") == found("nobody") == []
