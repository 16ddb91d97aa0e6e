"""The two books keep the same account, and the one in Redis keeps it for many writers at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from connector.toll import CallKind
from sync import budget
from sync.budget import Answer, Facts, Quota, Terms, hubspot_quota, salesforce_quota
from sync.budget_book import LocalBook
from sync.budget_shared import RedisBook
from sync.lanes import Lane
from tests.machine.redis import redis_server

NOON = 1_763_953_200.0  # 2025-11-24 12:00 in Tokyo
NUMBERS = count()


@pytest.fixture(scope="module")
def server() -> Iterator[Redis]:
    """A real server for this module; every book takes keys of its own."""
    for url in redis_server():
        with Redis.from_url(url) as redis:
            yield redis


@dataclass
class Time:
    """Time that tests move."""

    now: float = NOON

    def __call__(self) -> float:
        return self.now


def fresh_book(server: Redis, time: Time) -> RedisBook:
    return RedisBook(server, "any", prefix=f"book{next(NUMBERS)}", clock=time)


SMALL = Quota(system="any", daily=60, own_daily=50, burst=7, searches=2, zone="Asia/Tokyo")
ROLLING = Quota(system="any", daily=60, reserve=20)

steps = st.tuples(
    st.sampled_from([0.0, 0.3, 1.0, 9.9, 25.0, 700.0, 4_000.0, 90_000.0, -3.0, -5_000.0]),
    st.none() | st.sampled_from(list(Lane)),
    st.sampled_from(["read", "write", "search"]),
    st.booleans(),
    st.fixed_dictionaries(
        {},
        optional={
            "daily_limit": st.integers(20, 90),
            "daily_left": st.integers(0, 90),
            "burst_limit": st.integers(3, 12),
            "burst_left": st.integers(0, 12),
        },
    ),
    st.sampled_from([0.0, 5.0, 100.0]),
    st.integers(0, 2),
)
Step = tuple[float, Lane | None, CallKind, bool, dict[str, int], float, int]


def terms_of(quota: Quota, facts: Facts, step: Step) -> Terms:
    _, lane, kind, fresh, told, age, missed = step
    facts = budget.today(quota, facts)
    asked = (
        budget.look(quota, facts) if lane is None else budget.terms_for(quota, facts, lane, kind)
    )
    by_lane = {**budget.no_calls(), Lane.LIVE: float(missed)}
    return replace(asked, fresh=fresh, told=told, age=age, missed=by_lane, memory=facts)


def rounded(answer: Answer) -> tuple[object, ...]:
    """Everything an answer says, to the microsecond."""
    facts = answer.facts
    numbers = [answer.wait, facts.now, facts.used, facts.others, facts.day]
    numbers += [*facts.ours.values(), *facts.rates.values()]
    told = (answer.verdict, facts.limit, facts.burst_limit, facts.burst_used)
    return (*told, *(round(number, 6) for number in numbers))


@pytest.mark.parametrize("quota", [SMALL, ROLLING], ids=["fixed day", "rolling day"])
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(story=st.lists(steps, min_size=1, max_size=40))
def test_both_books_give_the_same_answers(server: Redis, quota: Quota, story: list[Step]) -> None:
    """Whatever happens, clocks that jump included, Lua and Python count alike."""
    time = Time()
    local, shared = LocalBook(time), fresh_book(server, time)
    facts = Facts(now=NOON, limit=quota.daily, used=0.0)
    for step in story:
        time.now += step[0]
        asked = terms_of(quota, facts, step)
        one, other = local.ask(asked), shared.ask(asked)
        assert rounded(one) == rounded(other)
        facts = one.facts


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(pauses=st.lists(st.floats(0, 4), min_size=20, max_size=120), urgent=st.booleans())
def test_no_window_holds_more_than_the_burst(
    server: Redis, pauses: list[float], urgent: bool
) -> None:
    """In any ten seconds at most the lane's part of the burst was let through."""
    time, quota = Time(), replace(SMALL, daily=10_000, own_daily=None, burst=20)
    book, lane = fresh_book(server, time), Lane.CONSENT if urgent else Lane.BACKFILL
    went: list[float] = []
    facts = Facts(now=NOON, limit=quota.daily, used=0.0)
    for pause in pauses:
        time.now += pause / 4
        asked = replace(budget.terms_for(quota, facts, lane, "write"), spacing=0.0)
        if book.ask(asked).verdict == "go":
            went.append(time.now)
    most = 20 if urgent else 14
    assert max(sum(1 for at in went if start <= at < start + 10) for start in went) <= most


def test_many_writers_share_one_burst(server: Redis) -> None:
    """Eight clients that all want at once get 190 calls together, and not one more."""
    quota, prefix = hubspot_quota("professional", "Asia/Tokyo"), f"book{next(NUMBERS)}"
    verdicts: list[str] = []
    start = threading.Barrier(8)

    def work() -> None:
        with Redis.from_url(url_of(server)) as redis:
            book = RedisBook(redis, "hubspot", prefix=prefix, clock=Time())
            facts = Facts(now=NOON, limit=quota.daily, used=0.0)
            start.wait()
            for _ in range(40):
                asked = budget.terms_for(quota, facts, Lane.HANDOFF, "read")
                verdicts.append(book.ask(asked).verdict)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts.count("go") == 190
    assert verdicts.count("burst") == 8 * 40 - 190


def url_of(redis: Redis) -> str:
    given = redis.connection_pool.connection_kwargs
    return f"redis://{given['host']}:{given['port']}/0"


def test_searches_have_a_limit_of_their_own(server: Redis) -> None:
    """Five searches begin in a second, and calls of other kinds are not held up by them."""
    time, quota = Time(), hubspot_quota("professional", "Asia/Tokyo")
    book, facts = fresh_book(server, time), Facts(now=NOON, limit=quota.daily, used=0.0)

    def search() -> Answer:
        return book.ask(budget.terms_for(quota, facts, Lane.CONSENT, "search"))

    assert [search().verdict for _ in range(6)] == ["go"] * 5 + ["search"]
    assert search().wait == pytest.approx(1.0)
    assert book.ask(budget.terms_for(quota, facts, Lane.CONSENT, "read")).verdict == "go"
    time.now += 1.0
    assert search().verdict == "go"


def test_the_servers_own_time_counts(server: Redis) -> None:
    """Workers whose clocks disagree do not matter: without a clock, Redis says what time it is."""
    book = RedisBook(server, "salesforce", prefix=f"book{next(NUMBERS)}")
    seconds, _ = server.time()
    answer = book.ask(budget.look(salesforce_quota(), Facts(now=0.0, limit=1, used=0.0)))
    assert seconds <= answer.facts.now <= seconds + 60


@pytest.mark.parametrize("shared", [False, True], ids=["local", "redis"])
def test_a_rolling_day_gives_our_calls_back_after_a_day(server: Redis, shared: bool) -> None:
    """Calls of 9 o'clock count until 9 o'clock of the next day, to the hour, and no longer."""
    time = Time()
    quota = replace(salesforce_quota(own_daily=20), daily=1_000)
    book = fresh_book(server, time) if shared else LocalBook(time)
    facts = Facts(now=NOON, limit=1_000, used=0.0)

    def ask() -> str:
        return book.ask(
            replace(budget.terms_for(quota, facts, Lane.CONSENT, "read"), told={"daily_used": 5})
        ).verdict

    assert [ask() for _ in range(21)] == ["go"] * 20 + ["exhausted"]
    time.now += 22 * 3_600
    assert ask() == "exhausted"
    time.now += 2.5 * 3_600
    assert ask() == "go"


def test_an_answer_that_knows_less_corrects_the_count() -> None:
    """Calls that never arrived are given back once the vendor could have counted them."""
    time, quota = Time(), hubspot_quota("free", "Asia/Tokyo")
    book, facts = LocalBook(time), Facts(now=NOON, limit=250_000, used=0.0)
    for _ in range(30):
        book.ask(budget.terms_for(quota, facts, Lane.CONSENT, "read"))
    time.now += 120
    book.ask(budget.terms_for(quota, facts, Lane.CONSENT, "read"))
    told = replace(budget.look(quota, facts), told={"daily_used": 1})
    assert book.ask(told).facts.used == 2


def test_strangers_in_the_burst_window_are_seen() -> None:
    """An answer that says 40 calls are left of 190 makes room for 40, whoever made the others."""
    time, quota = Time(), hubspot_quota("professional", "Asia/Tokyo")
    book, facts = LocalBook(time), Facts(now=NOON, limit=625_000, used=0.0)
    told = replace(budget.look(quota, facts), told={"burst_limit": 190, "burst_left": 40})
    assert book.ask(told).facts.burst_used == 150
