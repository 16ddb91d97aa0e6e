"""What the suite of the lifecycle arranges: invented people, requests, and entries that answer them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from database.tables import metadata
from lifecycle.model import Entry, Evidence, Refusal, Request, Role, Stage, Subject
from lifecycle.port import Timer
from lifecycle.store import SqlLifecycleStore

NOW = datetime(2026, 11, 24, 9, 30, 0, 123456, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANN, BOB, CAT = (Subject("person", key) for key in ("ann", "bob", "cat"))


def emptied(engine: Engine) -> SqlLifecycleStore:
    """The store of an engine, with nothing in it."""
    with engine.begin() as connection:
        for name, table in metadata.tables.items():
            if name.startswith("lifecycle_"):
                connection.execute(table.delete())
    return SqlLifecycleStore(engine)


def asked(name: str, subject: Subject = ANN, to: Stage = Stage.MQL, **more: Any) -> Request:
    """A request with everything in it that a request may hold."""
    said: dict[str, Any] = {
        "at": NOW,
        "observed_at": NOW + timedelta(seconds=2),
        "evidence": Evidence(items=3, days=2, hard_at=NOW, ids=("e1", "e2")),
        "rules": ("score",),
        "reason": "timing",
        "sub_reason": "来期",
        "comment": "予算は 4 月から <b>",
        "reactivate_on": NOW.date(),
        **more,
    }
    return Request(
        id=name,
        subject=subject,
        to=to,
        role=Role.SALES,
        actor="seller@example.com",
        source="salesforce",
        **said,
    )


def answer(request: Request, number: int, **more: Any) -> Entry:
    """An entry with everything in it that an entry may hold."""
    whole = Entry(
        subject=request.subject,
        number=number,
        cycle=1,
        stage=request.to,
        previous=Stage.LEAD,
        transition="T2",
        entered_at=request.at,
        observed_at=request.observed_at,
        role=request.role,
        actor=request.actor,
        source=request.source,
        request_id=request.id,
        definition="qualified_lead v7",
        reason=request.reason,
        sub_reason=request.sub_reason,
        comment=request.comment,
        reactivate_on=request.reactivate_on,
        cool_until=request.at + DAY,
        hop="marketing",
        trigger="surge",
        opportunity="006A",
        handed_to="seller@example.com",
        rules=("score", "surge"),
        evidence=("e1", "e2"),
    )
    return replace(whole, **more)


def timer(subject: Subject = ANN, entry: int = 1, **more: Any) -> Timer:
    """A clock that has a day to go, and half of it until somebody is told."""
    said: dict[str, Any] = {
        "clock": "verdict",
        "owner": "seller@example.com",
        "started_at": NOW,
        "due_at": NOW + DAY,
        "next_at": NOW + DAY / 2,
        **more,
    }
    return Timer(subject=subject, entry=entry, **said)


def enter(
    store: SqlLifecycleStore,
    name: str,
    number: int,
    subject: Subject = ANN,
    *,
    to: Stage = Stage.MQL,
    at: datetime = NOW,
    timers: tuple[Timer, ...] = (),
    **more: Any,
) -> Entry:
    """Ask for something and decide it at once."""
    request = asked(name, subject, to, at=at)
    entry = answer(request, number, **more)
    store.decide(request, [entry], None, timers)
    return entry


def refused(request: Request) -> Refusal:
    return Refusal(
        request=request, code="cooling_off", stood=Stage.RECYCLED, words={"until": "2026-12-24"}
    )
