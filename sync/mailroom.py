"""Who sends letters, and arranges hand-overs, in this process, over the settings of an installation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from connector.http import ca_bundle_of
from sync.callers import Addresses
from sync.composing import Composer, Signing
from sync.desk import Desk
from sync.handoff import Handoff
from sync.ledger import Ledger
from sync.outward import MailServer
from sync.postman import Postman
from sync.settings import Settings
from sync.verdicts import Verdicts
from sync.ways import Ways


class Premises(Protocol):
    """What the mailroom needs of an installation; `sync.wiring.Bridge` is one."""

    @property
    def clock(self) -> Callable[[], datetime]: ...

    @property
    def settings(self) -> Settings: ...

    @property
    def environ(self) -> Mapping[str, str]: ...

    @property
    def ledger(self) -> Ledger: ...


def postman_of(
    premises: Premises, handoff: Handoff, stop: Callable[[], bool] = lambda: False
) -> Postman:
    """Whoever sends the letters of this hand-off."""
    return Postman(
        store=handoff.store,
        composer=composer_of(premises, handoff),
        ways=ways_of(premises.settings, premises.environ),
        about=handoff.about,
        clock=handoff.clock,
        holds=premises.settings.mode == "observe",
        stop=stop,
    )


def desk_of(premises: Premises, handoff: Handoff, stop: Callable[[], bool] = lambda: False) -> Desk:
    """Whoever arranges in Salesforce what was handed over."""
    settings = premises.settings
    return Desk(
        store=handoff.store,
        about=handoff.about,
        clock=handoff.clock,
        language=settings.handoff.lang or settings.lang,
        holds=settings.mode == "observe",
        stop=stop,
    )


def verdicts_of(premises: Premises, handoff: Callable[[], Handoff]) -> Verdicts:
    """Whoever takes verdicts by links; the hand-off is looked for when the first one is opened."""
    settings = premises.settings
    return Verdicts(
        handoff=handoff,
        secrets=settings.handoff.secrets,
        clock=premises.clock,
        language=settings.handoff.lang or settings.lang,
    )


def composer_of(premises: Premises, handoff: Handoff) -> Composer:
    """Whoever writes them."""
    settings = premises.settings
    return Composer(
        store=handoff.store,
        people=handoff.people,
        signing=Signing(settings.handoff.secrets, settings.web.public_url),
        addresses=addresses_of(premises),
        language=settings.handoff.lang or settings.lang,
    )


def addresses_of(premises: Premises) -> Addresses:
    """Where records are seen: the portal is known once the ledger is bound to it."""
    settings, accounts = premises.settings, premises.ledger.accounts()
    portal = settings.hubspot.portal_id or (accounts[0] if accounts else None)
    return Addresses(settings.salesforce.login_url, portal or None)


def ways_of(settings: Settings, environ: Mapping[str, str]) -> Ways:
    """The ways that are set up; `environ` names proxies and a company's certificate authority."""
    given, alert = settings.handoff, settings.alert
    url = given.mail_smtp_url or alert.smtp_url
    server = None
    if given.mail_from is not None and url is not None:
        server = MailServer(url.get_secret_value().strip(), ca_bundle_of(environ))
    return Ways(
        hooks=given.hooks,
        server=server,
        sender=given.mail_from,
        ops=alert.email_to,
        environ=environ,
    )
