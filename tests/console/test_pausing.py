"""`kakehashi pause`, `resume` and what `status` says of systems that stand still."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connector.port import System
from console.cli import kakehashi
from sync.install import copy_mappings
from sync.lanes import Lane
from sync.ledger import Later, Ledger, Ring
from tests.sync.bridge import sqlite_url

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """The ledger of a working folder in which commands run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KAKEHASHI_DATABASE_URL", sqlite_url(tmp_path))
    copy_mappings(tmp_path / "mappings")
    return Ledger.open(sqlite_url(tmp_path))


def run(*words: str) -> Result:
    return CliRunner().invoke(kakehashi, list(words))


def refuse(ledger: Ledger, system: System) -> None:
    """The system says for an hour that the day's calls are used up."""
    ledger.block(system, "quota", "raise the limit", datetime.now(UTC), 3600)


def test_a_paused_system_is_named_until_it_goes_on(ledger: Ledger) -> None:
    """By itself it never does: a person stopped it."""
    assert run("pause", "hubspot").exit_code == 0
    assert "hubspot is paused" in run("status").output
    assert ledger.paused() == {HUBSPOT}
    assert run("resume").exit_code == 0
    assert ledger.paused() == set()
    assert "paused" not in run("status").output


def test_a_system_that_refuses_us_wants_attention(ledger: Ledger) -> None:
    """Cause and advice, for people and for programs, and an exit code that cron hears."""
    refuse(ledger, SALESFORCE)
    shown = run("status")
    assert "salesforce refuses us (quota): raise the limit" in shown.output
    assert shown.exit_code == 1
    [told] = json.loads(run("status", "--json").output)["blocked"]
    assert (told["system"], told["cause"]) == ("salesforce", "quota")


def test_resume_asks_a_system_again_at_once(ledger: Ledger) -> None:
    """Somebody raised the limit: what was put off until tomorrow is due now."""
    refuse(ledger, SALESFORCE)
    now = datetime.now(UTC)
    ledger.ring([Ring(SALESFORCE, "Lead", "1", Lane.LIVE)], now)
    [bell] = ledger.take_bells("w", now, limit=1)
    ledger.wipe([], [Later(bell, now.replace(year=now.year + 1), "salesforce_quota")], now)
    assert ledger.due_bells(datetime.now(UTC)) == {}
    assert run("resume", "salesforce").exit_code == 0
    assert ledger.troubles() == []
    assert ledger.due_bells(datetime.now(UTC)) == {Lane.LIVE: 1}


def test_nothing_runs_and_status_says_how_to_start_it(ledger: Ledger) -> None:
    """The first question at 3 a.m."""
    assert "nothing; start it with kakehashi up" in run("status").output
