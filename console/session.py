"""What every command shares: the working folder, the settings, the bridge, and how to speak."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from console.language import say
from console.output import Output
from sync.settings import load_settings
from sync.wiring import Bridge

P = ParamSpec("P")
R = TypeVar("R")


@dataclass
class Session:
    """One command's surroundings. Settings are read when a bridge is first asked for."""

    folder: Path
    output: Output
    language: str | None = None

    def bridge(self) -> Bridge:
        """The installation in the working folder."""
        settings = load_settings(self.folder, os.environ)
        if self.language is None:
            self.output.lang = settings.lang
        return Bridge(settings, self.folder, os.environ, progress=self.output.advance)

    def standing(self) -> Bridge:
        """The same where it has a ledger already: who only asks about what is there makes none.

        Raises `click.UsageError`: this is another folder than the one that is meant.
        """
        bridge = self.bridge()
        file = bridge.settings.ledger_file_in(self.folder)
        if file is not None and not file.exists():
            raise click.UsageError(say("error.no_ledger", self.output.lang, file=str(file)))
        return bridge


def command(
    name: str | None = None, *, json: bool = True, **options: Any
) -> Callable[[Callable[Concatenate[Session, P], int | None]], click.Command]:
    """A command that gets a `Session` and answers its exit code (None: 0)."""

    def decorate(function: Callable[Concatenate[Session, P], int | None]) -> click.Command:
        def run(*args: P.args, **kwargs: P.kwargs) -> None:
            as_json = bool(kwargs.pop("as_json", False))
            language = click.get_current_context().find_root().params.get("lang")
            output = Output(json=as_json, terminal=sys.stdout.isatty(), lang=language or "en")
            session = Session(Path.cwd(), output, language)
            code = function(session, *args, **kwargs)
            sys.exit(code or 0)

        run.__doc__ = function.__doc__
        # Click notes options and arguments on the function it decorates; they are meant for `run`.
        vars(run)["__click_params__"] = vars(function).get("__click_params__", [])
        make = click.command(name or function.__name__, cls=click.Command, **options)
        made: click.Command = make(run)
        if json:
            made.params.append(
                click.Option(["--json", "as_json"], is_flag=True, help="One JSON document.")
            )
        return made

    return decorate


def allowances(text: str | None) -> dict[str, int]:
    """`creates=500,deletes=20` as numbers. Raises `click.UsageError`."""
    allowed: dict[str, int] = {}
    for part in (text or "").split(","):
        if not part.strip():
            continue
        name, _, number = part.partition("=")
        if name.strip() not in {"creates", "deletes", "blanked", "empty"} or not number.isdigit():
            raise click.UsageError(
                f"--allow does not understand {part.strip()!r}; write it like "
                "creates=500,deletes=20,blanked=9 or empty=1"
            )
        allowed[name.strip()] = int(number)
    return allowed
