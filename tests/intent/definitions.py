"""Small definitions, states and histories, for tests of website intent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hypothesis import strategies as st

from intent.decay import NOTHING, State, add
from intent.definition import Definition, EventKind, Family, TopicRule
from intent.model import DAY, UNKNOWN, Contribution, Millis, StateKey, Subject

# 2026-06-01T00:00Z
NOW: Millis = 1_780_272_000_000
ANN = Subject("person", "ann")

FAMILIES = (
    Family(name="browse", half_life=14 * DAY, cap=20),
    Family(name="buying", half_life=14 * DAY, cap=40),
    Family(name="content", half_life=30 * DAY, cap=30),
    Family(name="hand_raise", half_life=45 * DAY, cap=60),
    Family(name="negative", half_life=60 * DAY, cap=30, negative=True),
)
KINDS = (
    EventKind(name="page_view", points=1, family="browse"),
    EventKind(name="pricing_view", points=6, family="buying"),
    EventKind(name="form_submit_content", points=8, family="content"),
    EventKind(name="form_submit_handraise", points=40, family="hand_raise", hard=True),
    EventKind(name="careers_view", points=8, family="negative"),
)
TOPICS = (
    TopicRule(id="pricing", label_ja="料金", label_en="pricing"),
    TopicRule(id="integration", label_ja="連携", label_en="integration"),
    TopicRule(id="layoffs", label_ja="人員整理", label_en="layoffs", sensitive=True),
)


def definition() -> Definition:
    """One of each sort: families that count and one that is taken off, a hard event, a sensitive topic."""
    return Definition(
        version="1",
        hash="h1",
        kinds={kind.name: kind for kind in KINDS},
        families={family.name: family for family in FAMILIES},
        topics={topic.id: topic for topic in TOPICS},
    )


DEFINITION = definition()


def contribution(
    event_id: str,
    event_type: str,
    days_ago: float,
    *,
    topic: str = UNKNOWN,
    title: str | None = None,
) -> Contribution:
    """One event as it counts, so many days before `NOW`."""
    kind = DEFINITION.kinds[event_type]
    at = NOW - round(days_ago * DAY)
    return Contribution(event_id, event_type, kind.family, topic, kind.points, at, None, title)


def states_of(evidence: Iterable[Contribution], subject: Subject = ANN) -> Mapping[StateKey, State]:
    """The sums that these events leave behind."""
    found: dict[StateKey, State] = {}
    for one in evidence:
        key = StateKey(subject, one.topic, one.family, DEFINITION.hash)
        half_life = DEFINITION.families[one.family].half_life
        found[key] = add(found.get(key, NOTHING), one.points, one.at, half_life)
    return found


TITLES = [
    "導入ガイド",
    "Getting started",
    "2026年版 料金表",
    "https://example.com/a",
    "a@example.com",
    None,
]


@st.composite
def histories(draw: st.DrawFn, most: int = 25) -> list[Contribution]:
    """What somebody did within 120 days before `NOW`."""
    topics = st.sampled_from([UNKNOWN, *DEFINITION.topics])
    rows = draw(
        st.lists(
            st.tuples(
                st.sampled_from(sorted(DEFINITION.kinds)),
                st.floats(0, 120),
                topics,
                st.sampled_from(TITLES),
            ),
            max_size=most,
        )
    )
    return [
        contribution(f"e{number}", kind, days, topic=topic, title=title)
        for number, (kind, days, topic, title) in enumerate(rows)
    ]
