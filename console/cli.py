"""The command line: `kakehashi`. One place turns errors into messages and exit codes."""

from __future__ import annotations

import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

import click

from connector.errors import ConnectorError
from console import exits
from console.checking import check, init, show_faults, test_
from console.looking import conflicts, parked, pause, resume, status, why
from console.output import Output
from console.planning import apply, plan, resync, sync_
from console.running import sandbox, up, web
from mappings.faults import MappingFaults
from sync.ledger import LedgerError
from sync.settings import SettingsFaults
from sync.wiring import KeysMissing

HELP = {"help_option_names": ["-h", "--help"]}


@click.group(context_settings=HELP)
@click.version_option(package_name="kakehashi")
@click.option("--lang", type=click.Choice(["en", "ja"]), help="Language of messages.")
def kakehashi(lang: str | None) -> None:
    """Kakehashi (架け橋): keeps HubSpot and Salesforce in line, field by field, both ways."""


for one in (
    up, sandbox, web, init, check, test_, plan, apply, resync, sync_,
    status, parked, conflicts, why, pause, resume,
):  # fmt: skip
    kakehashi.add_command(one)


def main() -> None:
    """The entry point. Exit codes are the contract's."""
    try:
        kakehashi.main(standalone_mode=False)
    except SystemExit:
        raise
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _complain("Stopped. Nothing is lost: run the same command again, it goes on from here.")
        sys.exit(exits.ATTENTION)
    except click.ClickException as error:
        error.show()
        sys.exit(exits.YOUR_INPUT)
    except MappingFaults as error:
        show_faults(Output(json="--json" in sys.argv, terminal=False, lang="en"), error.faults, ())
        sys.exit(exits.YOUR_INPUT)
    except SettingsFaults as error:
        for line in error.lines():
            _complain(line)
        sys.exit(exits.YOUR_INPUT)
    except (LedgerError, KeysMissing, ValueError) as error:
        _complain(str(error))
        sys.exit(exits.YOUR_INPUT)
    except ConnectorError as error:
        _complain(f"{error.system}: {error.message}")
        advice = getattr(error, "advice", None)
        if advice:
            _complain(f"What to do: {advice}")
        sys.exit(exits.SYSTEM)
    except Exception:  # noqa: BLE001 - the last net: our bug gets a log file, not a trace on screen
        sys.exit(_our_bug())


def _complain(text: str) -> None:
    click.echo(text, err=True)


def _our_bug() -> int:
    path = Path("var") / f"kakehashi-error-{datetime.now(UTC):%Y%m%d-%H%M%S}.log"
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_text(traceback.format_exc(), "utf-8")
    except OSError:
        traceback.print_exc()
    else:
        _complain(f"This is our bug, not yours. Please report it with {path}")
    return exits.OUR_BUG
