"""A record is taken out of the recycle bin, as both systems can: what becomes of the old pair."""

from __future__ import annotations

from tests.life.cells import Cell, Promise, alike
from tests.life.people import Life, in_state
from tests.life.scene import Scene


def bound_again(life: Life) -> None:
    """The old pair is bound again, and what was edited meanwhile arrives."""
    assert is_old_pair(life)
    assert life.people.holds(life.here, life.pair, "first") == "Annabel"


def stays_unpaired(life: Life) -> None:
    """It comes back as it was: without a partner; nobody is created."""
    assert life.scene.state(life.here, life.pair.id(life.here)) == "unpaired (create_never)"
    assert life.people.count(life.there) == 1


def still_outside(life: Life) -> None:
    """It stays outside `only`; as soon as it is inside, the old pair is bound again and edits travel."""
    assert life.people.holds(life.here, life.pair, "first") == "Ann"
    life.people.edit(life.here, life.pair, title="CEO")
    life.people.news(life.here, life.pair)
    bound_again(life)
    assert life.people.holds(life.there, life.pair, "title") == "CEO"


def parked_again(life: Life) -> None:
    """The old pair is bound again, what was edited meanwhile arrives, and the same field is parked again."""
    bound_again(life)
    assert [one.line for one in life.scene.parked()] == ["jobtitle"]


def nothing_was_lost(life: Life) -> None:
    """The old pair is bound again; what was on its way and what was edited meanwhile stand on both sides."""
    bound_again(life)
    for side in (life.here, life.there):
        assert life.people.holds(side, life.pair, "last") == "Underway"


def is_alone(life: Life) -> None:
    """It stays alone; the deleted partner does not come back."""
    assert life.people.count(life.there) == 1
    assert life.scene.partner(life.here, life.pair.id(life.here)) is None


def is_old_pair(life: Life) -> bool:
    """Whether the two are partners, and nobody was made beside them."""
    here, there = life.pair.id(life.here), life.pair.id(life.there)
    nobody_new = life.people.count(life.there) == 2
    return nobody_new and life.scene.partner(life.here, here) == there


CELLS = alike(
    in_line=bound_again,
    unpaired=stays_unpaired,
    filtered=still_outside,
    parked=parked_again,
    waiting=nothing_was_lost,
    deleted_there=is_alone,
)


def comes_back(scene: Scene, cell: Cell, promise: Promise) -> None:
    """Deleted, edited on the other side meanwhile, brought back; and then nothing is left to do."""
    life = in_state(scene, cell)
    people, here = life.people, life.here
    people.delete(here, life.pair)
    life.scene.news(here, life.pair.object_of(here), life.pair.id(here), kind="deleted")
    if cell.state not in {"unpaired", "deleted there"}:
        people.edit(life.there, life.pair, first="Annabel")
        people.news(life.there, life.pair)
    people.bring_back(here, life.pair)
    life.scene.news(here, life.pair.object_of(here), life.pair.id(here), kind="restored")
    life.scene.let_it_land()
    promise(life)
    assert life.scene.is_quiet()
