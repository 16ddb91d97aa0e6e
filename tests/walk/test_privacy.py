"""What people want for themselves, over real processes: forgotten on both sides, and let in again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.serve import Sandbox
from tests.walk.installation import Installation
from tests.walk.live import Pair, pairs_of

PATIENCE = 60.0
MARKETING = "413098765"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Everybody is in line; doors and a worker run, and both orgs ring."""
    sandbox = Sandbox.start(people=30, seed=11, limits=False)
    installation = Installation(tmp_path_factory.mktemp("privacy"), sandbox)
    installation.settings["KAKEHASHI_SYNC__POLL_EVERY"] = "3600"
    installation.prepare()
    installation.connect()
    installation.start("web", "worker")
    installation.settle()
    yield installation
    installation.stop()
    sandbox.stop()


def addressed(live: Installation) -> list[tuple[Pair, str]]:
    """Pairs whose address nobody else carries, in either org, and who are not opted out."""
    contacts = live.sandbox.hubspot.records("contacts")
    held = [
        str(row.get("Email") or "").casefold()
        for name in ("Lead", "Contact")
        for row in live.sandbox.salesforce.records(name).values()
    ]
    found = []
    for pair in pairs_of(live.sandbox):
        row = contacts.get(pair.contact, {})
        email = str(row.get("email") or "")
        other = live.sandbox.salesforce.records(pair.object)[pair.record]
        is_theirs = str(other.get("Email")).casefold() == email.casefold()
        if is_theirs and held.count(email.casefold()) == 1 and not other.get("HasOptedOutOfEmail"):
            found.append((pair, email))
    return found


def everything_on_file(live: Installation) -> str:
    """Each cell of the ledger as text."""
    path = Path(live.settings["KAKEHASHI_DATABASE_URL"].removeprefix("sqlite:///"))
    connection = sqlite3.connect(path, timeout=30)
    try:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        rows = [row for (name,) in names for row in connection.execute(f'SELECT * FROM "{name}"')]  # noqa: S608 - our own tables
    finally:
        connection.close()
    cells = (cell for row in rows for cell in row if isinstance(cell, str | bytes))
    texts = (c.decode("utf-8", "replace") if isinstance(c, bytes) else c for c in cells)
    return "\n".join(texts).casefold()


def test_a_privacy_deletion_is_carried_across_and_purged(live: Installation) -> None:
    """The webhook, the other org, the ledger; and a compare brings nobody back."""
    pair, email = addressed(live)[0]
    assert email.casefold() in everything_on_file(live)
    live.sandbox.hubspot.erase("contacts", pair.contact)
    live.wait(
        lambda: pair.record not in live.sandbox.salesforce.records(pair.object),
        PATIENCE,
        "the erasure",
    )
    live.settle()
    on_file = everything_on_file(live)
    assert email.casefold() not in on_file
    assert pair.record.casefold() not in on_file
    assert live.admin.run("plan", "--json").json["totals"]["create"] == 0


def test_an_opt_out_and_a_later_sign_up_both_travel(live: Installation) -> None:
    """A plain untick does not."""
    pair, email = addressed(live)[1]
    salesforce, hubspot = live.sandbox.salesforce, live.sandbox.hubspot
    salesforce.edit(pair.object, pair.record, {"HasOptedOutOfEmail": True})
    live.wait(lambda: hubspot.opted_out(email), PATIENCE, "the opt-out")
    live.settle()
    hubspot.edit("contacts", pair.contact, {"hs_email_optout": "false"})
    live.wait(lambda: hubspot.opted_out(email), PATIENCE, "the opt-out once more")
    live.settle()
    hubspot.sign_up(email, MARKETING)
    live.wait(
        lambda: not salesforce.records(pair.object)[pair.record].get("HasOptedOutOfEmail"),
        PATIENCE,
        "the opt-in",
    )
    assert not hubspot.opted_out(email)


def test_a_person_asks_for_it_at_the_command_line(live: Installation) -> None:
    """Nobody is erased unasked or by mistake; who is erased may be let in again."""
    pair, email = addressed(live)[2]
    place = ("erase", "salesforce", pair.object, pair.record)
    assert live.admin.run(*place).code == 2
    assert (
        live.admin.run("erase", "salesforce", pair.object, "00Q000000000000AAA", "--yes").code == 2
    )
    assert live.admin.run("erase", "--release", email, "--json").json == {"released": False}
    done = live.admin.run(*place, "--yes", "--json")
    assert (done.code, done.json["done"], done.json["pending"]) == (0, 1, 0)
    assert pair.record not in live.sandbox.salesforce.records(pair.object)
    assert pair.contact not in live.sandbox.hubspot.records("contacts")
    live.settle()
    assert email.casefold() not in everything_on_file(live)
    assert live.admin.run("erase", "--release", email.upper(), "--json").json == {"released": True}
