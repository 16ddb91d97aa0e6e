"""The settings: read once at the entry point into a frozen object, and handed on from there.

`load_settings` takes the working folder and the environment as arguments, so importing this module
does nothing and a test needs no patching. All faults are raised at once, in the words of the person
who made them (`settings_faults.py`); where values come from is told in `settings_sources.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from sqlalchemy import make_url

from sync import settings_checks as checks
from sync.settings_checks import EMBEDDED, fault_of, halves, masked
from sync.settings_faults import ConfigurationError, Language, SettingsFault, SettingsFaults
from sync.settings_sources import Known, SettingPath, read_sources

__all__ = ["ConfigurationError", "Settings", "SettingsFault", "SettingsFaults", "load_settings"]

Text = Annotated[str, BeforeValidator(checks.as_text)]
WebAddress = Annotated[str, BeforeValidator(checks.web_address)]


class Frozen(BaseModel):
    """A group of settings. Unknown names are reported before values get here."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class HubSpotSettings(Frozen):
    """How to reach HubSpot, as whom, and which messages are believed.

    `client_secret` signs webhooks; with `client_id` and `refresh_token` it also serves OAuth, which is
    used when there is no `access_token`. `tier` decides the rate limits. `accept_old_signatures`
    switches the v1 and v2 webhook signatures on.
    """

    base_url: WebAddress = "https://api.hubapi.com"
    api_version: Literal["v3", "2026-09"] = "v3"
    access_token: SecretStr | None = None
    client_id: Text | None = None
    client_secret: SecretStr | None = None
    refresh_token: SecretStr | None = None
    portal_id: Text | None = None
    app_id: Text | None = None
    tier: Literal["free", "starter", "professional", "enterprise"] = "professional"
    accept_old_signatures: bool = False

    @property
    def configured(self) -> bool:
        """Whether there are credentials to talk to HubSpot with."""
        return self.access_token is not None or self.refresh_token is not None


class SalesforceSettings(Frozen):
    """How to reach Salesforce and as whom: client credentials, or JWT bearer with a private key.

    `login_url` is where the token call goes; data calls follow the answer's instance. `webhook_token`
    is the optional secret part of the door's path. `org_id` has 18 characters. `assignment_rules`:
    whether the org's active rules choose the owners of what we create, or the id of the rule that does.
    """

    login_url: WebAddress | None = None
    client_id: Text | None = None
    client_secret: SecretStr | None = None
    username: Text | None = None
    private_key: SecretStr | None = None
    org_id: Annotated[str, BeforeValidator(checks.org_id)] | None = None
    api_version: Annotated[str, BeforeValidator(checks.api_version)] = "62.0"
    webhook_token: SecretStr | None = None
    assignment_rules: Annotated[bool | str, BeforeValidator(checks.assignment_rules)] = False

    @property
    def configured(self) -> bool:
        """Whether there is an address and credentials to log in with."""
        return self.login_url is not None and self.client_id is not None


class WebSettings(Frozen):
    """Where the doors and the page listen. `public_url` is the address that HubSpot signs."""

    host: Text = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: WebAddress | None = None


class IntentSettings(Frozen):
    """Website events: `write_key` lets a server send them; pages of `sites` (origins) send by the snippet.

    `network_file` is a MaxMind DB with the companies behind network addresses. `sources` is the folder of
    the files about third parties. `hubspot` says which of HubSpot's own behaviour data is read: forms and
    clicks, pages by the roll-ups of contacts or by the events API as well, or nothing. `hubspot_basis`: on
    what basis, where HubSpot knows none of a contact. `meaning`: pages that no rule and no word tells are
    compared by meaning; needs the extra `topics`. `detail`: login names of those who may see single events.
    """

    write_key: SecretStr | None = None
    sites: Annotated[tuple[str, ...], BeforeValidator(checks.origins)] = ()
    network_file: Path | None = None
    sources: Path = Path("sources")
    hubspot: Literal["off", "roll_ups", "forms", "events"] = "off"
    hubspot_basis: Text | None = None
    meaning: bool = False
    detail: Annotated[tuple[str, ...], BeforeValidator(checks.words)] = ()


class SyncSettings(Frozen):
    """The engine's clockwork.

    `landing_window`: seconds in which a write of unknown outcome may still land. `poll_every`: seconds
    between two looks for changes; `deletions_every`: between two looks for deletions. `resync_at`: when
    the nightly full compare starts, business time.
    """

    landing_window: int = Field(default=120, ge=0, le=86_400)
    poll_every: int = Field(default=60, ge=1, le=86_400)
    deletions_every: int = Field(default=600, ge=1, le=86_400)
    relations_every: int = Field(default=300, ge=1, le=86_400)
    resync_at: Annotated[time, BeforeValidator(checks.time_of_day)] = time(2, 0)


class BudgetSettings(Frozen):
    """The API calls that we may use, where that is less than the vendor's own limits.

    `hubspot_daily`, `salesforce_daily`: calls per day. `reserve`: the share of the day's calls, in
    percent, that is kept for consent and hand-offs.
    """

    hubspot_daily: int | None = Field(default=None, ge=100)
    salesforce_daily: int | None = Field(default=None, ge=100)
    reserve: int = Field(default=15, ge=1, le=90)


class AlertSettings(Frozen):
    """Who is told of a new kind of trouble.

    `url` gets a POST of JSON that Slack and its like understand; `email_to` a mail over `smtp_url`
    (``smtp://user:password@host:587``, ``smtps://``), from `email_from`.
    """

    url: SecretStr | None = None
    email_to: Text | None = None
    email_from: Text | None = None
    smtp_url: SecretStr | None = None


class HandoffSettings(Frozen):
    """How people are told of leads; with nothing set nobody is.

    `secret` signs the links in letters; of several, with blanks between them, the last one signs and all are
    honoured. `webhooks`: a YAML mapping of an address, a queue or a department (`marketing`, `sales`, `is`,
    `ops`) to the address of a chat's incoming webhook. Who has none gets mail `mail_from`, over
    `mail_smtp_url` or else the alerts' server. `lang`: the letters', where it is another one than the
    messages'. `notes_at`: when the morning note goes out, business time.
    """

    secret: SecretStr | None = None
    webhooks: SecretStr | None = None
    mail_from: Text | None = None
    mail_smtp_url: SecretStr | None = None
    lang: Language | None = None
    notes_at: Annotated[time, BeforeValidator(checks.time_of_day)] = time(8, 30)

    @field_validator("webhooks", mode="before")
    @classmethod
    def _checked(cls, value: object) -> object:
        return None if value is None else checks.webhooks(value)

    @property
    def hooks(self) -> Mapping[str, str]:
        """The addresses of chats by whom they reach."""
        return {} if self.webhooks is None else checks.hooks_of(self.webhooks.get_secret_value())

    @property
    def secrets(self) -> tuple[str, ...]:
        """Those that links are signed with."""
        return () if self.secret is None else tuple(self.secret.get_secret_value().split())

    @property
    def configured(self) -> bool:
        """Whether anybody is told anything."""
        return bool(self.hooks) or self.mail_from is not None


class Settings(Frozen):
    """Everything that can be set, as it was set: paths are relative to the working folder.

    `mode` is `live`, or `observe`: plans and reports, and not one write call. `database_url` and
    `redis_url` may hold a password and are therefore left out of the `repr`.
    """

    mode: Literal["live", "observe"] = "live"
    hubspot: HubSpotSettings = HubSpotSettings()
    salesforce: SalesforceSettings = SalesforceSettings()
    database_url: Annotated[str, BeforeValidator(checks.database_url)] = Field(
        default="sqlite:///var/kakehashi.db", repr=False
    )
    redis_url: Annotated[str, BeforeValidator(checks.redis_url)] = Field(
        default=EMBEDDED, repr=False
    )
    mappings: Path = Path("mappings")
    definitions: Path = Path("definitions")
    web: WebSettings = WebSettings()
    intent: IntentSettings = IntentSettings()
    sync: SyncSettings = SyncSettings()
    budget: BudgetSettings = BudgetSettings()
    alert: AlertSettings = AlertSettings()
    handoff: HandoffSettings = HandoffSettings()
    timezone: Annotated[str, BeforeValidator(checks.timezone)] = "Asia/Tokyo"
    region: Annotated[str, BeforeValidator(checks.region)] = "JP"
    lang: Language = "en"

    @property
    def zone(self) -> ZoneInfo:
        """The business time zone."""
        return ZoneInfo(self.timezone)

    def database_url_in(self, folder: Path) -> str:
        """The ledger's address, a relative SQLite path laid below the working folder."""
        url = make_url(self.database_url)
        if url.get_backend_name() != "sqlite" or url.database in {None, "", ":memory:"}:
            return self.database_url
        placed = url.set(database=str(folder.absolute() / str(url.database)))
        return placed.render_as_string(hide_password=False)

    def ledger_file_in(self, folder: Path) -> Path | None:
        """The file that the ledger is, or is to be; None for one that is no file."""
        url = make_url(self.database_url_in(folder))
        if url.get_backend_name() != "sqlite" or url.database in {None, "", ":memory:"}:
            return None
        return None if str(url.database).startswith("file:") else Path(str(url.database))

    def redacted(self) -> dict[str, Any]:
        """The settings as plain JSON values, fit for a support request: secrets say only `set`."""
        plain: dict[str, Any] = _plain(self)
        plain["database_url"] = masked(self.database_url)
        plain["redis_url"] = masked(self.redis_url)
        return plain


def load_settings(folder: Path, environ: Mapping[str, str]) -> Settings:
    """The settings of a working folder, `environ` winning over its `kakehashi.yaml`.

    Raises `SettingsFaults` with everything that is wrong.
    """
    raw = read_sources(folder, environ, KNOWN)
    faults = list(raw.faults)
    try:
        settings = Settings(**raw.nested())
    except ValidationError as error:
        secret = KNOWN.secrets
        faults += [fault_of(found, raw, secret) for found in error.errors(include_url=False)]
    else:
        faults += halves(settings, raw)
    if faults:
        raise SettingsFaults(faults, _language(raw.values.get(("lang",))))
    return settings


def _language(wanted: object) -> Language:
    return "ja" if wanted == "ja" else "en"


def _plain(group: Frozen) -> dict[str, Any]:
    return {name: _plain_value(getattr(group, name)) for name in type(group).model_fields}


def _plain_value(value: Any) -> Any:
    match value:
        case Frozen():
            return _plain(value)
        case SecretStr():
            return "set"
        case Path():
            return str(value)
        case time():
            return value.strftime("%H:%M")
        case _:
            return value


def _known() -> Known:
    """The names that exist, read off the models above."""
    paths: dict[SettingPath, Any] = {}
    for name, info in Settings.model_fields.items():
        below = info.annotation
        if isinstance(below, type) and issubclass(below, Frozen):
            fields = below.model_fields.items()
            paths |= {(name, inner): inner_info.annotation for inner, inner_info in fields}
        else:
            paths[(name,)] = below
    secrets = frozenset(path for path, kind in paths.items() if SecretStr in get_args(kind))
    # An address may hold a password, so it may come from a file like a secret.
    addresses = frozenset({("database_url",), ("redis_url",)})
    return Known(paths=frozenset(paths), secrets=secrets, from_file=secrets | addresses)


KNOWN = _known()
