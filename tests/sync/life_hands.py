"""The hands of people in random histories: whom something happens to, and what everybody enters there."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from connector.port import System, Value
from tests.sync.life_mappings import COMPANIES, PEOPLE
from tests.sync.life_records import Place, live
from tests.sync.life_world import World

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE

sides = st.sampled_from(list(System))
kinds = st.sampled_from([PEOPLE, PEOPLE, PEOPLE, COMPANIES])
picks = st.integers(0, 5)


class Hands(RuleBasedStateMachine):
    """One history. `steps` counts the steps of all histories of a test."""

    steps: ClassVar[int] = 0
    folder: ClassVar[Path] = Path(tempfile.gettempdir())
    world: World
    bystanders: frozenset[tuple[str, System, str]]

    def __init__(self) -> None:
        super().__init__()
        self.number = 0
        # Records with an opt-out that we have seen (or written), and since when nobody has lifted it.
        self.outs: dict[Place, datetime] = {}
        # Opt-ins with evidence, and the time that it names.
        self.proofs: list[tuple[Place, datetime]] = []

    def count(self) -> None:
        type(self).steps += 1

    def choose(self, kind: str, system: System, pick: int, of: str | None = None) -> str | None:
        """One of the live records, or None where there is nobody."""
        found = [
            record_id
            for record_id in live(self.world, kind, system)
            if (kind, system, record_id) not in self.bystanders
            and (of is None or self.object_of(kind, system, record_id) == of)
        ]
        return found[pick % len(found)] if found else None

    def object_of(self, kind: str, system: System, record_id: str) -> str:
        return self.world.object_of(kind, system, record_id)

    def fresh(self, name: str, side: System) -> str:
        """A value that nobody has entered before, and that is known again after it was cut."""
        self.number += 1
        if name in {"email", "key"}:
            return f"P{self.number}@example.com"
        return f"{self.number:04d}{side.value[0]}-{name}"

    def edit(self, kind: str, system: System, record_id: str, values: dict[str, Value]) -> None:
        name = self.object_of(kind, system, record_id)
        self.world.twin(system).edit(name, record_id, values)
        self.world.tell(system, name, record_id)
