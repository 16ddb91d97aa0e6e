"""The port for converting a Lead from our side: an action of the lifecycle that only Salesforce knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from connector.errors import Rejected, TryLater


@dataclass(frozen=True, slots=True)
class Converted:
    """What became of a Lead: its Contact, its Account, and its Opportunity where there is one."""

    contact_id: str
    account_id: str
    opportunity_id: str | None


class ConvertsLeads(Protocol):
    """Converts one Lead at a time."""

    def convert_lead(
        self,
        lead_id: str,
        *,
        contact_id: str | None = None,
        account_id: str | None = None,
        opportunity_name: str | None = None,
        owner_id: str | None = None,
    ) -> Converted | Rejected | TryLater:
        """Convert a Lead into new records or into given ones, of which only blanks are filled.

        `opportunity_name` None: no Opportunity. A Lead that is converted already answers what it became.
        """
