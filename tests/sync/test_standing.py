"""Where a person stands: the truth table, and what holds whatever was said in whatever order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.consents import Statement
from sync.standing import SKEW, Standing, standing_of

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
EARLY, LATE = NOON - timedelta(hours=2), NOON - timedelta(hours=1)


def out(at: datetime | None = EARLY) -> Statement:
    return Statement(out=True, at=at)


def proof(at: datetime | None = LATE, source: str = "FORM", basis: str = "consent") -> Statement:
    return Statement(out=False, at=at, source=source, basis=basis)


TABLE = [
    ("nothing was said", [], False),
    ("an opt-out", [out()], True),
    ("an opt-out without a time", [out(None)], True),
    ("later evidence", [out(), proof()], False),
    ("older evidence", [out(LATE), proof(EARLY)], True),
    ("evidence of the same moment", [out(LATE), proof(LATE)], True),
    ("evidence against an undated opt-out", [out(None), proof()], True),
    ("a plain untick", [out(), Statement(out=False)], True),
    ("an opt-in without a time", [out(), proof(None)], True),
    ("an opt-in without a source", [out(), proof(source="")], True),
    ("an opt-in without a basis", [out(), proof(basis="")], True),
    ("evidence from the future", [out(), proof(NOON + SKEW + timedelta(seconds=1))], True),
    ("out, in and out again", [out(), proof(LATE), out(NOON)], True),
    ("out on two records, in after both", [out(), out(LATE), proof(NOON)], False),
    ("out on two records, in between them", [out(), proof(LATE), out(NOON)], True),
    ("evidence alone", [proof()], False),
]


@pytest.mark.parametrize(
    ("said", "is_out"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_the_most_restrictive_wins_unless_evidence_is_fresher(
    said: list[Statement], is_out: bool
) -> None:
    """In whatever order it was said."""
    for order in permutations(said):
        assert standing_of(order, NOON).is_out is is_out


times = st.none() | st.integers(-50, 50).map(lambda n: NOON + timedelta(minutes=n))
words = st.none() | st.sampled_from(["", "FORM", "API"])
statements = st.builds(Statement, st.booleans(), times, words, words)
standings = st.lists(statements, max_size=4).map(lambda said: standing_of(said, NOON))


@given(standings, standings, standings)
def test_joining_is_a_lattice(one: Standing, two: Standing, three: Standing) -> None:
    """Commutative, associative, idempotent: records may be asked in any order, and twice."""
    assert one.join(two) == two.join(one)
    assert one.join(two).join(three) == one.join(two.join(three))
    assert one.join(one) == one


@given(st.lists(statements, max_size=8), st.randoms())
def test_the_order_of_what_was_said_does_not_matter(said: list[Statement], dice: object) -> None:
    """Nor does hearing it again."""
    shuffled = [*said, *said]
    dice.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    assert standing_of(shuffled, NOON) == standing_of(said, NOON)


@given(st.lists(statements, max_size=8), times)
def test_one_more_opt_out_never_loosens(said: list[Statement], at: datetime | None) -> None:
    """Whoever was out stays out."""
    before = standing_of(said, NOON).is_out
    assert standing_of([*said, out(at)], NOON).is_out or not before
    assert standing_of([*said, out(at)], NOON).is_out or at is not None


@given(st.lists(statements, max_size=8))
def test_nobody_is_looser_than_their_freshest_evidence(said: list[Statement]) -> None:
    """Where there is an opt-out, only evidence that is newer than every one of them lets in."""
    outs = [one for one in said if one.out]
    proofs = [one for one in said if one.is_evidence and one.at and one.at <= NOON + SKEW]
    stands = standing_of(said, NOON)
    let_in = any(all(o.at and p.at and p.at > o.at for o in outs) for p in proofs)
    assert stands.is_out == (bool(outs) and not let_in)


@given(st.lists(statements, max_size=8))
def test_what_is_no_evidence_changes_nothing(said: list[Statement]) -> None:
    """Blank, unticked, without a time, a source or a basis."""
    believed = [one for one in said if one.out or one.is_evidence]
    assert standing_of(believed, NOON) == standing_of(said, NOON)
