"""Everything that a store of website intent says, in a form that does not depend on the order of arrival."""

from __future__ import annotations

from typing import TypeAlias

import pytest
from sqlalchemy import Engine, select

from intent.decay import State, read
from intent.definition import Definition
from intent.model import Millis
from intent.store.tables import bond, site_day, state, trail, turn, visit

# Who somebody is: the identifiers that are theirs, since what person keys are called is by chance.
Who: TypeAlias = frozenset[tuple[str, Millis]]
Picture: TypeAlias = tuple[dict[tuple[Who, str, str], float], dict[object, object]]


def picture(engine: Engine, definition: Definition, at: Millis) -> Picture:
    """The sums of everybody at an instant, and all that is compared exactly."""
    with engine.connect() as connection:
        trails = connection.execute(select(trail)).all()
        names = {row.id: row.name for row in trails}
        owners = {(row.id, 0): row.owner for row in trails}
        owners |= {(row.trail_id, row.since): row.owner for row in connection.execute(select(turn))}
        theirs: dict[str, set[tuple[str, Millis]]] = {}
        for (number, since), owner in owners.items():
            theirs.setdefault(owner, set()).add((names[number], since))
        sums: dict[tuple[Who, str, str], float] = {}
        for row in connection.execute(select(state)):
            key = frozenset(theirs[owners[row.trail_id, row.since]]), row.topic, row.family
            half_life = definition.families[row.family].half_life
            # Not `read`: what is left of a sum that came to nothing has to be next to nothing too.
            value = read(State(abs(row.value), row.at), at, half_life)
            sums[key] = sums.get(key, 0.0) + (value if row.value >= 0 else -value)
        exact: dict[object, object] = {
            ("visit", names[row.trail_id], row.day): tuple(row[2:])
            for row in connection.execute(select(visit))
        }
        days: dict[int, int] = {}
        for row in connection.execute(select(site_day)):
            days[row.day] = days.get(row.day, 0) + row.visitors
        exact |= {("account", row.name): (row.account, row.rank) for row in trails}
        exact |= {
            ("bond", names[row.trail_id], names[row.other_id], row.slot): row.at
            for row in connection.execute(select(bond))
        }
        exact["days"] = {day: count for day, count in days.items() if count}
        exact["who"] = {frozenset(one) for one in theirs.values()}
    return {key: value for key, value in sums.items() if abs(value) > 1e-12}, exact


def assert_same(one: Picture, other: Picture) -> None:
    """Equal sums but for rounding, and the rest exactly."""
    assert other[1] == one[1]
    assert other[0] == pytest.approx(one[0], rel=1e-9, abs=1e-9)
