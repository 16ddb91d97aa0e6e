"""Two definitions over the same people: the numbers are the ledger's, and no rate is said of too few."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent import load as interest_file
from intent.model import DAY as MILLIS_OF_A_DAY
from intent.model import millis
from intent.store.counting import Seen
from lifecycle.definition import Gate, Rule
from lifecycle.dry_run import HORIZON, Comparison, Group, dry_run, outcome
from lifecycle.load import Whole
from lifecycle.model import Answer, Entry, Role, Stage, Standing, Subject
from lifecycle.people import Town, simulate
from lifecycle.rates import LEAST, Rate, wilson
from lifecycle.replay import Answered, Life, Period, replay
from tests.lifecycle.builders import shipped

INTEREST = interest_file.load_definition(interest_file.SHIPPED)
UNTIL = datetime(2026, 11, 28, tzinfo=UTC)
DAY = timedelta(days=1)
PERIOD = Period(UNTIL - 90 * DAY, UNTIL, ZoneInfo("Asia/Tokyo"))
PEOPLE = 450
OLD = Whole(shipped(), INTEREST)
# Lower limits, so that more people are handed over.
WIDER = Whole(
    replace(
        shipped(),
        version=2,
        hash="wider",
        mql_any=(
            *shipped().mql_any[:1],
            Rule("score", "fit >= 20 and intent >= 10 and gate.core_known >= 1"),
            Rule("reasons", "fit >= 20 and intent >= 10 and evidence.days >= 2"),
        ),
        gate=replace(shipped().gate, core=1),
    ),
    INTEREST,
)


@pytest.fixture(scope="module")
def town() -> Town:
    return simulate(7, PEOPLE, OLD, PERIOD)


@pytest.fixture(scope="module")
def compared(town: Town) -> Comparison:
    return dry_run(OLD, WIDER, town.lives, PERIOD)


def rows_of(town: Town) -> list[Entry]:
    return [entry for life in town.lives for entry in life.entries]


def handed_by_rule(rows: list[Entry]) -> set[Subject]:
    """Whom the rules of the definition in force made an MQL, by the rows alone."""
    return {row.subject for row in rows if row.stage == "mql" and row.role == "rule"}


def recounted(rows: list[Entry], people: frozenset[Subject]) -> tuple[int, int, int]:
    """(handed over, mature, became SQL) out of the rows of the ledger, the long way round."""
    first: dict[Subject, Entry] = {}
    for row in sorted(rows, key=lambda one: (one.entered_at, one.number)):
        if row.stage == "mql" and row.subject in people and not row.skipped:
            first.setdefault(row.subject, row)
    mature = {who: row for who, row in first.items() if row.entered_at + HORIZON <= UNTIL}
    became = {
        row.subject
        for row in rows
        if row.stage == "sql"
        and row.subject in mature
        and row.cycle == mature[row.subject].cycle
        and timedelta(0) <= row.entered_at - mature[row.subject].entered_at <= HORIZON
    }
    return len(first), len(mature), len(became)


def test_the_numbers_are_those_of_the_ledger(town: Town, compared: Comparison) -> None:
    """How many were handed over, how many are old enough, how many became an SQL: each group recounted."""
    rows = rows_of(town)
    for group in (compared.old, compared.new, compared.both, compared.only_old, compared.only_new):
        assert (group.handed, group.sql.cases, group.sql.hits) == recounted(rows, group.people)
    assert compared.old.sql.cases >= LEAST


def test_each_definition_makes_the_mqls_that_a_ledger_under_it_holds(
    town: Town, compared: Comparison
) -> None:
    """The same people, once under the old and once under the new one; sometimes a hand was quicker."""
    other = simulate(7, PEOPLE, WIDER, PERIOD)
    for told, lived, whole in ((compared.old, town, OLD), (compared.new, other, WIDER)):
        rows = rows_of(lived)
        by_rule = handed_by_rule(rows)
        by_hand = {row.subject for row in rows if row.stage == "mql" and row.role == "mkt"}
        assert by_rule <= told.people
        assert told.people - by_rule <= by_hand
        assert {row.definition for row in rows} == {whole.definition.name}


def test_the_groups_are_parts_of_one_whole(compared: Comparison) -> None:
    """Nobody is counted twice, and the wider definition loses nobody by its rules."""
    assert compared.old.count == compared.both.count + compared.only_old.count
    assert compared.new.count == compared.both.count + compared.only_new.count
    assert compared.more == compared.new.count - compared.old.count > 0
    assert compared.only_new.people.isdisjoint(compared.old.people)
    assert (
        max(compared.by_rule_old.values())
        <= compared.old.count
        <= sum(compared.by_rule_old.values())
    )


def test_of_few_who_were_handed_over_no_rate_is_said(compared: Comparison) -> None:
    """Of people whom only the new definition would hand over hardly anything is known."""
    assert compared.only_new.sql.cases < LEAST
    assert (compared.only_new.sql.value, compared.only_new.sql.interval) == (None, None)
    assert compared.old.sql.value is not None


def test_a_definition_against_itself_is_no_difference(town: Town) -> None:
    """Zero more, zero fewer, nobody only here or only there."""
    same = dry_run(OLD, OLD, town.lives, PERIOD)
    assert (same.more, same.only_old.people, same.only_new.people) == (0, frozenset(), frozenset())
    assert same.old == same.new == same.both


def test_the_same_seed_makes_the_same_people(town: Town) -> None:
    """And nobody real: numbers for names, addresses of nobody; another seed makes others."""
    assert simulate(7, 50, OLD, PERIOD).lives == simulate(7, 50, OLD, PERIOD).lives
    assert simulate(8, 50, OLD, PERIOD).lives != simulate(7, 50, OLD, PERIOD).lives
    assert len(town.lives) == PEOPLE
    assert all(str(life.values["email"]).endswith(".example.co.jp") for life in town.lives)
    assert len({life.subject for life in town.lives}) == PEOPLE


def test_who_is_ready_becomes_an_sql_more_often(town: Town) -> None:
    """Otherwise no definition could be better than another."""
    ready = dict(zip((life.subject for life in town.lives), town.readiness, strict=True))
    rows = rows_of(town)
    sql = [ready[row.subject] for row in rows if row.stage == "sql"]
    handed = [ready[row.subject] for row in rows if row.stage == "mql"]
    assert sum(sql) / len(sql) > sum(handed) / len(handed)


# One person at a time --------------------------------------------------------------------------------

ANN = Subject("person", "ann")


def seen(kind: str, days_ago: float, number: int = 1, topic: str = "") -> Seen:
    at = millis(UNTIL) - round(days_ago * MILLIS_OF_A_DAY)
    return Seen(number, f"e{number}", 1, at, kind, f"/{number}", topic, None, False)


def life(*events: Seen, **more: object) -> Life:
    standing = Standing(subject=ANN, stage=Stage.LEAD)
    plain = Life(subject=ANN, account="a.test", standing=standing, events=tuple(events))
    return replace(plain, **more)  # type: ignore[arg-type]


def rules(*conditions: str, gate: Gate | None = None) -> Whole:
    """A definition of these rules alone; without questions the gate is open."""
    named = tuple(Rule(f"r{n}", one) for n, one in enumerate(conditions))
    return Whole(
        replace(shipped(), mql_any=named, mql_none=(), gate=gate or Gate(sql=(), opportunity=())),
        INTEREST,
    )


def test_somebody_is_an_mql_once_on_the_first_day_that_qualifies() -> None:
    """At the last thing that they did that day; what came before the period counts for the score alone."""
    visits = [seen("pricing_view", days, number) for number, days in enumerate((95, 50, 49.9, 3))]
    found = replay(rules("intent >= 10"), [life(*visits)], PERIOD)
    assert found[ANN].at == UNTIL - 49.9 * DAY
    assert found[ANN].rules == ("r0",)
    assert replay(rules("intent >= 10"), [life(*visits[:1])], PERIOD) == {}


@pytest.mark.parametrize("stage", [Stage.MQL, Stage.SAL, Stage.CUSTOMER, Stage.DISQUALIFIED])
def test_whoever_is_in_somebodys_hands_is_no_new_mql(stage: Stage) -> None:
    """Nor a customer, nor somebody who was put out."""
    raised = life(seen("form_submit_handraise", 5), standing=Standing(subject=ANN, stage=stage))
    assert replay(rules("hard_event is filled"), [raised], PERIOD) == {}


def resting(days_ago: float, **more: object) -> Standing:
    back = UNTIL - days_ago * DAY
    plain = Standing(
        subject=ANN,
        stage=Stage.RECYCLED,
        since=back,
        recycled_at=back,
        reason="timing",
        recycle_count=1,
        cool_until=back + 90 * DAY,
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def test_who_was_sent_back_returns_as_the_ledger_would_have_it() -> None:
    """While they rest by a raised hand alone; afterwards by what the reason allows, on new evidence."""
    by_topic = rules("intent >= 1")
    priced = seen("pricing_view", 5, topic="pricing")
    assert replay(by_topic, [life(priced, standing=resting(20))], PERIOD) == {}
    assert ANN in replay(by_topic, [life(priced, standing=resting(100))], PERIOD)
    assert (
        replay(by_topic, [life(priced, standing=resting(100, reason="no_authority"))], PERIOD) == {}
    )
    raised = seen("form_submit_handraise", 5)
    assert ANN in replay(by_topic, [life(raised, standing=resting(20))], PERIOD)
    assert replay(by_topic, [life(raised, standing=resting(20, recycle_count=4))], PERIOD) == {}
    old = seen("form_submit_handraise", 30)
    assert replay(by_topic, [life(old, standing=resting(20))], PERIOD) == {}


def test_the_gate_holds_whoever_did_not_raise_a_hand() -> None:
    """As it does in the ledger: enough answers, or enough evidence."""
    strict = rules("intent >= 1", gate=shipped().gate)
    quiet, raised = seen("page_view", 5), seen("form_submit_handraise", 4, 2)
    told = tuple(
        Answered(quiet.at - 1, name, Answer("known", "x", "form"))
        for name in ("timeframe", "decision_maker")
    )
    assert replay(strict, [life(quiet)], PERIOD) == {}
    assert ANN in replay(strict, [life(quiet, answers=told)], PERIOD)
    assert ANN in replay(strict, [life(quiet, raised)], PERIOD)


def test_an_account_surges_by_the_visits_of_its_people() -> None:
    """A colleague who does nothing is judged by it too; a single visitor is no surge."""
    loud = [
        life(
            *(seen("page_view", days, number) for number, days in enumerate((6, 4, 2))), subject=who
        )
        for who in (Subject("person", name) for name in "bcd")
    ]
    quiet = life()
    by_surge = rules("account.surge and account.active_persons >= 0")
    assert set(replay(by_surge, [quiet, *loud], PERIOD)) == {ANN, *(one.subject for one in loud)}
    assert replay(by_surge, [quiet, life(seen("page_view", 2), account="b.test")], PERIOD) == {}


def test_other_points_make_other_mqls() -> None:
    """The definition of interest belongs to the definition."""
    text = interest_file.SHIPPED.read_text("utf-8")
    dearer = interest_file.load_definition(
        text.replace("{points: 6, family: buying", "{points: 60, family: buying")
    )
    plain = rules("intent >= 25")
    visit = [life(seen("pricing_view", 5))]
    assert replay(plain, visit, PERIOD) == {}
    assert ANN in replay(Whole(plain.definition, dearer), visit, PERIOD)


def test_topics_are_there_for_rules_that_name_them() -> None:
    """The strongest one of a person, and of their account."""
    events = (seen("pricing_view", 5, 1, "pricing"), seen("page_view", 5, 2, "security"))
    by_topic = rules(
        "top_topic is 'pricing' and account.top_topic is 'pricing' and evidence.topic is filled"
    )
    assert ANN in replay(by_topic, [life(*events)], PERIOD)
    assert replay(rules("top_topic is 'security'"), [life(*events)], PERIOD) == {}


# What became of them ---------------------------------------------------------------------------------


def entry(stage: Stage, days_ago: float, *, cycle: int = 1, skipped: bool = False) -> Entry:
    at = UNTIL - days_ago * DAY
    return Entry(
        subject=ANN,
        number=1,
        cycle=cycle,
        stage=stage,
        previous=None,
        transition="T2",
        entered_at=at,
        observed_at=at,
        role=Role.RULE,
        actor="rule",
        source="kakehashi",
        request_id=f"{stage}{days_ago}",
        definition="q v1",
        skipped=skipped,
    )


@pytest.mark.parametrize(
    ("entries", "became"),
    [
        ([], None),
        ([entry(Stage.MQL, 100), entry(Stage.SQL, 80)], None),
        ([entry(Stage.MQL, 40, skipped=True)], None),
        ([entry(Stage.MQL, 40)], False),
        ([entry(Stage.MQL, 40), entry(Stage.SQL, 12)], True),
        ([entry(Stage.MQL, 40), entry(Stage.SQL, 9)], False),
        ([entry(Stage.MQL, 40), entry(Stage.SQL, 20, cycle=2)], False),
        ([entry(Stage.MQL, 29), entry(Stage.SQL, 20)], "fresh"),
        (
            [entry(Stage.MQL, 60), entry(Stage.MQL, 20, cycle=2), entry(Stage.SQL, 10, cycle=2)],
            False,
        ),
    ],
)
def test_an_outcome_is_that_of_the_first_hand_over_once_it_is_old_enough(
    entries: list[Entry], became: bool | str | None
) -> None:
    """Within the horizon, in the same cycle; what was skipped was no hand-over."""
    found = outcome(entries, PERIOD, HORIZON)
    if became is None:
        assert found is None
    else:
        assert found is not None
        assert found.became_sql == (None if became == "fresh" else became)


def test_intervals_are_wilsons() -> None:
    """Against figures of the page: social 5.2 % [4.0, 6.7], and its edges."""
    low, high = wilson(61, 1173)
    assert (round(low, 3), round(high, 3)) == (0.041, 0.066)
    assert wilson(0, 50).low == 0
    assert wilson(50, 50).high == 1
    for nothing in ((1, 0), (2, 1), (-1, 5)):
        with pytest.raises(ValueError, match="no rate"):
            wilson(*nothing)


@given(cases=st.integers(1, 500), share=st.floats(0, 1))
def test_a_rate_lies_within_its_interval_and_is_said_from_thirty_cases_on(
    cases: int, share: float
) -> None:
    """Whatever the numbers."""
    hits = round(cases * share)
    low, high = wilson(hits, cases)
    assert 0 <= low <= hits / cases + 1e-12
    assert hits / cases - 1e-12 <= high <= 1
    assert (Rate(hits, cases).value is None) == (cases < LEAST)


def test_a_group_of_nobody_says_nothing() -> None:
    """And divides by nothing."""
    nobody = Group(people=frozenset(), handed=0, sql=Rate(0, 0))
    assert (nobody.count, nobody.sql.value) == (0, None)
