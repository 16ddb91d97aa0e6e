"""Custom fields and validation rules through the Tooling API: fields are made at once, and hidden until a
permission set grants them; rules hold from now on.

Reference sheet, section 10.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.salesforce.answers import refusal
from sandbox.salesforce.call import Call, Reply
from sandbox.salesforce.formulas import read_formula
from sandbox.salesforce.ids import Mint
from sandbox.salesforce.schema import Field
from sandbox.salesforce.state import State, ValidationRule

_TYPES = {
    "Text": "string",
    "TextArea": "textarea",
    "LongTextArea": "textarea",
    "Number": "double",
    "Currency": "currency",
    "Percent": "percent",
    "Checkbox": "boolean",
    "Date": "date",
    "DateTime": "datetime",
    "Email": "email",
    "Phone": "phone",
    "Url": "url",
    "Picklist": "picklist",
    "MultiselectPicklist": "multipicklist",
    "Lookup": "reference",
}
_LENGTHS = {"textarea": 255, "email": 80, "phone": 40, "url": 255, "picklist": 255, "reference": 18}
_NOT_GROUPABLE = frozenset({"double", "currency", "percent", "datetime", "multipicklist"})
_MOST_TEXT = 255
_MOST_INDEXED = 25
_RULE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*__c")


# What is made on Activity is a field of both.
_ACTIVITIES = ("Task", "Event")


class FieldMaker:
    """Answers POST /tooling/sobjects/CustomField. `allowed`: whether we may customize the org."""

    def __init__(self) -> None:
        self.allowed = True
        self._mint = Mint("00N")
        self._rules = Mint("03d")

    def create(self, call: Call) -> Reply:
        self._may(call)
        body = call.json()
        object_name, _, name = str(body.get("FullName", "")).partition(".")
        metadata = body.get("Metadata")
        if not isinstance(metadata, Mapping) or not _NAME.fullmatch(name):
            raise refusal(
                400, "FIELD_INTEGRITY_EXCEPTION", f"Invalid fullName: {object_name}.{name}"
            )
        for one in _ACTIVITIES if object_name == "Activity" else (object_name,):
            made = custom_field(name, metadata)
            made.readable = made.editable = False
            made.valid_for = _dependency(call.state, one, made, metadata)
            add_field(call.state, one, made)
        return _made(self._mint)

    def create_rule(self, call: Call) -> Reply:
        """Answers POST /tooling/sobjects/ValidationRule; the formula is read at once."""
        self._may(call)
        body = call.json()
        object_name, _, name = str(body.get("FullName", "")).partition(".")
        metadata = body.get("Metadata")
        if not isinstance(metadata, Mapping) or not _RULE_NAME.fullmatch(name):
            text = f"Invalid fullName: {object_name}.{name}"
            raise refusal(400, "FIELD_INTEGRITY_EXCEPTION", text)
        add_rule(call.state, object_name, name, metadata)
        return _made(self._rules)

    def _may(self, call: Call) -> None:
        if not (self.allowed or call.session.person):
            text = "insufficient access rights on cross-reference id"
            raise refusal(403, "INSUFFICIENT_ACCESS", text)


def _made(mint: Mint) -> Reply:
    told = {"id": mint.make(), "success": True, "errors": []}
    return Reply(201, told | {"warnings": [], "infos": []})


def add_rule(state: State, object_name: str, name: str, metadata: Mapping[str, Any]) -> None:
    """Put a validation rule on an object. 400 for a name that is taken and for a formula that is none."""
    table = state.known(object_name)
    if table is None:
        raise refusal(400, "INVALID_TYPE", f"Unknown object: {object_name}")
    rules = state.rules.validation.setdefault(object_name, [])
    if any(one.name == name for one in rules):
        text = f"There is already a validation rule named {name} on {table.schema.label}."
        raise refusal(400, "DUPLICATE_DEVELOPER_NAME", text)
    message, field = str(metadata.get("errorMessage") or ""), metadata.get("errorDisplayField")
    if not message or (field is not None and table.schema.find(str(field)) is None):
        raise refusal(400, "FIELD_INTEGRITY_EXCEPTION", f"{name}: error message or its place")
    try:
        broken = read_formula(str(metadata.get("errorConditionFormula") or ""), table.schema)
    except ValueError as error:
        raise refusal(400, "FIELD_INTEGRITY_EXCEPTION", f"Error: {error}") from error
    if metadata.get("active"):
        place = None if field is None else str(field)
        rules.append(ValidationRule(broken, message, place, name=name))


def add_field(state: State, object_name: str, field: Field) -> None:
    """Put a field on an object. 400 for a name that is taken, whoever may see it."""
    table = state.known(object_name)
    if table is None:
        raise refusal(400, "INVALID_TYPE", f"Unknown object: {object_name}")
    schema = table.schema
    if schema.find(field.name) is not None:
        developer_name = field.name.removesuffix("__c")
        text = f"There is already a field named {developer_name} on {schema.label}."
        raise refusal(400, "DUPLICATE_DEVELOPER_NAME", text)
    indexed = sum(1 for one in schema.fields.values() if one.custom and one.external_id)
    if field.external_id and indexed >= _MOST_INDEXED:
        text = f"Too many external id fields on {schema.label}"
        raise refusal(400, "FIELD_INTEGRITY_EXCEPTION", text)
    schema.add(field)
    table.reindex()
    state.schema_changed = state.now()


def custom_field(name: str, metadata: Mapping[str, Any]) -> Field:
    """The field that this metadata makes. 400 for metadata that make none."""
    kind = _TYPES.get(str(metadata.get("type")))
    if kind is None:
        raise refusal(400, "FIELD_INTEGRITY_EXCEPTION", "Field type is missing or unknown")
    length = int(metadata.get("length") or _LENGTHS.get(kind, 0))
    if kind == "string" and not 1 <= length <= _MOST_TEXT:
        text = f"Length must be between 1 and {_MOST_TEXT}"
        raise refusal(400, "FIELD_INTEGRITY_EXCEPTION", text)
    long_text = metadata.get("type") == "LongTextArea"
    choices, default = _choices(metadata)
    external = bool(metadata.get("externalId"))
    return Field(
        name=name,
        label=str(metadata.get("label") or name.removesuffix("__c").replace("_", " ")),
        type=kind,
        length=length,
        precision=int(metadata.get("precision") or 0),
        scale=int(metadata.get("scale") or 0),
        nillable=not metadata.get("required") and kind != "boolean",
        defaulted=kind == "boolean",
        default=default,
        external_id=external,
        id_lookup=external,
        unique=bool(metadata.get("unique")),
        case_sensitive=bool(metadata.get("caseSensitive")),
        choices=choices,
        labels=_labels(metadata),
        restricted=bool(_value_set(metadata).get("restricted")),
        reference_to=(str(metadata["referenceTo"]),) if metadata.get("referenceTo") else (),
        relationship=f"{name.removesuffix('__c')}__r" if kind == "reference" else None,
        filterable=not long_text,
        sortable=not long_text,
        groupable=kind not in _NOT_GROUPABLE and not long_text,
        custom=True,
    )


def _value_set(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    found = metadata.get("valueSet")
    return found if isinstance(found, Mapping) else {}


def _dependency(
    state: State, object_name: str, field: Field, metadata: Mapping[str, Any]
) -> dict[str, frozenset[int]]:
    """Beside which values of the controlling picklist, by place, each choice may be made on a page.

    The API takes any choice beside any other: only pages hold people to it (Metadata API, "ValueSettings").
    """
    told = _value_set(metadata)
    controlling = told.get("controllingField")
    if controlling is None:
        return {}
    table = state.known(object_name)
    other = None if table is None else table.schema.find(str(controlling))
    if other is None or not other.choices:
        text = f"Could not resolve field {controlling} as a controlling field"
        raise refusal(400, "FIELD_INTEGRITY_EXCEPTION", text)
    found: dict[str, frozenset[int]] = {}
    for one in told.get("valueSettings") or ():
        values, name = one.get("controllingFieldValue") or (), str(one.get("valueName"))
        if name not in field.choices or not set(values) <= set(other.choices):
            text = f"Picklist value: {name} in picklist: {field.name} not found"
            raise refusal(400, "FIELD_INTEGRITY_EXCEPTION", text)
        found[name] = frozenset(other.choices.index(value) for value in values)
    field.controller = other.name
    return found


def _choices(metadata: Mapping[str, Any]) -> tuple[tuple[str, ...], str | None]:
    """The values of a picklist, and the one that new records start with."""
    definition = _value_set(metadata).get("valueSetDefinition") or {}
    values = definition.get("value", ())
    names = tuple(_name(one) for one in values)
    if metadata.get("type") in {"Picklist", "MultiselectPicklist"} and not names:
        text = "A picklist field must have a value set"
        raise refusal(400, "FIELD_INTEGRITY_EXCEPTION", text)
    if len({one.lower() for one in names}) < len(names):
        raise refusal(400, "DUPLICATE_VALUE", "Duplicate value in the picklist")
    default = next((_name(one) for one in values if one.get("default")), None)
    return names, default


def _labels(metadata: Mapping[str, Any]) -> dict[str, str]:
    definition = _value_set(metadata).get("valueSetDefinition") or {}
    values = definition.get("value", ())
    return {_name(one): str(one.get("label") or _name(one)) for one in values}


def _name(value: Mapping[str, Any]) -> str:
    return str(value.get("valueName") or value.get("fullName"))
