"""Doors for lists and their memberships, v3 (reference sheet, section 13)."""

from __future__ import annotations

from flask import Response

from sandbox.hubspot import lists
from sandbox.hubspot.answers import bad_json, invalid_request, iso, missing_field
from sandbox.hubspot.desk import Call, Route, nothing, page_of, reply

LISTS = "/crm/v3/lists"
ONE = f"{LISTS}/<list_id>"
READ, WRITE = "crm.lists.read", "crm.lists.write"
MOST_MEMBERS = 250
MOST_FOUND = 500
CAP = 10_000


def create_list(call: Call) -> Response:
    made = lists.create(call.state, call.body_object())
    return reply({"list": lists.as_json(call.state, made)})


def many_lists(call: Call) -> Response:
    """Those of these ids that are there."""
    wanted = set(call.many("listIds"))
    found = [one for one in lists.live(call.state) if str(one.id) in wanted]
    return reply({"lists": [lists.as_json(call.state, one) for one in found]})


def search_lists(call: Call) -> Response:
    """By a part of the name, in pages by offset."""
    body = call.body_object()
    offset, count = int(body.get("offset") or 0), int(body.get("count") or 20)
    if not 1 <= count <= MOST_FOUND or offset + count > CAP:
        raise invalid_request(f"Paging ends at {CAP}, and a page holds {MOST_FOUND} at most.")
    words = str(body.get("query") or "").lower()
    kinds = set(body.get("processingTypes") or lists.KINDS)
    found = [
        one
        for one in lists.live(call.state)
        if words in one.name.lower() and one.processing in kinds
    ]
    page = found[offset : offset + count]
    return reply(
        {
            "total": len(found),
            "offset": offset + len(page),
            "hasMore": offset + len(page) < len(found),
            "lists": [lists.as_json(call.state, one, searched=True) for one in page],
        }
    )


def read_list(call: Call, list_id: str) -> Response:
    found = lists.find(call.state, list_id)
    return reply({"list": lists.as_json(call.state, found)})


def read_by_name(call: Call, type_id: str, name: str) -> Response:
    found = lists.named(call.state, type_id, name)
    return reply({"list": lists.as_json(call.state, found)})


def rename_list(call: Call, list_id: str) -> Response:
    found, name = lists.find(call.state, list_id), call.text("listName")
    if name is None:
        raise missing_field("listName")
    lists.rename(call.state, found, name)
    return reply({"updatedList": lists.as_json(call.state, found)})


def delete_list(call: Call, list_id: str) -> Response:
    found = lists.find(call.state, list_id)
    found.deleted = call.state.now()
    return nothing()


def restore_list(call: Call, list_id: str) -> Response:
    """Within 90 days; one that is there stays there."""
    held = call.state.lists.get(int(list_id)) if list_id.isdigit() else None
    if held is not None:
        held.deleted = None
    lists.find(call.state, list_id)
    return nothing()


def list_members(call: Call, list_id: str) -> Response:
    found, limit = lists.find(call.state, list_id), call.number("limit", 100)
    if not 1 <= limit <= MOST_MEMBERS:
        raise invalid_request(f"Limit must be between 1 and {MOST_MEMBERS}, but was {limit}.")
    rows = [
        {"recordId": str(number), "membershipTimestamp": iso(since)}
        for number, since in lists.members(call.state, found).items()
    ]
    return reply(page_of(rows, call.text("after"), limit, call.request.path))


def add_members(call: Call, list_id: str) -> Response:
    found = lists.find(call.state, list_id)
    return reply(lists.change(call.state, found, _ids(call.body), ()))


def remove_members(call: Call, list_id: str) -> Response:
    found = lists.find(call.state, list_id)
    return reply(lists.change(call.state, found, (), _ids(call.body)))


def change_members(call: Call, list_id: str) -> Response:
    found, body = lists.find(call.state, list_id), call.body_object()
    added, removed = body.get("recordIdsToAdd"), body.get("recordIdsToRemove")
    return reply(lists.change(call.state, found, _ids(added), _ids(removed)))


def _ids(body: object) -> list[str]:
    if not isinstance(body, list):
        raise bad_json("Cannot deserialize value of type `java.util.LinkedHashSet`")
    return [str(one) for one in body]


def lists_of_record(call: Call, type_id: str, record_id: str) -> Response:
    """The lists that a record stands in."""
    record = call.table(type_id).find(record_id)
    rows = []
    for one in lists.live(call.state) if record is not None else ():
        since = lists.members(call.state, one).get(record.id) if record is not None else None
        if since is not None and one.type_id == call.table(type_id).kind.type_id:
            told = {"firstAddedTimestamp": iso(since), "lastAddedTimestamp": iso(since)}
            rows.append({"listId": str(one.id), "listVersion": 1, **told})
    return reply({"total": len(rows), "results": rows})


ROUTES = (
    Route("POST", LISTS, create_list, WRITE),
    Route("GET", LISTS, many_lists, READ),
    Route("POST", f"{LISTS}/search", search_lists, READ),
    Route("GET", f"{LISTS}/object-type-id/<type_id>/name/<name>", read_by_name, READ),
    Route("GET", f"{LISTS}/records/<type_id>/<record_id>/memberships", lists_of_record, READ),
    Route("GET", ONE, read_list, READ),
    Route("DELETE", ONE, delete_list, WRITE),
    Route("PUT", f"{ONE}/restore", restore_list, WRITE),
    Route("PUT", f"{ONE}/update-list-name", rename_list, WRITE),
    Route("GET", f"{ONE}/memberships", list_members, READ),
    Route("GET", f"{ONE}/memberships/join-order", list_members, READ),
    Route("PUT", f"{ONE}/memberships/add", add_members, WRITE),
    Route("PUT", f"{ONE}/memberships/remove", remove_members, WRITE),
    Route("PUT", f"{ONE}/memberships/add-and-remove", change_members, WRITE),
)
