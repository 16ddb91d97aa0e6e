"""The promises at size: thousands of pairs on two twins."""

from __future__ import annotations

from pathlib import Path

from connector.port import System
from mappings.schema import BothChanged
from tests.sync.bridge import Bridge, people, sqlite_url
from tests.sync.builders import line

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


def both_sides(bridge: Bridge, count: int, left: dict[str, str], right: dict[str, str]) -> None:
    """That many people on both sides, with these values."""
    for number in range(count):
        email = {"email": f"p{number}@example.com"}
        bridge.hubspot.seed("contacts", {**email, **left})
        bridge.salesforce.seed("Lead", {**email, **right})


def test_five_thousand_people_who_differ_are_paired_and_nobody_is_overwritten(
    tmp_path: Path,
) -> None:
    """Blanks are filled, every difference is listed and can be settled by an edit."""
    bridge = Bridge(sqlite_url(tmp_path))
    both_sides(bridge, 5_000, {"title": "CTO", "first": "Ann"}, {"title": "CEO"})
    bridge.resync()
    assert {r["title"] for r in bridge.hubspot.records("contacts").values()} == {"CTO"}
    leads = bridge.salesforce.records("Lead")
    assert {(r["title"], r["first"]) for r in leads.values()} == {("CEO", "Ann")}
    assert bridge.ledger.open_differences() == 5_000
    assert bridge.planned() == []
    for lead in leads:
        bridge.salesforce.edit("Lead", lead, {"title": "COO"})
    bridge.resync()
    assert {r["title"] for r in bridge.hubspot.records("contacts").values()} == {"COO"}
    assert bridge.ledger.open_differences() == 0


def test_a_thousand_pairs_edited_in_different_fields_lose_nothing(tmp_path: Path) -> None:
    """No edit lost, no conflict."""
    bridge = Bridge(sqlite_url(tmp_path))
    both_sides(bridge, 1_000, {"title": "x", "first": "y"}, {"title": "x", "first": "y"})
    bridge.resync()
    for number, record_id in enumerate(bridge.hubspot.records("contacts")):
        bridge.hubspot.edit("contacts", record_id, {"title": f"title {number}"})
    for number, record_id in enumerate(bridge.salesforce.records("Lead")):
        bridge.salesforce.edit("Lead", record_id, {"first": f"first {number}"})
    bridge.resync()
    left = bridge.hubspot.records("contacts").values()
    right = bridge.salesforce.records("Lead").values()
    for records in (left, right):
        assert sorted(str(r["title"]) for r in records) == sorted(
            f"title {n}" for n in range(1_000)
        )
        assert sorted(str(r["first"]) for r in records) == sorted(
            f"first {n}" for n in range(1_000)
        )
    assert bridge.ledger.conflicts() == []


def test_a_thousand_double_edits_go_by_policy_and_both_values_are_on_file(tmp_path: Path) -> None:
    """All by policy; the value that gave way is kept."""
    policy: BothChanged = "hubspot"
    mapping = people(line("email"), line("first"), line("title", both_changed=policy))
    bridge = Bridge(sqlite_url(tmp_path), mapping=mapping)
    both_sides(bridge, 1_000, {"title": "x"}, {"title": "x"})
    bridge.resync()
    for record_id in bridge.hubspot.records("contacts"):
        bridge.hubspot.edit("contacts", record_id, {"title": f"left {record_id}"})
    for record_id in bridge.salesforce.records("Lead"):
        bridge.salesforce.edit("Lead", record_id, {"title": f"right {record_id}"})
    bridge.resync()
    rows = bridge.ledger.conflicts(limit=2_000)
    assert len(rows) == 1_000
    leads = bridge.salesforce.records("Lead")
    for row in rows:
        found = row.conflict
        assert found.winner == policy
        assert found.hubspot_value == f"left {found.hubspot_id}"
        assert found.salesforce_value == f"right {found.salesforce_id}"
        assert leads[found.salesforce_id]["title"] == f"left {found.hubspot_id}"
    assert bridge.planned() == []
