"""Whether Salesforce says where a person works. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from connector.port import Values
from mappings.schema import Mapping as FieldMapping
from sync.talked import text_of

# Where Salesforce names the company of a person, by object.
EMPLOYER: Final[Mapping[str, str]] = {"Lead": "Company", "Contact": "AccountId"}


def is_employed(mappings: Sequence[FieldMapping], objects: Iterable[str], held: Values) -> bool:
    """Whether a record of one of these objects names a company.

    What only fills a field that must not be blank (`if_empty_on_create`) names none.
    """
    return any(
        text_of(held.get(field)) not in (None, *_placeholders(mappings, name, field))
        for name in objects
        if (field := EMPLOYER.get(name)) is not None
    )


def _placeholders(mappings: Sequence[FieldMapping], object_name: str, field: str) -> set[str]:
    return {
        str(line.salesforce.placeholder)
        for mapping in mappings
        if mapping.own_names and object_name in mapping.objects
        for line in mapping.objects[object_name].lines
        if line.salesforce.fields == (field,)
    }
