"""A record is merged into a second one of the same person, of which nobody has heard yet."""

from __future__ import annotations

from dataclasses import replace

from tests.life.cells import HUBSPOT, Cell, Promise, alike, each_cell
from tests.life.conftest import SceneOf
from tests.life.people import Life, in_state, wordings


def goes_along(life: Life) -> None:
    """The pair goes along to the survivor; nobody is created or deleted on the other side."""
    assert moved(life)
    assert life.scene.state(life.here, life.pair.id(life.here)) == "in_sync"


def stays_unpaired(life: Life) -> None:
    """The survivor has no partner, as before; nobody is created."""
    assert life.scene.state(life.here, life.pair.id(life.here)) == "unpaired (create_never)"
    assert life.people.count(life.there) == 1


def goes_along_outside(life: Life) -> None:
    """The pair goes along to the survivor, and is still outside `only`."""
    assert moved(life)
    assert life.people.holds(life.there, life.pair, "title") == "CTO"


def goes_along_parked(life: Life) -> None:
    """The pair goes along to the survivor; nobody is created."""
    assert moved(life)


def write_goes_along(life: Life) -> None:
    """The pair goes along to the survivor, and so does the write that was on its way."""
    assert moved(life)
    for side in (life.here, life.there):
        assert life.people.holds(side, life.pair, "last") == "Underway"


def nobody_comes_back(life: Life) -> None:
    """The survivor stays alone; the deleted partner does not come back."""
    assert life.scene.partner(life.here, life.pair.id(life.here)) is None
    assert life.people.count(life.there) == 1


def moved(life: Life) -> bool:
    """Whether the survivor is the partner of the old record, and nobody was made beside them."""
    partner = life.scene.partner(life.here, life.pair.id(life.here))
    return partner == life.pair.id(life.there) and life.people.count(life.there) == 2


CELLS = alike(
    in_line=goes_along,
    unpaired=stays_unpaired,
    filtered=goes_along_outside,
    parked=goes_along_parked,
    waiting=write_goes_along,
    deleted_there=nobody_comes_back,
)


@each_cell(hubspot=CELLS, salesforce=CELLS)
def test_merge(scene_of: SceneOf, cell: Cell, promise: Promise) -> None:
    """A merge does what its cell in `docs/life.md` says, and then nothing is left to do."""
    life = in_state(scene_of(*wordings(cell)), cell)
    here, loser = life.here, life.pair.id(life.here)
    roles = ("first", "last", "title")
    same = {role: life.people.holds(here, life.pair, role) for role in roles}
    winner = life.people.add(here, "anne", **same)
    survivor = life.people.merge(here, winner, loser)
    field = "contact" if here is HUBSPOT else "record"
    life.pair = replace(life.pair, **{field: survivor})
    life.scene.ring(here, life.pair.object_of(here), loser, winner, kind="merged")
    life.scene.news(here, life.pair.object_of(here), survivor)
    life.scene.let_it_land()
    promise(life)
    assert life.scene.is_quiet()
