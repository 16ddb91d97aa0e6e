"""The HubSpot connector keeps the promises about merging, erasing and restoring, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.hubspot_world import world_of
from tests.contract.life_suite import LifeContract, LivingWorld


class TestHubSpot(LifeContract):
    @pytest.fixture
    def world(self) -> Iterator[LivingWorld]:
        yield from world_of("v3")


class TestHubSpotDated(LifeContract):
    """The same over the dated paths."""

    @pytest.fixture
    def world(self) -> Iterator[LivingWorld]:
        yield from world_of("2026-09")
