"""What is known around somebody at the moment of a decision, as a value. Pure: others look it up.

Nothing known is nothing allowed: each field starts with what lets nobody pass. Sources: domain sheet, 2.3.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from lifecycle.gate import GateResult
from lifecycle.model import Evidence

Outcome = Literal["open", "won", "lost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the guards of the table ask for.

    `now` is when it is decided. `contactable`: a valid address or phone, and a company. `consent`: whether
    the definition's consent is given now; `opted_in_at`: when it was last given afresh. `exclusions` are the
    rules of `mql_none` that hold, `rules` those of `mql_any` on evidence after the last recycle, `rules_ever`
    those on all evidence, `customer_rules` those for customers. `seen`: a seller has looked at it or was
    given it. `verdict_expired`: the accept timer and its ladder are over. `talked_at`: when a meeting or call
    was logged; `talked_on`: where only the day is known. `opportunity` is the id of one that exists,
    `has_contact_role` that this person is on it, `outcome` what became of it. `reached_by` are the ways to
    reach somebody, each as a digest; `corrected`: there is one that was not there when the data were called
    bad. `renewal`: when a contract elsewhere ends.
    `timeframe` is that of the gate. `retention_over`: kept long enough.
    """

    now: datetime
    contactable: bool = False
    consent: bool = False
    opted_in_at: datetime | None = None
    exclusions: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    rules_ever: tuple[str, ...] = ()
    customer_rules: tuple[str, ...] = ()
    evidence: Evidence = field(default_factory=Evidence)
    gate: GateResult = field(default_factory=GateResult)
    seen: bool = False
    verdict_expired: bool = False
    talked_at: datetime | None = None
    talked_on: date | None = None
    opportunity: str | None = None
    has_contact_role: bool = False
    outcome: Outcome | None = None
    reached_by: tuple[str, ...] = ()
    corrected: bool = False
    renewal: date | None = None
    timeframe: str | None = None
    retention_over: bool = False

    @property
    def talk(self) -> tuple[str, ...]:
        """What shows that somebody was spoken to: when, or the day where nobody wrote down more."""
        if self.talked_on is not None:
            return (f"talked_on:{self.talked_on.isoformat()}",)
        return () if self.talked_at is None else (f"talked_at:{self.talked_at.isoformat()}",)
