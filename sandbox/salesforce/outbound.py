"""Outbound messages: SOAP notifications, posted from a thread of their own until they are acked.

Reference sheet, section 4.1. At least once, in no promised order; the payload is the record at send
time. The faults `hook_lost` and `hook_doubled` match ``HOOK Lead``; with `seconds` both copies of a doubled
notification come at random moments within so many, in messages of their own.
"""

from __future__ import annotations

import heapq
import itertools
import random
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from xml.sax.saxutils import escape

import urllib3

from sandbox.behaviour import Fault, FaultPlan
from sandbox.deliveries import Deliveries
from sandbox.salesforce.answers import Row
from sandbox.salesforce.ids import Mint
from sandbox.salesforce.state import State

MOST_NOTIFICATIONS = 100
TIMEOUT = 60.0
LONGEST_WAIT = 7_200.0
GIVE_UP = 86_400.0
SITE = "https://practice.my.salesforce.com"
_ACK = re.compile(rb"<(?:\w+:)?Ack>\s*true\s*</(?:\w+:)?Ack>")


@dataclass(frozen=True, slots=True)
class OutboundRule:
    """Which records go where. `fields` besides Id; changes by `ignored_user` tell nothing."""

    action_id: str
    object: str
    url: str
    fields: tuple[str, ...]
    ignored_user: str | None


class Notice(NamedTuple):
    """One notification that waits to be acked. `due` and `born` in monotonic seconds."""

    due: float
    ticket: int
    id: str
    record_id: str
    rule: OutboundRule
    born: float
    tries: int


class OutboundSender:
    """Keeps the rules and delivers what they ask for. `gather` and `backoff` in seconds."""

    def __init__(self, faults: FaultPlan, *, gather: float = 0.05, backoff: float = 5.0) -> None:
        self._faults = faults
        self._gather = gather
        self.backoff = backoff
        self.deliveries = Deliveries()
        self._dice = random.Random(1)
        self._listeners: list[Callable[[str, str, str], None]] = []
        self._wake = threading.Condition()
        self._due: list[Notice] = []
        self._rules: list[OutboundRule] = []
        self._tickets = itertools.count()
        self._actions, self._notices = Mint("04k"), Mint("04l")
        self._in_flight = False
        self._closed = False
        self._thread: threading.Thread | None = None
        self._state: State | None = None
        self._http = urllib3.PoolManager(timeout=TIMEOUT, retries=False)

    def add(
        self,
        state: State,
        object_name: str,
        url: str,
        fields: Sequence[str],
        ignored_user: str | None,
    ) -> str:
        """Send a message whenever a record of this object is born or changed. Answers the action id."""
        with self._wake:
            rule = OutboundRule(self._actions.make(), object_name, url, tuple(fields), ignored_user)
            self._rules.append(rule)
            self._state = state
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="outbound", daemon=True)
                self._thread.start()
        return rule.action_id

    def listen(self, listener: Callable[[str, str, str], None]) -> None:
        """Tell somebody in this process of every change at once: object, record id, id of the user.

        It is called while the org is locked: it must be quick.
        """
        self._listeners.append(listener)

    def clear(self) -> None:
        """Forget rules, whatever was on its way, and the counts."""
        with self._wake:
            self._rules.clear()
            self._due.clear()
            self.deliveries = Deliveries()

    def close(self) -> None:
        """End the thread; undelivered notifications are dropped."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()

    def tell(self, object_name: str, record_id: str, user_id: str) -> None:
        """Queue a change for every rule that wants it. Cheap where none does."""
        for listener in self._listeners:
            listener(object_name, record_id, user_id)
        if not self._rules:
            return
        with self._wake:
            for rule in self._rules:
                if rule.object == object_name and user_id != rule.ignored_user:
                    self._queue(rule, record_id)
            self._wake.notify_all()

    def drain(self, timeout: float) -> bool:
        """Wait until everything is acked. False if it is not, `timeout` seconds later."""
        with self._wake:
            return self._wake.wait_for(lambda: not self._due and not self._in_flight, timeout)

    def _queue(self, rule: OutboundRule, record_id: str) -> None:
        call = f"HOOK {rule.object}"
        self.deliveries.told += 1
        if self._faults.take(call, "hook_lost") is not None:
            self.deliveries.lost += 1
            return
        doubled = self._faults.take(call, "hook_doubled")
        self.deliveries.doubled += doubled is not None
        now, notice_id = time.monotonic(), self._notices.make()
        for _ in range(1 if doubled is None else 2):
            due = now + self._gather + self._delay(doubled)
            notice = Notice(due, next(self._tickets), notice_id, record_id, rule, now, 0)
            heapq.heappush(self._due, notice)

    def _delay(self, doubled: Fault | None) -> float:
        """How much later a copy of a doubled notification comes."""
        within = 0.0 if doubled is None else float(doubled.options.get("seconds", 0.0))
        return within * self._dice.random()

    def _run(self) -> None:
        while not self._closed:
            batch = self._next_batch()
            if not batch:
                continue
            taken = self._deliver(batch)
            with self._wake:
                if taken:
                    self.deliveries.delivered += len(batch)
                else:
                    self._again(batch)

    def _next_batch(self) -> list[Notice]:
        """Wait until something is due, then take all of it that is for the same rule."""
        with self._wake:
            self._in_flight = False
            if not self._due:
                self._wake.notify_all()
            wait = self._due[0].due - time.monotonic() if self._due else None
            if wait is None or wait > 0:
                self._wake.wait(wait)
                return []
            first, now = self._due[0].rule, time.monotonic()
            batch = [one for one in sorted(self._due) if one.rule is first and one.due <= now]
            batch = batch[:MOST_NOTIFICATIONS]
            taken = {one.ticket for one in batch}
            self._due = [one for one in self._due if one.ticket not in taken]
            heapq.heapify(self._due)
            self._in_flight = True
            return batch

    def _deliver(self, batch: list[Notice]) -> bool:
        """Whether the other end acked the whole message."""
        state, rule = self._state, batch[0].rule
        if state is None:
            return False
        with state.lock:
            table = state.tables[rule.object]
            rows = [(one.id, table.live(one.record_id)) for one in batch]
            body = message(state.org_id, rule, rows)
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
        try:
            answer = self._http.request("POST", rule.url, body=body, headers=headers)
        except urllib3.exceptions.HTTPError:
            return False
        return answer.status == 200 and _ACK.search(answer.data) is not None

    def _again(self, batch: list[Notice]) -> None:
        """Later, and each time later still, for a day."""
        now = time.monotonic()
        self.deliveries.refused += len(batch)
        for one in batch:
            wait = min(self.backoff * 2**one.tries, LONGEST_WAIT)
            if one.rule not in self._rules:
                continue
            if now + wait - one.born < GIVE_UP:
                heapq.heappush(self._due, one._replace(due=now + wait, tries=one.tries + 1))
            else:
                self.deliveries.given_up += 1


def message(org_id: str, rule: OutboundRule, rows: Sequence[tuple[str, Row | None]]) -> bytes:
    """The envelope of one message. A record that was deleted meanwhile has no data but its notice."""
    notices = "".join(_notification(rule, notice_id, row) for notice_id, row in rows)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n <soapenv:Body>\n'
        '  <notifications xmlns="http://soap.sforce.com/2005/09/outbound">\n'
        f"   <OrganizationId>{org_id}</OrganizationId>\n"
        f"   <ActionId>{rule.action_id}</ActionId>\n"
        '   <SessionId xsi:nil="true"/>\n'
        f"   <EnterpriseUrl>{SITE}/services/Soap/c/62.0/{org_id[:15]}</EnterpriseUrl>\n"
        f"   <PartnerUrl>{SITE}/services/Soap/u/62.0/{org_id[:15]}</PartnerUrl>\n"
        f"{notices}  </notifications>\n </soapenv:Body>\n</soapenv:Envelope>\n"
    ).encode()


def _notification(rule: OutboundRule, notice_id: str, row: Row | None) -> str:
    shown = "" if row is None else _fields(rule, row)
    return (
        f"   <Notification>\n    <Id>{notice_id}</Id>\n"
        f'    <sObject xsi:type="sf:{rule.object}"'
        f' xmlns:sf="urn:sobject.enterprise.soap.sforce.com">\n{shown}'
        "    </sObject>\n   </Notification>\n"
    )


def _fields(rule: OutboundRule, row: Row) -> str:
    """Blank fields are left out."""
    names = ["Id", *(name for name in rule.fields if name != "Id")]
    return "".join(
        f"     <sf:{name}>{escape(_text(row[name]))}</sf:{name}>\n"
        for name in names
        if row.get(name) is not None
    )


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
