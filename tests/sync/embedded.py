"""Parts that are real processes over one embedded Redis, and what tests ask about its server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from sync.redis_server import EmbeddedRedis

ROOT = Path(__file__).resolve().parents[2]
# Seconds within which everything must have happened.
SOON = 20.0
PART = """\
import sys
from pathlib import Path
from sync.redis_server import EmbeddedRedis
here = EmbeddedRedis(Path(sys.argv[1]))
for word in sys.stdin:
    print(getattr(here, word.strip())(), flush=True)
"""


class Part:
    """A process of its own that enters, leaves and finds when told to."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PART, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
            start_new_session=True,
        )

    def send(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def does(self, word: str) -> str:
        self.send(word)
        return self.answer()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(SOON)


@contextmanager
def parts(folder: Path, count: int) -> Iterator[list[Part]]:
    """So many processes, none of which has entered."""
    started = [Part(folder) for _ in range(count)]
    try:
        yield started
    finally:
        for part in started:
            part.kill()
            for pipe in (part.process.stdin, part.process.stdout):
                assert pipe is not None
                pipe.close()


def pid_of(url: str) -> int:
    with Redis.from_url(url) as client:
        return int(client.info("server")["process_id"])


def runs(url: str) -> bool:
    try:
        with Redis.from_url(url, retry=None) as client:
            return bool(client.ping())
    except RedisError:
        return False


def soon(true: Callable[[], bool]) -> bool:
    """Whether it becomes true while a test may wait."""
    deadline = time.monotonic() + SOON
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def end(url: str) -> None:
    """End a server as a power cut would, and wait until it is gone."""
    os.kill(pid_of(url), signal.SIGKILL)
    assert soon(lambda: not runs(url))


def dead(folder: Path) -> str:
    """The address of a server that was killed, with everything that it left behind."""
    part = EmbeddedRedis(folder)
    url = part.enter()
    end(url)
    part.leave()
    return url


def place_for_server(folder: Path) -> Iterator[Path]:
    """A folder; whatever server still runs there is ended afterwards."""
    yield folder
    url = EmbeddedRedis(folder).find()
    if url is not None:
        end(url)


def own_use(folder: Path) -> Iterator[EmbeddedRedis]:
    """This process's own use of the server of a folder."""
    mine = EmbeddedRedis(folder, patience=SOON)
    yield mine
    mine.leave()
