"""Somebody deletes a record: what its partner gets. Shipped policy: it stays, alone."""

from __future__ import annotations

from tests.life.cells import Cell, Promise, alike, each_cell
from tests.life.conftest import SceneOf
from tests.life.people import Life, in_state, wordings


def partner_stays(life: Life) -> None:
    """The partner stays, alone: `unpaired (partner_deleted)`; nobody comes back."""
    there, record = life.there, life.pair.id(life.there)
    assert record in life.people.live(there)
    assert life.scene.state(there, record) == "unpaired (partner_deleted)"


def nobody_is_touched(life: Life) -> None:
    """It is gone; nothing happens on the other side."""
    assert life.people.count(life.there) == 1
    assert life.scene.state(life.here, life.pair.id(life.here)) == "deleted (deleted)"


def is_heard_of_outside(life: Life) -> None:
    """It is heard of outside `only` too: the partner stays, alone; nobody comes back."""
    there = life.pair.id(life.there)
    assert life.scene.state(life.here, life.pair.id(life.here)) == "deleted (deleted)"
    assert life.scene.partner(life.there, there) is None
    assert life.scene.state(life.there, there) == "unpaired (partner_deleted)"


def nothing_is_parked(life: Life) -> None:
    """The partner stays, alone; what was parked of the pair is parked no more."""
    partner_stays(life)
    assert life.scene.parked() == []


def write_ends(life: Life) -> None:
    """The partner stays, alone; the write that was on its way brings nobody back."""
    partner_stays(life)
    assert life.people.holds(life.there, life.pair, "last") == "Underway"


def both_are_gone(life: Life) -> None:
    """Both are gone and stay gone."""
    assert life.pair.id(life.there) not in life.people.live(life.there)
    for side in (life.here, life.there):
        assert life.scene.state(side, life.pair.id(side)) == "deleted (deleted)"


CELLS = alike(
    in_line=partner_stays,
    unpaired=nobody_is_touched,
    filtered=is_heard_of_outside,
    parked=nothing_is_parked,
    waiting=write_ends,
    deleted_there=both_are_gone,
)


@each_cell(hubspot=CELLS, salesforce=CELLS)
def test_delete(scene_of: SceneOf, cell: Cell, promise: Promise) -> None:
    """A deletion does what its cell in `docs/life.md` says, and the record does not come back."""
    life = in_state(scene_of(*wordings(cell)), cell)
    people = life.people.count(life.here)
    life.people.delete(life.here, life.pair)
    life.scene.news(
        life.here, life.pair.object_of(life.here), life.pair.id(life.here), kind="deleted"
    )
    life.scene.let_it_land()
    promise(life)
    assert life.scene.is_quiet()
    life.scene.compare()
    assert life.people.count(life.here) == people - 1
