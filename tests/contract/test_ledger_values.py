"""What the ledger writes down comes back the same, whatever it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.ledger.room import aware, baseline_json, baseline_of, changes_json, changes_of, utc
from sync.ledger.sightings import indexable
from sync.model import FieldChange, LineBaseline

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
)
CELLS = st.one_of(VALUES, st.lists(VALUES, min_size=2, max_size=3).map(tuple))
BASELINES = st.dictionaries(
    st.text(min_size=1), st.builds(LineBaseline, st.text(), CELLS, CELLS, st.booleans())
)
CHANGES = st.lists(
    st.builds(
        FieldChange,
        line=st.text(),
        api_name=st.text(),
        before=VALUES,
        after=VALUES,
        rule=st.text(),
        pending=st.booleans(),
    )
).map(tuple)


def same(one: object, other: object) -> bool:
    """Equal, and of the same kinds: True is not 1."""
    return repr(one) == repr(other)


@settings(max_examples=60)
@given(BASELINES)
def test_a_baseline_comes_back_the_same(baseline: dict[str, LineBaseline]) -> None:
    """Kinds included: text stays text, false is not 0, a joined cell is a tuple."""
    assert same(baseline_of(baseline_json(baseline)), baseline)


@settings(max_examples=60)
@given(CHANGES)
def test_changes_come_back_the_same(changes: tuple[FieldChange, ...]) -> None:
    """A key that waits for its partner's id is not a blanked value afterwards."""
    assert same(changes_of(changes_json(changes)), changes)


@settings(max_examples=60)
@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.integers(-12, 14))  # noqa: DTZ001  # the zone is drawn beside it
def test_times_come_back_as_the_same_moment(moment: datetime, hours: int) -> None:
    """Stored as UTC, whatever the zone, also by a database that drops it."""
    zoned = moment.replace(tzinfo=timezone(timedelta(hours=hours)))
    stored = utc(zoned)
    assert stored is not None
    assert stored.tzinfo is UTC
    assert aware(stored.replace(tzinfo=None)) == zoned


@settings(max_examples=60)
@given(st.text(), st.text())
def test_keys_stay_apart_and_become_storable(one: str, other: str) -> None:
    """Equal keys stay equal, different ones different; none is too long or holds a NUL."""
    for stretched in (1, 400):
        left, right = indexable(one * stretched), indexable(other * stretched)
        assert (left == right) == (one * stretched == other * stretched)
        assert "\0" not in left
        assert len(left) <= 500
