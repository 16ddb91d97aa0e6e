"""Records as JSON: which properties an answer holds, history, associations, list pages.

Reference sheet, sections 7.1 and 7.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.hubspot.answers import invalid_request, iso
from sandbox.hubspot.link_types import LinkType, Pair
from sandbox.hubspot.records import Record, Table
from sandbox.hubspot.state import State

MOST_PER_PAGE = 100
MOST_WITH_HISTORY = 50


@dataclass(frozen=True, slots=True)
class View:
    """What a reader asked for: known names only, in alphabetical order."""

    names: tuple[str, ...]
    history: tuple[str, ...] = ()
    associations: tuple[str, ...] = ()


def view_of(
    table: Table,
    properties: Sequence[str],
    history: Sequence[str] = (),
    associations: Sequence[str] = (),
) -> View:
    """Unknown names are silently left out; id and times are always in."""
    known = table.schema.properties
    wanted = set(properties) | set(history) or set(table.kind.defaults)
    names = sorted(name for name in wanted | set(table.kind.system) if name in known)
    told = tuple(name for name in dict.fromkeys(history) if name in known)
    return View(tuple(names), told, tuple(associations))


def shell(state: State, table: Table, record: Record, properties: dict[str, Any]) -> dict[str, Any]:
    """A record around these properties."""
    values, kind = record.values, table.kind
    told: dict[str, Any] = {
        "id": str(record.id),
        "properties": properties,
        "createdAt": values[kind.created],
        "updatedAt": values[kind.modified],
        "archived": record.archived_at is not None,
    }
    if record.archived_at is not None:
        told["archivedAt"] = iso(record.archived_at)
    told["url"] = (
        f"https://app.hubspot.com/contacts/{state.portal_id}/record/{kind.type_id}/{record.id}"
    )
    return told


def as_json(state: State, table: Table, record: Record, view: View) -> dict[str, Any]:
    """A record as a read answers it; empty properties are null."""
    get = record.values.get
    told = shell(state, table, record, {name: get(name) for name in view.names})
    if view.history:
        told["propertiesWithHistory"] = {
            name: [version.as_json() for version in record.versions(name)] for name in view.history
        }
    if view.associations:
        links = associations_of(state, table, record, view.associations)
        if links:
            told["associations"] = links
    return told


def associations_of(
    state: State, table: Table, record: Record, kinds: Sequence[str]
) -> dict[str, Any]:
    """Per kind the associated ids, once per type; a kind without any is absent."""
    told: dict[str, Any] = {}
    for other in kinds:
        pair = (table.kind.name, other)
        results = [
            {"id": str(number), "type": legacy_name(state, pair, one)}
            for number, types in state.links.of(pair, record.id).items()
            for one in sorted(types, key=lambda one: one.type_id)
        ]
        if results:
            told[other] = {"results": results}
    return told


def legacy_name(state: State, pair: Pair, one: LinkType) -> str:
    """The name that v3 gives an association type, e.g. ``contact_to_company_unlabeled``.

    Where a pair of kinds has a primary type, that one bears the plain name.
    """
    known = state.links.known
    name = f"{state.kinds.of(pair[0]).singular}_to_{state.kinds.of(pair[1]).singular}"
    if known.primary(pair) is not None and one == known.plain(pair):
        return f"{name}_unlabeled"
    return name


def check_limit(limit: int, *, with_history: bool) -> None:
    most = MOST_WITH_HISTORY if with_history else MOST_PER_PAGE
    if not 1 <= limit <= most:
        raise invalid_request(f"Limit must be between 1 and {most}, but was {limit}.")


def list_page(
    state: State, table: Table, view: View, limit: int, after: str | None, *, archived: bool
) -> dict[str, Any]:
    """One page in id order; `after` is the id of the record that the page starts with."""
    check_limit(limit, with_history=bool(view.history))
    if after and not after.isdigit():
        raise invalid_request(f"Invalid value for after: {after}")
    found, following = table.page(int(after or 0), limit, archived=archived)
    page: dict[str, Any] = {"results": [as_json(state, table, one, view) for one in found]}
    if following is not None:
        link = (
            f"https://api.hubapi.com/crm/v3/objects/{table.kind.name}"
            f"?limit={limit}&after={following}"
        )
        page["paging"] = {"next": {"after": str(following), "link": link}}
    return page
