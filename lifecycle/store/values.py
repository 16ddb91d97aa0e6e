"""Values of the lifecycle as rows and as JSON text, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import RowMapping

from database.room import aware, from_json, to_json, utc
from intent.store.naming import subject_of, subject_text
from lifecycle.model import Entry, Refusal, Request, Role, Stage, Standing
from lifecycle.port import Timer

REQUEST, STANDING = TypeAdapter(Request), TypeAdapter(Standing)
ENTRY_NAMES = tuple(one.name for one in fields(Entry))
T = TypeVar("T")


def to_text(adapter: TypeAdapter[T], value: T) -> str:
    """A value with everything in it as JSON text."""
    return adapter.dump_json(value).decode()


def request_of(text: str) -> Request:
    """The request of a row; what a request has no more is left out."""
    return REQUEST.validate_json(text)


def standing_of(text: str) -> Standing:
    """The standing of a row; what a standing has no more is left out."""
    return STANDING.validate_json(text)


def entry_row(entry: Entry) -> dict[str, Any]:
    """The columns of an entry."""
    return {
        **{name: getattr(entry, name) for name in ENTRY_NAMES},
        "subject": subject_text(entry.subject),
        "entered_at": utc(entry.entered_at),
        "observed_at": utc(entry.observed_at),
        "cool_until": utc(entry.cool_until),
        "rules": to_json(entry.rules),
        "evidence": to_json(entry.evidence),
    }


def entry_of(row: RowMapping) -> Entry:
    """The inverse of `entry_row`."""
    said = {
        **row,
        "subject": subject_of(row["subject"]),
        "stage": Stage(row["stage"]),
        "previous": None if row["previous"] is None else Stage(row["previous"]),
        "role": Role(row["role"]),
        "entered_at": aware(row["entered_at"]),
        "observed_at": aware(row["observed_at"]),
        "cool_until": aware(row["cool_until"]),
        "rules": tuple(from_json(row["rules"])),
        "evidence": tuple(from_json(row["evidence"])),
    }
    return Entry(**said)


def refusal_of(row: RowMapping, request: Request) -> Refusal:
    """Why this request was not followed."""
    return Refusal(
        request=request,
        code=row["code"],
        stood=Stage(row["stood"]),
        words=from_json(row["words"]),
    )


def timer_row(timer: Timer) -> dict[str, Any]:
    """The columns of a timer."""
    return {
        **timer._asdict(),
        "subject": subject_text(timer.subject),
        "started_at": utc(timer.started_at),
        "due_at": utc(timer.due_at),
        "next_at": utc(timer.next_at),
        "stopped_at": utc(timer.stopped_at),
    }


def timer_of(row: Mapping[str, Any] | RowMapping) -> Timer:
    """The inverse of `timer_row`."""
    times = ("started_at", "due_at", "next_at", "stopped_at")
    return Timer(
        **{
            **row,
            "subject": subject_of(row["subject"]),
            **{name: aware(row[name]) for name in times},
        }
    )
