"""How a letter gets to somebody: their chat, else mail; else whoever leads their department.

::

    ann@example.com   her chat, her mail; else sales
    East queue        its chat; else sales
    marketing, sales  their chat, their owner's; else mail to their owner
    is                as sales
    ops               their chat; else whom alarms are mailed to
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from connector.http import ca_bundle_of, proxy_for
from lifecycle import wires
from lifecycle.definition import Department
from lifecycle.errands import MARKETING, SALES
from lifecycle.wording import Letter
from sync.outward import Hook, MailServer

OPS: Final = "ops"
# Addresses of Teams' workflows; every other one takes what Slack takes
# (https://learn.microsoft.com/connectors/teams/#microsoft-teams-webhook).
TEAMS: Final = (".webhook.office.com", ".logic.azure.com", ".powerplatform.com")


class Way(Protocol):
    """One way to one reader. `name` is its kind, and says nothing of the reader."""

    @property
    def name(self) -> str: ...

    def send(self, letter: Letter, errand_id: str) -> None:
        """Send it once. Raises `sync.outward.NotSent`."""


@dataclass(frozen=True, slots=True, repr=False)
class Chat:
    """A channel of Slack or Teams, or of what speaks like one of them."""

    hook: Hook

    @property
    def name(self) -> str:
        return "teams" if self._is_teams else "chat"

    @property
    def _is_teams(self) -> bool:
        host = urlsplit(self.hook.url).hostname or ""
        return host.endswith(TEAMS)

    def send(self, letter: Letter, errand_id: str) -> None:
        content: dict[str, Any] = wires.teams(letter) if self._is_teams else wires.slack(letter)
        self.hook.post(content)


@dataclass(frozen=True, slots=True, repr=False)
class Mailed:
    """A mail to one reader. The same letter sent twice has the same id: one of them can be dropped."""

    server: MailServer
    sender: str
    to: str

    @property
    def name(self) -> str:
        return "mail"

    def send(self, letter: Letter, errand_id: str) -> None:
        made = wires.mail(letter)
        place = self.sender.rpartition("@")[2].strip("> ") or "kakehashi.invalid"
        name = sha256(errand_id.encode()).hexdigest()[:32]
        self.server.send(self.sender, self.to, made.subject, made.text, f"<{name}@{place}>")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Ways:
    """All ways that are set up. `ops`: whom alarms are mailed to."""

    hooks: Mapping[str, str] = field(default_factory=dict)
    server: MailServer | None = None
    sender: str | None = None
    ops: str | None = None
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def are_set(self) -> bool:
        """Whether anybody can be told anything."""
        return bool(self.hooks) or self.server is not None

    def to(self, whom: str, owners: Mapping[Department, str]) -> Way | None:
        """The first way that reaches somebody who is to know; None: nobody is reached."""
        ways = (self._way(name) for name in _names(whom, owners, self.ops))
        return next((way for way in ways if way is not None), None)

    def _way(self, name: str) -> Way | None:
        url = self.hooks.get(name)
        if url is not None:
            return Chat(Hook(url, proxy_for(url, self.environ), ca_bundle_of(self.environ)))
        if self.server is not None and self.sender is not None and "@" in name:
            return Mailed(self.server, self.sender, name)
        return None


def _names(whom: str, owners: Mapping[Department, str], ops: str | None) -> Iterator[str]:
    """Who may be told instead of whom, in this order."""
    if whom == MARKETING:
        yield from (MARKETING, owners["marketing"])
    elif whom == OPS:
        yield from (one for one in (OPS, ops) if one)
    else:
        yield from () if whom == SALES else (whom,)
        yield from (SALES, owners["sales"])
