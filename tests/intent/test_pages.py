"""A person reviews and labels pages on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from console.topics import topics
from intent.load import SHIPPED, load_definition
from intent.pages import PageTopics, rule_of
from intent.store.pages import PageRoom
from intent.topics import Page
from sync.ledger import Ledger
from tests.contract.pages_suite import AT, COSTS
from tests.sync.bridge import sqlite_url


def test_a_label_reads_as_a_line_of_the_definition() -> None:
    """Paste it, and the definition loads and tells the page by rule."""
    assert rule_of("a.example/Blog/*", "pricing") == '- {path: "/blog/*", topic: pricing}'
    text = SHIPPED.read_text("utf-8").replace(
        "pages:\n", f"pages:\n  {rule_of('a.example/Blog/*', 'pricing')}\n"
    )
    assert load_definition(text).pages[0].path == "/blog/*"


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(topics, words)
    return done.exit_code, done.output


def test_a_person_reviews_and_labels_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list shrinks by what is labelled; a wrong topic is told with the right ones."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("console.topics.meaning_if_installed", lambda: None)
    monkeypatch.setenv("KAKEHASHI_DATABASE_URL", sqlite_url(tmp_path))
    ledger = Ledger.open(sqlite_url(tmp_path))
    PageTopics(PageRoom(ledger.engine), load_definition(SHIPPED)).topics_of(
        [Page("a.example/x", ("謎",)), COSTS], AT
    )
    assert run("--json")[0] == 0
    code, listed = run("--unknown", "--json")
    assert (code, [one["page"] for one in json.loads(listed)]) == (1, ["a.example/x"])
    code, said = run("label", "a.example/x", "prices")
    assert code == 2
    assert "pricing" in said
    code, said = run("label", "a.example/*", "security")
    assert (code, '{path: "/*", topic: security}' in said) == (0, True)
    code, said = run("--unknown")
    assert (code, "Nothing to review" in said) == (0, True)
    assert "security" in run()[1]
    assert run("label", "a.example/*")[0] == 2
    assert run("label", "a.example/*", "--forget")[0] == 0
