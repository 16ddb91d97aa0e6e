"""How letters say things: sentences of the catalogue, days and times, and words that strangers wrote. Pure.

Names, companies and comments come from forms that anybody can fill in. What is put into a letter of them is
one line, holds no sign that steers how text is shown, and no address that a mail program would make a link
of: nobody shall be able to write a line of ours. The sentences stand in `messages/letters.yaml`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

from lifecycle.definition import Definition
from mappings.faults import Language

TEXTS: Final = Path(__file__).parent / "messages" / "letters.yaml"
LONGEST_NAME, LONGEST_SENTENCE, LONGEST_COMMENT = 80, 400, 500
MORE: Final = "…"
# Controls, formatting signs (that turn the direction of text, among others), line and paragraph ends.
STEERING: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# What a mail program makes a link of, although nobody wrote one.
ADDRESS: Final = re.compile(r"(?<=[a-z])://|\bwww(?=\.)|\.(?=[a-z]{2,24}/)", re.IGNORECASE)


class BadLink(ValueError):
    """An address that is put under a button is no web address: correct the setting it comes from."""


class Link(NamedTuple):
    """An address of ours, and what stands on its button."""

    label: str
    url: str


class Part(NamedTuple):
    """Lines that belong together, under a heading where there is one."""

    title: str | None
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """What somebody is told, in their language, before it takes the form of any way of telling."""

    subject: str
    parts: tuple[Part, ...]
    links: tuple[Link, ...] = ()
    # In which it says that there is more of it than fits.
    language: Language = "en"


class Who(NamedTuple):
    """Whom a letter is about, as both systems call them; `url` is where their record is seen."""

    name: str
    company: str | None = None
    url: str | None = None

    def shown(self, language: Language) -> str:
        """Name and company in one."""
        name = clean(self.name) or say("somebody", language)
        if not self.company:
            return name
        return say("who", language, name=name, company=clean(self.company))


def clean(text: str, longest: int = LONGEST_NAME) -> str:
    """What a stranger wrote, as one line that steers nothing and links nowhere."""
    whole = "".join(
        " " if unicodedata.category(sign) in STEERING else sign
        for sign in unicodedata.normalize("NFC", text)
    )
    line = ADDRESS.sub(lambda found: f"[{found[0]}]", " ".join(whole.split()))
    return line if len(line) <= longest else line[: longest - 1].rstrip() + MORE


def link(label: str, url: str) -> Link:
    """A button. Raises `BadLink` for what is no http(s) address in one piece."""
    parts = urlsplit(url)
    is_whole = not any(unicodedata.category(sign) in STEERING or sign.isspace() for sign in url)
    if parts.scheme not in ("https", "http") or not parts.netloc or not is_whole:
        raise BadLink(f"{label!r} leads to no web address")
    return Link(label, url)


def say(key: str, language: Language, **words: object) -> str:
    """A sentence of the catalogue; what fills it is never looked at for slots."""
    found: Any = texts()
    for step in key.split("."):
        found = found[step]
    return str(found[language]).format(**words)


def on_day(day: date, language: Language) -> str:
    """A day as people say it."""
    weekday = texts()["weekdays"][language][day.weekday()]
    month = texts()["months"][language][day.month - 1]
    return say("day", language, year=day.year, month=month, day=day.day, weekday=weekday)


def at_time(definition: Definition, at: datetime, language: Language) -> str:
    """An instant as people say it, in the zone in which they work."""
    local = at.astimezone(ZoneInfo(definition.calendar.zone))
    return say(
        "time",
        language,
        day=on_day(local.date(), language),
        time=f"{local:%H:%M}",
        zone=definition.calendar.zone,
    )


def day_of(definition: Definition, at: datetime, language: Language) -> str:
    """The day of an instant in the zone in which people work."""
    return on_day(at.astimezone(ZoneInfo(definition.calendar.zone)).date(), language)


def lasting(time: timedelta, language: Language) -> str:
    """Hours and minutes of working time; less than a minute is one."""
    whole = max(time // timedelta(minutes=1), 1)
    hours, minutes = divmod(whole, 60)
    key = "lasting.hours" if hours else "lasting.minutes"
    return say(key, language, hours=hours, minutes=minutes)


def reason_said(definition: Definition, code: str | None, language: Language) -> str:
    """A reason as people call it; one that the definition does not know any more keeps its code."""
    found = definition.reasons.get(code or "")
    if found is None:
        return clean(code) if code else say("no_reason", language)
    return found.ja if language == "ja" else found.en


@cache
def texts() -> dict[str, Any]:
    """Every sentence, in both languages."""
    found: dict[str, Any] = YAML(typ="safe").load(TEXTS.read_text("utf-8"))
    return found
