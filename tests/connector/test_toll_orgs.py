"""Both connectors over the practice orgs, on days with far more demand than calls.

Two workers share one budget through a real Redis. Time is the test's own: the connectors, the budget
and the orgs all live by it. The org must never have to say that its day is used up.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from redis import Redis

from connector.errors import SystemBlocked, TryLater
from connector.http import RetryPolicy
from connector.hubspot.client import HubSpotConnector
from connector.hubspot.settings import HubSpotSettings
from connector.port import Connector
from connector.salesforce.client import SalesforceConnector
from connector.salesforce.settings import SalesforceSettings
from connector.toll import FREE, Toll
from sandbox.hubspot.org import HubSpotOrg
from sandbox.salesforce.org import SalesforceOrg
from sandbox.webserver import WebServer
from sync.budget import Quota, hubspot_quota, salesforce_quota
from sync.budget_shared import RedisBook
from sync.lanes import Lane, in_lane
from sync.tollkeeper import Budget
from tests.machine.redis import redis_server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MIDNIGHT = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # in Tokyo, where the practice account is
LIMIT = 600
NUMBERS = count()
LOWER = (Lane.LIVE, Lane.RESYNC, Lane.BACKFILL)


@dataclass
class Time:
    """Time that tests move, and that everybody's pauses move."""

    now: datetime = MIDNIGHT

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Watch:
    """Stands before an org and counts how it answers."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self.statuses: Counter[int] = Counter()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        def noting(status: str, headers: Any, *rest: Any) -> Any:
            self.statuses[int(status[:3])] += 1
            return start_response(status, headers, *rest)

        return self._app(environ, noting)


@dataclass
class Scene:
    """An org, its watch, and connectors to it. `call` makes one call of the day."""

    time: Time
    watch: Watch
    quota: Quota
    redis: Redis
    make: Callable[[Toll], Connector]
    call: Callable[[Connector], object]
    prefix: str = field(default_factory=lambda: f"toll{next(NUMBERS)}")

    def toll(self) -> Budget:
        """One worker's budget."""
        book = RedisBook(self.redis, self.quota.system, prefix=self.prefix, clock=self.time.seconds)
        return Budget(
            self.quota,
            book,
            clock=self.time.seconds,
            sleep=self.time.pass_by,
            ticks=self.time.seconds,
        )


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    for url in redis_server():
        with Redis.from_url(url) as client:
            yield client


@contextmanager
def hubspot(redis: Redis) -> Iterator[Scene]:
    time = Time()
    org = HubSpotOrg(clock=time, daily_limit=LIMIT)
    watch = Watch(org.app)
    server = WebServer(watch, "hubspot-toll", "127.0.0.1", 0)

    def make(toll: Toll) -> Connector:
        settings = HubSpotSettings(
            base_url=server.url, access_token=org.access_token, retries=RetryPolicy(tries=2)
        )
        return HubSpotConnector(
            settings, clock=time, sleep=time.pass_by, ticks=time.seconds, toll=toll
        )

    def call(connector: Connector) -> object:
        return connector.get_many("contacts", ["1"], ["email"])

    server.start()
    try:
        # The tier's limit is a thousand times what this account has: only the headers know.
        quota = hubspot_quota("professional", "Asia/Tokyo")
        yield Scene(time, watch, quota, redis, make, call)
    finally:
        server.stop()


@contextmanager
def salesforce(redis: Redis) -> Iterator[Scene]:
    time = Time()
    org = SalesforceOrg(clock=time, daily_limit=LIMIT)
    watch = Watch(org.app)
    server = WebServer(watch, "salesforce-toll", "127.0.0.1", 0)

    def make(toll: Toll) -> Connector:
        settings = SalesforceSettings(
            login_url=server.url,
            client_id=org.client_id,
            client_secret=org.client_secret,
            retries=RetryPolicy(tries=2),
        )
        return SalesforceConnector(settings, clock=time, sleep=time.pass_by, toll=toll)

    def call(connector: Connector) -> object:
        return connector.get_many("Lead", ["00Q5g00000zzzzzEAA"], ["Email"])

    server.start()
    try:
        yield Scene(time, watch, salesforce_quota(), redis, make, call)
    finally:
        server.stop()
        org.close()


@pytest.fixture(params=[hubspot, salesforce], ids=["hubspot", "salesforce"])
def scene(request: pytest.FixtureRequest, redis: Redis) -> Iterator[Scene]:
    with ExitStack() as stack:
        yield stack.enter_context(request.param(redis))


def refused(scene: Scene) -> int:
    """How often the org said that its day is used up: 429 is HubSpot's word for it, 403 Salesforce's."""
    return scene.watch.statuses[429] + scene.watch.statuses[403]


def test_two_days_of_too_much_demand_never_use_the_org_up(scene: Scene) -> None:
    """Lower lanes slow down and stop in time; consent is served to the last, and nobody is refused."""
    tolls = [scene.toll(), scene.toll()]
    workers = [scene.make(toll) for toll in tolls]
    stranger = scene.make(FREE)
    served: dict[Lane, list[float]] = {lane: [] for lane in Lane}
    end = scene.time.seconds() + 2 * 86_400
    start = scene.time.seconds()
    for look in count():
        if scene.time.seconds() >= end - 120:
            break
        if look % 30 == 0:
            scene.call(stranger)
        lanes = [Lane.CONSENT] if look % 30 == 15 else []
        for number, lane in enumerate([*lanes, *LOWER]):
            with in_lane(lane):
                try:
                    scene.call(workers[(look + number) % 2])
                except TryLater:
                    continue
                served[lane].append(scene.time.seconds() - start)
        scene.time.pass_by(120)

    assert refused(scene) == 0
    assert len(served[Lane.CONSENT]) >= 30
    lower = sum(len(served[lane]) for lane in LOWER)
    assert 0.5 * LIMIT < lower <= 2 * 0.85 * LIMIT, (
        "the calls of the days were used, not the reserve"
    )
    assert max(served[Lane.LIVE]) > 40 * 3_600, "live calls went on until late on the second day"
    assert not any(toll.is_alone for toll in tolls)


def test_the_reserve_serves_handoffs_after_everybody_else_stopped(scene: Scene) -> None:
    """All calls that are left go to the urgent; then the system is blocked, before the org says so."""
    toll = scene.toll()
    worker, stranger = scene.make(toll), scene.make(FREE)
    for _ in range(int(LIMIT * 0.85)):
        scene.call(stranger)
        scene.time.pass_by(0.1)
    scene.call(worker)
    for lane in LOWER:
        with in_lane(lane), pytest.raises(TryLater) as put_off:
            scene.call(worker)
        assert put_off.value.after >= 600
    with in_lane(Lane.HANDOFF), pytest.raises(SystemBlocked) as blocked:
        for _ in range(LIMIT):
            scene.call(worker)
    assert blocked.value.cause == "quota"
    assert toll.snapshot()["used"] == LIMIT
    assert refused(scene) == 0


@pytest.mark.parametrize(
    ("lane", "most"),
    [(Lane.LIVE, int(LIMIT * 0.85)), (Lane.HANDOFF, LIMIT)],
    ids=["live", "handoff"],
)
def test_many_threads_at_once_stop_in_time(redis: Redis, lane: Lane, most: int) -> None:
    """Four workers that hammer at the same moment stop together, and the org never has to say so."""
    with salesforce(redis) as scene:

        def work() -> None:
            worker = scene.make(scene.toll())
            with in_lane(lane):
                try:
                    for _ in range(LIMIT):
                        scene.call(worker)
                except (TryLater, SystemBlocked):
                    return

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert refused(scene) == 0
        used = scene.toll().snapshot()["used"]
        assert used == most if lane is Lane.HANDOFF else 0 < used <= most
