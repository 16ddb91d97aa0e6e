"""Mapping files that are wrong or cannot be checked, and many threads that ask for them."""

from __future__ import annotations

import shutil
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from connector.errors import SystemBlocked, TryLater
from mappings.compile import Compiled
from mappings.faults import MappingFaults
from sync.mapping_watch import AGAIN, EVERY, SETTLES, Switch
from tests.sync.watching import BROKEN, LAST_NAME, WITH_TITLE, World, world_of_people


@pytest.fixture
def world(tmp_path: Path) -> World:
    """People with a last name, in force."""
    return world_of_people(tmp_path / "mappings")


# What is wrong -----------------------------------------------------------------------------------


def test_faults_keep_the_version_in_force_and_are_told(world: World) -> None:
    """Each with its file and line, until the file is right."""
    world.write(BROKEN)
    world.settles()
    assert world.fields() == ["lastname"]
    assert "people.yaml:6:" in world.watch.faults
    world.write(WITH_TITLE)
    world.settles()
    assert world.watch.faults == ""
    assert world.told == [Switch(changed=("people",))]


def test_faults_that_are_taken_back_are_forgotten(world: World) -> None:
    """The file of before is back: nothing is wrong, and nothing was switched."""
    world.write(BROKEN)
    world.settles()
    world.write(LAST_NAME)
    world.settles()
    assert (world.watch.faults, world.told) == ("", [])


def test_faults_are_told_in_the_language_of_the_house(world: World) -> None:
    """Japanese where messages are Japanese."""
    world.watch.language = "ja"
    world.write(BROKEN)
    world.settles()
    assert any("ぁ" <= sign <= "ん" for sign in world.watch.faults)


def test_faults_without_a_version_in_force_are_raised(tmp_path: Path) -> None:
    """A worker that starts on a broken folder does not start; the corrected one it takes at once."""
    world = World(tmp_path)
    world.write(BROKEN)
    for _ in range(2):
        with pytest.raises(MappingFaults):
            world.watch.now()
    world.write(LAST_NAME)
    assert world.fields() == ["lastname"]
    assert world.told == []


def test_faults_are_looked_at_again_by_themselves(world: World) -> None:
    """The cure was made in the other system, say a missing field: no file has to be touched."""
    world.write(WITH_TITLE)
    world.error = SystemBlocked("refused", system="salesforce", cause="permission", advice="")
    world.settles()
    assert world.watch.faults == "salesforce: refused"
    world.error = None
    world.passes(EVERY)
    assert world.compiled == 2
    world.passes(AGAIN)
    assert world.fields() == ["lastname", "jobtitle"]
    assert world.watch.faults == ""


@pytest.mark.parametrize("wish", [1.0, 600.0])
def test_schemas_that_cannot_be_read_are_asked_for_again(world: World, wish: float) -> None:
    """A busy system keeps the version in force, and is left in peace for as long as it wishes."""
    world.write(WITH_TITLE)
    world.error = TryLater("busy", system="hubspot", after=wish)
    world.settles()
    tried = world.now
    while world.compiled == 2:
        assert world.fields() == ["lastname"]
        world.passes(EVERY)
    assert timedelta() <= world.now - tried - max(AGAIN, timedelta(seconds=wish)) <= EVERY
    world.error = None
    world.passes(max(AGAIN, timedelta(seconds=wish)))
    assert world.fields() == ["lastname", "jobtitle"]
    assert world.told == [Switch(changed=("people",))]


def test_a_file_that_is_nobodys_business_changes_nothing(world: World) -> None:
    """Editors leave files of their own, and folders are not loaded."""
    (world.folder / ".people.yaml.swp").write_text("x")
    (world.folder / "people.yaml~").write_text("x")
    (world.folder / "samples").mkdir()
    shutil.copy(world.folder / "people.yaml", world.folder / "samples" / "people.yaml")
    world.settles()
    assert (world.compiled, world.told) == (1, [])


def test_what_could_not_be_told_is_told_again(world: World) -> None:
    """The ledger was away while a switch was to be noted: it is not in force before it is noted."""

    def away(switch: Switch) -> None:
        raise ConnectionError

    world.watch.switched = away
    world.write(WITH_TITLE)
    world.passes(EVERY)
    with pytest.raises(ConnectionError):
        world.passes(SETTLES)
    assert world.fields() == ["lastname"]
    world.watch.switched = world.told.append
    world.passes(EVERY)
    assert world.fields() == ["lastname", "jobtitle"]
    assert world.told == [Switch(changed=("people",))]


def test_a_clock_that_is_set_back_does_not_blind_it(world: World) -> None:
    """After an hour back, an edit is still noticed within seconds."""
    world.now -= timedelta(hours=1)
    world.watch.now()
    world.write(WITH_TITLE)
    world.settles()
    assert world.fields() == ["lastname", "jobtitle"]


# Threads -----------------------------------------------------------------------------------------


def test_others_do_not_wait_while_one_compiles(world: World) -> None:
    """A schema takes seconds to read: meanwhile the other threads work with what is in force."""
    began, go_on = threading.Event(), threading.Event()

    def slowly() -> None:
        began.set()
        assert go_on.wait(20)

    world.write(WITH_TITLE)
    world.passes(EVERY)
    world.before_compile = slowly
    world.now += SETTLES
    looking = threading.Thread(target=world.watch.now)
    looking.start()
    assert began.wait(20)
    assert world.fields() == ["lastname"]
    go_on.set()
    looking.join(20)
    assert world.fields() == ["lastname", "jobtitle"]


def test_many_threads_compile_once(tmp_path: Path) -> None:
    """A worker's threads start together: one compiles, all get the same version, one switch is told."""
    world = World(tmp_path)
    world.write(LAST_NAME)
    start = threading.Barrier(8)
    found: list[Compiled] = []

    def ask() -> None:
        start.wait(20)
        found.append(world.watch.now())

    def all_ask() -> None:
        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

    all_ask()
    assert len({id(version) for version in found}) == 1
    world.write(WITH_TITLE)
    for wait in (EVERY, SETTLES):
        world.now += wait
        all_ask()
    assert world.compiled == 2
    assert world.told == [Switch(changed=("people",))]
    assert world.fields() == ["lastname", "jobtitle"]
