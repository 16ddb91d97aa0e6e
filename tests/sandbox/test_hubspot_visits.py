"""Visits of the practice org's contacts, as the events API tells them."""

from __future__ import annotations

import pytest

from tests.sandbox.hubspot_scene import opened

URL = "https://www.example.com/pricing"


@pytest.mark.parametrize("path", ["/events/v3/events", "/events/event-occurrences/2026-09"])
def test_a_visit_is_an_occurrence_and_a_roll_up(path: str) -> None:
    """By type, by contact, since an instant; both generations of the path."""
    with opened() as scene:
        ann, bob = scene.contact(email="ann@example.com"), scene.contact(email="bob@example.com")
        first = scene.org.visit(ann, URL, "Pricing")
        scene.clock.advance(60)
        second = scene.org.visit(bob, f"{URL}/plans")
        asked = f"{path}?eventType=e_visited_page"
        told = scene.send("GET", asked).json()["results"]
        assert [one["id"] for one in told] == [first, second]
        assert told[0] == {
            "objectType": "CONTACT",
            "objectId": ann,
            "eventType": "e_visited_page",
            "occurredAt": "2026-11-20T03:00:00.123Z",
            "id": first,
            "properties": {
                "hs_url": URL,
                "hs_title": "Pricing",
                "hs_visit_source": "DIRECT_TRAFFIC",
            },
        }
        since = scene.send("GET", f"{asked}&occurredAfter=2026-11-20T03:00:30Z").json()["results"]
        assert [one["id"] for one in since] == [second]
        own = scene.send("GET", f"{path}?objectType=contact&objectId={bob}").json()["results"]
        assert [one["id"] for one in own] == [second]
        held = scene.held(ann)
        assert held["hs_analytics_num_page_views"] == "1"
        assert held["hs_analytics_last_url"] == URL


def test_the_pages_of_a_listing_follow_each_other() -> None:
    """And what cannot be understood is refused."""
    with opened() as scene:
        ann = scene.contact(email="ann@example.com")
        for number in range(5):
            scene.org.visit(ann, f"{URL}/{number}")
        asked = "/events/v3/events?eventType=e_visited_page&limit=2"
        first = scene.send("GET", asked).json()
        after = first["paging"]["next"]["after"]
        second = scene.send("GET", f"{asked}&after={after}").json()
        urls = [one["properties"]["hs_url"] for one in first["results"] + second["results"]]
        assert urls == [f"{URL}/{number}" for number in range(4)]
        assert scene.send("GET", "/events/v3/events").status_code == 400
        assert scene.send("GET", f"{asked}&occurredAfter=soon").status_code == 400
