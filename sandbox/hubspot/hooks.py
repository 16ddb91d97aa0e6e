"""Webhooks: signed arrays of events, posted from a thread of its own, tried again on failure.

Reference sheet, section 17. Neither order nor once-only is promised, and this sender does not try:
arrays are shuffled. The faults `hook_lost` and `hook_doubled` match ``HOOK contact.propertyChange``; with
`seconds` both copies of a doubled event come at random moments within so many, in requests of their own.
"""

from __future__ import annotations

import base64
import hashlib
import heapq
import hmac
import itertools
import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import urllib3

from sandbox.behaviour import Fault, FaultPlan
from sandbox.deliveries import Deliveries
from sandbox.hubspot.state import Event, State

MOST_EVENTS = 100
TIMEOUT = 5.0
MOST_TRIES = 10
NEVER_SENT = frozenset({"hs_lastmodifieddate", "num_unique_conversion_events"})


@dataclass(frozen=True, slots=True)
class Subscription:
    """One event type that goes to one address; of changes those of one property, None: of every one."""

    id: int
    target_url: str
    secret: str
    event_type: str
    property_name: str | None = None

    def wants(self, event_type: str, property_name: str | None) -> bool:
        if self.event_type != event_type or property_name in NEVER_SENT:
            return False
        return self.property_name in (None, property_name)


def sign_v1(secret: str, body: bytes) -> str:
    return hashlib.sha256(secret.encode() + body).hexdigest()


def sign_v3(secret: str, method: str, url: str, body: bytes, timestamp: str) -> str:
    text = method.encode() + url.encode() + body + timestamp.encode()
    return base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()


class HookSender:
    """Keeps the subscriptions and delivers what they want. `gather` and `backoff` in seconds."""

    def __init__(self, faults: FaultPlan, *, seed: int, gather: float, backoff: float) -> None:
        self._faults = faults
        self._dice = random.Random(seed)
        self._gather = gather
        self.backoff = backoff
        self.deliveries = Deliveries()
        self._listeners: list[Callable[[Event], None]] = []
        self._wake = threading.Condition()
        self._due: list[tuple[float, int, Subscription, dict[str, Any]]] = []
        self._tickets = itertools.count()
        self._ids = itertools.count(1001)
        self._subscriptions: list[Subscription] = []
        self._in_flight = False
        self._thread: threading.Thread | None = None
        self._closed = False
        self._http = urllib3.PoolManager(timeout=TIMEOUT, retries=False)

    def subscribe(
        self,
        target_url: str,
        secret: str,
        events: Iterable[str],
        properties: Mapping[str, Iterable[str]],
    ) -> list[int]:
        """Post these events (``contact.creation``) and changes of these properties (by ``contact``).

        The event ``contact.propertyChange`` stands for the changes of every property.
        """
        wanted: list[tuple[str, str | None]] = [(event, None) for event in events]
        for kind, names in properties.items():
            wanted += [(f"{kind}.propertyChange", name) for name in names]
        refused = sorted(str(name) for _, name in wanted if name in NEVER_SENT)
        if refused:
            raise ValueError(f"not subscribable: {', '.join(refused)}")
        made = [Subscription(next(self._ids), target_url, secret, *one) for one in wanted]
        with self._wake:
            self._subscriptions += made
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="hooks", daemon=True)
                self._thread.start()
        return [one.id for one in made]

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Tell somebody in this process of everything at once, subscribed to or not.

        It is called while the account is locked: it must be quick and must not ask the account.
        """
        self._listeners.append(listener)

    def clear(self) -> None:
        """Forget subscriptions, whatever was on its way, and the counts."""
        with self._wake:
            self._subscriptions.clear()
            self._due.clear()
            self.deliveries = Deliveries()

    def close(self) -> None:
        """End the thread; undelivered events are dropped."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()

    def tell(self, state: State, event: Event) -> None:
        """Queue an event for everyone who wants it. Cheap where nobody does."""
        for listener in self._listeners:
            listener(event)
        if not self._subscriptions:
            return
        event_type = f"{_word(event)}.{event.what}"
        with self._wake:
            for one in self._subscriptions:
                if one.wants(event_type, event.property_name):
                    self._queue(one, _body(state, one, event, self._dice.getrandbits(32)))

    def drain(self, timeout: float) -> bool:
        """Wait until everything is delivered. False if it is not, `timeout` seconds later."""
        with self._wake:
            return self._wake.wait_for(lambda: not self._due and not self._in_flight, timeout)

    def _queue(self, one: Subscription, body: dict[str, Any]) -> None:
        call = f"HOOK {one.event_type}"
        self.deliveries.told += 1
        if self._faults.take(call, "hook_lost") is not None:
            self.deliveries.lost += 1
            return
        doubled = self._faults.take(call, "hook_doubled")
        self._push(self._gather + self._delay(doubled), one, body)
        if doubled is not None:
            self.deliveries.doubled += 1
            self._push(self._gather + self._delay(doubled), one, body)
        self._wake.notify_all()

    def _delay(self, doubled: Fault | None) -> float:
        """How much later a copy of a doubled event comes."""
        within = 0.0 if doubled is None else float(doubled.options.get("seconds", 0.0))
        return within * self._dice.random()

    def _push(self, wait: float, one: Subscription, body: dict[str, Any]) -> None:
        heapq.heappush(self._due, (time.monotonic() + wait, next(self._tickets), one, body))

    def _run(self) -> None:
        while not self._closed:
            batch = self._next_batch()
            if batch:
                self._deliver(batch)

    def _next_batch(self) -> list[tuple[Subscription, dict[str, Any]]]:
        """Wait until something is due, then take what is nearly due and goes to the same address."""
        with self._wake:
            self._in_flight = False
            if not self._due:
                self._wake.notify_all()
            wait = self._due[0][0] - time.monotonic() if self._due else None
            if wait is None or wait > 0:
                self._wake.wait(wait)
                return []
            address, soon = _address(self._due[0][2]), time.monotonic() + self._gather
            batch: list[tuple[Subscription, dict[str, Any]]] = []
            while self._due and len(batch) < MOST_EVENTS:
                due, _, one, body = self._due[0]
                if due > soon or _address(one) != address:
                    break
                heapq.heappop(self._due)
                batch.append((one, body))
            self._in_flight = True
            return batch

    def _deliver(self, batch: list[tuple[Subscription, dict[str, Any]]]) -> None:
        self._dice.shuffle(batch)
        url, secret = _address(batch[0][0])
        body = orjson.dumps([told for _, told in batch])
        taken = self._post(url, secret, body)
        with self._wake:
            if taken:
                self.deliveries.delivered += len(batch)
            else:
                self.deliveries.refused += len(batch)
                for one, told in batch:
                    self._again(one, told)

    def _again(self, one: Subscription, told: dict[str, Any]) -> None:
        tries = int(told["attemptNumber"]) + 1
        if tries > MOST_TRIES:
            self.deliveries.given_up += 1
            return
        wait = self.backoff * 2 ** (tries - 1) * (0.5 + self._dice.random())
        self._push(wait, one, told | {"attemptNumber": tries})

    def _post(self, url: str, secret: str, body: bytes) -> bool:
        """Whether the other side took it: a full answer below 400 within five seconds."""
        stamp = str(round(time.time() * 1000))
        headers = {
            "Content-Type": "application/json",
            "X-HubSpot-Signature": sign_v1(secret, body),
            "X-HubSpot-Signature-Version": "v1",
            "X-HubSpot-Signature-v3": sign_v3(secret, "POST", url, body, stamp),
            "X-HubSpot-Request-Timestamp": stamp,
        }
        try:
            answer = self._http.request("POST", url, body=body, headers=headers)
        except urllib3.exceptions.HTTPError:
            return False
        return answer.status < 400


def _address(one: Subscription) -> tuple[str, str]:
    return one.target_url, one.secret


def _word(event: Event) -> str:
    """What its type begins with: leads, activities and custom objects ring as ``object.*``."""
    return "object" if event.general else event.kind.word


def _body(state: State, one: Subscription, event: Event, event_id: int) -> dict[str, Any]:
    """One event as the vendor words it; ids are numbers here."""
    # Associations name the types of both ends themselves.
    is_plain = _word(event) == "object" and event.what != "associationChange"
    typed = {"objectTypeId": event.kind.type_id} if is_plain else {}
    return {
        "eventId": event_id,
        "subscriptionId": one.id,
        "portalId": state.portal_id,
        "appId": state.app_id,
        "occurredAt": event.at,
        "subscriptionType": one.event_type,
        "attemptNumber": 0,
        "objectId": event.record_id,
        "changeSource": event.source.type,
        "sourceId": event.source.id,
        **typed,
        **event.details,
    }
