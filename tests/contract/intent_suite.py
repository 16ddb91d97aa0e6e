"""What the store of website intent promises, whatever database keeps it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from intent.model import DAY, Card, Identity, Subject, SurgeStanding, millis
from intent.port import Link, OtherDefinition, UnknownSubject
from intent.store import SqlIntentStore
from tests.contract.intent_builders import (
    ANN,
    BOB,
    FIRST,
    LATER,
    NOW,
    account,
    definition,
    emptied,
    event,
    person,
    points,
    score,
    visitor,
)

HOUR, DAYS = timedelta(hours=1), timedelta(days=1)


class IntentContract:
    """Everything that a store of website intent promises; each file brings a fixture `engine`."""

    @pytest.fixture
    def store(self, engine: Engine) -> SqlIntentStore:
        """An empty store: to make the tables anew for each test would take longer than all of them."""
        return emptied(engine)

    # What comes in ------------------------------------------------------------------------------

    def test_a_repeat_is_counted_and_changes_nothing(self, store: SqlIntentStore) -> None:
        """Each id is on file once; of two bodies the first one stands, and the other one is named."""
        first = event("form", event_id="one", visitor="v1")
        assert store.take_in([first, first])[:2] == (1, 1)
        other = replace(first, type="pricing_view")
        assert store.take_in([other, event(event_id="two", visitor="v1")]) == (1, 1, ("one",))
        score(store)
        assert points(store, visitor()) == 41

    def test_an_event_is_scored_once(self, store: SqlIntentStore) -> None:
        """What was scored waits no longer, whoever asks."""
        store.take_in([event("form", visitor="v1")])
        assert store.unscored() == 1
        assert store.score_some(FIRST, NOW, part=0, parts=1) == 1
        assert store.score_some(FIRST, NOW, part=0, parts=1) == 0
        assert store.unscored() == 0
        assert points(store, visitor()) == 40

    def test_each_share_of_the_people_is_scored_by_its_worker(self, store: SqlIntentStore) -> None:
        """The parts add up to everybody, and nobody is in two of them."""
        store.take_in([event(visitor=f"v{number}") for number in range(8)])
        counts = [store.score_some(FIRST, NOW, part=part, parts=4) for part in range(4)]
        assert sum(counts) == 8
        assert max(counts) < 8

    def test_what_is_discarded_is_kept_and_never_scored(self, store: SqlIntentStore) -> None:
        """A crawler that was known at once."""
        score(store, event("form", visitor="v1", discard="crawler"))
        assert store.unscored() == 0
        assert points(store, visitor()) == 0

    def test_an_event_that_names_nobody_is_refused(self, store: SqlIntentStore) -> None:
        """Whoever takes events in answers for that; here it is a fault."""
        with pytest.raises(ValueError, match="names nobody"):
            store.take_in([event(network="freemail.example")])

    # Sets -----------------------------------------------------------------------------------------

    def test_only_the_first_views_of_a_page_on_a_day_count(self, store: SqlIntentStore) -> None:
        """Three of a page; another page and another day count by themselves."""
        score(store, *[event(visitor="v1", page="/a") for _ in range(5)])
        assert points(store, visitor(), "browse") == 3
        score(store, event(visitor="v1", page="/b"), event(visitor="v1", page="/a", ago=DAYS / 2))
        assert points(store, visitor(), "browse") == pytest.approx(4 + 2 ** (-0.5 / 14))

    def test_a_late_view_that_was_earlier_takes_the_place_of_another(
        self, store: SqlIntentStore
    ) -> None:
        """It is said of the set, not of the order in which it came in."""
        score(store, *[event(visitor="v1", event_id=f"n{number}") for number in range(3)])
        score(store, event(visitor="v1", event_id="early", ago=HOUR, glance=True))
        found = {one.event_id for one in store.evidence(visitor(), FIRST, 0)}
        assert found == {"early", "n0", "n1"}
        assert points(store, visitor(), "browse") == pytest.approx(2 + 0.2 * 2 ** (-1 / 24 / 14))

    def test_a_glance_counts_less_and_a_sender_may_weigh_itself(
        self, store: SqlIntentStore
    ) -> None:
        """Nobody stayed: 0.2 for 1. A third party said 7."""
        score(store, event(visitor="v1", glance=True))
        score(store, event("third_party_intent", visitor="v1", points=7, page=None))
        assert points(store, visitor(), "browse") == pytest.approx(0.2)
        assert points(store, visitor(), "external") == 7

    def test_who_comes_back_after_a_day_has_returned(self, store: SqlIntentStore) -> None:
        """A late event in between tells when they really were here last."""
        score(store, event(visitor="v1", ago=3 * DAYS), event(visitor="v1"))
        assert points(store, visitor(), "recency") == 3
        score(store, event(visitor="v1", ago=3 * DAYS - 20 * HOUR))
        score(store, event(visitor="v1", ago=20 * HOUR))
        assert points(store, visitor(), "recency") == pytest.approx(3 * 2 ** (-20 / 24 / 14))
        [back] = [e for e in store.evidence(visitor(), FIRST, 0) if e.type == "return_visit"]
        assert back.at == millis(NOW - 20 * HOUR)

    def test_a_retracted_event_never_was(self, store: SqlIntentStore) -> None:
        """The next view of the page counts in its place, and the return it made is none any more."""
        views = [event(visitor="v1", event_id=f"n{n}", ago=n * HOUR) for n in range(4)]
        score(store, *views, event("form", visitor="v1", ago=3 * DAYS, event_id="old"))
        assert points(store, visitor(), "recency") > 0
        assert store.retract(["n3", "old", "nobody's"], "crawler", FIRST) == 2
        assert points(store, visitor(), "recency") == 0
        assert {one.event_id for one in store.evidence(visitor(), FIRST, 0)} == {"n0", "n1", "n2"}
        assert store.retract(["n3"], "crawler", FIRST) == 0
        assert points(store, visitor()) == pytest.approx(
            sum(2 ** (-n / 24 / 14) for n in range(3)), rel=1e-12
        )

    def test_what_waits_can_be_retracted_too(self, store: SqlIntentStore) -> None:
        """It did not count before, and it never will."""
        store.take_in([event("form", visitor="v1", event_id="one")])
        assert store.retract(["one"], "burst", FIRST) == 0
        score(store)
        assert points(store, visitor()) == 0

    # Who is who -----------------------------------------------------------------------------------

    def test_a_cookie_that_is_somebody_now_brings_its_past(self, store: SqlIntentStore) -> None:
        """Whatever came in first: what was done before counts for the person."""
        score(store, event("pricing_view", visitor="v1"))
        assert store.account_of(visitor()) is None
        score(store, event("form", visitor="v1", email=ANN))
        assert store.subjects_by("visitor", ["v1", "v2"]) == {"v1": person(store)}
        assert points(store, person(store)) == 46
        assert points(store, visitor()) == 0
        assert store.account_of(person(store)) == account()
        assert list(store.members(account())) == [person(store)]

    def test_a_person_is_known_by_every_identifier(self, store: SqlIntentStore) -> None:
        """An address, a contact id and HubSpot's cookie that were named together are one person."""
        score(store, event("form", email=ANN), event("form", contact="7"))
        assert len({*store.subjects_by("email", [ANN]).values()}) == 1
        other = store.subjects_by("hubspot_contact_id", ["7"])["7"]
        assert other != person(store)
        score(store, event(contact="7", email=ANN, hubspotutk="u1"))
        assert store.subjects_by("hubspot_contact_id", ["7"])["7"] == person(store)
        assert store.subjects_by("hubspotutk", ["u1"])["u1"] == person(store)
        assert store.moved(9) == {other: person(store)}
        store.forget_moves([other])
        assert store.moved(9) == {}
        assert points(store, person(store), "hand_raise") == 80
        kinds = {link.kind: link for link in store.links_of(person(store))}
        assert set(kinds) == {"email", "hubspot_contact_id", "hubspotutk", "company_domain"}
        assert kinds["hubspotutk"].confidence == 0.95
        assert kinds["company_domain"].subject == account()

    def test_two_cookies_of_one_browser_are_one_visitor_once_one_is_known(
        self, store: SqlIntentStore
    ) -> None:
        """HubSpot's cookie and ours were seen together; HubSpot's is somebody later."""
        score(store, event("pricing_view", visitor="v1"), event(visitor="v1", hubspotutk="u1"))
        score(store, event("form", hubspotutk="u1", email=ANN, page=None))
        assert points(store, person(store)) == 47

    def test_an_unlinked_cookie_takes_exactly_its_own_along(self, store: SqlIntentStore) -> None:
        """What was done under the address stays; what events said before does not link it again."""
        score(store, event("pricing_view", visitor="v1"), event("form", visitor="v1", email=ANN))
        store.unlink("visitor", "v1", FIRST, LATER)
        assert points(store, person(store)) == 40
        assert points(store, visitor()) == 6
        score(store, event("form", visitor="v1", email=ANN, ago=HOUR))
        assert points(store, visitor()) == 6
        score(store, event("form", visitor="v1", email=ANN, now=LATER + HOUR))
        assert points(store, visitor()) == 0

    def test_an_unlinked_address_is_a_person_of_its_own(self, store: SqlIntentStore) -> None:
        """And the cookies that were named with it go along."""
        score(store, event("form", email=ANN, contact="7"), event("form", contact="7"))
        score(store, event("pricing_view", visitor="v1"), event(visitor="v1", email=ANN))
        store.unlink("email", ANN, FIRST, LATER)
        other = store.subjects_by("hubspot_contact_id", ["7"])["7"]
        assert other != person(store)
        assert (points(store, person(store)), points(store, other)) == (47, 40)

    def test_a_cookie_of_two_people_is_split_where_they_were_named(
        self, store: SqlIntentStore
    ) -> None:
        """Up to the first time and from each time on; also if the second one is told first."""
        score(store, event(visitor="v1", email=BOB, ago=4 * HOUR))
        for number in range(10, 0, -1):
            score(store, event("pricing_view", visitor="v1", ago=number * HOUR))
        assert points(store, person(store, BOB), "buying") > 58
        score(store, event(visitor="v1", email=ANN, ago=7 * HOUR))
        score(store, event(visitor="v1", email=ANN, ago=2 * HOUR))
        expected = {
            ANN: sum(6 * 2 ** (-n / 24 / 14) for n in (10, 9, 8, 7, 6, 5, 2, 1)),
            BOB: sum(6 * 2 ** (-n / 24 / 14) for n in (4, 3)),
        }
        for who, total in expected.items():
            subject = person(store, who)
            assert points(store, subject, "buying") == pytest.approx(total, rel=1e-12)
            shown = [e for e in store.evidence(subject, FIRST, 0) if e.type == "pricing_view"]
            assert len(shown) == round(total / 6)

    def test_of_two_people_named_at_one_instant_the_same_one_holds(
        self, store: SqlIntentStore
    ) -> None:
        """Whichever was told first."""
        named = [event(visitor="v1", email=who, ago=2 * HOUR, page=None) for who in (ANN, BOB)]
        score(store, named[1])
        score(store, named[0], event("pricing_view", visitor="v1"))
        assert store.subjects_by("visitor", ["v1"])["v1"] == person(store, BOB)
        assert points(store, person(store, BOB), "buying") == 6

    def test_free_mail_makes_no_account_and_a_network_may(self, store: SqlIntentStore) -> None:
        """An address at a provider of thousands says nothing about a company."""
        score(store, event(email="ann@freemail.example"), event(visitor="v1", network=BOB[4:]))
        assert store.account_of(person(store, "ann@freemail.example")) is None
        assert store.account_of(visitor()) == account("beta.example")
        assert store.subjects_by("company_domain", ["freemail.example"]) == {}
        score(store, event(visitor="v1", email=ANN))
        assert store.account_of(person(store)) == account()
        assert list(store.members(account("beta.example"))) == []

    def test_domains_of_one_corporate_number_are_one_account(self, store: SqlIntentStore) -> None:
        """The number joins them; what is known of the company alone is the account's own."""
        score(store, event(email=ANN), event(email=BOB))
        for domain in ("acme.example", "beta.example"):
            score(store, event("third_party_intent", domain=domain, number="1234567890123"))
        assert store.account_of(person(store, BOB)) == account()
        assert set(store.members(account())) == {person(store), person(store, BOB)}
        assert points(store, account(), "external") == 10

    def test_links_can_be_made_by_hand(self, store: SqlIntentStore) -> None:
        """Also one that was taken back; a person without any identifier is nobody."""
        score(store, event("pricing_view", visitor="v1"), event("form", visitor="v1", email=ANN))
        store.unlink("visitor", "v1", FIRST, LATER)
        store.link([Link("visitor", "v1", person(store), 0.7, "a colleague", NOW)], FIRST)
        assert points(store, person(store)) == 46
        store.link([Link("email", ANN, account("beta.example"), 1, "told", NOW)], FIRST)
        assert store.account_of(person(store)) == account("beta.example")
        with pytest.raises(UnknownSubject):
            store.link([Link("email", BOB, Subject("person", "x"), 1, "told", NOW)], FIRST)

    def test_identities_are_resolved_to_who_they_stand_for(self, store: SqlIntentStore) -> None:
        """A person and an account, a cookie alone, an account alone."""
        ann, cookie = Identity(email=ANN), Identity(visitor="v1")
        company = Identity(company_domain="beta.example")
        found = store.resolve([ann, cookie, company])
        assert found[ann] == (person(store), account())
        assert found[cookie] == (visitor(),)
        assert found[company] == (account("beta.example"),)
        assert store.resolve([ann])[ann] == found[ann]

    # Definitions and time -------------------------------------------------------------------------

    def test_sums_of_another_definition_are_rebuilt_and_never_added_to(
        self, store: SqlIntentStore
    ) -> None:
        """Out of events, and out of the sums of days whose events are gone."""
        keeping = replace(FIRST.keeping, events=10)
        old, new = replace(FIRST, keeping=keeping), definition("second", view=2, at_most=1)
        long_ago = NOW - 20 * DAYS
        score(store, *[event(visitor="v1", now=long_ago) for _ in range(3)], now=long_ago)
        score(store, *[event(visitor="v1") for _ in range(3)])
        assert store.forget(old, NOW)["events"] == 3
        with pytest.raises(OtherDefinition):
            store.score_some(new, NOW, part=0, parts=1)
        assert store.rebuild(new, NOW) == 2
        with pytest.raises(OtherDefinition):
            store.states([visitor()], old)
        noon = (millis(NOW) - (millis(long_ago) // DAY * DAY + DAY / 2)) / DAY
        browse = points(store, visitor(), "browse", by=new)
        assert browse == pytest.approx(2 + 3 * 2 * 2 ** (-noon / 14))
        assert points(store, visitor(), "recency", by=new) == 3
        score(store, event(visitor="v1", now=long_ago), by=new)
        assert points(store, visitor(), "browse", by=new) == browse, "that day is over"

    def test_everything_is_forgotten_in_its_time(self, store: SqlIntentStore) -> None:
        """Events first, visitors who are nobody, counts of days; of people the sums stay."""
        then = NOW - 121 * DAYS
        score(
            store,
            event("form", visitor="v1", now=then),
            event("form", email=ANN, now=then),
            now=then,
        )
        gone = store.forget(FIRST, NOW)
        assert (gone["events"], gone["visitors"]) == (2, 1)
        assert store.evidence(person(store), FIRST, 0) == []
        assert points(store, person(store)) == pytest.approx(40 * 2 ** (-121 / 45))
        assert store.subjects_by("visitor", ["v1"]) == {}
        assert store.forget(FIRST, NOW + 300 * DAYS)["days"] == 2

    def test_whoever_is_erased_leaves_nothing_but_an_empty_card(
        self, store: SqlIntentStore
    ) -> None:
        """Another person on the same cookie keeps what is theirs."""
        score(store, event(visitor="v1", email=ANN, ago=5 * HOUR))
        score(store, event("pricing_view", visitor="v1", ago=4 * HOUR))
        score(store, event(visitor="v1", email=BOB, ago=3 * HOUR))
        score(store, event("pricing_view", visitor="v1", ago=2 * HOUR))
        ann = person(store)
        card = Card(subject=ann, at=NOW, engagement=40, topics=(("pricing", 6),), surge_at=NOW)
        store.tell([card], {ann: None}, NOW)
        store.note_surges({(ann, ""): SurgeStanding(NOW, 4.0)})
        store.erase(ann, LATER)
        assert store.subjects_by("email", [ANN]) == {}
        assert (points(store, ann), store.evidence(ann, FIRST, 0)) == (0, [])
        assert store.told([ann])[ann] == Card(subject=ann, at=LATER, engagement=0)
        assert (store.surges([ann]), store.links_of(ann)) == ({}, [])
        bob = person(store, BOB)
        assert store.count_left(FIRST, LATER) > 0
        assert points(store, bob, "buying") == pytest.approx(6 * 2 ** (-2 / 24 / 14))
        assert [one.type for one in store.evidence(bob, FIRST, 0)] == ["pricing_view", "page_view"]
        assert store.take_in([event(email=ANN)]).accepted == 1, "who comes again is somebody new"
        assert person(store) != ann

    # Reading and telling --------------------------------------------------------------------------

    def test_evidence_adds_up_to_the_sums(self, store: SqlIntentStore) -> None:
        """Newest first, of an account with all its people."""
        score(store, event("form", email=ANN, title="Ask us", topic="pricing", ago=HOUR))
        score(
            store, event("pricing_view", email="eve@acme.example"), event("email_open", email=ANN)
        )
        first, second = store.evidence(account(), FIRST, 0)
        assert (first.type, first.family, first.points) == ("pricing_view", "buying", 6)
        assert (second.title, second.topic, second.page) == ("Ask us", "pricing", "/")
        assert len(store.states([account()], FIRST)) == 2
        assert len(store.evidence(account(), FIRST, millis(NOW))) == 1
        assert len(store.evidence(account(), FIRST, 0, limit=1)) == 1

    def test_days_count_people_and_not_views(self, store: SqlIntentStore) -> None:
        """Of an account by person, of a topic by what counted, of the site by device."""
        score(store, *[event(email=ANN, page=f"/{n}", topic="pricing") for n in range(9)])
        score(store, event(visitor="v1", email=ANN, ago=DAYS), event(visitor="v1", ago=DAYS))
        score(store, event(visitor="v2", network="acme.example"), event(visitor="v3"))
        assert list(store.visitor_days(account(), None, NOW))[-3:] == [0, 1, 2]
        assert list(store.visitor_days(account(), "pricing", NOW))[-3:] == [0, 0, 1]
        days = store.site_days(NOW)
        assert (len(days), list(days)[-3:]) == (97, [0, 2, 3])

    def test_whoever_was_touched_is_handed_out_once(self, store: SqlIntentStore) -> None:
        """With their account; again if they are touched while somebody looks, or nobody says a word."""
        score(store, event(email=ANN))
        ann = person(store)
        assert set(store.touched(10, NOW)) == {ann, account()}
        assert list(store.touched(10, NOW)) == []
        score(store, event("form", email=ANN))
        store.tell([], {ann: None, account(): None}, NOW)
        assert set(store.touched(10, NOW)) == {ann, account()}
        assert set(store.touched(10, LATER)) == {ann, account()}
        store.tell([], {ann: None, account(): None}, LATER)
        assert list(store.touched(10, LATER + HOUR)) == []

    def test_cards_are_told_and_looked_at_again_when_it_is_time(
        self, store: SqlIntentStore
    ) -> None:
        """What was told last is known exactly; who was looked at without news has no card."""
        ann, bob = Subject("person", "a"), Subject("person", "b")
        card = Card(subject=ann, at=NOW, engagement=12.5, band="B3", topics=(("pricing", 1.5),))
        store.tell([card], {ann: LATER, bob: LATER}, NOW)
        assert store.told([ann, bob]) == {ann: card}
        assert list(store.due(NOW, 10)) == []
        assert set(store.due(LATER, 10)) == {ann, bob}
        assert list(store.due(LATER, 10)) == []
        store.tell([], {ann: None, bob: None}, LATER)
        assert store.told([ann]) == {ann: card}
        assert list(store.due(LATER + DAYS, 10)) == []

    def test_surges_begin_and_end(self, store: SqlIntentStore) -> None:
        """By subject and topic."""
        standing = SurgeStanding(NOW, 3.5, is_over=True)
        store.note_surges({(account(), ""): standing, (account(), "pricing"): standing})
        over = standing._replace(is_over=True)
        store.note_surges({(account(), ""): None, (account(), "pricing"): over})
        assert store.surges([account(), visitor()]) == {(account(), "pricing"): over}

    def test_many_events_of_one_visitor_are_one_batch_among_others(
        self, store: SqlIntentStore
    ) -> None:
        """Views beyond those that count leave no trace in sums or evidence."""
        for _ in range(3):
            store.take_in([event(visitor="v1") for _ in range(1_000)])
        score(store)
        assert points(store, visitor(), "browse") == 3
        assert len(store.evidence(visitor(), FIRST, 0)) == 3
