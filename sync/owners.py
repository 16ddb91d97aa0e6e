"""Who is whom among the people who own records: HubSpot owners and Salesforce users, by e-mail. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from connector.port import Record, System
from sync.reconcile import is_true

# The fields to list of each system's people.
OWNER_FIELDS = {
    System.HUBSPOT: ("owners", ("email", "type")),
    System.SALESFORCE: ("User", ("Email", "IsActive")),
}


# HubSpot's word for an owner that is no person (reference sheet, section 13).
QUEUE = "QUEUE"


@dataclass(frozen=True, slots=True)
class Owners:
    """Partner ids by side, and the people of each side by their e-mail.

    Inactive people, queues and e-mails that several people share have no partner.
    """

    by_side: dict[System, dict[str, str]] = field(
        default_factory=lambda: {System.HUBSPOT: {}, System.SALESFORCE: {}}
    )
    by_email: dict[System, dict[str, str]] = field(
        default_factory=lambda: {System.HUBSPOT: {}, System.SALESFORCE: {}}
    )

    def partner(self, side: System, record_id: str) -> str | None:
        return self.by_side[side].get(record_id)

    def somebody(self, side: System, email: str) -> str | None:
        """The active person with this e-mail on that side, for records whose owner has no partner."""
        return self.by_email[side].get(_email(email))


def pair_owners(owners: Iterable[Record], users: Iterable[Record]) -> Owners:
    """Match active owners and active users whose e-mail is unique on each side."""
    left = _unique(
        (_email(owner.values.get("email")), owner.id)
        for owner in owners
        if str(owner.values.get("type") or "").upper() != QUEUE
    )
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
        },
        {System.HUBSPOT: left, System.SALESFORCE: right},
    )


def _email(value: object) -> str:
    return str(value or "").strip().casefold()


def _unique(people: Iterable[tuple[str, str]]) -> dict[str, str]:
    known = [(email, person) for email, person in people if email]
    times = Counter(email for email, _ in known)
    return {email: person for email, person in known if times[email] == 1}
