"""What the parts log: one JSON object a line, and not a word of what an error may quote."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.sync.embedded import ROOT

BEGIN = """\
import logging, sys, threading, warnings
import structlog
from console.logs import set_up
set_up(terminal=False)
log = structlog.get_logger()
SECRET = "pat-na1-secret of ann@example.com"
def broken():
    raise ValueError(SECRET)
"""
PERSONAL = ("ann@example.com", "pat-na1")


def logged(program: str) -> list[dict[str, Any]]:
    """Every line that a program logs, read as JSON; on standard output stands nothing."""
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout == ""
    assert not [word for word in PERSONAL if word in done.stderr], done.stderr
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_a_line_is_one_object_with_its_time_and_level() -> None:
    """In any language, and whatever stands in it."""
    [line] = logged('log.warning("system away", system="hubspot", reason="満員\\nzwei", count=3)')
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "system away",
        "level": "warning",
        "system": "hubspot",
        "reason": "満員\nzwei",
        "count": 3,
    }


@pytest.mark.parametrize(
    "call",
    [
        'log.exception("our bug")',
        'log.error("our bug", exc_info=True)',
        'log.error("our bug", exc_info=error)',
        'log.error("our bug", exc_info=sys.exc_info())',
    ],
)
def test_of_an_error_the_kind_and_the_place_are_logged(call: str) -> None:
    """Never its message, which may quote a record."""
    [line] = logged(f"try:\n    broken()\nexcept ValueError as error:\n    {call}\n")
    assert line["error"] == "ValueError"
    assert line["at"][-1].endswith(" broken")


def test_what_caused_an_error_stays_out_as_well() -> None:
    """A chain of them is told by the last one."""
    program = (
        "try:\n    try:\n        broken()\n    except ValueError as error:\n"
        "        raise KeyError(SECRET) from error\n"
        "except KeyError:\n    log.exception('our bug')\n"
    )
    [line] = logged(program)
    assert line["error"] == "KeyError"


def test_of_a_librarys_warning_only_the_library_is_named() -> None:
    """It may quote what it was given: a body, an address with its password. Of an error, kind and place."""
    program = (
        "logging.getLogger('urllib3.pool').warning('Retrying %s', SECRET)\n"
        "try:\n    broken()\nexcept ValueError:\n"
        "    logging.getLogger('waitress').exception('while serving %s', SECRET)\n"
        "warnings.warn(SECRET)\n"
    )
    lines = logged(program)
    assert [line["name"] for line in lines] == ["urllib3.pool", "waitress", "py.warnings"]
    assert {line["event"] for line in lines} == {"library"}
    assert [line.get("error") for line in lines] == [None, "ValueError", None]
    assert lines[1]["at"][-1].endswith(" broken")


def test_libraries_that_chat_are_not_heard() -> None:
    """Nor is RQ, which names every job."""
    program = (
        "logging.getLogger('urllib3').info('GET /contacts')\n"
        "logging.getLogger('rq.worker').error(SECRET)\n"
        "log.debug(SECRET)\n"
    )
    assert logged(program) == []


def test_a_thread_that_dies_of_a_bug_says_so_without_its_message() -> None:
    """Python itself would print everything."""
    program = (
        "thread = threading.Thread(target=broken, name='ears')\nthread.start()\nthread.join()\n"
        "quiet = threading.Thread(target=sys.exit)\nquiet.start()\nquiet.join()\n"
    )
    [line] = logged(program)
    assert (line["event"], line["thread"], line["error"]) == ("our bug", "ears", "ValueError")


def test_on_a_terminal_it_is_text_with_as_little_in_it() -> None:
    """For people, in colours."""
    program = BEGIN.replace("terminal=False", "terminal=True") + (
        "try:\n    broken()\nexcept ValueError:\n    log.exception('our bug')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "our bug" in done.stderr
    assert "ValueError" in done.stderr
    assert not [word for word in PERSONAL if word in done.stderr]
