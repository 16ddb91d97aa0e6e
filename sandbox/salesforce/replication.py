"""What changed and what was deleted between two minutes (reference sheet, section 2.4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sandbox.salesforce.answers import Refusal, refusal, stamp
from sandbox.salesforce.call import Call, Reply
from sandbox.salesforce.values import parse_datetime

LOOK_BACK_UPDATED = timedelta(days=30)
LOOK_BACK_DELETED = timedelta(days=15)
MOST_IDS = 600_000


def updated(call: Call, name: str) -> Reply:
    table = call.state.table(name)
    start, end = _window(call, LOOK_BACK_UPDATED)
    ids = [row["Id"] for row in table.all_live() if start <= row["SystemModstamp"] < end]
    _check_count(ids)
    return Reply(200, {"ids": ids, "latestDateCovered": _covered(call, end)})


def deleted(call: Call, name: str) -> Reply:
    table = call.state.table(name)
    start, end = _window(call, LOOK_BACK_DELETED)
    gone = [
        {"id": row["Id"], "deletedDate": row["SystemModstamp"]}
        for row in table.rows.values()
        if row.get("IsDeleted") and start <= row["SystemModstamp"] < end
    ]
    _check_count(gone)
    earliest = _minute(call.state.clock() - LOOK_BACK_DELETED)
    told = {
        "deletedRecords": gone,
        "earliestDateAvailable": max(earliest, call.state.emptied.get(table.schema.name, "")),
        "latestDateCovered": _covered(call, end),
    }
    return Reply(200, told)


def _check_count(listed: Sequence[object]) -> None:
    if len(listed) > MOST_IDS:
        raise refusal(400, "EXCEEDED_ID_LIMIT", f"more than {MOST_IDS} records in the window")


def _covered(call: Call, end: str) -> str:
    """Never beyond the start of a transaction that still runs: what it did is not seen yet."""
    begun = call.state.open_since()
    return end if begun is None else min(end, _minute(begun))


def _window(call: Call, look_back: timedelta) -> tuple[str, str]:
    """Start and end in whole minutes: seconds are ignored. The end never lies ahead."""
    start, end = (_parsed(call, key) for key in ("start", "end"))
    now = call.state.clock()
    if _floor(end) - _floor(start) < timedelta(minutes=1):
        raise _bad_window("startDate before endDate by more than a minute is required")
    if start < now - look_back - timedelta(minutes=1):
        raise _bad_window(f"startDate cannot be more than {look_back.days} days ago")
    return _minute(start), min(_minute(end), _minute(now))


def _parsed(call: Call, key: str) -> datetime:
    moment = parse_datetime(call.query.get(key, "").replace(" ", "+"))
    if moment is None:
        raise _bad_window(f"{key} is not a date and time with an offset")
    return moment


def _bad_window(text: str) -> Refusal:
    return refusal(400, "INVALID_REPLICATION_DATE", text)


def _floor(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def _minute(moment: datetime) -> str:
    return stamp(_floor(moment))
