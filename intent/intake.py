"""One event as it was told -> an `Event` that may be stored, or a `Rejection` with its reason. Pure.

Consent comes first: whatever is told without it is looked at no further. What is not on a list of known
names is left out, so that nothing of what people write into forms is ever stored. Codes are the contract's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, Final, NamedTuple

from intent import filters, hygiene, identity
from intent.definition import Definition
from intent.identity import Network
from intent.model import UNKNOWN, Discard, Event, Identity, Rejection
from intent.telling import Refused
from mappings.normal import PLAIN_DATE

# Domain sheet 3.2; `identify` says who a cookie is, and scores nothing. Those of the definition come on top.
KNOWN_TYPES: Final = frozenset(
    (
        *("page_view", "pricing_view", "case_study_view", "comparison_view", "security_view"),
        *("integration_view", "return_visit", "form_submit_content", "form_submit_handraise"),
        *("webinar_register", "webinar_attend", "webinar_watch_50", "email_click", "email_open"),
        *("chat_start", "inbound_call", "event_scan", "docs_or_trial_use", "third_party_intent"),
        *("careers_view", "support_view", "unsubscribe", "identify"),
    )
)
PAGE_VIEW: Final = "page_view"
THIRD_PARTY: Final = "third_party_intent"
# The source of what the snippet sends.
BROWSER: Final = "site"
COMPANY_NAME: Final = "company_name"
# Characters of an id, ours or others'.
LONGEST_ID: Final = 128
# A clock may be wrong by so much ahead; what lies further ahead counts from then on.
SKEW: Final = timedelta(minutes=5)
ABSURD: Final = timedelta(days=1)
# Before this year nobody looked at today's website; seconds told for milliseconds end up there too.
FIRST_YEAR: Final = 2000
# Wishes that forbid a score, whatever else is granted (domain sheet 5.2), and what people write for them;
# `unknown` and nothing at all is no wish.
FORBIDDING: Final = frozenset(
    {"erased", "objected", "opted_out", "denied", "withdrawn", "false", "no"}
)
# The basis of what somebody merely agreed to.
TRACKING: Final = "tracking_granted"
# Properties that are kept, with their greatest number; None: a short text.
PROPERTIES: Final[Mapping[str, float | None]] = {
    "seconds": 86_400.0,
    "scrolled": 100.0,
    "human": 1.0,
    "after_delivery": 31_536_000.0,
    "honeypot": 1.0,
    "webinar": None,
    "asset": None,
    "form": None,
    "campaign": None,
    "link": None,
    "provider": None,
    "confirmed_at": None,
}


class Told(NamedTuple):
    """What stands around an event: how it came in, and what the connection says of the sender."""

    source: str
    ip: str | None = None
    user_agent: str | None = None
    no_tracking: bool = False


def nothing_known(_ip: str) -> Network | None:
    """A look-up where there is no file to look up in."""
    return None


def no_company(_name: str) -> str | None:
    """A look-up of companies by name where nobody keeps them."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Reads events by one definition. `look_up` knows the companies behind network addresses, `company` the
    domain or corporate number of the only company of a name."""

    definition: Definition
    look_up: Callable[[str], Network | None] = nothing_known
    company: Callable[[str], str | None] = no_company

    def read(self, raw: object, index: int, told: Told, now: datetime) -> Event | Rejection:
        """One event of a request. Raises what `company` does, and nothing else."""
        event_id = _id_of(raw)
        try:
            return self._read(entries_of(raw), told, now)
        except Refused as refused:
            return Rejection(index, event_id, refused.code, refused.message())

    def _read(self, raw: Mapping[str, Any], told: Told, now: datetime) -> Event:
        event_id = needed_id(raw.get("event_id"))
        basis = basis_of(raw.get("consent"), told)
        kind = self._type(raw.get("type"))
        told_at, occurred_at = self.times(raw.get("occurred_at"), now)
        url = self._url(raw.get("url"), kind)
        kind, topic = self.by_page(kind, url)
        properties = properties_of(raw.get("properties"))
        if kind == THIRD_PARTY:
            need_provenance(raw["consent"], properties, told, now)
        ip = short(raw, "ip", 64) or told.ip
        network = self.look_up(ip) if ip is not None else None
        who = self.somebody(who_of(raw, network), company_name_in(raw))
        agent = short(raw, "user_agent", 1_000) or told.user_agent
        return Event(
            event_id=event_id,
            type=kind,
            occurred_at=occurred_at,
            received_at=now,
            told_at=told_at,
            identity=who,
            source=told.source,
            basis=basis,
            url=url,
            page=None if url is None else hygiene.page_of(url),
            title=hygiene.clean_text(title) if isinstance(title := raw.get("title"), str) else None,
            topic=topic,
            glance=filters.is_glance(properties),
            session=short(raw, "session", LONGEST_ID),
            discard=self.discard(raw, who, agent, ip, network),
            properties=properties | _network_left(ip, network),
        )

    def somebody(self, who: Identity, name: str | None) -> Identity:
        """Who it was, for certain: a company's name tells where nothing else does but the network.

        Raises `Refused` where that is nobody, or may be several.
        """
        if name is not None and who._replace(network_domain=None).is_empty:
            account = self.company(name)
            if account is not None:
                return identity.in_account(who, account)
        if who.is_empty:
            raise Refused("no_identity", "nobody" if name is None else "company_name")
        return who

    def _type(self, found: object) -> str:
        if not isinstance(found, str) or not found:
            raise Refused("unknown_type", "no_type")
        if found not in KNOWN_TYPES and found not in self.definition.kinds:
            raise Refused("unknown_type", "type", found=hygiene.readable(found, 40))
        return found

    def _url(self, found: object, kind: str) -> str | None:
        if found is None or found == "":
            if kind == PAGE_VIEW:
                raise Refused("malformed", "no_url")
            return None
        return self.url(found)

    def url(self, found: object) -> str:
        """The address of a page, cleaned. Raises `Refused`."""
        if not isinstance(found, str):
            raise Refused("malformed", "bad_url")
        if len(found) > hygiene.LONGEST_URL:
            raise Refused("too_long", "url", most=str(hygiene.LONGEST_URL))
        try:
            return hygiene.clean_url(found, self.definition.query)
        except hygiene.NoAddress:
            raise Refused("malformed", "bad_url") from None

    def times(self, found: object, now: datetime) -> tuple[datetime, datetime]:
        """When it happened as told, and as it counts: never more than five minutes ahead.

        Raises `Refused` for no time, one without a zone, long ago, or far ahead.
        """
        told_at = moment_of(found)
        if told_at is None:
            raise Refused("bad_time", "no_time")
        if told_at > now + ABSURD:
            raise Refused("bad_time", "ahead")
        days = self.definition.keeping.daily
        if told_at.year < FIRST_YEAR or told_at < now - timedelta(days=days):
            raise Refused("bad_time", "long_ago", days=str(days))
        return told_at, min(told_at, now + SKEW)

    def by_page(self, kind: str, url: str | None) -> tuple[str, str]:
        """The type and the topic of an event, by the definition's rules about pages; the first one wins."""
        if url is None:
            return kind, UNKNOWN
        path = hygiene.path_of(url)
        fitting = [r for r in self.definition.pages if fnmatchcase(path, r.path.lower())]
        topic = next((rule.topic for rule in fitting if rule.topic is not None), UNKNOWN)
        if kind == PAGE_VIEW:
            kind = next((rule.type for rule in fitting if rule.type is not None), kind)
        return kind, topic

    def discard(
        self,
        raw: Mapping[str, Any],
        who: Identity,
        agent: str | None,
        ip: str | None,
        network: Network | None,
    ) -> Discard | None:
        """Why an event does not count, as far as it can be told by itself."""
        if raw.get("test") is True:
            return "test"
        seen = filters.Seen(who=who, agent=agent, ip=ip, network=network)
        return filters.at_the_door(seen, self.definition.filters)


# The parts of an event ----------------------------------------------------------------------------


def needed_id(found: object) -> str:
    """The id by which repeats are known. Raises `Refused`."""
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    if not isinstance(found, str) or not found.strip():
        raise Refused("malformed", "no_id")
    if len(found) > LONGEST_ID:
        raise Refused("too_long", "id", most=str(LONGEST_ID))
    if not found.isprintable():
        raise Refused("malformed", "no_id")
    return found.strip()


def basis_of(found: object, told: Told) -> str:
    """Under which consent an event may be used. Raises `Refused` where there is none.

    Tracking has to be granted in so many words: what is absent was not asked.
    """
    if told.no_tracking:
        raise Refused("no_consent", "signal")
    if not isinstance(found, dict) or found.get("tracking") != "granted":
        raise Refused("no_consent", "not_granted")
    if is_a_no(found.get("profiling")):
        raise Refused("no_consent", "objected")
    basis = found.get("basis")
    return (hygiene.clean_text(basis, 100) if isinstance(basis, str) else None) or TRACKING


def is_a_no(told: object) -> bool:
    """Whether a dimension of consent is forbidden."""
    return isinstance(told, str | bool) and str(told).strip().lower() in FORBIDDING


def need_provenance(
    consent: Mapping[str, Any], properties: Mapping[str, object], told: Told, now: datetime
) -> None:
    """Third parties' intent names its provider, its basis, and when that was confirmed. Raises `Refused`.

    A browser is no third party, and knows nothing of any.
    """
    if told.source == BROWSER:
        raise Refused("unknown_type", "type", found=THIRD_PARTY)
    provider, basis = properties.get("provider"), consent.get("basis")
    if provider is None or not isinstance(basis, str) or hygiene.clean_text(basis, 100) is None:
        raise Refused("no_consent", "no_basis", provider=str(provider or "the sender"))
    confirmed = confirmed_of(properties.get("confirmed_at"))
    if confirmed is None or confirmed > now:
        raise Refused("no_consent", "not_confirmed")


def confirmed_of(found: object) -> datetime | None:
    """When somebody confirmed a consent: an instant, or a day; None for what is neither."""
    if isinstance(found, str) and PLAIN_DATE.fullmatch(found.strip()):
        found = f"{found.strip()}T00:00:00Z"
    return moment_of(found)


def who_of(raw: Mapping[str, Any], network: Network | None) -> Identity:
    """Everything that an event says about who it was, in normal form; what is none is left out."""
    found = {name: short(raw, name, 254) for name in Identity._fields}
    told, number = found["company_domain"], found["corporate_number"]
    return Identity(
        email=hygiene.clean_email(found["email"]) if found["email"] else None,
        hubspot_contact_id=found["hubspot_contact_id"],
        hubspotutk=found["hubspotutk"],
        visitor=found["visitor"],
        company_domain=identity.company_domain(told) if told else None,
        network_domain=None if network is None else network.domain,
        corporate_number=identity.corporate_number(number) if number else None,
    )


def company_name_in(raw: Mapping[str, Any]) -> str | None:
    """What the company of an event is called, beside it or among its properties."""
    properties = raw.get("properties")
    more = properties if isinstance(properties, dict) else {}
    return short(raw, COMPANY_NAME, 200) or short(more, COMPANY_NAME, 200)


def properties_of(found: object) -> dict[str, str | int | float | bool]:
    """The properties that are kept: known names, numbers within reason, short names of things."""
    if not isinstance(found, dict):
        return {}
    kept: dict[str, str | int | float | bool] = {}
    for name, most in PROPERTIES.items():
        value = found.get(name)
        if most is None:
            text = hygiene.clean_text(str(value), 120) if isinstance(value, str | int) else None
            if text is not None:
                kept[name] = text
        elif isinstance(value, bool) or (isinstance(value, int | float) and 0 <= value <= most):
            kept[name] = value
    return kept


def moment_of(found: object) -> datetime | None:
    """An instant out of ISO text with its zone, or milliseconds since 1970; None otherwise."""
    try:
        if isinstance(found, bool):
            return None
        if isinstance(found, int | float):
            return datetime.fromtimestamp(found / 1000, UTC)
        if isinstance(found, str) and len(found) <= 40:
            read = datetime.fromisoformat(found.strip())
            return None if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def short(raw: Mapping[str, Any], name: str, most: int) -> str | None:
    """A short text of an event; None where there is none. Raises `Refused` for a long one."""
    found = raw.get(name)
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    if not isinstance(found, str) or not found.strip():
        return None
    if len(found) > most:
        raise Refused("too_long", "field", name=name, most=str(most))
    if not found.isprintable():
        raise Refused("malformed", "unprintable", name=name)
    return found.strip()


def entries_of(raw: object) -> Mapping[str, Any]:
    """The entries of a JSON object. Raises `Refused` for anything else."""
    if not isinstance(raw, dict):
        raise Refused("malformed", "not_an_object")
    return raw


def _id_of(raw: object) -> str | None:
    """What the answer calls an event by, as far as it has a name."""
    found = raw.get("event_id") if isinstance(raw, dict) else None
    return hygiene.readable(str(found), LONGEST_ID) if isinstance(found, str | int) else None


def _network_left(ip: str | None, network: Network | None) -> dict[str, str | int]:
    """What stays of a network address after the look-up."""
    address = hygiene.address_of(ip) if ip is not None else None
    left: dict[str, str | int] = {} if address is None else {"network": hygiene.truncated(address)}
    if network is not None and network.asn is not None:
        left["asn"] = network.asn
    return left
