"""What was said about consent outlives the flag and the record that said it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connector.port import System
from tests.sync.bridge import sqlite_url
from tests.sync.consenting import HUBSPOT, SALESFORCE, opted_out_pair, proof, proving
from tests.sync.live import Live


@pytest.fixture
def live(tmp_path: Path) -> Live:
    return Live(sqlite_url(tmp_path), mapping=proving())


@pytest.fixture
def alone(tmp_path: Path) -> Live:
    """Nobody is created for anybody."""
    never = replace(proving(), create_in_hubspot=(), create_in_salesforce=())
    return Live(sqlite_url(tmp_path), mapping=never)


def news(live: Live, way: str, system: System, object_name: str, *ids: str) -> None:
    """What happened is heard of, by bells or by a whole compare."""
    live.by_bell = way == "bells"
    live.news(system, object_name, *ids)


@pytest.mark.parametrize("way", ["bells", "compare"])
def test_an_opt_out_outlives_the_record_on_which_it_was_said(live: Live, way: str) -> None:
    """It had reached the other side; there somebody unticked it, and then the first record was deleted."""
    live.salesforce.seed("Lead", {"email": "bystander@example.com"})
    left, right = opted_out_pair(live)
    live.hubspot.edit("contacts", left, {"optout": False})
    live.salesforce.remove("Lead", right)
    news(live, way, SALESFORCE, "Lead", right)
    news(live, way, HUBSPOT, "contacts", left)
    assert live.hubspot.records("contacts")[left]["optout"] is True
    assert live.planned() == []


@pytest.mark.parametrize("way", ["bells", "compare"])
def test_a_lone_opt_out_that_is_unticked_is_put_back(alone: Live, way: str) -> None:
    """Nobody else holds it, and that it was to be lifted nobody can prove."""
    lone = alone.salesforce.seed("Contact", {"email": "ann@example.com", "OptOut": True})
    alone.resync()
    alone.time.forward(hours=1)
    alone.salesforce.edit("Contact", lone, {"OptOut": False})
    news(alone, way, SALESFORCE, "Contact", lone)
    assert alone.salesforce.records("Contact")[lone]["OptOut"] is True
    assert alone.planned() == []


def test_a_lone_opt_out_is_lifted_by_a_proof(alone: Live) -> None:
    """And stays lifted; but a proof from the future does not count yet."""
    lone = {
        days: alone.salesforce.seed("Contact", {"email": f"{days}@example.com", "OptOut": True})
        for days in (0, 1)
    }
    alone.resync()
    alone.time.forward(hours=1)
    for days, record_id in lone.items():
        shown = proof(alone, days=days)
        alone.salesforce.edit("Contact", record_id, {"OptOut": False, **shown})
    alone.resync()
    held = alone.salesforce.records("Contact")
    assert [held[record_id]["OptOut"] for record_id in lone.values()] == [False, True]
    assert alone.planned() == []


def test_an_opt_out_that_was_unticked_goes_along_in_a_conversion(live: Live) -> None:
    """The Lead is unticked and converted before anybody looks; its Contact never held the opt-out."""
    left, lead = opted_out_pair(live)
    live.hubspot.seed("contacts", {"email": "bystander@example.com"})
    live.hubspot.remove("contacts", left)
    live.salesforce.edit("Lead", lead, {"OptOut": False})
    contact = live.salesforce.convert(lead, {"email": "ann@new.example"})
    live.resync()
    assert live.salesforce.records("Contact")[contact]["OptOut"] is True
