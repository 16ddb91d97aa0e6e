"""The scheduler: reminds workers of what is due by the clock. It does nothing itself.

Any number of schedulers may run; one of them leads, and another one takes over when it dies. A chore
that nobody begins is reminded of again, since queues may lose everything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from redis import RedisError

from sync.chores import Chores
from sync.ledger import LedgerBusy, LedgerError, LedgerLock
from sync.ringer import Ringer

log = structlog.get_logger()

TICK = 0.5
# Seconds between two looks for trouble that people should hear of.
ALERTS = 15.0
REMIND_AGAIN = timedelta(seconds=10)
LEADS_FOR = timedelta(seconds=15)
AGAIN = 2.0


@dataclass(slots=True, kw_only=True)
class Clockwork:
    """Ticks until it is stopped. `lock` is the leadership; `tell` notes that this process lives.

    `alert` tells people of new trouble; it may take its time, so it has a thread of its own.
    """

    chores: Chores
    ringer: Ringer
    lock: LedgerLock
    clock: Callable[[], datetime]
    tell: Callable[[], None] = lambda: None
    alert: Callable[[], object] = lambda: None
    leads: bool = False
    _reminded: dict[str, datetime] = field(default_factory=dict)

    def run(self, stopping: threading.Event) -> None:
        """Tick until `stopping` is set, then let go of the leadership."""
        threading.Thread(target=self._alert, args=(stopping,), name="alerts", daemon=True).start()
        while not stopping.wait(TICK):
            try:
                self.tick()
            except LedgerError as error:
                self.leads = False
                log.warning("the ledger is away", reason=str(error))
                stopping.wait(AGAIN)
        if self.leads:
            self.lock.__exit__(None, None, None)

    def tick(self) -> None:
        """Lead if nobody does; remind of everything that is due. Raises `LedgerError`."""
        self.tell()
        if not self._lead():
            return
        for chore in self.chores.due():
            now = self.clock()
            reminded = self._reminded.get(chore.name)
            if reminded is not None and now - reminded < REMIND_AGAIN:
                continue
            try:
                self.ringer.enqueue(chore.lane, "sync.jobs.chore", chore.name)
            except RedisError as error:
                # Workers remember by themselves what is overdue.
                log.warning("the queue is away", reason=type(error).__name__)
                return
            self._reminded[chore.name] = now

    def _alert(self, stopping: threading.Event) -> None:
        while not stopping.wait(ALERTS):
            if not self.leads:
                continue
            try:
                self.alert()
            except LedgerError as error:
                log.warning("the ledger is away", reason=str(error))

    def _lead(self) -> bool:
        try:
            if self.leads:
                self.lock.heartbeat()
            else:
                self.lock.__enter__()
                log.info("this scheduler leads")
            self.leads = True
        except LedgerBusy:
            self.leads = False
        return self.leads
