"""Objects and their fields: the compact facts under `describe/`, and the full wire shape of them."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, NamedTuple

OBJECTS = (
    "Lead",
    "Contact",
    "Account",
    "User",
    "Organization",
    "PermissionSet",
    "PermissionSetAssignment",
    "FieldPermissions",
    "ObjectPermissions",
    "LeadStatus",
    "Opportunity",
    "OpportunityStage",
    "OpportunityContactRole",
    "Campaign",
    "CampaignMember",
    "CampaignMemberStatus",
    "Task",
    "Event",
    "Individual",
    "Group",
    "RecordType",
)
MASTER = "012000000000000AAA"
TEXT_TYPES = frozenset(
    {"string", "textarea", "email", "phone", "url", "picklist", "combobox", "multipicklist"}
)
NUMBER_TYPES = frozenset({"double", "currency", "percent"})
_SOAP = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "address": "urn:address",
}
# Keys of every described field that never vary here.
_CONSTANT = {
    "aiPredictionField": False,
    "autoNumber": False,
    "calculatedFormula": None,
    "cascadeDelete": False,
    "defaultValueFormula": None,
    "deprecatedAndHidden": False,
    "displayLocationInDecimal": False,
    "encrypted": False,
    "filteredLookupInfo": None,
    "formulaTreatNullNumberAsZero": False,
    "highScaleNumber": False,
    "htmlFormatted": False,
    "inlineHelpText": None,
    "mask": None,
    "maskType": None,
    "referenceTargetField": None,
    "relationshipOrder": None,
    "restrictedDelete": False,
    "searchPrefilterable": False,
    "writeRequiresMasterRead": False,
}


@dataclass(slots=True)
class Field:
    """One field. Names of attributes are those of a describe, in our spelling.

    `readable` and `editable` are the field-level security of the integration user; people see all.
    """

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    defaulted: bool = False
    default: Any = None
    external_id: bool = False
    id_lookup: bool = False
    unique: bool = False
    case_sensitive: bool = False
    calculated: bool = False
    choices: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    restricted: bool = False
    # Which picklist each choice hangs on, and by place beside which of its values it may be made.
    controller: str | None = None
    valid_for: Mapping[str, frozenset[int]] = field(default_factory=dict)
    reference_to: tuple[str, ...] = ()
    relationship: str | None = None
    compound: str | None = None
    extra: str | None = None
    filterable: bool = True
    sortable: bool = True
    groupable: bool = True
    name_field: bool = False
    permissionable: bool = True
    polymorphic: bool = False
    custom: bool = False
    readable: bool = True
    editable: bool = True

    @property
    def required(self) -> bool:
        """Must be given on create (sheet, section 2.8)."""
        return (
            self.createable and not self.nillable and not self.defaulted and self.type != "boolean"
        )

    @property
    def blank(self) -> Any:
        """What a record without a value of this field shows: counters and totals never show null."""
        if self.type == "boolean":
            return False
        counter = not (self.nillable or self.createable)
        if counter and self.type in NUMBER_TYPES:
            return 0.0
        return 0 if counter and self.type == "int" else None

    def describe(self) -> dict[str, Any]:
        """The entry of a describe, field-level security applied."""
        text = self.type in TEXT_TYPES or self.type in {"id", "reference"}
        return _CONSTANT | {
            "aggregatable": self.filterable and self.type not in {"boolean", "address"},
            "byteLength": self.length * (1 if self.type in {"id", "reference"} else 3),
            "calculated": self.calculated,
            "caseSensitive": self.case_sensitive,
            "compoundFieldName": self.compound,
            "controllerName": self.controller,
            "dependentPicklist": self.controller is not None,
            "createable": self.createable and self.editable,
            "custom": self.custom,
            "defaultValue": self.default if self.type != "boolean" else bool(self.default),
            "defaultedOnCreate": self.defaulted,
            "digits": self.digits,
            "externalId": self.external_id,
            "extraTypeInfo": self.extra,
            "filterable": self.filterable,
            "groupable": self.groupable,
            "idLookup": self.id_lookup,
            "label": self.label,
            "length": self.length if text else 0,
            "name": self.name,
            "nameField": self.name_field,
            "namePointing": self.polymorphic,
            "nillable": self.nillable,
            "permissionable": self.permissionable,
            "picklistValues": [self._choice(value) for value in self.choices],
            "polymorphicForeignKey": self.polymorphic,
            "precision": self.precision,
            "queryByDistance": self.type == "address",
            "referenceTo": list(self.reference_to),
            "relationshipName": self.relationship,
            "restrictedPicklist": self.restricted,
            "scale": self.scale,
            "soapType": _SOAP.get(self.type, "xsd:string"),
            "sortable": self.sortable,
            "type": self.type,
            "unique": self.unique,
            "updateable": self.updateable and self.editable,
        }

    def _choice(self, value: str) -> dict[str, Any]:
        return {
            "active": True,
            "defaultValue": value == self.default,
            "label": self.labels.get(value, value),
            "validFor": _bits(self.valid_for[value]) if value in self.valid_for else None,
            "value": value,
        }


def _bits(places: frozenset[int]) -> str:
    """A bit for each value of the controlling field, the first one leftmost, as base64."""
    size = max(places, default=0) // 8 + 1
    bits = sum(1 << (size * 8 - 1 - place) for place in places)
    return b64encode(bits.to_bytes(size, "big")).decode()


class RecordType(NamedTuple):
    """A record type as a describe lists it. `available`: the integration user may give it to a record.

    `picklists` are the values that records of this type may hold in a restricted picklist.
    """

    id: str
    name: str
    label: str
    available: bool = True
    person: bool = False
    picklists: Mapping[str, tuple[str, ...]] = {}


@dataclass(slots=True)
class ObjectSchema:
    """One object: its fields by name, and by name in lower case, since names are caseless.

    The first of its `record_types` is the one that a new record gets unless told otherwise.
    """

    name: str
    label: str
    plural: str
    prefix: str
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    mergeable: bool = False
    undeletable: bool = False
    custom: bool = False
    record_types: list[RecordType] = field(default_factory=list)
    fields: dict[str, Field] = field(default_factory=dict)
    version: int = 0
    _caseless: dict[str, Field] = field(default_factory=dict)

    def add(self, new: Field) -> None:
        self.fields[new.name] = new
        self._caseless[new.name.lower()] = new
        self.version += 1

    def find(self, name: str) -> Field | None:
        return self.fields.get(name) or self._caseless.get(name.lower())

    def relation(self, name: str) -> Field | None:
        """The reference field behind a relationship name such as ``Owner``."""
        wanted = name.lower()
        for one in self.fields.values():
            if one.relationship and one.relationship.lower() == wanted and one.type == "reference":
                return one
        return None

    def visible(self, *, everything: bool) -> Iterator[Field]:
        """The fields that somebody may read."""
        return (one for one in self.fields.values() if everything or one.readable)

    def summary(self, base: str) -> dict[str, Any]:
        """The entry of the global describe; `base` is ``/services/data/v62.0``."""
        here = f"{base}/sobjects/{self.name}"
        return {
            "activateable": False,
            "associateEntityType": None,
            "associateParentEntity": None,
            "createable": self.createable,
            "custom": self.custom,
            "customSetting": False,
            "deepCloneable": False,
            "deletable": self.deletable,
            "deprecatedAndHidden": False,
            "feedEnabled": self.mergeable,
            "hasSubtypes": False,
            "isInterface": False,
            "isSubtype": False,
            "keyPrefix": self.prefix,
            "label": self.label,
            "labelPlural": self.plural,
            "layoutable": self.mergeable,
            "mergeable": self.mergeable,
            "mruEnabled": self.mergeable,
            "name": self.name,
            "queryable": True,
            "replicateable": True,
            "retrieveable": True,
            "searchable": True,
            "triggerable": self.mergeable,
            "undeletable": self.undeletable,
            "updateable": self.updateable,
            "urls": {
                "sobject": here,
                "describe": f"{here}/describe",
                "rowTemplate": f"{here}/{{ID}}",
            },
        }

    def describe(self, base: str, *, everything: bool) -> dict[str, Any]:
        """The full describe as this caller sees it."""
        return self.summary(base) | {
            "actionOverrides": [],
            "childRelationships": [],
            "compactLayoutable": True,
            "defaultImplementation": None,
            "extendedBy": None,
            "extendsInterfaces": None,
            "fields": [one.describe() for one in self.visible(everything=everything)],
            "implementedBy": None,
            "implementsInterfaces": None,
            "listviewable": None,
            "lookupLayoutable": None,
            "namedLayoutInfos": [],
            "networkScopeFieldName": None,
            "recordTypeInfos": self._record_type_infos(base),
            "searchLayoutable": True,
            "sobjectDescribeOption": "FULL",
            "supportedScopes": [{"label": f"All {self.plural.lower()}", "name": "everything"}],
        }

    def _record_type_infos(self, base: str) -> list[dict[str, Any]]:
        """The master type stands last, and is the default where there is no other."""
        listed = [*self.record_types, RecordType(MASTER, "Master", "Master")]
        return [
            {
                "active": True,
                "available": one.available,
                "defaultRecordTypeMapping": place == 0,
                "developerName": one.name,
                "master": one.id == MASTER,
                "name": one.label,
                "recordTypeId": one.id,
                "urls": {"layout": f"{base}/sobjects/{self.name}/describe/layouts/{one.id}"},
            }
            for place, one in enumerate(listed)
        ]


def built_in_schema() -> dict[str, ObjectSchema]:
    """All objects of a fresh org, by name."""
    return {name: object_schema(name) for name in OBJECTS}


def object_schema(name: str) -> ObjectSchema:
    """The object, or the addition to one, that the file of this name under `describe/` tells."""
    place = resources.files("sandbox.salesforce") / "describe" / f"{name}.json"
    facts = json.loads(place.read_text(encoding="utf-8"))
    mergeable = facts.get("mergeable", False)
    schema = ObjectSchema(
        facts["name"],
        facts["label"],
        facts["labelPlural"],
        facts["keyPrefix"],
        facts.get("createable", True),
        facts.get("updateable", True),
        facts.get("deletable", True),
        mergeable,
        facts.get("undeletable", mergeable),
    )
    for one in facts["fields"]:
        schema.add(field_of(one))
    return schema


def field_of(facts: Mapping[str, Any]) -> Field:
    """The field of these facts, spelled as in the files under `describe/`."""
    get = facts.get
    return Field(
        name=facts["name"],
        label=facts["label"],
        type=facts["type"],
        length=get("length", 0),
        precision=get("precision", 0),
        scale=get("scale", 0),
        digits=get("digits", 0),
        nillable=get("nillable", True),
        createable=get("createable", True),
        updateable=get("updateable", True),
        defaulted=get("defaultedOnCreate", False),
        default=get("defaultValue", get("default")),
        external_id=get("externalId", False),
        id_lookup=get("idLookup", False),
        unique=get("unique", False),
        case_sensitive=get("caseSensitive", False),
        calculated=get("calculated", False),
        choices=tuple(get("picklist", ())),
        restricted=get("restrictedPicklist", False),
        reference_to=tuple(get("referenceTo", ())),
        relationship=get("relationshipName"),
        compound=get("compoundFieldName"),
        extra=get("extraTypeInfo"),
        filterable=get("filterable", True),
        sortable=get("sortable", True),
        groupable=get("groupable", True),
        name_field=get("nameField", False),
        permissionable=get("permissionable", True),
        polymorphic=get("polymorphicForeignKey", False),
    )
