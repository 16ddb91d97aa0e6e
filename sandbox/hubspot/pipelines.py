"""Pipelines and their stages: HubSpot's own for deals and leads, and those that people add.

Reference sheet, section 13. The ids of the lead pipeline are those that portals show.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.hubspot.answers import iso
from sandbox.hubspot.properties import Choice, Schema

# The properties that hold a record's pipeline and stage.
PROPERTIES = {"deals": ("pipeline", "dealstage"), "leads": ("hs_pipeline", "hs_pipeline_stage")}


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage; `metadata` holds text, as on the wire."""

    id: str
    label: str
    metadata: dict[str, str]

    def as_json(self, order: int, at: int) -> dict[str, Any]:
        return {
            "id": self.id,
            "label": self.label,
            "displayOrder": order,
            "metadata": self.metadata,
            "createdAt": iso(at),
            "updatedAt": iso(at),
            "archived": False,
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
        }


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One pipeline. `at` in milliseconds; 0 for HubSpot's own."""

    id: str
    label: str
    stages: tuple[Stage, ...]
    at: int = 0

    def stages_json(self) -> list[dict[str, Any]]:
        return [stage.as_json(order, self.at) for order, stage in enumerate(self.stages)]

    def as_json(self, order: int) -> dict[str, Any]:
        times = {"createdAt": iso(self.at), "updatedAt": iso(self.at), "archived": False}
        told = {"id": self.id, "label": self.label, "displayOrder": order}
        return {**told, "stages": self.stages_json(), **times}


def _deal_stage(name: str, label: str, probability: str) -> Stage:
    closed = "true" if probability in {"1.0", "0.0"} else "false"
    return Stage(name, label, {"isClosed": closed, "probability": probability})


def built_in() -> dict[str, list[Pipeline]]:
    """What a fresh account has."""
    deals = (
        _deal_stage("appointmentscheduled", "Appointment Scheduled", "0.2"),
        _deal_stage("qualifiedtobuy", "Qualified To Buy", "0.4"),
        _deal_stage("presentationscheduled", "Presentation Scheduled", "0.6"),
        _deal_stage("decisionmakerboughtin", "Decision Maker Bought-In", "0.8"),
        _deal_stage("contractsent", "Contract Sent", "0.9"),
        _deal_stage("closedwon", "Closed Won", "1.0"),
        _deal_stage("closedlost", "Closed Lost", "0.0"),
    )
    leads = (
        Stage("new-stage-id", "New", {"leadState": "NEW"}),
        Stage("attempting-stage-id", "Attempting", {"leadState": "IN_PROGRESS"}),
        Stage("connected-stage-id", "Connected", {"leadState": "IN_PROGRESS"}),
        Stage("qualified-stage-id", "Qualified", {"leadState": "QUALIFIED"}),
        Stage("unqualified-stage-id", "Disqualified", {"leadState": "UNQUALIFIED"}),
    )
    return {
        "deals": [Pipeline("default", "Sales Pipeline", deals)],
        "leads": [Pipeline("lead-pipeline-id", "Lead pipeline", leads)],
    }


def made_of(number: int, label: str, stages: Iterable[Sequence[str]], at: int) -> Pipeline:
    """A pipeline for deals of (label, probability) stages; ids are numbers as text."""
    made = tuple(
        _deal_stage(str(number + place), name, probability)
        for place, (name, probability) in enumerate(stages, 1)
    )
    return Pipeline(str(number), label, made, at)


def offer(schema: Schema, kind: str, pipelines: Sequence[Pipeline]) -> None:
    """Let the properties of a kind take these pipelines and stages, and no others."""
    pipeline, stage = PROPERTIES[kind]
    schema.properties[pipeline].offer(tuple(Choice(one.id, one.label) for one in pipelines))
    stages = tuple(Choice(one.id, one.label) for each in pipelines for one in each.stages)
    schema.properties[stage].offer(stages)


def stage_of(pipelines: Iterable[Pipeline], stage_id: str) -> Stage | None:
    return next((one for each in pipelines for one in each.stages if one.id == stage_id), None)
