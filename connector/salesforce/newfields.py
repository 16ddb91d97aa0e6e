"""Create a custom field and let our user see it: Tooling API, then field-level security."""

from __future__ import annotations

from typing import Any

from connector.errors import Rejected, SystemBlocked
from connector.port import NewField
from connector.salesforce.gateway import Gateway
from connector.salesforce.metadata import (
    ACTIVITIES,
    PERMISSION_SET,
    field_metadata,
    owner_of,
    rule_metadata,
    rule_name,
)
from connector.salesforce.soql import literal
from connector.salesforce.wire import SYSTEM

NO_RIGHT = "give the integration user 'Customize Application', or create the field by hand"


def create_field(gateway: Gateway, field: NewField) -> None:
    """A field made this way is hidden from everybody until security is granted, so both is done. A rule is
    made after its field, which it names.

    Raises `SystemBlocked(permission)` without the rights. A field of that name is no error.
    """
    owner = owner_of(field.object)
    made = {"FullName": f"{owner}.{field.name}", "Metadata": field_metadata(field)}
    _create(gateway, "tooling/sobjects/CustomField", made)
    _let_us_see(gateway, field, owner)
    if field.companion is not None:
        rule = rule_metadata(field, field.companion)
        body = {"FullName": f"{owner}.{rule_name(field)}", "Metadata": rule}
        _create(gateway, "tooling/sobjects/ValidationRule", body)


def _let_us_see(gateway: Gateway, field: NewField, owner: str) -> None:
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
