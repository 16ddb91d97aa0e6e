"""The directions of imports and the purity of the decisions, held; and proof that each can fail.

The contracts stand in `pyproject.toml` under `tool.importlinter`; `make check` runs them too.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.purity import impurities

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
PACKAGES: list[str] = CONTRACTS["root_packages"]


def contract(name: str) -> dict[str, list[str]]:
    """One contract by its id."""
    found: dict[str, list[str]] = next(c for c in CONTRACTS["contracts"] if c["id"] == name)
    return found


def lint(folder: Path) -> tuple[int, str]:
    """Run all contracts over the packages in a folder: exit code and report."""
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(program), "--no-cache", "--no-logo"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages' source, to plant breaches in."""
    copy = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", copy)
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package,
            copy / package,
            ignore=lambda folder, names: [
                name
                for name in names
                if not (name.endswith(".py") or (Path(folder) / name).is_dir())
            ],
        )
    return copy


def test_imports_point_one_way() -> None:
    """Every contract of the house is kept."""
    code, report = lint(ROOT)
    assert code == 0, report


# One breach for each contract: where it is planted, what it says, which contract has to notice.
BREACHES = [
    ("mappings/normal.py", "import sync.model", "house"),
    ("sync/engine.py", "import console.exits", "house"),
    ("intent/store/__init__.py", "import sync.ledger", "house"),
    ("database/room.py", "import connector.port", "house"),
    ("intent/port.py", "import intent.store", "intent"),
    ("intent/brand_new_room.py", "", "intent"),
    ("lifecycle/machine.py", "import lifecycle.port", "lifecycle"),
    ("lifecycle/brand_new_room.py", "", "lifecycle"),
    ("sync/reconcile.py", "import sync.ledger", "engine"),
    ("sync/ledger/room.py", "import sync.engine", "engine"),
    ("sync/engine.py", "import sync.settings", "engine"),
    ("sync/brand_new_room.py", "", "engine"),
    ("connector/hubspot/wire.py", "import connector.salesforce", "port"),
    ("connector/port.py", "import connector.hubspot", "port"),
    ("sync/resync.py", "import connector.hubspot.client", "vendors"),
    ("webhooks/__init__.py", "import connector.salesforce", "vendors"),
    ("sandbox/behaviour.py", "import sync.model", "practice"),
    ("sandbox/hubspot/__init__.py", "import connector.hubspot", "practice"),
    ("sync/wiring.py", "import sandbox", "rehearsal"),
    ("mappings/normal.py", "import requests", "pure"),
    ("sync/guards.py", "import socket", "pure"),
    # Not by a detour either: through a module of the house that does open one.
    ("sync/sets.py", "import connector.hubspot.gateway", "pure"),
]


@pytest.mark.parametrize(("module", "breach", "noticed_by"), BREACHES)
def test_a_planted_breach_is_caught(house: Path, module: str, breach: str, noticed_by: str) -> None:
    """A contract that cannot fail holds nothing."""
    file = house / module
    before = file.read_text("utf-8") if file.exists() else None
    file.write_text(f"{before or ''}\n{breach}\n", "utf-8")
    try:
        code, report = lint(house)
    finally:
        if before is None:
            file.unlink()
        else:
            file.write_text(before, "utf-8")
    assert code == 1, report
    assert f"{contract(noticed_by)['name']} BROKEN" in report


@pytest.mark.parametrize(("layers", "package"), [("engine", "sync"), ("intent", "intent")])
def test_what_is_called_pure_is_held_to_be_pure(layers: str, package: str) -> None:
    """The lowest layer of a package and the list of pure modules are the same, but for rooms in rooms."""
    lowest = {f"{package}.{name}" for name in contract(layers)["layers"][-1].split(" : ")}
    named = {n for n in contract("pure")["source_modules"] if n.startswith(f"{package}.")}
    assert {name for name in named if name.count(".") == 1} == lowest


def test_the_lowest_layer_of_the_lifecycle_is_pure() -> None:
    """So may be rooms above it, which speak in values of the port."""
    lowest = {f"lifecycle.{name}" for name in contract("lifecycle")["layers"][-1].split(" : ")}
    assert lowest <= set(contract("pure")["source_modules"])


def pure_files() -> list[str]:
    """The files of all modules that the contract calls pure."""
    files: list[str] = []
    for module in contract("pure")["source_modules"]:
        place = ROOT / module.replace(".", "/")
        files += [str(f.relative_to(ROOT)) for f in sorted(place.rglob("*.py"))]
        if place.with_suffix(".py").exists():
            files.append(str(place.with_suffix(".py").relative_to(ROOT)))
    return files


@pytest.mark.parametrize("file", pure_files())
def test_a_pure_module_reads_no_clock_no_environment_and_throws_no_dice(file: str) -> None:
    """The same values in give the same values out, today and tomorrow, here and there."""
    assert impurities((ROOT / file).read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from datetime import datetime\ndatetime.now()", ["2: datetime.datetime.now"]),
        ("from datetime import date as d\nx = d.today", ["2: datetime.date.today"]),
        ("import datetime as dt\ndt.datetime.utcnow()", ["2: datetime.datetime.utcnow"]),
        ("import time\ntime.monotonic()", ["2: time.monotonic"]),
        ("from time import time as t\nt()", ["2: time.time"]),
        ("import os\nos.environ['A']", ["2: os.environ"]),
        ("from os import environ\nenviron.get('A')", ["2: os.environ"]),
        ("import random\nrandom.random()", ["2: random.random"]),
        ("import uuid\nuuid.uuid4()", ["2: uuid.uuid4"]),
        ("from datetime import datetime, time\ndatetime.fromisoformat('x')\ntime(2)", []),
        ("import os.path\nos.path.join('a')", []),
        ("now = 3\nprint(now)", []),
    ],
)
def test_an_impurity_is_found_under_any_name(source: str, found: list[str]) -> None:
    """Aliases hide nothing, and what only looks alike is left alone."""
    assert impurities(source) == found
