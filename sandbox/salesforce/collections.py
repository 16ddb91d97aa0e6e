"""Up to 200 records per call: one result per input, in input order (reference sheet, section 2.5).

A well-formed call is answered 200 whatever became of its records; a failed one has no id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sandbox.salesforce import writing
from sandbox.salesforce.answers import Problem, Refusal, Refused, refusal
from sandbox.salesforce.call import Call, Reply
from sandbox.salesforce.garble import wants_row
from sandbox.salesforce.ids import normal_id
from sandbox.salesforce.query import shape_of
from sandbox.salesforce.records import Table
from sandbox.salesforce.schema import Field
from sandbox.salesforce.singles import fields_asked
from sandbox.salesforce.state import Actor, require_table

MOST_RECORDS = 200
MOST_READ = 2_000
MOST_CHUNKS = 10
Result = dict[str, Any]
Work = Callable[[Any, Actor], Result]
ROLLED_BACK = Problem(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)


class _TakeBack(Exception):
    """One record failed and the caller wanted all or none."""


def create_many(call: Call) -> Reply:
    body = call.json()
    records = _records(body)
    _check_chunks(records)

    def work(record: Mapping[str, Any], actor: Actor) -> Result:
        table = require_table(call.state, _type(record))
        record_id = writing.create(call.state, table, record, actor)
        return {"id": record_id, "success": True, "errors": []}

    return _answer(call, records, work, all_or_none=bool(body.get("allOrNone")))


def update_many(call: Call) -> Reply:
    body = call.json()
    records = _records(body)
    _check_chunks(records)

    def work(record: Mapping[str, Any], actor: Actor) -> Result:
        table = require_table(call.state, _type(record))
        record_id = next((value for key, value in record.items() if key.lower() == "id"), None)
        if not record_id:
            text = "Id not specified in an update call"
            raise Refused(Problem("MISSING_ARGUMENT", text))
        values = {key: value for key, value in record.items() if key.lower() != "id"}
        writing.update(call.state, table, str(record_id), values, actor)
        return {"id": normal_id(record_id), "success": True, "errors": []}

    return _answer(call, records, work, all_or_none=bool(body.get("allOrNone")))


def upsert_many(call: Call, name: str, key: str) -> Reply:
    """By an external id that stands inside each record; the URL names the object."""
    body, table = call.json(), call.state.table(name)
    one = writing.key_field(table, key, everything=call.everything)
    records = _records(body)
    twice = Counter(_fold(one, _key_value(record, one)) for record in records)

    def work(record: Mapping[str, Any], actor: Actor) -> Result:
        value = _key_value(record, one)
        if not value:
            if one.name != "Id":
                text = f"{one.name} not specified"
                raise Refused(Problem("MISSING_ARGUMENT", text))
            value = ""
        elif twice[_fold(one, value)] > 1:  # both fail, not only the second
            text = f"Duplicate external id specified: {value}"
            raise Refused(Problem("DUPLICATE_VALUE", text, (one.name,)))
        values = {k: v for k, v in record.items() if k.lower() not in {one.name.lower(), "id"}}
        try:
            record_id, created = writing.upsert(call.state, table, (one, value), values, actor)
        except writing.SeveralMatch as several:
            text = f"{one.name}: more than one record found for external id field: {several.ids}"
            raise Refused(Problem("DUPLICATE_EXTERNAL_ID", text)) from several
        return {"id": record_id, "success": True, "errors": [], "created": created}

    return _answer(call, records, work, all_or_none=bool(body.get("allOrNone")))


def delete_many(call: Call) -> Reply:
    ids = [one.strip() for one in call.query.get("ids", "").split(",") if one.strip()]
    _check_size(len(ids), MOST_RECORDS)

    def work(record_id: str, actor: Actor) -> Result:
        table = call.state.owner_of_prefix(record_id)
        if table is None:
            raise Refused(Problem("MALFORMED_ID", f"malformed id {record_id}"))
        writing.delete(call.state, table, record_id, actor)
        return {"id": normal_id(record_id), "success": True, "errors": []}

    return _answer(call, ids, work, all_or_none=call.flag("allOrNone"))


def read_many(call: Call, name: str) -> Reply:
    """Null at the place of an id that is unknown, deleted or hidden."""
    table = call.state.table(name)
    if call.method == "GET":
        ids: Sequence[Any] = call.query.get("ids", "").split(",")
        names: Sequence[Any] = call.query.get("fields", "").split(",")
    else:
        body = call.json()
        ids, names = body.get("ids") or [], body.get("fields") or []
    _check_size(len(ids), MOST_READ)
    fields = fields_asked(call, table, [str(one).strip() for one in names if one])
    if not fields:
        text = "The fields parameter is required"
        raise refusal(400, "REQUIRED_FIELD_MISSING", text)
    shape = shape_of(table, fields, call.base)
    told = [_read(table, str(one), shape) for one in ids]
    return Reply(200, _shortened(call, told))


def _read(table: Table, given: str, shape: Callable[[dict[str, Any]], Any]) -> Any:
    record_id = normal_id(given.strip())
    if record_id is None:
        raise refusal(400, "MALFORMED_ID", f"malformed id {given}")
    row = table.live(record_id)
    return None if row is None else shape(row)


def _answer(call: Call, inputs: Sequence[Any], work: Work, *, all_or_none: bool) -> Reply:
    actor = call.actor()
    results: list[Result] = []
    if not all_or_none:
        for place, one in enumerate(inputs):
            results.append(_attempt(work, one, _for_row(actor, place)))
        return Reply(200, _shortened(call, results))
    try:
        with call.state.transaction():
            for place, one in enumerate(inputs):
                results.append(_attempt(work, one, _for_row(actor, place)))
            _require_all(results)
    except _TakeBack:
        taken_back = {"success": False, "errors": [ROLLED_BACK.as_item()]}
        results = [taken_back if result["success"] else result for result in results]
    return Reply(200, _shortened(call, results))


def _require_all(results: Sequence[Result]) -> None:
    if not all(result["success"] for result in results):
        raise _TakeBack


def _attempt(work: Work, one: Any, actor: Actor) -> Result:
    try:
        return work(one, actor)
    except Refused as error:
        return {"success": False, "errors": [problem.as_item() for problem in error.problems]}


def _for_row(actor: Actor, place: int) -> Actor:
    if actor.row_fault is None and actor.garble is None:
        return actor
    return replace(
        actor,
        row_fault=wants_row(actor.row_fault, place),
        garble=wants_row(actor.garble, place),
    )


def _shortened(call: Call, results: list[Any]) -> list[Any]:
    short = not call.session.person and call.rooms.faults.take(call.name, "short_answer")
    return results[:-1] if short else results


def _records(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
        raise refusal(
            400, "JSON_PARSER_ERROR", "The records array is missing at [line:1, column:2]"
        )
    _check_size(len(records), MOST_RECORDS)
    return records


def _check_size(count: int, most: int) -> None:
    if count > most:
        text = f"record limit reached. cannot submit more than {most} records into this call"
        raise refusal(400, "EXCEEDED_ID_LIMIT", text)


def _type(record: Mapping[str, Any]) -> str:
    attributes = record.get("attributes")
    kind = attributes.get("type") if isinstance(attributes, Mapping) else None
    if not kind:
        text = "Object type not specified: attributes.type is missing"
        raise Refusal(400, [{"message": text, "errorCode": "INVALID_INPUT"}])
    return str(kind)


def _check_chunks(records: Sequence[Mapping[str, Any]]) -> None:
    """Objects may alternate, but not more often than this."""
    kinds = [_type(record) for record in records]
    chunks = sum(1 for place, kind in enumerate(kinds) if place == 0 or kinds[place - 1] != kind)
    if chunks > MOST_CHUNKS:
        text = f"Cannot have more than {MOST_CHUNKS} chunks in a single operation."
        raise refusal(400, "INVALID_INPUT", text)


def _key_value(record: Mapping[str, Any], one: Field) -> str:
    found = next((value for key, value in record.items() if key.lower() == one.name.lower()), None)
    return "" if found is None else str(found)


def _fold(one: Field, value: str) -> str:
    if not value:
        return ""
    return value if one.case_sensitive else value.casefold()
