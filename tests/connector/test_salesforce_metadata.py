"""Fields as files: what `sf project deploy` takes, and what the Tooling API is sent."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from connector.port import Companion, FieldKind, NewField, Option
from connector.salesforce.metadata import NAMESPACE, field_metadata, project, rule_metadata

OPTIONS = (Option("timing", "時期尚早 & later"), Option("not_worked", "未対応"))
COMPANION = Companion("Sales_Verdict__c", "reject", "A reason is needed.", ("not_worked",))
REASON = NewField(
    "Lead", "Recycle_Reason__c", "Reason", kind="picklist", options=OPTIONS, companion=COMPANION
)
NOTE = NewField("Task", "Note__c", "Note", kind="long_text", length=1_000)
OURS = NewField("Contact", "HubSpot_Id__c", "HubSpot Id", unique=True)
FIELDS = "force-app/main/default/objects/Lead/fields"


def tree(files: dict[str, str], name: str) -> ElementTree.Element:
    return ElementTree.fromstring(files[name].encode())  # noqa: S314 - written here


def texts(where: ElementTree.Element, path: str) -> list[str | None]:
    steps = "/".join(f"{{{NAMESPACE}}}{one}" for one in path.split("/"))
    return [one.text for one in where.findall(steps)]


@pytest.mark.parametrize(
    ("kind", "told"),
    [("date", "Date"), ("datetime", "DateTime"), ("bool", "Checkbox"), ("text", "Text")],
)
def test_kinds_are_called_as_the_vendor_calls_them(kind: FieldKind, told: str) -> None:
    """For both roads alike."""
    assert field_metadata(NewField("Lead", "X__c", "X", kind=kind))["type"] == told


def test_a_list_is_restricted_and_hangs_on_its_companion() -> None:
    """What nobody chooses by hand stands beside no value of the other list."""
    told = field_metadata(REASON)["valueSet"]
    assert (told["restricted"], told["controllingField"]) == (True, "Sales_Verdict__c")
    values = told["valueSetDefinition"]["value"]
    assert [one["valueName"] for one in values] == ["timing", "not_worked"]
    assert told["valueSettings"] == [{"controllingFieldValue": ["reject"], "valueName": "timing"}]


def test_a_set_is_a_list_of_several() -> None:
    """With room for four lines."""
    field = NewField("Lead", "X__c", "X", kind="set", options=OPTIONS)
    assert field_metadata(field)["type"] == "MultiselectPicklist"


def test_the_rule_asks_for_a_reason_beside_the_rejection() -> None:
    """In a formula that the vendor reads: a picklist is blank where its text is."""
    formula = rule_metadata(REASON, COMPANION)["errorConditionFormula"]
    assert formula == 'AND(ISPICKVAL(Sales_Verdict__c, "reject"), ISBLANK(TEXT(Recycle_Reason__c)))'


def test_a_project_holds_what_is_missing_and_grants_all_of_ours() -> None:
    """A permission set that is deployed replaces the one before, so none of ours may lack."""
    files = project([REASON, NOTE], [OURS, REASON, NOTE], "62.0")
    package = tree(files, "manifest/package.xml")
    assert texts(package, "types/name") == ["CustomField", "ValidationRule", "PermissionSet"]
    assert texts(package, "types/members") == [
        "Activity.Note__c",
        "Lead.Recycle_Reason__c",
        "Lead.Recycle_Reason_is_needed",
        "Kakehashi",
    ]
    field = tree(files, f"{FIELDS}/Recycle_Reason__c.field-meta.xml")
    assert texts(field, "fullName") == ["Recycle_Reason__c"]
    assert texts(field, "valueSet/valueSetDefinition/value/fullName") == ["timing", "not_worked"]
    assert texts(field, "valueSet/valueSetDefinition/value/label")[0] == "時期尚早 & later"
    granted = tree(files, "force-app/main/default/permissionsets/Kakehashi.permissionset-meta.xml")
    assert texts(granted, "fieldPermissions/field") == [
        "Activity.Note__c",
        "Contact.HubSpot_Id__c",
        "Lead.Recycle_Reason__c",
    ]
    assert json.loads(files["sfdx-project.json"])["sourceApiVersion"] == "62.0"


def test_nothing_missing_is_no_project() -> None:
    """A folder without fields would only take rights away."""
    assert project([], [OURS], "62.0") == {}
