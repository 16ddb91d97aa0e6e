"""One record at a time in the Salesforce practice org, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceError,
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceResourceNotFound,
)
from simple_salesforce.format import format_external_id

from sandbox.salesforce.ids import normal_id, to18
from sandbox.salesforce.org import SalesforceOrg
from tests.sandbox.salesforce_served import Served, lead, refused

pytest_plugins = ["tests.sandbox.salesforce_fixtures"]
KEY = "HubSpot_Id__c"


@pytest.fixture
def keyed(org: SalesforceOrg) -> SalesforceOrg:
    """An org with a unique external id on Lead, Contact and Account."""
    for name in ("Lead", "Contact", "Account"):
        org.add_field(name, KEY, length=64, externalId=True, unique=True)
    return org


def _error(sf: Salesforce, fields: dict[str, Any], kind: str = "Lead") -> dict[str, Any]:
    with pytest.raises(SalesforceError) as caught:
        getattr(sf, kind).create(fields)
    assert caught.value.status == 400
    return refused(caught.value)


def test_a_created_record_is_read_back_whole(sf: Salesforce) -> None:
    """Every readable field is there, blank ones as null, with the type and address."""
    made = sf.Lead.create(lead(Email="ann@example.com", NumberOfEmployees=3, AnnualRevenue=12))
    read = sf.Lead.get(made["id"])
    assert read["attributes"]["type"] == "Lead"
    assert read["Email"] == "ann@example.com"
    assert (read["AnnualRevenue"], read["NumberOfEmployees"]) == (12.0, 3)
    assert read["Title"] is None
    assert read["HasOptedOutOfEmail"] is False


def test_ids_have_the_prefix_of_their_object_and_true_check_characters(sf: Salesforce) -> None:
    """18 characters, of which the last three follow from the rest."""
    lead_id = sf.Lead.create(lead())["id"]
    account_id = sf.Account.create({"Name": "Example"})["id"]
    assert (lead_id[:3], account_id[:3]) == ("00Q", "001")
    assert lead_id == to18(lead_id[:15])
    assert sf.Lead.get(lead_id[:15])["Id"] == lead_id


def test_stamps_are_the_servers_and_have_whole_seconds(
    sf: Salesforce, served: Served, org: SalesforceOrg
) -> None:
    """A change moves LastModifiedDate and SystemModstamp, and names who did it."""
    made = sf.Lead.create(lead())["id"]
    served.clock.advance(minutes=5)
    served.client(person=True).Lead.update(made, {"Title": "CTO"})
    stored = org.records("Lead")[made]
    assert stored["CreatedDate"] == "2026-04-01T09:00:30.000+0000"
    assert stored["LastModifiedDate"] == stored["SystemModstamp"] == "2026-04-01T09:05:30.000+0000"
    assert stored["CreatedById"] == org.integration_user_id
    assert stored["LastModifiedById"] == org.person_user_id


def test_null_clears_and_an_absent_field_stays(sf: Salesforce, org: SalesforceOrg) -> None:
    """An update touches what it names."""
    made = sf.Lead.create(lead(Title="CTO", City="Osaka"))["id"]
    assert sf.Lead.update(made, {"Title": None}) == 204
    stored = org.records("Lead")[made]
    assert (stored["Title"], stored["City"]) == (None, "Osaka")


def test_an_empty_text_is_stored_as_null(sf: Salesforce, org: SalesforceOrg) -> None:
    made = sf.Lead.create(lead(Title=""))["id"]
    assert org.records("Lead")[made]["Title"] is None


def test_required_fields_are_named_together(sf: Salesforce) -> None:
    error = _error(sf, {"FirstName": "Ann"})
    assert error["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert error["message"] == "Required fields are missing: [LastName, Company]"
    assert error["fields"] == ["LastName", "Company"]


def test_a_required_field_cannot_be_cleared(sf: Salesforce) -> None:
    made = sf.Lead.create(lead())["id"]
    with pytest.raises(SalesforceMalformedRequest) as caught:
        sf.Lead.update(made, {"LastName": None})
    assert refused(caught.value)["errorCode"] == "REQUIRED_FIELD_MISSING"


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        (
            {"FirstName": "x" * 41},
            "STRING_TOO_LONG",
            f"First Name: data value too large: {'x' * 41} (max length=40)",
        ),
        ({"Email": "bad"}, "INVALID_EMAIL_ADDRESS", "Email: invalid email address: bad"),
        ({"Email": "a.@b.example"}, "INVALID_EMAIL_ADDRESS", None),
        ({"Email": "a..b@c.example"}, "INVALID_EMAIL_ADDRESS", None),
        (
            {"CleanStatus": "Odd"},
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Clean Status: bad value for restricted picklist field: Odd",
        ),
        ({"Name": "Ann"}, "INVALID_FIELD_FOR_INSERT_UPDATE", None),
        ({"foo": 1}, "INVALID_FIELD", "No such column 'foo' on sobject of type Lead"),
        ({"NumberOfEmployees": 10**9}, "NUMBER_OUTSIDE_VALID_RANGE", None),
        ({"OwnerId": "nonsense"}, "MALFORMED_ID", None),
        ({"OwnerId": to18("0015g0000000000")}, "MALFORMED_ID", None),
        (
            {"OwnerId": to18("0055g0000000zzz")},
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
        ),
        ({"Title": 5}, "JSON_PARSER_ERROR", None),
        ({"EmailBouncedDate": "2026-01-01"}, "INVALID_FIELD_FOR_INSERT_UPDATE", None),
    ],
)
def test_a_bad_value_is_refused_in_the_words_of_salesforce(
    sf: Salesforce, org: SalesforceOrg, fields: dict[str, Any], code: str, message: str | None
) -> None:
    """The code is exact, and the text where it is known; nothing is stored."""
    error = _error(sf, lead(**fields))
    assert error["errorCode"] == code
    assert message in (None, error["message"])
    assert not org.records("Lead")


def test_an_unrestricted_picklist_takes_any_text(sf: Salesforce, org: SalesforceOrg) -> None:
    made = sf.Lead.create(lead(LeadSource="Carrier pigeon"))["id"]
    assert org.records("Lead")[made]["LeadSource"] == "Carrier pigeon"


def test_status_has_a_default(sf: Salesforce, org: SalesforceOrg) -> None:
    made = sf.Lead.create(lead())["id"]
    assert org.records("Lead")[made]["Status"] == "Open - Not Contacted"


def test_an_inactive_owner_is_refused(sf: Salesforce, org: SalesforceOrg) -> None:
    (gone,) = org.load_users([{"Email": "gone@example.com", "Name": "Gone", "IsActive": False}])
    assert _error(sf, lead(OwnerId=gone))["errorCode"] == "INACTIVE_OWNER_OR_USER"


def test_a_unique_key_is_unique_whatever_its_case(sf: Salesforce, keyed: SalesforceOrg) -> None:
    """The holder is named by its 15-character id."""
    first = sf.Lead.create(lead(**{KEY: "Abc"}))["id"]
    error = _error(sf, lead(**{KEY: "aBC"}))
    assert error["errorCode"] == "DUPLICATE_VALUE"
    assert error["message"] == (
        f"duplicate value found: {KEY} duplicates value on record with id: {first[:15]}"
    )


def test_an_upsert_creates_then_updates(sf: Salesforce, keyed: SalesforceOrg) -> None:
    """201 and created, then 200 and not."""
    first = sf.Lead.upsert(f"{KEY}/7", lead(), raw_response=True)
    again = sf.Lead.upsert(f"{KEY}/7", {"Title": "CTO"}, raw_response=True)
    assert (first.status_code, first.json()["created"]) == (201, True)
    assert (again.status_code, again.json()["created"]) == (200, False)
    (stored,) = keyed.records("Lead").values()
    assert (stored[KEY], stored["Title"]) == ("7", "CTO")


def test_an_upsert_key_may_hold_a_slash(sf: Salesforce, keyed: SalesforceOrg) -> None:
    """Percent signs in the path are taken as part of the key."""
    sf.Lead.upsert(format_external_id(KEY, "a/b c"), lead())
    assert sf.Lead.get(format_external_id(KEY, "a/b c"))[KEY] == "a/b c"


def test_an_upsert_that_fits_several_writes_nothing(sf: Salesforce, org: SalesforceOrg) -> None:
    """300, and the addresses of all that fit."""
    ids = org.load("Lead", [lead(Email="info@example.com"), lead(Email="info@example.com")])
    with pytest.raises(SalesforceMoreThanOneRecord) as caught:
        sf.Lead.upsert("Email/info@example.com", {"Title": "CTO"})
    assert caught.value.content == [f"/services/data/v62.0/sobjects/Lead/{one}" for one in ids]
    assert {row["Title"] for row in org.records("Lead").values()} == {None}


def test_an_upsert_by_a_field_that_is_no_key_is_not_found(sf: Salesforce) -> None:
    with pytest.raises(SalesforceResourceNotFound) as caught:
        sf.Lead.upsert("Title/x", lead())
    assert refused(caught.value)["message"] == (
        "Provided external ID field does not exist or is not accessible: Title"
    )


def test_an_upsert_must_not_name_its_key_twice(sf: Salesforce, keyed: SalesforceOrg) -> None:
    with pytest.raises(SalesforceMalformedRequest) as caught:
        sf.Lead.upsert(f"{KEY}/7", lead(**{KEY: "7"}))
    assert refused(caught.value)["errorCode"] == "INVALID_FIELD"


def test_a_parent_may_be_named_by_its_key(sf: Salesforce, keyed: SalesforceOrg) -> None:
    """The relationship's name stands for the reference field."""
    account = sf.Account.create({"Name": "Example", KEY: "77"})["id"]
    made = sf.Contact.create({"LastName": "Lee", "Account": {KEY: "77"}})["id"]
    assert keyed.records("Contact")[made]["AccountId"] == account


def test_a_deleted_record_is_gone_and_told_so(sf: Salesforce, org: SalesforceOrg) -> None:
    """Reading: NOT_FOUND. Writing: ENTITY_IS_DELETED, which is a 404 too."""
    made = sf.Lead.create(lead())["id"]
    assert sf.Lead.delete(made) == 204
    with pytest.raises(SalesforceResourceNotFound) as caught:
        sf.Lead.get(made)
    assert refused(caught.value)["errorCode"] == "NOT_FOUND"
    with pytest.raises(SalesforceResourceNotFound) as caught:
        sf.Lead.update(made, {"Title": "CTO"})
    assert refused(caught.value)["errorCode"] == "ENTITY_IS_DELETED"
    assert list(org.deleted("Lead")) == [made]


def test_a_record_that_never_was_is_not_found(sf: Salesforce) -> None:
    with pytest.raises(SalesforceResourceNotFound) as caught:
        sf.Lead.update(to18("00Q5g0000000abc"), {"Title": "CTO"})
    assert refused(caught.value)["errorCode"] == "NOT_FOUND"


def test_the_validation_rule_speaks_in_the_admins_words(sf: Salesforce, org: SalesforceOrg) -> None:
    org.add_validation_rule("Lead", lambda row: not row.get("City"), "どこですか", "City")
    error = _error(sf, lead())
    assert error == {
        "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "message": "どこですか",
        "fields": ["City"],
    }


def test_a_duplicate_alert_gives_way_to_the_header(sf: Salesforce, org: SalesforceOrg) -> None:
    """The answer says that saving is allowed; with the header it is."""
    org.add_duplicate_rule("Lead", "Email")
    sf.Lead.create(lead(Email="ann@example.com"))
    error = _error(sf, lead(Email="Ann@example.com"))
    assert error["errorCode"] == "DUPLICATES_DETECTED"
    assert error["duplicateResult"]["allowSave"] is True
    sf.Lead.create(
        lead(Email="Ann@example.com"),
        headers={"Sforce-Duplicate-Rule-Header": "allowSave=true"},
    )
    assert len(org.records("Lead")) == 2


def test_a_duplicate_block_does_not(sf: Salesforce, org: SalesforceOrg) -> None:
    org.add_duplicate_rule("Lead", "Email", allow_save=False)
    sf.Lead.create(lead(Email="ann@example.com"))
    with pytest.raises(SalesforceMalformedRequest):
        sf.Lead.create(
            lead(Email="ann@example.com"),
            headers={"Sforce-Duplicate-Rule-Header": "allowSave=true"},
        )


def test_an_assignment_rule_moves_the_owner_unless_told_not_to(
    sf: Salesforce, org: SalesforceOrg
) -> None:
    """Sforce-Auto-Assign is TRUE by default, on updates too."""
    (owner,) = org.load_users([{"Email": "queue@example.com", "Name": "Aya Mori"}])
    org.assign_to("Lead", owner)
    made = sf.Lead.create(lead(), headers={"Sforce-Auto-Assign": "FALSE"})["id"]
    assert org.records("Lead")[made]["OwnerId"] == org.integration_user_id
    sf.Lead.update(made, {"Title": "CTO"})
    assert org.records("Lead")[made]["OwnerId"] == owner


def test_a_lost_update_is_noticed_by_its_date(sf: Salesforce, served: Served) -> None:
    """If-Unmodified-Since on PATCH: 412 when somebody was faster."""
    made = sf.Lead.create(lead())["id"]
    served.clock.advance(minutes=5)
    served.org.edit("Lead", made, {"Title": "CTO"})
    with pytest.raises(SalesforceGeneralError) as caught:
        sf.Lead.update(
            made,
            {"Title": "CEO"},
            headers={"If-Unmodified-Since": "Wed, 01 Apr 2026 09:01:00 GMT"},
        )
    assert caught.value.status == 412
    assert served.org.records("Lead")[made]["Title"] == "CTO"


def test_an_unknown_verb_is_told_which_ones_there_are(sf: Salesforce) -> None:
    with pytest.raises(SalesforceGeneralError) as caught:
        sf.restful("limits", method="DELETE")
    assert caught.value.status == 405
    assert refused(caught.value)["message"] == (
        "HTTP Method 'DELETE' not allowed. Allowed are HEAD,GET"
    )


def test_names_in_addresses_know_no_case(sf: Salesforce) -> None:
    made = sf.lead.create(lead())["id"]
    assert sf.LEAD.get(made)["attributes"]["type"] == "Lead"


def test_an_id_with_wrong_check_characters_is_none() -> None:
    assert normal_id(to18("00Q5g0000000abc")[:15] + "AAB") is None
    assert normal_id("../Account/001") is None
