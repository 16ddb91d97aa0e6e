"""The doors of both vendors: verify, remember, ring, answer. They interpret nothing themselves.

An answer of success means that the events are on file. What comes in is believed only as far as "look
at this record". Bodies, values and the secret part of a path are never logged.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Final

import structlog
from flask import Blueprint, Response, request

from connector.doorbell import BadSignature, Delivery, Knock, Refused, WrongOrg
from connector.port import Notice, System
from sync.lanes import URGENT, Lane
from sync.ledger import LedgerError
from webhooks.answers import RETRY_AFTER, as_json, closed, refusal, store_down
from webhooks.parts import TurnedAway, public_address, raw_body
from webhooks.repeats import Lately
from webhooks.tally import Tally

log = structlog.get_logger()

HUBSPOT_LIMIT: Final = 1024 * 1024
SALESFORCE_LIMIT: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one request brought and has to be on file before it is answered: never empty.

    `lane_hint` is the lane that the door's own address asks for.
    """

    system: System
    notices: Sequence[Notice]
    lane_hint: Lane | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """All that the doors need, built by the wiring.

    `hubspot`, `salesforce`: verify and read a request, raising `Refused`; None while the door has no
    secret. `acknowledgement`: the body that Salesforce takes for yes or no. `remember`: puts a receipt
    on file for good and answers the lanes to ring in, or raises `LedgerError`. `ring`: wakes workers
    there, as well as it can, and quickly.
    `repeats`: how many events are remembered to spare their exact repeats, per door.
    """

    hubspot: Callable[[Knock], Delivery] | None
    salesforce: Callable[[bytes], Delivery] | None
    salesforce_token: str | None = field(repr=False)
    acknowledgement: Callable[[bool], bytes]
    remember: Callable[[Receipt], frozenset[Lane]]
    ring: Callable[[frozenset[Lane]], object]
    clock: Callable[[], datetime]
    public_url: str | None
    repeats: int = 100_000


def doors(services: Doors, tally: Tally) -> Blueprint:
    """``/webhooks/hubspot`` and ``/webhooks/salesforce[/TOKEN]``."""
    blueprint = Blueprint("doors", __name__)
    hubspot, salesforce = _HubSpotDoor(services, tally), _SalesforceDoor(services, tally)
    for name, path, door in (
        ("hubspot", "/webhooks/hubspot", hubspot.answer),
        ("salesforce", "/webhooks/salesforce", salesforce.answer),
        ("salesforce_token", "/webhooks/salesforce/<token>", salesforce.answer),
    ):
        blueprint.add_url_rule(path, name, door, methods=["POST"], provide_automatic_options=False)
    return blueprint


class _Door:
    """What both doors do between reading and answering."""

    system: System

    def __init__(self, services: Doors, tally: Tally) -> None:
        self._services = services
        self._tally = tally
        self._lately = Lately(services.repeats)

    def _take(self, read: Callable[[], Delivery], lane: Lane | None = None) -> Delivery:
        """Read, remember, ring. Raises `TurnedAway`, counted and logged."""
        try:
            delivery = read()
            self._remember(delivery.notices, lane)
        except Refused as refused:
            turned = TurnedAway(_status(refused), refused.code, refused.reason)
        except TurnedAway as away:
            turned = away
        except LedgerError as error:
            log.error("store down", system=self.system.value, reason=str(error))  # noqa: TRY400 -- the message says it all
            turned = store_down()
        else:
            self._tally.ignored(self.system, delivery.ignored)
            return delivery
        self._tally.refused(self.system, turned.code)
        log.warning(
            "doorbell refused", system=self.system.value, code=turned.code, reason=turned.reason
        )
        raise turned

    def _remember(self, notices: Sequence[Notice], lane: Lane | None) -> None:
        news = self._lately.news(notices)
        if news:
            now = self._services.clock()
            lanes = self._services.remember(Receipt(self.system, news, lane, now))
            self._lately.enter(news)
            self._ring(lanes)
        self._tally.accepted(self.system, len(notices), len(notices) - len(news))

    def _ring(self, lanes: frozenset[Lane]) -> None:
        """What is on file is looked at anyway, a second later: nothing in here changes the answer."""
        try:
            self._services.ring(lanes)
        except Exception as error:  # noqa: BLE001 -- whatever the bell suffers from, the event is safe
            self._tally.unrung(self.system)
            log.warning("bell broken", system=self.system.value, reason=type(error).__name__)


class _HubSpotDoor(_Door):
    """Signed JSON. Any 4xx or 5xx makes HubSpot try again, ten times within a day."""

    system = System.HUBSPOT

    def answer(self) -> Response:
        with self._tally.timed(self.system):
            try:
                delivery = self._take(self._read)
            except TurnedAway as away:
                return refusal(away)
            if not delivery.ignored:
                return Response(status=HTTPStatus.NO_CONTENT)
            ignored = [{"index": one.index, "why": one.why} for one in delivery.ignored]
            return as_json({"accepted": len(delivery.notices), "ignored": ignored}, HTTPStatus.OK)

    def _read(self) -> Delivery:
        receive = self._services.hubspot
        if receive is None:
            raise closed("KAKEHASHI_HUBSPOT__CLIENT_SECRET")
        body = raw_body(request, HUBSPOT_LIMIT)
        url = public_address(request.environ, self._services.public_url, request.host_url)
        headers = {name.lower(): value for name, value in request.headers.items()}
        return receive(Knock(request.method, url, headers, body, self._services.clock()))


class _SalesforceDoor(_Door):
    """SOAP. Whatever is no ``<Ack>true`` makes Salesforce send the whole message again, for a day."""

    system = System.SALESFORCE

    def answer(self, token: str = "") -> Response:
        with self._tally.timed(self.system):
            try:
                self._take(lambda: self._read(token), _asked_lane())
            except TurnedAway as away:
                return self._nack() if away.code == "store_down" else refusal(away)
            return _xml(self._services.acknowledgement(True), HTTPStatus.OK)

    def _read(self, token: str) -> Delivery:
        receive = self._services.salesforce
        if receive is None:
            raise closed("KAKEHASHI_SALESFORCE__ORG_ID")
        expected = self._services.salesforce_token
        if expected and not hmac.compare_digest(token.encode(), expected.encode()):
            text = "the last part of the address is not KAKEHASHI_SALESFORCE__WEBHOOK_TOKEN"
            raise TurnedAway(HTTPStatus.FORBIDDEN, "wrong_token", text)
        return receive(raw_body(request, SALESFORCE_LIMIT))

    def _nack(self) -> Response:
        answer = _xml(self._services.acknowledgement(False), HTTPStatus.SERVICE_UNAVAILABLE)
        answer.headers["Retry-After"] = str(RETRY_AFTER)
        return answer


def _asked_lane() -> Lane | None:
    """The urgent lane that the address asks for: ``?lane=handoff``. Other words mean nothing."""
    asked = request.args.get("lane")
    found = next((lane for lane in URGENT if lane.value == asked), None)
    if asked is not None and found is None:
        log.warning("unknown lane in the address of a doorbell", allowed=[*URGENT])
    return found


def _status(refused: Refused) -> int:
    match refused:
        case BadSignature():
            return HTTPStatus.UNAUTHORIZED
        case WrongOrg():
            return HTTPStatus.FORBIDDEN
        case _:
            return HTTPStatus.BAD_REQUEST


def _xml(content: bytes, status: int) -> Response:
    return Response(content, status, content_type="text/xml; charset=utf-8")
