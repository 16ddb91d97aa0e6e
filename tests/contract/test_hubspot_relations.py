"""HubSpot's relations keep the promises of their port, over HTTP, against the practice org."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.hubspot.client import HubSpotConnector
from connector.port import Value
from tests.contract.hubspot_world import HubSpotWorld, world_of
from tests.contract.relations_suite import RelationsContract, TiedWorld


class _Tied(TiedWorld):
    """People of a practice org, and what they are tied to."""

    left_object = "contacts"

    def __init__(self, world: HubSpotWorld) -> None:
        self.world, self.org = world, world.org
        assert isinstance(world.connector, HubSpotConnector)
        self.relations = world.connector.relations
        self.unknown = world.unknown_id

    def lefts(self, count: int) -> list[str]:
        return self.world.crowd(count)

    def person_deletes_left(self, left: str) -> None:
        self.org.archive("contacts", left)

    def loses_an_answer(self) -> bool:
        self.world.fault("lost_answer", times=1)
        return True


class Members(_Tied):
    """Contacts of lists, put in and taken out by hand."""

    relation = "list memberships"
    text = None
    values = ()

    def rights(self, count: int) -> list[str]:
        known = len(self.org.lists())
        return [self.org.add_list(f"List {known + number}") for number in range(count)]

    def person_ties(self, left: str, right: str, value: Value = None) -> None:
        self.org.change_members(right, added=[left])

    def person_unties(self, left: str, right: str) -> None:
        self.org.change_members(right, removed=[left])

    def stored(self) -> dict[tuple[str, str], Value]:
        return {
            (left, right): None for right in self.org.lists() for left in self.org.members(right)
        }

    def closed(self, right: str) -> bool:
        return False


class Parties(_Tied):
    """Contacts of deals, under labels."""

    relation = "associations contacts deals"
    text = "label"
    values = ("Decides", "Pays")

    def __init__(self, world: HubSpotWorld) -> None:
        super().__init__(world)
        for label in self.values:
            self.org.define_label("contacts", "deals", label)

    def rights(self, count: int) -> list[str]:
        return self.org.load("deals", [{"dealname": f"Deal {number}"} for number in range(count)])

    def person_ties(self, left: str, right: str, value: Value = None) -> None:
        self.org.associate("contacts", left, "deals", right, str(value or ""))

    def person_unties(self, left: str, right: str) -> None:
        self.org.part("contacts", left, "deals", right)

    def stored(self) -> dict[tuple[str, str], Value]:
        return {
            (left, right): ";".join(sorted(labels - {""})) or None
            for left in self.org.records("contacts")
            for right, labels in self.org.associated("contacts", left, "deals").items()
        }

    def closed(self, right: str) -> bool:
        return True


@pytest.fixture(params=["v3", "2026-09"])
def world(request: pytest.FixtureRequest) -> Iterator[HubSpotWorld]:
    yield from world_of(request.param)


class TestMembersOfLists(RelationsContract):
    @pytest.fixture
    def tied(self, world: HubSpotWorld) -> TiedWorld:
        return Members(world)


class TestPeopleOfDeals(RelationsContract):
    @pytest.fixture
    def tied(self, world: HubSpotWorld) -> TiedWorld:
        return Parties(world)
