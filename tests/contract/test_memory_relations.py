"""The in-memory twin's relations keep the promises of the port, as the left and as the right side."""

from __future__ import annotations

import pytest

from connector.errors import Rejected, SystemBlocked, TryLater
from connector.memory import MemoryConnector
from connector.memory_relations import MemoryRelations
from connector.port import System, Value
from tests.contract.relations_suite import RelationsContract, TiedWorld
from tests.contract.test_memory import Time
from tests.contract.writing_suite import rejected

KINDS = {
    System.HUBSPOT: ("list memberships", ("contacts",), "lists"),
    System.SALESFORCE: ("CampaignMember", ("Lead", "Contact"), "Campaign"),
}


class TwinTies(TiedWorld):
    """A twin with people and lists, or campaigns."""

    text = "Status"
    values = ("Sent", "Responded")

    def __init__(self, system: System) -> None:
        self.relation, lefts, self.right_object = KINDS[system]
        self.left_object = lefts[0]
        self.twin = MemoryConnector(system, clock=Time())
        self.ours = MemoryRelations(self.twin, {self.relation: (lefts, self.right_object)})
        self.relations = self.ours
        self.unknown = "100000999999" if system is System.HUBSPOT else "00Q000000999999EAA"

    def lefts(self, count: int) -> list[str]:
        return [self.twin.seed(self.left_object, {}) for _ in range(count)]

    def rights(self, count: int) -> list[str]:
        return [self.twin.seed(self.right_object, {}) for _ in range(count)]

    def person_ties(self, left: str, right: str, value: Value = None) -> None:
        self.ours.tie(self.relation, left, right, **({} if value is None else {self.text: value}))

    def person_unties(self, left: str, right: str) -> None:
        self.ours.untie(self.relation, left, right)

    def person_deletes_left(self, left: str) -> None:
        self.twin.remove(self.left_object, left)

    def stored(self) -> dict[tuple[str, str], Value]:
        held = self.ours.ties_now(self.relation)
        return {ends: values.get(self.text) for ends, values in held.items()}

    def closed(self, right: str) -> bool:
        self.ours.allow(self.relation, right, self.text, *self.values)
        return True

    def loses_an_answer(self) -> bool:
        self.twin.faults.lost_answers = 1
        return True


class TestTiesOfTheLeft(RelationsContract):
    """As HubSpot."""

    @pytest.fixture
    def tied(self) -> TiedWorld:
        return TwinTies(System.HUBSPOT)


class TestTiesOfTheRight(RelationsContract):
    """As Salesforce."""

    @pytest.fixture
    def tied(self) -> TiedWorld:
        return TwinTies(System.SALESFORCE)


def test_a_kind_of_record_that_cannot_stand_left_is_refused() -> None:
    """As a Lead in an opportunity."""
    world = TwinTies(System.SALESFORCE)
    [person], [right] = world.lefts(1), world.rights(1)
    tie = world.tie(person, right)._replace(left_object="Account")
    [outcome] = world.relations.tie_many(world.relation, [tie])
    assert rejected(outcome).cause == "bad_reference"


def test_a_value_that_may_not_stand_there_is_refused_by_its_field() -> None:
    """Nothing of the tie is made."""
    world = TwinTies(System.SALESFORCE)
    [person], [right] = world.lefts(1), world.rights(1)
    world.closed(right)
    [outcome] = world.relations.tie_many(world.relation, [world.tie(person, right, "Maybe")])
    assert rejected(outcome).fields == ("Status",)
    assert world.stored() == {}


def test_trouble_of_the_twin_is_trouble_of_its_ties() -> None:
    """Busy, blocked, and an answer that leaves the last tie out."""
    world = TwinTies(System.HUBSPOT)
    [person], [right] = world.lefts(1), world.rights(1)
    world.twin.faults.busy = 1
    with pytest.raises(TryLater):
        world.relations.tie_many(world.relation, [world.tie(person, right)])
    world.twin.faults.drop = 1
    [outcome] = world.relations.tie_many(world.relation, [world.tie(person, right)])
    assert isinstance(outcome, Rejected)
    world.twin.faults.blocked = SystemBlocked(
        "no", system="hubspot", cause="credentials", advice="log in"
    )
    with pytest.raises(SystemBlocked):
        world.seen(right)
