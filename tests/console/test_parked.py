"""`kakehashi parked`: heaps for people, rows for programs, and a retry that workers hear."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from console.cli import kakehashi
from console.quarantine import by_cause, parked_json
from sync.model import EACH_ITS_OWN, shared_advice
from tests.sync.bridge import START, sqlite_url
from tests.sync.live import Live
from tests.sync.test_quarantine import refuse, rows, with_parked_title


@pytest.fixture
def live(tmp_path: Path) -> Live:
    return Live(sqlite_url(tmp_path))


def test_the_list_is_grouped_by_cause_with_count_and_advice(live: Live) -> None:
    """The largest heap first, since when in the business time zone."""
    for number in range(3):
        live.hubspot.seed("contacts", {"email": f"p{number}@example.com"})
    live.resync()
    refuse(live.salesforce, "title", "bad", "too_long")
    refuse(live.salesforce, "first", "bad", "unknown_option")
    for number, record_id in enumerate(live.hubspot.records("contacts")):
        live.hubspot.edit("contacts", record_id, {"title" if number else "first": "bad"})
    live.resync()
    zone = ZoneInfo("Asia/Tokyo")
    shown = by_cause(rows(live), zone)
    assert [row[:4] for row in shown] == [
        ("too_long", "people", "2", "2026-11-24 18:00"),
        ("unknown_option", "people", "1", "2026-11-24 18:00"),
    ]
    assert all(row[4] for row in shown)
    assert START.astimezone(zone).hour == 18


@pytest.mark.parametrize(
    ("advices", "said"),
    [
        (["merge them"], "merge them"),
        (["merge them (with 12)"], "merge them (with 12)"),
        (["merge them (with 12)", "merge them (with 13)"], "merge them"),
        (["merge them", "merge them; it is 003A"], "merge them"),
        (
            ["cut it (too long (9)); it is 1", "cut it (too long (9)); it is 2"],
            "cut it (too long (9))",
        ),
        (["look at 12", "look at 13"], EACH_ITS_OWN),
        (["merge them", "choose one"], EACH_ITS_OWN),
    ],
)
def test_a_heap_is_advised_what_all_of_it_have_in_common(advices: list[str], said: str) -> None:
    """Details of a single record stand with that record only."""
    assert shared_advice(advices) == said


def test_the_json_is_the_contracts_flat_list(live: Live) -> None:
    """Ten keys, whatever else is shown to people."""
    _, right = with_parked_title(live)
    [row] = rows(live)
    shown = parked_json(row)
    assert {**shown, "advice": "", "since": ""} == {
        "id": row.id,
        "mapping": "people",
        "system": "salesforce",
        "object": "Lead",
        "record_id": right,
        "line": "title",
        "cause": "invalid_value",
        "advice": "",
        "since": "",
        "tries": 1,
    }


# The commands -------------------------------------------------------------------------------------


class Commands:
    """`kakehashi parked …` in a working folder of its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(folder)
        monkeypatch.setenv("KAKEHASHI_DATABASE_URL", sqlite_url(folder))
        self.live = Live(sqlite_url(folder))

    def run(self, *words: str) -> tuple[int, str]:
        done = CliRunner().invoke(kakehashi, ["parked", *words])
        return done.exit_code, done.output


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    return Commands(tmp_path, monkeypatch)


def test_an_empty_quarantine_needs_nobody(commands: Commands) -> None:
    """Exit code 0, and an empty list for programs."""
    assert commands.run("list") == (0, "Nothing is parked.\n")
    assert commands.run("list", "--json") == (0, "[]\n")
    assert commands.run("retry")[0] == 0


def test_the_list_shows_heaps_and_records_to_people_and_rows_to_programs(
    commands: Commands,
) -> None:
    """Exit code 1: somebody has to look. Causes and mappings narrow it down."""
    _, right = with_parked_title(commands.live)
    code, text = commands.run("list")
    assert code == 1
    assert "Parked, by cause" in text
    assert f"salesforce Lead {right}" in text
    code, text = commands.run("list", "--cause", "invalid_value", "--mapping", "people", "--json")
    assert (code, [row["record_id"] for row in json.loads(text)]) == (1, [right])
    assert commands.run("list", "--cause", "too_long", "--json") == (0, "[]\n")


def test_a_retry_by_command_rings_for_the_workers(commands: Commands) -> None:
    """It says how many are due; what is not there is an answer of 1."""
    _, right = with_parked_title(commands.live)
    commands.live.salesforce.faults.reject.clear()
    assert commands.run("retry", "--cause", "too_long", "--json")[0] == 1
    assert commands.live.bells() == 0
    code, text = commands.run("retry", "--cause", "invalid_value", "--json")
    assert (code, json.loads(text)) == (0, {"due": 1})
    commands.live.time.now = datetime.now(UTC)
    commands.live.round()
    assert commands.live.salesforce.records("Lead")[right]["title"] == "bad"


def test_a_drop_by_command_forgets_rows(commands: Commands) -> None:
    """By id only, and an unknown id is an answer of 1."""
    with_parked_title(commands.live)
    [row] = rows(commands.live)
    assert commands.run("drop", str(row.id + 1))[0] == 1
    assert commands.run("drop", str(row.id)) == (0, "1 dropped\n")
    assert rows(commands.live) == []
