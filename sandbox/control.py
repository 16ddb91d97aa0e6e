"""The control desk of the practice orgs: count calls, order faults, begin anew. Speaks JSON.

======== ==================== ===================================================================
method   path                 does
======== ==================== ===================================================================
GET      /health              ``{"status": "ok"}``
GET      /calls               ``{"hubspot": {"total", "by_call"}, "salesforce": {...}}``
DELETE   /calls               counts from zero again
POST     /faults              orders one fault or a list; each names its ``system``; all or none
DELETE   /faults              no fault is on order any more
POST     /reset               empties both orgs and seeds again; body ``{"people"?, "seed"?}``
PUT      /hooks               rings at these doors: ``{"hubspot": {"url", "properties"?}, "salesforce":
                              {"url", "objects"?}}``; who is left out keeps silent; a reset keeps them
GET      /hooks               ``{"hubspot": {"url", "told", "lost", "doubled", "delivered", "refused",
                              "given_up"}, "salesforce": {...}}``, see `sandbox.deliveries`
DELETE   /hooks               no org rings any more
======== ==================== ===================================================================

What a fault looks like stands in `sandbox.behaviour`. One that is to last until it is called off has a
great number of `times`, e.g. ``{"system": "hubspot", "kind": "hook_lost", "times": 1000000000}`` for
every doorbell lost, or ``"kind": "hook_doubled", "seconds": 2`` for every doorbell doubled and shuffled.
A bad request is answered 400 with its reason under ``error``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from flask import Flask, request
from flask.typing import ResponseReturnValue

from sandbox.behaviour import CallLog, FaultPlan
from sandbox.doorbells import SILENCE, Wanted, wanted_of
from sandbox.seed import SeedReport


class PracticeOrg(Protocol):
    """What the desk needs of an org."""

    @property
    def calls(self) -> CallLog: ...

    @property
    def faults(self) -> FaultPlan: ...


class Ringing(Protocol):
    """What the desk needs of the doorbells."""

    def connect(self, wanted: Wanted) -> None: ...

    def as_json(self) -> dict[str, Any]: ...


Reseed = Callable[[int | None, int | None], SeedReport]


class BadRequest(Exception):
    """The caller's mistake, in words for the caller."""


class _Desk:
    """One method per line of the table above."""

    def __init__(self, orgs: Mapping[str, PracticeOrg], reseed: Reseed, doorbells: Ringing) -> None:
        self._orgs = orgs
        self._reseed = reseed
        self._doorbells = doorbells

    def health(self) -> ResponseReturnValue:
        return {"status": "ok"}

    def calls(self) -> ResponseReturnValue:
        return {name: org.calls.as_json() for name, org in self._orgs.items()}

    def forget_calls(self) -> ResponseReturnValue:
        for org in self._orgs.values():
            org.calls.clear()
        return "", 204

    def order_faults(self) -> ResponseReturnValue:
        specs = _specs(request.get_json(silent=True))
        for place, spec in enumerate(specs):
            _try_order(self._orgs, spec, place)
        for spec in specs:
            self._orgs[spec["system"]].faults.order(_without_system(spec))
        return {"ordered": len(specs)}, 201

    def forget_faults(self) -> ResponseReturnValue:
        for org in self._orgs.values():
            org.faults.clear()
        return "", 204

    def reset(self) -> ResponseReturnValue:
        body = request.get_json(silent=True) if request.data else {}
        if not isinstance(body, dict):
            raise BadRequest("the body must be a JSON object with people and seed, or empty")
        return self._reseed(_number(body, "people", 0), _number(body, "seed", None)).as_json()

    def hooks(self) -> ResponseReturnValue:
        return self._doorbells.as_json()

    def connect_hooks(self) -> ResponseReturnValue:
        try:
            wanted = wanted_of(request.get_json(silent=True))
        except ValueError as error:
            raise BadRequest(str(error)) from error
        self._doorbells.connect(wanted)
        return self._doorbells.as_json()

    def forget_hooks(self) -> ResponseReturnValue:
        self._doorbells.connect(SILENCE)
        return "", 204


def create_control(orgs: Mapping[str, PracticeOrg], reseed: Reseed, doorbells: Ringing) -> Flask:
    """The desk for these orgs by system name. `reseed` takes people and seed, None: as before."""
    app, desk = Flask("sandbox.control"), _Desk(orgs, reseed, doorbells)
    app.get("/health")(desk.health)
    app.get("/calls")(desk.calls)
    app.delete("/calls")(desk.forget_calls)
    app.post("/faults")(desk.order_faults)
    app.delete("/faults")(desk.forget_faults)
    app.post("/reset")(desk.reset)
    app.get("/hooks")(desk.hooks)
    app.put("/hooks")(desk.connect_hooks)
    app.delete("/hooks")(desk.forget_hooks)
    app.register_error_handler(BadRequest, _refuse)
    return app


def _refuse(error: Exception) -> ResponseReturnValue:
    return {"error": str(error)}, 400


def _specs(body: Any) -> Sequence[Mapping[str, Any]]:
    specs = body if isinstance(body, list) else [body]
    if not specs or not all(isinstance(spec, dict) for spec in specs):
        raise BadRequest("the body must be one fault as a JSON object, or a list of them")
    return specs


def _try_order(orgs: Mapping[str, PracticeOrg], spec: Mapping[str, Any], place: int) -> None:
    """Order it from a plan that nobody uses, so that a bad list orders nothing."""
    system = spec.get("system")
    if not isinstance(system, str) or system not in orgs:
        raise BadRequest(f"fault {place}: system must be one of {', '.join(sorted(orgs))}")
    try:
        FaultPlan(orgs[system].faults.kinds).order(_without_system(spec))
    except (ValueError, TypeError) as error:
        raise BadRequest(f"fault {place}: {error}") from error


def _without_system(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in spec.items() if key != "system"}


def _number(body: Mapping[str, Any], key: str, least: int | None) -> int | None:
    value = body.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadRequest(f"{key} must be a whole number")
    if least is not None and value < least:
        raise BadRequest(f"{key} must be {least} or more")
    return value
