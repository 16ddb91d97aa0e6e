"""`intent explain` (or `show`): why a score is what it is, down to the events that it is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

import click

from console.detail import need_detail, note_look
from console.language import Language, say
from console.session import Session, command
from intent import cards, explain
from intent.cards import Known, Member
from intent.definition import Definition
from intent.hygiene import clean_email
from intent.identity import company_domain, corporate_number
from intent.load import definition_of
from intent.model import Card, Contribution, Subject, SurgeStanding, millis, moment
from intent.port import OtherDefinition
from intent.score import Part, family_sums, parts, share_of
from intent.store import SqlIntentStore
from sync.glancing import Glance
from sync.interest import intent_store

# How much of the evidence is shown.
SHOWN = 20


class Picture(NamedTuple):
    """All that is known of somebody at one instant; `members` and `surges` are those of an account."""

    definition: Definition
    now: datetime
    card: Card
    told: Card | None
    evidence: Sequence[Contribution]
    zone: tzinfo
    members: Sequence[Member] = ()
    surges: Mapping[str, SurgeStanding] = {}
    # What the families add to the score; none of an account, whose people do.
    parts: Sequence[Part] = ()

    @property
    def shares(self) -> tuple[explain.Share, ...]:
        """What each kind of event adds before caps, the most first."""
        return explain.shares(self.definition, self.evidence, millis(self.now), self.zone)


@command("explain")
@click.argument("who", metavar="ACCOUNT|EMAIL")
@click.option("--detail", is_flag=True, help="Single events too; needs the role, and is on record.")
def explain_(session: Session, who: str, *, detail: bool) -> int:
    """Why the score of a company (domain or corporate number) or of a person is what it is.

    Score, band, topics, sentences, what adds how much, who of a company, and its surges.
    """
    bridge = session.standing()
    if detail:
        need_detail(session, bridge.settings.intent.detail)
    store = intent_store(bridge.ledger)
    subject = found(store, who)
    if subject is None:
        return nobody(session, who)
    definition = definition_of(session.folder)
    try:
        picture = _picture(store, subject, definition, bridge.clock(), bridge.settings.zone)
    except OtherDefinition:
        session.output.error(say("intent.rebuilding", session.output.lang))
        return 1
    if detail:
        note_look(bridge.ledger, subject, bridge.clock())
    if session.output.json:
        session.output.document(_document(picture, detail=detail))
    else:
        _show(session, picture, detail=detail)
    return 0


def found(store: SqlIntentStore, who: str) -> Subject | None:
    """Whom an address, a domain or a corporate number stands for."""
    if "@" in who:
        kind, value = "email", clean_email(who)
    elif (number := corporate_number(who)) is not None:
        kind, value = "corporate_number", number
    else:
        kind, value = "company_domain", company_domain(who)
    return None if value is None else store.subjects_by(kind, [value]).get(value)


def nobody(session: Session, who: str) -> int:
    """Say that nothing is on file."""
    if session.output.json:
        session.output.document(None)
    else:
        session.output.say("intent.nobody", who=who)
    return 1


def _picture(
    store: SqlIntentStore, subject: Subject, definition: Definition, now: datetime, zone: tzinfo
) -> Picture:
    glance = Glance.at(store, definition, [subject], now)
    states, evidence = glance.states(subject), glance.evidence(subject)
    sums = parts(definition, family_sums(definition, states, millis(now)))
    told = store.told([subject]).get(subject)
    known = Known(subject, states, evidence, fit=None if told is None else told.fit)
    if subject.kind != "account":
        company = glance.accounts.get(subject)
        if company is not None:
            known = known._replace(
                since=glance.since(company),
                others=glance.colleagues(subject),
                surge=glance.surge(company).told,
            )
        card = cards.card_of(definition, known, now, zone)
        return Picture(definition, now, card, told, evidence, zone, parts=sums)
    # As the next look at the account would find it; nothing is remembered of this one.
    seen = glance.surge(subject)
    card = cards.card_of(definition, known._replace(surge=seen.told, since=seen.since), now, zone)
    members = cards.members_of(definition, states, millis(now))
    surges = {topic: one for topic, one in seen.kept.items() if one is not None}
    return Picture(definition, now, card, told, evidence, zone, members, surges)


def _document(picture: Picture, *, detail: bool) -> dict[str, Any]:
    """Single events and their instants stand in it only where they may be shown."""
    card, told = picture.card, picture.told
    document: dict[str, Any] = {
        "subject": {"kind": card.subject.kind, "key": card.subject.key},
        "now": card_json(card),
        "told": None if told is None else card_json(told),
        "shares": [
            {
                "topic": one.topic,
                "type": one.type,
                "points": one.points,
                "times": len(one.event_ids),
                "days": one.days,
                "first": _day(one.first),
                "last": _day(one.last),
            }
            for one in picture.shares
        ],
        "families": [one._asdict() for one in picture.parts],
        "members": [_member_json(picture.definition, one) for one in picture.members],
        "surges": [
            {
                "topic": topic or None,
                "since": one.since.isoformat(),
                "surprise": one.surprise,
                "is_over": one.is_over,
            }
            for topic, one in picture.surges.items()
        ],
    }
    if detail:
        document["evidence"] = [
            {**one._asdict(), "at": _time(one.at)} for one in picture.evidence[:SHOWN]
        ]
    return document


def _member_json(definition: Definition, one: Member) -> dict[str, Any]:
    return {
        "kind": one.subject.kind,
        "key": one.subject.key,
        "engagement": one.engaged,
        "adds": _adds(definition, one),
        "latest": _day(one.latest),
    }


def _adds(definition: Definition, one: Member) -> float:
    """What somebody adds to the score of the account."""
    rule = definition.account
    if one.subject.kind == "person":
        return share_of(rule, one.engaged)
    return rule.anonymous_share * one.engaged


def card_json(card: Card) -> dict[str, Any]:
    """A card as JSON values."""
    names = ("engagement", "fit", "band", "surge", "active_persons", "definition")
    reasons = tuple(
        f"reason_{kind}_{lang}" for kind in ("internal", "outward") for lang in ("ja", "en")
    )
    return {
        **{name: getattr(card, name) for name in (*names, *reasons)},
        "topics": dict(card.topics),
        "at": card.at.isoformat(),
        "last_at": None if card.last_at is None else card.last_at.isoformat(),
        "surge_at": None if card.surge_at is None else card.surge_at.isoformat(),
    }


def _show(session: Session, picture: Picture, *, detail: bool) -> None:
    output, lang = session.output, session.output.lang
    card, told = picture.card, picture.told
    output.say("intent.score", score=card.engagement, band=card.band)
    if told is None:
        output.say("intent.not_told")
    else:
        at = told.at.isoformat(timespec="minutes")
        output.say("intent.told", score=told.engagement, band=told.band, at=at)
    for text in (
        # Exactly what both systems hold, where they were told.
        getattr(told or card, f"reason_internal_{lang}"),
        getattr(told or card, f"reason_outward_{lang}"),
    ):
        if text is not None:
            output.line(text)
    for name, columns, rows in _tables(picture, lang):
        if rows and (detail or name != "evidence"):
            heads = [say(f"intent.column.{one}", lang) for one in columns]
            output.table(say(f"intent.table.{name}", lang), heads, rows)


def _tables(
    picture: Picture, lang: Language
) -> list[tuple[str, tuple[str, ...], Sequence[Sequence[object]]]]:
    """The name, the columns and the rows of each table."""

    def topic(name: str) -> str:
        known = picture.definition.topics.get(name)
        return name if known is None else known.label_ja if lang == "ja" else known.label_en

    return [
        (
            "topics",
            ("topic", "points"),
            [(topic(name), f"{points:.0f}") for name, points in picture.card.topics],
        ),
        (
            "shares",
            ("type", "topic", "points", "events", "days", "last"),
            [
                (s.type, topic(s.topic), f"{s.points:.1f}", len(s.event_ids), s.days, _day(s.last))
                for s in picture.shares
            ],
        ),
        (
            "families",
            ("family", "points", "cap", "adds"),
            [
                (one.family, f"{one.points:.1f}", f"{one.cap:.0f}", f"{one.adds:.1f}")
                for one in picture.parts
                if one.points
            ],
        ),
        (
            "members",
            ("who", "engagement", "adds", "last"),
            [
                (
                    f"{one.subject.kind} {one.subject.key}",
                    f"{one.engaged:.1f}",
                    f"{_adds(picture.definition, one):.1f}",
                    _day(one.latest),
                )
                for one in picture.members
            ],
        ),
        (
            "surges",
            ("topic", "since", "over"),
            [
                (
                    topic(name) or say("intent.altogether", lang),
                    one.since.isoformat(timespec="minutes"),
                    "x" if one.is_over else "",
                )
                for name, one in picture.surges.items()
            ],
        ),
        (
            "evidence",
            ("at", "type", "topic", "points", "page", "event"),
            [
                (_time(one.at), one.type, topic(one.topic), one.points, one.page, one.event_id)
                for one in picture.evidence[:SHOWN]
            ],
        ),
    ]


def _time(at: int) -> str:
    return moment(at).isoformat(timespec="seconds")


def _day(at: int) -> str:
    return moment(at).date().isoformat()
