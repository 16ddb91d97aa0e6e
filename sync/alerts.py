"""Tells people of a new kind of trouble: a web hook that Slack and its like understand, or a mail.

It says what kind of trouble it is, how much there is of it and what to do; never whose record it is.
Whoever cannot be reached is tried again at the next look, and nobody else waits for that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import orjson
import structlog
from pydantic import SecretStr

from connector.http import ca_bundle_of, proxy_for
from sync.alarms import Alarm, Heap, Language, Told, Troubles, alarms_of, news, overdue, remembered
from sync.ledger import Ledger
from sync.outward import Hook, MailServer, NotSent
from sync.relations.compare import stopped_relations
from sync.standing import SKEW

log = structlog.get_logger()

# Under this name the ledger remembers what was told.
ALERTED = "alerted"


class Sender(Protocol):
    """A way to tell people. `name` stands in the ledger while it owes somebody an alarm."""

    @property
    def name(self) -> str: ...

    def send(self, alarm: Alarm) -> None:
        """Tell it once. Raises `NotSent`."""


class Addresses(Protocol):
    """Who is told, as `Settings.alert` holds it."""

    @property
    def url(self) -> SecretStr | None: ...
    @property
    def email_to(self) -> str | None: ...
    @property
    def email_from(self) -> str | None: ...
    @property
    def smtp_url(self) -> SecretStr | None: ...


def senders_of(alert: Addresses, environ: Mapping[str, str] | None = None) -> list[Sender]:
    """The ways that are set up. `environ` names proxies and a company's certificate authority."""
    around = environ or {}
    senders: list[Sender] = []
    if alert.url is not None:
        url = alert.url.get_secret_value().strip()
        senders.append(WebHook(Hook(url, proxy_for(url, around), ca_bundle_of(around))))
    if alert.smtp_url is not None and alert.email_to:
        senders.append(
            Mail(
                MailServer(alert.smtp_url.get_secret_value().strip(), ca_bundle_of(around)),
                to=alert.email_to,
                sender=alert.email_from or alert.email_to.split(",")[0].strip(),
            )
        )
    return senders


@dataclass(frozen=True, slots=True, repr=False)
class WebHook:
    """POSTs JSON."""

    hook: Hook

    @property
    def name(self) -> str:
        return "webhook"

    def send(self, alarm: Alarm) -> None:
        self.hook.post(payload(alarm))


def payload(alarm: Alarm) -> dict[str, Any]:
    """The JSON of the web hook; `text` is what Slack, Mattermost and Teams' relays show."""
    return {
        "text": alarm.whole,
        "kind": alarm.key,
        "cause": alarm.cause,
        "count": alarm.count,
        "advice": alarm.advice,
        "command": alarm.command,
    }


@dataclass(frozen=True, slots=True, repr=False)
class Mail:
    """Sends a mail. `to` is one address or several with commas."""

    server: MailServer
    to: str
    sender: str

    @property
    def name(self) -> str:
        return "email"

    def send(self, alarm: Alarm) -> None:
        text = "\n\n".join([alarm.text, alarm.advice, alarm.command]) + "\n"
        self.server.send(self.sender, self.to, alarm.subject, text)


@dataclass(slots=True)
class _Memory:
    """What stands in the ledger between two looks."""

    told: dict[str, Told] = field(default_factory=dict)
    consent_since: dict[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """Tells what is new. One process at a time looks: the scheduler that leads.

    `faults` answers what is wrong with the mapping files, a line for each fault. `written` answers
    the mappings that are written to, with the ids of their consent lines: where nothing is written no
    opt-out is delivered.
    """

    ledger: Ledger
    senders: Sequence[Sender]
    clock: Callable[[], datetime]
    lang: Language = "en"
    faults: Callable[[], str] = lambda: ""
    written: Callable[[], Mapping[str, Sequence[str]]] = dict

    def tell(self) -> int:
        """Look at what is wrong, and tell what is new; answers how many alarms somebody got.

        A way that fails is left alone until the next look. Raises `LedgerError` and nothing else.
        """
        if not self.senders:
            return 0
        now, before = self.clock(), _memory(self.ledger.fact(ALERTED))
        troubles, since = self._troubles(before, now)
        alarms = alarms_of(troubles, self.lang)
        found = news(alarms, before.told, now)
        told = remembered(before.told, found.over, now)
        sent = self._send(alarms, {alarm.key for alarm in found.new}, told, now)
        after = _Memory(told, since)
        if after != before:
            self.ledger.set_fact(ALERTED, _text(after))
        return sent

    def _troubles(self, memory: _Memory, now: datetime) -> tuple[Troubles, dict[str, datetime]]:
        due = self.consent_due()
        stuck, since = overdue(due, memory.consent_since, now)
        # Refused once is enough: nobody is mailed against their will while we wait.
        stuck = self._written(self.ledger.refused_opt_outs()) | stuck
        troubles = Troubles(
            parked=[Heap(k.mapping, k.cause, k.count) for k in self.ledger.parked_kinds()],
            blocked=[(one.system.value, one.cause) for one in self.ledger.troubles()],
            stopped=[*self.ledger.stopped_by_guard(), *stopped_relations(self.ledger)],
            consent=stuck,
            erasures=self.ledger.failed_erasures(),
            faults=len(self.faults().splitlines()),
            bugs=self.ledger.bugs(),
        )
        return troubles, since

    def consent_due(self) -> dict[str, int]:
        """Records that an opt-out has yet to reach, by mapping that is written to."""
        until = self.clock() + SKEW
        due = {
            mapping: {
                (one.system, one.record_id)
                for one in self.ledger.consent_spread(mapping, lines, until)
            }
            - self.ledger.without_address(mapping)
            for mapping, lines in self.written().items()
        }
        return {mapping: len(records) for mapping, records in due.items() if records}

    def _written(self, counts: dict[str, int]) -> dict[str, int]:
        """Those of these mappings that are written to."""
        written = self.written()
        return {mapping: count for mapping, count in counts.items() if mapping in written}

    def _send(
        self, alarms: Sequence[Alarm], new: set[str], told: dict[str, Told], now: datetime
    ) -> int:
        """Send what is new to everybody, and what is owed to those who missed it."""
        every = frozenset(sender.name for sender in self.senders)
        closed: set[str] = set()
        sent = 0
        for alarm in alarms:
            known = told.get(alarm.key)
            owed = every if alarm.key in new else known.owed & every if known else frozenset()
            missed = frozenset(
                sender.name
                for sender in self.senders
                if sender.name in owed and not self._reached(sender, alarm, closed)
            )
            if alarm.key in new and missed < every:
                sent += 1
                told[alarm.key] = Told(now, missed)
            elif alarm.key not in new and known is not None and not known.over:
                told[alarm.key] = Told(known.at, missed)
        return sent

    def _reached(self, sender: Sender, alarm: Alarm, closed: set[str]) -> bool:
        """Whether this sender took it. One that failed a moment ago is not asked again now."""
        if sender.name in closed:
            return False
        try:
            sender.send(alarm)
        except Exception as error:  # noqa: BLE001 - telling of trouble never makes more of it
            closed.add(sender.name)
            reason = str(error) if isinstance(error, NotSent) else type(error).__name__
            log.warning("alert not sent", way=sender.name, kind=alarm.key, reason=reason)
            return False
        return True


def _memory(text: str | None) -> _Memory:
    """What the ledger remembers; nothing where that cannot be read: then it is told once more."""
    try:
        found = orjson.loads(text or "{}")
        return _Memory(
            {
                key: Told(
                    datetime.fromisoformat(one["at"]), frozenset(one["owed"]), bool(one["over"])
                )
                for key, one in found.get("told", {}).items()
            },
            {k: datetime.fromisoformat(at) for k, at in found.get("consent_since", {}).items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return _Memory()


def _text(memory: _Memory) -> str:
    return orjson.dumps(
        {
            "told": {
                key: {"at": told.at.isoformat(), "owed": sorted(told.owed), "over": told.over}
                for key, told in memory.told.items()
            },
            "consent_since": {key: at.isoformat() for key, at in memory.consent_since.items()},
        }
    ).decode()
