"""The second half of every full compare: from what the ledger saw to a plan, without one write.

The order is the contract's: external keys, match rules, changed pairs, creates, consent. Values come
from the listing just made (kept in the ledger for every record that is not in line), so planning
costs no second read. Everything streams; only counters and the plan's consent marks stay in memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal

from connector.port import System, Values
from mappings.schema import Context
from mappings.schema import Mapping as FieldMapping
from sync.birthplans import BirthPlanner
from sync.endings import EDITED, PARTNER_DELETED, is_undisturbed, left_behind
from sync.findings import findings, note_of
from sync.ledger import ClaimedRow, Ledger
from sync.model import Claim, KeyGroup, Pair, Parked, Scope
from sync.pairing import pair_up
from sync.plandraft import PlanDraft, Task
from sync.questions import Answers, Asker, SideValues
from sync.reads import Reads
from sync.reconcile import PairPlan
from sync.refs import LedgerRefs
from sync.registry import consent_lines, lifts

BATCH = 200
HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
# Claims of whoever has found a partner, or is a further record of somebody else who has.
TAKEN = frozenset({"link", "parked", "filtered"})

ADVICE = {
    "ambiguous": "several records hold the same match key: merge them, or choose with `several:`",
    "duplicate_of": "this is a further record of somebody who is paired already: merge them",
}


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans one mapping after the other into a draft.

    With a `scope` only what concerns these rows of the ledger is planned, and pairs that are bound
    are left to the caller. With `commit` agreements that need no write are noted in the ledger at once
    (a resync); without, nothing but claims and the plan itself is put on file (`plan`).
    """

    ledger: Ledger
    reads: Reads
    context: Context
    refs: LedgerRefs
    asker: Asker
    draft: PlanDraft
    commit: bool
    run_id: int
    progress: Callable[[str, int], None]
    scope: Scope = None

    def plan(self, mappings: Sequence[FieldMapping]) -> None:
        """Add everything that is due in these mappings, in dependency order, to the draft.

        Everybody is claimed before a plan is drawn, so that references to whoever is paired or born
        further down are known.
        """
        for mapping in mappings:
            self._claim(mapping)
        self.refs.forget()
        for mapping in mappings:
            self._draw(mapping)

    def _claim(self, mapping: FieldMapping) -> None:
        self.ledger.clear_claims(mapping.name, self.scope)
        self.refs.forget()
        self._claim_by_key(mapping)
        self._claim_by_rules(mapping)
        self._births.claim(mapping)

    def _draw(self, mapping: FieldMapping) -> None:
        self._plan_endings(mapping)
        self._plan_links(mapping)
        if self.scope is None:
            self._plan_pairs(mapping)
        # Before the births: an opt-out that reaches a record today is born with its partner.
        self._plan_consent(mapping)
        self._births.plan(mapping)
        self._note_parked_claims(mapping)

    @property
    def _births(self) -> BirthPlanner:
        return BirthPlanner(
            ledger=self.ledger,
            context=self.context,
            asker=self.asker,
            draft=self.draft,
            scope=self.scope,
            values_of=self._values,
            progress=self.progress,
        )

    # Pairing ------------------------------------------------------------------------------------

    def _claim_by_key(self, mapping: FieldMapping) -> None:
        """External keys first: they prove whom a record belongs to, also after a lost ledger.

        Whoever names a record that has another partner already, bound or claimed, is a further record
        of the same person: it waits for a merge, and nobody is born for it. Two that name each other
        come before whoever names one of them alone: they were a pair, whatever came in between.
        """
        ledger = self.ledger
        for page in chain(
            ledger.external_key_matches(mapping.name, self.scope, mutual=True),
            ledger.external_key_matches(mapping.name, self.scope),
        ):
            claims: dict[tuple[System, str], Claim] = {}
            for match in page:
                target = match.target
                here, there = (
                    (match.system, match.record_id),
                    (target.system, target.record_id),
                )
                if here in claims:
                    continue
                if target.bound or target.claim in TAKEN or there in claims:
                    claims[here] = Claim(*here, "parked", target.record_id, "duplicate_of")
                elif not target.in_scope:
                    claims[here] = Claim(*here, "filtered", target.record_id, "partner_filtered")
                else:
                    claims[here] = Claim(*here, "link", target.record_id, "key")
                    claims[there] = Claim(*there, "link", match.record_id, "key")
            self.ledger.claim(mapping.name, claims.values())

    def _claim_by_rules(self, mapping: FieldMapping) -> None:
        for number, rule in enumerate(mapping.match):
            for groups in self.ledger.key_groups(mapping.name, number, self.scope):
                claims: dict[tuple[System, str], Claim] = {}
                for group in groups:
                    for claim in pair_up(
                        _as_claimed(group, claims),
                        mapping.salesforce_objects,
                        mapping.several,
                        suggest=rule.suggest,
                    ):
                        claims[claim.system, claim.record_id] = claim
                self.ledger.claim(mapping.name, claims.values())

    def _note_parked_claims(self, mapping: FieldMapping) -> None:
        for row in self._claimed(mapping, "parked"):
            advice = ADVICE.get(row.detail, "")
            if row.partner_id:
                advice = f"{advice} (the other record: {row.partner_id})"
            self.draft.add_parked(
                Parked(
                    mapping=mapping.name,
                    system=row.system,
                    object=row.object,
                    record_id=row.record_id,
                    line=None,
                    cause=row.detail,
                    advice=advice,
                )
            )

    def _claimed(self, mapping: FieldMapping, kind: str) -> Iterator[ClaimedRow]:
        after = 0
        while rows := self.ledger.claimed(mapping.name, kind, after, BATCH, self.scope):
            yield from rows
            after = rows[-1].row_id

    def _plan_endings(self, mapping: FieldMapping) -> None:
        """A deleted record ends its pair, a merge leaves twins: what the other side gets is in the file."""
        for pair, side in self.ledger.pairs_with_gone_side(mapping.name, self.scope):
            self._plan_ending(mapping, pair, side)
        for side in System:
            if mapping.when_merged_in[side] == "merge":
                for twins in self.ledger.to_merge(mapping.name, side, self.scope):
                    self.draft.add_task(Task.of_merge(mapping, side, twins))

    def _plan_ending(self, mapping: FieldMapping, pair: Pair, side: System) -> None:
        policy, other = mapping.when_deleted_in[side], side.other
        partner = self.ledger.known(mapping.name, other, [pair.record_id(other)])
        known = partner.get(pair.record_id(other))
        is_alive = known is not None and known.gone is None
        task = Task.of_pair("unlink", mapping, pair, PairPlan())
        # A whole compare has just seen the partner; in a round only a fresh look can tell.
        is_due = self.scope is not None or is_undisturbed(known)
        if policy == "delete" and is_alive and is_due:
            self.draft.add_task(replace(task, kind="delete", source=side))
            return
        self.draft.add_task(task)
        if policy != "unlink" and is_alive:
            advice = PARTNER_DELETED if policy == "park" else EDITED
            self.draft.add_parked(left_behind(task, side, advice))

    # Pairs --------------------------------------------------------------------------------------

    def _plan_links(self, mapping: FieldMapping) -> None:
        """Pairs found now: both sides are filled up by `first_pairing`."""
        batch: list[Pair] = []
        for row in self._claimed(mapping, "link"):
            if row.system is not HUBSPOT or row.partner_id is None:
                continue
            target = self.ledger.record(mapping.name, SALESFORCE, row.partner_id)
            if target is None:
                continue
            batch.append(
                Pair(
                    id=0,
                    mapping=mapping.name,
                    hubspot_id=row.record_id,
                    salesforce_object=target.object,
                    salesforce_id=row.partner_id,
                )
            )
            if len(batch) >= BATCH:
                self._plan_batch(mapping, self.ledger.recall(mapping.name, batch), "link")
                batch = []
        self._plan_batch(mapping, self.ledger.recall(mapping.name, batch), "link")

    def _plan_pairs(self, mapping: FieldMapping) -> None:
        after = 0
        # A mapping that uses today's date may be due although nothing moved.
        due = self.ledger.all_pairs if mapping.volatile else self.ledger.dirty_pairs
        while pairs := due(mapping.name, after_id=after, limit=BATCH):
            after = pairs[-1].id
            self._plan_batch(mapping, pairs, "pair")

    def _plan_batch(
        self, mapping: FieldMapping, pairs: Sequence[Pair], kind: Literal["pair", "link"]
    ) -> None:
        if not pairs:
            return
        values = self._values_of(mapping, pairs)
        answers = self.asker.ask(mapping, pairs, values)
        settled: list[tuple[Pair, PairPlan]] = []
        for pair in pairs:
            plan = answers.plans.get(pair.hubspot_id)
            if plan is None:
                continue
            task = Task.of_pair(kind, mapping, pair, plan)
            self._note_findings(mapping, pair, plan)
            self.draft.add_observed(mapping, pair, plan)
            if pair.hubspot_id in answers.in_flight:
                continue
            if kind == "link" or task.changes:
                self.draft.add_task(task)
            else:
                settled.append((pair, plan))
        if self.commit:
            self._settle(mapping, settled, values, answers)
        self.progress(f"{mapping.name}:plan", len(pairs))

    def _settle(
        self,
        mapping: FieldMapping,
        settled: Sequence[tuple[Pair, PairPlan]],
        values: SideValues,
        answers: Answers,
    ) -> None:
        """What needs no write is put on file at once; it was read from the truth a moment ago."""
        notes = [note_of(pair, plan, *findings(mapping, pair, plan)) for pair, plan in settled]
        self.ledger.note_pairs(self.run_id, mapping.name, notes, self.asker.clock())
        self.asker.note_agreements(mapping, settled, values, answers)

    def _values_of(
        self, mapping: FieldMapping, pairs: Sequence[Pair]
    ) -> dict[System, dict[str, Values]]:
        by_object: dict[str, list[str]] = defaultdict(list)
        for pair in pairs:
            by_object[pair.salesforce_object].append(pair.salesforce_id)
        right: dict[str, Values] = {}
        for object_name, ids in by_object.items():
            right |= self._values(mapping, SALESFORCE, object_name, ids)
        left = self._values(
            mapping, HUBSPOT, mapping.hubspot_object, [pair.hubspot_id for pair in pairs]
        )
        return {HUBSPOT: left, SALESFORCE: right}

    def _values(
        self, mapping: FieldMapping, system: System, object_name: str, ids: Sequence[str]
    ) -> dict[str, Values]:
        """What the listing saw; a record in line keeps no values, so it is read by id."""
        known: dict[str, Values] = self.ledger.payloads(mapping.name, system, ids)
        missing = [i for i in ids if i not in known]
        if missing:
            fields = mapping.fields[system, object_name]
            fresh = self.reads.get_many(system, object_name, missing, fields)
            known |= {record_id: record.values for record_id, record in fresh.items()}
        return known

    def _note_findings(self, mapping: FieldMapping, pair: Pair, plan: PairPlan) -> None:
        conflicts, parked = findings(mapping, pair, plan)
        for conflict in conflicts:
            self.draft.add_conflict(conflict)
        for row in parked:
            self.draft.add_parked(row)

    # Consent ------------------------------------------------------------------------------------

    def _plan_consent(self, mapping: FieldMapping) -> None:
        """An opt-out reaches every record of a person: twins, parked and filtered ones too."""
        lines = consent_lines(mapping)
        lifted: set[tuple[System, str, str]] = set()
        for due in self.asker.registry.due(mapping, self.scope):
            line = lines[due.position].id
            if self.draft.has_consent(mapping.name, due.system, due.record_id, line):
                continue
            for task in self.asker.registry.tasks(mapping, due):
                side = next(iter(task.changes))
                place = (side, task.record_id(side) or "", line)
                if place not in lifted and not self.draft.has_consent(mapping.name, *place):
                    self.draft.add_task(task)
                if lifts(task):
                    lifted.add(place)


def _as_claimed(group: KeyGroup, claims: Mapping[tuple[System, str], Claim]) -> KeyGroup:
    """A record with several keys may have been claimed under another one a moment ago."""
    if not any((m.system, m.record_id) in claims for m in group.members):
        return group
    members = tuple(
        m._replace(claim=claims[m.system, m.record_id].kind)
        if (m.system, m.record_id) in claims
        else m
        for m in group.members
    )
    return group._replace(members=members)
