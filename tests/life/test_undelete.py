"""A record is undeleted out of Salesforce's recycle bin."""

from __future__ import annotations

from tests.life.cells import Cell, Promise, each_cell
from tests.life.coming_back import CELLS, comes_back
from tests.life.conftest import SceneOf
from tests.life.people import wordings


@each_cell(salesforce=CELLS)
def test_undelete(scene_of: SceneOf, cell: Cell, promise: Promise) -> None:
    """An undeleted Lead does what its cell in `docs/life.md` says."""
    comes_back(scene_of(*wordings(cell)), cell, promise)
