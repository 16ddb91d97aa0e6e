"""Invented people who visit a website, answer questions and meet sellers: the same ones for the same seed.

They are for dry runs and practice, and nobody real: names are numbers, addresses end in ``example.co.jp``.
How ready somebody is decides how much they visit, what they answer and what a seller says, so that
definitions can be better or worse. The ledger's entries are those that a definition which was in force would
have written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from intent.model import DAY, Millis, millis
from intent.store.counting import Seen
from lifecycle.definition import Definition
from lifecycle.load import Whole
from lifecycle.model import Answer, Entry, Role, Stage, Standing, Subject
from lifecycle.replay import Answered, Life, Period, Would, replay
from lifecycle.situation import Outcome

JOBS = ("部長", "課長", "主任", "Director", "Engineer", "担当", "役員", "Manager")
INDUSTRIES = ("COMPUTER_SOFTWARE", "MACHINERY", "RETAIL", "FOOD_BEVERAGES", "BANKING")
SIZES = (8, 20, 45, 80, 150, 400, 2000)
# What is visited: type, page, topic, and how often by those who are not ready and by those who are.
VISITED = (
    ("page_view", "/", "", 10, 6),
    ("page_view", "/blog", "analytics", 8, 4),
    ("case_study_view", "/customers", "case_study", 3, 5),
    ("comparison_view", "/compare", "", 1, 4),
    ("security_view", "/security", "security", 1, 3),
    ("integration_view", "/integrations", "integration", 2, 4),
    ("pricing_view", "/pricing", "pricing", 1, 6),
)
QUESTIONS = ("need_problem", "timeframe", "decision_maker", "authority", "budget", "next_step")
REJECTED = ("timing", "no_response", "no_need", "no_budget", "incomplete_info", "not_target")
# Sellers who do not answer in time, whatever the lead is like, and people whom marketing hands over by hand.
IGNORED, BY_HAND = 0.06, 0.08
# Of the opportunities.
WON = 0.3
BEFORE = 97 * DAY


@dataclass(frozen=True, slots=True)
class Town:
    """The people, and how ready each of them is (0-1), which no rule can see."""

    lives: tuple[Life, ...]
    readiness: tuple[float, ...]


def simulate(seed: int, people: int, in_force: Whole, period: Period) -> Town:
    """So many people with what they did before and within a period, and the ledger under a definition.

    Everything but the ledger's entries is the same for every definition.
    """
    everybody = list(born(seed, people, period))
    readiness = tuple(ready for _, ready in everybody)
    lives = [life for life, _ in everybody]
    found = replay(in_force, lives, period)
    written = (
        replace(
            life,
            entries=tuple(
                _history(seed, number, life, ready, found.get(life.subject), in_force, period)
            ),
        )
        for number, (life, ready) in enumerate(zip(lives, readiness, strict=True))
    )
    return Town(tuple(written), readiness)


def born(seed: int, people: int, period: Period) -> Iterator[tuple[Life, float]]:
    """So many people without any hand-over yet, each with how ready they are (0-1)."""
    for account in _accounts(seed, people):
        yield from _members(seed, *account, period)


class Said(NamedTuple):
    """A step that a seller or a clock takes `after` the one before. `outcome` is the opportunity's."""

    to: Stage
    transition: str
    role: Role
    after: timedelta
    reason: str | None = None
    outcome: Outcome | None = None

    def opportunity(self, subject: Subject) -> str | None:
        """The one that it is about; None: about none."""
        return None if self.outcome is None else f"o-{subject.key}"


def said(dice: Random, ready: float, definition: Definition) -> list[Said]:
    """What a seller makes of somebody who is that ready. Some do not answer in time, whoever it is."""
    lot, warm = dice.random(), dice.random() < 0.05 + 0.55 * ready * ready
    steps: list[tuple[Stage, str, Role, str | None, Outcome | None]] = []
    if lot < IGNORED:
        steps.append((Stage.RECYCLED, "T7", Role.RULE, "not_worked", None))
    elif warm:
        order = definition.order
        after = order[order.index(Stage.MQL) + 1 : order.index(Stage.OPPORTUNITY)]
        steps += [(one, "T8" if n else "T3", Role.SALES, None, None) for n, one in enumerate(after)]
        steps.append((Stage.OPPORTUNITY, "T10", Role.SALES, None, "open"))
        if dice.random() < WON:
            steps.append((Stage.CUSTOMER, "T12", Role.RULE, None, "won"))
        else:
            steps.append((Stage.RECYCLED, "T13", Role.SALES, "lost_price", "lost"))
    else:
        known = [code for code in REJECTED if code in definition.reasons]
        steps.append((Stage.RECYCLED, "T4", Role.SALES, dice.choice(known or ["timing"]), None))
    return [
        Said(to, transition, role, timedelta(hours=dice.randrange(2, 160)), reason, outcome)
        for to, transition, role, reason, outcome in steps
    ]


def _accounts(seed: int, people: int) -> Iterator[tuple[int, int, int]]:
    """Accounts as (number, first person, how many people)."""
    dice, first, number = _dice(seed, "accounts"), 0, 0
    while first < people:
        many = min(dice.choice((1, 2, 3, 4, 6)), people - first)
        yield number, first, many
        first, number = first + many, number + 1


def _members(
    seed: int, number: int, first: int, many: int, period: Period
) -> Iterator[tuple[Life, float]]:
    """The people of an account. Some accounts look for something, and then several of their people do."""
    dice = _dice(seed, f"account:{number}")
    domain = f"c{number:05}.example.co.jp"
    company = {
        "domain": domain,
        "numberofemployees": str(dice.choice(SIZES)),
        "industry": dice.choice(INDUSTRIES),
    }
    wants = dice.random() < 0.3
    peak = millis(period.since) + round((dice.random() * 1.2 - 0.2) * _length(period))
    for person in range(first, first + many):
        own = _dice(seed, f"person:{person}")
        ready = own.betavariate(3.0, 2.0) if wants else own.betavariate(1.1, 6.0)
        values = {"email": f"p{person:06}@{domain}", "jobtitle": own.choice(JOBS)}
        life = Life(
            subject=Subject("person", f"p{person:06}"),
            account=domain,
            standing=_standing(person, own, period),
            values=values,
            company=company,
            consent=_consent(own),
            events=_events(person, own, ready, peak, period),
            answers=_answers(own, ready, peak),
        )
        yield life, ready


def _standing(person: int, dice: Random, period: Period) -> Standing:
    """Most are leads; some were sent back before, a few are customers or nobody's any more."""
    subject = Subject("person", f"p{person:06}")
    lot = dice.random()
    if lot < 0.04:
        ago = timedelta(days=dice.randrange(5, 150))
        back = period.since - ago
        return Standing(
            subject=subject,
            stage=Stage.RECYCLED,
            since=back,
            number=4,
            recycle_count=1,
            recycled_at=back,
            cool_until=back + timedelta(days=60),
            reason="timing",
        )
    stage = Stage.LEAD
    if lot < 0.06:
        stage = Stage.CUSTOMER
    elif lot < 0.08:
        stage = Stage.DISQUALIFIED
    return Standing(
        subject=subject, stage=stage, since=period.since - timedelta(days=200), number=2
    )


def _consent(dice: Random) -> dict[str, str]:
    lot = dice.random()
    profiling = "objected" if lot < 0.02 else "granted" if lot < 0.6 else "unknown"
    return {"tracking": "granted", "profiling": profiling, "email": "granted"}


def _events(
    person: int, dice: Random, ready: float, peak: Millis, period: Period
) -> tuple[Seen, ...]:
    """Visits around the time at which the account looks for something, more of them by whoever is ready."""
    first, last = millis(period.since) - BEFORE, millis(period.until)
    found: list[tuple[Millis, str, str | None, str]] = []
    weights = [cold + (warm - cold) * ready for *_, cold, warm in VISITED]
    for _ in range(round(dice.expovariate(1 / (0.6 + 5 * ready)))):
        at = (
            round(dice.gauss(peak, 12 * DAY))
            if dice.random() < 0.8
            else dice.randrange(first, last)
        )
        for view in range(dice.randrange(1, 5)):
            kind, page, topic, *_ = dice.choices(VISITED, weights)[0]
            found.append((at + view * 60_000, kind, page, topic))
        if dice.random() < 0.25 * ready:
            found.append((at + 400_000, "form_submit_content", "/download", "case_study"))
        if dice.random() < 0.06 * ready:
            found.append((at + 500_000, "form_submit_handraise", "/contact", "pricing"))
    if dice.random() < 0.03:
        found += [(peak + view * DAY, "careers_view", "/careers", "careers") for view in range(4)]
    kept = sorted(row for row in found if first <= row[0] < last)
    return tuple(
        Seen(person * 1000 + n, f"e{person:06}-{n}", person, at, kind, page, topic, None, False)
        for n, (at, kind, page, topic) in enumerate(kept)
    )


def _answers(dice: Random, ready: float, peak: Millis) -> tuple[Answered, ...]:
    found = []
    for question in QUESTIONS:
        lot = dice.random()
        at = peak + dice.randrange(-10, 20) * DAY
        if lot < 0.7 * ready:
            found.append(Answered(at, question, Answer("known", "told", "form")))
        elif lot < 0.8 * ready:
            found.append(Answered(at, question, Answer("asked_unknown")))
    return tuple(sorted(found))


@dataclass(slots=True)
class _Pen:
    """Writes the entries of one person, numbered on from where they stood."""

    life: Life
    definition: str
    stage: Stage
    number: int
    cycle: int

    def write(
        self, stage: Stage, transition: str, at: datetime, role: Role, **more: str | None
    ) -> Entry:
        self.number += 1
        if transition == "T15":
            self.cycle += 1
        key = self.life.subject.key
        entry = Entry(
            subject=self.life.subject,
            number=self.number,
            cycle=self.cycle,
            stage=stage,
            previous=self.stage,
            transition=transition,
            entered_at=at,
            observed_at=at,
            role=role,
            actor="rule" if role is Role.RULE else f"{role.value}@example.com",
            source="kakehashi" if role is Role.RULE else "salesforce",
            request_id=f"{key}-{self.number}",
            definition=self.definition,
            reason=more.get("reason"),
            opportunity=more.get("opportunity"),
        )
        self.stage = stage
        return entry


def _history(
    seed: int,
    number: int,
    life: Life,
    ready: float,
    would: Would | None,
    in_force: Whole,
    period: Period,
) -> Iterator[Entry]:
    """What the ledger holds of a person's hand-over, if there was one."""
    dice = _dice(seed, f"history:{number}")
    definition = in_force.definition
    by_hand = dice.random() < BY_HAND and life.standing.stage is Stage.LEAD
    hand_at = period.since + timedelta(seconds=dice.random() * _length(period) / 1000)
    pen = _Pen(
        life, definition.name, life.standing.stage, life.standing.number, life.standing.cycle
    )
    transition = "T15" if life.standing.stage is Stage.RECYCLED else "T2"
    if would is not None and not (by_hand and hand_at < would.at):
        entry = pen.write(Stage.MQL, transition, would.at, Role.RULE)
        yield replace(entry, rules=would.rules)
        yield from _verdict(dice, pen, ready, would.at, definition, period.until)
    elif by_hand:
        yield pen.write(Stage.MQL, transition, hand_at, Role.MARKETING, reason="by_hand")
        yield from _verdict(dice, pen, ready, hand_at, definition, period.until)


def _verdict(
    dice: Random, pen: _Pen, ready: float, at: datetime, definition: Definition, until: datetime
) -> Iterator[Entry]:
    """What a seller made of it, as far as that is known when the period ends."""
    for one in said(dice, ready, definition):
        at += one.after
        if at >= until:
            return
        opportunity = one.opportunity(pen.life.subject) if one.to is Stage.OPPORTUNITY else None
        yield pen.write(
            one.to, one.transition, at, one.role, reason=one.reason, opportunity=opportunity
        )


def _length(period: Period) -> Millis:
    return millis(period.until) - millis(period.since)


def _dice(seed: int, what: str) -> Random:
    """Dice of its own for everybody, so that one more throw here changes nobody elsewhere."""
    return Random(f"{seed}:{what}")  # noqa: S311 - invented people, no secrets
