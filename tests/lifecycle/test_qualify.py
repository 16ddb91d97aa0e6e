"""Facts about a person, and which rules of the definition hold for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connector.port import Value
from intent import load as interest_file
from intent.definition import Filters
from intent.model import Card, Contribution, millis
from lifecycle.definition import Definition, Route, Rule
from lifecycle.evidence import evidence_of
from lifecycle.facts import BANDS, NOES, Known, book, maker
from lifecycle.model import Answer, Evidence, Stage, Standing, Subject
from lifecycle.qualify import Judge, Judgement
from tests.lifecycle.builders import shipped

INTEREST = interest_file.load_definition(interest_file.SHIPPED)
ANN = Subject("person", "ann")
NOW = datetime(2026, 6, 1, 3, tzinfo=UTC)
TODAY = date(2026, 6, 1)
DAY = timedelta(days=1)


def facts(**more: object) -> dict[str, Value]:
    known = Known(**{"standing": Standing(subject=ANN), **more})  # type: ignore[arg-type]
    return maker(INTEREST, shipped().gate)(known, NOW)


def card(fit: float | None = 50, intent: float = 30, **more: object) -> Card:
    return Card(subject=ANN, at=NOW, engagement=intent, fit=fit, band="B2", **more)  # type: ignore[arg-type]


def judged(known: dict[str, Value], definition: Definition | None = None) -> Judgement:
    return Judge(definition or shipped(), INTEREST).mql(known, TODAY)


def answers(*known: str, source: str = "form") -> dict[str, Answer]:
    return {name: Answer("known", "x", source) for name in known}


def test_every_fact_is_made_and_is_of_its_kind() -> None:
    """What a rule may name is there for everybody; what nobody knows is blank."""
    named = book(INTEREST, [one.key for one in shipped().gate.questions], shipped().reasons).facts
    made = facts()
    assert made.keys() == named.keys()
    kinds: dict[str, tuple[type, ...]] = {
        "number": (int, float, type(None)),
        "bool": (bool,),
        "text": (str, type(None)),
    }
    assert [
        name for name, fact in named.items() if not isinstance(made[name], kinds[fact.kind])
    ] == []
    assert len(BANDS) == 9


def test_facts_come_from_cards_evidence_answers_records_and_where_somebody_stands() -> None:
    """One of each."""
    back = Standing(
        subject=ANN,
        stage=Stage.RECYCLED,
        cycle=2,
        recycle_count=1,
        reason="timing",
        cool_until=NOW + DAY,
    )
    found = facts(
        standing=back,
        card=card(topics=(("pricing", 9.0),)),
        account=Card(
            subject=Subject("account", "a.test"),
            at=NOW,
            engagement=60,
            surge=True,
            active_persons=3,
        ),
        evidence=Evidence(items=4, days=2, hard_event="form_submit_handraise", topic="security"),
        answers={**answers("need_problem", "timeframe"), "budget": Answer("asked_unknown")},
        person={"jobtitle": "部長", "email": "a@a.test"},
        company={"industry": "RETAIL"},
        consent={"email": "opted_out"},
    )
    expected: dict[str, Value] = {
        "fit": 50,
        "intent": 30,
        "band": "B2",
        "top_topic": "pricing",
        "account.surge": True,
        "account.active_persons": 3,
        "evidence.items": 4,
        "evidence.days": 2,
        "evidence.topic": "security",
        "hard_event": "form_submit_handraise",
        "gate.core_known": 2,
        "gate.budget": "asked_unknown",
        "gate.authority": "not_asked",
        "stage": "recycled",
        "cycle": 2,
        "recycles": 1,
        "reason": "timing",
        "in_cooloff": True,
        "person.jobtitle": "部長",
        "account.industry": "RETAIL",
        "consent.email": "opted_out",
        "consent.phone": "unknown",
        "employee": False,
    }
    assert {name: found[name] for name in expected} == expected
    assert found["gate.completeness"] == pytest.approx((3 + 2 + 0.5) / 9)


def test_what_was_only_inferred_is_not_known() -> None:
    """An enriched guess opens no gate."""
    found = facts(answers=answers("need_problem", "timeframe", source="inference"))
    assert (found["gate.core_known"], found["gate.need_problem"]) == (0, "not_asked")


def test_a_colleague_is_told_by_the_address() -> None:
    """By the domains of intent.yaml, in whatever case."""
    ours = replace(INTEREST, filters=Filters(employee_domains=("acme.test",)))
    known = Known(standing=Standing(subject=ANN), person={"email": "Taro@ACME.test"})
    assert maker(ours, shipped().gate)(known, NOW)["employee"] is True


RAISED = Evidence(items=1, days=1, hard_event="form_submit_handraise")
MUCH = Evidence(items=3, days=2)


@pytest.mark.parametrize(
    ("known", "rules"),
    [
        ({}, ()),
        ({"evidence": RAISED}, ("hand_raise",)),
        ({"card": card(40, 25), "answers": answers("timeframe", "need_problem")}, ("score",)),
        ({"card": card(39, 25), "answers": answers("timeframe", "need_problem")}, ()),
        ({"card": card(None, 90), "evidence": MUCH}, ()),
        ({"card": card(40, 25), "evidence": MUCH}, ("reasons",)),
        ({"card": card(40, 25), "evidence": replace(MUCH, days=1)}, ()),
        ({"card": card(40, 0), "account": card(surge=True), "evidence": MUCH}, ("surge",)),
    ],
)
def test_the_shipped_rules_qualify_whom_they_say(
    known: dict[str, object], rules: tuple[str, ...]
) -> None:
    """By which rules somebody is an MQL; an unknown fit is none."""
    found = judged(facts(**known))
    assert (found.rules, found.qualified) == (rules, bool(rules))


@pytest.mark.parametrize(
    ("known", "excluded"),
    [
        ({"standing": Standing(subject=ANN, stage=Stage.DISQUALIFIED)}, ("disqualified",)),
        ({"standing": Standing(subject=ANN, reason="do_not_contact")}, ("do_not_contact",)),
    ],
)
def test_an_exclusion_holds_whatever_the_rules_say(
    known: dict[str, object], excluded: tuple[str, ...]
) -> None:
    """A raised hand included."""
    found = judged(facts(evidence=RAISED, **known))
    assert (found.rules, found.excluded, found.qualified) == (("hand_raise",), excluded, False)


@pytest.mark.parametrize("dimension", ["email", "phone"])
def test_who_opted_out_and_only_surges_is_not_handed_over(dimension: str) -> None:
    """As records say it; whoever asks to be contacted is, since that is what they want."""
    no = {dimension: NOES[dimension]}
    surging = {"card": card(40, 0), "account": card(surge=True), "consent": no}
    found = judged(facts(evidence=MUCH, **surging))
    assert (found.rules, found.excluded, found.qualified) == (("surge",), ("opted_out",), False)
    assert judged(facts(evidence=replace(RAISED, days=2), **surging)).qualified


def test_only_a_raised_hand_is_heard_while_somebody_rests() -> None:
    """The cool-off excludes everything else."""
    resting = Standing(subject=ANN, stage=Stage.RECYCLED, cool_until=NOW + DAY)
    assert judged(facts(standing=resting, card=card(), evidence=MUCH)).excluded == ("cooling_off",)
    assert judged(facts(standing=resting, evidence=RAISED)).qualified


@pytest.mark.parametrize(
    ("asked", "told", "is_allowed"),
    [
        ("not_objected", "unknown", True),
        ("not_objected", "granted", True),
        ("not_objected", "objected", False),
        ("not_objected", "opted_out", False),
        ("not_objected", "nonsense", False),
        ("granted", "unknown", False),
        ("granted", "granted", True),
    ],
)
def test_consent_is_what_the_definition_asks_for(asked: str, told: str, is_allowed: bool) -> None:
    """An opted-out person who surges stays where they are; a word that nobody knows allows nothing."""
    definition = replace(shipped(), consent={"profiling": asked})
    found = judged(facts(evidence=RAISED, consent={"profiling": told}), definition)
    assert found.qualified is is_allowed
    assert found.not_allowed == (() if is_allowed else ("profiling",))


def test_the_quick_way_says_what_the_whole_one_says() -> None:
    """For everybody whom a dry run asks about."""
    judge = Judge(shipped(), INTEREST)
    for known in (
        {"evidence": RAISED},
        {"evidence": RAISED, "consent": {"profiling": "objected"}},
        {"card": card(), "evidence": MUCH, "consent": {"phone": "opted_out"}},
        {"card": card(), "evidence": MUCH},
        {},
    ):
        told = facts(**known)
        whole = judge.mql(told, TODAY)
        assert judge.makes_mql(told, TODAY) == (whole.rules if whole.qualified else ())


def test_routes_and_customers_have_rules_of_their_own() -> None:
    """In the order of the file, and over the same facts."""
    definition = replace(
        shipped(),
        routes=(
            Route("far", "account.numberofemployees > 100", ("a",)),
            Route("all", "true", ("b",)),
        ),
        customer_any=(Rule("more", "intent > 20"),),
    )
    judge = Judge(definition, INTEREST)
    assert judge.routes(facts(company={"numberofemployees": "500"}), TODAY) == ("far", "all")
    assert judge.routes(facts(), TODAY) == ("all",)
    assert judge.customer(facts(card=card()), TODAY).rules == ("more",)
    assert {"intent", "account.numberofemployees"} <= judge.facts


def counted(kind: str, days_ago: float, topic: str = "") -> Contribution:
    at = millis(NOW) - round(days_ago * 86_400_000)
    return Contribution(f"{kind}-{days_ago}", kind, INTEREST.kinds[kind].family, topic, 1.0, at)


def test_evidence_is_what_was_done_since_the_last_recycle() -> None:
    """On different days of the business; looking for a job and what is long ago are none."""
    found = evidence_of(
        INTEREST,
        [
            counted("page_view", 0.1),
            counted("pricing_view", 0.2, "pricing"),  # 2026-05-31 22:12 UTC: the same day in Tokyo
            counted("form_submit_handraise", 9),
            counted("careers_view", 1, "careers"),
            counted("page_view", 100),
            counted("page_view", -1),
        ],
        NOW,
        ZoneInfo("Asia/Tokyo"),
        after=NOW - 5 * DAY,
    )
    assert (found.items, found.days, found.hard_event, found.topic) == (2, 1, None, "pricing")
    assert found.last_at == NOW - 0.1 * DAY
    assert (
        evidence_of(INTEREST, [counted("form_submit_handraise", 9)], NOW, UTC).hard_at
        == NOW - 9 * DAY
    )
    assert evidence_of(INTEREST, [], NOW, UTC) == Evidence()
