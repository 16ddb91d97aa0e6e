"""Sends journalled writes: on file before they are sent, one outcome each, a bad row never alone.

This is the only caller of the connectors' writing verbs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from connector.consents import OptIn, Statement, consents_of
from connector.errors import ConnectorError, OutcomeUnknown, Rejected, TryLater
from connector.port import Change, Connector, Draft, Outcome, Record, System, Value, Written
from sync.findings import mark_of, refused
from sync.ledger import Ledger
from sync.model import (
    FieldChange,
    JournalDraft,
    JournalEntry,
    JournalState,
    LineBaseline,
    Parked,
)
from sync.reconcile import PairPlan

ResultState = Literal["landed", "refused", "unknown", "later"]


# Refusals that mean the record itself: no line of it can be written any more.
GONE = frozenset({"not_found", "deleted", "converted"})
# A contact without an address cannot be opted out, and cannot be written to either.
NO_ADDRESS = "required_blank"
# The vendor answered for others of the batch, and not for this one.
NOT_ANSWERED = "not_answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One record to write. `record_id` None creates it, with `key_field` holding `key`.

    `meant` is what becomes the baseline of each line once the write has landed. With `evidence` it lifts
    one opt-out.
    """

    mapping: str
    system: System
    object: str
    record_id: str | None
    partner_id: str | None
    changes: tuple[FieldChange, ...]
    meant: Mapping[str, LineBaseline] = field(default_factory=dict)
    key_field: str = ""
    key: str = ""
    evidence: Statement | None = None


@dataclass(slots=True, kw_only=True)
class Result:
    """What came of a write. `record_id` is known for a landed create. `refusals` are by part.

    `refusal` refuses the whole record. `landed` are the parts that were sent and taken (`FieldChange.part`).
    """

    write: Write
    entry_id: int
    state: ResultState
    record_id: str | None = None
    created: bool = False
    landed: frozenset[str] = frozenset()
    refusals: dict[str, Rejected] = field(default_factory=dict)
    refusal: Rejected | None = None
    later: TryLater | None = None
    request_id: str | None = None

    @property
    def refuses_opt_out(self) -> bool:
        """Whether an opt-out was refused, of somebody who is there and could be written to."""
        refusals = [
            self.refusal or self.refusals.get(change.part)
            for change in self.write.changes
            if change.rule == "consent"
        ]
        return any(one is not None and one.cause not in {NO_ADDRESS, *GONE} for one in refusals)

    @property
    def went_away(self) -> bool:
        """Whether it was refused because its record is not there any more: it is followed, not parked."""
        return self.refusal is not None and self.refusal.cause in GONE


@dataclass(frozen=True, slots=True)
class Writer:
    """Journals and sends. `run_id` and `trigger` are noted with every write."""

    ledger: Ledger
    connectors: Mapping[System, Connector]
    clock: Callable[[], datetime]
    run_id: int
    trigger: str

    def send(self, writes: Sequence[Write]) -> list[Result]:
        """Send all writes, grouped by system, object and kind; results in input order.

        Raises `TryLater` or `SystemBlocked` when a system takes nothing at all; what was journalled
        for that call is closed as refused, since nothing was written.
        """
        entries = self._journal(writes)
        results = [
            Result(write=write, entry_id=entry.id, state="refused", record_id=write.record_id)
            for write, entry in zip(writes, entries, strict=True)
        ]
        groups: dict[tuple[System, str, bool, bool], list[Result]] = defaultdict(list)
        for result in results:
            write = result.write
            kind = (write.record_id is None, write.evidence is not None)
            groups[write.system, write.object, *kind].append(result)
        try:
            for members in groups.values():
                self._send_group(members)
        except ConnectorError:
            self._close(result for result in results if result.state == "refused")
            raise
        self._close(result for result in results if result.state != "landed")
        return results

    def confirm(self, results: Iterable[Result]) -> None:
        """Close landed writes in the journal, once their baselines are on file."""
        self._close(result for result in results if result.state == "landed")

    def _journal(self, writes: Sequence[Write]) -> list[JournalEntry]:
        now = self.clock()
        return self.ledger.intend(
            self.run_id,
            [
                JournalDraft(
                    mapping=write.mapping,
                    system=write.system,
                    object=write.object,
                    record_id=write.record_id,
                    partner_id=write.partner_id,
                    action="create" if write.record_id is None else "update",
                    changes=write.changes,
                    meant=write.meant,
                    key=write.partner_id if write.record_id is None else None,
                    trigger=self.trigger,
                )
                for write in writes
            ],
            now,
        )

    def _send_group(self, results: Sequence[Result]) -> None:
        """One kind of write to one object; a row refused for a field goes once more without it."""
        outcomes = self._call(results)
        for result, outcome in zip(results, outcomes, strict=True):
            self._take(result, outcome)
        self._look_for([r for r in results if r.refusal and r.refusal.cause == NOT_ANSWERED])
        again = [r for r in results if r.refusal is not None and self._leave_out(r, r.refusal)]
        if again:
            for result, outcome in zip(again, self._call(again), strict=True):
                result.refusal = None
                self._take(result, outcome)

    def _look_for(self, left_out: Sequence[Result]) -> None:
        """An answer that leaves a record out says nothing of it: what stands there now does.

        A record that holds something else than before was written to, and is read back like any other.
        """
        for result in left_out:
            connector = self.connectors[result.write.system]
            try:
                found = _found(connector, result.write)
            except TryLater as later:
                # Nobody knows: whether it landed is found out when it is read again.
                result.state, result.refusal, result.later = "unknown", None, later
                continue
            if found is not None:
                self._take(result, Written(found.id, created=result.write.record_id is None))
                result.refusal = None

    def _leave_out(self, result: Result, refusal: Rejected) -> bool:
        """Note the faulty lines; true when something is left that is worth sending once more.

        An update whose refusal names no field is refused in every line but consent.
        """
        changes = result.write.changes
        named = {change.part for change in changes if change.api_name in refusal.fields}
        if result.write.record_id is None:
            # Without the value that is taken, or without its key, it would be a twin.
            has_key = result.write.key_field not in refusal.fields
            if refusal.cause == "duplicate" or not has_key or not named:
                return False
        elif refusal.cause in GONE:
            return False
        named = named or {change.part for change in changes if change.rule != "consent"}
        left = [change for change in changes if change.part not in named]
        if not left and result.write.record_id is None:
            return False
        result.refusals |= dict.fromkeys(named, refusal)
        result.refusal = None
        return bool(left)

    def _call(self, results: Sequence[Result]) -> list[Outcome]:
        first = results[0].write
        connector = self.connectors[first.system]
        if first.record_id is None:
            drafts = [
                Draft(
                    values=_values(result, leave_out=first.key_field),
                    key_field=result.write.key_field,
                    key=result.write.key,
                )
                for result in results
            ]
            return connector.create_many(first.object, drafts)
        if first.evidence is not None:
            opt_ins = [
                OptIn(r.write.record_id or "", r.write.changes[0].api_name, r.write.evidence)
                for r in results
                if r.write.evidence is not None
            ]
            return consents_of(connector).let_in(first.object, opt_ins)
        changes = [
            Change(id=result.write.record_id or "", values=_values(result)) for result in results
        ]
        return connector.update_many(first.object, changes)

    def _take(self, result: Result, outcome: Outcome) -> None:
        result.request_id = getattr(outcome, "request_id", None)
        if isinstance(outcome, Written):
            result.state = "landed"
            result.record_id = outcome.id
            result.created = outcome.created
            result.landed = frozenset(
                change.part for change in result.write.changes if change.part not in result.refusals
            )
        elif isinstance(outcome, OutcomeUnknown):
            result.state = "unknown"
            result.later = outcome
        elif isinstance(outcome, TryLater):
            result.state = "later"
            result.later = outcome
        else:
            result.state = "refused"
            result.refusal = outcome

    def _close(self, results: Iterable[Result]) -> None:
        states: dict[ResultState, JournalState] = {
            "landed": "landed",
            "refused": "refused",
            "unknown": "unknown",
            "later": "refused",
        }
        self.ledger.close(
            [(r.entry_id, states[r.state], r.record_id, r.request_id) for r in results],
            self.clock(),
        )


def _found(connector: Connector, write: Write) -> Record | None:
    """The record that this write made, or changed."""
    names = [change.api_name for change in write.changes]
    if write.record_id is None:
        matches = connector.find_many(write.object, write.key_field, [write.key], names)
        return next((one for records in matches.values() for one in records), None)
    held = connector.get_many(write.object, [write.record_id], names).get(write.record_id)
    before = {change.api_name: change.before for change in write.changes}
    is_changed = held is not None and any(held.values.get(n) != was for n, was in before.items())
    return held if is_changed else None


def _values(result: Result, leave_out: str = "") -> dict[str, Value]:
    return {
        change.api_name: change.after
        for change in result.write.changes
        if change.part not in result.refusals and change.api_name != leave_out
    }


def refusals(plan: PairPlan, result: Result) -> Iterable[Parked]:
    """Lines that the vendor refused, or the whole record where it named none.

    A refused opt-out is never put away: it stays due.
    """
    write = result.write
    record_id = write.record_id or write.partner_id or ""
    due = {c.part for c in write.changes if c.rule == "consent"} if result.refuses_opt_out else ()
    lines = {change.part: change.line for change in write.changes}
    by_line: dict[str | None, Rejected] = {}
    by_line.update((lines[part], one) for part, one in result.refusals.items() if part not in due)
    if result.refusal is not None and not result.went_away:
        by_line[None] = result.refusal
    for line, refusal in by_line.items():
        mark = mark_of(plan, line) if line is not None else ""
        yield refused(write.mapping, write.system, write.object, record_id, line, refusal, mark)
