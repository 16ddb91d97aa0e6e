"""A definition, events as somebody tells them, and a store in memory: for tests of what comes in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from intent.definition import Definition, EventKind, Family, Filters, PageRule, TopicRule
from intent.identity import Network
from intent.intake import Intake, Told
from intent.model import DAY, Event, Identity, Rejection
from intent.port import TakenIn
from sync.ledger import LedgerUnavailable

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
SERVER, SITE = Told("server"), Told("site")
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36"
)
DEFINITION = Definition(
    version="1",
    hash="h",
    kinds={"seminar": EventKind(name="seminar", points=4, family="content")},
    families={"content": Family(name="content", half_life=30 * DAY, cap=30)},
    topics={
        "pricing": TopicRule(id="pricing", label_ja="料金", label_en="pricing"),
        "integration": TopicRule(id="integration", label_ja="連携", label_en="integration"),
    },
    pages=(
        PageRule(path="/pricing*", type="pricing_view", topic="pricing"),
        PageRule(path="*料金*", type="pricing_view"),
        PageRule(path="/docs/*", topic="integration"),
        PageRule(path="*", topic=None),
    ),
    filters=Filters(
        networks=("203.0.113.0/24", "2001:db8:1::/48"),
        employee_domains=("kakehashi.example.com", "agency.jp"),
        data_centre_asns=(64500,),
        burst_pages=5,
        burst_within=600_000,
    ),
    query=frozenset({"utm_*", "doc"}),
)
NETWORKS = {
    "198.51.100.7": Network("acme.co.jp", 64496),
    "2001:db8:2::7": Network("acme.co.jp", 64496),
    "198.51.100.9": Network(None, 64500),
    "198.51.100.10": Network(None, None, hosting=True),
}


def intake(definition: Definition = DEFINITION) -> Intake:
    """Reads by the definition; a few networks are known."""
    return Intake(definition=definition, look_up=NETWORKS.get)


def told(**more: Any) -> dict[str, Any]:
    """One page view as a server tells it. None takes an entry out."""
    event = {
        "event_id": "e1",
        "type": "page_view",
        "url": "https://www.example.com/pricing",
        "occurred_at": "2026-11-24T08:59:00Z",
        "email": "Ann@Acme.co.jp",
        "consent": {"tracking": "granted"},
    } | more
    return {name: value for name, value in event.items() if value is not None}


def taken(raw: object, how: Told = SERVER, definition: Definition = DEFINITION) -> Event:
    """The event that is made of it."""
    found = intake(definition).read(raw, 0, how, NOW)
    assert isinstance(found, Event), found
    return found


def rejected(raw: object, how: Told = SERVER) -> Rejection:
    """Why none is made of it."""
    found = intake().read(raw, 7, how, NOW)
    assert isinstance(found, Rejection), found
    return found


def event(event_id: str, event_type: str = "page_view", after: float = 0, **more: Any) -> Event:
    """An event so many seconds after `NOW`, which came in at once."""
    at = NOW + timedelta(seconds=after)
    made = Event(
        event_id=event_id,
        type=event_type,
        occurred_at=at,
        received_at=at,
        told_at=at,
        identity=Identity(visitor="v1"),
        source="site",
    )
    return replace(made, **more)


def look(event_id: str, after: float = 0, **more: Any) -> Event:
    """A view by somebody who stayed and scrolled."""
    return event(event_id, "page_view", after, properties={"seconds": 20, "scrolled": 40}, **more)


@dataclass
class Twin:
    """The intake side of a store, in memory: each id once, the first body stands. It can be down."""

    is_down: bool = False
    on_file: dict[str, Event] = field(default_factory=dict)

    def take_in(self, events: Sequence[Event]) -> TakenIn:
        if self.is_down:
            raise LedgerUnavailable("the disk is full")
        accepted, differing = 0, []
        for one in events:
            first = self.on_file.setdefault(one.event_id, one)
            accepted += first is one
            if first is not one and _content(first) != _content(one):
                differing.append(one.event_id)
        return TakenIn(accepted, len(events) - accepted, tuple(differing))


def _content(one: Event) -> Mapping[str, object]:
    """What makes two events of one id the same."""
    return {"type": one.type, "at": one.told_at, "who": one.identity, "url": one.url}
