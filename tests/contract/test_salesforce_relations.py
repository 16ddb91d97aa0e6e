"""Salesforce's relations keep the promises of their port, over HTTP, against the practice org."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.port import Value
from connector.salesforce.client import SalesforceConnector
from tests.contract.relations_suite import RelationsContract, TiedWorld
from tests.contract.salesforce_world import SalesforceWorld, salesforce_world

DEAL = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-31"}


class _Tied(TiedWorld):
    """Records of a practice org that ties stand between."""

    left_field: str
    right_field: str

    def __init__(self, world: SalesforceWorld) -> None:
        self.world, self.org = world, world.org
        assert isinstance(world.connector, SalesforceConnector)
        self.relations = world.connector.relations

    def person_ties(self, left: str, right: str, value: Value = None) -> None:
        named = {} if value is None else {str(self.text): value}
        self.org.add(self.relation, {self.left_field: left, self.right_field: right, **named})

    def person_unties(self, left: str, right: str) -> None:
        for row_id, row in self.org.records(self.relation).items():
            if (row[self.left_field], row[self.right_field]) == (left, right):
                self.org.delete(self.relation, row_id)

    def person_deletes_left(self, left: str) -> None:
        self.org.delete(self.left_object, left)

    def stored(self) -> dict[tuple[str, str], Value]:
        return {
            (row[self.left_field], row[self.right_field]): row[str(self.text)]
            for row in self.org.records(self.relation).values()
        }

    def loses_an_answer(self) -> bool:
        self.world.fault("lost_answer", times=1, match="POST .*composite/sobjects")
        return True


class LeadsOfCampaigns(_Tied):
    """Leads who are members, with a status that their campaign knows."""

    relation, left_object, text = "CampaignMember", "Lead", "Status"
    left_field, right_field = "LeadId", "CampaignId"
    values = ("Sent", "Responded")
    unknown = "00Q5g00000zzzzzEAA"

    def lefts(self, count: int) -> list[str]:
        return self.org.load("Lead", [{"LastName": "Lee", "Company": "Example"}] * count)

    def rights(self, count: int) -> list[str]:
        return self.org.load("Campaign", [{"Name": "Webinar"}] * count)

    def closed(self, right: str) -> bool:
        return True


class ContactsOfCampaigns(LeadsOfCampaigns):
    """The same with Contacts."""

    left_object, left_field = "Contact", "ContactId"
    unknown = "0035g00000zzzzzAAA"

    def lefts(self, count: int) -> list[str]:
        return self.org.load("Contact", [{"LastName": "Mori"}] * count)


class Roles(_Tied):
    """Contacts who have a role in a deal."""

    relation, left_object, text = "OpportunityContactRole", "Contact", "Role"
    left_field, right_field = "ContactId", "OpportunityId"
    values = ("Evaluator",)
    unknown = "0035g00000zzzzzAAA"

    def lefts(self, count: int) -> list[str]:
        return self.org.load("Contact", [{"LastName": "Mori"}] * count)

    def rights(self, count: int) -> list[str]:
        return self.org.load("Opportunity", [DEAL] * count)

    def closed(self, right: str) -> bool:
        return False


@pytest.fixture
def world() -> Iterator[SalesforceWorld]:
    yield from salesforce_world()


class TestLeadsOfCampaigns(RelationsContract):
    @pytest.fixture
    def tied(self, world: SalesforceWorld) -> TiedWorld:
        return LeadsOfCampaigns(world)


class TestContactsOfCampaigns(RelationsContract):
    @pytest.fixture
    def tied(self, world: SalesforceWorld) -> TiedWorld:
        return ContactsOfCampaigns(world)


class TestRolesInDeals(RelationsContract):
    @pytest.fixture
    def tied(self, world: SalesforceWorld) -> TiedWorld:
        return Roles(world)
