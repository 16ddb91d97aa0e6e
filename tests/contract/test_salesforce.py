"""The Salesforce connector keeps every promise of the port, over HTTP, against the practice org."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from connector.errors import Rejected, SystemBlocked
from connector.http import RetryPolicy
from connector.port import Change, NewField, Value, Values
from connector.salesforce.client import SalesforceConnector
from connector.salesforce.settings import SalesforceSettings
from sandbox.salesforce.org import SalesforceOrg
from sandbox.webserver import WebServer
from tests.contract.connector_suite import ConnectorContract, Names, Trouble, World

START = datetime(2026, 11, 24, 9, tzinfo=UTC)
FOREVER = 10**6
OBJECT = "Lead"
REQUIRED: Values = {"LastName": "Practice", "Company": "Example"}


@dataclass
class Time:
    """Time that tests move, and that the connector's pauses move."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def connector_of(org: SalesforceOrg, url: str, time: Time, **given: str) -> SalesforceConnector:
    return SalesforceConnector(
        SalesforceSettings(
            login_url=given.get("login_url", url),
            client_id=org.client_id,
            client_secret=given.get("client_secret", org.client_secret),
            retries=RetryPolicy(tries=3, seconds=60),
        ),
        clock=time,
        sleep=time.pass_by,
    )


class SalesforceWorld(World):
    """A practice org with a connector that speaks to it over loopback."""

    names = Names(
        object=OBJECT,
        key="HubSpot_Id__c",
        email="Email",
        text="Street",
        short="FirstName",
        short_length=40,
        number="NumberOfEmployees",
        flag="DoNotCall",
        required=REQUIRED,
    )
    unknown_id = "00Q5g00000zzzzzEAA"
    email_is_unique = False
    keeps_history = False
    paged = 2_100

    def __init__(self, org: SalesforceOrg, url: str, time: Time) -> None:
        self.org, self.time, self.url = org, time, url
        self.account_id = org.org_id
        self.connector = connector_of(org, url, time)

    def people_create(self, rows: Sequence[Values]) -> list[str]:
        return [self.org.add(OBJECT, row) for row in rows]

    def person_edits(self, record_id: str, values: Values) -> None:
        self.org.edit(OBJECT, record_id, values)

    def person_deletes(self, record_id: str) -> None:
        self.org.delete(OBJECT, record_id)

    def person_merges(self, loser: str, winner: str) -> str:
        self.org.merge(OBJECT, winner, [loser])
        return winner

    def stored(self) -> dict[str, dict[str, Value]]:
        return self.org.records(OBJECT)

    def now(self) -> datetime:
        return self.time.now

    def forward(self, seconds: float) -> None:
        self.time.pass_by(seconds)

    def order(self, trouble: Trouble) -> bool:
        match trouble:
            case Trouble.BUSY_ONCE:
                self._fault("status", times=1, status=503, body="<html>busy</html>")
            case Trouble.BUSY:
                self._fault("status", status=503, body="<html>busy</html>")
            case Trouble.LOST_ANSWER:
                self._fault("lost_answer", times=1, match="(PATCH|POST|DELETE) .*composite")
            case Trouble.HTML:
                self._fault("html_200")
            case Trouble.CREDENTIALS:
                self._fault("permanent_session")
            case Trouble.LEFT_OUT:
                self._fault("short_answer", times=1)
            case Trouble.LATE:
                self._fault("late_commit", times=1, after=30, match=f"EDIT {OBJECT}")
            case Trouble.NO_SETUP:
                self.org.may_customize = False
        return True

    def _fault(self, kind: str, times: int = FOREVER, **options: object) -> None:
        self.org.faults.order({"kind": kind, "times": times, **options})

    def calm(self) -> None:
        self.org.faults.clear()


@pytest.fixture
def salesforce() -> Iterator[SalesforceWorld]:
    time = Time()
    org = SalesforceOrg(clock=time)
    server = WebServer(org.app, "salesforce-contract", "127.0.0.1", 0)
    server.start()
    try:
        world = SalesforceWorld(org, server.url, time)
        world.connector.create_field(NewField(OBJECT, "HubSpot_Id__c", "HubSpot Id", unique=True))
        yield world
    finally:
        server.stop()


class TestSalesforce(ConnectorContract):
    @pytest.fixture
    def world(self, salesforce: SalesforceWorld) -> World:
        return salesforce


# What only Salesforce has ------------------------------------------------------------------------


def test_a_converted_lead_takes_no_writes_and_its_fate_is_the_contact(
    salesforce: SalesforceWorld,
) -> None:
    """It is named as converted, not as deleted."""
    lead = salesforce.person_creates(text="a")
    salesforce.org.convert(lead)
    [outcome] = salesforce.connector.update_many(OBJECT, [Change(lead, {"Street": "b"})])
    assert isinstance(outcome, Rejected)
    assert outcome.cause == "converted"
    fate = salesforce.connector.fates(OBJECT, [lead])[lead]
    assert fate.kind == "converted"
    assert fate.into is not None
    assert fate.into.startswith("003")


def test_a_locked_row_is_tried_again(salesforce: SalesforceWorld) -> None:
    """Somebody held the record for a moment; nobody has to know."""
    lead = salesforce.person_creates(text="a")
    salesforce._fault("lock", times=1)
    salesforce.connector.update_many(OBJECT, [Change(lead, {"Street": "b"})])
    assert salesforce.stored()[lead]["Street"] == "b"


def test_an_expired_session_is_renewed_once(salesforce: SalesforceWorld) -> None:
    """Quietly, and the call is repeated."""
    lead = salesforce.person_creates(text="a")
    salesforce._fault("expired_session", times=1)
    found = salesforce.connector.get_many(OBJECT, [lead], ["Street"])
    assert found[lead].values == {"Street": "a"}


def test_a_wrong_secret_names_the_setting(salesforce: SalesforceWorld) -> None:
    """The person at 3 a.m. reads what to change."""
    connector = connector_of(salesforce.org, salesforce.url, salesforce.time, client_secret="x")
    with pytest.raises(SystemBlocked) as told:
        connector.ping()
    assert told.value.cause == "credentials"
    assert "KAKEHASHI_SALESFORCE__CLIENT_ID" in told.value.advice


def test_an_id_that_is_none_never_reaches_a_url(salesforce: SalesforceWorld) -> None:
    """The client library would follow it to another host, with the token."""
    assert salesforce.connector.get_many(OBJECT, ["http://evil.example.com/x"], ["Street"]) == {}
