"""Somebody converts a Lead in Salesforce: an Account, a Contact and an Opportunity stand in its place."""

from __future__ import annotations

from dataclasses import replace

from tests.life.cells import HUBSPOT, SALESFORCE, Cell, Promise, alike, each_cell
from tests.life.conftest import SceneOf
from tests.life.people import CONTACT, LEAD, Life, in_state, wordings


def goes_along(life: Life) -> None:
    """The pair goes along to the Contact; the new Account and Opportunity get a company and a deal."""
    assert moved(life)
    assert (
        life.scene.hubspot.records("contacts")[life.pair.contact]["salesforce_id"]
        == life.pair.record
    )
    [deal] = life.scene.hubspot.records("deals")
    [company] = life.scene.hubspot.records("companies")
    assert life.scene.hubspot.associated("deals", deal, "companies").keys() == {company}


def stays_alone(life: Life) -> None:
    """The Contact stays alone, as its Lead was."""
    assert life.scene.state(SALESFORCE, life.pair.record) == "unpaired (create_never)"
    assert life.people.count(HUBSPOT) == 1


def goes_along_outside(life: Life) -> None:
    """The pair goes along to the Contact, and is still outside `only`."""
    assert moved(life)
    assert life.people.holds(HUBSPOT, life.pair, "title") == "CTO"


def goes_along_and_is_settled(life: Life) -> None:
    """The pair goes along to the Contact, and what the Lead had refused is tried on the Contact."""
    assert moved(life)
    assert life.people.holds(SALESFORCE, life.pair, "title") == "Forbidden"
    assert life.scene.parked() == []


def write_is_readdressed(life: Life) -> None:
    """The pair goes along to the Contact, and so does the write that was on its way to the Lead."""
    assert moved(life)
    for side in (HUBSPOT, SALESFORCE):
        assert life.people.holds(side, life.pair, "last") == "Underway"


def nobody_comes_back(life: Life) -> None:
    """The Contact stays alone: the contact that was deleted in HubSpot does not come back."""
    assert life.scene.partner(SALESFORCE, life.pair.record) is None
    assert life.people.count(HUBSPOT) == 1


def moved(life: Life) -> bool:
    """Whether the Contact is the contact's partner, and nobody was made beside them."""
    is_partner = life.scene.partner(HUBSPOT, life.pair.contact) == life.pair.record
    return is_partner and life.people.count(HUBSPOT) == 2


def test_a_contact_that_is_heard_of_before_its_lead_brings_nobody_back(scene_of: SceneOf) -> None:
    """The contact in HubSpot was deleted, and the bell of the Lead comes late, or never."""
    cell = Cell(SALESFORCE, "deleted there")
    life = in_state(scene_of(*wordings(cell)), cell)
    life.scene.time.pass_by(1)
    made = life.scene.salesforce.convert(life.pair.record)
    life.pair = replace(life.pair, record=made.contact_id, object=CONTACT)
    life.scene.ring(SALESFORCE, "Account", made.account_id)
    life.scene.news(SALESFORCE, CONTACT, made.contact_id)
    life.scene.let_it_land()
    nobody_comes_back(life)
    assert life.scene.is_quiet()


CELLS = alike(
    in_line=goes_along,
    unpaired=stays_alone,
    filtered=goes_along_outside,
    parked=goes_along_and_is_settled,
    waiting=write_is_readdressed,
    deleted_there=nobody_comes_back,
)


@each_cell(salesforce=CELLS)
def test_convert(scene_of: SceneOf, cell: Cell, promise: Promise) -> None:
    """A conversion does what its cell in `docs/life.md` says; the frozen Lead is left alone."""
    life = in_state(scene_of(*wordings(cell)), cell)
    lead = life.pair.record
    life.scene.time.pass_by(1)
    made = life.scene.salesforce.convert(lead, opportunity="架け橋 新規")
    frozen = life.people.live(SALESFORCE, LEAD)[lead]
    life.pair = replace(life.pair, record=made.contact_id, object=CONTACT)
    life.scene.ring(SALESFORCE, LEAD, lead)
    life.scene.ring(SALESFORCE, CONTACT, made.contact_id)
    life.scene.ring(SALESFORCE, "Account", made.account_id)
    life.scene.news(SALESFORCE, "Opportunity", str(made.opportunity_id))
    life.scene.let_it_land()
    promise(life)
    assert life.people.live(SALESFORCE, LEAD)[lead] == frozen
    assert life.scene.is_quiet()
