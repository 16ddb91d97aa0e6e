"""The twin merges, erases and restores as both vendors do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.port import System
from tests.contract.life_suite import LifeContract, LivingWorld
from tests.contract.test_memory import TwinWorld


class LivingTwin(TwinWorld, LivingWorld):
    """A twin whose people restore what they deleted."""

    def __init__(self, system: System) -> None:
        super().__init__(system)
        self.merge_makes_a_new_record = system is System.HUBSPOT

    def person_restores(self, record_id: str) -> None:
        self.twin.restore(self.names.object, record_id)

    def in_the_bin(self) -> set[str]:
        return self.twin.in_the_bin(self.names.object)


class TestTheLeftTwin(LifeContract):
    @pytest.fixture
    def world(self) -> Iterator[LivingWorld]:
        yield LivingTwin(System.HUBSPOT)


class TestTheRightTwin(LifeContract):
    @pytest.fixture
    def world(self) -> Iterator[LivingWorld]:
        yield LivingTwin(System.SALESFORCE)
