"""What a contract test needs to know of a system: its names, its people, its time, its bad days.

A `World` is one system seen from outside: the connector under test, and a back door through which
people work (they write with other credentials than ours) and through which a test looks at what the
system really holds. Each system gives one subclass; `tests/contract/connector_suite.py` says how.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from connector.port import Connector, Draft, Page, Record, Value, Values


class Trouble(StrEnum):
    """What can be ordered from a system.

    `BUSY_ONCE`: the next call is told to come back soon. `BUSY`: every call is, from now on.
    `LOST_ANSWER`: the next writing call is done and its answer never arrives.
    `HTML`: every call from now on is answered 200 with a web page. `CREDENTIALS`: every call from now
    on is refused as not logged in (a fresh token included). `LEFT_OUT`: the next writing call leaves
    its last input out of the answer. `LATE`: the next edit of a person can be found only after
    `forward(30)`, and then under the older time. `NO_SETUP`: we lose the right to create fields.
    """

    BUSY_ONCE = "busy_once"
    BUSY = "busy"
    LOST_ANSWER = "lost_answer"
    HTML = "html"
    CREDENTIALS = "credentials"
    LEFT_OUT = "left_out"
    LATE = "late"
    NO_SETUP = "no_setup"


@dataclass(frozen=True, kw_only=True)
class Names:
    """The object that is tried, and its fields by role, under the vendor's names.

    `text` may be blank and holds at least 250 characters. `key` is a unique external key of at least
    18 characters. `short` holds at most `short_length` characters and refuses more, None where the
    system has no such limit. `number` and `flag` are None where the object has none that we may write.
    `required` is what a record cannot be created without.
    """

    object: str
    key: str
    email: str
    text: str
    short: str | None = None
    short_length: int = 0
    number: str | None = None
    flag: str | None = None
    required: Values = field(default_factory=dict)
    unknown: str = "kakehashi_has_no_such_field"


class World(abc.ABC):
    """One system with its people. `unknown_id` is well formed and belongs to nobody.

    `account_id` is what `ping` must answer. `email_is_unique` and `keeps_history` say what the vendor
    does. `paged` is how many records surely fill more than one page of a listing.
    """

    connector: Connector
    names: Names
    account_id: str
    unknown_id: str
    email_is_unique: bool
    keeps_history: bool
    paged: int = 250

    @abc.abstractmethod
    def people_create(self, rows: Sequence[Values]) -> list[str]:
        """People create these records; answers their ids in order. `required` is in the rows."""

    @abc.abstractmethod
    def person_edits(self, record_id: str, values: Values) -> None:
        """A person sets these fields. None clears."""

    @abc.abstractmethod
    def person_deletes(self, record_id: str) -> None:
        """A person deletes a record to the recycle bin."""

    @abc.abstractmethod
    def person_merges(self, loser: str, winner: str) -> str:
        """A person merges two records; answers the id of the survivor, which may be a third one."""

    @abc.abstractmethod
    def stored(self) -> dict[str, dict[str, Value]]:
        """What the system really holds: live records by id, their filled fields at least."""

    @abc.abstractmethod
    def now(self) -> datetime:
        """The time of the system."""

    @abc.abstractmethod
    def forward(self, seconds: float) -> None:
        """Let time pass, for the system and for the connector."""

    @abc.abstractmethod
    def order(self, trouble: Trouble) -> bool:
        """Make the system misbehave; False where it cannot be made to in this way."""

    @abc.abstractmethod
    def calm(self) -> None:
        """No trouble is on order any more."""

    # Told in the words of the tests -------------------------------------------------------------

    def person_creates(self, **by_role: Value) -> str:
        """A record with values by role: ``person_creates(text="a", email="a@example.com")``."""
        return self.people_create([self.values(**by_role)])[0]

    def crowd(self, count: int) -> list[str]:
        """That many people: ``text`` n, each with an e-mail of its own."""
        rows = [
            self.values(text=str(n), email=f"crowd{n}@example.com", key=f"crowd-{n}")
            for n in range(count)
        ]
        return self.people_create(rows)

    def values(self, **by_role: Value) -> dict[str, Value]:
        """Values by role, with whatever the system demands besides."""
        named = {self.name(role): value for role, value in by_role.items()}
        return {**self.names.required, **named}

    def name(self, role: str) -> str:
        """The vendor's name of the field in this role."""
        found = getattr(self.names, role)
        assert isinstance(found, str), f"{self.names.object} has no field for {role}"
        return found

    def draft(self, key: str, **by_role: Value) -> Draft:
        return Draft(self.values(**by_role), self.names.key, key)

    def read(self, record_id: str, *roles: str) -> Record:
        """The record through the connector."""
        fields = [self.name(role) for role in roles or ("text", "email", "key")]
        return self.connector.get_many(self.names.object, [record_id], fields)[record_id]

    def text_of(self, record_id: str) -> Value:
        """The text as the system really holds it; None where it is blank."""
        return self.stored()[record_id].get(self.names.text) or None

    def holding_key(self, key: str) -> list[str]:
        """Ids of the live records that really hold this external key."""
        return [i for i, values in self.stored().items() if values.get(self.names.key) == key]

    def listed(self, after: str | None = None) -> list[Page]:
        fields = [self.names.text, self.names.email]
        return list(self.connector.list_all(self.names.object, fields, after))

    def changed(self, cursor: str) -> tuple[set[str], str]:
        """Ids changed since the cursor, and where the next look goes on."""
        pages = list(self.connector.changed_since(self.names.object, [self.names.text], cursor))
        last = pages[-1].cursor
        assert last is not None, "the last cursor is where the next call goes on"
        return {record.id for page in pages for record in page.records}, last

    def departed(self, cursor: str) -> tuple[set[str], str]:
        """Ids deleted since the cursor, and where the next look goes on."""
        told = self.connector.deleted_since(self.names.object, cursor)
        assert told.complete, "nothing was lost between the two looks"
        return set(told.ids), told.cursor
