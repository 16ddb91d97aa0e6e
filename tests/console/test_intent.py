"""`kakehashi intent`: what is on file about somebody, for people and programs, and how to be rid of it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner, Result

from console.cli import kakehashi
from console.detail import login_name
from intent.cards import Known, card_of
from intent.load import SHIPPED, load_definition
from intent.model import Event, Identity
from sync.holding import Holder
from sync.install import copy_mappings
from sync.interest import intent_store
from sync.ledger import Ledger

ANN = "ann@example.co.jp"
DEFINITION = load_definition(SHIPPED)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder in which Ann asked for a call."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KAKEHASHI_DATABASE_URL", f"sqlite:///{tmp_path}/ledger.db")
    copy_mappings(tmp_path / "mappings")
    now = datetime.now(UTC)
    store = intent_store(Ledger.open(f"sqlite:///{tmp_path}/ledger.db"))
    event = Event(
        event_id="e1",
        type="form_submit_handraise",
        occurred_at=now,
        received_at=now,
        told_at=now,
        identity=Identity(email=ANN),
        source="server",
        topic="pricing",
    )
    store.take_in([event])
    store.score_some(DEFINITION, now, part=0, parts=1)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(kakehashi, ["intent", *words])


def test_show_tells_score_topics_and_evidence(folder: Path) -> None:
    """Of the person, and of the company behind the address; nobody else is known."""
    told = json.loads(run("show", ANN, "--json").stdout)
    assert told["now"]["band"] == "C2"
    assert told["now"]["topics"].keys() == {"pricing"}
    assert told["told"] is None
    [share] = told["shares"]
    assert (share["type"], share["times"], share["days"]) == ("form_submit_handraise", 1, 1)
    assert "form_submit_handraise" in run("show", ANN).stdout
    assert json.loads(run("show", "example.co.jp", "--json").stdout)["subject"]["kind"] == "account"
    unknown = run("show", "bob@example.co.jp")
    assert (unknown.exit_code, "bob@example.co.jp" in unknown.stdout) == (1, True)


def test_single_events_are_for_whoever_is_in_the_role(folder: Path) -> None:
    """Whoever is not is told what would let them in, and sees neither events nor instants without it."""
    refused = run("show", ANN, "--detail")
    assert (refused.exit_code, "KAKEHASHI_INTENT__DETAIL" in refused.output) == (2, True)
    assert json.loads(run("looks", "--json").stdout) == []
    plain = run("show", ANN, "--json").stdout
    assert "evidence" not in json.loads(plain)
    assert '"e1"' not in plain


def test_each_look_at_single_events_is_on_record(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who, when and whom; by our own name of the person, and by what the operating system says of who."""
    monkeypatch.setenv("KAKEHASHI_INTENT__DETAIL", f"somebody, {login_name()}")
    monkeypatch.setenv("LOGNAME", "somebody")
    told = json.loads(run("show", ANN, "--detail", "--json").stdout)
    assert [one["event_id"] for one in told["evidence"]] == ["e1"]
    assert "e1" in run("show", ANN, "--detail").stdout
    looks = json.loads(run("looks", "--json").stdout)
    whom = f"person:{told['subject']['key']}"
    assert [(one["who"], one["whom"]) for one in looks] == [(login_name(), whom)] * 2
    assert ANN not in run("looks").stdout


def test_a_company_is_explained_down_to_its_people_and_events(folder: Path) -> None:
    """By exact shares that add up to the sums; `show` is the same, by a shorter name."""
    told = json.loads(run("explain", "example.co.jp", "--json").stdout)
    assert [(one["type"], one["times"]) for one in told["shares"]] == [("form_submit_handraise", 1)]
    [ann] = told["members"]
    assert (ann["kind"], round(ann["engagement"])) == ("person", 29)
    assert round(ann["adds"]) == told["now"]["engagement"]
    assert told["surges"] == []
    assert json.loads(run("show", "example.co.jp", "--json").stdout).keys() == told.keys()
    shown = run("explain", "example.co.jp").stdout
    assert "What adds up" in shown
    assert "form_submit_handraise" in shown
    assert run("explain", "nobody.example").exit_code == 1


def test_the_sentences_shown_are_those_that_both_systems_were_told(folder: Path) -> None:
    """Word for word, whatever a look of this moment would say; the parts add up to the score."""
    store = intent_store(Ledger.open(f"sqlite:///{folder}/ledger.db"))
    now = datetime.now(UTC)
    [subject] = store.subjects_by("email", [ANN]).values()
    known = Known(subject, store.states([subject], DEFINITION), [])
    card = replace(card_of(DEFINITION, known, now), reason_internal_en="As it was told.")
    store.tell([card], {}, now)
    shown = run("explain", ANN).stdout
    assert "As it was told." in shown
    assert "asked to be contacted" not in shown
    assert "How it adds up" in shown
    found = json.loads(run("explain", ANN, "--json").stdout)
    assert round(sum(one["adds"] for one in found["families"])) == found["now"]["engagement"]
    assert "asked to be contacted" in found["now"]["reason_internal_en"]


def test_replay_makes_all_scores_anew_by_the_file_as_it_is_now(folder: Path) -> None:
    """An edit that no worker has taken yet; again without one changes nothing."""
    score = json.loads(run("show", ANN, "--json").stdout)["now"]["engagement"]
    text = SHIPPED.read_text("utf-8").replace("{points: 40, family", "{points: 5, family")
    (folder / "intent.yaml").write_text(text, "utf-8")
    assert "replay" not in run("explain", ANN).stdout
    assert run("explain", ANN).exit_code == 1
    for _ in range(2):
        done = run("replay", "--json")
        assert (done.exit_code, json.loads(done.stdout)) == (0, {"definition": "1", "sums": 1})
    now = json.loads(run("explain", ANN, "--json").stdout)["now"]["engagement"]
    assert (score, now) == (29, 5)
    assert "made anew" in run("replay").stdout


def test_replay_gives_way_to_a_worker_that_is_at_it(folder: Path) -> None:
    """And says so."""
    ledger = Ledger.open(f"sqlite:///{folder}/ledger.db")
    holder = Holder(ledger, lambda: datetime.now(UTC), host="elsewhere")
    with holder.lease("intent:rebuild"):
        busy = run("replay")
    assert (busy.exit_code, "made anew by the workers" in busy.stderr) == (1, True)


def test_the_half_life_is_tuned_on_the_people_on_file(folder: Path) -> None:
    """Without a file; with one its columns have to be named."""
    assert "no events to learn" in run("tune-half-life").output
    assert "--subject" in run("tune-half-life", str(SHIPPED)).output
    now, dice = datetime.now(UTC), Random(5)
    store = intent_store(Ledger.open(f"sqlite:///{folder}/ledger.db"))
    visits = [
        Event(
            event_id=f"p{n}:{day}",
            type="page_view",
            occurred_at=now - timedelta(days=day),
            received_at=now,
            told_at=now,
            identity=Identity(email=f"p{n}@example.com"),
            source="server",
            page="/",
        )
        for n in range(120)
        for day in range(1, 90)
        if dice.random() < n / 800
    ]
    store.take_in(visits)
    while store.score_some(DEFINITION, now, part=0, parts=1):
        pass
    done = run("tune-half-life", "--cuts", "2", "--half-life", "14", "--json")
    assert json.loads(done.stdout)["mean_auc"]["half-life 14 d"] > 0.6


def test_status_tells_what_waits_and_how_long_what_is_kept(folder: Path) -> None:
    """And that no mapping writes it anywhere yet."""
    told = json.loads(run("status", "--json").stdout)
    assert told["unscored"] == 0
    assert told["keeping_days"]["events"] == DEFINITION.keeping.events
    assert told["written_by"] == []
    assert "people-with-intent.yaml" in run("status").stdout


def test_a_retracted_event_counts_no_more(folder: Path) -> None:
    """Once; the second time there is nothing to take out."""
    assert run("retract", "e1", "--why", "test").exit_code == 0
    assert json.loads(run("show", ANN, "--json").stdout)["now"]["engagement"] == 0
    assert run("retract", "e1").exit_code == 1


def test_forget_asks_before_it_erases(folder: Path) -> None:
    """Nobody to ask and no `--yes`: nothing is done."""
    assert run("forget", ANN).exit_code != 0
    assert run("show", ANN).exit_code == 0
    assert run("forget", ANN, "--yes").exit_code == 0
    assert run("show", ANN).exit_code == 1


def test_a_wish_to_be_forgotten_hangs_on_no_file(folder: Path) -> None:
    """Definition and mappings are broken: nobody can be scored now, and everybody can be forgotten."""
    for name in ("intent.yaml", "mappings/people.yaml"):
        (folder / name).write_text("version: [", encoding="utf-8")
    assert run("show", ANN).exit_code != 0
    assert run("forget", ANN, "--yes").exit_code == 0
    (folder / "intent.yaml").unlink()
    assert run("show", ANN).exit_code == 1


def test_the_notice_is_ready_for_the_site(folder: Path) -> None:
    """With the name of whoever answers for it."""
    words = (
        "--name",
        "Acme",
        "--contact",
        "privacy@example.co.jp",
        "--collector",
        "t.example.co.jp",
    )
    assert "Acme" in run("notice", *words).stdout


@pytest.mark.parametrize(
    "words",
    [("show", ANN), ("status",), ("retract", "e1"), ("forget", ANN, "--yes"), ("replay",)],
    ids=lambda words: words[0],
)
def test_a_folder_without_a_store_is_told_and_gets_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """Somebody stands in a wrong folder: that nobody is known there would be no answer."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KAKEHASHI_DATABASE_URL", raising=False)
    told = run(*words)
    assert told.exit_code == 2
    assert str(tmp_path / "var" / "kakehashi.db") in told.output
    assert not (tmp_path / "var").exists()
