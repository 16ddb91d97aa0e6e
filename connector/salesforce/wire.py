"""What Salesforce's JSON means: records, describes, outcomes of rows. No socket in here.

Sources are the sections of the REST API Developer Guide (v62) and the Object Reference that stand
above each rule; Salesforce answers are parsed defensively, since any of them may be HTML or an object
where an array is documented.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connector.errors import RecordLocked, Rejected, RejectionCause, TryLater
from connector.port import (
    FieldKind,
    FieldSchema,
    ObjectSchema,
    Option,
    Outcome,
    Record,
    RecordType,
    System,
    Value,
    Written,
)

SYSTEM = System.SALESFORCE.value
ID = re.compile(r"[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?")
CHECK_CHARS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
# Read with every record, to know when it changed and whether that was us.
STAMPS = ("LastModifiedDate", "LastModifiedById")
# Somebody else holds the row for a moment (reference sheet, section 2.11).
LOCK = "UNABLE_TO_LOCK_ROW"
# An approval process is under way: that takes hours or days (SOAP guide, "StatusCode").
APPROVAL = "ENTITY_IS_LOCKED"
APPROVAL_AFTER = 600.0
# A duplicate rule was hit. Collections do not tell by which record (sheet, section 2.9).
DUPLICATES = "DUPLICATES_DETECTED"

# REST guide, "Status Codes and Error Responses"; SOAP guide, "StatusCode".
CAUSES: dict[str, RejectionCause] = {
    "INVALID_EMAIL_ADDRESS": "invalid_email",
    "STRING_TOO_LONG": "too_long",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "unknown_option",
    "REQUIRED_FIELD_MISSING": "required_blank",
    "DUPLICATE_VALUE": "duplicate",
    DUPLICATES: "duplicate",
    "INVALID_FIELD_FOR_INSERT_UPDATE": "read_only",
    "INSUFFICIENT_ACCESS_OR_READONLY": "read_only",
    "INVALID_FIELD": "no_such_field",
    "NOT_FOUND": "not_found",
    "ENTITY_IS_DELETED": "deleted",
    "CANNOT_UPDATE_CONVERTED_LEAD": "converted",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": "validation_rule",
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": "validation_rule",
    "INVALID_CROSS_REFERENCE_KEY": "bad_reference",
    "MALFORMED_ID": "bad_reference",
    "FIELD_INTEGRITY_EXCEPTION": "bad_reference",
    "INACTIVE_OWNER_OR_USER": "bad_reference",
    "OP_WITH_INVALID_USER_TYPE_EXCEPTION": "bad_reference",
    "NUMBER_OUTSIDE_VALID_RANGE": "invalid_value",
}
# Codes that are about one field, whether their answer names it or not.
FIELD_OF = {
    "INACTIVE_OWNER_OR_USER": ("OwnerId",),
    "OP_WITH_INVALID_USER_TYPE_EXCEPTION": ("OwnerId",),
}
KINDS: dict[str, FieldKind] = {
    "string": "text",
    "textarea": "text",
    "email": "email",
    "phone": "phone",
    "url": "url",
    "boolean": "bool",
    "int": "number",
    "double": "number",
    "currency": "number",
    "percent": "number",
    "date": "date",
    "datetime": "datetime",
    "picklist": "picklist",
    "combobox": "text",
    "multipicklist": "set",
    "reference": "reference",
    "id": "id",
}


def to18(record_id: str) -> str:
    """The 18-character form of an id: 15 case-sensitive ones and 3 that encode their case."""
    if len(record_id) != 15:
        return record_id
    check = (
        CHECK_CHARS[sum(1 << p for p in range(5) if record_id[block + p].isupper())]
        for block in (0, 5, 10)
    )
    return record_id + "".join(check)


def checked_id(record_id: str) -> str:
    """An id that may stand in a URL. Raises ValueError: the client library would follow anything."""
    if not ID.fullmatch(record_id):
        raise ValueError(f"{record_id!r} is not a Salesforce id")
    return record_id


def is_id(text: str) -> bool:
    """Whether this may be an id of a record."""
    return ID.fullmatch(text) is not None


def moment(text: object) -> datetime | None:
    """A datetime of the wire, ``2026-01-02T03:04:05.000+0000``."""
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None


def record_of(
    object_name: str, row: Mapping[str, Any], fields: Sequence[str], us: str | None
) -> Record:
    """A row of a query or a retrieve. Empty text never comes; null is blank."""
    values: dict[str, Value] = {name: row[name] for name in fields if name in row}
    by = row.get("LastModifiedById")
    return Record(
        object_name,
        row["Id"],
        values,
        moment(row.get("LastModifiedDate")),
        None if us is None or by is None else by == us,
    )


def schema_of(
    object_name: str,
    told: Mapping[str, Any],
    record_types: tuple[RecordType, ...] = (),
    refused: str | None = None,
) -> ObjectSchema:
    """A describe answer. What field-level security hides from us is absent already.

    A currency field has the scale that its describe tells, whatever the currency of a record
    (``CurrencyIsoCode``, a field like any other where the org has several): Salesforce itself rounds an
    amount to the decimals of that currency, none for JPY, when it stores it.
    """
    return ObjectSchema(
        System.SALESFORCE,
        object_name,
        {row["name"]: _field(row) for row in told["fields"] if not row.get("deprecatedAndHidden")},
        record_types=record_types,
        refused=refused,
    )


def _field(row: Mapping[str, Any]) -> FieldSchema:
    """Required on create: createable, not nillable, not defaulted, no boolean (describe guide)."""
    kind = KINDS.get(row["type"], "text")
    if kind == "text" and (row.get("length") or 0) > 4_000:
        kind = "long_text"
    createable = bool(row.get("createable"))
    required = (
        createable
        and not row.get("nillable", True)
        and not row.get("defaultedOnCreate")
        and row["type"] != "boolean"
    )
    scale = row.get("scale") if kind == "number" else None
    return FieldSchema(
        name=row["name"],
        label=row.get("label") or row["name"],
        kind=kind,
        length=row.get("length") or None,
        scale=0 if row["type"] == "int" else scale,
        required=required,
        createable=createable,
        updateable=bool(row.get("updateable")),
        unique=bool(row.get("unique")) or bool(row.get("externalId")),
        case_sensitive=bool(row.get("caseSensitive")),
        options=tuple(
            Option(option["value"], option.get("label") or option["value"])
            for option in row.get("picklistValues") or ()
            if option.get("active")
        ),
        closed=bool(row.get("restrictedPicklist")),
        references=tuple(row.get("referenceTo") or ()),
    )


def outcome_of(row: object) -> Outcome:
    """One item of a collections answer. A failed item has no id and says `statusCode`."""
    if not isinstance(row, Mapping):
        return Rejected("the answer left this record out", system=SYSTEM, cause="not_answered")
    if row.get("success"):
        return Written(to18(str(row["id"])), created=bool(row.get("created")))
    errors = row.get("errors") or [{}]
    return rejection(errors)


def rejection(errors: Sequence[Mapping[str, Any]]) -> Rejected | TryLater:
    """The first error of a row. `RecordLocked`: under approval; plain `TryLater`: held by somebody."""
    errors = [error for error in errors if isinstance(error, Mapping)]
    first = errors[0] if errors else {}
    code = str(first.get("statusCode") or first.get("errorCode") or "UNKNOWN")
    text = str(first.get("message") or code)
    if code == LOCK:
        return TryLater(f"{code}: {text}", system=SYSTEM, after=1.0)
    if code == APPROVAL:
        return RecordLocked(f"{code}: {text}", system=SYSTEM, after=APPROVAL_AFTER)
    fields = tuple(
        dict.fromkeys(str(name) for error in errors for name in error.get("fields") or ())
    )
    return Rejected(
        f"{code}: {text}",
        system=SYSTEM,
        cause=CAUSES.get(code, "other"),
        fields=fields or FIELD_OF.get(code, ()) or _fields_in(text),
        existing_id=_existing_id(first, text),
    )


def _fields_in(text: str) -> tuple[str, ...]:
    """Some messages name their field in the text only (`duplicate value found: X duplicates ...`)."""
    found = re.match(r"duplicate value found: (\w+) duplicates", text) or re.search(
        r"No such column '(\w+)'", text
    )
    if found is None and text.startswith("Record Type ID:"):
        return ("RecordTypeId",)
    return (found.group(1),) if found else ()


def _existing_id(error: Mapping[str, Any], text: str) -> str | None:
    found = re.search(r"record with id: ([a-zA-Z0-9]{15,18})", text)
    if found:
        return to18(found.group(1))
    matches = (error.get("duplicateResult") or {}).get("matchResults") or []
    for match in matches:
        for record in match.get("matchRecords") or []:
            record_id = (record.get("record") or {}).get("Id")
            if record_id:
                return to18(str(record_id))
    return None
