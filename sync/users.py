"""Who a user of Salesforce is to people: their address."""

from __future__ import annotations

from collections.abc import Iterable

from connector.port import Connector

USER, EMAIL = "User", "Email"


def mails_of(salesforce: Connector, users: Iterable[str]) -> dict[str, str]:
    """The addresses of these users, in small letters; who has none is left out. Raises what it raises."""
    wanted = list(dict.fromkeys(users))
    found = salesforce.get_many(USER, wanted, [EMAIL]) if wanted else {}
    mails = {user: str(one.values.get(EMAIL) or "").strip().lower() for user, one in found.items()}
    return {user: mail for user, mail in mails.items() if mail}
