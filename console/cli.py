"""The command line: `kakehashi`. One place turns errors into messages and exit codes."""

from __future__ import annotations

import sys
import traceback
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import click

from connector.errors import ConnectorError, SystemBlocked
from console import exits
from console.logs import set_up
from mappings.faults import MappingFaults

HELP = {"help_option_names": ["-h", "--help"]}
# Where each command is: a command that is not called is not loaded, so the others start sooner.
COMMANDS = {
    "apply": "console.planning:apply",
    "check": "console.checking:check",
    "conflicts": "console.looking:conflicts",
    "convert": "console.converting:convert",
    "definition": "console.definition:definition",
    "erase": "console.erasing:erase",
    "init": "console.checking:init",
    "intent": "console.intent:intent",
    "lifecycle": "console.lifecycle:lifecycle",
    "parked": "console.quarantine:parked",
    "pause": "console.looking:pause",
    "plan": "console.planning:plan",
    "resume": "console.looking:resume",
    "resync": "console.planning:resync",
    "sandbox": "console.running:sandbox",
    "scheduler": "console.staying:scheduler",
    "status": "console.looking:status",
    "sync": "console.planning:sync_",
    "test": "console.checking:test_",
    "up": "console.running:up",
    "web": "console.staying:web",
    "why": "console.looking:why",
    "worker": "console.staying:worker",
}


class Commands(click.Group):
    """The commands of the table, each loaded when somebody asks for it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All of their names."""
        return sorted({*COMMANDS, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name; None where there is none."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        room, name = COMMANDS[cmd_name].split(":")
        found: click.Command = getattr(import_module(room), name)
        return found


@click.group(cls=Commands, context_settings=HELP)
@click.version_option(package_name="kakehashi")
@click.option("--lang", type=click.Choice(["en", "ja"]), help="Language of messages.")
def kakehashi(lang: str | None) -> None:
    """Kakehashi (架け橋): keeps HubSpot and Salesforce in line, field by field, both ways."""


def main() -> None:
    """The entry point. Exit codes are the contract's, and nothing is logged to standard output."""
    set_up(terminal=sys.stderr.isatty())
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
            from console.checking import explain_faults  # noqa: PLC0415 - needed where a file is wrong

            explain_faults(error.faults, _language(), as_json="--json" in sys.argv)
        case ConnectorError():
            _complain(f"{error.system}: {error.message}")
            if isinstance(error, SystemBlocked):
                _complain(f"What to do: {error.advice}")
        case _ if code == exits.OUR_BUG:
            _log_our_bug()
        case _:
            _complain(str(error))


def _language() -> str | None:
    """The one that was asked for beside a command that failed."""
    told = kakehashi.make_context("kakehashi", sys.argv[1:], resilient_parsing=True).params
    asked: str | None = told["lang"]
    return asked


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
