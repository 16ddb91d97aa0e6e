"""Whose events do not count, and what is found out only later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.definition import Filters
from intent.filters import is_crawler, judge, newly_excluded, stamp, to_retract
from intent.model import BY_HAND, Discard, Event, Identity
from tests.intent.visits import CHROME, DEFINITION, NOW, event, look

RULES = DEFINITION.filters
LATER = NOW + timedelta(hours=1)


def retracted(*events: Event, rules: Filters = RULES) -> dict[str, str]:
    """What has to be taken back of a visitor's events, an hour later."""
    return dict(to_retract(events, rules, LATER))


def click(event_id: str, after: float = 0, **properties: str | float) -> Event:
    return event(event_id, "email_click", after, properties=properties)


@pytest.mark.parametrize(
    ("agent", "crawler"),
    [
        (CHROME, False),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Safari/604",
            False,
        ),
        ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", True),
        ("python-requests/2.32", True),
        ("Mozilla/5.0 AppleWebKit/537.36 HeadlessChrome/140 Safari/537.36", True),
        (" ", True),
    ],
)
def test_programs_that_say_what_they_are_are_known(agent: str, crawler: bool) -> None:
    """By a list that others keep."""
    assert is_crawler(agent) is crawler


# Clicks in mails -----------------------------------------------------------------------------------


def test_a_click_counts_when_a_person_looks_at_the_page() -> None:
    """Within thirty seconds, with a sign of life."""
    assert retracted(click("c"), look("v", 3)) == {}
    assert retracted(click("c"), look("v", 30)) == {}
    assert retracted(click("c"), look("v", 31)) == {"c": "no_human_signal"}
    assert retracted(look("v", -1), click("c")) == {"c": "no_human_signal"}
    assert retracted(click("c"), event("v", after=3)) == {"c": "no_human_signal"}


@pytest.mark.parametrize(
    ("properties", "human"),
    [({"seconds": 5}, True), ({"seconds": 4.9}, False), ({"scrolled": 1}, True), ({"human": True}, True),
     ({"human": False, "scrolled": 0}, False)],
)  # fmt: skip
def test_a_person_stays_scrolls_or_moves(properties: dict[str, float], human: bool) -> None:
    """Any of it will do."""
    view = event("v", after=2, properties=properties)
    assert ("c" not in retracted(click("c"), view)) is human


def test_what_hubspot_tells_was_seen_by_a_browser() -> None:
    """Its script ran there, behind its own filter."""
    assert retracted(click("c"), event("v", after=2, source="hubspot")) == {}


def test_nobody_judges_before_late_views_had_their_time() -> None:
    """Five minutes after the click and its coming in."""
    one = click("c")
    assert to_retract([one], RULES, NOW + timedelta(seconds=299)) == {}
    assert to_retract([one], RULES, NOW + timedelta(seconds=300)) == {"c": "no_human_signal"}
    late = replace(one, received_at=NOW + timedelta(minutes=58))
    assert to_retract([late], RULES, LATER) == {}


def test_a_click_right_after_delivery_is_a_scanners() -> None:
    """Nobody reads within ten seconds, whatever page is loaded then."""
    assert retracted(click("c", after_delivery=4), look("v", 2)) == {"c": "scanner"}
    assert retracted(click("c", after_delivery=11), look("v", 2)) == {}


def test_three_links_at_once_are_a_scanners() -> None:
    """Within two seconds; the same link three times is an impatient person."""
    many = [click(f"c{n}", n * 0.9, link=f"l{n}") for n in range(3)]
    assert set(retracted(*many, look("v", 4)).values()) == {"scanner"}
    same = [click(f"c{n}", n * 0.9, link="l") for n in range(3)]
    assert retracted(*same, look("v", 4)) == {}
    slow = [click(f"c{n}", n * 1.5, link=f"l{n}") for n in range(3)]
    assert retracted(*slow, look("v", 4)) == {}


def test_who_opens_a_link_that_nobody_sees_is_a_program() -> None:
    """All its clicks in that mail are; those in another mail are not."""
    trap = click("trap", 1, honeypot=True, campaign="a")
    same, other = click("same", campaign="a"), click("other", 20, campaign="b")
    assert retracted(trap, same, other, look("v", 22)) == {"trap": "scanner", "same": "scanner"}


# Visits --------------------------------------------------------------------------------------------


def test_more_pages_than_anybody_can_look_at_are_a_burst() -> None:
    """All of them within that time, and none outside of it."""
    burst = [look(f"b{n}", n) for n in range(6)]
    before, after = look("before", -700), look("after", 700)
    found = retracted(before, *burst, after)
    assert found == {f"b{n}": "burst" for n in range(6)}
    assert retracted(*burst[:5]) == {}


def test_who_never_moves_on_many_pages_is_a_program() -> None:
    """Where the sender looks for signs of life at all."""
    slow = [event(f"e{n}", after=n * 1000, properties={"seconds": 1}) for n in range(10)]
    assert set(retracted(*slow).values()) == {"no_human_signal"}
    assert retracted(*slow[:9]) == {}
    assert retracted(*slow, look("v", 99_999)) == {}
    assert retracted(*(replace(one, properties={}) for one in slow)) == {}


def test_what_never_counted_is_not_taken_back() -> None:
    """A retraction tells of events whose points are in the sums."""
    assert retracted(replace(click("c", after_delivery=1), discard="crawler")) == {}


# A burst needs six views; more events than that are drawn seldom, and slowly.
EVENTS = st.lists(
    st.builds(
        event,
        st.uuids().map(str),
        st.sampled_from(["page_view", "pricing_view", "email_click", "form_submit_content"]),
        st.integers(0, 2_000),
        properties=st.dictionaries(
            st.sampled_from(["seconds", "scrolled", "after_delivery"]), st.integers(0, 60)
        ),
    ),
    max_size=15,
)


@given(EVENTS, st.randoms())
def test_the_order_in_which_events_came_does_not_matter(events: list[Event], dice: object) -> None:
    """Nor does it matter what was judged before."""
    shuffled = list(events)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]  # a Random
    found = to_retract(events, RULES, LATER)
    assert to_retract(shuffled, RULES, LATER) == found
    marked: Sequence[Event] = [replace(one, discard=found.get(one.event_id)) for one in events]
    assert to_retract(marked, RULES, LATER) == {}


def test_a_flood_of_one_visitor_is_judged_in_a_moment() -> None:
    """A flood is a burst; the work grows with the events, not with their pairs."""
    flood = [event(f"e{n}", after=n * 0.01) for n in range(20_000)]
    began = process_time()
    assert len(to_retract(flood, RULES, LATER)) == 20_000
    assert process_time() - began < 5


def test_a_flood_of_clicks_is_judged_in_a_moment() -> None:
    """In one mail, on links that no person can see, and all at once."""
    flood = [click(f"e{n}", after=n * 0.0001, honeypot=1, link=f"l{n}") for n in range(20_000)]
    began = process_time()
    assert len(to_retract(flood, RULES, LATER)) == 20_000
    assert process_time() - began < 5


# New rules ------------------------------------------------------------------------------------------


def test_a_new_office_or_agency_is_left_out_afterwards() -> None:
    """By what is left of an address, and by mail address."""
    seen = event("net", properties={"network": "203.0.113.0/24"})
    six = event("six", properties={"network": "2001:db8:1::/48"})
    mail = event("mail", identity=Identity(email="bob@agency.jp"))
    rented = event("asn", properties={"asn": 64500})
    stranger = event("x", identity=Identity(email="ann@acme.co.jp"), properties={"asn": 1})
    assert newly_excluded([seen, six, mail, rented, stranger], RULES) == {
        "net": "employee",
        "six": "employee",
        "mail": "employee",
        "asn": "data_centre",
    }


def test_a_part_of_a_network_is_not_all_of_it() -> None:
    """What is left of an address may be somebody else's beside the office: in doubt it counts."""
    narrow = replace(RULES, networks=("203.0.113.0/28",))
    seen = event("net", properties={"network": "203.0.113.0/24"})
    assert newly_excluded([seen], narrow) == {}


# Rules that are taken back -------------------------------------------------------------------------

ANN = Identity(email="ann@agency.jp")
MENDED = replace(RULES, employee_domains=())


def judged(one: Event, rules: Filters = MENDED, fresh: bool = True) -> tuple[object, ...]:
    """What is to be taken out, and what is to come back."""
    found = judge([one], rules, LATER, frozenset({one.event_id} if fresh else ()))
    return dict(found.out), set(found.back)


def test_what_only_old_rules_left_out_comes_back() -> None:
    """Where it stands among those that are judged now, since only then everything around it is known."""
    out = event("a", identity=ANN, discard="employee", judged_by=stamp(RULES))
    assert judged(out) == ({}, {"a"})
    assert judged(out, fresh=False) == ({}, set())
    assert judged(out, RULES) == ({}, set())
    other = replace(RULES, burst_pages=RULES.burst_pages + 1)
    assert judged(out, other) == ({"a": "employee"}, set())


def test_whom_the_door_took_for_ours_comes_back_where_nothing_speaks_for_that_any_more() -> None:
    """In doubt it stays out: what is left of an address may be the office's."""
    by_mail = event("a", identity=ANN, discard="employee")
    assert judged(by_mail) == ({}, {"a"})
    assert judged(by_mail, RULES) == ({}, set())
    narrow = replace(MENDED, networks=("203.0.113.0/28",))
    near = replace(by_mail, properties={"network": "203.0.113.0/24"})
    assert judged(near, narrow) == ({}, set())
    assert judged(near, replace(MENDED, networks=())) == ({}, {"a"})


@pytest.mark.parametrize("why", ["test", "crawler", "data_centre"])
def test_what_cannot_be_judged_anew_stays_out(why: Discard) -> None:
    """Neither the program nor the network of a sender is kept. What a person took out stays out, too."""
    assert judged(event("a", discard=why)) == ({}, set())
    assert judged(event("a", discard=why, judged_by=BY_HAND)) == ({}, set())
