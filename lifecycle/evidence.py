"""What somebody did, as the rules count it: items, days, the latest hand-raise and topic. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo

from intent.definition import Definition as Interest
from intent.model import DAY, UNKNOWN, Contribution, Millis, millis, moment
from lifecycle.model import Evidence

# What is longer ago is no reason to call anybody now.
REACH: Millis = 90 * DAY


def evidence_of(
    interest: Interest,
    found: Iterable[Contribution],
    at: datetime,
    zone: tzinfo,
    *,
    after: datetime | None = None,
    surge_at: datetime | None = None,
) -> Evidence:
    """The evidence at an instant out of what counted. `after`: the last recycle; nothing up to it counts.

    Days are those of the business. What speaks against a purchase is no evidence for one.
    """
    now = millis(at)
    least = max(now - REACH, 0 if after is None else millis(after))
    items = [one for one in found if least < one.at <= now and _speaks_for(interest, one)]
    if not items:
        return Evidence(surge_at=surge_at)
    items.sort(key=lambda one: (one.at, one.event_id))
    hard = next((one for one in reversed(items) if interest.kinds[one.type].hard), None)
    topical = next((one for one in reversed(items) if one.topic != UNKNOWN), None)
    return Evidence(
        items=len(items),
        days=len({moment(one.at).astimezone(zone).date() for one in items}),
        hard_event=None if hard is None else hard.type,
        hard_at=None if hard is None else moment(hard.at),
        surge_at=surge_at,
        topic=None if topical is None else topical.topic,
        topic_at=None if topical is None else moment(topical.at),
        last_at=moment(items[-1].at),
        ids=tuple(one.event_id for one in items),
    )


def _speaks_for(interest: Interest, one: Contribution) -> bool:
    family = interest.families.get(one.family)
    return family is not None and not family.negative and one.type in interest.kinds
