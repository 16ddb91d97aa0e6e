"""One value against its field: what would be stored, or why not (reference sheet, 2.7 and 2.11).

Stored values are wire values: text, numbers, booleans, and dates as the wire spells them, which sort
as text in time order.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from sandbox.salesforce.answers import Problem, Refused, bad_json, stamp
from sandbox.salesforce.ids import normal_id
from sandbox.salesforce.schema import NUMBER_TYPES, TEXT_TYPES, Field

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_EMAIL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z0-9-]*[A-Za-z][A-Za-z0-9-]*")
_LOCAL_MOST = 64
_DATETIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?(?:Z|[+-]\d\d:?\d\d)", re.ASCII
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INT_MOST = 2**31


def judge(field: Field, value: Any) -> Any:
    """The value as it would be stored, None for blank. Raises `Refused`, or `Refusal` for bad JSON."""
    if value is None:
        if field.type == "boolean":
            text = f"{field.label}: value not of required type: null"
            raise _refused("INVALID_TYPE_ON_FIELD_IN_RECORD", text, field)
        return None
    if isinstance(value, dict | list):
        token = "START_OBJECT" if isinstance(value, dict) else "START_ARRAY"
        raise _cannot_read(field, token, "")
    if field.type in TEXT_TYPES:
        return _text(field, value)
    if field.type == "boolean":
        return _boolean(field, value)
    if field.type == "int":
        return _whole(field, value)
    if field.type in NUMBER_TYPES:
        return _number(field, value)
    if field.type in {"date", "datetime"}:
        return _moment(field, value)
    return _reference(field, value)


def is_email(text: str) -> bool:
    """Whether Salesforce takes this address."""
    return bool(_EMAIL.fullmatch(text)) and len(text.partition("@")[0]) <= _LOCAL_MOST


def parse_datetime(text: str) -> datetime | None:
    """A datetime with an offset, None where it is none."""
    if not _DATETIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _refused(code: str, text: str, field: Field) -> Refused:
    return Refused(Problem(code, text, (field.name,)))


def _cannot_read(field: Field, token: str, value: object) -> Exception:
    kind = "string" if field.type in TEXT_TYPES else field.type
    shown = f" value {value}" if value != "" else ""
    return bad_json(
        f"Cannot deserialize instance of {kind} from {token}{shown}"
        " or request may be missing a required field"
    )


def _token(value: object) -> str:
    if isinstance(value, bool):
        return "VALUE_TRUE" if value else "VALUE_FALSE"
    if isinstance(value, int):
        return "VALUE_NUMBER_INT"
    return "VALUE_NUMBER_FLOAT" if isinstance(value, float) else "VALUE_STRING"


def _text(field: Field, value: Any) -> str | None:
    if not isinstance(value, str):
        raise _cannot_read(field, _token(value), value)
    if not value.strip():
        return None
    if field.length and len(value) > field.length:
        text = f"{field.label}: data value too large: {value} (max length={field.length})"
        raise _refused("STRING_TOO_LONG", text, field)
    if field.type == "email" and not is_email(value):
        text = f"{field.label}: invalid email address: {value}"
        raise _refused("INVALID_EMAIL_ADDRESS", text, field)
    if field.restricted:
        return _choice(field, value)
    return value


def _choice(field: Field, value: str) -> str:
    given = value.split(";") if field.type == "multipicklist" else [value]
    known = {choice.lower(): choice for choice in field.choices}
    for one in given:
        if one.lower() not in known:
            text = f"{field.label}: bad value for restricted picklist field: {one}"
            raise _refused("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", text, field)
    return ";".join(known[one.lower()] for one in given)


def _boolean(field: Field, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise _cannot_read(field, _token(value), value)


def _decimal(field: Field, value: Any) -> Decimal | None:
    if value == "":
        return None
    if isinstance(value, bool):
        raise _cannot_read(field, _token(value), value)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise _cannot_read(field, _token(value), value)
    return number


def _out_of_range(field: Field) -> Refused:
    text = f"{field.label}: value outside of valid range on numeric field"
    return _refused("NUMBER_OUTSIDE_VALID_RANGE", text, field)


def _whole(field: Field, value: Any) -> int | None:
    number = _decimal(field, value)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise _cannot_read(field, "VALUE_NUMBER_FLOAT", value)
    most = 10**field.digits if field.digits else _INT_MOST
    if abs(number) >= most:
        raise _out_of_range(field)
    return int(number)


def _number(field: Field, value: Any) -> float | None:
    number = _decimal(field, value)
    if number is None:
        return None
    try:
        rounded = number.quantize(Decimal(1).scaleb(-field.scale), rounding=ROUND_HALF_UP)
    except InvalidOperation:
        raise _out_of_range(field) from None
    if field.precision and abs(rounded) >= 10 ** (field.precision - field.scale):
        raise _out_of_range(field)
    return float(rounded)


def _moment(field: Field, value: Any) -> str | None:
    if value == "":
        return None
    if isinstance(value, str) and field.type == "datetime":
        moment = parse_datetime(value)
        if moment is not None:
            return stamp(moment)
    if isinstance(value, str) and field.type == "date" and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            pass
    raise _cannot_read(field, _token(value), value)


def _reference(field: Field, value: Any) -> str | None:
    if value == "":
        return None
    found = normal_id(value)
    if found is None:
        raise wrong_id(field, value)
    return found


def wrong_id(field: Field, value: Any) -> Refused:
    """An id that cannot stand in this field, whatever record it is of."""
    return _refused("MALFORMED_ID", f"{field.label}: id value of incorrect type: {value}", field)
