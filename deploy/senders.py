"""Writes the files that set up both senders of webhooks, from your own settings and mappings.

::

    .venv/bin/python -m deploy.senders --folder FOLDER --salesforce-user NAME

`FOLDER` is the working folder: its settings tell the public address, the secret part of Salesforce's
door and where the mappings stand. Reads nothing else and calls nobody. docs/webhooks.md goes on from
here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from deploy.hubspot_app import project_files
from deploy.salesforce_messages import Sender, package_files
from mappings.compile import compile_folder
from mappings.faults import MappingFaults
from mappings.schema import Mapping as FieldMapping
from mappings.transforms import Locale
from sync.settings import ConfigurationError, Settings, load_settings


def sender_files(mappings: Iterable[FieldMapping], sender: Sender) -> dict[str, str]:
    """Path -> text of everything that both senders need."""
    known = list(mappings)
    hubspot = project_files(known, sender.public_url)
    salesforce = package_files(known, sender)
    return {f"hubspot-app/{path}": text for path, text in hubspot.items()} | {
        f"salesforce/{path}": text for path, text in salesforce.items()
    }


def mappings_of(folder: Path, settings: Settings) -> list[FieldMapping]:
    """The mappings of a working folder, without asking the systems. Raises `MappingFaults`."""
    locale = Locale(settings.timezone, settings.region)
    return list(compile_folder(folder / settings.mappings, None, locale).mappings)


def sender_of(settings: Settings, user: str, *, active: bool = False) -> Sender:
    """Whom the settings tell the senders to ring. Raises `ConfigurationError` without an address."""
    if settings.web.public_url is None:
        raise ConfigurationError(
            "nobody knows where the senders have to ring: set KAKEHASHI_WEB__PUBLIC_URL"
        )
    token = settings.salesforce.webhook_token
    secret = None if token is None else token.get_secret_value()
    return Sender(settings.web.public_url.rstrip("/"), user, secret, active)


def write(out: Path, files: Mapping[str, str]) -> None:
    """Put the files below a folder, for their owner's eyes: an address may hold a secret."""
    for name, text in files.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        path.chmod(0o600)
        path.write_text(text, "utf-8")


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.option("--folder", type=click.Path(path_type=Path), default=".", help="Working folder.")
@click.option("--out", type=click.Path(path_type=Path), help="Where to (FOLDER/var/senders).")
@click.option("--salesforce-user", required=True, help="Login name of the sending user.")
@click.option("--active", is_flag=True, help="Let the deployment switch the flows on.")
def main(folder: Path, out: Path | None, salesforce_user: str, active: bool) -> None:
    """Write them, and tell where."""
    try:
        settings = load_settings(folder, os.environ)
        sender = sender_of(settings, salesforce_user, active=active)
        files = sender_files(mappings_of(folder, settings), sender)
    except (ConfigurationError, MappingFaults) as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    place = out or folder / "var" / "senders"
    write(place, files)
    for name in files:
        click.echo(str(place / name))


if __name__ == "__main__":
    main()
