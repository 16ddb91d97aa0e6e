"""What the Salesforce practice org says about its objects, and how fields are made visible."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceRefusedRequest

from sandbox.salesforce.org import SalesforceOrg
from tests.sandbox.salesforce_served import Served, lead, refused

pytest_plugins = ["tests.sandbox.salesforce_fixtures"]
KEY = "HubSpot_Id__c"


def _fields(sf: Salesforce, kind: str) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in getattr(sf, kind).describe()["fields"]}


def _make_field(sf: Salesforce, name: str = f"Lead.{KEY}", **metadata: Any) -> Any:
    told = {"type": "Text", "label": "HubSpot Id", "length": 64, **metadata}
    body = {"FullName": name, "Metadata": told}
    return sf.restful("tooling/sobjects/CustomField", method="POST", json=body)


def _grant(sf: Salesforce, org: SalesforceOrg, *, edit: bool = True) -> None:
    made = sf.PermissionSet.create({"Name": "Bridge", "Label": "Bridge"})["id"]
    sf.PermissionSetAssignment.create(
        {"PermissionSetId": made, "AssigneeId": org.integration_user_id}
    )
    sf.FieldPermissions.create(
        {
            "ParentId": made,
            "SobjectType": "Lead",
            "Field": f"Lead.{KEY}",
            "PermissionsRead": True,
            "PermissionsEdit": edit,
        }
    )


def test_a_described_field_has_the_whole_shape(sf: Salesforce) -> None:
    """Every key of a real describe is there, with the real facts."""
    email = _fields(sf, "Lead")["Email"]
    assert (email["type"], email["length"], email["byteLength"]) == ("email", 80, 240)
    assert (email["idLookup"], email["unique"], email["externalId"]) == (True, False, False)
    assert len(email) == 57
    owner = _fields(sf, "Contact")["OwnerId"]
    assert (owner["referenceTo"], owner["relationshipName"]) == (["User"], "Owner")


def test_required_fields_follow_from_their_flags(sf: Salesforce) -> None:
    """createable, not nillable, not defaulted, no boolean."""
    required = {
        name
        for name, one in _fields(sf, "Lead").items()
        if one["createable"]
        and not one["nillable"]
        and not one["defaultedOnCreate"]
        and one["type"] != "boolean"
    }
    assert required == {"LastName", "Company"}


def test_the_opt_out_fields_are_there_until_hidden(sf: Salesforce, org: SalesforceOrg) -> None:
    """Hidden: gone from describe and record, and not writable."""
    assert {"HasOptedOutOfEmail", "DoNotCall", "HasOptedOutOfFax"} <= _fields(sf, "Lead").keys()
    (one,) = org.load("Lead", [lead(HasOptedOutOfEmail=True)])
    org.hide_field("Lead", "HasOptedOutOfEmail")
    assert "HasOptedOutOfEmail" not in _fields(sf, "Lead")
    assert "HasOptedOutOfEmail" not in sf.Lead.get(one)
    with pytest.raises(SalesforceMalformedRequest) as caught:
        sf.Lead.update(one, {"HasOptedOutOfEmail": False})
    assert refused(caught.value)["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert org.records("Lead")[one]["HasOptedOutOfEmail"] is True


def test_a_describe_may_be_cached(served: Served) -> None:
    """304 until the schema changes."""
    token = served.client().session_id
    address = f"{served.url}/services/data/v62.0/sobjects/Lead/describe"
    headers = {"Authorization": f"Bearer {token}"}
    first = requests.get(address, headers=headers, timeout=5)
    headers["If-Modified-Since"] = first.headers["Last-Modified"]
    assert requests.get(address, headers=headers, timeout=5).status_code == 304
    served.clock.advance(minutes=1)
    served.org.add_field("Lead", KEY)
    assert requests.get(address, headers=headers, timeout=5).status_code == 200


def test_the_global_describe_lists_the_objects(sf: Salesforce) -> None:
    listed = {one["name"]: one["keyPrefix"] for one in sf.describe()["sobjects"]}
    assert {"Lead": "00Q", "Contact": "003", "Account": "001", "User": "005"}.items() <= (
        listed.items()
    )


def test_a_field_made_by_tooling_is_hidden_until_it_is_granted(
    sf: Salesforce, org: SalesforceOrg
) -> None:
    """Queries say that there is no such column; a permission set of ours opens it."""
    made = _make_field(sf, externalId=True, unique=True)
    assert made["success"] is True
    assert made["id"].startswith("00N")
    with pytest.raises(SalesforceMalformedRequest) as caught:
        sf.query("SELECT HubSpot_Id__c FROM Lead")
    assert refused(caught.value)["errorCode"] == "INVALID_FIELD"
    _grant(sf, org)
    described = _fields(sf, "Lead")[KEY]
    assert (described["externalId"], described["unique"], described["length"]) == (True, True, 64)
    assert (described["custom"], described["updateable"]) == (True, True)
    sf.Lead.upsert(f"{KEY}/7", lead())
    assert sf.query("SELECT HubSpot_Id__c FROM Lead")["records"][0][KEY] == "7"


def test_a_field_may_be_granted_for_reading_only(sf: Salesforce, org: SalesforceOrg) -> None:
    _make_field(sf)
    _grant(sf, org, edit=False)
    described = _fields(sf, "Lead")[KEY]
    assert (described["createable"], described["updateable"]) == (False, False)


def test_a_name_that_is_taken_is_refused(sf: Salesforce) -> None:
    """Even while nobody sees the field."""
    _make_field(sf)
    with pytest.raises(SalesforceMalformedRequest) as caught:
        _make_field(sf)
    assert refused(caught.value)["errorCode"] == "DUPLICATE_DEVELOPER_NAME"


def test_without_the_right_no_field_is_made(sf: Salesforce, org: SalesforceOrg) -> None:
    org.may_customize = False
    with pytest.raises(SalesforceRefusedRequest):
        _make_field(sf)


def test_a_made_picklist_is_restricted_if_it_says_so(sf: Salesforce, org: SalesforceOrg) -> None:
    values = [{"fullName": "Hot", "label": "Hot"}, {"fullName": "Cold", "default": True}]
    value_set = {"restricted": True, "valueSetDefinition": {"value": values}}
    _make_field(sf, type="Picklist", length=None, valueSet=value_set)
    _grant(sf, org)
    with pytest.raises(SalesforceMalformedRequest):
        sf.Lead.create(lead(**{KEY: "Warm"}))
    made = sf.Lead.create(lead())["id"]
    assert org.records("Lead")[made][KEY] == "Cold"


def test_the_org_and_the_converted_status_can_be_asked_for(
    sf: Salesforce, org: SalesforceOrg
) -> None:
    (found,) = sf.query("SELECT Id, Name FROM Organization")["records"]
    assert found["Id"] == org.org_id
    (status,) = sf.query("SELECT ApiName FROM LeadStatus WHERE IsConverted = true")["records"]
    assert status["ApiName"] == "Closed - Converted"


def test_users_are_found_by_email(sf: Salesforce, org: SalesforceOrg) -> None:
    (one,) = org.load_users([{"Email": "aya@example.com", "FirstName": "Aya", "LastName": "Mori"}])
    (found,) = sf.query("SELECT Id, Name, IsActive FROM User WHERE Email = 'AYA@example.com'")[
        "records"
    ]
    assert (found["Id"], found["Name"], found["IsActive"]) == (one, "Aya Mori", True)


def test_a_reset_org_is_as_new(sf: Salesforce, served: Served) -> None:
    """Records, own fields, faults and counts go; the two users stay the same."""
    org, before = served.org, served.org.integration_user_id
    _make_field(sf)
    sf.Lead.create(lead())
    org.faults.order({"kind": "limit"})
    org.reset()
    assert not org.records("Lead")
    assert org.integration_user_id == before
    assert org.calls.total == 0
    assert KEY not in _fields(served.client(), "Lead")
