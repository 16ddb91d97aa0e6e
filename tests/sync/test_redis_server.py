"""The embedded Redis: parts that are real processes share one real server, however they end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from sync.redis_server import EmbeddedRedis, NoEmbeddedRedis
from tests.machine.redis import running_redis
from tests.sync.embedded import SOON, dead, end, own_use, parts, pid_of, place_for_server, runs


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A place for a server."""
    yield from place_for_server(tmp_path / "var" / "redis")


@pytest.fixture
def server(folder: Path) -> Iterator[EmbeddedRedis]:
    """This process's own use of the server there."""
    yield from own_use(folder)


# Sharing -----------------------------------------------------------------------------------------


def test_parts_share_one_server_and_the_last_stops_it(folder: Path) -> None:
    """The server is the same for both; it outlives the first that leaves and ends with the second."""
    with parts(folder, 2) as (one, other):
        url = one.does("enter")
        assert other.does("enter") == url
        assert one.does("leave") == "None"
        assert runs(url)
        other.does("leave")
        assert not runs(url)


def test_parts_that_start_at_once_start_one_server(folder: Path) -> None:
    """Four processes that enter in the same moment are told the same address."""
    with parts(folder, 4) as four:
        for part in four:
            part.send("enter")
        assert len({part.answer() for part in four}) == 1


def test_two_parts_in_one_process_are_two(server: EmbeddedRedis, folder: Path) -> None:
    """`up` runs several parts in a process: one that leaves takes nothing away from the others."""
    other = EmbeddedRedis(folder)
    url = server.enter()
    assert other.enter() == url
    other.leave()
    assert runs(url)


def test_entering_and_leaving_twice_is_entering_and_leaving_once(
    server: EmbeddedRedis, folder: Path
) -> None:
    """A part that enters again is told the same; one leave suffices, a second does nothing."""
    url = server.enter()
    assert server.enter() == url
    server.leave()
    assert not runs(url)
    server.leave()


def test_a_forked_child_takes_nothing_from_its_parent(server: EmbeddedRedis) -> None:
    """A worker's forked child that leaves on its way out does not stop the server."""
    url = server.enter()
    child = os.fork()
    if child == 0:
        server.leave()
        os._exit(0)
    os.waitpid(child, 0)
    assert runs(url)
    server.leave()
    assert not runs(url)


def test_a_new_start_after_the_last_left_is_a_new_server(server: EmbeddedRedis) -> None:
    """Nothing of before is left to stumble over, and the password is another."""
    first = server.enter()
    server.leave()
    assert server.enter() != first


# Finding -----------------------------------------------------------------------------------------


def test_finding_starts_nothing(folder: Path) -> None:
    """A command that works without Redis leaves no trace."""
    assert EmbeddedRedis(folder).find() is None
    assert not folder.exists()


def test_finding_holds_nothing(server: EmbeddedRedis, folder: Path) -> None:
    """Who only found the server does not keep it alive."""
    url = server.enter()
    finder = EmbeddedRedis(folder)
    assert finder.find() == url
    server.leave()
    assert finder.find() is None


def test_a_dead_server_is_not_found(folder: Path) -> None:
    """The address that a killed server left behind is no answer."""
    dead(folder)
    assert EmbeddedRedis(folder).find() is None


def test_half_a_file_is_not_found(server: EmbeddedRedis, folder: Path) -> None:
    """What stands there may be anything; finding never raises."""
    server.enter()
    told = (folder / "server.json").read_text()
    for text in ("", "{", "[]", '{"port": "x"}', "null"):
        (folder / "server.json").write_text(text)
        assert EmbeddedRedis(folder).find() is None
    (folder / "server.json").write_text(told)


# Killing -----------------------------------------------------------------------------------------


def test_a_killed_part_takes_nothing_with_it(folder: Path) -> None:
    """After `kill -9` of the part that started it, the others go on, and the last still stops it."""
    with parts(folder, 3) as (first, second, third):
        url = first.does("enter")
        second.does("enter")
        first.kill()
        assert runs(url)
        assert third.does("enter") == url
        second.does("leave")
        third.does("leave")
        assert not runs(url)


def test_a_server_without_parts_is_adopted(folder: Path) -> None:
    """All parts were killed: the next start goes on with the server that still runs, and may end it."""
    with parts(folder, 2) as (one, other):
        url = one.does("enter")
        other.does("enter")
        one.kill()
        other.kill()
    with parts(folder, 1) as (heir,):
        assert heir.does("enter") == url
        heir.does("leave")
        assert not runs(url)


def test_a_dead_server_is_replaced_at_its_old_address(server: EmbeddedRedis, folder: Path) -> None:
    """The server died under two parts: one enters again, the other's client works as if nothing was."""
    with parts(folder, 1) as (other,):
        url = other.does("enter")
        server.enter()
        with Redis.from_url(url) as client:
            client.set("bell", "rung")
            end(url)
            assert server.enter() == url
            assert client.get("bell") is None


def test_a_number_that_another_process_has_now_is_left_alone(
    server: EmbeddedRedis, folder: Path
) -> None:
    """The dead server's process number was given to a stranger, who lives on."""
    dead(folder)
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    (folder / "server.pid").write_text(f"{stranger.pid}\n")
    url = server.enter()
    server.leave()
    assert not runs(url)
    assert stranger.poll() is None
    stranger.communicate(b"\n", SOON)


def test_a_port_that_another_redis_has_now_is_left_alone(
    server: EmbeddedRedis, folder: Path
) -> None:
    """A stranger with another password listens where the dead one did: ours takes another port."""
    old = dead(folder)
    port = json.loads((folder / "server.json").read_text())["port"]
    with running_redis(port=port) as stranger:
        with stranger.client() as client:
            client.config_set("requirepass", "another")
        assert server.find() is None
        url = server.enter()
        assert url != old
        assert runs(url)
        assert f":{port}/" not in url
        server.leave()
        assert runs(stranger.url.replace("//", "//:another@"))


def test_whoever_answers_at_a_dead_port_is_not_believed(
    server: EmbeddedRedis, folder: Path
) -> None:
    """Even one that would take any password is never asked: it is not of this folder."""
    dead(folder)
    port = json.loads((folder / "server.json").read_text())["port"]
    with socket.socket() as liar:
        liar.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        liar.bind(("127.0.0.1", port))
        liar.listen()
        liar.setblocking(False)
        assert f":{port}/" not in server.enter()
        with pytest.raises(BlockingIOError):
            liar.accept()


def test_a_server_that_hangs_is_told(server: EmbeddedRedis, folder: Path) -> None:
    """It is not killed and no second one is started beside it: a person reads what to do."""
    url = server.enter()
    pid = pid_of(url)
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(NoEmbeddedRedis, match=r"does not answer.*server\.pid"):
            EmbeddedRedis(folder, patience=0.1).enter()
    finally:
        os.kill(pid, signal.SIGCONT)
    assert server.enter() == url
