"""What a value of a setting must look like, and how a refusal becomes a fault. No file is read here.

Each check takes the raw value of a source and returns it in its one form, or raises a
`PydanticCustomError` whose type is the code of the sentence.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterator
from datetime import time
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit
from zoneinfo import available_timezones

import phonenumbers
from pydantic_core import ErrorDetails, PydanticCustomError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from sync.settings_faults import HIDDEN, SettingsFault, nearest, sentences
from sync.settings_sources import Raw, SettingPath, variable

if TYPE_CHECKING:
    from sync.settings import Settings

EMBEDDED = "embedded"
DATABASES = ("sqlite", "postgresql")
EXAMPLES = {
    "bad_database_url": "postgresql+psycopg://user@host/database",
    "bad_redis_url": "redis://host:6379/0",
    "bad_time": "02:00",
    "bad_version": "62.0",
    "bad_rule": "01Q5g000000AbCdEAK",
    "bad_origin": "https://www.example.com",
    "bad_webhooks": "{marketing: https://hooks.slack.com/services/...}",
    "bad_url": "https://acme.my.salesforce.com",
    "credentials_in_url": "https://acme.my.salesforce.com",
}
# pydantic's names of a refusal -> ours; anything else is `not_text`.
CODES = {
    "int_parsing": "not_a_number",
    "int_type": "not_a_number",
    "int_from_float": "not_a_number",
    "greater_than_equal": "too_small",
    "less_than_equal": "too_large",
    "bool_parsing": "not_true_false",
    "bool_type": "not_true_false",
    "literal_error": "not_allowed",
}


def _refuse(code: str, found: object) -> PydanticCustomError:
    return PydanticCustomError(code, "{found}", {"found": str(found)})


def as_text(value: object) -> object:
    """Ids are written as bare numbers in YAML; they are text all the same."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value


def is_loopback(host: str) -> bool:
    """127.0.0.0/8, ::1 and localhost: where plain http harms nobody."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def web_address(value: object) -> str:
    """An https address without credentials, query or closing slash; http for loopback hosts."""
    text = str(value).strip()
    parts = _split(text)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _refuse("bad_url", text)
    if parts.username is not None or parts.password is not None:
        raise _refuse("credentials_in_url", HIDDEN)
    if parts.query or parts.fragment or re.search(r"\s", text):
        raise _refuse("bad_url", text)
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise _refuse("plain_http", text)
    return text.rstrip("/")


def _split(text: str) -> SplitResult | None:
    """The parts of an address, None where it cannot be split or its port is none."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return parts


def words(value: object) -> tuple[str, ...]:
    """Words, a list or one text with blanks or commas between them."""
    told = value if isinstance(value, list | tuple) else re.split(r"[\s,]+", str(value).strip())
    return tuple(dict.fromkeys(str(one) for one in told if str(one)))


def origins(value: object) -> tuple[str, ...]:
    """Origins of sites, a list or one text with blanks or commas between them: no path, small letters."""
    return tuple(dict.fromkeys(_origin(one) for one in words(value)))


def _origin(value: object) -> str:
    text = web_address(value).lower()
    parts = urlsplit(text)
    if parts.path:
        raise _refuse("bad_origin", value)
    usual = {"http": ":80", "https": ":443"}[parts.scheme]
    return text.removesuffix(usual)


def database_url(value: object) -> str:
    """A SQLAlchemy URL of a database that the ledger knows; the driver of PostgreSQL is psycopg."""
    text = str(value).strip()
    try:
        url = make_url(text)
    except ArgumentError:
        raise _refuse("bad_database_url", HIDDEN if "@" in text else text) from None
    if url.get_backend_name() not in DATABASES:
        raise _refuse("bad_database_url", url.render_as_string())
    if url.drivername == "postgresql":
        return "postgresql+psycopg" + text.removeprefix("postgresql")
    return text


def redis_url(value: object) -> str:
    """`embedded`, or the address of a Redis server."""
    text = str(value).strip()
    parts = _split(text)
    if text == EMBEDDED:
        return text
    if parts is None or parts.scheme not in {"redis", "rediss", "unix"}:
        raise _refuse("bad_redis_url", HIDDEN if "@" in text else text)
    return text


def masked(address: str) -> str:
    """An address without its password: rather too much of it is hidden than too little."""
    without = re.sub(r"(?<=://)([^:@]*):.*@", r"\1:***@", address)
    return re.sub(r"(?i)([?&](?:password|passwd|sslpassword)=)[^&]*", r"\1***", without)


def timezone(value: object) -> str:
    """A name of the IANA list."""
    if value in available_timezones():
        return str(value)
    raise _refuse("bad_timezone", value)


def region(value: object) -> str:
    """Two letters of a region with telephone numbers, in capitals."""
    text = str(value).upper()
    if text in phonenumbers.SUPPORTED_REGIONS:
        return text
    raise _refuse("bad_region", value)


def time_of_day(value: object) -> time:
    """``HH:MM``, hours and minutes only."""
    if isinstance(value, time):
        return value
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", str(value).strip())
    if match is None:
        raise _refuse("bad_time", value)
    return time(int(match[1]), int(match[2]))


def org_id(value: object) -> str:
    """An org id of 18 characters; the short form of 15 does not tell upper from lower case apart."""
    text = str(value).strip()
    if re.fullmatch(r"00D[A-Za-z0-9]{15}", text):
        return text
    raise _refuse("bad_org_id", text)


def api_version(value: object) -> str:
    """``62.0``; in YAML it may come as a number."""
    text = str(value).strip().removeprefix("v")
    if re.fullmatch(r"\d{2,3}\.0", text):
        return text
    raise _refuse("bad_version", value)


def assignment_rules(value: object) -> bool | str:
    """Whether the org's own rules choose owners, or the id of the rule that does."""
    text = str(value).strip()
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if re.fullmatch(r"01Q[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?", text):
        return text
    raise _refuse("bad_rule", text)


def webhooks(value: object) -> str:
    """A YAML mapping of names to https addresses, as it came; what is wrong with it is never quoted."""
    text = str(value)
    try:
        found = hooks_of(text)
    except (YAMLError, ValueError):
        raise _refuse("bad_webhooks", HIDDEN) from None
    for address in found.values():
        parts = _split(address)
        if parts is None or not parts.hostname or re.search(r"\s", address):
            raise _refuse("bad_webhooks", HIDDEN)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
            raise _refuse("bad_webhooks", HIDDEN)
    return text


def hooks_of(text: str) -> dict[str, str]:
    """The addresses by whom they reach. Raises `ValueError` and `YAMLError` for what is no such mapping."""
    found = YAML(typ="safe").load(text)
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        raise ValueError("no mapping of names to addresses")
    return {str(name): address.strip() for name, address in found.items()}


# From a refusal to a fault -----------------------------------------------------------------------


def fault_of(error: ErrorDetails, raw: Raw, secrets: Collection[SettingPath]) -> SettingsFault:
    """One finding of pydantic in our words. The value of a secret is never taken along."""
    path = tuple(str(part) for part in error["loc"])
    context = error.get("ctx", {})
    found = str(context.get("found", HIDDEN if path in secrets else error["input"]))
    code = CODES.get(error["type"], error["type"])
    if code not in sentences():
        code = "not_text"
    allowed = tuple(re.findall(r"'([^']+)'", str(context.get("expected", ""))))
    bound = str(context.get("ge", context.get("le", "")))
    words = {"example": EXAMPLES.get(code, ""), "bound": bound}
    name = raw.name_of(path)
    close = nearest(found, allowed)
    return SettingsFault(
        code=code, name=name, found=found, allowed=allowed, nearest=close, words=words
    )


def halves(settings: Settings, raw: Raw) -> Iterator[SettingsFault]:
    """Credentials of which one part is there and another is not."""
    for group, there, needed in _unfinished(settings):
        missing = [part for part in needed if getattr(getattr(settings, group), part) is None]
        if missing:
            names = ", ".join(variable((group, part)) for part in missing)
            yield SettingsFault(
                code="half", name=raw.name_of((group, there)), words={"missing": names}
            )


def _unfinished(settings: Settings) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Group, the part that is there, and the parts that it is of no use without."""
    hubspot, salesforce, handoff = settings.hubspot, settings.salesforce, settings.handoff
    if handoff.mail_smtp_url is not None:
        yield "handoff", "mail_smtp_url", ("mail_from",)
    elif handoff.mail_from is not None and settings.alert.smtp_url is None:
        yield "handoff", "mail_from", ("mail_smtp_url",)
    if hubspot.refresh_token is not None:
        yield "hubspot", "refresh_token", ("client_id", "client_secret")
    elif hubspot.client_id is not None and hubspot.access_token is None:
        yield "hubspot", "client_id", ("client_secret", "refresh_token")
    if salesforce.private_key is not None:
        yield "salesforce", "private_key", ("login_url", "client_id", "username")
    elif salesforce.username is not None:
        yield "salesforce", "username", ("private_key",)
    elif salesforce.client_secret is not None:
        yield "salesforce", "client_secret", ("login_url", "client_id")
    elif salesforce.client_id is not None:
        yield "salesforce", "client_id", ("client_secret",)
    elif salesforce.login_url is not None:
        yield "salesforce", "login_url", ("client_id", "client_secret")
