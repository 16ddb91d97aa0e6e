"""Fills both practice orgs with the same believable, half-overlapping, dirty world.

About 55 % of the people stand on both sides, 25 % in HubSpot only, 20 % in Salesforce only. The same
`seed`, `people` and `at` give the same records. People are made and loaded in batches, so that memory
is that of the orgs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any, Protocol

from more_itertools import chunked

from sandbox.deals import hubspot_deal, invent_deals, salesforce_deal
from sandbox.invent import Company, Person, invent_companies, invent_people
from sandbox.names import OWNERS
from sandbox.weather import (
    Row,
    Weather,
    as_contact,
    as_lead,
    hubspot_company,
    hubspot_person,
    mailbox,
    salesforce_account,
    salesforce_person,
)

PEOPLE_PER_COMPANY = 6
BATCH = 1_000
ON_BOTH, ONLY_HUBSPOT = 0.55, 0.25
AT = datetime(2026, 11, 1, tzinfo=UTC)


class _Org(Protocol):
    def load(self, name: str, rows: Sequence[Mapping[str, Any]], /) -> Sequence[str]:
        """Put records in as they are, without validation or events; answers their ids in order."""


class HubSpotSeeds(_Org, Protocol):
    """What seeding needs of the HubSpot practice org."""

    def load_owners(self, rows: Sequence[Mapping[str, Any]], /) -> Sequence[str]: ...


class SalesforceSeeds(_Org, Protocol):
    """What seeding needs of the Salesforce practice org."""

    def load_users(self, rows: Sequence[Mapping[str, Any]], /) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedReport:
    """How many records stand where, and how much dirt of each kind fell."""

    people: int
    companies: int
    hubspot: dict[str, int] = field(default_factory=dict)
    salesforce: dict[str, int] = field(default_factory=dict)
    dirt: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def seed(
    hubspot_org: HubSpotSeeds,
    salesforce_org: SalesforceSeeds,
    *,
    people: int = 300,
    seed: int = 7,
    at: datetime = AT,
) -> SeedReport:
    """Fill both orgs as they would look at the moment `at`. Raises ValueError for a negative count."""
    if people < 0:
        raise ValueError(f"people must not be negative: {people}")
    sower = _Sower(hubspot_org, salesforce_org, seed, at)
    sower.owners()
    sower.companies(people // PEOPLE_PER_COMPANY)
    sower.people(people)
    sower.deals()
    return sower.report(people)


class _Sower:
    """One seeding in progress: the dice, the ids that the orgs gave, and the counts."""

    def __init__(
        self, hubspot: HubSpotSeeds, salesforce: SalesforceSeeds, seed: int, at: datetime
    ) -> None:
        self._hubspot = hubspot
        self._salesforce = salesforce
        self._seed = seed
        self._weather = Weather(self._dice("weather"), at.replace(microsecond=0))
        self._owners: dict[str, list[str]] = {}
        self._companies: list[Company] = []
        self._company_ids: dict[int, str] = {}
        self._account_ids: dict[int, str] = {}
        self._left: Counter[str] = Counter()
        self._right: Counter[str] = Counter()
        self._mailboxes: set[int] = set()

    def _dice(self, what: str) -> Random:
        """Dice of its own for each job, so that one more throw there changes nothing here."""
        return Random(f"{self._seed}:{what}")

    def report(self, people: int) -> SeedReport:
        return SeedReport(
            people=people,
            companies=len(self._companies),
            hubspot=dict(self._left),
            salesforce=dict(self._right),
            dirt=dict(sorted(self._weather.did.items())),
        )

    def owners(self) -> None:
        left = self._hubspot.load_owners(
            [
                {
                    "email": owner.email,
                    "firstName": owner.given,
                    "lastName": owner.family,
                    "archived": not owner.active,
                }
                for owner in OWNERS
            ]
        )
        right = self._salesforce.load_users(
            [
                {
                    "Email": owner.email,
                    "FirstName": owner.given,
                    "LastName": owner.family,
                    "IsActive": owner.active,
                }
                for owner in OWNERS
            ]
        )
        self._owners = {"hubspot": list(left), "salesforce": list(right)}
        self._left["owners"], self._right["User"] = len(left), len(right)

    def companies(self, count: int) -> None:
        self._companies = list(invent_companies(self._dice("companies"), count))
        for batch in chunked(enumerate(self._companies), BATCH):
            left = [(number, company) for number, company in batch if company.in_hubspot]
            right = [(number, company) for number, company in batch if company.in_salesforce]
            ids = self._load_left(
                "companies",
                [hubspot_company(self._weather, c, self._owners["hubspot"]) for _, c in left],
            )
            self._company_ids.update(zip((number for number, _ in left), ids, strict=True))
            ids = self._load_right(
                "Account",
                [
                    salesforce_account(self._weather, c, self._owners["salesforce"])
                    for _, c in right
                ],
            )
            self._account_ids.update(zip((number for number, _ in right), ids, strict=True))

    def deals(self) -> None:
        """Deals of companies that stand on their side, owned by people who still work here."""
        weather = Weather(self._dice("deals"), self._weather.now)
        working = {side: ids[:-2] for side, ids in self._owners.items()}
        left: list[Row] = []
        right: list[Row] = []
        for deal in invent_deals(weather.dice, self._companies, weather.now.date()):
            if deal.in_hubspot:
                company = self._company_ids[deal.company]
                left.append(hubspot_deal(weather, deal, company, working["hubspot"]))
            if deal.in_salesforce:
                account = self._account_ids[deal.company]
                right.append(salesforce_deal(weather, deal, account, working["salesforce"]))
        for batch in chunked(left, BATCH):
            self._load_left("deals", batch)
        for batch in chunked(right, BATCH):
            self._load_right("Opportunity", batch)

    def people(self, count: int) -> None:
        everybody = invent_people(self._dice("people"), count, self._companies)
        for batch in chunked(everybody, BATCH):
            contacts: list[Row] = []
            right: dict[str, list[Row]] = {"Lead": [], "Contact": []}
            for person in batch:
                self._settle(person, contacts, right)
            self._load_left("contacts", contacts)
            for name, rows in right.items():
                self._load_right(name, rows)

    def _settle(self, person: Person, contacts: list[Row], right: dict[str, list[Row]]) -> None:
        """Decide on which sides the person stands, and write them down there."""
        lot = self._weather.dice.random()
        company = None if person.company is None else self._companies[person.company]
        if company is not None and self._is_mailbox(person):
            person = mailbox(person, company)
        if lot < ON_BOTH + ONLY_HUBSPOT:
            contacts.append(self._contact_row(person, company, alone=lot >= ON_BOTH))
        if lot < ON_BOTH or lot >= ON_BOTH + ONLY_HUBSPOT:
            for name, row in self._right_rows(person, company, on_both=lot < ON_BOTH):
                right[name].append(row)

    def _is_mailbox(self, person: Person) -> bool:
        """One ``info@`` per company at most: HubSpot takes an address once."""
        if person.company is None or person.company in self._mailboxes:
            return False
        if not self._weather.falls("shared_mailbox", 0.02):
            return False
        self._mailboxes.add(person.company)
        return True

    def _contact_row(self, person: Person, company: Company | None, *, alone: bool) -> Row:
        owners = self._owners["hubspot"]
        row = hubspot_person(self._weather, person, company, owners, alone=alone)
        company_id = None if person.company is None else self._company_ids.get(person.company)
        if company_id is not None:
            row["@company"] = company_id
        return row

    def _right_rows(
        self, person: Person, company: Company | None, *, on_both: bool
    ) -> Iterator[tuple[str, Row]]:
        """A Contact where the Account is known (to both sides, for people of both), else a Lead.

        Now and then somebody typed them in a second time, as a Lead.
        """
        weather, owners = self._weather, self._owners["salesforce"]
        account_id = self._account_id(person, company, on_both=on_both)
        shared = salesforce_person(weather, person, owners)
        if account_id is not None:
            yield "Contact", as_contact(person, account_id, shared)
        else:
            yield "Lead", as_lead(weather, person, company, shared)
        if weather.falls("twin_in_salesforce", 0.025):
            weather.did["lead_and_contact" if account_id else "lead_and_lead"] += 1
            again = salesforce_person(weather, person, owners)
            yield "Lead", as_lead(weather, person, company, again)

    def _account_id(self, person: Person, company: Company | None, *, on_both: bool) -> str | None:
        if company is None or person.company is None or (on_both and not company.in_hubspot):
            return None
        return self._account_ids.get(person.company)

    def _load_left(self, name: str, rows: list[Row]) -> Sequence[str]:
        self._left[name] += len(rows)
        return self._hubspot.load(name, rows) if rows else ()

    def _load_right(self, name: str, rows: list[Row]) -> Sequence[str]:
        self._right[name] += len(rows)
        return self._salesforce.load(name, rows) if rows else ()
