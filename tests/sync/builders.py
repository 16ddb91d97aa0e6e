"""Hand-made lines and pairs for tests of the pure engine: no YAML, no vendors."""

from __future__ import annotations

from datetime import date
from typing import Any

from connector.port import System, Values
from mappings.schema import (
    BothChanged,
    Carried,
    Cell,
    ConsentLine,
    Context,
    Direction,
    FirstPairing,
    Line,
    Mode,
    Normal,
    Normaliser,
    ObjectLines,
    Pending,
    Side,
    WhenBlank,
)


class NoPartners:
    """References of a world in which nothing is linked."""

    def partner(self, mapping: str, side: System, record_id: str) -> str | Pending | None:
        return None


CONTEXT = Context(today=date(2026, 11, 24), refs=NoPartners())


def text_normal(cell: Cell) -> Normal:
    """Outer blanks do not count; nothing left is blank."""
    text = "" if cell is None else str(cell).strip()
    return text or None


def fold_normal(cell: Cell) -> Normal:
    """Case does not count either."""
    text = text_normal(cell)
    return None if text is None else str(text).casefold()


def set_normal(cell: Cell) -> Normal:
    """A multi-select, whatever its order."""
    items = frozenset(part for part in str(cell or "").split(";") if part)
    return items or None


def as_it_is(cell: Cell, context: Context) -> Carried:
    return cell


def side(
    name: str,
    *,
    normal: Normaliser = text_normal,
    carry: Any = as_it_is,
    when_blank: WhenBlank = "clear",
    may_be_blank: bool = True,
    placeholder: Cell = None,
) -> Side:
    """A stored end of a line under one field name."""

    def read(values: Values, context: Context) -> Carried:
        return values.get(name)

    def normal_or_blank(cell: Cell) -> Normal:
        return None if placeholder is not None and cell == placeholder else normal(cell)

    return Side(
        fields=(name,),
        read=read,
        normal=normal_or_blank,
        carry=carry,
        when_blank=when_blank,
        may_be_blank=may_be_blank,
        placeholder=placeholder,
    )


def line(
    name: str = "title",
    *,
    direction: Direction = Direction.BOTH,
    normal: Normaliser = text_normal,
    both_changed: BothChanged = "newest",
    first_pairing: FirstPairing = "fill_blanks",
    when_blank: WhenBlank = "clear",
    mode: Mode = "live",
    hubspot: Side | None = None,
    salesforce: Side | None = None,
    wording: str = "v1",
) -> Line:
    """A plain line between two fields of the same name."""
    return Line(
        id=name,
        hash=f"{name}:{wording}",
        direction=direction,
        hubspot=hubspot or side(name, normal=normal, when_blank=when_blank),
        salesforce=salesforce or side(name, normal=normal, when_blank=when_blank),
        both_changed=both_changed,
        first_pairing=first_pairing,
        mode=mode,
        is_set=both_changed == "union",
    )


def object_lines(*lines: Line, consent: bool = False) -> ObjectLines:
    """The lines of one Salesforce object; `consent` adds an e-mail opt-out."""
    flags = (ConsentLine(id="email", hubspot="optout", salesforce="OptOut"),) if consent else ()
    return ObjectLines(salesforce_object="Contact", lines=lines, consent=flags)
