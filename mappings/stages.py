"""The pipelines of a `stages:` block looked up: the map of the one joined line that they become.

People write labels or ids; what travels are ids (HubSpot) and API names (Salesforce). Words are looked
up in the live schemas; offline they stand as written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connector.port import ObjectSchema
from mappings.faults import FaultList, Place
from mappings.fieldbook import HUBSPOT, SALESFORCE
from mappings.lineform import LineDraft
from mappings.picklists import Picklist
from mappings.sides import JOINED
from mappings.stageform import StagePair, StagePipeline


@dataclass(slots=True)
class StageBook:
    """Looks the written words up, and gathers the pairs of both directions.

    `here` and `there` are the live objects, None offline: then words stand as written.
    """

    draft: LineDraft
    here: ObjectSchema | None
    there: ObjectSchema | None
    stage_field: str
    faults: FaultList

    def picklist(self) -> Picklist:
        """The map of the line, the same as `values` would make."""
        forward: dict[str, str] = {}
        backward: dict[str, str] = {}
        places: dict[str, Place] = {}
        for written in self.draft.stages:
            pipeline = self._pipeline(written)
            record_type = self._record_type(written)
            if pipeline is None or (written.record_type is not None and record_type is None):
                continue
            for pair in written.pairs:
                stage, name = self._stage(pipeline, pair), self._name(pair)
                if stage is None or name is None:
                    continue
                left = JOINED.join((pipeline, stage))
                right = name if record_type is None else JOINED.join((record_type, name))
                places |= {left: pair.place, right: pair.place}
                self._note(pair, left, right, forward, backward)
        if self.draft.direction == "<->":
            self._check_ways_back(forward, backward, places)
        return Picklist({SALESFORCE: forward, HUBSPOT: backward})

    def _note(
        self,
        pair: StagePair,
        left: str,
        right: str,
        forward: dict[str, str],
        backward: dict[str, str],
    ) -> None:
        if pair.direction != "<-":
            if left in forward:
                self.faults.add("stage_twice", pair.place, pair.stage)
            forward[left] = right
        if pair.direction != "->":
            if right in backward:
                self.faults.add("stage_not_one_to_one", pair.place, pair.name)
            backward[right] = left

    def _check_ways_back(
        self, forward: dict[str, str], backward: dict[str, str], places: dict[str, Place]
    ) -> None:
        """What a stage becomes must be able to come back, whichever side moves it next."""
        for there, back in ((forward, backward), (backward, forward)):
            for value in dict.fromkeys(there.values()):
                if value not in back:
                    self.faults.add("stage_without_way_back", places[value], value)

    def _pipeline(self, written: StagePipeline) -> str | None:
        if self.here is None:
            return written.pipeline
        known = [(one.id, one.label) for one in self.here.pipelines]
        return self._pick("pipeline", written.pipeline, known, written.place)

    def _stage(self, pipeline: str, pair: StagePair) -> str | None:
        if self.here is None:
            return pair.stage
        stages = next(one.stages for one in self.here.pipelines if one.id == pipeline)
        return self._pick("stage", pair.stage, [(s.id, s.label) for s in stages], pair.place)

    def _record_type(self, written: StagePipeline) -> str | None:
        if self.there is None or written.record_type is None:
            return written.record_type
        types = self.there.record_types
        for names in ([(t.id, t.name) for t in types], [(t.id, t.label) for t in types]):
            if any(written.record_type in pair for pair in names):
                return self._pick("record_type", written.record_type, names, written.place)
        known = [(t.id, t.name) for t in types]
        return self._pick("record_type", written.record_type, known, written.place)

    def _name(self, pair: StagePair) -> str | None:
        """The stored value of a Salesforce stage; without known choices it stands as written."""
        schema = None if self.there is None else self.there.fields.get(self.stage_field)
        if schema is None or not schema.options:
            return pair.name
        known = [(option.value, option.label) for option in schema.options]
        return self._pick("salesforce_stage", pair.name, known, pair.place)

    def _pick(
        self, what: str, word: str, known: Sequence[tuple[str, str]], place: Place
    ) -> str | None:
        """The id that a label or an id means. One that could mean several is refused."""
        found = list(dict.fromkeys(one for one, label in known if word in {one, label}))
        if len(found) == 1:
            return found[0]
        words = {"what": f"={what}"}
        if not known:
            self.faults.add("no_labels", place, word, **words)
        elif found:
            self.faults.add("ambiguous_label", place, word, found, **words)
        else:
            labels = dict.fromkeys(label for _, label in known)
            ids = dict.fromkeys(one for one, _ in known)
            self.faults.add("unknown_label", place, word, dict.fromkeys([*labels, *ids]), **words)
        return None
