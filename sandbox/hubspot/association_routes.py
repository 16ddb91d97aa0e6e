"""Doors for associations, v4 and what is left of v3 (reference sheet, section 11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Response

from sandbox.hubspot import effects, leaving, linking, writing
from sandbox.hubspot.answers import Refusal, could_not_get, invalid_request, missing_field
from sandbox.hubspot.batch import envelope, inputs_of
from sandbox.hubspot.desk import Call, Route, nothing, page_of, reply
from sandbox.hubspot.link_types import ANCHORS, HUBSPOT, LinkType, LinkTypes, Pair, Types, back
from sandbox.hubspot.reading import legacy_name
from sandbox.hubspot.records import Record

MOST_READ = 1_000
MOST_WRITTEN = 2_000
MOST_PER_PAGE = 500

ONE = "/crm/v4/objects/<kind>/<record_id>/associations"
MANY = "/crm/v4/associations/<kind>/<other>/batch"
OLD = "/crm/v3/associations/<kind>/<other>/batch"
READ, WRITE = "crm.objects.{kind}.read", "crm.objects.{kind}.write"


def _pair(call: Call, kind: str, other: str) -> Pair:
    kinds = call.state.kinds
    pair = (kinds.of(kind).name, kinds.of(other).name)
    if _known(call).plain(pair) is None:
        raise invalid_request(f"No association types between {kind} and {other}")
    return pair


def _known(call: Call) -> LinkTypes:
    return call.state.links.known


def _record(call: Call, kind: str, record_id: str) -> Record:
    """The live record at one end. 400 for an end that does not exist."""
    found = call.table(kind).find(record_id)
    if found is None:
        raise linking.bad_target(call.state.kinds.of(kind).upper, record_id)
    return found


def _specs(given: Iterable[Mapping[str, Any]]) -> list[LinkType]:
    return [
        LinkType(str(one.get("associationCategory", HUBSPOT)), int(one["associationTypeId"]))
        for one in given
    ]


def _plain(call: Call, pair: Pair) -> LinkType:
    usual = _known(call).plain(pair)
    if usual is None:
        raise invalid_request(f"No association types between {pair[0]} and {pair[1]}")
    return usual


def _types_json(known: LinkTypes, pair: Pair, types: Types) -> list[dict[str, Any]]:
    ordered = sorted(types, key=lambda one: one.type_id)
    return [
        {"category": one.category, "typeId": one.type_id, "label": known.label(pair, one)}
        for one in ordered
    ]


def _ends(call: Call, pair: Pair, record: Record) -> list[dict[str, Any]]:
    """The other ends; their ids are numbers on the wire."""
    held = call.state.links.of(pair, record.id)
    return [
        {"toObjectId": other, "associationTypes": _types_json(_known(call), pair, types)}
        for other, types in held.items()
    ]


def list_ends(call: Call, kind: str, record_id: str, other: str) -> Response:
    pair = _pair(call, kind, other)
    limit = call.number("limit", MOST_PER_PAGE)
    if not 1 <= limit <= MOST_PER_PAGE:
        raise invalid_request(f"Limit must be between 1 and {MOST_PER_PAGE}, but was {limit}.")
    ends = _ends(call, pair, writing.locate(call.table(kind), record_id, None))
    return reply(page_of(ends, call.text("after"), limit, call.request.path))


def put_default(call: Call, kind: str, record_id: str, other: str, other_id: str) -> Response:
    pair = _pair(call, kind, other)
    near, far = _record(call, kind, record_id), _record(call, other, other_id)
    linking.link(call.state, pair, near.id, far.id, [_plain(call, pair)], call.actor)
    return reply(envelope(call.state, [_default_told(call, pair, near.id, far.id)], ())[1])


def _default_told(call: Call, pair: Pair, near: int, far: int) -> dict[str, Any]:
    usual = _plain(call, pair)
    spec = {"associationCategory": usual.category, "associationTypeId": usual.type_id}
    return {"from": {"id": str(near)}, "to": {"id": str(far)}, "associationSpec": spec}


def put_labels(call: Call, kind: str, record_id: str, other: str, other_id: str) -> Response:
    """Replaces the labels of the pair; the unlabelled type always stays."""
    pair = _pair(call, kind, other)
    near, far = _record(call, kind, record_id), _record(call, other, other_id)
    _link(call, pair, near.id, far.id, _specs(call.body))
    return reply(_labels_told(call, pair, near.id, far.id), 201)


def _link(call: Call, pair: Pair, near: int, far: int, wanted: list[LinkType]) -> None:
    linking.link(call.state, pair, near, far, wanted, call.actor, replace=True)


def _labels_told(call: Call, pair: Pair, near: int, far: int) -> dict[str, Any]:
    types = call.state.links.types(pair, near, far)
    labels = [label for one in types if (label := _known(call).label(pair, one)) is not None]
    return {
        "fromObjectTypeId": call.state.kinds.of(pair[0]).type_id,
        "fromObjectId": near,
        "toObjectTypeId": call.state.kinds.of(pair[1]).type_id,
        "toObjectId": far,
        "labels": labels,
    }


def delete_pair(call: Call, kind: str, record_id: str, other: str, other_id: str) -> Response:
    pair = _pair(call, kind, other)
    near, far = call.table(kind).find(record_id), call.table(other).find(other_id)
    if near is not None and far is not None:
        linking.unlink(call.state, pair, near.id, far.id, call.actor)
    return nothing()


def batch_read(call: Call, kind: str, other: str) -> Response:
    pair = _pair(call, kind, other)
    results: list[dict[str, Any]] = []
    unknown: list[str] = []
    errors: list[Any] = []
    for one in inputs_of(call.body, MOST_READ):
        found = call.table(kind).find(str(one.get("id")))
        if found is None:
            unknown.append(str(one.get("id")))
            continue
        ends = _ends(call, pair, found)
        if not ends:
            errors.append(_nobody(call, pair, found.id))
            continue
        after = str(one["after"]) if one.get("after") else None
        page = page_of(ends, after, MOST_PER_PAGE, call.request.path)
        told = {"from": {"id": str(found.id)}, "to": page["results"]}
        results.append(told | ({"paging": page["paging"]} if "paging" in page else {}))
    if unknown:
        errors.append(could_not_get(call.state.kinds.of(kind).upper, unknown))
    status, body = envelope(call.state, results, errors)
    return reply(body, status)


def _nobody(call: Call, pair: Pair, number: int) -> dict[str, Any]:
    """The entry of a 207 about a record without such an association: portals say it this way."""
    kind, other = call.state.kinds.of(pair[0]).singular, call.state.kinds.of(pair[1]).singular
    return Refusal(
        207,
        f"No {other} is associated with {kind} {number}.",
        "OBJECT_NOT_FOUND",
        subCategory="crm.associations.NO_ASSOCIATIONS_FOUND",
        context={
            "fromObjectId": [str(number)],
            "fromObjectType": [kind],
            "toObjectType": [other],
        },
    ).body()


def _both(call: Call, kind: str, other: str, one: Mapping[str, Any]) -> tuple[int, int]:
    near = _record(call, kind, str((one.get("from") or {}).get("id")))
    far = _record(call, other, str((one.get("to") or {}).get("id")))
    return near.id, far.id


def batch_create(call: Call, kind: str, other: str) -> Response:
    pair = _pair(call, kind, other)
    given = inputs_of(call.body, MOST_WRITTEN)
    ends = [_both(call, kind, other, one) for one in given]
    for (near, far), one in zip(ends, given, strict=True):
        _link(call, pair, near, far, _specs(one.get("types") or ()))
    results = [_labels_told(call, pair, near, far) for near, far in ends]
    return reply(envelope(call.state, results, ())[1], 201)


def batch_default(call: Call, kind: str, other: str) -> Response:
    pair = _pair(call, kind, other)
    ends = [_both(call, kind, other, one) for one in inputs_of(call.body, MOST_WRITTEN)]
    for near, far in ends:
        linking.link(call.state, pair, near, far, [_plain(call, pair)], call.actor)
    results = [_default_told(call, pair, near, far) for near, far in ends]
    return reply(envelope(call.state, results, ())[1])


def batch_archive(call: Call, kind: str, other: str) -> Response:
    pair = _pair(call, kind, other)
    for one in inputs_of(call.body, MOST_WRITTEN):
        near = call.table(kind).find(str((one.get("from") or {}).get("id")))
        given = one.get("to") or []
        for target in given if isinstance(given, list) else [given]:
            far = call.table(other).find(str(target.get("id")))
            if near is not None and far is not None:
                linking.unlink(call.state, pair, near.id, far.id, call.actor)
    return nothing()


def batch_archive_labels(call: Call, kind: str, other: str) -> Response:
    """Takes labels off; taking off the unlabelled type ends the association."""
    pair = _pair(call, kind, other)
    for one in inputs_of(call.body, MOST_WRITTEN):
        near, far = _both(call, kind, other, one)
        taken = set(_specs(one.get("types") or ()))
        held = call.state.links.types(pair, near, far)
        if _plain(call, pair) in taken:
            linking.unlink(call.state, pair, near, far, call.actor)
            continue
        call.state.links.set(pair, near, far, held - taken)
        _follow_labels(call, pair, near, far)
    return nothing()


def _follow_labels(call: Call, pair: Pair, near: int, far: int) -> None:
    """A mark may have gone: the primary company of a contact, what a lead hangs on."""
    for one, number in ((pair, near), (back(pair), far)):
        if one == effects.COMPANY_OF:
            effects.sync_company(call.state, number, call.actor)
        if one[0] in ANCHORS:
            leaving.let_go(call.state, one[0], number, call.actor)


def labels(call: Call, kind: str, other: str) -> Response:
    pair = _pair(call, kind, other)
    known = _known(call)
    return reply({"results": _types_json(known, pair, frozenset(known.of(pair)))})


def create_label(call: Call, kind: str, other: str) -> Response:
    """A label of people's own; with an inverse it reads otherwise from the other end."""
    pair, body = _pair(call, kind, other), call.body_object()
    if not body.get("label") or not body.get("name"):
        raise missing_field("label" if body.get("name") else "name")
    inverse = None if body.get("inverseLabel") is None else str(body["inverseLabel"])
    there, home = _known(call).define(pair, str(body["label"]), inverse)
    told = _types_json(_known(call), pair, frozenset({there}))
    if inverse is not None:
        told += _types_json(_known(call), back(pair), frozenset({home}))
    return reply({"results": told})


def old_create(call: Call, kind: str, other: str) -> Response:
    """v3 answers two results per input, one for each direction."""
    pair = _pair(call, kind, other)
    results: list[Any] = []
    for one in inputs_of(call.body, MOST_WRITTEN):
        near, far = _both(call, kind, other, one)
        name = str(one.get("type", ""))
        mark = _known(call).primary(pair)
        is_primary = mark is not None and name == legacy_name(call.state, pair, mark)
        wanted = mark if mark is not None and is_primary else _plain(call, pair)
        linking.link(call.state, pair, near, far, [wanted], call.actor)
        usual = _known(call).primary(back(pair)) or _plain(call, back(pair))
        near_id, far_id = {"id": str(near)}, {"id": str(far)}
        results.append({"from": near_id, "to": far_id, "type": name})
        results.append(
            {"from": far_id, "to": near_id, "type": legacy_name(call.state, back(pair), usual)}
        )
    return reply(envelope(call.state, results, ())[1], 201)


def old_read(call: Call, kind: str, other: str) -> Response:
    pair = _pair(call, kind, other)
    results: list[Any] = []
    for one in inputs_of(call.body, MOST_READ):
        found = call.table(kind).find(str(one.get("id")))
        if found is not None:
            ends = [
                {"id": str(far), "type": legacy_name(call.state, pair, link)}
                for far, types in call.state.links.of(pair, found.id).items()
                for link in sorted(types, key=lambda link: link.type_id)
            ]
            results.append({"from": {"id": str(found.id)}, "to": ends})
    return reply(envelope(call.state, results, ())[1])


ROUTES = (
    Route("GET", f"{ONE}/<other>", list_ends, READ),
    Route("PUT", f"{ONE}/default/<other>/<other_id>", put_default, WRITE),
    Route("PUT", f"{ONE}/<other>/<other_id>", put_labels, WRITE),
    Route("DELETE", f"{ONE}/<other>/<other_id>", delete_pair, WRITE),
    Route("POST", f"{MANY}/read", batch_read, READ, exempt=True),
    Route("POST", f"{MANY}/create", batch_create, WRITE, exempt=True),
    Route("POST", f"{MANY}/associate/default", batch_default, WRITE, exempt=True),
    Route("POST", f"{MANY}/archive", batch_archive, WRITE, exempt=True),
    Route("POST", f"{MANY}/labels/archive", batch_archive_labels, WRITE, exempt=True),
    Route("GET", "/crm/v4/associations/<kind>/<other>/labels", labels, READ),
    Route("POST", "/crm/v4/associations/<kind>/<other>/labels", create_label, WRITE),
    Route("POST", f"{OLD}/create", old_create, WRITE),
    Route("POST", f"{OLD}/read", old_read, READ),
    Route("POST", f"{OLD}/archive", batch_archive, WRITE),
)
