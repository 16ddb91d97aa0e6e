"""What is done in Salesforce for a seller who gets a lead: the record becomes theirs, and a task says so.

::

    on file   with the entry that hands somebody over (`lifecycle.errands`), where the definition wants it
    taken     by one worker, for some minutes; who dies with it leaves it to the next
    done      many in a few calls: whose the record is, and a task of which our key makes one
    or        tried again, slower and slower; what cannot be done stands in the list of what lies open

A task is over with the answer, or when somebody loses the lead: what nobody has touched is put into the bin.
The owner is set once, as an assignment rule does it: whoever gives the lead to somebody else afterwards is
heard like any other edit, and nothing is put back. A hand-over that was answered meanwhile is no news.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import random
from typing import Final, NamedTuple

import structlog

from connector.errors import ConnectorError, Rejected, TryLater
from connector.http import RetryPolicy
from connector.port import Change, Draft, Outcome, System, Values
from lifecycle.definition import is_handed
from lifecycle.desk import Task, task_of
from lifecycle.errands import DESK, Errand
from lifecycle.model import Standing
from lifecycle.port import LifecycleStore
from lifecycle.store.outbox import MOOT
from mappings.faults import Language
from sync.acquaintance import Acquaintance
from sync.foresight import Place
from sync.lanes import Lane, in_lane
from sync.users import users_of

log = structlog.get_logger()

SALESFORCE = System.SALESFORCE
TASK, OWNER, WHO = "Task", "OwnerId", "WhoId"
STATUS, IS_CLOSED, UNTOUCHED = "Status", "IsClosed", "Not Started"
# What makes a task of ours one; `kakehashi init` makes the field.
KEY: Final = "Kakehashi_Hand_Over__c"
# The record of a person: a Contact before the Lead that it was.
OBJECTS: Final = ("Contact", "Lead")
AT_ONCE: Final = 25
LEASE: Final = timedelta(minutes=5)
# A hand-over that could not be arranged for so long is old news.
LATEST: Final = timedelta(days=3)
PATIENCE: Final = RetryPolicy(first=5.0, ceiling=1_800.0)
DONE: Final = "sent"


class Job(NamedTuple):
    """One hand-over to be arranged: whose record, for which user."""

    errand: Errand
    standing: Standing
    place: Place
    user: str


class Later(Exception):
    """It cannot be done now; `after` seconds at least."""

    def __init__(self, after: float = 0.0) -> None:
        super().__init__()
        self.after = after


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Whoever does it. `about` gathers what is known, by the definition in force; None: none is."""

    store: LifecycleStore
    about: Callable[[], Acquaintance | None]
    clock: Callable[[], datetime]
    language: Language
    holds: bool = False
    stop: Callable[[], bool] = lambda: False
    dice: Callable[[], float] = random

    def work(self) -> int:
        """Do what is to be done now; answers how much was taken. Raises `LedgerError`."""
        about = None if self.holds else self.about()
        done = 0
        while about is not None and not self.stop():
            now = self.clock()
            some = self.store.take_letters(now, now + LEASE, AT_ONCE, DESK)
            if not some:
                break
            with in_lane(Lane.HANDOFF):
                self._see_to(about, some)
            done += len(some)
        return done

    def _see_to(self, about: Acquaintance, errands: Sequence[Errand]) -> None:
        try:
            found = self._arranged(about, errands)
        except TryLater as error:
            found = {one: Later(error.after) for one in errands}
        except ConnectorError as error:
            log.warning("hand-overs not arranged", system=error.system)
            found = {one: Later() for one in errands}
        for errand, outcome in found.items():
            if not isinstance(outcome, Later):
                self._end(errand, outcome)
            elif self.clock() - errand.at > LATEST:
                self._end(errand, "too_late")
            else:
                wait = PATIENCE.wait(min(errand.tries, 30), outcome.after, self.dice)
                self.store.again(errand, self.clock() + timedelta(seconds=wait))

    def _end(self, errand: Errand, outcome: str) -> None:
        if outcome not in (DONE, MOOT):
            log.warning("hand-over not arranged", reason=outcome)
        self.store.end(errand, outcome, self.clock())

    # What becomes of each -----------------------------------------------------------------------

    def _arranged(
        self, about: Acquaintance, errands: Sequence[Errand]
    ) -> dict[Errand, str | Later]:
        """How each of these ends. Raises what Salesforce raises as a whole."""
        over = [one for one in errands if one.kind == "desk_over"]
        found: dict[Errand, str | Later] = dict.fromkeys(over, DONE)
        found |= self._clear(about, over)
        errands = [one for one in errands if one.kind == "desk"]
        still = {one: at for one in errands if (at := self._still(one)) is not None}
        found |= dict.fromkeys(set(errands) - still.keys(), MOOT)
        places = about.places_of([at.subject for at in still.values()])
        users = users_of(about.connectors[SALESFORCE], {one.whom for one in still})
        jobs: list[Job] = []
        for errand, standing in still.items():
            place = _place(places[standing.subject])
            user = users.get(errand.whom.lower())
            if place is None:
                # Somebody whom Salesforce is to get yet.
                found[errand] = Later()
            elif user is None:
                found[errand] = "no_user"
            else:
                jobs.append(Job(errand, standing, place, user))
        return found | self._done(about, jobs)

    def _still(self, errand: Errand) -> Standing | None:
        """Where somebody stands who was handed over by this and has not been answered about since."""
        if errand.subject is None:
            return None
        standing = self.store.standings([errand.subject]).get(errand.subject)
        if standing is None or standing.number == 0:
            return None
        last = self.store.history(standing.subject)[-1]
        is_last = (last.subject, last.number) == (errand.subject, errand.entry)
        return standing if is_last else None

    def _done(self, about: Acquaintance, jobs: Sequence[Job]) -> dict[Errand, str | Later]:
        found: dict[Errand, str | Later] = dict.fromkeys((one.errand for one in jobs), DONE)
        if about.definition.sets_owner:
            found |= self._give(about, jobs)
        if about.definition.makes_task:
            given = [one for one in jobs if found[one.errand] == DONE]
            found |= self._tell(about, given)
        return found

    def _give(self, about: Acquaintance, jobs: Iterable[Job]) -> dict[Errand, str | Later]:
        """The records become the sellers', as far as they are not."""
        salesforce = about.connectors[SALESFORCE]
        by_object: dict[str, list[Job]] = defaultdict(list)
        for job in jobs:
            by_object[job.place.object].append(job)
        found: dict[Errand, str | Later] = {}
        for object_name, some in by_object.items():
            held = salesforce.get_many(object_name, [one.place.id for one in some], [OWNER])
            found |= {one.errand: Later() for one in some if one.place.id not in held}
            others = {
                one.place.id: one
                for one in some
                if one.place.id in held and held[one.place.id].values.get(OWNER) != one.user
            }
            changes = [Change(i, {OWNER: one.user}) for i, one in others.items()]
            outcomes = salesforce.update_many(object_name, changes) if changes else []
            for one, outcome in zip(others.values(), outcomes, strict=True):
                found |= _unlike_done(one.errand, outcome, "owner_refused")
        return found

    def _tell(self, about: Acquaintance, jobs: Sequence[Job]) -> dict[Errand, str | Later]:
        """A task for each; one that stands there is the seller's, and stays as it is."""
        if not jobs:
            return {}
        if KEY not in about.fields_of(SALESFORCE, TASK):
            return dict.fromkeys((one.errand for one in jobs), "no_task_field")
        salesforce = about.connectors[SALESFORCE]
        tasks = [(one, self._task(about, one)) for one in jobs]
        there = salesforce.find_many(TASK, KEY, [task.key for _, task in tasks], [KEY])
        fresh = [(one, task) for one, task in tasks if not there.get(task.key)]
        drafts = [Draft(_values(one, task), KEY, task.key) for one, task in fresh]
        outcomes = salesforce.create_many(TASK, drafts) if drafts else []
        found: dict[Errand, str | Later] = {}
        for (one, _), outcome in zip(fresh, outcomes, strict=True):
            found |= _unlike_done(one.errand, outcome, "task_refused")
        return found

    def _clear(self, about: Acquaintance, errands: Sequence[Errand]) -> dict[Errand, str | Later]:
        """Tasks of hand-overs that are over go, as far as nobody has touched them."""
        keys = {key: one for one in errands for key in self._keys(about, one)}
        if not keys or KEY not in about.fields_of(SALESFORCE, TASK):
            return {}
        salesforce = about.connectors[SALESFORCE]
        there = salesforce.find_many(TASK, KEY, list(keys), [STATUS, IS_CLOSED])
        ours = {
            task.id: keys[key]
            for key, tasks in there.items()
            for task in tasks
            if not task.values.get(IS_CLOSED) and task.values.get(STATUS) in (None, UNTOUCHED)
        }
        outcomes = salesforce.delete_many(TASK, list(ours)) if ours else []
        found: dict[Errand, str | Later] = {}
        for errand, outcome in zip(ours.values(), outcomes, strict=True):
            found |= _unlike_done(errand, outcome, "task_refused")
        return found

    def _keys(self, about: Acquaintance, errand: Errand) -> list[str]:
        """The keys of the tasks of all hand-overs before an entry."""
        if errand.subject is None or errand.entry is None:
            return []
        return [
            f"{one.subject.kind}:{one.subject.key}:{one.number}"
            for one in self.store.history(errand.subject)
            if one.subject == errand.subject
            and one.number < errand.entry
            and is_handed(about.definition, one.stage)
        ]

    def _task(self, about: Acquaintance, job: Job) -> Task:
        running = tuple(self.store.running(job.standing.subject))
        return task_of(about.definition, job.standing, job.errand, running, self.language)


def _place(places: Iterable[Place]) -> Place | None:
    """The record of sales that a seller works with."""
    theirs: Mapping[str, Place] = {
        one.object: one for one in reversed([*places]) if one.system is SALESFORCE
    }
    return next((theirs[name] for name in OBJECTS if name in theirs), None)


def _values(job: Job, task: Task) -> Values:
    return {
        "Subject": task.subject,
        "Description": task.description,
        "ActivityDate": task.due_on.isoformat(),
        "Priority": "High" if task.is_urgent else "Normal",
        WHO: job.place.id,
        OWNER: job.user,
    }


def _unlike_done(errand: Errand, outcome: Outcome, why: str) -> dict[Errand, str | Later]:
    """How a write ended that did not end well."""
    if isinstance(outcome, TryLater):
        return {errand: Later(outcome.after)}
    if isinstance(outcome, Rejected) and outcome.existing_id is None:
        log.warning(why, code=outcome.cause)
        return {errand: why}
    return {}
