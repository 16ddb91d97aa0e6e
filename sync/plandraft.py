"""A plan while it grows: tasks go to the ledger as rows, totals and the hash are kept on the way.

The shapes of the rows are the contract's plan JSON (`changes`, `conflicts`, `parked`); each stored
row also carries the `task` that applying it needs.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from connector.port import System
from mappings.schema import Cell
from mappings.schema import Mapping as FieldMapping
from sync.creation import Birth
from sync.ledger import Ledger, Twins
from sync.model import Conflict, FieldChange, Pair, Parked
from sync.reconcile import PairPlan, changes_of

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
TaskKind = Literal["pair", "link", "create", "consent", "unlink", "delete", "merge"]

# Rows are put on file in groups of this many.
GROUP = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One unit of work: a pair to bring in line, a pair to bind, a record to create, an opt-out.

    For a create, `source` is the side the record is made from and its own id is set; the other id is
    None. For a delete, `source` is the side where the pair's other record was deleted. For a merge, it
    is the side where it was done already: the other side's id is the loser's, and `into` the winner's.
    `changes` are the fields to set, by side.
    """

    kind: TaskKind
    mapping: str
    hubspot_object: str
    salesforce_object: str
    hubspot_id: str | None
    salesforce_id: str | None
    pair_id: int | None = None
    source: System | None = None
    into: str | None = None
    changes: Mapping[System, tuple[FieldChange, ...]] = field(default_factory=dict)

    @classmethod
    def of_pair(
        cls,
        kind: Literal["pair", "link", "unlink"],
        mapping: FieldMapping,
        pair: Pair,
        plan: PairPlan,
    ) -> Task:
        return cls(
            kind=kind,
            mapping=mapping.name,
            hubspot_object=mapping.hubspot_object,
            salesforce_object=pair.salesforce_object,
            hubspot_id=pair.hubspot_id,
            salesforce_id=pair.salesforce_id,
            pair_id=pair.id or None,
            changes={side: changes for side, changes in plan.changes.items() if changes},
        )

    @classmethod
    def of_birth(
        cls,
        mapping: FieldMapping,
        source: System,
        source_object: str,
        record_id: str,
        target_object: str,
        birth: Birth,
    ) -> Task:
        """A create, and the key write that it brings for the source record."""
        back = tuple(
            FieldChange(
                line="key", api_name=name, before=None, after=None, rule="key", pending=True
            )
            for side, name in mapping.keys.items()
            if side is source
        )
        to_salesforce = source is HUBSPOT
        return cls(
            kind="create",
            mapping=mapping.name,
            hubspot_object=mapping.hubspot_object,
            salesforce_object=target_object if to_salesforce else source_object,
            hubspot_id=record_id if to_salesforce else None,
            salesforce_id=None if to_salesforce else record_id,
            source=source,
            changes={source.other: birth.changes, source: (*back, *birth.back_changes)},
        )

    @classmethod
    def of_consent(
        cls,
        mapping: FieldMapping,
        system: System,
        object_name: str,
        record_id: str,
        line: str,
        api_name: str,
        *,
        out: bool = True,
    ) -> Task:
        """An opt-out for one record, whoever it is paired with; or its end, where that is proved."""
        change = FieldChange(
            line=line, api_name=api_name, before=not out, after=out, rule="consent"
        )
        to_hubspot = system is HUBSPOT
        return cls(
            kind="consent",
            mapping=mapping.name,
            hubspot_object=mapping.hubspot_object,
            salesforce_object="" if to_hubspot else object_name,
            hubspot_id=record_id if to_hubspot else None,
            salesforce_id=None if to_hubspot else record_id,
            changes={system: (change,)},
        )

    @classmethod
    def of_merge(cls, mapping: FieldMapping, done_in: System, twins: Twins) -> Task:
        """Two records of the other side that stand for one since a merge."""
        loser_in_hubspot = done_in is SALESFORCE
        return cls(
            kind="merge",
            mapping=mapping.name,
            hubspot_object=mapping.hubspot_object,
            salesforce_object="" if loser_in_hubspot else twins.object,
            hubspot_id=twins.loser if loser_in_hubspot else None,
            salesforce_id=None if loser_in_hubspot else twins.loser,
            source=done_in,
            into=twins.winner,
        )

    def record_id(self, system: System) -> str | None:
        return self.hubspot_id if system is HUBSPOT else self.salesforce_id

    def object_of(self, system: System) -> str:
        return self.hubspot_object if system is HUBSPOT else self.salesforce_object

    def as_pair(self) -> Pair:
        """The pair that a `link` task is about; it has no id yet."""
        return Pair(
            id=0,
            mapping=self.mapping,
            hubspot_id=self.hubspot_id or "",
            salesforce_object=self.salesforce_object,
            salesforce_id=self.salesforce_id or "",
        )

    def entries(self) -> list[dict[str, Any]]:
        """This task as entries of the plan's `changes`."""
        found = [self._entry(side) for side in System if self.changes.get(side)]
        if self.kind in {"link", "unlink"}:
            found.append(self._bare(self.kind, SALESFORCE))
        if self.kind in {"delete", "merge"} and self.source is not None:
            found.append(self._bare("delete", self.source.other))
            if self.kind == "delete":
                found.append(self._bare("unlink", SALESFORCE))
            else:
                found[-1]["into"] = self.into
        return found

    def _entry(self, side: System) -> dict[str, Any]:
        born = self.kind == "create" and side is not self.source
        entry = self._bare("create" if born else "update", side)
        entry["fields"] = [change_json(change) for change in self.changes[side]]
        return entry

    def _bare(self, action: str, side: System) -> dict[str, Any]:
        return {
            "mapping": self.mapping,
            "action": action,
            "system": side.value,
            "object": self.object_of(side),
            "id": self.record_id(side),
            "partner_id": self.record_id(side.other),
            "fields": [],
        }

    def as_row(self) -> dict[str, Any]:
        """What is stored: enough to print the plan and to carry the task out later."""
        return {
            "task": {
                "kind": self.kind,
                "mapping": self.mapping,
                "hubspot_object": self.hubspot_object,
                "salesforce_object": self.salesforce_object,
                "hubspot_id": self.hubspot_id,
                "salesforce_id": self.salesforce_id,
                "pair_id": self.pair_id,
                "source": self.source.value if self.source else None,
                "into": self.into,
            },
            "entries": self.entries(),
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Task:
        """The task of a stored row."""
        facts = dict(row["task"])
        source = facts.pop("source")
        changes = {
            System(entry["system"]): tuple(_change_of(item) for item in entry["fields"])
            for entry in row["entries"]
            if entry["action"] in {"create", "update"}
        }
        return cls(source=System(source) if source else None, changes=changes, **facts)


def change_json(change: FieldChange) -> dict[str, Any]:
    """One field of an entry, as the contract words it."""
    told = {
        "field": change.line,
        "api_name": change.api_name,
        "from": change.before,
        "to": change.after,
        "rule": change.rule,
    }
    if change.pending:
        told["pending"] = True
    return told


def _change_of(item: Mapping[str, Any]) -> FieldChange:
    return FieldChange(
        line=item["field"],
        api_name=item["api_name"],
        before=item["from"],
        after=item["to"],
        rule=item["rule"],
        pending=bool(item.get("pending")),
    )


def conflict_json(conflict: Conflict) -> dict[str, Any]:
    """A conflict of a plan, as the contract words it."""
    return {
        "mapping": conflict.mapping,
        "line": conflict.line,
        "kind": conflict.kind,
        "hubspot": _held(conflict.hubspot_object, conflict.hubspot_id, conflict.hubspot_value),
        "salesforce": _held(
            conflict.salesforce_object, conflict.salesforce_id, conflict.salesforce_value
        ),
        "policy": conflict.policy,
        "winner": conflict.winner,
    }


def _held(object_name: str, record_id: str, value: Cell) -> dict[str, Any]:
    return {"object": object_name, "id": record_id, "value": value}


def parked_json(parked: Parked) -> dict[str, Any]:
    """A parked record or line of a plan, as the contract words it."""
    return {
        "mapping": parked.mapping,
        "system": parked.system.value,
        "object": parked.object,
        "id": parked.record_id,
        "line": parked.line,
        "cause": parked.cause,
        "advice": parked.advice,
    }


def plan_hash(
    mapping_hashes: Mapping[str, str],
    changes: Iterable[Mapping[str, Any]],
    conflicts: Iterable[Mapping[str, Any]],
) -> str:
    """SHA-256 of the canonical JSON ``{changes, conflicts, mappings}``, fed piece by piece."""
    digest = hashlib.sha256()

    def feed_list(items: Iterable[Mapping[str, Any]]) -> None:
        digest.update(b"[")
        for position, item in enumerate(items):
            digest.update(b"," if position else b"")
            digest.update(orjson.dumps(item, option=orjson.OPT_SORT_KEYS))
        digest.update(b"]")

    digest.update(b'{"changes":')
    feed_list(changes)
    digest.update(b',"conflicts":')
    feed_list(conflicts)
    digest.update(b',"mappings":')
    digest.update(orjson.dumps(dict(mapping_hashes), option=orjson.OPT_SORT_KEYS))
    digest.update(b"}")
    return digest.hexdigest()


@dataclass(slots=True)
class PlanDraft:
    """Counts what is added and hands it to the ledger in groups."""

    ledger: Ledger
    plan_id: str
    totals: Counter[str] = field(default_factory=Counter)
    creates: dict[str, Counter[System]] = field(default_factory=lambda: defaultdict(Counter))
    deletes: dict[str, Counter[System]] = field(default_factory=lambda: defaultdict(Counter))
    blanked: Counter[str] = field(default_factory=Counter)
    updates: dict[tuple[System, str], int] = field(default_factory=lambda: defaultdict(int))
    newly_open: int = 0
    _rows: list[dict[str, Any]] = field(default_factory=list)
    _ties: list[dict[str, Any]] = field(default_factory=list)
    _observed: list[dict[str, Any]] = field(default_factory=list)
    _conflicts: list[Conflict] = field(default_factory=list)
    _parked: list[Parked] = field(default_factory=list)
    _newcomers: dict[tuple[str, str], str] = field(default_factory=dict)
    _consents: set[tuple[str, System, str, str]] = field(default_factory=set)

    def add_task(self, task: Task) -> None:
        """Count a task and store it."""
        for entry in task.entries():
            self.totals[entry["action"]] += 1
            system = System(entry["system"])
            if entry["action"] == "create":
                self.creates[task.mapping][system] += 1
            if entry["action"] == "delete":
                self.deletes[task.mapping][system] += 1
            if entry["action"] in {"create", "update", "delete"}:
                self.updates[system, entry["object"]] += 1
        for side, changes in task.changes.items():
            self.blanked[task.mapping] += sum(change.blanks for change in changes)
            record_id = task.record_id(side)
            for change in changes:
                if change.rule == "consent" and change.after is True and record_id is not None:
                    self._consents.add((task.mapping, side, record_id, change.line))
        self.keep(task)

    def keep(self, task: Task) -> None:
        """Hold on to a task until it is put on file."""
        self._rows.append(task.as_row())
        if len(self._rows) >= GROUP:
            self.flush()

    def add_tie(self, row: dict[str, Any]) -> None:
        """Hold on to what is to be written of a tie; see `sync.relations.work`."""
        self._ties.append(row)
        if len(self._ties) >= GROUP:
            self.flush()

    def has_consent(self, mapping: str, system: System, record_id: str, line: str) -> bool:
        """Whether an opt-out for this record and line is planned already."""
        return (mapping, system, record_id, line) in self._consents

    def newcomer(self, mapping: str, address: str, record_id: str) -> str:
        """Who of this plan's creates carries an address: the first that asked for it."""
        return self._newcomers.setdefault((mapping, address), record_id)

    def add_conflict(self, conflict: Conflict) -> None:
        """Count a conflict, or an open difference that the ledger does not list yet."""
        if conflict.kind == "conflict":
            self.totals["conflicts"] += 1
        elif not self.ledger.is_open(conflict):
            self.newly_open += 1
        self._conflicts.append(conflict)

    def add_parked(self, parked: Parked) -> None:
        self.totals["parked"] += 1
        self._parked.append(parked)

    def add_observed(self, mapping: FieldMapping, pair: Pair, plan: PairPlan) -> None:
        """What lines in mode `observe` would write: shown, and never made."""
        for write in plan.observed:
            name = mapping.hubspot_object if write.to is HUBSPOT else pair.salesforce_object
            place = {
                "mapping": mapping.name,
                "system": write.to.value,
                "object": name,
                "id": pair.record_id(write.to),
                "partner_id": pair.record_id(write.to.other),
            }
            self._observed += [{**place, **change_json(change)} for change in changes_of(write)]

    def flush(self) -> None:
        """Put on file what is gathered."""
        self.ledger.add_observed(self.plan_id, self._observed)
        self._observed = []
        self.ledger.add_changes(self.plan_id, self._rows)
        self.ledger.add_ties(self.plan_id, self._ties)
        self._ties = []
        self.ledger.add_findings(
            self.plan_id,
            [conflict_json(one) for one in self._conflicts],
            [parked_json(one) for one in self._parked],
        )
        self._rows, self._conflicts, self._parked = [], [], []
