"""`docs/life.md` says what happens in the life of a record, and cannot say what no test proves."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

from tests.life.cells import HUBSPOT, SALESFORCE, STATES, Cell

EVENTS = (
    *("create", "edit", "convert", "merge", "delete", "undelete", "restore", "erase"),
    *("opt_out", "opt_in", "owner_change", "association_change"),
)
PAGE = Path(__file__).parents[2] / "docs" / "life.md"
# Events that a side does not know, each with a reason on the page instead of a test.
IMPOSSIBLE = {("convert", HUBSPOT), ("undelete", HUBSPOT), ("restore", SALESFORCE)}
PAGE_ROW = re.compile(r"^\| (?P<state>[a-z ]+) \| (?P<hubspot>.*?) \| (?P<salesforce>.*?) \|$")
TEST = re.compile(r"^(?P<promise>.*) `(?P<event>\w+)\[(?P<cell>[\w -]+)\]`$")
BAD = re.compile(r"^\| .* \| .* \| `(test_\w+)` \|$", re.MULTILINE)


def promises(event: str) -> dict[str, str]:
    """What the tests of an event promise, by the id of the cell."""
    module = import_module(f"tests.life.test_{event}")
    [mark] = getattr(module, f"test_{event}").pytestmark
    return {
        case.id: inspect.getdoc(case.values[1]) or ""
        for case in mark.args[1]
        if case.id is not None
    }


def on_the_page(event: str) -> dict[Cell, str]:
    """The cells of an event's table."""
    section = PAGE.read_text("utf-8").partition(f"\n## {event}\n")[2].partition("\n## ")[0]
    rows = [row for line in section.splitlines() if (row := PAGE_ROW.match(line))]
    told = [row for row in rows if row["state"] in STATES]
    assert [row["state"] for row in told] == list(STATES)
    return {
        Cell(side, row["state"]): row[side.value] for row in told for side in (HUBSPOT, SALESFORCE)
    }


@pytest.mark.parametrize("event", EVENTS)
def test_each_cell_of_the_page_is_the_promise_of_its_test(event: str) -> None:
    """Word for word; a cell without a test is one that cannot be, and says why."""
    tested, told = promises(event), {}
    for cell, text in on_the_page(event).items():
        if (event, cell.side) in IMPOSSIBLE:
            assert re.fullmatch(r"– \(.+\)", text), f"{event}[{cell}] cannot be, and must say why"
            continue
        found = TEST.match(text)
        assert found is not None, f"{event}[{cell}] names no test: {text}"
        assert (found["event"], found["cell"]) == (event, str(cell))
        told[str(cell)] = found["promise"]
    assert told == tested


def test_every_test_of_the_package_stands_on_the_page() -> None:
    """No event is left out, and each bad input has its row."""
    modules = {path.stem for path in Path(__file__).parent.glob("test_*.py")}
    assert modules == {f"test_{event}" for event in EVENTS} | {"test_bad_inputs", "test_table"}
    bad = import_module("tests.life.test_bad_inputs")
    tests = sorted(name for name in vars(bad) if name.startswith("test_"))
    assert sorted(BAD.findall(PAGE.read_text("utf-8"))) == tests
