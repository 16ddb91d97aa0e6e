"""What `kakehashi web` serves: the doors, the health pages, and the page for people, in one application."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from flask import Flask
from prometheus_client import CollectorRegistry

from connector.port import System
from console import page
from console.refused import LatelyRefused
from mappings.compile import Compiled
from sync.ledger import Ledger
from sync.parts import Parts
from sync.signs import BUDGET, parts_alive
from sync.wiring import Bridge
from webhooks.app import add_doors
from webhooks.health import Gauge, Health
from webhooks.intent import IntentDoors
from webhooks.routes import Doors, Receipt


def create_site(parts: Parts, practice: Mapping[str, Any] | None) -> Flask:
    """A WSGI application that needs the store and nothing else to take what the doors bring.

    `practice` is the JSON of the practice orgs, where they run.
    """
    bridge = parts.bridge
    refused = LatelyRefused(parts.handoff, bridge.settings.lang)
    app = page.create_app(bridge, parts.watch.now, practice, refused)
    health = Health(
        services={"ledger": bridge.ledger.accounts, "redis": parts.ringer.client.ping},
        needed=frozenset({"ledger"}),
        gauges=gauges(bridge, parts),
    )
    registry = CollectorRegistry()
    add_doors(app, _doors(parts), health, registry, _website_doors(parts), parts.verdicts())
    return app


def _doors(parts: Parts) -> Doors:
    bridge, reception = parts.bridge, parts.reception()

    def remember(receipt: Receipt) -> Any:
        return reception.remember(receipt.system, receipt.notices, receipt.lane_hint, receipt.at)

    return Doors(
        hubspot=bridge.hubspot_door(lambda name: reception.wants(System.HUBSPOT, name)),
        salesforce=bridge.salesforce_door(lambda name: reception.wants(System.SALESFORCE, name)),
        salesforce_token=bridge.salesforce_token,
        acknowledgement=bridge.acknowledgement,
        remember=remember,
        ring=reception.ring,
        clock=bridge.clock,
        public_url=bridge.settings.web.public_url,
    )


def _website_doors(parts: Parts) -> IntentDoors | None:
    """The doors for what people do on the website; None where nobody takes it."""
    website = parts.website
    if website is None:
        return None
    return IntentDoors(
        write_key=website.write_key,
        sites=frozenset(website.settings.sites),
        definition=website.definition,
        take_in=website.inbox.take_in,
        clock=parts.bridge.clock,
        sources=website.sources,
        look_up=website.look_up,
        company=parts.company_named,
        ring=website.ring,
        people=parts.withdrawer,
    )


# Numbers ----------------------------------------------------------------------------------------


def gauges(bridge: Bridge, parts: Parts) -> tuple[Gauge, ...]:
    """The numbers of the whole installation, read off the ledger when somebody asks."""
    ledger, clock = bridge.ledger, bridge.clock
    return (
        Gauge("kakehashi_bells", "Records somebody rang for", ("lane",), lambda: _bells(ledger)),
        Gauge(
            "kakehashi_oldest_bell_seconds",
            "How long the longest waiting record waits",
            (),
            lambda: {(): _age(ledger.oldest_bell(), clock())},
        ),
        Gauge(
            "kakehashi_records",
            "Records by state",
            ("mapping", "system", "state"),
            lambda: _states(ledger, parts.watch.now()),
        ),
        Gauge("kakehashi_parked", "Parked by cause", ("cause",), lambda: _parked(ledger)),
        Gauge(
            "kakehashi_open_differences",
            "Differences that wait for a person",
            (),
            lambda: {(): float(ledger.open_differences())},
        ),
        Gauge(
            "kakehashi_blocked",
            "Systems that refuse us",
            ("system", "cause"),
            lambda: _away(ledger),
        ),
        Gauge(
            "kakehashi_parts",
            "Parts that gave a sign of life lately",
            ("kind",),
            lambda: _alive(ledger, clock()),
        ),
        *_budget_gauges(ledger),
    )


def _budget_gauges(ledger: Ledger) -> tuple[Gauge, ...]:
    """As the workers last told the ledger: Redis may hang, and numbers matter then."""

    def read(name: str) -> dict[tuple[str, ...], float]:
        told = {system: orjson.loads(text) for system, text in ledger.facts(BUDGET).items()}
        return {(system,): float(budget[name]) for system, budget in told.items()}

    return (
        Gauge(
            "kakehashi_api_calls_used", "API calls of the day", ("system",), lambda: read("used")
        ),
        Gauge("kakehashi_api_calls_limit", "API calls a day", ("system",), lambda: read("limit")),
        Gauge(
            "kakehashi_api_calls_forecast",
            "API calls by the end of the day, at this rate",
            ("system",),
            lambda: read("forecast"),
        ),
    )


def _bells(ledger: Ledger) -> dict[tuple[str, ...], float]:
    return {(lane.value,): float(count) for lane, count in ledger.bells_by_lane().items()}


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())


def _states(ledger: Ledger, compiled: Compiled) -> dict[tuple[str, ...], float]:
    found: dict[tuple[str, ...], float] = {}
    for mapping in compiled.mappings:
        for system, objects in ledger.state_counts(mapping.name).items():
            for states in objects.values():
                for state, count in states.items():
                    key = (mapping.name, system.value, state)
                    found[key] = found.get(key, 0.0) + count
    return found


def _parked(ledger: Ledger) -> dict[tuple[str, ...], float]:
    return {(row[0],): float(row[1]) for row in ledger.parked_by_cause()}


def _away(ledger: Ledger) -> dict[tuple[str, ...], float]:
    return {(trouble.system.value, trouble.cause): 1.0 for trouble in ledger.troubles()}


def _alive(ledger: Ledger, now: datetime) -> dict[tuple[str, ...], float]:
    found: dict[tuple[str, ...], float] = {}
    for part in parts_alive(ledger, now):
        if part["alive"]:
            found[part["kind"],] = found.get((part["kind"],), 0.0) + 1.0
    return found
