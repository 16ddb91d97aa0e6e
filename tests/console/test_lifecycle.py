"""`kakehashi lifecycle`: where somebody stands, what lies open, and the notes; for people and programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from connector.errors import TryLater
from connector.port import System
from console.cli import kakehashi
from console.refused import LatelyRefused
from intent.model import Identity
from intent.withdrawals import Wish
from lifecycle.errands import Errand
from lifecycle.model import Brief
from mappings.schema import OwnName
from sync.acquaintance import Acquaintance
from sync.install import copy_definitions, copy_mappings, copy_samples
from tests.sync.mail_server import Mailbox, mail_server
from tests.sync.posting import SELLER, Posting
from tests.sync.website import ANN

SETTINGS = {
    "KAKEHASHI_HUBSPOT__ACCESS_TOKEN": "pat-practice",
    "KAKEHASHI_SALESFORCE__LOGIN_URL": "https://acme.my.salesforce.com",
    "KAKEHASHI_SALESFORCE__CLIENT_ID": "id",
    "KAKEHASHI_SALESFORCE__CLIENT_SECRET": "practice",
}


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Posting]:
    """A working folder over whose ledger Ann was handed to a seller, a good while ago."""
    monkeypatch.chdir(tmp_path)
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    url = f"sqlite:///{tmp_path}/ledger.db"
    monkeypatch.setenv("KAKEHASHI_DATABASE_URL", url)
    (tmp_path / "mappings").mkdir()
    copy_mappings(tmp_path / "mappings")
    found = Posting(url)
    found.time.now = datetime.now(UTC) - timedelta(days=20)
    found.agree()
    found.hand()
    yield found


def run(*words: str, lang: str = "en") -> Result:
    return CliRunner().invoke(
        kakehashi, ["--lang", lang, "lifecycle", *words], catch_exceptions=False
    )


def told(*words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*words, "--json").stdout)
    return found


def test_show_tells_where_somebody_stands_and_how_they_came_there(house: Posting) -> None:
    """Stage, owner, clocks, entries; what was refused with its sentence."""
    house.accept()
    answer = run("show", ANN.upper())
    assert answer.exit_code == 0
    for words in ("With sales@example.com", "T2", "T3", "qualify"):
        assert words in answer.stdout
    found = told("show", ANN)
    assert (found["stage"], found["owner"]) == ("sal", SELLER)
    assert [one["transition"] for one in found["history"]] == ["T2", "T3"]
    assert {one["clock"]: one["state"] for one in found["clocks"]}["qualify"] == "overdue"


def test_show_tells_what_is_known_and_open_and_the_card(house: Posting) -> None:
    """As both systems are told."""
    found = Brief(
        subject=house.who(),
        at=datetime.now(UTC),
        completeness=5 / 9,
        asked=("budget",),
        missing=("timeframe",),
        card="■ Why now\nTopics: pricing",
    )
    house.handoff.store.put_brief(found)
    answer = run("show", ANN).stdout
    for words in ("56 %", "timeframe, budget (asked in vain)", "  Topics: pricing"):
        assert words in answer
    assert (told("show", ANN)["completeness"], told("show", ANN)["card"]) == (56, found.card)
    assert "予算(確認したが不明)" in run("show", ANN, lang="ja").stdout


def test_a_request_that_was_not_followed_is_shown_in_the_readers_language(house: Posting) -> None:
    """Who asked, where, and why not."""
    house.accept()
    house.time.forward(minutes=1)
    house.ask_back_without_a_reason()
    assert told("show", ANN)["refused"][0]["code"] == "no_reason"
    assert "受け付けなかった依頼" in run("show", ANN, lang="ja").stdout


def test_show_marks_what_a_joined_history_says_in_vain(house: Posting) -> None:
    """She was handed over under another address after a seller had accepted her: that stays so."""
    house.accept()
    house.time.forward(minutes=1)
    house.hand("ann@home.example")
    store, now = house.handoff.store, house.time()
    store.merge(
        house.store.subjects_by("email", ["ann@home.example"])["ann@home.example"], house.who(), now
    )
    history = told("show", ANN)["history"]
    assert [(one["stage"], one["set_aside"]) for one in history] == [
        ("mql", None),
        ("sal", None),
        ("mql", {"why": "weaker", "stood": "sal"}),
    ]
    assert told("show", ANN)["stage"] == "sal"
    assert "of the same person" in run("show", ANN).stdout


def test_the_page_tells_why_an_edit_was_put_back_until_something_is_followed(
    house: Posting,
) -> None:
    """By the names of its record; of others it says nothing."""
    house.time.now = datetime.now(UTC)
    lately = LatelyRefused(lambda: house.handoff, "ja")
    named = {1: [OwnName("email", ANN)], 2: [OwnName("email", "bob@example.com")]}
    house.ask_back_without_a_reason()
    (why,) = lately.of(named).values()
    assert "理由がありません" in why
    assert "判定と理由を一緒に入力" in why
    house.time.forward(minutes=1)
    house.accept()
    assert lately.of(named) == {}


def test_show_finds_somebody_by_the_id_of_a_record_in_either_system(house: Posting) -> None:
    """She was heard of by her address alone; both records bear it."""
    contact = house.hubspot.seed("contacts", {"email": ANN})
    lead = house.salesforce.seed("Lead", {"email": ANN})
    house.resync()
    for record in (contact, f" {lead} "):
        assert told("show", record)["stage"] == "mql"


def test_nobody_is_told_apart_from_somebody(house: Posting) -> None:
    """Exit code 1, and the name that was asked for."""
    answer = run("show", "bob@example.com")
    assert (answer.exit_code, "bob@example.com" in answer.stderr) == (1, True)


def test_who_is_known_and_no_lead_is_told_what_that_takes(house: Posting) -> None:
    """A raised hand of somebody without a company does not get lost without a word."""
    house.store.resolve([Identity(email="bob@example.com")])
    answer = run("show", "bob@example.com")
    assert (answer.exit_code, "a company in HubSpot or Salesforce" in answer.stderr) == (1, True)


def test_list_tells_who_stands_where_whoever_moved_last_first(house: Posting) -> None:
    """All from MQL on, with owners and counts; of a stage that is asked for only those."""
    house.accept()
    house.time.forward(minutes=1)
    house.hand("bob@example.com")
    answer = run("list").stdout
    assert answer.index("bob@example.com") < answer.index(ANN)
    assert "All of them: MQL 1, SAL 1" in answer
    listed = json.loads(run("list", "--json", "--stage", "sal").stdout)
    assert [(one["person"], one["owner"]) for one in listed] == [(ANN, SELLER)]
    assert run("list", "--stage", "customer").stdout == "Nobody stands there yet.\n"


def test_time_limits_are_called_by_their_names(house: Posting) -> None:
    """Not by the words of the definition's file, in either language."""
    assert "accept or send back" in run("overdue", "--offline").stdout
    assert "受諾・差し戻しの判定" in run("show", ANN, lang="ja").stdout


def test_show_tells_what_holds_somebody_now(house: Posting) -> None:
    """Which guard, which condition of which rule and what is known of it; for programs under `held`."""
    house.store.resolve([Identity(email="bob@example.com")])
    answer = run("show", "bob@example.com")
    assert answer.exit_code == 1
    for words in (
        'What holds them before "MQL" now:',
        "This needs a valid address or phone number, and a company.",
        "Rule hand_raise lacks: hard_event is filled (now unknown)",
        "gate.core_known >= 2 (now 0)",
    ):
        assert words in answer.stdout
    held = told("show", "bob@example.com")["held"]
    assert held["to"] == "mql"
    assert [one["code"] for one in held["by"]] == ["no_evidence", "not_qualified", "gate"]
    score = next(one for one in held["rules"] if one["rule"] == "score")
    assert {"condition": "fit >= 40", "known": {"fit": None}} in score["conditions"]
    japanese = run("show", "bob@example.com", lang="ja").stdout
    assert "へ進めない理由" in japanese
    assert "ルール hand_raise の不足" in japanese
    assert run("show", "bob@example.com", "--offline").stdout == ""


def test_show_says_whose_the_next_step_is(house: Posting) -> None:
    """An MQL waits for nothing but a verdict."""
    assert "but the seller's decision" in run("show", ANN).stdout
    found = told("show", ANN)
    assert (found["held"]["waits_for_sales"], found["held"]["by"]) == (True, [])
    assert told("show", ANN, "--offline")["held"] is None


def test_show_says_that_a_system_does_not_answer(
    house: Posting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything that is on file is shown all the same."""

    def away(*_: object) -> None:
        raise TryLater("away", system="hubspot", after=1.0)

    monkeypatch.setattr(Acquaintance, "look", away)
    answer = run("show", ANN)
    assert answer.exit_code == 0
    assert "hubspot does not answer" in answer.stdout
    assert (told("show", ANN)["held"], told("show", ANN)["unasked"]) == (None, "hubspot")


def test_who_does_not_want_to_be_followed_is_told_apart_from_nobody(house: Posting) -> None:
    """By a keyed hash: nothing else is on file."""
    house.withdrawer.withdraw([Wish(Identity(email=ANN), ("tracking",))])
    answer = run("show", ANN)
    assert (answer.exit_code, "does not want to be followed" in answer.stderr) == (1, True)


def test_overdue_lists_what_lies_open_and_says_so_by_its_exit_code(house: Posting) -> None:
    """Passed limits, leads nobody looks after, letters that reached nobody."""
    letter = Errand("morning:x", "morning", "bob@example.com", house.time())
    house.handoff.store.put_letters([letter])
    house.handoff.store.end(letter, "status_404", datetime.now(UTC))
    answer = run("overdue", "--offline")
    assert answer.exit_code == 1
    for words in ("Over their time", "Nobody looks after", "status_404", ANN):
        assert words in answer.stdout
    found = told("overdue", "--offline")
    assert [one["clock"] for one in found["overdue"]] == ["verdict"]
    assert [one["person"] for one in found["orphans"]] == [ANN]


def test_overdue_says_of_whoever_was_deleted_where(house: Posting, tmp_path: Path) -> None:
    """With a reason, and not among those who are late: nobody can work a record that is not there."""
    copy_samples(tmp_path / "mappings", {"people": "people-with-handoff"})
    house.hubspot.seed("contacts", {"email": ANN})
    lead = house.salesforce.seed("Lead", {"email": ANN})
    house.resync()
    house.salesforce.remove("Lead", lead)
    house.news(System.SALESFORCE, "Lead", lead)
    found = told("overdue", "--offline")
    assert [(one["why"], one["deleted_in"]) for one in found["orphans"]] == [
        ("deleted", ["salesforce"])
    ]
    assert found["overdue"] == []
    assert "the record was deleted or merged in Salesforce" in run("overdue", "--offline").stdout
    assert "削除、または統合されています" in run("overdue", "--offline", lang="ja").stdout


def test_nothing_open_is_exit_code_0(
    house: Posting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lead that was handed over just now waits for nobody too long."""
    url = f"sqlite:///{tmp_path}/other.db"
    monkeypatch.setenv("KAKEHASHI_DATABASE_URL", url)
    other = Posting(url)
    other.time.now = datetime.now(UTC)
    other.agree()
    other.hand()
    answer = run("overdue", "--offline")
    assert (answer.exit_code, answer.stdout) == (0, "Nothing lies open.\n")


def test_a_note_is_shown_and_sent_when_asked_for(
    house: Posting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seller's morning, and the week of both heads, each to both."""
    assert "Left lying: 1" in run("notes", "--for", SELLER).stdout
    assert "放置 1 件" in run("notes", "--for", SELLER, lang="ja").stdout
    assert run("notes", "--for", "bob@example.com").exit_code == 1
    assert "Hand-offs" in told("notes", "--for", "heads")["subject"]
    assert run("notes", "--for", SELLER, "--send").exit_code == 1
    with mail_server() as box:
        by_mail(monkeypatch, box)
        assert run("notes", "--for", SELLER, "--send").exit_code == 0
        assert run("notes", "--for", "heads", "--send").exit_code == 0
        notes = [str(one["To"]) for one in box.mails if "Overdue" not in str(one["Subject"])]
    assert {SELLER, "marketing@example.com"} <= set(notes)


def test_in_observe_mode_letters_are_held_and_it_is_said(
    house: Posting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A note that is asked for is not sent either."""
    monkeypatch.setenv("KAKEHASHI_MODE", "observe")
    with mail_server() as box:
        by_mail(monkeypatch, box)
        answer = run("notes", "--for", SELLER, "--send")
        assert (answer.exit_code, "Letters are held" in answer.stderr) == (1, True)
        assert box.mails == []
    assert (
        "Letters that are held while KAKEHASHI_MODE is observe: 1"
        in run("overdue", "--offline").stdout
    )
    assert told("overdue", "--offline")["held"] == 1


def by_mail(monkeypatch: pytest.MonkeyPatch, box: Mailbox) -> None:
    monkeypatch.setenv("KAKEHASHI_HANDOFF__MAIL_FROM", "bridge@example.com")
    monkeypatch.setenv("KAKEHASHI_HANDOFF__MAIL_SMTP_URL", f"smtp://localhost:{box.port}")


def test_check_says_when_nobody_is_told_or_letters_have_no_links(
    house: Posting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A warning, and no fault: hand-offs work without letters."""
    copy_definitions(tmp_path / "definitions")
    copy_samples(tmp_path / "mappings", {"people": "people-with-handoff"})
    # The file stands alone: it speaks of companies.
    copy_mappings(tmp_path / "mappings")

    def warned() -> str:
        answer = CliRunner().invoke(kakehashi, ["check", "--offline"], catch_exceptions=False)
        assert answer.exit_code == 0
        return answer.stderr

    assert "Nobody is told of leads" in warned()
    by_mail(monkeypatch, Mailbox(port=25))
    assert "carry no links" in warned()
    monkeypatch.setenv("KAKEHASHI_HANDOFF__SECRET", "practice")
    monkeypatch.setenv("KAKEHASHI_WEB__PUBLIC_URL", "https://bridge.example.com")
    assert warned() == ""
    monkeypatch.setenv("KAKEHASHI_MODE", "observe")
    assert "Letters are held" in warned()
