"""Somebody edits a field: what becomes of it on the other side, by the state of the pair."""

from __future__ import annotations

from tests.life.cells import Cell, Promise, alike, each_cell
from tests.life.conftest import SceneOf
from tests.life.people import Life, in_state, wordings


def travels(life: Life) -> None:
    """The edit arrives on the other side; nothing else is touched."""
    assert life.people.holds(life.there, life.pair, "first") == "Anna"
    assert life.people.holds(life.there, life.pair, "title") == "CTO"


def stays(life: Life) -> None:
    """The edit stays where it is; nobody is created."""
    assert life.people.count(life.there) == 1


def waits_outside(life: Life) -> None:
    """The edit waits; it travels when the record is back inside `only`."""
    assert life.people.holds(life.there, life.pair, "first") == "Ann"
    life.people.edit(life.here, life.pair, title="CEO")
    life.people.news(life.here, life.pair)
    assert life.people.holds(life.there, life.pair, "first") == "Anna"
    assert life.people.holds(life.there, life.pair, "title") == "CEO"


def travels_beside(life: Life) -> None:
    """The edit arrives; only the parked field waits for a person."""
    assert life.people.holds(life.there, life.pair, "first") == "Anna"
    [parked] = life.scene.parked()
    assert parked.line == "jobtitle"


def both_arrive(life: Life) -> None:
    """Both arrive: the edit, and the one that was on its way here."""
    assert life.people.holds(life.there, life.pair, "first") == "Anna"
    assert life.people.holds(life.here, life.pair, "last") == "Underway"
    assert life.people.holds(life.there, life.pair, "last") == "Underway"


def stays_alone(life: Life) -> None:
    """The edit stays; the deleted partner does not come back."""
    assert life.people.count(life.there) == 1


CELLS = alike(
    in_line=travels,
    unpaired=stays,
    filtered=waits_outside,
    parked=travels_beside,
    waiting=both_arrive,
    deleted_there=stays_alone,
)


@each_cell(hubspot=CELLS, salesforce=CELLS)
def test_edit(scene_of: SceneOf, cell: Cell, promise: Promise) -> None:
    """An edit does what its cell in `docs/life.md` says, and then nothing is left to do."""
    life = in_state(scene_of(*wordings(cell)), cell)
    life.people.edit(life.here, life.pair, first="Anna")
    life.people.news(life.here, life.pair)
    life.scene.let_it_land()
    promise(life)
    assert life.scene.is_quiet()
