"""What was read of many people at once, before each of them is looked at: few calls instead of some for each.

It counts for two seconds (`sync.reads`); whoever looks later than that reads anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from connector.port import System
from intent.model import Card, Contribution, Subject
from sync.reads import Reads


class Place(NamedTuple):
    """One record of a person."""

    system: System
    object: str
    id: str


class Wanted(NamedTuple):
    """One record, and which of its fields are asked for."""

    place: Place
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Foresight:
    """What was read since `at`: of everybody it was made for, and of their accounts, the records' places and
    the cards told last; who belongs to those accounts. `roles`: the opportunities that name a contact, by its
    id; `counted`: what people did on the website, newest first.
    """

    at: datetime
    reads: Reads
    places: Mapping[Subject, tuple[Place, ...]] = field(default_factory=dict)
    accounts: Mapping[Subject, Subject] = field(default_factory=dict)
    cards: Mapping[Subject, Card] = field(default_factory=dict)
    roles: Mapping[str, Sequence[str]] = field(default_factory=dict)
    members: Mapping[Subject, Sequence[Subject]] = field(default_factory=dict)
    counted: Mapping[Subject, Sequence[Contribution]] = field(default_factory=dict)


def read_ahead(reads: Reads, wanted: Iterable[Wanted]) -> None:
    """Read all of these, in one call for each object and choice of fields. Raises what the systems raise."""
    groups: dict[tuple[System, str, tuple[str, ...]], list[str]] = defaultdict(list)
    for one in wanted:
        groups[one.place.system, one.place.object, one.fields].append(one.place.id)
    for (system, object_name, fields), ids in groups.items():
        reads.get_many(system, object_name, ids, fields)
