"""HubSpot's refusals mean what the caller does next."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.errors import OutcomeUnknown, Rejected, SystemBlocked, TryLater
from connector.hubspot.faults import BadAnswer, rejection, seconds_to_midnight, translate

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PAGE = b"<!DOCTYPE html><html><body>524: a timeout occurred</body></html>"


def answer(
    status: int,
    body: Any = None,
    effect: str = "read",
    zone: str | None = None,
    names_record: bool = True,
    **headers: str,
) -> BadAnswer:
    raw = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return BadAnswer(status, named, raw, effect, names_record, zone)


def invalid(*entries: tuple[str, str]) -> dict[str, Any]:
    """A validation error as section 6.2 of the reference sheet shows it."""
    listed = [{"isValid": False, "message": "m", "error": code, "name": n} for code, n in entries]
    return {
        "status": "error",
        "message": f"Property values were not valid: {json.dumps(listed)}",
        "correlationId": "0190-a",
        "errors": [
            {"message": "m", "code": code, "context": {"propertyName": [name]}}
            for code, name in entries
        ],
        "category": "VALIDATION_ERROR",
    }


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("PROPERTY_DOESNT_EXIST", "no_such_field"),
        ("INVALID_EMAIL", "invalid_email"),
        ("INVALID_OPTION", "unknown_option"),
        ("READ_ONLY_VALUE", "read_only"),
        ("INVALID_LONG", "invalid_value"),
        ("INVALID_SOMETHING_NEW", "invalid_value"),
        ("NEVER_SEEN", "other"),
    ],
)
def test_a_validation_error_names_cause_and_field(code: str, cause: str) -> None:
    """The code decides, known or of a known family; the property is named."""
    refused = translate(answer(400, invalid((code, "jobtitle"))), NOON)
    assert isinstance(refused, Rejected)
    assert (refused.cause, refused.fields) == (cause, ("jobtitle",))
    assert refused.request_id == "0190-a"


def test_fields_that_only_the_text_names_are_found() -> None:
    """The list in the message may be longer than the one in `errors`."""
    body = invalid(("INVALID_OPTION", "a"), ("INVALID_EMAIL", "b"))
    body["errors"] = body["errors"][:1]
    assert rejection(body).fields == ("a", "b")


@pytest.mark.parametrize(
    ("status", "body", "cause", "fields", "existing"),
    [
        (
            409,
            {"message": "Contact already exists. Existing ID: 512", "category": "CONFLICT"},
            "duplicate",
            ("email",),
            "512",
        ),
        (
            400,
            {
                "message": "Cannot set PropertyValueCoordinates{portalId=1, objectTypeId="
                "ObjectTypeId{legacyObjectType=CONTACT}, propertyName=sf_id, value=x} on 7."
                " 9 already has that value.",
                "category": "VALIDATION_ERROR",
            },
            "duplicate",
            ("sf_id",),
            "9",
        ),
        (
            400,
            {
                "message": "Error creating CALL. Some required properties were not set.",
                "context": {"properties": ["hs_timestamp"]},
            },
            "required_blank",
            ("hs_timestamp",),
            None,
        ),
        (400, {"message": "Unable to infer object type from: x"}, "no_such_field", (), None),
        (404, {"message": "resource not found"}, "not_found", (), None),
        (404, PAGE, "not_found", (), None),
        (400, {"message": "One or more associations are invalid"}, "bad_reference", (), None),
        (413, {}, "other", (), None),
    ],
)
def test_refusals_without_a_code(
    status: int, body: Any, cause: str, fields: tuple[str, ...], existing: str | None
) -> None:
    """Their text is all there is; the record in the way is read out of it."""
    refused = translate(answer(status, body), NOON)
    assert isinstance(refused, Rejected)
    assert (refused.cause, refused.fields, refused.existing_id) == (cause, fields, existing)


def test_a_conflict_inside_a_batch_answer_names_the_record_in_the_way() -> None:
    """There the id stands in the context."""
    refused = rejection(
        {
            "status": "error",
            "category": "CONFLICT",
            "message": "Contact already exists",
            "context": {"objectWriteTraceId": ["0"], "existingId": ["512"]},
        }
    )
    assert (refused.cause, refused.existing_id) == ("duplicate", "512")


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (401, {"message": "expired", "category": "EXPIRED_AUTHENTICATION"}, "credentials"),
        (403, {"message": "scopes", "category": "MISSING_SCOPES"}, "permission"),
        (403, PAGE, "not_an_api"),
        (405, PAGE, "not_an_api"),
        (302, b"", "not_an_api"),
        (477, {"message": "moving"}, "unreachable"),
        (530, PAGE, "credentials"),
        (429, {"policyName": "DAILY", "message": "You have reached your daily limit."}, "quota"),
    ],
)
def test_some_answers_block_the_whole_system(status: int, body: Any, cause: str) -> None:
    """No record is to blame; a person is told what to do."""
    blocked = translate(answer(status, body), NOON)
    assert isinstance(blocked, SystemBlocked)
    assert blocked.cause == cause
    assert blocked.advice


def test_an_unknown_route_is_no_missing_record() -> None:
    """A page with 404 says "no such record" only where one record was asked for."""
    blocked = translate(answer(404, PAGE, names_record=False), NOON)
    assert isinstance(blocked, SystemBlocked)
    assert blocked.cause == "not_an_api"
    refused = translate(answer(404, {"message": "resource not found"}, names_record=False), NOON)
    assert isinstance(refused, Rejected)


@pytest.mark.parametrize("deep", [True, False])
def test_missing_scopes_are_named_in_the_advice(deep: bool) -> None:
    """Both shapes of the 403 are read."""
    context = {"requiredGranularScopes": ["crm.objects.contacts.write"]}
    body = {"message": "no", "errors": [{"context": context}]} if deep else {"context": context}
    blocked = translate(answer(403, body), NOON)
    assert isinstance(blocked, SystemBlocked)
    assert "crm.objects.contacts.write" in blocked.advice


@pytest.mark.parametrize(
    ("body", "header", "after"),
    [
        (
            {"policyName": "TEN_SECONDLY_ROLLING", "message": "your ten_secondly_rolling limit."},
            None,
            10.0,
        ),
        ({"message": "You have reached your secondly limit."}, None, 1.0),
        ({"message": "You have reached your secondly limit."}, "4", 4.0),
        (PAGE, None, 1.0),
    ],
)
def test_a_short_limit_is_waited_out(body: Any, header: str | None, after: float) -> None:
    """The kind of limit says how long, unless the server does."""
    told = answer(429, body, Retry_After=header) if header else answer(429, body)
    busy = translate(told, NOON)
    assert type(busy) is TryLater
    assert busy.after == after


def test_the_daily_limit_ends_at_the_accounts_midnight() -> None:
    """12:00 UTC is 21:00 in Tokyo: three hours are left there, twelve in London."""
    body = {"policyName": "DAILY", "message": "x"}
    blocked = translate(answer(429, body, zone="Asia/Tokyo"), NOON)
    assert isinstance(blocked, SystemBlocked)
    assert blocked.until == 3 * 3600
    assert seconds_to_midnight(NOON, None) == 12 * 3600
    assert seconds_to_midnight(NOON, "Nowhere/Land") == 12 * 3600


def test_a_locked_record_rests_two_seconds_at_least() -> None:
    """423 comes from a bulk sync that is under way."""
    busy = translate(answer(423, {}, Retry_After="1"), NOON)
    assert isinstance(busy, TryLater)
    assert busy.after == 2.0


@pytest.mark.parametrize(
    ("status", "effect", "unknown"),
    [
        (500, "create", True),
        (502, "create", True),
        (504, "create", True),
        (524, "create", True),
        (503, "create", False),
        (522, "create", False),
        (500, "update", False),
        (500, "read", False),
        (524, "repeatable", False),
    ],
)
def test_only_a_create_that_may_have_been_done_is_of_unknown_outcome(
    status: int, effect: str, unknown: bool
) -> None:
    """An answered fault of anything else may be tried again."""
    error = translate(answer(status, PAGE, effect), NOON)
    assert isinstance(error, TryLater)
    assert isinstance(error, OutcomeUnknown) is unknown


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'"text"', b"\xff\xfe", b"null"])
def test_a_broken_error_body_breaks_nothing(body: bytes) -> None:
    """Whatever the edge sends, there is an error and it has words."""
    assert translate(answer(400, body), NOON).message
