"""Exit codes: what a script that calls us can rely on."""

from __future__ import annotations

import click

from connector.errors import ConnectorError, Rejected, SystemBlocked
from mappings.faults import MappingFaults
from sandbox.webserver import SandboxPortTaken
from sync.ledger import LedgerError
from sync.settings_faults import ConfigurationError

# Done, and nothing needs attention.
DONE = 0
# Something needs attention: changes planned, records parked, a guard stopped the run.
ATTENTION = 1
# Your input or your configuration is wrong; nothing was done.
YOUR_INPUT = 2
# A system cannot be reached, or refuses us.
SYSTEM = 3
# Our bug.
OUR_BUG = 70


def exit_code_for(error: BaseException) -> int:
    """The code that tells a script what an error means."""
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case click.Abort() | KeyboardInterrupt() | Rejected():
            return ATTENTION
        case SystemBlocked(cause="wrong_account"):
            return YOUR_INPUT
        case ConnectorError():
            return SYSTEM
        case click.ClickException() | ConfigurationError() | MappingFaults() | LedgerError():
            return YOUR_INPUT
        case SandboxPortTaken():
            return YOUR_INPUT
        case _:
            return OUR_BUG
