"""People with consent for the phone and with lifecycle stages, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.life_samples.office import SAMPLES, Office, office

PROOF = {"optin_at": "datetime", "optin_source": "string", "optin_basis": "string"}
PROOF_THERE = {"OptIn_At__c": "datetime", "OptIn_Source__c": "string", "OptIn_Basis__c": "string"}


@contextmanager
def staged(folder: Path, projection: str) -> Iterator[Office]:
    with office(folder, "people-with-stages") as made:
        path = folder / "mappings" / "people.yaml"
        written = (SAMPLES / "people-with-stages.yaml").read_text("utf-8")
        assert "high_water" in written
        path.write_text(written.replace("high_water", projection), "utf-8")
        for name, kind in PROOF.items():
            widget = "date" if kind == "datetime" else "text"
            made.hubspot.define(
                "contacts",
                name=name,
                label=name,
                type=kind,
                fieldType=widget,
                groupName="contactinformation",
            )
        options = [{"label": "Yes", "value": "true"}, {"label": "No", "value": "false"}]
        made.hubspot.define(
            "contacts",
            name="do_not_call",
            label="Do not call",
            type="bool",
            fieldType="booleancheckbox",
            groupName="contactinformation",
            options=options,
        )
        for object_name in ("Lead", "Contact"):
            for name, kind in PROOF_THERE.items():
                made.salesforce.add_field(object_name, name, type=kind)
            made.salesforce.add_field(object_name, "Lifecycle_Stage__c")
        made.check()
        yield made


def customer(made: Office) -> tuple[str, str]:
    """Somebody who is a customer on both sides."""
    here, there = made.person("ann@example.com")
    made.hubspot.edit("contacts", here, {"lifecyclestage": "customer"})
    made.resync()
    assert made.salesforce.records("Lead")[there]["Lifecycle_Stage__c"] == "customer"
    made.settled()
    return here, there


def test_a_stage_goes_back_when_sales_says_so(tmp_path: Path) -> None:
    """Strict: cleared and set, in two calls; the echo of the two changes nothing any more."""
    with staged(tmp_path, "strict") as made:
        here, there = customer(made)
        made.salesforce.edit("Lead", there, {"Lifecycle_Stage__c": "lead"})
        made.resync()
        assert made.hubspot.records("contacts")[here]["lifecyclestage"] == "lead"
        made.settled()
        made.resync()
        assert made.hubspot.records("contacts")[here]["lifecyclestage"] == "lead"
        assert made.salesforce.records("Lead")[there]["Lifecycle_Stage__c"] == "lead"


def test_a_stage_that_only_rises_stays_where_it_is(tmp_path: Path) -> None:
    """High water: what would move it back is no work and no difference; what moves it on travels."""
    with staged(tmp_path, "high_water") as made:
        here, there = customer(made)
        made.salesforce.edit("Lead", there, {"Lifecycle_Stage__c": "lead"})
        made.resync()
        assert made.hubspot.records("contacts")[here]["lifecyclestage"] == "customer"
        assert made.bridge.ledger.open_differences() == 0
        made.settled()
        made.salesforce.edit("Lead", there, {"Lifecycle_Stage__c": "evangelist"})
        made.resync()
        assert made.hubspot.records("contacts")[here]["lifecyclestage"] == "evangelist"
        made.settled()


@pytest.mark.parametrize("side", ["hubspot", "salesforce"])
def test_who_must_not_be_called_is_not_called_anywhere(tmp_path: Path, side: str) -> None:
    """Whoever heard it first; taking it back on the other side does not help."""
    with staged(tmp_path, "high_water") as made:
        here, there = made.person("ann@example.com")
        made.resync()
        if side == "hubspot":
            made.hubspot.edit("contacts", here, {"do_not_call": "true"})
        else:
            made.salesforce.edit("Lead", there, {"DoNotCall": True})
        made.resync()
        assert made.hubspot.records("contacts")[here]["do_not_call"] == "true"
        assert made.salesforce.records("Lead")[there]["DoNotCall"] is True
        made.settled()


def test_owners_of_what_we_create_are_chosen_by_the_rules_of_the_org(tmp_path: Path) -> None:
    """Where the settings say so."""
    with office(tmp_path, KAKEHASHI_SALESFORCE__ASSIGNMENT_RULES="true") as made:
        made.check()
        (seller,) = made.salesforce.load_users([{"Email": "new@example.com", "Name": "New Seller"}])
        made.salesforce.assign_to("Lead", seller)
        made.hubspot.create("contacts", {"email": "bo@example.com", "lastname": "Bo"})
        made.resync()
        assert made.right("Lead", Email="bo@example.com")[1]["OwnerId"] == seller


def test_a_hand_off_gets_its_fields_and_its_answers_travel(tmp_path: Path) -> None:
    """`init` makes all of them in both orgs, nothing is left to warn of, and a second plan is empty."""
    with office(tmp_path, "people-with-handoff") as made:
        made.check()
        here, there = made.person("ann@example.com")
        answers = {"timeframe": "3_6m", "need_problem": "見積に三日かかる"}
        made.hubspot.edit("contacts", here, answers)
        made.salesforce.edit("Lead", there, {"Budget__c": "planned", "Next_Step__c": "12/3 訪問"})
        made.converge()
        lead = made.salesforce.records("Lead")[there]
        contact = made.hubspot.records("contacts")[here]
        assert (lead["Timeframe__c"], lead["Need_Problem__c"]) == ("3_6m", "見積に三日かかる")
        assert (contact["budget"], contact["next_step"]) == ("planned", "12/3 訪問")
        made.settled()
