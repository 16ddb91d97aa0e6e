"""Normal forms: what two values are compared in. Never written anywhere. Pure.

Each function takes a cell as a system stores it and answers something hashable, None for blank. All
are idempotent on their own text results.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, time
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from functools import lru_cache, partial
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

import phonenumbers

from connector.port import FieldKind
from mappings.schema import Cell, Normal

OneNormal = Callable[[str], Normal]
# Values repeat a lot (countries, titles, owners): remembering them saves most of the work.
# A few thousand are enough for that, and keep memory flat over a million records.
REMEMBERED = 8_192
# Beyond this many digits a number is compared as text: nobody stores it as a number.
MOST_DIGITS = 40
# Salesforce takes no dates beyond these years.
FIRST_YEAR, LAST_YEAR = 1700, 4000
# From 1970-04 on; shorter numbers are more likely a year, or a date without hyphens.
MILLISECONDS = re.compile(r"-?\d{10,15}", re.ASCII)
PLAIN_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

COMPARE_WORDS = (
    "exact",
    "text",
    "ci",
    "email",
    "phone",
    "number",
    "date",
    "datetime",
    "set",
    "bool",
    "domain",
    "url",
    "company",
    "person_name",
    "kana",
    "corporate_number",
)


def text(value: str) -> str | None:
    """Outer blanks (the full-width one included) and line ends do not count; NFC."""
    if value.isascii() and "\r" not in value:
        return value.strip() or None
    folded = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n")).strip()
    return folded or None


def exact(value: str) -> str | None:
    """As it is."""
    return value or None


def ci(value: str) -> str | None:
    """Text with case and width folded."""
    if value.isascii():
        return value.strip().casefold() or None
    return _folded(value) or None


def _folded(value: str) -> str:
    """Width, case and outer blanks folded until nothing changes: a fold may undo a composition."""
    for _ in range(4):
        folded = unicodedata.normalize("NFKC", value).strip().casefold()
        if folded == value:
            break
        value = folded
    return value


def email(value: str) -> str | None:
    """Addresses compare without case, width and outer blanks."""
    return ci(value)


@lru_cache(REMEMBERED)
def phone(value: str, region: str) -> str | None:
    """E.164, numbers without a country read as of `region`; what is no number compares as text."""
    folded = ci(value)
    if folded is None:
        return None
    try:
        parsed = phonenumbers.parse(folded, region)
    except phonenumbers.NumberParseException:
        return folded
    formatted = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return f"{formatted};ext={parsed.extension}" if parsed.extension else formatted


def number(value: str, scale: int | None) -> Normal:
    """A decimal, rounded to the coarser scale of the two systems; other text compares as text."""
    folded = unicodedata.normalize("NFKC", value).strip().replace(",", "")
    if not folded:
        return None
    if "_" in folded:
        return text(value)
    try:
        found = Decimal(folded)
    except InvalidOperation:
        return text(value)
    if not found.is_finite() or abs(found.adjusted()) > MOST_DIGITS:
        return text(value)
    with localcontext() as context:
        # HubSpot tells computed numbers with fifty and more decimals.
        context.prec = 4 * MOST_DIGITS
        if scale is not None:
            found = found.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
        return found.normalize() + 0


def moment(value: str) -> datetime | None:
    """A time in UTC out of ISO text (both vendors' forms) or milliseconds since 1970.

    Years that no calendar of either system reaches are no times.
    """
    folded = value.strip()
    try:
        if MILLISECONDS.fullmatch(folded):
            return datetime.fromtimestamp(int(folded) / 1000, UTC)
        found = datetime.fromisoformat(folded)
        if not FIRST_YEAR <= found.year <= LAST_YEAR:
            return None
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


@lru_cache(REMEMBERED)
def calendar_date(value: str, timezone: str, kind: FieldKind = "text") -> Normal:
    """A date. Fields of kind `date` hold midnight UTC; a time is read where the business is.

    Of a field that may hold either, midnight UTC counts as a date.
    """
    folded = value.strip()
    if not folded:
        return None
    if PLAIN_DATE.fullmatch(folded):
        return folded
    found = moment(folded)
    if found is None:
        return text(value)
    at_midnight = (found.hour, found.minute, found.second) == (0, 0, 0)
    if kind == "date" or (kind != "datetime" and at_midnight):
        return found.date().isoformat()
    return found.astimezone(ZoneInfo(timezone)).date().isoformat()


def instant(value: str, timezone: str) -> Normal:
    """A point in time, to the second (Salesforce stores no finer); a date is its local midnight."""
    folded = value.strip()
    if not folded:
        return None
    found = moment(folded)
    if found is None:
        return text(value)
    if PLAIN_DATE.fullmatch(folded):
        found = local_midnight(found, timezone)
    return int(found.timestamp())


def local_midnight(day: datetime, timezone: str) -> datetime:
    """The moment with which a calendar day begins where the business is."""
    return datetime.combine(day.date(), time(), ZoneInfo(timezone))


def choices(value: str) -> Normal:
    """A multi-select, whatever its order."""
    return frozenset(part.strip() for part in value.split(";") if part.strip()) or None


def flag(value: str) -> Normal:
    """True or blank: false counts as blank, since Salesforce knows no null there."""
    return True if value.strip().lower() == "true" else None


@lru_cache(REMEMBERED)
def domain(value: str) -> str | None:
    """The host of an address, without scheme, ``www.``, path and port."""
    folded = _folded(value)
    parts = _split_address(folded)
    host = (parts.hostname if parts is not None else None) or folded
    return re.sub(r"^(?:www\.)+", "", host).strip(". ") or None


@lru_cache(REMEMBERED)
def url(value: str) -> str | None:
    """Scheme and host without case, no trailing slash; http and https are the same page."""
    folded = unicodedata.normalize("NFKC", value).strip()
    parts = _split_address(folded)
    if parts is None:
        return folded or None
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.netloc.lower()}{parts.path.rstrip('/')}{query}" or None


def _split_address(value: str) -> SplitResult | None:
    try:
        return urlsplit(value if "//" in value else f"//{value}")
    except ValueError:
        return None


# After folding the width: ㈱ and （株） are (株) by then.
COMPANY_FORMS = (("株式会社", ("(株)",)), ("有限会社", ("(有)",)), ("合同会社", ("(同)", "(合)")))


@lru_cache(REMEMBERED)
def company(value: str) -> str | None:
    """㈱ is 株式会社, width and case are folded, blanks around it do not count; 前株 and 後株 differ."""
    folded = _folded(value)
    for full, short_forms in COMPANY_FORMS:
        for short in short_forms:
            folded = folded.replace(short, full)
    folded = re.sub(r"\s*(株式会社|有限会社|合同会社)\s*", r"\1", folded)
    return re.sub(r"\s+", " ", folded).strip() or None


@lru_cache(REMEMBERED)
def person_name(value: str) -> str | None:
    """Width, case and the width of inner blanks do not count."""
    return re.sub(r"\s+", " ", _folded(value)).strip() or None


@lru_cache(REMEMBERED)
def kana(value: str) -> str | None:
    """Half-width and full-width, hiragana and katakana are the same; blanks do not count."""
    folded = re.sub(r"\s+", "", unicodedata.normalize("NFKC", value))
    shifted = "".join(chr(ord(c) + 0x60) if "ぁ" <= c <= "ゖ" else c for c in folded)
    # Taking blanks out may bring a letter and its mark together.
    return unicodedata.normalize("NFKC", shifted) or None


@lru_cache(REMEMBERED)
def corporate_number(value: str) -> str | None:
    """法人番号: 13 digits, whatever stands between them."""
    return re.sub(r"\D", "", unicodedata.normalize("NFKC", value)) or None


def as_text(cell: Cell) -> str:
    """A single value as text: booleans in HubSpot's words, whole floats without a tail."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell)


def normaliser(
    word: str,
    *,
    timezone: str,
    region: str,
    scale: int | None = None,
    kind: FieldKind = "text",
) -> Callable[[Cell], Normal]:
    """The normal form named by a compare word, for cells of one or of several fields.

    `kind` is the kind of the field that holds them, `scale` the coarser one of both sides.
    """
    plain: dict[str, OneNormal] = {
        "exact": exact,
        "text": text,
        "ci": ci,
        "email": email,
        "set": choices,
        "bool": flag,
        "domain": domain,
        "url": url,
        "company": company,
        "person_name": person_name,
        "kana": kana,
        "corporate_number": corporate_number,
        "datetime": partial(instant, timezone=timezone),
        "date": partial(calendar_date, timezone=timezone, kind=kind),
        "phone": partial(phone, region=region),
        "number": partial(number, scale=scale),
    }
    one = plain[word]

    def normal(cell: Cell) -> Normal:
        if type(cell) is str:
            return one(cell)
        if cell is None:
            return None
        if isinstance(cell, tuple):
            parts = tuple(normal(part) for part in cell)
            return None if all(part is None for part in parts) else parts
        return one(as_text(cell))

    return normal
