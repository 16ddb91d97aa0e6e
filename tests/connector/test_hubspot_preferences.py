"""Consent to e-mail as HubSpot keeps it, asked and told over HTTP of a practice org, in both generations."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.consents import OptIn, Statement, consents_of
from connector.errors import Rejected
from connector.hubspot.names import CONTACTS, OPT_OUT
from connector.port import Change, NewField, Written
from tests.contract.hubspot_world import START, HubSpotWorld, world_of

ANN = "ann@example.com"
FLAG = "own_opt_out"
MARKETING = "413098765"


@pytest.fixture(params=["v3", "2026-09"])
def world(request: pytest.FixtureRequest) -> Iterator[HubSpotWorld]:
    yield from world_of(request.param)


@pytest.fixture
def ann(world: HubSpotWorld) -> str:
    """A contact who is out of everything."""
    record_id = world.org.create(CONTACTS, {"email": ANN})
    world.connector.update_many(CONTACTS, [Change(record_id, {OPT_OUT: True})])
    assert world.org.opted_out(ANN)
    world.forward(3600)
    return record_id


def said(world: HubSpotWorld, record_id: str) -> list[Statement]:
    told = consents_of(world.connector).statements(CONTACTS, [record_id], [OPT_OUT])
    return told[record_id][OPT_OUT]


def test_an_opt_out_is_told_with_its_time(world: HubSpotWorld, ann: str) -> None:
    """From the preference for everything; single types that are out with it are no opt-outs of their own."""
    assert [(one.out, one.at) for one in said(world, ann)] == [(True, START)]


def test_a_form_is_evidence(world: HubSpotWorld, ann: str) -> None:
    """Time, source and basis, as HubSpot keeps them; the flag is lifted there already."""
    world.org.sign_up(ANN, MARKETING)
    assert said(world, ann) == [Statement(False, world.now(), "FORM", "CONSENT_WITH_NOTICE")]
    assert not world.org.opted_out(ANN)


def test_a_subscription_without_a_basis_is_no_evidence(world: HubSpotWorld, ann: str) -> None:
    """A colleague's click."""
    world.org.sign_up(ANN, MARKETING, basis="")
    assert not any(one.is_evidence for one in said(world, ann))


def test_evidence_from_the_other_system_lets_the_address_in_again(
    world: HubSpotWorld, ann: str
) -> None:
    """To one subscription type only, and what we wrote is no evidence of its own afterwards."""
    proof = Statement(False, world.now(), "web form", "written consent")
    outcomes = consents_of(world.connector).let_in(CONTACTS, [OptIn(ann, OPT_OUT, proof)])
    assert [type(one) for one in outcomes] == [Written]
    record = world.org.records(CONTACTS)[ann]
    assert record[OPT_OUT] == "false"
    out = [name for name, value in record.items() if value == "true" and "optout_" in name]
    assert len(out) == 2
    assert said(world, ann) == []


def test_a_contact_without_an_address_cannot_be_let_in(world: HubSpotWorld) -> None:
    """There is nobody to write to."""
    record_id = world.org.create(CONTACTS, {"firstname": "Ann"})
    proof = Statement(False, world.now(), "web form", "written consent")
    (outcome,) = consents_of(world.connector).let_in(CONTACTS, [OptIn(record_id, OPT_OUT, proof)])
    assert isinstance(outcome, Rejected)
    assert outcome.cause == "required_blank"


def test_other_flags_are_plain_properties(world: HubSpotWorld, ann: str) -> None:
    """HubSpot knows nothing more of them; evidence lifts them like any other value."""
    flag = NewField(CONTACTS, FLAG, "Do not follow", "bool")
    world.connector.create_field(flag)
    assert consents_of(world.connector).statements(CONTACTS, [ann], ["do_not_call"]) == {}
    proof = Statement(False, world.now(), "preference page", "consent")
    world.connector.update_many(CONTACTS, [Change(ann, {FLAG: True})])
    assert world.org.records(CONTACTS)[ann][FLAG] == "true"
    both = [OptIn(ann, FLAG, proof), OptIn(ann, OPT_OUT, proof)]
    outcomes = consents_of(world.connector).let_in(CONTACTS, both)
    assert [type(one) for one in outcomes] == [Written, Written]
    record = world.org.records(CONTACTS)[ann]
    assert (record[FLAG], record[OPT_OUT]) == ("false", "false")
