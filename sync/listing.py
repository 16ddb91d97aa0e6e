"""The first half of every full compare: look at each live record once, and find out who is gone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from more_itertools import chunked

from connector.port import Connector, System
from mappings.schema import Context
from mappings.schema import Mapping as FieldMapping
from sync.following import LEAD, Follower
from sync.ledger import Ledger
from sync.model import Glanced, Run
from sync.sighting import Lookout
from sync.workbench import Workbench

Progress = Callable[[str, int], None]

# How many missing records are asked about in one go.
FATES_AT_ONCE = 200
# Pages are put on file together until this many records are gathered: fewer, larger transactions.
GATHERED = 1_000
DONE = "done"


@dataclass(frozen=True, slots=True)
class Listing:
    """Lists both sides of mappings into the ledger within one run."""

    bench: Workbench
    run: Run
    context: Context
    progress: Progress

    @property
    def ledger(self) -> Ledger:
        return self.bench.ledger

    @property
    def connectors(self) -> Mapping[System, Connector]:
        return self.bench.connectors

    def look_at(self, mapping: FieldMapping) -> None:
        """List every object of a mapping, going on where the run's checkpoints stand.

        Raises whatever the connectors raise; what was listed until then is on file.
        """
        for system in System:
            for object_name in mapping.objects_of(system):
                self._list_object(mapping, system, object_name)

    def _list_object(self, mapping: FieldMapping, system: System, object_name: str) -> None:
        stage = f"{mapping.name}:{system}:{object_name}"
        after = self.run.checkpoints.get(stage)
        if after == DONE:
            return
        lookout = Lookout(mapping, system, object_name)
        fields = mapping.fields[system, object_name]
        gathered: list[Glanced] = []
        for page in self.connectors[system].list_all(object_name, fields, after):
            gathered += [lookout.glance(record, self.context) for record in page.records]
            if len(gathered) >= GATHERED or page.cursor is None:
                self._note(mapping, system, object_name, gathered, page.cursor or DONE)
                gathered = []

    def _note(
        self,
        mapping: FieldMapping,
        system: System,
        object_name: str,
        gathered: list[Glanced],
        cursor: str,
    ) -> None:
        stage = f"{mapping.name}:{system}:{object_name}"
        self.ledger.note_sightings(
            self.run.id, mapping.name, system, object_name, gathered, (stage, cursor)
        )
        self.progress(stage, len(gathered))

    def find_out_who_is_gone(self, mapping: FieldMapping) -> None:
        """Ask what became of records that the listing no longer shows, and of converted Leads.

        Absent is not deleted, and who was merged or converted is followed (`following`).
        """
        for system in System:
            missing: dict[str, list[str]] = defaultdict(list)
            for record_id, object_name, _pair in self.ledger.unseen(
                self.run.id, mapping.name, system
            ):
                missing[object_name].append(record_id)
            if system is System.SALESFORCE and LEAD in mapping.objects_of(system):
                missing[LEAD] += self.ledger.unfollowed(mapping.name)
            for object_name, ids in missing.items():
                self._follow(mapping, system, object_name, ids)

    def _follow(
        self, mapping: FieldMapping, system: System, object_name: str, ids: Sequence[str]
    ) -> None:
        follower = Follower(
            self.ledger,
            self.connectors,
            self.context,
            self.run.id,
            self.bench.clock(),
            merged=self.bench.merged,
            listen=self.bench.listen,
        )
        for some in chunked(ids, FATES_AT_ONCE):
            fates = self.connectors[system].fates(object_name, some)
            follower.follow(mapping, system, object_name, {i: fates.get(i) for i in some})
