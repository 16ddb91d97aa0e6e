"""What cannot go on stands aside with its reason, stops nobody else, and is tried again in time."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from connector.errors import Rejected, RejectionCause
from connector.memory import MemoryConnector
from connector.port import System
from console.quarantine import try_again
from sync.ledger import ParkedRow
from tests.sync.bridge import people, sqlite_url
from tests.sync.builders import line
from tests.sync.live import Live
from tests.sync.test_rounds import paired

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
NIGHT = timedelta(days=1)


@pytest.fixture
def live(tmp_path: Path) -> Live:
    return Live(sqlite_url(tmp_path))


def refuse(
    twin: MemoryConnector,
    field: str,
    value: str,
    cause: RejectionCause = "invalid_value",
    *,
    named: bool = True,
) -> None:
    """The system takes this value no more."""
    fields = (field,) if named else ()
    twin.faults.reject[field, value] = Rejected(
        "no", system=twin.system.value, cause=cause, fields=fields
    )


def rows(live: Live) -> list[ParkedRow]:
    return live.ledger.parked_list()


def told(live: Live) -> list[tuple[str, str | None, str]]:
    """(record, line, cause) of everything that is parked."""
    return [(r.parked.record_id, r.parked.line, r.parked.cause) for r in rows(live)]


def with_parked_title(live: Live) -> tuple[str, str]:
    """Somebody whose new title Salesforce refuses; everything else is in line."""
    left, right = paired(live, first="Ann", title="CEO")
    refuse(live.salesforce, "title", "bad")
    live.hubspot.edit("contacts", left, {"title": "bad", "first": "Anna"})
    live.ring(HUBSPOT, "contacts", left)
    live.round()
    assert told(live) == [(right, "title", "invalid_value")]
    return left, right


def lead(live: Live, email: str) -> dict[str, object]:
    """The one Lead with this address."""
    [found] = [r for r in live.salesforce.records("Lead").values() if r.get("email") == email]
    return dict(found)


# One bad row --------------------------------------------------------------------------------------


def test_a_refused_line_stays_behind_and_the_others_travel(live: Live) -> None:
    """The row goes once more without it, in the same round."""
    _, right = with_parked_title(live)
    stored = live.salesforce.records("Lead")[right]
    assert (stored["first"], stored["title"]) == ("Anna", "CEO")


def test_one_bad_row_never_stops_its_batch(live: Live) -> None:
    """150 records rang, one of them is refused: 149 are in line after the round."""
    ids = [live.hubspot.seed("contacts", {"email": f"p{n}@example.com"}) for n in range(150)]
    live.resync()
    refuse(live.salesforce, "title", "bad", "validation_rule", named=False)
    for number, record_id in enumerate(ids):
        live.hubspot.edit("contacts", record_id, {"title": "bad" if number == 70 else "good"})
    live.ring(HUBSPOT, "contacts", *ids)
    live.round()
    titles = [r.get("title") for r in live.salesforce.records("Lead").values()]
    assert titles.count("good") == 149
    assert [(r.parked.line, r.parked.cause) for r in rows(live)] == [("title", "validation_rule")]
    assert live.states()["hubspot"] == {"in_sync": 149, "parked": 1}
    assert live.bells() == 0


def test_one_bad_birth_never_stops_the_others(live: Live) -> None:
    """20 newcomers in one round, one refused: it stands parked on the record it was to be made from."""
    paired(live)
    refuse(live.salesforce, "email", "p7@example.com", "validation_rule", named=False)
    ids = [live.hubspot.seed("contacts", {"email": f"p{n}@example.com"}) for n in range(20)]
    live.ring(HUBSPOT, "contacts", *ids)
    live.round()
    assert len(live.salesforce.records("Lead")) == 1 + 19
    [row] = rows(live)
    assert (row.parked.system, row.parked.record_id, row.parked.line) == (HUBSPOT, ids[7], None)


def test_an_update_that_the_answer_leaves_out_is_looked_for(live: Live) -> None:
    """It landed, and nobody says so: what stands there does, and nothing is parked."""
    ids = [live.hubspot.seed("contacts", {"email": f"p{n}@example.com"}) for n in range(3)]
    live.resync()
    for record_id in ids:
        live.hubspot.edit("contacts", record_id, {"title": "new"})
    live.salesforce.faults.drop = 1
    live.ring(HUBSPOT, "contacts", *ids)
    live.round()
    assert rows(live) == []
    assert live.states()["hubspot"] == {"in_sync": 3}
    assert [r.get("title") for r in live.salesforce.records("Lead").values()] == ["new"] * 3
    assert live.planned() == []


def test_an_update_that_the_answer_leaves_out_and_that_did_not_land_has_failed(live: Live) -> None:
    """It is parked, with the others in line, and tried again when a person says so."""
    ids = [live.hubspot.seed("contacts", {"email": f"p{n}@example.com"}) for n in range(3)]
    live.resync()
    for record_id in ids:
        live.hubspot.edit("contacts", record_id, {"title": f"new {record_id}"})
    refuse(live.salesforce, "title", f"new {ids[1]}", "not_answered", named=False)
    live.ring(HUBSPOT, "contacts", *ids)
    live.round()
    [row] = rows(live)
    assert row.parked.cause == "not_answered"
    assert live.states()["hubspot"] == {"in_sync": 2, "parked": 1}
    live.salesforce.faults.reject.clear()
    assert try_again(live.ledger, live.time()) == 1
    live.round()
    assert rows(live) == []
    assert live.planned() == []


def test_a_birth_that_the_answer_leaves_out_makes_no_twin(live: Live) -> None:
    """It is found by its key, and is the partner from then on."""
    paired(live)
    new = live.hubspot.seed("contacts", {"email": "bob@example.com"})
    live.salesforce.faults.drop = 1
    live.ring(HUBSPOT, "contacts", new)
    live.round()
    assert rows(live) == []
    assert len(live.salesforce.records("Lead")) == 2
    assert live.states() == {"hubspot": {"in_sync": 2}, "salesforce": {"in_sync": 2}}


# Tried again --------------------------------------------------------------------------------------


def test_nothing_is_tried_again_while_nothing_changed(live: Live) -> None:
    """A bell for the same values costs a look and no write."""
    left, _ = with_parked_title(live)
    before = live.salesforce.calls.writes
    for _ in range(3):
        live.ring(HUBSPOT, "contacts", left)
        live.round()
    assert live.salesforce.calls.writes == before
    assert [row.tries for row in rows(live)] == [1]


def test_it_is_tried_again_when_the_record_changes(live: Live) -> None:
    """The person corrects the value where it came from."""
    left, right = with_parked_title(live)
    live.hubspot.edit("contacts", left, {"title": "good"})
    live.ring(HUBSPOT, "contacts", left)
    live.round()
    assert live.salesforce.records("Lead")[right]["title"] == "good"
    assert rows(live) == []
    assert live.states() == {"hubspot": {"in_sync": 1}, "salesforce": {"in_sync": 1}}


def test_it_is_tried_again_when_its_partner_changes(live: Live) -> None:
    """The person enters the value by hand on the side that refused ours."""
    left, right = with_parked_title(live)
    live.salesforce.edit("Lead", right, {"title": "bad"})
    live.ring(SALESFORCE, "Lead", right)
    live.round()
    assert live.hubspot.records("contacts")[left]["title"] == "bad"
    assert rows(live) == []


def test_a_refused_birth_is_tried_again_when_the_record_changes(live: Live) -> None:
    """And the row goes only once somebody was born."""
    paired(live)
    refuse(live.salesforce, "email", "bob@example", "invalid_email", named=False)
    new = live.hubspot.seed("contacts", {"email": "bob@example"})
    live.ring(HUBSPOT, "contacts", new)
    live.round()
    assert told(live) == [(new, None, "invalid_email")]
    live.hubspot.edit("contacts", new, {"email": "bob@example.com"})
    live.ring(HUBSPOT, "contacts", new)
    live.round()
    assert lead(live, "bob@example.com")["HubSpot_Id__c"] == new
    assert rows(live) == []


def test_it_is_tried_again_when_a_record_with_the_same_key_changes(live: Live) -> None:
    """Two Leads share an address; one of them is deleted, and the other is paired."""
    one = live.salesforce.seed("Lead", {"email": "ann@example.com"})
    two = live.salesforce.seed("Lead", {"email": "ann@example.com"})
    left = live.hubspot.seed("contacts", {"email": "ann@example.com"})
    live.resync()
    assert {cause for _, _, cause in told(live)} == {"ambiguous"}
    live.salesforce.remove("Lead", two)
    live.ring(SALESFORCE, "Lead", two)
    live.round()
    assert live.hubspot.records("contacts")[left]["salesforce_id"] == one
    assert rows(live) == []


def test_it_is_tried_again_when_the_mapping_changes(live: Live) -> None:
    """The admin rewords the line; the compare that follows a switch tries it, whatever the values."""
    _, right = with_parked_title(live)
    live.salesforce.faults.reject.clear()
    live.resync()
    assert live.salesforce.records("Lead")[right]["title"] == "CEO"
    reworded = line("title", wording="v2", first_pairing="hubspot")
    live.mapping = people(line("email"), line("first"), reworded, wording="v2")
    live.resync()
    assert live.salesforce.records("Lead")[right]["title"] == "bad"
    assert rows(live) == []


def test_it_is_tried_again_at_every_full_resync(live: Live) -> None:
    """Also where nothing changed that we can see, as with a schema or a right in the other system."""
    _, right = with_parked_title(live)
    live.resync(retry_parked=True)
    assert [row.tries for row in rows(live)] == [2]
    live.salesforce.faults.reject.clear()
    live.resync(retry_parked=True)
    assert live.salesforce.records("Lead")[right]["title"] == "bad"
    assert rows(live) == []


def test_a_refused_birth_is_tried_again_at_every_full_resync(live: Live) -> None:
    """The rule of the admin that refused it is gone."""
    paired(live)
    refuse(live.salesforce, "email", "bob@example.com", "validation_rule", named=False)
    live.hubspot.seed("contacts", {"email": "bob@example.com"})
    live.resync()
    assert len(rows(live)) == 1
    live.salesforce.faults.reject.clear()
    live.resync(retry_parked=True)
    assert lead(live, "bob@example.com")
    assert rows(live) == []


@pytest.mark.parametrize("road", ["round", "resync"])
def test_how_long_and_how_often_survives_every_try(live: Live, road: str) -> None:
    """`since` is when it began, `tries` how often it was refused, for records as for lines."""
    paired(live)
    refuse(live.salesforce, "email", "bob@example.com", "validation_rule", named=False)
    new = live.hubspot.seed("contacts", {"email": "bob@example.com"})
    live.ring(HUBSPOT, "contacts", new)
    live.round()
    [first] = rows(live)
    for _ in range(2):
        live.time.forward(seconds=NIGHT.total_seconds())
        if road == "resync":
            live.resync(retry_parked=True)
        else:
            try_again(live.ledger, live.time())
            live.round()
    [row] = rows(live)
    assert (row.since, row.tries) == (first.since, 3)


# Told to ------------------------------------------------------------------------------------------


def test_a_retry_rings_so_that_a_worker_tries_at_once(live: Live) -> None:
    """No compare in between: the next round does it."""
    _, right = with_parked_title(live)
    live.salesforce.faults.reject.clear()
    assert try_again(live.ledger, live.time(), ids=[rows(live)[0].id]) == 1
    live.round()
    assert live.salesforce.records("Lead")[right]["title"] == "bad"
    assert (rows(live), live.bells()) == ([], 0)


def test_a_retry_may_choose_a_cause(live: Live) -> None:
    """What is parked for other causes is left in peace."""
    ids = [live.hubspot.seed("contacts", {"email": f"p{n}@example.com"}) for n in range(2)]
    live.resync()
    refuse(live.salesforce, "title", "bad", "too_long")
    refuse(live.salesforce, "first", "bad", "unknown_option")
    live.hubspot.edit("contacts", ids[0], {"title": "bad"})
    live.hubspot.edit("contacts", ids[1], {"first": "bad"})
    live.ring(HUBSPOT, "contacts", *ids)
    live.round()
    live.salesforce.faults.reject.clear()
    assert try_again(live.ledger, live.time(), cause="too_long") == 1
    live.round()
    assert [row.parked.cause for row in rows(live)] == ["unknown_option"]
    assert try_again(live.ledger, live.time(), mapping="companies") == 0
    assert try_again(live.ledger, live.time(), mapping="people") == 1
    live.round()
    assert rows(live) == []


def test_a_refused_key_is_tried_again_when_told_to(live: Live) -> None:
    """Another contact held the id; it holds it no more."""
    paired(live)
    new = live.hubspot.seed("contacts", {"email": "bob@example.com"})
    right = live.salesforce.seed("Lead", {"email": "bob@example.com"})
    refuse(live.hubspot, "salesforce_id", right, "duplicate")
    live.ring(HUBSPOT, "contacts", new)
    live.round()
    assert (new, "key", "duplicate_of") in told(live)
    live.hubspot.faults.reject.clear()
    try_again(live.ledger, live.time())
    live.round()
    assert live.hubspot.records("contacts")[new]["salesforce_id"] == right
    assert rows(live) == []


def test_what_was_dropped_and_still_holds_is_found_again(live: Live) -> None:
    """Nothing is swept under the carpet."""
    with_parked_title(live)
    before = told(live)
    assert live.ledger.drop_parked([row.id for row in rows(live)]) == 1
    assert rows(live) == []
    live.resync()
    assert told(live) == before


# Shown at once -----------------------------------------------------------------------------------


def test_both_records_of_a_pair_show_at_once_that_a_line_of_it_is_parked(live: Live) -> None:
    """And that it is not any more: the states of a round are those of a full compare."""
    with_parked_title(live)
    assert live.states() == {"hubspot": {"parked": 1}, "salesforce": {"parked": 1}}
    live.salesforce.faults.reject.clear()
    try_again(live.ledger, live.time())
    live.round()
    assert live.states() == {"hubspot": {"in_sync": 1}, "salesforce": {"in_sync": 1}}


def test_a_newborn_shows_at_once_that_it_is_in_line(live: Live) -> None:
    """Without waiting for the echo of its birth."""
    paired(live)
    new = live.hubspot.seed("contacts", {"email": "bob@example.com"})
    live.ring(HUBSPOT, "contacts", new)
    live.round()
    assert live.states() == {"hubspot": {"in_sync": 2}, "salesforce": {"in_sync": 2}}


def test_a_refused_key_is_tried_again_when_the_record_changes(live: Live) -> None:
    """The person takes the wrong id out of the field by hand."""
    paired(live)
    new = live.hubspot.seed("contacts", {"email": "bob@example.com", "salesforce_id": "wrong"})
    right = live.salesforce.seed("Lead", {"email": "bob@example.com"})
    refuse(live.hubspot, "salesforce_id", right, "duplicate")
    live.ring(HUBSPOT, "contacts", new)
    live.round()
    live.hubspot.faults.reject.clear()
    live.hubspot.edit("contacts", new, {"salesforce_id": None})
    live.ring(HUBSPOT, "contacts", new)
    live.round()
    assert live.hubspot.records("contacts")[new].get("salesforce_id") == right
