"""The doorbells and the health pages as parts of a WSGI application."""

from __future__ import annotations

from flask import Flask
from prometheus_client import CollectorRegistry

from webhooks.health import Health
from webhooks.health import health as health_pages
from webhooks.intent import IntentDoors, intent_doors
from webhooks.intent_tally import IntentTally
from webhooks.routes import Doors
from webhooks.routes import doors as door_pages
from webhooks.tally import Tally
from webhooks.verdicts import Judges, verdict_door


def add_doors(
    app: Flask,
    doors: Doors,
    health: Health,
    registry: CollectorRegistry,
    website: IntentDoors | None = None,
    judges: Judges | None = None,
) -> None:
    """Put doors and health pages into an application. Their numbers go into `registry`, new to it.

    Without `website` there are no doors for what people do there, without `judges` none for verdicts.
    """
    app.register_blueprint(door_pages(doors, Tally(registry)))
    app.register_blueprint(health_pages(health, registry))
    if website is not None:
        app.register_blueprint(intent_doors(website, IntentTally(registry)))
    if judges is not None:
        app.register_blueprint(verdict_door(judges))


def create_app(
    doors: Doors,
    health: Health,
    registry: CollectorRegistry,
    website: IntentDoors | None = None,
    judges: Judges | None = None,
) -> Flask:
    """An application of doors and health pages alone."""
    app = Flask("kakehashi", static_folder=None)
    add_doors(app, doors, health, registry, website, judges)
    return app
