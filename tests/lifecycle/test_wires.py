"""A letter as mail, for Slack and for Teams: nothing in it is markup, and everything fits."""

from __future__ import annotations

import html
import json
import re
from email.message import EmailMessage
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.letters import hand_over
from lifecycle.wires import SLACK_BLOCKS, SLACK_TEXT, TEAMS_BYTES, mail, slack, teams
from lifecycle.wording import Letter, Link, Part, Who
from tests.lifecycle.letter_builders import ACCEPT, BACK, EVIL, RECORD, SHARED, lead, returned

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
