"""A worker's place of work: it takes bells, makes rounds, and turns errors into what happens next.

::

    TryLater       these bells are rung again after the time that the system asked for
    SystemBlocked  the system is left alone until it is back; its bells wait, nothing is burnt
    Rejected       it refuses to be read so (a field is gone): as a bug of ours, but sooner again
    anything else  a bug of ours: the batch is halved until the one bell stands alone that causes it,
                   which is looked at again much later; all others go on

The queue only says that something may be due. What is due stands in the ledger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from connector.errors import ConnectorError, SystemBlocked, TryLater
from connector.port import System
from sync.holding import Holder
from sync.lanes import Lane, in_lane
from sync.ledger import Bell, Later, Ledger, LedgerError
from sync.rounds import BATCH, Outcome, Rounds
from sync.workbench import Workbench

log = structlog.get_logger()

# A blocked system that does not say when it will be back is asked again after this.
ASK_AGAIN = timedelta(seconds=30)
OUR_BUG_AGAIN = timedelta(minutes=30)
# Soon enough for a field that somebody puts back.
REFUSED_AGAIN = timedelta(minutes=5)
# One entry of the ledger's list of runs holds the writes of so long.
RUN_LASTS = timedelta(hours=1)


@dataclass(slots=True)
class _Shift:
    """The run under which this worker notes its writes at the moment."""

    run_id: int = 0
    began: datetime | None = None
    totals: Counter[str] = field(default_factory=Counter)
    at_work: bool = False
    # Bells of a look that ended with an error stand in the ledger as this worker's.
    owes: bool = False


@dataclass(frozen=True, slots=True)
class Station:
    """Works off bells. `bench` answers the workbench with the mappings that are in force now."""

    ledger: Ledger
    bench: Callable[[], Workbench]
    holder: Holder
    clock: Callable[[], datetime]
    observe: bool = False
    trigger: str = "live"
    _shift: _Shift = field(default_factory=_Shift)

    @property
    def totals(self) -> Counter[str]:
        """What this worker did, as the contract's `totals`."""
        return self._shift.totals

    @property
    def run_id(self) -> int:
        """The run under which the last writes were noted; 0 where there were none."""
        return self._shift.run_id

    def step(self, slowest: Lane = Lane.BACKFILL) -> bool:
        """Make one round over the most urgent bells that are due; False where there are none.

        Raises `LedgerError` when the ledger is away; what was taken comes free by itself.
        """
        if self.blocked():
            return False
        self._put_back()
        bells = self.ledger.take_bells(self.holder.name, self.clock(), limit=BATCH, slowest=slowest)
        if not bells:
            return False
        self._shift.at_work = self._shift.owes = True
        try:
            self._work_off(bells)
        finally:
            # What could not be wiped is not kept: where nothing else rings, it comes free by itself.
            self._shift.at_work = False
        self._shift.owes = False
        return True

    def _work_off(self, bells: Sequence[Bell]) -> None:
        lane = bells[0].lane
        bells, others = _split(bells, lane)
        if others:
            self.ledger.put_back(others)
        with in_lane(lane):
            outcome = self._look(bells)
        self.ledger.wipe(outcome.done, outcome.later, self.clock())
        self._shift.totals.update(outcome.tally.totals)

    @property
    def at_work(self) -> bool:
        """Whether bells are in this worker's hands."""
        return self._shift.at_work

    def _put_back(self) -> None:
        """After a look that ended with an error, nobody knows what of it is done: it is due again."""
        if self._shift.owes:
            self.ledger.free_bells([self.holder.name])
            self._shift.owes = False

    def _look(self, bells: Sequence[Bell]) -> Outcome:
        try:
            return Rounds(self.bench(), self._run(), self.trigger, self.observe).look(bells)
        except SystemBlocked as error:
            self.block(error)
            return self._postponed(bells, ASK_AGAIN, f"{error.system}_{error.cause}")
        except TryLater as error:
            log.info("later", system=error.system, after=error.after, count=len(bells))
            return self._postponed(bells, timedelta(seconds=max(1.0, error.after)), "later")
        except LedgerError:
            raise
        except ConnectorError as error:
            log.warning("refused", system=error.system, count=len(bells))
            return self._alone(bells, error, "refused", REFUSED_AGAIN)
        except Exception as error:  # noqa: BLE001 - one record must never stop the others
            return self._alone(bells, error, "our_bug", OUR_BUG_AGAIN)

    def _postponed(self, bells: Sequence[Bell], wait: timedelta, reason: str) -> Outcome:
        again = self.clock() + wait
        return Outcome(later=[Later(bell, again, reason) for bell in bells])

    def _alone(
        self, bells: Sequence[Bell], error: Exception, reason: str, wait: timedelta
    ) -> Outcome:
        """Halve until the bell that causes it stands alone."""
        if len(bells) == 1:
            if reason == "our_bug":
                log.error("our bug", exc_info=error, system=bells[0].system.value)
            return self._postponed(bells, wait, reason)
        middle = len(bells) // 2
        whole = Outcome()
        for half in (bells[:middle], bells[middle:]):
            part = self._look(half)
            whole.done += part.done
            whole.later += part.later
            for name, count in part.tally.totals.items():
                whole.tally.totals[name] += count
        return whole

    def _run(self) -> int:
        now, shift = self.clock(), self._shift
        if shift.began is None or now - shift.began > RUN_LASTS:
            self.end_shift()
            names = [mapping.name for mapping in self.bench().mappings]
            shift.run_id = self.ledger.begin_run("live", names, self.trigger, now).id
            shift.began = now
        return shift.run_id

    def end_shift(self) -> None:
        """Close the run that is open."""
        shift = self._shift
        if shift.began is not None:
            self.ledger.finish_run(shift.run_id, "done", dict(shift.totals), self.clock())
            shift.began = None

    # Trouble ------------------------------------------------------------------------------------

    def block(self, error: SystemBlocked) -> None:
        """Leave a system alone until it is worth asking again."""
        seconds = error.until if error.until is not None else ASK_AGAIN.total_seconds()
        system = System(error.system)
        log.warning("system blocked", system=system.value, cause=error.cause, seconds=seconds)
        self.ledger.block(system, error.cause, error.advice, self.clock(), seconds)

    def blocked(self) -> bool:
        """Whether some system is to be left alone. Asks one whose time has come, and lets it in."""
        now = self.clock()
        still = False
        for trouble in self.ledger.troubles():
            if trouble.until > now:
                still = True
                continue
            try:
                with in_lane(Lane.HANDOFF):
                    self.bench().connectors[trouble.system].ping()
            except SystemBlocked as error:
                self.block(error)
                still = True
            except TryLater as error:
                wait = max(error.after, ASK_AGAIN.total_seconds())
                self.ledger.block(trouble.system, trouble.cause, trouble.advice, now, wait)
                still = True
            else:
                if self.ledger.unblock(trouble.system):
                    log.info("system is back", system=trouble.system.value)
                    self.ledger.hasten_bells(now)
        return still

    # A whole sitting ----------------------------------------------------------------------------

    def sit(
        self,
        slowest: Lane,
        *,
        until: datetime,
        patience: timedelta = timedelta(),
        stop: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Make rounds until nothing is due within `patience`, or until time is up.

        True when bells are due still: somebody should go on.
        """
        while self.clock() < until and not stop():
            if self.step(slowest):
                continue
            due = self.ledger.next_bell(slowest)
            now = self.clock()
            if due is None or due > now + patience or self.ledger.troubles():
                return False
            self.holder.sleep(max(0.005, (due - now).total_seconds()))
        return bool(self.ledger.due_bells(self.clock()))


def _split(bells: Sequence[Bell], lane: Lane) -> tuple[list[Bell], list[Bell]]:
    """Urgent bells go alone, so that they need not wait for a long batch."""
    if lane.urgency >= Lane.LIVE.urgency:
        return list(bells), []
    return [b for b in bells if b.lane is lane], [b for b in bells if b.lane is not lane]
