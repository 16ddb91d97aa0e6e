"""Where a person stands, from everything that was ever said: the most restrictive wins. Pure.

==========================  ====================================================================
what was said               where the person stands
==========================  ====================================================================
nothing                     not out (and not in either: blank is no consent)
an opt-out                  out, for ever unless evidence of a later opt-in comes
an opt-out without a time   out: nothing is known to be later
opt-out, then evidence      in: evidence is an opt-in with a time, a source and a legal basis
evidence, then an opt-out   out
both at the same moment     out
an opt-in without evidence  as if it had not been said: a plain untick loosens nothing
evidence from the future    as if it had not been said (yet)
==========================  ====================================================================

Only the latest opt-out and the freshest evidence count, so it does not matter in which order, how often
and on which record of the person things were said.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from connector.consents import Statement

# Clocks of three machines never agree quite.
SKEW = timedelta(minutes=5)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Standing:
    """The latest opt-out and the freshest evidence of an opt-in; None where there is none."""

    out: Statement | None = None
    evidence: Statement | None = None

    @classmethod
    def after(cls, statement: Statement, now: datetime) -> Self:
        """Where somebody stands who said this and nothing else."""
        if statement.out:
            return cls(out=statement)
        believed = statement.is_evidence and (statement.at or _NEVER) <= now + SKEW
        return cls(evidence=statement) if believed else cls()

    def join(self, other: Standing) -> Standing:
        """Where somebody stands who said both."""
        outs = [one for one in (self.out, other.out) if one is not None]
        proofs = [one for one in (self.evidence, other.evidence) if one is not None]
        return Standing(max(outs, key=_rank, default=None), max(proofs, key=_rank, default=None))

    @property
    def fresh(self) -> Statement | None:
        """The opt-in that stands: nobody has opted out since. None where there is none."""
        if self.evidence is None or self.out is None:
            return self.evidence
        return self.evidence if _rank(self.evidence)[:2] > _rank(self.out)[:2] else None

    @property
    def is_out(self) -> bool:
        """Whether the person must be left in peace."""
        return self.out is not None and self.fresh is None


def standing_of(statements: Iterable[Statement], now: datetime) -> Standing:
    """Where a person stands after all of these statements, in whatever order."""
    standing = Standing()
    for statement in statements:
        standing = standing.join(Standing.after(statement, now))
    return standing


def _rank(statement: Statement) -> tuple[object, ...]:
    """Later is higher, without a time is highest; the rest only makes the order a total one."""
    words = ((word is not None, word or "") for word in (statement.source, statement.basis))
    return statement.at is None, statement.at or _NEVER, *words
