"""How numbers are raised: one statement for all records of a delivery, whatever their number.

The rows travel as one value, a JSON text or five arrays, so that the statement is the same each time and
is put together once. A door that built it anew spent more time on that than in the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    Connection,
    DateTime,
    Integer,
    Select,
    String,
    Text,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ColumnElement

from connector.port import System
from sync.lanes import Lane
from sync.ledger.room import to_json, utc
from sync.ledger.tables import bell

# Events about one record come in flocks: wait until it is quiet for so long, but never longer than
# that. Urgent lanes do not wait.
QUIET, LONGEST = timedelta(milliseconds=200), timedelta(milliseconds=800)
RUNG = "rung"
# Record id, object, system, how often it was rung, urgency.
RungRow = tuple[str, str, str, int, int]
URGENCY = {lane: lane.urgency for lane in Lane}


class Ring(NamedTuple):
    """One ring at a record."""

    system: System
    object: str
    record_id: str
    lane: Lane = Lane.LIVE


def rows_of(rings: Iterable[Ring]) -> list[RungRow]:
    """One row for each record: its key, how often it was rung, and the most urgent lane.

    In one order, so that two doors never wait for each other crosswise.
    """
    found: dict[tuple[str, str, str], tuple[int, int]] = {}
    for one in rings:
        key, urgency = (one.record_id, one.object, one.system.value), URGENCY[one.lane]
        times, most = found.get(key, (0, urgency))
        found[key] = times + 1, min(most, urgency)
    return [(*key, *found[key]) for key in sorted(found)]


def raise_numbers(
    connection: Connection, rows: Sequence[RungRow], now: datetime, *, patience: bool
) -> None:
    """One statement for any number of records; with `patience` flocks are waited for."""
    if not rows:
        return
    told: dict[str, Any] = {
        "now": utc(now),
        "due": utc(now + QUIET) if patience else utc(now),
        "latest": utc(now + LONGEST) if patience else utc(now),
    }
    if connection.dialect.name == "postgresql":
        told |= dict(
            zip(
                ("ids", "objects", "systems", "numbers", "lanes"),
                zip(*rows, strict=True),
                strict=True,
            )
        )
        told = {name: list(one) if isinstance(one, tuple) else one for name, one in told.items()}
        connection.execute(RING_POSTGRES, told)
    else:
        connection.execute(RING_SQLITE, told | {"rows": to_json(rows)})


def _from_json() -> Select[Any]:
    """The rows as SQLite reads them out of one JSON text."""
    given = func.json_each(bindparam("rows", type_=Text)).table_valued("value")
    cells = [func.json_extract(given.c.value, f"$[{place}]") for place in range(5)]
    return _ringing(cells).select_from(given).where(true())


def _from_arrays() -> Select[Any]:
    """The rows as PostgreSQL reads them out of five arrays."""
    given = (
        func.unnest(
            bindparam("ids", type_=ARRAY(String)),
            bindparam("objects", type_=ARRAY(String)),
            bindparam("systems", type_=ARRAY(String)),
            bindparam("numbers", type_=ARRAY(Integer)),
            bindparam("lanes", type_=ARRAY(Integer)),
        )
        .table_valued("id", "object", "system", "number", "lane")
        .render_derived()
    )
    return _ringing(list(given.c)).select_from(given)


def _ringing(cells: Sequence[ColumnElement[Any]]) -> Select[Any]:
    """The columns of `RUNG_COLUMNS`; urgent lanes wait for no flock."""
    moment = DateTime(timezone=True)
    now, due, latest = (bindparam(name, type_=moment) for name in ("now", "due", "latest"))
    urgent = cells[-1] < Lane.LIVE.urgency
    return select(
        *cells,
        now,
        case((urgent, now), else_=due),
        case((urgent, now), else_=latest),
        literal_column("0"),
        literal_column(f"'{RUNG}'"),
    )


def _upsert(dialect: Any, rows: Select[Any]) -> Any:
    statement = dialect.insert(bell).from_select(list(RUNG_COLUMNS), rows)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["record_id", "object", "system"],
        set_={
            "number": bell.c.number + new.number,
            "lane": case((new.lane < bell.c.lane, new.lane), else_=bell.c.lane),
            "due_at": case(
                (_is_later(new), bell.c.latest_at),
                (and_(bell.c.reason == RUNG, _waits(new)), new.due_at),
                (new.due_at < bell.c.due_at, new.due_at),
                else_=bell.c.due_at,
            ),
        },
    )


def _waits(new: Any) -> ColumnElement[bool]:
    """This ring is one of a flock that may be waited for."""
    return and_(new.due_at < new.latest_at, new.due_at <= bell.c.latest_at)


def _is_later(new: Any) -> ColumnElement[bool]:
    """A flock that has been waited for long enough."""
    return and_(bell.c.reason == RUNG, new.due_at < new.latest_at, new.due_at > bell.c.latest_at)


# Built once: a door has no time to put the same statement together for each request.
RUNG_COLUMNS = (
    "record_id", "object", "system", "number", "lane", "since", "due_at", "latest_at", "tries", "reason",
)  # fmt: skip
RING_SQLITE = _upsert(sqlite, _from_json())
RING_POSTGRES = _upsert(postgresql, _from_arrays())
