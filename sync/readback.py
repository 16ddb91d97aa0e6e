"""The look after a write: what did the systems really store, and whose value is it?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from connector.port import Connector, Edit, Record, System, Value, Values
from mappings.schema import Cell, Context, Fault, Pending, Skip
from mappings.schema import Mapping as FieldMapping
from sync.aftermath import Landing, landing, last_writer
from sync.findings import ignored, overwritten, write_mark
from sync.model import Conflict, LineBaseline, Pair, Parked
from sync.reconcile import LineWrite

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """A write that was taken: the pair, the lines it carried, the record as read before it.

    `before` is None for a record that this write created.
    """

    pair: Pair
    system: System
    object: str
    lines: tuple[LineWrite, ...]
    before: Record | None


@dataclass(slots=True)
class Aftermath:
    """By HubSpot id: baselines to note, lines parked, edits we overwrote, pairs others wrote to, and
    newborn ones of which the system has `filled` fields itself.

    `stored` are the values now known of a written record, by (system, record id): only of fields
    that we wrote, so that an edit of another field in the meantime is still news to the next look.
    """

    baselines: dict[str, dict[str, LineBaseline]] = field(default_factory=lambda: defaultdict(dict))
    parked: dict[str, list[Parked]] = field(default_factory=lambda: defaultdict(list))
    overwritten: dict[str, list[Conflict]] = field(default_factory=lambda: defaultdict(list))
    foreign: set[str] = field(default_factory=set)
    filled: set[str] = field(default_factory=set)
    stored: dict[tuple[System, str], dict[str, Value]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReadBack:
    """Reads written records again and judges every written line."""

    connectors: Mapping[System, Connector]
    context: Context

    def look(
        self,
        mapping: FieldMapping,
        landed: Sequence[Landed],
        other_fields: Mapping[tuple[System, str], Sequence[str]],
    ) -> Aftermath:
        """Judge all landed writes. `other_fields` are written fields that are no line's: keys, consent."""
        found = Aftermath()
        groups: dict[tuple[System, str], list[Landed]] = defaultdict(list)
        for write in landed:
            groups[write.system, write.object].append(write)
        for (system, object_name), members in groups.items():
            self._look_at(mapping, system, object_name, members, other_fields, found)
        return found

    def _look_at(
        self,
        mapping: FieldMapping,
        system: System,
        object_name: str,
        members: Sequence[Landed],
        other_fields: Mapping[tuple[System, str], Sequence[str]],
        found: Aftermath,
    ) -> None:
        connector = self.connectors[system]
        ids = [write.pair.record_id(system) for write in members]
        stored = connector.get_many(object_name, ids, mapping.fields[system, object_name])
        edits = self._edits(connector, object_name, members, stored)
        for write in members:
            record_id = write.pair.record_id(system)
            record = stored.get(record_id)
            if record is None:
                # Deleted or hidden at once: nothing is known, so nothing is noted.
                found.foreign.add(write.pair.hubspot_id)
                continue
            known = found.stored.setdefault((system, record_id), {})
            for name in other_fields.get((system, record_id), ()):
                if name in record.values:
                    known[name] = record.values[name]
            for line in write.lines:
                self._judge(mapping, write, line, record, edits.get(record_id, {}), found)
            if write.before is None and self._is_filled(mapping, write, record):
                found.filled.add(write.pair.hubspot_id)
        self._last_look(mapping, connector, object_name, members, found)

    def _is_filled(self, mapping: FieldMapping, write: Landed, born: Record) -> bool:
        """Whether the newborn record holds something by itself that a line takes to the other side: a
        default, a formula, what a rule of the system put in.
        """
        written = {line.line.id for line in write.lines}
        for line in mapping.objects[write.pair.salesforce_object].lines:
            if line.mode != "live" or not line.direction.goes_to(write.system.other):
                continue
            side = line.side(write.system)
            held = side.read(born.values, self.context)
            if line.id in written or isinstance(held, Fault | Skip | Pending):
                continue
            if side.normal(held) is not None:
                return True
        return False

    def _edits(
        self,
        connector: Connector,
        object_name: str,
        members: Sequence[Landed],
        stored: Mapping[str, Record],
    ) -> dict[str, dict[str, Edit]]:
        """Who wrote last, asked only where the stored value is not the one we meant."""
        odd: list[str] = []
        names: set[str] = set()
        for write in members:
            record_id = write.pair.record_id(write.system)
            record = stored.get(record_id)
            if record is None:
                continue
            for line in write.lines:
                side = line.line.side(write.system)
                if isinstance(line.cell, Pending):
                    continue
                if side.normal(self._held(line, record)) != side.normal(line.cell):
                    odd.append(record_id)
                    names.update(side.fields)
        if not odd:
            return {}
        return connector.last_edits(object_name, list(dict.fromkeys(odd)), sorted(names))

    def _held(self, line: LineWrite, record: Record) -> Cell:
        cell = line.line.side(line.to).read(record.values, self.context)
        # A field that was asked for and not returned proves nothing: take it as what we meant.
        if isinstance(cell, Fault | Skip | Pending):
            return None if isinstance(line.cell, Pending) else line.cell
        return cell

    def _judge(
        self,
        mapping: FieldMapping,
        write: Landed,
        line: LineWrite,
        record: Record,
        edits: Mapping[str, Edit],
        found: Aftermath,
    ) -> None:
        if isinstance(line.cell, Pending):
            return
        pair, side = write.pair, line.line.side(write.system)
        held = self._held(line, record)
        read_at = write.before.modified_at if write.before else None
        edit = max(
            (edits[name] for name in side.fields if name in edits),
            key=lambda e: e.at.timestamp() if e.at else 0.0,
            default=None,
        )
        verdict = landing(side, line.cell, line.before, held, last_writer(edit, read_at))
        known = found.stored.setdefault((write.system, pair.record_id(write.system)), {})
        if verdict is Landing.IGNORED:
            mark = write_mark(line)
            found.parked[pair.hubspot_id].append(
                ignored(mapping, pair, write.system, line.line.id, mark)
            )
            return
        meant = found.baselines[pair.hubspot_id].get(line.line.id, line.meant)
        if verdict is Landing.FOREIGN:
            found.foreign.add(pair.hubspot_id)
        else:
            # Of a line that keeps edits the baseline is what we said, however it is stored.
            if line.line.edits != "keep":
                stored = {"hubspot": held} if write.system is HUBSPOT else {"salesforce": held}
                meant = replace(meant, **stored)  # type: ignore[arg-type]  # one of its two cells
            known.update({name: record.values.get(name) for name in side.fields})
        found.baselines[pair.hubspot_id][line.line.id] = meant

    def _last_look(
        self,
        mapping: FieldMapping,
        connector: Connector,
        object_name: str,
        members: Sequence[Landed],
        found: Aftermath,
    ) -> None:
        """An edit that fell between our read and our write is gone from the record: keep its value."""
        looked = [w for w in members if w.before is not None and w.before.modified_at and w.lines]
        if not looked:
            return
        since = min(w.before.modified_at for w in looked if w.before and w.before.modified_at)
        names = sorted({n for w in looked for ln in w.lines for n in ln.line.side(w.system).fields})
        ids = [w.pair.record_id(w.system) for w in looked]
        lost = connector.overwritten(object_name, ids, names, since)
        for write in looked:
            values = lost.get(write.pair.record_id(write.system))
            if values:
                self._note_lost(mapping, write, values, found)

    def _note_lost(
        self, mapping: FieldMapping, write: Landed, values: Values, found: Aftermath
    ) -> None:
        for line in write.lines:
            side = line.line.side(write.system)
            if not any(name in values for name in side.fields) or isinstance(line.cell, Pending):
                continue
            before = write.before.values if write.before else {}
            cell = side.read({**before, **values}, self.context)
            if isinstance(cell, Fault | Skip | Pending):
                continue
            if side.normal(cell) in {side.normal(line.before), side.normal(line.cell)}:
                continue
            found.overwritten[write.pair.hubspot_id].append(
                overwritten(mapping, write.pair, write.system, line.line.id, cell, line.cell)
            )
