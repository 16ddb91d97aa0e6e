"""Everybody is looked at once by a definition that has come into force: in steps, and behind live work."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from lifecycle.model import Stage
from sync import mustering
from sync.mustering import Muster, progress_in
from sync.status import status
from tests.sync.bridge import sqlite_url
from tests.sync.handing import Handing
from tests.sync.test_crowds import VERSION, written
from tests.sync.test_ushering_trouble import asked_of

CROWD = [f"{name}@acme.example" for name in ("ann", "ben", "cai")]
FAST = {"per_day: 50": "per_day: 2"}


@pytest.fixture
def house(tmp_path: Path) -> Handing:
    """All of them asked to be contacted before any definition was agreed on; nobody was looked at by one."""
    found = Handing(sqlite_url(tmp_path))
    for mail in CROWD:
        found.hubspot.seed("contacts", {"email": mail, "company": "Acme"})
        found.salesforce.seed("Lead", {"email": mail, "company": "Acme"})
    found.resync()
    for mail in CROWD:
        found.happens("form_submit_handraise", email=mail, topic="pricing")
    found.carry()
    assert handed_over(found) == 0
    return found


def handed_over(house: Handing) -> int:
    return sum(house.standing(mail).stage is Stage.MQL for mail in CROWD)


def muster(house: Handing, times: int = 5) -> list[int]:
    """How many people a worker looks at in each of so many steps."""
    house.time.forward(seconds=6)
    return [Muster(house.handoff.usher).step() for _ in range(times)]


def test_who_qualified_before_is_handed_over_without_news(house: Handing) -> None:
    """Nobody while the installation only observes; once it is live everybody has their turn, once."""
    house.agree()
    house.handoff.observe = True
    assert muster(house, 2) == [0, 0]
    house.handoff.observe = False
    assert muster(house, 3) == [3, 0, 0]
    assert handed_over(house) == 3
    progress = progress_in(house.ledger)
    assert progress is not None
    assert (progress.looked_at, progress.handed_over, progress.is_over) == (3, 3, True)
    told = status(house.ledger, [], house.time())["muster"]
    assert (told["definition"], told["looked_at"]) == ("qualified_lead v1", 3)


def test_who_raised_a_hand_while_a_live_installation_observed_is_handed_over_after_it(
    house: Handing,
) -> None:
    """Everybody had been looked at before; whoever went back to watching for a while loses nobody."""
    house.agree()
    assert muster(house, 2) == [3, 0]
    house.handoff.observe = True
    late = "dan@acme.example"
    house.hubspot.seed("contacts", {"email": late, "company": "Acme"})
    house.resync()
    house.happens("form_submit_handraise", email=late, topic="pricing")
    house.carry()
    assert muster(house, 1) == [0]
    house.handoff.observe = False
    assert muster(house, 2) == [4, 0]
    assert house.standing(late).stage is Stage.MQL
    assert [len(house.history(mail)) for mail in CROWD] == [2] * 3


def test_it_goes_on_where_it_was_after_a_death(
    house: Handing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that is killed in a step leaves it to the next one, who hands nobody over twice."""
    house.agree()
    monkeypatch.setattr(mustering, "AT_ONCE", 1)
    assert muster(house, 1) == [1]
    with monkeypatch.context() as patch:
        patch.setattr(type(house.ledger), "set_fact", dies)
        with pytest.raises(Killed):
            muster(house, 1)
    assert muster(house, 3) == [1, 1, 0]
    assert [len(house.history(mail)) for mail in CROWD] == [2] * 3


def test_on_one_day_no_more_are_handed_over_than_the_definition_says(
    house: Handing, tmp_path: Path
) -> None:
    """Sellers do not get everybody at once; whoever is left has their turn on the next days."""
    house.agree(written(tmp_path, FAST))
    came = []
    for _ in range(2):
        muster(house)
        came.append(handed_over(house))
        house.time.now += timedelta(days=1)
    assert came == [2, 3]


def test_nobody_is_looked_at_while_somebody_waits_for_a_decision(house: Handing) -> None:
    """A verdict goes first; the step comes when it is decided."""
    house.agree()
    house.handoff.store.ask([asked_of(house, house.who(CROWD[0]), minutes=1)])
    assert muster(house, 1) == [0]
    house.handoff.usher.work()
    assert muster(house, 1) == [3]


def test_a_newer_version_starts_anew(house: Handing, tmp_path: Path) -> None:
    """It may move whom the one before has left where they were."""
    house.agree(written(tmp_path, FAST))
    muster(house)
    house.agree(written(tmp_path, VERSION))
    assert sum(muster(house, 2)) == 3
    assert handed_over(house) == 3


class Killed(BaseException):
    """``kill -9``: nothing catches it."""


def dies(*_given: object) -> None:
    raise Killed
