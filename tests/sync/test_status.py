"""Lists that people ask for are whole, however long."""

from __future__ import annotations

from pathlib import Path

from console.looking import _all_conflicts
from sync.status import records_in_state
from tests.sync.bridge import Bridge, sqlite_url


def test_long_lists_are_not_cut(tmp_path: Path) -> None:
    """More rows than one page of the ledger holds."""
    bridge = Bridge(sqlite_url(tmp_path))
    for number in range(1_200):
        email = {"email": f"p{number}@example.com"}
        bridge.hubspot.seed("contacts", {**email, "title": "CTO"})
        bridge.salesforce.seed("Lead", {**email, "title": "CEO"})
    bridge.resync()
    assert len(_all_conflicts(bridge.ledger)) == 1_200
    assert len(records_in_state(bridge.ledger, [bridge.mapping], "in_sync")) == 2_400
