"""`init` makes the fields that a mapping needs and nobody brings along, or tells how to make them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import get_args

import pytest

from connector.errors import Rejected
from connector.memory import MemoryConnector
from connector.port import Change, FieldSchema, NewField, System
from connector.salesforce.metadata import project
from lifecycle.clocks import SLA_STATUSES
from lifecycle.model import Stage, Trigger, Verdict
from mappings.compile import Locale, compile_folder
from mappings.own_values import OWN_VALUES
from mappings.schema import Mapping
from sync.desk import KEY
from sync.field_choices import QUESTIONS, Wording, texts
from sync.install import SHIPPED, create_keys, deployable, write_steps
from tests.lifecycle.builders import shipped
from tests.sync.bridge import Time

OPT_OUT = {
    ("hubspot", "contacts", "shared_tracking_opt_out"),
    ("salesforce", "Contact", "Shared_Tracking_Opt_Out__c"),
    ("salesforce", "Lead", "Shared_Tracking_Opt_Out__c"),
}


@pytest.fixture
def mappings(tmp_path: Path) -> tuple[Mapping, ...]:
    """The sample of people with what a website tells of them."""
    for name in ("people-with-intent", "companies-with-intent"):
        shutil.copy(SHIPPED / "samples" / f"{name}.yaml", tmp_path)
    made = compile_folder(tmp_path, None, Locale()).mappings
    return tuple(one for one in made if one.name == "people")


def systems(*, may_create: bool = True) -> dict[System, MemoryConnector]:
    """Two that have one field each, and none of ours."""
    time = Time()
    found = {}
    for side, objects in (
        (System.HUBSPOT, ("contacts",)),
        (System.SALESFORCE, ("Contact", "Lead", "Task")),
    ):
        email = FieldSchema(name="email", label="email", kind="text")
        found[side] = MemoryConnector(side, clock=time, fields={name: [email] for name in objects})
        found[side].faults.may_create_fields = may_create
    return found


def places(rows: list[dict[str, str]]) -> set[tuple[str, str, str]]:
    return {(row["system"], row["object"], row["field"]) for row in rows}


def test_an_own_consent_field_is_made_as_a_checkbox(mappings: tuple[Mapping, ...]) -> None:
    """On every object; a second time there is nothing to make."""
    made = systems()
    created, missing = create_keys(made, mappings)
    assert places(created) >= OPT_OUT
    assert missing == []
    for system, object_name, field in OPT_OUT:
        schema = made[System(system)].describe(object_name).fields[field]
        assert (schema.kind, schema.updateable) == ("bool", True)
    assert create_keys(made, mappings) == ([], [])


def test_what_the_vendors_bring_along_is_not_made(mappings: tuple[Mapping, ...]) -> None:
    """`check` tells where such a field is hidden."""
    created, _ = create_keys(systems(), mappings)
    fields = {row["field"] for row in created}
    assert not fields & {"hs_email_optout", "HasOptedOutOfEmail"}


def test_without_the_right_to_make_fields_it_is_told_how(
    mappings: tuple[Mapping, ...], tmp_path: Path
) -> None:
    """By name, object and kind, as a page to hand over."""
    created, missing = create_keys(systems(may_create=False), mappings)
    assert created == []
    assert places(missing) >= OPT_OUT
    steps = write_steps(tmp_path, missing)
    assert steps is not None
    assert "Shared_Tracking_Opt_Out__c of the kind bool on Lead" in steps.read_text("utf-8")


@pytest.fixture
def handed(tmp_path: Path) -> tuple[Mapping, ...]:
    """The sample of people with their hand-off, beside the companies that it links to."""
    shutil.copy(SHIPPED / "companies.yaml", tmp_path)
    shutil.copy(SHIPPED / "samples" / "people-with-handoff.yaml", tmp_path)
    made = compile_folder(tmp_path, None, Locale()).mappings
    return tuple(one for one in made if one.name == "people")


def wording(language: str = "en") -> Wording:
    return Wording("ja" if language == "ja" else "en", lambda: shipped().reasons)


def choices(system: MemoryConnector, object_name: str, field: str) -> dict[str, str]:
    found = system.describe(object_name).fields[field]
    assert (found.kind, found.closed) == ("picklist", True)
    return {one.value: one.label for one in found.options}


@pytest.mark.parametrize(("language", "label"), [("en", "sent back"), ("ja", "差し戻し")])
def test_a_hand_off_gets_closed_lists_of_the_shared_definition(
    handed: tuple[Mapping, ...], language: str, label: str
) -> None:
    """The same codes in both systems, called as the language has it; a second time nothing is made."""
    made = systems()
    _, missing = create_keys(made, handed, wording(language))
    assert missing == []
    for system, objects, names in (
        (
            System.HUBSPOT,
            ("contacts",),
            ("shared_stage", "shared_sales_verdict", "shared_recycle_reason"),
        ),
        (
            System.SALESFORCE,
            ("Lead", "Contact"),
            ("Shared_Stage__c", "Sales_Verdict__c", "Recycle_Reason__c"),
        ),
    ):
        for object_name in objects:
            stage, verdict, reason = (choices(made[system], object_name, one) for one in names)
            assert list(stage) == list(Stage)
            assert (list(verdict), verdict["reject"]) == (["pending", "accept", "reject"], label)
            assert set(reason) == set(shipped().reasons)
    fields = made[System.SALESFORCE].describe("Lead").fields
    assert [
        fields[one].kind for one in ("Reactivate_On__c", "Recycled_At__c", "Need_Problem__c")
    ] == [
        "date",
        "datetime",
        "long_text",
    ]
    assert "3_6m" in choices(made[System.SALESFORCE], "Lead", "Timeframe__c")
    assert create_keys(made, handed, wording(language)) == ([], [])


def test_without_a_definition_the_reason_stays_text(handed: tuple[Mapping, ...]) -> None:
    """Nobody guesses the reasons of a company."""
    made = systems()
    create_keys(made, handed)
    assert made[System.HUBSPOT].describe("contacts").fields["shared_recycle_reason"].kind == "text"


def test_every_choice_of_ours_has_a_name_in_both_languages() -> None:
    """What the ledger can say is what the lists offer."""
    told = texts()["choices"]
    assert list(told["lifecycle.stage"]) == list(Stage)
    assert list(told["lifecycle.verdict"]) == list(get_args(Verdict))
    assert set(told["lifecycle.reactivation_reason"]) == set(get_args(Trigger))
    assert list(told["lifecycle.sla_status"]) == list(SLA_STATUSES)
    labels = texts()["labels"]
    assert labels.keys() == QUESTIONS.keys() | {one for one in OWN_VALUES if one.startswith("life")}
    for said in [*labels.values(), *(one for list_ in told.values() for one in list_.values())]:
        assert said["en"]
        assert said["ja"]
    for said in labels.values():
        # Salesforce takes labels of 40 characters.
        assert max(len(f"{said[one]} (Kakehashi)") for one in ("en", "ja")) <= 40
    for list_ in told.values():
        for language in ("en", "ja"):
            # Neither system takes two options that people could not tell apart.
            assert len({said[language] for said in list_.values()}) == len(list_)


def test_a_reason_hangs_on_the_rejection_and_is_asked_for_beside_it(
    handed: tuple[Mapping, ...],
) -> None:
    """In Salesforce, where the verdict is a picklist; `not_worked` is for rules alone."""
    made = systems()
    asked: dict[str, NewField] = {}
    made[System.SALESFORCE].create_field = lambda field: asked.update({field.name: field})  # type: ignore[method-assign]
    create_keys(made, handed, wording())
    companion = asked["Recycle_Reason__c"].companion
    assert companion is not None
    assert (companion.field, companion.value) == ("Sales_Verdict__c", "reject")
    assert companion.never_by_hand == ("not_worked",)
    assert list(asked)[-1] == "Recycle_Reason__c"
    text = FieldSchema(name="Sales_Verdict__c", label="Verdict", kind="text")
    held = made[System.SALESFORCE]._fields or {}
    for fields in held.values():
        fields["Sales_Verdict__c"] = text
    create_keys(made, handed, wording())
    assert asked["Recycle_Reason__c"].companion is None


def test_what_may_not_be_made_is_written_as_a_project_to_deploy(
    handed: tuple[Mapping, ...], tmp_path: Path
) -> None:
    """Beside the steps, in the language asked for."""
    made, said = systems(may_create=False), wording("ja")
    made[System.SALESFORCE].deployable = lambda missing, ours: project(missing, ours, "62.0")  # type: ignore[method-assign]
    _, missing = create_keys(made, handed, said)
    page = write_steps(tmp_path, missing, deployable(made, handed, missing, said), said)
    assert page is not None
    text = page.read_text("utf-8")
    assert "sf project deploy start --manifest manifest/package.xml" in text
    assert "reject = 差し戻し" in text
    folder = tmp_path / "salesforce-fields"
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    objects = "force-app/main/default/objects"
    assert names >= {
        "manifest/package.xml",
        "sfdx-project.json",
        "force-app/main/default/permissionsets/Kakehashi.permissionset-meta.xml",
        f"{objects}/Lead/fields/Recycle_Reason__c.field-meta.xml",
        f"{objects}/Contact/validationRules/Recycle_Reason_is_needed.validationRule-meta.xml",
    }


def test_a_task_of_a_hand_over_gets_the_field_that_makes_it_one(
    handed: tuple[Mapping, ...],
) -> None:
    """Only where people are handed over; without a right to see tasks the way to make it is told."""
    made = systems()
    created, _ = create_keys(made, handed, wording())
    assert ("salesforce", "Task", KEY) in places(created)
    assert made[System.SALESFORCE].describe("Task").fields[KEY].unique
    blind = systems()
    known = blind[System.SALESFORCE]._fields
    assert known is not None
    del known["Task"]
    created, missing = create_keys(blind, handed, wording())
    assert places(missing) == {("salesforce", "Task", KEY)}
    assert created


def test_lists_that_are_closed_take_what_the_ledger_says(
    handed: tuple[Mapping, ...], tmp_path: Path
) -> None:
    """The sample is right against what `init` has made."""
    made = systems()
    create_keys(made, handed, wording())
    contact = made[System.HUBSPOT].seed("contacts", {"shared_stage": "mql"})
    (found,) = made[System.HUBSPOT].update_many(
        "contacts", [Change(contact, {"shared_stage": "recycled"})]
    )
    assert not isinstance(found, Rejected)
    (found,) = made[System.HUBSPOT].update_many(
        "contacts", [Change(contact, {"shared_stage": "x"})]
    )
    assert isinstance(found, Rejected)
    assert found.cause == "unknown_option"
