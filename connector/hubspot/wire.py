"""HubSpot's answers as values: records, pages, and who is who in a batch. Pure.

Shapes: a record is ``{"id", "properties": {name: text or null}, "updatedAt", "archived"}``; a batch
answers ``{"status", "results": [record], "errors": [{"category", "message", "context"}]}`` in any
order, and may leave inputs out without a word. Reference sheet, sections 7 and 8.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from connector.errors import Rejected
from connector.hubspot.faults import rejection
from connector.hubspot.names import (
    EMAIL,
    MERGED_IDS,
    MORE_EMAILS,
    SYSTEM,
    from_wire,
    link_target,
    stored_name,
    to_wire,
)
from connector.port import Record, Value, Values

Json: TypeAlias = Mapping[str, Any]


# Records -----------------------------------------------------------------------------------------


def stored_names(object_name: str, fields: Iterable[str]) -> list[str]:
    """The properties to ask for, each once, in the given order; associations are none."""
    own = [field for field in fields if link_target(object_name, field) is None]
    return list(dict.fromkeys(stored_name(object_name, field) for field in own))


def moment(text: object) -> datetime | None:
    """A time as HubSpot writes it: ISO-8601, or milliseconds since 1970. None if it is neither.

    Milliseconds are left out of the ISO form when they are zero. Reference sheet, section 2.
    """
    if isinstance(text, int | float):
        return datetime.fromtimestamp(text / 1000, UTC)
    if not isinstance(text, str) or not text:
        return None
    if text.isdigit():
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


class RecordReader:
    """Turns raw records of one object into `Record`s that hold just the fields asked for.

    A field that the answer lacks stays absent: HubSpot leaves out properties it does not know.
    """

    def __init__(self, object_name: str, fields: Sequence[str]) -> None:
        self.object = object_name
        self._names = [(field, stored_name(object_name, field)) for field in fields]

    def record(self, raw: Json) -> Record:
        held = raw["properties"]
        # Blank is "" or null, as in `from_wire`; no call per field, since listings pass here.
        values = {
            field: None if (value := held[name]) == "" else value
            for field, name in self._names
            if name in held
        }
        return Record(self.object, raw["id"], values, moment(raw.get("updatedAt")))

    def records(self, raws: Iterable[Json]) -> list[Record]:
        return [self.record(raw) for raw in raws]


def values_told(object_name: str, raw: Json, fields: Iterable[str]) -> dict[str, Value]:
    """What the answer to a write says of the fields that were written; it is often partial."""
    held = raw.get("properties") or {}
    names = {field: stored_name(object_name, field) for field in fields}
    return {field: from_wire(held[name]) for field, name in names.items() if name in held}


def properties_of(object_name: str, values: Values) -> dict[str, str]:
    """The body of a write."""
    return {stored_name(object_name, field): to_wire(value) for field, value in values.items()}


def results(answer: Json) -> list[Json]:
    """The records of a list, a search or a batch."""
    found = answer.get("results")
    return found if isinstance(found, list) else []


def next_page(answer: Json) -> str | None:
    """Where the next page begins, or None on the last one."""
    after = ((answer.get("paging") or {}).get("next") or {}).get("after")
    return None if after is None else str(after)


def account_zone(answer: Json) -> str | None:
    """The account's time zone, in which its daily quota ends at midnight."""
    zone = answer.get("timeZone")
    return zone if isinstance(zone, str) else None


# Matching ----------------------------------------------------------------------------------------


def split_list(value: object) -> list[str]:
    """A ``;``-joined list without its blanks."""
    return [part.strip() for part in str(value or "").split(";") if part.strip()]


def merged_into(raws: Iterable[Json]) -> dict[str, str]:
    """Old id -> id of the record it lives in now, as the survivors tell it (section 10)."""
    return {
        old: str(raw["id"])
        for raw in raws
        for old in split_list((raw.get("properties") or {}).get(MERGED_IDS))
    }


def addresses(raw: Json, name: str) -> set[str]:
    """What a record can be found under by this unique property, casefolded.

    A contact answers to its additional addresses as well as to its first one (section 7.4).
    """
    held = raw.get("properties") or {}
    keys = {str(held[name]).casefold()} if held.get(name) else set()
    if name == EMAIL:
        keys |= {address.casefold() for address in split_list(held.get(MORE_EMAILS))}
    return keys


def by_id(answer: Json) -> dict[str, Json]:
    """The results of a batch under their own ids."""
    return {str(raw["id"]): raw for raw in results(answer) if raw.get("id") is not None}


def by_trace(answer: Json) -> dict[str, Json]:
    """The results of a batch under the trace ids that we gave."""
    return {
        str(raw["objectWriteTraceId"]): raw
        for raw in results(answer)
        if raw.get("objectWriteTraceId") is not None and raw.get("id") is not None
    }


def row_errors(answer: Json) -> dict[str, Rejected]:
    """The errors of a mixed batch answer (207) under the ids or trace ids that they name."""
    refused: dict[str, Rejected] = {}
    for error in answer.get("errors") or ():
        context = error.get("context") or {}
        for name in [*(context.get("objectWriteTraceId") or ()), *(context.get("ids") or ())]:
            refused[str(name)] = rejection(error)
    return refused


def not_answered() -> Rejected:
    return Rejected("HubSpot's answer leaves this record out", system=SYSTEM, cause="not_answered")
