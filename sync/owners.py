"""Who is whom among the people who own records: HubSpot owners and Salesforce users, by e-mail. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from connector.port import Record, System
from sync.reconcile import is_true

# The fields to list of each system's people.
OWNER_FIELDS = {
    System.HUBSPOT: ("owners", ("email",)),
    System.SALESFORCE: ("User", ("Email", "IsActive")),
}


@dataclass(frozen=True, slots=True)
class Owners:
    """Partner ids by side. Inactive people and e-mails that several people share have no partner."""

    by_side: dict[System, dict[str, str]] = field(
        default_factory=lambda: {System.HUBSPOT: {}, System.SALESFORCE: {}}
    )

    def partner(self, side: System, record_id: str) -> str | None:
        return self.by_side[side].get(record_id)


def pair_owners(owners: Iterable[Record], users: Iterable[Record]) -> Owners:
    """Match active owners and active users whose e-mail is unique on each side."""
    left = _unique((_email(owner.values.get("email")), owner.id) for owner in owners)
    right = _unique(
        (_email(user.values.get("Email")), user.id)
        for user in users
        if is_true(user.values.get("IsActive"))
    )
    shared = left.keys() & right.keys()
    return Owners(
        {
            System.HUBSPOT: {left[email]: right[email] for email in shared},
            System.SALESFORCE: {right[email]: left[email] for email in shared},
        }
    )


def _email(value: object) -> str:
    return str(value or "").strip().casefold()


def _unique(people: Iterable[tuple[str, str]]) -> dict[str, str]:
    known = [(email, person) for email, person in people if email]
    times = Counter(email for email, _ in known)
    return {email: person for email, person in known if times[email] == 1}
