"""`sandbox` and `up`: the practice orgs, and everything in one."""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from console.output import Output
from console.planning import show_report
from console.session import Session, command
from console.staying import PRACTICE
from console.supervisor import Supervisor
from sandbox.serve import Sandbox
from sync.install import copy_intent, copy_mappings, create_keys
from sync.resync import Terms
from sync.settings import Settings, load_settings
from sync.settings_faults import ConfigurationError
from sync.wiring import Bridge

PEOPLE, SEED = 300, 7
# Over the practice orgs the safety net under the doorbells is drawn in this often, in seconds.
SANDBOX_POLL = "10"


class AlreadyRunning(ConfigurationError):
    """Somebody rehearses in this folder."""


@command(json=False)
@click.option("--people", default=PEOPLE, show_default=True, help="How many people to seed.")
@click.option("--seed", default=SEED, show_default=True, help="The same seed makes the same orgs.")
@click.option("--port", default=0, help="First of three ports; 0 takes free ones.")
def sandbox(session: Session, people: int, seed: int, port: int) -> int:
    """Only the two practice orgs; the first line of output is their JSON."""
    running = Sandbox.start(people=people, seed=seed, port=port)
    click.echo(json.dumps(running.as_json()))
    _wait_until_stopped()
    running.stop()
    return 0


@command(json=False)
@click.option("--sandbox", "with_sandbox", is_flag=True, help="With two seeded practice orgs.")
@click.option("--people", default=PEOPLE, show_default=True, help="How many people to seed.")
@click.option("--seed", default=SEED, show_default=True, help="The same seed makes the same orgs.")
def up(session: Session, with_sandbox: bool, people: int, seed: int) -> int:
    """Everything in one: doors and page, a worker, a scheduler, and the embedded Redis."""
    if with_sandbox:
        return _up_with_sandbox(session, people, seed)
    bridge = session.bridge()
    bridge.pin()
    bridge.need_keys(bridge.compile())
    bridge.enter_redis()
    try:
        return _supervise(session.output, session.folder, dict(os.environ), bridge.settings)
    finally:
        bridge.leave()


def _up_with_sandbox(session: Session, people: int, seed: int) -> int:
    output = session.output
    folder = session.folder / "var" / "sandbox"
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        return _up_alone(output, folder, people, seed)


def _up_alone(output: Output, folder: Path, people: int, seed: int) -> int:
    running = Sandbox.start(people=people, seed=seed)
    output.line(f"Two practice orgs with {people} people are up.")
    try:
        environment = _practice_environment(running.as_json(), folder)
        bridge = Bridge(load_settings(folder, environment), folder, environment)
        bridge.enter_redis()
        try:
            _prepare(bridge, output)
            base = f"http://{bridge.settings.web.host}:{bridge.settings.web.port}"
            running.ring_at(f"{base}/webhooks/hubspot", f"{base}/webhooks/salesforce")
            _tell_how_to_look(output, folder, environment)
            return _supervise(output, folder, environment, bridge.settings)
        finally:
            bridge.leave()
    finally:
        running.stop()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One rehearsal in a folder at a time: a second one would begin the first one's ledger anew."""
    with (folder / "running.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AlreadyRunning(
                f"a rehearsal runs in {folder} already: end it there with Ctrl-C, or start this one in "
                "another folder and with another KAKEHASHI_WEB__PORT"
            ) from None
        yield


def _tell_how_to_look(output: Output, folder: Path, environment: Mapping[str, str]) -> None:
    """A file that leads the other commands to the practice orgs."""
    path = folder / "practice.env"
    path.touch(mode=0o600)
    names = sorted(name for name in environment if name.startswith("KAKEHASHI_"))
    lines = [f"export {name}={shlex.quote(environment[name])}\n" for name in names]
    path.write_text("".join(lines), "utf-8")
    command = Path(sys.executable).with_name("kakehashi")
    output.line(
        f"Other commands see these orgs in another terminal: cd {folder} && . ./{path.name}"
    )
    output.line(f"and then, say: {command} parked list")


def _practice_environment(told: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Over the practice orgs the settings come from them, and the ledger starts anew."""
    for old in folder.glob("kakehashi.db*"):
        old.unlink()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KAKEHASHI_")}
    web = {k: v for k, v in os.environ.items() if k.startswith("KAKEHASHI_WEB__")}
    environment = {**kept, **sandbox_environment(told, folder), **web, PRACTICE: json.dumps(told)}
    if environment.get("KAKEHASHI_WEB__PORT") == "0":
        environment["KAKEHASHI_WEB__PORT"] = str(_free_port())
    return environment


def sandbox_environment(told: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """The settings that lead to the practice orgs, as environment variables."""
    hubspot, salesforce = told["hubspot"], told["salesforce"]
    return {
        "KAKEHASHI_HUBSPOT__BASE_URL": hubspot["base_url"],
        "KAKEHASHI_HUBSPOT__ACCESS_TOKEN": hubspot["access_token"],
        "KAKEHASHI_HUBSPOT__CLIENT_SECRET": hubspot["client_secret"],
        "KAKEHASHI_HUBSPOT__APP_ID": str(hubspot["app_id"]),
        "KAKEHASHI_HUBSPOT__PORTAL_ID": str(hubspot["portal_id"]),
        "KAKEHASHI_SALESFORCE__LOGIN_URL": salesforce["login_url"],
        "KAKEHASHI_SALESFORCE__CLIENT_ID": salesforce["client_id"],
        "KAKEHASHI_SALESFORCE__CLIENT_SECRET": salesforce["client_secret"],
        "KAKEHASHI_SALESFORCE__ORG_ID": salesforce["org_id"],
        "KAKEHASHI_DATABASE_URL": f"sqlite:///{folder.resolve()}/kakehashi.db",
        "KAKEHASHI_SYNC__POLL_EVERY": SANDBOX_POLL,
    }


def _prepare(bridge: Bridge, output: Output) -> None:
    """What `init` and the first `resync` do, told step by step."""
    copy_mappings(bridge.mappings_folder)
    copy_intent(bridge.folder)
    compiled = bridge.compile(offline=True)
    bridge.pin()
    created, _ = create_keys(bridge.connectors, compiled.mappings)
    output.line(f"Key fields created: {len(created)}.")
    bench = bridge.bench(bridge.checked())
    report = bridge.compare(bench).resync((), Terms(trigger="up"))
    show_report(output, report, observe=False)


def _supervise(
    output: Output, folder: Path, environment: Mapping[str, str], settings: Settings
) -> int:
    """Run the parts until a signal comes, or until one of them cannot start at all."""
    supervisor = Supervisor(folder, environment, output.error)
    stop = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda _number, _frame: stop.set())
    address = f"http://{settings.web.host}:{settings.web.port}"
    supervisor.start("web", "worker", "scheduler")
    output.line(f"{address}/ is the page; doors: {address}/webhooks/hubspot and /salesforce")
    output.line("Stop with Ctrl-C.")
    code = supervisor.watch(stop)
    output.line("Stopping.")
    supervisor.end()
    return code


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_stopped() -> None:
    stop = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda _number, _frame: stop.set())
    stop.wait()
