"""Visitors on the practice website: their events are sent to a door, as the website's own server would.

What a door does not take (it is not up yet, or its store is down) is sent again with the same ids, so
nothing is lost and nothing counts twice. The first visits lie in the weeks before, as on any website.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any

import requests

from sandbox.behaviour import Clock, system_clock
from sandbox.personas import Visitor, visit, visitors

AT_ONCE = 500
TIMEOUT = 10.0
# Seconds until what was not taken is sent again.
AGAIN = 1.0
# After so many tries a person is told.
LONG = 30
# Answers after which the same events may be sent again.
PASSING = frozenset({429, 500, 502, 503, 504})
# How far back the visits before today reach, and how many of the visitors have made one.
PAST = timedelta(days=28)
CAME_BEFORE = 0.5
EVERY_SECOND = 0.5


class DoorRefuses(Exception):
    """The door will never take this: the key is wrong, or it is no door. The message says what it said."""


@dataclass
class Traffic:
    """Sends visits to `door` (``http://127.0.0.1:8080/webhooks/intent``), one every `pace` seconds.

    `emails` are those of the people who may come by. `counts` tells what became of the events. So many
    `regulars` are buyers who come every second time, so that their way can be watched.
    """

    door: str
    key: str
    emails: Sequence[str]
    pace: float = 2.0
    regulars: int = 0
    number: int = 7
    clock: Clock = system_clock
    say: Callable[[str], None] = lambda _text: None
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._dice = Random(self.number)
        self._visitors = visitors(self.emails, self._dice)
        buyers = [who for who in self._visitors if who.persona.name == "buyer"]
        self._regulars = buyers[: self.regulars]
        self._made: Counter[int] = Counter()
        self._stop = threading.Event()
        self._http = requests.Session()
        self._thread = threading.Thread(target=self._run, name="sandbox-traffic", daemon=True)

    def start(self) -> None:
        """Let them come, until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Send nothing more. Safe to repeat."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=TIMEOUT + 1)
        self._http.close()

    def come_before(self) -> int:
        """The visits of the weeks before today; answers how many events they were."""
        events: list[dict[str, Any]] = []
        for who in self._visitors:
            if self._dice.random() < CAME_BEFORE:
                ago = PAST * self._dice.random() + timedelta(hours=1)
                events += visit(who, self._next(who), self.clock() - ago, self._dice)
        self.send(events)
        return len(events)

    def come_by(self) -> int:
        """One visit that ends now; answers how many events it was, 0 where there is nobody."""
        if not self._visitors:
            return 0
        comes_again = self._regulars and self._dice.random() < EVERY_SECOND
        who = self._dice.choice(self._regulars if comes_again else self._visitors)
        events = visit(who, self._next(who), self.clock(), self._dice)
        self.send(events)
        return len(events)

    def send(self, events: Sequence[dict[str, Any]]) -> None:
        """Send events until the door has answered for each of them. Raises `DoorRefuses`."""
        for start in range(0, len(events), AT_ONCE):
            self._send(events[start : start + AT_ONCE])

    def _next(self, who: Visitor) -> int:
        number = self._made[who.number]
        self._made[who.number] += 1
        return number

    def _send(self, batch: Sequence[dict[str, Any]]) -> None:
        for tries in count(1):
            if self._stop.is_set():
                return
            answer = self._post(batch)
            if answer is not None and answer.status_code == requests.codes.accepted:
                told = answer.json()
                self.counts["accepted"] += told["accepted"]
                self.counts["duplicates"] += told["duplicates"]
                self.counts["rejected"] += len(told["rejected"])
                return
            if answer is not None and answer.status_code not in PASSING:
                raise DoorRefuses(f"{self.door} answered {answer.status_code}: {answer.text[:200]}")
            self.counts["sent_again"] += len(batch)
            if tries == LONG:
                why = "nobody answers" if answer is None else answer.text[:200]
                self.say(f"Visitors of the practice website still wait at {self.door}: {why}")
            self._stop.wait(AGAIN)

    def _post(self, batch: Sequence[dict[str, Any]]) -> requests.Response | None:
        head = {"Authorization": f"Bearer {self.key}"}
        try:
            return self._http.post(self.door, json=list(batch), headers=head, timeout=TIMEOUT)
        except requests.RequestException:
            return None

    def _run(self) -> None:
        try:
            self.come_before()
            while not self._stop.wait(self.pace):
                self.come_by()
        except DoorRefuses as error:
            self.say(f"The practice website has no visitors: {error}")
