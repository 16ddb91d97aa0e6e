"""What people are told of one lead: hand-over, send-back, escalation, what was entered in vain. Pure.

A seller reads topics, counts and the reason sentence, and never a click stream (domain sheet, 5.3). Messages
leave the house by mail and chat, so a sensitive topic is named in none of them: where somebody is interested
in one, the sentence is the one that may be said aloud. How a letter is sent is `lifecycle.wires`' matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from intent.definition import TopicRule
from intent.model import Card
from lifecycle.clocks import Ring, late_by
from lifecycle.definition import Definition
from lifecycle.model import Entry, Evidence, Refusal, RefusalCode, Standing
from lifecycle.port import Timer
from lifecycle.refusals import refusal_said, stage_said
from lifecycle.wording import (
    LONGEST_COMMENT,
    LONGEST_SENTENCE,
    Letter,
    Link,
    Part,
    Who,
    at_time,
    clean,
    day_of,
    lasting,
    link,
    on_day,
    reason_said,
    say,
)
from mappings.faults import Language

# What becomes of what was entered, where the lead does not simply stay where it was.
ELSEWHERE: Final[Mapping[RefusalCode, str]] = {
    "two_wishes": "refused.beside",
    "further_record": "refused.further",
    "not_followed": "refused.ended",
}
# The same of what was entered in a further record, to which nothing is written.
IN_A_FURTHER_RECORD: Final[Mapping[str, str]] = {
    "refused.stays": "refused.stays_beside",
    "refused.beside": "refused.beside_further",
    "refused.ended": "refused.ended_beside",
}


class Links(NamedTuple):
    """Addresses for a verdict (`lifecycle.tickets`); None where it is not to be given by a link."""

    accept: str | None = None
    send_back: str | None = None


class HandOver(NamedTuple):
    """Everything that a seller is told of a lead. `missing`: keys of questions that nobody has answered.

    `due_at`: until when a verdict is awaited. `topics` are those of the definition of interest.
    """

    who: Who
    standing: Standing
    evidence: Evidence
    card: Card | None = None
    topics: Mapping[str, TopicRule] = {}
    missing: tuple[str, ...] = ()
    due_at: datetime | None = None
    links: Links = Links()
    # Whose place they take at their company.
    instead: Standing | None = None


def hand_over(definition: Definition, lead: HandOver, language: Language) -> Letter:
    """The card of a lead, for whom it is handed to."""
    who = lead.who.shown(language)
    is_back = lead.standing.is_returned
    return Letter(
        say("hand_over.returned" if is_back else "hand_over.subject", language, who=who),
        tuple(
            part
            for part in (
                Part(None, tuple(_intro(definition, lead, language))),
                Part(say("hand_over.why", language), tuple(_why(definition, lead, language))),
                Part(say("hand_over.before", language), tuple(_before(definition, lead, language))),
                Part(say("hand_over.missing", language), _missing(definition, lead, language)),
                Part(say("hand_over.aloud", language), _aloud(lead, language)),
            )
            if part.lines
        ),
        tuple(_verdict_links(lead, language)),
        language,
    )


def send_back(
    definition: Definition, who: Who, entry: Entry, standing: Standing, language: Language
) -> Letter:
    """Why a lead is back, for marketing. `entry` is the send-back, `standing` where it led."""
    reason = reason_said(definition, entry.reason, language)
    is_out = standing.stage.value == "disqualified"
    lines = [
        say("send_back.reason", language, reason=reason),
        *_said(entry, language),
        say(
            "send_back.by",
            language,
            by=clean(entry.actor),
            at=at_time(definition, entry.entered_at, language),
        ),
    ]
    lines += (
        [say("send_back.out", language)] if is_out else [*_next(definition, standing, language)]
    )
    found = definition.reasons.get(entry.reason or "")
    if is_out and found is not None and found.kind == "suppress":
        lines.append(say("send_back.suppress", language))
    return Letter(
        say("send_back.subject", language, who=who.shown(language), reason=reason),
        (Part(None, tuple(lines)),),
        tuple(_record(who, language)),
        language,
    )


def refused(definition: Definition, who: Who, refusal: Refusal, language: Language) -> Letter:
    """Why what somebody entered was put back, and what helps; for whoever entered it."""
    request = refusal.request
    lines = [say("refused.entered", language, at=at_time(definition, request.at, language))]
    # What says nothing asks for no other stage.
    if request.to is not refusal.stood:
        lines.append(say("refused.asked", language, asked=stage_said(request.to, language)))
    if request.reason is not None:
        reason = reason_said(definition, request.reason, language)
        lines.append(say("send_back.reason", language, reason=reason))
    lines.append(_stays(refusal, language))
    return Letter(
        say("refused.subject", language, who=who.shown(language)),
        (
            Part(None, tuple(lines)),
            Part(say("refused.why", language), (refusal_said(refusal, definition, language),)),
            Part(say("refused.do", language), (help_said(refusal, language),)),
        ),
        tuple(_record(who, language)),
        language,
    )


def _stays(refusal: Refusal, language: Language) -> str:
    """Where the lead is; beside a verdict that verdict has the say, and a further record is left alone."""
    kind = ELSEWHERE.get(refusal.code, "refused.stays")
    if refusal.request.is_further:
        kind = IN_A_FURTHER_RECORD.get(kind, kind)
    return say(kind, language, stood=stage_said(refusal.stood, language))


def let_go(who: Who, language: Language) -> Letter:
    """That a hand-off has ended since somebody forbade to be followed; nothing that was known of them."""
    lines = tuple(say(f"let_go.{name}", language) for name in ("why", "ended", "stays"))
    subject = say("let_go.subject", language, who=who.shown(language))
    return Letter(subject, (Part(None, lines),), tuple(_record(who, language)), language)


def help_said(refusal: Refusal, language: Language) -> str:
    """What whoever was refused can do."""
    return say(f"refused.help.{refusal.code}", language)


def escalation(
    definition: Definition,
    who: Who,
    timer: Timer,
    ring: Ring,
    now: datetime,
    language: Language,
    *,
    is_taken: bool = False,
) -> Letter:
    """That a clock comes to its end or is over it, for whom the step is meant.

    `is_taken`: the lead was asked back with this step, although the ring does not say so any more.
    """
    late = late_by(definition, timer, now)
    clock = say(f"clocks.{timer.clock}", language)
    words = {"clock": clock, "who": who.shown(language)}
    state = "late" if late else "soon"
    lines = [
        say("escalation.owner", language, owner=clean(timer.owner)),
        say("escalation.due", language, due=at_time(definition, timer.due_at, language)),
    ]
    if late:
        lines.append(say("escalation.late", language, late=lasting(late, language)))
    if is_taken or ring.ask is not None:
        lines.append(say("escalation.taken", language))
    elif ring.next_at is not None:
        lines.append(
            say("escalation.next", language, at=at_time(definition, ring.next_at, language))
        )
    return Letter(
        say(f"escalation.{state}_subject", language, **words),
        (
            Part(None, (say(f"escalation.{state}_line", language, **words),)),
            Part(None, tuple(lines)),
        ),
        tuple(_record(who, language)),
        language,
    )


# The parts of a hand-over ----------------------------------------------------------------------------


def _intro(definition: Definition, lead: HandOver, language: Language) -> Iterator[str]:
    yield lead.who.shown(language)
    if lead.due_at is not None:
        yield say("hand_over.due", language, due=at_time(definition, lead.due_at, language))
    yield say("hand_over.definition", language, definition=lead.standing.definition)


def _why(definition: Definition, lead: HandOver, language: Language) -> Iterator[str]:
    """The sentence, and what it stands on."""
    sentence = sentence_for_seller(lead.card, lead.topics, language)
    if sentence:
        yield sentence
    found = lead.evidence
    if found.hard_at is not None:
        yield say("hand_over.hand", language, at=at_time(definition, found.hard_at, language))
    if found.items:
        yield say("hand_over.evidence", language, items=found.items, days=found.days)
    if found.surge_at is not None:
        yield say("hand_over.surge", language, at=day_of(definition, found.surge_at, language))
    if lead.card is not None and lead.card.band:
        yield say("hand_over.band", language, band=lead.card.band)
    names = topics_named(lead.card, lead.topics, language)
    if names:
        yield say("hand_over.topics", language, topics=say("comma", language).join(names))


def _before(definition: Definition, lead: HandOver, language: Language) -> Iterator[str]:
    """How the last cycle ended: whoever calls should know it."""
    stood = lead.standing
    if lead.instead is not None and lead.instead.recycled_at is not None:
        yield say(
            "hand_over.instead",
            language,
            at=day_of(definition, lead.instead.recycled_at, language),
            reason=reason_said(definition, lead.instead.reason, language),
        )
    if stood.recycled_at is None:
        return
    yield say(
        "hand_over.sent_back",
        language,
        at=day_of(definition, stood.recycled_at, language),
        reason=reason_said(definition, stood.reason, language),
        times=stood.recycle_count,
    )
    if stood.sub_reason:
        yield say("send_back.sub_reason", language, sub_reason=clean(stood.sub_reason))
    if stood.comment:
        yield say("send_back.comment", language, comment=clean(stood.comment, LONGEST_COMMENT))
    if stood.is_returned and stood.trigger is not None:
        yield say("hand_over.back", language, trigger=say(f"triggers.{stood.trigger}", language))


def _missing(definition: Definition, lead: HandOver, language: Language) -> tuple[str, ...]:
    return tuple(
        one.ja if language == "ja" else one.en
        for one in definition.gate.questions
        if one.key in lead.missing
    )


def _aloud(lead: HandOver, language: Language) -> tuple[str, ...]:
    if lead.card is None:
        return ()
    said = lead.card.reason_outward_ja if language == "ja" else lead.card.reason_outward_en
    return (clean(said, LONGEST_SENTENCE),) if said else ()


def _verdict_links(lead: HandOver, language: Language) -> Iterator[Link]:
    if lead.links.accept:
        yield link(say("links.accept", language), lead.links.accept)
    if lead.links.send_back:
        yield link(say("links.send_back", language), lead.links.send_back)
    yield from _record(lead.who, language)


def sentence_for_seller(
    card: Card | None, topics: Mapping[str, TopicRule], language: Language
) -> str | None:
    """Why now, in one sentence; the one that may be said aloud where anything sensitive is among it."""
    if card is None:
        return None
    ja = language == "ja"
    inside = card.reason_internal_ja if ja else card.reason_internal_en
    aloud = card.reason_outward_ja if ja else card.reason_outward_en
    secret = [one for one in topics.values() if one.sensitive]
    is_told = any(word in (inside or "") for one in secret for word in (one.label_ja, one.label_en))
    is_held = any(topic in {one.id for one in secret} for topic, _ in card.topics)
    found = aloud if is_told or is_held else inside or aloud
    # Titles of documents stand in it.
    return clean(found, LONGEST_SENTENCE) if found else None


def topics_named(
    card: Card | None, topics: Mapping[str, TopicRule], language: Language
) -> tuple[str, ...]:
    """The names of the strongest topics; sensitive ones, and those nobody defined, are left out."""
    found = (topics.get(topic) for topic, _ in (card.topics if card else ()))
    return tuple(
        one.label_ja if language == "ja" else one.label_en
        for one in found
        if one is not None and not one.sensitive
    )


# The parts of a send-back ----------------------------------------------------------------------------


def _said(entry: Entry, language: Language) -> Iterator[str]:
    """What the seller wrote, in quotes."""
    if entry.sub_reason:
        yield say("send_back.sub_reason", language, sub_reason=clean(entry.sub_reason))
    if entry.comment:
        yield say("send_back.comment", language, comment=clean(entry.comment, LONGEST_COMMENT))


def _next(definition: Definition, standing: Standing, language: Language) -> Iterator[str]:
    """When they may be looked at again, and how often they have been here."""
    if standing.reactivate_on is not None:
        yield say("send_back.review", language, day=on_day(standing.reactivate_on, language))
    if standing.cool_until is not None:
        yield say(
            "send_back.rests", language, day=day_of(definition, standing.cool_until, language)
        )
    if standing.recycle_count:
        most = definition.coming.most
        yield say("send_back.times", language, times=standing.recycle_count, most=most)


def _record(who: Who, language: Language) -> Iterator[Link]:
    if who.url:
        yield link(say("links.record", language), who.url)
