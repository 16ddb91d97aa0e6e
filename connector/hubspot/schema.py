"""HubSpot's property definitions and the port's field schemas, both ways. Pure.

Reference sheet, section 12. The list of types is open: what is not known here is text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import Any, Final

from connector.hubspot.events import OBJECTS_BY_TYPE_ID
from connector.hubspot.link_types import known_links
from connector.hubspot.names import (
    COMPANY_LINK,
    CONTACTS,
    EMAIL,
    LEADS,
    OPT_OUT,
    OWNERS,
    STRING_LENGTH,
    link_field,
    stored_name,
)
from connector.port import (
    FieldKind,
    FieldSchema,
    NewField,
    ObjectSchema,
    Option,
    Pipeline,
    System,
)

_PLAIN_KINDS: Final[Mapping[str, FieldKind]] = {
    "bool": "bool",
    "number": "number",
    "date": "date",
    "datetime": "datetime",
    "phone_number": "phone",  # seen in real dumps, undocumented
    "json": "long_text",
    "object_coordinates": "text",
}
_STRING_KINDS: Final[Mapping[str, FieldKind]] = {
    "phonenumber": "phone",
    "textarea": "long_text",
    "html": "long_text",
}
# What a create is refused without (sheet, section 7.3). A company needs a name or a domain, so neither.
_REQUIRED: Final[Mapping[str, frozenset[str]]] = {
    "deals": frozenset({"dealname"}),
    LEADS: frozenset({"hs_lead_name"}),
    "tasks": frozenset({"hs_timestamp"}),
    "notes": frozenset({"hs_timestamp"}),
    "meetings": frozenset({"hs_timestamp"}),
    "calls": frozenset({"hs_timestamp"}),
}
_ID_FIELDS: Final = frozenset({"hs_object_id"})
_DEFINITIONS: Final[Mapping[FieldKind, tuple[str, str]]] = {
    "long_text": ("string", "textarea"),
    "phone": ("string", "phonenumber"),
    "bool": ("bool", "booleancheckbox"),
    "number": ("number", "number"),
    "date": ("date", "date"),
    "datetime": ("datetime", "date"),
    "picklist": ("enumeration", "select"),
    "set": ("enumeration", "checkbox"),
}
_CHOICES: Final = frozenset({"picklist", "set"})
_GROUPS: Final[Mapping[str, str]] = {
    "contacts": "contactinformation",
    "companies": "companyinformation",
    "deals": "dealinformation",
    "tickets": "ticketinformation",
}


def object_schema(
    object_name: str,
    definitions: Iterable[Mapping[str, Any]],
    *,
    pipelines: tuple[Pipeline, ...] = (),
    custom: Mapping[str, Any] | None = None,
) -> ObjectSchema:
    """The schema of an object from the list of its properties.

    `custom` is what the account tells of a custom object beside them.
    """
    told = custom or {}
    required = _REQUIRED.get(object_name, frozenset(map(str, told.get("requiredProperties") or ())))
    fields = {
        str(raw["name"]): _field(object_name, raw, required)
        for raw in definitions
        if not raw.get("archived")
    }
    links = custom_links(told) if custom is not None else known_links(object_name)
    fields |= {name: _link(object_name, name, other) for name, other in links.items()}
    if object_name == CONTACTS:
        fields |= _fields_of_our_own(fields)
    return ObjectSchema(System.HUBSPOT, object_name, fields, pipelines)


def custom_links(told: Mapping[str, Any]) -> dict[str, str]:
    """Field -> object for the associations of a custom object, as its schema lists them.

    Each stands there twice, once for each direction.
    """
    own = str(told.get("objectTypeId"))
    ends = [
        str(one["toObjectTypeId"])
        for one in told.get("associations") or ()
        if str(one.get("fromObjectTypeId")) == own
    ]
    names = [OBJECTS_BY_TYPE_ID.get(one, one) for one in ends]
    return {link_field(name): name for name in dict.fromkeys(names)}


def _link(object_name: str, name: str, other: str) -> FieldSchema:
    """An association as a field: one record of the other object, or none."""
    return FieldSchema(
        name=name,
        label=f"Associated {other}",
        kind="reference",
        required=(object_name, other) == (LEADS, CONTACTS),
        references=(other,),
    )


def _fields_of_our_own(fields: Mapping[str, FieldSchema]) -> dict[str, FieldSchema]:
    """What the port offers on contacts beyond the properties as HubSpot declares them.

    The opt-out is read-only as a property and written through the preferences API; the company is
    served by the property that names the primary one. Sheet, sections 7.4 and 14.
    """
    own: dict[str, FieldSchema] = {}
    if OPT_OUT in fields:
        own[OPT_OUT] = replace(fields[OPT_OUT], kind="bool", createable=True, updateable=True)
    link = fields.get(stored_name(CONTACTS, COMPANY_LINK))
    if link is not None:
        own[link.name] = replace(link, kind="reference", references=("companies",))
        own[COMPANY_LINK] = replace(own[link.name], name=COMPANY_LINK)
    return own


def _field(object_name: str, raw: Mapping[str, Any], required: frozenset[str]) -> FieldSchema:
    name = str(raw["name"])
    kind = _kind(name, raw)
    options = tuple(
        Option(str(option["value"]), str(option.get("label") or option["value"]))
        for option in sorted(raw.get("options") or (), key=_place)
    )
    # Many read-only properties are not called calculated, so both are asked (sheet, section 12).
    rights = raw.get("modificationMetadata") or {}
    is_writable = not (rights.get("readOnlyValue") or raw.get("calculated"))
    is_text = raw.get("type") == "string"
    return FieldSchema(
        name=name,
        label=str(raw.get("label") or name),
        kind=kind,
        length=STRING_LENGTH if is_text else None,
        required=name in required,
        createable=is_writable,
        updateable=is_writable,
        unique=bool(raw.get("hasUniqueValue")) or (object_name == CONTACTS and name == EMAIL),
        options=options if kind in {"picklist", "set"} else (),
        closed=kind in {"picklist", "set"} and bool(options),
        references=(OWNERS,) if kind == "reference" else (),
    )


def _place(option: Mapping[str, Any]) -> float:
    """Where an option stands: people order them, the answer does not; -1 is the end (sheet, section 12)."""
    order = int(option.get("displayOrder") or 0)
    return order if order >= 0 else inf


def _kind(name: str, raw: Mapping[str, Any]) -> FieldKind:
    kind, widget = str(raw.get("type")), str(raw.get("fieldType"))
    if name in _ID_FIELDS:
        return "id"
    if raw.get("externalOptions") and raw.get("referencedObjectType") == "OWNER":
        return "reference"
    if kind == "enumeration":
        return _choice(widget)
    if kind == "string" and name == EMAIL:
        return "email"
    return _PLAIN_KINDS.get(kind) or _STRING_KINDS.get(widget, "text")


def _choice(widget: str) -> FieldKind:
    if widget == "booleancheckbox":
        return "bool"
    return "set" if widget == "checkbox" else "picklist"


# Creating ----------------------------------------------------------------------------------------


def usual_group(object_name: str) -> str | None:
    """The group that HubSpot's own properties of an object stand in; None where we do not know it."""
    return _GROUPS.get(object_name)


def definition(field: NewField, group: str) -> dict[str, Any]:
    """The body that creates a property. ValueError for a choice without options, and for references.

    HubSpot knows no choices that hang on another property's through its API, so no `companion` is made.
    """
    if field.kind == "reference" or (field.kind in _CHOICES and not field.options):
        raise ValueError(f"{field.name}: a {field.kind} is not created here; create it in HubSpot")
    kind, widget = _DEFINITIONS.get(field.kind, ("string", "text"))
    body: dict[str, Any] = {
        "name": field.name,
        "label": field.label,
        "type": kind,
        "fieldType": widget,
        "groupName": group,
        "description": field.description,
        "hasUniqueValue": field.unique,
    }
    if kind == "bool":
        body["options"] = _offered((Option("true", "Yes"), Option("false", "No")))
    elif kind == "enumeration":
        body["options"] = _offered(field.options)
    return body


def _offered(options: Sequence[Option]) -> list[dict[str, Any]]:
    """In our order; a hidden option could not be chosen, and a form would still take it."""
    return [
        {"label": one.label, "value": one.value, "displayOrder": place, "hidden": False}
        for place, one in enumerate(options)
    ]
