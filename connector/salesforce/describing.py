"""What an object looks like to us: its fields, the record types we may use, whether it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.errors import Rejected
from connector.port import ObjectSchema, RecordType
from connector.salesforce.gateway import Gateway
from connector.salesforce.persons import ONLY_PEOPLE, Persons
from connector.salesforce.queries import rows_among
from connector.salesforce.wire import SYSTEM, schema_of, to18


def describe(gateway: Gateway, persons: Persons, object_name: str) -> ObjectSchema:
    """The schema, fresh. An unknown object is `Rejected(no_such_field)`.

    Record types of person accounts are none that we may use. Costs a second call only where the org has
    person accounts, or an API version that does not tell the DeveloperName of a record type.
    """
    told = _told(gateway, object_name)
    people = persons.learn(object_name, told) and object_name == "Account"
    listed = [one for one in told.get("recordTypeInfos") or () if not one.get("master")]
    usable = [one for one in listed if one.get("available")]
    if not people and all(one.get("developerName") for one in usable):
        return schema_of(object_name, told, tuple(_record_type(one) for one in usable))
    rows = _stored(gateway, object_name, people=people)
    ours = tuple(
        _record_type({**one, **rows.get(to18(one["recordTypeId"]), {})})
        for one in usable
        if not rows.get(to18(one["recordTypeId"]), {}).get("IsPersonType")
    )
    refused = ONLY_PEOPLE if people and usable and not ours else None
    return schema_of(object_name, told, ours, refused)


def person_types(gateway: Gateway) -> frozenset[str]:
    """The ids of the record types that make a person of an Account; ask only where there are people."""
    rows = _stored(gateway, "Account", people=True)
    return frozenset(one for one, row in rows.items() if row.get("IsPersonType"))


def _told(gateway: Gateway, object_name: str) -> Mapping[str, Any]:
    try:
        told: Mapping[str, Any] = gateway.call("GET", f"sobjects/{object_name}/describe")
    except Rejected as error:
        if error.cause == "not_found":
            raise Rejected(
                f"Salesforce has no object {object_name}", system=SYSTEM, cause="no_such_field"
            ) from error
        raise
    return told


def _record_type(info: Mapping[str, Any]) -> RecordType:
    name = str(info.get("DeveloperName") or info.get("developerName") or info.get("name"))
    return RecordType(to18(info["recordTypeId"]), name, str(info.get("name") or name))


def _stored(gateway: Gateway, object_name: str, *, people: bool) -> dict[str, dict[str, Any]]:
    """The record types of an object as records, by id."""
    names = ["Id", "DeveloperName", *(["IsPersonType"] if people else [])]
    rows = rows_among(gateway, names, "RecordType", "SobjectType", [object_name])
    return {to18(row["Id"]): row for row in rows}
