"""The door for browsers: only pages of our sites, and only what pages may say."""

from __future__ import annotations

import pytest

from tests.intent.visits import CHROME, Twin, told
from tests.webhooks.website import ORIGIN, Website, answer_of, beacon
from webhooks.intent import COLLECT_LIMIT, client_address

OTHER = "https://evil.example.net"


def test_a_page_of_our_site_may_send() -> None:
    """As text, so that no browser has to ask first; its origin may read the answer."""
    site = Website()
    answer = beacon(site.client(), [told(visitor="v1")])
    assert (answer.status_code, answer_of(answer)["accepted"]) == (202, 1)
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Vary"] == "Origin"
    [event] = site.events
    assert (event.source, event.identity.visitor, event.discard) == ("site", "v1", None)


@pytest.mark.parametrize("origin", [OTHER, None, "null", "https://www.example.com.evil.net", ""])
def test_other_pages_may_not(origin: str | None) -> None:
    """403, and nothing is on file."""
    site = Website()
    answer = beacon(site.client(), told(), origin)
    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert site.events == []


def test_a_browser_that_asks_first_is_told() -> None:
    """Only for our sites."""
    client = Website().client()
    ours = client.options("/collect", headers={"Origin": ORIGIN})
    assert ours.status_code == 204
    assert ours.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert ours.headers["Access-Control-Allow-Methods"] == "POST"
    theirs = client.options("/collect", headers={"Origin": OTHER})
    assert "Access-Control-Allow-Origin" not in theirs.headers


def test_a_page_cannot_say_whose_network_or_contact_it_is() -> None:
    """That is for whoever holds the key; a page says what it saw."""
    site = Website()
    claims = {
        "hubspot_contact_id": "1",
        "company_domain": "acme.co.jp",
        "corporate_number": "1",
        "ip": "198.51.100.7",
        "test": True,
    }
    assert beacon(site.client(), told(**claims)).status_code == 202
    [event] = site.events
    assert event.identity._replace(email=None) == (None,) * 7
    assert event.discard is None


def test_the_network_is_that_of_the_connection() -> None:
    """What a proxy of ours says of it; what the browser says of itself does not count."""
    site = Website()
    forwarded = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
    beacon(site.client(), told(email=None, visitor="v1"), **forwarded)
    assert site.events[0].identity.network_domain == "acme.co.jp"
    assert client_address("1.2.3.4", "198.51.100.7") == "1.2.3.4"
    assert client_address("::1", None) == "::1"
    assert client_address(None, "198.51.100.7") is None
    for ours in ("127.0.0.1", "172.18.0.3", "::1", "fd00::1"):
        assert client_address(ours, "198.51.100.7") == "198.51.100.7"


def test_programs_and_those_who_ask_not_to_be_tracked_do_not_count() -> None:
    """The one is kept and does not count; the other is not kept."""
    site = Website()
    client = site.client()
    beacon(client, told(), **{"User-Agent": "Googlebot/2.1"})
    assert [event.discard for event in site.events] == ["crawler"]
    answer = answer_of(beacon(client, told(event_id="e2"), **{"Sec-GPC": "1"}))
    assert [one["code"] for one in answer["rejected"]] == ["no_consent"]
    assert len(site.events) == 1


def test_a_browser_sends_little() -> None:
    """64 KB and a hundred events at most."""
    client = Website().client()
    assert beacon(client, b" " * (COLLECT_LIMIT + 1)).status_code == 413
    many = [told(event_id=str(n)) for n in range(101)]
    assert beacon(client, many).status_code == 400
    assert beacon(client, many[:100]).status_code == 202


def test_a_key_is_of_no_use_here() -> None:
    """A page that held one would show it to everybody."""
    answer = beacon(Website(sites=frozenset()).client(), told())
    assert answer.status_code == 503
    assert "KAKEHASHI_INTENT__SITES" in answer.text


def test_the_store_is_down_for_browsers_too() -> None:
    """503: the beacon is lost, and said to be."""
    assert beacon(Website(store=Twin(is_down=True)).client(), told()).status_code == 503


# The script ----------------------------------------------------------------------------------------


def test_the_script_is_served_and_remembered() -> None:
    """For an hour; after that the browser asks whether it is another one."""
    client = Website().client()
    answer = client.get("/intent.js")
    assert answer.status_code == 200
    assert answer.content_type == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert '["doc","utm_*"]' in answer.text
    again = client.get("/intent.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_without_sites_there_is_no_script() -> None:
    """503 names the setting."""
    answer = Website(sites=frozenset()).client().get("/intent.js")
    assert (answer.status_code, "KAKEHASHI_INTENT__SITES" in answer.text) == (503, True)


def test_a_browser_of_a_person_counts() -> None:
    """The name that Chrome gives itself is no program's."""
    site = Website()
    beacon(site.client(), told(), **{"User-Agent": CHROME})
    assert site.events[0].discard is None
