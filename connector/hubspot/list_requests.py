"""The calls about lists and their members, as values. Pure. Reference sheet, section 13."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from connector.hubspot.requests import Request, Requests

CONTACT_TYPE: Final = "0-1"
"""The object type of what stands in our lists."""
LISTS_AT_ONCE: Final = 100
MEMBERS_AT_ONCE: Final = 250
"""Members on one page of a list; as many are added or removed at once."""
SIZE: Final = "hs_list_size"


def search(requests: Requests, offset: int) -> Request:
    """Lists of every kind, by offset: there is no other listing."""
    return Request(
        method="POST",
        path=requests.crm("lists", "search"),
        body={
            "query": "",
            "offset": offset,
            "count": LISTS_AT_ONCE,
            "additionalProperties": [SIZE],
        },
        is_search=True,
    )


def by_ids(requests: Requests, ids: Sequence[str]) -> Request:
    return Request(
        method="GET", path=requests.crm("lists"), query=tuple(("listIds", one) for one in ids)
    )


def by_name(requests: Requests, name: str) -> Request:
    """The one list of contacts with this name; 404 where there is none."""
    return Request(
        method="GET",
        path=requests.crm("lists", "object-type-id", CONTACT_TYPE, "name", name),
        names_record=True,
    )


def create(requests: Requests, name: str) -> Request:
    """A list of contacts whose members are put in by hand."""
    return Request(
        method="POST",
        path=requests.crm("lists"),
        body={"name": name, "objectTypeId": CONTACT_TYPE, "processingType": "MANUAL"},
        effect="create",
    )


def rename(requests: Requests, list_id: str, name: str) -> Request:
    return Request(
        method="PUT",
        path=requests.crm("lists", list_id, "update-list-name"),
        query=(("listName", name),),
        effect="update",
        names_record=True,
    )


def delete(requests: Requests, list_id: str) -> Request:
    return Request(
        method="DELETE",
        path=requests.crm("lists", list_id),
        effect="repeatable",
        names_record=True,
    )


def members(requests: Requests, list_id: str, after: str | None) -> Request:
    query = [("limit", str(MEMBERS_AT_ONCE))]
    if after is not None:
        query.append(("after", after))
    return Request(
        method="GET",
        path=requests.crm("lists", list_id, "memberships"),
        query=tuple(query),
        names_record=True,
    )


def change_members(requests: Requests, list_id: str, verb: str, ids: Sequence[str]) -> Request:
    """`verb` is ``add`` or ``remove``; who is in (or out) already is no error."""
    return Request(
        method="PUT",
        path=requests.crm("lists", list_id, "memberships", verb),
        body=list(ids),
        effect="repeatable",
        names_record=True,
    )
