"""A letter as mail, for Slack and for Teams: nothing in it is markup, and everything fits."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.letters import hand_over
from lifecycle.notes import Lead, morning
from lifecycle.wires import SLACK_BLOCKS, SLACK_TEXT, TEAMS_BYTES, mail, slack, teams
from lifecycle.wording import Letter, Link, Part, Who
from mappings.faults import Language
from tests.lifecycle.letter_builders import (
    ACCEPT,
    BACK,
    EVIL,
    NOW,
    RECORD,
    SHARED,
    card,
    lead,
    returned,
    standing,
)

PLAIN = hand_over(SHARED, lead(), "ja")
HOSTILE = hand_over(
    SHARED, lead(who=Who(EVIL, EVIL, RECORD), standing=returned(comment=EVIL)), "en"
)


def runs(body: dict[str, Any]) -> list[str]:
    """Every text of a card, as it is shown."""
    card = body["attachments"][0]["content"]
    return [run["text"] for block in card["body"] for run in block["inlines"]]


def texts(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [block["text"] for block in body["blocks"]]


# Mail ---------------------------------------------------------------------------------------------


def test_a_mail_is_plain_text_with_its_links_below() -> None:
    """It goes into a real message as it is."""
    found = mail(PLAIN)
    message = EmailMessage()
    message["Subject"] = found.subject
    message.set_content(found.text)
    assert message["Subject"] == "【引き渡し】アクメ株式会社 山田 花子 様"
    assert found.text.endswith(f"受諾する: {ACCEPT}\n再育成へ戻す: {BACK}\nCRM で開く: {RECORD}\n")
    assert "■ いま連絡する理由\n直近14日で" in found.text


def test_nobody_writes_a_header_or_a_link_of_ours_into_a_mail() -> None:
    """By a name, a company or a comment."""
    found = mail(HOSTILE)
    assert "\n" not in found.subject
    assert not re.search(r"^Bcc", found.text, re.MULTILINE)
    assert re.findall(r"https?://\S+", found.text) == [ACCEPT, BACK, RECORD]


def test_a_letter_without_links_ends_with_what_it_says() -> None:
    """No empty lines, and no heading of nothing."""
    assert mail(Letter("s", (Part(None, ("a", "b")),))).text == "a\nb\n"


# Slack --------------------------------------------------------------------------------------------


def test_slack_gets_a_text_for_the_notification_and_blocks_for_the_eye() -> None:
    """Texts are plain; the only markup is our own links."""
    body = slack(PLAIN)
    assert body["text"] == PLAIN.subject
    assert body["blocks"][0]["type"] == "header"
    assert {one["type"] for one in texts(body)[:-1]} == {"plain_text"}
    assert texts(body)[-1] == {
        "type": "mrkdwn",
        "verbatim": True,
        "text": f"<{ACCEPT}|受諾する>\n<{BACK}|再育成へ戻す>\n<{RECORD}|CRM で開く>",
    }


def test_nobody_calls_a_channel_or_hides_a_link_in_slack() -> None:
    """What looks like a control is shown as it was written."""
    body = slack(HOSTILE)
    for one in [body["text"], *(found["text"] for found in texts(body)[:-1])]:
        assert "<" not in one
        assert ">" not in one
    assert "&lt;!channel&gt;" in body["text"]
    links = re.findall(r"<([^|>]+)\|", texts(body)[-1]["text"])
    assert links == [ACCEPT, BACK, RECORD]


SIGNS = st.text(st.sampled_from("a&<>|*_あ{}\n"), max_size=4_000)
LETTERS = st.builds(
    Letter,
    SIGNS,
    st.lists(st.builds(Part, st.none() | SIGNS, st.tuples(SIGNS, SIGNS)), max_size=60).map(tuple),
    st.lists(st.builds(Link, SIGNS, st.just(ACCEPT)), max_size=60).map(tuple),
)


@given(LETTERS)
@settings(max_examples=40)
def test_whatever_is_said_fits_into_slack(letter: Letter) -> None:
    """Cut between two signs; an escape is never cut in two."""
    body = slack(letter)
    assert len(body["blocks"]) <= SLACK_BLOCKS
    for one in texts(body):
        assert len(one["text"]) <= SLACK_TEXT
    for one in texts(body)[: len(texts(body)) - bool(letter.links)]:
        assert re.sub(r"&(amp|lt|gt);", "", one["text"]).count("&") == 0
        assert "<" not in one["text"]
        assert html.unescape(one["text"]) is not None
    assert json.loads(json.dumps(body)) == body


# Teams --------------------------------------------------------------------------------------------


def test_teams_gets_a_message_with_a_card() -> None:
    """Of the version that its text runs need."""
    body = teams(PLAIN)
    [attachment] = body["attachments"]
    card = attachment["content"]
    assert (body["type"], attachment["contentType"]) == (
        "message",
        "application/vnd.microsoft.card.adaptive",
    )
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.2")
    assert [one["url"] for one in card["actions"]] == [ACCEPT, BACK, RECORD]
    assert {one["type"] for one in card["actions"]} == {"Action.OpenUrl"}
    assert runs(body)[0] == PLAIN.subject


def test_nothing_is_read_as_markdown_or_filled_in_by_teams() -> None:
    """No text block, which would; no date of the reader's."""
    body = teams(HOSTILE)
    card = body["attachments"][0]["content"]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    assert {run["type"] for block in card["body"] for run in block["inlines"]} == {"TextRun"}
    assert not any("{{" in text or "}}" in text for text in runs(body))
    assert any("{ {DATE" in text for text in runs(body))


@given(LETTERS)
@settings(max_examples=40)
def test_whatever_is_said_fits_into_teams(letter: Letter) -> None:
    """What comes last is left out first, and the subject never."""
    body = teams(letter)
    assert len(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()) <= TEAMS_BYTES
    assert len(runs(body)) >= 1


# What is left out ---------------------------------------------------------------------------------

# Every line and link can be told from every other one; a letter of a hundred lines does not fit anywhere.
SIZES = st.lists(st.tuples(st.integers(1, 60), st.sampled_from([10, 90, 900])), max_size=70)
LANGUAGES = st.sampled_from(["en", "ja"])
SAID_LINES = {"en": r"… and (\d+) more lines", "ja": r"…ほか (\d+) 行"}
SAID_LINKS = {"en": r"… and (\d+) more links", "ja": r"…ほか (\d+) 件のリンク"}


def long_letter(sizes: list[tuple[int, int]], links: int, language: Language) -> Letter:
    """Parts of so many lines of such a length, and so many links."""
    parts = tuple(
        Part(f"title {p}", tuple(f"line {p}.{n} ".ljust(length, "あ") for n in range(count)))
        for p, (count, length) in enumerate(sizes)
    )
    made = (Link(f"link {n}", f"https://bridge.example.com/t/{n}") for n in range(links))
    return Letter("subject", parts, tuple(made), language)


def count_of(said: str, text: str) -> int:
    """How much is left out, as the letter says it; once at most."""
    found = re.findall(said, text)
    assert len(found) <= 1
    return int(found[0]) if found else 0


@given(SIZES, st.integers(0, 400), LANGUAGES)
@settings(max_examples=30, deadline=None)
def test_slack_is_told_how_much_was_left_out(
    sizes: list[tuple[int, int]], links: int, language: Language
) -> None:
    """What is there and what is said to be missing is all there is; the first of both stay."""
    letter = long_letter(sizes, links, language)
    body = slack(letter)
    text = "\n".join(one["text"] for one in texts(body))
    shown = re.findall(r"^line (\d+\.\d+)", text, re.MULTILINE)
    every = [line.split()[1] for part in letter.parts for line in part.lines]
    assert shown == every[: len(shown)]
    assert len(shown) + count_of(SAID_LINES[language], text) == len(every)
    linked = re.findall(r"\|link (\d+)>", text)
    assert linked == [str(n) for n in range(len(linked))]
    assert len(linked) + count_of(SAID_LINKS[language], text) == links
    assert len(body["blocks"]) <= SLACK_BLOCKS
    assert not any(re.fullmatch(r"■ title \d+", one["text"]) for one in texts(body))


@given(SIZES, st.integers(0, 400), LANGUAGES)
@settings(max_examples=30, deadline=None)
def test_teams_is_told_how_much_was_left_out(
    sizes: list[tuple[int, int]], links: int, language: Language
) -> None:
    """In bytes as they are sent; where there are many links, there are lines beside them all the same."""
    letter = long_letter(sizes, links, language)
    body = teams(letter)
    shown = [one.split()[1] for one in runs(body) if one.startswith("line ")]
    every = [line.split()[1] for part in letter.parts for line in part.lines]
    text = "\n".join(runs(body))
    assert shown == every[: len(shown)]
    assert len(shown) + count_of(SAID_LINES[language], text) == len(every)
    actions = body["attachments"][0]["content"]["actions"]
    assert len(actions) + count_of(SAID_LINKS[language], text) == links
    assert [one["title"] for one in actions] == [f"link {n}" for n in range(len(actions))]
    assert bool(shown) == bool(every)
    assert bool(actions) == bool(links)
    assert len(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()) <= TEAMS_BYTES


def test_a_morning_of_a_thousand_leads_is_cut_in_the_readers_words() -> None:
    """The list may be as long as a definition says; every way takes it, in Japanese and in English."""
    long_list = replace(SHARED, a_list=1_000)
    whos = (Who(f"山田 花子 {n}", "アクメ", f"{RECORD}{n}") for n in range(1_000))
    leads = [Lead(who, standing(), (), card()) for who in whos]
    for language in ("ja", "en"):
        letter = morning(long_list, leads, NOW, language)
        assert count_of(SAID_LINES[language], "\n".join(runs(teams(letter)))) > 0
        assert count_of(SAID_LINKS[language], texts(slack(letter))[-1]["text"]) > 0
