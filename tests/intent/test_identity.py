"""Who is who: companies by domain, number and name; cookies that people share."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.identity import (
    Account,
    Bearer,
    Spell,
    account_of,
    company_domain,
    company_of,
    corporate_number,
    is_free_mail,
    only_account,
    person_at,
    registered_domain,
    spells,
)
from intent.model import Identity
from tests.intent.visits import NOW


@pytest.mark.parametrize(
    ("told", "domain"),
    [
        ("ann@mail.acme.co.jp", "acme.co.jp"),
        ("https://www.acme.tokyo.jp/", "acme.tokyo.jp"),
        ("acme.com", "acme.com"),
        ("acme.github.io", "acme.github.io"),
        ("co.jp", None),
        ("203.0.113.7", None),
        ("localhost", None),
    ],
)
def test_a_company_is_the_domain_that_somebody_registered(told: str, domain: str | None) -> None:
    """By the public suffix list, without asking anybody."""
    assert registered_domain(told) == domain


@pytest.mark.parametrize(
    "domain",
    [
        *("gmail.com", "outlook.com", "qq.com", "yahoo.co.jp", "mail.yahoo.co.jp", "hotmail.co.jp"),
        *("docomo.ne.jp", "ezweb.ne.jp", "i.softbank.jp", "ocn.ne.jp", "plala.or.jp"),
    ],
)
def test_free_mail_never_makes_a_company(domain: str) -> None:
    """Japanese providers and those of the world; whatever stands before the domain."""
    assert is_free_mail(domain)
    assert company_of(f"ann@{domain}") is None
    assert company_domain(domain) is None


@pytest.mark.parametrize("domain", ["acme.co.jp", "example.com", "jp", "com", "notgmail.com"])
def test_other_domains_are_no_free_mail(domain: str) -> None:
    """Nor is a suffix."""
    assert not is_free_mail(domain)


def check_digit(base: str) -> str:
    """A corporate number with the digit that its twelve others ask for, the textbook's way."""
    total = 0
    for n in range(1, 13):
        digit = int(base[12 - n])
        total += digit * (1 if n % 2 == 1 else 2)
    return f"{9 - total % 9}{base}"


@given(st.text("0123456789", min_size=12, max_size=12), st.integers(0, 9))
def test_a_corporate_number_is_believed_when_its_first_digit_fits(base: str, other: int) -> None:
    """In any writing; any other first digit is a slip."""
    right = check_digit(base)
    assert corporate_number(right) == right
    assert corporate_number(f"T{right[0]}-{right[1:5]}-{right[5:9]}-{right[9:]}") == right
    wrong = f"{other}{base}"
    assert corporate_number(wrong) == (right if wrong == right else None)


@pytest.mark.parametrize("told", ["", "123", "12345678901234", "abc"])
def test_what_is_no_corporate_number_is_none(told: str) -> None:
    """Thirteen digits, no fewer and no more."""
    assert corporate_number(told) is None


def bearer(*domains: str, number: str | None = None) -> Bearer:
    return Bearer(frozenset(domains), frozenset([number] if number else []))


NUMBER = "7000012050002"
BEARERS = [
    ([], None),
    ([bearer("acme.co.jp", "www.acme.co.jp", "co.jp")], "acme.co.jp"),
    ([bearer("acme.co.jp"), bearer("shop.acme.co.jp")], "acme.co.jp"),
    ([bearer("one.co.jp"), bearer("two.co.jp")], None),
    ([bearer("one.co.jp", "two.co.jp")], None),
    ([bearer("acme.co.jp"), bearer()], None),
    ([bearer("gmail.com")], None),
    ([bearer(number=NUMBER)], NUMBER),
    ([bearer("one.co.jp", number=NUMBER), bearer(number=NUMBER)], NUMBER),
    ([bearer(number="1234567890123")], None),
]


@pytest.mark.parametrize(("bearers", "account"), BEARERS)
def test_a_name_stands_for_a_company_when_there_is_only_one_of_it(
    bearers: list[Bearer], account: str | None
) -> None:
    """By its domain or its number; of whom nothing else is known may be another one."""
    assert only_account(bearers) == account


@pytest.mark.parametrize(
    ("identity", "account"),
    [
        (
            Identity(email="ann@acme.co.jp", company_domain="other.com", network_domain="isp.com"),
            Account("acme.co.jp", 0.9, "email_domain"),
        ),
        (
            Identity(email="ann@gmail.com", company_domain="other.com"),
            Account("other.com", 0.8, "company_domain"),
        ),
        (Identity(network_domain="acme.co.jp"), Account("acme.co.jp", 0.5, "network_domain")),
        (Identity(email="ann@gmail.com", visitor="v"), None),
        (Identity(network_domain="ocn.ne.jp"), None),
    ],
)
def test_the_surest_link_names_the_company(identity: Identity, account: Account | None) -> None:
    """A mail address, what was told, a network; never free mail."""
    assert account_of(identity) == account


def test_a_shared_cookie_is_split_where_the_other_person_was_identified() -> None:
    """What came before the first identification is the first one's."""
    at = [NOW + timedelta(days=n) for n in range(4)]
    identified = [(at[2], "bob"), (at[0], "ann"), (at[1], "ann"), (at[3], "ann")]
    assert spells(identified) == (
        Spell("ann", None, at[2]),
        Spell("bob", at[2], at[3]),
        Spell("ann", at[3], None),
    )
    second = timedelta(seconds=1)
    whose = [person_at(identified, at[n] - second) for n in range(4)]
    assert whose == ["ann", "ann", "ann", "bob"]
    assert person_at(identified, at[2]) == "bob"
    assert person_at([], NOW) is None


@given(
    st.lists(st.tuples(st.integers(0, 50), st.sampled_from("abc"))),
    st.integers(-5, 60),
    st.randoms(),
)
def test_a_cookie_is_always_exactly_one_persons(
    marks: list[tuple[int, str]], when: int, dice: object
) -> None:
    """Once it is known, in whatever order that was found out."""
    identified = [(NOW + timedelta(hours=hours), person) for hours, person in marks]
    at = NOW + timedelta(hours=when)
    found = spells(identified)
    holding = [
        one.person
        for one in found
        if (one.since is None or one.since <= at) and (one.until is None or at < one.until)
    ]
    assert holding == ([person_at(identified, at)] if identified else [])
    shuffled = list(identified)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]  # a Random
    assert spells(shuffled) == found
