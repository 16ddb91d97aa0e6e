"""`sandbox` and `up`: the practice orgs, and everything in one."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shlex
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click

from console.checking import wording_of
from console.language import say
from console.output import Output
from console.planning import show_report
from console.practising import MARKETING, SALES, SAMPLES, agree
from console.session import Session, command
from console.staying import PRACTICE
from console.supervisor import Supervisor
from mappings.faults import MappingFaults
from sandbox.selling import Selling, furnish
from sandbox.serve import Sandbox
from sandbox.traffic import Traffic
from sync.install import copy_intent, copy_mappings, copy_samples, create_keys
from sync.resync import Terms
from sync.settings import load_settings
from sync.settings_faults import ConfigurationError
from sync.wiring import Bridge

PEOPLE, SEED = 300, 7
# Of the visitors, so many come by all the time: their whole way can be watched.
REGULARS = 12
WRITE_KEY = "KAKEHASHI_INTENT__WRITE_KEY"
# Over the practice orgs the safety net under the doorbells is drawn in this often, in seconds.
SANDBOX_POLL = "10"


class Rehearsal(NamedTuple):
    """What `up --sandbox` was asked for."""

    people: int
    seed: int
    traffic: bool


class AlreadyRunning(ConfigurationError):
    """Somebody rehearses in this folder."""


@command(json=False)
@click.option("--people", default=PEOPLE, show_default=True, help="How many people to seed.")
@click.option("--seed", default=SEED, show_default=True, help="The same seed makes the same orgs.")
@click.option("--port", default=0, help="First of three ports; 0 takes free ones.")
@click.option(
    "--traffic", metavar="DOOR", help="Visitors of a practice website knock at this door."
)
@click.option("--write-key", envvar=WRITE_KEY, help=f"The key of that door ({WRITE_KEY}).")
@click.option(
    "--env",
    "env",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a file here that leads other commands to the orgs: `. ./FILE`.",
)
def sandbox(
    session: Session,
    people: int,
    seed: int,
    port: int,
    traffic: str | None,
    write_key: str | None,
    env: Path | None,
) -> int:
    """Only the two practice orgs; the first line of output is their JSON.

    DOOR is like http://127.0.0.1:8080/webhooks/intent.
    """
    if traffic is not None and not write_key:
        raise ConfigurationError(
            f"a door for website events needs its key: set {WRITE_KEY} to the same secret as there"
        )
    running = Sandbox.start(people=people, seed=seed, port=port)
    told = running.as_json()
    if env is not None:
        _write_env(env, sandbox_environment(told, session.folder / "var"))
    click.echo(json.dumps(told))
    visitors = _visitors(running, traffic, write_key, seed, session.output) if traffic else None
    _wait_until_stopped()
    if visitors is not None:
        visitors.stop()
    running.stop()
    return 0


def _visitors(running: Sandbox, door: str, key: str | None, seed: int, output: Output) -> Traffic:
    """Let people of the practice orgs visit a website whose events go to this door."""
    contacts = running.hubspot.records("contacts").values()
    emails = [email for row in contacts if (email := row.get("email"))]
    traffic = Traffic(door, key or "", emails, number=seed, say=output.error, regulars=REGULARS)
    traffic.start()
    return traffic


@command(json=False)
@click.option("--sandbox", "with_sandbox", is_flag=True, help="With two seeded practice orgs.")
@click.option("--people", default=PEOPLE, show_default=True, help="How many people to seed.")
@click.option("--seed", default=SEED, show_default=True, help="The same seed makes the same orgs.")
@click.option(
    "--traffic", is_flag=True, help="With visitors of a practice website and sellers, too."
)
def up(session: Session, with_sandbox: bool, people: int, seed: int, traffic: bool) -> int:
    """Everything in one: doors and page, a worker, a scheduler, and the embedded Redis."""
    if with_sandbox:
        return _up_with_sandbox(session, Rehearsal(people, seed, traffic))
    if traffic:
        raise ConfigurationError(
            "--traffic goes with --sandbox: real systems have visitors of their own"
        )
    bridge = session.bridge()
    bridge.pin()
    bridge.need_keys(bridge.compile())
    bridge.enter_redis()
    try:
        return _supervise(session.output, session.folder, dict(os.environ))
    finally:
        bridge.leave()


def _up_with_sandbox(session: Session, wanted: Rehearsal) -> int:
    output = session.output
    folder = session.folder / "var" / "sandbox"
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        try:
            return _up_alone(output, folder, wanted)
        except MappingFaults:
            output.error(say("practice.faults", output.lang, folder=folder))
            raise


def _up_alone(output: Output, folder: Path, wanted: Rehearsal) -> int:
    running = Sandbox.start(people=wanted.people, seed=wanted.seed)
    output.say("up.orgs", people=wanted.people)
    try:
        environment = _practice_environment(running.as_json(), folder)
        if wanted.traffic:
            environment[WRITE_KEY] = secrets.token_urlsafe(24)
            furnish(running.hubspot, running.salesforce)
            copy_samples(folder / "mappings", SAMPLES)
        bridge = Bridge(load_settings(folder, environment), folder, environment)
        bridge.enter_redis()
        try:
            _prepare(bridge, output)
            if wanted.traffic:
                agree(bridge)
                output.say("practice.agreed", marketing=MARKETING, sales=SALES)
            base = f"http://{bridge.settings.web.host}:{bridge.settings.web.port}"
            running.ring_at(f"{base}/webhooks/hubspot", f"{base}/webhooks/salesforce")
            _tell_how_to_look(output, folder, environment)
            door = f"{base}/webhooks/intent"
            with _visited(running, wanted, door, environment.get(WRITE_KEY), output):
                return _supervise(output, folder, environment)
        finally:
            bridge.leave()
    finally:
        running.stop()


@contextmanager
def _visited(
    running: Sandbox, wanted: Rehearsal, door: str, key: str | None, output: Output
) -> Iterator[None]:
    """With visitors on the practice website, or without."""
    if not wanted.traffic:
        yield
        return
    visitors = _visitors(running, door, key, wanted.seed, output)
    sellers = Selling(running.salesforce, number=wanted.seed, say=output.error)
    sellers.start()
    output.say("practice.visitors")
    output.say("practice.sellers")
    try:
        yield
    finally:
        sellers.stop()
        visitors.stop()


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
    _write_env(path, environment)
    command = Path(sys.executable).with_name("kakehashi")
    output.say("practice.how_to_look", folder=folder, file=path.name)
    output.say("practice.then", command=command)


def _write_env(path: Path, environment: Mapping[str, str]) -> None:
    """Our settings, for a shell to read; secrets stand among them."""
    path.touch(mode=0o600)
    names = sorted(name for name in environment if name.startswith("KAKEHASHI_"))
    lines = [f"export {name}={shlex.quote(environment[name])}\n" for name in names]
    path.write_text("".join(lines), "utf-8")


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
    wording = wording_of(bridge, output.lang)
    created, _ = create_keys(bridge.connectors, compiled.mappings, wording)
    output.say("practice.fields", count=len(created))
    bench = bridge.bench(bridge.checked())
    report = bridge.compare(bench).resync((), Terms(trigger="up"))
    show_report(output, report, observe=False)


def _supervise(output: Output, folder: Path, environment: Mapping[str, str]) -> int:
    """Run the parts until a signal comes, or until one of them cannot start at all."""
    supervisor = Supervisor(folder, environment, output.error)
    stop = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda _number, _frame: stop.set())
    # Where the page is and which doors there are is told by `web`, once it listens there.
    supervisor.start("web", "worker", "scheduler")
    output.say("up.stop")
    code = supervisor.watch(stop)
    output.say("up.stopping")
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
