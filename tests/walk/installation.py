"""An installation over practice orgs with its parts as real processes, started, killed and counted.

The first folder is prepared as an admin would (`init`, the first `resync`); more folders stand for more
machines, and share the store and the queue with it.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from connector.port import System
from sandbox.serve import Sandbox
from sync.ledger import Ledger
from sync.rounds import PATIENT
from tests.machine.commands import Command
from tests.walk.command import Admin

# Seconds until a part must answer, and to finish what it is at.
PATIENCE = 60.0
SETTLING = 120.0
LOOK = 0.02


class DidNotCome(AssertionError):
    """What was waited for did not come; the message says what, and where the logs are."""


@dataclass
class Part:
    """One command that stays, in a process of its own, with a log beside its folder.

    `from_nothing`: by a Python that has loaded nothing yet, to be measured.
    """

    name: str
    admin: Admin
    log: Path
    from_nothing: bool = False
    process: Command | subprocess.Popen[bytes] | None = None
    killed: bool = False

    def start(self) -> None:
        """Start it, for the first time or again."""
        self.killed = False
        folder, environ = self.admin.folder, self.admin.environment()
        if not self.from_nothing:
            self.process = Command([self.name], folder, environ, self.log, self.log)
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "console.cli", self.name],
                cwd=folder,
                env={**environ, "PYTHONPATH": str(Path(__file__).parents[2])},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """``kill -9``."""
        assert self.process is not None
        self.killed = True
        self.process.kill()
        self.process.wait()

    def ask_to_stop(self) -> None:
        """As a service manager does. Once: a process that is at its end takes a second time ill."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """The exit code, once it has ended; of a killed one too."""
        assert self.process is not None
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def cpu_seconds(self) -> float:
        """The processor time that it has used, in seconds; 0 where the system does not tell."""
        try:
            words = Path(f"/proc/{self.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mb(self) -> float:
        """The most memory that it ever held, in MB; 0 where the system does not tell."""
        return _status(self.pid, "VmHWM")

    def held_mb(self) -> float:
        """The memory that it holds now, in MB; 0 where the system does not tell."""
        return _status(self.pid, "VmRSS")


def _status(pid: int, name: str) -> float:
    try:
        told = Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return 0.0
    found = [line.split()[1] for line in told.splitlines() if line.startswith(f"{name}:")]
    return int(found[0]) / 1024 if found else 0.0


@dataclass
class Installation:
    """`settings` go on top of those that lead to the practice orgs; `folder` must be empty.

    `from_nothing`: its parts are to be measured (see `Part`).
    """

    folder: Path
    sandbox: Sandbox
    settings: dict[str, str] = field(default_factory=dict)
    from_nothing: bool = False
    parts: list[Part] = field(default_factory=list)
    _machines: list[Admin] = field(default_factory=list)
    _on_file_before: dict[System, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        first = self.folder / "machine1"
        first.mkdir()
        self.settings = {
            "KAKEHASHI_DATABASE_URL": f"sqlite:///{first.resolve()}/kakehashi.db",
            "KAKEHASHI_HUBSPOT__CLIENT_SECRET": self.sandbox.hubspot.client_secret,
            "KAKEHASHI_WEB__PORT": str(port),
            "KAKEHASHI_WEB__PUBLIC_URL": self.url,
            **self.settings,
        }
        self._machines.append(Admin(first, self.sandbox, self.settings))

    @property
    def admin(self) -> Admin:
        """The admin at the first machine."""
        return self._machines[0]

    def prepare(self) -> None:
        """Key fields, then everybody in line."""
        for words in (("init",), ("resync", "--yes")):
            done = self.admin.run(*words)
            assert done.code in {0, 1}, f"{words}: {done.out}{done.err}"

    def start(self, *names: str, machine: int = 1) -> list[Part]:
        """Start parts on a machine, and wait for a web part until it answers."""
        admin, made = self._machine(machine), []
        for name in names:
            log = self.folder / f"{name}{len(self.parts) + 1}.log"
            part = Part(name, admin, log, self.from_nothing)
            part.start()
            self.parts.append(part)
            made.append(part)
        if "web" in names:
            self.until_it_answers()
        return made

    def until_it_answers(self) -> None:
        """Until the doors are open."""
        self.wait(lambda: _answers(f"{self.url}/healthz"), PATIENCE, "the web part")

    def connect(self) -> None:
        """Let both orgs ring at the doors, and count from now on."""
        self._on_file_before = self._on_file()
        self.sandbox.ring_at(f"{self.url}/webhooks/hubspot", f"{self.url}/webhooks/salesforce")

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """The ledger, looked into from outside."""
        ledger = Ledger.open(self.settings["KAKEHASHI_DATABASE_URL"])
        try:
            yield ledger
        finally:
            ledger.close_all()

    def settle(self, seconds: float = SETTLING) -> float:
        """Wait until nothing is on its way and nobody is rung for; answers how long that took."""
        began = time.monotonic()
        with self.ledger() as ledger:
            try:
                self.wait(lambda: not self._unrest(ledger), seconds, "quiet")
            except DidNotCome as error:
                raise DidNotCome(f"still under way: {self._unrest(ledger)}; {error}") from None
        return time.monotonic() - began

    def _unrest(self, ledger: Ledger) -> dict[str, object]:
        """What is still on its way, by where it is."""
        waiting = {
            "hubspot": not self.sandbox.hubspot.hooks.drain(0),
            "salesforce": not self.sandbox.salesforce.outbound.drain(0),
            # Who waits for a partner may do so for ever.
            "bells": sum(ledger.bells_by_lane(besides=PATIENT).values()),
        }
        return {place: count for place, count in waiting.items() if count}

    def received(self) -> dict[System, int]:
        """Events that the doors have put on file since `connect`, by system."""
        before = self._on_file_before
        return {system: count - before.get(system, 0) for system, count in self._on_file().items()}

    def _on_file(self) -> dict[System, int]:
        with self.ledger() as ledger:
            return ledger.received()

    def wait(self, until: Callable[[], bool], seconds: float, what: str) -> None:
        """Raises `DidNotCome`, sooner where a part ended that nobody killed."""
        deadline = time.monotonic() + seconds
        while not until():
            for part in self.parts:
                if not (part.alive or part.killed):
                    raise DidNotCome(f"{part.name} ended before {what} came\n{self._logs()}")
            if time.monotonic() > deadline:
                raise DidNotCome(f"{what} did not come within {seconds} s\n{self._logs()}")
            time.sleep(LOOK)

    def _logs(self) -> str:
        return "\n".join(f"{part.log.name}:\n{_tail(part.log)}" for part in self.parts)

    def stop(self) -> dict[str, int]:
        """End all parts; answers their exit codes by the name of their log."""
        for part in self.parts:
            part.ask_to_stop()
        codes = {part.log.stem: part.wait() for part in self.parts}
        self.parts.clear()
        return codes

    def _machine(self, number: int) -> Admin:
        while len(self._machines) < number:
            folder = self.folder / f"machine{len(self._machines) + 1}"
            folder.mkdir()
            shutil.copytree(self.admin.folder / "mappings", folder / "mappings")
            self._machines.append(Admin(folder, self.sandbox, self.settings))
        return self._machines[number - 1]


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as answer:  # noqa: S310 - our own loopback address
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _tail(log: Path) -> str:
    return log.read_text("utf-8", "replace")[-1500:] if log.exists() else ""
