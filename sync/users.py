"""Who a user of Salesforce is to people, by their address."""

from __future__ import annotations

from collections.abc import Iterable

from connector.port import Connector

USER, EMAIL, IS_ACTIVE = "User", "Email", "IsActive"


def mails_of(salesforce: Connector, users: Iterable[str]) -> dict[str, str]:
    """The addresses of these users, in small letters; who has none is left out. Raises what it raises."""
    wanted = list(dict.fromkeys(users))
    found = salesforce.get_many(USER, wanted, [EMAIL]) if wanted else {}
    mails = {user: str(one.values.get(EMAIL) or "").strip().lower() for user, one in found.items()}
    return {user: mail for user, mail in mails.items() if mail}


def users_of(salesforce: Connector, mails: Iterable[str]) -> dict[str, str]:
    """The active user of each of these addresses, in small letters; left out who has none, or several."""
    wanted = sorted({mail.strip().lower() for mail in mails if "@" in mail})
    found = salesforce.find_many(USER, EMAIL, wanted, [EMAIL, IS_ACTIVE]) if wanted else {}
    active = {
        mail.lower(): [one.id for one in users if one.values.get(IS_ACTIVE) is not False]
        for mail, users in found.items()
    }
    return {mail: users[0] for mail, users in active.items() if len(users) == 1}
