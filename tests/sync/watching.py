"""A folder of mapping files, a watch over it, a time that tests move, and what the watch told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connector.errors import ConnectorError
from mappings.compile import Compiled, compile_folder
from sync.mapping_watch import EVERY, SETTLES, MappingWatch, Switch
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


def world_of_people(folder: Path) -> World:
    """People with a last name, in force."""
    folder.mkdir()
    made = World(folder)
    made.write(LAST_NAME)
    made.watch.now()
    return made
