"""What became of records that went: deleted, merged, converted. Pairs go along, nothing is recreated.

A merge leaves a survivor (at HubSpot a third record with a new id), a conversion leaves a Contact where
the Lead was; survivors may have been merged on themselves. The pair of a record that went is moved to
where it went, baseline and writes in flight included, so that edits made meanwhile still travel. Where
the survivor has a partner already, the further pair ends, and its other record waits for a merge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeAlias

from connector.port import Connector, Fate, FateKind, Record, System, Values
from mappings.schema import Context, Fault, ObjectLines, OwnName, Pending, Skip
from mappings.schema import Mapping as FieldMapping
from sync.bequest import bequeathed
from sync.hearing import Heard
from sync.ledger import Ledger, Ring
from sync.model import Baseline, LineBaseline, Pair
from sync.sighting import Lookout

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
LEAD, CONTACT, IS_CONVERTED = "Lead", "Contact", "IsConverted"
# What a HubSpot record that came out of merges says of them: the old ids, `;` between them.
MERGED_IDS = "hs_merged_object_ids"
# Merges of merges are followed this far; no sane history is longer.
FURTHEST = 50


# Told of the names of records that are one person or company by now, and when that was found out.
Merged: TypeAlias = Callable[[Sequence[OwnName], datetime], object]
# Told of what stood on Leads when they were converted, and their Contacts do not say.
Listen: TypeAlias = Callable[[Sequence[Heard]], object]


def nobody_merged(_names: Sequence[OwnName], _now: datetime) -> None:
    """Nobody else wants to know."""


def nobody_listens(_heard: Sequence[Heard]) -> None:
    """What people enter is no request here."""


@dataclass(frozen=True, slots=True)
class Went:
    """One record that went, and the record of the same system in which it lives on."""

    old: str
    kind: str
    survivor: Record


class End(NamedTuple):
    """Where the way of a record ends, and what that one is: live, converted, deleted or not visible."""

    kind: FateKind
    object: str
    id: str

    @property
    def is_seen(self) -> bool:
        """Whether it can be read."""
        return self.kind in {"live", "converted"}


@dataclass(frozen=True, slots=True)
class Follower:
    """Follows records of one run."""

    ledger: Ledger
    connectors: Mapping[System, Connector]
    context: Context
    run_id: int
    now: datetime
    merged: Merged = nobody_merged
    listen: Listen = nobody_listens

    def follow(
        self,
        mapping: FieldMapping,
        system: System,
        object_name: str,
        fates: Mapping[str, Fate | None],
    ) -> set[str]:
        """Put on file what became of these records of one object; answers the ids of survivors.

        Raises what the systems raise.
        """
        gone: dict[str, list[str]] = defaultdict(list)
        went: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        for record_id, fate in fates.items():
            kind: FateKind = "not_visible" if fate is None else fate.kind
            if fate is not None and fate.into is not None and kind in {"merged", "converted"}:
                where = CONTACT if kind == "converted" else object_name
                went[kind, where][record_id] = fate.into
            elif kind in {"deleted", "merged", "not_visible"}:
                # A loser without a survivor is gone like any other.
                gone["not_visible" if kind == "not_visible" else "deleted"].append(record_id)
        for how, ids in gone.items():
            self.ledger.mark_gone(mapping.name, system, ids, how)
        return {
            survivor
            for (how, where), into in went.items()
            for survivor in self._follow_into(mapping, system, where, how, into)
        }

    def _follow_into(
        self,
        mapping: FieldMapping,
        system: System,
        where: str,
        kind: str,
        into: Mapping[str, str],
    ) -> set[str]:
        if where not in mapping.objects_of(system):
            # Its Contact is no business of this mapping; the Lead stays frozen, and its pair with it.
            for old, new in into.items():
                self.ledger.went(mapping.name, system, old, new, kind=kind)
            return set()
        ends = self._ends(mapping, system, where, set(into.values()))
        found: dict[str, Record] = {}
        for name in sorted({end.object for end in ends.values()}):
            there = {e.id for e in ends.values() if e.object == name and e.is_seen}
            found |= self._read(mapping, system, name, there)
        arrived: list[Went] = []
        for old, new in into.items():
            end = ends[new]
            survivor = found.get(end.id)
            if survivor is not None:
                arrived.append(Went(old, kind, survivor))
            elif kind == "merged":
                lost = "deleted" if end.kind == "deleted" else "not_visible"
                self.ledger.mark_gone(mapping.name, system, [old], lost)
            elif end.kind == "deleted" and (pair := self.ledger.pair_of(mapping.name, system, old)):
                # The Lead is there still, frozen; nobody can be kept in line with it any more.
                self._part(mapping, system, pair, "partner_deleted")
        for one in self._in_order(mapping, system, arrived):
            if kind == "merged":
                self._join(mapping, system, one)
            else:
                self._hear(mapping, one)
            self._move(mapping, system, one)
        return {one.survivor.id for one in arrived}

    def _join(self, mapping: FieldMapping, system: System, one: Went) -> None:
        """Whoever knows these records by their names hears that they are one; again, if this is killed.

        At Salesforce two contacts may stand behind the merged records: nobody has said that those are one.
        """
        if system is HUBSPOT and mapping.own_names:
            ids = [one.survivor.id, one.old]
            names = self.ledger.names_borne(mapping.name, system, ids)
            known = [name for name in names if not mapping.match_ignore(name.value)]
            if known:
                self.merged(known, self.now)

    def _hear(self, mapping: FieldMapping, one: Went) -> None:
        """What a person asked for on a Lead goes before its conversion; again, if this is killed."""
        pair = self.ledger.pair_of(mapping.name, SALESFORCE, one.old)
        if pair is None or not mapping.own_names or pair.salesforce_object != LEAD:
            return
        fields = mapping.fields[SALESFORCE, LEAD]
        found = self.connectors[SALESFORCE].get_many(LEAD, [one.old], fields).get(one.old)
        names = self.ledger.names_borne(mapping.name, HUBSPOT, [pair.hubspot_id])
        if found is None:
            return
        heard = bequeathed(mapping, pair, found.values, one.survivor, names, self.context)
        if heard is not None:
            self.listen([heard])

    def _ends(
        self, mapping: FieldMapping, system: System, object_name: str, ids: Iterable[str]
    ) -> dict[str, End]:
        """Where each of these records is by now, after however many merges, and a conversion in between."""
        ends: dict[str, End] = {}
        open_ends = {record_id: (object_name, record_id) for record_id in ids}
        for _ in range(FURTHEST):
            further: dict[str, tuple[str, str]] = {}
            for name in sorted({name for name, _ in open_ends.values()}):
                here = {start: at for start, (where, at) in open_ends.items() if where == name}
                fates = self.connectors[system].fates(name, sorted(set(here.values())))
                for start, at in here.items():
                    fate = fates.get(at, Fate("not_visible"))
                    onward = CONTACT if fate.kind == "converted" else name
                    if fate.into not in {None, at} and self._goes_on(mapping, system, fate):
                        further[start] = (onward, fate.into or at)
                    else:
                        ends[start] = End(fate.kind, name, at)
            open_ends = further
        return ends | {start: End("not_visible", *place) for start, place in open_ends.items()}

    def _goes_on(self, mapping: FieldMapping, system: System, fate: Fate) -> bool:
        """Whether the record lives on in another one that is this mapping's business."""
        return fate.kind == "merged" or (
            fate.kind == "converted" and CONTACT in mapping.objects_of(system)
        )

    def _read(
        self, mapping: FieldMapping, system: System, object_name: str, ids: Iterable[str]
    ) -> dict[str, Record]:
        """The survivors as they are now; the ledger has seen them from here on."""
        fields = mapping.fields[system, object_name]
        found = self.connectors[system].get_many(object_name, sorted(ids), fields)
        lookout = Lookout(mapping, system, object_name)
        self.ledger.note_sightings(
            self.run_id,
            mapping.name,
            system,
            object_name,
            [lookout.glance(record, self.context) for record in found.values()],
        )
        return found

    def _in_order(
        self, mapping: FieldMapping, system: System, arrived: Iterable[Went]
    ) -> Iterator[Went]:
        """Who comes first keeps the survivor: a Contact's pair before a Lead's, then the oldest."""
        rank = {name: place for place, name in enumerate(mapping.salesforce_objects)}

        def order(one: Went) -> tuple[int, int]:
            pair = self.ledger.pair_of(mapping.name, system, one.old)
            if pair is None:
                return len(rank), 0
            return rank.get(pair.salesforce_object, len(rank)), pair.id

        yield from sorted(arrived, key=order)

    def _move(self, mapping: FieldMapping, system: System, one: Went) -> None:
        new = one.survivor
        pair = self.ledger.pair_of(mapping.name, system, one.old)
        taken = self.ledger.pair_of(mapping.name, system, new.id)
        if pair is not None and taken is None:
            baseline = self._baseline(mapping, system, pair, new)
            self.ledger.move(pair.id, system, new.object, new.id, baseline)
            moved = self.ledger.pairs_by_ids([pair.id])
            self.ledger.welcome(mapping.name, list(moved.values()), self.now)
        elif pair is not None:
            # Its other record is a further one of the same person or company now.
            self._part(mapping, system, pair, one.kind)
        self.ledger.went(mapping.name, system, one.old, new.id, kind=one.kind)

    def _part(self, mapping: FieldMapping, system: System, pair: Pair, why: str) -> None:
        """End a pair of which the record of `system` went; what the other one is now is asked soon."""
        self.ledger.unbind(pair.id, why, self.now)
        other = system.other
        name = mapping.hubspot_object if other is HUBSPOT else pair.salesforce_object
        self.ledger.ring([Ring(other, name, pair.record_id(other))], self.now)

    def _baseline(self, mapping: FieldMapping, system: System, pair: Pair, new: Record) -> Baseline:
        lines = mapping.objects
        after = lines[new.object if system is SALESFORCE else pair.salesforce_object]
        return carried_baseline(
            lines[pair.salesforce_object], after, system, pair.baseline, new.values, self.context
        )


def carried_baseline(
    before: ObjectLines,
    after: ObjectLines,
    system: System,
    baseline: Baseline,
    values: Values,
    context: Context,
) -> dict[str, LineBaseline]:
    """The baseline of a pair whose record of `system` lives on in one that holds `values`. Pure.

    Line by line, under the wording of the lines that apply now. What the survivor lost (conversions
    leave unmapped fields blank, merges may too) was emptied by nobody: such a line has no baseline any
    more, so that the other side fills it again instead of being cleared. What is told by us is filled by
    us: there the other side goes on from what it held, and nothing that stands there becomes an edit.
    """
    worded = {line.id: line.hash for line in before.lines}
    carried: dict[str, LineBaseline] = {}
    for line in after.lines:
        base = baseline.get(line.id)
        if base is None or base.line_hash != worded.get(line.id):
            continue
        side = line.side(system)
        held = side.read(values, context)
        lost = isinstance(held, Fault | Skip | Pending) or side.normal(held) is None
        if lost and side.normal(base.of(system)) is not None:
            if line.ledger_value is not None:
                left = None if system is HUBSPOT else base.hubspot
                right = None if system is SALESFORCE else base.salesforce
                carried[line.id] = LineBaseline(line.hash, left, right, base.open)
            continue
        carried[line.id] = LineBaseline(line.hash, base.hubspot, base.salesforce, base.open)
    return carried
