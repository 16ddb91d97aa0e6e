"""`kakehashi definition`: checked, compared, approved by two people, and tried before that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from console.cli import kakehashi
from mappings.faults import MappingFaults
from sync.install import copy_definitions, copy_mappings

SATO, TANAKA = "m.sato@acme.test", "k.tanaka@acme.test"
# Short ones are read sooner; the shipped ones have tests of their own.
INTEREST = """\
version: 1
definition: "1"
families:
  buying: {half_life: 14d, cap: 40}
  hand_raise: {half_life: 45d, cap: 60}
events:
  page_view: {points: 1, family: buying}
  pricing_view: {points: 6, family: buying}
  form_submit_handraise: {points: 40, family: hand_raise, hard: true}
fit:
  - {when: "numberofemployees >= 50", points: 40, on: companies}
"""
QUALIFIED = f"""\
version: 1
definition:
  id: qualified_lead
  version: 1
  effective_from: 2026-04-01
  owners: {{marketing: {SATO}, sales: {TANAKA}}}
mql:
  any:
    - {{id: hand_raise, when: hard_event is filled}}
    - {{id: score, when: fit >= 40 and intent >= 25 and evidence.days >= 2}}
gate:
  questions:
    need_problem: {{ja: 課題, en: problem, weight: 3, core: true}}
    timeframe: {{ja: 時期, en: timeframe, weight: 2, core: true}}
    decision_maker: {{ja: 決裁者, en: decision maker, weight: 2, core: true}}
    next_step: {{ja: 次の一手, en: next step, weight: 0}}
"""
NAME = "definitions/qualified-lead.yaml"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a definition that has two owners."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KAKEHASHI_DATABASE_URL", f"sqlite:///{tmp_path}/ledger.db")
    (tmp_path / "definitions").mkdir()
    (tmp_path / NAME).write_text(QUALIFIED, "utf-8")
    (tmp_path / "intent.yaml").write_text(INTEREST, "utf-8")
    return tmp_path


def edit(folder: Path, old: str, new: str, name: str = NAME) -> None:
    file = folder / name
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


def run(*words: str, catch: bool = True) -> Result:
    return CliRunner().invoke(kakehashi, ["definition", *words], catch_exceptions=catch)


def told(*words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*words, "--json").stdout)
    return found


def approve(department: str, by: str, *more: str) -> Result:
    return run("approve", "--for", department, "--by", by, "--yes", *more)


def approve_both() -> None:
    assert approve("marketing", SATO).exit_code == 1
    assert approve("sales", TANAKA).exit_code == 0


def state() -> dict[str, Any]:
    found: dict[str, Any] = told("check", "--offline")["definition"]
    return found


def test_a_definition_is_in_force_once_both_approved_it(folder: Path) -> None:
    """Until then `check` says who is missing, and exits with 1."""
    assert (state()["state"], state()["missing"]) == ("unapproved", ["marketing", "sales"])
    assert run("check", "--offline").exit_code == 1
    approve_both()
    found = state()
    assert (found["state"], found["in_force"]["hash"]) == ("in_force", found["hash"])
    assert run("check", "--offline").exit_code == 0
    again = approve("sales", TANAKA)
    assert (again.exit_code, "already" in again.stdout) == (0, True)


def test_an_edit_after_the_approval_leaves_the_approved_text_in_force(folder: Path) -> None:
    """The number has to go up; then both are asked anew, and the old one stays until they agreed."""
    approve_both()
    before = state()["hash"]
    edit(folder, "intent >= 25", "intent >= 20")
    found = state()
    assert (found["state"], found["in_force"]["hash"]) == ("edited", before)
    assert approve("sales", TANAKA).exit_code == 2
    edit(folder, "  version: 1\n", "  version: 2\n")
    assert (state()["state"], state()["in_force"]["hash"]) == ("unapproved", before)
    approve_both()
    assert state()["in_force"]["name"] == "qualified_lead v2"


def test_a_change_of_the_points_needs_both_approvals_too(folder: Path) -> None:
    """And comments in either file need none."""
    approve_both()
    for name in ("intent.yaml", NAME):
        file = folder / name
        file.write_text("# in passing\n" + file.read_text("utf-8"), "utf-8")
    assert state()["state"] == "in_force"
    edit(folder, "{points: 6, family: buying", "{points: 7, family: buying", "intent.yaml")
    assert state()["state"] == "edited"
    changes = told("diff")["changes"]
    assert [(one["block"], one["name"], one["old"], one["new"]) for one in changes] == [
        ("event", "pricing_view", "6", "7")
    ]


@pytest.mark.parametrize(
    ("department", "by", "said"),
    [
        ("sales", SATO, "Nobody approves for both"),
        ("marketing", TANAKA, "Nobody approves for both"),
        ("sales", "n.suzuki", TANAKA),
    ],
)
def test_nobody_approves_for_another_department(
    folder: Path, department: str, by: str, said: str
) -> None:
    """Exit code 2, with the name of the one who can; nothing is on file then."""
    done = approve(department, by)
    assert (done.exit_code, said in done.output) == (2, True)
    assert state()["missing"] == ["marketing", "sales"]


def test_an_approval_is_for_the_text_that_was_read(folder: Path) -> None:
    """With other digits than those of the file nothing is approved; without a terminal --yes is needed."""
    digits = state()["hash"][:12]
    edit(folder, "intent >= 25", "intent >= 24")
    assert approve("sales", TANAKA, "--hash", digits).exit_code == 2
    assert run("approve", "--for", "sales", "--by", TANAKA).exit_code == 2
    assert state()["missing"] == ["marketing", "sales"]
    assert approve("sales", TANAKA, "--hash", state()["hash"][:12]).exit_code == 1


def test_example_owners_approve_nothing(folder: Path) -> None:
    """The shipped file has to get two people first."""
    edit(folder, TANAKA, "sales@example.com")
    done = approve("marketing", SATO)
    assert (done.exit_code, "is an example" in done.output) == (2, True)


def test_diff_tells_what_changed_in_words(folder: Path) -> None:
    """Against the version in force, or one by its number; with nothing in force it says so."""
    assert run("diff").exit_code == 1
    approve_both()
    assert (run("diff").exit_code, told("diff")["changes"]) == (0, [])
    was = "hard_event is filled"
    edit(folder, "hard_event is filled}", "hard_event is filled and fit >= 10}")
    assert "hard_event is filled -> hard_event is filled and fit >= 10" in run("diff").stdout
    assert [one["words"] for one in told("diff", "--against", "1")["changes"]] == [
        f"changed: rule hand_raise (makes an MQL): {was} -> {was} and fit >= 10"
    ]
    unknown = run("diff", "--against", "v9")
    assert (unknown.exit_code, "qualified_lead v1" in unknown.output) == (2, True)


def test_a_dry_run_compares_with_the_version_in_force(folder: Path) -> None:
    """Over invented people; a rate of few is not said, and a definition against itself is zero."""
    approve_both()
    assert told("dry-run", "--practice", "60")["more"] == 0
    edit(folder, "fit >= 40 and intent >= 25", "intent >= 5")
    edit(folder, "  version: 1\n", "  version: 2\n")
    found = told("dry-run", "--practice", "60", "--seed", "3")
    groups = found["groups"]
    assert (found["old"], found["new"]) == ("qualified_lead v1", "qualified_lead v2")
    assert found["more"] == groups["new"]["mqls"] - groups["old"]["mqls"] > 0
    assert groups["only_new"]["sql_rate"] is None
    said = run("dry-run", "--practice", "60", "--seed", "3").stdout
    assert f"{found['more']} more MQLs" in said
    assert "no rate" in said


def test_a_dry_run_with_nothing_in_force_tells_one_definition_by_itself(folder: Path) -> None:
    """It is compared with nothing, least of all with itself."""
    assert folder.exists()
    alone = run("dry-run", "--practice", "60")
    assert (alone.exit_code, "Nothing is in force" in alone.stdout) == (0, True)
    assert "more MQLs" not in alone.stdout
    lines = alone.stdout.splitlines()
    assert sum(one.startswith("qualified_lead v1") for one in lines) == 1
    assert "both" not in alone.stdout
    document = told("dry-run", "--practice", "60")
    assert (document["old"], document["more"], document["groups"]["old"]) == (None, None, None)
    assert document["groups"]["new"]["mqls"] > 0


def test_faults_of_a_definition_come_with_those_of_the_other_files(folder: Path) -> None:
    """`definition check` and `kakehashi check` tell the same, with file, line and nearest word."""
    copy_mappings(folder / "mappings")
    edit(folder, "evidence.days >= 2", "gate.core_knwn >= 2")
    done = CliRunner().invoke(kakehashi, ["check", "--offline", "--json"])
    faults = json.loads(done.stdout)["faults"]
    assert done.exit_code == 2
    assert [(one["found"], one["nearest"]) for one in faults] == [
        ("gate.core_knwn", "gate.core_known")
    ]
    with pytest.raises(MappingFaults):
        run("check", "--offline", catch=False)


def test_init_copies_a_definition_once(tmp_path: Path) -> None:
    """With its samples; a definition that is there is left alone, under whatever name."""
    target = tmp_path / "definitions"
    assert copy_definitions(target) == ["qualified-lead.yaml", "samples/jp-is-fs.yaml"]
    (target / "qualified-lead.yaml").rename(target / "ours.yaml")
    assert copy_definitions(target) == []
