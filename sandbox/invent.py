"""Invents companies and people: tidy ones, before the two systems and the years get hold of them.

Pure: the same `Random` gives the same world, one by one, so that a large world needs no more memory
than a small one beside the names of its companies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from sandbox import names
from sandbox.names import Place, Word

# Of all companies; the rest stands in Salesforce alone.
BOTH_KNOW, ONLY_HUBSPOT_KNOWS = 0.6, 0.25
JAPANESE = 0.7
WITHOUT_COMPANY = 0.12
LEADING_FORM = 0.6  # 前株: the form stands before the name


class Phone(NamedTuple):
    """A telephone number in its parts. `country` is the calling code, `area` without leading zero."""

    country: str
    area: str
    exchange: str
    line: str


@dataclass(frozen=True, slots=True)
class Company:
    """`short_form` is the name as people in a hurry write it: ㈱ for 株式会社."""

    name: str
    short_form: str
    domain: str
    phone: Phone
    place: Place
    japanese: bool
    employees: int
    industry: int
    in_hubspot: bool
    in_salesforce: bool


@dataclass(frozen=True, slots=True)
class Person:
    """`company` is the number of the company in its sequence, None for somebody at home."""

    family: Word
    given: Word
    email: str
    phone: Phone
    mobile: Phone
    title: str
    company: int | None
    place: Place
    japanese: bool


def invent_companies(dice: Random, count: int) -> Iterator[Company]:
    """That many companies, each with a domain of its own."""
    taken: set[str] = set()
    for _ in range(count):
        japanese = dice.random() < JAPANESE
        place = dice.choice(names.PLACES_JA if japanese else names.PLACES_EN)
        full, short, letters = _japanese_name(dice) if japanese else _english_name(dice)
        label = _free(taken, letters, f"{place.letters}-{letters}")
        top = dice.choice(names.DOMAINS_JA if japanese else names.DOMAINS_EN)
        known = dice.random()
        yield Company(
            name=full,
            short_form=short,
            domain=f"{label}.{top}",
            phone=_landline(dice, place),
            place=place,
            japanese=japanese,
            employees=int(10 ** dice.uniform(0.7, 3.7)),
            industry=dice.randrange(len(names.INDUSTRIES)),
            in_hubspot=known < BOTH_KNOW + ONLY_HUBSPOT_KNOWS,
            in_salesforce=known < BOTH_KNOW or known >= BOTH_KNOW + ONLY_HUBSPOT_KNOWS,
        )


def invent_people(dice: Random, count: int, companies: Sequence[Company]) -> Iterator[Person]:
    """That many people, each with an e-mail address of their own."""
    taken: set[str] = set()
    for _ in range(count):
        alone = not companies or dice.random() < WITHOUT_COMPANY
        number = None if alone else dice.randrange(len(companies))
        company = None if number is None else companies[number]
        japanese = company.japanese if company is not None else dice.random() < JAPANESE
        place = company.place if company is not None else _place(dice, japanese)
        family = dice.choice(names.FAMILY_JA if japanese else names.FAMILY_EN)
        given = dice.choice(names.GIVEN_JA if japanese else names.GIVEN_EN)
        host = company.domain if company is not None else dice.choice(names.FREE_MAIL)
        yield Person(
            family=family,
            given=given,
            email=_address(taken, f"{given.letters}.{family.letters}", host),
            phone=company.phone if company is not None else _landline(dice, place),
            mobile=_mobile(dice, place, japanese),
            title=dice.choice(names.TITLES_JA if japanese else names.TITLES_EN),
            company=number,
            place=place,
            japanese=japanese,
        )


def _japanese_name(dice: Random) -> tuple[str, str, str]:
    """Full name, short form and letters: 株式会社匠工業, ㈱匠工業, takumi-kogyo."""
    stem, trade = dice.choice(names.STEM_JA), dice.choice(names.TRADE_JA)
    core, letters = stem.written + trade.written, f"{stem.letters}-{trade.letters}"
    if dice.random() < LEADING_FORM:
        return f"株式会社{core}", f"㈱{core}", letters
    return f"{core}株式会社", f"{core}㈱", letters


def _english_name(dice: Random) -> tuple[str, str, str]:
    stem, trade = dice.choice(names.STEM_EN), dice.choice(names.TRADE_EN)
    core = f"{stem.written} {trade.written}"
    return f"{core} {dice.choice(names.FORM_EN)}", core, f"{stem.letters}-{trade.letters}"


def _place(dice: Random, japanese: bool) -> Place:
    return dice.choice(names.PLACES_JA if japanese else names.PLACES_EN)


def _landline(dice: Random, place: Place) -> Phone:
    """In Japan exchange 0000, elsewhere 555-01xx: numbers that nobody has."""
    if place.area.startswith("0"):
        return Phone("81", place.area[1:], "0000", f"{dice.randrange(10_000):04d}")
    return Phone("1", place.area, "555", f"01{dice.randrange(100):02d}")


def _mobile(dice: Random, place: Place, japanese: bool) -> Phone:
    if japanese:
        return Phone("81", dice.choice(("90", "80")), "0000", f"{dice.randrange(10_000):04d}")
    return Phone("1", place.area, "555", f"01{dice.randrange(100):02d}")


def _free(taken: set[str], *wishes: str) -> str:
    """The first wish that is free, or the last one with a number."""
    number = 2
    for wish in wishes:
        if wish not in taken:
            taken.add(wish)
            return wish
    while f"{wishes[-1]}{number}" in taken:
        number += 1
    taken.add(f"{wishes[-1]}{number}")
    return f"{wishes[-1]}{number}"


def _address(taken: set[str], local: str, host: str) -> str:
    number, address = 1, f"{local}@{host}"
    while address in taken:
        number += 1
        address = f"{local}{number}@{host}"
    taken.add(address)
    return address
