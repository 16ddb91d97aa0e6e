"""Closed lists over the practice org: a reason that hangs on a verdict, and the rule that asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.errors import Rejected
from connector.port import Change, Companion, NewField, Option, Written
from connector.salesforce.client import SalesforceConnector
from sandbox.salesforce.org import SalesforceOrg
from tests.contract.salesforce_world import SalesforceWorld, salesforce_world


@pytest.fixture
def world() -> Iterator[SalesforceWorld]:
    yield from salesforce_world()


@pytest.fixture
def org(world: SalesforceWorld) -> SalesforceOrg:
    return world.org


@pytest.fixture
def salesforce(world: SalesforceWorld) -> SalesforceConnector:
    assert isinstance(world.connector, SalesforceConnector)
    return world.connector


REASONS = NewField(
    "Lead",
    "Recycle_Reason__c",
    "Reason",
    kind="picklist",
    options=(Option("timing", "時期尚早"), Option("not_worked", "未対応")),
    companion=Companion("Sales_Verdict__c", "reject", "理由が必要です", ("not_worked",)),
)


def test_a_send_back_needs_a_reason_from_whoever_makes_it(
    org: SalesforceOrg, salesforce: SalesforceConnector
) -> None:
    """The rule speaks in our words; on a page the reasons for people stand beside the rejection only."""
    verdicts = tuple(Option(one, one) for one in ("pending", "accept", "reject"))
    verdict = NewField("Lead", "Sales_Verdict__c", "Verdict", kind="picklist", options=verdicts)
    for field in (verdict, REASONS, REASONS):
        salesforce.create_field(field)
    (lead,) = org.load("Lead", [{"LastName": "Lee", "Company": "Example"}])
    bare, whole = (
        {"Sales_Verdict__c": "reject", **more} for more in ({}, {REASONS.name: "timing"})
    )
    [refused] = salesforce.update_many("Lead", [Change(lead, bare)])
    assert isinstance(refused, Rejected)
    assert "理由が必要です" in refused.reason
    assert refused.fields == (REASONS.name,)
    [taken] = salesforce.update_many("Lead", [Change(lead, whole)])
    assert isinstance(taken, Written)
    [taken] = salesforce.update_many("Lead", [Change(lead, {"Sales_Verdict__c": "accept"})])
    assert isinstance(taken, Written)
    described = org.state.table("Lead").schema.fields[REASONS.name].describe()
    assert (described["controllerName"], described["dependentPicklist"]) == (verdict.name, True)
    # The third bit from the left is the third verdict.
    assert [one["validFor"] for one in described["picklistValues"]] == ["IA==", None]


def test_a_list_cannot_hang_on_a_field_that_is_not_there(salesforce: SalesforceConnector) -> None:
    """It is refused with the field's name, and nothing is made."""
    with pytest.raises(Rejected, match="Sales_Verdict__c"):
        salesforce.create_field(REASONS)
    assert REASONS.name not in salesforce.describe("Lead").fields
