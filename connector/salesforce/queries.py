"""Queries over the gateway: pages followed as the answers say, and lists of ids cut to fit a URL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connector.salesforce.gateway import Gateway
from connector.salesforce.soql import chunks, literal, select


def pages(gateway: Gateway, statement: str, *, deleted: bool = False) -> Iterator[dict[str, Any]]:
    """The answers to a query, the last one with ``done``. `deleted`: what is in the bin, too."""
    path: str | None = "queryAll/" if deleted else "query/"
    params: Mapping[str, str] | None = {"q": statement}
    while path is not None:
        answer = gateway.call("GET", path, params=params)
        yield answer
        params = None
        path = None if answer.get("done", True) else str(answer["nextRecordsUrl"])


def rows_among(
    gateway: Gateway,
    fields: Sequence[str],
    object_name: str,
    field: str,
    values: Sequence[str],
    *,
    where: str = "",
    deleted: bool = False,
) -> Iterator[dict[str, Any]]:
    """The records of which `field` is one of `values`, and that pass `where` besides."""
    rest = f" AND {where}" if where else ""
    for chunk in chunks(values, select(fields, object_name, f"{field} IN (){rest}", "Id")):
        test = f"{field} IN ({', '.join(map(literal, chunk))}){rest}"
        for answer in pages(gateway, select(fields, object_name, test, "Id"), deleted=deleted):
            yield from answer["records"]
