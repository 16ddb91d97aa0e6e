"""Both practice orgs, started once for all tests of this package."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sync.ledger import Ledger
from tests.life.orgs import Orgs, Wording
from tests.life.scene import Scene
from tests.sync.bridge import sqlite_url

SceneOf = Callable[..., Scene]


@pytest.fixture(scope="session")
def orgs() -> Iterator[Orgs]:
    running = Orgs()
    running.reset()
    running.compiled()
    yield running
    running.stop()


@pytest.fixture
def scene_of(orgs: Orgs, tmp_path: Path) -> Iterator[SceneOf]:
    """Empty orgs and a bridge over mapping files that an admin changed like this."""
    orgs.reset()
    ledger = Ledger.open(sqlite_url(tmp_path))

    def make(*wordings: Wording) -> Scene:
        return Scene(orgs, ledger, orgs.compiled(*wordings))

    yield make
    ledger.close_all()


@pytest.fixture
def scene(scene_of: SceneOf) -> Scene:
    """Empty orgs and a bridge over the mappings as they are shipped."""
    return scene_of()
