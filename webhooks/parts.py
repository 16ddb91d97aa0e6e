"""The parts of a request that a signature covers: its raw body within limits, and its public address.

Nothing is decoded, inflated or parsed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from flask import Request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

_ENCODINGS = frozenset({"", "identity"})
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
# What may stand in a path as it is (RFC 3986, section 3.3).
_PATH_SAFE = "/!$&'()*+,;=:@"


class TurnedAway(Exception):
    """This request is not taken: the status to answer, a word for counters, the reason for people."""

    def __init__(self, status: int, code: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.code = code
        self.reason = reason


def raw_body(request: Request, limit: int) -> bytes:
    """The bytes as they came, `limit` of them at most, whatever length was announced.

    Raises `TurnedAway`: 413 too large, 415 compressed (so that nothing is ever inflated), 400 for
    another charset than UTF-8 and for a sender that hung up.
    """
    if request.headers.get("Content-Encoding", "").strip().lower() not in _ENCODINGS:
        text = "compressed bodies are not accepted: send it without Content-Encoding"
        raise TurnedAway(415, "content_encoding", text)
    if request.mimetype_params.get("charset", "utf-8").strip().lower() not in _CHARSETS:
        raise TurnedAway(400, "charset", "only UTF-8 is accepted: correct charset in Content-Type")
    # One more than allowed: a stream of unknown length is cut there in silence, and not refused.
    request.max_content_length = limit + 1
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise _too_large(limit) from None
    except ClientDisconnected:
        text = "the body ended before its Content-Length"
        raise TurnedAway(400, "truncated", text) from None
    if len(body) > limit:
        raise _too_large(limit)
    return body


def _too_large(limit: int) -> TurnedAway:
    text = f"more than {limit} bytes in one request: send less at once"
    return TurnedAway(413, "too_large", text)


def public_address(environ: Mapping[str, Any], public_url: str | None, local_url: str) -> str:
    """The address that the sender called, percent signs untouched.

    `public_url` is where the outside world sees us, a path that a proxy takes off included;
    `local_url` (scheme and host of this very request) stands in where it is not set.
    """
    base = (public_url or local_url).rstrip("/")
    target = _target(environ)
    # Mounted below a path by the server itself: that path is part of both.
    mounted = str(environ.get("SCRIPT_NAME", "")).rstrip("/")
    if mounted and urlsplit(base).path.endswith(mounted) and target.startswith(f"{mounted}/"):
        target = target[len(mounted) :]
    return base + target


def _target(environ: Mapping[str, Any]) -> str:
    """Path and query of the request line, as servers hand it on, or else rebuilt."""
    raw = environ.get("REQUEST_URI") or environ.get("RAW_URI")
    if raw:
        told = str(raw)
        if told.startswith("/"):
            return told
        # A proxy may send the absolute form, ``POST http://host/path HTTP/1.1``.
        parts = urlsplit(told)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    path = str(environ.get("SCRIPT_NAME", "")) + str(environ.get("PATH_INFO", ""))
    query = str(environ.get("QUERY_STRING", ""))
    return quote(path.encode("latin-1"), safe=_PATH_SAFE) + (f"?{query}" if query else "")
