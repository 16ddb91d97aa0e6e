"""Owners: people are matched by e-mail; who has no partner leaves the record's owner as it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connector.errors import Rejected
from connector.port import Record, System
from mappings.schema import Carried, Cell, Context, Line, Skip
from sync.owners import pair_owners
from sync.refs import LedgerRefs
from tests.sync.bridge import sqlite_url
from tests.sync.relatives import Family, kind, link

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"


def owner(number: str, email: str | None, kind_of: str = "PERSON") -> Record:
    return Record("owners", number, {"email": email, "type": kind_of})


def user(number: str, email: str, *, active: bool = True) -> Record:
    return Record("User", number, {"Email": email, "IsActive": active})


@pytest.mark.parametrize(
    ("left", "right", "partner"),
    [
        ([owner("1", ANN)], [user("005A", "Ann@Example.com")], "005A"),
        ([owner("1", ANN)], [user("005A", ANN, active=False)], None),
        ([owner("1", ANN, "QUEUE")], [user("005A", ANN)], None),
        ([owner("1", None, "QUEUE")], [user("005A", ANN)], None),
        ([owner("1", ANN)], [user("005A", ANN), user("005B", ANN)], None),
        ([owner("1", ANN), owner("2", ANN)], [user("005A", ANN)], None),
        ([owner("1", ANN)], [user("005A", ANN), user("005B", ANN, active=False)], "005A"),
    ],
)
def test_people_are_matched_by_an_address_that_is_theirs_alone(
    left: list[Record], right: list[Record], partner: str | None
) -> None:
    """Inactive users, queues and shared addresses have no partner."""
    owners = pair_owners(left, right)
    assert owners.partner(HUBSPOT, "1") == partner
    if partner is not None:
        assert owners.partner(SALESFORCE, partner) == "1"
    # A queue of Salesforce owns records and is nobody.
    assert owners.partner(SALESFORCE, "00G000000000001AAA") is None


class Nobody:
    """A ledger without a pair."""

    def partner_ids(self, *_: object) -> dict[str, str]:
        return {}

    def claimed_partners(self, *_: object) -> dict[str, str | None]:
        return {}


@pytest.mark.parametrize(
    ("who", "found"),
    [
        ("owners", None),
        (f"owners#{EVE}", "005E"),
        ("owners#Eve@Example.com", "005E"),
        (f"owners#{BOB}", None),
        ("owners#gone@example.com", None),
    ],
)
def test_somebody_else_may_get_what_an_unknown_owner_had(who: str, found: str | None) -> None:
    """The person with that address on the other side, if that one is active; the partner goes first."""
    users = [user("005A", ANN), user("005B", BOB, active=False), user("005E", EVE)]
    owners = pair_owners([owner("1", ANN), owner("2", "unknown@example.com")], users)
    refs = LedgerRefs(Nobody(), owners, planning=False)
    assert refs.partner(who, HUBSPOT, "2") == found
    assert refs.partner(who, HUBSPOT, "1") == "005A"


def with_fallback(email: str) -> Line:
    """A line of owners as the mapping language compiles `otherwise: <e-mail>`."""
    made = link("owner", "owners", otherwise="keep")

    def carry(cell: Cell, context: Context) -> Carried:
        if cell is None:
            return None
        found = context.refs.partner(f"owners#{email}", HUBSPOT, str(cell))
        return Skip("owner", waiting=True) if found is None else found

    return replace(made, salesforce=replace(made.salesforce, carry=carry))


class Owned(Family):
    """People with an owner. Ann works on both sides, Bob in HubSpot only."""

    line = link("owner", "owners", otherwise="keep")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.mappings = [kind("people", self.line)]
        self.ann = self.hubspot.seed("owners", {"email": ANN, "type": "PERSON"})
        self.bob = self.hubspot.seed("owners", {"email": BOB, "type": "PERSON"})
        self.ann_there = self.salesforce.seed("User", {"Email": ANN, "IsActive": True})


class FallingBack(Owned):
    line = with_fallback(EVE)


def test_an_owner_travels_and_an_unknown_one_changes_nothing(tmp_path: Path) -> None:
    """With `otherwise: keep` the owner on the other side stays, and the rest travels."""
    family = Owned(sqlite_url(tmp_path))
    person = family.hubspot.seed("contacts", {"code": "1", "owner": family.ann})
    family.resync()
    assert family.right("Contact", "1")["owner"] == family.ann_there
    family.hubspot.edit("contacts", person, {"owner": family.bob, "title": "CEO"})
    family.resync()
    assert family.right("Contact", "1")["owner"] == family.ann_there
    assert family.right("Contact", "1")["title"] == "CEO"
    assert family.planned() == []
    assert family.counted("people") == {"in_sync"}


def test_a_queue_that_owns_a_record_is_left_alone(tmp_path: Path) -> None:
    """Nobody takes it away, and nothing of it reaches HubSpot."""
    family = Owned(sqlite_url(tmp_path))
    family.hubspot.seed("contacts", {"code": "1", "owner": family.ann})
    family.resync()
    there = family.id_of(SALESFORCE, "Contact", "1")
    family.salesforce.edit("Contact", there, {"owner": "00G000000000001AAA", "title": "CEO"})
    family.resync()
    here = next(iter(family.hubspot.records("contacts").values()))
    assert (here["owner"], here["title"]) == (family.ann, "CEO")
    assert family.right("Contact", "1")["owner"] == "00G000000000001AAA"
    assert family.planned() == []


def test_an_owner_who_left_does_not_hold_the_record_up(tmp_path: Path) -> None:
    """Salesforce refuses an inactive owner: that line stays behind, the others travel."""
    family = Owned(sqlite_url(tmp_path))
    eve = family.hubspot.seed("owners", {"email": EVE, "type": "PERSON"})
    eve_there = family.salesforce.seed("User", {"Email": EVE, "IsActive": True})
    person = family.hubspot.seed("contacts", {"code": "1", "owner": family.ann})
    family.resync()
    # The directory was read a moment ago; the person was deactivated since.
    family.salesforce.faults.reject["owner", eve_there] = Rejected(
        "INACTIVE_OWNER_OR_USER",
        system="salesforce",
        cause="bad_reference",
        fields=("owner",),
    )
    family.hubspot.edit("contacts", person, {"owner": eve, "title": "CEO"})
    family.resync()
    assert family.right("Contact", "1")["title"] == "CEO"
    assert family.right("Contact", "1")["owner"] == family.ann_there
    assert [(r.parked.line, r.parked.cause) for r in family.ledger.parked_list()] == [
        ("owner", "bad_reference")
    ]
    family.salesforce.edit("User", eve_there, {"IsActive": False})
    family.time.forward(minutes=11)
    family.hubspot.edit("contacts", person, {"title": "CFO"})
    family.resync()
    assert family.right("Contact", "1")["title"] == "CFO"
    assert family.ledger.parked_list() == []
    assert family.planned() == []


def test_a_fallback_that_does_not_exist_yet_is_waited_for(tmp_path: Path) -> None:
    """The record waits with the reason `owner`; as soon as the person is active, it is theirs."""
    family = FallingBack(sqlite_url(tmp_path))
    person = family.hubspot.seed("contacts", {"code": "1", "owner": family.bob})
    family.resync()
    assert family.right("Contact", "1") != {}
    assert family.state("people", HUBSPOT, person) == ("waiting", "owner")
    eve = family.salesforce.seed("User", {"Email": EVE, "IsActive": True})
    family.time.forward(minutes=11)
    family.resync()
    assert family.right("Contact", "1")["owner"] == eve
    assert family.counted("people") == {"in_sync"}
    assert family.planned() == []
