"""The rules that an org puts on its records: unique fields, validation rules, duplicate rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.salesforce.answers import Problem, Refused, Row, duplicate_value
from sandbox.salesforce.effects import record_type_of
from sandbox.salesforce.ids import normal_id
from sandbox.salesforce.records import Table
from sandbox.salesforce.state import Actor, DuplicateRule, State

# Objects of which a pair of references may stand only once.
_ONCE = {
    "PermissionSetAssignment": ("PermissionSetId", "AssigneeId"),
    "FieldPermissions": ("ParentId", "Field"),
    "ObjectPermissions": ("ParentId", "SobjectType"),
}


def check_unique(table: Table, record_id: str, values: Row) -> None:
    """Unique fields are unique among live records, upper and lower case alike unless told so."""
    for name, one in table.keyed.items():
        value = values.get(name)
        if not one.unique or value is None:
            continue
        for holder in table.holders(one, value):
            if holder != record_id:
                raise Refused(duplicate_value(name, holder))
    pair = _ONCE.get(table.schema.name)
    if pair is None or any(name not in values for name in pair):
        return
    for row in table.all_live():
        if row["Id"] != record_id and all(row.get(name) == values[name] for name in pair):
            raise Refused(duplicate_value(", ".join(pair), row["Id"]))


def check_validation(state: State, table: Table, after: Row) -> None:
    """All broken validation rules at once, in the words of the admin, of the record's type or of all."""
    kind = record_type_of(table, after)
    types = (None, None if kind is None else kind.name)
    broken = [
        Problem(
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            rule.message,
            () if rule.field is None else (rule.field,),
        )
        for rule in state.rules.validation.get(table.schema.name, ())
        if rule.record_type in types and rule.broken(after)
    ]
    if broken:
        raise Refused(*broken)


def assignee(state: State, table: Table, actor: Actor) -> str | None:
    """To whom the record goes by the active assignment rule, or by the one that the call names."""
    told = actor.assign.strip()
    if told.upper() == "FALSE":
        return None
    named = state.rules.assignees.get(normal_id(told) or "")
    return named or state.rules.assignment.get(table.schema.name)


def check_duplicates(state: State, table: Table, record_id: str, after: Row, actor: Actor) -> None:
    """An alert gives way to ``allowSave=true``; a block does not (sheet, section 2.9)."""
    for rule in state.rules.duplicates.get(table.schema.name, ()):
        if rule.allow_save and actor.allow_save:
            continue
        twin = next(_twins(table, record_id, after, rule), None)
        if twin is not None:
            raise Refused(_detected(table, rule, twin))


def _twins(table: Table, record_id: str, after: Row, rule: DuplicateRule) -> Iterator[Row]:
    wanted = {name: _norm(after.get(name)) for name in rule.fields}
    if None in wanted.values():
        return iter(())
    return (
        row
        for row in table.all_live()
        if row["Id"] != record_id
        and all(_norm(row.get(name)) == value for name, value in wanted.items())
    )


def _norm(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _detected(table: Table, rule: DuplicateRule, twin: Row) -> Problem:
    kind = table.schema.name
    attributes = {"type": kind, "url": f"/services/data/v62.0/sobjects/{kind}/{twin['Id']}"}
    match = {
        "additionalInformation": [],
        "fieldDiffs": [],
        "matchConfidence": 100.0,
        "record": {"attributes": attributes, "Id": twin["Id"]},
    }
    matches = {
        "entityType": kind,
        "errors": [],
        "matchEngine": "ExactMatchEngine",
        "matchRecords": [match],
        "rule": f"{rule.name}_Match",
        "size": 1,
        "success": True,
    }
    result = {
        "allowSave": rule.allow_save,
        "duplicateRule": rule.name,
        "duplicateRuleEntityType": kind,
        "errorMessage": rule.message,
        "matchResults": [matches],
    }
    return Problem("DUPLICATES_DETECTED", rule.message, None, more={"duplicateResult": result})
