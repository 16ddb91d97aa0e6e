"""Why a score is what it is: exact shares, a sentence for the seller, and one that may be said aloud. Pure.

Scores are sums, so what each event adds is exact: w * 2^(-(t - t_i) / h). The internal sentence tells the
strongest groups of events that make up most of the score. The outward one names a topic, or a document that
the person knows to have asked for, and nothing that would tell how closely somebody was watched (domain
sheet, section 3.9).

A topic is named only on the ground of several events on several days, or of a hand-raise; a sensitive one
never outward. An event that has lost nine tenths of its worth is no ground any more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, tzinfo
from math import ceil, log2
from typing import NamedTuple

from intent.decay import State, read
from intent.definition import Definition
from intent.model import DAY, UNKNOWN, Contribution, Millis, SubjectKind, moment
from intent.phrases import (
    OTHER,
    Clause,
    Reason,
    Slot,
    joined,
    phrase_of,
    quotable,
    speakable,
    told,
    variants,
)
from intent.surge import SHORT, Surge

# The sentence tells at most so many groups, and says so where they make up less of the score than this.
MOST_GROUPS = 3
ENOUGH = 0.6
# What has less of its worth left is told no more.
FADED = 0.1
DOCUMENT = "download"


class Share(NamedTuple):
    """What the events of one topic and type add to a score, before caps; below zero: what they take off."""

    topic: str
    type: str
    points: float
    event_ids: tuple[str, ...]
    days: int
    first: Millis
    last: Millis


def shares(
    definition: Definition, evidence: Sequence[Contribution], at: Millis, zone: tzinfo = UTC
) -> tuple[Share, ...]:
    """The exact shares of a score, the largest first. They add up to the sums of its families."""
    groups: dict[tuple[str, str], list[Contribution]] = defaultdict(list)
    for one in evidence:
        if one.family in definition.families:
            groups[one.topic, one.type].append(one)
    found = [
        Share(
            topic,
            event_type,
            sum(_signed(definition, one, at) for one in group),
            tuple(one.event_id for one in group),
            _days(group, zone),
            min(one.at for one in group),
            max(one.at for one in group),
        )
        for (topic, event_type), group in groups.items()
    ]
    return tuple(sorted(found, key=lambda share: (-share.points, share.topic, share.type)))


def internal(
    definition: Definition,
    evidence: Sequence[Contribution],
    at: Millis,
    *,
    others: Sequence[Sequence[Contribution]] = (),
    surge: Surge | None = None,
    zone: tzinfo = UTC,
) -> Reason | None:
    """The sentence for the seller; None where nothing grounded can be said.

    `others`: the evidence of each other person of the account. `surge`: what the last look at the account
    found. Days are those of the business time zone.
    """
    fresh = _fresh(definition, evidence, at)
    groups = _strongest(definition, _with_grounded_topics(definition, fresh, zone), at)
    if not groups:
        return None
    total = sum(_worth(definition, one, at) for one in evidence if _counts(definition, one))
    chosen = groups[:MOST_GROUPS]
    covered = sum(_worth(definition, one, at) for group in chosen for one in group)
    done = [_done(group, zone) for group in chosen]
    frame = Clause(
        ("sentences", "done" if covered >= ENOUGH * total else "done_and_more"),
        (_window([one for group in chosen for one in group], at),),
    )
    active = [found for one in others if (found := _fresh(definition, one, at))]
    company = [
        *_colleagues(definition, active, at, zone),
        *_surge(definition, surge, [fresh, *active], at),
    ]
    return _reason(definition, frame, done, company)


def outward(
    definition: Definition,
    evidence: Sequence[Contribution],
    at: Millis,
    *,
    kind: SubjectKind = "person",
    zone: tzinfo = UTC,
) -> Reason | None:
    """The sentence that may be said to the person; None where there is none.

    It holds the name of a topic, or the title of a document, and nothing else of what is on file. For an
    `account` no document is named: whoever is spoken to may not be the one who asked for it.
    """
    fresh = _fresh(definition, evidence, at)
    worth: dict[str, float] = defaultdict(float)
    for one in _with_grounded_topics(definition, fresh, zone):
        if one.topic != UNKNOWN and not definition.topics[one.topic].sensitive:
            worth[one.topic] += _worth(definition, one, at)
    if worth:
        topic = min(worth, key=lambda name: (-worth[name], name))
        slot = Slot("topic", topic, _ids(one for one in fresh if one.topic == topic))
        return _reason(definition, Clause(("sentences", "outward_topic"), (slot,)))
    return None if kind == "account" else _thanks(definition, fresh)


def _thanks(definition: Definition, fresh: Sequence[Contribution]) -> Reason | None:
    """For the document asked for last, by its title where that may be said."""
    documents = [
        one
        for one in fresh
        if phrase_of(one.type) == DOCUMENT and not _is_sensitive(definition, one.topic)
    ]
    if not documents:
        return None
    newest = max(documents, key=lambda one: (one.at, one.event_id))
    title = speakable(newest.title)
    if title is None:
        return _reason(definition, Clause(("sentences", "outward_document")))
    slot = Slot("title", title, (newest.event_id,))
    return _reason(definition, Clause(("sentences", "outward_titled"), (slot,)))


def _is_sensitive(definition: Definition, topic: str) -> bool:
    return topic in definition.topics and definition.topics[topic].sensitive


def _counts(definition: Definition, one: Contribution) -> bool:
    family = definition.families.get(one.family)
    return family is not None and not family.negative and one.points > 0


def _worth(definition: Definition, one: Contribution, at: Millis) -> float:
    """What is left of an event."""
    return read(State(one.points, one.at), at, definition.families[one.family].half_life)


def _signed(definition: Definition, one: Contribution, at: Millis) -> float:
    worth = _worth(definition, one, at)
    return -worth if definition.families[one.family].negative else worth


def _fresh(
    definition: Definition, evidence: Sequence[Contribution], at: Millis
) -> list[Contribution]:
    """What raises the score and has not faded."""
    return [
        one
        for one in evidence
        if _counts(definition, one)
        and at - one.at <= -log2(FADED) * definition.families[one.family].half_life
    ]


def _with_grounded_topics(
    definition: Definition, fresh: Sequence[Contribution], zone: tzinfo
) -> list[Contribution]:
    """The same events; of topics that must not be named, without their topic."""
    by_topic: dict[str, list[Contribution]] = defaultdict(list)
    for one in fresh:
        by_topic[one.topic].append(one)
    named = {
        topic
        for topic, group in by_topic.items()
        if topic in definition.topics and _grounds(definition, group, zone)
    }
    return [one if one.topic in named else one._replace(topic=UNKNOWN) for one in fresh]


def _grounds(definition: Definition, group: Sequence[Contribution], zone: tzinfo) -> bool:
    """Several events on several days, or a hand-raise."""
    rule = definition.telling
    if any(definition.kinds[one.type].hard for one in group if one.type in definition.kinds):
        return True
    items = {one.event_id for one in group}
    return len(items) >= rule.evidence_items and _days(group, zone) >= rule.evidence_days


def _strongest(
    definition: Definition, events: Iterable[Contribution], at: Millis
) -> list[list[Contribution]]:
    """Events by topic and by how they are told, the strongest group first."""
    groups: dict[tuple[str, str, str], list[Contribution]] = defaultdict(list)
    for one in events:
        phrase = phrase_of(one.type)
        groups[one.topic, phrase, one.type if phrase == OTHER else ""].append(one)
    worth = {
        key: sum(_worth(definition, one, at) for one in group) for key, group in groups.items()
    }
    return [groups[key] for key in sorted(groups, key=lambda key: (-worth[key], key))]


def _done(group: Sequence[Contribution], zone: tzinfo) -> Clause:
    """What somebody did, with everything that the phrase has a slot for."""
    phrase = phrase_of(group[0].type)
    newest = max(group, key=lambda one: (one.at, one.event_id))
    titles = {quotable(one.title) for one in group}
    title = quotable(newest.title)
    ids = _ids(group)
    slots = {
        "topic": Slot("topic", newest.topic, ids),
        "title": Slot("title", title or "", (newest.event_id,)),
        "type": Slot("type", newest.type, ids),
        "days": Slot("days", _days(group, zone), ids),
        "times": Slot("times", len(ids), ids),
    }
    wanted = {"titled": title and len(titles) == 1, "titled_more": title and len(titles) > 1}
    wanted |= {"topic": newest.topic != UNKNOWN, "plain": True}
    known = variants(phrase)
    variant = next(name for name, fits in wanted.items() if fits and name in known)
    template = known[variant]["ja"]
    used = sorted(
        (slot for name, slot in slots.items() if "{" + name + "}" in template),
        key=lambda slot: template.index("{" + slot.name + "}"),
    )
    return Clause(("phrases", phrase, variant), tuple(used))


def _window(events: Sequence[Contribution], at: Millis) -> Slot:
    """How many days back the events of a sentence go."""
    oldest = min(one.at for one in events)
    return Slot("window", max(1, ceil((at - oldest) / DAY)), _ids(events))


def _colleagues(
    definition: Definition,
    active: Sequence[Sequence[Contribution]],
    at: Millis,
    zone: tzinfo,
) -> list[Clause]:
    """How many others of the account were active, on the topic that most of them have in common."""
    if not active:
        return []
    together = [one for fresh in active for one in fresh]
    by_topic: dict[str, list[Contribution]] = defaultdict(list)
    for one in _with_grounded_topics(definition, together, zone):
        by_topic[one.topic].append(one)
    by_topic.pop(UNKNOWN, None)
    if not by_topic:
        people = Slot("people", len(active), _ids(together))
        return [Clause(("sentences", "colleagues"), (people,))]
    interested = {
        topic: sum(any(one.topic == topic for one in fresh) for fresh in active)
        for topic in by_topic
    }
    worth = {
        topic: sum(_worth(definition, one, at) for one in group)
        for topic, group in by_topic.items()
    }
    topic = min(by_topic, key=lambda name: (-interested[name], -worth[name], name))
    ids = _ids(by_topic[topic])
    slots = (Slot("people", interested[topic], ids), Slot("topic", topic, ids))
    return [Clause(("sentences", "colleagues_topic"), slots)]


def _surge(
    definition: Definition,
    surge: Surge | None,
    everybody: Sequence[Sequence[Contribution]],
    at: Millis,
) -> list[Clause]:
    """How many times the usual, and about what; left out where no event on file is of that week.

    Where there is no usual it is told as new, since any number of times of nothing would mean nothing.
    """
    if surge is None or not surge.is_surge:
        return []
    of_week = [one for each in everybody for one in each if at - one.at <= SHORT * DAY]
    is_about = surge.topic != UNKNOWN
    if is_about:
        of_week = [one for one in of_week if one.topic == surge.topic]
    ids = _ids(of_week)
    if not ids or (is_about and surge.topic not in definition.topics):
        return []
    size = Slot("days", surge.days, ids) if surge.is_new else Slot("ratio", surge.ratio, ids)
    about = (Slot("topic", surge.topic, ids),) if is_about else ()
    name = ("new" if surge.is_new else "surge") + ("_topic" if is_about else "")
    return [Clause(("sentences", name), (*about, size))]


def _reason(
    definition: Definition, frame: Clause, done: Sequence[Clause] = (), more: Sequence[Clause] = ()
) -> Reason:
    """A frame with what it holds, and the sentences after it."""
    ja, en = (
        told(definition, frame, language, done=joined(definition, done, language))
        + "".join(told(definition, clause, language) for clause in more)
        for language in ("ja", "en")
    )
    slots = tuple(slot for clause in (frame, *done, *more) for slot in clause.slots)
    return Reason(ja, en, slots)


def _days(group: Sequence[Contribution], zone: tzinfo) -> int:
    return len({moment(one.at).astimezone(zone).date() for one in group})


def _ids(group: Iterable[Contribution]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.event_id for one in group))
