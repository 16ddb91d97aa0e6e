"""Signs of life: who works, by which mappings, within which budget; told by the ledger alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from connector.port import System
from mappings.compile import Compiled
from sync.budget import hubspot_quota
from sync.ledger import Ledger, LedgerUnavailable
from sync.signs import EVERY, FAULTS, FORGOTTEN, SILENT, Kind, Signs, parts_alive
from sync.tollkeeper import local_budget
from tests.sync.bridge import Time, people, sqlite_url

HUBSPOT = System.HUBSPOT


class World:
    """A ledger, a time that tests move, the mappings in force, and as many parts as you like."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger.open(sqlite_url(folder))
        self.time = Time()
        self.wording = "v1"
        self.faults = ""

    def part(self, name: str, kind: Kind = "worker") -> Signs:
        return Signs(
            ledger=self.ledger,
            kind=kind,
            name=name,
            clock=self.time,
            mappings=lambda: Compiled((people(wording=self.wording),), ()),
            faults=lambda: self.faults,
            budgets={HUBSPOT: local_budget(hubspot_quota("professional", "Asia/Tokyo"))},
        )

    def alive(self) -> dict[str, bool]:
        return {part["name"]: part["alive"] for part in parts_alive(self.ledger, self.time())}

    def told(self, name: str) -> dict[str, Any]:
        text = self.ledger.fact(name)
        return {} if text is None else dict(orjson.loads(text))

    def version(self) -> tuple[str, int]:
        told = self.told("mapping:people")
        return told["hash"], told["version"]

    def give(self, *parts: Signs) -> None:
        """A beat later."""
        self.time.now += EVERY
        for part in parts:
            part.give()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


# Parts -------------------------------------------------------------------------------------------


def test_a_part_that_works_is_shown_with_its_kind_and_since_when(world: World) -> None:
    """All parts of all machines, by name."""
    world.give(world.part("w1"), world.part("web1", "web"))
    [web, worker] = sorted(
        parts_alive(world.ledger, world.time()), key=lambda part: str(part["kind"])
    )
    assert (web["name"], web["kind"], web["alive"]) == ("web1", "web", True)
    assert (worker["name"], worker["kind"]) == ("w1", "worker")
    assert worker["since"] <= worker["seen"]


def test_a_part_that_fell_silent_is_dead_and_later_forgotten(world: World) -> None:
    """`status` says so for a day; the others stay."""
    silent, other = world.part("silent"), world.part("other")
    world.give(silent, other)
    world.time.now += SILENT
    world.give(other)
    assert world.alive() == {"silent": False, "other": True}
    world.time.now += FORGOTTEN
    world.give(other)
    assert world.alive() == {"other": True}


def test_a_part_that_ends_is_gone_at_once(world: World) -> None:
    """It said so."""
    part = world.part("w1")
    world.give(part)
    part.leave()
    assert world.alive() == {}


def test_many_threads_may_ask_for_a_sign(world: World) -> None:
    """It is written once in five seconds."""
    part = world.part("w1")
    world.give(part)
    before = world.told("part:w1")
    part.give()
    assert world.told("part:w1") == before


def test_a_clock_that_was_set_back_silences_nobody(world: World) -> None:
    """The next sign is given by the new time."""
    part = world.part("w1")
    world.give(part)
    world.time.now -= timedelta(days=30)
    world.give(part)
    assert world.told("part:w1")["seen"] < "2026-11"
    assert world.alive() == {"w1": True}


# Mappings ----------------------------------------------------------------------------------------


def test_a_version_counts_up_when_the_mapping_says_something_else(world: World) -> None:
    """And stays, however often a part gives signs or starts anew."""
    part = world.part("w1")
    for _ in range(3):
        world.give(part)
    world.give(world.part("w2"))
    assert world.version() == ("people:v1", 1)
    world.wording = "v2"
    world.give(part)
    assert world.version() == ("people:v2", 2)


def test_many_workers_that_switch_at_once_count_one_version(world: World) -> None:
    """The first one counts, the others see that it is known."""
    parts = [world.part(f"w{number}") for number in range(4)]
    world.give(*parts)
    world.wording = "v2"
    world.give(*parts)
    world.give(*parts)
    assert world.version() == ("people:v2", 2)


def test_a_worker_that_has_not_switched_yet_takes_nothing_back(world: World) -> None:
    """It still goes by the old text for a moment, and says nothing of it again."""
    early, late = world.part("early"), world.part("late")
    world.give(early, late)
    late.mappings = lambda: Compiled((people(wording="v1"),), ())
    world.wording = "v2"
    for _ in range(3):
        world.give(early, late)
    assert world.version() == ("people:v2", 2)


def test_a_version_that_could_not_be_told_is_told_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger was away when the mapping was switched: five seconds later it hears of it."""
    part = world.part("w1")
    world.give(part)
    world.wording = "v2"
    real = world.ledger.set_fact

    def away(name: str, value: str) -> None:
        if name.startswith("mapping:"):
            raise LedgerUnavailable("restarting")
        real(name, value)

    monkeypatch.setattr(world.ledger, "set_fact", away)
    with pytest.raises(LedgerUnavailable):
        world.give(part)
    monkeypatch.undo()
    part.give()
    assert world.version() == ("people:v2", 2)


def test_two_mappings_have_versions_of_their_own(world: World) -> None:
    """An edit of one is no news of the other."""
    part = world.part("w1")
    both = [people(), replace(people(), name="members", hash="members:v1")]
    part.mappings = lambda: Compiled(tuple(both), ())
    world.give(part)
    both[1] = replace(both[1], hash="members:v2")
    world.give(part)
    assert world.version() == ("people:v1", 1)
    assert world.told("mapping:members")["version"] == 2


def test_faults_of_the_files_are_shown_until_they_are_mended(world: World) -> None:
    """Also when the worker that found them is another one by then."""
    part = world.part("w1")
    world.faults = "people.yaml:3:5: unknown field"
    world.give(part)
    assert world.ledger.fact(FAULTS) == world.faults
    world.faults = ""
    world.give(world.part("w2"))
    assert world.ledger.fact(FAULTS) is None


# Budget ------------------------------------------------------------------------------------------


def test_what_the_budget_says_stands_in_the_ledger(world: World) -> None:
    """`status` needs neither Redis nor any process for it."""
    world.give(world.part("w1"))
    told = world.told("budget:hubspot")
    assert told["as_of"].startswith("2026-11-24T09:00:05")
    assert told["limit"] > 0
    assert {"used", "forecast", "state"} <= told.keys()


@pytest.mark.parametrize("kind", ["web", "scheduler"])
def test_only_workers_tell_of_mappings_and_budgets(world: World, kind: Kind) -> None:
    """The others go by the files alone, or spend nothing."""
    world.give(world.part("p", kind))
    assert world.told("mapping:people") == world.told("budget:hubspot") == {}
    assert world.alive() == {"p": True}
