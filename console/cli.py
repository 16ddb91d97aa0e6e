"""The command line: `kakehashi`. One place turns errors into messages and exit codes."""

from __future__ import annotations

import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

import click

from connector.errors import ConnectorError, SystemBlocked
from console import exits
from console.checking import check, init, show_faults, test_
from console.converting import convert
from console.erasing import erase
from console.intent import intent
from console.looking import conflicts, pause, resume, status, why
from console.output import Output
from console.planning import apply, plan, resync, sync_
from console.quarantine import parked
from console.running import sandbox, up
from console.staying import scheduler, web, worker
from mappings.faults import MappingFaults

HELP = {"help_option_names": ["-h", "--help"]}


@click.group(context_settings=HELP)
@click.version_option(package_name="kakehashi")
@click.option("--lang", type=click.Choice(["en", "ja"]), help="Language of messages.")
def kakehashi(lang: str | None) -> None:
    """Kakehashi (架け橋): keeps HubSpot and Salesforce in line, field by field, both ways."""


for one in (
    up, web, worker, scheduler, sandbox, init, check, test_, plan, apply, resync, sync_,
    status, parked, conflicts, why, pause, resume,
    erase, convert, intent,
):  # fmt: skip
    kakehashi.add_command(one)


def main() -> None:
    """The entry point. Exit codes are the contract's."""
    try:
        kakehashi.main(standalone_mode=False)
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - the last net: no error leaves as a trace
        code = exits.exit_code_for(error)
        _explain(error, code)
        sys.exit(code)


def _explain(error: BaseException, code: int) -> None:
    """Tell the person what happened and what to do; our own bugs go to a log file."""
    match error:
        case click.exceptions.Exit():
            return
        case click.Abort() | KeyboardInterrupt():
            _complain("Stopped. Nothing is lost: run the same command again, it goes on from here.")
        case click.ClickException():
            error.show()
        case MappingFaults():
            as_json = "--json" in sys.argv
            show_faults(Output(json=as_json, terminal=False), error.faults, ())
        case ConnectorError():
            _complain(f"{error.system}: {error.message}")
            if isinstance(error, SystemBlocked):
                _complain(f"What to do: {error.advice}")
        case _ if code == exits.OUR_BUG:
            _log_our_bug()
        case _:
            _complain(str(error))


def _complain(text: str) -> None:
    click.echo(text, err=True)


def _log_our_bug() -> None:
    path = Path("var") / f"kakehashi-error-{datetime.now(UTC):%Y%m%d-%H%M%S}.log"
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_text(traceback.format_exc(), "utf-8")
    except OSError:
        traceback.print_exc()
    else:
        _complain(f"This is our bug, not yours. Please report it with {path}")


if __name__ == "__main__":
    main()
