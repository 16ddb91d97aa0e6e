"""Cards of people and accounts, out of their sums, their evidence and their fit. Pure.

A card holds whole points: what both systems are told is then the same number, whatever decimals their fields
keep, and it is the number that stands on file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import blake2b
from typing import NamedTuple

from intent import explain, score
from intent.decay import NOTHING, State, merge, rank
from intent.definition import Definition
from intent.model import Card, Contribution, Millis, StateKey, Subject, millis, moment
from intent.surge import Surge

# When to look again at what only fades. A band falls at a time that is known; the last points go slowly.
FADES, SURGES = timedelta(days=7), timedelta(days=1)

# Scores are told in whole points, and so is the band: half a point below a threshold is none yet.
ROUNDING = 0.5


class Known(NamedTuple):
    """Everything that a card is made of. `evidence` is that of the subject, newest first.

    `last_at`: when somebody last showed interest, where that is longer ago than the evidence reaches back.
    `others`: the evidence of each other person of a person's account. `surge` is that of the account,
    `since` when it began; None where it does not surge.
    """

    subject: Subject
    states: Mapping[StateKey, State]
    evidence: Sequence[Contribution]
    fit: float | None = None
    last_at: datetime | None = None
    others: Sequence[Sequence[Contribution]] = ()
    surge: Surge | None = None
    since: datetime | None = None


class Member(NamedTuple):
    """How engaged one of those is who make up an account, and when that last grew."""

    subject: Subject
    engaged: float
    latest: Millis


def members_of(
    definition: Definition, states: Mapping[StateKey, State], now: Millis
) -> tuple[Member, ...]:
    """Everybody among these sums, the most engaged first."""
    theirs: dict[Subject, dict[StateKey, State]] = defaultdict(dict)
    for key, state in states.items():
        theirs[key.subject][key] = state
    found = [
        Member(
            subject,
            score.engagement(definition, score.family_sums(definition, held, now)),
            max(state.at for state in held.values()),
        )
        for subject, held in theirs.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.engaged, one.subject)))


def card_of(definition: Definition, known: Known, at: datetime, zone: tzinfo = UTC) -> Card:
    """The card of a person, a visitor or an account at an instant."""
    now, subject = millis(at), known.subject
    whole = _account(definition, known, now) if subject.kind == "account" else None
    engaged = _engaged(definition, known, now) if whole is None else whole.score
    topics = score.topic_scores(definition, known.states, now)
    inside = explain.internal(
        definition, known.evidence, now, others=known.others, surge=known.surge, zone=zone
    )
    kind = subject.kind
    aloud = explain.outward(definition, known.evidence, now, kind=kind, zone=zone)
    engaged = float(round(engaged))
    fit = None if known.fit is None else float(round(known.fit))
    return Card(
        subject=subject,
        at=at,
        engagement=engaged,
        fit=fit,
        band=score.band(definition.bands, fit, engaged),
        topics=tuple((name, float(round(points))) for name, points in topics if round(points) > 0),
        last_at=_last(definition, known.evidence, now) or known.last_at,
        surge=known.since is not None,
        surge_at=known.since,
        reason_internal_ja=None if inside is None else inside.text_ja,
        reason_internal_en=None if inside is None else inside.text_en,
        reason_outward_ja=None if aloud is None else aloud.text_ja,
        reason_outward_en=None if aloud is None else aloud.text_en,
        active_persons=None if whole is None else whole.active,
        definition=definition.version,
        mark=mark_of(definition, known.states),
        raised=raised_in(definition, known.evidence),
    )


def mark_of(definition: Definition, states: Mapping[StateKey, State]) -> str:
    """A short text that changes with what happened, and neither by fading nor with the order of things.

    A sum of one half-life has the same rank at any instant (`decay.rank`); six decimals of it tell less than
    a millionth of a sum apart, and are above what additions in another order make of it.
    """
    sums: dict[tuple[str, str], State] = {}
    for key, state in sorted(states.items()):
        family, place = definition.families.get(key.family), (key.topic, key.family)
        if family is not None:
            sums[place] = merge(sums.get(place, NOTHING), state, family.half_life)
    ranks = (
        f"{topic}|{family}|{rank(state, definition.families[family].half_life):.6f}"
        for (topic, family), state in sorted(sums.items())
        if state.value > 0
    )
    return blake2b("\n".join(ranks).encode(), digest_size=8).hexdigest()


def raised_in(definition: Definition, evidence: Sequence[Contribution]) -> tuple[str, ...]:
    """The ids of the hand-raises among this evidence."""
    return tuple(
        one.event_id
        for one in evidence
        if (kind := definition.kinds.get(one.type)) is not None and kind.hard
    )


def look_again(definition: Definition, known: Known, card: Card, at: datetime) -> datetime | None:
    """When the card may have changed although nothing happened; None: there is nothing left to fade."""
    if card.engagement <= 0 and not card.topics and not card.surge:
        return None
    if card.subject.kind == "account":
        return at + SURGES
    falls = score.falls(definition, known.states, millis(at), ROUNDING)
    return at + FADES if falls is None else min(moment(falls), at + FADES)


def is_hard(definition: Definition, evidence: Sequence[Contribution], told: Card | None) -> bool:
    """Whether somebody raised a hand that the card told last does not know of, whenever that was.

    A card of old did not keep which it knows of: hands that were raised since its last sign of interest.
    """
    raised = set(raised_in(definition, evidence))
    if told is None or told.raised is not None:
        return bool(raised - set(told.raised or () if told is not None else ()))
    after = 0 if told.last_at is None else millis(told.last_at)
    return any(one.at > after for one in evidence if one.event_id in raised)


def _engaged(definition: Definition, known: Known, now: Millis) -> float:
    return score.engagement(definition, score.family_sums(definition, known.states, now))


def _account(definition: Definition, known: Known, now: Millis) -> score.AccountScore:
    """Its people by themselves; everybody else who came from there is anonymous."""
    members = members_of(definition, known.states, now)
    people = [one for one in members if one.subject.kind == "person"]
    within = definition.account.active_within
    return score.account(
        definition.account,
        [one.engaged for one in people],
        sum(one.engaged for one in members if one.subject.kind != "person"),
        lately=[now - one.latest <= within for one in people],
    )


def _last(definition: Definition, evidence: Sequence[Contribution], now: Millis) -> datetime | None:
    """When somebody last showed interest; looking for a job is none. A sender's clock may be ahead."""
    shown = (
        one.at
        for one in evidence
        if (family := definition.families.get(one.family)) is not None and not family.negative
    )
    latest = max(shown, default=None)
    return None if latest is None else moment(min(latest, now))
