"""Whose events never count: machines, employees, tests, and what opens links in mails. Pure.

Some of it is seen at the door, some only later, out of everything that a visitor did: `to_retract` tells
what has to be taken back by then. All rules are about sets of events, so their order does not matter.
Rules: domain sheet 3.8.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final, NamedTuple

import crawleruseragents

from intent.definition import Filters
from intent.hygiene import address_of
from intent.identity import Network, registered_domain
from intent.model import BY_HAND, Discard, Event, Identity

AnyNetwork = IPv4Network | IPv6Network
Found = dict[str, Discard]
Properties = Mapping[str, str | int | float | bool]

# A mail was hardly there when somebody opened its link.
TOO_SOON_AFTER_DELIVERY: Final = 10.0
# So many different links within so long: nobody reads that fast.
LINKS_AT_ONCE, LINKS_WITHIN = 3, timedelta(seconds=2)
# A click counts when a person looks at a page so soon after it.
LOOK_WITHIN: Final = timedelta(seconds=30)
# The page view may come in late; nobody judges before.
PATIENCE: Final = timedelta(minutes=5)
# So many pages, and not one sign of a person on any of them.
PAGES_WITHOUT_SIGN: Final = 10
# A page was looked at: seconds, or any scrolling (the sheet's 3.2 has the same limit for a glance).
LOOKED_SECONDS: Final = 5.0
CLICK: Final = "email_click"
# Tells of pages through a script that runs in browsers, behind a filter of its own.
FILTERED_ALREADY: Final = frozenset({"hubspot"})
# Programs that are no crawlers by the list, and no browsers of people either.
_AUTOMATA: Final = ("headless", "phantomjs", "puppeteer", "playwright", "selenium", "electron/")


class Seen(NamedTuple):
    """What is known of the sender of one event while it is at the door."""

    who: Identity
    agent: str | None = None
    ip: str | None = None
    network: Network | None = None


# At the door --------------------------------------------------------------------------------------


def at_the_door(seen: Seen, rules: Filters) -> Discard | None:
    """Why an event does not count; None where nothing speaks against it yet."""
    if seen.agent is not None and is_crawler(seen.agent):
        return "crawler"
    if is_employee(seen.who.email, seen.ip, rules):
        return "employee"
    network = seen.network
    if network is not None and (network.hosting or network.asn in rules.data_centre_asns):
        return "data_centre"
    return None


@lru_cache(8_192)
def is_crawler(agent: str) -> bool:
    """Whether a program says itself that it is one; a browser of a person always says something."""
    told = agent.strip().lower()
    if not told or any(word in told for word in _AUTOMATA):
        return True
    return bool(crawleruseragents.is_crawler(agent))


def is_employee(email: str | None, ip: str | None, rules: Filters) -> bool:
    """Whether somebody of ours, or of an agency, by mail address or by the office's network."""
    if email is not None and _is_of(email, rules.employee_domains):
        return True
    address = address_of(ip) if ip is not None and rules.networks else None
    return address is not None and any(address in one for one in _networks(rules.networks))


@lru_cache(1_024)
def _is_of(email: str, domains: tuple[str, ...]) -> bool:
    host = email.rpartition("@")[2]
    return host in domains or registered_domain(host) in domains


@lru_cache(16)
def _networks(told: tuple[str, ...]) -> tuple[AnyNetwork, ...]:
    return tuple(ip_network(one, strict=False) for one in told)


# Later --------------------------------------------------------------------------------------------


class Verdict(NamedTuple):
    """The ids of events that have to be taken out, and why; and of those that count again."""

    out: Mapping[str, Discard]
    back: frozenset[str]


def judge(
    events: Sequence[Event], rules: Filters, now: datetime, fresh: Collection[str]
) -> Verdict:
    """What becomes of all that one visitor did: by its kind, or by whom the rules leave out.

    What only other rules took out is judged anew, and comes back where it is among the `fresh` ids: around
    these everything is at hand. What a person took out stays out, and what was seen at the door alone.
    """
    reopened = {one.event_id for one in events if _may_come_back(one, rules)}
    anew = [replace(one, discard=None) if one.event_id in reopened else one for one in events]
    out = {**to_retract(anew, rules, now), **newly_excluded(anew, rules)}
    return Verdict(out, frozenset(reopened.intersection(fresh).difference(out)))


@lru_cache(16)
def stamp(rules: Filters) -> str:
    """A short name of these rules, the same wherever they are the same."""
    return blake2b(repr(rules).encode(), digest_size=6).hexdigest()


def _may_come_back(event: Event, rules: Filters) -> bool:
    if event.discard is None or event.judged_by == BY_HAND:
        return False
    if event.judged_by is not None:
        return event.judged_by != stamp(rules)
    # The door knew the whole address: in doubt it was right.
    return event.discard == "employee" and not _may_be_employees(event, rules)


def to_retract(events: Iterable[Event], rules: Filters, now: datetime) -> Mapping[str, Discard]:
    """The ids of a visitor's events that have to be taken back, and why; all its events are given.

    Events that never counted are not told again.
    """
    known = sorted(events, key=lambda one: (one.occurred_at, one.event_id))
    found: Found = {}
    for judge in _JUDGES:
        for event_id, why in judge(known, rules, now).items():
            found.setdefault(event_id, why)
    counted = {one.event_id for one in known if one.discard is None}
    return {event_id: why for event_id, why in found.items() if event_id in counted}


def bursts(events: Sequence[Event], rules: Filters, _now: datetime) -> Found:
    """All views within any span of time in which nobody could have looked at so many pages."""
    views = [one for one in events if is_view(one)]
    within = timedelta(milliseconds=rules.burst_within)
    found: Found = {}
    first, told = 0, 0
    for last, view in enumerate(views):
        while view.occurred_at - views[first].occurred_at > within:
            first += 1
        if last - first + 1 > rules.burst_pages:
            for one in views[max(first, told) : last + 1]:
                found[one.event_id] = "burst"
            told = last + 1
    return found


def lifeless(events: Sequence[Event], _rules: Filters, _now: datetime) -> Found:
    """All views of a visitor who saw many pages and never moved, where the sender looks for that."""
    views = [one for one in events if is_view(one) and _is_measured(one)]
    if len(views) < PAGES_WITHOUT_SIGN or any(has_human_sign(one) for one in views):
        return {}
    return {one.event_id: "no_human_signal" for one in views}


def scanners(events: Sequence[Event], _rules: Filters, _now: datetime) -> Found:
    """Clicks of programs that look into mails before people do."""
    clicks = [one for one in events if one.type == CLICK]
    # Only a program opens a link that no person can see; all clicks in that mail are its own.
    trapped = {_mail(one) for one in clicks if one.properties.get("honeypot")}
    found: Found = {
        one.event_id: "scanner" for one in clicks if _mail(one) in trapped or _is_too_soon(one)
    }
    return found | _many_links_at_once(clicks)


def unseen_clicks(events: Sequence[Event], _rules: Filters, now: datetime) -> Found:
    """Clicks that no person followed: no view with a human sign within 30 seconds.

    A click is judged when five more minutes have passed, since views come in late.
    """
    looks = [one.occurred_at for one in events if is_view(one) and has_human_sign(one)]
    found: Found = {}
    for click in events:
        if click.type != CLICK or now - max(click.occurred_at, click.received_at) < PATIENCE:
            continue
        following = bisect_left(looks, click.occurred_at)
        if following == len(looks) or looks[following] - click.occurred_at > LOOK_WITHIN:
            found[click.event_id] = "no_human_signal"
    return found


def newly_excluded(events: Iterable[Event], rules: Filters) -> Mapping[str, Discard]:
    """Events of those whom the rules leave out by now: a new office, agency or data centre."""
    found: Found = {}
    for event in events:
        if event.discard is not None:
            continue
        if _is_employees(event, rules):
            found[event.event_id] = "employee"
        elif event.properties.get("asn") in rules.data_centre_asns:
            found[event.event_id] = "data_centre"
    return found


def _is_employees(event: Event, rules: Filters) -> bool:
    email = event.identity.email
    if email is not None and _is_of(email, rules.employee_domains):
        return True
    left = event.properties.get("network")
    if not isinstance(left, str):
        return False
    # What is left of an address is a network; it is theirs only where all of it is.
    seen = ip_network(left)
    return any(_holds(one, seen) for one in _networks(rules.networks))


def _may_be_employees(event: Event, rules: Filters) -> bool:
    left = event.properties.get("network")
    near = isinstance(left, str) and any(
        one.overlaps(ip_network(left)) for one in _networks(rules.networks)
    )
    return near or _is_employees(event, rules)


def _holds(wide: AnyNetwork, narrow: AnyNetwork) -> bool:
    if isinstance(wide, IPv4Network) and isinstance(narrow, IPv4Network):
        return narrow.subnet_of(wide)
    if isinstance(wide, IPv6Network) and isinstance(narrow, IPv6Network):
        return narrow.subnet_of(wide)
    return False


def is_view(event: Event) -> bool:
    """Whether somebody looked at a page."""
    return event.type.endswith("_view")


def has_human_sign(event: Event) -> bool:
    """Whether a person was there: stayed, scrolled, moved a pointer or touched a key."""
    told = event.properties
    return event.source in FILTERED_ALREADY or told.get("human") is True or _stayed(told)


def is_glance(measured: Properties) -> bool:
    """Whether nobody stayed or scrolled, as far as the sender measured it (domain sheet 3.2)."""
    was_measured = any(name in measured for name in ("seconds", "scrolled"))
    return (was_measured or measured.get("human") is False) and not _stayed(measured)


def _stayed(measured: Properties) -> bool:
    seconds, scrolled = measured.get("seconds"), measured.get("scrolled")
    return _number(seconds) >= LOOKED_SECONDS or _number(scrolled) > 0


def _is_measured(event: Event) -> bool:
    return any(name in event.properties for name in ("seconds", "scrolled", "human"))


def _number(found: object) -> float:
    return float(found) if isinstance(found, int | float) else 0.0


def _many_links_at_once(clicks: Sequence[Event]) -> Found:
    """All clicks within any short span in which somebody opened several different links."""
    found: Found = {}
    links: Counter[object] = Counter()
    end = told = 0
    for first, click in enumerate(clicks):
        while end < len(clicks) and clicks[end].occurred_at - click.occurred_at <= LINKS_WITHIN:
            links[_link(clicks[end])] += 1
            end += 1
        if len(links) >= LINKS_AT_ONCE:
            found |= {one.event_id: "scanner" for one in clicks[max(first, told) : end]}
            told = end
        links[_link(click)] -= 1
        if not links[_link(click)]:
            del links[_link(click)]
    return found


def _is_too_soon(click: Event) -> bool:
    soon = click.properties.get("after_delivery")
    return isinstance(soon, int | float) and soon < TOO_SOON_AFTER_DELIVERY


def _link(click: Event) -> object:
    return click.properties.get("link") or click.url or click.event_id


def _mail(click: Event) -> object:
    return click.properties.get("campaign")


_JUDGES: Final[tuple[Callable[[Sequence[Event], Filters, datetime], Found], ...]] = (
    bursts,
    lifeless,
    scanners,
    unseen_clicks,
)
