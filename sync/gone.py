"""Whose record people deleted, and in which system: neither seller nor marketer finds them there any more."""

from __future__ import annotations

from collections.abc import Sequence

from connector.port import System
from intent.model import Subject
from sync.beholding import Beholder
from sync.withdrawing import names_of_all


def gone_from(about: Beholder, subjects: Sequence[Subject]) -> dict[Subject, tuple[System, ...]]:
    """By person, the systems in which a record of theirs was deleted and no other one is left to be worked.

    A record that merely cannot be seen was not deleted. Nobody of whom that is not so is in it.
    """
    writing = [mapping.name for mapping in about.mappings if mapping.own_names]
    if not subjects or not writing:
        return {}
    names = names_of_all(about.store, subjects)
    every = [name for some in names.values() for name in some]
    deleted = about.ledger.deleted_named(writing, every)
    there = about.ledger.working_named(writing, every) if deleted else {}
    found: dict[Subject, tuple[System, ...]] = {}
    for subject, some in names.items():
        lost = {system for name in some for system, _, _ in deleted.get(name, ())}
        lost -= {system for name in some for system, _, _ in there.get(name, ())}
        if lost:
            found[subject] = tuple(one for one in System if one in lost)
    return found
