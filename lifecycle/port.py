"""What the rooms of the lifecycle ask of the place where its ledger is kept.

One transaction per method, durable when it returns. Errors: `database.room.LedgerUnavailable` where the
database cannot be used now; `Overtaken` where somebody else moved the subject meanwhile: read, decide again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from connector.port import System
from lifecycle.definition import Approval, Clock, Kept
from lifecycle.errands import LETTERS, Errand, Kind
from lifecycle.model import Brief, Entry, Refusal, Request, Standing, Subject

__all__ = ["Approval", "Kept"]


class Overtaken(Exception):
    """A subject has entries that the caller did not know of: decide again."""


class Timer(NamedTuple):
    """A clock that runs for a subject since an entry, and until it is due in business time.

    `owner` is who has to act. `step` counts the steps of the escalation that were told. `is_void`: it was
    stopped because there was nothing to be kept any more, and counts neither way.
    """

    subject: Subject
    clock: Clock
    entry: int
    owner: str
    started_at: datetime
    due_at: datetime
    next_at: datetime | None
    step: int = 0
    stopped_at: datetime | None = None
    is_void: bool = False


class Decided(NamedTuple):
    """What became of a request; see `Lifecycle.decide`."""

    request: Request
    entries: Sequence[Entry]
    refusal: Refusal | None
    timers: Sequence[Timer] = ()
    brief: Brief | None = None
    letters: Sequence[Errand] = ()


class Lifecycle(Protocol):
    """The ledger of stages, and what is asked of it."""

    def ask(self, requests: Sequence[Request]) -> int:
        """Put requests on file, each id once; answers how many are new."""

    def asked(self, limit: int, besides: Collection[Subject] = ()) -> Sequence[Request]:
        """Requests that nobody has decided yet, longest ago first; none about those in `besides`."""

    def standings(self, subjects: Iterable[Subject]) -> Mapping[Subject, Standing]:
        """Where these stand; nobody without an entry is in it."""

    def history(self, subject: Subject) -> Sequence[Entry]:
        """All entries of a subject, oldest first; those of merged subjects too."""

    def decide(
        self,
        request: Request,
        entries: Sequence[Entry],
        refusal: Refusal | None,
        timers: Sequence[Timer] = (),
        brief: Brief | None = None,
        letters: Sequence[Errand] = (),
    ) -> None:
        """Put what became of a request on file: entries or a refusal, the timers that start or stop, what
        is known of the lead by now, and what people are told besides of it.

        Exactly once: a request that was decided already changes nothing. Raises `Overtaken` where the first
        entry's number is not the next one of its subject.
        """

    def decide_all(self, decided: Sequence[Decided]) -> frozenset[Subject]:
        """The same of many at once, in this order; answers about whom nothing more went on file, since they
        were overtaken.
        """

    def entered(self, since: datetime, until: datetime) -> Sequence[Entry]:
        """All entries of a time, by when they were meant in their source: `since` included, `until` not."""

    def refusals(self, limit: int, subject: Subject | None = None) -> Sequence[Refusal]:
        """Requests that were not followed, newest first."""

    def refusals_of(self, subjects: Iterable[Subject]) -> Mapping[Subject, Sequence[Refusal]]:
        """All of each of these, newest first; nobody without one is in it."""

    def waiting_words(self, subjects: Iterable[Subject]) -> Mapping[Subject, Sequence[Refusal]]:
        """What was entered ahead of a verdict (`lifecycle.keeping`), the oldest first."""

    def in_stage(self, stage: str, limit: int, after: Subject | None = None) -> Sequence[Standing]:
        """Who stands there, in the order of their keys, for going through all of them."""

    def written(self, subject: Subject, entry: int, system: System, at: datetime) -> None:
        """That a system holds what an entry says; the first time counts."""

    def written_all(self, seen: Sequence[tuple[Subject, int, System]], at: datetime) -> None:
        """The same of many at once: subject, number of the entry, system."""

    def written_at(self, subject: Subject) -> Mapping[tuple[Subject, int, System], datetime]:
        """Since when each system holds what each entry of a subject says."""

    def held_by(
        self, system: System, entries: Iterable[tuple[Subject, int]]
    ) -> frozenset[tuple[Subject, int]]:
        """Which of these entries (subject, number) a system holds."""

    def merge(self, loser: Subject, survivor: Subject, at: datetime) -> None:
        """Two are one person: both histories are the survivor's, in the order of time."""

    def erase(self, subject: Subject, pseudonym: str, at: datetime) -> None:
        """Nothing of a person stays but the stages and times, under a pseudonym; comments are dropped."""


class Briefs(Protocol):
    """What is known of leads beside where they stand."""

    def briefs(self, subjects: Iterable[Subject]) -> Mapping[Subject, Brief]:
        """Those of these; of a merged subject what was put last of any of them, and their last card."""

    def put_brief(self, brief: Brief) -> None:
        """What is known by now without a decision; nothing of who was erased, and nothing older than it."""


class Clocks(Protocol):
    """Timers of the hand-off."""

    def running(self, subject: Subject) -> Sequence[Timer]:
        """Timers of a subject that nobody has stopped."""

    def running_of(self, subjects: Iterable[Subject]) -> Mapping[Subject, Sequence[Timer]]:
        """The same of many at once; nobody without one is in it."""

    def timers(self, subject: Subject) -> Sequence[Timer]:
        """All timers of a subject, those that stopped too, in the order in which they began."""

    def timers_due(self, since: datetime, until: datetime) -> Sequence[Timer]:
        """All timers that were or are due in a time, those that stopped too: `until` is not included."""

    def lasted(self, clock: Clock, limit: int) -> Sequence[tuple[datetime, datetime]]:
        """When the timers of a clock started and stopped that stopped last, the newest first.

        Those that had nothing to watch any more say nothing of how long it takes.
        """

    def overdue(self, now: datetime, limit: int) -> Sequence[Timer]:
        """Timers that run and should have been stopped by now, longest overdue first."""

    def due(self, now: datetime, limit: int) -> Sequence[Timer]:
        """Timers of which a step is to be told."""

    def keep(self, timers: Sequence[Timer]) -> None:
        """Timers that start or stop without an entry: somebody was called, a system holds what it shall."""

    def begin_anew(self, timers: Sequence[Timer]) -> None:
        """Timers that had nothing to watch run again; what stopped for another reason stays so."""

    def told(self, timer: Timer, step: int, next_at: datetime | None) -> None:
        """That a step of a timer was told, and when the next one is."""


class Definitions(Protocol):
    """Versions of the shared definition, and who agreed to them."""

    def put(self, kept: Kept) -> None:
        """Put a version on file; the same hash once."""

    def kept(self) -> Sequence[Kept]:
        """All versions, oldest first."""

    def approve(self, approval: Approval) -> None:
        """That a department agrees; once per hash and department."""

    def approvals(self, of: str) -> Sequence[Approval]:
        """Who agreed to the text with this hash."""


class Tickets(Protocol):
    """Links in messages that decide something, each once."""

    def spend(self, ticket: str, at: datetime) -> bool:
        """Whether this ticket is used now for the first time."""


class Unsent(NamedTuple):
    """A letter that reaches nobody, and why."""

    errand: Errand
    why: str
    at: datetime


class Letters(Protocol):
    """What people are to be told. Entries bring theirs along (`Lifecycle.decide`)."""

    def put_letters(self, errands: Sequence[Errand]) -> int:
        """Put errands on file, each id once; answers how many are new."""

    def take_letters(
        self, now: datetime, until: datetime, limit: int, kinds: Sequence[Kind] = LETTERS
    ) -> Sequence[Errand]:
        """Errands to be done now, longest waiting first; nobody else gets them before `until`."""

    def owed(self, limit: int, kinds: Sequence[Kind] = LETTERS) -> Sequence[Errand]:
        """Errands that are not over, longest waiting first; looking takes none of them."""

    def again(self, errand: Errand, at: datetime) -> None:
        """That it could not be sent now, and when to try again."""

    def end(self, errand: Errand, outcome: str, at: datetime) -> None:
        """That it is over: `sent`, `moot`, or why it reaches nobody. The first end counts."""

    def unsent(self, since: datetime, limit: int) -> Sequence[Unsent]:
        """Letters that reached nobody, the newest first."""

    def forget_letters(self, before: datetime) -> int:
        """Drop what was over before; answers how many that were."""


class LifecycleStore(Lifecycle, Briefs, Clocks, Definitions, Tickets, Letters, Protocol):
    """All of it, over one database."""
