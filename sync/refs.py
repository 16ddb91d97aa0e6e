"""Looks up partners across mappings for one run: the ledger's pairs, this plan's claims, the owners."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from connector.port import System
from mappings.schema import Pending
from sync.owners import Owners

OWNERS = "owners"
# What stands between it and the e-mail of somebody who gets records whose owner has no partner.
OR_ELSE = "#"
# Looked-up partners are remembered up to this many, then forgotten: memory stays flat.
REMEMBERED = 50_000


class PartnerStore(Protocol):
    """What is asked of the ledger."""

    def partner_ids(self, mapping: str, system: System, ids: Iterable[str]) -> dict[str, str]: ...

    def claimed_partners(
        self, mapping: str, system: System, ids: Iterable[str]
    ) -> dict[str, str | None]:
        """Partners this plan intends: an id for a link, None for a record yet to be created."""


class LedgerRefs:
    """`mappings.schema.Refs` over the ledger.

    With `planning` the links and creates of the plan in the making count as made already, so that a
    plan lists the same writes that applying it makes.
    """

    def __init__(self, store: PartnerStore, owners: Owners, *, planning: bool) -> None:
        self._store = store
        self._owners = owners
        self._planning = planning
        self._known: dict[tuple[str, System, str], str | Pending | None] = {}

    def partner(self, mapping: str, side: System, record_id: str) -> str | Pending | None:
        people, _, email = mapping.partition(OR_ELSE)
        if people == OWNERS:
            found = self._owners.partner(side, record_id)
            return found or (self._owners.somebody(side.other, email) if email else None)
        key = (mapping, side, record_id)
        if key not in self._known:
            self.prefetch(mapping, side, [record_id])
        return self._known.get(key)

    def prefetch(self, mapping: str, side: System, ids: Iterable[str]) -> None:
        """Look many up in one go."""
        wanted = [i for i in dict.fromkeys(ids) if (mapping, side, i) not in self._known]
        if not wanted or mapping.partition(OR_ELSE)[0] == OWNERS:
            return
        if len(self._known) > REMEMBERED:
            self._known.clear()
        bound: Mapping[str, str] = self._store.partner_ids(mapping, side, wanted)
        missing = [i for i in wanted if i not in bound]
        planned = (
            self._store.claimed_partners(mapping, side, missing)
            if self._planning and missing
            else {}
        )
        for record_id in wanted:
            partner: str | Pending | None = bound.get(record_id)
            if partner is None and record_id in planned:
                partner = planned[record_id] or Pending(record_id)
            self._known[mapping, side, record_id] = partner

    def forget(self) -> None:
        """After writing: what was not linked may be linked now."""
        self._known.clear()
