"""The calls about associations, as values. Pure. Reference sheet, section 11."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from connector.hubspot.link_types import LinkType
from connector.hubspot.requests import Request, Requests

READ_AT_ONCE: Final = 1_000
"""Inputs of one batch read of associations."""

Pair = tuple[str, str]


def read(requests: Requests, near: str, far: str, inputs: Sequence[Mapping[str, str]]) -> Request:
    """What is associated with each of these; an input is an id, and the page to go on with."""
    return Request(
        method="POST",
        path=requests.linked(near, far, "batch", "read"),
        body={"inputs": list(inputs)},
    )


def labels(requests: Requests, near: str, far: str) -> Request:
    """The types of association between two objects of this account."""
    return Request(method="GET", path=requests.linked(near, far, "labels"))


def join(requests: Requests, near: str, far: str, pairs: Iterable[Pair]) -> Request:
    """Associate pairs under the unlabelled type."""
    return Request(
        method="POST",
        path=requests.linked(near, far, "batch", "associate", "default"),
        body={"inputs": [_ends(pair) for pair in pairs]},
        effect="repeatable",
    )


def mark(
    requests: Requests, near: str, far: str, pairs: Mapping[Pair, Iterable[LinkType]]
) -> Request:
    """Make these the types of pairs, in place of those that they had."""
    inputs = [
        {**_ends(pair), "types": [one.spec for one in sorted(types)]}
        for pair, types in pairs.items()
    ]
    return Request(
        method="POST",
        path=requests.linked(near, far, "batch", "create"),
        body={"inputs": inputs},
        effect="repeatable",
    )


def part(requests: Requests, near: str, far: str, pairs: Iterable[Pair]) -> Request:
    """End associations, whatever their types; 204 also where there were none."""
    inputs = [{"from": {"id": left}, "to": [{"id": right}]} for left, right in pairs]
    return Request(
        method="POST",
        path=requests.linked(near, far, "batch", "archive"),
        body={"inputs": inputs},
        effect="repeatable",
    )


def _ends(pair: Pair) -> dict[str, Any]:
    return {"from": {"id": pair[0]}, "to": {"id": pair[1]}}


def inline(ends: Iterable[tuple[str, LinkType]]) -> list[dict[str, Any]]:
    """Associations that a record is born with: the id at the other end, and the type (section 7.3)."""
    return [{"to": {"id": other}, "types": [one.spec]} for other, one in ends]
