"""Keeps the parts of `up` running: each in a process of its own, started again when it dies.

The parts read from a pipe that only this process holds, so they end with it, however it ends.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from console import exits

LOOK = 0.2
# A part that ends within so many seconds, with a reason that only a person can mend, ends everything.
YOUNG = 15.0
# Seconds until a part that died is started again: at first, and at most.
AGAIN, AT_MOST = 0.5, 30.0
# Seconds that a part gets to finish its batch.
PATIENCE = 30.0
FINAL = frozenset({exits.YOUR_INPUT, exits.SYSTEM})


def own_command(name: str) -> Sequence[str]:
    """One of our own commands, told to end with its parent.

    -P, since the working folder may hold a folder named like a package of ours.
    """
    return (sys.executable, "-P", "-m", "console.cli", name, "--with-parent")


@dataclass(slots=True)
class _Part:
    name: str
    process: subprocess.Popen[bytes]
    began: float
    deaths: int = 0
    again: float | None = None


@dataclass(slots=True)
class Supervisor:
    """Starts, watches and ends parts. `say` tells a person what happens to them.

    `command` answers what to run for a part's name.
    """

    folder: Path
    environment: Mapping[str, str]
    say: Callable[[str], None]
    command: Callable[[str], Sequence[str]] = own_command
    _parts: dict[str, _Part] = field(default_factory=dict)

    def start(self, *names: str) -> None:
        """Start these commands."""
        for name in names:
            self._parts[name] = _Part(name, self._run(name), time.monotonic())

    def watch(self, stop: Event) -> int:
        """Return when told to stop, or with the exit code of a part that cannot work at all."""
        while not stop.wait(LOOK):
            for part in self._parts.values():
                code = self._look_after(part)
                if code is not None:
                    return code
        return exits.DONE

    def end(self) -> None:
        """Let all parts finish what they are at."""
        for part in self._parts.values():
            if part.process.poll() is None:
                part.process.send_signal(signal.SIGTERM)
        until = time.monotonic() + PATIENCE
        for part in self._parts.values():
            try:
                part.process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                part.process.kill()
                part.process.wait()

    def _look_after(self, part: _Part) -> int | None:
        now, code = time.monotonic(), part.process.poll()
        if code is None:
            return None
        if part.again is None:
            if code in FINAL and now - part.began < YOUNG and part.deaths == 0:
                return code
            part.deaths = part.deaths + 1 if now - part.began < AT_MOST else 1
            wait = min(AT_MOST, AGAIN * 2.0 ** min(part.deaths - 1, 10))
            part.again = now + wait
            self.say(f"{part.name} ended ({code}); started again in {wait:g} s. Nothing is lost.")
        elif now >= part.again:
            part.process, part.began, part.again = self._run(part.name), now, None
        return None

    def _run(self, name: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own command
            list(self.command(name)),
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.PIPE,
        )
