"""An object of one's own on both sides, synced by a mapping file alone: with the installed command."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.serve import Sandbox
from tests.walk.command import Admin

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "mappings.md"
SAMPLE = ROOT / "mappings" / "samples" / "custom-object.yaml"
# What differs from run to run: plans and records have ids of their own.
IDS = re.compile(r"\b(?:\d{4}-[0-9a-f]{6}|\d{9,}|[0-9a-zA-Z]{15}AAA)\b")


def define(sandbox: Sandbox) -> None:
    """What the admins of both systems have made: a kind of record for subscriptions."""
    sandbox.hubspot.define_object(
        "subscriptions",
        labels={"singular": "Subscription", "plural": "Subscriptions"},
        requiredProperties=["contract_number"],
        properties=[
            _property("contract_number", "string", "text", hasUniqueValue=True),
            _property("plan_name", "enumeration", "select", options=_options("basic", "pro")),
            _property("renewal_date", "date", "date"),
            _property("seats", "number", "number"),
        ],
        associatedObjects=["COMPANY", "DEAL"],
    )
    there = sandbox.salesforce
    there.add_object("Subscription__c", "Subscription")
    there.add_field("Subscription__c", "Contract_Number__c", length=40)
    there.add_field(
        "Subscription__c",
        "Plan__c",
        type="picklist",
        picklist=["Basic", "Professional"],
        restrictedPicklist=True,
    )
    there.add_field("Subscription__c", "Renewal_Date__c", type="date")
    there.add_field("Subscription__c", "Seats__c", type="double", precision=18, scale=0)
    for name in ("Account", "Opportunity"):
        there.add_field(
            "Subscription__c",
            f"{name}__c",
            type="reference",
            referenceTo=[name],
            relationshipName=f"{name}__r",
        )


def _property(name: str, kind: str, widget: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "label": name, "type": kind, "fieldType": widget, **more}


def _options(*values: str) -> list[dict[str, str]]:
    return [{"label": value.title(), "value": value} for value in values]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    running = Sandbox.start(people=0, limits=False)
    define(running)
    yield running
    running.stop()


def shown() -> str:
    """The session of the page, one blank between words, without ids."""
    page = PAGE.read_text("utf-8").partition("## A custom object pair")[2]
    (session,) = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    return plain(session)


def plain(text: str) -> str:
    lines = (" ".join(IDS.sub("(id)", line).split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def test_a_custom_object_is_synced_by_its_mapping_file_alone(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    """No code, no setting: the page shows what really comes out, and edits travel both ways."""
    admin, told = Admin(tmp_path, sandbox), []

    def run(*words: str) -> None:
        done = admin.run(*words)
        told.append(f"$ kakehashi {' '.join(words)}\n{done.out}{done.err}")

    admin.run("init")
    company = sandbox.hubspot.create("companies", {"name": "Northwind", "domain": "n.example.com"})
    account = sandbox.salesforce.add("Account", {"Name": "Northwind", "Website": "n.example.com"})
    assert admin.run("resync", "--yes").code == 0
    shutil.copy(SAMPLE, tmp_path / "mappings")
    first = sandbox.hubspot.create(
        "subscriptions", {"contract_number": "K-001", "plan_name": "basic", "seats": "10"}
    )
    sandbox.hubspot.associate("subscriptions", first, "companies", company)
    second = sandbox.salesforce.add(
        "Subscription__c",
        {"Contract_Number__c": "K-002", "Plan__c": "Professional", "Account__c": account},
    )
    for words in (("init",), ("check",), ("test",), ("plan", "subscriptions")):
        run(*words)
    run("resync", "--yes")
    run("plan")
    assert plain("\n".join(told)) == shown()
    there = sandbox.salesforce.records("Subscription__c")
    (made,) = set(there) - {second}
    assert (there[made]["Plan__c"], there[made]["Seats__c"]) == ("Basic", 10)
    assert there[made]["Account__c"] == account
    (born,) = set(sandbox.hubspot.records("subscriptions")) - {first}
    assert set(sandbox.hubspot.associated("subscriptions", born, "companies")) == {company}
    sandbox.hubspot.edit("subscriptions", born, {"seats": "25"})
    sandbox.salesforce.edit("Subscription__c", made, {"Plan__c": "Professional"})
    assert admin.run("resync", "--yes").code == 0
    assert sandbox.hubspot.records("subscriptions")[first]["plan_name"] == "pro"
    assert sandbox.salesforce.records("Subscription__c")[second]["Seats__c"] == 25
    assert admin.run("plan", "--json").json["changes"] == []
