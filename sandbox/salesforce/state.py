"""Everything that an org holds, without any rule about it: the rooms around it know those."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sandbox.behaviour import Clock, Fault
from sandbox.salesforce.answers import Refusal, Row, not_found, stamp
from sandbox.salesforce.records import Table, Undo, composed_name
from sandbox.salesforce.schema import Field, ObjectSchema, built_in_schema

# Key prefixes of objects that this org lacks: nothing of theirs exists.
ELSEWHERE = {
    "Asset": "02i",
    "Case": "500",
    "Contract": "800",
    "DandBCompany": "06E",
    "Order": "801",
    "Product2": "01t",
    "Solution": "501",
}
Rule = Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who writes and how: the headers of the call, and the faults that garble it.

    `assign` is what ``Sforce-Auto-Assign`` says: TRUE, FALSE or the id of an assignment rule.
    """

    user_id: str
    person: bool = False
    assign: str = "TRUE"
    allow_save: bool = False
    row_fault: Fault | None = None
    garble: Fault | None = None
    late: float = 0.0
    after: float = 0.0


class _Open(NamedTuple):
    """A transaction that still runs: it commits when it is `due`."""

    since: datetime
    due: datetime
    commit: Callable[[], None]


@dataclass(frozen=True, slots=True)
class ValidationRule:
    """Refuses a record of which `broken` is true, with the admin's own words.

    With a `record_type` (its DeveloperName) it looks at records of that type only.
    """

    broken: Rule
    message: str
    field: str | None = None
    record_type: str | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class DuplicateRule:
    """Refuses a record that agrees with another one in all `fields`; a header may allow it."""

    name: str
    fields: tuple[str, ...]
    allow_save: bool = True
    message: str = "Use one of these records?"


@dataclass(slots=True)
class Rules:
    """What the admin of the org set up, per object name.

    `assignment` are the active rules; `assignees` whom each rule, active or not, gives records to.
    """

    validation: dict[str, list[ValidationRule]] = field(default_factory=dict)
    duplicates: dict[str, list[DuplicateRule]] = field(default_factory=dict)
    assignment: dict[str, str] = field(default_factory=dict)
    assignees: dict[str, str] = field(default_factory=dict)


STAGES = (
    ("Prospecting", 10),
    ("Qualification", 10),
    ("Needs Analysis", 20),
    ("Value Proposition", 50),
    ("Id. Decision Makers", 60),
    ("Perception Analysis", 70),
    ("Proposal/Price Quote", 75),
    ("Negotiation/Review", 90),
    ("Closed Won", 100),
    ("Closed Lost", 0),
)
Tell = Callable[[str, str, str], None]
"""Called with object name, record id and the id of the user who changed it."""


class State:
    """The org. `lock` guards all of it; whoever reads or writes holds it."""

    def __init__(self, *, clock: Clock, org_id: str, seed: int, tell: Tell) -> None:
        self.clock = clock
        self.org_id = org_id
        self.lock = threading.RLock()
        self._tell = tell
        self._seed = seed
        self.clear()

    def clear(self) -> None:
        """Back to an org fresh from the shop: its schema, two users, nothing else."""
        self.dice = random.Random(self._seed)
        self.tables = {name: Table(schema) for name, schema in built_in_schema().items()}
        self._by_name = {name.lower(): table for name, table in self.tables.items()}
        self._by_prefix = {table.schema.prefix: table for table in self.tables.values()}
        self.rules = Rules()
        self.in_approval: set[str] = set()
        self.decimals: dict[str, int] = {}
        self._told: list[tuple[str, str, str]] | None = None
        self._uncommitted: list[_Open] = []
        self.emptied: dict[str, str] = {}
        self.born = self.now()
        self.schema_changed = self.born
        self.integration_user_id = self._add_user("Integration", "integration.user")
        self.person_user_id = self._add_user("Person", "sales.person")
        self._furnish()

    def now(self) -> str:
        """The present as a wire stamp."""
        return stamp(self.clock())

    def table(self, name: str) -> Table:
        """The object of that name, upper and lower case alike. 404 for an unknown one."""
        found = self._by_name.get(name.lower())
        if found is None:
            raise not_found()
        return found

    def add_table(self, schema: ObjectSchema) -> Table:
        """One more object."""
        table = Table(schema)
        self.tables[schema.name] = self._by_name[schema.name.lower()] = table
        self._by_prefix[schema.prefix] = table
        self.schema_changed = self.now()
        return table

    def prefix_of(self, name: str) -> str | None:
        """The key prefix of an object, None for one that nobody here has heard of."""
        table = self.tables.get(name)
        return ELSEWHERE.get(name) if table is None else table.schema.prefix

    def takes(self, field: Field, record_id: str) -> bool:
        """Whether an id of this kind may stand in the field. Objects that are unknown take any."""
        prefixes = [found for name in field.reference_to if (found := self.prefix_of(name))]
        return not prefixes or record_id[:3] in prefixes

    def known(self, name: str) -> Table | None:
        return self._by_name.get(name.lower())

    def find(self, record_id: str | None) -> Row | None:
        """A live record of any object."""
        table = self._by_prefix.get((record_id or "")[:3])
        return table.live(record_id) if table is not None and record_id else None

    def owner_of_prefix(self, record_id: str) -> Table | None:
        return self._by_prefix.get(record_id[:3])

    def defer(self, seconds: float, commit: Callable[[], None]) -> None:
        """A transaction that runs that long: nobody sees what it does until then."""
        now = self.clock()
        self._uncommitted.append(_Open(now, now + timedelta(seconds=seconds), commit))

    def open_since(self) -> datetime | None:
        """When the oldest transaction that still runs began."""
        return min((one.since for one in self._uncommitted), default=None)

    def settle(self) -> None:
        """Commit what is due. Whoever is about to look calls this first."""
        if not self._uncommitted:
            return
        now, waiting = self.clock(), self._uncommitted
        self._uncommitted = [one for one in waiting if one.due > now]
        for one in waiting:
            if one.due <= now:
                one.commit()

    def tell(self, object_name: str, record_id: str, user_id: str) -> None:
        """A record was born or changed; told when the transaction is through."""
        if self._told is not None:
            self._told.append((object_name, record_id, user_id))
        else:
            self._tell(object_name, record_id, user_id)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: an exception takes back every change made inside."""
        if self._told is not None:  # inside another one already
            yield
            return
        undo: list[Undo] = []
        self._told = []
        for table in self.tables.values():
            table.undo = undo
        try:
            yield
        except BaseException:
            self._end_transaction()
            for step in reversed(undo):
                step()
            raise
        told = self._end_transaction()
        for one in told:
            self._tell(*one)

    def _end_transaction(self) -> list[tuple[str, str, str]]:
        for table in self.tables.values():
            table.undo = None
        told, self._told = self._told or [], None
        return told

    def add_user(self, row: Mapping[str, Any]) -> str:
        """A user as somebody set them up; blanks of what every user has are filled."""
        table = self.tables["User"]
        user_id, now = table.new_id(), self.now()
        made: Row = {
            "Id": user_id,
            "Username": row.get("Email"),
            "IsActive": True,
            "UserType": "Standard",
            "TimeZoneSidKey": "Asia/Tokyo",
            "LocaleSidKey": "ja_JP",
            "EmailEncodingKey": "UTF-8",
            "LanguageLocaleKey": "ja",
            "CreatedById": user_id,
            "LastModifiedById": user_id,
            "CreatedDate": now,
            "LastModifiedDate": now,
            "SystemModstamp": now,
            **{name: value for name, value in row.items() if value is not None},
        }
        whole_name = row.get("Name")
        if whole_name and "LastName" not in made:
            made["FirstName"], _, made["LastName"] = str(whole_name).rpartition(" ")
        made["Name"] = composed_name(made)
        table.add({name: value for name, value in made.items() if value not in (None, "")})
        return user_id

    def _add_user(self, last_name: str, login: str) -> str:
        return self.add_user(
            {
                "FirstName": "Practice",
                "LastName": last_name,
                "Email": f"{login}@practice.example.com",
                "Username": f"{login}@practice.example.com",
            }
        )

    def _furnish(self) -> None:
        """The rows that every org has from birth."""
        stamps = self.stamps()
        self.tables["Organization"].add(
            {
                "Id": self.org_id,
                "Name": "Practice Org",
                "OrganizationType": "Developer Edition",
                "InstanceName": "PRC1",
                "IsSandbox": True,
                "TimeZoneSidKey": "Asia/Tokyo",
                "DefaultLocaleSidKey": "ja_JP",
                "LanguageLocaleKey": "ja",
                **stamps,
            }
        )
        self._lead_statuses(stamps)
        self._stages(stamps)

    def _stages(self, stamps: Row) -> None:
        """The stages of a Developer Edition, with what each of them means (sheet, section 7)."""
        table = self.tables["OpportunityStage"]
        category = "Pipeline"
        for number, (name, probability) in enumerate(STAGES, 1):
            won, closed = name == "Closed Won", name.startswith("Closed")
            if closed:
                category = "Closed" if won else "Omitted"
            row: Row = {
                "Id": table.new_id(),
                "MasterLabel": name,
                "ApiName": name,
                "IsActive": True,
                "SortOrder": number,
                "IsClosed": closed,
                "IsWon": won,
                "ForecastCategory": category,
                "ForecastCategoryName": category,
                "DefaultProbability": float(probability),
            }
            table.add(row | stamps)

    def _lead_statuses(self, stamps: Row) -> None:
        statuses = self.tables["Lead"].schema.fields["Status"]
        table = self.tables["LeadStatus"]
        for number, status in enumerate(statuses.choices, 1):
            row: Row = {
                "Id": table.new_id(),
                "MasterLabel": status,
                "ApiName": status,
                "SortOrder": number,
                "IsDefault": status == statuses.default,
                "IsConverted": status == "Closed - Converted",
            }
            table.add(row | stamps)

    def stamps(self, *, by: str | None = None, at: str | None = None) -> Row:
        """The system fields of a new record."""
        now, user = at or self.now(), by or self.integration_user_id
        return {
            "CreatedDate": now,
            "CreatedById": user,
            "LastModifiedDate": now,
            "LastModifiedById": user,
            "SystemModstamp": now,
        }

    def refresh_rights(self) -> None:
        """Field-level security of the integration user, from the permission sets assigned to it.

        Fields made through the API are hidden until a set grants them; others are not touched.
        """
        mine = {
            row["PermissionSetId"]
            for row in self.tables["PermissionSetAssignment"].all_live()
            if row["AssigneeId"] == self.integration_user_id
        }
        for row in self.tables["FieldPermissions"].all_live():
            object_name, _, name = row["Field"].partition(".")
            table = self.known(object_name)
            one = table.schema.find(name) if table is not None else None
            if row["ParentId"] in mine and one is not None and one.permissionable:
                one.readable = one.readable or bool(row.get("PermissionsRead"))
                one.editable = one.editable or bool(row.get("PermissionsEdit"))
                self.schema_changed = self.now()


def known_reference(state: State, record_id: str) -> bool:
    """Whether the target of a reference exists. Objects that this org lacks have no records."""
    if state.owner_of_prefix(record_id) is None:
        return record_id[:3] not in ELSEWHERE.values()
    return state.find(record_id) is not None


def require_table(state: State, name: str) -> Table:
    """As `State.table`, for the type that a body names."""
    found = state.known(name)
    if found is None:
        text = f"sObject type '{name}' is not supported."
        raise Refusal(400, [{"message": text, "errorCode": "INVALID_TYPE"}])
    return found
