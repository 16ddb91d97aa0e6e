"""What may be stored of what a website tells: addresses of pages, titles, mail addresses, networks. Pure.

Whatever could name a person is taken out *before* anything is put on file. Masks begin with a tilde, so a
cleaned text stays as it is when it is cleaned again. Rules: domain sheet 5.3.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from fnmatch import fnmatchcase
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from mappings import normal
from mappings.grammar import MAIL

# Characters. An address beyond the first is refused (`too_long`); titles are cut.
LONGEST_URL, LONGEST_TITLE, LONGEST_SEGMENT, LONGEST_VALUE = 4_096, 200, 200, 100
MOST_SEGMENTS = 20
LONGEST_EMAIL = 254  # RFC 5321, section 4.5.3.1.3
# Masks, and what stands behind them.
MAIL_MASK, PHONE_MASK, NUMBER_MASK, TOKEN_MASK, LONG_MASK = (
    "~mail",
    "~phone",
    "~number",
    "~token",
    "~long",
)
# Percent signs may be escaped again and again; nobody does that more often in good faith.
MOST_ROUNDS = 5
# Of an address that nobody asked to be told apart by them.
CAMPAIGN = "utm_"

# Control characters, marks without a width, and halves of characters, which no database takes.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff\ud800-\udfff]")
_LONG_DIGITS = re.compile(r"\d{7,}")
_PHONE = re.compile(r"[+(]?\d[\d\-(). ]{7,}\d")
_PHONE_WITHIN = re.compile(
    r"(?<!\d)(?:\+\d{1,3}[- ]?)?\(?\d{2,5}\)?[-. ]\d{1,4}[-. ]\d{3,4}(?!\d)", re.ASCII
)
_DAY_FIRST = re.compile(r"(?:19|20)\d\d[-./]\d{1,2}[-./]\d{1,2}(?!\d)")
_UUID = re.compile(r"(?i)[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")
_HEX = re.compile(r"(?i)(?=[0-9a-f]*\d)(?=\d*[a-f])[0-9a-f]{16,}")
_UNBROKEN = re.compile(r"[A-Za-z]{40,}")
# Where letters and digits alternate, or capitals follow small letters: no word of a language does it often.
_ODD_TURN = re.compile(r"(?:[a-z](?=[A-Z0-9])|[A-Z](?=\d)|\d(?=[A-Za-z]))")
_TOKEN_FROM, _LETTERS_PER_TURN = 16, 6
_MAIL_WITHIN = re.compile(r"[^\s@<>()\[\],;:\"']+@[^\s@<>()\[\],;:\"']+")
# Kept in a stored path as they are; everything else of ASCII is escaped.
_PATH_SAFE = "-._~!$'()*+,=:"
_QUERY_SAFE = "-._~*"


class NoAddress(ValueError):
    """This is no address of a page on the web."""


# Addresses of pages ------------------------------------------------------------------------------


@lru_cache(8_192)
def clean_url(told: str, kept: frozenset[str]) -> str:
    """The address of a page as it may be stored: no user, no fragment, no query beyond `kept`.

    `kept` are names of query parameters, a star at the end allowed. Segments of the path that look like a
    mail address, a phone number, a token or a long number are masked. Raises `NoAddress`.
    """
    parts = _split(told)
    host = _host(parts)
    path = "/".join(_segment(one) for one in parts.path.split("/")[: MOST_SEGMENTS + 1])
    query = "&".join(f"{name}={value}" for name, value in _query(parts.query, kept))
    return f"{parts.scheme}://{host}{path or '/'}" + (f"?{query}" if query else "")


def page_of(url: str) -> str:
    """The group of addresses that counts as one page, of a cleaned address.

    Host without ``www.``, path without a closing slash or ``index.html``, without campaign parameters.
    """
    parts = urlsplit(url)
    path = re.sub(r"/(?:index\.(?:html?|php|aspx?))?$", "", parts.path)
    kept = [one for one in parts.query.split("&") if one and not one.startswith(CAMPAIGN)]
    query = f"?{'&'.join(sorted(kept))}" if kept else ""
    return f"{parts.netloc.removeprefix('www.')}{path or '/'}{query}"


def path_of(url: str) -> str:
    """The path of a cleaned address as people read it, small letters, no closing slash."""
    return unquote(urlsplit(url).path).lower().rstrip("/") or "/"


def _split(told: str) -> SplitResult:
    try:
        parts = urlsplit(told.strip())
        _ = parts.port
    except ValueError:
        raise NoAddress from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise NoAddress
    return parts


def _host(parts: SplitResult) -> str:
    """Host and port; whoever logs in by an address does not stand in there."""
    host = unicodedata.normalize("NFKC", parts.hostname or "").rstrip(".")
    if not host or len(host) > 253 or re.search(r"[^\w.:-]", host):
        raise NoAddress
    shown = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}[parts.scheme]
    return shown if parts.port in {None, usual} else f"{shown}:{parts.port}"


def _segment(raw: str) -> str:
    plain = _plain(raw)
    if plain is None:
        return TOKEN_MASK
    # Parameters of a segment (``;jsessionid=``) are a query by another name.
    plain = plain.partition(";")[0]
    return _mask_of(plain) or _escaped(plain, _PATH_SAFE)


def _query(raw: str, kept: frozenset[str]) -> Iterator[tuple[str, str]]:
    """What stays of a query, in its order. A value that looks like a person does not."""
    if not kept or not raw:
        return
    try:
        pairs = parse_qsl(raw, max_num_fields=100)
    except ValueError:
        return
    for told_name, told_value in pairs:
        name, value = _plain(told_name), _plain(told_value)
        if not name or not value or len(value) > LONGEST_VALUE or _mask_of(name) or _mask_of(value):
            continue
        if any(fnmatchcase(name, pattern) for pattern in kept):
            yield _escaped(name, _QUERY_SAFE), _escaped(value, _QUERY_SAFE)


def _plain(raw: str) -> str | None:
    """Readable text, escapes undone until nothing changes; None where that never ends."""
    for _ in range(MOST_ROUNDS):
        undone = unicodedata.normalize("NFKC", unquote(raw, errors="replace"))
        undone = _CONTROL.sub("", undone)
        if undone == raw:
            return raw
        raw = undone
    return None


def _escaped(plain: str, safe: str) -> str:
    """Letters of all languages as they are, everything else of ASCII escaped."""
    return "".join(one if one > "\x7f" else quote(one, safe=safe) for one in plain)


def _mask_of(plain: str) -> str | None:
    """The mask for a text that could name a person or open a door; None where it may stay."""
    if len(plain) > LONGEST_SEGMENT:
        return LONG_MASK
    if "@" in plain:
        return MAIL_MASK
    if _is_phone(plain):
        return PHONE_MASK
    if _is_token(plain):
        return TOKEN_MASK
    digits = _LONG_DIGITS.findall(plain)
    return NUMBER_MASK if any(not _is_day(run) for run in digits) else None


def _is_phone(text: str) -> bool:
    """Nine to fifteen digits, with what people write between them; a day with a number is none."""
    if not _PHONE.fullmatch(text) or _DAY_FIRST.match(text):
        return False
    return 9 <= len(re.sub(r"\D", "", text)) <= 15


def _is_token(text: str) -> bool:
    """Ids and keys that machines make. Titles in addresses are words, whatever their number."""
    if _UUID.search(text) or _HEX.search(text) or _UNBROKEN.search(text):
        return True
    if len(text) < _TOKEN_FROM:
        return False
    return len(_ODD_TURN.findall(text)) * _LETTERS_PER_TURN >= len(text)


def _is_day(digits: str) -> bool:
    """``20261128`` is a date, as blogs have it in their addresses."""
    if len(digits) != 8 or not 1990 <= int(digits[:4]) <= 2099:
        return False
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


# Texts -------------------------------------------------------------------------------------------


def clean_text(told: str, longest: int = LONGEST_TITLE) -> str | None:
    """A title or a name of something, in one line: what looks like a person is masked, the end is cut."""
    plain = _CONTROL.sub(" ", unicodedata.normalize("NFKC", told[: 8 * longest]))
    without = _MAIL_WITHIN.sub(MAIL_MASK, plain).replace("@", " ")
    without = _PHONE_WITHIN.sub(PHONE_MASK, without)
    return " ".join(_word(one) for one in without.split())[:longest].strip() or None


def readable(told: str, longest: int) -> str:
    """The beginning of a text as it may be told back to its sender."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", told[:longest])


def _word(word: str) -> str:
    masked = _mask_of(word) if len(word) <= LONGEST_SEGMENT else None
    return masked or word


# Who and where from ------------------------------------------------------------------------------


def clean_email(told: str) -> str | None:
    """A mail address in its normal form; None where it is none."""
    found = normal.email(told.strip().removeprefix("mailto:"))
    if found is None or len(found) > LONGEST_EMAIL or not MAIL.match(found):
        return None
    return found


def clean_domain(told: str) -> str | None:
    """The host of a domain, an address or a mail address, in its normal form; None where it is none."""
    found = normal.domain(told.strip().rpartition("@")[2])
    if found is None or len(found) > 253 or not re.fullmatch(r"[\w-]+(?:\.[\w-]+)+", found):
        return None
    return found


def address_of(told: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """A network address; one of IPv4 that is written as IPv6 is one of IPv4."""
    try:
        found = ipaddress.ip_address(told.strip().partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found


def truncated(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """The network that is left of an address after the look-up: /24, or /48 of IPv6."""
    length = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network((address, length), strict=False))
