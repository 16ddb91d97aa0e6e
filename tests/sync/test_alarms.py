"""Which trouble is news: the rules, and the sentences in both languages."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from connector.errors import BlockedCause, RejectionCause
from sync.alarms import (
    CONSENT_MAY_TAKE,
    QUIET,
    Heap,
    Told,
    Troubles,
    alarms_of,
    news,
    overdue,
    remembered,
    sentences,
)
from sync.planner import ADVICE

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ONE = alarms_of(Troubles(parked=[Heap("people", "too_long", 3)]))
KEY = "parked:people:too_long"


def places(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_both_languages_say_the_same() -> None:
    """Every sentence has both, with the same places to fill."""
    for key, told in sentences().items():
        assert set(told) == {"en", "ja"}, key
        assert places(told["en"]) == places(told["ja"]), key


@pytest.mark.parametrize(
    "cause",
    [*get_args(RejectionCause), *ADVICE, "conflict", "write_ignored", "partner_deleted"],
)
def test_every_cause_of_the_quarantine_has_advice(cause: str) -> None:
    """A cause without it would only say: see the list."""
    assert f"advice.parked.{cause}" in sentences()


@pytest.mark.parametrize("cause", get_args(BlockedCause))
def test_every_reason_of_a_system_to_refuse_us_has_advice(cause: str) -> None:
    """A person can do something about each."""
    [alarm] = alarms_of(Troubles(blocked=[("hubspot", cause)]))
    assert alarm.advice == sentences()[f"advice.blocked.{cause}"]["en"]


def test_the_most_urgent_comes_first() -> None:
    """Consent, erasure, systems, guards, ourselves, files, records; one alarm for each kind."""
    troubles = Troubles(
        parked=[Heap("people", "too_long", 3), Heap("people", "duplicate_of", 1)],
        blocked=[("hubspot", "quota")],
        stopped=["people"],
        consent={"people": 2},
        erasures=1,
        faults=1,
        bugs=1,
    )
    assert [alarm.key for alarm in alarms_of(troubles, "ja")] == [
        "consent:people",
        "erasure",
        "blocked:hubspot:quota",
        "guard:people",
        "our_bug",
        "mappings",
        KEY,
        "parked:people:duplicate_of",
    ]


def test_a_kind_is_news_until_it_was_told() -> None:
    """And over when it is gone."""
    assert news(ONE, {}, NOW).new == ONE
    assert news(ONE, {KEY: Told(NOW)}, NOW + QUIET) == ([], [])
    assert news([], {KEY: Told(NOW)}, NOW) == ([], [KEY])
    assert news([], {KEY: Told(NOW, over=True)}, NOW) == ([], [])


def test_a_kind_that_comes_back_within_the_hour_is_no_news() -> None:
    """Counted from the last time it was told."""
    known = {KEY: Told(NOW, over=True)}
    assert news(ONE, known, NOW + QUIET - MINUTE).new == []
    assert news(ONE, known, NOW + QUIET).new == ONE


def test_what_is_over_is_forgotten_in_time() -> None:
    """What is still there never is; nobody is owed an alarm about what is over."""
    known = {KEY: Told(NOW, frozenset({"email"}))}
    assert remembered(known, [], NOW + 9 * QUIET) == known
    assert remembered(known, [KEY], NOW + MINUTE) == {KEY: Told(NOW, over=True)}
    assert remembered(known, [KEY], NOW + QUIET) == {}


def test_an_opt_out_is_stuck_when_some_were_due_all_the_time() -> None:
    """The clock begins anew once everything has arrived."""
    stuck, since = overdue({"people": 1}, {}, NOW)
    assert (stuck, since) == ({}, {"people": NOW})
    stuck, since = overdue({"people": 4}, since, NOW + CONSENT_MAY_TAKE)
    assert (stuck, since) == ({"people": 4}, {"people": NOW})
    assert overdue({"people": 0}, since, NOW + CONSENT_MAY_TAKE) == ({}, {})
