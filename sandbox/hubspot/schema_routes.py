"""Doors for property definitions and their groups (reference sheet, section 12), and for custom objects."""

from __future__ import annotations

from typing import Any

from flask import Response

from sandbox.hubspot import custom
from sandbox.hubspot.answers import Refusal, could_not_get
from sandbox.hubspot.batch import envelope, inputs_of
from sandbox.hubspot.desk import Call, Route, nothing, reply

PROPERTIES = "/crm/v3/properties/<kind>"
READ, WRITE = "crm.schemas.{kind}.read", "crm.schemas.{kind}.write"


def list_properties(call: Call, kind: str) -> Response:
    """All of them at once; only sensitive ones would be hidden, and there are none here."""
    if call.flag("archived"):
        return reply({"results": []})
    rules = call.table(kind).schema.properties.values()
    return reply({"results": [rule.as_json() for rule in rules]})


def read_property(call: Call, kind: str, name: str) -> Response:
    return reply(call.table(kind).schema.one(name).as_json())


def create_property(call: Call, kind: str) -> Response:
    made = call.table(kind).schema.add(call.body_object(), call.state.now())
    return reply(made.as_json(), 201)


def alter_property(call: Call, kind: str, name: str) -> Response:
    altered = call.table(kind).schema.alter(name, call.body_object(), call.state.now())
    return reply(altered.as_json())


def archive_property(call: Call, kind: str, name: str) -> Response:
    call.table(kind).schema.remove(name)
    return nothing()


def batch_read(call: Call, kind: str) -> Response:
    known = call.table(kind).schema.properties
    names = [str(one.get("name")) for one in inputs_of(call.body)]
    unknown = [name for name in names if name not in known]
    errors = [could_not_get("PROPERTY", unknown)] if unknown else []
    results: list[Any] = [known[name].as_json() for name in names if name in known]
    status, body = envelope(call.state, results, errors)
    return reply(body, status)


def batch_create(call: Call, kind: str) -> Response:
    results: list[Any] = []
    errors: list[Any] = []
    for one in inputs_of(call.body):
        try:
            made = call.table(kind).schema.add(one, call.state.now())
        except Refusal as refusal:
            errors.append(refusal.body())
        else:
            results.append(made.as_json())
    status, body = envelope(call.state, results, errors, 201)
    return reply(body, status)


def batch_archive(call: Call, kind: str) -> Response:
    for one in inputs_of(call.body):
        call.table(kind).schema.remove(str(one.get("name")))
    return nothing()


def _group(name: str, label: str) -> dict[str, Any]:
    return {"name": name, "label": label, "displayOrder": -1, "archived": False}


def list_groups(call: Call, kind: str) -> Response:
    groups = call.table(kind).schema.groups
    return reply({"results": [_group(name, label) for name, label in groups.items()]})


def read_group(call: Call, kind: str, name: str) -> Response:
    groups = call.table(kind).schema.groups
    if name not in groups:
        raise Refusal(404, f"Property group {name} does not exist", "OBJECT_NOT_FOUND")
    return reply(_group(name, groups[name]))


def create_group(call: Call, kind: str) -> Response:
    schema = call.table(kind).schema
    name = schema.add_group(call.body_object())
    return reply(_group(name, schema.groups[name]), 201)


def create_object(call: Call) -> Response:
    return reply(custom.define(call.state, call.body_object()), 201)


def list_objects(call: Call) -> Response:
    """The custom ones; HubSpot's own are not among them."""
    tables = [call.table(name) for name in call.state.schemas]
    return reply({"results": [custom.as_json(call.state, table) for table in tables]})


def read_object(call: Call, kind: str) -> Response:
    return reply(custom.as_json(call.state, call.table(kind)))


SCHEMAS = ("/crm-object-schemas/v3/schemas", "/crm/v3/schemas")
READ_CUSTOM, WRITE_CUSTOM = "crm.schemas.custom.read", "crm.schemas.custom.write"

ROUTES = (
    *(Route("GET", path, list_objects, READ_CUSTOM) for path in SCHEMAS),
    *(Route("POST", path, create_object, WRITE_CUSTOM) for path in SCHEMAS),
    *(Route("GET", f"{path}/<kind>", read_object, READ_CUSTOM) for path in SCHEMAS),
    Route("GET", PROPERTIES, list_properties, READ),
    Route("POST", PROPERTIES, create_property, WRITE),
    Route("GET", f"{PROPERTIES}/groups", list_groups, READ),
    Route("POST", f"{PROPERTIES}/groups", create_group, WRITE),
    Route("GET", f"{PROPERTIES}/groups/<name>", read_group, READ),
    Route("POST", f"{PROPERTIES}/batch/read", batch_read, READ),
    Route("POST", f"{PROPERTIES}/batch/create", batch_create, WRITE),
    Route("POST", f"{PROPERTIES}/batch/archive", batch_archive, WRITE),
    Route("GET", f"{PROPERTIES}/<name>", read_property, READ),
    Route("PATCH", f"{PROPERTIES}/<name>", alter_property, WRITE),
    Route("DELETE", f"{PROPERTIES}/<name>", archive_property, WRITE),
)
