"""Invents deals, and writes them down as each of the two systems holds them. Pure apart from the dice.

About half of the companies have one. Those that both systems know by now stand under the same name on
both sides, which proves nothing: a person says that they are one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from sandbox.invent import Company
from sandbox.weather import Row, Weather

SHARE = 0.5
ON_BOTH, ONLY_HUBSPOT = 0.4, 0.35
# HubSpot's stages and Salesforce's, in their order; the last two are over.
STAGES = (
    ("appointmentscheduled", "Prospecting"),
    ("qualifiedtobuy", "Qualification"),
    ("presentationscheduled", "Needs Analysis"),
    ("decisionmakerboughtin", "Id. Decision Makers"),
    ("contractsent", "Proposal/Price Quote"),
    ("closedwon", "Closed Won"),
    ("closedlost", "Closed Lost"),
)
OVER = 2
SUBJECTS_JA = ("新規導入", "更新", "追加ライセンス", "保守契約", "移行支援")
SUBJECTS_EN = ("new business", "renewal", "more seats", "support plan", "migration")


@dataclass(frozen=True, slots=True)
class Deal:
    """`company` is the number of the company in its sequence, `stage` that of `STAGES`."""

    name: str
    company: int
    amount: int
    stage: int
    closes: date
    in_hubspot: bool
    in_salesforce: bool


def invent_deals(dice: Random, companies: Sequence[Company], today: date) -> Iterator[Deal]:
    """Deals of some of the companies, each with a name of its own, on sides that know the company."""
    taken: Counter[str] = Counter()
    for number, company in enumerate(companies):
        if dice.random() >= SHARE:
            continue
        lot, stage = dice.random(), dice.randrange(len(STAGES))
        is_over = stage >= len(STAGES) - OVER
        days = dice.randrange(-120, 0) if is_over else dice.randrange(10, 200)
        on_both = company.in_hubspot and company.in_salesforce and lot < ON_BOTH
        left_only = company.in_hubspot and (
            lot < ON_BOTH + ONLY_HUBSPOT or not company.in_salesforce
        )
        subject = dice.choice(SUBJECTS_JA if company.japanese else SUBJECTS_EN)
        name = f"{company.name} {subject}"
        taken[name] += 1
        yield Deal(
            name=name if taken[name] == 1 else f"{name} {taken[name]}",
            company=number,
            amount=dice.randrange(2, 120) * 50_000,
            stage=stage,
            closes=today + timedelta(days=days),
            in_hubspot=on_both or left_only,
            in_salesforce=on_both or not left_only,
        )


def hubspot_deal(weather: Weather, deal: Deal, company_id: str, owners: Sequence[str]) -> Row:
    return {
        "dealname": deal.name,
        "pipeline": "default",
        "dealstage": STAGES[deal.stage][0],
        "amount": deal.amount,
        "closedate": f"{deal.closes.isoformat()}T00:00:00Z",
        "hubspot_owner_id": weather.dice.choice(owners),
        "@company": company_id,
        **weather.stamps(),
    }


def salesforce_deal(
    weather: Weather, deal: Deal, account_id: str, owners: Sequence[str]
) -> dict[str, Any]:
    return {
        "Name": deal.name,
        "StageName": STAGES[deal.stage][1],
        "Amount": deal.amount,
        "CloseDate": deal.closes.isoformat(),
        "OwnerId": weather.dice.choice(owners),
        "AccountId": account_id,
        **weather.stamps(),
    }
