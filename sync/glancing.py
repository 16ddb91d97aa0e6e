"""What is on file of those whose cards are looked at in one go: read for all of them together.

Asked one by one, each person costs some thirty statements, and most of them are about the same few accounts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Self

from intent.decay import State
from intent.definition import Definition
from intent.model import DAY, Contribution, StateKey, Subject, millis
from intent.port import IntentStore
from intent.surge import Look, since_of
from sync.surging import SurgeWatch

# Evidence that a reason is made of, and how far back it reaches.
EVIDENCE: Final = 200
SINCE: Final = 90 * DAY
# Of so many colleagues a reason may speak.
COLLEAGUES: Final = 5


@dataclass(slots=True)
class Glance:
    """One look at many. Surges are found, and remembered, when an account is asked about first."""

    store: IntentStore
    definition: Definition
    now: datetime
    # The account of each person and visitor who has one.
    accounts: Mapping[Subject, Subject]
    _states: Mapping[Subject, Mapping[StateKey, State]]
    _evidence: dict[Subject, Sequence[Contribution]]
    _surges: dict[Subject, Look] = field(default_factory=dict)
    _since: dict[Subject, datetime | None] = field(default_factory=dict)
    _members: dict[Subject, Sequence[Subject]] = field(default_factory=dict)

    @classmethod
    def at(
        cls, store: IntentStore, definition: Definition, subjects: Sequence[Subject], now: datetime
    ) -> Self:
        """Read it. Raises `OtherDefinition`."""
        people = [one for one in subjects if one.kind != "account"]
        states: dict[Subject, dict[StateKey, State]] = defaultdict(dict)
        for key, state in store.states(people, definition).items():
            states[key.subject][key] = state
        evidence = store.evidence_of(subjects, definition, millis(now) - SINCE, EVIDENCE)
        return cls(store, definition, now, store.accounts_of(people), states, dict(evidence))

    def states(self, subject: Subject) -> Mapping[StateKey, State]:
        """The sums of a subject; of an account also those of its members."""
        if subject.kind == "account":
            return self.store.states([subject], self.definition)
        return self._states.get(subject, {})

    def evidence(self, subject: Subject) -> Sequence[Contribution]:
        """What its card is made of, newest first."""
        return self._evidence_of([subject])[0]

    def _evidence_of(self, subjects: Sequence[Subject]) -> list[Sequence[Contribution]]:
        fresh = [one for one in subjects if one not in self._evidence]
        if fresh:
            since = millis(self.now) - SINCE
            self._evidence |= self.store.evidence_of(fresh, self.definition, since, EVIDENCE)
        return [self._evidence[one] for one in subjects]

    def surge(self, account: Subject) -> Look:
        """How an account's surges stand."""
        if account not in self._surges:
            self._surges[account] = SurgeWatch(self.store).look(self.definition, account, self.now)
        return self._surges[account]

    def remember(self, account: Subject) -> None:
        """Note what a look at its surges changed, so that nobody is told of the same surge twice."""
        SurgeWatch(self.store).remember(account, self.surge(account))
        self._since.pop(account, None)

    def since(self, account: Subject) -> datetime | None:
        """Since when an account surges, as it was found last."""
        if account not in self._since:
            asked = {account, *self.accounts.values()} - self._since.keys()
            known: dict[Subject, list[datetime | None]] = defaultdict(list)
            for (one, _), standing in self.store.surges(asked).items():
                known[one].append(since_of([standing]))
            for one in asked:
                self._since[one] = _earliest(known[one])
        return self._since[account]

    def colleagues(self, subject: Subject) -> list[Sequence[Contribution]]:
        """What other people of a person's account did."""
        account = self.accounts[subject]
        if account not in self._members:
            self._members[account] = self.store.members(account)
        people = [o for o in self._members[account] if o.kind == "person" and o != subject]
        return self._evidence_of(people[:COLLEAGUES])


def _earliest(times: Iterable[datetime | None]) -> datetime | None:
    return min((one for one in times if one is not None), default=None)
