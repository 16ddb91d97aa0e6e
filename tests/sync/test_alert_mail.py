"""Alerts by mail: encrypted where the server can, sent once to everybody, later if it was not taken."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from sync.alerts import ALERTED, Alerts, senders_of
from sync.settings import AlertSettings
from tests.sync.bridge import sqlite_url
from tests.sync.live import Live
from tests.sync.mail_server import PASSWORD, USER, Mailbox, certificate_in, mail_server
from tests.sync.test_alerts import TO, alerts, by_mail, park


@pytest.fixture
def live(tmp_path: Path) -> Live:
    return Live(sqlite_url(tmp_path))


def test_a_mail_says_what_happened_what_to_do_and_where_to_look(live: Live) -> None:
    """To everybody on the list, and no holiday robot answers."""
    park(live)
    with mail_server() as box:
        settings = by_mail(box).model_copy(update={"email_to": f"{TO}, boss@example.com"})
        assert alerts(live, settings).tell() == 1
        [mail] = box.mails
    assert mail["To"] == f"{TO}, boss@example.com"
    assert mail["From"] == "kakehashi@example.com"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "kakehashi parked list" in mail.get_content()


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_password_travels_encrypted(live: Live, tmp_path: Path, scheme: str) -> None:
    """By STARTTLS where it is offered, from the first byte with smtps; the certificate is looked at."""
    file = certificate_in(tmp_path, datetime.now(UTC))
    user = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}@"
    tls = "starttls" if scheme == "smtp" else "smtps"
    park(live)
    with mail_server(tls=tls, certificate=file) as box:
        settings = by_mail(box, scheme, user)
        trusting = senders_of(settings, {"SSL_CERT_FILE": str(file)})
        strange = senders_of(settings)
        told = [
            Alerts(ledger=live.ledger, senders=senders, clock=live.time).tell()
            for senders in (strange, trusting)
        ]
    assert told == [0, 1]
    assert (box.encrypted, box.users) == ([True], [USER])


@pytest.mark.parametrize("broken", ["away", "busy", "refused", "bad_url"])
def test_a_mail_that_was_not_taken_is_sent_later(live: Live, broken: str) -> None:
    """Whatever the reason; the log names its kind."""
    park(live)
    with mail_server() as box:
        settings = by_mail(box)
        box.broken = broken == "busy"
        box.refuse = {TO} if broken == "refused" else set()
        if broken == "away":
            settings = by_mail(Mailbox(port=1))
        if broken == "bad_url":
            settings = settings.model_copy(update={"smtp_url": SecretStr("localhost:25")})
        with capture_logs() as logs:
            assert alerts(live, settings).tell() == 0
        assert [line["way"] for line in logs] == ["email"]
        box.broken, box.refuse = False, set()
        assert alerts(live, by_mail(box)).tell() == 1
        assert len(box.mails) == 1


def test_a_list_of_which_one_is_refused_is_not_mailed_twice(live: Live) -> None:
    """The others have got it."""
    park(live)
    with mail_server() as box:
        box.refuse = {"gone@example.com"}
        settings = by_mail(box).model_copy(update={"email_to": f"{TO}, gone@example.com"})
        assert (alerts(live, settings).tell(), alerts(live, settings).tell()) == (1, 0)
        assert len(box.mails) == 1


def test_without_any_way_nothing_is_asked(live: Live) -> None:
    """No settings, no work."""
    park(live)
    assert senders_of(AlertSettings()) == []
    assert senders_of(AlertSettings(email_to=TO)) == []
    assert alerts(live, AlertSettings()).tell() == 0
    assert live.ledger.fact(ALERTED) is None


def test_secrets_stay_out_of_what_is_printed() -> None:
    """A sender in a log line shows nothing of its address."""
    settings = by_mail(Mailbox(port=25), user="me:secret@").model_copy(
        update={"url": SecretStr("https://chat.example.com/secret")}
    )
    assert len(senders_of(settings)) == 2
    assert "secret" not in repr(senders_of(settings))
