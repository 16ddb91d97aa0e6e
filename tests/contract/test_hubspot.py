"""The HubSpot connector keeps every promise of the port, over HTTP, against the practice org."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from connector.errors import OutcomeUnknown, Rejected, SystemBlocked, TryLater
from connector.hubspot.client import HubSpotConnector
from connector.hubspot.settings import HubSpotSettings
from connector.port import Change, Draft, Outcome, Value, Written
from tests.contract.connector_suite import ConnectorContract, Trouble, World
from tests.contract.hubspot_world import OBJECT, HubSpotWorld, world_of


class TestHubSpot(ConnectorContract):
    @pytest.fixture
    def world(self) -> Iterator[World]:
        yield from world_of("v3")


class TestHubSpotDated(ConnectorContract):
    """The same over the dated paths."""

    @pytest.fixture
    def world(self) -> Iterator[World]:
        yield from world_of("2026-09")


# What only HubSpot has ---------------------------------------------------------------------------


@pytest.fixture
def hubspot() -> Iterator[HubSpotWorld]:
    yield from world_of("v3")


def test_an_opt_out_is_written_and_read_back(hubspot: HubSpotWorld) -> None:
    """Through the preferences of the address; a false afterwards changes nothing."""
    person = hubspot.person_creates(email="ann@example.com", text="a")
    for value in (True, False):
        change = Change(person, {"hs_email_optout": value, "jobtitle": f"after {value}"})
        [outcome] = hubspot.connector.update_many(OBJECT, [change])
        assert isinstance(outcome, Written)
    assert hubspot.org.opted_out("ann@example.com")
    found = hubspot.connector.get_many(OBJECT, [person], ["hs_email_optout", "jobtitle"])
    assert found[person].values == {"hs_email_optout": "true", "jobtitle": "after False"}


def test_a_contact_is_born_opted_out(hubspot: HubSpotWorld) -> None:
    """One verb of the port, two calls of HubSpot."""
    draft = Draft({"email": "bo@example.com", "hs_email_optout": True}, "partner_id", "00Q1")
    [outcome] = hubspot.connector.create_many(OBJECT, [draft])
    assert isinstance(outcome, Written)
    assert hubspot.org.opted_out("bo@example.com")


def test_a_contact_hangs_on_its_company(hubspot: HubSpotWorld) -> None:
    """Written and read as one field; an unknown company is refused by that name."""
    company = hubspot.org.create("companies", {"name": "Example K.K."})
    person = hubspot.person_creates(text="a")
    link = "associations.company"
    taken, refused = (
        hubspot.connector.update_many(OBJECT, [Change(person, {link: value})])[0]
        for value in (company, hubspot.unknown_id)
    )
    assert isinstance(taken, Written)
    assert taken.values == {link: company}
    assert isinstance(refused, Rejected)
    assert (refused.cause, refused.fields) == ("bad_reference", (link,))
    found = hubspot.connector.get_many(OBJECT, [person], [link])
    assert found[person].values == {link: company}
    schema = hubspot.connector.describe(OBJECT).fields
    assert schema[link].references == ("companies",)
    assert schema["hubspot_owner_id"].references == ("owners",)


def test_a_merged_id_is_still_written_to(hubspot: HubSpotWorld) -> None:
    """The outcome names the survivor, and the rows beside it are written."""
    loser, winner, other = hubspot.crowd(3)
    survivor = hubspot.person_merges(loser, winner)
    changes = [Change(i, {"jobtitle": "new"}) for i in (loser, other)]
    outcomes = hubspot.connector.update_many(OBJECT, changes)
    assert [o.id for o in outcomes if isinstance(o, Written)] == [survivor, other]
    assert hubspot.text_of(survivor) == "new"


def test_an_additional_address_finds_its_contact(hubspot: HubSpotWorld) -> None:
    """After a merge a contact answers to both addresses."""
    loser = hubspot.person_creates(email="ann@example.com")
    winner = hubspot.person_creates(email="ann@example.co.jp")
    survivor = hubspot.person_merges(loser, winner)
    asked = ["ann@example.com", "ANN@example.co.jp"]
    found = hubspot.connector.find_many(OBJECT, "email", asked, ["email"])
    assert {key: [r.id for r in records] for key, records in found.items()} == {
        key: [survivor] for key in asked
    }


def test_one_bad_row_of_a_hundred_is_found_in_a_few_calls(hubspot: HubSpotWorld) -> None:
    """And the other ninety-nine are written."""
    people = hubspot.crowd(100)
    bad = people[37]
    writes = hubspot.connector.calls.writes
    outcomes = hubspot.connector.update_many(
        OBJECT,
        [
            Change(i, {"hs_lead_status": "NO SUCH" if i == bad else "NEW", "jobtitle": "x"})
            for i in people
        ],
    )
    [refused] = [o for o in outcomes if not isinstance(o, Written)]
    assert isinstance(refused, Rejected)
    assert (refused.cause, refused.fields) == ("unknown_option", ("hs_lead_status",))
    assert sum(values.get("jobtitle") == "x" for values in hubspot.stored().values()) == 99
    assert hubspot.connector.calls.writes - writes <= 15


def test_a_lagging_index_loses_nobody(hubspot: HubSpotWorld) -> None:
    """Edits surface late and out of order; looks every minute meet all of them."""
    hubspot.order(Trouble.LATE)
    people = hubspot.crowd(60)
    cursor = hubspot.connector.cursor_at(hubspot.now())
    missing = set(people)
    for person in people:
        hubspot.person_edits(person, {"jobtitle": "late"})
        hubspot.forward(7)
        seen, cursor = hubspot.changed(cursor)
        missing -= seen
    for _ in range(3):
        hubspot.forward(60)
        seen, cursor = hubspot.changed(cursor)
        missing -= seen
    assert missing == set()


def test_owners_are_people_who_are_still_there(hubspot: HubSpotWorld) -> None:
    """Archived ones own nothing any more."""
    ann, _ = hubspot.org.load_owners(
        [
            {"email": "ann@example.com", "firstName": "Ann", "lastName": "Mori"},
            {"email": "bo@example.com", "firstName": "Bo", "lastName": "Ito", "archived": True},
        ]
    )
    [page] = hubspot.connector.list_all("owners", ["email", "lastName"])
    assert [(r.id, r.values) for r in page.records] == [
        (ann, {"email": "ann@example.com", "lastName": "Mori"})
    ]


def test_oauth_tokens_open_the_same_door(hubspot: HubSpotWorld) -> None:
    """Fetched with the refresh token, and fetched again on the clock."""
    org = hubspot.org
    settings = HubSpotSettings(
        base_url=hubspot.url,
        client_id=org.client_id,
        client_secret=org.client_secret,
        refresh_token=org.refresh_token,
    )
    connector = HubSpotConnector(settings, clock=hubspot.time, sleep=hubspot.time.pass_by)
    for _ in range(4):
        assert connector.ping().id == hubspot.account_id
        hubspot.forward(1000)
    wrong = HubSpotConnector(replace(settings, refresh_token="wrong"), clock=hubspot.time)
    with pytest.raises(SystemBlocked) as blocked:
        wrong.ping()
    assert blocked.value.cause == "credentials"


BAD_MOMENTS: tuple[dict[str, Any], ...] = (
    {"kind": "lost_answer"},
    {"kind": "truncated"},
    {"kind": "html_200"},
    {"kind": "rate_burst"},
    {"kind": "rate_daily"},
    *({"kind": "status", "status": status} for status in (500, 502, 503, 504, 423, 477, 524)),
)


@pytest.mark.parametrize("skip", [0, 1, 2])
@pytest.mark.parametrize("moment", BAD_MOMENTS, ids=lambda m: str(m.get("status", m["kind"])))
def test_outcomes_tell_the_truth_in_bad_moments(
    hubspot: HubSpotWorld, moment: dict[str, Any], skip: int
) -> None:
    """Whatever happens to the n-th call: written is stored, refused and later are not.

    Of an unknown outcome nothing is known, but nothing is ever created twice.
    """
    people = hubspot.crowd(250)
    bad = people[120]
    changes = [Change(i, {"jobtitle": "new", "email": "x" if i == bad else None}) for i in people]
    drafts = [Draft({"jobtitle": "new"}, "partner_id", f"new-{n}") for n in range(250)]
    fault = {**moment, "match": "POST .*/batch/", "skip": skip}
    hubspot.org.faults.order(fault)
    updated = told(lambda: hubspot.connector.update_many(OBJECT, changes), len(changes))
    stored = hubspot.stored()
    for change, outcome in zip(changes, updated, strict=True):
        if not isinstance(outcome, OutcomeUnknown):
            is_new = stored[change.id].get("jobtitle") == "new"
            assert is_new is isinstance(outcome, Written)
    hubspot.calm()
    hubspot.org.faults.order(fault)
    created = told(lambda: hubspot.connector.create_many(OBJECT, drafts), len(drafts))
    stored = hubspot.stored()
    holders: dict[Value, list[str]] = {}
    for record_id, values in stored.items():
        holders.setdefault(values.get("partner_id"), []).append(record_id)
    for draft, outcome in zip(drafts, created, strict=True):
        held = holders.get(draft.key, [])
        assert len(held) <= 1
        if not isinstance(outcome, OutcomeUnknown):
            assert held == ([outcome.id] if isinstance(outcome, Written) else [])


def told(verb: Callable[[], list[Outcome]], count: int) -> list[Outcome]:
    """The outcomes, an error that was raised being the outcome of every row."""
    try:
        return verb()
    except (TryLater, SystemBlocked):
        return [TryLater("raised", system="hubspot")] * count
