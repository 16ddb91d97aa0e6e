"""Which types of association there are between two objects, and what an answer says of them. Pure.

A type is a category and a number, and each direction has its own. Between some objects one association
is marked as the *primary* one, by a type beside the unlabelled one. Numbers of HubSpot's own objects
are the same in every account; those of custom objects and of people's labels are not, and are asked.
Reference sheet, section 11.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from connector.hubspot.names import link_field
from connector.hubspot.wire import Json, results

HUBSPOT_DEFINED: Final = "HUBSPOT_DEFINED"
PRIMARY_LABEL: Final = "Primary"

# From the object in front to those of the columns: the unlabelled type, and the primary one after "/".
_COLUMNS: Final = "contacts companies deals leads tasks notes meetings calls emails"
_ROWS: Final = """
contacts  449     279/1   4      609       203  201  199  193  197
companies 280/2   450     342/6  611       191  189  187  181  185
deals     3       341/5   451    1038/583  215  213  211  205  209
leads     608/578 610/580 1037/582  -      646  854  600  596  598
tasks     204     192     216    647
notes     202     190     214    855
meetings  200     188     212    601
calls     194     182     206    597
emails    198     186     210    -
"""


class LinkType(NamedTuple):
    """One type of association."""

    category: str
    number: int

    @property
    def spec(self) -> dict[str, Any]:
        """As a write names it."""
        return {"associationCategory": self.category, "associationTypeId": self.number}


@dataclass(frozen=True, slots=True)
class LinkTypes:
    """The types from one object to another. `labels` are those with a label of people's own, by it."""

    plain: LinkType | None = None
    primary: LinkType | None = None
    labels: Mapping[str, LinkType] = field(default_factory=dict)

    @property
    def mark(self) -> LinkType | None:
        """What tells the one association of a field: the primary type where there is one."""
        return self.primary or self.plain


class End(NamedTuple):
    """One associated record, and under which types; `labels` are people's own, in their order."""

    id: str
    types: frozenset[LinkType]
    labels: tuple[str, ...] = ()


def _read_table() -> dict[tuple[str, str], LinkTypes]:
    table: dict[tuple[str, str], LinkTypes] = {}
    for row in filter(None, _ROWS.splitlines()):
        near, *cells = row.split()
        for far, cell in zip(_COLUMNS.split(), cells, strict=False):
            plain, _, primary = cell.partition("/")
            if plain != "-":
                table[near, far] = LinkTypes(_own(plain), _own(primary) if primary else None)
    return table


def _own(number: str) -> LinkType:
    return LinkType(HUBSPOT_DEFINED, int(number))


_TABLE: Final = _read_table()


def known_types(object_name: str, other: str) -> LinkTypes | None:
    """The types that are the same in every account; None where only the account knows."""
    return _TABLE.get((object_name, other))


def known_links(object_name: str) -> dict[str, str]:
    """Field -> object for every association that HubSpot knows of an object by itself."""
    return {link_field(far): far for near, far in _TABLE if near == object_name}


def read_types(answer: Json) -> LinkTypes:
    """The types that an account lists between two objects."""
    plain: LinkType | None = None
    primary: LinkType | None = None
    labels: dict[str, LinkType] = {}
    for raw in results(answer):
        one = LinkType(str(raw.get("category")), int(raw["typeId"]))
        label = raw.get("label")
        if not label:
            plain = plain or one
        elif one.category == HUBSPOT_DEFINED and label == PRIMARY_LABEL:
            primary = one
        else:
            labels[str(label)] = one
    return LinkTypes(plain, primary, labels)


def read_ends(raw: Json) -> list[End]:
    """The other ends in one result of a batch read; ids are numbers on the wire."""
    return [
        End(
            str(one["toObjectId"]),
            frozenset(_type(told) for told in one.get("associationTypes") or ()),
            tuple(_labels(one.get("associationTypes") or ())),
        )
        for one in raw.get("to") or ()
    ]


def _type(told: Mapping[str, Any]) -> LinkType:
    return LinkType(str(told.get("category")), int(told["typeId"]))


def _labels(types: Iterable[Mapping[str, Any]]) -> list[str]:
    """HubSpot's own labels tell of its marks, and are nobody's word for a relation."""
    return [
        str(told["label"])
        for told in types
        if told.get("label") and told.get("category") != HUBSPOT_DEFINED
    ]


def unlinked(answer: Json) -> set[str]:
    """Records that have no association at all: told among the errors of a 207, by this sub-category."""
    found: set[str] = set()
    for error in answer.get("errors") or ():
        if str(error.get("subCategory", "")).endswith("NO_ASSOCIATIONS_FOUND"):
            found.update(str(one) for one in (error.get("context") or {}).get("fromObjectId") or ())
    return found


def held_by(ends: Iterable[End], types: LinkTypes) -> str | None:
    """What a field holds of these associations: the primary one, or else that with the lowest id.

    Where a primary type exists and nobody bears it, the field is blank, as HubSpot's own pages show it.
    """
    marked = [end.id for end in ends if types.primary is None or types.primary in end.types]
    return min(marked, key=int, default=None)
