"""What a plan says to people."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest

from console.output import Output
from console.planning import show_plan
from tests.sync.bridge import Bridge, sqlite_url


@pytest.fixture
def bridge(tmp_path: Path) -> Bridge:
    """Ann stands in both systems, under two first names."""
    made = Bridge(sqlite_url(tmp_path))
    made.hubspot.seed("contacts", {"email": "ann@example.com", "first": "Ann"})
    made.salesforce.seed("Lead", {"email": "ann@example.com", "first": "Anne"})
    return made


def last_line(bridge: Bridge) -> str:
    said = StringIO()
    compare = bridge.compare
    stored = bridge.ledger.plan(compare.plan())
    show_plan(Output(json=False, terminal=False, out=said), compare, stored)
    return said.getvalue().splitlines()[-1]


def test_a_plan_ends_with_what_to_do_next(bridge: Bridge) -> None:
    """Carry it out; settle what nobody may decide but a person; nothing."""
    assert last_line(bridge).startswith("Carry it out with: kakehashi apply")
    bridge.resync()
    assert last_line(bridge) == "1 open differences: kakehashi conflicts list"
    (contact,) = bridge.hubspot.records("contacts")
    bridge.hubspot.edit("contacts", contact, {"first": "Anne"})
    bridge.resync()
    assert last_line(bridge) == "Both systems are in line; nothing to do."
