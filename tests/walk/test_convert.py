"""Converting a Lead from our side: the pair follows, and the contact keeps its history."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.serve import Sandbox
from tests.walk.installation import Installation
from tests.walk.live import pairs_of


@pytest.fixture
def quiet(tmp_path: Path) -> Installation:
    """Everybody in line; nothing runs but the commands."""
    sandbox = Sandbox.start(people=20, seed=11, limits=False)
    installation = Installation(tmp_path, sandbox)
    installation.prepare()
    return installation


def test_a_lead_is_converted_and_its_contact_stays_paired(quiet: Installation) -> None:
    """Account and Opportunity are made where wished; asking again answers the same."""
    try:
        pair = next(one for one in pairs_of(quiet.sandbox) if one.object == "Lead")
        words = ("convert", pair.record, "--opportunity", "架け橋 導入", "--json")
        told = quiet.admin.run(*words)
        assert told.code == 0, told.err
        org = quiet.sandbox.salesforce
        assert org.records("Lead")[pair.record]["IsConverted"] is True
        assert org.records("Opportunity")[told.json["opportunity"]]["Name"] == "架け橋 導入"
        assert quiet.admin.run(*words).json == told.json
        quiet.admin.run("sync", "--once")
        held = quiet.sandbox.hubspot.records("contacts")[pair.contact]
        assert held["salesforce_id"] == told.json["contact"]
        why = quiet.admin.run("why", "hubspot", "contacts", pair.contact, "--json").json
        assert why["state"] == "in_sync", why
        why = quiet.admin.run("why", "salesforce", "Lead", pair.record, "--json").json
        there = {"how": "converted", "object": "Contact", "id": told.json["contact"]}
        assert why["went_to"] == there
        shown = quiet.admin.run("why", "salesforce", "Lead", pair.record).out
        assert f"converted to Contact {told.json['contact']}" in shown
    finally:
        quiet.stop()
        quiet.sandbox.stop()


def test_what_is_no_lead_is_told_and_nothing_happens(quiet: Installation) -> None:
    """An id of nobody, an id that is none."""
    try:
        for odd in ("00Q000000000000AAA", "nonsense"):
            told = quiet.admin.run("convert", odd)
            assert told.code == 1
            assert "Traceback" not in told.err
        assert quiet.admin.run("plan", "--json").json["totals"]["create"] == 0
    finally:
        quiet.stop()
        quiet.sandbox.stop()
