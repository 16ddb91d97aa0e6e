"""The state of everything, as the contract's `status` JSON. Reads the ledger only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from connector.port import System
from mappings.schema import Mapping as FieldMapping
from mappings.schema import Relation
from sync.lanes import Lane
from sync.ledger import Ledger
from sync.model import STATES
from sync.mustering import progress_in, progress_json
from sync.relations.compare import TIED
from sync.signs import BUDGET, FAULTS, MAPPING, parts_alive

# More records than any org holds: a list that a person asked for is not cut.
EVERY = 10**9


def status(
    ledger: Ledger,
    mappings: Iterable[FieldMapping],
    now: datetime,
    schedule: Sequence[Any] = (),
    relations: Iterable[Relation] = (),
) -> dict[str, Any]:
    """States per mapping, system and object; lanes, budget, parked by cause, who is at work."""
    return {
        "mappings": {mapping.name: _mapping(ledger, mapping) for mapping in mappings},
        "relations": {relation.name: _relation(ledger, relation) for relation in relations},
        "mapping_faults": ledger.fact(FAULTS),
        "open_differences": ledger.open_differences(),
        "lanes": _lanes(ledger, now),
        "budget": {name: orjson.loads(text) for name, text in ledger.facts(BUDGET).items()},
        "parked": [
            {"cause": cause, "count": count, "advice": advice}
            for cause, count, advice in ledger.parked_by_cause()
        ],
        "erasures": ledger.erasure_counts(),
        "paused": sorted(system.value for system in ledger.paused()),
        "blocked": [
            {
                "system": trouble.system.value,
                "cause": trouble.cause,
                "advice": trouble.advice,
                "since": trouble.since.isoformat(),
                "asked_again": trouble.until.isoformat(),
            }
            for trouble in ledger.troubles()
        ],
        "received": {system.value: count for system, count in ledger.received().items()},
        "schedule": list(schedule),
        "parts": parts_alive(ledger, now),
        "muster": _muster(ledger),
    }


def _muster(ledger: Ledger) -> dict[str, Any] | None:
    """How many people were looked at by the definition that came into force last; None: none has."""
    progress = progress_in(ledger)
    return None if progress is None else progress_json(progress)


def _lanes(ledger: Ledger, now: datetime) -> dict[str, Any]:
    """Of each lane: records that somebody rang for, and how many of them are due now."""
    rung, due = ledger.bells_by_lane(), ledger.due_bells(now)
    return {lane.value: {"waiting": rung.get(lane, 0), "due": due.get(lane, 0)} for lane in Lane}


def _mapping(ledger: Ledger, mapping: FieldMapping) -> dict[str, Any]:
    counts = ledger.state_counts(mapping.name)
    listed = ledger.last_listing(mapping.name)
    as_of = None if listed is None else listed.isoformat()
    in_force = ledger.fact(f"{MAPPING}{mapping.name}")
    told: dict[str, Any] = {
        "hash": mapping.hash,
        "mode": mapping.mode,
        "in_force": None if in_force is None else orjson.loads(in_force),
    }
    for system in System:
        objects = {name: counts[system][name] for name in mapping.objects_of(system)}
        summed: dict[str, int] = {
            state: sum(states[state] for states in objects.values()) for state in STATES
        }
        side: dict[str, Any] = {"as_of": as_of, "total": _total(summed), "states": summed}
        if system is System.SALESFORCE:
            side["objects"] = {
                name: {"total": _total(states), "states": states}
                for name, states in objects.items()
            }
        told[system.value] = side
    return told


def _relation(ledger: Ledger, relation: Relation) -> dict[str, Any]:
    """Ties by side and state, shaped as records are."""
    counts, looked = ledger.tie_counts(relation.name), ledger.fact(f"{TIED}{relation.name}")
    as_of = None if looked is None else orjson.loads(looked)["at"]
    told: dict[str, Any] = {"hash": relation.hash, "mode": relation.mode}
    for system in System:
        states = counts[system]
        told[system.value] = {"as_of": as_of, "total": _total(states), "states": states}
    word, ties = relation.salesforce, told[System.SALESFORCE.value]
    ties["objects"] = {word: {"total": ties["total"], "states": ties["states"]}}
    return told


def _total(states: Mapping[str, int]) -> int:
    """Live records: every state but `deleted`."""
    return sum(count for state, count in states.items() if state != "deleted")


def records_in_state(
    ledger: Ledger,
    mappings: Iterable[FieldMapping],
    state: str,
    relations: Iterable[Relation] = (),
) -> list[dict[str, Any]]:
    """The records behind one number of `status`, with the reason of each; ties go by ``left>right``."""
    records = [
        {
            "mapping": mapping.name,
            "system": system.value,
            "object": row.object,
            "id": row.record_id,
            "state": state,
            "reason": row.reason,
        }
        for mapping in mappings
        for system in System
        for row in ledger.records_in_state(mapping.name, system, state, limit=EVERY)
    ]
    ties = [
        {
            "mapping": relation.name,
            "system": system.value,
            "object": relation.word(system),
            "id": row.record_id,
            "state": state,
            "reason": row.reason,
        }
        for relation in relations
        for system in System
        for row in ledger.ties_in_state(relation.name, system, state, limit=EVERY)
    ]
    return records + ties
