"""What Salesforce says when something is wrong: `Problem` of a record, `Refusal` of a call.

Codes, statuses and texts are those of the reference sheet, section 2.11. Both end up as entries of a
JSON array; a collection calls the code `statusCode` and always names `fields`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]
"""A stored record by field name, in wire values. A field that is blank, or false, may be absent."""


def stamp(moment: datetime) -> str:
    """A moment as the wire tells it: UTC, whole seconds, no colon in the offset."""
    return f"{moment.astimezone(UTC).isoformat(timespec='seconds')[:19]}.000+0000"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why one record was refused. `fields` None: the entry of a single-record answer has no such key."""

    code: str
    message: str
    fields: tuple[str, ...] | None = ()
    status: int = 400
    more: Mapping[str, Any] = field(default_factory=dict)

    def as_error(self) -> dict[str, Any]:
        """As the answer of a single-record call lists it."""
        told: dict[str, Any] = {**self.more, "message": self.message, "errorCode": self.code}
        if self.fields is not None:
            told["fields"] = list(self.fields)
        return told

    def as_item(self) -> dict[str, Any]:
        """As one result of a collection lists it."""
        return {
            "statusCode": self.code,
            "message": self.message,
            "fields": list(self.fields or ()),
        }


class Refused(Exception):
    """One record was refused, for these reasons. Nothing of it was written."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.code for problem in problems))
        self.problems = problems


class Refusal(Exception):
    """A whole call is refused: `status` and the JSON `body` (None: empty)."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"refused with {status}")
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def refusal(status: int, code: str, message: str) -> Refusal:
    """The usual array with one entry."""
    return Refusal(status, [{"message": message, "errorCode": code}])


def not_found() -> Refusal:
    return refusal(404, "NOT_FOUND", "The requested resource does not exist")


def no_such_record() -> Problem:
    return Problem("NOT_FOUND", "The requested resource does not exist", None, 404)


def entity_is_deleted() -> Problem:
    return Problem("ENTITY_IS_DELETED", "entity is deleted", (), 404)


def bad_json(text: str) -> Refusal:
    return refusal(400, "JSON_PARSER_ERROR", f"{text} at [line:1, column:2]")


def bad_session(text: str = "Session expired or invalid") -> Refusal:
    return refusal(401, "INVALID_SESSION_ID", text)


def budget_spent() -> Refusal:
    return refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")


def bad_external_id(name: str) -> Refusal:
    text = f"Provided external ID field does not exist or is not accessible: {name}"
    return refusal(404, "NOT_FOUND", text)


def missing(names: Sequence[str]) -> Problem:
    text = f"Required fields are missing: [{', '.join(names)}]"
    return Problem("REQUIRED_FIELD_MISSING", text, tuple(names))


def not_writable(names: Sequence[str]) -> Problem:
    text = (
        f"Unable to create/update fields: {', '.join(names)}. Please check the security settings of"
        " this field and verify that it is read/write for your profile or permission set."
    )
    return Problem("INVALID_FIELD_FOR_INSERT_UPDATE", text, tuple(names))


def no_column(name: str, object_name: str) -> Problem:
    text = f"No such column '{name}' on sobject of type {object_name}"
    return Problem("INVALID_FIELD", text, None)


def duplicate_value(field_name: str, holder: str) -> Problem:
    text = f"duplicate value found: {field_name} duplicates value on record with id: {holder[:15]}"
    return Problem("DUPLICATE_VALUE", text)


def locked(record_id: str) -> Problem:
    text = f"unable to obtain exclusive access to this record or 1 records: {record_id}"
    return Problem("UNABLE_TO_LOCK_ROW", text)


def in_approval() -> Problem:
    return Problem("ENTITY_IS_LOCKED", "the entity is locked for editing")
