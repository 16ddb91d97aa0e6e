"""Knock at HubSpot's door as hard as asked, over kept connections, in a process of its own.

``python -m bench.knocking`` reads one JSON document from standard input (the fields of `Orders`) and
prints one. Each request is signed when it is sent. Latencies of an offered rate are taken from the
moment at which the request was due, so a door that falls behind cannot hide it.
"""

from __future__ import annotations

import itertools
import json
import random
import socket
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson

from sandbox.hubspot.hooks import sign_v3

TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Orders:
    """`events` in each request, about `records` different contacts; `rate` requests per second, 0: each
    connection sends as soon as it is answered. `url` is the door.
    """

    url: str
    secret: str = field(repr=False)
    portal_id: int
    app_id: int
    events: int
    connections: int
    seconds: float
    rate: float
    records: int
    seed: int


class Knocker:
    """All connections together."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._tickets = itertools.count()
        self._lock = threading.Lock()
        self._latencies: list[float] = []
        self._answers: Counter[str] = Counter()
        self._opened = 0
        self._begin = 0.0

    def run(self) -> dict[str, Any]:
        """Knock for as long as ordered, and tell what was answered."""
        orders = self._orders
        hands = [
            threading.Thread(target=self._knock, args=(number,))
            for number in range(orders.connections)
        ]
        self._begin = time.perf_counter() + 0.05
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()
        took = time.perf_counter() - self._begin
        taken = self._answers["204"]
        return {
            "requests": taken,
            "accepted": taken * orders.events,
            "seconds": took,
            "requests_per_second": taken / took,
            "events_per_second": taken * orders.events / took,
            "answers": dict(self._answers),
            "connections": self._opened,
            **percentiles(self._latencies),
        }

    def _knock(self, number: int) -> None:
        dice = random.Random(self._orders.seed * 1_000 + number)
        line = Line(self._orders.url)
        latencies: list[float] = []
        answers: Counter[str] = Counter()
        while True:
            due = self._next_due()
            if due is None:
                break
            body = events(dice, self._orders)
            answers[line.post(body, self._headers(body))] += 1
            latencies.append(time.perf_counter() - due)
        line.close()
        with self._lock:
            self._opened += line.opened
            self._latencies += latencies
            self._answers += answers

    def _next_due(self) -> float | None:
        """The moment of the next request, waited for; None when the time is over."""
        orders, now = self._orders, time.perf_counter()
        due = max(now, self._begin)
        if orders.rate:
            with self._lock:
                due = self._begin + next(self._tickets) / orders.rate
        if due - self._begin >= orders.seconds:
            return None
        if due > now:
            time.sleep(due - now)
        return due

    def _headers(self, body: bytes) -> bytes:
        stamp = str(round(time.time() * 1000))
        signature = sign_v3(self._orders.secret, "POST", self._orders.url, body, stamp)
        return (
            f"X-HubSpot-Signature-v3: {signature}\r\nX-HubSpot-Request-Timestamp: {stamp}\r\n"
        ).encode()


class Line:
    """One kept connection; a minimum of HTTP, so that the load costs little beside what it loads."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._place = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._head = (
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            "Content-Type: application/json\r\n"
        ).encode()
        self.opened = 0
        self._socket = self._connect()

    def post(self, body: bytes, headers: bytes) -> str:
        """Send it and answer the status, or ``broken``. A connection that was closed is made anew."""
        length = f"Content-Length: {len(body)}\r\n\r\n".encode()
        try:
            self._socket.sendall(self._head + headers + length + body)
            status, closing = self._answer()
        except (OSError, ValueError):
            status, closing = "broken", True
        if closing:
            self.close()
            self._socket = self._connect()
        return status

    def close(self) -> None:
        self._socket.close()

    def _connect(self) -> socket.socket:
        made = socket.create_connection(self._place, TIMEOUT)
        self.opened += 1
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def _answer(self) -> tuple[str, bool]:
        """The status, and whether the door hangs up."""
        held = b""
        while b"\r\n\r\n" not in held:
            held += self._more()
        head, _, body = held.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        named = dict(line.lower().split(": ", 1) for line in lines[1:])
        rest = int(named.get("content-length", "0")) - len(body)
        while rest > 0:
            rest -= len(self._more())
        return lines[0].split(" ")[1], named.get("connection") == "close"

    def _more(self) -> bytes:
        data = self._socket.recv(65_536)
        if not data:
            raise ConnectionResetError
        return data


def events(dice: random.Random, orders: Orders) -> bytes:
    """A body of property changes about contacts drawn by lot, each event one of its own."""
    now = round(time.time() * 1000)
    return orjson.dumps(
        [
            {
                "eventId": dice.getrandbits(32),
                "subscriptionId": 1001,
                "portalId": orders.portal_id,
                "appId": orders.app_id,
                "occurredAt": now,
                "subscriptionType": "contact.propertyChange",
                "attemptNumber": 0,
                "objectId": 734_900_000_000 + dice.randrange(orders.records),
                "changeSource": "CRM_UI",
                "sourceId": "userId:71000001",
                "propertyName": "jobtitle",
                "propertyValue": "Head of Marketing",
                "isSensitive": False,
            }
            for _ in range(orders.events)
        ]
    )


def percentiles(seconds: list[float]) -> dict[str, float]:
    """p50, p95, p99 and the worst, in milliseconds."""
    ranked = sorted(seconds) or [0.0]
    places = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99, "worst_ms": 1.0}
    last = len(ranked) - 1
    return {name: ranked[round(share * last)] * 1000 for name, share in places.items()}


def ask(orders: Orders) -> str:
    """What is written to the standard input of such a process."""
    return json.dumps(asdict(orders))


if __name__ == "__main__":
    print(json.dumps(Knocker(Orders(**json.load(sys.stdin))).run()))
