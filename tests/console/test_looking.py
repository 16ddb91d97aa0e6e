"""`kakehashi why`: the chain of a value, as people read it and as programs do."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connector.port import System
from console.cli import kakehashi
from console.output import LONG, shortened
from tests.sync.bridge import START, sqlite_url
from tests.sync.live import Live
from tests.sync.test_rounds import paired

CARD = "架け橋" * 40


@pytest.fixture
def lead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Somebody whose title grew long, half a second past a full one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KAKEHASHI_DATABASE_URL", sqlite_url(tmp_path))
    live = Live(sqlite_url(tmp_path))
    left, right = paired(live, first="Ann", title="CEO")
    live.time.now = START + timedelta(hours=1, milliseconds=500)
    live.hubspot.edit("contacts", left, {"title": CARD})
    live.ring(System.HUBSPOT, "contacts", left)
    live.round()
    assert live.salesforce.records("Lead")[right]["title"] == CARD
    return right


def why(lead: str, *words: str) -> Result:
    done = CliRunner().invoke(kakehashi, ["why", "salesforce", "Lead", lead, "title", *words])
    assert done.exit_code == 0, done.output
    return done


def test_a_chain_is_told_in_business_time_and_at_a_width_that_can_be_read(lead: str) -> None:
    """To the second, as everywhere else; what is cut ends with a sign that says so."""
    [row] = [one for one in why(lead).output.splitlines() if "CEO" in one]
    assert row.startswith("2026-11-24 19:00:")
    assert "+00:00" not in row
    assert "…" in row
    assert CARD not in row


def test_the_document_holds_all_of_it(lead: str) -> None:
    """For a program nothing is cut, and an instant has its zone."""
    step = json.loads(why(lead, "--json").output)["chain"][-1]
    assert (step["from"], step["to"]) == ("CEO", CARD)
    assert step["at"].endswith("+00:00")


def test_a_long_text_is_cut_by_what_it_takes_on_a_terminal() -> None:
    """A kanji takes two columns; what fits is left whole, and lines become one."""
    assert shortened("あ" * (LONG // 2)) == "あ" * (LONG // 2)
    assert shortened("あ" * LONG).rstrip("…").strip() == "あ" * (LONG // 2 - 1)
    assert shortened("a\nb") == "a b"
