"""Create a custom field and let our user see it: Tooling API, then field-level security."""

from __future__ import annotations

from typing import Any

from connector.errors import Rejected, SystemBlocked
from connector.port import NewField
from connector.salesforce.gateway import Gateway
from connector.salesforce.soql import literal
from connector.salesforce.wire import SYSTEM

PERMISSION_SET = "Kakehashi"
# Their custom fields are those of one object that nobody sees (Object Reference, "Activity").
ACTIVITIES = ("Task", "Event")
LEAST_LONG = 256
NO_RIGHT = "give the integration user 'Customize Application', or create the field by hand"


def create_field(gateway: Gateway, field: NewField) -> None:
    """A field made this way is hidden from everybody until security is granted, so both is done.

    Raises `SystemBlocked(permission)` without the rights. A field of that name is no error.
    """
    owner = "Activity" if field.object in ACTIVITIES else field.object
    full_name = f"{owner}.{field.name}"
    metadata: dict[str, Any] = {"label": field.label, "description": field.description}
    metadata |= _type_of(field)
    if field.unique:
        metadata |= {"externalId": True, "unique": True, "caseSensitive": False}
    _create(gateway, "tooling/sobjects/CustomField", {"FullName": full_name, "Metadata": metadata})
    parent = _permission_set(gateway)
    for object_name in ACTIVITIES if owner == "Activity" else (field.object,):
        _create(
            gateway,
            "sobjects/FieldPermissions",
            {
                "ParentId": parent,
                "SobjectType": object_name,
                "Field": f"{object_name}.{field.name}",
                "PermissionsRead": True,
                "PermissionsEdit": True,
            },
        )


def _type_of(field: NewField) -> dict[str, Any]:
    """Numbers are whole ones; text beyond 255 characters is a long text area, of 256 at least (Metadata API,
    "CustomField")."""
    match field.kind:
        case "bool":
            return {"type": "Checkbox", "defaultValue": False}
        case "number":
            return {"type": "Number", "precision": 18, "scale": 0}
        case "datetime":
            return {"type": "DateTime"}
        case "long_text":
            length = max(LEAST_LONG, field.length)
            return {"type": "LongTextArea", "length": length, "visibleLines": 3}
        case _:
            return {"type": "Text", "length": field.length}


def _permission_set(gateway: Gateway) -> str:
    """Our permission set, made and assigned to our user where it is missing."""
    query = f"SELECT Id FROM PermissionSet WHERE Name = {literal(PERMISSION_SET)}"  # noqa: S608 - a constant
    rows = gateway.call("GET", "query/", params={"q": query})["records"]
    if rows:
        return str(rows[0]["Id"])
    made = _create(
        gateway, "sobjects/PermissionSet", {"Name": PERMISSION_SET, "Label": PERMISSION_SET}
    )
    _create(
        gateway,
        "sobjects/PermissionSetAssignment",
        {"PermissionSetId": made, "AssigneeId": gateway.login().user_id},
    )
    return made


def _create(gateway: Gateway, path: str, body: dict[str, Any]) -> str:
    """The id of what was created; empty where it was there already."""
    try:
        answer = gateway.call("POST", path, json=body, write=True)
    except Rejected as error:
        if "DUPLICATE" in error.reason:
            return ""
        if error.cause in {"read_only", "no_such_field", "not_found"}:
            raise SystemBlocked(
                error.reason, system=SYSTEM, cause="permission", advice=NO_RIGHT
            ) from error
        raise
    return str((answer or {}).get("id", ""))
