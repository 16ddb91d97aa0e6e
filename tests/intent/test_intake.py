"""One event as it is told: what becomes of it, and why it is not taken."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.intake import KNOWN_TYPES, Told
from intent.model import UNKNOWN, Event, Identity, Rejection
from intent.telling import Refused, sentences
from tests.intent.visits import CHROME, DEFINITION, NOW, intake, rejected, taken, told

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=8), below, max_size=3),
    max_leaves=4,
)  # fmt: skip
NAMES = (
    *("event_id", "type", "url", "title", "occurred_at", "email", "hubspot_contact_id", "visitor"),
    *("company_domain", "ip", "consent", "properties", "session", "user_agent", "corporate_number"),
)


def test_an_event_is_cleaned_and_named() -> None:
    """The page rule gives it type and topic; what tells a repeat apart stays."""
    found = taken(
        told(
            url="https://www.Example.com/Pricing/?utm_source=x&session=abc#top",
            title=" Pricing ",
            hubspotutk="9f86d081884c7d659a2feaa0c55ad015",
            session="s1",
            properties={"seconds": 12.5, "scrolled": 80},
        )
    )
    assert found == Event(
        event_id="e1",
        type="pricing_view",
        occurred_at=NOW - timedelta(minutes=1),
        received_at=NOW,
        told_at=NOW - timedelta(minutes=1),
        identity=Identity(email="ann@acme.co.jp", hubspotutk="9f86d081884c7d659a2feaa0c55ad015"),
        source="server",
        basis="tracking_granted",
        url="https://www.example.com/Pricing/?utm_source=x",
        page="example.com/Pricing",
        title="Pricing",
        topic="pricing",
        session="s1",
        properties={"seconds": 12.5, "scrolled": 80},
    )


@pytest.mark.parametrize(
    ("properties", "glance"),
    [
        ({"seconds": 0, "scrolled": 0, "human": False}, True),
        ({"seconds": 4.9}, True),
        ({"seconds": 2, "human": True}, True),
        ({"human": False}, True),
        ({"seconds": 5}, False),
        ({"seconds": 0, "scrolled": 1}, False),
        ({"human": True}, False),
        ({}, False),
        ({"form": "contact"}, False),
    ],
)
def test_where_nobody_stayed_or_scrolled_it_was_a_glance(
    properties: dict[str, Any], glance: bool
) -> None:
    """As far as the sender measured it: five seconds, or any scrolling. A pointer moves by itself, nearly."""
    assert taken(told(properties=properties)).glance is glance


# The contract's codes ----------------------------------------------------------------------------

LONG = "https://www.example.com/" + "a/" * 5_000
REFUSED = [
    ({"consent": None}, "no_consent"),
    ({"consent": "granted"}, "no_consent"),
    ({"consent": {}}, "no_consent"),
    ({"consent": {"tracking": "Granted"}}, "no_consent"),
    ({"consent": {"tracking": True}}, "no_consent"),
    ({"consent": {"tracking": "granted", "profiling": "objected"}}, "no_consent"),
    ({"type": "third_party_intent", "url": None}, "no_consent"),
    ({"email": None}, "no_identity"),
    ({"email": "nobody"}, "no_identity"),
    ({"email": None, "company_domain": "gmail.com"}, "no_identity"),
    ({"email": None, "corporate_number": "1234567890123"}, "no_identity"),
    ({"email": None, "ip": "192.0.2.1"}, "no_identity"),
    ({"occurred_at": None}, "bad_time"),
    ({"occurred_at": "yesterday"}, "bad_time"),
    ({"occurred_at": "2026-11-24T08:59:00"}, "bad_time"),
    ({"occurred_at": 0}, "bad_time"),
    ({"occurred_at": 1_795_510_740}, "bad_time"),
    ({"occurred_at": 1e300}, "bad_time"),
    ({"occurred_at": True}, "bad_time"),
    ({"occurred_at": "2026-11-26T09:00:00Z"}, "bad_time"),
    ({"occurred_at": "2025-09-01T00:00:00Z"}, "bad_time"),
    ({"type": "page_veiw"}, "unknown_type"),
    ({"type": None}, "unknown_type"),
    ({"type": ["page_view"]}, "unknown_type"),
    ({"url": LONG}, "too_long"),
    ({"event_id": "e" * 129}, "too_long"),
    ({"visitor": "v" * 300}, "too_long"),
    ({"event_id": None}, "malformed"),
    ({"event_id": " "}, "malformed"),
    ({"event_id": "a\x00b"}, "malformed"),
    ({"url": None}, "malformed"),
    ({"url": "/pricing"}, "malformed"),
    ({"url": ["https://www.example.com"]}, "malformed"),
]


@pytest.mark.parametrize(("how", "code"), REFUSED)
def test_what_is_not_taken_is_told_by_a_code_of_the_contract(
    how: dict[str, Any], code: str
) -> None:
    """With its place, its id, and a sentence that quotes no person."""
    found = rejected(told(**how))
    assert (found.index, found.code) == (7, code)
    assert found.message
    assert "acme" not in found.message


@pytest.mark.parametrize("raw", [None, 1, "x", [], True])
def test_what_is_no_object_is_no_event(raw: object) -> None:
    """It has no id to be called by."""
    found = rejected(raw)
    assert (found.event_id, found.code) == (None, "malformed")


@given(JSON | st.dictionaries(st.sampled_from(NAMES), JSON))
def test_whatever_is_told_becomes_an_event_or_a_rejection(raw: object) -> None:
    """Nothing that somebody sends can make the door fall."""
    assert isinstance(intake().read(raw, 0, Told("server"), NOW), Event | Rejection)


@given(st.dictionaries(st.sampled_from(NAMES), JSON), JSON)
def test_nothing_is_kept_without_consent(more: dict[str, Any], consent: object) -> None:
    """Whatever else is right about it."""
    if isinstance(consent, dict) and consent.get("tracking") == "granted":
        return
    assert rejected(told(**more) | {"consent": consent}).code in {
        "no_consent",
        "malformed",
        "too_long",
    }


def test_a_browser_that_asks_not_to_be_tracked_is_not() -> None:
    """Global Privacy Control outweighs whatever the page says."""
    assert rejected(told(), Told("site", no_tracking=True)).code == "no_consent"


# Time ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "counts"),
    [
        ("2026-11-24T17:00:00+09:00", "2026-11-24T08:00:00+00:00"),
        (1_795_510_740_000, "2026-11-24T08:59:00+00:00"),
        ("2026-11-24T09:04:59Z", "2026-11-24T09:04:59+00:00"),
        ("2026-11-24T12:00:00Z", "2026-11-24T09:05:00+00:00"),
        ("2025-10-30T09:00:00Z", "2025-10-30T09:00:00+00:00"),
    ],
)
def test_a_clock_that_runs_ahead_counts_from_five_minutes_on(when: object, counts: str) -> None:
    """What was told stays beside it; late is normal."""
    found = taken(told(occurred_at=when))
    assert found.occurred_at.isoformat() == counts
    assert found.occurred_at <= found.received_at + timedelta(minutes=5)


def test_what_the_sender_said_is_kept_beside_what_counts() -> None:
    """So that a wrong clock can be found later."""
    found = taken(told(occurred_at="2026-11-24T12:00:00Z"))
    assert found.told_at == datetime(2026, 11, 24, 12, tzinfo=UTC)


# Types, pages, topics ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*sorted(KNOWN_TYPES - {"third_party_intent"}), "seminar"])
def test_the_types_of_the_contract_and_of_the_definition_are_known(name: str) -> None:
    """Those that score nothing, too."""
    assert taken(told(type=name, url="https://www.example.com/other")).type == name


@pytest.mark.parametrize(
    ("url", "kind", "topic"),
    [
        ("https://www.example.com/pricing/plans", "pricing_view", "pricing"),
        ("https://www.example.com/ja/%E6%96%99%E9%87%91%E8%A1%A8", "pricing_view", UNKNOWN),
        ("https://www.example.com/DOCS/api", "page_view", "integration"),
        ("https://www.example.com/", "page_view", UNKNOWN),
    ],
)
def test_rules_about_pages_give_type_and_topic(url: str, kind: str, topic: str) -> None:
    """By the path as people read it; the first rule that says something wins."""
    found = taken(told(url=url))
    assert (found.type, found.topic) == (kind, topic)


def test_only_a_page_view_gets_its_type_from_the_page() -> None:
    """A form on the price page is a form; it has the page's topic."""
    found = taken(told(type="form_submit_content"))
    assert (found.type, found.topic) == ("form_submit_content", "pricing")


# Who ------------------------------------------------------------------------------------------------


def test_a_network_tells_the_company_and_is_cut_afterwards() -> None:
    """IPv6 as well; the address itself is nowhere."""
    for ip, left in (("198.51.100.7", "198.51.100.0/24"), ("2001:db8:2::7", "2001:db8:2::/48")):
        found = taken(told(email=None, ip=ip))
        assert found.identity == Identity(network_domain="acme.co.jp")
        assert found.properties == {"network": left, "asn": 64496}
        assert ip not in repr(found)


def test_a_company_is_its_registered_domain_and_no_free_mail() -> None:
    """What else was told of it stays out."""
    number = "1234567890123"
    raw = told(email=None, company_domain="https://www.sales.acme.co.jp/", corporate_number=number)
    assert taken(raw).identity == Identity(company_domain="acme.co.jp")


def test_ids_may_be_numbers() -> None:
    """As JSON of some senders has them."""
    found = taken(told(event_id=7, email=None, hubspot_contact_id=512))
    assert (found.event_id, found.identity.hubspot_contact_id) == ("7", "512")


# What is kept, what does not count ------------------------------------------------------------------


def test_what_people_write_into_forms_is_not_kept() -> None:
    """Only known properties are, numbers within reason, short names without persons."""
    properties = {
        "seconds": 1e9,
        "scrolled": -1,
        "human": True,
        "webinar": "Ask ann@example.com",
        "asset": "x" * 500,
        "message": "please call me",
        "form": {"nested": 1},
        "campaign": 12,
    }
    assert taken(told(properties=properties)).properties == {
        "human": True,
        "webinar": "Ask ~mail",
        "asset": "x" * 120,
        "campaign": "12",
    }


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"user_agent": CHROME}, None),
        ({"user_agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}, "crawler"),
        ({"user_agent": f"{CHROME} HeadlessChrome/140"}, "crawler"),
        ({"ip": "198.51.100.9"}, "data_centre"),
        ({"ip": "198.51.100.10"}, "data_centre"),
        ({"ip": "203.0.113.200"}, "employee"),
        ({"ip": "2001:db8:1:2::3"}, "employee"),
        ({"email": "bob@agency.jp"}, "employee"),
        ({"email": "bob@mail.agency.jp"}, "employee"),
        ({"email": "bob@otheragency.jp"}, None),
        ({"test": True}, "test"),
    ],
)
def test_who_does_not_count_is_kept_with_the_reason(how: dict[str, Any], why: str | None) -> None:
    """So that it is known when a rule was wrong."""
    assert taken(told(**how)).discard == why


def test_a_browser_without_a_name_is_a_program() -> None:
    """Every browser of a person says what it is; a server need not."""
    assert taken(told(), Told("site", user_agent="")).discard == "crawler"
    assert taken(told(), Told("server", user_agent=None)).discard is None


def test_a_third_party_names_its_provider_and_basis() -> None:
    """By the server's door, too."""
    consent = {"tracking": "granted", "basis": "contract 2026-04"}
    properties = {"provider": "Acme Data", "confirmed_at": "2026-04-01"}
    raw = told(type="third_party_intent", consent=consent, properties=properties)
    assert taken(raw).basis == "contract 2026-04"
    for missing in ("provider", "confirmed_at"):
        less = {name: value for name, value in properties.items() if name != missing}
        assert rejected(raw | {"properties": less}).code == "no_consent"


@pytest.mark.parametrize("basis", ["", "  ", {"a": 1}, ["contract"], 7, None])
def test_a_third_partys_basis_is_a_text_that_says_something(basis: object) -> None:
    """Blanks, lists and numbers say nothing about why it may be used."""
    properties = {"provider": "Acme Data", "confirmed_at": "2026-04-01"}
    consent = {"tracking": "granted", "basis": basis}
    raw = told(type="third_party_intent", consent=consent, properties=properties)
    assert rejected(raw).code == "no_consent"


@pytest.mark.parametrize("confirmed", ["never", "2026-13-01", "2099-01-01", "", 0, True])
def test_when_a_third_partys_basis_was_confirmed_is_a_time_that_has_come(confirmed: object) -> None:
    """Nobody has confirmed anything in the future, or at no time."""
    properties = {"provider": "Acme Data", "confirmed_at": confirmed}
    consent = {"tracking": "granted", "basis": "contract 2026-04"}
    raw = told(type="third_party_intent", consent=consent, properties=properties)
    assert rejected(raw).code == "no_consent"


def test_a_browser_is_no_third_party() -> None:
    """What a page could send in somebody's name is not taken for bought knowledge."""
    properties = {"provider": "Acme Data", "confirmed_at": "2026-04-01"}
    consent = {"tracking": "granted", "basis": "contract 2026-04"}
    raw = told(type="third_party_intent", consent=consent, properties=properties)
    found = intake().read(raw, 0, Told("site", user_agent="Mozilla/5.0"), NOW)
    assert isinstance(found, Rejection)
    assert found.code == "unknown_type"


def test_a_shorter_keeping_time_refuses_sooner() -> None:
    """What would be forgotten at once is not taken."""
    short = replace(DEFINITION, keeping=replace(DEFINITION.keeping, daily=30))
    found = intake(short).read(told(occurred_at="2026-10-01T00:00:00Z"), 0, Told("server"), NOW)
    assert isinstance(found, Rejection)
    assert (found.code, "30 days" in found.message) == ("bad_time", True)


@pytest.mark.parametrize("name", sorted(sentences()))
def test_every_reason_is_told_in_both_languages(name: str) -> None:
    """With the same words filled in."""
    code, _, why = name.partition(".")
    words = dict.fromkeys(("provider", "days", "found", "most", "name", "source", "path"), "X")
    english, japanese = (
        Refused(code, why, **words).message(language)  # type: ignore[arg-type]  # codes of the file
        for language in ("en", "ja")
    )
    assert english
    assert japanese
    assert ("X" in english) == ("X" in japanese)
