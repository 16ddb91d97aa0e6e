"""Forgetting needs no definition, and nobody goes on telling of whoever was forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from connector.port import System
from intent.model import Card, Subject
from mappings.schema import ConsentLine
from tests.sync.bridge import sqlite_url
from tests.sync.website import ANN, FIELDS, Website, interested

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
BOB = "bob@acme.example"
ACME = Subject("account", "acme.example")
BLANK = dict.fromkeys(FIELDS)


@pytest.fixture
def site(tmp_path: Path) -> Website:
    """Ann and Bob of Acme stand in both systems; a line says whether they may be followed."""
    made = interested()
    line = ConsentLine(id="tracking", hubspot="optout", salesforce="OptOut")
    lines = {name: replace(of, consent=(line,)) for name, of in made.objects.items()}
    found = Website(sqlite_url(tmp_path), mapping=replace(made, objects=lines))
    for email in (ANN, BOB):
        found.hubspot.seed("contacts", {"email": email})
        found.salesforce.seed("Lead", {"email": email})
    found.resync()
    return found


def asks(site: Website, email: str, ago: timedelta = timedelta()) -> None:
    """Somebody read the prices, and asked for an offer."""
    site.happens("pricing_view", email=email, topic="pricing", ago=ago)
    site.happens("form_submit_handraise", email=email, topic="pricing", ago=ago)


def contact(site: Website, email: str) -> str:
    return next(n for n, r in site.hubspot.records("contacts").items() if r["email"] == email)


def lead(site: Website, email: str) -> str:
    return next(n for n, r in site.salesforce.records("Lead").items() if r["email"] == email)


def held(site: Website, email: str) -> list[dict[str, object]]:
    """What both systems hold of somebody, as far as it is ours."""
    records = (
        site.hubspot.records("contacts")[contact(site, email)],
        site.salesforce.records("Lead")[lead(site, email)],
    )
    return [{name: one.get(name) or None for name in FIELDS} for one in records]


def account(site: Website) -> Card:
    return site.store.told([ACME])[ACME]


def another_definition(site: Website) -> None:
    """It was changed, and nobody has made the scores anew yet."""
    site.definition = replace(site.definition, hash="another", version="2")


# Whatever state the definition is in --------------------------------------------------------------


def test_an_erasure_waits_for_no_definition_and_neither_does_anybody_else(site: Website) -> None:
    """Ann is gone from both systems and from here, and the same round brings Bob's edit."""
    asks(site, ANN)
    site.carry()
    another_definition(site)
    site.ledger.ask_to_erase(HUBSPOT, "contacts", contact(site, ANN), site.time(), own=True)
    site.ring(HUBSPOT, "contacts", contact(site, ANN))
    site.hubspot.edit("contacts", contact(site, BOB), {"first": "Bob"})
    site.ring(HUBSPOT, "contacts", contact(site, BOB))
    site.round()
    assert [one["email"] for one in site.hubspot.records("contacts").values()] == [BOB]
    assert site.salesforce.records("Lead")[lead(site, BOB)]["first"] == "Bob"
    assert not site.store.subjects_by("email", [ANN])
    assert site.ledger.pending_erasures() == []


@pytest.mark.parametrize("where", ["in a system", "at a door"])
def test_an_opt_out_waits_for_no_definition(site: Website, where: str) -> None:
    """The scores are blank in both systems before anything is made anew."""
    asks(site, ANN)
    site.carry()
    assert held(site, ANN)[0]["score"] is not None
    another_definition(site)
    if where == "in a system":
        site.salesforce.edit("Lead", lead(site, ANN), {"OptOut": True})
        site.ring(SALESFORCE, "Lead", lead(site, ANN))
    else:
        (subject,) = site.store.subjects_by("email", [ANN]).values()
        site.withdrawer.erase(subject)
    site.settle()
    assert held(site, ANN) == [BLANK, BLANK]
    assert not site.store.subjects_by("email", [ANN])


# Nobody goes on telling of them -------------------------------------------------------------------


def test_a_company_and_colleagues_tell_nothing_of_whoever_was_forgotten(site: Website) -> None:
    """At once: Bob was there last, so that nothing else has changed."""
    site.happens("content_download", email=ANN, topic="case_study", ago=timedelta(minutes=2))
    asks(site, ANN, timedelta(minutes=2))
    asks(site, BOB)
    site.carry()
    before, mine = account(site), held(site, BOB)
    assert (before.active_persons, mine[0]["score"] is not None) == (2, True)
    (subject,) = site.store.subjects_by("email", [ANN]).values()
    site.withdrawer.erase(subject)
    site.carry()
    after = account(site)
    assert after.active_persons == 1
    assert after.engagement < before.engagement
    assert after.last_at == before.last_at
    assert held(site, BOB)[0]["reason_internal_en"] != mine[0]["reason_internal_en"]
    again = account(site)
    site.carry()
    assert account(site) == again, "once"


def test_whoever_reads_a_card_while_somebody_is_forgotten_reads_it_again(site: Website) -> None:
    """A worker that looked before puts its card on file after: it is no longer true."""
    asks(site, ANN, timedelta(minutes=2))
    asks(site, BOB)
    site.carry()
    stale = account(site)
    (subject,) = site.store.subjects_by("email", [ANN]).values()
    site.withdrawer.erase(subject)
    site.store.tell([stale], {ACME: None}, site.time())
    site.carry()
    assert account(site).active_persons == 1


# Two who are one ----------------------------------------------------------------------------------


@pytest.mark.parametrize("by_bell", [True, False])
def test_two_contacts_that_were_merged_are_one_person_here_too(
    site: Website, *, by_bell: bool
) -> None:
    """The survivor tells what both did, and what still comes in under the old names."""
    asks(site, ANN, timedelta(minutes=2))
    site.happens("pricing_view", email=BOB, topic="pricing")
    site.carry()
    loser, winner = contact(site, ANN), contact(site, BOB)
    alone = site.card(BOB)
    another_definition(site)
    survivor = site.hubspot.join("contacts", loser, winner)
    site.by_bell = by_bell
    site.news(HUBSPOT, "contacts", survivor, loser, winner)
    for _ in range(2):
        site.carry()
    subjects = site.store.subjects_by("email", [ANN, BOB])
    assert subjects[ANN] == subjects[BOB]
    both = site.card(BOB)
    assert both is not None
    assert both.engagement > (0 if alone is None else alone.engagement) + 20
    assert site.hubspot.records("contacts")[contact(site, BOB)]["score"] == both.engagement
