"""`stages:` as written: pipelines and their stages, checked for form, and the one line they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mappings import grammar
from mappings.faults import FaultList, Place
from mappings.lineform import LineDraft
from mappings.source import Node, items

STAGES = "stages"
# HubSpot keeps a deal's stage in two properties without a prefix, and all other objects' with one
# (reference sheet, section 8: leads, tickets, custom objects).
DEAL_PROPERTIES = ("pipeline", "dealstage")
OTHER_PROPERTIES = ("hs_pipeline", "hs_pipeline_stage")
WITHOUT_PIPELINES = frozenset(
    {"contacts", "companies", "lists", "tasks", "meetings", "calls", "notes"}
)
# Where Salesforce keeps the stage of its standard objects.
STAGE_FIELDS = {"Opportunity": "StageName", "Lead": "Status", "Case": "Status"}
RECORD_TYPE = "RecordTypeId"


@dataclass(frozen=True, slots=True)
class StagePair:
    """One `label or id <-> StageName`."""

    place: Place
    stage: str
    direction: str
    name: str


@dataclass(frozen=True, slots=True)
class StagePipeline:
    """One pipeline as written, with its record type where it names one."""

    place: Place
    pipeline: str
    record_type: str | None
    pairs: tuple[StagePair, ...]


def read_stages(
    node: Node | None, hubspot_object: str, salesforce_objects: Sequence[str], faults: FaultList
) -> LineDraft | None:
    """The line that the block stands for; None where there is no block, or nothing to go by."""
    if node is None:
        return None
    if hubspot_object in WITHOUT_PIPELINES:
        faults.add("stages_elsewhere", node.place, hubspot_object)
        return None
    named = {name: STAGE_FIELDS[name] for name in salesforce_objects if name in STAGE_FIELDS}
    if not named:
        found = ", ".join(salesforce_objects)
        faults.add("stages_elsewhere", node.place, found, STAGE_FIELDS)
        return None
    read = (_pipeline(item, faults) for item in items(node, faults))
    pipelines = tuple(one for one in read if one is not None)
    if not pipelines or not _all_alike(pipelines, faults):
        return None
    with_types = pipelines[0].record_type is not None
    return LineDraft(
        place=node.place,
        id=STAGES,
        direction=_direction(pipelines),
        hubspot=DEAL_PROPERTIES if hubspot_object == "deals" else OTHER_PROPERTIES,
        salesforce={
            name: (RECORD_TYPE, field) if with_types else (field,) for name, field in named.items()
        },
        stages=pipelines,
    )


def _pipeline(item: Node, faults: FaultList) -> StagePipeline | None:
    if not isinstance(item.value, dict) or len(item.value) != 1:
        faults.add("bad_pipeline", item.place, item.shown())
        return None
    ((head, body),) = item.value.items()
    place = (item.keys or {})[head]
    found = grammar.PIPELINE.match(head)
    if found is None:
        faults.add("bad_pipeline", place, head)
        return None
    read = (_pair(one, faults) for one in items(body, faults))
    pairs = tuple(pair for pair in read if pair is not None)
    return StagePipeline(place, found.group(1), found.group(2), pairs)


def _pair(node: Node, faults: FaultList) -> StagePair | None:
    found = grammar.ARROW.match(node.text or "")
    if found is None:
        faults.add("bad_stage", node.place, node.shown())
        return None
    stage, direction, name = found.groups()
    return StagePair(node.place, stage, direction, name)


def _all_alike(pipelines: Sequence[StagePipeline], faults: FaultList) -> bool:
    """With record types all pipelines name theirs, or the line would have to guess."""
    without = [one for one in pipelines if one.record_type is None]
    if 0 < len(without) < len(pipelines):
        faults.add("record_type_missing", without[0].place, without[0].pipeline)
        return False
    return True


def _direction(pipelines: Iterable[StagePipeline]) -> str:
    arrows = {pair.direction for one in pipelines for pair in one.pairs}
    return arrows.pop() if len(arrows) == 1 else "<->"
