"""A record is given to another owner, who works on both sides under one e-mail."""

from __future__ import annotations

from tests.life.cells import HUBSPOT, SALESFORCE, Cell, Promise, alike, each_cell
from tests.life.conftest import SceneOf
from tests.life.people import Life, in_state, wordings

NAMES = ("kim", "sam")


def follows(life: Life) -> None:
    """The same colleague owns the record on the other side."""
    assert owner(life) == life.sams[life.there]


def stays(life: Life) -> None:
    """It stays where it is; nobody is created."""
    assert life.people.count(life.there) == 1


def waits_outside(life: Life) -> None:
    """It waits; when the record is back inside `only`, the owner follows."""
    assert owner(life) != life.sams[life.there]
    life.people.edit(life.here, life.pair, title="CEO")
    life.people.news(life.here, life.pair)
    follows(life)


def follows_beside(life: Life) -> None:
    """The owner follows; only the parked field waits for a person."""
    follows(life)
    assert [one.line for one in life.scene.parked()] == ["jobtitle"]


def follows_beside_the_write(life: Life) -> None:
    """The owner follows, and so does the write that was on its way."""
    follows(life)
    assert life.people.holds(life.there, life.pair, "last") == "Underway"


def owner(life: Life) -> object:
    return life.people.holds(life.there, life.pair, "owner")


CELLS = alike(
    in_line=follows,
    unpaired=stays,
    filtered=waits_outside,
    parked=follows_beside,
    waiting=follows_beside_the_write,
    deleted_there=stays,
)


@each_cell(hubspot=CELLS, salesforce=CELLS)
def test_owner_change(scene_of: SceneOf, cell: Cell, promise: Promise) -> None:
    """A new owner does what its cell in `docs/life.md` says, and then nothing is left to do."""
    scene = scene_of(*wordings(cell))
    mails = [f"{name}@example.com" for name in NAMES]
    left = scene.hubspot.load_owners([{"email": mail, "firstName": mail} for mail in mails])
    right = scene.salesforce.load_users([{"Email": mail, "LastName": mail} for mail in mails])
    life = in_state(scene, cell, {HUBSPOT: left[0], SALESFORCE: right[0]})
    life.sams = {HUBSPOT: left[1], SALESFORCE: right[1]}
    life.people.edit(life.here, life.pair, owner=life.sams[life.here])
    life.people.news(life.here, life.pair)
    life.scene.let_it_land()
    promise(life)
    assert life.scene.is_quiet()
