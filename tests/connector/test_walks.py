"""What changed since: no record is missed, whatever moves while the practice orgs are walked through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from connector.hubspot.client import HubSpotConnector
from connector.hubspot.settings import HubSpotSettings
from tests.contract import hubspot_world, salesforce_world
from tests.contract.hubspot_world import HubSpotWorld
from tests.contract.salesforce_world import SalesforceWorld
from tests.contract.world import World

CONTACTS, LEADS = hubspot_world.OBJECT, salesforce_world.OBJECT
PERSON = {"LastName": "Practice", "Company": "Example"}


@pytest.fixture
def hubspot() -> Iterator[HubSpotWorld]:
    yield from hubspot_world.world_of("v3")


@pytest.fixture
def salesforce() -> Iterator[SalesforceWorld]:
    yield from salesforce_world.salesforce_world()


@dataclass(frozen=True)
class Skewed:
    """A clock that is off by some seconds from the one that the org lives by."""

    world: HubSpotWorld | SalesforceWorld
    seconds: float

    def __call__(self) -> datetime:
        return self.world.now() + timedelta(seconds=self.seconds)


def edited_in_turn(world: World, people: list[str], wait: float) -> tuple[set[str], str]:
    """People are edited one after the other, with a look behind each: who was not met, and the cursor."""
    cursor = world.connector.cursor_at(world.now())
    missing: set[str] = set()
    for person in people:
        world.person_edits(person, {world.names.text: f"edit of {person}"})
        missing.add(person)
        world.forward(wait)
        seen, cursor = world.changed(cursor)
        missing -= seen
    return missing, cursor


def waited_for(world: World, missing: set[str], cursor: str, minutes: int) -> set[str]:
    """A look every five minutes; who was not met at the end."""
    for _ in range(minutes // 5):
        world.forward(300)
        seen, cursor = world.changed(cursor)
        missing = missing - seen
    return missing


# HubSpot -----------------------------------------------------------------------------------------


def test_25_000_contacts_of_one_millisecond_are_all_met(hubspot: HubSpotWorld) -> None:
    """An import, or HubSpot's monthly reset: the search pages to 10,000 at most, and nobody is lost.

    At the least number of calls: a search for each 200, and one more that finds nobody.
    """
    cursor = hubspot.connector.cursor_at(hubspot.now())
    hubspot.forward(5)
    rows = [{"jobtitle": str(n), "@modified": hubspot.now()} for n in range(25_000)]
    people = hubspot.org.load(CONTACTS, rows)
    hubspot.forward(60)
    reads = hubspot.connector.calls.reads
    walked = hubspot.connector.changed_since(CONTACTS, [], cursor)
    met = [record.id for page in walked for record in page.records]
    assert sorted(met) == sorted(people)
    assert hubspot.connector.calls.reads - reads <= 126


def test_contacts_that_change_during_the_walk_are_met_by_it_or_by_the_next(
    hubspot: HubSpotWorld,
) -> None:
    """Before and behind the page that the walk is at; in the end everybody was seen as they are."""
    cursor = hubspot.connector.cursor_at(hubspot.now())
    people = hubspot.org.load(CONTACTS, [{"jobtitle": "old"} for _ in range(900)])
    hubspot.forward(60)
    seen: dict[str, object] = {}
    for number, page in enumerate(hubspot.connector.changed_since(CONTACTS, ["jobtitle"], cursor)):
        seen |= {record.id: record.values["jobtitle"] for record in page.records}
        hubspot.forward(1)
        for person in (people[number], people[-1 - number], people[450 + number]):
            hubspot.person_edits(person, {"jobtitle": "new"})
        cursor = page.cursor or cursor
    hubspot.forward(60)
    for page in hubspot.connector.changed_since(CONTACTS, ["jobtitle"], cursor):
        seen |= {record.id: record.values["jobtitle"] for record in page.records}
    assert seen == {i: values["jobtitle"] for i, values in hubspot.org.records(CONTACTS).items()}


def test_contacts_deleted_during_the_walk_hide_nobody(hubspot: HubSpotWorld) -> None:
    """Pages by offset would slip forward, and skip as many as were deleted."""
    cursor = hubspot.connector.cursor_at(hubspot.now())
    people = hubspot.org.load(CONTACTS, [{"jobtitle": "a"} for _ in range(900)])
    hubspot.forward(60)
    met: set[str] = set()
    for page in hubspot.connector.changed_since(CONTACTS, ["jobtitle"], cursor):
        met |= {record.id for record in page.records}
        for person in [record.id for record in page.records][:50]:
            hubspot.person_deletes(person)
    assert met == set(people)


def test_an_index_that_runs_an_hour_late_loses_nobody(hubspot: HubSpotWorld) -> None:
    """The short looks miss them all; every half hour a wide one trails an hour behind."""
    people = hubspot.crowd(25)
    hubspot.forward(3_600)
    hubspot.org.state.tables[CONTACTS].index.lag = 40 * 60 * 1000  # an hour at worst
    missing, cursor = edited_in_turn(hubspot, people, wait=120)
    assert missing, "otherwise the index was not late at all"
    assert waited_for(hubspot, missing, cursor, minutes=100) == set()


@pytest.mark.parametrize("skew", [-300, 300])
def test_a_hubspot_whose_clock_is_five_minutes_off_loses_nobody(
    hubspot: HubSpotWorld, skew: float
) -> None:
    """At worst the next wide look finds them."""
    people = hubspot.crowd(25)
    hubspot.forward(3_600)
    settings = HubSpotSettings(base_url=hubspot.url, access_token=hubspot.org.access_token)
    hubspot.connector = HubSpotConnector(
        settings, clock=Skewed(hubspot, skew), sleep=hubspot.forward, ticks=hubspot.time.ticks
    )
    missing, cursor = edited_in_turn(hubspot, people, wait=60)
    assert waited_for(hubspot, missing, cursor, minutes=40) == set()


@pytest.mark.parametrize("skew", [-300, 300])
def test_deletions_of_a_hubspot_whose_clock_is_five_minutes_off_are_told(
    hubspot: HubSpotWorld, skew: float
) -> None:
    """What was archived just before a look has a time that lies long before it, or after it."""
    people = hubspot.crowd(25)
    hubspot.forward(3_600)
    settings = HubSpotSettings(base_url=hubspot.url, access_token=hubspot.org.access_token)
    hubspot.connector = HubSpotConnector(
        settings, clock=Skewed(hubspot, skew), sleep=hubspot.forward, ticks=hubspot.time.ticks
    )
    _, cursor = hubspot.departed(hubspot.connector.cursor_at(hubspot.now()))
    told: set[str] = set()
    for person in people:
        hubspot.person_deletes(person)
        hubspot.forward(60)
        gone, cursor = hubspot.departed(cursor)
        told |= gone
    assert told | hubspot.departed(cursor)[0] == set(people)


# Salesforce --------------------------------------------------------------------------------------


@pytest.mark.parametrize("short_pages", [False, True])
def test_4_500_leads_of_one_second_are_all_met(
    salesforce: SalesforceWorld, short_pages: bool
) -> None:
    """More than a page holds, and pages that are shorter than asked for are not the last ones."""
    salesforce.org.short_pages = short_pages
    cursor = salesforce.connector.cursor_at(salesforce.now())
    salesforce.forward(5)
    rows = [{**PERSON, "@modified": salesforce.now()} for _ in range(4_500)]
    people = salesforce.org.load(LEADS, rows)
    salesforce.forward(60)
    walked = salesforce.connector.changed_since(LEADS, ["LastName"], cursor)
    met = [record.id for page in walked for record in page.records]
    assert sorted(met) == sorted(people)


def test_leads_that_change_during_the_walk_are_met_by_it_or_by_the_next(
    salesforce: SalesforceWorld,
) -> None:
    """Before and behind the page that the walk is at; in the end everybody was seen as they are."""
    cursor = salesforce.connector.cursor_at(salesforce.now())
    people = salesforce.org.load(LEADS, [{**PERSON, "Street": "old"} for _ in range(6_500)])
    salesforce.forward(3_600)
    seen: dict[str, object] = {}
    for number, page in enumerate(salesforce.connector.changed_since(LEADS, ["Street"], cursor)):
        seen |= {record.id: record.values["Street"] for record in page.records}
        salesforce.forward(1)
        for person in (people[number], people[-1 - number], people[3_000 + number]):
            salesforce.person_edits(person, {"Street": "new"})
        cursor = page.cursor or cursor
    salesforce.forward(60)
    for page in salesforce.connector.changed_since(LEADS, ["Street"], cursor):
        seen |= {record.id: record.values["Street"] for record in page.records}
    assert seen == {i: values["Street"] for i, values in salesforce.org.records(LEADS).items()}


def test_leads_deleted_during_the_walk_hide_nobody(salesforce: SalesforceWorld) -> None:
    """The cursor of the query stands still while records go."""
    cursor = salesforce.connector.cursor_at(salesforce.now())
    people = salesforce.org.load(LEADS, [PERSON for _ in range(4_500)])
    salesforce.forward(60)
    met: set[str] = set()
    for page in salesforce.connector.changed_since(LEADS, ["LastName"], cursor):
        met |= {record.id for record in page.records}
        for person in [record.id for record in page.records][:50]:
            salesforce.person_deletes(person)
    assert met == set(people)


@pytest.mark.parametrize("runs", [30, 300, 540])
def test_an_edit_of_a_long_transaction_is_met_when_it_is_through(
    salesforce: SalesforceWorld, runs: int
) -> None:
    """It shows at its end under the time of its beginning; other edits have been met meanwhile."""
    slow, quick = salesforce.crowd(2)
    salesforce.forward(3_600)
    _, cursor = salesforce.changed(salesforce.connector.cursor_at(salesforce.now()))
    salesforce.fault("late_commit", times=1, after=runs, match=f"EDIT {LEADS}")
    salesforce.person_edits(slow, {"Street": "slow"})
    seen: set[str] = set()
    for number in range(runs // 30 + 2):
        salesforce.person_edits(quick, {"Street": f"quick {number}"})
        salesforce.forward(30)
        met, cursor = salesforce.changed(cursor)
        seen |= met
    assert seen == {slow, quick}


def test_an_edit_of_automation_is_met(salesforce: SalesforceWorld) -> None:
    """It moves `SystemModstamp` and leaves the time of the last change by a user alone."""
    [lead] = salesforce.crowd(1)
    salesforce.forward(3_600)
    cursor = salesforce.connector.cursor_at(salesforce.now())
    table = salesforce.org.state.tables[LEADS]
    row = table.rows[lead]
    table.change(row, {"Street": "by a flow", "SystemModstamp": salesforce.org.state.now()})
    salesforce.forward(60)
    assert salesforce.changed(cursor)[0] == {lead}


@pytest.mark.parametrize("skew", [-300, 300])
def test_a_salesforce_whose_clock_is_five_minutes_off_loses_nobody(
    salesforce: SalesforceWorld, skew: float
) -> None:
    """The ten minutes that every look goes back are enough for both directions."""
    people = salesforce.crowd(25)
    salesforce.forward(3_600)
    salesforce.connector = salesforce_world.connector_of(
        salesforce.org, salesforce.url, Skewed(salesforce, skew), salesforce.forward
    )
    missing, cursor = edited_in_turn(salesforce, people, wait=60)
    assert missing - salesforce.changed(cursor)[0] == set()
    _, cursor = salesforce.departed(salesforce.connector.cursor_at(salesforce.now()))
    told: set[str] = set()
    for person in people:
        salesforce.person_deletes(person)
        salesforce.forward(60)
        gone, cursor = salesforce.departed(cursor)
        told |= gone
    salesforce.forward(600)
    assert told | salesforce.departed(cursor)[0] == set(people)
