"""Pipelines and their stages, from what HubSpot tells of them. Pure.

A stage's `metadata` holds text: ``{"isClosed": "false", "probability": "0.2"}`` for deals, a
``ticketState`` or ``leadState`` for others. Reference sheet, section 13.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from connector.hubspot.names import LEADS
from connector.port import Pipeline, Stage

PIPED: Final = frozenset({"deals", "tickets", LEADS})
"""Objects whose records move through pipelines."""
_CLOSED: Final = frozenset({"CLOSED", "QUALIFIED", "UNQUALIFIED"})


def read_pipelines(raws: Iterable[Mapping[str, Any]]) -> tuple[Pipeline, ...]:
    """The pipelines that are in use, in the order in which people see them."""
    return tuple(
        Pipeline(str(raw["id"]), str(raw.get("label") or raw["id"]), _stages(raw))
        for raw in _in_order(raws)
    )


def _stages(raw: Mapping[str, Any]) -> tuple[Stage, ...]:
    return tuple(_stage(one) for one in _in_order(raw.get("stages") or ()))


def _stage(raw: Mapping[str, Any]) -> Stage:
    told = raw.get("metadata") or {}
    state = told.get("ticketState") or told.get("leadState")
    closed = str(told.get("isClosed", "")).casefold() == "true" or state in _CLOSED
    name = str(raw["id"])
    return Stage(name, str(raw.get("label") or name), _number(told.get("probability")), closed)


def _number(told: object) -> float | None:
    try:
        return float(str(told))
    except ValueError:
        return None


def _in_order(raws: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    live = [raw for raw in raws if not raw.get("archived")]
    return sorted(live, key=lambda raw: int(raw.get("displayOrder") or 0))
