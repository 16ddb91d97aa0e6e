"""`init` makes the fields that a mapping needs and nobody brings along, or tells how to make them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from connector.memory import MemoryConnector
from connector.port import FieldSchema, System
from mappings.compile import Locale, compile_folder
from mappings.schema import Mapping
from sync.install import SHIPPED, create_keys, write_steps
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
        (System.SALESFORCE, ("Contact", "Lead")),
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
