"""The seeded world: believable, half-overlapping, dirty, and the same every time."""

from __future__ import annotations

import re
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import phonenumbers
import pytest

from intent.identity import company_domain
from sandbox.invent import invent_companies
from sandbox.seed import SeedReport, seed

EXAMPLE = re.compile(r"(^|\.)(example|test|example\.com)$")
VALID = re.compile(r"^[^@.]+(\.[^@.]+)*@[^@]+$")
Row = Mapping[str, Any]


class PlainOrg:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.ids: dict[str, Row] = {}

    def load(self, name: str, rows: Sequence[Row], /) -> list[str]:
        ids = [f"{name}-{len(self.rows[name]) + n}" for n in range(len(rows))]
        self.rows[name].extend(rows)
        self.ids.update(zip(ids, rows, strict=True))
        return ids

    def load_owners(self, rows: Sequence[Row], /) -> list[str]:
        return self.load("owners", rows)

    def load_users(self, rows: Sequence[Row], /) -> list[str]:
        return self.load("User", rows)


class Seeded:
    """Both sides after seeding, and what the tests ask of them."""

    def __init__(self, people: int = 300, number: int = 7) -> None:
        self.left, self.right = PlainOrg(), PlainOrg()
        self.report: SeedReport = seed(self.left, self.right, people=people, seed=number)
        self.contacts = self.left.rows["contacts"]
        self.people = [*self.right.rows["Lead"], *self.right.rows["Contact"]]

    @property
    def pairs(self) -> list[tuple[Row, Row]]:
        """People of both sides by address."""
        right = {row["Email"].lower(): row for row in reversed(self.people)}
        return [(row, right[row["email"]]) for row in self.contacts if row["email"] in right]


@pytest.fixture(scope="module")
def seeded() -> Seeded:
    return Seeded()


@pytest.fixture(scope="module")
def crowd() -> Seeded:
    return Seeded(people=3_000)


def test_the_same_seed_makes_the_same_world() -> None:
    """Record by record; another seed makes another one."""
    first, again, other = Seeded(60), Seeded(60), Seeded(60, number=8)
    assert first.left.rows == again.left.rows
    assert first.right.rows == again.right.rows
    assert first.report == again.report
    assert first.contacts != other.contacts


def test_the_sides_overlap_by_half(crowd: Seeded) -> None:
    """55 % of the people on both, 25 % in HubSpot only, 20 % in Salesforce only."""
    left = {row["email"] for row in crowd.contacts}
    right = {row["Email"].lower() for row in crowd.people}
    total = len(left | right)
    assert len(left & right) / total == pytest.approx(0.55, abs=0.03)
    assert len(left - right) / total == pytest.approx(0.25, abs=0.03)
    assert len(right - left) / total == pytest.approx(0.20, abs=0.03)


def test_each_company_is_an_account_of_its_own_and_people_at_home_are_of_none(
    crowd: Seeded,
) -> None:
    """To whoever goes by the domains that somebody registered."""
    domains = [company.domain for company in invent_companies(Random(7), 500)]
    assert {company_domain(domain) for domain in domains} == set(domains)
    hosts = {
        row["email"].lower().partition("@")[2] for row in crowd.contacts if "@" in row["email"]
    }
    known = {row["domain"] for row in crowd.left.rows["companies"] if row.get("domain")}
    at_work = {company_domain(host) for host in hosts} - {None}
    assert len(at_work & known) > 100
    assert company_domain("mail.example") is None


def test_the_report_counts_what_stands_in_the_orgs(seeded: Seeded) -> None:
    """By object, on both sides."""
    assert seeded.report.people == 300
    assert seeded.report.companies == 50
    assert seeded.report.hubspot == {name: len(r) for name, r in seeded.left.rows.items()}
    assert seeded.report.salesforce == {name: len(r) for name, r in seeded.right.rows.items()}
    assert seeded.report.as_json()["dirt"] == seeded.report.dirt


def test_every_kind_of_dirt_is_there_from_the_start(seeded: Seeded) -> None:
    """So that 300 people are enough to rehearse on."""
    assert set(seeded.report.dirt) == {
        "blank_company",
        "blank_title",
        "full_width",
        "inactive_owner",
        "invalid_email",
        "lead_and_contact",
        "lead_and_lead",
        "missing_last_name",
        "optout_in_hubspot",
        "optout_in_salesforce",
        "other_title",
        "shared_mailbox",
        "short_company_form",
        "stray_case",
        "trailing_blank",
        "twin_in_salesforce",
        "unknown_option",
    }


def test_nobody_lives_under_a_real_domain(crowd: Seeded) -> None:
    """Addresses and websites end in names that are reserved for examples."""
    hosts = {row["email"].rpartition("@")[2] for row in crowd.contacts}
    hosts |= {row["Email"].lower().rpartition("@")[2] for row in crowd.people}
    hosts |= {row["domain"] for row in crowd.left.rows["companies"]}
    hosts |= {row["email"].rpartition("@")[2] for row in crowd.left.rows["owners"]}
    assert [host for host in hosts if not EXAMPLE.search(host)] == []


def test_hubspot_holds_each_address_once_and_in_lower_case(crowd: Seeded) -> None:
    """As the real one does."""
    addresses = Counter(row["email"] for row in crowd.contacts)
    assert addresses.most_common(1)[0][1] == 1
    assert all(address == address.lower() for address in addresses)


def test_salesforce_holds_some_addresses_twice(seeded: Seeded) -> None:
    """A Lead beside a Lead, a Lead beside a Contact."""
    leads = Counter(row["Email"].lower() for row in seeded.right.rows["Lead"])
    contacts = {row["Email"].lower() for row in seeded.right.rows["Contact"]}
    assert max(leads.values()) == 2
    assert contacts & set(leads)


def test_broken_addresses_stand_in_hubspot_alone(crowd: Seeded) -> None:
    """Salesforce would have refused them."""
    broken = [row["email"] for row in crowd.contacts if not VALID.match(row["email"])]
    assert len(broken) == crowd.report.dirt["invalid_email"]
    assert all(VALID.match(row["Email"]) for row in crowd.people)


def test_salesforce_rows_hold_what_salesforce_demands(crowd: Seeded) -> None:
    """Last names, companies of Leads, Accounts of Contacts, owners that exist."""
    assert all(row["LastName"] for row in crowd.people)
    assert all(row["Company"] for row in crowd.right.rows["Lead"])
    assert all("Name" in crowd.right.ids[row["AccountId"]] for row in crowd.right.rows["Contact"])
    assert all("IsActive" in crowd.right.ids[row["OwnerId"]] for row in crowd.people)
    assert all("archived" in crowd.left.ids[row["hubspot_owner_id"]] for row in crowd.contacts)


def test_a_person_of_a_company_that_both_know_is_a_contact(crowd: Seeded) -> None:
    """Others of both sides are Leads."""
    accounts = {row["Website"].strip("/").removeprefix("https://") for row in _accounts(crowd)}
    hosts = {host.removeprefix("http://").removeprefix("www.") for host in accounts}
    leads = {row["Email"].lower() for row in crowd.right.rows["Lead"]}
    for contact, partner in crowd.pairs:
        known = contact["email"].rpartition("@")[2] in hosts and "@company" in contact
        assert ("AccountId" in partner) == known or contact["email"] in leads


def test_people_of_both_sides_differ_in_ways_that_are_none_and_in_ways_that_are(
    crowd: Seeded,
) -> None:
    """Other telephone formats; other titles; the sides' opt-outs disagree."""
    phones = {(left["phone"], right["Phone"]) for left, right in crowd.pairs}
    assert sum(left != right for left, right in phones) > len(phones) / 2
    assert any(l_["jobtitle"] and l_["jobtitle"] != r["Title"] for l_, r in crowd.pairs)
    assert any(l_.get("@optout", False) != r["HasOptedOutOfEmail"] for l_, r in crowd.pairs)


def test_companies_are_written_in_two_ways() -> None:
    """㈱ for 株式会社 in Salesforce; NFKC and the full form make them one again."""
    names = {row["Name"] for row in Seeded().right.rows["Account"]}
    assert any("㈱" in name for name in names)
    assert any("株式会社" in name for name in names)


def test_owners_are_the_same_people_on_both_sides(seeded: Seeded) -> None:
    """Eight sellers by address, of whom two have left."""
    left, right = seeded.left.rows["owners"], seeded.right.rows["User"]
    assert [row["email"] for row in left] == [row["Email"] for row in right]
    assert [row["archived"] for row in left] == [not row["IsActive"] for row in right]
    assert sum(row["archived"] for row in left) == 2
    assert len(left) == 8


def test_times_lie_before_the_moment_of_seeding() -> None:
    """Born, then touched, then now; all with a zone."""
    now = datetime(2026, 11, 24, 9, 0, 0, 123456, tzinfo=UTC)
    left, right = PlainOrg(), PlainOrg()
    seed(left, right, people=200, at=now)
    rows = [row for org in (left, right) for row in org.ids.values() if "@created" in row]
    assert rows
    for row in rows:
        assert now - timedelta(days=1096) < row["@created"] <= row["@modified"] <= now


def test_deals_stand_on_one_side_or_on_both_with_their_companies(crowd: Seeded) -> None:
    """Under the same name, with the same amount and day; owned by people who still work here."""
    left = {row["dealname"]: row for row in crowd.left.rows["deals"]}
    right = {row["Name"]: row for row in crowd.right.rows["Opportunity"]}
    shared = left.keys() & right.keys()
    for one in (shared, left.keys() - right.keys(), right.keys() - left.keys()):
        assert len(one) > 20
    for name in shared:
        assert left[name]["amount"] == right[name]["Amount"]
        assert str(left[name]["closedate"]).startswith(str(right[name]["CloseDate"]))
    assert all("domain" in crowd.left.ids[row["@company"]] for row in left.values())
    assert all("Website" in crowd.right.ids[row["AccountId"]] for row in right.values())
    assert not any(crowd.left.ids[row["hubspot_owner_id"]]["archived"] for row in left.values())
    assert all(crowd.right.ids[row["OwnerId"]]["IsActive"] for row in right.values())


def test_nobody_is_fine_and_fewer_is_not() -> None:
    """Zero people are two orgs with owners only."""
    assert Seeded(0).report.hubspot == {"owners": 8}
    with pytest.raises(ValueError, match="negative"):
        seed(PlainOrg(), PlainOrg(), people=-1)


def test_every_company_has_a_domain_of_its_own() -> None:
    """Also when there are more companies than names."""
    domains = [company.domain for company in invent_companies(Random(1), 30_000)]
    assert len({domain.partition(".")[0] for domain in domains}) == 30_000


def test_a_large_world_is_made_in_seconds() -> None:
    """30,000 people well under the share of 30 s that 100,000 may take."""
    begun = time.monotonic()
    Seeded(30_000)
    assert time.monotonic() - begun < 9


def test_another_way_to_write_a_number_is_the_same_number(crowd: Seeded) -> None:
    """Whoever reads them with the region JP finds no difference."""
    for left, right in crowd.pairs:
        assert _e164(left["phone"]) == _e164(right["Phone"])


def _e164(phone: str) -> str:
    number = phonenumbers.parse(phone, "JP")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _accounts(seeded: Seeded) -> list[Row]:
    return seeded.right.rows["Account"]
