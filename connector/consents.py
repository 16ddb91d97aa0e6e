"""The port for consent: what a person said to a system, and how a system is told of a fresh opt-in.

An opt-out needs nothing but its flag, and `Connector.update_many` writes it. An opt-in is another thing:
it counts only with evidence (when, how, on what legal basis), and a system that keeps such evidence
wants to be told of it. A system that does not just gets its flag unset.

Nothing in here opens a socket or reads a clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, runtime_checkable

from connector.port import Change, Connector, Outcome


class Statement(NamedTuple):
    """What a person said once: out or in, when, through what (`source`), on what legal `basis`.

    An opt-out counts without any of these. An opt-in without one of them is no evidence.
    """

    out: bool
    at: datetime | None = None
    source: str | None = None
    basis: str | None = None

    @property
    def is_evidence(self) -> bool:
        """Whether it is an opt-in that can be proved."""
        return not self.out and None not in (self.at, self.source or None, self.basis or None)


class OptIn(NamedTuple):
    """A flag of a record to unset, and the statement by which that is right."""

    record_id: str
    field: str
    statement: Statement


class Consents(Protocol):
    """What one system knows about consent beyond its flags."""

    def statements(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, dict[str, list[Statement]]]:
        """Record -> opt-out field -> what the system has on file of it; costs calls for each record.

        Raises `TryLater` and `SystemBlocked`. A record or field it knows nothing of is missing.
        """

    def let_in(self, object_name: str, opt_ins: Sequence[OptIn]) -> list[Outcome]:
        """Unset these flags, with the evidence; one outcome per input, in input order."""


@runtime_checkable
class Consenting(Protocol):
    """A connector whose system keeps evidence of consent."""

    @property
    def consents(self) -> Consents: ...


@dataclass(frozen=True, slots=True)
class Flags:
    """The consents of a system that knows nothing but flags."""

    connector: Connector

    def statements(
        self,
        object_name: str,
        ids: Sequence[str],
        fields: Sequence[str],
    ) -> dict[str, dict[str, list[Statement]]]:
        return {}

    def let_in(self, object_name: str, opt_ins: Sequence[OptIn]) -> list[Outcome]:
        outcomes: dict[OptIn, Outcome] = {}
        for field in dict.fromkeys(one.field for one in opt_ins):
            # One field at a time: a record may stand in one batch only once.
            some = [one for one in opt_ins if one.field == field]
            changes = [Change(one.record_id, {field: False}) for one in some]
            told = self.connector.update_many(object_name, changes)
            outcomes |= dict(zip(some, told, strict=True))
        return [outcomes[one] for one in opt_ins]


def consents_of(connector: Connector) -> Consents:
    """What this system knows about consent; of most that is their flags."""
    return connector.consents if isinstance(connector, Consenting) else Flags(connector)
