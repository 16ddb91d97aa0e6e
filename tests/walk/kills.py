"""Kill a compare with creates at random moments, again and again; then let it finish.

``python -m tests.walk.kills 50 7`` does it fifty times with seed 7 and prints what was found.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from sandbox.serve import Sandbox
from tests.walk.command import Admin, twins


@dataclass
class Found:
    """After the last, undisturbed run. `killed` runs ended by the kill, others were done before."""

    killed: int
    twins: dict[str, list[str]]
    planned: int
    counts: dict[str, int]


def kill_again_and_again(folder: Path, rounds: int, seed: int, people: int = 300) -> Found:
    """Each round begins with orgs that still lack most creates, until one run gets through."""
    dice = random.Random(seed)
    sandbox = Sandbox.start(people=people, seed=seed, limits=False)
    admin = Admin(folder, sandbox, {"KAKEHASHI_SYNC__LANDING_WINDOW": "0"})
    killed = 0
    try:
        assert admin.run("init").code == 0
        whole = _duration(admin)
        for _ in range(rounds):
            sandbox.reset()
            for ledger in folder.glob("kakehashi.db*"):
                ledger.unlink()
            assert admin.run("init").code == 0
            killed += _killed(admin, dice.uniform(0.2, whole))
            _finish(admin)
            found = twins(sandbox)
            planned = len(admin.run("plan", "--json").json["changes"])
            if found or planned:
                break
        return Found(killed, found, planned, _counts(sandbox))
    finally:
        sandbox.stop()


def _duration(admin: Admin) -> float:
    began = time.monotonic()
    admin.run("resync", "--yes")
    return time.monotonic() - began


def _killed(admin: Admin, after: float) -> bool:
    process = admin.start("resync", "--yes")
    try:
        process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return True
    return False


def _finish(admin: Admin) -> None:
    done = admin.run("resync", "--yes", "--json")
    assert done.code in {0, 1}, done.err


def _counts(sandbox: Sandbox) -> dict[str, int]:
    told = {name: len(sandbox.salesforce.records(name)) for name in ("Lead", "Contact", "Account")}
    return told | {name: len(sandbox.hubspot.records(name)) for name in ("contacts", "companies")}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        print(kill_again_and_again(Path(scratch), int(sys.argv[1]), int(sys.argv[2])))  # noqa: T201 - a command
