"""A letter as mail, and as the JSON that incoming webhooks of Slack and Teams take. Pure.

Nothing of a letter is read as markup by whoever shows it: names and comments come from strangers.

* Mail is plain text; a subject is one line.
* Slack reads ``&``, ``<`` and ``>`` as controls in every text object, and as those only when they are not
  escaped (https://api.slack.com/reference/surfaces/formatting). Texts are `plain_text`, which knows no other
  markup, of at most 3000 signs, a header's 150
  (https://docs.slack.dev/reference/block-kit/composition-objects/text-object). Links are in one `mrkdwn` text
  of ours with ``verbatim``, since a button of Slack's asks the sender for an answer although it has an
  address, and a webhook gives none. At most 50 blocks
  (https://docs.slack.dev/reference/block-kit/blocks).
* Teams takes a message with an Adaptive Card as its attachment, of 28 KB
  (https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using).
  `TextBlock` knows Markdown, so everything is a `TextRun`, which does not
  (https://learn.microsoft.com/adaptive-cards/schema-explorer/text-run). ``{{DATE(…)}}`` would be filled in by
  the reader (https://learn.microsoft.com/adaptive-cards/authoring-cards/text-features), so braces in pairs
  are set apart.

What does not fit is left out from the end, and the letter says how much that is: the first links are the
verdict, and what is told last matters least.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import orjson

from lifecycle.wording import MORE, Letter, Link, Part, clean, say

SLACK_TEXT, SLACK_HEADER, SLACK_BLOCKS = 3_000, 150, 50
TEAMS_BYTES: Final = 28_000
# Of a card that is too large, its links take no more than this, so that lines stay beside them.
TEAMS_LINKS: Final = TEAMS_BYTES // 2
# Longer ones are cut by mail programs, at a place of their choice.
LONGEST_SUBJECT: Final = 200
CARD_TYPE: Final = "application/vnd.microsoft.card.adaptive"


class Mail(NamedTuple):
    """A mail without its envelope: plain text in any language."""

    subject: str
    text: str


class Row(NamedTuple):
    """One line of a letter as it is laid out. `part` counts the parts; a title goes with what is below it."""

    text: str
    part: int
    is_title: bool = False


def mail(letter: Letter) -> Mail:
    """The letter as plain text, its links below."""
    blocks = ["\n".join([*_heading(part), *map(_line, part.lines)]) for part in letter.parts]
    links = "\n".join(f"{_line(one.label)}: {one.url}" for one in letter.links)
    text = "\n\n".join([*blocks, links] if links else blocks)
    return Mail(clean(letter.subject, LONGEST_SUBJECT), text + "\n")


def plain(letter: Letter, longest: int) -> str:
    """The lines of a letter as one text of at most so many signs; a line break counts as two of them."""
    rows = _fitting(letter, lambda rows: sum(map(len, _lines(rows))) + 2 * len(rows) <= longest)
    return "\n".join(_lines(rows))


def slack(letter: Letter) -> dict[str, Any]:
    """The body for an incoming webhook of Slack, or of anything that speaks its language."""
    subject = clean(letter.subject, LONGEST_SUBJECT)
    links = _slack_links(letter)
    room = SLACK_BLOCKS - 1 - bool(links)
    rows = _fitting(letter, lambda rows: len(list(_sections(rows))) <= room)
    blocks = [
        {"type": "header", "text": _plain(subject, SLACK_HEADER)},
        *({"type": "section", "text": _plain(text, SLACK_TEXT)} for text in _sections(rows)),
    ]
    if links:
        text = {"type": "mrkdwn", "text": links, "verbatim": True}
        blocks.append({"type": "section", "text": text})
    return {"text": _fit(subject, SLACK_TEXT, _escaped), "blocks": blocks}


def teams(letter: Letter) -> dict[str, Any]:
    """The body for a Teams workflow that waits for a webhook."""
    rows, links = list(_rows(letter)), len(letter.links)
    if _size(_card(letter, rows, links)) > TEAMS_BYTES:
        links = _most(links, lambda n: _size(_card(letter, [], n)) <= TEAMS_LINKS)
        rows = _fitting(letter, lambda rows: _size(_card(letter, rows, links)) <= TEAMS_BYTES)
    return _card(letter, rows, links)


# What fits -------------------------------------------------------------------------------------------


def _rows(letter: Letter) -> Iterator[Row]:
    for number, part in enumerate(letter.parts):
        if part.title:
            yield Row(_line(part.title), number, is_title=True)
        for line in part.lines:
            yield Row(_line(line), number)


def _fitting(letter: Letter, fits: Callable[[Sequence[Row]], bool]) -> list[Row]:
    """As many rows from the first one as fit; where that is not all of them, the last says how many more."""
    rows = list(_rows(letter))
    if fits(rows):
        return rows
    return _cut(letter, rows, _most(len(rows), lambda n: fits(_cut(letter, rows, n))))


def _cut(letter: Letter, rows: Sequence[Row], kept: int) -> list[Row]:
    # A title of nothing tells nothing.
    while kept and rows[kept - 1].is_title:
        kept -= 1
    left = sum(not one.is_title for one in rows[kept:])
    said = say("more.lines", letter.language, count=left)
    return [*rows[:kept], *([Row(said, len(letter.parts))] if left else [])]


def _most(up_to: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to this one that fits; what fits, fits with less, and nothing always does."""
    least = 0
    while least < up_to:
        middle = (least + up_to + 1) // 2
        if fits(middle):
            least = middle
        else:
            up_to = middle - 1
    return least


def _lines(rows: Sequence[Row]) -> list[str]:
    return [f"■ {row.text}" if row.is_title else row.text for row in rows]


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


def _sections(rows: Sequence[Row]) -> Iterator[str]:
    """The texts of as many sections as it takes: one for each part, or several where a part is long."""
    text, size, part = "", 0, -1
    for row, line in zip(rows, _lines(rows), strict=True):
        length = sum(len(_escaped(sign)) for sign in line) + 1
        if row.part != part or size + length > SLACK_TEXT:
            if text:
                yield text
            text, size, part = line, length, row.part
        else:
            text, size = f"{text}\n{line}", size + length
    if text:
        yield text


def _slack_links(letter: Letter) -> str:
    """As many links as there is room for, and how many more there are."""
    lines = [_slack_link(one) for one in letter.links]

    def of(kept: int) -> str:
        left = len(lines) - kept
        more = [say("more.links", letter.language, count=left)] if left else []
        return "\n".join([*lines[:kept], *more])

    return of(_most(len(lines), lambda n: len(of(n)) <= SLACK_TEXT))


def _slack_link(link: Link) -> str:
    """A label has no sign in it that ends a link."""
    label = _fit(_line(link.label).replace("|", "/"), SLACK_HEADER, _escaped)
    address = "".join(map(_escaped, link.url)).replace("|", "%7C")
    return f"<{address}|{label}>"


# Teams -----------------------------------------------------------------------------------------------


def _card(letter: Letter, rows: Sequence[Row], links: int) -> dict[str, Any]:
    """A message with a card of these rows and so many links, which says how many more links there are."""
    left = len(letter.links) - links
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "body": [
            _run(clean(letter.subject, LONGEST_SUBJECT), size="Large", weight="Bolder"),
            *(_run(one.text, **({"weight": "Bolder"} if one.is_title else {})) for one in rows),
            *([_run(say("more.links", letter.language, count=left))] if left else []),
        ],
        "actions": [
            {"type": "Action.OpenUrl", "title": one.label, "url": one.url}
            for one in letter.links[:links]
        ],
    }
    attachment = {"contentType": CARD_TYPE, "contentUrl": None, "content": content}
    return {"type": "message", "attachments": [attachment]}


def _size(body: dict[str, Any]) -> int:
    """Bytes on the wire (`sync.outward.Hook`)."""
    return len(orjson.dumps(body))


def _run(text: str, **looks: str) -> dict[str, Any]:
    run = {
        "type": "TextRun",
        "text": _line(text).replace("{{", "{ {").replace("}}", "} }"),
        **looks,
    }
    return {"type": "RichTextBlock", "inlines": [run]}
