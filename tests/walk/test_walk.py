"""The admin's first hour, with the installed command over real HTTP; and everything that goes wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.serve import Sandbox
from tests.walk.command import Admin, twins
from tests.walk.kills import kill_again_and_again

PEOPLE = 90


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    running = Sandbox.start(people=PEOPLE, seed=7, limits=False)
    yield running
    running.stop()


@pytest.fixture
def admin(tmp_path: Path, sandbox: Sandbox) -> Admin:
    return Admin(tmp_path, sandbox)


@pytest.fixture
def ready(admin: Admin) -> Admin:
    """Mappings copied, key fields created."""
    assert admin.run("init").code == 0
    return admin


def counted(sandbox: Sandbox) -> dict[str, int]:
    """What each org counts."""
    return {
        "hubspot people": len(sandbox.hubspot.records("contacts")),
        "hubspot companies": len(sandbox.hubspot.records("companies")),
        "hubspot deals": len(sandbox.hubspot.records("deals")),
        "salesforce deals": len(sandbox.salesforce.records("Opportunity")),
        "salesforce people": len(sandbox.salesforce.records("Lead"))
        + len(sandbox.salesforce.records("Contact")),
        "salesforce companies": len(sandbox.salesforce.records("Account")),
    }


def test_a_plan_lists_exactly_what_apply_writes(ready: Admin, sandbox: Sandbox) -> None:
    """Record by record, field by field; a second plan is empty; the states add up."""
    before = snapshot(sandbox)
    plan = ready.run("plan", "--json")
    assert plan.code == 1
    assert snapshot(sandbox) == before
    applied = ready.run("apply", plan.json["plan_id"], "--json")
    assert applied.json["skipped"] == []
    assert applied.json["guards"] == []
    after = snapshot(sandbox)
    assert written(before, after) == planned(plan.json["changes"])
    again = ready.run("plan", "--json")
    assert again.json["changes"] == []
    status = ready.run("status", "--json").json
    for mapping in ("people", "companies", "deals"):
        for system in ("hubspot", "salesforce"):
            side = status["mappings"][mapping][system]
            assert side["total"] == counted(sandbox)[f"{system} {mapping}"]
            assert side["total"] == sum(n for s, n in side["states"].items() if s != "deleted")
    assert twins(sandbox) == {}


Cells = dict[tuple[str, str, str], Any]


def snapshot(sandbox: Sandbox) -> Cells:
    """Every filled field of every record: (system, record, field) -> value as text."""
    cells: Cells = {}
    for system, object_name, records in (
        ("hubspot", "contacts", sandbox.hubspot.records("contacts")),
        ("hubspot", "companies", sandbox.hubspot.records("companies")),
        ("salesforce", "Lead", sandbox.salesforce.records("Lead")),
        ("salesforce", "Contact", sandbox.salesforce.records("Contact")),
        ("salesforce", "Account", sandbox.salesforce.records("Account")),
        ("hubspot", "deals", sandbox.hubspot.records("deals")),
        ("salesforce", "Opportunity", sandbox.salesforce.records("Opportunity")),
    ):
        for record_id, row in records.items():
            for name, value in row.items():
                if value not in (None, "", False, "false"):
                    cells[system, f"{object_name} {record_id}", name] = str(value)
    return cells


def written(before: Cells, after: Cells) -> Counter[tuple[str, str]]:
    """How many times each mapped field of each system changed, on records that were there before."""
    old = {(system, record) for system, record, _ in before}
    changed = {
        key
        for key in {*before, *after}
        if before.get(key) != after.get(key) and (key[0], key[1]) in old
    }
    return Counter((system, name) for system, _, name in changed if name in WRITTEN)


# Fields that the shipped mappings write; systems stamp others by themselves.
WRITTEN = frozenset(
    {
        "salesforce_id", "HubSpot_Id__c", "firstname", "lastname", "phone", "mobilephone", "jobtitle",
        "FirstName", "LastName", "Phone", "MobilePhone", "Title", "HasOptedOutOfEmail",
        "hs_email_optout", "AccountId",
    }
)  # fmt: skip


def planned(changes: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """The same count, as the plan tells it; true for true, a change for a change."""
    return Counter(
        (entry["system"], field["api_name"])
        for entry in changes
        if entry["action"] == "update"
        for field in entry["fields"]
        if field["api_name"] in WRITTEN
    )


def test_edits_on_both_sides_between_two_runs_are_kept(ready: Admin, sandbox: Sandbox) -> None:
    """Different fields of the same person, edited in both systems: both arrive, no conflict."""
    ready.run("resync", "--yes")
    pairs = {
        str(row["HubSpot_Id__c"]): lead
        for lead, row in sandbox.salesforce.records("Lead").items()
        if row.get("HubSpot_Id__c")
    }
    for contact, lead in pairs.items():
        sandbox.hubspot.edit("contacts", contact, {"jobtitle": f"Chief {contact}"})
        sandbox.salesforce.edit("Lead", lead, {"FirstName": f"First {lead}"})
    ready.run("resync", "--yes")
    contacts, leads = sandbox.hubspot.records("contacts"), sandbox.salesforce.records("Lead")
    for contact, lead in pairs.items():
        assert leads[lead]["Title"] == f"Chief {contact}"
        assert contacts[contact]["firstname"] == f"First {lead}"
    # What an edit overwrote of an open difference is kept too; it is no double change.
    rows = ready.run("conflicts", "list", "--json").json
    policies = {row["policy"] for row in rows if row["kind"] == "conflict"}
    assert policies <= {"first_pairing"}


def test_an_open_difference_is_settled_by_a_word(ready: Admin, sandbox: Sandbox) -> None:
    """The chosen side's value stands on both, the list gets shorter, `why` tells the story."""
    ready.run("resync", "--yes")
    rows = ready.run("conflicts", "list", "--json").json
    row = next(r for r in rows if r["line"] == "jobtitle" and r["mapping"] == "people")
    assert ready.run("conflicts", "settle", str(row["id"]), "salesforce").code == 0
    held = sandbox.hubspot.records("contacts")[row["hubspot"]["id"]]
    assert held["jobtitle"] == row["salesforce"]["value"]
    left = ready.run("conflicts", "list", "--json").json
    assert row["id"] not in [r["id"] for r in left]
    told = ready.run("why", "hubspot", "contacts", row["hubspot"]["id"], "jobtitle", "--json").json
    assert told["chain"][-1]["trigger"] == "person"
    assert told["state"] == "in_sync"


def test_a_paused_system_is_not_written(ready: Admin, sandbox: Sandbox) -> None:
    """Until it is resumed."""
    ready.run("pause", "salesforce")
    before = sandbox.salesforce.records("Lead")
    ready.run("resync", "--yes")
    assert {i: r.get("Title") for i, r in sandbox.salesforce.records("Lead").items()} == {
        i: r.get("Title") for i, r in before.items()
    }
    ready.run("resume")
    ready.run("resync", "--yes")
    assert len(sandbox.salesforce.records("Lead")) > len(before)


def test_observe_sends_no_writing_call(ready: Admin, sandbox: Sandbox) -> None:
    """Mode `observe` plans and reports."""
    before = snapshot(sandbox)
    ready.settings["KAKEHASHI_MODE"] = "observe"
    assert ready.run("resync", "--yes").code == 1
    assert snapshot(sandbox) == before


BAD = [
    ("wrong token", {"KAKEHASHI_HUBSPOT__ACCESS_TOKEN": "wrong"}, 3, "ACCESS_TOKEN"),
    ("wrong secret", {"KAKEHASHI_SALESFORCE__CLIENT_SECRET": "wrong"}, 3, "CLIENT_SECRET"),
    ("unknown host", {"KAKEHASHI_SALESFORCE__LOGIN_URL": "http://127.0.0.1:9"}, 3, "cannot reach"),
    ("plain http", {"KAKEHASHI_HUBSPOT__BASE_URL": "http://example.com"}, 2, "https"),
    ("unknown setting", {"KAKEHASHI_HUBSPOT__ACESS_TOKEN": "x"}, 2, "ACCESS_TOKEN"),
    ("no folder", {"KAKEHASHI_DATABASE_URL": "sqlite:////proc/no/x.db"}, 2, "DATABASE_URL"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "settings", "code", "word"), BAD, ids=[row[0] for row in BAD])
def test_what_is_wrong_is_named_with_its_cure(
    ready: Admin, sandbox: Sandbox, name: str, settings: dict[str, str], code: int, word: str
) -> None:
    """The exit code of the contract, one clear message, no trace, and not one write."""
    before = snapshot(sandbox)
    ready.settings |= settings
    done = ready.run("resync", "--yes")
    assert done.code == code, done.err
    assert word in done.err
    assert "Traceback" not in done.err
    assert snapshot(sandbox) == before


def test_without_the_key_fields_plan_works_and_writing_does_not(admin: Admin) -> None:
    """A twin can be made only where a key is missing."""
    assert admin.run("init").code == 0
    admin.sandbox.reset()
    plan = admin.run("plan", "--json")
    assert plan.code == 1
    done = admin.run("apply", plan.json["plan_id"])
    assert done.code == 2
    assert "kakehashi init" in done.err


def test_without_the_right_to_make_fields_the_steps_are_told(
    admin: Admin, sandbox: Sandbox
) -> None:
    """What, where, and how."""
    sandbox.hubspot.revoke(["crm.schemas.contacts.write", "crm.schemas.companies.write"])
    done = admin.run("init", "--json")
    assert done.code == 1
    assert {row["system"] for row in done.json["missing"]} == {"hubspot"}
    assert all(row["how"] for row in done.json["missing"])


def test_a_wrong_mapping_is_told_by_line_and_column(ready: Admin) -> None:
    """In both languages, and nothing is planned."""
    path = ready.folder / "mappings" / "people.yaml"
    path.write_text(
        path.read_text("utf-8").replace("jobtitle <-> Title", "jobtitel <-> Title"), "utf-8"
    )
    done = ready.run("check", "--json")
    assert done.code == 2
    fault = next(f for f in done.json["faults"] if f["found"] == "jobtitel")
    assert fault["nearest"] == "jobtitle"
    assert fault["line"] > 1
    assert ready.run("plan").code == 2


def test_nobody_is_asked_where_nobody_sits(ready: Admin) -> None:
    """No terminal and no --yes: exit 2, nothing done."""
    done = ready.run("resync")
    assert (done.code, "--yes" in done.err) == (2, True)


def test_a_web_page_instead_of_an_answer_loses_nothing(ready: Admin, sandbox: Sandbox) -> None:
    """The run stops, and the next one finishes."""
    sandbox.hubspot.faults.order({"kind": "html_200", "match": "batch/update", "times": 2})
    ready.settings["KAKEHASHI_SYNC__LANDING_WINDOW"] = "0"
    ready.run("resync", "--yes")
    ready.run("resync", "--yes")
    assert ready.run("plan", "--json").json["changes"] == []
    assert twins(sandbox) == {}


def test_one_bad_row_does_not_stop_its_batch(ready: Admin, sandbox: Sandbox) -> None:
    """A validation rule refuses some; the others are written, the refused stand parked."""
    sandbox.salesforce.add_validation_rule(
        "Lead", lambda row: str(row.get("LastName", "")).startswith("S"), "no S please"
    )
    ready.run("resync", "--yes")
    parked = ready.run("parked", "list", "--json").json
    plan = ready.run("plan", "--json").json
    assert plan["totals"]["create"] == 0 or any(p["cause"] == "validation_rule" for p in parked)
    assert twins(sandbox) == {}


def test_killed_at_any_moment_nothing_is_lost_and_nobody_is_twice(tmp_path: Path) -> None:
    """A few random moments here; `python -m tests.walk.kills 50 7` for many."""
    found = kill_again_and_again(tmp_path, rounds=3, seed=7, people=PEOPLE)
    assert found.twins == {}
    assert found.planned == 0
