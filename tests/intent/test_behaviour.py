"""What HubSpot knows of a contact's behaviour, as events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.behaviour import FIELDS, Behaviour, form_type
from intent.model import Event, Rejection
from tests.intent.visits import NOW, Twin, intake

HUBSPOT = Behaviour(intake=intake())
CONTACT: dict[str, Any] = {
    "email": "Ann@Acme.co.jp",
    "hs_legal_basis": "Freely given consent from contact",
    "hs_analytics_last_url": "www.example.com/pricing?utm_source=x&hsCtaTracking=abc",
    "hs_analytics_last_timestamp": "2026-11-24T08:50:00Z",
    "recent_conversion_date": "2026-11-24T08:55:00Z",
    "recent_conversion_event_name": "資料: お問い合わせフォーム",
    "hs_email_last_click_date": "2026-11-24T08:39:00Z",
    "hs_email_last_email_name": "November news",
}


def events_of(told: Mapping[str, Any], how: Behaviour = HUBSPOT) -> list[Event]:
    found = how.of_contact("512", told, NOW)
    assert all(isinstance(one, Event) for one in found), found
    return [one for one in found if isinstance(one, Event)]


def test_a_contacts_roll_ups_tell_of_a_form_a_click_and_a_page() -> None:
    """Each with the time at which it happened, and only what may be stored."""
    form, click, view = events_of(CONTACT)
    assert (form.type, click.type, view.type) == (
        "form_submit_handraise",
        "email_click",
        "pricing_view",
    )
    assert form.properties == {"form": "資料: お問い合わせフォーム"}
    assert click.properties == {"campaign": "November news"}
    assert view.url == "https://www.example.com/pricing?utm_source=x"
    assert view.occurred_at == NOW - timedelta(minutes=10)
    for one in (form, click, view):
        assert one.source == "hubspot"
        assert one.basis == "hubspot: Freely given consent from contact"
        assert one.identity.hubspot_contact_id == "512"
        assert one.identity.email == "ann@acme.co.jp"


def test_reading_the_same_thing_again_does_no_harm() -> None:
    """Ids are made of what happened."""
    store = Twin()
    store.take_in(events_of(CONTACT))
    again = store.take_in(events_of(CONTACT))
    assert (again.accepted, again.duplicates, again.differing) == (0, 3, ())


def test_only_what_is_new_is_taken() -> None:
    """Another page since the last look; milliseconds and zones do not make news."""
    store = Twin()
    store.take_in(events_of(CONTACT))
    later = CONTACT | {
        "hs_analytics_last_timestamp": "2026-11-24T08:58:00Z",
        "recent_conversion_date": "2026-11-24T08:55:00.000Z",
    }
    assert store.take_in(events_of(later)).accepted == 1
    assert [one.type for one in store.on_file.values()][-1] == "pricing_view"


def test_the_first_form_counts_once() -> None:
    """While there is only one, it is the latest as well."""
    first = {
        "first_conversion_date": CONTACT["recent_conversion_date"],
        "first_conversion_event_name": CONTACT["recent_conversion_event_name"],
    }
    assert sum(one.type == "form_submit_handraise" for one in events_of(CONTACT | first)) == 1
    earlier = CONTACT | {
        "first_conversion_date": "2026-10-01T00:00:00Z",
        "first_conversion_event_name": "導入事例集ダウンロード",
    }
    kinds = [one.type for one in events_of(earlier)]
    assert kinds[:2] == ["form_submit_content", "form_submit_handraise"]


def test_a_site_with_our_own_tag_takes_no_pages_from_hubspot() -> None:
    """Forms and clicks it does."""
    kinds = [one.type for one in events_of(CONTACT, Behaviour(intake=intake(), pages=False))]
    assert kinds == ["form_submit_handraise", "email_click"]


@pytest.mark.parametrize("basis", [None, "", " ", "Not applicable", "NOT APPLICABLE"])
def test_without_a_basis_nothing_is_taken(basis: str | None) -> None:
    """One refusal with the reason, unless the admin states one for all contacts."""
    contact = CONTACT | {"hs_legal_basis": basis}
    [refused] = HUBSPOT.of_contact("512", contact, NOW)
    assert isinstance(refused, Rejection)
    assert refused.code == "no_consent"
    assert "KAKEHASHI_INTENT__HUBSPOT_BASIS" in refused.message
    stated = Behaviour(intake=intake(), basis="cookie banner")
    assert {one.basis for one in events_of(contact, stated)} == {"cookie banner"}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Contact us: Footer", "form_submit_handraise"),
        ("料金ページ: お見積り依頼", "form_submit_handraise"),
        ("Book a Demo", "form_submit_handraise"),
        ("ホワイトペーパー: ダウンロード", "form_submit_content"),
        ("", "form_submit_content"),
    ],
)
def test_a_form_is_what_its_name_says(name: str, kind: str) -> None:
    """In both languages; a name that says nothing is about content."""
    assert form_type(name) == kind


def test_an_occurrence_of_the_events_api_is_a_view() -> None:
    """By HubSpot's own id of it."""
    item = {
        "objectId": "512",
        "eventType": "e_visited_page",
        "occurredAt": "2026-11-24T08:00:00.5Z",
        "hs_url": "https://www.example.com/pricing",
        "hs_title": "料金",
    }
    found = HUBSPOT.of_occurrence("b4a1-1", item, CONTACT, NOW)
    assert isinstance(found, Event)
    assert (found.event_id, found.type, found.title) == ("hubspot:b4a1-1", "pricing_view", "料金")
    other = HUBSPOT.of_occurrence("x", item | {"eventType": "e_something_new"}, CONTACT, NOW)
    assert isinstance(other, Rejection)
    assert other.code == "unknown_type"
    nobody = HUBSPOT.of_occurrence("x", item, {}, NOW)
    assert isinstance(nobody, Rejection)
    assert nobody.code == "no_consent"


TEXTS = st.none() | st.text(max_size=20) | st.integers() | st.just("2026-11-24T08:55:00Z")


@given(st.dictionaries(st.sampled_from(FIELDS), TEXTS))
def test_whatever_stands_in_the_properties_nothing_breaks(told: dict[str, Any]) -> None:
    """Every answer is an event or a refusal, and its ids tell them apart."""
    found = Behaviour(intake=intake(), basis="x").of_contact("1", told, NOW)
    ids = [one.event_id for one in found if isinstance(one, Event)]
    assert len(ids) == len(set(ids))
