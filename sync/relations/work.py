"""One tie on its way through the keeper's hands, and how it is told: as an entry of a plan, as a name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from connector.errors import Rejected
from connector.port import Outcome, System, Written
from mappings.schema import Relation
from sync.plandraft import change_json
from sync.relations.decide import TiePlan
from sync.relations.reading import Seen, TieKey


@dataclass(slots=True, kw_only=True)
class Work:
    """One tie: what was seen, what was decided, what came of the writes by side.

    `was_parked` are its lines in quarantine. `refused` holds, by side, the refusal of a single line; the
    rest of the tie was sent once more without it. `waits` says why nothing was sent: a partner is not
    live, or a system is paused.
    """

    key: TieKey
    seen: Seen
    plan: TiePlan
    was_parked: frozenset[str] = frozenset()
    outcomes: dict[System, Outcome] = field(default_factory=dict)
    refused: dict[System, Rejected] = field(default_factory=dict)
    waits: str | None = None

    @property
    def landed(self) -> frozenset[System]:
        """The sides on which everything stands as it was meant."""
        return frozenset(side for side, one in self.outcomes.items() if isinstance(one, Written))

    @property
    def done(self) -> bool:
        """Whether all that was meant has landed, lines that were refused apart."""
        return self.waits is None and len(self.landed) == len(self.outcomes)

    def name(self, side: System) -> str:
        """How the tie is named on a side: ``left>right``."""
        return name_of(self.seen, side)

    def refused_line(self, side: System) -> str | None:
        """The line that this side refused by its field."""
        refusal = self.refused.get(side)
        return None if refusal is None else line_of(self.plan, side, refusal)


def name_of(seen: Seen, side: System) -> str:
    """How a tie is named on a side; a left record without a partner has no name there."""
    tie = seen.tie(side)
    left = seen.left.record_id(side) if seen.left is not None else "?" if tie is None else tie.left
    return f"{left}>{seen.right.record_id(side)}"


def line_of(plan: TiePlan, side: System, refusal: Rejected) -> str | None:
    """The line of a plan that a refusal is about; None where it is about the tie as a whole."""
    lines = {change.api_name: change.line for change in plan.changes.get(side, ())}
    return next((lines[name] for name in refusal.fields if name in lines), None)


def entries_of(relation: Relation, work: Work) -> list[dict[str, Any]]:
    """A tie's writes as entries of the plan's `changes`.

    A tie that does not exist yet has a name already, since its partners tell it: `id` is never null.
    """
    return [
        {
            "mapping": relation.name,
            "action": action,
            "system": side.value,
            "object": relation.word(side),
            "id": work.name(side),
            "partner_id": work.name(side.other),
            "fields": [change_json(change) for change in work.plan.changes.get(side, ())],
        }
        for side in System
        if (action := work.plan.action(side)) is not None
    ]


def as_row(relation: Relation, work: Work) -> dict[str, Any]:
    """What a stored plan keeps of a tie: enough to print it, and to know it again."""
    return {
        "relation": relation.name,
        "right_pair": work.key.right_pair,
        "entries": entries_of(relation, work),
    }
