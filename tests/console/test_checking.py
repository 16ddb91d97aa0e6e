"""`check` and the file that defines website intent."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import intent
from console import cli
from console.cli import kakehashi, main
from console.running import sandbox_environment
from intent.load import load_definition
from mappings.faults import MappingFaults
from sandbox.serve import Sandbox
from sync.install import copy_intent, copy_mappings, copy_samples

SAMPLES = Path(intent.__file__).parent / "samples" / "sources"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with everything that `init` copies."""
    monkeypatch.chdir(tmp_path)
    copy_mappings(tmp_path / "mappings")
    assert copy_intent(tmp_path) == ["intent.yaml"]
    return tmp_path


def check(*words: str) -> Result:
    return CliRunner().invoke(kakehashi, ["check", "--offline", *words])


def test_what_was_copied_is_right(folder: Path) -> None:
    """The shipped files have no fault."""
    assert load_definition(folder / "intent.yaml").topics
    assert check().exit_code == 0


def test_a_definition_that_was_edited_is_not_copied_over(folder: Path) -> None:
    """A second `init` leaves the admin's work alone."""
    file = folder / "intent.yaml"
    file.write_text("mine", "utf-8")
    assert copy_intent(folder) == []
    assert file.read_text("utf-8") == "mine"


def test_faults_of_mappings_and_of_the_definition_come_at_once(folder: Path) -> None:
    """With file, line, path and the nearest right word."""
    for name, old, new in (
        ("intent.yaml", "family: browse", "family: brows"),
        ("mappings/people.yaml", "fields:", "feilds:"),
    ):
        file = folder / name
        file.write_text(file.read_text("utf-8").replace(old, new, 1), "utf-8")
    done = check("--json")
    told = {
        (Path(f["file"]).name, f["found"], f["nearest"]) for f in json.loads(done.stdout)["faults"]
    }
    assert done.exit_code == 2
    assert ("intent.yaml", "brows", "browse") in told
    assert ("people.yaml", "feilds", "fields") in told


def test_a_folder_without_a_definition_has_no_fault(folder: Path) -> None:
    """Whoever does not use website intent needs no file for it."""
    (folder / "intent.yaml").unlink()
    assert check().exit_code == 0


def test_faults_of_third_parties_files_come_with_the_others(folder: Path) -> None:
    """The shipped sample is right; a topic that the definition does not know is told."""
    sources = folder / "sources"
    shutil.copytree(SAMPLES, sources)
    assert check().exit_code == 0
    sample = sources / "acme-intent.yaml"
    text = sample.read_text("utf-8").replace("topics: {}", "topics: {価格: pricng}")
    sample.write_text(text, "utf-8")
    done = check("--json")
    [fault] = json.loads(done.stdout)["faults"]
    assert done.exit_code == 2
    assert (fault["found"], fault["nearest"]) == ("pricng", "pricing")


def test_status_tells_that_files_about_website_intent_are_wrong(folder: Path) -> None:
    """As it does of mappings: the definition and third parties, for people and for programs."""
    right = CliRunner().invoke(kakehashi, ["status", "--json"])
    assert json.loads(right.stdout)["intent_faults"] == []
    file = folder / "intent.yaml"
    file.write_text(file.read_text("utf-8").replace("family: browse", "family: brows", 1), "utf-8")
    done = CliRunner().invoke(kakehashi, ["status", "--json"])
    assert done.exit_code == 1
    assert [one["found"] for one in json.loads(done.stdout)["intent_faults"]] == ["brows"]
    shown = CliRunner().invoke(kakehashi, ["status"])
    assert "website intent have faults" in shown.output
    assert "intent.yaml" in shown.output


def test_fields_that_init_makes_are_one_fault_a_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Right after the samples were copied: what to do is said once, beside whatever else is wrong, and by
    any command.
    """
    names = ("people", "companies")
    copy_samples(folder / "mappings", {name: f"{name}-with-intent" for name in names})
    file = folder / "mappings" / "people.yaml"
    file.write_text(file.read_text("utf-8").replace("jobtitle <->", "jobtitel <->", 1), "utf-8")
    orgs = Sandbox.start(people=3, seed=1)
    try:
        for name, value in sandbox_environment(orgs.as_json(), folder).items():
            monkeypatch.setenv(name, value)
        done = CliRunner().invoke(kakehashi, ["check", "--json"])
        by_plan = as_people_see_it(monkeypatch, capsys, "plan")
    finally:
        orgs.stop()
    assert by_plan.count("fault: ") == 3
    assert by_plan.count("run `kakehashi init`") == 2
    faults = json.loads(done.stdout)["faults"]
    told = sorted((Path(one["file"]).name, one["found"]) for one in faults)
    assert done.exit_code == 2
    assert told == [("companies.yaml", ""), ("people.yaml", ""), ("people.yaml", "jobtitel")]
    assert sum("run `kakehashi init`" in one["message"] for one in faults) == 2


def as_people_see_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> str:
    """What a command complains of that ends with wrong input."""
    monkeypatch.setattr(sys, "argv", ["kakehashi", *words])
    # The log of this process would go on writing to what is captured here.
    monkeypatch.setattr(cli, "set_up", lambda **_: None)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_faults_are_told_in_the_readers_language_from_where_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also by commands other than `check`; a fault of a whole folder has no path inside a file."""
    monkeypatch.chdir(tmp_path)
    told = as_people_see_it(monkeypatch, capsys, "--lang", "ja", "status")
    assert told.startswith("fault: mappings:1:1: ")
    assert "`kakehashi init`" in told
    assert "does not exist" not in told


def test_a_rehearsal_tells_what_to_do_about_files_of_an_earlier_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are kept, since somebody may have edited them on purpose."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "var" / "sandbox" / "mappings" / "people.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("version: 0", "utf-8")
    done = CliRunner().invoke(kakehashi, ["up", "--sandbox", "--people", "3"])
    assert isinstance(done.exception, MappingFaults)
    assert "delete that folder and start again" in done.stderr
    assert file.read_text("utf-8") == "version: 0"
