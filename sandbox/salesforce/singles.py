"""One record per call, and what describes its object (reference sheet, sections 2.1, 2.2 and 2.8)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from sandbox.salesforce import writing
from sandbox.salesforce.answers import (
    Problem,
    Refusal,
    Refused,
    Row,
    no_column,
    not_found,
    refusal,
)
from sandbox.salesforce.call import Call, Reply
from sandbox.salesforce.ids import normal_id
from sandbox.salesforce.query import shape_of
from sandbox.salesforce.records import Table
from sandbox.salesforce.schema import Field

UPSERT_ANSWERS_SINCE = 46.0


def refused(error: Refused) -> Refusal:
    """The answer of a single-record call: the first problem gives the status."""
    body = [problem.as_error() for problem in error.problems]
    return Refusal(error.problems[0].status, body)


def describe_global(call: Call) -> Reply:
    tables = call.state.tables.values()
    told = [table.schema.summary(call.base) for table in tables]
    return Reply(200, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": told})


def basic_info(call: Call, name: str) -> Reply:
    schema = call.state.table(name).schema
    return Reply(200, {"objectDescribe": schema.summary(call.base), "recentItems": []})


def describe(call: Call, name: str) -> Reply:
    schema = call.state.table(name).schema
    changed = call.state.schema_changed
    if _unmodified(changed, call.header("If-Modified-Since")):
        return Reply(304)
    told = schema.describe(call.base, everything=call.everything)
    return Reply(200, told, {"Last-Modified": _http_date(changed)})


def create(call: Call, name: str) -> Reply:
    table, body = call.state.table(name), call.json()
    _check_verb(table, "POST", table.schema.createable)
    if any(key.lower() == "id" for key in body):
        text = "cannot specify Id in an insert call"
        problem = Problem("INVALID_FIELD_FOR_INSERT_UPDATE", text, ("Id",))
        raise refused(Refused(problem))
    try:
        record_id = writing.create(call.state, table, body, call.actor())
    except Refused as error:
        raise refused(error) from error
    where = f"{call.base}/sobjects/{table.schema.name}/{record_id}"
    return Reply(201, {"id": record_id, "success": True, "errors": []}, {"Location": where})


def read(call: Call, name: str, record_id: str) -> Reply:
    table = call.state.table(name)
    return _shown(call, table, _live(table, record_id))


def change(call: Call, name: str, record_id: str) -> Reply:
    table, body = call.state.table(name), call.json()
    _check_verb(table, "PATCH", table.schema.updateable)
    _check_no_key(body, "Id")
    try:
        row = writing.locate(table, record_id)
        _check_unmodified_since(call, row)
        writing.update(call.state, table, row["Id"], body, call.actor())
    except Refused as error:
        raise refused(error) from error
    return Reply(204)


def remove(call: Call, name: str, record_id: str) -> Reply:
    table = call.state.table(name)
    _check_verb(table, "DELETE", table.schema.deletable)
    try:
        writing.delete(call.state, table, record_id, call.actor())
    except Refused as error:
        raise refused(error) from error
    return Reply(204)


def read_by_key(call: Call, name: str, key: str, value: str) -> Reply:
    table = call.state.table(name)
    record_id = _by_key(call, table, key, value)
    return _shown(call, table, table.rows[record_id])


def remove_by_key(call: Call, name: str, key: str, value: str) -> Reply:
    table = call.state.table(name)
    return remove(call, name, _by_key(call, table, key, value))


def upsert(call: Call, name: str, key: str, value: str) -> Reply:
    """201 created, 200 found (204 before v46), 300 where several records match."""
    table, body, actor = call.state.table(name), call.json(), call.actor()
    one = writing.key_field(table, key, everything=call.everything)
    _check_no_key(body, one.name)
    _check_no_key(body, "Id")
    _check_key(one, value)
    update_only = call.flag("updateOnly")
    try:
        record_id, created = writing.upsert(
            call.state, table, (one, value), body, actor, update_only=update_only
        )
    except writing.SeveralMatch as several:
        raise _several(call, table, several) from several
    except Refused as error:
        raise refused(error) from error
    if not created and float(call.version) < UPSERT_ANSWERS_SINCE:
        return Reply(204)
    told = {"id": record_id, "success": True, "errors": [], "created": created}
    return Reply(201 if created else 200, told)


def create_by_id(call: Call, name: str) -> Reply:
    """POST to the key field Id: a plain create."""
    return create(call, name)


def fields_asked(call: Call, table: Table, names: list[str]) -> list[Field]:
    """The fields of these names. 400 for an unknown or a hidden one."""
    found = []
    for name in names:
        one = table.schema.find(name)
        if one is None or not (one.readable or call.everything):
            raise refused(Refused(no_column(name, table.schema.name)))
        found.append(one)
    return found


def _shown(call: Call, table: Table, row: Row) -> Reply:
    changed = row.get("LastModifiedDate", call.state.born)
    if _unmodified(changed, call.header("If-Modified-Since")):
        return Reply(304)
    asked = call.query.get("fields")
    if asked is not None:
        fields = fields_asked(call, table, [name.strip() for name in asked.split(",")])
        fields = [table.schema.fields["Id"], *(one for one in fields if one.name != "Id")]
    else:
        fields = list(table.schema.visible(everything=call.everything))
    told = shape_of(table, fields, call.base)(row)
    return Reply(200, told, {"Last-Modified": _http_date(changed)})


def _live(table: Table, record_id: str) -> Row:
    wanted = normal_id(record_id)
    row = table.live(wanted) if wanted is not None else None
    if row is None:
        raise not_found()
    return row


def _by_key(call: Call, table: Table, key: str, value: str) -> str:
    one = writing.key_field(table, key, everything=call.everything)
    _check_key(one, value)
    found = writing.holders(table, one, value)
    if len(found) > 1:
        raise _several(call, table, writing.SeveralMatch(found))
    if not found:
        raise not_found()
    return found[0]


def _check_key(one: Field, value: str) -> None:
    """A key that ends like a file name never arrives: the edge takes it for one."""
    if one.type == "email" and value.lower().endswith(".inc"):
        raise not_found()


def _several(call: Call, table: Table, several: writing.SeveralMatch) -> Refusal:
    kind = table.schema.name
    return Refusal(300, [f"{call.base}/sobjects/{kind}/{one}" for one in several.ids])


def _check_no_key(body: dict[str, Any], name: str) -> None:
    if any(key.lower() == name.lower() for key in body):
        text = f"The {name} field should not be specified in the sobject data."
        raise refusal(400, "INVALID_FIELD", text)


def _check_verb(table: Table, verb: str, allowed: bool) -> None:
    if not allowed:
        text = f"HTTP Method '{verb}' not allowed. Allowed are HEAD,GET"
        raise refusal(405, "METHOD_NOT_ALLOWED", text)


def _moment(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except ValueError:
        return None


def _stored(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _unmodified(changed: str, since: str) -> bool:
    moment = _moment(since) if since else None
    return moment is not None and _stored(changed) <= moment


def _check_unmodified_since(call: Call, row: Row) -> None:
    """The lost-update guard of ``If-Unmodified-Since``: 412 if the record moved on."""
    given = call.header("If-Unmodified-Since")
    if not given:
        return
    moment = _moment(given)
    if moment is None:
        raise refusal(400, "INVALID_HEADER", f"invalid date: {given}")
    if _stored(row["LastModifiedDate"]) > moment:
        raise Refusal(412, None)


def _http_date(changed: str) -> str:
    return format_datetime(_stored(changed), usegmt=True)
