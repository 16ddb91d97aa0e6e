"""The in-memory twin's relations: ties between records of a `MemoryConnector`.

`tie`, `untie`, `allow` and `ties_now` are what people do and see; everything else keeps the promises of
`connector.relations`. A tie ends with either of its records, and comes back with it, as at both vendors.
Misbehaviour is ordered on the twin's own `faults`: `busy`, `lost_answers`, `drop` and `blocked`
count calls of ties as well, `reject` refuses a value of a tie's field.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from connector.errors import OutcomeUnknown, Rejected, TryLater
from connector.memory import BATCH, MemoryConnector
from connector.port import Outcome, System, Value, Values, Written
from connector.relations import Tie

PAGE = 100


class _Ends(NamedTuple):
    """What a tie is told by."""

    left: str
    right: str


class MemoryRelations:
    """The relations of one twin. `kinds` names, by relation, what may stand left, and what stands right."""

    def __init__(
        self,
        twin: MemoryConnector,
        kinds: Mapping[str, tuple[tuple[str, ...], str]],
        *,
        page_size: int = PAGE,
    ) -> None:
        self._twin = twin
        self._kinds = kinds
        self._page_size = page_size
        self._ties: dict[str, dict[_Ends, dict[str, Value]]] = defaultdict(dict)
        self._allowed: dict[tuple[str, str], dict[str, dict[str, Value]]] = {}
        self.before_write: Callable[[], None] | None = None

    @property
    def system(self) -> System:
        return self._twin.system

    # What people do -----------------------------------------------------------------------------

    def tie(self, relation: str, left: str, right: str, **values: Value) -> None:
        """A person ties two records, or sets the fields of a tie."""
        self._ties[relation].setdefault(_Ends(left, right), {}).update(values)

    def untie(self, relation: str, left: str, right: str) -> None:
        """A person ends a tie."""
        self._ties[relation].pop(_Ends(left, right), None)

    def move(self, relation: str, loser: str, winner: str) -> None:
        """What a vendor does when records are merged or a Lead is converted: the survivor has the ties."""
        for ends, values in list(self._ties[relation].items()):
            if ends.left == loser:
                del self._ties[relation][ends]
                self._ties[relation].setdefault(_Ends(winner, ends.right), values)

    def allow(self, relation: str, right: str, field: str, *values: str) -> None:
        """Only these values may stand in this field of the ties of a right-hand record from now on."""
        fields = self._allowed.setdefault((relation, right), {})
        fields[field] = {value: value for value in values}

    def ties_now(self, relation: str) -> dict[tuple[str, str], dict[str, Value]]:
        """What can be seen now, blanks left out: for assertions."""
        kind_of = self._sight(relation)
        return {
            (ends.left, ends.right): {k: v for k, v in values.items() if v is not None}
            for ends, values in self._ties[relation].items()
            if kind_of(ends) is not None
        }

    # The port -----------------------------------------------------------------------------------

    def ties(
        self, relation: str, rights: Sequence[str], fields: Sequence[str]
    ) -> Iterator[list[Tie]]:
        wanted = set(rights)
        kind_of = self._sight(relation)
        found = [ends for ends in self._ties[relation] if ends.right in wanted]
        for start in range(0, max(len(found), 1), self._page_size):
            self._called(write=False)
            yield [
                Tie(kind, ends.left, ends.right, {name: held.get(name) for name in fields})
                for ends in found[start : start + self._page_size]
                if (held := self._ties[relation].get(ends)) is not None
                and (kind := kind_of(ends)) is not None
            ]

    def tie_many(self, relation: str, ties: Sequence[Tie]) -> list[Outcome]:
        kind_of = self._sight(relation)
        return self._write(ties, lambda tie: self._make(relation, tie, kind_of))

    def untie_many(self, relation: str, ties: Sequence[Tie]) -> list[Outcome]:
        return self._write(ties, lambda tie: self._end(relation, tie))

    def values_allowed(self, relation: str, right: str) -> Mapping[str, Values]:
        self._called(write=False)
        return self._allowed.get((relation, right), {})

    # Behind it ----------------------------------------------------------------------------------

    def _sight(self, relation: str) -> Callable[[_Ends], str | None]:
        """Answers the object of a tie's left record; None where one of the two cannot be seen now."""
        lefts, right = self._kinds[relation]
        rights = self._twin.records(right).keys()
        kinds = {record_id: name for name in lefts for record_id in self._twin.records(name)}
        return lambda ends: kinds.get(ends.left) if ends.right in rights else None

    def _make(self, relation: str, tie: Tie, kind_of: Callable[[_Ends], str | None]) -> Outcome:
        ends = _Ends(tie.left, tie.right)
        if tie.left_object not in self._kinds[relation][0]:
            return self._reject(f"{tie.left_object} cannot be tied", "bad_reference")
        if kind_of(ends) is None:
            return self._reject("one of the two records does not exist", "not_found")
        allowed = self._allowed.get((relation, tie.right), {})
        for name, value in tie.values.items():
            if (refusal := self._twin.faults.reject.get((name, value))) is not None:
                return refusal
            if isinstance(value, str) and value not in allowed.get(name, {value: value}):
                return self._reject(f"{name} is none of the values", "unknown_option", name)
        created = ends not in self._ties[relation]
        self.tie(relation, tie.left, tie.right, **tie.values)
        return Written(f"{tie.left}>{tie.right}", created=created)

    def _end(self, relation: str, tie: Tie) -> Outcome:
        self.untie(relation, tie.left, tie.right)
        return Written(f"{tie.left}>{tie.right}")

    def _reject(self, reason: str, cause: str, *fields: str) -> Rejected:
        return Rejected(reason, system=self.system.value, cause=cause, fields=fields)  # type: ignore[arg-type]  # words of the port

    def _called(self, *, write: bool) -> None:
        calls, faults = self._twin.calls, self._twin.faults
        if write:
            calls.writes += 1
        else:
            calls.reads += 1
        if faults.blocked is not None:
            raise faults.blocked
        if faults.busy > 0:
            faults.busy -= 1
            raise TryLater("busy", system=self.system.value, after=1.0)

    def _write(self, ties: Sequence[Tie], one: Callable[[Tie], Outcome]) -> list[Outcome]:
        """One call per batch. A batch that finds the system busy answers so for its own inputs."""
        outcomes: list[Outcome] = []
        for start in range(0, len(ties), BATCH[self.system]):
            batch = ties[start : start + BATCH[self.system]]
            try:
                self._called(write=True)
            except TryLater as busy:
                if not outcomes:
                    raise
                outcomes += [busy] * len(batch)
            else:
                outcomes += self._call(batch, one)
        return outcomes

    def _call(self, batch: Sequence[Tie], one: Callable[[Tie], Outcome]) -> list[Outcome]:
        if self.before_write is not None:
            self.before_write()
        outcomes = [one(tie) for tie in batch]
        faults = self._twin.faults
        if faults.lost_answers > 0:
            faults.lost_answers -= 1
            return [OutcomeUnknown("no answer came", system=self.system.value)] * len(batch)
        if faults.drop > 0:
            faults.drop -= 1
            outcomes[-1] = self._reject("the answer leaves this tie out", "not_answered")
        return outcomes
