"""The live path over real processes: doorbells at a served door, a worker, a scheduler, both orgs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.serve import Sandbox
from tests.walk.command import twins
from tests.walk.installation import Installation
from tests.walk.live import (
    FIRST_NAME,
    HUBSPOT,
    SALESFORCE,
    TITLE,
    Edits,
    both_ways,
    pairs_of,
    unaccounted,
)

PEOPLE = 40
EDITS = 24  # a dozen each way
PATIENCE = 60.0
ALL = 1_000_000_000


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Everybody is in line; nothing runs."""
    sandbox = Sandbox.start(people=PEOPLE, seed=7, limits=False)
    installation = Installation(tmp_path_factory.mktemp("live"), sandbox)
    installation.prepare()
    yield installation
    sandbox.stop()


@pytest.fixture
def live(prepared: Installation) -> Iterator[Installation]:
    """Connected; each test starts the parts that it wants."""
    prepared.settings["KAKEHASHI_SYNC__POLL_EVERY"] = "3600"
    prepared.connect()
    yield prepared
    prepared.stop()
    prepared.sandbox.keep_silent()
    prepared.sandbox.hubspot.faults.clear()
    prepared.sandbox.salesforce.faults.clear()


def in_line(live: Installation) -> bool:
    """A full compare finds nothing to write, and nobody is there twice."""
    assert twins(live.sandbox) == {}
    return bool(live.admin.run("plan", "--json").json["changes"] == [])


def edit_both_ways(live: Installation) -> Edits:
    edits = Edits(live.sandbox)
    make = both_ways(edits, pairs_of(live.sandbox))
    for number in range(EDITS):
        make(number)
    return edits


def test_edits_on_either_side_reach_the_other_by_doorbell(live: Installation) -> None:
    """Without any poll; every event stands on a receipt, and nobody is left to look at."""
    live.start("web", "worker")
    live.settle()
    edits = edit_both_ways(live)
    live.wait(lambda: edits.open == [], PATIENCE, "every edit")
    live.settle()
    assert edits.lost() == []
    assert unaccounted(live.sandbox, live.received()) == {}
    assert in_line(live)


def test_deals_ring_on_both_sides(live: Installation) -> None:
    """A stage that is moved in HubSpot, an amount that is set in Salesforce."""
    live.start("web", "worker")
    live.settle()
    left, right = live.sandbox.hubspot, live.sandbox.salesforce
    deal, held = next(
        (i, row) for i, row in left.records("deals").items() if row.get("salesforce_id")
    )
    there = str(held["salesforce_id"])
    left.edit("deals", deal, {"description": "from marketing"})
    right.edit("Opportunity", there, {"Amount": 777})

    def has_arrived() -> bool:
        told = right.records("Opportunity")[there]["Description"]
        return (told, left.records("deals")[deal]["amount"]) == ("from marketing", "777")

    live.wait(has_arrived, PATIENCE, "both edits")
    live.settle()
    assert in_line(live)


def test_with_every_doorbell_lost_all_of_it_arrives_by_the_next_poll(live: Installation) -> None:
    """A worker and a scheduler are enough: the door is not even open."""
    for org in (live.sandbox.hubspot, live.sandbox.salesforce):
        org.faults.order({"kind": "hook_lost", "times": ALL})
    live.settings["KAKEHASHI_SYNC__POLL_EVERY"] = "1"
    live.start("worker", "scheduler")
    edits = edit_both_ways(live)
    live.wait(lambda: edits.open == [], PATIENCE, "every edit")
    live.settle()
    assert edits.lost() == []
    told = live.sandbox.doorbells.as_json()
    assert all(one["delivered"] == 0 < one["lost"] for one in told.values())
    assert in_line(live)


def test_what_people_edit_while_the_worker_is_down_is_done_when_it_comes_up(
    live: Installation,
) -> None:
    """The door takes it, the ledger keeps it; only the last value of a field travels."""
    live.start("web")
    edits = Edits(live.sandbox)
    pair = pairs_of(live.sandbox)[0]
    for number in range(5):
        edits.make(pair, TITLE, HUBSPOT, f"Overnight chief {number}")
        edits.make(pair, FIRST_NAME, SALESFORCE, f"Overnight name {number}")
    live.wait(
        lambda: unaccounted(live.sandbox, live.received()) == {}, PATIENCE, "all of the receipts"
    )
    live.start("worker")
    live.wait(lambda: edits.open == [], PATIENCE, "the last edits")
    live.settle()
    assert edits.lost() == []
    assert len(edits.latencies()) == 2
    assert in_line(live)


def test_two_machines_share_one_ledger(live: Installation) -> None:
    """Each with a working folder of its own; every edit arrives once, whoever takes it."""
    live.start("web", "worker")
    live.start("worker", machine=2)
    edits = edit_both_ways(live)
    live.wait(lambda: edits.open == [], PATIENCE, "every edit")
    live.settle()
    assert edits.lost() == []
    assert in_line(live)
