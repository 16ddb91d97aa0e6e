"""The command `kakehashi` in processes of their own that start at once.

Loading our packages takes longer than most commands run. So they are loaded once for all tests of a pytest
process, in a process that does nothing else and from which each command is split off. What is new there is
only the start: each command has a process, a working folder, an environment and files for its output of its
own, and lives and dies as any other. A start from nothing is tested by `tests.console.test_staying`,
`tests.walk.test_first_hour` and others.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from multiprocessing import forkserver, get_context
from pathlib import Path
from threading import Lock
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
_context = get_context("forkserver")
_starting = Lock()


class Command:
    """A running `kakehashi`, with what tests use of `subprocess.Popen`.

    `out` and `err` are files to the end of which it writes; both may be the same.
    """

    def __init__(
        self, words: Sequence[str], folder: Path, environ: Mapping[str, str], out: Path, err: Path
    ) -> None:
        _get_ready()
        self._words, self._out, self._err = words, out, err
        self._process = _context.Process(
            target=_run, args=([*words], folder, dict(environ), out, err), daemon=True
        )
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """None until it has ended; negative: the signal that ended it."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """The same."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Unless it has ended."""
        if self._process.exitcode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """``kill -9``."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it wrote to both files, once it has ended. Raises `subprocess.TimeoutExpired`."""
        self.wait(timeout)
        return self._out.read_text("utf-8"), self._err.read_text("utf-8")

    def wait(self, timeout: float | None = None) -> int:
        """The exit code. Raises `subprocess.TimeoutExpired`."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired([*self._words], timeout or 0.0)
        return self._process.exitcode


def _get_ready() -> None:
    """Start the process that loads everything, if this was not done yet."""
    with _starting, mock.patch.dict(os.environ, {"PYTHONPATH": str(ROOT)}):
        forkserver.set_forkserver_preload([f"{__package__}.loaded"])
        forkserver.ensure_running()


def _run(words: list[str], folder: Path, environ: dict[str, str], out: Path, err: Path) -> None:
    """In the new process."""
    for path, number in ((out, 1), (err, 2)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = ["kakehashi", *words]
    import_module("console.cli").main()
