"""Property definitions: what each object can hold, and the rules for making new ones.

Reference sheet, section 12. Reading the built-in tables and judging a request are pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sandbox.hubspot.answers import Refusal, invalid_request, iso, missing_field
from sandbox.hubspot.schema_tables import CUSTOM, TABLES

TYPES = frozenset(
    {"bool", "enumeration", "date", "datetime", "string", "number", "json", "object_coordinates"}
    | {"phone_number"}
)
FIELD_TYPES = frozenset(
    {"booleancheckbox", "calculation_equation", "calculation_rollup", "calculation_score"}
    | {"calculation_read_time", "checkbox", "date", "file", "html", "number", "phonenumber"}
    | {"radio", "select", "text", "textarea"}
)
UNIQUE_TYPES = frozenset({"string", "number"})
MOST_UNIQUE = 10
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")


class Choice(NamedTuple):
    """One option of an enumeration."""

    value: str
    label: str
    hidden: bool = False
    description: str = ""

    def as_json(self, order: int) -> dict[str, Any]:
        return {
            "label": self.label,
            "value": self.value,
            "description": self.description,
            "displayOrder": order,
            "hidden": self.hidden,
        }


@dataclass(slots=True)
class Definition:
    """One property of one object. Times in milliseconds; 0 for what HubSpot ships."""

    name: str
    label: str
    type: str
    field_type: str
    group: str
    choices: tuple[Choice, ...] = ()
    description: str = ""
    unique: bool = False
    read_only: bool = False
    calculated: bool = False
    owner: bool = False
    built_in: bool = False
    created: int = 0
    updated: int = 0
    allowed: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        self.allowed = frozenset(choice.value for choice in self.choices)

    def offer(self, choices: tuple[Choice, ...]) -> None:
        """Take these options in place of those it had."""
        self.choices = choices
        self.allowed = frozenset(choice.value for choice in choices)

    @property
    def several(self) -> bool:
        """Whether it holds a ``;``-list of options."""
        return self.type == "enumeration" and self.field_type == "checkbox"

    def as_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "updatedAt": iso(self.updated),
            "createdAt": iso(self.created),
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "description": self.description,
            "groupName": self.group,
            "options": [choice.as_json(i) for i, choice in enumerate(self.choices)],
            "displayOrder": -1,
            "calculated": self.calculated,
            "externalOptions": self.owner,
            "archived": False,
            "hasUniqueValue": self.unique,
            "hidden": False,
            "modificationMetadata": {
                "archivable": not self.built_in,
                "readOnlyDefinition": self.built_in,
                "readOnlyValue": self.read_only,
            },
            "formField": not self.read_only,
            "dataSensitivity": "non_sensitive",
        }
        if self.owner:
            told["referencedObjectType"] = "OWNER"
        if self.built_in:
            told["hubspotDefined"] = True
        return told


@dataclass(slots=True)
class Schema:
    """All properties and property groups of one object."""

    properties: dict[str, Definition]
    groups: dict[str, str]
    unique: list[str] = field(default_factory=list)

    def one(self, name: str) -> Definition:
        found = self.properties.get(name)
        if found is None:
            raise Refusal(404, f"Property {name} does not exist", "OBJECT_NOT_FOUND")
        return found

    def add(self, body: Mapping[str, Any], now: int) -> Definition:
        """Make a property from the body of a POST, or refuse it as HubSpot does."""
        return self.keep(_judge(body, self, now))

    def keep(self, made: Definition) -> Definition:
        """Take a definition in; `unique` lists those whose values no two records share."""
        self.properties[made.name] = made
        if made.unique:
            self.unique.append(made.name)
        return made

    def alter(self, name: str, body: Mapping[str, Any], now: int) -> Definition:
        """Change label, description, group or options; given options replace the whole list."""
        found = self.one(name)
        found.label = str(body.get("label", found.label))
        found.description = str(body.get("description", found.description))
        if body.get("groupName") is not None:
            found.group = _known_group(str(body["groupName"]), self)
        if body.get("options") is not None:
            found.offer(_choices(body["options"]))
        found.updated = now
        return found

    def remove(self, name: str) -> None:
        if self.one(name).built_in:
            raise invalid_request(f"Property {name} is HubSpot-defined and cannot be archived.")
        del self.properties[name]
        self.unique = [one for one in self.unique if one != name]

    def add_group(self, body: Mapping[str, Any]) -> str:
        name = str(_required(body, "name"))
        if name in self.groups:
            raise Refusal(409, f"A property group named {name} already exists.", "CONFLICT")
        self.groups[name] = str(_required(body, "label"))
        return name


def _required(body: Mapping[str, Any], key: str) -> Any:
    value = body.get(key)
    if value is None or value == "":
        raise missing_field(key)
    return value


def _known_group(name: str, schema: Schema) -> str:
    if name not in schema.groups:
        raise invalid_request(f"Property group {name} does not exist.")
    return name


def _choices(options: Sequence[Mapping[str, Any]]) -> tuple[Choice, ...]:
    ordered = sorted(options, key=lambda option: int(option.get("displayOrder") or 0))
    return tuple(
        Choice(
            str(_required(option, "value")),
            str(_required(option, "label")),
            bool(option.get("hidden", False)),
            str(option.get("description") or ""),
        )
        for option in ordered
    )


def _judge(body: Mapping[str, Any], schema: Schema, now: int) -> Definition:
    name, label = str(_required(body, "name")), str(_required(body, "label"))
    kind, look = str(_required(body, "type")), str(_required(body, "fieldType"))
    if not _NAME.fullmatch(name):
        raise invalid_request(
            f"Property name {name} is invalid. Names must start with a letter and hold only "
            "lower-case letters, digits and underscores, 100 characters at most."
        )
    if kind not in TYPES or look not in FIELD_TYPES:
        raise invalid_request(f"{kind}/{look} is not a known property type and field type.")
    group = _known_group(str(_required(body, "groupName")), schema)
    if name in schema.properties:
        raise Refusal(409, f"A property named '{name}' already exists.", "CONFLICT")
    choices = _choices(body.get("options") or ())
    if kind == "bool" and {choice.value for choice in choices} != {"true", "false"}:
        raise invalid_request("Boolean properties must have exactly the options true and false.")
    unique = bool(body.get("hasUniqueValue", False))
    if unique:
        _check_unique(kind, schema)
    text = str(body.get("description") or "")
    return Definition(
        name, label, kind, look, group, choices, text, unique, created=now, updated=now
    )


def _check_unique(kind: str, schema: Schema) -> None:
    if kind not in UNIQUE_TYPES:
        raise invalid_request(f"A property of type {kind} cannot have unique values.")
    made = [p for p in schema.properties.values() if p.unique and not p.built_in]
    if len(made) >= MOST_UNIQUE:
        raise invalid_request(f"At most {MOST_UNIQUE} properties with unique values are allowed.")


def built_in_schema(kind: str, subscriptions: Mapping[str, str]) -> Schema:
    """What HubSpot ships for an object; contacts get one opt-out per subscription type."""
    schema = _from_table(TABLES[kind])
    if kind == "contacts":
        for number, title in subscriptions.items():
            cells = [f"hs_email_optout_{number}", f"Opted out of email: {title}"]
            cells += ["bool/booleancheckbox", "ro", "true:Yes, false:No"]
            schema.keep(_from_cells(cells, "emailinformation"))
    return schema


def custom_schema(body: Mapping[str, Any], now: int) -> Schema:
    """The schema of a custom object: what every record has, and the properties of the request."""
    name = str(_required(body, "name"))
    schema = _from_table(CUSTOM)
    schema.groups[f"{name}_information"] = f"{name} information"
    for one in body.get("properties") or ():
        schema.add({"groupName": f"{name}_information", **one}, now)
    return schema


def _from_table(table: str) -> Schema:
    schema = Schema({}, {})
    group = ""
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if line.startswith("# "):
            group = cells[0].removeprefix("# ")
            schema.groups[group] = cells[1]
        elif len(cells) >= 3:
            schema.keep(_from_cells(cells, group))
    return schema


def _from_cells(cells: Sequence[str], group: str) -> Definition:
    kind, look = cells[2].split("/")
    marks = set(cells[3].split()) if len(cells) > 3 else set()
    listed = cells[4].split(", ") if len(cells) > 4 else ()
    pairs = (text.strip().split(":", 1) for text in listed)
    return Definition(
        name=cells[0],
        label=cells[1],
        type=kind,
        field_type=look,
        group=group,
        choices=tuple(Choice(value, label) for value, label in pairs),
        unique="unique" in marks,
        read_only="ro" in marks or "calc" in marks,
        calculated="calc" in marks,
        owner="owner" in marks,
        built_in=True,
    )
