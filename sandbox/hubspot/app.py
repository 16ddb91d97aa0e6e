"""The WSGI application of one HubSpot account: every door, whatever the version in its path."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from sandbox.hubspot import (
    account_routes,
    association_routes,
    list_routes,
    object_routes,
    preference_routes,
    schema_routes,
    visits,
)
from sandbox.hubspot.desk import Desk, Route, no_such_page, undated
from sandbox.hubspot.gate import ASKED

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ROUTES: tuple[Route, ...] = (
    *object_routes.ROUTES,
    *association_routes.ROUTES,
    *list_routes.ROUTES,
    *schema_routes.ROUTES,
    *preference_routes.ROUTES,
    *account_routes.ROUTES,
    *visits.ROUTES,
)


class _Account(Flask):
    """Leads dated paths and closing slashes to the one form that the routes know."""

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "/")
        environ[ASKED] = path
        environ["PATH_INFO"] = undated(path)
        return super().wsgi_app(environ, start_response)


def build_app(desk: Desk) -> Flask:
    """The application; unknown routes and verbs get an HTML page."""
    app = _Account("sandbox.hubspot", static_folder=None)
    for number, route in enumerate(ROUTES):
        app.add_url_rule(
            route.rule,
            endpoint=f"{number} {route.method} {route.rule}",
            view_func=_bind(desk, route),
            methods=[route.method],
            provide_automatic_options=False,
        )
    app.register_error_handler(HTTPException, _edge)
    return app


def _bind(desk: Desk, route: Route) -> Callable[..., Response]:
    def view(**args: str) -> Response:
        return desk.serve(request, route, args)

    return view


def _edge(error: HTTPException) -> Response:
    return no_such_page(error.code or 500)
