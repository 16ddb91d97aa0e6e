"""Histories that once ended badly, each cut down to what it takes. Random ones stand in `test_life`."""

from __future__ import annotations

from pathlib import Path

from connector.port import System
from tests.sync.life_story import Story

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


def test_two_leads_that_became_one_contact_leave_one_pair(tmp_path: Path) -> None:
    """The Contact's own partner was deleted: one contact gets it, the other waits for a merge."""
    story = Story(tmp_path, deleted="park", merged="merge")
    fay, eve, hal = (story.who(SALESFORCE, name) for name in ("fay", "eve", "hal"))
    story.convert(eve, into=fay)
    story.delete(HUBSPOT, story.who(HUBSPOT, "fay"))
    story.convert(hal, into=fay)
    story.keep_promises()


def test_a_contact_that_comes_back_when_its_partner_has_somebody_else_waits_for_a_merge(
    tmp_path: Path,
) -> None:
    """It brings its old key along; nobody is made for it, and the pair stays as it is."""
    story = Story(tmp_path, deleted="park", merged="merge")
    fay, hal = story.who(HUBSPOT, "fay"), story.who(HUBSPOT, "hal")
    contact = story.who(SALESFORCE, "fay")
    story.convert(story.who(SALESFORCE, "hal"), into=contact)
    story.delete(HUBSPOT, fay)
    story.hear()
    story.work()
    story.restore(HUBSPOT, fay)
    story.keep_promises()
    pair = story.pair_of(SALESFORCE, contact)
    assert pair is not None
    assert pair.hubspot_id == hal


def test_a_twin_whose_namesake_gets_another_address_is_told_at_once(tmp_path: Path) -> None:
    """Bob's contact is merged into Hal's, so Bob's Contact is Hal from then on: the Lead is Bob alone."""
    story = Story(tmp_path, deleted="delete")
    story.create("Contact", "bob")
    story.world.compare_all()
    lead = story.create("Lead", "bob")
    story.merge(HUBSPOT, story.who(HUBSPOT, "hal"), story.who(HUBSPOT, "bob"))
    story.keep_promises()
    assert story.pair_of(SALESFORCE, lead) is not None


def test_two_that_name_each_other_are_a_pair_again_before_anybody_else_gets_one_of_them(
    tmp_path: Path,
) -> None:
    """Eve's Lead is merged into Hal's, whose contact is deleted and comes back: Eve waits for a merge."""
    story = Story(tmp_path)
    eve, hal = story.who(SALESFORCE, "eve"), story.who(SALESFORCE, "hal")
    contact = story.who(HUBSPOT, "hal")
    story.create("Contact", "ann")
    story.delete(HUBSPOT, contact)
    story.merge(SALESFORCE, hal, eve)
    story.hear()
    story.restore(HUBSPOT, contact)
    story.keep_promises()
    pair = story.pair_of(SALESFORCE, hal)
    assert pair is not None
    assert pair.hubspot_id == contact


def test_a_key_that_somebody_out_of_the_bin_holds_stands_on_the_list(tmp_path: Path) -> None:
    """Fay's contact comes back when her Contact is Hal's: a person merges the two contacts."""
    story = Story(tmp_path)
    fay, contact = story.who(HUBSPOT, "fay"), story.who(SALESFORCE, "fay")
    story.delete(HUBSPOT, fay)
    story.world.poll()
    story.world.round()
    story.convert(story.who(SALESFORCE, "hal"), into=contact)
    story.restore(HUBSPOT, fay)
    story.hear()
    story.keep_promises()
    assert {row.parked.cause for row in story.world.ledger.parked_list()} <= {"duplicate_of"}


def test_a_key_that_a_converted_lead_holds_stands_on_the_list(tmp_path: Path) -> None:
    """Eve and Hal are one contact, whose Lead becomes Fay's Contact: the other Lead gets it, without key."""
    story = Story(tmp_path)
    hal = story.who(SALESFORCE, "hal")
    story.merge(HUBSPOT, story.who(HUBSPOT, "hal"), story.who(HUBSPOT, "eve"))
    story.world.poll()
    story.world.round()
    converted = next(
        pair.salesforce_id
        for pair in story.world.ledger.all_pairs("people", after_id=0, limit=99)
        if pair.hubspot_id == story.who(HUBSPOT, "hal")
    )
    story.convert(converted, into=story.who(SALESFORCE, "fay"))
    story.keep_promises()
    assert story.pair_of(SALESFORCE, hal) is not None


def test_an_opt_out_that_a_converted_lead_holds_is_lifted_by_word_alone(tmp_path: Path) -> None:
    """Hal's Lead is frozen as it was: once he has signed up again, no plan speaks of it any more."""
    story = Story(tmp_path)
    hal = story.who(SALESFORCE, "hal")
    story.opt_out(SALESFORCE, hal)
    story.convert(hal, into=story.who(SALESFORCE, "fay"))
    story.keep_promises()


def test_advice_in_a_stored_plan_names_nobody_who_was_forgotten(tmp_path: Path) -> None:
    """Eve is on the list as a further record of Fay, who wants to be forgotten."""
    story = Story(tmp_path)
    fay = story.who(SALESFORCE, "fay")
    story.convert(story.who(SALESFORCE, "eve"), into=fay)
    story.world.compare_all()
    story.forget(SALESFORCE, fay)
    story.keep_promises()


def test_whoever_became_a_contact_a_moment_ago_is_forgotten_too(tmp_path: Path) -> None:
    """Nobody has told us of the conversion when Eve's contact is to be erased."""
    story = Story(tmp_path)
    contact = story.convert(story.who(SALESFORCE, "eve"))
    story.edit(SALESFORCE, contact, email="eve@elsewhere.example")
    story.forget(HUBSPOT, story.who(HUBSPOT, "eve"))
    story.world.work_off_wishes()
    assert contact not in story.world.salesforce.records("Contact")
    story.keep_promises()


def test_whoever_was_entered_there_a_moment_ago_is_forgotten_too(tmp_path: Path) -> None:
    """The ledger has never seen the second Lead of that address."""
    story = Story(tmp_path)
    twin = story.create("Lead", "eve")
    story.erase(story.who(HUBSPOT, "eve"))
    story.work()
    assert twin not in story.world.salesforce.records("Lead")
    story.keep_promises()


def test_a_birth_that_lands_late_brings_nobody_back(tmp_path: Path) -> None:
    """Ann's Lead is on its way when HubSpot erases her: she is forgotten once it is there."""
    story = Story(tmp_path)
    ann = story.create("contacts", "ann")
    story.world.order_trouble(SALESFORCE, "late")
    story.hear()
    story.erase(ann)
    story.work()
    story.world.land()
    story.keep_promises()
    held = story.world.salesforce.records("Lead").values()
    assert "ann@example.com" not in {one.get("email") for one in held}


def test_a_proof_from_the_future_stands_in_no_fresh_ones_way(tmp_path: Path) -> None:
    """Somebody mistyped the year: nothing is lifted by that, and the next sign-up counts."""
    story = Story(tmp_path)
    eve = story.who(HUBSPOT, "eve")
    story.opt_out(HUBSPOT, eve)
    story.hear()
    story.opt_in(HUBSPOT, eve, days=99)
    story.keep_promises()


def test_a_lead_that_became_a_forgotten_contact_a_moment_ago_goes_too(tmp_path: Path) -> None:
    """Eve's Lead is Fay's Contact since, and nobody has told us: no pair is left with a frozen Lead."""
    story = Story(tmp_path)
    story.forget(HUBSPOT, story.who(HUBSPOT, "fay"))
    lead = story.who(SALESFORCE, "eve")
    story.convert(lead, into=story.who(SALESFORCE, "fay"))
    story.work()
    story.opt_out(HUBSPOT, story.who(HUBSPOT, "eve"))
    assert lead not in story.world.salesforce.records("Lead")
    story.keep_promises()


def test_whoever_vanished_and_has_no_partner_waits_for_nobody(tmp_path: Path) -> None:
    """Eve's contact went into Hal's, whom HubSpot erased before we heard of it, and her Lead is deleted."""
    story = Story(tmp_path)
    eve = story.who(HUBSPOT, "eve")
    story.erase(story.merge(HUBSPOT, story.who(HUBSPOT, "hal"), eve))
    story.delete(SALESFORCE, story.who(SALESFORCE, "eve"))
    story.keep_promises()
    vanished = story.world.ledger.record("people", HUBSPOT, eve)
    assert vanished is not None
    assert (vanished.state, vanished.reason) == ("unpaired", "not_visible")


def test_an_opt_out_of_somebody_else_leaves_a_frozen_one_lifted(tmp_path: Path) -> None:
    """Fay signed up again after Hal's Lead became hers; that Eve opts out later changes nothing of it."""
    story = Story(tmp_path)
    hal, fay = story.who(SALESFORCE, "hal"), story.who(SALESFORCE, "fay")
    story.opt_out(SALESFORCE, hal)
    story.hear()
    story.convert(hal, into=fay)
    story.opt_in(SALESFORCE, fay)
    story.hear()
    story.world.time.forward(minutes=1)
    story.opt_out(HUBSPOT, story.who(HUBSPOT, "eve"))
    story.keep_promises()


def test_a_birth_whose_answer_was_lost_is_in_its_pair_although_the_address_changed_since(
    tmp_path: Path,
) -> None:
    """Ann's contact is found by its key, not by her address: it is hers, and no further record of her."""
    story = Story(tmp_path)
    ann = story.create("Contact", "ann")
    story.world.order_trouble(HUBSPOT, "lost_answers")
    story.hear()
    story.edit(SALESFORCE, ann, email="anna@example.com")
    story.opt_out(SALESFORCE, ann)
    story.work(seconds=200)
    story.keep_promises()
    pair = story.pair_of(SALESFORCE, ann)
    assert pair is not None
    assert story.pair_of(HUBSPOT, pair.hubspot_id) == pair


def test_a_key_that_was_refused_is_written_once_its_holder_has_let_go(tmp_path: Path) -> None:
    """Two merges at once, one in each system: the survivor held the key that another contact was to get."""
    story = Story(tmp_path)
    story.merge(HUBSPOT, story.who(HUBSPOT, "hal"), story.who(HUBSPOT, "fay"))
    story.merge(SALESFORCE, story.who(SALESFORCE, "hal"), story.who(SALESFORCE, "eve"))
    story.hear()
    for _ in range(3):
        story.work(seconds=30)
    parked = story.world.ledger.parked_list(cause="duplicate_of")
    assert [row for row in parked if row.parked.line == "key"] == []
    story.keep_promises()


def test_whoever_vanished_without_a_word_is_asked_after_to_an_end(tmp_path: Path) -> None:
    """Eve's contact went into Hal's, who was erased before we heard of it: her Lead stays, and is no longer
    rung for although somebody edits it.
    """
    story = Story(tmp_path)
    eve, hal = story.who(HUBSPOT, "eve"), story.who(HUBSPOT, "hal")
    story.erase(story.merge(HUBSPOT, hal, eve))
    story.world.compare_all()
    lead = story.who(SALESFORCE, "eve")
    story.edit(SALESFORCE, lead, title="0001s")
    story.hear()
    story.keep_promises()
    seen = story.world.ledger.record("people", SALESFORCE, lead)
    assert seen is not None
    assert (seen.state, seen.reason) == ("unpaired", "not_visible")


def test_two_pairs_that_became_one_in_both_systems_at_once_agree_on_what_either_did(
    tmp_path: Path,
) -> None:
    """Eve and Hal are one contact and one Contact by now, with Hal's title as each of the two keeps it."""
    story = Story(tmp_path)
    eve, hal = (story.who(SALESFORCE, name) for name in ("eve", "hal"))
    contact = story.convert(hal)
    story.edit(SALESFORCE, contact, title="hal---title")
    story.convert(eve, into=contact)
    survivor = story.merge(HUBSPOT, story.who(HUBSPOT, "hal"), story.who(HUBSPOT, "eve"))
    story.keep_promises()
    assert story.contacts()[survivor]["title"] == "hal---title"


def test_a_converted_lead_whose_contact_cannot_be_seen_is_told_nothing(tmp_path: Path) -> None:
    """It takes no writes: an opt-out that it refused was due again at every look."""
    story = Story(tmp_path)
    fay = story.who(SALESFORCE, "fay")
    story.opt_out(HUBSPOT, story.who(HUBSPOT, "hal"))
    contact = story.convert(story.who(SALESFORCE, "hal"))
    story.merge(SALESFORCE, fay, contact)
    story.forget(SALESFORCE, fay)
    story.world.work_off_wishes()
    story.keep_promises()


def test_an_erasure_whose_answer_was_lost_still_knows_whom_it_found(tmp_path: Path) -> None:
    """Hal's contact waits for a merge with Fay's, whom he became: HubSpot erased both, and did not say so."""
    story = Story(tmp_path)
    fay = story.who(SALESFORCE, "fay")
    story.convert(story.who(SALESFORCE, "hal"), into=fay)
    story.world.compare_all()
    story.world.order_trouble(HUBSPOT, "lost_answers")
    story.forget(SALESFORCE, fay)
    story.world.work_off_wishes()
    story.keep_promises()


def test_a_merge_is_followed_over_a_conversion_in_between(tmp_path: Path) -> None:
    """Eve's Lead went into Hal's before that became a Contact: her contact waits for a merge with his."""
    story = Story(tmp_path)
    eve, hal = (story.who(SALESFORCE, name) for name in ("eve", "hal"))
    contact = story.who(HUBSPOT, "hal")
    story.merge(SALESFORCE, hal, eve)
    converted = story.convert(hal)
    story.world.unheard = [(SALESFORCE, "Lead", hal)]
    story.hear()
    story.keep_promises()
    pair = story.pair_of(SALESFORCE, converted)
    assert pair is not None
    assert pair.hubspot_id == contact


def test_whoever_was_binned_with_somebody_else_is_erased_where_a_person_asked_for_it(
    tmp_path: Path,
) -> None:
    """HubSpot erases Hal, which puts his Lead into the bin and off our books; the Lead was to go for good."""
    story = Story(tmp_path, erased="delete")
    lead = story.who(SALESFORCE, "hal")
    story.erase(story.who(HUBSPOT, "hal"))
    story.forget(SALESFORCE, lead)
    story.work()
    assert lead not in story.world.salesforce.in_the_bin("Lead")
    story.keep_promises()


def test_whoever_came_out_of_the_bin_is_forgotten_a_second_time(tmp_path: Path) -> None:
    """Hal's Lead is binned and off our books, somebody takes it out, and asks that it be erased for good."""
    story = Story(tmp_path, erased="delete")
    lead = story.who(SALESFORCE, "hal")
    story.erase(story.who(HUBSPOT, "hal"))
    story.work()
    story.restore(SALESFORCE, lead)
    story.hear()
    story.forget(SALESFORCE, lead)
    story.keep_promises()


def test_whoever_was_merged_into_somebody_forgotten_a_moment_ago_goes_off_our_books_too(
    tmp_path: Path,
) -> None:
    """Hal's contact went into Fay's, whose pair we kept: we heard of hers alone when she was to be erased."""
    story = Story(tmp_path)
    fay, hal = story.who(HUBSPOT, "fay"), story.who(HUBSPOT, "hal")
    story.delete(SALESFORCE, story.who(SALESFORCE, "hal"))
    survivor = story.merge(HUBSPOT, hal, fay)
    story.world.unheard = [(HUBSPOT, "contacts", fay)]
    story.hear()
    story.forget(HUBSPOT, survivor)
    story.keep_promises()
