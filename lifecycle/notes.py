"""What is told regularly: a seller's morning, and the week for both heads, who read the same figures. Pure.

A seller's list is as long as a day is (`Definition.a_list`); what is left lying (放置) stands above it, and
the rest stays where it is. Every figure of the week carries what it is a share of, its period and the
definition it goes by; a share of nothing is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from intent.definition import TopicRule
from intent.model import Card
from lifecycle.clocks import SALES_CLOCKS, Attainment, late_by, status
from lifecycle.definition import Definition
from lifecycle.letters import sentence_for_seller
from lifecycle.model import Standing
from lifecycle.port import Timer
from lifecycle.rates import Rate
from lifecycle.wording import (
    Letter,
    Link,
    Part,
    Who,
    at_time,
    day_of,
    lasting,
    link,
    on_day,
    reason_said,
    say,
)
from mappings.faults import Language

# What is left lying is told up to here; the rest is a number.
MOST_LATE = 20
LAST_BAND = "Z9"


class Lead(NamedTuple):
    """One lead of a seller: who it is, where it stands, its clocks that run, and its card."""

    who: Who
    standing: Standing
    timers: tuple[Timer, ...] = ()
    card: Card | None = None


class Week(NamedTuple):
    """What happened between two days (both included). `accepted` to `open` are of the `mqls`.

    `returned`: how many of them had been sent back before. `reasons`: how often each was given. `orphans`:
    leads without an owner or a clock, or twice over their time.
    """

    first: date
    last: date
    mqls: int
    accepted: int
    sent_back: int
    not_worked: int
    open: int
    returned: int
    reasons: Mapping[str, int]
    first_touch: Attainment
    verdict: Attainment
    write_back: Attainment
    orphans: int


def morning(
    definition: Definition,
    leads: Sequence[Lead],
    now: datetime,
    language: Language,
    *,
    topics: Mapping[str, TopicRule] = {},
) -> Letter:
    """A seller's morning: what is left lying, the list for today, and how many wait beyond it."""
    late = sorted(
        (lead for lead in leads if _most_late(definition, lead, now)),
        key=lambda lead: _most_late(definition, lead, now),
        reverse=True,
    )
    others = sorted((lead for lead in leads if lead not in late), key=_priority)
    today = others[: max(definition.a_list - len(late), 0)]
    words = {"late": len(late), "today": len(today), "rest": len(others) - len(today)}
    parts = [Part(None, (say("morning.counts", language, **words),))]
    if late:
        lines = [_late_line(definition, one, now, language) for one in late[:MOST_LATE]]
        if len(late) > MOST_LATE:
            lines.append(say("morning.more", language, count=len(late) - MOST_LATE))
        parts.append(Part(say("morning.late", language), tuple(lines)))
    if today:
        numbered = enumerate(today, 1)
        found = [_today_line(definition, n, one, topics, language) for n, one in numbered]
        parts.append(Part(say("morning.today", language), tuple(found)))
    day = day_of(definition, now, language)
    subject = say("morning.subject", language, day=day, **words)
    links = tuple(_links(late[:MOST_LATE], today, language))
    return Letter(subject, tuple(parts), links, language)


def weekly(definition: Definition, week: Week, language: Language) -> Letter:
    """The week for both heads: the same letter, to the byte."""
    first, last = on_day(week.first, language), on_day(week.last, language)
    period = say("weekly.period", language, first=first, last=last, definition=definition.name)
    return Letter(
        say("weekly.subject", language, first=first, last=last),
        (
            Part(None, (period,)),
            Part(say("weekly.hand_over", language), tuple(_flow(week, language))),
            Part(say("weekly.reasons", language), tuple(_reasons(definition, week, language))),
            Part(say("weekly.clocks", language), tuple(_kept(week, language))),
        ),
        language=language,
    )


# The morning -----------------------------------------------------------------------------------------


def _most_late(definition: Definition, lead: Lead, now: datetime) -> timedelta:
    """By how much the latest of its clocks that sales has to keep is over; nothing while none is."""
    return max((late_by(definition, one, now) for one in _over(lead, now)), default=timedelta(0))


def _over(lead: Lead, now: datetime) -> list[Timer]:
    own = [one for one in lead.timers if one.clock in SALES_CLOCKS]
    return [one for one in own if status(one, now) == "overdue"]


def _priority(lead: Lead) -> tuple[bool, str, str, float, str]:
    """Raised hands first, by when they are due; then the band, then the points."""
    band = lead.card.band if lead.card and lead.card.band else LAST_BAND
    points = lead.card.engagement if lead.card else 0.0
    hands = [one.due_at for one in lead.timers if one.clock == "first_touch"]
    due = min(hands).isoformat() if hands else ""
    return (not hands, due, band, -points, lead.standing.subject.key)


def _late_line(definition: Definition, lead: Lead, now: datetime, language: Language) -> str:
    worst = max(_over(lead, now), key=lambda one: late_by(definition, one, now))
    return say(
        "morning.late_line",
        language,
        who=lead.who.shown(language),
        clock=say(f"clocks.{worst.clock}", language),
        late=lasting(late_by(definition, worst, now), language),
    )


def _today_line(
    definition: Definition,
    number: int,
    lead: Lead,
    topics: Mapping[str, TopicRule],
    language: Language,
) -> str:
    sentence = sentence_for_seller(lead.card, topics, language)
    due = min((one.due_at for one in lead.timers), default=None)
    return say(
        "morning.today_line",
        language,
        number=number,
        who=lead.who.shown(language),
        band=(lead.card.band if lead.card else None) or say("no_band", language),
        sentence=sentence or say("no_sentence", language),
        due=at_time(definition, due, language) if due else say("no_due", language),
    )


def _links(late: Sequence[Lead], today: Sequence[Lead], language: Language) -> Iterator[Link]:
    for lead in (*late, *today):
        if lead.who.url:
            yield link(lead.who.shown(language), lead.who.url)


# The week --------------------------------------------------------------------------------------------


def _flow(week: Week, language: Language) -> Iterator[str]:
    yield say("weekly.mqls", language, count=week.mqls, returned=week.returned)
    for key in ("accepted", "sent_back", "not_worked", "open"):
        yield _of(key, getattr(week, key), week.mqls, language)


def _reasons(definition: Definition, week: Week, language: Language) -> Iterator[str]:
    total = sum(week.reasons.values())
    for code, count in sorted(week.reasons.items(), key=lambda one: (-one[1], one[0])):
        reason = reason_said(definition, code, language)
        found = definition.reasons.get(code)
        blames = say("weekly.blames", language) if found is not None and found.blames else ""
        share = _share(count, total, language)
        yield say(
            "weekly.reason",
            language,
            reason=reason,
            count=count,
            of=total,
            share=share,
            blames=blames,
        )
    if not total:
        yield say("weekly.no_reasons", language)


def _kept(week: Week, language: Language) -> Iterator[str]:
    """Those that are still open and late are among what was missed."""
    for clock in ("first_touch", "verdict", "write_back"):
        found: Attainment = getattr(week, clock)
        decided = found.met + found.missed
        yield say(
            "weekly.kept",
            language,
            clock=say(f"clocks.{clock}", language),
            met=found.met,
            of=decided,
            share=_share(found.met, decided, language),
            open=found.open,
        )
    yield say("weekly.orphans", language, count=week.orphans)


def _of(key: str, count: int, of: int, language: Language) -> str:
    return say(f"weekly.{key}", language, count=count, of=of, share=_share(count, of, language))


def _share(count: int, of: int, language: Language) -> str:
    """A share with where it may lie; below thirty cases the counts say all that there is to say."""
    rate = Rate(count, of)
    if rate.value is None or rate.interval is None:
        return say("no_share", language)
    low, high = rate.interval
    return say(
        "share",
        language,
        share=round(100 * rate.value),
        low=round(100 * low),
        high=round(100 * high),
    )
