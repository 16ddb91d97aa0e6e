"""Who belongs to whom: one group of records that share a match key, decided. Pure.

Ambiguity is symmetric, and a guess is never made: records of one side that share a key are parked
together with the record on the other side that they would pair with, unless `several` says how to
choose. A candidate that is bound (or claimed for a link) makes the free record a `duplicate_of`.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.port import System
from mappings.schema import Several
from sync.model import Claim, KeyGroup, Member


def pair_up(
    group: KeyGroup, preference: Sequence[str], several: Several, *, suggest: bool = False
) -> list[Claim]:
    """Claims for the free members of a group.

    `preference` lists the Salesforce objects in the order in which they are tried. With `suggest`
    a pair is only proposed: both records are `unpaired (suggested)`.
    """
    hubspot = [m for m in group.members if m.system is System.HUBSPOT]
    salesforce = _by_preference(group.members, preference)
    rank = salesforce[:1] and [m for m in salesforce if m.object == salesforce[0].object]
    lower = [m for m in salesforce if rank and m.object != rank[0].object]
    claims = _same_rank(hubspot, list(rank or []), several, suggest=suggest)
    settled = {claim.record_id for claim in claims}
    first = rank[0].record_id if rank else None
    for member in lower:
        # A Contact ranks before a Lead: further records of the same person wait for a merge.
        if _free(member) and member.record_id not in settled:
            claims.append(_park(member, "duplicate_of", first))
    return claims


def _same_rank(
    hubspot: list[Member], salesforce: list[Member], several: Several, *, suggest: bool
) -> list[Claim]:
    left, right = [m for m in hubspot if _free(m)], [m for m in salesforce if _free(m)]
    left_taken, right_taken = _taken(hubspot), _taken(salesforce)
    if left_taken or right_taken:
        # Somebody of this group is bound already: the free ones are further records of that person.
        return [
            *(_park(m, "duplicate_of", (right_taken or left_taken)[0].record_id) for m in left),
            *(_park(m, "duplicate_of", (left_taken or right_taken)[0].record_id) for m in right),
        ]
    if _unsettled(hubspot) or _unsettled(salesforce):
        return [_park(member, "ambiguous", None) for member in (*left, *right)]
    return _free_only(hubspot, salesforce, left, right, several, suggest=suggest)


def _free_only(
    hubspot: list[Member],
    salesforce: list[Member],
    left: list[Member],
    right: list[Member],
    several: Several,
    *,
    suggest: bool,
) -> list[Claim]:
    if not left or not right:
        return _one_sided(hubspot, salesforce, left, right, several)
    claims: list[Claim] = []
    chosen_left, rest_left = _choose(left, several)
    chosen_right, rest_right = _choose(right, several)
    if chosen_left is None or chosen_right is None:
        return [_park(member, "ambiguous", None) for member in (*left, *right)]
    if suggest:
        claims += _suggest(chosen_left, chosen_right)
    else:
        claims.append(_link(chosen_left, chosen_right.record_id))
        claims.append(_link(chosen_right, chosen_left.record_id))
    claims += [_park(member, "duplicate_of", chosen_left.record_id) for member in rest_left]
    claims += [_park(member, "duplicate_of", chosen_right.record_id) for member in rest_right]
    return claims


def _one_sided(
    hubspot: list[Member],
    salesforce: list[Member],
    left: list[Member],
    right: list[Member],
    several: Several,
) -> list[Claim]:
    free, opposite = (left, salesforce) if left else (right, hubspot)
    if not free:
        return []
    if opposite:
        # The only candidates are outside `only`: nothing is created beside them.
        partner = opposite[0].record_id
        return [Claim(m.system, m.record_id, "filtered", partner, "partner_filtered") for m in free]
    if len(free) == 1:
        return []
    chosen, rest = _choose(free, several)
    if chosen is None:
        return [_park(member, "ambiguous", None) for member in free]
    return [_park(member, "duplicate_of", chosen.record_id) for member in rest]


def _choose(members: list[Member], several: Several) -> tuple[Member | None, list[Member]]:
    """The one to pair and the rest; nobody where several must be settled by a person."""
    if len(members) == 1:
        return members[0], []
    if several == "park":
        return None, members
    if several == "oldest":
        # Ids rise with time in both systems.
        ordered = sorted(members, key=lambda m: (len(m.record_id), m.record_id))
    else:
        ordered = sorted(
            members,
            key=lambda m: (m.modified_at.timestamp() if m.modified_at else 0.0, m.record_id),
            reverse=True,
        )
    return ordered[0], ordered[1:]


def _free(member: Member) -> bool:
    return member.in_scope and not member.bound and member.claim is None


def _taken(members: list[Member]) -> list[Member]:
    return [m for m in members if m.bound or m.claim == "link"]


def _unsettled(members: list[Member]) -> list[Member]:
    return [m for m in members if not m.bound and m.claim in {"parked", "unpaired"}]


def _by_preference(members: Sequence[Member], preference: Sequence[str]) -> list[Member]:
    rank = {name: position for position, name in enumerate(preference)}
    right = [m for m in members if m.system is System.SALESFORCE]
    return sorted(right, key=lambda m: rank.get(m.object, len(rank)))


def _link(member: Member, partner_id: str) -> Claim:
    return Claim(member.system, member.record_id, "link", partner_id, "match")


def _park(member: Member, cause: str, other: str | None) -> Claim:
    return Claim(member.system, member.record_id, "parked", other, cause)


def _suggest(left: Member, right: Member) -> list[Claim]:
    return [
        Claim(left.system, left.record_id, "unpaired", right.record_id, "suggested"),
        Claim(right.system, right.record_id, "unpaired", left.record_id, "suggested"),
    ]
