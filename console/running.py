"""`up`, `web`, `sandbox`: the commands that stay."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import click
import waitress

from connector.errors import ConnectorError
from console.output import Output
from console.page import create_app
from console.planning import show_report
from console.session import Session, command
from sandbox.serve import Sandbox
from sync.install import copy_mappings, create_keys
from sync.ledger import LedgerError
from sync.resync import Terms
from sync.settings import load_settings
from sync.wiring import Bridge

PEOPLE, SEED = 300, 7
# The practice orgs are close by, so the page looks for edits this often, in seconds.
WATCH_EVERY = 2


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
    """Everything in one: watch both systems, and serve the page."""
    output = session.output
    running = Sandbox.start(people=people, seed=seed) if with_sandbox else None
    if running is not None:
        output.line(f"Two practice orgs with {people} people are up.")
    bridge = _bridge(session, running)
    if running is not None:
        _prepare(bridge, output)
    else:
        bridge.pin()
        bridge.need_keys(bridge.compile())
    stop = threading.Event()
    every = WATCH_EVERY if running is not None else bridge.settings.sync.poll_every
    watcher = threading.Thread(target=_watch, args=(bridge, stop, every, output), daemon=True)
    watcher.start()
    try:
        _serve(bridge, running, output)
    except KeyboardInterrupt:
        output.line("Stopping.")
    finally:
        stop.set()
        watcher.join(timeout=30)
        if running is not None:
            running.stop()
    return 0


@command(json=False)
def web(session: Session) -> int:
    """The page alone."""
    bridge = session.bridge()
    bridge.pin()
    _serve(bridge, None, session.output)
    return 0


def _bridge(session: Session, running: Sandbox | None) -> Bridge:
    """Over the practice orgs the settings come from them, and the ledger starts anew."""
    if running is None:
        return session.bridge()
    folder = session.folder / "var" / "sandbox"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("kakehashi.db*"):
        old.unlink()
    told = running.as_json()
    keep = {k: v for k, v in os.environ.items() if k.startswith("KAKEHASHI_WEB__")}
    settings = load_settings(folder, {**keep, **sandbox_environment(told, folder)})
    return Bridge(settings, folder)


def sandbox_environment(told: dict[str, Any], folder: Path) -> dict[str, str]:
    """The settings that lead to the practice orgs, as environment variables."""
    hubspot, salesforce = told["hubspot"], told["salesforce"]
    return {
        "KAKEHASHI_HUBSPOT__BASE_URL": hubspot["base_url"],
        "KAKEHASHI_HUBSPOT__ACCESS_TOKEN": hubspot["access_token"],
        "KAKEHASHI_HUBSPOT__APP_ID": str(hubspot["app_id"]),
        "KAKEHASHI_HUBSPOT__PORTAL_ID": str(hubspot["portal_id"]),
        "KAKEHASHI_SALESFORCE__LOGIN_URL": salesforce["login_url"],
        "KAKEHASHI_SALESFORCE__CLIENT_ID": salesforce["client_id"],
        "KAKEHASHI_SALESFORCE__CLIENT_SECRET": salesforce["client_secret"],
        "KAKEHASHI_SALESFORCE__ORG_ID": salesforce["org_id"],
        "KAKEHASHI_DATABASE_URL": f"sqlite:///{folder.resolve()}/kakehashi.db",
    }


def _prepare(bridge: Bridge, output: Output) -> None:
    """What `init` and the first `resync` do, told step by step."""
    copy_mappings(bridge.mappings_folder)
    compiled = bridge.compile(offline=True)
    bridge.pin()
    created, _ = create_keys(bridge.connectors, compiled.mappings)
    output.line(f"Key fields created: {len(created)}.")
    bridge.forget_schemas()
    report = bridge.compare(bridge.compile()).resync((), Terms(trigger="up"))
    show_report(output, report, observe=False)


def _watch(bridge: Bridge, stop: threading.Event, every: float, output: Output) -> None:
    """Look for changes until stopped; a system that cannot be reached is asked again later."""
    compiled = bridge.compile()
    compare = bridge.compare(compiled)
    terms = Terms(observe=bridge.settings.mode == "observe", trigger="poll")
    while not stop.wait(every):
        try:
            compare.follow((), terms)
        except ConnectorError as error:
            output.error(f"{error.system}: {error.message} (asked again in {every} s)")
        except LedgerError as error:
            output.error(f"{error} (tried again in {every} s)")


def _serve(bridge: Bridge, running: Sandbox | None, output: Output) -> None:
    host, port = bridge.settings.web.host, bridge.settings.web.port
    app = create_app(bridge, None if running is None else running.as_json())
    output.line(f"The page: http://{host}:{port}/ (stop with Ctrl-C)")
    waitress.serve(app, host=host, port=port, threads=8, _quiet=True)


def _wait_until_stopped() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return
