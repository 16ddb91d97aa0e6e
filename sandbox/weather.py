"""What the years do to tidy records: other widths, stray blanks, lost titles, forgotten opt-outs.

`Weather` draws the lots and counts what it did; `hubspot_*` and `salesforce_*` write a company or a
person down as one of the two systems would hold them. Rows are what the practice orgs' `load` takes:
vendor field names, plus keys that begin with ``@``. Pure apart from the dice.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import TypeAlias

from sandbox import names
from sandbox.invent import Company, Person, Phone

Row: TypeAlias = dict[str, object]
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
NOT_PROVIDED = "[not provided]"
HOME = "81"


@dataclass
class Weather:
    """Draws lots and keeps count: `did` says how often each kind of dirt fell."""

    dice: Random
    now: datetime
    did: Counter[str] = field(default_factory=Counter)

    def falls(self, dirt: str, chance: float) -> bool:
        """Whether this dirt falls here. Remembered in `did`."""
        if self.dice.random() >= chance:
            return False
        self.did[dirt] += 1
        return True

    def stamps(self) -> Row:
        """Born within the last three years, touched since."""
        born = self.now - timedelta(minutes=self.dice.randrange(1, 3 * 365 * 24 * 60))
        touched = born + (self.now - born) * (self.dice.random() ** 0.5)
        return {"@created": born, "@modified": touched.replace(microsecond=0)}

    def text(self, value: str) -> str:
        """A text as it was typed: now and then in full width, or with a blank at its end."""
        wide = _wide(value)
        if wide != value and self.falls("full_width", 0.1):
            value = wide
        if self.falls("trailing_blank", 0.03):
            value += self.dice.choice((" ", "　"))
        return value

    def owner(self, owners: list[str]) -> str:
        """Mostly somebody who still works here; the last two have left."""
        if self.falls("inactive_owner", 0.05):
            return self.dice.choice(owners[-2:])
        return self.dice.choice(owners[:-2])


def plain(phone: Phone) -> str:
    """As somebody in Japan dials it: ``03-0000-1234``, ``+1 617-555-0142``."""
    lead = "0" if phone.country == HOME else f"+{phone.country} "
    return f"{lead}{phone.area}-{phone.exchange}-{phone.line}"


def written(weather: Weather, phone: Phone) -> str:
    """The same number in one of the ways in which people write it."""
    _, area, exchange, line = phone
    world = f"+{phone.country}"
    ways = [plain(phone), f"{world} {area} {exchange} {line}", f"{world}{area}{exchange}{line}"]
    if phone.country == HOME:
        ways += [f"(0{area}) {exchange}-{line}", f"0{area}{exchange}{line}", _wide(plain(phone))]
    else:
        ways += [f"{world} ({area}) {exchange}-{line}", f"{world}.{area}.{exchange}.{line}"]
    return weather.dice.choice(ways)


def _wide(text: str) -> str:
    return text.translate(_FULL_WIDTH)


def hubspot_company(weather: Weather, company: Company, owners: list[str]) -> Row:
    return {
        "name": weather.text(company.name),
        "domain": company.domain,
        "website": company.domain,
        "phone": plain(company.phone),
        "city": company.place.city,
        "state": company.place.state,
        "country": company.place.country,
        "numberofemployees": str(company.employees),
        "industry": names.INDUSTRIES[company.industry][0],
        "hubspot_owner_id": weather.owner(owners),
        **weather.stamps(),
    }


def salesforce_account(weather: Weather, company: Company, owners: list[str]) -> Row:
    short = weather.falls("short_company_form", 0.35)
    scheme = weather.dice.choice(("https://www.", "http://", "www.", ""))
    return {
        "Name": weather.text(company.short_form if short else company.name),
        "Website": f"{scheme}{company.domain}{'/' if scheme.startswith('http') else ''}",
        "Phone": written(weather, company.phone),
        "BillingCity": company.place.city,
        "BillingState": company.place.state,
        "BillingCountry": company.place.country,
        "NumberOfEmployees": company.employees,
        "Industry": names.INDUSTRIES[company.industry][1],
        "OwnerId": weather.owner(owners),
        **weather.stamps(),
    }


def hubspot_person(
    weather: Weather, person: Person, company: Company | None, owners: list[str], *, alone: bool
) -> Row:
    """A contact. Only where nobody in Salesforce has this address (`alone`) may it be a broken one."""
    blank_company = company is not None and weather.falls("blank_company", 0.08)
    email = person.email
    if alone and weather.falls("invalid_email", 0.07):
        email = broken(weather, email)
    row: Row = {
        "email": email,
        "firstname": person.given.written,
        "lastname": _last_name(weather, person),
        "phone": plain(person.phone),
        "jobtitle": None if weather.falls("blank_title", 0.12) else weather.text(person.title),
        "company": None if company is None or blank_company else weather.text(company.name),
        "city": person.place.city,
        "state": person.place.state,
        "country": person.place.country,
        "lifecyclestage": weather.dice.choice(names.STAGES),
        "hs_lead_status": weather.dice.choice(names.HUBSPOT_STATUSES),
        "hubspot_owner_id": weather.owner(owners),
        **weather.stamps(),
    }
    if weather.dice.random() < 0.5:
        row["mobilephone"] = plain(person.mobile)
    if weather.falls("optout_in_hubspot", 0.04):
        row["@optout"] = True
    return row


def salesforce_person(weather: Weather, person: Person, owners: list[str]) -> Row:
    """What a Lead and a Contact share; where the person lives is written by `as_lead`/`as_contact`."""
    other = names.TITLES_JA if person.japanese else names.TITLES_EN
    title = weather.dice.choice(other) if weather.falls("other_title", 0.1) else person.title
    shouted = weather.falls("stray_case", 0.08)
    old_source = weather.falls("unknown_option", 0.03)
    return {
        "FirstName": person.given.written,
        "LastName": weather.text(person.family.written),
        "Email": _stray_case(person.email) if shouted else person.email,
        "Title": weather.text(title),
        "Phone": written(weather, person.phone),
        "MobilePhone": written(weather, person.mobile) if weather.dice.random() < 0.4 else None,
        "LeadSource": weather.dice.choice(
            names.OLD_LEAD_SOURCES if old_source else names.LEAD_SOURCES
        ),
        "HasOptedOutOfEmail": weather.falls("optout_in_salesforce", 0.04),
        "OwnerId": weather.owner(owners),
        **weather.stamps(),
    }


def as_lead(weather: Weather, person: Person, company: Company | None, shared: Row) -> Row:
    """A Lead must name a company, so that people without one carry a stopgap."""
    return {
        **shared,
        "Company": NOT_PROVIDED if company is None else weather.text(company.name),
        "Status": weather.dice.choice(names.LEAD_STATUSES),
        "City": person.place.city,
        "State": person.place.state,
        "Country": person.place.country,
    }


def as_contact(person: Person, account_id: str, shared: Row) -> Row:
    return {
        **shared,
        "AccountId": account_id,
        "MailingCity": person.place.city,
        "MailingState": person.place.state,
        "MailingCountry": person.place.country,
    }


def mailbox(person: Person, company: Company) -> Person:
    """The same desk behind the shared address of its company."""
    return Person(
        family=person.family,
        given=person.given,
        email=f"info@{company.domain}",
        phone=company.phone,
        mobile=person.mobile,
        title=person.title,
        company=person.company,
        place=company.place,
        japanese=person.japanese,
    )


def broken(weather: Weather, email: str) -> str:
    """An address that old mobile carriers and HubSpot take and Salesforce refuses."""
    local, _, host = email.partition("@")
    first, _, last = local.partition(".")
    return weather.dice.choice((f"{local}.@{host}", f"{first}..{last}@{host}"))


def _last_name(weather: Weather, person: Person) -> str | None:
    if weather.falls("missing_last_name", 0.02):
        return None
    return weather.text(person.family.written)


def _stray_case(email: str) -> str:
    local, _, host = email.partition("@")
    return f"{local.title()}@{host.title()}"
