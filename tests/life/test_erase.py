"""Somebody is to be forgotten: HubSpot's privacy deletion, or `kakehashi erase` of a Salesforce record."""

from __future__ import annotations

from tests.life.cells import HUBSPOT, SALESFORCE, Cell, Promise, alike, each_cell
from tests.life.conftest import SceneOf
from tests.life.people import LEAD, Life, in_state, wordings


def is_forgotten(life: Life) -> None:
    """Both records are erased, past the recycle bin, and nothing of them stays on file."""
    for side in (life.here, life.there):
        assert life.pair.id(side) not in life.people.live(side)
        assert life.scene.state(side, life.pair.id(side)) == "unknown"
    assert life.pair.record not in life.scene.salesforce.deleted(LEAD)


def is_forgotten_here(life: Life) -> None:
    """It is erased, and nothing of it stays on file; nobody else is touched."""
    assert life.pair.id(life.here) not in life.people.live(life.here)
    assert life.scene.state(life.here, life.pair.id(life.here)) == "unknown"


def with_what_was_parked(life: Life) -> None:
    """Both records are erased, and what was parked of them is gone from the list."""
    is_forgotten(life)
    assert life.scene.parked() == []


def with_the_write(life: Life) -> None:
    """Both records are erased; the write that was on its way brings nobody back."""
    is_forgotten(life)


def with_what_was_deleted(life: Life) -> None:
    """It is erased, and so is the partner that lay deleted."""
    is_forgotten(life)


CELLS = alike(
    in_line=is_forgotten,
    unpaired=is_forgotten_here,
    filtered=is_forgotten,
    parked=with_what_was_parked,
    waiting=with_the_write,
    deleted_there=with_what_was_deleted,
)


@each_cell(hubspot=CELLS, salesforce=CELLS)
def test_erase(scene_of: SceneOf, cell: Cell, promise: Promise) -> None:
    """An erasure does what its cell in `docs/life.md` says; Bob stays, and nobody comes back."""
    life = in_state(scene_of(*wordings(cell)), cell)
    scene = life.scene
    scene.time.pass_by(1)
    if life.here is HUBSPOT:
        scene.hubspot.erase("contacts", life.pair.contact)
        scene.ring(HUBSPOT, "contacts", life.pair.contact, kind="deleted")
        scene.news(HUBSPOT, "contacts", life.pair.contact, kind="erased")
    else:
        scene.forget(SALESFORCE, LEAD, life.pair.record)
    scene.let_it_land()
    promise(life)
    scene.compare()
    assert (life.people.count(HUBSPOT), life.people.count(SALESFORCE)) == (1, 1)
    assert scene.is_quiet()
