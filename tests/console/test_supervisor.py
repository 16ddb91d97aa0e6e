"""The parts of `up`: started again when they die, ended together, and never left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from console import exits, supervisor
from console.supervisor import Supervisor, own_command
from tests.sync.embedded import ROOT, soon

# Says that it runs, and ends when its parent does or when told to.
STAYS = "import sys; open(sys.argv[1], 'a').write('began\\n'); sys.stdin.read()"
# Finishes what it is at when told to end, and says so.
FINISHES = """\
import signal, sys, time
def end(*_):
    time.sleep(0.3)
    open(sys.argv[1], 'a').write('finished\\n')
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
open(sys.argv[1], 'a').write('began\\n')
sys.stdin.read()
"""
# Hears nothing.
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + STAYS
# Dies twice, then stays.
DIES_TWICE = """\
import sys
lines = open(sys.argv[1], 'a+')
lines.seek(0)
before = len(lines.readlines())
lines.write('began\\n')
lines.close()
if before < 2:
    sys.exit(70)
sys.stdin.read()
"""


def ends_with(code: int) -> str:
    return f"import sys; open(sys.argv[1], 'a').write('began\\n'); sys.exit({code})"


class House:
    """A supervisor over parts that are a few lines each, and what it said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.programs: dict[str, str] = {}
        self.stop = threading.Event()
        self.supervisor = Supervisor(
            folder, {**os.environ, "TOLD": "yes"}, self.said.append, command=self._command
        )

    def _command(self, name: str) -> Sequence[str]:
        return (sys.executable, "-c", self.programs[name], str(self.folder / name))

    def start(self, **programs: str) -> None:
        self.programs = programs
        self.supervisor.start(*programs)

    def lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def watch_until(self, enough: Callable[[], bool]) -> int:
        """Watch until it is enough; answers the exit code."""
        seen: list[bool] = []

        def end() -> None:
            seen.append(soon(enough))
            self.stop.set()

        thread = threading.Thread(target=end)
        thread.start()
        code = self.supervisor.watch(self.stop)
        thread.join()
        assert seen == [True]
        return code


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr(supervisor, "LOOK", 0.01)
    monkeypatch.setattr(supervisor, "AGAIN", 0.02)
    made = House(tmp_path)
    yield made
    monkeypatch.setattr(supervisor, "PATIENCE", 0.1)
    made.supervisor.end()


def test_parts_run_in_the_folder_and_with_the_settings_that_were_given(house: House) -> None:
    """Each in a process of its own."""
    tell = "import os, sys; print(os.getcwd(), os.environ['TOLD'], file=open(sys.argv[1], 'w'))"
    house.start(one=f"{tell}; sys.stdin.read()", two=f"{tell}; sys.stdin.read()")
    assert soon(lambda: bool(house.lines("one") and house.lines("two")))
    assert house.lines("one") == house.lines("two") == [f"{house.folder} yes"]


def test_a_part_that_dies_is_started_again(house: House) -> None:
    """As often as it takes, and a person hears of it; the others are left alone."""
    house.start(dies=DIES_TWICE, stays=STAYS)
    code = house.watch_until(lambda: len(house.lines("dies")) == 3)
    assert code == exits.DONE
    assert house.lines("stays") == ["began"]
    assert [line.partition(";")[0] for line in house.said] == ["dies ended (70)"] * 2


def test_a_part_that_was_killed_is_started_again(house: House) -> None:
    """By the kernel, or by somebody who typed `kill -9`."""
    killed = "import os, signal, sys;" + DIES_TWICE.replace(
        "sys.exit(70)", "os.kill(os.getpid(), signal.SIGKILL)"
    )
    house.start(killed=killed)
    assert house.watch_until(lambda: len(house.lines("killed")) == 3) == exits.DONE
    assert "killed ended (-9)" in house.said[0]


@pytest.mark.parametrize("code", [exits.YOUR_INPUT, exits.SYSTEM])
def test_what_only_a_person_can_mend_ends_everything(house: House, code: int) -> None:
    """A wrong setting is told once, by the exit code, and not thirty times an hour."""
    house.start(stays=STAYS, wrong=ends_with(code))
    assert house.supervisor.watch(house.stop) == code
    assert house.lines("wrong") == ["began"]


def test_a_part_that_worked_once_is_started_again_whatever_it_ends_with(house: House) -> None:
    """Its system may be away just now: the doors of the others stay open."""
    again = DIES_TWICE.replace("sys.exit(70)", "sys.exit(70 if before == 0 else 3)")
    house.start(part=again)
    assert house.watch_until(lambda: len(house.lines("part")) == 3) == exits.DONE


def test_a_part_that_dies_all_night_is_tried_all_night(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More and more seldom, but at least twice a minute, and never so often that it breaks us."""
    monkeypatch.setattr(supervisor, "AGAIN", 0.5)
    house.start(dies=ends_with(70))
    [part] = house.supervisor._parts.values()
    part.process.wait()
    part.deaths = 100_000
    house.watch_until(lambda: bool(house.said))
    assert "in 30 s" in house.said[0]


# Ending ------------------------------------------------------------------------------------------


def test_parts_finish_what_they_are_at(house: House) -> None:
    """All of them at the same time."""
    house.start(one=FINISHES, two=FINISHES)
    assert soon(lambda: bool(house.lines("one") and house.lines("two")))
    house.supervisor.end()
    assert house.lines("one") == house.lines("two") == ["began", "finished"]


def test_a_part_that_hears_nothing_is_killed_in_the_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the time that a batch may take."""
    monkeypatch.setattr(supervisor, "PATIENCE", 0.3)
    house.start(deaf=DEAF, good=FINISHES)
    assert soon(lambda: bool(house.lines("deaf") and house.lines("good")))
    began = time.monotonic()
    house.supervisor.end()
    assert 0.3 <= time.monotonic() - began < 10
    [deaf, _] = house.supervisor._parts.values()
    assert deaf.process.poll() == -9


def test_a_part_that_is_dead_already_does_not_hold_up_the_end(house: House) -> None:
    """It waits for its next start, and there is none."""
    house.start(dead=ends_with(70), good=FINISHES)
    assert soon(lambda: bool(house.lines("dead") and house.lines("good")))
    house.supervisor.end()
    assert house.lines("good") == ["began", "finished"]


def test_parts_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    """It could not say anything; their standard input closed."""
    program = (
        "import os, sys, time; from pathlib import Path; from console.supervisor import Supervisor\n"
        "part = 'import os, sys; open(sys.argv[1], \"w\").write(str(os.getpid())); sys.stdin.read()'\n"
        "command = lambda name: (sys.executable, '-c', part, sys.argv[1])\n"
        "Supervisor(Path.cwd(), os.environ, print, command=command).start('part')\n"
        "time.sleep(60)\n"
    )
    noted = tmp_path / "pid"
    parent = subprocess.Popen([sys.executable, "-c", program, str(noted)], cwd=ROOT)
    assert soon(lambda: noted.exists() and noted.read_text().isdigit())
    pid = int(noted.read_text())
    parent.kill()
    parent.wait()
    assert soon(lambda: not Path(f"/proc/{pid}/cmdline").exists() or _is_zombie(pid))


def _is_zombie(pid: int) -> bool:
    """Dead, and not buried by anybody in a container without an init."""
    return ") Z " in Path(f"/proc/{pid}/stat").read_text()


def test_our_own_parts_are_told_to_end_with_us() -> None:
    """And a folder that is named like one of our packages is not taken for it."""
    command = own_command("worker")
    assert command[:2] == (sys.executable, "-P")
    assert command[-2:] == ("worker", "--with-parent")
