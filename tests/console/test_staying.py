"""The parts that stay, as processes: what they wait for, what ends them, and how they end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sandbox.serve import Sandbox
from sync.install import copy_mappings
from sync.ledger import Ledger
from sync.signs import parts_alive
from sync.wiring import utc_now
from tests.machine.redis import running_redis
from tests.sync.embedded import ROOT, soon


class Process:
    """`kakehashi web`, `worker` or `scheduler` in a folder, as `up` starts it."""

    def __init__(self, folder: Path, name: str, **settings: str) -> None:
        self._said = folder / f"{name}.out"
        kept = {k: v for k, v in os.environ.items() if not k.startswith("KAKEHASHI_")}
        with self._said.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "console.cli", name, "--with-parent"],
                cwd=folder,
                env={**kept, "PYTHONPATH": str(ROOT), **settings},
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> str:
        return self._said.read_text()

    def code(self) -> int:
        """How it ended by itself, or was ended."""
        assert soon(lambda: self.process.poll() is not None), self.said
        return int(self.process.returncode)

    def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.code()

    def leave(self) -> int:
        """The parent ends."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.code()


@pytest.fixture
def orgs() -> Iterator[Sandbox]:
    """Two practice orgs with hardly anybody in them."""
    running = Sandbox.start(people=3, seed=1)
    yield running
    running.stop()


@pytest.fixture
def settings(orgs: Sandbox, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Over the practice orgs, a ledger in the folder, and a Redis of its own."""
    told = orgs.as_json()
    copy_mappings(tmp_path / "mappings")
    with running_redis() as redis:
        yield {
            "KAKEHASHI_HUBSPOT__BASE_URL": told["hubspot"]["base_url"],
            "KAKEHASHI_HUBSPOT__ACCESS_TOKEN": told["hubspot"]["access_token"],
            "KAKEHASHI_SALESFORCE__LOGIN_URL": told["salesforce"]["login_url"],
            "KAKEHASHI_SALESFORCE__CLIENT_ID": told["salesforce"]["client_id"],
            "KAKEHASHI_SALESFORCE__CLIENT_SECRET": told["salesforce"]["client_secret"],
            "KAKEHASHI_REDIS_URL": redis.url,
            "KAKEHASHI_WEB__PORT": "0",
        }


def ledger_of(folder: Path) -> Ledger:
    return Ledger.open(f"sqlite:///{folder}/var/kakehashi.db")


def kinds(ledger: Ledger) -> list[str]:
    """The parts that gave a sign of life and have not left."""
    return sorted(part["kind"] for part in parts_alive(ledger, utc_now()))


def page_of(web: Process) -> str:
    assert soon(lambda: "The page: " in web.said), web.said
    return web.said.partition("The page: ")[2].split()[0]


@pytest.mark.parametrize("name", ["web", "worker", "scheduler"])
def test_files_that_are_wrong_from_the_start_end_a_part(
    tmp_path: Path, settings: dict[str, str], name: str
) -> None:
    """Exit code 2 with the place of the fault, before anything is opened or done."""
    (tmp_path / "mappings" / "people.yaml").write_text("version: 1\nname: people\nbetwixt: 3\n")
    part = Process(tmp_path, name, **settings)
    assert part.code() == 2
    assert "people.yaml" in part.said
    assert "The page" not in part.said


def test_the_web_part_waits_for_the_store(tmp_path: Path, settings: dict[str, str]) -> None:
    """A database that starts after it: the doors open when it is there, and nobody starts it again."""
    (tmp_path / "var" / "kakehashi.db").mkdir(parents=True)
    web = Process(tmp_path, "web", **settings)
    assert soon(lambda: "the ledger is away" in web.said)
    assert "The page" not in web.said
    (tmp_path / "var" / "kakehashi.db").rmdir()
    assert requests.get(f"{page_of(web)}readyz", timeout=5).json()["ready"] is True
    assert web.terminate() == 0


def test_a_part_ends_with_its_parent(tmp_path: Path, settings: dict[str, str]) -> None:
    """Whose end of its standard input closed; `status` shows it no more."""
    web = Process(tmp_path, "web", **settings)
    page_of(web)
    ledger = ledger_of(tmp_path)
    assert soon(lambda: kinds(ledger) == ["web"])
    assert web.leave() == 0
    assert kinds(ledger) == []


@pytest.mark.parametrize("name", ["worker", "scheduler"])
def test_a_part_waits_for_a_system_and_ends_when_told(
    tmp_path: Path, settings: dict[str, str], name: str
) -> None:
    """The system is away at the start: nothing is given up, and SIGTERM ends the waiting."""
    away = {**settings, "KAKEHASHI_HUBSPOT__BASE_URL": "http://127.0.0.1:9"}
    part = Process(tmp_path, name, **away)
    assert soon(lambda: "system away" in part.said), part.said
    assert part.terminate() == 0


def test_a_token_that_is_refused_ends_a_worker(tmp_path: Path, settings: dict[str, str]) -> None:
    """Exit code 3 with the reason: only a person can mend that."""
    wrong = {**settings, "KAKEHASHI_HUBSPOT__ACCESS_TOKEN": "another"}
    worker = Process(tmp_path, "worker", **wrong)
    assert worker.code() == 3
    assert "hubspot" in worker.said.lower()


def test_practice_orgs_alone_leave_a_file_that_leads_other_commands_to_them(tmp_path: Path) -> None:
    """For nobody else to read, since keys stand in it; the first line of output is their JSON."""
    words = ["sandbox", "--people", "3", "--env", "practice.env"]
    running = subprocess.Popen(
        [sys.executable, "-m", "console.cli", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    try:
        assert running.stdout is not None
        told = json.loads(running.stdout.readline())
    finally:
        running.terminate()
        running.wait()
    file = tmp_path / "practice.env"
    assert f"KAKEHASHI_HUBSPOT__BASE_URL={told['hubspot']['base_url']}" in file.read_text("utf-8")
    assert file.stat().st_mode & 0o077 == 0
