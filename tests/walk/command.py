"""The command `kakehashi` in a process of its own, over practice orgs served by the test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from console.running import sandbox_environment
from sandbox.serve import Sandbox
from tests.machine.commands import Command

# Seconds until a command must have ended.
PATIENCE = 300.0
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "VIRTUAL_ENV", "TMPDIR")


@dataclass
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Admin:
    """An admin in a working folder, with settings that lead to the practice orgs."""

    folder: Path
    sandbox: Sandbox
    settings: dict[str, str] = field(default_factory=dict)
    _said: TemporaryDirectory[str] = field(default_factory=TemporaryDirectory)
    _numbers: count[int] = field(default_factory=count)

    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        told = sandbox_environment(self.sandbox.as_json(), self.folder)
        return {**kept, **told, **self.settings}

    def start(self, *arguments: str) -> Command:
        """The command, running."""
        said = Path(self._said.name) / str(next(self._numbers))
        out, err = said.with_suffix(".out"), said.with_suffix(".err")
        return Command(arguments, self.folder, self.environment(), out, err)

    def run(self, *arguments: str) -> Done:
        """The command, to its end."""
        command = self.start(*arguments)
        out, err = command.communicate(PATIENCE)
        return Done(command.wait(), out, err)

    def run_from_nothing(self, *arguments: str) -> Done:
        """The same by a Python that has loaded nothing yet, as after an admin's key press."""
        done = subprocess.run(
            [sys.executable, "-m", "console.cli", *arguments],
            cwd=self.folder,
            env={**self.environment(), "PYTHONPATH": str(Path(__file__).parents[2])},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)


def twins(sandbox: Sandbox) -> dict[str, list[str]]:
    """External keys that stand on more than one record, by object: there must be none."""
    found: dict[str, list[str]] = {}
    for name, records, key in (
        ("contacts", sandbox.hubspot.records("contacts"), "salesforce_id"),
        ("companies", sandbox.hubspot.records("companies"), "salesforce_id"),
        ("people", _people(sandbox), "HubSpot_Id__c"),
        ("Account", sandbox.salesforce.records("Account"), "HubSpot_Id__c"),
    ):
        held = [str(row[key]) for row in records.values() if row.get(key)]
        found[name] = sorted({one for one in held if held.count(one) > 1})
    return {name: keys for name, keys in found.items() if keys}


def _people(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    return {**sandbox.salesforce.records("Lead"), **sandbox.salesforce.records("Contact")}
