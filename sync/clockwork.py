"""The scheduler: reminds workers of what is due by the clock. It does nothing itself.

Any number of schedulers may run; one of them leads, and another one takes over when it dies. A chore
that nobody begins is reminded of again, since queues may lose everything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog
from redis import RedisError

from sync.chores import Chores
from sync.ledger import LedgerBusy, LedgerError, LedgerLock
from sync.ringer import Ringer

log = structlog.get_logger()

TICK = 0.5
# Seconds between two looks for trouble that people should hear of.
ALERTS = 15.0
# Somebody is reminded again after this, and then less and less often: where no worker is, the
# reminders of a night must not pile up.
REMIND_AGAIN, SELDOMEST = timedelta(seconds=10), timedelta(minutes=10)
LEADS_FOR = timedelta(seconds=15)
AGAIN = 2.0


class _Reminder(NamedTuple):
    at: datetime
    times: int

    def is_enough(self, now: datetime) -> bool:
        wait = min(REMIND_AGAIN * 2.0 ** min(self.times - 1, 10), SELDOMEST)
        # A clock that was set back must not stop us from reminding.
        return self.at <= now < self.at + wait


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
    _reminded: dict[str, _Reminder] = field(default_factory=dict)

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
            except Exception:  # a scheduler that ends reminds nobody
                log.exception("our bug")
                stopping.wait(AGAIN)
        if self.leads:
            self.leads = False
            # It is over in some seconds anyway.
            with suppress(LedgerError):
                self.lock.__exit__(None, None, None)

    def tick(self) -> None:
        """Lead if nobody does; remind of everything that is due. Raises `LedgerError`."""
        self.tell()
        if not self._lead():
            return
        due = self.chores.due()
        for name in self._reminded.keys() - {chore.name for chore in due}:
            del self._reminded[name]
        for chore in due:
            now, last = self.clock(), self._reminded.get(chore.name)
            if last is not None and last.is_enough(now):
                continue
            try:
                self.ringer.enqueue(chore.lane, "sync.jobs.chore", chore.name)
            except RedisError as error:
                # Workers remember by themselves what is overdue.
                log.warning("the queue is away", reason=type(error).__name__)
                return
            self._reminded[chore.name] = _Reminder(now, 1 if last is None else last.times + 1)

    def _alert(self, stopping: threading.Event) -> None:
        while not stopping.wait(ALERTS):
            if not self.leads:
                continue
            try:
                self.alert()
            except LedgerError as error:
                log.warning("the ledger is away", reason=str(error))
            except Exception:  # nor does trouble with telling end the telling
                log.exception("our bug")

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
