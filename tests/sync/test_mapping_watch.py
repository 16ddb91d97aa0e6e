"""The mapping files while a worker runs: what is edited is taken when it is whole and right."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.errors import ConnectorError, SystemBlocked, TryLater
from mappings.compile import Compiled, compile_folder
from mappings.faults import MappingFaults
from sync.mapping_watch import AGAIN, EVERY, SETTLES, MappingWatch, Switch
from tests.mappings.builders import TOKYO, lines, write

LAST_NAME = lines("lastname <-> LastName")
WITH_TITLE = lines("lastname <-> LastName", "jobtitle <-> Title")
WITH_PHONE = lines("lastname <-> LastName", "phone <-> Phone")
BROKEN = lines("lastname <-> LastName", "jobtitle <=> Title")
COMPANIES = (
    "version: 1\nname: companies\nbetween: {hubspot: companies, salesforce: [Account]}\n"
    "fields:\n  - name <-> Name\n"
)
START = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


class World:
    """A folder, a watch over it, a time that tests move, and what the watch told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = START
        self.told: list[Switch] = []
        self.compiled = 0
        self.before_compile: Callable[[], None] = lambda: None
        self.error: ConnectorError | OSError | None = None
        self.watch = MappingWatch(
            folder, compile=self.compile, clock=lambda: self.now, switched=self.told.append
        )

    def compile(self) -> Compiled:
        self.compiled += 1
        self.before_compile()
        if self.error is not None:
            raise self.error
        return compile_folder(self.folder, None, TOKYO)

    def write(self, text: str, name: str = "people") -> None:
        write(self.folder, text, name)

    def names(self) -> list[str]:
        return [mapping.name for mapping in self.watch.now().mappings]

    def fields(self) -> list[str]:
        """The lines of people that are in force."""
        [people] = [one for one in self.watch.now().mappings if one.name == "people"]
        return [line.id for line in people.objects["Contact"].lines]

    def passes(self, time: timedelta) -> None:
        """The time passes, and a worker asks at its end."""
        self.now += time
        self.watch.now()

    def settles(self) -> None:
        """As long as it takes to notice and to take a change."""
        self.passes(EVERY)
        self.passes(SETTLES)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """People with a last name, in force."""
    folder = tmp_path / "mappings"
    folder.mkdir()
    made = World(folder)
    made.write(LAST_NAME)
    made.watch.now()
    return made


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
