"""The web part's application: the doorbells and the health pages. The console joins it elsewhere."""

from __future__ import annotations

from flask import Flask
from prometheus_client import CollectorRegistry

from webhooks.health import Health
from webhooks.health import health as health_pages
from webhooks.routes import Doors
from webhooks.routes import doors as door_pages
from webhooks.tally import Tally


def create_app(doors: Doors, health: Health, registry: CollectorRegistry) -> Flask:
    """A WSGI application. Its numbers go into `registry`, which must be new to it."""
    app = Flask("kakehashi", static_folder=None)
    app.register_blueprint(door_pages(doors, Tally(registry)))
    app.register_blueprint(health_pages(health, registry))
    return app
