"""Somebody makes a new record: what it meets on the other side."""

from __future__ import annotations

import pytest

from tests.life.cells import HUBSPOT, SALESFORCE, STATES, Cell, Promise, each_cell
from tests.life.conftest import SceneOf
from tests.life.people import (
    LEAD,
    OUTSIDE,
    REFUSED,
    Life,
    Pair,
    People,
    lose_answers,
    wordings,
)
from tests.life.scene import Scene


def refused_by_hubspot(life: Life) -> None:
    """HubSpot itself refuses a second contact with the address of a paired one."""
    paired(life)
    with pytest.raises(ValueError, match="already exists"):
        life.people.add(HUBSPOT, "ann")
    assert life.people.count(HUBSPOT) == 2


def further_one_is_parked(life: Life) -> None:
    """A second Lead of a paired person is parked as `duplicate_of`; nobody is created."""
    paired(life)
    new = made(life)
    [parked] = life.scene.parked()
    assert (parked.record_id, parked.cause) == (new, "duplicate_of")
    assert life.people.count(HUBSPOT) == 2


def nobody_may_be_created(life: Life) -> None:
    """Where the file says `never`, it stays alone: `unpaired (create_never)`."""
    new = made(life)
    assert life.scene.state(life.here, new) == "unpaired (create_never)"
    assert life.people.count(life.there) == 1


def partner_is_outside(life: Life) -> None:
    """Whom it would be paired with is outside `only`: it waits beside them; nobody is created."""
    life.people.add(life.there, "ann", title=OUTSIDE)
    life.scene.compare()
    new = made(life)
    assert life.scene.state(life.here, new) == "filtered (partner_filtered)"
    assert life.people.count(life.there) == 2


def several_are_parked(life: Life) -> None:
    """Two Leads of that address are parked as ambiguous, and so is the new contact; nobody is created."""
    for _ in range(2):
        life.people.add(SALESFORCE, "ann")
    life.scene.compare()
    made(life)
    assert {one.cause for one in life.scene.parked()} == {"ambiguous"}
    assert (life.people.count(HUBSPOT), life.people.count(SALESFORCE)) == (2, 3)


def frees_the_parked_one(life: Life) -> None:
    """A contact whose Lead was refused is parked; a new Lead becomes its partner, and all is tried anew."""
    contact = life.people.add(HUBSPOT, "ann", title=REFUSED)
    life.scene.compare()
    assert [one.record_id for one in life.scene.parked()] == [contact]
    new = made(life)
    assert life.scene.partner(SALESFORCE, new) == contact
    assert life.people.count(HUBSPOT) == 2
    life.people.edit(HUBSPOT, Pair(contact, new), title="CTO")
    life.people.news(HUBSPOT, Pair(contact, new))
    assert life.people.holds(SALESFORCE, Pair(contact, new), "title") == "CTO"


def is_created_once(life: Life) -> None:
    """The answer to its creation is lost: it is found by its key; nobody is made twice."""
    lose_answers(life.scene, life.there)
    new = life.people.add(life.here, "ann")
    life.people.news(life.here, Pair(new, new))
    life.scene.let_it_land()
    assert life.people.count(life.there) == 2
    assert life.scene.partner(life.here, new) is not None


def is_somebody_new(life: Life) -> None:
    """The old pair was deleted on both sides: a new record is a new person, and gets a new partner."""
    pair = paired(life)
    for side in (life.here, life.there):
        life.people.delete(side, pair)
        life.scene.news(side, pair.object_of(side), pair.id(side), kind="deleted")
    new = made(life)
    assert life.scene.partner(life.here, new) not in {None, pair.id(life.there)}
    assert life.people.count(life.there) == 2


def paired(life: Life) -> Pair:
    """Ann, in line on both sides."""
    pair = Pair(life.people.add(HUBSPOT, "ann"), life.people.add(SALESFORCE, "ann"))
    life.scene.compare()
    return pair


def made(life: Life) -> str:
    """The new record, noticed."""
    new = life.people.add(life.here, "ann")
    life.people.news(life.here, Pair(new, new))
    return new


def without_a_pair(scene: Scene, cell: Cell) -> Life:
    """Bob is in line; Ann is nowhere yet."""
    people = People(scene)
    scene.salesforce.add_validation_rule(
        LEAD, lambda row: row.get("Title") == REFUSED, "this title is forbidden"
    )
    for side in (HUBSPOT, SALESFORCE):
        people.add(side, "bob")
    scene.compare()
    return Life(scene, people, Pair("", ""), cell)


HERE = (nobody_may_be_created, partner_is_outside)
THERE = (is_created_once, is_somebody_new)
ON_HUBSPOT = dict(zip(STATES, (refused_by_hubspot, *HERE, several_are_parked, *THERE), strict=True))
ON_SALESFORCE = dict(
    zip(STATES, (further_one_is_parked, *HERE, frees_the_parked_one, *THERE), strict=True)
)


@each_cell(hubspot=ON_HUBSPOT, salesforce=ON_SALESFORCE)
def test_create(scene_of: SceneOf, cell: Cell, promise: Promise) -> None:
    """A new record does what its cell in `docs/life.md` says, and then nothing is left to do."""
    life = without_a_pair(scene_of(*wordings(cell)), cell)
    promise(life)
    assert life.scene.is_quiet()
