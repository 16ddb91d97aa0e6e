"""Several requests about one subject at once: which is followed, which is kept as a conflict. Pure.

What is legal goes first; of what is legal from the same standing, what was meant earlier; at the same time,
what the department wants that the dispute belongs to: sales where it is about SAL to customer or the verdict
on an MQL, marketing where it is only about lead and MQL. An erasure goes before anything. The last writer
does not win: that would silently wake leads that were sent back. Of those who lose, the first stands in the
winner's entry, and each has a refusal of its own that names the winner. Who asked for the same has lost
nothing. Days for looking again are no dispute: each is entered, and the later one counts. Source: domain
sheet, section 2.3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import reduce
from typing import Final, NamedTuple

from lifecycle.definition import Definition, Department
from lifecycle.machine import OUT, Decision, decide, reviews
from lifecycle.model import Entry, Refusal, Request, Role, Source, Stage, Standing
from lifecycle.situation import Situation
from lifecycle.standing import step

Look = Callable[[Request, Standing], Situation]

OF_MARKETING: Final = frozenset({Stage.KNOWN, Stage.LEAD, Stage.MQL, Stage.RECYCLED})
# The others are of no department and go after both.
DEPARTMENT: Final[Mapping[Role, Department]] = {
    Role.MARKETING: "marketing",
    Role.INSIDE_SALES: "sales",
    Role.SALES: "sales",
}
# Where both are of the same department, its own tool goes first; last what came from a link or a command.
TOOLS: Final[Mapping[Department, tuple[Source, ...]]] = {
    "sales": ("salesforce", "hubspot", "kakehashi"),
    "marketing": ("hubspot", "salesforce", "kakehashi"),
}
SELLERS: Final = frozenset({Role.INSIDE_SALES, Role.SALES})


class Settled(NamedTuple):
    """What became of one request: entries, or a refusal."""

    request: Request
    decision: Decision

    @property
    def entries(self) -> tuple[Entry, ...]:
        return () if isinstance(self.decision, Refusal) else self.decision

    @property
    def refusal(self) -> Refusal | None:
        return self.decision if isinstance(self.decision, Refusal) else None


def settle(
    standing: Standing, requests: Sequence[Request], look: Look, definition: Definition
) -> tuple[Settled, ...]:
    """Decide all requests about one subject, each exactly once, in the order to put them on file.

    `look` gives the situation for a request, which depends on where somebody stands by then. What one person
    asks in one tool is a sequence and no contest: the later is decided on what the earlier led to.
    """
    waiting = list(requests)
    found: list[Settled] = []
    while waiting:
        decided = {one.id: _decide(standing, one, waiting, look, definition) for one in waiting}
        legal = [one for one in waiting if not isinstance(decided[one.id], Refusal)]
        if not legal:
            found += [Settled(one, decided[one.id]) for one in sorted(waiting, key=_when)]
            break
        winner = min(legal, key=_precedence(_owner(legal, standing)))
        # Another day for looking again contests nothing: of several the later one is entered later.
        rivals = [one for one in legal if not reviews(standing, one) and _rivals(one, winner)]
        losers = [] if reviews(standing, winner) else sorted(rivals, key=_when)
        entries = _with_conflict(decided[winner.id], losers, winner)
        found.append(Settled(winner, entries))
        found += [Settled(one, _lost(one, winner, standing)) for one in losers]
        gone = {winner.id, *(one.id for one in losers)}
        waiting = [one for one in waiting if one.id not in gone]
        standing = reduce(step, entries, standing)
    return tuple(found)


def _decide(
    standing: Standing,
    request: Request,
    waiting: Sequence[Request],
    look: Look,
    definition: Definition,
) -> Decision:
    """A verdict that is waiting shows that a seller has seen the lead, whatever else is known."""
    situation = look(request, standing)
    if any(one.role in SELLERS for one in waiting):
        situation = replace(situation, seen=True)
    return decide(standing, request, situation, definition)


def _rivals(one: Request, winner: Request) -> bool:
    return one.id != winner.id and (one.actor, one.source) != (winner.actor, winner.source)


def _lost(one: Request, winner: Request, standing: Standing) -> Refusal:
    words = {
        "stage": winner.to.value,
        "winner": winner.id,
        "by": winner.actor,
        "agrees": "yes" if one.to is winner.to else "no",
    }
    return Refusal(request=one, code="overtaken", stood=standing.stage, words=words)


def _with_conflict(
    decision: Decision, losers: Sequence[Request], winner: Request
) -> tuple[Entry, ...]:
    """The winner's entries; the last of them, which is where somebody stands, names who lost first."""
    entries = () if isinstance(decision, Refusal) else decision
    against = next((one.id for one in losers if one.to is not winner.to), None)
    return (*entries[:-1], replace(entries[-1], conflict_with=against))


class Precedence(NamedTuple):
    """Smaller goes first. Within one second, which is all that Salesforce tells, nobody was earlier."""

    is_no_erasure: bool
    second: datetime
    is_of_others: bool
    tool: int
    at: datetime
    id: str


def _precedence(owner: Department) -> Callable[[Request], Precedence]:
    """Erasure, event time, the owner of the dispute, its own tool; of one tool in order; then the name."""
    tools = TOOLS[owner]

    def of(one: Request) -> Precedence:
        return Precedence(
            is_no_erasure=one.to is not Stage.ERASED,
            second=one.at.replace(microsecond=0),
            is_of_others=DEPARTMENT.get(one.role) != owner,
            tool=tools.index(one.source),
            at=one.at,
            id=one.id,
        )

    return of


def _owner(legal: Sequence[Request], standing: Standing) -> Department:
    """Whose matter it is. Whoever is to go out is in the hands where they stand; an MQL waits for sales."""
    about = {standing.stage if one.to in OUT else one.to for one in legal}
    is_verdict = standing.stage is Stage.MQL
    return "marketing" if about <= OF_MARKETING and not is_verdict else "sales"


def _when(one: Request) -> tuple[datetime, str]:
    return one.at, one.id
