"""Which account people and visitors count for: the surest claim of all their trails, then the latest."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from intent.store.naming import Claim, company_name, named
from intent.store.rows import among
from intent.store.tables import trail
from intent.store.trails import Held, held_by_id, held_by_owner, is_better


def labels_of(connection: Connection, accounts: Iterable[str]) -> dict[str, str]:
    """The text of the account that a domain or corporate number stands for; domains may share one."""
    names = {company_name(one).text: one for one in accounts}
    found = {one: f"account:{one}" for one in names.values()}
    rows = connection.execute(
        select(trail.c.name, trail.c.owner).where(among(connection, trail.c.name, names))
    )
    return found | {names[row.name]: row.owner for row in rows}


def accounts_of(connection: Connection, owners: Iterable[str]) -> dict[str, str]:
    """The accounts of these people and visitors, as texts; who has none is left out."""
    wanted = set(owners)
    best = _best_claims(held_by_owner(connection, wanted).values())
    labels = labels_of(connection, {claim.account for claim in best.values()})
    return {owner: labels[claim.account] for owner, claim in best.items() if owner in wanted}


def _best_claims(held: Iterable[Held]) -> dict[str, Claim]:
    found: dict[str, Claim] = {}
    for one in held:
        # What was said of a cookie that changed hands says little about any of them: its first owner's.
        owner = one.turns[0][1]
        if one.claim is not None and is_better(one.claim, found.get(owner)):
            found[owner] = one.claim
    return found


def members_of(connection: Connection, account: str) -> list[str]:
    """The people and visitors who count for an account, as texts in one order."""
    return members_of_all(connection, [account])[account]


def members_of_all(connection: Connection, accounts: Iterable[str]) -> dict[str, list[str]]:
    """The same of many at once."""
    found: dict[str, list[str]] = {one: [] for one in accounts}
    domains = {one.partition(":")[2] for one in found}
    rows = connection.execute(select(trail.c.name).where(among(connection, trail.c.owner, found)))
    domains |= {named(row.name).value for row in rows}
    ids = connection.scalars(
        select(trail.c.id).where(among(connection, trail.c.account, sorted(domains)))
    ).all()
    owners = {owner for one in held_by_id(connection, ids).values() for owner in one.owners}
    people = {owner for owner in owners if not owner.startswith("account:")}
    for owner, label in sorted(accounts_of(connection, people).items()):
        if label in found:
            found[label].append(owner)
    return found
