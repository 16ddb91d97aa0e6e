"""Whom a definition would have made an MQL, when and by which rules, over histories that are on file. Pure.

Everybody is judged at the last happening of each day on which something happened at their account: scores
only fade in between. Each person counts once, at the first day that qualifies. Points come from the
definition of interest that belongs to the definition, so another file of points is replayed as well. The
stage is the one at the beginning: what another definition would have led to afterwards nobody knows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo
from itertools import groupby
from typing import NamedTuple

from connector.port import Values
from intent import score
from intent.decay import NOTHING, State, add, read
from intent.definition import Definition as Interest
from intent.definition import SurgeRule
from intent.fitting import conditions
from intent.model import (
    DAY,
    UNKNOWN,
    Card,
    Contribution,
    Millis,
    Subject,
    SurgeStanding,
    millis,
    moment,
)
from intent.store.counting import RETURN_VISIT, Seen, candidates, returned, settle, visits_in, worth
from intent.surge import DAYS, SHORT, standing, surge
from lifecycle.coming_back import Held, comes_back
from lifecycle.evidence import evidence_of
from lifecycle.facts import Known, maker
from lifecycle.gate import lacking, weigh
from lifecycle.load import Whole
from lifecycle.model import Answer, Entry, Evidence, Stage, Standing
from lifecycle.qualify import Judge
from lifecycle.situation import Situation

# Who can become an MQL by a rule: everybody else is in somebody's hands already.
WAITING = frozenset({Stage.KNOWN, Stage.LEAD, Stage.RECYCLED})


class Answered(NamedTuple):
    """That a question of the gate was answered."""

    at: Millis
    question: str
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What is on file about one person: records, events, answers, and the ledger's entries, oldest first.

    `account` is the key of the account, None for nobody's. `standing` is where the person stood when the
    period began; `entries` are those of all times. `values` and `company` are HubSpot's records.
    """

    subject: Subject
    account: str | None
    standing: Standing
    values: Values = field(default_factory=dict)
    company: Values = field(default_factory=dict)
    consent: Mapping[str, str] = field(default_factory=dict)
    events: tuple[Seen, ...] = ()
    answers: tuple[Answered, ...] = ()
    entries: tuple[Entry, ...] = ()


class Period(NamedTuple):
    """From when to when people are judged, and the zone of the business."""

    since: datetime
    until: datetime
    zone: tzinfo


class Would(NamedTuple):
    """That a definition makes somebody an MQL: when first, by which rules, and on what evidence."""

    at: datetime
    rules: tuple[str, ...]
    evidence: Evidence = Evidence()


def replay(whole: Whole, lives: Iterable[Life], period: Period) -> dict[Subject, Would]:
    """Everybody whom a definition makes an MQL within a period."""
    judge = _Court(whole, period)
    accounts: dict[str, list[Life]] = defaultdict(list)
    for number, life in enumerate(lives):
        accounts[life.account or f"\n{number}"].append(life)
    found: dict[Subject, Would] = {}
    for members in accounts.values():
        found.update(judge.account(members))
    return found


class _Happening(NamedTuple):
    at: Millis
    member: int
    counted: Contribution | None = None
    answered: Answered | None = None
    seen: bool = False


@dataclass(slots=True)
class _Member:
    """What of a person is known by the day at hand."""

    life: Life
    fit: float | None
    sums: dict[str, State] = field(default_factory=dict)
    topics: dict[str, dict[str, State]] = field(default_factory=dict)
    counted: list[Contribution] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    engaged: float = 0.0

    def take(self, interest: Interest, one: _Happening) -> None:
        if one.answered is not None:
            self.answers[one.answered.question] = one.answered.answer
        if one.counted is None:
            return
        told = one.counted
        self.counted.append(told)
        places = [self.sums]
        if told.topic != UNKNOWN:
            places.append(self.topics.setdefault(told.topic, {}))
        half_life = interest.families[told.family].half_life
        for place in places:
            place[told.family] = add(
                place.get(told.family, NOTHING), told.points, told.at, half_life
            )


class _Court:
    """Judges one account after the other under one definition."""

    def __init__(self, whole: Whole, period: Period) -> None:
        self._definition, self._interest = whole
        self._period = period
        self._judge = Judge(*whole)
        self._facts = maker(self._interest, self._definition.gate)
        # Topics are scored one by one, so they are only where a rule names one.
        self._with_topics = bool(self._judge.facts & {"top_topic", "account.top_topic"})
        self._holds = conditions(self._interest.fit, period.since.astimezone(period.zone).date())

    def account(self, lives: Sequence[Life]) -> Iterator[tuple[Subject, Would]]:
        """Whoever of an account becomes an MQL."""
        interest, since, until = (
            self._interest,
            millis(self._period.since),
            millis(self._period.until),
        )
        members = [_Member(life, self._fit(life)) for life in lives]
        restless = _Restless(interest.surge)
        found: set[Subject] = set()
        happened = sorted(
            (one for place, life in enumerate(lives) for one in _happenings(interest, place, life)),
            key=lambda one: (one.at, one.member),
        )
        for day, some in groupby(happened, key=lambda one: self._day(one.at)):
            today = list(some)
            for one in today:
                if one.seen:
                    restless.visited(one.member, one.at)
                members[one.member].take(interest, one)
            at = today[-1].at
            if at >= until:
                return
            surges = restless.look(at)
            if at < since:
                continue
            for subject, would in self._judged(members, at, day, surges, found):
                found.add(subject)
                yield subject, would

    def _judged(
        self,
        members: Sequence[_Member],
        at: Millis,
        day: date,
        surges: datetime | None,
        found: set[Subject],
    ) -> Iterator[tuple[Subject, Would]]:
        waiting = [
            one
            for one in members
            if one.life.standing.stage in WAITING
            and one.life.subject not in found
            # Who was sent back within the period is judged by what happens from then on.
            and (one.life.standing.since is None or one.life.standing.since <= moment(at))
        ]
        if not waiting:
            return
        card = self._card_of_account(members, at, surges)
        for one in waiting:
            would = self._would(one, card, at, day, surges)
            if would is not None:
                yield one.life.subject, would

    def _would(
        self, one: _Member, account: Card, at: Millis, day: date, surges: datetime | None
    ) -> Would | None:
        """By which rules somebody is handed over now; None where none holds, or the gate or a rest does."""
        standing = one.life.standing
        known = self._known(one, account, at, surges, standing.recycled_at)
        rules = self._judge.makes_mql(self._facts(known, moment(at)), day)
        ever = rules
        if not rules and standing.stage is Stage.RECYCLED:
            earlier = self._known(one, account, at, surges, None)
            ever = self._judge.makes_mql(self._facts(earlier, moment(at)), day)
        if not ever:
            return None
        gate, evidence = self._definition.gate, known.evidence
        found = weigh(gate, known.answers)
        raised = evidence.hard_event is not None
        if lacking(gate, found, "mql", evidence, hand_raise=raised):
            return None
        if standing.stage is Stage.RECYCLED:
            situation = Situation(
                now=moment(at), rules=rules, rules_ever=ever, evidence=evidence, gate=found
            )
            # That the definition is another one than then would bring back everybody, once.
            asked = comes_back(replace(standing, definition=""), situation, self._definition)
            return None if isinstance(asked, Held) else Would(moment(at), ever, evidence)
        return Would(moment(at), rules, evidence)

    def _known(
        self,
        one: _Member,
        account: Card,
        at: Millis,
        surges: datetime | None,
        after: datetime | None,
    ) -> Known:
        life, zone = one.life, self._period.zone
        evidence = evidence_of(
            self._interest,
            one.counted,
            moment(at),
            zone,
            after=after,
            surge_at=surges,
        )
        return Known(
            standing=life.standing,
            card=self._card(one, at),
            account=account,
            evidence=evidence,
            answers=one.answers,
            person=life.values,
            company=life.company,
            consent=life.consent,
        )

    def _card(self, one: _Member, at: Millis) -> Card:
        """What of a card the rules can name; its sentences are nobody's matter here."""
        engaged = float(round(one.engaged))
        fit = None if one.fit is None else float(round(one.fit))
        return Card(
            subject=one.life.subject,
            at=moment(at),
            engagement=engaged,
            fit=fit,
            band=score.band(self._interest.bands, fit, engaged),
            topics=self._topics(one.topics, at),
        )

    def _card_of_account(
        self, members: Sequence[_Member], at: Millis, surges: datetime | None
    ) -> Card:
        interest = self._interest
        for one in members:
            one.engaged = self._exactly(one.sums, at)
        engaged = [one.engaged for one in members]
        within = interest.account.active_within
        lately = [bool(one.counted) and at - one.counted[-1].at <= within for one in members]
        whole = score.account(interest.account, engaged, 0.0, lately=lately)
        company = members[0].life.company
        fit = score.fit(interest.fit, {"companies": company}, self._holds) if company else None
        topics: dict[str, float] = defaultdict(float)
        for one in members:
            for name, points in self._topics(one.topics, at):
                topics[name] += points
        ranked = sorted(topics.items(), key=lambda row: (-row[1], row[0]))
        return Card(
            subject=Subject("account", members[0].life.account or ""),
            at=moment(at),
            engagement=float(round(whole.score)),
            fit=None if fit is None else float(round(fit)),
            topics=tuple(ranked),
            surge=surges is not None,
            surge_at=surges,
            active_persons=whole.active,
        )

    def _topics(
        self, topics: Mapping[str, Mapping[str, State]], at: Millis
    ) -> tuple[tuple[str, float], ...]:
        if not self._with_topics:
            return ()
        scored = (
            (name, float(round(self._exactly(sums, at))))
            for name, sums in topics.items()
            if name in self._interest.topics
        )
        found = (row for row in scored if row[1] > 0)
        return tuple(sorted(found, key=lambda row: (-row[1], row[0])))

    def _exactly(self, sums: Mapping[str, State], at: Millis) -> float:
        families = self._interest.families
        read_now = {name: read(state, at, families[name].half_life) for name, state in sums.items()}
        return score.engagement(self._interest, read_now) if read_now else 0.0

    def _fit(self, life: Life) -> float | None:
        records = {"contacts": life.values, "companies": life.company}
        there = {name: values for name, values in records.items() if values}
        return score.fit(self._interest.fit, there, self._holds)

    def _day(self, at: Millis) -> date:
        return moment(at).astimezone(self._period.zone).date()


def _happenings(interest: Interest, place: int, life: Life) -> Iterator[_Happening]:
    """Everything that happened to a person, as this definition of interest counts it."""
    taken, _ = settle(interest, (), candidates(interest, life.events))
    counts = {one.seen.id: one.seen for one in taken}
    for seen in life.events:
        counted = _contribution(interest, seen) if seen.id in counts else None
        yield _Happening(seen.at, place, counted, None, seen.page is not None)
    back = interest.family_of(RETURN_VISIT)
    last: Millis | None = None
    for visit in sorted(visits_in(life.events).values()):
        at = returned(visit, last).returned_at
        last = visit.last_at
        if at is not None and back is not None:
            points = interest.kinds[RETURN_VISIT].points
            told = Contribution(f"return:{at}", RETURN_VISIT, back.name, UNKNOWN, points, at)
            yield _Happening(at, place, told)
    for answered in life.answers:
        yield _Happening(answered.at, place, None, answered)


def _contribution(interest: Interest, seen: Seen) -> Contribution:
    family = interest.kinds[seen.type].family
    points = worth(interest, seen)
    return Contribution(seen.event_id, seen.type, family, seen.topic, points, seen.at, seen.page)


class _Restless:
    """Whether an account surges, looked at on the days on which somebody came."""

    def __init__(self, rule: SurgeRule) -> None:
        self._rule = rule
        self._days: dict[int, set[int]] = defaultdict(set)
        self._kept: SurgeStanding | None = None

    def visited(self, member: int, at: Millis) -> None:
        self._days[at // DAY].add(member)

    def look(self, at: Millis) -> datetime | None:
        """Since when it surges; None where it does not."""
        today = at // DAY
        lately = sum(len(self._days.get(today - back, ())) for back in range(SHORT))
        if self._kept is None and lately < self._rule.least:
            return None  # too few whatever was before
        counts = [len(self._days.get(today - back, ())) for back in range(DAYS - 1, -1, -1)]
        found = standing(self._rule, self._kept, surge(self._rule, counts), moment(at))
        self._kept = found.kept
        return found.kept.since if found.surges and found.kept is not None else None
