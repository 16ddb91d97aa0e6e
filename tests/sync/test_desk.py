"""What a seller finds in Salesforce with a lead: the record is theirs, and a task says so, once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from connector.port import Change, System
from lifecycle.errands import DESK, LETTERS
from lifecycle.load import SHIPPED
from sync.desk import KEY, LATEST, TASK, Desk
from tests.sync.bridge import schema, sqlite_url
from tests.sync.posting import SELLER, Posting
from tests.sync.website import ANN

USER = "005000000000001AAA"
FIELDS = {
    "User": ("Email", "IsActive"),
    TASK: (
        "Subject",
        "Description",
        "ActivityDate",
        "Priority",
        "WhoId",
        "OwnerId",
        "Status",
        "IsClosed",
    ),
}


@pytest.fixture
def house(tmp_path: Path) -> Posting:
    """Both departments agreed, Ann stands in both systems, and the seller has a user."""
    found = Posting(sqlite_url(tmp_path))
    known = found.salesforce._fields
    assert known is not None
    for name, fields in FIELDS.items():
        known[name] = {one.name: one for one in schema(fields, ())}
    known[TASK] |= {one.name: one for one in schema([KEY], [KEY])}
    for name in ("Lead", "Contact"):
        known[name] = {**known[name], **{one.name: one for one in schema(["OwnerId"], ())}}
    found.begin()
    return found


def _desk(house: Posting) -> Desk:
    return Desk(
        store=house.handoff.store,
        about=house.handoff.about,
        clock=house.time,
        language="en",
        holds=house.holds,
        dice=lambda: 1.0,
    )


def _user(house: Posting, **values: Any) -> str:
    return house.salesforce.seed("User", {"Email": SELLER, "IsActive": True, **values})


def _owner(house: Posting) -> Any:
    (owner,) = house.held(System.SALESFORCE, "OwnerId")
    return owner


def _tasks(house: Posting) -> list[Mapping[str, Any]]:
    return list(house.salesforce.records(TASK).values())


def _unsent(house: Posting) -> list[str]:
    return [one.why for one in house.handoff.store.unsent(house.time() - LATEST, 9)]


def test_a_lead_becomes_the_sellers_and_a_task_says_until_when(house: Posting) -> None:
    """Nobody's name and nothing that anybody did stands in it: the record tells that."""
    user = _user(house)
    house.raise_hand()
    assert _desk(house).work() == 1
    assert _owner(house) == user
    (task,) = _tasks(house)
    (lead,) = house.salesforce.records("Lead")
    assert (task["OwnerId"], task["WhoId"], task["Priority"]) == (user, lead, "High")
    assert task["ActivityDate"] == "2026-11-25", "handed over at six in the evening in Tokyo"
    assert task["Subject"] == "New lead from marketing: accept it or send it back"
    assert ANN not in repr(task)
    assert _desk(house).work() == 0


def test_what_died_in_between_makes_no_second_task(house: Posting) -> None:
    """And what the seller did with the first one stays."""
    _user(house)
    house.raise_hand()
    taken = house.handoff.store.take_letters(house.time(), house.time(), 9, DESK)
    assert len(taken) == 1
    desk = _desk(house)
    desk._see_to(house.about(), taken)
    (number,) = house.salesforce.records(TASK)
    house.salesforce.update_many(TASK, [Change(number, {"Status": "Completed"})])
    desk._see_to(house.about(), taken)
    (task,) = _tasks(house)
    assert task["Status"] == "Completed"


def test_whoever_gives_the_lead_to_somebody_else_is_not_overruled(house: Posting) -> None:
    """The owner is set once, and never put back."""
    _user(house)
    house.raise_hand()
    _desk(house).work()
    (lead,) = house.salesforce.records("Lead")
    house.salesforce.update_many("Lead", [Change(lead, {"OwnerId": "005000000000009AAA"})])
    house.carry()
    _desk(house).work()
    assert _owner(house) == "005000000000009AAA"


def test_a_hand_over_that_was_answered_is_no_news(house: Posting) -> None:
    """The seller was quicker than we were."""
    _user(house)
    house.raise_hand()
    house.seller_says(verdict="reject", recycle_reason="timing", recycle_comment="later")
    _desk(house).work()
    assert (_owner(house), _tasks(house)) == (None, [])
    assert house.handoff.store.owed(9, DESK) == []


@pytest.mark.parametrize(
    ("touched", "left"), [({}, 0), ({"Status": "In Progress"}, 1), ({"IsClosed": True}, 1)]
)
def test_with_the_answer_the_task_goes_unless_the_seller_has_touched_it(
    house: Posting, touched: dict[str, Any], left: int
) -> None:
    """Nobody has to tick off what was answered already; what somebody works with stays theirs."""
    _user(house)
    house.raise_hand()
    _desk(house).work()
    (number,) = house.salesforce.records(TASK)
    if touched:
        house.salesforce.update_many(TASK, [Change(number, touched)])
    house.seller_says(verdict="reject", recycle_reason="timing", recycle_comment="later")
    assert _desk(house).work() == 1
    assert len(_tasks(house)) == left
    assert _desk(house).work() == 0


@pytest.mark.parametrize("users", [[], [{"IsActive": False}], [{}, {}]])
def test_a_seller_without_a_user_of_their_own_is_told_of_in_the_list(
    house: Posting, users: list[dict[str, Any]]
) -> None:
    """None, one who left, or two with the address: nobody guesses."""
    for values in users:
        _user(house, **values)
    house.raise_hand()
    _desk(house).work()
    assert (_owner(house), _tasks(house)) == (None, [])
    assert _unsent(house) == ["no_user"]


def test_without_the_field_there_is_no_task_and_the_list_says_so(house: Posting) -> None:
    """`kakehashi init` makes it; the owner is set all the same."""
    user = _user(house)
    assert house.salesforce._fields is not None
    del house.salesforce._fields[TASK][KEY]
    house.raise_hand()
    _desk(house).work()
    assert (_owner(house), _tasks(house)) == (user, [])
    assert _unsent(house) == ["no_task_field"]


def test_while_salesforce_is_away_it_waits_and_then_it_is_done(house: Posting) -> None:
    """Nothing is lost."""
    user = _user(house)
    house.raise_hand()
    house.salesforce.faults.busy = 99
    _desk(house).work()
    assert len(house.handoff.store.owed(9, DESK)) == 1
    house.salesforce.faults.busy = 0
    house.time.forward(minutes=1)
    _desk(house).work()
    assert (_owner(house), len(_tasks(house))) == (user, 1)


def test_what_waited_for_days_is_old_news_and_the_list_says_so(house: Posting) -> None:
    """Nobody is given a lead of last week as if it were new."""
    _user(house)
    house.raise_hand()
    house.salesforce.faults.busy = 99
    house.time.forward(days=4)
    _desk(house).work()
    assert house.handoff.store.owed(9, DESK) == []
    assert _unsent(house) == ["too_late"]


def test_nothing_is_done_where_the_definition_does_not_ask_for_it(
    house: Posting, tmp_path: Path
) -> None:
    """An older text says nothing of it: then nobody's rules of assignment are touched."""
    text = SHIPPED.read_text("utf-8").replace(", owner: true, task: true", "")
    file = tmp_path / "older.yaml"
    file.write_text(text.replace("  version: 1  ", "  version: 2  "), "utf-8")
    house.agree(file)
    house.time.forward(minutes=1)
    _user(house)
    house.raise_hand()
    assert _desk(house).work() == 0
    assert (_owner(house), _tasks(house)) == (None, [])


def test_letters_and_work_are_taken_apart(house: Posting) -> None:
    """Whoever has no way for letters keeps them, and gives the lead to the seller all the same."""
    _user(house)
    house.raise_hand()
    store = house.handoff.store
    assert [one.kind for one in store.owed(9, LETTERS)] == ["hand_over"]
    assert [one.kind for one in store.owed(9, DESK)] == ["desk"]
    _desk(house).work()
    assert [one.kind for one in store.owed(9)] == ["hand_over"]
