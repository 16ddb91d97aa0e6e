"""Validation rules and dependent picklists that are made through the Tooling API of the practice org."""

from __future__ import annotations

from typing import Any

import pytest
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceRefusedRequest

from sandbox.salesforce.formulas import read_formula
from sandbox.salesforce.org import SalesforceOrg
from sandbox.salesforce.schema import Field, ObjectSchema
from tests.sandbox.salesforce_served import lead, refused

pytest_plugins = ["tests.sandbox.salesforce_fixtures"]
NO_REASON = 'AND(ISPICKVAL(Verdict__c, "reject"), ISBLANK(TEXT(Reason__c)))'


def make(sf: Salesforce, kind: str, name: str, metadata: dict[str, Any]) -> Any:
    body = {"FullName": f"Lead.{name}", "Metadata": metadata}
    return sf.restful(f"tooling/sobjects/{kind}", method="POST", json=body)


def picklist(sf: Salesforce, name: str, *values: str, **more: Any) -> Any:
    told = [{"valueName": one, "label": one.title(), "default": False} for one in values]
    value_set = {"restricted": True, "valueSetDefinition": {"sorted": False, "value": told}}
    metadata = {"type": "Picklist", "label": name, "valueSet": {**value_set, **more}}
    return make(sf, "CustomField", name, metadata)


def rule(sf: Salesforce, formula: str = NO_REASON, **more: Any) -> Any:
    told = {
        "active": True,
        "errorConditionFormula": formula,
        "errorMessage": "理由を選んでください",
    }
    return make(sf, "ValidationRule", "Reason_is_needed", {**told, **more})


@pytest.fixture
def ready(sf: Salesforce, org: SalesforceOrg) -> Salesforce:
    """Verdict and reason, for everybody to see."""
    picklist(sf, "Verdict__c", "pending", "reject")
    settings = [{"controllingFieldValue": ["reject"], "valueName": "timing"}]
    picklist(
        sf, "Reason__c", "timing", "other", controllingField="Verdict__c", valueSettings=settings
    )
    made = sf.PermissionSet.create({"Name": "Bridge", "Label": "Bridge"})["id"]
    sf.PermissionSetAssignment.create(
        {"PermissionSetId": made, "AssigneeId": org.integration_user_id}
    )
    for name in ("Verdict__c", "Reason__c"):
        grant = {"ParentId": made, "SobjectType": "Lead", "Field": f"Lead.{name}"}
        sf.FieldPermissions.create({**grant, "PermissionsRead": True, "PermissionsEdit": True})
    return sf


def refusal_of(sf: Salesforce, made: str, **values: str) -> dict[str, Any]:
    with pytest.raises(SalesforceMalformedRequest) as caught:
        sf.Lead.update(made, values)
    return dict(refused(caught.value))


def test_a_rule_that_is_made_holds_from_then_on(ready: Salesforce) -> None:
    """In the admin's words, at the field that it names; a reason satisfies it."""
    made = ready.Lead.create(lead())["id"]
    ready.Lead.update(made, {"Verdict__c": "reject"})
    ready.Lead.update(made, {"Verdict__c": "pending"})
    assert rule(ready, errorDisplayField="Reason__c")["id"].startswith("03d")
    assert refusal_of(ready, made, Verdict__c="reject") == {
        "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "message": "理由を選んでください",
        "fields": ["Reason__c"],
    }
    ready.Lead.update(made, {"Verdict__c": "reject", "Reason__c": "timing"})


def test_the_api_takes_a_choice_that_a_page_would_not_offer(ready: Salesforce) -> None:
    """Only what is in no list at all is refused."""
    made = ready.Lead.create(lead(Verdict__c="pending", Reason__c="other"))["id"]
    found = refusal_of(ready, made, Reason__c="mood")
    assert found["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_a_rule_that_is_not_active_refuses_nothing(ready: Salesforce) -> None:
    rule(ready, active=False)
    ready.Lead.create(lead(Verdict__c="reject"))


def test_a_name_of_a_rule_is_taken_once(ready: Salesforce) -> None:
    rule(ready)
    with pytest.raises(SalesforceMalformedRequest) as caught:
        rule(ready)
    assert refused(caught.value)["errorCode"] == "DUPLICATE_DEVELOPER_NAME"


@pytest.mark.parametrize(
    "formula",
    ["", "AND(", "ISBLANK(Nope__c)", "SOUNDS(Title)", "ISBLANK(Reason__c)", "NOT(Title) x"],
)
def test_a_formula_that_cannot_be_read_is_refused(ready: Salesforce, formula: str) -> None:
    """Unknown fields and functions, a picklist where text is wanted, and what is broken off."""
    with pytest.raises(SalesforceMalformedRequest) as caught:
        rule(ready, formula)
    assert refused(caught.value)["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"


def test_without_the_right_no_rule_is_made(ready: Salesforce, org: SalesforceOrg) -> None:
    org.may_customize = False
    with pytest.raises(SalesforceRefusedRequest):
        rule(ready)


@pytest.mark.parametrize(
    ("controlling", "value"), [("Nope__c", "reject"), ("Verdict__c", "perhaps"), ("Title", "x")]
)
def test_a_list_hangs_only_on_values_that_are_there(
    ready: Salesforce, controlling: str, value: str
) -> None:
    settings = [{"controllingFieldValue": [value], "valueName": "a"}]
    with pytest.raises(SalesforceMalformedRequest):
        picklist(ready, "Other__c", "a", controllingField=controlling, valueSettings=settings)


def test_a_list_needs_values_and_each_once(sf: Salesforce) -> None:
    for values in ((), ("a", "A")):
        with pytest.raises(SalesforceMalformedRequest):
            picklist(sf, "Other__c", *values)


@pytest.mark.parametrize(
    ("formula", "row", "answer"),
    [
        (NO_REASON, {"Verdict__c": "reject"}, True),
        (NO_REASON, {"Verdict__c": "reject", "Reason__c": "timing"}, False),
        (NO_REASON, {}, False),
        ('OR(ISPICKVAL(Verdict__c, ""), NOT(ISBLANK(Title)))', {"Verdict__c": "x"}, False),
        ('OR(ISPICKVAL(Verdict__c, ""), NOT(ISBLANK(Title)))', {}, True),
        ("not(isblank(Title))", {"Title": "CTO"}, True),
    ],
)
def test_formulas_answer_as_the_help_says(formula: str, row: dict[str, str], answer: bool) -> None:
    """Names of functions count in any case; a picklist without a value is the empty text."""
    fields = [Field(name=one, label=one, type="picklist") for one in ("Verdict__c", "Reason__c")]
    fields.append(Field(name="Title", label="Title", type="string"))
    schema = ObjectSchema("Lead", "Lead", "Leads", "00Q")
    for one in fields:
        schema.add(one)
    assert read_formula(formula, schema)(row) is answer
