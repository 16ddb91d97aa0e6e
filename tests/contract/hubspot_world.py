"""A HubSpot practice org as a `World`, with a connector that speaks to it over loopback."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

from connector.http import RetryPolicy
from connector.hubspot.client import HubSpotConnector
from connector.hubspot.names import to_wire
from connector.hubspot.settings import HubSpotSettings
from connector.port import NewField, Value, Values
from sandbox.hubspot.org import HubSpotOrg
from sandbox.webserver import WebServer
from tests.contract.life_suite import LivingWorld
from tests.contract.world import Names, Trouble

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

START = datetime(2026, 11, 24, 9, tzinfo=UTC)
FOREVER = 10**6
OBJECT = "contacts"
FIELDS = (
    NewField(OBJECT, "partner_id", "Partner", unique=True),
    NewField(OBJECT, "headcount", "Employees", kind="number"),
    NewField(OBJECT, "was_called", "Called", kind="bool"),
)


@dataclass
class Time:
    """Time that tests move, and that the connector's pauses move."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def ticks(self) -> float:
        return self.now.timestamp()


class Forgetful:
    """Stands before the org and, once when told so, leaves the last input out of an answer.

    The single call with which the connector asks again is answered with nothing, too.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self.forgets = False

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        path = environ["PATH_INFO"]
        if not self.forgets or environ["REQUEST_METHOD"] not in {"POST", "PATCH"}:
            return self._app(environ, start_response)
        if not path.endswith("/batch/update"):
            return Response(b"{}", content_type="application/json")(environ, start_response)
        body, _, _ = run_wsgi_app(self._app, environ, buffered=True)
        answer = orjson.loads(b"".join(body))
        kept = sorted(answer["results"], key=lambda raw: int(raw["id"]))[:-1]
        told = orjson.dumps({**answer, "results": kept})
        return Response(told, content_type="application/json")(environ, start_response)


class HubSpotWorld(LivingWorld):
    """A practice org with a connector that speaks to it over loopback."""

    names = Names(
        object=OBJECT,
        key="partner_id",
        email="email",
        text="jobtitle",
        short="jobtitle",
        short_length=65_536,
        number="headcount",
        flag="was_called",
    )
    unknown_id = "999999999999"
    email_is_unique = True
    keeps_history = True
    merge_makes_a_new_record = True

    def __init__(
        self, org: HubSpotOrg, door: Forgetful, url: str, time: Time, version: str
    ) -> None:
        self.org, self.door, self.time, self.url = org, door, time, url
        self.account_id = str(org.portal_id)
        self.connector = HubSpotConnector(
            HubSpotSettings(
                base_url=url,
                api_version=version,
                access_token=org.access_token,
                app_id=str(org.app_id),
                retries=RetryPolicy(tries=3, seconds=60),
            ),
            clock=time,
            sleep=time.pass_by,
            ticks=time.ticks,
        )

    def people_create(self, rows: Sequence[Values]) -> list[str]:
        filled = [{k: to_wire(v) for k, v in row.items() if v is not None} for row in rows]
        return [self.org.create(OBJECT, row) for row in filled]

    def person_edits(self, record_id: str, values: Values) -> None:
        self.org.edit(OBJECT, record_id, {name: to_wire(value) for name, value in values.items()})

    def person_deletes(self, record_id: str) -> None:
        self.org.archive(OBJECT, record_id)

    def person_merges(self, loser: str, winner: str) -> str:
        return self.org.merge(OBJECT, winner, loser)

    def person_restores(self, record_id: str) -> None:
        self.org.restore(OBJECT, record_id)

    def in_the_bin(self) -> set[str]:
        return set(self.org.archived(OBJECT))

    def stored(self) -> dict[str, dict[str, Value]]:
        return {i: {**values} for i, values in self.org.records(OBJECT).items()}

    def now(self) -> datetime:
        return self.time.now

    def forward(self, seconds: float) -> None:
        self.time.pass_by(seconds)

    def order(self, trouble: Trouble) -> bool:
        match trouble:
            case Trouble.BUSY_ONCE:
                self.fault("rate_burst", times=1)
            case Trouble.BUSY:
                self.fault("rate_burst")
            case Trouble.LOST_ANSWER:
                self.fault("lost_answer", times=1)
            case Trouble.HTML:
                self.fault("html_200")
            case Trouble.CREDENTIALS:
                self.fault("expired_token")
            case Trouble.LEFT_OUT:
                self.door.forgets = True
            case Trouble.LATE:
                self.org.state.tables[OBJECT].index.lag = 20_000
            case Trouble.NO_SETUP:
                self.org.revoke(["crm.schemas.contacts.write"])
        return True

    def fault(self, kind: str, times: int = FOREVER) -> None:
        self.org.faults.order({"kind": kind, "times": times})

    def calm(self) -> None:
        self.org.faults.clear()
        self.door.forgets = False


def world_of(version: str) -> Iterator[HubSpotWorld]:
    time = Time()
    org = HubSpotOrg(clock=time)
    door = Forgetful(org.app)
    server = WebServer(door, "hubspot-contract", "127.0.0.1", 0)
    server.start()
    try:
        world = HubSpotWorld(org, door, server.url, time, version)
        for field in FIELDS:
            world.connector.create_field(field)
        yield world
    finally:
        server.stop()
        org.close()
