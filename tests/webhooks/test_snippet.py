"""The snippet in a browser without a window: nothing before consent, and little after it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
import quickjs

from intent.notice import names_told
from tests.intent.visits import DEFINITION, taken
from tests.webhooks.website import Website, answer_of, beacon
from webhooks.snippet import snippet

BROWSER = (Path(__file__).parent / "browser.js").read_text("utf-8")
KEPT = frozenset({"utm_*"})
COLLECT = "https://intent.example.com/kakehashi/collect"


class Browser:
    """One page that was opened with the snippet in it. `before` runs before the snippet does."""

    def __init__(self, before: str = "") -> None:
        self.js = quickjs.Context()
        self.run(BROWSER)
        self.run(before)
        self.run(snippet(KEPT).decode())

    def run(self, code: str) -> Any:
        """Do something in the page."""
        return self.js.eval(code)

    def value(self, code: str) -> Any:
        """What an expression is there."""
        return orjson.loads(self.js.eval(f"JSON.stringify({code})"))

    def consent(self) -> None:
        self.run("window.kakehashi('consent', 'granted')")

    @property
    def sent(self) -> list[dict[str, Any]]:
        """The events that left the browser."""
        return [event for _, body in self.value("sent") for event in orjson.loads(body)]

    @property
    def traces(self) -> tuple[int, int]:
        """How often something was stored, and how often something was sent."""
        return self.value("stored"), self.value("sent.length + fetched.length")


USE = """
wait(20000); fire('pointermove'); window.pageYOffset = 500; fire('scroll');
window.history.pushState(0, '', '/docs'); wait(40000);
fire('submit', form('form_submit_handraise', 'ann@acme.co.jp'));
window.kakehashi('identify', {email: 'ann@acme.co.jp'});
window.kakehashi('event', 'webinar_register', {webinar: 'w1'});
leave();
"""


def test_it_is_smaller_than_four_kilobytes() -> None:
    """As it goes over the wire, with the names of the parameters that stay."""
    assert len(snippet(KEPT)) < 4_096


@pytest.mark.parametrize(
    "before",
    [
        "",
        "window.kakehashi = {q: [['consent', 'denied']]};",
        "navigator.globalPrivacyControl = true; window.kakehashi = {q: [['consent', 'granted']]};",
        "jar.__hs_do_not_track = 'yes'; window.kakehashi = {q: [['consent', 'granted']]};",
    ],
)
def test_without_consent_there_is_no_cookie_and_no_request(before: str) -> None:
    """Nor where the browser or HubSpot's banner said no, whatever the page says then."""
    page = Browser(before)
    page.run(USE)
    assert page.traces == (0, 0)


def test_a_view_is_told_when_it_is_left() -> None:
    """With the time it was visible and how far it was scrolled; once."""
    page = Browser()
    page.consent()
    assert page.value("sent.length") == 0
    page.run(
        "wait(12000); window.pageYOffset = 500; fire('scroll'); fire('keydown'); leave(); leave();"
    )
    [view] = page.sent
    assert (view["type"], view["title"]) == ("page_view", "Pricing")
    assert view["url"] == "https://www.example.com/pricing?utm_source=news"
    assert view["properties"] == {"seconds": 12, "scrolled": 50, "human": True}
    assert page.value("sent[0][0]") == COLLECT


def test_time_in_the_background_does_not_count() -> None:
    """A view that is told is told; what the person does not see is no view."""
    page = Browser("document.visibilityState = 'hidden';")
    page.consent()
    page.run("wait(9000); document.visibilityState = 'visible'; fire('visibilitychange');")
    page.run("wait(3000); leave();")
    assert page.sent[0]["properties"]["seconds"] == 3


def test_a_view_that_is_not_left_is_told_after_half_a_minute() -> None:
    """And not once more when it is left."""
    page = Browser()
    page.consent()
    page.run("wait(30000);")
    assert [event["properties"]["seconds"] for event in page.sent] == [30]
    page.run("leave()")
    assert len(page.sent) == 1


def test_pages_that_change_without_loading_are_views() -> None:
    """By pushState and by the back button; the same address is the same view."""
    page = Browser()
    page.consent()
    page.run("wait(6000); window.history.pushState(0, '', '/docs'); wait(7000);")
    page.run("at.pathname = '/pricing'; fire('popstate'); wait(1000); fire('popstate'); leave();")
    paths = [event["url"].split("?")[0].rpartition("/")[2] for event in page.sent]
    assert paths == ["pricing", "docs", "pricing"]
    assert [event["properties"]["seconds"] for event in page.sent] == [6, 7, 1]


def test_only_forms_that_say_so_are_told() -> None:
    """Their type, name and mail address; nothing else of what was written."""
    page = Browser()
    page.consent()
    page.run("fire('submit', form(null, 'ann@acme.co.jp'));")
    assert page.sent == []
    page.run("fire('submit', form('form_submit_handraise', 'ann@acme.co.jp'));")
    [event] = page.sent
    assert (event["type"], event["email"]) == ("form_submit_handraise", "ann@acme.co.jp")
    assert event["properties"] == {"form": "contact"}


def test_visits_belong_together_by_numbers_that_say_nothing() -> None:
    """One of the browser, for 120 days; one of the visit, until half an hour's silence; HubSpot's own."""
    page = Browser("jar.hubspotutk = '9f86d081'; window.kakehashi = {q: [['consent', 'granted']]};")
    page.run("wait(1000); window.kakehashi('event', 'chat_start');")
    page.run("wait(1700000); window.kakehashi('event', 'chat_start');")
    page.run("wait(1900000); window.kakehashi('event', 'chat_start');")
    chats = [event for event in page.sent if event["type"] == "chat_start"]
    first, second, third = chats
    assert (
        first["visitor"] == second["visitor"] == third["visitor"] == page.value("jar.kakehashi_id")
    )
    assert first["session"] == second["session"] != third["session"]
    assert first["hubspotutk"] == "9f86d081"
    assert len({event["event_id"] for event in page.sent}) == len(page.sent)
    assert page.value("lastCookie").endswith("; Path=/; Max-Age=10368000; SameSite=Lax; Secure")


def test_consent_that_is_withdrawn_leaves_nothing_behind() -> None:
    """The cookie goes, the view that was open is not told; that it is over is told once."""
    page = Browser()
    page.consent()
    page.run("window.kakehashi('event', 'chat_start');")
    number = page.value("jar.kakehashi_id")
    page.run("wait(9000); window.kakehashi('consent', 'denied');")
    page.run(USE)
    page.run("window.kakehashi('consent', 'denied');")
    assert [event["type"] for event in page.sent] == ["chat_start", "identify"]
    last = page.sent[-1]
    assert (last["visitor"], last["consent"]) == (number, {"tracking": "denied"})
    assert page.value("[jar, held]") == [{}, {}]


def test_a_browser_says_since_when_it_agrees_where_it_has_just_done_so() -> None:
    """With a new number; a page that is opened later knows only that it holds."""
    page = Browser()
    page.consent()
    page.run("window.kakehashi('event', 'chat_start'); window.kakehashi('consent', 'denied');")
    page.run("wait(60000);")
    page.consent()
    page.run("window.kakehashi('event', 'chat_start');")
    anew = page.sent[-1]["consent"]
    assert anew == {"tracking": "granted", "given_at": "2026-11-24T09:01:00.000Z"}
    later = Browser("jar.kakehashi_id = 'v1'; window.kakehashi = {q: [['consent', 'granted']]};")
    later.run("window.kakehashi('event', 'chat_start');")
    assert later.sent[-1]["consent"] == {"tracking": "granted"}


@pytest.mark.parametrize(
    "before",
    ["navigator.sendBeacon = undefined;", "navigator.sendBeacon = function () { return false; };"],
)
def test_where_no_beacon_is_taken_the_request_outlives_the_page(before: str) -> None:
    """Without cookies of ours or theirs."""
    page = Browser(before)
    page.consent()
    page.run("wait(6000); leave();")
    [[to, how]] = page.value("fetched")
    assert (to, how["method"], how["keepalive"], how["credentials"]) == (
        COLLECT,
        "POST",
        True,
        "omit",
    )


def test_everything_that_is_sent_stands_in_the_notice() -> None:
    """No name leaves the browser that the notice does not tell of; all of it is taken by the door."""
    page = Browser("jar.hubspotutk = '9f86d081';")
    page.consent()
    page.run(USE)
    told = names_told() | {"webinar"}  # what a page sends by its own call, the page tells of
    for event in page.sent:
        assert set(event) <= told
        assert set(event.get("properties", {})) <= told
    site = Website()
    answer = answer_of(beacon(site.client(), page.sent))
    assert (answer["rejected"], answer["accepted"]) == ([], len(page.sent))
    kinds = [event.type for event in site.events]
    assert kinds == [
        "pricing_view",
        "page_view",
        "form_submit_handraise",
        "identify",
        "webinar_register",
    ]
    assert DEFINITION.query
    assert all("secret" not in (event.url or "") for event in site.events)
    assert taken(page.sent[0]).identity.visitor == page.value("jar.kakehashi_id")
