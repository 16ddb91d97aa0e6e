"""The table of a lead's life: who may move somebody from where to where, and what has to hold. Pure data.

Whatever stands in no row is illegal. Rows are named T1 to T20 as in the domain sheet, section 2.3; where a
row there has two ends, it is two rows here. `T3` is the acceptance (into SAL) and `T8` the judgement (into
SQL) in both presets; which comes first is the preset's, and the way back, T9 and T11, goes with the stage.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final, Literal, NamedTuple

from lifecycle.definition import ORDER, Preset
from lifecycle.model import Role, Stage

# What has to hold; `lifecycle.guards` says how each is asked.
Guard = Literal[
    "contactable",
    "consent",
    "not_excluded",
    "not_cooling",
    "qualified",
    "qualified_customer",
    "gate_mql",
    "gate_sql",
    "gate_opportunity",
    "another_seller",
    "unseen",
    "no_longer_qualified",
    "verdict_expired",
    "talked",
    "opportunity",
    "contact_role",
    "won",
    "lost",
    "with_inside_sales",
    "back",
    "worn_out",
    "changed",
]


class Transition(NamedTuple):
    """One row. Guards are asked in their order, and the first that does not hold is told.

    `explain`: people of these roles say in words why.
    """

    id: str
    source: Stage
    to: Stage
    roles: frozenset[Role]
    guards: tuple[Guard, ...] = ()
    explain: frozenset[Role] = frozenset()


RULE = frozenset({Role.RULE})
MARKETING = frozenset({Role.MARKETING})
SELLERS = frozenset({Role.INSIDE_SALES, Role.SALES})
SALES = frozenset({Role.SALES})
REVOPS = frozenset({Role.REVOPS})
NOBODY: Final[frozenset[Role]] = frozenset()

# Where somebody stands while two departments talk about the hand-over.
IN_HANDS: Final = frozenset({Stage.MQL, Stage.SAL, Stage.SQL})
FAST_PATH: Final = "T19"
ERASURE: Final = "T20"

# What has to hold before anybody is handed over, whichever way they came.
HAND_OVER: Final[tuple[Guard, ...]] = ("consent", "not_excluded")

SAME_IN_BOTH: Final = (
    Transition("T1", Stage.KNOWN, Stage.LEAD, RULE | MARKETING, ("contactable",)),
    Transition(
        "T2",
        Stage.LEAD,
        Stage.MQL,
        RULE | MARKETING,
        (*HAND_OVER, "not_cooling", "qualified", "gate_mql", "another_seller"),
        explain=MARKETING,
    ),
    Transition("T4", Stage.MQL, Stage.RECYCLED, SELLERS),
    # The second hop: inside sales hands on to marketing whom field sales gave back.
    Transition("T4", Stage.RECYCLED, Stage.RECYCLED, SELLERS, ("with_inside_sales",)),
    Transition("T5", Stage.MQL, Stage.DISQUALIFIED, SELLERS | MARKETING),
    Transition("T6", Stage.MQL, Stage.LEAD, RULE, ("unseen", "no_longer_qualified")),
    Transition("T7", Stage.MQL, Stage.RECYCLED, RULE, ("verdict_expired",)),
    Transition("T12", Stage.OPPORTUNITY, Stage.CUSTOMER, RULE, ("won",)),
    Transition("T13", Stage.OPPORTUNITY, Stage.RECYCLED, RULE | SALES, ("lost",)),
    Transition("T14", Stage.OPPORTUNITY, Stage.DISQUALIFIED, SALES),
    Transition(
        "T15",
        Stage.RECYCLED,
        Stage.MQL,
        RULE | MARKETING | SELLERS,
        (*HAND_OVER, "back", "gate_mql", "another_seller"),
        explain=MARKETING | SELLERS,
    ),
    Transition("T16", Stage.RECYCLED, Stage.DISQUALIFIED, RULE | REVOPS, ("worn_out",)),
    Transition(
        "T17",
        Stage.CUSTOMER,
        Stage.MQL,
        RULE,
        (*HAND_OVER, "qualified_customer", "gate_mql"),
    ),
    Transition("T18", Stage.DISQUALIFIED, Stage.LEAD, RULE | REVOPS, ("changed",), explain=REVOPS),
    *(
        Transition(FAST_PATH, stage, Stage.OPPORTUNITY, SALES, ("opportunity",))
        for stage in (Stage.LEAD, Stage.MQL)
    ),
    *(
        Transition(ERASURE, stage, Stage.ERASED, frozenset({Role.PRIVACY}))
        for stage in Stage
        if stage is not Stage.ERASED
    ),
)

# Who sends back from which of the two steps between MQL and opportunity: the second is field sales' alone.
BACK_FROM: Final[Mapping[Stage, str]] = {Stage.SAL: "T9", Stage.SQL: "T11"}


@cache
def transitions(preset: Preset) -> tuple[Transition, ...]:
    """All rows of a preset, in the order of their names."""
    order = ORDER[preset]
    first, second = order[3], order[4]
    rows = (
        *SAME_IN_BOTH,
        _forward(Stage.MQL, first, SELLERS),
        _forward(first, second, SELLERS if second is Stage.SQL else SALES),
        Transition(
            "T10",
            second,
            Stage.OPPORTUNITY,
            RULE | SALES,
            ("opportunity", "contact_role", "gate_opportunity"),
        ),
        *_back(first, SELLERS),
        *_back(second, SALES),
    )
    return tuple(sorted(rows, key=lambda row: int(row.id[1:])))


def rows(preset: Preset, source: Stage, to: Stage) -> tuple[Transition, ...]:
    """The rows that lead from one stage to another; they differ by who may go."""
    return _by_ends(preset).get((source, to), ())


def reachable(preset: Preset, source: Stage, role: Role) -> tuple[Stage, ...]:
    """Where whoever asks in this role may move somebody from a stage, in the order of the stages."""
    return tuple(to for to in Stage if any(role in row.roles for row in rows(preset, source, to)))


def skipped(preset: Preset, source: Stage) -> tuple[Stage, ...]:
    """The stages that the fast path goes past."""
    order = ORDER[preset]
    return order[order.index(source) + 1 : order.index(Stage.OPPORTUNITY)]


@cache
def _by_ends(preset: Preset) -> Mapping[tuple[Stage, Stage], tuple[Transition, ...]]:
    found: dict[tuple[Stage, Stage], tuple[Transition, ...]] = {}
    for row in transitions(preset):
        found[row.source, row.to] = (*found.get((row.source, row.to), ()), row)
    return found


def _forward(source: Stage, to: Stage, roles: frozenset[Role]) -> Transition:
    """The acceptance needs no more than somebody who accepts; the judgement a talk and its questions."""
    if to is Stage.SAL:
        return Transition("T3", source, to, roles)
    return Transition("T8", source, to, roles, ("talked", "gate_sql"))


def _back(source: Stage, roles: frozenset[Role]) -> tuple[Transition, ...]:
    return tuple(
        Transition(BACK_FROM[source], source, to, roles)
        for to in (Stage.RECYCLED, Stage.DISQUALIFIED)
    )
