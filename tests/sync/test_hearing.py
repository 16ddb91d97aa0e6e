"""A person's edit of a value of ours, where that is a request: heard, decided elsewhere, then as we say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import pytest

from connector.port import System, Value
from intent.model import Subject
from mappings.own_values import PREFIX, person_names
from mappings.schema import Mapping as FieldMapping
from mappings.schema import OwnName
from sync.hearing import Heard
from sync.own_values import informed
from sync.workbench import Workbench
from tests.sync.bridge import KEYS, people, sqlite_url
from tests.sync.builders import line
from tests.sync.cards import Cards
from tests.sync.live import Live

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
ANN = "ann@example.com"
VERDICT, REASON = "lifecycle.verdict", "lifecycle.recycle_reason"


def judged() -> FieldMapping:
    """People, with a verdict and a reason that sellers may enter."""
    lines = (
        line("email"),
        replace(line("verdict"), ledger_value=VERDICT, edits="request"),
        replace(line("reason"), ledger_value=REASON, edits="request"),
    )
    made = people(*lines)
    own = (f"{PREFIX}{VERDICT}", f"{PREFIX}{REASON}")
    fields = {
        place: (*dict.fromkeys((*names, "verdict", "reason")), *own)
        for place, names in made.fields.items()
    }
    names = {
        place: person_names(place[0], key=KEYS[place[0]], mail="email") for place in made.fields
    }
    return replace(made, fields=fields, own_names=names)


@dataclass
class Places:
    """Where people stand, in memory."""

    held: dict[Subject, dict[str, Value]] = field(default_factory=dict)

    def lives(self, subjects: Iterable[Subject]) -> Mapping[Subject, Mapping[str, Value]]:
        return {one: self.held[one] for one in subjects if one in self.held}


@dataclass
class Listening(Live):
    """Both twins; what people enter is heard, and `answer` is what is said of it from then on."""

    mapping: FieldMapping = field(default_factory=judged)
    heard: list[Heard] = field(default_factory=list)
    answer: dict[str, Value] = field(default_factory=dict)
    dies: bool = False

    @cached_property
    def places(self) -> Places:
        return Places()

    @cached_property
    def cards(self) -> Cards:
        return Cards(links={OwnName("email", ANN): Subject("person", ANN)})

    def listen(self, heard: Iterable[Heard]) -> None:
        self.heard += heard
        if self.dies:
            raise KeyboardInterrupt
        self.say(self.answer)

    def say(self, values: Mapping[str, Value]) -> None:
        self.places.held[Subject("person", ANN)] = dict(values)

    @property
    def bench(self) -> Workbench:
        bench = super().bench
        told = informed(bench.connectors, self.cards, bench.mappings, places=self.places)
        return replace(bench, connectors=told, listen=self.listen)


@pytest.fixture
def world(tmp_path: Path) -> Listening:
    return Listening(sqlite_url(tmp_path))


def paired(world: Listening) -> tuple[str, str]:
    """Ann, handed over and pending in both systems."""
    left = world.hubspot.seed("contacts", {"email": ANN})
    right = world.salesforce.seed("Lead", {"email": ANN})
    world.say({VERDICT: "pending", REASON: None})
    world.resync()
    return left, right


def stand(world: Listening, left: str, right: str) -> tuple[object, object]:
    return (
        world.hubspot.records("contacts")[left].get("verdict"),
        world.salesforce.records("Lead")[right].get("verdict"),
    )


@pytest.mark.parametrize("by_bell", [True, False])
def test_a_verdict_is_heard_with_its_reason_and_then_stands_on_both_sides(
    world: Listening, by_bell: bool
) -> None:
    """The seller sends back: heard once, with what they entered beside it; the answer reaches both."""
    left, right = paired(world)
    world.by_bell = by_bell
    world.answer = {VERDICT: "reject", REASON: "timing"}
    world.salesforce.edit("Lead", right, {"verdict": "reject", "reason": "timing"})
    world.news(SALESFORCE, "Lead", right)
    (heard,) = world.heard
    assert (heard.system, heard.record_id) == (SALESFORCE, right)
    assert heard.entered == {VERDICT: "reject", REASON: "timing"}
    assert OwnName("email", ANN) in heard.names
    world.resync()
    assert stand(world, left, right) == ("reject", "reject")
    assert world.hubspot.records("contacts")[left]["reason"] == "timing"
    assert len(world.heard) == 1
    assert world.planned() == []


def test_what_is_refused_is_put_back_and_heard_once(world: Listening) -> None:
    """The edit was heard, nobody followed it, and the field says again what is true."""
    left, right = paired(world)
    world.answer = {VERDICT: "pending", REASON: None}
    world.salesforce.edit("Lead", right, {"verdict": "won"})
    world.news(SALESFORCE, "Lead", right)
    world.resync()
    assert [dict(one.entered) for one in world.heard] == [{VERDICT: "won"}]
    assert stand(world, left, right) == ("pending", "pending")
    assert world.planned() == []


def test_the_same_edit_made_again_is_heard_again(world: Listening) -> None:
    """Somebody insists: it is another request."""
    left, right = paired(world)
    world.answer = {VERDICT: "pending", REASON: None}
    for _ in range(2):
        world.salesforce.edit("Lead", right, {"verdict": "won"})
        world.news(SALESFORCE, "Lead", right)
        world.resync()
    assert len(world.heard) == 2
    assert stand(world, left, right) == ("pending", "pending")


def test_two_verdicts_at_once_are_both_heard(world: Listening) -> None:
    """One in each system: neither is lost, whoever decides sees both."""
    left, right = paired(world)
    world.answer = {VERDICT: "reject", REASON: "timing"}
    world.salesforce.edit("Lead", right, {"verdict": "accept"})
    world.hubspot.edit("contacts", left, {"verdict": "reject"})
    world.news(SALESFORCE, "Lead", right)
    world.resync()
    assert {(one.system, one.entered[VERDICT]) for one in world.heard} == {
        (SALESFORCE, "accept"),
        (HUBSPOT, "reject"),
    }
    assert stand(world, left, right) == ("reject", "reject")


def test_whoever_dies_while_it_is_handed_on_hears_it_again(world: Listening) -> None:
    """The edit counts as seen only afterwards; meanwhile nothing is put back."""
    left, right = paired(world)
    world.salesforce.edit("Lead", right, {"verdict": "accept"})
    world.dies = True
    with pytest.raises(KeyboardInterrupt):
        world.resync()
    assert stand(world, left, right) == ("pending", "accept")
    world.dies = False
    world.answer = {VERDICT: "accept"}
    world.time.forward(minutes=10)
    world.resync()
    world.resync()
    assert [one.entered[VERDICT] for one in world.heard] == ["accept", "accept"]
    assert stand(world, left, right) == ("accept", "accept")


def test_a_blank_is_no_request(world: Listening) -> None:
    """Whoever clears the field finds it filled again, and nobody is asked."""
    left, right = paired(world)
    world.salesforce.edit("Lead", right, {"verdict": None})
    world.news(SALESFORCE, "Lead", right)
    world.resync()
    assert world.heard == []
    assert stand(world, left, right) == ("pending", "pending")


def test_a_plan_hears_nothing(world: Listening) -> None:
    """Looking at what would happen decides nothing."""
    _, right = paired(world)
    world.salesforce.edit("Lead", right, {"verdict": "accept"})
    assert world.planned() == []
    assert world.heard == []
