"""Several people come at once: each finds the room that those before them left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from lifecycle.load import SHIPPED
from tests.sync.bridge import sqlite_url
from tests.sync.handing import Handing

CROWD = [f"{name}@acme.example" for name in ("ann", "ben", "cai", "dan", "eve", "fay")]
SELLERS = ("rin@example.com", "sam@example.com")
HEAD = "sales@example.com"
VERSION = {"  version: 1 ": "  version: 2 "}
ANSWERED = {"need_problem": "quotations take three days", "timeframe": "3_6m"}


def written(folder: Path, changes: Mapping[str, str]) -> Path:
    """The shipped definition with other words in some places."""
    text = SHIPPED.read_text("utf-8")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    file = folder / "definition.yaml"
    file.write_text(text, "utf-8")
    return file


def house_of(folder: Path, changes: Mapping[str, str]) -> Handing:
    """All of them stand in both systems, in line."""
    made = Handing(sqlite_url(folder))
    made.agree(written(folder, changes))
    for email in CROWD:
        made.hubspot.seed("contacts", {"email": email, "company": "Acme", **ANSWERED})
        made.salesforce.seed("Lead", {"email": email, "company": "Acme"})
    made.resync()
    return made


def all_raise_their_hands(house: Handing) -> None:
    for email in CROWD:
        house.happens("form_submit_handraise", email=email, topic="pricing")
    house.carry()


def test_who_comes_at_once_is_handed_to_sellers_in_turn(tmp_path: Path) -> None:
    """Nobody gets more than fits; whom nobody has room for goes to the head of sales."""
    house = house_of(
        tmp_path,
        {"to: [sales@example.com]": f"to: [{', '.join(SELLERS)}]", "at_once: 30": "at_once: 2"},
    )
    all_raise_their_hands(house)
    given = Counter(house.standing(email).handed_to for email in CROWD)
    assert given == {**dict.fromkeys(SELLERS, 2), HEAD: 2}


def test_a_new_definition_brings_back_so_many_a_day_and_no_more(tmp_path: Path) -> None:
    """Those who come in one go count, too; the others come on the next day."""
    house = house_of(tmp_path, {"per_day: 50": "per_day: 2"})
    all_raise_their_hands(house)
    for lead, row in house.salesforce.records("Lead").items():
        assert row["stage"] == "mql"
        house.salesforce.edit("Lead", lead, {"verdict": "reject", "recycle_reason": "no_show"})
    house.resync()
    assert {house.standing(email).stage.value for email in CROWD} == {"recycled"}
    house.time.forward(days=20)
    house.agree(written(tmp_path, {"per_day: 50": "per_day: 2", **VERSION}))
    came = []
    for _ in range(2):
        house.time.forward(seconds=6)
        house.handoff.usher.sweep()
        came.append([house.standing(email).stage.value for email in CROWD].count("mql"))
        house.time.now += timedelta(days=1)
    assert came == [2, 4]
