"""Filling an account in bulk, as if it had been in use for years. Rows are trusted less than they look:
unknown properties are an error of whoever wrote the row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sandbox.hubspot import effects, values
from sandbox.hubspot.answers import Problem, to_ms
from sandbox.hubspot.properties import Definition
from sandbox.hubspot.records import Record, Source, Table
from sandbox.hubspot.state import Owner, Preference, Said, State

SPECIAL = frozenset({"@created", "@modified", "@company", "@optout"})


def load(state: State, object_type: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Records from property rows; no event, no history, source a person. Ids in row order.

    ValueError for an unknown property, a value that HubSpot would refuse, a unique value held already
    (inside the rows too), or an unknown company.
    """
    table = state.table(object_type)
    now, person = state.now(), state.person
    return [_load_one(state, table, row, now, person) for row in rows]


def _load_one(state: State, table: Table, row: Mapping[str, Any], now: int, person: Source) -> str:
    held = _understood(table, row)
    for name in table.schema.unique:
        value = held.get(name)
        if value is not None and table.owner_of(name, value) is not None:
            raise ValueError(f"{name} {value} is held by another record")
    created = _ms(row.get("@created"), now)
    updated = max(created, _ms(row.get("@modified"), created))
    number = state.next_id(table.kind.name)
    company = row.get("@company") or held.get("associatedcompanyid")
    if company is not None and "associatedcompanyid" in table.schema.properties:
        held["associatedcompanyid"] = str(company)
    if row.get("@optout"):
        wish = state.preferences.setdefault(held.get("email", ""), Preference())
        wish.all_out, wish.said[""] = True, Said(updated, "IMPORT")
        held["hs_email_optout"] = "true"
    held.update(effects.system_values(table, number, created, updated))
    table.add(Record(number, held, created, updated, person))
    if company is not None:
        if int(company) not in state.tables["companies"].live:
            raise ValueError(f"there is no company {company}")
        state.links.make_primary((table.kind.name, "companies"), number, int(company))
    return str(number)


def _understood(table: Table, row: Mapping[str, Any]) -> dict[str, str]:
    """The stored form of a row; blanks left out."""
    rules = table.schema.properties
    held: dict[str, str] = {}
    for name, value in row.items():
        if value is None or value == "" or name in SPECIAL:
            continue
        if name not in rules:
            raise ValueError(f"{table.kind.name} have no property {name}")
        held[name] = _stored(rules[name], value)
    return held


def _stored(rule: Definition, value: Any) -> str:
    result = values.understand(rule, values.as_text(value), None)
    if not isinstance(result, Problem):
        return result
    raise ValueError(f"{rule.name}: {result.message}")


def _ms(moment: Any, usual: int) -> int:
    return to_ms(moment) if isinstance(moment, datetime) else usual


def load_owners(state: State, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Owners from rows of email, firstName, lastName, archived and type; ids and user ids differ."""
    made: list[str] = []
    for row in rows:
        number = 84_000_001 + 7 * len(state.owners)
        state.owners[number] = Owner(
            id=number,
            user_id=number - 33_000_000,
            email=str(row.get("email") or "").lower(),
            first_name=str(row.get("firstName") or ""),
            last_name=str(row.get("lastName") or ""),
            created=state.now(),
            archived=bool(row.get("archived", False)),
            type=str(row.get("type") or "PERSON"),
        )
        made.append(str(number))
    return made
