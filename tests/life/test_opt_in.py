"""Somebody who had opted out opts in again: HubSpot keeps the proof, a tick in Salesforce proves nothing."""

from __future__ import annotations

from tests.life.cells import HUBSPOT, SALESFORCE, Cell, Promise, alike, each_cell
from tests.life.conftest import SceneOf
from tests.life.people import Life, in_state, wordings

MARKETING = "413098765"


def is_lifted(life: Life) -> None:
    """A sign-up through a form is proof: the opt-out is lifted on both sides."""
    for side in (life.here, life.there):
        assert not life.people.is_out(side, life.pair)


def is_lifted_here(life: Life) -> None:
    """The opt-out is lifted where the person signed up; nobody else is touched."""
    assert not life.people.is_out(life.here, life.pair)
    assert life.people.count(life.there) == 1


def is_put_back(life: Life) -> None:
    """An unticked box proves nothing: the opt-out is put back."""
    for side in (life.here, life.there):
        assert life.people.is_out(side, life.pair)


def is_put_back_here(life: Life) -> None:
    """An unticked box proves nothing here either: the opt-out is put back; nobody else is touched."""
    assert life.people.is_out(life.here, life.pair)
    assert life.people.count(life.there) == 1


SIGNED_UP = alike(
    in_line=is_lifted,
    unpaired=is_lifted_here,
    filtered=is_lifted,
    parked=is_lifted,
    waiting=is_lifted,
    deleted_there=is_lifted_here,
)
UNTICKED = alike(
    in_line=is_put_back,
    unpaired=is_put_back_here,
    filtered=is_put_back,
    parked=is_put_back,
    waiting=is_put_back,
    deleted_there=is_put_back_here,
)


@each_cell(hubspot=SIGNED_UP, salesforce=UNTICKED)
def test_opt_in(scene_of: SceneOf, cell: Cell, promise: Promise) -> None:
    """An opt-in does what its cell in `docs/life.md` says, and then nothing is left to do."""
    life = in_state(scene_of(*wordings(cell)), cell)
    address = str(life.people.holds(life.here, life.pair, "email"))
    life.people.edit(life.here, life.pair, out="true" if life.here is HUBSPOT else True)
    life.people.news(life.here, life.pair)
    life.scene.let_it_land()
    life.scene.time.pass_by(3600)
    if life.here is HUBSPOT:
        life.scene.hubspot.sign_up(address, MARKETING)
    else:
        life.people.edit(SALESFORCE, life.pair, out=False)
    life.people.news(life.here, life.pair)
    life.scene.let_it_land()
    promise(life)
    assert life.scene.is_quiet()
