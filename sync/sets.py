"""Three-way union of multi-select values (``a;b;c`` in both systems). Pure."""

from __future__ import annotations

from mappings.schema import Cell


def elements(cell: Cell) -> list[str]:
    """The choices of a multi-select cell, in their order, without repeats."""
    if cell is None:
        return []
    parts = (part.strip() for part in str(cell).split(";"))
    return list(dict.fromkeys(part for part in parts if part))


def union_of_sets(base: Cell, left: Cell, right: Cell) -> Cell:
    """What both held and nobody removed, and what either added; None when nothing is left."""
    before, ours, theirs = elements(base), elements(left), elements(right)
    removed = {item for item in before if item not in ours or item not in theirs}
    kept = [item for item in dict.fromkeys([*ours, *theirs]) if item not in removed]
    return ";".join(kept) or None
