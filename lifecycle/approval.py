"""Which version of the definition is in force, and what an approval may be given to. Pure.

    begins      the later of its own date and of the second department's approval
    in force    of all versions that have begun the one with the highest number

An approval names one text by its hash. A text that was edited afterwards has another hash and is not in
force; the one that was approved stays in force meanwhile, with the text that is on file. Nothing begins in
the past: a verdict of yesterday was made by the version of yesterday.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo

from lifecycle.definition import Approval, Definition, Department

DEPARTMENTS: tuple[Department, ...] = get_args(Department)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version that is on file, and who agreed to it."""

    definition: Definition
    approvals: tuple[Approval, ...] = ()

    @property
    def missing(self) -> tuple[Department, ...]:
        """The departments whose owner has not agreed to this text."""
        return tuple(one for one in DEPARTMENTS if self._approved_at(one) is None)

    @property
    def begins_at(self) -> datetime | None:
        """Since when it may be in force; None while an approval is missing."""
        times = [self._approved_at(one) for one in DEPARTMENTS]
        given = [at for at in times if at is not None]
        if len(given) < len(times):
            return None
        return max(begin_of(self.definition), *given)

    def _approved_at(self, department: Department) -> datetime | None:
        """When the owner of a department agreed. Anybody else's word, or one for another text, is none."""
        owner = self.definition.owners.get(department, "")
        return min(
            (
                one.at
                for one in self.approvals
                if one.department == department
                and one.hash == self.definition.hash
                and is_same_person(one.by, owner)
            ),
            default=None,
        )


# in_force: it is; waits: approved by both, its day has not come; replaced: a higher number is in force;
# edited: the same number was approved with another text; half, unapproved: one or both approvals missing.
State = Literal["in_force", "waits", "replaced", "edited", "half", "unapproved"]


class Finding(NamedTuple):
    """Where a definition stands among the versions on file. `in_force` is the one that counts meanwhile.

    `elsewhere`: departments that agreed to another text of the same number. `begins_at` as in `Version`.
    """

    state: State
    missing: tuple[Department, ...]
    in_force: Version | None
    begins_at: datetime | None = None
    elsewhere: tuple[Department, ...] = ()


# Why an approval is not taken: by whom it is, or what it is for.
Objection = Literal[
    "not_owner", "other_department", "number_taken", "number_too_low", "approved_already"
]


def begin_of(definition: Definition) -> datetime:
    """The first instant of a definition's own date, where its people work."""
    return midnight(definition.effective_from, definition.calendar.zone)


def midnight(day: date, zone: str) -> datetime:
    """The first instant of a day in a time zone."""
    return datetime.combine(day, time(), ZoneInfo(zone))


def in_force(versions: Iterable[Version], at: datetime) -> Version | None:
    """The version in force at an instant; None: nobody is qualified by any."""
    begun = [one for one in versions if one.begins_at is not None and one.begins_at <= at]
    # Of two texts with one number, which only a store filled by hand can hold, the older one stays.
    return max(begun, key=lambda one: (one.definition.version, -_second(one)), default=None)


def look(definition: Definition, versions: Sequence[Version], at: datetime) -> Finding:
    """Where the text of a file stands."""
    valid = in_force(versions, at)
    mine = Version(
        definition=definition,
        approvals=tuple(word for one in versions for word in one.approvals),
    )
    twins = [
        one
        for one in versions
        if one.definition.version == definition.version and one.definition.hash != definition.hash
    ]
    elsewhere = tuple(name for name in DEPARTMENTS if any(name not in one.missing for one in twins))
    state = _state(mine, valid, twins, at)
    return Finding(state, mine.missing, valid, mine.begins_at, elsewhere)


def objection(
    definition: Definition, department: Department, by: str, versions: Sequence[Version]
) -> Objection | None:
    """Why `by` may not approve a text for a department now; None: they may.

    Each owner speaks for their own department only; both words of one person count where that person owns
    both.
    """
    if not is_same_person(by, definition.owners[department]):
        others = (definition.owners[one] for one in DEPARTMENTS if one != department)
        speaks_elsewhere = any(is_same_person(by, other) for other in others)
        return "other_department" if speaks_elsewhere else "not_owner"
    mine = look(definition, versions, begin_of(definition))
    if department not in mine.missing:
        return "approved_already"
    approved = [one.definition for one in versions if one.begins_at is not None]
    numbers = [one.version for one in approved if one.hash != definition.hash]
    if definition.version in numbers:
        return "number_taken"
    if any(number > definition.version for number in numbers):
        return "number_too_low"
    return None


def never_begins(versions: Sequence[Version]) -> tuple[Version, ...]:
    """Approved versions that a higher number overtakes before their day has come."""
    approved = [(one, one.begins_at) for one in versions]
    return tuple(
        one
        for one, begin in approved
        if begin is not None
        and any(
            other.definition.version > one.definition.version
            and since is not None
            and since <= begin
            for other, since in approved
        )
    )


def is_same_person(left: str, right: str) -> bool:
    """Whether two spellings name one person: width, case and outer blanks say nothing."""
    return bool(_spelt(left)) and _spelt(left) == _spelt(right)


def _state(mine: Version, valid: Version | None, twins: Sequence[Version], at: datetime) -> State:
    begins = mine.begins_at
    if begins is None:
        if any(one.begins_at is not None for one in twins):
            return "edited"
        return "half" if len(mine.missing) < len(DEPARTMENTS) else "unapproved"
    if valid is not None and valid.definition.hash == mine.definition.hash:
        return "in_force"
    return "waits" if begins > at else "replaced"


def _second(version: Version) -> float:
    return 0.0 if version.begins_at is None else version.begins_at.timestamp()


def _spelt(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()
