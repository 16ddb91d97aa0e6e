"""The door behind the links 受諾 and 差し戻し: opening it decides nothing, its button does.

Scanners of mail open every link, so GET and HEAD show a page and change nothing. The page holds a person's
name: it is never kept by anybody on the way, loads nothing from anywhere, and tells no other site where it
was. Tokens are never logged.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import date
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import parse_qs

import structlog
from flask import Blueprint, Response, request
from jinja2 import Environment, FileSystemLoader

from lifecycle.tickets import Filled, Page, TicketRefused, Why
from lifecycle.verdicts import Answer, said
from mappings.faults import Language
from sync.ledger import LedgerError
from webhooks.answers import RETRY_AFTER
from webhooks.parts import TurnedAway, raw_body

log = structlog.get_logger()

# A comment is cut at 2,000 signs; one that is all of four bytes, escaped, is no longer than this.
LIMIT: Final = 64 * 1024
MOST_FIELDS: Final = 20
FORM: Final = "application/x-www-form-urlencoded"
PAGES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
STYLE: Final = (Path(__file__).parent / "templates" / "verdict.css").read_text("utf-8")
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
# What a refused link answers, by why (RFC 9110, 15.5): gone for good, a conflict with what is so by now, or
# nothing that this door knows. A form with something missing is shown once more.
STATUS: Final[dict[Why, HTTPStatus]] = {
    "unreadable": HTTPStatus.NOT_FOUND,
    "tampered": HTTPStatus.NOT_FOUND,
    "expired": HTTPStatus.GONE,
    "overtaken": HTTPStatus.CONFLICT,
    "ended": HTTPStatus.CONFLICT,
    "used": HTTPStatus.CONFLICT,
    "no_reason": HTTPStatus.UNPROCESSABLE_ENTITY,
    "unknown_reason": HTTPStatus.UNPROCESSABLE_ENTITY,
    "past_day": HTTPStatus.UNPROCESSABLE_ENTITY,
}
TO_CORRECT: Final[frozenset[Why]] = frozenset({"no_reason", "unknown_reason", "past_day"})


class Judges(Protocol):
    """Who shows and takes verdicts; `sync.verdicts.Verdicts` is one."""

    @property
    def language(self) -> Language: ...

    def page(self, token: str, language: Language) -> Page:
        """What opening a link shows. Raises `TicketRefused`, `LedgerError`."""

    def press(self, token: str, filled: Filled, language: Language) -> Answer:
        """Decide what a link is for. Raises `TicketRefused`, `LedgerError`."""


def verdict_door(judges: Judges) -> Blueprint:
    """``/handoff/TOKEN``."""
    blueprint = Blueprint("verdicts", __name__)
    door = _Door(judges)
    blueprint.add_url_rule(
        "/handoff/<token>",
        "handoff",
        door.answer,
        methods=["GET", "HEAD", "POST"],
        provide_automatic_options=False,
    )
    return blueprint


class _Door:
    def __init__(self, judges: Judges) -> None:
        self._judges = judges

    def answer(self, token: str) -> Response:
        """The page of a link, or what its button did."""
        language = _language(self._judges.language)
        try:
            if request.method == "POST":
                return self._press(token, language)
            page = self._judges.page(token, language)
        except TicketRefused as error:
            return _refused(error, language)
        except TurnedAway as away:
            return _told(away.status, language, *_sentences("too_large", language))
        except LedgerError as error:
            log.error("store down", door="handoff", reason=str(error))  # noqa: TRY400 -- the message says it all
            return _busy(language)
        return _shown(HTTPStatus.OK, language, page=page)

    def _press(self, token: str, language: Language) -> Response:
        fields = _fields(raw_body(request, LIMIT))
        try:
            return _answered(self._judges.press(token, _filled(fields), language), language)
        except (_BadDay, TicketRefused) as error:
            if isinstance(error, TicketRefused) and error.why not in TO_CORRECT:
                raise
            # Whoever wrote a comment does not write it again.
            problem = (
                said("bad_day", language) if isinstance(error, _BadDay) else error.message(language)
            )
            page = self._judges.page(token, language)
            status = HTTPStatus.UNPROCESSABLE_ENTITY
            return _shown(status, language, page=page, problem=problem, fields=fields)


class _BadDay(Exception):
    """What stands where a day is expected is none."""


def _language(usual: Language) -> Language:
    """The one that the address asks for, else the browser's, else ours."""
    asked = request.args.get("lang")
    wishes = list(request.accept_languages.values()) if asked is None else [asked]
    # ``ja-JP`` wishes for Japanese, although it is not the word for it.
    spoken = (wish.partition("-")[0].lower() for wish in wishes)
    found = next((one for one in spoken if one in ("ja", "en")), usual)
    return "ja" if found == "ja" else "en"


def _fields(body: bytes) -> dict[str, str]:
    """The first value of each field; nothing of what is no form."""
    if request.mimetype != FORM:
        return {}
    try:
        found = parse_qs(body.decode("utf-8", "replace"), max_num_fields=MOST_FIELDS)
    except ValueError:
        raise TurnedAway(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_many", "too many fields"
        ) from None
    return {name: values[0] for name, values in found.items()}


def _filled(fields: dict[str, str]) -> Filled:
    day = fields.get("reactivate_on", "").strip()
    try:
        on = date.fromisoformat(day) if day else None
    except ValueError:
        raise _BadDay from None
    return Filled(
        reason=fields.get("reason"),
        sub_reason=fields.get("sub_reason"),
        comment=fields.get("comment"),
        reactivate_on=on,
    )


# Pages ------------------------------------------------------------------------------------------


def _answered(answer: Answer, language: Language) -> Response:
    statuses = {"refused": HTTPStatus.CONFLICT, "waits": HTTPStatus.ACCEPTED}
    status = statuses.get(answer.kind, HTTPStatus.OK)
    return _told(status, language, answer.title, *answer.lines)


def _refused(error: TicketRefused, language: Language) -> Response:
    return _told(STATUS[error.why], language, said("link", language), *error.lines(language))


def _busy(language: Language) -> Response:
    answer = _told(HTTPStatus.SERVICE_UNAVAILABLE, language, *_sentences("busy", language))
    answer.headers["Retry-After"] = str(RETRY_AFTER)
    return answer


def _sentences(key: str, language: Language) -> tuple[str, str]:
    return said(f"{key}.title", language), said(f"{key}.line", language)


def _told(status: int, language: Language, title: str, *lines: str) -> Response:
    return _shown(status, language, title=title, lines=lines)


def _shown(status: int, language: Language, **words: Any) -> Response:
    text: Callable[[str], str] = lambda key: said(key, language)  # noqa: E731
    content = PAGES.get_template("verdict.html").render(
        language=language, text=text, style=STYLE, fields=words.pop("fields", {}), **words
    )
    answer = Response(content, status, content_type="text/html; charset=utf-8")
    answer.headers.update(
        {
            "Cache-Control": "no-store",
            "Content-Security-Policy": POLICY,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Robots-Tag": "noindex, nofollow",
            "Vary": "Accept-Language",
        }
    )
    return answer
