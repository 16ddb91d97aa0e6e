"""From a visit to both systems: what is scored, what is told, when, and that a quiet day costs no write."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from connector.port import System
from intent.definition import FitRule
from intent.model import Card, Subject, SurgeStanding
from intent.withdrawals import withdrawn_in
from mappings.schema import ConsentLine
from tests.sync.bridge import sqlite_url
from tests.sync.website import ANN, FIELDS, SHIPPED_DEFINITION, Website, interested

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
DAY = timedelta(days=1)


@pytest.fixture
def site(tmp_path: Path) -> Website:
    """Ann stands in both systems, in line, and nobody knows anything of her."""
    found = Website(sqlite_url(tmp_path))
    found.hubspot.seed("contacts", {"email": ANN, "title": "CTO"})
    found.salesforce.seed("Lead", {"email": ANN})
    found.resync()
    return found


def held(site: Website) -> list[dict[str, object]]:
    """What both systems hold of her, as far as it is ours."""
    records = [
        *site.hubspot.records("contacts").values(),
        *site.salesforce.records("Lead").values(),
    ]
    return [{name: one.get(name) for name in FIELDS} for one in records]


def asks(site: Website) -> None:
    """She read the prices yesterday and today, and asked for an offer."""
    site.happens("pricing_view", topic="pricing", ago=DAY)
    site.happens("pricing_view", topic="pricing")
    site.happens("form_submit_handraise", topic="pricing")


def writes(site: Website) -> int:
    return site.hubspot.calls.writes + site.salesforce.calls.writes


def test_a_visit_is_told_in_both_systems_exactly_as_it_stands_on_file(site: Website) -> None:
    """Score, band, topic and sentences; the second plan is empty."""
    asks(site)
    site.carry()
    card = site.card()
    assert card is not None
    expected = {
        "score": card.engagement,
        "band": card.band,
        "top_topic": "pricing",
        "reason_outward_ja": card.reason_outward_ja,
        "reason_internal_en": card.reason_internal_en,
        "surge": False,
    }
    assert held(site) == [expected, expected]
    assert card.engagement >= 40
    assert "料金" in str(card.reason_outward_ja)
    assert site.planned() == []


def test_one_look_at_a_page_is_nothing_to_tell(site: Website) -> None:
    """A point more or less costs nobody a write."""
    site.happens("page_view")
    site.carry()
    assert site.card() is None
    assert held(site) == [dict.fromkeys(FIELDS)] * 2


def test_within_six_hours_only_what_cannot_wait_is_told(site: Website) -> None:
    """Some more pages wait; another band goes at once."""
    site.happens("pricing_view", topic="pricing")
    site.happens("pricing_view", topic="pricing", ago=DAY)
    site.carry()
    first = site.card()
    assert first is not None
    site.happens("case_study_view", topic="case_study")
    for _ in range(4):
        site.happens("comparison_view", topic="case_study")
    before = writes(site)
    site.carry()
    assert site.card() == first
    assert writes(site) == before
    site.time.forward(hours=6)
    site.carry()
    later = site.card()
    assert later is not None
    assert later.engagement - first.engagement >= 10


def test_what_comes_in_late_or_is_taken_back_is_told_in_time_although_nothing_newer_happened(
    site: Website,
) -> None:
    """Ten points within a band, both ways."""
    site.happens("pricing_view", topic="pricing")
    site.carry()
    site.time.forward(hours=6)
    late = [
        site.happens("comparison_view", topic="case_study", ago=DAY / 2 + n * DAY / 100)
        for n in range(4)
    ]
    site.carry()
    told = site.card()
    assert told is not None
    assert told.engagement >= 15
    site.store.retract(late, "test", SHIPPED_DEFINITION)
    site.carry()
    assert site.card() == told
    site.time.forward(hours=6)
    site.carry()
    after = site.card()
    assert after is not None
    assert after.engagement <= 6
    assert after.band == told.band
    assert after.last_at == told.last_at


def test_a_band_that_goes_up_goes_at_once(site: Website) -> None:
    """Whenever the last card was told."""
    site.happens("pricing_view", topic="pricing")
    site.happens("pricing_view", topic="pricing", ago=DAY)
    site.carry()
    site.happens("form_submit_handraise", topic="pricing")
    site.carry()
    card = site.card()
    assert card is not None
    assert card.band == "C2"


def test_what_fades_costs_a_write_where_a_band_changes_and_when_it_is_gone(site: Website) -> None:
    """Half a year of nights without a visit."""
    asks(site)
    site.carry()
    bands = []
    for _ in range(60):
        site.time.forward(days=7)
        before = writes(site)
        site.teller.work()
        site.round()
        if writes(site) > before:
            card = site.card()
            assert card is not None
            bands.append((card.band, card.engagement > 0))
    assert bands == [("C3", True), ("C3", False)]
    assert held(site)[0]["score"] == 0


def test_a_crawler_told_late_takes_its_points_along(site: Website) -> None:
    """And the band that it had brought."""
    ids = [site.happens("pricing_view", topic="pricing") for _ in range(3)]
    ids.append(site.happens("form_submit_handraise", topic="pricing"))
    site.carry()
    site.store.retract(ids, "crawler", site.definition)
    site.time.forward(hours=7)
    site.carry()
    card = site.card()
    assert card is not None
    assert card.engagement == 0
    assert held(site)[0]["score"] == 0


def test_fit_is_asked_of_hubspot_when_a_card_is_told(tmp_path: Path) -> None:
    """The rules of the definition over the record; nobody is read who only came by."""
    rules = (FitRule(when="title is 'CTO'", points=80, on="contacts"),)
    site = Website(sqlite_url(tmp_path), definition=replace(SHIPPED_DEFINITION, fit=rules))
    site.hubspot.seed("contacts", {"email": ANN, "title": "CTO"})
    site.salesforce.seed("Lead", {"email": ANN})
    site.resync()
    before = site.hubspot.calls.reads
    site.happens("page_view")
    site.teller.work()
    assert site.hubspot.calls.reads == before
    asks(site)
    site.carry()
    card = site.card()
    assert card is not None
    assert (card.fit, card.band) == (80, "A2")


def test_a_worker_that_dies_before_it_rings_costs_nothing_but_time(site: Website) -> None:
    """The bell was there before the card; and a whole compare finds the card without any bell."""
    asks(site)
    site.time.forward(seconds=1)
    site.teller.work()
    for bell in site.ledger.take_bells("lost", site.time(), limit=200):
        site.ledger.wipe([bell], [], site.time())
    assert held(site)[0]["score"] is None
    site.resync()
    assert held(site)[0]["score"] == site.card().engagement  # type: ignore[union-attr]  # it was told
    assert site.planned() == []


def test_another_definition_makes_all_scores_anew(site: Website) -> None:
    """Whoever works first does it; nothing of the old scores is added to."""
    asks(site)
    site.carry()
    kinds = {
        name: replace(kind, points=kind.points / 2)
        for name, kind in SHIPPED_DEFINITION.kinds.items()
    }
    before = site.card()
    site.definition = replace(SHIPPED_DEFINITION, version="2", hash="another", kinds=kinds)
    site.time.forward(hours=7)
    site.carry()
    site.carry()
    after = site.card()
    assert before is not None
    assert after is not None
    assert after.definition == "2"
    assert after.engagement < before.engagement


BOB = "bob@acme.example"


def as_ever(site: Website) -> None:
    """For three months somebody of the company looks at documentation, on every other day."""
    for day in range(12, 97, 2):
        site.happens("page_view", email=BOB, ago=timedelta(days=day))


def asks_for_prices(site: Website) -> None:
    for day in (0, 2, 4):
        site.happens("pricing_view", topic="pricing", ago=timedelta(days=day))


def account_card(site: Website) -> Card | None:
    company = Subject("account", "acme.example")
    return site.store.told([company]).get(company)


def test_a_company_that_turns_to_a_topic_surges_and_so_do_its_people(site: Website) -> None:
    """As often as ever, but about the prices: at once, and both sentences name what it is about."""
    as_ever(site)
    site.carry()
    before = account_card(site)
    assert before is None or not before.surge
    asks_for_prices(site)
    site.carry()
    company, ann = account_card(site), site.card()
    assert company is not None
    assert ann is not None
    assert (company.surge, ann.surge) == (True, True)
    assert "会社として「料金」への関心が急上昇" in str(company.reason_internal_ja)
    assert "Interest of the company in “pricing” surges" in str(ann.reason_internal_en)
    assert held(site)[0]["surge"] is True


@pytest.mark.parametrize(("surprise", "told"), [(3.9, False), (1.0, True)])
def test_a_surge_that_returns_within_two_weeks_is_told_only_where_it_is_louder(
    site: Website, surprise: float, told: bool
) -> None:
    """It began three days ago and ended; the next one is a hundred times less probable, or no news."""
    company = Subject("account", "acme.example")
    before = SurgeStanding(site.time() - 3 * DAY, surprise, is_over=True)
    site.store.note_surges({(company, topic): before for topic in ("", "pricing")})
    asks_for_prices(site)
    site.happens("form_submit_handraise")
    site.carry()
    card = account_card(site)
    assert card is not None
    assert card.surge is told
    # Never seen before these days: it is new, and no number of times of anything.
    assert ("会社として「料金」への関心は新規" in str(card.reason_internal_ja)) is told
    assert "通常の" not in str(card.reason_internal_ja)


def forbidding(tmp_path: Path) -> Website:
    """Ann, hot in both systems, and a consent line for being followed."""
    made = interested()
    line = ConsentLine(id="tracking", hubspot="optout", salesforce="OptOut")
    lines = {name: replace(of, consent=(line,)) for name, of in made.objects.items()}
    site = Website(sqlite_url(tmp_path), mapping=replace(made, objects=lines))
    site.hubspot.seed("contacts", {"email": ANN})
    site.salesforce.seed("Lead", {"email": ANN})
    site.resync()
    asks(site)
    site.carry()
    assert held(site)[0]["score"] is not None
    return site


def nothing(site: Website) -> bool:
    """Both systems are blank, and so is what is on file."""
    known = site.store.subjects_by("email", [ANN])
    sums = site.store.states(known.values(), site.definition)
    return held(site) == [dict.fromkeys(FIELDS) | {"surge": None}] * 2 and not sums


def test_an_opt_out_in_one_system_erases_everything_in_both_and_on_file(tmp_path: Path) -> None:
    """Whichever system it is set in; a second plan is empty."""
    site = forbidding(tmp_path)
    (right,) = site.salesforce.records("Lead")
    site.salesforce.edit("Lead", right, {"OptOut": True})
    site.ring(SALESFORCE, "Lead", right)
    site.settle()
    assert nothing(site)
    assert site.planned() == []


def test_what_still_comes_in_of_whoever_opted_out_is_not_kept(tmp_path: Path) -> None:
    """Their browser may not have heard of it yet: no consent, no score."""
    site = forbidding(tmp_path)
    (left,) = site.hubspot.records("contacts")
    site.hubspot.edit("contacts", left, {"optout": True})
    site.ring(HUBSPOT, "contacts", left)
    site.settle()
    asks(site)
    site.carry()
    assert nothing(site)


def test_consent_taken_back_at_the_door_forgets_at_once(site: Website) -> None:
    """Whoever is not known is nobody to forget."""
    asks(site)
    site.carry()
    rows = [
        {"email": "Ann@Acme.example", "consent": {"tracking": "denied"}},
        {"email": "b@c.example"},
    ]
    assert site.withdrawer.withdraw(withdrawn_in(rows)) == 1
    site.settle()
    assert nothing(site)
    assert site.withdrawer.withdraw(withdrawn_in(rows)) == 0


def test_whoever_is_erased_for_privacy_is_forgotten_here_too(site: Website) -> None:
    """Events, scores, card and names: nothing is left that knows the address."""
    asks(site)
    site.carry()
    (left,) = site.hubspot.records("contacts")
    site.ledger.ask_to_erase(HUBSPOT, "contacts", left, site.time(), own=True)
    site.ring(HUBSPOT, "contacts", left)
    site.settle()
    assert not site.hubspot.records("contacts")
    assert not site.store.subjects_by("email", [ANN])
    assert site.bells() == 0


@pytest.mark.parametrize("way", ["paused", "filtered"])
def test_neither_a_pause_nor_only_holds_a_withdrawal_up(tmp_path: Path, way: str) -> None:
    """New scores wait, and what must not be held any more goes."""
    site = forbidding(tmp_path)
    (left,) = site.hubspot.records("contacts")
    if way == "paused":
        site.ledger.pause([HUBSPOT, SALESFORCE], site.time())
    else:
        site.mapping = replace(
            site.mapping,
            hash="people:filtered",
            only={HUBSPOT: lambda values, _context: values.get("first") == "somebody else"},
        )
    site.hubspot.edit("contacts", left, {"optout": True})
    site.ring(HUBSPOT, "contacts", left)
    site.settle()
    assert nothing(site)
