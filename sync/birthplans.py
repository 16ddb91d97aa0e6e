"""Who is to be born on the other side: claimed first, in all mappings, and planned afterwards.

So a plan knows of everybody that it makes before it says who refers to whom: a reference to a record
that is born further down, or to one of its own kind, is set in a second pass and holds nobody up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connector.port import System, Values
from mappings.schema import Context, CreateRule
from mappings.schema import Mapping as FieldMapping
from sync.births import birth_claim, hold_back
from sync.creation import Birth, key_of, plan_birth
from sync.erasure import forgotten
from sync.findings import birth_parked
from sync.ledger import ClaimedRow, Ledger
from sync.model import Claim, Scope
from sync.plandraft import PlanDraft, Task
from sync.questions import Asker
from sync.waiting import Waiting

BATCH = 200
HUBSPOT = System.HUBSPOT
# Answers the values of these records as they were listed.
ValuesOf = Callable[[FieldMapping, System, str, Sequence[str]], Mapping[str, Values]]


@dataclass(frozen=True, slots=True)
class BirthPlanner:
    """Claims and plans the creates of one mapping after the other."""

    ledger: Ledger
    context: Context
    asker: Asker
    draft: PlanDraft
    scope: Scope
    values_of: ValuesOf
    progress: Callable[[str, int], None]

    # Claims -------------------------------------------------------------------------------------

    def claim(self, mapping: FieldMapping) -> None:
        """Decide what becomes of everybody who is still free."""
        for source in System:
            dead = self.ledger.dead_keys(mapping.name, source, self.scope)
            dead |= self.ledger.went_from_dead(mapping.name, source, self.scope)
            if source not in mapping.keys:
                dead |= self.ledger.named_by_dead(mapping.name, source, self.scope)
            after = 0
            while rows := self.ledger.unclaimed_unbound(
                mapping.name, source, after, BATCH, self.scope
            ):
                after = rows[-1].row_id
                for object_name, ids in _by_object(rows).items():
                    self._claim_batch(mapping, source, object_name, ids, dead)
                self.progress(f"{mapping.name}:plan", len(rows))

    def _claim_batch(
        self,
        mapping: FieldMapping,
        source: System,
        object_name: str,
        ids: Sequence[str],
        dead: Mapping[str, str],
    ) -> None:
        rules = _rules(mapping, source)
        values = self.values_of(mapping, source, object_name, ids)
        self.asker.prefetch(mapping, source, values.values())
        taken = self._addresses_taken(mapping, source, object_name, values)
        unwanted = forgotten(self.ledger, mapping, source, object_name, values)
        claims: list[Claim] = []
        held: dict[str, Waiting] = {}
        for record_id in (one for one in ids if one in values):
            if record_id in unwanted:
                claims.append(Claim(source, record_id, "unpaired", None, "erased"))
                continue
            claim = birth_claim(
                source, record_id, values[record_id], rules, dead.get(record_id), self.context
            )
            if claim.kind == "create" and record_id in taken:
                claim = claim._replace(
                    kind="parked", partner_id=taken[record_id], detail="duplicate_of"
                )
            elif claim.kind == "create":
                birth = self._birth(mapping, object_name, claim, values[record_id])
                claim = self._as_far_as_it_can(mapping, object_name, claim, birth)
                if birth.refused is None and birth.held is not None:
                    held[record_id] = birth.held
            claims.append(claim)
        self.ledger.claim(mapping.name, claims)
        hold_back(self.ledger, mapping.name, source, held, self.asker.clock())

    def _as_far_as_it_can(
        self, mapping: FieldMapping, object_name: str, claim: Claim, birth: Birth
    ) -> Claim:
        """A record that would be refused is parked."""
        if birth.refused is None:
            return claim
        self._note_parked(mapping, object_name, claim, birth)
        return claim._replace(kind="parked", detail=birth.refused.cause)

    def _addresses_taken(
        self,
        mapping: FieldMapping,
        source: System,
        object_name: str,
        values: Mapping[str, Values],
    ) -> dict[str, str]:
        """Records that HubSpot would refuse to take in, since an address belongs to one contact.

        The first record of this plan with an address gets it; further ones wait for a merge.
        """
        address_of = mapping.address.get((source, object_name))
        if source is HUBSPOT or address_of is None:
            return {}
        found: dict[str, str] = {}
        carried = {record_id: address_of(record) for record_id, record in values.items()}
        every = [one for addresses in carried.values() for one in addresses]
        holders = self.ledger.address_holders(mapping.name, source.other, every)
        for record_id, addresses in carried.items():
            for one in addresses:
                holder = holders.get(one) or self.draft.newcomer(mapping.name, one, record_id)
                if holder != record_id:
                    found[record_id] = holder
        return found

    # Plans --------------------------------------------------------------------------------------

    def plan(self, mapping: FieldMapping) -> None:
        """Plan the birth of everybody who was claimed for it."""
        for source in System:
            for rows in self._claimed(mapping, source):
                targets = {row.record_id: row.detail for row in rows}
                for object_name, ids in _by_object(rows).items():
                    values = self.values_of(mapping, source, object_name, ids)
                    self.asker.prefetch(mapping, source, values.values())
                    for record_id in (one for one in ids if one in values):
                        claim = Claim(source, record_id, "create", None, targets[record_id])
                        self._plan_one(mapping, object_name, claim, values[record_id])

    def _claimed(self, mapping: FieldMapping, source: System) -> Iterator[list[ClaimedRow]]:
        after = 0
        while rows := self.ledger.claimed(mapping.name, "create", after, BATCH, self.scope):
            after = rows[-1].row_id
            if ours := [row for row in rows if row.system is source]:
                yield ours

    def _plan_one(
        self, mapping: FieldMapping, object_name: str, claim: Claim, values: Values
    ) -> None:
        lines = mapping.objects[claim.detail if claim.system is HUBSPOT else object_name]
        opted = {
            line.field(claim.system): True
            for line in lines.consent
            if self.draft.has_consent(mapping.name, claim.system, claim.record_id, line.id)
        }
        birth = self._birth(mapping, object_name, claim, {**values, **opted})
        if birth.refused is not None:
            claim = self._as_far_as_it_can(mapping, object_name, claim, birth)
            self.ledger.claim(mapping.name, [claim])
            return
        self._note_parked(mapping, object_name, claim, birth)
        self.draft.add_task(
            Task.of_birth(mapping, claim.system, object_name, claim.record_id, claim.detail, birth)
        )

    def _birth(
        self, mapping: FieldMapping, object_name: str, claim: Claim, values: Values
    ) -> Birth:
        source, target = claim.system, claim.system.other
        lines = mapping.objects[claim.detail if source is HUBSPOT else object_name]
        key = key_of(mapping, target, claim.record_id)
        return plan_birth(lines, source, values, self.context, key)

    def _note_parked(
        self, mapping: FieldMapping, object_name: str, claim: Claim, birth: Birth
    ) -> None:
        for row in birth_parked(mapping, claim.system, object_name, claim.record_id, birth.parked):
            self.draft.add_parked(row)


def _rules(mapping: FieldMapping, source: System) -> Sequence[CreateRule]:
    return mapping.create_in_salesforce if source is HUBSPOT else mapping.create_in_hubspot


def _by_object(rows: Sequence[ClaimedRow]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        found[row.object].append(row.record_id)
    return found
