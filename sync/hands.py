"""One worker process: RQ's jobs in its main thread, and beside it threads that need no queue.

::

    main thread    takes RQ's jobs, lane by lane; without Redis it waits for it
    ears           takes over what rang and nobody came for: Redis was flushed or is away, or the main
                   thread is busy with a long compare. So the urgent lanes never wait behind one.
    heart          keeps what this process holds, frees what dead ones held, rings for what waits
    memory         does chores that are overdue although somebody should have been reminded of them
    eyes           scores what came in from the website and tells what is news of it
    usher          decides who is handed over and who comes back, and sees to the clocks of hand-offs
    postman        gives sellers the records of their leads, and sends the letters that are owed

Each thread that works has a station, and so a name of its own at the leases.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

import structlog

from sync.chores import Chores, Stopped
from sync.desk import Desk
from sync.lanes import URGENT, Lane
from sync.ledger import Ledger, LedgerError
from sync.mustering import Muster
from sync.poll import ring_for_waiting
from sync.postman import Postman
from sync.ringer import Ringer
from sync.station import Station
from sync.telling import Teller
from sync.timetable import Chore
from sync.ushering import Usher
from sync.workbench import Workbench

log = structlog.get_logger()

# A look at the bells goes on for so long before other lanes get their turn at the queue, and it waits
# so long for the next bell before it ends.
SITTING, PATIENCE = timedelta(seconds=10), timedelta(seconds=1)
# What rang and was not taken for so long is taken without the queue.
UNHEARD = timedelta(milliseconds=300)
# A chore that is due for so long was not reminded of.
OVERDUE = timedelta(seconds=20)
# Seconds between two rounds of each thread.
LISTENS, BEATS, REMEMBERS = 0.25, 5.0, 5.0
# A glance at the website's events is cheap; cards are looked at without any this often.
GLANCES, LOOKS_EVERY = 1.0, timedelta(seconds=5)
# Requests and clocks are seen to at once; who only waits for a day or an opportunity, this often.
USHERS, STROLLS_EVERY = 1.0, timedelta(hours=1)
# A letter is on its way as soon as this.
POSTS = 1.0
# Everything that waits is rung for at least every 30 s, scheduler or not: a beat may come late.
SWEEP_EVERY = timedelta(seconds=20)
LEDGER_AGAIN = 2.0


@dataclass(slots=True, kw_only=True)
class Hands:
    """What a worker does, whoever says so. `station` is the main thread's, `ears` the listening one's.

    `tell` notes for `status` that this process lives, and what it knows; `bench` answers the
    workbench with the mappings in force.
    """

    ledger: Ledger
    station: Station
    ears: Station
    chores: Chores
    bench: Callable[[], Workbench]
    ringer: Ringer | None
    clock: Callable[[], datetime]
    tell: Callable[[], None] = lambda: None
    teller: Teller | None = None
    # Answers whoever hands leads over, by the mappings in force; None: nobody does here.
    usher: Callable[[], Usher] | None = None
    # Answers whoever arranges hand-overs in Salesforce; None: nobody does here.
    desk: Callable[[], Desk] | None = None
    # Answers whoever sends letters; None: nobody does here.
    postman: Callable[[], Postman] | None = None
    stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _swept_at: datetime | None = None
    # Set when something came in from the website; and when the cards were looked at last.
    _summoned: threading.Event = field(default_factory=threading.Event)
    _looked_at: datetime | None = None
    # When those were looked at last who only wait for a day or an opportunity.
    _strolled_at: datetime | None = None
    # Whether the main thread is looking right now at bells that are not urgent.
    _sits: bool = False
    # Since when this process sees a chore due that nobody does.
    _undone: dict[str, datetime] = field(default_factory=dict)

    # The queue's jobs ---------------------------------------------------------------------------

    def look(self, lane: Lane) -> None:
        """Work off what is due in this lane and in more urgent ones."""
        if self.ringer is not None:
            self.ringer.answered(lane)
        until = self.clock() + SITTING
        self._sits = lane not in URGENT
        try:
            self.station.sit(lane, until=until, patience=PATIENCE, stop=self.stopping.is_set)
        finally:
            self._sits = False
        # While a system refuses us, nobody could do anything: the ears ask when it is time.
        if not self.stopping.is_set() and not self.ledger.troubles() and self.ringer is not None:
            self.ringer.ring(self.ledger.due_bells(self.clock()))

    def chore(self, name: str) -> None:
        """Do a chore that somebody was reminded of, and let the others share what it rang for."""
        if self.chores.do(name) and self.ringer is not None:
            self.ringer.ring(self.ledger.due_bells(self.clock()))

    def interest(self) -> None:
        """Something came in from the website: the eyes look at once, and nothing waits for them."""
        if self.ringer is not None:
            self.ringer.came()
        self._summoned.set()

    # Beside the queue ---------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to listen, to beat and to remember. What was put off while nobody ran is due, and so is
        what a worker of this machine had in its hands when it died.
        """
        self.station.holder.bury_the_dead()
        self.ledger.hasten_bells(self.clock())
        for name, seconds, act in (
            ("ears", LISTENS, self.listen),
            ("heart", BEATS, self.beat),
            ("memory", REMEMBERS, self.remember),
            ("eyes", GLANCES, self.watch),
            ("usher", USHERS, self.hand_over),
            ("postman", POSTS, self.deliver),
        ):
            if not self._has(name):
                continue
            wake = self._summoned if name == "eyes" else self.stopping
            thread = threading.Thread(target=self._again, args=(seconds, act, wake), name=name)
            thread.daemon = True
            thread.start()
            self._threads.append(thread)

    def _has(self, name: str) -> bool:
        """Whether somebody does here what a thread of this name is for."""
        doers = {"eyes": self.teller, "usher": self.usher, "postman": self.postman}
        return name not in doers or doers[name] is not None

    def stop(self, patience: float = 20.0) -> None:
        """End everything after the batch that it is at, and close the runs."""
        self.stopping.set()
        self._summoned.set()
        until = monotonic() + patience
        for thread in self._threads:
            thread.join(max(0.1, until - monotonic()))
        for station in (self.station, self.ears):
            try:
                station.end_shift()
            except LedgerError as error:
                log.warning("the ledger is away", reason=str(error))

    def listen(self) -> None:
        """Take over what rang and nobody came for.

        While the main thread looks at bells of all lanes, that is only what must not wait for its
        batch: two threads over small batches get less done than one over large ones.
        """
        slowest = URGENT[-1] if self._sits else Lane.BACKFILL
        due = self.ledger.next_bell(slowest)
        if due is None or due > self.clock() - UNHEARD:
            return
        until = self.clock() + SITTING
        self.ears.sit(slowest, until=until, stop=self.stopping.is_set)

    def beat(self) -> None:
        """Say that we are alive, free what the dead held, ring for what waits."""
        for station in (self.station, self.ears):
            station.holder.still_alive(at_work=station.at_work)
        self.chores.holder.still_alive(at_work=False)
        self.station.holder.bury_the_dead()
        self.tell()
        now = self.clock()
        # A clock that was set back must not stop us from sweeping.
        if self._swept_at is None or abs(now - self._swept_at) >= SWEEP_EVERY:
            self._swept_at = now
            ring_for_waiting(self.bench())

    def remember(self) -> None:
        """Do what is overdue: the scheduler is away, or its reminders are lost."""
        now, due = self.clock(), self.chores.due()
        self._undone = {chore.name: self._since(chore, now) for chore in due}
        for chore in due:
            if self.stopping.is_set():
                return
            if self._undone[chore.name] <= now - OVERDUE:
                self.chore(chore.name)

    def watch(self) -> None:
        """Score and tell what came in from the website; now and then, look at cards that only fade."""
        self._summoned.clear()
        if self.teller is None:
            return
        now = self.clock()
        if self._looked_at is None or abs(now - self._looked_at) >= LOOKS_EVERY:
            self._looked_at = now
            self.teller.work()
        else:
            self.teller.glance()

    def hand_over(self) -> None:
        """Decide what was asked for and see to clocks; where nothing waits, look at some whom a new
        definition may move, and now and then at those who only wait.
        """
        if self.usher is None:
            return
        usher, now = self.usher(), self.clock()
        if not usher.work():
            Muster(usher).step()
        if self._strolled_at is None or abs(now - self._strolled_at) >= STROLLS_EVERY:
            self._strolled_at = now
            usher.sweep()

    def deliver(self) -> None:
        """Arrange what was handed over, and send the letters that are owed."""
        if self.desk is not None:
            self.desk().work()
        if self.postman is not None:
            self.postman().deliver()

    def _since(self, chore: Chore, now: datetime) -> datetime:
        """Since when a chore is due: by the timetable, or since we saw it where that says `now`."""
        due = self.chores.next(chore, now)
        return due if due < now else min(self._undone.get(chore.name, now), now)

    def _again(self, seconds: float, act: Callable[[], None], wake: threading.Event) -> None:
        """Act again and again; whatever goes wrong, the next time is another chance."""
        while not self.stopping.is_set():
            wake.wait(seconds)
            if self.stopping.is_set():
                return
            try:
                act()
            except Stopped:
                return
            except LedgerError as error:
                log.warning("the ledger is away", reason=str(error))
                self.stopping.wait(LEDGER_AGAIN)
            except Exception:  # this thread must outlive every bug
                log.exception("our bug", thread=threading.current_thread().name)
                self.stopping.wait(LEDGER_AGAIN)
