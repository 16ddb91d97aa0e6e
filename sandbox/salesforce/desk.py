"""Which call goes where below ``/services/data/vXX.X``, and what is on every answer.

Paths are matched as they came, segment by segment, so that a key may hold an encoded slash.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from sandbox.salesforce import collections, replication, singles
from sandbox.salesforce.answers import Refusal, Refused, not_found, refusal
from sandbox.salesforce.call import Call, Reply, of_refusal
from sandbox.salesforce.composite import Composite
from sandbox.salesforce.singles import refused
from sandbox.salesforce.tooling import FieldMaker

Handler = Callable[..., Reply]
# Parts of a path that are left out of the name a call is counted under.
_HIDDEN = frozenset({"record_id", "value", "locator"})


@dataclass(frozen=True, slots=True)
class Route:
    """`pattern` is the path below the version, by segment; ``{name}`` takes any one segment."""

    pattern: tuple[str, ...]
    handlers: Mapping[str, Handler]

    def match(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        if len(segments) != len(self.pattern):
            return None
        found: dict[str, str] = {}
        for wanted, given in zip(self.pattern, segments, strict=True):
            if wanted.startswith("{"):
                found[wanted[1:-1]] = given
            elif wanted != given:
                return None
        return found


def _route(path: str, **handlers: Handler) -> Route:
    return Route(tuple(path.split("/")), handlers)


class Desk:
    """Answers calls that were let in."""

    def __init__(self, fields: FieldMaker) -> None:
        composite = Composite(self.dispatch)
        self._routes = (
            _route("query", GET=_query),
            _route("queryAll", GET=_query_all),
            _route("query/{locator}", GET=_query_more),
            _route("queryAll/{locator}", GET=_query_more),
            _route("limits", GET=_limits),
            _route("limits/recordCount", GET=_record_count),
            _route("composite", POST=composite.composite),
            _route("composite/batch", POST=composite.batch),
            _route(
                "composite/sobjects",
                POST=collections.create_many,
                PATCH=collections.update_many,
                DELETE=collections.delete_many,
            ),
            _route(
                "composite/sobjects/{name}",
                GET=collections.read_many,
                POST=collections.read_many,
            ),
            _route("composite/sobjects/{name}/{key}", PATCH=collections.upsert_many),
            _route("tooling/sobjects/CustomField", POST=fields.create),
            _route("tooling/sobjects/ValidationRule", POST=fields.create_rule),
            _route("sobjects", GET=singles.describe_global),
            _route("sobjects/{name}", GET=singles.basic_info, POST=singles.create),
            _route("sobjects/{name}/describe", GET=singles.describe),
            _route("sobjects/{name}/updated", GET=replication.updated),
            _route("sobjects/{name}/deleted", GET=replication.deleted),
            _route("sobjects/{name}/Id", POST=singles.create_by_id),
            _route(
                "sobjects/{name}/{record_id}",
                GET=singles.read,
                PATCH=singles.change,
                DELETE=singles.remove,
            ),
            _route(
                "sobjects/{name}/{key}/{value}",
                GET=singles.read_by_key,
                PATCH=singles.upsert,
                DELETE=singles.remove_by_key,
            ),
        )

    def dispatch(self, call: Call) -> Reply:
        """The answer to a call. Refusals are answers too."""
        try:
            handler, args = self._find(call)
            with call.state.lock:
                call.state.settle()
                return handler(call, **args)
        except Refusal as error:
            return of_refusal(error)
        except Refused as error:
            return of_refusal(refused(error))

    def call_name(self, path: str) -> str:
        """The path with ids left out: what the call log counts by."""
        head, segments = split_path(path)
        for route in self._routes:
            found = route.match(segments)
            if found is not None:
                shown = (
                    wanted if wanted[1:-1] in _HIDDEN else found.get(wanted[1:-1], wanted)
                    for wanted in route.pattern
                )
                return "/".join((head, *shown))
        return path

    def _find(self, call: Call) -> tuple[Handler, dict[str, str]]:
        _, segments = split_path(call.path)
        allowed: set[str] = set()
        for route in self._routes:
            found = route.match(segments)
            if found is None:
                continue
            if call.method in route.handlers:
                return route.handlers[call.method], found
            if call.method == "HEAD" and "GET" in route.handlers:
                return route.handlers["GET"], found
            allowed.update(route.handlers)
        if not allowed:
            raise not_found()
        verbs = ",".join(["HEAD"] * ("GET" in allowed) + sorted(allowed))
        text = f"HTTP Method '{call.method}' not allowed. Allowed are {verbs}"
        raise refusal(405, "METHOD_NOT_ALLOWED", text)


def split_path(path: str) -> tuple[str, tuple[str, ...]]:
    """``/services/data/v62.0`` and the decoded segments below it; a closing slash means nothing."""
    parts = path.rstrip("/").split("/")
    return "/".join(parts[:4]), tuple(unquote(part) for part in parts[4:])


def _asked(call: Call) -> str:
    text = call.query.get("q")
    if not text:
        raise refusal(400, "MALFORMED_QUERY", "A query string has to be specified")
    return text


def _query(call: Call) -> Reply:
    return _run_query(call, deleted=False)


def _query_all(call: Call) -> Reply:
    return _run_query(call, deleted=True)


def _run_query(call: Call, *, deleted: bool) -> Reply:
    queries, size = call.rooms.queries, call.batch_size()
    text = _asked(call)
    return Reply(
        200, queries.run(text, call.base, size, deleted=deleted, everything=call.everything)
    )


def _query_more(call: Call, locator: str) -> Reply:
    return Reply(200, call.rooms.queries.more(locator, call.base, call.batch_size()))


def _limits(call: Call) -> Reply:
    budget = call.rooms.budget
    full = {"Max": 15_000, "Remaining": 15_000}
    told: dict[str, Any] = {
        "DailyApiRequests": {"Max": budget.daily, "Remaining": max(0, budget.daily - budget.used)},
        "DailyBulkApiBatches": full,
        "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 10_000},
        "DataStorageMB": {"Max": 1_024, "Remaining": 1_000},
        "HourlyPublishedPlatformEvents": {"Max": 50_000, "Remaining": 50_000},
    }
    return Reply(200, told)


def _record_count(call: Call) -> Reply:
    """Objects with no record are left out."""
    asked = [name.strip() for name in call.query.get("sObjects", "").split(",") if name.strip()]
    tables = (
        [call.state.table(name) for name in asked] if asked else list(call.state.tables.values())
    )
    counts = [(sum(1 for _ in table.all_live()), table.schema.name) for table in tables]
    return Reply(200, {"sObjects": [{"count": n, "name": name} for n, name in counts if n]})
