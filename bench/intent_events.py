"""Website events for measuring: invented people who read pages and sometimes say who they are.

The same seed gives the same events, each by its number, so that no process has to hand them to another.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from intent.definition import Definition, EventKind, Family
from intent.model import DAY, Event, Identity

END = datetime(2026, 11, 24, 9, tzinfo=UTC)
DAYS_BACK = 60
EVENTS_PER_VISITOR = 12
TOPICS = ("", "pricing", "security", "integration", "cases")
KINDS = ("page_view", "page_view", "page_view", "page_view", "pricing_view", "comparison_view")


def definition() -> Definition:
    """The weights of the domain sheet for what happens here."""
    kinds = (
        EventKind(name="page_view", points=1, family="browse", glance=0.2, at_most=3),
        EventKind(name="pricing_view", points=6, family="buying"),
        EventKind(name="comparison_view", points=4, family="evaluate"),
        EventKind(name="form_submit_content", points=8, family="content"),
        EventKind(name="return_visit", points=3, family="recency"),
    )
    families = (
        Family(name="browse", half_life=14 * DAY, cap=20),
        Family(name="buying", half_life=14 * DAY, cap=40),
        Family(name="evaluate", half_life=14 * DAY, cap=30),
        Family(name="content", half_life=30 * DAY, cap=30),
        Family(name="recency", half_life=14 * DAY, cap=15),
    )
    return Definition(
        version="bench",
        hash="bench",
        kinds={one.name: one for one in kinds},
        families={one.name: one for one in families},
    )


def event(number: int, total: int) -> Event:
    """The event of this number: they come in by time, of as many visitors as there is room for."""
    dice = random.Random(number)
    visitors = max(1, total // EVENTS_PER_VISITOR)
    # Few visitors come often, most of them seldom.
    visitor = int(visitors * dice.random() ** 2)
    at = END - timedelta(days=DAYS_BACK) * (1 - number / total)
    named = dice.random() < 0.05 and visitor % 4 == 0
    page = int(40 * dice.random() ** 2)
    return Event(
        event_id=f"event-{number}",
        type="form_submit_content" if named else dice.choice(KINDS),
        occurred_at=at,
        received_at=at,
        told_at=at,
        identity=Identity(
            email=f"person{visitor}@company{visitor % 5_000}.example" if named else None,
            visitor=f"visitor-{visitor}",
            network_domain=f"company{visitor % 5_000}.example" if visitor % 3 == 0 else None,
        ),
        source="site",
        url=f"https://www.example.com/{page}",
        page=f"/{page}",
        title=f"Page {page}",
        topic=TOPICS[page % len(TOPICS)],
        glance=dice.random() < 0.3,
        properties={"seconds": dice.randrange(90)},
    )


def batches(numbers: list[int], total: int, size: int) -> Iterator[list[Event]]:
    """The events of these numbers, so many at once."""
    for start in range(0, len(numbers), size):
        yield [event(number, total) for number in numbers[start : start + size]]
