"""What any store of website intent promises when all scores are made anew, and somebody is killed at it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from sqlalchemy import Engine

from intent.port import OtherDefinition
from intent.store import SqlIntentStore, rebuilding
from intent.store.recounting import recount
from tests.contract.intent_builders import (
    FIRST,
    LATER,
    NOW,
    definition,
    emptied,
    event,
    points,
    score,
    visitor,
)


class Killed(BaseException):
    """The process ends here."""


def killing(work: Callable[..., object], at: int) -> Callable[..., object]:
    """The same, until it is called this often."""
    calls = count(1)

    def until(*words: object) -> object:
        if next(calls) == at:
            raise Killed
        return work(*words)

    return until


class ReplayContract:
    """A rebuild in many transactions; each file brings a fixture `engine`."""

    @pytest.fixture
    def store(self, engine: Engine) -> SqlIntentStore:
        """An empty store."""
        return emptied(engine)

    @pytest.mark.parametrize("killed", ["between two transactions", "within one"])
    def test_a_rebuild_that_was_killed_goes_on_where_it_was(
        self, store: SqlIntentStore, monkeypatch: pytest.MonkeyPatch, killed: str
    ) -> None:
        """Nobody reads half of it meanwhile, nothing is made twice, and the sums are those of one go."""
        monkeypatch.setattr(rebuilding, "TRAILS_AT_ONCE", 2)
        score(store, *[event(visitor=f"v{n}", page=f"/{page}") for n in range(7) for page in "ab"])
        new = definition("second", view=2, at_most=1)
        done: list[int] = []
        with monkeypatch.context() as patched, pytest.raises(Killed):
            if killed == "within one":
                patched.setattr(rebuilding, "recount", killing(recount, 3))
            store.rebuild(new, NOW, killing(done.append, 3))
        assert done == [2, 2]
        for version in (FIRST, new):
            with pytest.raises(OtherDefinition):
                store.states([visitor()], version)
            with pytest.raises(OtherDefinition):
                store.score_some(version, NOW, part=0, parts=1)
        store.take_in([event(visitor="v0", page="/c"), event(visitor="v9")])
        store.rebuild(new, LATER, done.append)
        left = 8 - (6 if killed == "between two transactions" else 4)
        assert sum(done) - 4 == left
        score(store, by=new)
        assert points(store, visitor("v0"), by=new) == 6
        assert [points(store, visitor(f"v{n}"), by=new) for n in range(1, 7)] == [4] * 6
        assert points(store, visitor("v9"), by=new) == 2

    def test_a_rebuild_by_another_definition_begins_anew(
        self, store: SqlIntentStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What the one that was killed had made is of no use to it."""
        monkeypatch.setattr(rebuilding, "TRAILS_AT_ONCE", 2)
        score(store, *[event(visitor=f"v{n}") for n in range(5)])
        with pytest.raises(Killed):
            store.rebuild(definition("second", view=2), NOW, killing(int, 2))
        third = definition("third", view=3)
        done: list[int] = []
        store.rebuild(third, NOW, done.append)
        assert sum(done) == 5
        assert [points(store, visitor(f"v{n}"), by=third) for n in range(5)] == [3] * 5
