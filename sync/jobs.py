"""RQ's way into a worker: jobs of a line each, and the loop that takes them.

Jobs carry a lane or a chore's name and nothing else: what is due stands in the ledger. None of them
fails: errors of the systems end in the ledger too (`sync.station`, `sync.chores`).
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextvars import ContextVar
from types import FrameType

import structlog
from redis import Redis, RedisError
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job

from sync.chores import Stopped
from sync.hands import Hands
from sync.lanes import Lane
from sync.ledger import LedgerError
from sync.ringer import WORKING_LANES, queue_name

log = structlog.get_logger()

# Seconds until a queue that is away is asked again; what rings meanwhile is heard without it.
QUEUE_AGAIN = 1.0

_HANDS: ContextVar[Hands] = ContextVar("hands")


def look(lane: str) -> None:
    """Somebody rang in this lane."""
    _do(lambda hands: hands.look(Lane(lane)))


def chore(name: str) -> None:
    """Something is due by the clock."""
    _do(lambda hands: hands.chore(name))


def interest() -> None:
    """Something came in from the website."""
    _do(lambda hands: hands.interest())


def _do(act: Callable[[Hands], None]) -> None:
    try:
        act(_HANDS.get())
    except Stopped:
        log.info("stopped in the middle", advice="it goes on at the next start")
    except LedgerError as error:
        log.warning("the ledger is away", reason=str(error))
    except Exception:  # a job that fails would lie about in Redis
        log.exception("our bug")


class Worker(SimpleWorker):
    """Takes jobs without forking, and tells its hands when it is asked to end."""

    hands: Hands
    max_connection_wait_time = QUEUE_AGAIN
    _at_job = False

    def _install_signal_handlers(self) -> None:
        super()._install_signal_handlers()  # type: ignore[no-untyped-call]  # of RQ
        # A signal that came while Redis was looked for was heard by our own handlers alone.
        self._stop_requested = self.hands.stopping.is_set()

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Do a job; a signal lets it come to its end."""
        self._at_job = True
        try:
            super().execute_job(job, queue)
        finally:
            self._at_job = False

    def request_stop(self, _signum: int, _frame: FrameType | None) -> None:
        """Finish the batch at hand, then leave; one that waits for a job leaves at once.

        RQ's own way writes to Redis here, in the middle of whatever was being said to Redis when the
        signal came: both then wait for each other's answers.
        """
        is_news = not self.hands.stopping.is_set()
        self.hands.stopping.set()
        self._stop_requested = True
        if is_news and not self._at_job:
            raise StopRequested


def work(hands: Hands, connection: Redis) -> None:
    """Take jobs until a signal says to stop. Redis may come and go.

    Call it in the main thread: it takes SIGTERM and SIGINT.
    """
    _HANDS.set(hands)
    is_away = False
    while not hands.stopping.is_set():
        try:
            worker = _worker(hands, connection)
            is_away = False
            worker.work(logging_level="CRITICAL")
        except RedisError as error:
            if not is_away:
                advice = "nothing is lost; see KAKEHASHI_REDIS_URL"
                log.warning("the queue is away", reason=type(error).__name__, advice=advice)
            is_away = True
        _until_asked_again(hands)


def _worker(hands: Hands, connection: Redis) -> Worker:
    queues = [Queue(queue_name(lane), connection=connection) for lane in WORKING_LANES]
    worker = Worker(queues, connection=connection)
    worker.hands = hands
    return worker


def _until_asked_again(hands: Hands) -> None:
    """A moment's rest in which a signal still ends us."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        hands.stopping.set()

    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, stop)
    hands.stopping.wait(QUEUE_AGAIN)
