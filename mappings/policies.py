"""The blocks of a document that are words and numbers: what follows deletions, merges and erasures, limits.

And its tests, as written. Files about records and files about ties share all of them.
"""

from __future__ import annotations

from typing import TypeVar, cast

from connector.port import System
from mappings import grammar
from mappings.document import Document
from mappings.faults import FaultList
from mappings.fieldbook import HUBSPOT, SALESFORCE, FieldBook
from mappings.own_values import OWN_VALUES
from mappings.schema import Limits, TestCase, WhenDeleted, WhenEnded, WhenErased, WhenMerged
from mappings.source import Node, as_plain, entries, items

_Word = TypeVar("_Word", bound=str)


def when_deleted(document: Document, faults: FaultList) -> dict[System, WhenDeleted]:
    """What the partner of a deleted record gets."""
    default: WhenDeleted = "unlink"
    return _by_side(document, "when_deleted_in", grammar.WHEN_DELETED, default, faults)


def when_merged(document: Document, faults: FaultList) -> dict[System, WhenMerged]:
    """What happens to the partners of records that were merged into one."""
    default: WhenMerged = "list"
    return _by_side(document, "when_merged_in", grammar.WHEN_MERGED, default, faults)


def when_erased(document: Document, faults: FaultList) -> dict[System, WhenErased]:
    """What the partner of a record that was erased for privacy gets."""
    default: WhenErased = "erase"
    return _by_side(document, "when_erased_in", grammar.WHEN_ERASED, default, faults)


def when_ended(document: Document, faults: FaultList) -> dict[System, WhenEnded]:
    """What the twin of a tie that was ended gets."""
    default: WhenEnded = "end"
    return _by_side(document, grammar.WHEN_ENDED_KEY, grammar.WHEN_ENDED, default, faults)


def _by_side(
    document: Document, key: str, words: grammar.Words, default: _Word, faults: FaultList
) -> dict[System, _Word]:
    found = dict.fromkeys(System, default)
    for side, node in (entries(document.blocks.get(key), grammar.SIDES, faults) or {}).items():
        if node.text in words:
            found[System(side)] = cast(_Word, node.text)
        else:
            faults.add("not_allowed", node.place, node.shown(), words)
    return found


def limits(document: Document, faults: FaultList) -> Limits:
    """The guards' numbers, where the file has its own."""
    block = entries(document.blocks.get("limits"), grammar.LIMIT_KEYS, faults)
    numbers: dict[str, int] = {}
    for name, node in (block or {}).items():
        text = node.text or ""
        if not (text.isascii() and text.isdigit()):
            faults.add("wrong_type", node.place, node.shown(), expected="=a_number")
            continue
        numbers[name] = int(text)
    return Limits(**numbers)


def tests(document: Document, book: FieldBook, faults: FaultList) -> tuple[TestCase, ...]:
    """The tests as written; fields that no object has are faults."""
    found = []
    for node in items(document.blocks.get("tests"), faults):
        if not isinstance(node.value, dict):
            continue
        for key in ("agreed", "now", "at", "expect"):
            _check_test_fields(document, book, node.value.get(key))
        name = node.value.get("name")
        found.append(
            TestCase(
                name=(name.text if name is not None else None) or "",
                spec=as_plain(node),
                location=f"{node.place.file}:{node.place.line}",
            )
        )
    return tuple(found)


def _check_test_fields(document: Document, book: FieldBook, section: Node | None) -> None:
    for record, values in (entries(section, None, FaultList()) or {}).items():
        if record == grammar.OWN_SECTION:
            _check_own_names(values, book)
            continue
        side = HUBSPOT if record == "hubspot" else SALESFORCE
        object_name = document.hubspot_object if side is HUBSPOT else record
        if (side, object_name) not in book.reads:
            continue
        for name in entries(values, None, FaultList()) or {}:
            book.exists(side, object_name, name, (values.keys or {})[name])


def _check_own_names(section: Node, book: FieldBook) -> None:
    for name in entries(section, None, FaultList()) or {}:
        if name not in OWN_VALUES:
            book.faults.add("unknown_own_value", (section.keys or {})[name], name, OWN_VALUES)
