"""HubSpot's answers as values, its requests as paths, its properties as a schema."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.hubspot.history import newest_edit, overwritten_value
from connector.hubspot.names import from_wire, to_wire
from connector.hubspot.owners import read_owner
from connector.hubspot.requests import Requests
from connector.hubspot.schema import definition, object_schema
from connector.hubspot.wire import (
    RecordReader,
    addresses,
    merged_into,
    moment,
    next_page,
    properties_of,
    row_errors,
)
from connector.port import FieldKind, NewField, Option

V3, DATED = Requests("v3"), Requests("2026-09")


# Values ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "wire"),
    [(None, ""), (True, "true"), (False, "false"), (7, "7"), (0.5, "0.5"), (1e22, "1" + "0" * 22)],
)
def test_values_are_sent_as_plain_text(value: Any, wire: str) -> None:
    """Blank as the empty text, numbers never with an exponent."""
    assert to_wire(value) == wire


@given(st.text(min_size=1))
def test_text_survives_the_road_there_and_back(text: str) -> None:
    """What is not blank is neither trimmed nor turned."""
    assert from_wire(to_wire(text)) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_survive_the_road_there(number: float) -> None:
    """Plain decimals that mean the same number."""
    assert "e" not in to_wire(number).lower()
    assert float(to_wire(number)) == number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-12T07:33:46.615Z", datetime(2026, 3, 12, 7, 33, 46, 615000, UTC)),
        ("2026-12-31T00:00:00Z", datetime(2026, 12, 31, tzinfo=UTC)),
        ("1773300826615", datetime(2026, 3, 12, 7, 33, 46, 615000, UTC)),
        (1773300826615, datetime(2026, 3, 12, 7, 33, 46, 615000, UTC)),
        ("", None),
        (None, None),
        ("soon", None),
    ],
)
def test_times_come_in_two_spellings(text: object, expected: datetime | None) -> None:
    """With or without milliseconds, as ISO text or as a number."""
    assert moment(text) == expected


def test_a_record_holds_what_was_asked_and_returned() -> None:
    """Empty text and null are blank; a property that HubSpot does not know is absent."""
    reader = RecordReader("contacts", ["email", "phone", "fax", "associations.company", "nope"])
    record = reader.record(
        {
            "id": "7",
            "properties": {
                "email": "ann@example.com",
                "phone": "",
                "fax": None,
                "associatedcompanyid": "9",
                "createdate": "2026-03-12T07:33:46.615Z",
            },
            "updatedAt": "2026-12-31T00:00:00Z",
        }
    )
    assert record.values == {
        "email": "ann@example.com",
        "phone": None,
        "fax": None,
        "associations.company": "9",
    }
    assert record.modified_at == datetime(2026, 12, 31, tzinfo=UTC)


def test_the_company_of_a_contact_is_written_as_a_property() -> None:
    """And only of a contact."""
    assert properties_of("contacts", {"associations.company": "9"}) == {"associatedcompanyid": "9"}
    assert properties_of("deals", {"associations.company": "9"}) == {"associations.company": "9"}


def test_the_last_page_has_no_next() -> None:
    """`paging` is missing there."""
    assert next_page({"paging": {"next": {"after": 200, "link": "x"}}}) == "200"
    assert next_page({"results": []}) is None


def test_an_owner_is_known_by_the_id_that_records_hold() -> None:
    """Not by the user id, which differs in old accounts."""
    record = read_owner(
        {
            "id": "12",
            "email": "mori@example.co.jp",
            "firstName": "Aoi",
            "lastName": "",
            "userId": 99,
            "archived": False,
        }
    )
    assert record.id == "12"
    assert record.values == {
        "id": "12",
        "email": "mori@example.co.jp",
        "firstName": "Aoi",
        "lastName": None,
        "userId": "99",
        "type": "PERSON",
        "archived": False,
    }


def test_merge_traces_lead_from_old_ids_to_the_survivor() -> None:
    """The list is joined by semicolons, with or without blanks."""
    raw = {"id": "3", "properties": {"hs_merged_object_ids": "1; 2"}}
    assert merged_into([raw, {"id": "4", "properties": {}}]) == {"1": "3", "2": "3"}


def test_a_contact_answers_to_all_its_addresses() -> None:
    """Caselessly; other properties have one value."""
    raw = {
        "properties": {"email": "A@example.com", "hs_additional_emails": "b@example.com;C@x.com"}
    }
    assert addresses(raw, "email") == {"a@example.com", "b@example.com", "c@x.com"}
    assert addresses({"properties": {"sf_id": "00Q"}}, "sf_id") == {"00q"}


def test_errors_of_a_mixed_answer_stand_under_the_ids_they_name() -> None:
    """One error may concern several inputs."""
    answer = {
        "errors": [
            {"category": "OBJECT_NOT_FOUND", "message": "m", "context": {"ids": ["1", "2"]}},
            {"category": "CONFLICT", "message": "m", "context": {"objectWriteTraceId": ["7"]}},
            {"message": "no context at all"},
        ]
    }
    refused = row_errors(answer)
    assert {key: error.cause for key, error in refused.items()} == {
        "1": "not_found",
        "2": "not_found",
        "7": "duplicate",
    }


# Requests ----------------------------------------------------------------------------------------


def test_the_version_stands_before_or_behind_the_product() -> None:
    """The same calls in both generations of the API."""
    pairs = [
        (requests.list_page("contacts", (), None).path, requests.owners(None).path)
        for requests in (V3, DATED)
    ]
    assert pairs == [
        ("/crm/v3/objects/contacts", "/crm/v3/owners"),
        ("/crm/objects/2026-09/contacts", "/crm/owners/2026-09"),
    ]
    assert V3.unsubscribe_all("a+b@example.com").path == (
        "/communication-preferences/v4/statuses/a%2Bb%40example.com/unsubscribe-all"
    )
    assert DATED.account().path == "/account-info/2026-09/details"
    assert DATED.properties("companies").path == "/crm/properties/2026-09/companies"
    assert DATED.refresh("a", "b", "c").path == "/oauth/2026-09/token"


def test_a_name_in_a_path_stays_one_part_of_it() -> None:
    """Slashes and the like are encoded."""
    assert V3.one("contacts", "../7", archived=False).path == "/crm/v3/objects/contacts/..%2F7"


def test_contacts_are_searched_by_their_own_time() -> None:
    """All other kinds by `hs_lastmodifieddate`; the walk goes by id."""

    def names(kind: str) -> list[str]:
        body: Any = V3.search_window(kind, 1, 2, 3).body
        return [f"{f['propertyName']} {f['operator']}" for f in body["filterGroups"][0]["filters"]]

    assert names("contacts") == ["lastmodifieddate GTE", "lastmodifieddate LTE", "hs_object_id GT"]
    assert names("companies")[0] == "hs_lastmodifieddate GTE"


# Schema ------------------------------------------------------------------------------------------


def prop(name: str, kind: str, widget: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "label": name.title(), "type": kind, "fieldType": widget, **more}


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (prop("jobtitle", "string", "text"), "text"),
        (prop("message", "string", "textarea"), "long_text"),
        (prop("email", "string", "text"), "email"),
        (prop("phone", "string", "phonenumber"), "phone"),
        (prop("mobile", "phone_number", "phonenumber"), "phone"),
        (prop("amount", "number", "number"), "number"),
        (prop("birthday", "date", "date"), "date"),
        (prop("seen_at", "datetime", "date"), "datetime"),
        (prop("flag", "bool", "booleancheckbox"), "bool"),
        (prop("flag", "enumeration", "booleancheckbox"), "bool"),
        (prop("stage", "enumeration", "select"), "picklist"),
        (prop("topics", "enumeration", "checkbox"), "set"),
        (prop("hs_object_id", "number", "number"), "id"),
        (prop("new_kind", "mystery", "text"), "text"),
        (
            prop(
                "hubspot_owner_id",
                "enumeration",
                "select",
                externalOptions=True,
                referencedObjectType="OWNER",
            ),
            "reference",
        ),
    ],
)
def test_kinds_of_properties(raw: dict[str, Any], kind: str) -> None:
    """HubSpot's type and widget together say what a field is; the unknown is text."""
    field = object_schema("contacts", [raw]).fields[raw["name"]]
    assert field.kind == kind
    assert field.references == (("owners",) if kind == "reference" else ())


@pytest.mark.parametrize(
    ("more", "writable"),
    [
        ({}, True),
        ({"calculated": True}, False),
        ({"modificationMetadata": {"readOnlyValue": True}}, False),
        ({"modificationMetadata": {"readOnlyDefinition": True, "readOnlyValue": False}}, True),
    ],
)
def test_read_only_has_two_signs(more: dict[str, Any], writable: bool) -> None:
    """Calculated, or a value that may not be set; a fixed definition is neither."""
    field = object_schema("deals", [prop("x", "string", "text", **more)]).fields["x"]
    assert (field.createable, field.updateable) == (writable, writable)


def test_choices_are_closed_and_keep_their_labels() -> None:
    """Only the listed values are accepted."""
    raw = prop("s", "enumeration", "radio", options=[{"label": "A label", "value": "a"}])
    field = object_schema("contacts", [raw]).fields["s"]
    assert field.closed
    assert field.options == (Option("a", "A label"),)


def test_choices_stand_in_the_order_that_people_gave_them() -> None:
    """Not in that of the answer; what was never placed comes last."""
    told = {"b": 1, "last": -1, "a": 0, "c": 2}
    options = [{"label": one, "value": one, "displayOrder": n} for one, n in told.items()]
    raw = prop("lifecyclestage", "enumeration", "radio", options=options)
    field = object_schema("contacts", [raw]).fields["lifecyclestage"]
    assert [option.value for option in field.options] == ["a", "b", "c", "last"]


def test_contacts_offer_the_opt_out_and_the_company() -> None:
    """Though HubSpot calls the first read-only, and knows the second under another name."""
    fields = object_schema(
        "contacts",
        [
            prop(
                "hs_email_optout",
                "bool",
                "booleancheckbox",
                modificationMetadata={"readOnlyValue": True},
            ),
            prop("associatedcompanyid", "number", "number"),
        ],
    ).fields
    assert fields["hs_email_optout"].updateable
    assert fields["associations.company"].references == ("companies",)
    assert fields["associations.company"].kind == "reference"


def test_archived_properties_are_gone() -> None:
    """They can be neither read nor written."""
    schema = object_schema("deals", [prop("x", "string", "text", archived=True)])
    assert "x" not in schema.fields


def test_a_new_key_field_is_unique_text() -> None:
    """As a mapping needs it for the partner's id."""
    body = definition(NewField("contacts", "sf_id", "Salesforce id", unique=True), "contactinfo")
    assert (body["type"], body["fieldType"], body["hasUniqueValue"]) == ("string", "text", True)
    assert body["groupName"] == "contactinfo"


@pytest.mark.parametrize(("kind", "widget"), [("picklist", "select"), ("set", "checkbox")])
def test_a_new_list_offers_its_options_in_order(kind: FieldKind, widget: str) -> None:
    """Values are what is stored, labels what people see."""
    options = (Option("mql", "MQL"), Option("recycled", "差し戻し"))
    body = definition(NewField("contacts", "x", "X", kind=kind, options=options), "contactinfo")
    assert (body["type"], body["fieldType"]) == ("enumeration", widget)
    told = [(one["value"], one["label"], one["displayOrder"]) for one in body["options"]]
    assert told == [("mql", "MQL", 0), ("recycled", "差し戻し", 1)]


# History -----------------------------------------------------------------------------------------


def version(value: str, minute: int, source: str = "CRM_UI", app: str = "userId:5") -> Any:
    return {
        "value": value,
        "timestamp": f"2026-11-20T12:{minute:02d}:00Z",
        "sourceType": source,
        "sourceId": app,
    }


def at(minute: int) -> datetime:
    return datetime(2026, 11, 20, 12, minute, tzinfo=UTC)


OURS, THEIRS = version("ours", 9, "INTEGRATION", "42"), version("theirs", 5)


def test_the_newest_edit_of_somebody_else_is_told() -> None:
    """Even when our own came after it; another app is somebody else."""
    edit = newest_edit([OURS, THEIRS, version("old", 1)], "42")
    assert edit is not None
    assert (edit.at, edit.by_us) == (at(5), True)
    other = newest_edit([version("x", 8, "INTEGRATION", "43"), OURS], "42")
    assert other is not None
    assert (other.at, other.by_us) == (at(8), False)


def test_without_our_own_id_an_apps_change_is_of_unknown_hand() -> None:
    """A person's is still a person's."""
    edit = newest_edit([OURS, THEIRS], None)
    assert edit is not None
    assert edit.by_us is None
    assert newest_edit([], "42") is None


def test_a_value_between_our_read_and_our_write_is_found() -> None:
    """Only if it came after `since`, and only if ours is the newest."""
    assert overwritten_value([OURS, THEIRS], "42", at(4)) == ("theirs",)
    assert overwritten_value([OURS, OURS, THEIRS], "42", at(4)) == ("theirs",)
    assert overwritten_value([OURS, THEIRS], "42", at(5)) is None
    assert overwritten_value([THEIRS, OURS], "42", at(1)) is None
    assert overwritten_value([OURS, version("", 6)], "42", at(4)) == (None,)
