"""What the suite of website intent arranges: a definition, and events of invented people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count

from sqlalchemy import Engine

from database.tables import metadata
from intent.decay import read
from intent.definition import Definition, EventKind, Family
from intent.model import DAY, UNKNOWN, Discard, Event, Identity, Subject, millis
from intent.store import SqlIntentStore
from sync.ledger import Ledger

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ANN, BOB = "ann@acme.example", "bob@beta.example"
FREE_MAIL = frozenset({"freemail.example"})
_ids = count()


def definition(version: str = "first", view: float = 1.0, at_most: int = 3) -> Definition:
    kinds = (
        EventKind(name="page_view", points=view, family="browse", glance=0.2, at_most=at_most),
        EventKind(name="pricing_view", points=6, family="buying"),
        EventKind(name="form", points=40, family="hand_raise", hard=True),
        EventKind(name="return_visit", points=3, family="recency"),
        EventKind(name="third_party_intent", points=5, family="external"),
        EventKind(name="email_open", points=0, family="browse"),
    )
    families = (
        Family(name="browse", half_life=14 * DAY, cap=20),
        Family(name="buying", half_life=14 * DAY, cap=40),
        Family(name="hand_raise", half_life=45 * DAY, cap=60),
        Family(name="recency", half_life=14 * DAY, cap=15),
        Family(name="external", half_life=21 * DAY, cap=15),
    )
    return Definition(
        version=version,
        hash=f"hash of {version}",
        kinds={one.name: one for one in kinds},
        families={one.name: one for one in families},
    )


FIRST = definition()


def event(
    kind: str = "page_view",
    *,
    ago: timedelta = timedelta(0),
    event_id: str | None = None,
    email: str | None = None,
    contact: str | None = None,
    visitor: str | None = None,
    hubspotutk: str | None = None,
    domain: str | None = None,
    network: str | None = None,
    number: str | None = None,
    page: str | None = "/",
    topic: str = UNKNOWN,
    points: float | None = None,
    glance: bool = False,
    discard: Discard | None = None,
    title: str | None = None,
    now: datetime = NOW,
) -> Event:
    return Event(
        event_id=event_id or f"e{next(_ids)}",
        type=kind,
        occurred_at=now - ago,
        received_at=now,
        told_at=now - ago,
        identity=Identity(
            email=email,
            hubspot_contact_id=contact,
            hubspotutk=hubspotutk,
            visitor=visitor,
            company_domain=domain,
            network_domain=network,
            corporate_number=number,
        ),
        source="site",
        page=page,
        title=title,
        topic=topic,
        points=points,
        glance=glance,
        discard=discard,
    )


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """The engine of a ledger whose tables are up to date."""
    ledger = Ledger.open(url)
    try:
        yield ledger._engine
    finally:
        ledger.close_all()


def emptied(engine: Engine) -> SqlIntentStore:
    """The store of an engine, with nothing in it."""
    with engine.begin() as connection:
        for name, table in metadata.tables.items():
            if name.startswith("intent_"):
                connection.execute(table.delete())
    return SqlIntentStore(engine, account_of)


def account_of(domain: str) -> str | None:
    return None if domain in FREE_MAIL else domain


def score(
    store: SqlIntentStore,
    *events: Event,
    by: Definition = FIRST,
    now: datetime = NOW,
    parts: int = 1,
) -> None:
    """Take events in and score all that wait."""
    store.take_in(events)
    for part in range(parts):
        while store.score_some(by, now, part=part, parts=parts):
            pass


def person(store: SqlIntentStore, email: str = ANN) -> Subject:
    return store.subjects_by("email", [email])[email]


def visitor(key: str = "v1") -> Subject:
    return Subject("visitor", key)


def account(key: str = "acme.example") -> Subject:
    return Subject("account", key)


def points(
    store: SqlIntentStore,
    subject: Subject,
    family: str | None = None,
    *,
    by: Definition = FIRST,
    now: datetime = NOW,
) -> float:
    """The sum of a subject's own states at an instant, of one family or of all."""
    found = store.states([subject], by)
    return sum(
        read(state, millis(now), by.families[key.family].half_life)
        for key, state in found.items()
        if key.subject == subject and family in (None, key.family)
    )


def told(store: SqlIntentStore, subjects: Iterable[Subject]) -> set[Subject]:
    return set(store.told(subjects))
