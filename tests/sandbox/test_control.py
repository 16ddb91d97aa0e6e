"""The control desk: what it counts, what it takes on order, what it refuses and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sandbox.behaviour import CallLog, FaultPlan
from sandbox.control import create_control
from sandbox.doorbells import SILENCE, Wanted
from sandbox.seed import SeedReport

KINDS = frozenset({"status", "slow"})


@dataclass
class EmptyOrg:
    """An org that holds nothing."""

    calls: CallLog = field(default_factory=CallLog)
    faults: FaultPlan = field(default_factory=lambda: FaultPlan(KINDS))


@dataclass
class Sown:
    """What was asked for with the last reset."""

    people: int | None = None
    seed: int | None = None

    def __call__(self, people: int | None, seed: int | None) -> SeedReport:
        self.people, self.seed = people, seed
        return SeedReport(people=people or 300, companies=50)


@dataclass
class Wires:
    """Where the orgs were told to ring last."""

    wanted: Wanted = SILENCE

    def connect(self, wanted: Wanted) -> None:
        self.wanted = wanted

    def as_json(self) -> dict[str, Any]:
        return {"hubspot": {"url": self.wanted.hubspot_url}}


def said(answer: TestResponse) -> dict[str, Any]:
    """The JSON object that was answered."""
    assert isinstance(answer.json, dict)
    return answer.json


@pytest.fixture
def orgs() -> dict[str, EmptyOrg]:
    return {"hubspot": EmptyOrg(), "salesforce": EmptyOrg()}


@pytest.fixture
def sown() -> Sown:
    return Sown()


@pytest.fixture
def wires() -> Wires:
    return Wires()


@pytest.fixture
def desk(orgs: dict[str, EmptyOrg], sown: Sown, wires: Wires) -> FlaskClient:
    return create_control(orgs, sown, wires).test_client()


def test_calls_are_told_by_system(desk: FlaskClient, orgs: dict[str, EmptyOrg]) -> None:
    """In total and by call; and can be counted from zero again."""
    orgs["hubspot"].calls.note("GET", "/crm/v3/objects/contacts")
    assert desk.get("/calls").json == {
        "hubspot": {"total": 1, "by_call": {"GET /crm/v3/objects/contacts": 1}},
        "salesforce": {"total": 0, "by_call": {}},
    }
    assert desk.delete("/calls").status_code == 204
    assert orgs["hubspot"].calls.total == 0


@pytest.mark.parametrize("as_list", [False, True])
def test_a_fault_goes_to_the_system_it_names(
    desk: FlaskClient, orgs: dict[str, EmptyOrg], as_list: bool
) -> None:
    """One, or a list of them; with all that its kind needs."""
    spec = {"system": "hubspot", "kind": "status", "match": "POST", "status": 429}
    answer = desk.post("/faults", json=[spec] if as_list else spec)
    assert (answer.status_code, answer.json) == (201, {"ordered": 1})
    assert orgs["salesforce"].faults.take("POST /x", "status") is None
    fault = orgs["hubspot"].faults.take("POST /x", "status")
    assert fault is not None
    assert fault.options == {"status": 429}


GOOD = {"system": "hubspot", "kind": "slow"}
BAD: list[tuple[Any, str]] = [
    ({**GOOD, "kind": "flood"}, "fault 0: unknown fault kind 'flood'; known: slow, status"),
    ({**GOOD, "match": "("}, "fault 0: match is not a regular expression"),
    ({**GOOD, "times": "often"}, "fault 0: invalid literal"),
    ({"kind": "slow"}, "fault 0: system must be one of hubspot, salesforce"),
    ([GOOD, {**GOOD, "system": "sap"}], "fault 1: system must be one of"),
    ([], "the body must be one fault"),
    ("flood", "the body must be one fault"),
    ([1], "the body must be one fault"),
]


@pytest.mark.parametrize(("body", "reason"), BAD)
def test_a_bad_fault_is_refused_with_its_reason(
    desk: FlaskClient, orgs: dict[str, EmptyOrg], body: Any, reason: str
) -> None:
    """And nothing of its list is ordered."""
    answer = desk.post("/faults", json=body)
    assert answer.status_code == 400
    assert reason in said(answer)["error"]
    assert orgs["hubspot"].faults.take("GET /", *KINDS) is None


def test_what_is_no_json_is_refused(desk: FlaskClient) -> None:
    """With a reason in JSON."""
    for path in ("/faults", "/reset"):
        answer = desk.post(path, data="people=3")
        assert answer.status_code == 400
        assert said(answer)["error"]


def test_faults_can_be_called_off(desk: FlaskClient, orgs: dict[str, EmptyOrg]) -> None:
    """All of both systems."""
    desk.post("/faults", json=GOOD)
    assert desk.delete("/faults").status_code == 204
    assert orgs["hubspot"].faults.take("GET /", *KINDS) is None


def test_a_reset_answers_the_counts(desk: FlaskClient, sown: Sown) -> None:
    """With people and seed as asked for, or as before."""
    answer = desk.post("/reset", json={"people": 12, "seed": 3})
    assert (answer.status_code, said(answer)["people"]) == (200, 12)
    assert (sown.people, sown.seed) == (12, 3)
    assert desk.post("/reset").status_code == 200
    assert (sown.people, sown.seed) == (None, None)


@pytest.mark.parametrize("body", [{"people": "many"}, {"people": -1}, {"seed": True}, [1]])
def test_a_reset_with_nonsense_is_refused(desk: FlaskClient, sown: Sown, body: Any) -> None:
    """Before anything is emptied."""
    answer = desk.post("/reset", json=body)
    assert answer.status_code == 400
    assert said(answer)["error"]
    assert sown == Sown()


def test_doors_are_connected_and_disconnected(desk: FlaskClient, wires: Wires) -> None:
    """Both, or one with what it is to tell of; and none any more."""
    body = {
        "hubspot": {"url": "http://127.0.0.1:1/h", "properties": {"contacts": ["email"]}},
        "salesforce": {"url": "http://127.0.0.1:1/s", "objects": ["Lead"]},
    }
    answer = desk.put("/hooks", json=body)
    assert (answer.status_code, answer.json) == (200, {"hubspot": {"url": "http://127.0.0.1:1/h"}})
    assert wires.wanted == Wanted(
        "http://127.0.0.1:1/h", {"contacts": ("email",)}, "http://127.0.0.1:1/s", ("Lead",)
    )
    assert desk.get("/hooks").json == answer.json
    assert desk.put("/hooks", json={"salesforce": {"url": "https://x"}}).status_code == 200
    assert wires.wanted == Wanted(salesforce_url="https://x")
    assert desk.delete("/hooks").status_code == 204
    assert wires.wanted == SILENCE


BAD_HOOKS: list[tuple[Any, str]] = [
    (None, "the body must be a JSON object with hubspot, salesforce or both"),
    ({}, "the body must be a JSON object with hubspot, salesforce or both"),
    ({"sap": {"url": "http://x"}}, "with hubspot, salesforce or both"),
    ({"hubspot": "http://x"}, "hubspot must be an object with the url to ring at"),
    ({"salesforce": {"url": "x"}}, "salesforce must be an object with the url to ring at"),
    (
        {"hubspot": {"url": "http://x", "properties": {"cats": []}}},
        "by object (contacts, companies",
    ),
    (
        {"hubspot": {"url": "http://x", "properties": {"deals": "a"}}},
        "deals must be a list of names",
    ),
    ({"salesforce": {"url": "http://x", "objects": [1]}}, "objects must be a list of names"),
    ({"salesforce": {"url": "http://x", "objects": ["Led"]}}, "Lead, Contact, Account"),
    (
        {"hubspot": {"url": "http://x", "properties": {"contacts": ["hs_lastmodifieddate"]}}},
        "not subscribable: hs_lastmodifieddate",
    ),
]


@pytest.mark.parametrize(("body", "reason"), BAD_HOOKS)
def test_bad_doors_are_refused_with_the_reason(
    desk: FlaskClient, wires: Wires, body: Any, reason: str
) -> None:
    """And what was connected before stays."""
    answer = desk.put("/hooks", json=body)
    assert answer.status_code == 400
    assert reason in said(answer)["error"]
    assert wires.wanted == SILENCE


def test_the_desk_is_well(desk: FlaskClient) -> None:
    """For those who wait for it to come up."""
    assert desk.get("/health").json == {"status": "ok"}
