"""The port for relations: what ties two records of one system together without being a record of its own
on both sides. List memberships and association labels at HubSpot, CampaignMember and
OpportunityContactRole at Salesforce.

A relation has no external key and often no event: it is told by the two records that it ties. All verbs
take batches of any size and answer as the verbs of `connector.port` do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from connector.port import Outcome, System, Value, Values


class Tie(NamedTuple):
    """One tie between a `left` and a `right` record of the same system, by their ids.

    `left_object` tells which kind of record `left` is (a CampaignMember names a Lead or a Contact).
    `id` is the vendor's own id of the tie, where it has one. `values` are its own fields (a member
    status, a role), empty where it has none.
    """

    left_object: str
    left: str
    right: str
    values: dict[str, Value]
    id: str | None = None


class Relations(Protocol):
    """One system's relations. `relation` is the vendor's word, as mapping files write it:
    ``list memberships``, ``associations contacts deals``, ``CampaignMember``, ``OpportunityContactRole``.
    """

    @property
    def system(self) -> System: ...

    def ties(
        self, relation: str, rights: Sequence[str], fields: Sequence[str]
    ) -> Iterator[list[Tie]]:
        """All ties that end at these right-hand records, page by page. Deleted ones never appear."""

    def tie_many(self, relation: str, ties: Sequence[Tie]) -> list[Outcome]:
        """Make these ties, or set the values of those that exist. Safe to repeat."""

    def untie_many(self, relation: str, ties: Sequence[Tie]) -> list[Outcome]:
        """End these ties. Ending what is ended already succeeds."""

    def values_allowed(self, relation: str, right: str) -> Mapping[str, Values]:
        """What may stand in the tie's own fields for this right-hand record, by field: value -> label (the
        member statuses of one campaign). A field that takes anything is absent."""
