"""How trails and subjects are named in the tables, and which identifier an event belongs to. Pure.

An event belongs to the trail of the surest identifier that it names: what somebody did under an address is
theirs, whatever is found out about a cookie later. That choice depends on the event alone, so it is the
same in any order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from intent.identity import CONFIDENCE
from intent.model import Identity, Subject

# The surest first. Addresses and contact ids are somebody; cookies are somebody once they were seen together
# with one of those; domains and corporate numbers are companies.
SOMEBODY = ("email", "hubspot_contact_id")
COOKIES = ("hubspotutk", "visitor")
COMPANIES = ("company_domain", "corporate_number")
KINDS = (*SOMEBODY, *COOKIES, *COMPANIES)

# How sure it is that something belongs to somebody, by what says so.
SURE = {kind: CONFIDENCE[kind] for kind in (*SOMEBODY, *COOKIES)}
BY_ADDRESS, BY_WORD, BY_NETWORK = 3, 2, 1
BY_HAND = 4
ACCOUNT_SURE = {
    BY_HAND: CONFIDENCE["linked"],
    BY_ADDRESS: CONFIDENCE["email_domain"],
    BY_WORD: CONFIDENCE["company_domain"],
    BY_NETWORK: CONFIDENCE["network_domain"],
}
ACCOUNT_WHY = {
    BY_HAND: "linked",
    BY_ADDRESS: "email_domain",
    BY_WORD: "company_domain",
    BY_NETWORK: "network",
}

# Domain -> the account that it stands for; None for one that many strangers share (free mail).
AccountOf: TypeAlias = Callable[[str], str | None]


class Named(NamedTuple):
    """One identifier: of which kind, and its value."""

    kind: str
    value: str

    @property
    def text(self) -> str:
        return f"{self.kind}:{self.value}"


class Claim(NamedTuple):
    """That a trail counts for an account: which, how sure that is, since when."""

    account: str
    rank: int
    at: int


def named(text: str) -> Named:
    """The inverse of `Named.text`."""
    kind, _, value = text.partition(":")
    return Named(kind, value)


def subject_text(subject: Subject) -> str:
    """A subject as it stands in the tables."""
    return f"{subject.kind}:{subject.key}"


def subject_of(text: str) -> Subject:
    """The inverse of `subject_text`."""
    kind, _, key = text.partition(":")
    return Subject(kind, key)  # type: ignore[arg-type]  # written by `subject_text`


def names_in(identity: Identity, account_of: AccountOf) -> list[Named]:
    """Every identifier of an event that leaves a trail, the surest first."""
    found = [
        Named(kind, value)
        for kind, value in (
            ("email", identity.email),
            ("hubspot_contact_id", identity.hubspot_contact_id),
            ("hubspotutk", identity.hubspotutk),
            ("visitor", identity.visitor),
        )
        if value
    ]
    if identity.company_domain and (domain := account_of(identity.company_domain)):
        found.append(Named("company_domain", domain))
    if identity.corporate_number:
        found.append(Named("corporate_number", identity.corporate_number))
    return found


def trail_of(identity: Identity, account_of: AccountOf) -> Named | None:
    """The identifier that an event belongs to; a company where nobody is named; None for nobody at all."""
    names = names_in(identity, account_of)
    if names:
        return names[0]
    if identity.network_domain and (domain := account_of(identity.network_domain)):
        return Named("company_domain", domain)
    return None


def claim_in(identity: Identity, at: int, account_of: AccountOf) -> Claim | None:
    """The account that an event says its trail counts for."""
    if identity.company_domain and (account := account_of(identity.company_domain)):
        return Claim(account, BY_WORD, at)
    if identity.corporate_number:
        return Claim(identity.corporate_number, BY_WORD, at)
    if identity.network_domain and (account := account_of(identity.network_domain)):
        return Claim(account, BY_NETWORK, at)
    return None


def company_name(account: str) -> Named:
    """The name of the trail that an account's key stands for: a domain has a dot, a number has none."""
    return Named("company_domain" if "." in account else "corporate_number", account)


def claim_of_address(name: Named, account_of: AccountOf) -> Claim | None:
    """The account that an address stands for by its domain."""
    if name.kind != "email":
        return None
    account = account_of(name.value.rpartition("@")[2])
    return Claim(account, BY_ADDRESS, 0) if account else None


def first_owner(name: Named, person: str) -> Subject:
    """Whose a new trail is: a new person's, a cookie's own, a company's."""
    if name.kind in SOMEBODY:
        return Subject("person", person)
    if name.kind in COOKIES:
        return Subject("visitor", name.value)
    return Subject("account", name.value)
