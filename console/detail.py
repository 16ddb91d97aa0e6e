"""The role `detail`: who may see what somebody did one by one, and who has.

Everybody who may run `kakehashi` sees topics and counts. Whoever stands in the setting `intent.detail` may
ask for the single events, and each such look goes on file before anything is shown. Names are those of the
operating system. It is a rule with an account of how it was kept, and no lock: whoever can read the database
needs no command.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Collection
from datetime import datetime

import click

from console.language import say
from console.session import Session, command
from intent.model import Subject
from sync.ledger import Ledger

WHAT = "intent.detail"


def login_name() -> str:
    """Who runs this command, by the operating system: the environment may say anything."""
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # a user of a container need not have a name
        return str(number)


def need_detail(session: Session, allowed: Collection[str]) -> None:
    """Raises `click.UsageError` for whoever is not in the role."""
    if (who := login_name()) not in allowed:
        raise click.UsageError(say("intent.no_detail", session.output.lang, who=who))


def note_look(ledger: Ledger, subject: Subject, now: datetime) -> None:
    """Put on file that single events of this subject are shown to whoever runs this command."""
    ledger.note_look(login_name(), WHAT, f"{subject.kind}:{subject.key}", now)


@command("looks")
def looks(session: Session) -> int:
    """Who looked at single events of whom, the latest first."""
    found = session.bridge().ledger.looks(WHAT)
    if session.output.json:
        session.output.document([{**one._asdict(), "at": one.at.isoformat()} for one in found])
    else:
        rows = [(one.at.isoformat(timespec="seconds"), one.who, one.whom) for one in found]
        session.output.table("Looks", ("at", "who", "whom"), rows)
    return 0
