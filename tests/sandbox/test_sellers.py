"""Sellers of the practice org: each lead comes to the end that its record and the dice say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from sandbox.hubspot.org import HubSpotOrg
from sandbox.salesforce.org import SalesforceOrg
from sandbox.sellers import CYCLE, REASON, STAGE, VERDICT, WAIT, next_deed
from sandbox.selling import Selling, furnish


@pytest.fixture
def org() -> Iterator[SalesforceOrg]:
    """With the fields of a hand-off."""
    made, other = SalesforceOrg(), HubSpotOrg()
    furnish(other, made)
    for name in (STAGE, VERDICT, REASON, CYCLE, "Recycle_Comment__c"):
        made.add_field("Contact", name)
    yield made
    made.close()
    other.close()


def handed(org: SalesforceOrg, **more: str) -> str:
    fields = {"LastName": "佐藤", STAGE: "mql", VERDICT: "pending", CYCLE: "1", **more}
    return org.add("Contact", fields)


def told(org: SalesforceOrg, who: str) -> None:
    """What a bridge would tell the org of what its sellers asked for."""
    row = org.records("Contact")[who]
    if row[VERDICT] == "accept" and row[STAGE] == "mql":
        org.edit("Contact", who, {STAGE: "sal"})
    if row[STAGE] == "sql" and org.records("Opportunity"):
        org.edit("Contact", who, {STAGE: "opportunity"})


def test_new_leads_are_taken_sent_back_or_left_alone() -> None:
    """All three happen, a send-back always with its reason; who comes back is mostly taken."""
    asked = {STAGE: "mql", VERDICT: "pending"}
    deeds = [next_deed({**asked, CYCLE: 1}, n, None, called=False) for n in range(300)]
    said = Counter(str(one.fields.get(VERDICT, one.kind)) for one in deeds)
    assert said.keys() == {"accept", "reject", "wait"}
    assert all(one.fields[REASON] for one in deeds if one.fields.get(VERDICT) == "reject")
    again = [next_deed({**asked, CYCLE: 2}, n, None, called=False) for n in range(300)]
    assert sum(one.fields.get(VERDICT) == "accept" for one in again) > said["accept"]


def test_where_nothing_is_asked_nothing_is_done() -> None:
    """A record that nobody handed over, one that was sent back, a customer."""
    for row in ({}, {STAGE: "recycled", VERDICT: "reject"}, {STAGE: "customer"}):
        assert next_deed(row, 1, None, called=False) == WAIT


def test_a_lead_that_is_taken_ends_in_a_closed_deal(org: SalesforceOrg) -> None:
    """A call is logged, the questions are answered, a deal with this person on it is made and closed."""
    selling, number = Selling(org), 0
    who = handed(org)
    while selling.work() == "wait" and number < 50:
        number += 1  # this one is never looked at: another one is
        who = handed(org)
    org.edit("Contact", who, {VERDICT: "accept", STAGE: "sal"})
    for other in org.records("Contact").keys() - {who}:
        org.delete("Contact", other)
    for _ in range(6):
        selling.work()
        told(org, who)
    (deal,) = org.records("Opportunity").values()
    assert deal["IsClosed"]
    assert org.records("Contact")[who]["LastActivityDate"]
    assert org.records("Contact")[who]["Need_Problem__c"]
    assert selling.counts.keys() >= {"call", "deal", "close"}
    assert selling.counts["refused"] == 0
