"""`web`, `worker`, `scheduler`: the parts that stay, each in a process of its own.

A part that starts while a system is away waits for it; one that a system refuses ends with the reason.
SIGTERM and Ctrl-C end a part after the batch that it is at.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

import click
import structlog

from connector.errors import ConnectorError, SystemBlocked, TryLater
from console.serving import server_for
from console.session import Session, command
from console.site import create_site
from sync.jobs import work
from sync.ledger import LedgerError, LedgerUnavailable
from sync.parts import Parts
from sync.settings_faults import ConfigurationError

log = structlog.get_logger()

T = TypeVar("T")

# Seconds between two tries of a part that cannot start yet, at first and at most.
AGAIN, AT_MOST = 2.0, 30.0
DOORS = ("/webhooks/hubspot", "/webhooks/salesforce", "/webhooks/intent")
# Seconds until a thread of a worker lets another one go on. Each look into the store lets go of the
# interpreter, and with the usual 5 ms waits that long for each busy thread until it has it back.
TURN = 0.001
# What the practice orgs told, handed on by `up --sandbox`.
PRACTICE = "PRACTICE_ORGS"
# Blocks that lift by themselves; the others want a person.
PASSING = frozenset({"quota", "unreachable"})


class PortTaken(ConfigurationError):
    """Somebody else listens there."""


with_parent = click.option(
    "--with-parent", is_flag=True, hidden=True, help="End when standard input ends."
)


@command(json=False)
@with_parent
def web(session: Session, with_parent: bool) -> int:
    """The doors and the page. Needs the store, and nothing else, to take what the doors bring."""
    parts = _begin(session, with_parent)
    parts.watch_offline()
    parts.watch.now()
    _when_possible(parts, parts.clock.set)
    told = os.environ.get(PRACTICE)
    app = create_site(parts, None if told is None else json.loads(told))
    beat = threading.Thread(target=_beat, args=(parts, parts.teller("web")), daemon=True)
    beat.start()
    given = parts.bridge.settings.web
    try:
        server = server_for(app, given.host, given.port)
    except OSError as error:
        raise PortTaken(
            f"{given.host}:{given.port} cannot be used ({error.strerror}): end what listens there, "
            "or set KAKEHASHI_WEB__PORT"
        ) from error
    # It listens from here on, so whoever reads this may knock.
    address = f"http://{given.host}:{server.effective_port}"
    session.output.say("up.page", url=f"{address}/")
    session.output.say("up.doors", doors=", ".join(address + door for door in DOORS))
    _on_signal(_raise_exit)
    server.run()
    parts.stopping.set()
    parts.leave()
    return 0


@command(json=False)
@with_parent
def worker(session: Session, with_parent: bool) -> int:
    """Brings in line what rang. Any number of workers on any number of machines."""
    parts = _begin(session, with_parent)
    _pin(parts)
    hands = _when_possible(parts, parts.worker)
    if hands is None:
        return 0
    sys.setswitchinterval(TURN)
    hands.start()
    log.info("worker at work", observe=parts.observe)
    work(hands, parts.queue_client())
    hands.stop()
    parts.leave()
    log.info("worker ended")
    return 0


@command(json=False)
@with_parent
def scheduler(session: Session, with_parent: bool) -> int:
    """Reminds workers of what is due by the clock. One of many leads."""
    parts = _begin(session, with_parent)
    _pin(parts)
    clockwork = _when_possible(parts, parts.scheduler)
    if clockwork is not None:
        _on_signal(parts.stopping.set)
        log.info("scheduler at work")
        clockwork.run(parts.stopping)
    parts.leave()
    log.info("scheduler ended")
    return 0


# Starting ---------------------------------------------------------------------------------------


def _begin(session: Session, with_parent: bool) -> Parts:
    parts = Parts(session.bridge())
    _on_signal(_raise_exit)
    if with_parent:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    return parts


def _pin(parts: Parts) -> None:
    _when_possible(parts, parts.clock.set)
    _when_possible(parts, parts.bridge.pin)


def _when_possible(parts: Parts, begin: Callable[[], T]) -> T | None:
    """Begin as soon as both systems and the store answer. Raises what only a person can mend."""
    wait = AGAIN
    while not parts.stopping.is_set():
        try:
            return begin()
        except SystemBlocked as error:
            if error.cause not in PASSING:
                raise
            _complain(error, wait)
        except TryLater as error:
            _complain(error, wait)
        except LedgerUnavailable as error:
            log.warning("the ledger is away", reason=str(error), asked_again=wait)
        time.sleep(wait)
        wait = min(2 * wait, AT_MOST)
    return None


def _complain(error: ConnectorError, wait: float) -> None:
    log.warning("system away", system=error.system, reason=error.message, asked_again=wait)


# Ending -----------------------------------------------------------------------------------------


def _on_signal(act: Callable[[], object]) -> None:
    def handle(_number: int, _frame: FrameType | None) -> None:
        act()

    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, handle)


def _raise_exit() -> Any:
    raise SystemExit(0)


def _end_with_parent() -> None:
    """A parent that is killed cannot say so, but its end of our standard input closes."""
    while os.read(0, 4096):  # not sys.stdin: its lock would stand in the way of a quiet end
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _beat(parts: Parts, tell: Callable[[], None]) -> None:
    while not parts.stopping.wait(5.0):
        try:
            tell()
        except LedgerError as error:
            log.warning("the ledger is away", reason=str(error))
        except Exception:
            log.exception("our bug")
