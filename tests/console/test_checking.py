"""`check` and the file that defines website intent."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import intent
from console.cli import kakehashi
from intent.load import load_definition
from sync.install import copy_intent, copy_mappings

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
