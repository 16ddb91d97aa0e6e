"""Whether a write has landed whose answer never came, told by what stands in the record."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connector.port import System, Value
from sync.echoes import Echo, echo_of
from sync.model import FieldChange, JournalEntry, LineBaseline
from tests.sync.builders import CONTEXT, line

CARD = replace(line("card"), ledger_value="lifecycle.hand_over")
VERDICT = replace(line("verdict"), ledger_value="lifecycle.verdict", edits="request")
TITLE = line("title")
STATUS = replace(line("status"), ledger_value="lifecycle.lead_status", edits="keep")
LINES = (CARD, VERDICT, TITLE, STATUS)
BEFORE: dict[str, Value] = {"card": None, "verdict": "reject", "title": "CEO", "status": "NEW"}
MEANT: dict[str, Value] = {
    "card": "why now",
    "verdict": "pending",
    "title": "CTO",
    "status": "IN_PROGRESS",
}


def found(held: dict[str, Value], *names: str, before: dict[str, Value] = BEFORE) -> Echo:
    """What is found of a write of these lines (or of all) to a Lead that holds this now."""
    chosen = names or tuple(MEANT)
    entry = JournalEntry(
        id=1,
        run_id=1,
        mapping="people",
        system=System.SALESFORCE,
        object="Lead",
        record_id="00Q1",
        partner_id="1",
        action="update",
        changes=tuple(
            FieldChange(line=one, api_name=one, before=before[one], after=MEANT[one], rule="ledger")
            for one in chosen
        ),
        state="unknown",
        sent_at=datetime(2026, 11, 28, tzinfo=UTC),
        meant={
            one.id: LineBaseline(one.hash, MEANT[one.id], MEANT[one.id])
            for one in LINES
            if one.id in chosen
        },
    )
    return echo_of(entry, LINES, {System.SALESFORCE: held, System.HUBSPOT: {}}, CONTEXT)


def test_a_record_that_holds_all_of_it_was_written() -> None:
    """Every line is agreed on as it was meant."""
    echo = found(MEANT)
    assert echo.has_landed
    assert {name: base.salesforce for name, base in echo.agreed.items()} == MEANT


def test_a_record_that_holds_none_of_it_may_still_be_written() -> None:
    """What stands there is what stood there before."""
    assert found(BEFORE) == Echo({}, has_landed=False)


def test_what_only_we_fill_proves_the_rest_and_other_words_are_edits_since() -> None:
    """A seller's verdict beside our card: it differs from what was meant, so it is heard."""
    echo = found({**MEANT, "verdict": "accept"})
    assert echo.has_landed
    assert echo.agreed["verdict"].salesforce == "pending"


@pytest.mark.parametrize(
    ("held", "lines"),
    [
        pytest.param({**MEANT, "verdict": "reject"}, (), id="a line that holds what it did"),
        pytest.param({**MEANT, "title": None}, (), id="a line that is blank by now"),
        pytest.param(
            {"verdict": "pending", "title": "COO"}, ("verdict", "title"), id="what people may enter"
        ),
        pytest.param(
            {"title": "CTO", "verdict": "accept"}, ("verdict", "title"), id="what people edit"
        ),
    ],
)
def test_what_could_be_otherwise_proves_nothing(
    held: dict[str, Value], lines: tuple[str, ...]
) -> None:
    """Half a write, a field that is cleared before it is set, or a person who entered the same."""
    echo = found(held, *lines)
    assert not echo.has_landed
    late = {one for one in lines or tuple(MEANT) if held[one] != MEANT[one]}
    assert not late & echo.agreed.keys()


def test_a_card_that_stood_there_before_proves_nothing() -> None:
    """It is held as it was meant because nothing of it was to be changed."""
    before = {**BEFORE, "card": "why now"}
    assert not found({**MEANT, "verdict": "accept"}, before=before).has_landed


def test_a_line_that_keeps_edits_has_agreed_on_what_we_said_however_it_is_stored() -> None:
    """Or what the system made of it would look like a change of ours, and be written again for ever."""
    echo = found({**MEANT, "title": "CTo", "status": "IN_PROG"})
    assert echo.has_landed
    told = (echo.agreed["title"].salesforce, echo.agreed["status"].salesforce)
    assert told == ("CTo", "IN_PROGRESS")


def test_a_status_that_people_enter_proves_nothing_and_is_not_taken_for_ours() -> None:
    """A seller may have entered the very same; another one is theirs, and ours was said before it."""
    same = found({"status": "IN_PROGRESS", "title": "COO"}, "status", "title")
    assert not same.has_landed
    later = found({**MEANT, "status": "OPEN"})
    assert later.has_landed
    assert later.agreed["status"].salesforce == "IN_PROGRESS"
