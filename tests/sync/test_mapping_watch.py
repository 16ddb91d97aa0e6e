"""The mapping files while a worker runs: what is edited is taken when it is whole and right."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from mappings.compile import Compiled
from sync.mapping_watch import EVERY, SETTLES, Switch
from tests.sync.watching import COMPANIES, LAST_NAME, WITH_PHONE, WITH_TITLE, World, world_of_people


@pytest.fixture
def world(tmp_path: Path) -> World:
    """People with a last name, in force."""
    return world_of_people(tmp_path / "mappings")


# Switching ---------------------------------------------------------------------------------------


def test_the_first_version_is_not_told(world: World) -> None:
    """Nothing was in force before, so nothing was switched."""
    assert world.fields() == ["lastname"]
    assert world.told == []


def test_an_edited_mapping_is_switched_and_told_once(world: World) -> None:
    """The new lines are in force after the change was seen twice."""
    world.write(WITH_TITLE)
    world.settles()
    assert world.fields() == ["lastname", "jobtitle"]
    world.settles()
    assert world.told == [Switch(changed=("people",))]


def test_between_two_looks_nothing_moves(world: World) -> None:
    """Workers ask before each batch: the folder is read every two seconds, whoever asks."""
    world.write(WITH_TITLE)
    world.passes(EVERY - timedelta(milliseconds=1))
    assert world.fields() == ["lastname"]
    assert world.compiled == 1


def test_a_mapping_that_is_added_is_told(world: World) -> None:
    """It has to be compared whole, and the one that was there does not."""
    world.write(COMPANIES, "companies")
    world.settles()
    assert sorted(world.names()) == ["companies", "people"]
    assert world.told == [Switch(added=("companies",))]
    assert world.told[0].to_compare == ("companies",)


def test_a_mapping_that_is_removed_is_told(world: World) -> None:
    """Nothing is to be compared; who shows mappings wants to know."""
    world.write(COMPANIES, "companies")
    world.settles()
    (world.folder / "companies.yaml").unlink()
    world.settles()
    assert world.names() == ["people"]
    assert world.told[1:] == [Switch(removed=("companies",))]
    assert world.told[1].to_compare == ()


def test_a_mapping_in_another_file_is_the_same(world: World) -> None:
    """Its name stands inside the file: renaming the file changes nothing."""
    (world.folder / "people.yaml").rename(world.folder / "persons.yaml")
    world.settles()
    assert world.names() == ["people"]
    assert world.told == []


def test_remarks_change_nothing(world: World) -> None:
    """A comment makes a new version with the same meaning: nobody is compared for it."""
    world.write(LAST_NAME + "# more to come\n")
    world.settles()
    assert world.compiled == 2
    assert world.told == []


def test_all_that_changed_is_told_at_once(world: World) -> None:
    """One edit of several files is one switch."""
    world.write(COMPANIES, "companies")
    world.settles()
    world.write(WITH_TITLE)
    (world.folder / "companies.yaml").unlink()
    deals = COMPANIES.replace("companies", "orgs", 1)
    world.write(deals, "orgs")
    world.settles()
    assert world.told[1:] == [Switch(("people",), ("orgs",), ("companies",))]


# What an edit looks like -------------------------------------------------------------------------


def test_the_same_content_changes_nothing(world: World) -> None:
    """Saved again, checked out again, touched: times differ, the content does not."""
    world.write(LAST_NAME)
    os.utime(world.folder / "people.yaml", (0, 0))
    world.settles()
    assert world.compiled == 1


def test_an_edit_that_keeps_time_and_size_is_seen(world: World) -> None:
    """Two edits within one tick of a coarse file system, of equal length."""
    path = world.folder / "people.yaml"
    world.write(WITH_TITLE)
    world.settles()
    held = path.stat()
    other = WITH_TITLE.replace("jobtitle", "jobtitel")
    world.write(other)
    os.utime(path, ns=(held.st_atime_ns, held.st_mtime_ns))
    world.settles()
    assert world.fields() == ["lastname", "jobtitel"]


def test_two_edits_within_a_second_end_with_the_second(world: World) -> None:
    """An edit that did not last is never in force."""
    world.write(WITH_TITLE)
    world.passes(EVERY)
    world.write(WITH_PHONE)
    world.passes(SETTLES)
    assert world.fields() == ["lastname"]
    world.passes(SETTLES)
    assert world.fields() == ["lastname", "phone"]
    assert world.told == [Switch(changed=("people",))]


def test_an_edit_that_is_taken_back_was_none(world: World) -> None:
    """Undone before it settled: nothing is compiled, nothing is told."""
    world.write(WITH_TITLE)
    world.passes(EVERY)
    world.write(LAST_NAME)
    world.settles()
    assert (world.compiled, world.told) == (1, [])


def test_a_half_written_file_waits_for_its_other_half(world: World) -> None:
    """Even where the half is right by itself, only the whole comes into force."""
    world.write(WITH_TITLE[: WITH_TITLE.index("- jobtitle")])
    world.passes(EVERY)
    world.write(WITH_TITLE)
    world.settles()
    assert world.fields() == ["lastname", "jobtitle"]
    assert world.watch.faults == ""


def test_a_file_that_is_replaced_is_never_removed(world: World) -> None:
    """Editors delete a file and put another one there: in between, its mapping is not gone."""
    world.write(COMPANIES, "companies")
    world.settles()
    (world.folder / "people.yaml").unlink()
    world.passes(EVERY)
    world.write(WITH_TITLE)
    world.settles()
    assert world.told[1:] == [Switch(changed=("people",))]


def test_a_folder_that_vanishes_for_a_moment_changes_nothing(world: World) -> None:
    """A checkout took the folder away and brought it back: people stay in force, nobody is told."""
    away = world.folder.with_name("away")
    world.folder.rename(away)
    world.passes(EVERY)
    assert world.names() == ["people"]
    away.rename(world.folder)
    world.settles()
    assert (world.compiled, world.told, world.watch.faults) == (1, [], "")


def test_a_folder_that_stays_away_is_a_fault(world: World) -> None:
    """The version in force stays, the fault is told until the folder is there again."""
    away = world.folder.with_name("away")
    world.folder.rename(away)
    world.settles()
    assert world.names() == ["people"]
    assert str(world.folder) in world.watch.faults
    away.rename(world.folder)
    world.settles()
    assert (world.told, world.watch.faults) == ([], "")


def test_an_edit_while_it_is_compiled_is_not_missed(world: World) -> None:
    """What was read may be of both versions: it is not taken, the next look takes the last one."""
    world.write(WITH_TITLE)
    world.before_compile = lambda: world.write(WITH_PHONE)
    world.settles()
    assert world.fields() == ["lastname"]
    world.before_compile = lambda: None
    world.settles()
    assert world.fields() == ["lastname", "phone"]
    assert world.told == [Switch(changed=("people",))]


def test_an_edit_during_the_first_compile_is_not_missed(tmp_path: Path) -> None:
    """The watch began with the version before: the edit comes into force like any other."""
    world = World(tmp_path)
    world.write(LAST_NAME)
    compile_plain = world.watch.compile

    def compile_and_edit() -> Compiled:
        made = compile_plain()
        world.watch.compile = compile_plain
        world.write(WITH_TITLE)
        return made

    world.watch.compile = compile_and_edit
    assert world.fields() == ["lastname"]
    world.settles()
    assert world.fields() == ["lastname", "jobtitle"]
    assert world.told == [Switch(changed=("people",))]
