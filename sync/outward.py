"""The ways out of the house: an incoming webhook of a chat, and a mail server.

Neither an address nor what is sent is ever part of an error or of a log: addresses of webhooks are secrets,
and a letter is about a person.
"""

from __future__ import annotations

import json
import smtplib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import requests
import structlog

from connector.http import is_loopback

log = structlog.get_logger()

# Seconds to wait for a connection, and for each answer.
CONNECT, ANSWER = 5.0, 10.0
PORTS: Final = {"smtp": 587, "smtps": 465}
# Answers in 300-499 that say nothing about what was sent (RFC 9110, 15.5.9; RFC 8470; RFC 6585), or that a
# proxy gives in the place of the server until somebody logs in (RFC 9110, 15.4 and 15.5.8).
PASSING: Final = frozenset({302, 303, 307, 407, 408, 425, 429})
# Nobody waits for longer than this because a server wishes it.
LONGEST_WISH: Final = 3_600.0


class NotSent(Exception):
    """This way is closed now: try it again later, unless it `is_final`. `after`: seconds to wait at least.

    The message is a kind, it holds no address.
    """

    def __init__(self, kind: str, *, is_final: bool = False, after: float = 0.0) -> None:
        super().__init__(kind)
        self.is_final = is_final
        self.after = after


@dataclass(frozen=True, slots=True, repr=False)
class Hook:
    """POSTs JSON. The address is a secret: whoever has it can write into the channel."""

    url: str
    proxy: str | None = None
    ca_bundle: str | None = None

    def post(self, content: Mapping[str, Any]) -> None:
        """Send it once. Raises `NotSent`."""
        try:
            parts = urlsplit(self.url)
            if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
                raise NotSent("plain_http", is_final=True)
            with requests.Session() as session:
                # The environment was asked already, by the rules of the house (`connector.http`).
                session.trust_env = False
                answer = session.post(
                    self.url,
                    # As it was measured: in ASCII each Japanese sign would take twice the room.
                    data=_written(content),
                    headers={"Content-Type": "application/json"},
                    timeout=(CONNECT, ANSWER),
                    proxies={parts.scheme: self.proxy} if self.proxy else None,
                    verify=self.ca_bundle or True,
                    # A redirect would carry the secret somewhere else.
                    allow_redirects=False,
                    # What is answered is not read, however long it is.
                    stream=True,
                )
                answer.close()
        except (requests.RequestException, ValueError) as error:
            # The text of these errors holds the address.
            raise NotSent(type(error).__name__) from None
        status = answer.status_code
        if not 200 <= status < 300:
            is_final = 300 <= status < 500 and status not in PASSING
            after = _seconds(answer.headers.get("Retry-After"))
            raise NotSent(f"status_{status}", is_final=is_final, after=after)


@dataclass(frozen=True, slots=True, repr=False)
class MailServer:
    """Sends mails. ``smtp://`` is encrypted where the server offers it, ``smtps://`` always is.

    `url` may hold a user and a password, percent-encoded.
    """

    url: str
    ca_bundle: str | None = None

    def send(self, sender: str, to: str, subject: str, text: str, message_id: str = "") -> None:
        """Send it once, `to` one address or several with commas. Raises `NotSent`.

        The same `message_id` twice is one mail to servers and programs that look at it.
        """
        try:
            message = _message(sender, to, subject, text, message_id)
            with self._server() as server:
                refused = server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            # Only where all of them were refused for good (RFC 5321, 4.2.1).
            is_final = all(code >= 500 for code, _ in error.recipients.values())
            raise NotSent(type(error).__name__, is_final=is_final) from None
        except ValueError as error:
            raise NotSent(type(error).__name__, is_final=True) from None
        except (OSError, smtplib.SMTPException) as error:
            raise NotSent(type(error).__name__) from None
        if refused:
            # Some have got it; sending it again would send it to them again.
            log.warning("mail refused for some", count=len(refused))

    @contextmanager
    def _server(self) -> Iterator[smtplib.SMTP]:
        parts = urlsplit(self.url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise NotSent("bad_smtp_url")
        host, port = parts.hostname, parts.port or PORTS[parts.scheme]
        trust = ssl.create_default_context(cafile=self.ca_bundle)
        server = (
            smtplib.SMTP_SSL(host, port, timeout=ANSWER, context=trust)
            if parts.scheme == "smtps"
            else smtplib.SMTP(host, port, timeout=ANSWER)
        )
        with server:
            private = parts.scheme == "smtps" or is_loopback(host)
            server.ehlo()
            if parts.scheme == "smtp" and server.has_extn("starttls"):
                server.starttls(context=trust)
                server.ehlo()
                private = True
            if parts.username:
                if not private:
                    # A password is never said aloud.
                    raise NotSent("no_starttls")
                server.login(unquote(parts.username), unquote(parts.password or ""))
            yield server


def _message(sender: str, to: str, subject: str, text: str, message_id: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    if message_id:
        message["Message-ID"] = message_id
    # No answer of a holiday robot is wanted (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    # Not every server takes eight bits.
    message.set_content(text, cte="quoted-printable")
    return message


def _written(content: Mapping[str, Any]) -> bytes:
    """JSON in UTF-8; half of a sign, which no text should hold, is a question mark."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def _seconds(wish: str | None) -> float:
    """A Retry-After in seconds; a date there is not worth a clock."""
    return min(float(wish), LONGEST_WISH) if wish is not None and wish.isdigit() else 0.0
