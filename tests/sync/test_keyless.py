"""Records of one side carry no key of the other: the pair is told by the side that does, and by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connector.port import System
from mappings.schema import Mapping
from sync.ledger import Ledger
from sync.resync import Terms
from tests.sync.bridge import KEYS, sqlite_url
from tests.sync.relatives import Family, kind

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


def keyless(**facts: object) -> Mapping:
    """HubSpot's end has no external key; its `code` is unique there."""
    made = kind("companies", keys={SALESFORCE: KEYS[SALESFORCE]}, natural_keys={HUBSPOT: "code"})
    without = tuple(name for name in made.fields[HUBSPOT, "companies"] if name != KEYS[HUBSPOT])
    fields = {**made.fields, (HUBSPOT, "companies"): without}
    return replace(made, fields=fields, **facts)  # type: ignore[arg-type]  # keywords of Mapping


@pytest.fixture
def family(tmp_path: Path) -> Family:
    family = Family(sqlite_url(tmp_path))
    family.mappings = [keyless()]
    return family


def left(family: Family) -> list[dict[str, object]]:
    return [dict(values) for values in family.hubspot.records("companies").values()]


def test_a_pair_is_noted_on_the_side_that_carries_the_key(family: Family) -> None:
    """Nothing of it is written to the other side, and the second plan is empty."""
    here = family.hubspot.seed("companies", {"code": "1", "title": "Fair"})
    family.salesforce.seed("Account", {"code": "1"})
    family.resync()
    assert family.right("Account", "1")[KEYS[SALESFORCE]] == here
    assert family.right("Account", "1")["title"] == "Fair"
    assert left(family) == [{"code": "1", "title": "Fair"}]
    assert family.planned() == []


def test_what_is_born_from_a_record_without_a_key_names_it(family: Family) -> None:
    """As always: the key stands in it from its first moment."""
    here = family.hubspot.seed("companies", {"code": "1"})
    family.resync()
    assert family.right("Account", "1")[KEYS[SALESFORCE]] == here
    assert left(family) == [{"code": "1"}]
    assert family.planned() == []


def test_a_record_without_a_key_is_born_by_its_own(family: Family) -> None:
    """And its maker names it."""
    family.salesforce.seed("Account", {"code": "1", "title": "Fair"})
    family.resync()
    assert left(family) == [{"code": "1", "title": "Fair"}]
    there = family.id_of(HUBSPOT, "companies", "1")
    assert family.right("Account", "1")[KEYS[SALESFORCE]] == there
    assert family.planned() == []
    assert family.counted("companies") == {"in_sync"}


def test_a_create_whose_answer_was_lost_makes_no_twin(family: Family) -> None:
    """It is found by its name at the next look."""
    family.salesforce.seed("Account", {"code": "1"})
    family.hubspot.faults.lost_answers = 1
    family.resync()
    family.time.forward(minutes=5)
    family.resync()
    assert left(family) == [{"code": "1"}]
    assert family.counted("companies") == {"in_sync"}


def test_somebody_who_made_it_meanwhile_made_it_for_us(family: Family) -> None:
    """Between plan and write a person enters the same name: it is adopted."""
    family.salesforce.seed("Account", {"code": "1"})
    compare = family.compare
    plan = compare.plan()
    there = family.hubspot.seed("companies", {"code": "1", "title": "by hand"})
    compare.apply(plan, Terms())
    family.resync()
    assert list(family.hubspot.records("companies")) == [there]
    assert family.right("Account", "1")["title"] == "by hand"
    assert family.counted("companies") == {"in_sync"}


def test_a_record_whose_own_key_is_blank_is_not_born(family: Family) -> None:
    """Nothing would keep it from being made twice."""
    family.salesforce.seed("Account", {"title": "Nameless"})
    family.resync()
    assert left(family) == []
    assert [row.parked.cause for row in family.ledger.parked_list()] == ["required_blank"]


@pytest.mark.parametrize("side", list(System))
def test_deleted_stays_deleted_on_both_sides(family: Family, side: System) -> None:
    """The key of the side that has one is the tombstone of both."""
    family.hubspot.seed("companies", {"code": "1"})
    family.resync()
    if side is HUBSPOT:
        family.hubspot.remove("companies", family.id_of(HUBSPOT, "companies", "1"))
    else:
        family.salesforce.remove("Account", family.id_of(SALESFORCE, "Account", "1"))
    for _ in range(3):
        family.time.forward(minutes=10)
        family.resync()
    assert len(left(family)) == (side is SALESFORCE)
    assert len(family.salesforce.records("Account")) == (side is HUBSPOT)


def test_a_lost_ledger_finds_the_pair_by_the_key_of_one_side(
    family: Family, tmp_path: Path
) -> None:
    """Although it has another name by now."""
    here = family.hubspot.seed("companies", {"code": "1"})
    family.resync()
    family.hubspot.edit("companies", here, {"code": "2"})
    family.ledger.close_all()
    (tmp_path / "new").mkdir()
    family.ledger = Ledger.open(sqlite_url(tmp_path / "new"))
    family.resync()
    assert len(left(family)) == len(family.salesforce.records("Account")) == 1
    assert family.counted("companies") == {"in_sync"}
