"""Doors for records: list, read, write, archive, merge, erase, batch and search."""

from __future__ import annotations

from typing import Any

from flask import Response

from sandbox.hubspot import batch, leaving, merging, writing
from sandbox.hubspot.answers import bad_json
from sandbox.hubspot.desk import Call, Route, no_such_page, nothing, reply
from sandbox.hubspot.reading import View, as_json, list_page, shell, view_of
from sandbox.hubspot.search import search

OBJECTS = "/crm/v3/objects/<kind>"
READ, WRITE = "crm.objects.{kind}.read", "crm.objects.{kind}.write"


def _view(call: Call, kind: str) -> View:
    associations = [call.state.kinds.of(name).name for name in call.many("associations")]
    properties, history = call.many("properties"), call.many("propertiesWithHistory")
    return view_of(call.table(kind), properties, history, associations)


def list_records(call: Call, kind: str) -> Response:
    limit, archived = call.number("limit", 10), call.flag("archived")
    view = _view(call, kind)
    page = list_page(
        call.state, call.table(kind), view, limit, call.text("after"), archived=archived
    )
    return reply(page)


def read_record(call: Call, kind: str, record_id: str) -> Response:
    table, view = call.table(kind), _view(call, kind)
    found = writing.locate(
        table, record_id, call.text("idProperty"), archived=call.flag("archived")
    )
    return reply(as_json(call.state, table, found, view))


def create_record(call: Call, kind: str) -> Response:
    table, body = call.table(kind), call.body_object()
    made = writing.create(call.state, table, body, call.actor)
    told = shell(call.state, table, made, dict(sorted(made.values.items())))
    if body.get("objectWriteTraceId") is not None:
        told["objectWriteTraceId"] = body["objectWriteTraceId"]
    location = f"https://api.hubapi.com/crm/v3/objects/{table.kind.name}/{made.id}"
    return reply(told, 201, {"Location": location})


def update_record(call: Call, kind: str, record_id: str) -> Response:
    table = call.table(kind)
    found = writing.locate(table, record_id, call.text("idProperty"))
    properties = writing.properties_of(call.body)
    told: dict[str, Any] = dict(writing.update(call.state, table, found, properties, call.actor))
    return reply(shell(call.state, table, found, told))


def archive_record(call: Call, kind: str, record_id: str) -> Response:
    """204, also for what is in the bin already; 404 for what never was."""
    table = call.table(kind)
    if table.find(record_id, archived=True) is None:
        leaving.archive(call.state, table, writing.locate(table, record_id, None), call.actor)
    return nothing()


def merge_records(call: Call, kind: str) -> Response:
    table = call.table(kind)
    survivor = merging.merge(call.state, table, call.body_object(), call.actor)
    return reply(shell(call.state, table, survivor, dict(sorted(survivor.values.items()))))


def erase_contact(call: Call, kind: str) -> Response:
    if call.table(kind).kind.name != "contacts":
        return no_such_page(404)
    leaving.erase(call.state, call.table(kind), call.body_object(), call.actor)
    return nothing()


def batch_read(call: Call, kind: str) -> Response:
    archived = call.flag("archived")
    status, body = batch.read(call.state, call.table(kind), call.body_object(), archived=archived)
    return reply(body, status)


def batch_write(call: Call, kind: str, verb: str) -> Response:
    write = batch.WRITES.get(verb)
    if write is None:
        return no_such_page(404)
    if not isinstance(call.body, dict):
        raise bad_json("Cannot deserialize value")
    status, body = write(call.state, call.table(kind), call.body, call.actor)
    return reply(body, status)


def batch_archive(call: Call, kind: str) -> Response:
    batch.archive(call.state, call.table(kind), call.body_object(), call.actor)
    return nothing()


def search_records(call: Call, kind: str) -> Response:
    size = len(call.request.get_data().decode(errors="replace"))
    return reply(search(call.state, call.table(kind), call.body, size))


ROUTES = (
    Route("GET", OBJECTS, list_records, READ),
    Route("POST", OBJECTS, create_record, WRITE),
    Route("GET", f"{OBJECTS}/<record_id>", read_record, READ),
    Route("PATCH", f"{OBJECTS}/<record_id>", update_record, WRITE),
    Route("DELETE", f"{OBJECTS}/<record_id>", archive_record, WRITE),
    Route("POST", f"{OBJECTS}/merge", merge_records, WRITE),
    Route("POST", f"{OBJECTS}/gdpr-delete", erase_contact, WRITE),
    Route("POST", f"{OBJECTS}/search", search_records, READ),
    Route("POST", f"{OBJECTS}/batch/read", batch_read, READ),
    Route("POST", f"{OBJECTS}/batch/archive", batch_archive, WRITE),
    Route("POST", f"{OBJECTS}/batch/<verb>", batch_write, WRITE),
)
