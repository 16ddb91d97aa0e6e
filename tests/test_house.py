"""The rules of the house that no linter knows: small rooms, honest names, no traces of a machine."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    "connector",
    "database",
    "intent",
    "lifecycle",
    "mappings",
    "sync",
    "console",
    "sandbox",
    "webhooks",
    "tests",
    "bench",
)
LIMIT = 400

# Files that may be longer, each with its reason. A table is read by looking up, not from the top.
LONGER: dict[str, str] = {}

# Folders of one machine, spelled so that this file does not hold them itself.
MACHINE_PATHS = re.compile("(?<![A-Za-z0-9_.~-])/(?:" + "|".join(["work", "root", "home"]) + ")/")
HOSTS_OF_REGISTRIES = re.compile("(?:py" + "pi|python" + "hosted)" + r"\.org")


@cache
def tracked() -> tuple[Path, ...]:
    """Every file under version control; outside of a clone, every file of the packages."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - whichever git made the clone
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0 and listed.stdout:
        found = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        found = [file for package in PACKAGES for file in (ROOT / package).rglob("*")]
    return tuple(file for file in found if file.is_file())


def python_files() -> list[Path]:
    return [file for file in tracked() if file.suffix == ".py"]


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def text_of(file: Path) -> str:
    """The text of a file, empty for one that holds none."""
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError:
        return ""


def too_long(files: dict[str, int]) -> list[str]:
    """Files above the limit that are not on the list."""
    return [
        f"{name}: {lines}" for name, lines in files.items() if lines > LIMIT and name not in LONGER
    ]


def test_a_file_fits_into_a_head() -> None:
    """More than 400 lines want to be two rooms; what may be longer is listed with its reason."""
    sizes = {name_of(file): len(text_of(file).splitlines()) for file in python_files()}
    assert too_long(sizes) == []
    assert all(reason for reason in LONGER.values())
    assert [name for name in LONGER if sizes.get(name, 0) <= LIMIT] == [], "no longer needed"


def test_a_file_that_grew_too_long_is_named() -> None:
    """The rule above can fail."""
    assert too_long({"sync/engine.py": 401, "sync/model.py": 400}) == ["sync/engine.py: 401"]


def test_no_module_is_called_after_nothing() -> None:
    """`utils`, `helpers` and `common` say what a module is not."""
    empty = {"utils", "util", "helpers", "helper", "common", "misc"}
    parts = {
        name_of(file): set(Path(name_of(file)).with_suffix("").parts) for file in python_files()
    }
    assert [name for name, words in parts.items() if words & empty] == []


def test_no_file_knows_the_machine_it_was_made_on() -> None:
    """Paths of one machine help nobody on another; nor do names of package hosts in a lock file."""
    known = {
        f"{name_of(file)}: {match[0]}"
        for file in tracked()
        for pattern in (MACHINE_PATHS, HOSTS_OF_REGISTRIES)
        if (match := pattern.search(text_of(file)))
    }
    assert known == set()


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("open('/" + "work/main/x')", True),
        ("cd /" + "root/", True),
        ("https://example.com/" + "home/page", False),
        ("the /" + "home page", False),
    ],
)
def test_a_machine_path_is_recognised(text: str, seen: bool) -> None:
    """A path from the root of a disk is one; a part of a web address is not."""
    assert (MACHINE_PATHS.search(text) is not None) is seen


def test_every_package_says_what_it_is_for() -> None:
    """The docstring of a package is the sign on its door."""
    doors = [f for f in python_files() if f.name == "__init__.py" and "tests" not in f.parts]
    assert [name_of(f) for f in doors if not ast.get_docstring(ast.parse(text_of(f)))] == []


def test_every_module_says_what_it_is_for() -> None:
    """The first line of a module tells what it holds."""
    silent = [
        name_of(f)
        for f in python_files()
        if text_of(f).strip() and not ast.get_docstring(ast.parse(text_of(f)))
    ]
    assert silent == []


def test_the_lock_covers_every_platform_and_names_no_host() -> None:
    """Hashes on every line, and not one address: whichever index a company uses will do."""
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text("utf-8")
        pinned = re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE)
        assert len(pinned) > 30, name
        assert text.count("--hash=sha256:") > 2 * len(pinned), name
        assert "://" not in text, name
        assert not re.search(r"^--(?!hash)", text, re.MULTILINE), name
