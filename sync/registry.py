"""The register of consent: where people stand, by the ledger and by systems that keep evidence.

An opt-out is lifted only where the person opted in again later and that can be proved (`sync.standing`).
No system is written to from here; a proof that was found goes on file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from connector.consents import Statement, consents_of
from connector.port import Connector, System
from mappings.schema import ConsentLine
from mappings.schema import Mapping as FieldMapping
from sync.ledger import ConsentDue, Ledger, PersonRecord
from sync.model import Said, Scope
from sync.plandraft import Task
from sync.standing import SKEW, standing_of
from sync.writes import GONE, Result

Place = tuple[System, str]


def consent_lines(mapping: FieldMapping) -> tuple[ConsentLine, ...]:
    """The consent lines of a mapping; they are the same for all of its objects."""
    return next(iter(mapping.objects.values())).consent


@dataclass(frozen=True, slots=True)
class Registry:
    """Looks up where people stand: in the ledger, and at systems that keep evidence."""

    ledger: Ledger
    connectors: Mapping[System, Connector]
    clock: Callable[[], datetime]

    def opted_in(
        self,
        mapping: FieldMapping,
        position: int,
        place: Place,
        held: AbstractSet[Place] = frozenset(),
    ) -> Statement | None:
        """The proved opt-in that stands for the person behind this record; None where there is none.

        `held` are records that were just read and hold an opt-out: one that the ledger does not know is
        newer than anything on file.
        """
        return self._opted_in(mapping, position, self._person(mapping, place), held)

    def _person(self, mapping: FieldMapping, place: Place) -> list[PersonRecord]:
        return self.ledger.person(mapping.name, *place)

    def _opted_in(
        self,
        mapping: FieldMapping,
        position: int,
        person: Sequence[PersonRecord],
        held: AbstractSet[Place],
    ) -> Statement | None:
        line, now = consent_lines(mapping)[position], self.clock()
        said = list(self._on_file(mapping, position, person, held))
        known = standing_of(said, now)
        if known.out is not None and known.out.at is None:
            return None
        since = known.out.at if known.out is not None else None
        told = list(self._told(line, person, since))
        return standing_of([*said, *told], now).fresh

    def _on_file(
        self,
        mapping: FieldMapping,
        position: int,
        person: Sequence[PersonRecord],
        held: AbstractSet[Place],
    ) -> Iterator[Statement]:
        line = consent_lines(mapping)[position]
        places = [(one.system, one.record_id) for one in person]
        said = self.ledger.statements(mapping.name, line.id, places)
        for one, place in zip(person, places, strict=True):
            statements = said.get(place, [])
            yield from statements
            is_news = place in held and not one.holds(position)
            is_undated = one.holds(position) and not any(s.out for s in statements)
            if is_news or is_undated:
                yield Statement(out=True)
        for _ in held - set(places):
            yield Statement(out=True)

    def _told(
        self, line: ConsentLine, person: Sequence[PersonRecord], since: datetime | None
    ) -> Iterator[Statement]:
        """What the systems have on file themselves, of records that moved since the opt-out."""
        asked: dict[tuple[System, str], list[str]] = defaultdict(list)
        for one in person:
            moved = since is None or one.modified_at is None or one.modified_at >= since
            if one.writable and moved:
                asked[one.system, one.object].append(one.record_id)
        for (system, object_name), ids in asked.items():
            field = line.field(system)
            told = consents_of(self.connectors[system]).statements(object_name, ids, [field])
            for statements in told.values():
                yield from statements.get(field, ())

    def due(self, mapping: FieldMapping, scope: Scope = None) -> Iterator[ConsentDue]:
        """Every record that an opt-out of its person has yet to reach."""
        lines = [line.id for line in consent_lines(mapping)]
        return self.ledger.consent_spread(mapping.name, lines, self.clock() + SKEW, scope)

    def tasks(self, mapping: FieldMapping, due: ConsentDue) -> list[Task]:
        """What to do about a person of whom an opt-out has yet to reach a record: tell every one that does
        not hold it, over however many steps they are the same person, or lift it from those that do.
        """
        place = (due.system, due.record_id)
        person = self._person(mapping, place)
        line = consent_lines(mapping)[due.position]
        proof = self._opted_in(mapping, due.position, person, frozenset())
        if proof is None:
            return [
                Task.of_consent(
                    mapping, one.system, one.object, one.record_id, line.id, line.field(one.system)
                )
                for one in person
                if one.writable and not one.holds(due.position)
            ]
        # Of these an opt-out may be on file that their system has lifted by itself: it is over.
        lifted = [(o.system, o.record_id) for o in person if not o.holds(due.position)]
        self.ledger.note_proof(mapping.name, due.position, line.id, proof, lifted)
        return [
            Task.of_consent(
                mapping,
                one.system,
                one.object,
                one.record_id,
                line.id,
                line.field(one.system),
                out=False,
            )
            for one in person
            if one.holds(due.position)
        ]


def note_opt_outs(
    ledger: Ledger, mapping: FieldMapping, results: Sequence[Result], now: datetime
) -> None:
    """Put on file which opt-outs landed and which were refused."""
    for result in results:
        write, record_id = result.write, result.record_id or result.write.record_id
        for change in write.changes:
            if change.rule != "consent" or change.after is not True or record_id is None:
                continue
            place = (write.system, record_id)
            refusal = result.refusal or result.refusals.get(change.part)
            if refusal is not None and refusal.cause not in GONE:
                ledger.refuse_opt_out(mapping.name, *place, change.line, refusal.cause, now)
            elif refusal is None and result.state == "landed":
                position = position_of(mapping, change.line)
                said = Said(position, change.line, Statement(out=True, at=now))
                ledger.hold_opt_out(mapping.name, *place, said)


def position_of(mapping: FieldMapping, line: str) -> int:
    """Which bit of `record.consent` a line is."""
    return [one.id for one in consent_lines(mapping)].index(line)


def lifts(task: Task) -> bool:
    """Whether this consent task lifts an opt-out."""
    return any(change.after is not True for changes in task.changes.values() for change in changes)
