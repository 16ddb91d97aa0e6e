"""Records that nobody is paired with, in a worker's round: paired, born, or parked with a reason.

The plan is the one that a full compare makes, cut down to the records that moved and to those that
their keys touch. Before anybody is born, the other system is asked for records with that address: the
other half of a person may have been entered a second ago, and its bell may still be on its way. For the
same reason Salesforce is asked whether a new Contact is what became of a Lead.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from more_itertools import chunked

from connector.port import Fate, Record, System
from mappings.schema import Mapping as FieldMapping
from sync.endings import within_limit
from sync.following import CONTACT, LEAD, Follower
from sync.ledger import Ledger, LedgerBusy, Ring
from sync.model import Parked, Scope
from sync.plandraft import PlanDraft, Task
from sync.planner import Planner
from sync.sighting import Lookout
from sync.workbench import Carrier, Workbench

# Seconds to wait for the nursery before the bells are rung again later.
PATIENCE = 2.0
# Addresses to ask about in one go.
AT_ONCE = 100
SALESFORCE = System.SALESFORCE
# The field of a Lead that names the Contact it became.
BECAME = "ConvertedContactId"


class LooseDraft(PlanDraft):
    """A plan that is carried out at once: its tasks stay in memory, and it is never stored."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger, "")
        self.tasks: list[Task] = []
        self.parked: list[Parked] = []

    def keep(self, task: Task) -> None:
        self.tasks.append(task)

    def add_parked(self, parked: Parked) -> None:
        self.parked.append(parked)

    def flush(self) -> None:
        """There is nothing to put on file."""


@dataclass(frozen=True, slots=True)
class Newcomers:
    """Settles what a scope of one mapping needs beyond its bound pairs."""

    bench: Workbench
    run_id: int

    def settle(
        self, mapping: FieldMapping, moved: Collection[int], near: frozenset[int], carrier: Carrier
    ) -> frozenset[int] | None:
        """Pair, create, unlink and tell opt-outs on; answers the rows concerned.

        None when somebody else is in the nursery: the bells have to be rung again.
        """
        ledger = self.bench.ledger
        try:
            with self.bench.holder.nursery(mapping.name, PATIENCE):
                self._look_behind(mapping, near)
                self._look_across(mapping, near, carrier)
                scope = frozenset(moved) | ledger.neighbours(mapping.name, near)
                draft = self._plan(mapping, scope, carrier)
                places = ledger.places(scope)
                ledger.park_anew(mapping.name, places, draft.parked, self.bench.clock())
                # A round has no guard that a person could lift: what exceeds the day's limit waits.
                due = within_limit(carrier.engine, mapping, draft.tasks)
                carrier.carry_out_all(mapping, due)
                carrier.look_forward({mapping.name: mapping})
                carrier.hear_further(mapping, scope)
        except LedgerBusy:
            return None
        self._ring_for_the_left(draft)
        return scope

    def _plan(self, mapping: FieldMapping, scope: Scope, carrier: Carrier) -> LooseDraft:
        context, refs = self.bench.context(planning=True)
        draft = LooseDraft(self.bench.ledger)
        planner = Planner(
            ledger=self.bench.ledger,
            reads=carrier.engine.reads,
            context=context,
            refs=refs,
            asker=self.bench.asker(context, refs),
            draft=draft,
            commit=False,
            run_id=self.run_id,
            progress=lambda _stage, _count: None,
            scope=scope,
        )
        planner.plan([mapping])
        return draft

    def _look_behind(self, mapping: FieldMapping, near: frozenset[int]) -> None:
        """Ask for the Leads that became these Contacts, one call for all: whom nobody knows yet would be
        somebody new, although the partner of the Lead was deleted.
        """
        fields, ledger = mapping.fields.get((SALESFORCE, LEAD)), self.bench.ledger
        ids = [i for side, i in ledger.places(near) if side is SALESFORCE] if fields else []
        known = ledger.known(mapping.name, SALESFORCE, ids)
        contacts = [i for i, one in known.items() if one.object == CONTACT and one.gone is None]
        if not contacts or fields is None:
            return
        context, _ = self.bench.context(planning=False)
        told = self.bench.connectors[SALESFORCE].find_many(LEAD, BECAME, contacts, fields)
        lookout = Lookout(mapping, SALESFORCE, LEAD)
        glances = [lookout.glance(lead, context) for leads in told.values() for lead in leads]
        ledger.note_sightings(self.run_id, mapping.name, SALESFORCE, LEAD, glances)
        fates: dict[str, Fate | None] = {
            lead.id: Fate("converted", contact) for contact, leads in told.items() for lead in leads
        }
        new = ledger.unfollowed(mapping.name, list(fates)) if fates else []
        now, listen = self.bench.clock(), self.bench.listen
        follower = Follower(ledger, self.bench.connectors, context, self.run_id, now, listen=listen)
        follower.follow(mapping, SALESFORCE, LEAD, {lead: fates[lead] for lead in new})

    def _look_across(self, mapping: FieldMapping, near: frozenset[int], carrier: Carrier) -> None:
        """Ask the other system, from the truth, for records with the addresses of the unpaired."""
        places = self.bench.ledger.places(near)
        for side in System:
            wanted = self._addresses(mapping, side, [i for s, i in places if s is side], carrier)
            other = side.other
            for object_name in mapping.objects_of(other) if wanted else ():
                email = mapping.email.get((other, object_name))
                if email is not None:
                    self._find(mapping, other, object_name, email, wanted)

    def _addresses(
        self, mapping: FieldMapping, side: System, ids: list[str], carrier: Carrier
    ) -> list[str]:
        found: set[str] = set()
        by_object: dict[str, list[str]] = defaultdict(list)
        for record_id, known in self.bench.ledger.known(mapping.name, side, ids).items():
            by_object[known.object].append(record_id)
        for object_name, some in by_object.items():
            email = mapping.email.get((side, object_name))
            if email is None:
                continue
            fields = mapping.fields[side, object_name]
            for record in carrier.engine.reads.get_many(side, object_name, some, fields).values():
                found.add(str(record.values.get(email) or "").strip())
        return sorted(found - {""})

    def _find(
        self,
        mapping: FieldMapping,
        system: System,
        object_name: str,
        email: str,
        wanted: list[str],
    ) -> None:
        fields = mapping.fields[system, object_name]
        lookout = Lookout(mapping, system, object_name)
        context, _ = self.bench.context(planning=False)
        for some in chunked(wanted, AT_ONCE):
            found: dict[str, Record] = {}
            matches = self.bench.connectors[system].find_many(object_name, email, some, fields)
            for records in matches.values():
                found |= {record.id: record for record in records}
            self.bench.ledger.note_sightings(
                self.run_id,
                mapping.name,
                system,
                object_name,
                [lookout.glance(record, context) for record in found.values()],
            )

    def _ring_for_the_left(self, draft: LooseDraft) -> None:
        """The partners of ended pairs: what they are now is for the next round to say."""
        rings = [
            Ring(side, task.object_of(side), task.record_id(side) or "")
            for task in draft.tasks
            if task.kind in {"unlink", "delete"}
            for side in System
        ]
        if rings:
            self.bench.ledger.ring(rings, self.bench.clock())
