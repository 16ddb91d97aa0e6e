"""What should not happen and does: everything at once, in the wrong order, or about nobody."""

from __future__ import annotations

from connector.port import System
from tests.life.cells import HUBSPOT, SALESFORCE, Cell
from tests.life.conftest import SceneOf
from tests.life.deals import Deals, stage_of_its_own
from tests.life.deals import in_state as deal_in_state
from tests.life.orgs import Wording
from tests.life.people import CONTACTS, LEAD, Life, Pair, People, in_state
from tests.life.scene import Scene

IN_LINE = Cell(HUBSPOT, "in line")
DELETES = Wording(
    "people.yaml",
    "when_deleted_in: {hubspot: unlink, salesforce: unlink}",
    "when_deleted_in: {hubspot: delete, salesforce: delete}",
)


def two(scene: Scene, name: str) -> Pair:
    """Somebody who is in line on both sides after the next compare."""
    people = People(scene)
    return Pair(people.add(HUBSPOT, name), people.add(SALESFORCE, name))


def test_edits_of_winner_and_loser_during_a_merge_all_arrive(scene: Scene) -> None:
    """Two pairs, both edited on both sides, become one in Salesforce; nobody's edit of it is lost."""
    people, ann, bea = People(scene), two(scene, "ann"), two(scene, "bea")
    scene.compare()
    people.edit(HUBSPOT, ann, title="CEO")
    people.edit(HUBSPOT, bea, title="CFO")
    people.edit(SALESFORCE, ann, first="Anna")
    people.edit(SALESFORCE, bea, first="Beatrix")
    people.merge(SALESFORCE, ann.record, bea.record)
    scene.news(SALESFORCE, LEAD, ann.record, bea.record)
    scene.news(HUBSPOT, CONTACTS, ann.contact, bea.contact)
    assert people.holds(SALESFORCE, ann, "title") == "CEO"
    assert people.holds(HUBSPOT, ann, "first") == "Anna"
    [parked] = scene.parked()
    assert (parked.record_id, parked.cause) == (bea.contact, "duplicate_of")
    assert people.holds(HUBSPOT, bea, "title") == "CFO"
    assert scene.is_quiet()


def test_a_merged_into_b_merged_into_c_is_followed_to_its_end(scene: Scene) -> None:
    """Only then does anybody look: one pair is left, and the others' contacts are listed."""
    people = People(scene)
    ann, bea, eve = two(scene, "ann"), two(scene, "bea"), two(scene, "eve")
    scene.compare()
    people.merge(SALESFORCE, bea.record, ann.record)
    people.merge(SALESFORCE, eve.record, bea.record)
    scene.news(SALESFORCE, LEAD, ann.record, bea.record, eve.record)
    assert scene.partner(SALESFORCE, eve.record) == eve.contact
    listed = {(one.record_id, one.cause) for one in scene.parked()}
    assert listed == {(ann.contact, "duplicate_of"), (bea.contact, "duplicate_of")}
    assert (people.count(HUBSPOT), people.count(SALESFORCE)) == (3, 1)
    assert scene.is_quiet()


def test_contacts_merged_one_into_the_other_are_followed_to_the_last_id(scene: Scene) -> None:
    """HubSpot makes a new id each time, and Salesforce's key is the last one."""
    people = People(scene)
    ann, bea, eve = two(scene, "ann"), two(scene, "bea"), two(scene, "eve")
    scene.compare()
    first = people.merge(HUBSPOT, bea.contact, ann.contact)
    last = people.merge(HUBSPOT, eve.contact, first)
    scene.news(HUBSPOT, CONTACTS, ann.contact, bea.contact, eve.contact, first, last)
    kept = scene.partner(HUBSPOT, last)
    assert kept in {ann.record, bea.record, eve.record}
    assert people.live(SALESFORCE)[str(kept)]["HubSpot_Id__c"] == last
    assert (people.count(HUBSPOT), people.count(SALESFORCE)) == (1, 3)
    assert {one.cause for one in scene.parked()} == {"duplicate_of"}
    assert scene.is_quiet()


def deleted_and_edited(scene_of: SceneOf, side: System) -> Life:
    """Deleted on one side and edited on the other before anybody looked, where deletions travel."""
    life = in_state(scene_of(DELETES), Cell(side, "in line"))
    life.people.delete(life.here, life.pair)
    life.people.edit(life.there, life.pair, first="Anna")
    life.scene.ring(life.here, life.pair.object_of(life.here), life.pair.id(life.here))
    life.people.news(life.there, life.pair)
    return life


def test_delete_here_and_edit_there_at_once_waits_for_a_person(scene_of: SceneOf) -> None:
    """Although deletions travel: the edited record stays, and somebody decides."""
    life = deleted_and_edited(scene_of, HUBSPOT)
    assert life.people.holds(SALESFORCE, life.pair, "first") == "Anna"
    [parked] = life.scene.parked()
    assert (parked.record_id, parked.cause) == (life.pair.record, "partner_deleted")
    assert life.people.count(HUBSPOT) == 1


def test_delete_there_and_edit_here_at_once_waits_for_a_person(scene_of: SceneOf) -> None:
    """The same, the other way round."""
    life = deleted_and_edited(scene_of, SALESFORCE)
    assert life.people.holds(HUBSPOT, life.pair, "first") == "Anna"
    [parked] = life.scene.parked()
    assert (parked.record_id, parked.cause) == (life.pair.contact, "partner_deleted")
    assert life.people.count(SALESFORCE) == 1


def test_a_stage_that_the_other_side_does_not_know_waits_alone(scene: Scene) -> None:
    """The rest of the deal travels; the stage says what to write into the file."""
    trade = deal_in_state(Deals(scene), IN_LINE)
    stage_of_its_own(scene, trade.pair[HUBSPOT])
    trade.deals.edit(HUBSPOT, trade.pair, amount="500000")
    trade.deals.news(HUBSPOT, trade.pair)
    held = scene.salesforce.records("Opportunity")[trade.pair[SALESFORCE]]
    assert (held["StageName"], float(held["Amount"])) == ("Prospecting", 500000)
    [parked] = scene.parked()
    assert (parked.line, parked.cause) == ("stages", "unknown_option")
    assert scene.is_quiet()


def test_an_opportunity_without_an_account_becomes_a_deal_without_a_company(scene: Scene) -> None:
    """Nothing is awaited, and it follows as soon as it has one."""
    deals = Deals(scene)
    record = deals.add(SALESFORCE, "更新", None)
    scene.compare()
    deal = scene.partner(SALESFORCE, record, "deals")
    assert deal is not None
    assert scene.hubspot.associated("deals", deal, "companies") == {}
    assert scene.is_quiet()


def test_an_owner_who_left_is_no_reason_to_change_the_other_side(scene: Scene) -> None:
    """Inactive users have no partner: the owner there stays, and the rest travels."""
    [left] = scene.hubspot.load_owners([{"email": "kim@example.com", "firstName": "Kim"}])
    users = [
        {"Email": "kim@example.com", "LastName": "Kim"},
        {"Email": "sam@example.com", "LastName": "Sam"},
    ]
    kim, sam = scene.salesforce.load_users(users)
    scene.hubspot.load_owners([{"email": "sam@example.com", "firstName": "Sam"}])
    life = in_state(scene, IN_LINE, {HUBSPOT: left, SALESFORCE: kim})
    life.people.edit(SALESFORCE, life.pair, owner=sam, first="Anna")
    scene.salesforce.state.tables["User"].rows[sam]["IsActive"] = False
    life.people.news(SALESFORCE, life.pair)
    assert life.people.holds(HUBSPOT, life.pair, "owner") == left
    assert life.people.holds(HUBSPOT, life.pair, "first") == "Anna"
    assert life.people.holds(SALESFORCE, life.pair, "owner") == sam


def test_a_deletion_of_a_third_of_everybody_stops_at_the_guard(scene_of: SceneOf) -> None:
    """Deletions travel here, but not so many at once: a person has to allow them."""
    scene = scene_of(DELETES)
    people, pairs = People(scene), [two(scene, f"p{n}") for n in range(40)]
    scene.compare()
    for pair in pairs[:13]:
        people.delete(HUBSPOT, pair)
    report = scene.compare()
    [tripped] = report.guards
    assert tripped.guard == "deletes"
    assert people.count(SALESFORCE) == 40
    scene.compare(allowed={"deletes": 13})
    assert people.count(SALESFORCE) == 27
    assert people.count(HUBSPOT) == 27


def test_a_privacy_deletion_of_somebody_unknown_blocks_nobody(scene: Scene) -> None:
    """Neither HubSpot nor the ledger puts anybody on a list, and whoever has that address is let in."""
    two(scene, "bob")
    scene.compare()
    people = People(scene)
    stranger = Pair(people.add(HUBSPOT, "eve"), "")
    scene.hubspot.erase(CONTACTS, stranger.contact)
    scene.news(HUBSPOT, CONTACTS, stranger.contact, kind="erased")
    scene.news(HUBSPOT, CONTACTS, "999999", kind="erased")
    assert scene.ledger.erasure_counts()["pending"] == 0
    lead = people.add(SALESFORCE, "eve")
    scene.news(SALESFORCE, LEAD, lead)
    partner = scene.partner(SALESFORCE, lead)
    assert partner in people.live(HUBSPOT)
    assert scene.is_quiet()
