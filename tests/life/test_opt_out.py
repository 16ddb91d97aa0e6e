"""Somebody opts out of e-mail: whom that reaches."""

from __future__ import annotations

from tests.life.cells import HUBSPOT, Cell, Promise, alike, each_cell
from tests.life.conftest import SceneOf
from tests.life.people import Life, in_state, wordings


def arrives(life: Life) -> None:
    """It arrives on the other side."""
    assert life.people.is_out(life.there, life.pair)


def arrives_outside(life: Life) -> None:
    """It arrives, outside `only` too; nothing else travels."""
    assert life.people.is_out(life.there, life.pair)
    assert life.people.holds(life.there, life.pair, "title") == "CTO"


def arrives_parked(life: Life) -> None:
    """It arrives; what is parked waits for a person as before."""
    assert life.people.is_out(life.there, life.pair)
    assert [one.line for one in life.scene.parked()] == ["jobtitle"]


def arrives_beside_the_write(life: Life) -> None:
    """It arrives, and so does the write that was on its way."""
    assert life.people.is_out(life.there, life.pair)
    assert life.people.holds(life.there, life.pair, "last") == "Underway"


def is_nobodys(life: Life) -> None:
    """It stands where it was said; nobody carries that address on the other side."""
    assert life.people.count(life.there) == 1


def waits_in_the_bin(life: Life) -> None:
    """It stands where it was said; a partner that is taken out of the bin is opted out."""
    life.people.bring_back(life.there, life.pair)
    there = life.there
    life.scene.news(there, life.pair.object_of(there), life.pair.id(there), kind="restored")
    life.scene.let_it_land()
    assert life.people.is_out(there, life.pair)


CELLS = alike(
    in_line=arrives,
    unpaired=is_nobodys,
    filtered=arrives_outside,
    parked=arrives_parked,
    waiting=arrives_beside_the_write,
    deleted_there=waits_in_the_bin,
)


@each_cell(hubspot=CELLS, salesforce=CELLS)
def test_opt_out(scene_of: SceneOf, cell: Cell, promise: Promise) -> None:
    """An opt-out does what its cell in `docs/life.md` says, and stands where it was said."""
    life = in_state(scene_of(*wordings(cell)), cell)
    life.people.edit(life.here, life.pair, out="true" if life.here is HUBSPOT else True)
    life.people.news(life.here, life.pair)
    life.scene.let_it_land()
    promise(life)
    assert life.people.is_out(life.here, life.pair)
    assert life.scene.is_quiet()
