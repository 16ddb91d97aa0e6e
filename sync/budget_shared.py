"""The book of calls that all worker processes share, in Redis: one script, one round trip per call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import orjson
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sync.budget import Answer, Facts, Terms, Verdict
from sync.budget_script import SCRIPT
from sync.lanes import Lane

HEAD = 9
"""Numbers and words of the script's answer before those by lane."""


class RedisBook:
    """A `Book` in Redis. Raises the `RedisError` of the client: `tollkeeper` knows what to do then.

    `prefix` keeps installations apart that share a server. `clock` replaces the server's time in tests.
    """

    def __init__(
        self,
        redis: Redis,
        system: str,
        *,
        prefix: str = "kakehashi",
        clock: Callable[[], float] | None = None,
    ) -> None:
        # The braces keep the keys in one slot of a cluster.
        base = f"{prefix}:budget:{{{system}}}"
        self._keys = [f"{base}:day", f"{base}:calls", f"{base}:searches"]
        self._script = redis.register_script(SCRIPT)
        self._clock = clock

    def ask(self, terms: Terms) -> Answer:
        now = "" if self._clock is None else repr(self._clock())
        raw = self._script(keys=self._keys, args=[orjson.dumps(_plain(terms)), now])
        return _answer([_text(part) for part in cast(list[Any], raw)])


def impatient(url: str) -> Redis:
    """A client that says at once when Redis is away: a second at most, one more try, no pauses.

    The library's own default would sleep through several tries before each call to a vendor.
    """
    return Redis.from_url(
        url, socket_timeout=1.0, socket_connect_timeout=1.0, retry=Retry(NoBackoff(), 1)
    )


def _plain(terms: Terms) -> dict[str, Any]:
    """What the script reads. Lanes are numbers from 1, none is 0, a limit that is none is -1."""
    memory = terms.memory
    return {
        "limit": terms.limit,
        "own": _or_none(terms.own),
        "rolling": terms.rolling,
        "lane": 0 if terms.lane is None else terms.lane.urgency + 1,
        "kind": terms.kind,
        "fresh": terms.fresh,
        "share": terms.share,
        "rate_share": terms.rate_share,
        "burst": _or_none(terms.burst),
        "searches": _or_none(terms.searches),
        "spacing": terms.spacing,
        "day_start": terms.day_start,
        "day_end": terms.day_end,
        "told": dict(terms.told),
        "age": terms.age,
        "missed": _by_lane(terms.missed),
        # Left out where there is none: the script would read null as something.
        **({} if memory is None else {"memory": _remembered(memory)}),
    }


def _remembered(facts: Facts) -> dict[str, Any]:
    return {
        "limit": facts.limit,
        "used": facts.used,
        "day": facts.day,
        "ours": _by_lane(facts.ours),
        "rates": _by_lane(facts.rates),
        "others": facts.others,
    }


def _by_lane(counts: Mapping[Lane, float]) -> list[float]:
    return [counts[lane] for lane in Lane]


def _or_none(limit: int | None) -> int:
    return -1 if limit is None else limit


def _text(part: Any) -> str:
    return part.decode() if isinstance(part, bytes) else str(part)


def _answer(parts: list[str]) -> Answer:
    wait, now, limit, used, day, others, burst, burst_used = (float(n) for n in parts[1:HEAD])
    lanes = [float(number) for number in parts[HEAD:]]
    ours, rates = lanes[: len(Lane)], lanes[len(Lane) :]
    facts = Facts(
        now=now,
        limit=int(limit),
        used=used,
        ours=dict(zip(Lane, ours, strict=True)),
        rates=dict(zip(Lane, rates, strict=True)),
        others=others,
        day=day,
        burst_limit=int(burst) if burst > 0 else None,
        burst_used=int(burst_used),
    )
    return Answer(cast(Verdict, parts[0]), wait, facts)
