"""Salesforce's JSON as values, its describes as a schema, its rows as outcomes, and SOQL as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import RecordLocked, Rejected, TryLater
from connector.port import Option, Written
from connector.salesforce.soql import URI_BYTES, chunks, literal, select, timestamp
from connector.salesforce.wire import (
    checked_id,
    moment,
    outcome_of,
    record_of,
    schema_of,
    to18,
)

LEAD, LEAD15 = "00Q5g00000AbCdEFAU", "00Q5g00000AbCdE"
US = "0055g0000000001AAA"

ids = st.text("0123456789ABCXYZabcxyz", min_size=15, max_size=15)


# Ids ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("000000000000000", "000000000000000AAA"),
        ("A0000ABCDEabcde", "A0000ABCDEabcdeB5A"),
        ("012000000000000", "012000000000000AAA"),
    ],
)
def test_the_check_characters_say_which_letters_are_capitals(short: str, long: str) -> None:
    """Three blocks of five, each a number in the alphabet of 32 signs."""
    assert to18(short) == long
    assert to18(long) == long


@given(ids, ids)
def test_long_ids_differ_without_regard_to_case_where_short_ones_differ(a: str, b: str) -> None:
    """That is what the three characters are for."""
    assert (to18(a).casefold() == to18(b).casefold()) is (a == b)


@pytest.mark.parametrize(
    "text",
    ["", "00Q", "../Account/001000000", "http://evil.example.com", "00Q5g00000AbCdE\n", "１" * 15],
)
def test_what_is_no_id_never_stands_in_an_address(text: str) -> None:
    """The client library would follow it."""
    with pytest.raises(ValueError, match="not a Salesforce id"):
        checked_id(text)


# Values ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02T03:04:05.000+0000", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T12:04:05.000+0900", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_times_are_read_as_salesforce_writes_them(text: object, expected: datetime | None) -> None:
    """Without a colon in the offset; blank is no time."""
    assert moment(text) == expected


def test_a_row_is_told_by_the_fields_asked_for() -> None:
    """Null is blank, what is absent was not returned, and the stamps stay out of the values."""
    row = {
        "attributes": {"type": "Lead"},
        "Id": LEAD,
        "Email": None,
        "Company": "架け橋",
        "LastModifiedDate": "2026-01-02T03:04:05.000+0000",
        "LastModifiedById": US,
    }
    record = record_of("Lead", row, ["Email", "Company", "Hidden__c"], US)
    assert (record.object, record.id) == ("Lead", LEAD)
    assert record.values == {"Email": None, "Company": "架け橋"}
    assert record.modified_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert record.modified_by_us is True


@pytest.mark.parametrize(("by", "us"), [(None, US), (US, None), (None, None)])
def test_nobody_claims_an_edit_that_cannot_be_told_apart(by: str | None, us: str | None) -> None:
    """None is neither ours nor theirs."""
    assert record_of("Lead", {"Id": LEAD, "LastModifiedById": by}, [], us).modified_by_us is None


# Schema ------------------------------------------------------------------------------------------


def described(**facts: Any) -> Any:
    """The one field of a describe, as the port tells it."""
    field = {"name": "F", "label": "L", "type": "string", "createable": True, "updateable": True}
    return schema_of("Lead", {"fields": [{**field, **facts}]}).fields["F"]


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({"type": "string", "length": 80}, "text"),
        ({"type": "textarea", "length": 255}, "text"),
        ({"type": "textarea", "length": 32_000}, "long_text"),
        ({"type": "boolean"}, "bool"),
        ({"type": "currency", "scale": 2}, "number"),
        ({"type": "int"}, "number"),
        ({"type": "multipicklist"}, "set"),
        ({"type": "reference", "referenceTo": ["User", "Group"]}, "reference"),
        ({"type": "something_new"}, "text"),
    ],
)
def test_each_type_is_a_kind(facts: dict[str, Any], kind: str) -> None:
    """An unknown one is text: nothing is lost on it."""
    assert described(**facts).kind == kind


@pytest.mark.parametrize(
    ("facts", "required"),
    [
        ({"nillable": False}, True),
        ({"nillable": False, "defaultedOnCreate": True}, False),
        ({"nillable": False, "createable": False}, False),
        ({"nillable": False, "type": "boolean"}, False),
        ({"nillable": True}, False),
        ({}, False),
    ],
)
def test_required_is_what_a_record_cannot_be_born_without(
    facts: dict[str, Any], required: bool
) -> None:
    """Not nillable alone does not say so."""
    assert described(**facts).required is required


def test_numbers_tell_their_decimals_and_lists_their_choices() -> None:
    """An int has none; a retired choice is no choice."""
    assert described(type="int", scale=5).scale == 0
    assert described(type="double", scale=15).scale == 15
    assert described(type="string", scale=0).scale is None
    listed = [
        {"value": "hot", "label": "熱い", "active": True},
        {"value": "cold", "label": None, "active": True},
        {"value": "old", "label": "Old", "active": False},
    ]
    field = described(type="picklist", picklistValues=listed, restrictedPicklist=True)
    assert field.options == (Option("hot", "熱い"), Option("cold", "cold"))
    assert field.closed


def test_what_is_unique_or_an_external_id_can_be_a_key() -> None:
    """And a field that is deprecated is none of ours."""
    assert described(unique=True).unique
    assert described(externalId=True).unique
    assert not described().unique
    hidden = {"name": "Old__c", "type": "string", "deprecatedAndHidden": True}
    assert schema_of("Lead", {"fields": [hidden]}).fields == {}


# Outcomes ----------------------------------------------------------------------------------------


def failed(code: str, message: str = "", **more: Any) -> Any:
    """The outcome of one row that failed."""
    errors = [{"statusCode": code, "message": message or code, **more}]
    return outcome_of({"success": False, "errors": errors})


def test_a_written_row_has_its_long_id() -> None:
    """And says whether it was born."""
    assert outcome_of({"id": LEAD15, "success": True, "errors": []}) == Written(to18(LEAD15))
    born = outcome_of({"id": LEAD, "success": True, "errors": [], "created": True})
    assert born == Written(LEAD, created=True)


@pytest.mark.parametrize("row", [None, "x", 7, []])
def test_a_row_that_is_missing_was_not_answered(row: object) -> None:
    """It has failed, whatever the others did."""
    outcome = outcome_of(row)
    assert isinstance(outcome, Rejected)
    assert outcome.cause == "not_answered"


@pytest.mark.parametrize(
    "row", [{}, {"success": False}, {"success": False, "errors": []}, {"errors": ["odd", None]}]
)
def test_a_failure_without_words_is_a_failure(row: dict[str, Any]) -> None:
    """Nothing in it can be read; it is not taken for a success."""
    assert isinstance(outcome_of(row), Rejected)


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("INVALID_EMAIL_ADDRESS", "invalid_email"),
        ("STRING_TOO_LONG", "too_long"),
        ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "unknown_option"),
        ("REQUIRED_FIELD_MISSING", "required_blank"),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "validation_rule"),
        ("CANNOT_UPDATE_CONVERTED_LEAD", "converted"),
        ("ENTITY_IS_DELETED", "deleted"),
        ("INVALID_CROSS_REFERENCE_KEY", "bad_reference"),
        ("NUMBER_OUTSIDE_VALID_RANGE", "invalid_value"),
        ("NEVER_SEEN", "other"),
    ],
)
def test_a_failed_row_names_cause_and_fields(code: str, cause: str) -> None:
    """Each field once, in the order told."""
    outcome = failed(code, "words", fields=["Email", "Email", "Name"])
    assert isinstance(outcome, Rejected)
    assert (outcome.cause, outcome.fields) == (cause, ("Email", "Name"))
    assert outcome.reason == f"{code}: words"


def test_a_locked_row_is_tried_later() -> None:
    """Somebody held it for a moment; the record is not to blame."""
    assert type(failed("UNABLE_TO_LOCK_ROW")) is TryLater


def test_a_row_under_approval_waits_by_itself() -> None:
    """Hours, not moments: it is told apart from a row that somebody holds."""
    waits = failed("ENTITY_IS_LOCKED", "the entity is locked for editing")
    assert isinstance(waits, RecordLocked)
    assert waits.after >= 60


@pytest.mark.parametrize(
    ("code", "message", "fields"),
    [
        ("INACTIVE_OWNER_OR_USER", "operation performed with inactive user", ("OwnerId",)),
        ("OP_WITH_INVALID_USER_TYPE_EXCEPTION", "cannot own records", ("OwnerId",)),
        ("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ()),
        (
            "INVALID_CROSS_REFERENCE_KEY",
            "Record Type ID: this ID value isn't valid for the user: 0125g0000010000AAA",
            ("RecordTypeId",),
        ),
    ],
)
def test_a_bad_reference_names_its_field_where_it_can_be_known(
    code: str, message: str, fields: tuple[str, ...]
) -> None:
    """An owner who left is in OwnerId, though the answer names no field."""
    refused = failed(code, message)
    assert isinstance(refused, Rejected)
    assert (refused.cause, refused.fields) == ("bad_reference", fields)


def test_the_record_in_the_way_is_read_out_of_the_text() -> None:
    """With the field that both hold; ids in texts have 15 characters."""
    outcome = failed(
        "DUPLICATE_VALUE",
        f"duplicate value found: HubSpot_Id__c duplicates value on record with id: {LEAD15}",
        fields=[],
    )
    assert (outcome.cause, outcome.fields) == ("duplicate", ("HubSpot_Id__c",))
    assert outcome.existing_id == to18(LEAD15)


def test_a_duplicate_rule_names_the_record_in_the_way() -> None:
    """The first record of the first match; rules without a match name nobody."""
    match = {"matchRecords": [{"record": {"Id": LEAD}}]}
    found = failed("DUPLICATES_DETECTED", duplicateResult={"matchResults": [{}, match]})
    assert (found.cause, found.existing_id) == ("duplicate", LEAD)
    assert failed("DUPLICATES_DETECTED", duplicateResult=None).existing_id is None


def test_a_missing_column_is_named() -> None:
    """Such errors have no list of fields."""
    outcome = failed("INVALID_FIELD", "No such column 'Foo__c' on sobject of type Lead")
    assert (outcome.cause, outcome.fields) == ("no_such_field", ("Foo__c",))


# SOQL --------------------------------------------------------------------------------------------


def test_a_statement_asks_for_each_field_once() -> None:
    """In the order given, with what was given and nothing more."""
    assert select(["Id", "Email", "Id"], "Lead") == "SELECT Id, Email FROM Lead"
    whole = select(["Id"], "Lead", "Email = 'a'", "SystemModstamp, Id", 5)
    assert whole == "SELECT Id FROM Lead WHERE Email = 'a' ORDER BY SystemModstamp, Id LIMIT 5"


@given(st.text())
def test_a_literal_ends_where_it_is_meant_to(text: str) -> None:
    """No quote stands in it unescaped, and no backslash is left to escape the last one."""
    inner = literal(text)[1:-1]
    left = inner.replace("\\\\", "")
    assert literal(text)[0] == literal(text)[-1] == "'"
    assert all(left[place - 1] == "\\" for place, sign in enumerate(left) if sign == "'" and place)
    assert not left.startswith("'")
    assert not left.endswith("\\")


def test_times_are_written_in_utc_without_quotes() -> None:
    """Whatever zone they were made in; parts of a second are left out, and so begin earlier."""
    tokyo = timezone(timedelta(hours=9))
    assert timestamp(datetime(2026, 1, 2, 12, 4, 5, 999_999, tokyo)) == "2026-01-02T03:04:05Z"


@given(st.lists(st.text(min_size=1, max_size=400), max_size=300), st.integers(0, 5_000))
def test_chunks_lose_nothing_and_fit_in_a_url(values: list[str], fixed: int) -> None:
    """In order; each list fits beside the rest of the statement, however its signs are spelled."""
    statement = "x" * fixed
    lists = list(chunks(values, statement))
    assert [value for chunk in lists for value in chunk] == values
    assert all(lists)
    for chunk in lists:
        whole = statement + ", ".join(map(literal, chunk))
        assert len(quote(whole)) <= URI_BYTES
