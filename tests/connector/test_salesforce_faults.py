"""Salesforce's refusals mean what the caller does next."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import (
    ConnectorError,
    OutcomeUnknown,
    RecordLocked,
    Rejected,
    SystemBlocked,
    TryLater,
)
from connector.salesforce.faults import BadAnswer, Expired, translate

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PAGE = "<html><body>Down for Maintenance</body></html>"


def told(
    status: int, content: object = "", *, write: bool = False, wish: str | None = None
) -> ConnectorError:
    return translate(BadAnswer(status, content, write, wish), NOON)


def refusal(code: str, message: str = "", **more: Any) -> list[dict[str, Any]]:
    return [{"errorCode": code, "message": message or code, **more}]


@pytest.mark.parametrize("status", [406, 420, 429, 502, 503])
@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize("content", ["", PAGE, refusal("SERVER_UNAVAILABLE")])
def test_what_never_arrived_is_tried_later(status: int, write: bool, content: object) -> None:
    """The edge found no way or the org took nothing in: nothing was done, writes included."""
    busy = told(status, content, write=write)
    assert type(busy) is TryLater
    assert busy.after == 1.0


@pytest.mark.parametrize("status", [420, 429, 500, 502, 503, 504])
@pytest.mark.parametrize(
    ("wish", "after"), [("7", 7.0), ("Fri, 20 Nov 2026 12:00:30 GMT", 30.0), ("soon", None)]
)
def test_the_servers_wish_wins(status: int, wish: str, after: float | None) -> None:
    """Seconds or a date; what cannot be read leaves our own wait."""
    busy = told(status, PAGE, wish=wish)
    assert isinstance(busy, TryLater)
    assert busy.after == (after or busy.after) > 0


@pytest.mark.parametrize("status", [500, 504, 520])
@pytest.mark.parametrize("content", [PAGE, "", refusal("UNKNOWN_EXCEPTION")])
def test_a_write_that_broke_on_the_way_may_have_landed(status: int, content: object) -> None:
    """A read is simply tried again."""
    assert isinstance(told(status, content, write=True), OutcomeUnknown)
    assert type(told(status, content)) is TryLater


@pytest.mark.parametrize(
    "content",
    [refusal("INVALID_SESSION_ID"), refusal("INVALID_AUTH_HEADER"), PAGE, "", {"error": "x"}],
)
def test_any_401_is_an_expired_session(content: object) -> None:
    """In whatever shape its body comes; the gateway logs in once and asks again."""
    assert isinstance(told(401, content), Expired)


def test_the_calls_of_the_day_block_until_some_are_free_again() -> None:
    """Not a 429: a 403, and nobody has to do anything but wait."""
    blocked = told(403, refusal("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."))
    assert isinstance(blocked, SystemBlocked)
    assert blocked.cause == "quota"
    assert blocked.until == 3_600


def test_too_many_calls_at_one_time_pass() -> None:
    """The same code, and another limit: it is over in seconds."""
    text = "ConcurrentPerOrgLongTxn Limit exceeded."
    busy = told(403, refusal("REQUEST_LIMIT_EXCEEDED", text), write=True)
    assert type(busy) is TryLater
    assert busy.after == 10.0


@pytest.mark.parametrize(
    ("status", "content", "cause"),
    [
        (403, refusal("API_DISABLED_FOR_ORG", "API is not enabled"), "permission"),
        (403, refusal("API_CURRENTLY_DISABLED"), "permission"),
        (403, PAGE, "permission"),
        (404, PAGE, "not_an_api"),
        (302, "", "not_an_api"),
        (405, PAGE, "not_an_api"),
    ],
)
def test_some_answers_block_the_whole_system(status: int, content: object, cause: str) -> None:
    """No record is to blame; a person is told what to do."""
    blocked = told(status, content)
    assert isinstance(blocked, SystemBlocked)
    assert blocked.cause == cause
    assert blocked.advice


@pytest.mark.parametrize(
    ("status", "content", "cause"),
    [
        (403, refusal("INSUFFICIENT_ACCESS_OR_READONLY"), "read_only"),
        (400, refusal("INSUFFICIENT_ACCESS_OR_READONLY"), "read_only"),
        (404, refusal("NOT_FOUND", "The requested resource does not exist"), "not_found"),
        (404, refusal("ENTITY_IS_DELETED", "entity is deleted", fields=[]), "deleted"),
        (400, refusal("INVALID_FIELD", "No such column 'Foo' on entity 'Lead'"), "no_such_field"),
        (400, refusal("MALFORMED_QUERY"), "other"),
        (400, refusal("EXCEEDED_ID_LIMIT"), "other"),
        (405, refusal("METHOD_NOT_ALLOWED"), "other"),
    ],
)
def test_a_refused_call_says_why(status: int, content: object, cause: str) -> None:
    """The code decides, whichever status it comes with."""
    refused = told(status, content)
    assert isinstance(refused, Rejected)
    assert refused.cause == cause


@pytest.mark.parametrize("code", ["UNABLE_TO_LOCK_ROW", "QUERY_TIMEOUT", "INVALID_QUERY_LOCATOR"])
def test_a_passing_refusal_is_no_refusal(code: str) -> None:
    """400 is no reason to park anything here."""
    assert type(told(400, refusal(code), write=code == "UNABLE_TO_LOCK_ROW")) is TryLater


def test_a_call_about_a_record_under_approval_is_that_records_business() -> None:
    """No fault of the call, and nothing that is worth a second try now."""
    assert isinstance(told(400, refusal("ENTITY_IS_LOCKED"), write=True), RecordLocked)


_bodies = st.recursive(
    st.none() | st.text() | st.integers() | st.booleans(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.integers(300, 599), _bodies, st.booleans(), st.none() | st.text())
def test_whatever_is_answered_there_is_an_error_with_words(
    status: int, content: object, write: bool, wish: str | None
) -> None:
    """A broken body breaks nothing."""
    assert told(status, content, write=write, wish=wish).message
