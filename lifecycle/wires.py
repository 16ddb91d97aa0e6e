"""A letter as mail, and as the JSON that incoming webhooks of Slack and Teams take. Pure.

Nothing of a letter is read as markup by whoever shows it: names and comments come from strangers.

* Mail is plain text; a subject is one line.
* Slack reads ``&``, ``<`` and ``>`` as controls in every text object, and as those only when they are not
  escaped (https://api.slack.com/reference/surfaces/formatting). Texts are `plain_text`, which knows no other
  markup, of at most 3000 signs, a header's 150
  (https://docs.slack.dev/reference/block-kit/composition-objects/text-object). Links are in one `mrkdwn` text
  of ours with ``verbatim``, since a button of Slack's asks the sender for an answer although it has an
  address, and a webhook gives none. At most 50 blocks.
* Teams takes a message with an Adaptive Card as its attachment, of 28 KB
  (https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using).
  `TextBlock` knows Markdown, so everything is a `TextRun`, which does not
  (https://learn.microsoft.com/adaptive-cards/schema-explorer/text-run). ``{{DATE(…)}}`` would be filled in by
  the reader (https://learn.microsoft.com/adaptive-cards/authoring-cards/text-features), so braces in pairs
  are set apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import orjson

from lifecycle.wording import MORE, Letter, Link, Part, clean

SLACK_TEXT, SLACK_HEADER, SLACK_BLOCKS = 3_000, 150, 50
TEAMS_BYTES: Final = 28_000
# Longer ones are cut by mail programs, at a place of their choice.
LONGEST_SUBJECT: Final = 200
CARD_TYPE: Final = "application/vnd.microsoft.card.adaptive"


class Mail(NamedTuple):
    """A mail without its envelope: plain text in any language."""

    subject: str
    text: str


def mail(letter: Letter) -> Mail:
    """The letter as plain text, its links below."""
    blocks = ["\n".join([*_heading(part), *map(_line, part.lines)]) for part in letter.parts]
    links = "\n".join(f"{_line(one.label)}: {one.url}" for one in letter.links)
    text = "\n\n".join([*blocks, links] if links else blocks)
    return Mail(clean(letter.subject, LONGEST_SUBJECT), text + "\n")


def slack(letter: Letter) -> dict[str, Any]:
    """The body for an incoming webhook of Slack, or of anything that speaks its language."""
    subject = clean(letter.subject, LONGEST_SUBJECT)
    blocks = [
        {"type": "header", "text": _plain(subject, SLACK_HEADER)},
        *(
            {
                "type": "section",
                "text": _plain("\n".join([*_heading(part), *part.lines]), SLACK_TEXT),
            }
            for part in letter.parts
        ),
    ]
    kept = blocks[: SLACK_BLOCKS - 1]
    links = _slack_links(letter.links)
    if links:
        text = {"type": "mrkdwn", "text": links, "verbatim": True}
        kept.append({"type": "section", "text": text})
    return {"text": _fit(subject, SLACK_TEXT, _escaped), "blocks": kept}


def teams(letter: Letter) -> dict[str, Any]:
    """The body for a Teams workflow that waits for a webhook; lines that are too many for it are left out."""
    body = list(_teams_body(letter))
    actions = [
        {"type": "Action.OpenUrl", "title": one.label, "url": one.url} for one in letter.links
    ]
    while len(orjson.dumps(_card(body, actions))) > TEAMS_BYTES and (actions or len(body) > 1):
        # The first links are the verdict; what is told last is what matters least.
        if len(body) > 2:
            body = [*body[:-2], _run(MORE)]
        else:
            actions = actions[:-1]
    return _card(body, actions)


def _heading(part: Part) -> Iterator[str]:
    if part.title:
        yield f"■ {_line(part.title)}"


def _line(text: str) -> str:
    """One line stays one, whatever it is made of."""
    return " ".join(text.split())


# Slack -----------------------------------------------------------------------------------------------


def _plain(text: str, longest: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": _fit(text, longest, _escaped), "emoji": False}


def _escaped(sign: str) -> str:
    return {"&": "&amp;", "<": "&lt;", ">": "&gt;"}.get(sign, sign)


def _fit(text: str, longest: int, escape: Callable[[str], str]) -> str:
    """The text as it is written down, cut between two signs and never inside of an escape."""
    whole = [escape(sign) for sign in text]
    if sum(map(len, whole)) <= longest:
        return "".join(whole)
    while sum(map(len, whole)) > longest - len(MORE):
        whole.pop()
    return "".join(whole) + MORE


def _slack_links(links: tuple[Link, ...]) -> str:
    """As many links as there is room for; a label has no sign in it that ends a link."""
    found = ""
    for one in links:
        label = _fit(_line(one.label).replace("|", "/"), SLACK_HEADER, _escaped)
        address = "".join(map(_escaped, one.url)).replace("|", "%7C")
        line = f"<{address}|{label}>\n"
        if len(found) + len(line) > SLACK_TEXT:
            break
        found += line
    return found.rstrip("\n")


# Teams -----------------------------------------------------------------------------------------------


def _teams_body(letter: Letter) -> Iterator[dict[str, Any]]:
    yield _run(clean(letter.subject, LONGEST_SUBJECT), size="Large", weight="Bolder")
    for part in letter.parts:
        if part.title:
            yield _run(part.title, weight="Bolder")
        for line in part.lines:
            yield _run(line)


def _run(text: str, **looks: str) -> dict[str, Any]:
    run = {
        "type": "TextRun",
        "text": _line(text).replace("{{", "{ {").replace("}}", "} }"),
        **looks,
    }
    return {"type": "RichTextBlock", "inlines": [run]}


def _card(body: list[dict[str, Any]], actions: list[dict[str, str]]) -> dict[str, Any]:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "body": body,
        "actions": actions,
    }
    attachment = {"contentType": CARD_TYPE, "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}
