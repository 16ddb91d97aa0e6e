"""Custom fields and validation rules as the Metadata API writes them: for the Tooling API and as files. Pure.

The same names and values serve both roads, since the Tooling API takes a field's metadata as it stands in a
file; only a picklist's value is a `valueName` there and a `fullName` here. Sources: reference sheet, section
10; Metadata API Developer Guide, "CustomField", "ValidationRule", "PermissionSet"; Salesforce DX Developer
Guide, "Source Format".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

from connector.port import Companion, NewField, Option

PERMISSION_SET: Final = "Kakehashi"
# Their custom fields are those of one object that nobody sees (Object Reference, "Activity").
ACTIVITIES: Final = ("Task", "Event")
LEAST_LONG: Final = 256
NAMESPACE: Final = "http://soap.sforce.com/2006/04/metadata"
SOURCE: Final = "force-app/main/default"


def owner_of(object_name: str) -> str:
    """On which object a custom field of another one is made."""
    return "Activity" if object_name in ACTIVITIES else object_name


def field_metadata(field: NewField) -> dict[str, Any]:
    """What a field is like. ValueError for a choice without options."""
    found: dict[str, Any] = {"label": field.label, "description": field.description}
    found |= _type_of(field)
    if field.unique:
        found |= {"externalId": True, "unique": True, "caseSensitive": False}
    return found


def rule_name(field: NewField) -> str:
    """The name of the rule that asks for a choice beside its companion."""
    return f"{field.name.removesuffix('__c')}_is_needed"


def rule_metadata(field: NewField, companion: Companion) -> dict[str, Any]:
    """A rule that refuses a record on which the companion's value stands without a choice."""
    beside = f'ISPICKVAL({companion.field}, "{companion.value}")'
    return {
        "active": True,
        "description": "Made by Kakehashi.",
        "errorConditionFormula": f"AND({beside}, ISBLANK(TEXT({field.name})))",
        "errorDisplayField": field.name,
        "errorMessage": companion.says,
    }


def _type_of(field: NewField) -> dict[str, Any]:
    """Numbers are whole ones; text beyond 255 characters is a long text area, of 256 at least."""
    match field.kind:
        case "bool":
            return {"type": "Checkbox", "defaultValue": False}
        case "number":
            return {"type": "Number", "precision": 18, "scale": 0}
        case "date":
            return {"type": "Date"}
        case "datetime":
            return {"type": "DateTime"}
        case "long_text":
            length = max(LEAST_LONG, field.length)
            return {"type": "LongTextArea", "length": length, "visibleLines": 3}
        case "picklist":
            return {"type": "Picklist", "valueSet": _value_set(field)}
        case "set":
            kind = {"type": "MultiselectPicklist", "visibleLines": 4}
            return {**kind, "valueSet": _value_set(field)}
        case _:
            return {"type": "Text", "length": field.length}


def _value_set(field: NewField) -> dict[str, Any]:
    """All values of a closed list, and beside which value of another picklist each may be chosen."""
    if not field.options:
        raise ValueError(f"{field.name}: a {field.kind} needs options")
    values = [_value(one) for one in field.options]
    found: dict[str, Any] = {
        "restricted": True,
        "valueSetDefinition": {"sorted": False, "value": values},
    }
    if field.companion is None:
        return found
    by_hand = [one for one in field.options if one.value not in field.companion.never_by_hand]
    return {
        "controllingField": field.companion.field,
        **found,
        "valueSettings": [
            {"controllingFieldValue": [field.companion.value], "valueName": one.value}
            for one in by_hand
        ],
    }


def _value(option: Option) -> dict[str, Any]:
    return {"valueName": option.value, "default": False, "label": option.label}


# As files --------------------------------------------------------------------------------------------


def project(missing: Sequence[NewField], ours: Sequence[NewField], version: str) -> dict[str, str]:
    """A project that ``sf project deploy start --manifest manifest/package.xml`` takes; empty for no fields.

    A permission set that is deployed replaces the one of that name, so it names all of `ours`.
    """
    if not missing:
        return {}
    files: dict[str, str] = {}
    members: dict[str, list[str]] = {"CustomField": [], "ValidationRule": []}
    for field in missing:
        owner = owner_of(field.object)
        folder = f"{SOURCE}/objects/{owner}"
        body = {"fullName": field.name, **_as_filed(field_metadata(field))}
        files[f"{folder}/fields/{field.name}.field-meta.xml"] = _file("CustomField", body)
        members["CustomField"].append(f"{owner}.{field.name}")
        if field.companion is not None:
            name = rule_name(field)
            rule = {"fullName": name, **rule_metadata(field, field.companion)}
            path = f"{folder}/validationRules/{name}.validationRule-meta.xml"
            files[path] = _file("ValidationRule", rule)
            members["ValidationRule"].append(f"{owner}.{name}")
    path = f"{SOURCE}/permissionsets/{PERMISSION_SET}.permissionset-meta.xml"
    files[path] = _file("PermissionSet", _permissions([*ours, *missing]))
    members["PermissionSet"] = [PERMISSION_SET]
    files["manifest/package.xml"] = _manifest(members, version)
    files["sfdx-project.json"] = _project_file(version)
    return files


def _as_filed(metadata: dict[str, Any]) -> dict[str, Any]:
    if "valueSet" not in metadata:
        return metadata
    values = [
        {"fullName": one["valueName"], **{k: v for k, v in one.items() if k != "valueName"}}
        for one in metadata["valueSet"]["valueSetDefinition"]["value"]
    ]
    definition = {**metadata["valueSet"]["valueSetDefinition"], "value": values}
    return {**metadata, "valueSet": {**metadata["valueSet"], "valueSetDefinition": definition}}


def _permissions(fields: Iterable[NewField]) -> dict[str, Any]:
    names = sorted({f"{owner_of(one.object)}.{one.name}" for one in fields})
    return {
        "fieldPermissions": [{"editable": True, "field": name, "readable": True} for name in names],
        "label": PERMISSION_SET,
    }


def _manifest(members: Mapping[str, Iterable[str]], version: str) -> str:
    types = [
        {"members": sorted(set(names)), "name": kind} for kind, names in members.items() if names
    ]
    return _file("Package", {"types": types, "version": version})


def _project_file(version: str) -> str:
    folders = [{"path": "force-app", "default": True}]
    told = {"packageDirectories": folders, "sourceApiVersion": version}
    return json.dumps(told, indent=2) + "\n"


def _file(kind: str, body: Mapping[str, Any]) -> str:
    lines = "\n".join(_elements(body, 1))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{kind} xmlns="{NAMESPACE}">\n{lines}\n</{kind}>\n'


def _elements(body: Mapping[str, Any], depth: int) -> Iterator[str]:
    """One element for each value, in the order of their names behind the full name, as the vendor's own tools
    write them; a list is its element again and again."""
    space = "    " * depth
    for name, value in sorted(body.items(), key=lambda one: (one[0] != "fullName", one[0])):
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, Mapping):
                yield f"{space}<{name}>"
                yield from _elements(one, depth + 1)
                yield f"{space}</{name}>"
            else:
                yield f"{space}<{name}>{_text(one)}</{name}>"


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else escape(str(value))
