"""The table of the life of a record: events x sides x states, each cell a promise that is tested.

A cell is a function over a scene; its docstring is the promise, word for word what `docs/life.md` tells
admins. One promise may stand in several cells::

    test_delete = ...parametrize(CELLS)      # ids: "hubspot-in line", "salesforce-parked" ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import pytest

from connector.port import System

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
STATES = ("in line", "unpaired", "filtered", "parked", "waiting", "deleted there")


class Cell(NamedTuple):
    """Where an event happens, and how the pair stands then."""

    side: System
    state: str

    def __str__(self) -> str:
        return f"{self.side.value}-{self.state}"


Promise = Callable[..., None]
Promises = Mapping[str, Promise]


def each_cell(
    *, hubspot: Promises | None = None, salesforce: Promises | None = None
) -> pytest.MarkDecorator:
    """Parametrizes a test over the cells of its event, one side of which may not know it at all."""
    sides = {HUBSPOT: hubspot or {}, SALESFORCE: salesforce or {}}
    for side, promises in sides.items():
        assert not promises or tuple(promises) == STATES, f"{side}: {tuple(promises)}"
    return pytest.mark.parametrize(
        ("cell", "promise"),
        [
            pytest.param(Cell(side, state), promise, id=str(Cell(side, state)))
            for side, promises in sides.items()
            for state, promise in promises.items()
        ],
    )


def alike(**by_state: Promise) -> dict[str, Promise]:
    """Promises by state, in the order of the table: ``alike(in_line=..., deleted_there=...)``."""
    return {state: by_state[state.replace(" ", "_")] for state in STATES}
