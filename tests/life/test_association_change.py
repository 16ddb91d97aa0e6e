"""A deal moves to another company, or its Opportunity to another Account."""

from __future__ import annotations

from tests.life.cells import Cell, Promise, alike, each_cell
from tests.life.conftest import SceneOf
from tests.life.deals import Deals, Trade, in_state, wordings


def follows(trade: Trade) -> None:
    """The other side moves to the partner of the new company."""
    assert trade.company(trade.there) == trade.new[trade.there]


def stays(trade: Trade) -> None:
    """It stays where it is; nobody is created."""
    assert trade.deals.count(trade.there) == 0


def waits_outside(trade: Trade) -> None:
    """It waits; when the deal is back inside `only`, it follows."""
    assert trade.company(trade.there) != trade.new[trade.there]
    trade.deals.edit(trade.here, trade.pair, description="public")
    trade.deals.news(trade.here, trade.pair)
    follows(trade)


def follows_beside(trade: Trade) -> None:
    """It follows; only the stage, which the other side does not know, waits for a person."""
    follows(trade)
    assert [one.line for one in trade.scene.parked()] == ["stages"]


def waits_for_the_partner(trade: Trade) -> None:
    """The new company has no partner yet: the deal waits for it, and follows when it is there."""
    assert trade.company(trade.there) != trade.new[trade.there]
    assert trade.scene.state(trade.here, trade.pair[trade.here], "deals") == "waiting (partner)"
    trade.deals.name_company(trade.here, trade.new[trade.here])
    partner = trade.scene.partner(trade.here, trade.new[trade.here], "companies")
    assert partner is not None
    assert trade.company(trade.there) == partner


CELLS = alike(
    in_line=follows,
    unpaired=stays,
    filtered=waits_outside,
    parked=follows_beside,
    waiting=waits_for_the_partner,
    deleted_there=stays,
)


@each_cell(hubspot=CELLS, salesforce=CELLS)
def test_association_change(scene_of: SceneOf, cell: Cell, promise: Promise) -> None:
    """A new company does what its cell in `docs/life.md` says, and then nothing is left to do."""
    trade = in_state(Deals(scene_of(*wordings(cell))), cell)
    trade.deals.move_to(trade.here, trade.pair, trade.new[trade.here])
    trade.deals.news(trade.here, trade.pair)
    promise(trade)
    assert trade.scene.is_quiet()
