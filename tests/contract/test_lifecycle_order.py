"""Whatever is asked, decided, merged and erased in any order: standings follow from the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from lifecycle.model import Stage, Subject
from lifecycle.port import Overtaken
from lifecycle.standing import fold
from lifecycle.store import SqlLifecycleStore
from tests.contract.intent_builders import opened
from tests.contract.lifecycle_builders import HOUR, NOW, answer, asked, emptied, refused

NAMES = [Subject("person", key) for key in "abc"]
Act = Literal["decide", "late", "refuse", "merge", "erase"]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["decide", "decide", "decide", "late", "refuse", "merge", "erase"]),
        st.sampled_from(NAMES),
        st.sampled_from(NAMES),
        st.sampled_from([Stage.LEAD, Stage.MQL, Stage.SAL, Stage.RECYCLED]),
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One file for all histories of this module."""
    with opened(f"sqlite:///{tmp_path_factory.mktemp('lifecycle') / 'ledger.db'}") as found:
        yield found


def act(
    store: SqlLifecycleStore, number: int, what: Act, one: Subject, other: Subject, to: Stage
) -> bool:
    """One step; answers whether an entry came of it."""
    if what == "merge":
        store.merge(one, other, NOW)
    elif what == "erase":
        store.erase(one, f"p{one.key}", NOW)
    else:
        return decided(store, number, what, one, to)
    return False


def decided(store: SqlLifecycleStore, number: int, what: Act, one: Subject, to: Stage) -> bool:
    request = asked(f"r{number}", one, to, at=NOW + number * HOUR)
    store.ask([request])
    [waiting] = store.asked(9)
    stood = store.standings([waiting.subject]).get(waiting.subject)
    following = (stood.number if stood else 0) + 1
    if what == "refuse":
        store.decide(waiting, [], refused(waiting))
        return False
    if what == "late":
        with pytest.raises(Overtaken):
            store.decide(waiting, [answer(waiting, following + 1)], None)
    store.decide(waiting, [answer(waiting, following)], None)
    return True


@given(STEPS)
@settings(max_examples=25)
def test_no_order_of_things_loses_an_entry_or_leaves_a_standing_behind(
    engine: Engine, steps: list[tuple[Act, Subject, Subject, Stage]]
) -> None:
    """Every entry is in exactly one history, every history folds into the standing that is kept beside it,
    and nothing waits that was decided.
    """
    store = emptied(engine)
    entries = sum(act(store, number, *step) for number, step in enumerate(steps))
    standings = [one for stage in Stage for one in store.in_stage(stage.value, 99)]
    for standing in standings:
        history = store.history(standing.subject)
        assert standing == fold(history, standing.subject)
        assert standing.number == len(history)
    assert sum(one.number for one in standings) == entries
    assert len({one.subject for one in standings}) == len(standings)
    assert store.asked(9) == []
