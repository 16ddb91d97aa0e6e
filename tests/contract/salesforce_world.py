"""A Salesforce practice org as a `World`, with a connector that speaks to it over loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connector.http import RetryPolicy
from connector.port import NewField, Value, Values
from connector.salesforce.client import SalesforceConnector
from connector.salesforce.settings import SalesforceSettings
from sandbox.salesforce.org import SalesforceOrg
from sandbox.webserver import WebServer
from tests.contract.life_suite import LivingWorld
from tests.contract.world import Names, Trouble

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


def connector_of(
    org: SalesforceOrg,
    url: str,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None],
    *,
    assignment_rules: bool | str = False,
    **given: str,
) -> SalesforceConnector:
    return SalesforceConnector(
        SalesforceSettings(
            login_url=given.get("login_url", url),
            client_id=org.client_id,
            client_secret=given.get("client_secret", org.client_secret),
            assignment_rules=assignment_rules,
            retries=RetryPolicy(tries=3, seconds=60),
        ),
        clock=clock,
        sleep=sleep,
    )


class SalesforceWorld(LivingWorld):
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
        self.connector = connector_of(org, url, time, time.pass_by)

    def people_create(self, rows: Sequence[Values]) -> list[str]:
        return [self.org.add(OBJECT, row) for row in rows]

    def person_edits(self, record_id: str, values: Values) -> None:
        self.org.edit(OBJECT, record_id, values)

    def person_deletes(self, record_id: str) -> None:
        self.org.delete(OBJECT, record_id)

    def person_merges(self, loser: str, winner: str) -> str:
        self.org.merge(OBJECT, winner, [loser])
        return winner

    def person_restores(self, record_id: str) -> None:
        self.org.undelete(OBJECT, record_id)

    def in_the_bin(self) -> set[str]:
        return set(self.org.deleted(OBJECT))

    def stored(self) -> dict[str, dict[str, Value]]:
        return self.org.records(OBJECT)

    def now(self) -> datetime:
        return self.time.now

    def forward(self, seconds: float) -> None:
        self.time.pass_by(seconds)

    def order(self, trouble: Trouble) -> bool:
        match trouble:
            case Trouble.BUSY_ONCE:
                self.fault("status", times=1, status=503, body="<html>busy</html>")
            case Trouble.BUSY:
                self.fault("status", status=503, body="<html>busy</html>")
            case Trouble.LOST_ANSWER:
                self.fault("lost_answer", times=1, match="(PATCH|POST|DELETE) .*composite|SOAP")
            case Trouble.HTML:
                self.fault("html_200")
            case Trouble.CREDENTIALS:
                self.fault("permanent_session")
            case Trouble.LEFT_OUT:
                self.fault("short_answer", times=1)
            case Trouble.LATE:
                self.fault("late_commit", times=1, after=30, match=f"EDIT {OBJECT}")
            case Trouble.NO_SETUP:
                self.org.may_customize = False
        return True

    def fault(self, kind: str, times: int = FOREVER, **options: object) -> None:
        self.org.faults.order({"kind": kind, "times": times, **options})

    def calm(self) -> None:
        self.org.faults.clear()


def salesforce_world() -> Iterator[SalesforceWorld]:
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
