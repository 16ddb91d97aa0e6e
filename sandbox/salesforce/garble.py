"""What a fault on order does to the rows of a call: refuses them, or stores something else."""

from __future__ import annotations

from typing import Any

from sandbox.behaviour import Fault
from sandbox.salesforce.answers import Problem, Refused, Row, in_approval, locked

ROW_KINDS = ("lock", "approval", "row_error")
GARBLING = ("ignore_write", "weaken")


def check_row(fault: Fault | None, record_id: str) -> None:
    """Refuse this row if the fault means it: all rows of the call, or those in option `ids`."""
    if fault is None:
        return
    options = fault.options
    if "ids" in options and record_id not in options["ids"]:
        return
    if fault.kind == "lock":
        raise Refused(locked(record_id))
    if fault.kind == "approval":
        raise Refused(in_approval())
    code = str(options.get("errorCode", "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"))
    default = "PracticeTrigger: execution of BeforeInsert caused by: System.DmlException"
    fields = tuple(str(name) for name in options.get("fields", ()))
    raise Refused(Problem(code, str(options.get("message", default)), fields))


def wants_row(fault: Fault | None, place: int) -> Fault | None:
    """The fault, if it means the row at this place of a collection: all, or those in option `rows`."""
    if fault is None or place not in fault.options.get("rows", [place]):
        return None
    return fault


def weaken(fault: Fault | None, values: Row, before: Row) -> Row:
    """The values that are stored instead of those that were sent.

    ``ignore_write`` keeps what stood there, ``weaken`` stores option `value`, or the text cut to
    `length` (default: one character less). Both mean option `field`, or every field.
    """
    if fault is None:
        return dict(values)
    named = fault.options.get("field")
    hit = [name for name in values if named in (None, name)]
    if fault.kind == "ignore_write":
        return values | {name: before.get(name) for name in hit}
    return values | {name: _weak(values[name], fault.options) for name in hit}


def _weak(value: Any, options: dict[str, Any]) -> Any:
    if "value" in options:
        return options["value"]
    if not isinstance(value, str):
        return value
    return value[: int(options.get("length", len(value) - 1))] or None
