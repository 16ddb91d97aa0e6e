"""The in-memory twin keeps every promise of the port, as the left and as the right side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.errors import Rejected, SystemBlocked
from connector.memory import MemoryConnector
from connector.port import Change, Draft, Fate, FieldSchema, System, Value, Values, Written
from tests.contract.connector_suite import ConnectorContract, Names, Trouble, World

START = datetime(2026, 11, 24, 9, tzinfo=UTC)


@dataclass
class Time:
    """Time that tests move."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


SCHEMA = (
    FieldSchema(name="email", label="E-mail", kind="email", length=80, unique=True),
    FieldSchema(name="note", label="Note", kind="long_text"),
    FieldSchema(name="title", label="Title", kind="text", length=128),
    FieldSchema(name="headcount", label="Employees", kind="number"),
    FieldSchema(name="called", label="Called", kind="bool"),
    FieldSchema(name="partner", label="Partner", kind="id", length=40, unique=True),
)
LASTNAME = FieldSchema(name="LastName", label="Last name", kind="text", length=80, required=True)
NAMES = Names(
    object="contacts",
    key="partner",
    email="email",
    text="note",
    short="title",
    short_length=128,
    number="headcount",
    flag="called",
)


class TwinWorld(World):
    """A twin with a schema like the vendor's."""

    account_id = "1"

    def __init__(self, system: System) -> None:
        left = system is System.HUBSPOT
        self.time = Time()
        self.keeps_history = self.email_is_unique = left
        self.unknown_id = "100000999999" if left else "00Q000000999999EAA"
        self.names = NAMES if left else _salesforce_names()
        self.twin = MemoryConnector(
            system,
            clock=self.time,
            fields={self.names.object: SCHEMA if left else _salesforce_schema()},
            keeps_history=left,
        )
        self.connector = self.twin

    def people_create(self, rows: Sequence[Values]) -> list[str]:
        return [self.twin.seed(self.names.object, row) for row in rows]

    def person_edits(self, record_id: str, values: Values) -> None:
        self.twin.edit(self.names.object, record_id, values)

    def person_deletes(self, record_id: str) -> None:
        self.twin.remove(self.names.object, record_id)

    def person_merges(self, loser: str, winner: str) -> str:
        return self.twin.join(self.names.object, loser, winner)

    def stored(self) -> dict[str, dict[str, Value]]:
        return self.twin.records(self.names.object)

    def now(self) -> datetime:
        return self.time.now

    def forward(self, seconds: float) -> None:
        self.time.now += timedelta(seconds=seconds)

    def order(self, trouble: Trouble) -> bool:
        faults = self.twin.faults
        match trouble:
            case Trouble.BUSY_ONCE | Trouble.BUSY:
                faults.busy = 1 if trouble is Trouble.BUSY_ONCE else 99
            case Trouble.LOST_ANSWER:
                faults.lost_answers = 1
            case Trouble.LEFT_OUT:
                faults.drop = 1
            case Trouble.NO_SETUP:
                faults.may_create_fields = False
            case Trouble.CREDENTIALS:
                faults.blocked = self._blocked()
            case Trouble.HTML:
                faults.blocked = self._no_api()
            case Trouble.LATE:
                return False
        return True

    def calm(self) -> None:
        self.twin.faults.busy = 0
        self.twin.faults.blocked = None

    def _blocked(self) -> SystemBlocked:
        return SystemBlocked(
            "not logged in",
            system=self.twin.system.value,
            cause="credentials",
            advice="renew the token",
        )

    def _no_api(self) -> SystemBlocked:
        return SystemBlocked(
            "a web page came back",
            system=self.twin.system.value,
            cause="not_an_api",
            advice="check the address and the proxy",
        )


def _salesforce_schema() -> tuple[FieldSchema, ...]:
    email, *others = SCHEMA
    plain = FieldSchema(name=email.name, label=email.label, kind="email", length=80)
    return (plain, *others, LASTNAME)


def _salesforce_names() -> Names:
    return Names(
        object="Lead",
        key="partner",
        email="email",
        text="note",
        short="title",
        short_length=128,
        number="headcount",
        flag="called",
        required={"LastName": "佐藤"},
    )


class TestLeftTwin(ConnectorContract):
    @pytest.fixture
    def world(self) -> World:
        return TwinWorld(System.HUBSPOT)


class TestRightTwin(ConnectorContract):
    @pytest.fixture
    def world(self) -> World:
        return TwinWorld(System.SALESFORCE)


# What only the twin can do ----------------------------------------------------------------------


@pytest.fixture
def twin() -> MemoryConnector:
    return MemoryConnector(
        System.SALESFORCE,
        clock=Time(),
        normalise={
            "Email": lambda value: str(value).lower(),
            "Title": lambda value: str(value)[:5],
        },
    )


def test_ids_look_like_the_vendors(twin: MemoryConnector) -> None:
    """12 digits; or 18 characters, prefix first, with the check letters of the vendor."""
    left = MemoryConnector(System.HUBSPOT, clock=Time())
    assert left.seed("contacts", {}) == "100000000001"
    assert twin.seed("Lead", {}) == "00Q000000000001EAA"
    assert twin.seed("Contact", {}) == "003000000000002AAA"


def test_values_are_stored_as_the_system_makes_them(twin: MemoryConnector) -> None:
    """Lower case, cut off: what is read back is not what was sent."""
    lead = twin.seed("Lead", {})
    twin.update_many("Lead", [Change(lead, {"Email": "Ann@Example.com", "Title": "Director"})])
    assert twin.records("Lead")[lead] == {"Email": "ann@example.com", "Title": "Direc"}


def test_an_ignored_write_is_answered_as_written(twin: MemoryConnector) -> None:
    """Only the read back shows it; people are not held back."""
    lead = twin.seed("Lead", {"Status": "New"})
    twin.faults.ignore.add("Status")
    [outcome] = twin.update_many("Lead", [Change(lead, {"Status": "Open"})])
    assert isinstance(outcome, Written)
    assert twin.records("Lead")[lead] == {"Status": "New"}
    twin.edit("Lead", lead, {"Status": "Open"})
    assert twin.records("Lead")[lead] == {"Status": "Open"}


def test_a_person_edits_just_before_and_just_after_our_write(twin: MemoryConnector) -> None:
    """The hooks stand between our read and our write, and between it and the read back."""
    lead = twin.seed("Lead", {"Title": "a"})
    held: list[Value] = []

    def before() -> None:
        twin.edit("Lead", lead, {"Title": "b"})

    def after() -> None:
        held.append(twin.records("Lead")[lead]["Title"])
        twin.edit("Lead", lead, {"Title": "d"})

    twin.before_write, twin.after_write = before, after
    twin.update_many("Lead", [Change(lead, {"Title": "c"})])
    assert held == ["c"]
    assert twin.records("Lead")[lead] == {"Title": "d"}
    assert twin.overwritten("Lead", [lead], ["Title"], START - timedelta(1)) == {}


def test_a_late_write_lands_when_it_is_let(twin: MemoryConnector) -> None:
    """Nothing of it shows before; its draft is created once then."""
    twin.faults.late = 1
    twin.create_many("Lead", [Draft({"Title": "a"}, "Key__c", "k-1")])
    assert twin.records("Lead") == {}
    assert twin.land() == 1
    assert list(twin.records("Lead").values()) == [{"Title": "a", "Key__c": "k-1"}]
    assert twin.land() == 0


def test_a_converted_lead_is_read_and_not_written(twin: MemoryConnector) -> None:
    """It names its Contact; writing to it is refused with the cause `converted`."""
    lead = twin.seed("Lead", {"Email": "ann@example.com"})
    contact = twin.convert(lead, {"Email": "ann@example.com"})
    [outcome] = twin.update_many("Lead", [Change(lead, {"Title": "x"})])
    assert isinstance(outcome, Rejected)
    assert outcome.cause == "converted"
    assert twin.fates("Lead", [lead]) == {lead: Fate("converted", contact)}
    found = twin.get_many("Lead", [lead], ["IsConverted", "ConvertedContactId"])
    assert found[lead].values == {"IsConverted": True, "ConvertedContactId": contact}
    assert twin.records("Contact")[contact] == {"Email": "ann@example.com"}


def test_a_hidden_record_is_not_visible_and_comes_back(twin: MemoryConnector) -> None:
    """Hidden is not deleted."""
    lead = twin.seed("Lead", {"Title": "a"})
    twin.hide("Lead", lead)
    assert twin.fates("Lead", [lead]) == {lead: Fate("not_visible")}
    assert twin.get_many("Lead", [lead], ["Title"]) == {}
    twin.restore("Lead", lead)
    assert twin.fates("Lead", [lead]) == {lead: Fate("live")}


def test_a_withheld_field_is_absent_and_not_blank(twin: MemoryConnector) -> None:
    """As when a right is taken away in the middle of the day."""
    lead = twin.seed("Lead", {"Title": "a", "Email": "ann@example.com"})
    twin.faults.withhold.add("Email")
    assert twin.get_many("Lead", [lead], ["Title", "Email"])[lead].values == {"Title": "a"}


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(("seed", "edit", "ours", "remove", "restore")),
        st.integers(0, 4),
        st.sampled_from(("Ann", "ann", "BOB", "", None)),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(OPERATIONS)
def test_finding_by_value_is_looking_through_everybody(
    operations: list[tuple[str, int, Value]],
) -> None:
    """Whatever was edited, deleted and restored since the first look; case does not count."""
    twin = MemoryConnector(System.SALESFORCE, clock=Time())
    ids = [twin.seed("Lead", {"Email": "ann"})]
    for verb, pick, value in operations:
        lead = ids[pick % len(ids)]
        match verb:
            case "seed":
                ids.append(twin.seed("Lead", {"Email": value}))
            case "edit":
                twin.edit("Lead", lead, {"Email": value})
            case "ours":
                twin.update_many("Lead", [Change(lead, {"Email": value})])
            case "remove":
                twin.remove("Lead", lead)
            case _:
                twin.restore("Lead", lead)
        found = twin.find_many("Lead", "Email", ["ANN", "bob"], ["Email"])
        for wanted, records in found.items():
            assert [record.id for record in records] == [
                record_id
                for record_id, values in twin.records("Lead").items()
                if str(values.get("Email", "")).casefold() == wanted.casefold()
            ]
