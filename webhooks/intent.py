"""The doors for what people do on the website: servers with a key, third parties, and browsers.

An answer of success means that the events are on file. One bad event never spoils its request: it is told
by place, id, code and sentence, and the others are taken. Neither bodies nor addresses are logged.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from http import HTTPStatus
from typing import Any, Final, NamedTuple, Protocol

import structlog
from flask import Blueprint, Response, request

from intent.definition import Definition
from intent.hygiene import address_of
from intent.identity import Network
from intent.intake import TRACKING, Intake, Told, no_company, nothing_known
from intent.model import Event, Identity, Rejection
from intent.port import TakenIn
from intent.sources import MOST_ROWS, Source
from intent.telling import Refused
from intent.withdrawals import Grant, Reason, Wish, granted_in, reason_of, withdrawn_in
from mappings.faults import MappingFaults
from sync.ledger import LedgerError
from webhooks.answers import as_json, closed, files_broken, refusal, store_down
from webhooks.intent_tally import IntentTally
from webhooks.parts import TurnedAway, raw_body
from webhooks.rows import not_too_many, of_browser, parsed, rows_of
from webhooks.snippet import snippet

log = structlog.get_logger()

LIMIT: Final = 1024 * 1024
# Browsers keep no more than this on its way by themselves (Fetch standard, "keepalive").
COLLECT_LIMIT: Final = 64 * 1024
MOST_EVENTS: Final = 1_000
MOST_OF_A_BROWSER: Final = 100
# Names under which a key is put into addresses, where proxies and browsers write it down.
KEY_NAMES: Final = frozenset(
    {"key", "write_key", "api_key", "apikey", "token", "access_token", "auth"}
)
JS: Final = "text/javascript; charset=utf-8"


def no_bell() -> None:
    """Nobody to wake."""


class People(Protocol):
    """Those whom events are about, and what they allow. Its methods raise `LedgerError`."""

    def withdraw(self, wishes: Iterable[Wish], *, in_systems: bool) -> object:
        """Forget people who take their consent back, and block what they are known by."""

    def let_in(self, grants: Iterable[Grant], *, in_systems: bool) -> object:
        """Lift what people had forbidden before they allowed it again."""

    def unwilling(self, people: Iterable[Identity]) -> Collection[Identity]:
        """Those of these people who must not be followed or scored."""


class Nobody:
    """Nobody is on file, and nobody has forbidden anything."""

    def withdraw(self, wishes: Iterable[Wish], *, in_systems: bool) -> object:
        """See `People`."""
        return None

    def let_in(self, grants: Iterable[Grant], *, in_systems: bool) -> object:
        """See `People`."""
        return None

    def unwilling(self, people: Iterable[Identity]) -> Collection[Identity]:
        """See `People`."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentDoors:
    """All that the doors of the website need, built by the wiring.

    `write_key` and `sites` (origins like ``https://www.example.com``) open the doors; without them these
    are closed. `definition`, `sources` answer those in force. `look_up`: the company behind a network
    address; `company`: the account of a company's name, or raises `LedgerError`. `take_in` puts events on
    file for good, or raises `LedgerError`; `ring` wakes who scores them, as well as it can. `people` answers
    who keeps what people allow.
    """

    write_key: str | None = field(repr=False)
    sites: frozenset[str]
    definition: Callable[[], Definition]
    take_in: Callable[[Sequence[Event]], TakenIn]
    clock: Callable[[], datetime]
    sources: Callable[[], Mapping[str, Source]] = dict
    look_up: Callable[[str], Network | None] = nothing_known
    company: Callable[[str], str | None] = no_company
    ring: Callable[[], object] = no_bell
    people: Callable[[], People] = Nobody

    def intake(self) -> Intake:
        """Reads the events of one request by the definition in force."""
        return Intake(
            definition=self.definition(), look_up=self.look_up, company=cache(self.company)
        )


class _Read(NamedTuple):
    """What one request told: each row as an event or with why it is none, how many wishes to be left alone
    were heard, and why the event of a row is refused whose person has forbidden it."""

    events: Sequence[Event | Rejection]
    heard: int = 0
    reason: Callable[[int], Reason] = lambda _at: "forbidden"


def intent_doors(services: IntentDoors, tally: IntentTally) -> Blueprint:
    """``/webhooks/intent[/SOURCE]``, ``/intent.js`` and ``/collect``."""
    blueprint = Blueprint("intent_doors", __name__)
    door = _Door(services, tally)
    for name, path, answer, methods in (
        ("server", "/webhooks/intent", door.server, ["POST"]),
        ("source", "/webhooks/intent/<source>", door.source, ["POST"]),
        ("collect", "/collect", door.collect, ["POST", "OPTIONS"]),
        ("snippet", "/intent.js", door.snippet, ["GET"]),
    ):
        blueprint.add_url_rule(path, name, answer, methods=methods, provide_automatic_options=False)
    return blueprint


class _Door:
    """What the doors have in common: who may come in, read, put on file, answer."""

    def __init__(self, services: IntentDoors, tally: IntentTally) -> None:
        self._services = services
        self._tally = tally

    # The doors ------------------------------------------------------------------------------------

    def server(self) -> Response:
        """One event or an array of them, of a server that holds the key."""

        def read() -> _Read:
            self._check_key()
            told = Told("server")
            rows = rows_of(parsed(raw_body(request, LIMIT)), MOST_EVENTS)
            now = self._services.clock()
            # Before anything else is asked for: a wish must not hang on a file that may be broken.
            no = list(withdrawn_in(rows))
            self._heed(no, list(granted_in(rows, now)), in_systems=True)
            intake = self._services.intake()
            return _Read(
                [intake.read(row, index, told, now) for index, row in enumerate(rows)],
                len(no),
                lambda index: reason_of(rows[index], now),
            )

        return self._answer("server", read)

    def source(self, source: str) -> Response:
        """What a third party sells, read as its file says."""

        def read() -> _Read:
            self._check_key()
            known = self._services.sources()
            if source not in known:
                text = (
                    f"there is no sources/{source[:40]}.yaml; there are: {', '.join(sorted(known))}"
                )
                raise TurnedAway(HTTPStatus.NOT_FOUND, "unknown_source", text)
            wanted = known[source]
            rows = wanted.rows_of(parsed(raw_body(request, LIMIT)))
            if rows is None:
                text = f"the rows are to stand at {'.'.join(wanted.rows) or 'the top'}"
                raise TurnedAway(HTTPStatus.BAD_REQUEST, "no_rows", text)
            not_too_many(rows, MOST_ROWS)
            intake, now = self._services.intake(), self._services.clock()
            return _Read([wanted.read(row, at, intake, now) for at, row in enumerate(rows)])

        return self._answer("source", read)

    def collect(self) -> Response:
        """What the snippet sends from pages of our sites."""
        origin = request.headers.get("Origin", "")

        def read() -> _Read:
            self._check_origin(origin)
            found = rows_of(parsed(raw_body(request, COLLECT_LIMIT)), MOST_OF_A_BROWSER)
            rows = [of_browser(row) for row in found]
            told = Told(
                "site",
                ip=client_address(request.remote_addr, request.headers.get("X-Forwarded-For")),
                user_agent=request.headers.get("User-Agent", ""),
                no_tracking=request.headers.get("Sec-GPC") == "1",
            )
            now = self._services.clock()
            yes = granted_in(rows, now, source=origin, basis=TRACKING)
            no = list(map(_of_its_cookies, withdrawn_in(rows)))
            self._heed(no, list(yes), in_systems=False)
            intake = self._services.intake()
            return _Read(
                [intake.read(row, at, told, now) for at, row in enumerate(rows)],
                sum(not one.who.is_empty for one in no),
                lambda at: reason_of(rows[at], now, source=origin, basis=TRACKING),
            )

        if request.method == "OPTIONS":
            answer = Response(status=HTTPStatus.NO_CONTENT)
        else:
            answer = self._answer("collect", read)
        return _for_origin(answer, origin if origin in self._services.sites else None)

    def snippet(self) -> Response:
        """The script itself. It names no site and no key, so anybody may have it."""
        if not self._services.sites:
            return refusal(closed("KAKEHASHI_INTENT__SITES"))
        try:
            with _needed():
                query = self._services.definition().query
        except TurnedAway as away:
            return refusal(away)
        answer = Response(snippet(query), content_type=JS)
        answer.headers["Cache-Control"] = "public, max-age=3600"
        answer.headers["Access-Control-Allow-Origin"] = "*"
        answer.add_etag()
        answer.make_conditional(request)
        return answer

    # What they share ------------------------------------------------------------------------------

    def _answer(self, door: str, read: Callable[[], _Read]) -> Response:
        with self._tally.timed(door):
            try:
                with _needed():  # the definition, and companies by their names
                    told = read()
                found = self._without_the_unwilling(told)
                taken = self._put_on_file([one for one in found if isinstance(one, Event)])
            except TurnedAway as away:
                self._tally.refused(door, away.code)
                log.warning("website event refused", door=door, code=away.code)
                return refusal(away)
            rejected = [one for one in found if isinstance(one, Rejection)]
            self._tally.taken(door, taken.accepted, taken.duplicates, [r.code for r in rejected])
            return as_json(_told(taken, rejected, told.heard), HTTPStatus.ACCEPTED)

    def _put_on_file(self, events: Sequence[Event]) -> TakenIn:
        if not events:
            return TakenIn(0, 0)
        with _needed():
            taken = self._services.take_in(events)
        if taken.accepted:
            self._ring()
        return taken

    def _heed(self, no: Sequence[Wish], yes: Sequence[Grant], *, in_systems: bool) -> None:
        """What people forbid, and what they allow again, holds before the answer."""
        if no or yes:
            with _needed():
                people = self._services.people()
                people.let_in(yes, in_systems=in_systems)
                people.withdraw(no, in_systems=in_systems)

    def _without_the_unwilling(self, told: _Read) -> Sequence[Event | Rejection]:
        """Events of people who have forbidden it are refused, whatever their sender believes."""
        found = told.events
        people = {one.identity for one in found if isinstance(one, Event)}
        if not people:
            return found
        with _needed():
            unwilling = self._services.people().unwilling(people)
        return [
            _forbidden(one, at, told.reason(at))
            if isinstance(one, Event) and one.identity in unwilling
            else one
            for at, one in enumerate(found)
        ]

    def _ring(self) -> None:
        """What is on file is scored anyway, a little later: nothing in here changes the answer."""
        try:
            self._services.ring()
        except Exception as error:  # noqa: BLE001 -- whatever the bell suffers from, the events are safe
            log.warning("bell broken", door="intent", reason=type(error).__name__)

    def _check_key(self) -> None:
        """Raises `TurnedAway` without the key, or with one in the address."""
        key = self._services.write_key
        if key is None:
            raise closed("KAKEHASHI_INTENT__WRITE_KEY")
        if any(name.lower() in KEY_NAMES or _equal(v, key) for name, v in request.args.items()):
            text = (
                "the key does not belong into the address, where proxies write it down: send it as "
                "`Authorization: Bearer ...`, and set a new one"
            )
            raise TurnedAway(HTTPStatus.UNAUTHORIZED, "key_in_query", text)
        scheme, _, told = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not _equal(told.strip(), key):
            text = "send `Authorization: Bearer ` and KAKEHASHI_INTENT__WRITE_KEY"
            raise TurnedAway(HTTPStatus.UNAUTHORIZED, "wrong_key", text)

    def _check_origin(self, origin: str) -> None:
        """Raises `TurnedAway` for pages that are not ours."""
        if not self._services.sites:
            raise closed("KAKEHASHI_INTENT__SITES")
        if origin not in self._services.sites:
            text = "pages of this site may not send: its origin is not in KAKEHASHI_INTENT__SITES"
            raise TurnedAway(HTTPStatus.FORBIDDEN, "wrong_site", text)


@contextmanager
def _needed() -> Iterator[None]:
    """Our store and files are asked in here; where one fails the sender is told to come back."""
    try:
        yield
    except LedgerError as error:
        log.error("store down", door="intent", reason=str(error))  # noqa: TRY400 -- the message says it all
        raise store_down() from error
    except MappingFaults as error:
        files = sorted({fault.place.file for fault in error.faults})
        log.error("files broken", door="intent", files=files, faults=len(error.faults))  # noqa: TRY400 -- each fault has been told, or is by `check`
        raise files_broken(files) from error


def _of_its_cookies(wish: Wish) -> Wish:
    """A browser speaks for itself, and for whoever it is known to be; not for an address that it names."""
    return wish._replace(who=wish.who._replace(email=None, hubspot_contact_id=None))


def client_address(peer: str | None, forwarded: str | None) -> str | None:
    """The address of the browser: of the peer, or what a proxy of our own network says of it.

    The last entry is the one that our own proxy wrote; those before it may be invented.
    """
    last = (forwarded or "").rpartition(",")[2].strip()
    address = address_of(peer or "")
    is_own_proxy = address is not None and address.is_private
    return last if is_own_proxy and last else peer


def _equal(told: str, key: str) -> bool:
    return hmac.compare_digest(told.encode(), key.encode())


def _forbidden(event: Event, at: int, reason: Reason) -> Rejection:
    why = Refused("no_consent", reason)
    return Rejection(at, event.event_id, why.code, why.message())


def _told(taken: TakenIn, rejected: Sequence[Rejection], heard: int) -> dict[str, Any]:
    """The contract's answer; `differing` only where repeats said something else than the first, `heard`
    only where people forbade something."""
    rows = [
        {"index": r.index, "event_id": r.event_id, "code": r.code, "message": r.message}
        for r in rejected
    ]
    answer: dict[str, Any] = {"accepted": taken.accepted, "duplicates": taken.duplicates}
    answer["rejected"] = rows
    answer |= {"heard": heard} if heard else {}
    return answer | ({"differing": list(taken.differing)} if taken.differing else {})


def _for_origin(answer: Response, origin: str | None) -> Response:
    """Pages of our sites may read the answer; others are told nothing."""
    answer.headers["Vary"] = "Origin"
    if origin is not None:
        answer.headers["Access-Control-Allow-Origin"] = origin
        answer.headers["Access-Control-Allow-Methods"] = "POST"
        answer.headers["Access-Control-Allow-Headers"] = "Content-Type"
        answer.headers["Access-Control-Max-Age"] = "86400"
    return answer
