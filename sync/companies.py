"""Companies by what they are called: one known company, or honestly none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from intent.identity import Bearer, only_account
from mappings.normal import company
from mappings.own_values import COMPANY_NAME
from mappings.schema import Mapping as FieldMapping
from mappings.schema import OwnName
from sync.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Companies:
    """Looks companies up among the records that carry values of ours. `mappings` answers those in force."""

    ledger: Ledger
    mappings: Callable[[], Sequence[FieldMapping]]

    def account_of(self, name: str) -> str | None:
        """The domain or corporate number of the only company of this name, however its form is written.

        Raises `LedgerError` while nobody can be asked.
        """
        key = company(name)
        bearing = [one.name for one in self.mappings() if one.own_names]
        if key is None or not bearing:
            return None
        found = self.ledger.bearers_of(bearing, OwnName(COMPANY_NAME, key))
        return only_account(
            [
                Bearer(_of(names, "company_domain"), _of(names, "corporate_number"))
                for names in found
            ]
        )


def _of(names: Collection[OwnName], kind: str) -> frozenset[str]:
    return frozenset(name.value for name in names if name.kind == kind)
