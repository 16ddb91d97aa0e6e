"""The shipped set and the samples: right as they stand, tests included, for machines and editors."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from connector.hubspot.schema import object_schema
from connector.port import ObjectSchema, Pipeline, Stage, System
from connector.salesforce.wire import schema_of
from mappings import grammar
from mappings.compile import Locale, compile_folder, missing_keys
from mappings.json_schema import schema
from sandbox.hubspot.properties import built_in_schema as hubspot_org
from sandbox.salesforce.schema import built_in_schema as salesforce_org
from sync.rehearsal import rehearse
from tests.mappings.builders import HUBSPOT, SALESFORCE

# The pipeline that every portal begins with.
SALES = Pipeline(
    "default",
    "Sales Pipeline",
    tuple(
        Stage(name, label)
        for name, label in (
            ("appointmentscheduled", "Appointment Scheduled"),
            ("qualifiedtobuy", "Qualified To Buy"),
            ("presentationscheduled", "Presentation Scheduled"),
            ("decisionmakerboughtin", "Decision Maker Bought-In"),
            ("contractsent", "Contract Sent"),
            ("closedwon", "Closed Won"),
            ("closedlost", "Closed Lost"),
        )
    ),
)
# What a sample says that it needs beside it, and what it cannot stand beside as it is.
NEEDS = {"campaign-members": ("campaigns",)}
NOT_BESIDE = {"hubspot-leads": ("deals",)}
SHIPPED = Path(__file__).parents[2] / "mappings"
SAMPLES = sorted((SHIPPED / "samples").glob("*.yaml"))
TODAY = date(2026, 11, 24)


def fresh_orgs() -> dict[tuple[System, str], ObjectSchema]:
    """What both practice orgs describe before `init`."""
    found: dict[tuple[System, str], ObjectSchema] = {}
    for name in ("contacts", "companies", "deals"):
        properties = hubspot_org(name, {}).properties.values()
        found[HUBSPOT, name] = object_schema(name, [one.as_json() for one in properties])
    found[HUBSPOT, "deals"] = replace(found[HUBSPOT, "deals"], pipelines=(SALES,))
    objects = salesforce_org()
    for name in ("Lead", "Contact", "Account", "Opportunity"):
        found[SALESFORCE, name] = schema_of(name, objects[name].describe("", everything=True))
    return found


@pytest.mark.parametrize("live", [False, True])
def test_the_shipped_set_is_right_and_silent(live: bool) -> None:
    """No fault and no warning, offline and against fresh orgs; companies before people."""
    made = compile_folder(SHIPPED, fresh_orgs() if live else None, Locale())
    assert [one.name for one in made.mappings] == ["companies", "deals", "people"]
    assert made.warnings == ()


def test_a_fresh_org_lacks_only_the_keys() -> None:
    """What `init` has to create is one key field per object."""
    orgs = fresh_orgs()
    made = compile_folder(SHIPPED, orgs, Locale())
    assert {(system.value, name, field) for system, name, field in missing_keys(made, orgs)} == {
        ("hubspot", "companies", "salesforce_id"),
        ("hubspot", "contacts", "salesforce_id"),
        ("hubspot", "deals", "salesforce_id"),
        ("salesforce", "Account", "HubSpot_Id__c"),
        ("salesforce", "Contact", "HubSpot_Id__c"),
        ("salesforce", "Lead", "HubSpot_Id__c"),
        ("salesforce", "Opportunity", "HubSpot_Id__c"),
    }


@pytest.mark.parametrize("live", [False, True])
def test_the_shipped_tests_pass(live: bool) -> None:
    """The `tests:` of the files hold, with stock knowledge and with the kinds of fresh orgs."""
    made = compile_folder(SHIPPED, fresh_orgs() if live else None, Locale())
    assert rehearse(made.mappings, TODAY).failed == ()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_samples_compile_and_their_tests_pass(sample: Path, tmp_path: Path) -> None:
    """A sample may be copied as it stands, beside the shipped files or over the one that it replaces."""
    for shipped in SHIPPED.glob("*.yaml"):
        if name_of(shipped) != name_of(sample) and shipped.stem not in NOT_BESIDE.get(
            sample.stem, ()
        ):
            shutil.copy(shipped, tmp_path)
    for needed in NEEDS.get(sample.stem, ()):
        shutil.copy(SHIPPED / "samples" / f"{needed}.yaml", tmp_path)
    shutil.copy(sample, tmp_path)
    made = compile_folder(tmp_path, None, Locale())
    assert rehearse(made.rehearsed, TODAY).failed == ()


def test_samples_of_activities_may_stand_side_by_side(tmp_path: Path) -> None:
    """Tasks, calls and notes all become Tasks; their `only` keeps them apart."""
    for path in SHIPPED.glob("*.yaml"):
        shutil.copy(path, tmp_path)
    for stem in ("tasks", "calls", "notes", "meetings"):
        shutil.copy(SHIPPED / "samples" / f"{stem}.yaml", tmp_path)
    made = compile_folder(tmp_path, None, Locale())
    assert {one.name for one in made.mappings} >= {"tasks", "calls", "notes", "meetings"}
    assert made.warnings == ()


def name_of(path: Path) -> str:
    """The mapping's name."""
    return str(YAML(typ="safe").load(path.read_text("utf-8"))["name"])


def test_samples_are_never_loaded() -> None:
    """Files in folders below the mappings folder do not count."""
    made = compile_folder(SHIPPED, None, Locale())
    assert all("samples" not in one.path for one in made.mappings)


@pytest.mark.parametrize("path", [*sorted(SHIPPED.glob("*.yaml")), *SAMPLES], ids=lambda p: p.stem)
def test_editors_accept_what_we_ship(path: Path) -> None:
    """The JSON Schema and the files agree."""
    assert list(problems(YAML(typ="safe").load(path.read_text("utf-8")), schema())) == []


@pytest.mark.parametrize(
    "change",
    [
        {"feilds": []},
        {"mode": "lvie"},
        {"version": 2},
        {"fields": ["firstname FirstName"]},
        {"fields": [{"a <-> B": {"both_changed": "latest"}}]},
        {"links": [{"a <-> B": {"values": {}}}]},
        {"links": [{"a <-> B": {"to": "owners", "otherwise": "nobody"}}]},
        {"stages": [{"pipe x": ["a <-> B"]}]},
        {"stages": [{"pipeline x": ["a B"]}]},
        {"relation": {"left": "people"}},
        {"when_merged_in": {"hubspot": "marge"}},
        {"fields": [{"a <-> B": {"projection": "highwater"}}]},
        {"match": {"by": [{"al": []}]}},
        {"tests": [{"name": "x"}]},
    ],
)
def test_editors_underline_mistakes(change: dict[str, Any]) -> None:
    """Unknown keys and words are no mapping for an editor either."""
    good = {
        "version": 1,
        "name": "people",
        "between": {"hubspot": "contacts", "salesforce": ["Lead"]},
    }
    assert list(problems(good, schema())) == []
    assert list(problems({**good, **change}, schema()))


def test_the_schema_knows_every_key_of_the_grammar() -> None:
    """Both are made from the same tables."""
    assert tuple(schema()["properties"]) == grammar.TOP_KEYS


TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "null": type(None),
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


def problems(value: Any, rule: Mapping[str, Any]) -> list[str]:
    """What a JSON Schema validator would say, for the words that our schema uses."""
    found: list[str] = []
    kinds = [rule["type"]] if isinstance(rule.get("type"), str) else rule.get("type", [])
    if kinds and not any(isinstance(value, TYPES[kind]) for kind in kinds):
        return [f"{value!r} is none of {kinds}"]
    if "enum" in rule and value not in rule["enum"]:
        found.append(f"{value!r} is not among {rule['enum']}")
    if "pattern" in rule and isinstance(value, str) and not re.search(rule["pattern"], value):
        found.append(f"{value!r} is not like {rule['pattern']}")
    if "anyOf" in rule and all(problems(value, one) for one in rule["anyOf"]):
        found.append(f"{value!r} fits nothing")
    if isinstance(value, dict):
        found += _entries(value, rule)
    if isinstance(value, list) and "items" in rule:
        found += [problem for item in value for problem in problems(item, rule["items"])]
    return found


def _entries(value: dict[str, Any], rule: Mapping[str, Any]) -> list[str]:
    found = [f"{key} is missing" for key in rule.get("required", []) if key not in value]
    for key, one in value.items():
        patterns = rule.get("patternProperties", {})
        rules = [rule["properties"][key]] if key in rule.get("properties", {}) else []
        rules += [of for pattern, of in patterns.items() if re.search(pattern, str(key))]
        more = rule.get("additionalProperties", True)
        if not rules and more is False:
            found.append(f"{key} is unknown")
        if not rules and isinstance(more, dict):
            rules = [more]
        found += [problem for of in rules for problem in problems(one, of)]
    if len(value) > rule.get("maxProperties", len(value)):
        found.append("too many entries")
    return found
