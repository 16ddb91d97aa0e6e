"""HubSpot's webhooks: is this request really HubSpot's, and which records does it concern?

Reference sheet, section 17: an array of events, at least once, in no promised order. Values in events
are old when they arrive, so a `Notice` carries none. One odd event never spoils its batch: it is
ignored, with the reason, and the others count. Pure: the time of receipt, the secret and the address
arrive as arguments.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from connector.doorbell import BadSignature, Delivery, Ignored, Knock, Malformed, every_object
from connector.port import Notice, NoticeKind, System

FRESH: Final = timedelta(minutes=5)
SIGNATURE_V3: Final = "x-hubspot-signature-v3"
TIMESTAMP: Final = "x-hubspot-request-timestamp"
OLD_SIGNATURE: Final = "x-hubspot-signature"
OLD_VERSION: Final = "x-hubspot-signature-version"

# Reference sheet, section 2. Custom objects are ``2-N`` and keep that name unless told otherwise.
OBJECTS_BY_TYPE_ID: Final[Mapping[str, str]] = {
    "0-1": "contacts",
    "0-2": "companies",
    "0-3": "deals",
    "0-5": "tickets",
    "0-7": "products",
    "0-8": "line_items",
    "0-27": "tasks",
    "0-46": "notes",
    "0-47": "meetings",
    "0-48": "calls",
    "0-49": "emails",
    "0-115": "users",
    "0-136": "leads",
}
OBJECTS_BY_WORD: Final[Mapping[str, str]] = {
    "contact": "contacts",
    "company": "companies",
    "deal": "deals",
    "ticket": "tickets",
    "product": "products",
    "line_item": "line_items",
}
GENERIC: Final = "object"
KINDS: Final[Mapping[str, NoticeKind]] = {
    "creation": "created",
    "propertyChange": "changed",
    "deletion": "deleted",
    "merge": "merged",
    "restore": "restored",
    "privacyDeletion": "erased",
    "associationChange": "linked",
}

# Whom an event is about, as far as it tells one event from another.
_SUBJECT: Final = ("objectId",)
_SUBJECTS: Final[Mapping[str, tuple[str, ...]]] = {
    "propertyChange": ("objectId", "propertyName"),
    "associationChange": ("fromObjectId", "toObjectId"),
    "merge": ("primaryObjectId", "newObjectId"),
}

# Before hashing, these escapes of the address are decoded and no others: %20 stays. Section 17.1.
_DECODED: Final = re.compile(r"%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)
_MILLISECONDS: Final = re.compile(r"[0-9]{1,15}")
_WHOLE: Final = re.compile(r"([0-9]{1,18})(?:\.0*)?")
_TYPE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PROPERTY: Final = re.compile(r"[A-Za-z0-9_.-]{1,255}")
# From here on not every whole number is a float of its own, so such an id may be another record's.
_EXACT_FLOATS: Final = 2**53
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class HubSpotDoor:
    """Whom to believe, and what to listen for.

    `secret` is the app's client secret. `portal_id`, `app_id`: events of others are ignored. With
    `accept_old_signatures` a request without a v3 signature may carry v1 or v2, which do not age.
    `wanted` says of an object whether anybody cares. `custom_names` gives the names of custom objects
    as the mappings write them, by their type id.
    """

    secret: str = field(repr=False)
    portal_id: str | None = None
    app_id: str | None = None
    accept_old_signatures: bool = False
    wanted: Callable[[str], bool] = every_object
    custom_names: Mapping[str, str] = field(default_factory=dict)


def receive(door: HubSpotDoor, knock: Knock) -> Delivery:
    """Verify, then read. Raises `BadSignature` or `Malformed`."""
    verify(door, knock)
    return read_events(door, knock.body)


# Signatures -------------------------------------------------------------------------------------


def verify(door: HubSpotDoor, knock: Knock) -> None:
    """Raises `BadSignature` unless HubSpot signed exactly this, and within five minutes of `knock.at`.

    A request that carries a v3 signature is judged by that one alone.
    """
    if SIGNATURE_V3 in knock.headers:
        _verify_v3(door, knock)
    elif OLD_SIGNATURE not in knock.headers:
        raise BadSignature(
            "the header X-HubSpot-Signature-v3 is missing: either this is not from HubSpot, or a "
            "proxy on the way drops the header",
            code="unsigned",
        )
    elif door.accept_old_signatures:
        _verify_old(door, knock)
    else:
        raise BadSignature(
            "the request has only an old signature (v1 or v2), and those do not age: let the app send "
            "v3, or switch them on with KAKEHASHI_HUBSPOT__ACCEPT_OLD_SIGNATURES=true",
            code="old_signature",
        )


def signature_v1(secret: str, body: bytes) -> str:
    """Hex SHA-256 over secret and body."""
    return hashlib.sha256(secret.encode() + body).hexdigest()


def signature_v2(secret: str, method: str, url: str, body: bytes) -> str:
    """Hex SHA-256 over secret, method, address and body."""
    return hashlib.sha256(secret.encode() + method.encode() + url.encode() + body).hexdigest()


def signature_v3(secret: str, method: str, url: str, body: bytes, timestamp: str) -> str:
    """Base64 HMAC-SHA256 over method, half-decoded address, body and timestamp (text, milliseconds)."""
    text = method.encode() + _half_decoded(url).encode() + body + timestamp.encode()
    return base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()


def _verify_v3(door: HubSpotDoor, knock: Knock) -> None:
    stamp = knock.headers.get(TIMESTAMP, "")
    if not _MILLISECONDS.fullmatch(stamp):
        raise BadSignature(
            "the header X-HubSpot-Request-Timestamp is missing or no number of milliseconds",
            code="no_timestamp",
        )
    expected = signature_v3(door.secret, knock.method, knock.url, knock.body, stamp)
    # The signature first: only of a genuine request does the age say anything about a clock.
    if not _same(expected, knock.headers[SIGNATURE_V3]):
        raise _wrong(knock)
    _check_age(_moment(int(stamp)), knock.at)


def _verify_old(door: HubSpotDoor, knock: Knock) -> None:
    version = knock.headers.get(OLD_VERSION, "").lower()
    if version == "v1":
        expected = signature_v1(door.secret, knock.body)
    elif version == "v2":
        expected = signature_v2(door.secret, knock.method, knock.url, knock.body)
    else:
        raise BadSignature(
            "the header X-HubSpot-Signature-Version says neither v1 nor v2", code="unknown_version"
        )
    if not _same(expected, knock.headers[OLD_SIGNATURE]):
        raise _wrong(knock)


def _half_decoded(url: str) -> str:
    return _DECODED.sub(lambda found: chr(int(found[1], 16)), url)


def _same(expected: str, given: str) -> bool:
    """In constant time. Header text may hold anything, and `compare_digest` takes only ASCII text."""
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "backslashreplace"))


def _wrong(knock: Knock) -> BadSignature:
    address = knock.url.partition("?")[0]
    return BadSignature(
        f"the signature does not fit. It was checked against {address} (and the query, if any): if "
        "HubSpot calls another address, correct KAKEHASHI_WEB__PUBLIC_URL; if it is the right one, "
        "KAKEHASHI_HUBSPOT__CLIENT_SECRET is not this app's client secret, or a proxy rewrites the body",
        code="wrong_signature",
    )


def _check_age(signed_at: datetime | None, now: datetime) -> None:
    """The signature was genuine; this names the clock, which is what usually is wrong by now."""
    if signed_at is None:
        raise BadSignature("the signature's time is beyond the calendar", code="no_timestamp")
    age = now - signed_at
    if age > FRESH:
        raise BadSignature(
            f"genuine, but signed {_span(age)} ago by our clock ({_shown(now)}), and 5 minutes are "
            "allowed: this machine's clock is fast (check NTP), or the request was held back or replayed",
            code="stale",
        )
    if -age > FRESH:
        raise BadSignature(
            f"genuine, but signed {_span(-age)} in the future by our clock ({_shown(now)}), and 5 "
            "minutes are allowed: this machine's clock is slow (check NTP)",
            code="future",
        )


def _span(length: timedelta) -> str:
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    return f"{minutes} min {seconds} s"


def _shown(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


# Events -----------------------------------------------------------------------------------------


class _OddEvent(Exception):
    """This one event is ignored."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


def read_events(door: HubSpotDoor, body: bytes) -> Delivery:
    """The notices of a body. Raises `Malformed` if it is not a JSON array."""
    events = _parsed(body)
    if not isinstance(events, list):
        raise Malformed("expected a JSON array of events", code="not_an_array")
    notices: list[Notice] = []
    ignored: list[Ignored] = []
    for index, event in enumerate(events):
        try:
            notices.append(_notice(door, event))
        except _OddEvent as odd:
            ignored.append(Ignored(index, odd.code, odd.why))
    return Delivery(tuple(notices), tuple(ignored))


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        problem = str(error)
    # A cut emoji in one value (a lone surrogate) is refused above, and must not cost the whole batch.
    try:
        return json.loads(body.decode())
    except UnicodeDecodeError:
        raise Malformed("the body is not UTF-8", code="not_utf8") from None
    except (ValueError, RecursionError):
        raise Malformed(f"the body is not JSON: {problem}", code="not_json") from None


def _notice(door: HubSpotDoor, event: object) -> Notice:
    if not isinstance(event, dict):
        raise _OddEvent("not_an_object", "an event is a JSON object")
    _check_sender(door, event)
    word, what, kind = _type_of(event)
    if kind == "merged":
        record_id, others = _merged(event)
    else:
        record_id, others = _need_id(event, "fromObjectId" if kind == "linked" else "objectId"), ()
    name = _object(door, word, event, kind)
    if not door.wanted(name):
        raise _OddEvent("not_mapped", f"no mapping is about {name}")
    return Notice(
        System.HUBSPOT,
        name,
        record_id,
        kind,
        fields=_fields(event) if kind == "changed" else (),
        others=others,
        at=_moment(event.get("occurredAt")),
        identity=_identity(event, what),
    )


def _fields(event: Mapping[str, Any]) -> tuple[str, ...]:
    name = event.get("propertyName")
    return (name,) if isinstance(name, str) and _PROPERTY.fullmatch(name) else ()


def _check_sender(door: HubSpotDoor, event: Mapping[str, Any]) -> None:
    """One app may be installed in several portals, and all of them are signed with its secret."""
    if door.portal_id is not None and _id(event.get("portalId")) != _id(door.portal_id):
        raise _OddEvent("wrong_portal", "another portal than KAKEHASHI_HUBSPOT__PORTAL_ID, or none")
    # Not every kind of webhook names its app; the secret is that of one app anyway.
    app = event.get("appId")
    if door.app_id is not None and app is not None and _id(app) != _id(door.app_id):
        raise _OddEvent("wrong_app", "another app than KAKEHASHI_HUBSPOT__APP_ID")


def _type_of(event: Mapping[str, Any]) -> tuple[str, str, NoticeKind]:
    """``contact``, ``merge`` and what that means. Documents say `eventType`, payloads the other."""
    told = event.get("subscriptionType") or event.get("eventType")
    word, _, what = told.partition(".") if isinstance(told, str) else ("", "", "")
    kind = KINDS.get(what)
    if kind is None or not (word == GENERIC or word in OBJECTS_BY_WORD):
        raise _OddEvent("unknown_type", "its subscriptionType is none that tells of a CRM record")
    return word, what, kind


def _object(door: HubSpotDoor, word: str, event: Mapping[str, Any], kind: NoticeKind) -> str:
    """The object in the mappings' word: plural, or the type id of what has no name."""
    type_id = event.get("fromObjectTypeId" if kind == "linked" else "objectTypeId")
    if word == GENERIC or (kind == "linked" and type_id is not None):
        if not isinstance(type_id, str) or not _TYPE_ID.fullmatch(type_id):
            raise _OddEvent("no_object_type", "it does not tell the type id of its object")
        return door.custom_names.get(type_id) or OBJECTS_BY_TYPE_ID.get(type_id, type_id)
    association = event.get("associationType")
    if kind == "linked" and isinstance(association, str):
        # ``COMPANY_TO_CONTACT``: the record that is told of stands left.
        left = association.partition("_TO_")[0].lower()
        return OBJECTS_BY_WORD.get(left, OBJECTS_BY_WORD[word])
    return OBJECTS_BY_WORD[word]


def _merged(event: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """The survivor, and everybody else who took part."""
    told = event.get("mergedObjectIds")
    losers = [_id(one) for one in told] if isinstance(told, list) else []
    primary = _id(event.get("primaryObjectId")) or _id(event.get("objectId"))
    survivor = _id(event.get("newObjectId")) or primary
    if survivor is None:
        raise _OddEvent("no_id", "a merge without newObjectId or primaryObjectId")
    # Ordered and each once; the primary is a loser too where the merge made a new record.
    others = dict.fromkeys(one for one in [primary, *losers] if one and one != survivor)
    return survivor, tuple(others)


def _need_id(event: Mapping[str, Any], name: str) -> str:
    found = _id(event.get(name))
    if found is None:
        raise _OddEvent("no_id", f"its {name} is missing or no id")
    return found


def _id(told: object) -> str | None:
    """A record id as text: numbers in webhooks, text elsewhere, ``7.0`` after somebody's spreadsheet."""
    if isinstance(told, float):
        if not (told.is_integer() and abs(told) < _EXACT_FLOATS):
            return None
        told = int(told)
    found = _WHOLE.fullmatch(str(told).strip()) if type(told) in {int, str} else None
    number = int(found[1]) if found else 0
    return str(number) if number else None


def _moment(told: object) -> datetime | None:
    """Milliseconds since 1970 as a moment; None for what is none."""
    number = _id(told)
    try:
        return None if number is None else _EPOCH + timedelta(milliseconds=int(number))
    except OverflowError:
        return None


def _identity(event: Mapping[str, Any], what: str) -> str | None:
    """Equal for exact repeats. `eventId` is not unique (section 17): all that names the event counts.

    None where a part is missing. The attempt's number and the value are no parts of it.
    """
    names = ["portalId", "subscriptionId", "eventId", "occurredAt", *_SUBJECTS.get(what, _SUBJECT)]
    parts = [event.get(name) for name in names]
    if not all(isinstance(part, str | int | float) for part in parts):
        return None
    optional = (event.get("objectTypeId"), event.get("associationRemoved"))
    parts += [part if isinstance(part, str | int) else None for part in optional]
    text = repr((what, *parts)).encode("utf-8", "backslashreplace")
    return hashlib.blake2b(text, digest_size=16).hexdigest()
