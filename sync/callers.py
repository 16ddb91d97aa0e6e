"""Whom a letter is about, as people call them: read when it is written, and kept nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from connector.port import Connector, System, Value, Values
from intent.model import Subject
from lifecycle.wording import Who
from mappings.faults import Language
from sync.foresight import Place

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
# Each system's own names of a name and a company; a Contact's company is a record of its own.
NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "contacts": ("firstname", "lastname", "email", "company"),
    "Lead": ("FirstName", "LastName", "Email", "Company"),
    "Contact": ("FirstName", "LastName", "Email"),
}
AT_ONCE: Final = 100
# Kana of both widths, and kanji.
JAPANESE: Final = re.compile("[\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f]")


class Known(Protocol):
    """Where people's records are; `sync.acquaintance.Acquaintance` is one."""

    @property
    def connectors(self) -> Mapping[System, Connector]: ...

    def places(self, subject: Subject) -> Sequence[Place]: ...


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where records are seen: below the org's My Domain, and in the portal. None: there is no link."""

    my_domain: str | None = None
    portal: str | None = None

    def of(self, place: Place) -> str | None:
        """A record's page. HubSpot's: knowledge.hubspot.com, "record URLs"; 0-1 are contacts."""
        if place.system is SALESFORCE:
            return self.my_domain and f"{self.my_domain}/{place.id}"
        return (
            self.portal and f"https://app.hubspot.com/contacts/{self.portal}/record/0-1/{place.id}"
        )


def callers(
    known: Known,
    subjects: Iterable[Subject],
    language: Language,
    addresses: Addresses,
    reader: System = SALESFORCE,
) -> dict[Subject, Who]:
    """Name, company and page of these; the page is in the system in which `reader`s work, if they are there.

    Raises what reading does. Somebody without a record or a name has an empty one.
    """
    places = {subject: known.places(subject) for subject in subjects}
    held = _read(known, {place for some in places.values() for place in some})
    return {
        subject: _who(some, held, language, addresses, reader) for subject, some in places.items()
    }


def _read(known: Known, places: set[Place]) -> dict[Place, Values]:
    found: dict[Place, Values] = {}
    for system, name in sorted({(one.system, one.object) for one in places}):
        wanted = NAMES.get(name)
        if wanted is None:
            continue
        ids = sorted(one.id for one in places if (one.system, one.object) == (system, name))
        connector = known.connectors[system]
        # Fields that a portal or an org does not have are not asked for.
        fields = [one for one in wanted if one in connector.describe(name).fields]
        for start in range(0, len(ids), AT_ONCE):
            records = connector.get_many(name, ids[start : start + AT_ONCE], fields)
            found |= {Place(system, name, id_): one.values for id_, one in records.items()}
    return found


def _who(
    places: Sequence[Place],
    held: Mapping[Place, Values],
    language: Language,
    addresses: Addresses,
    reader: System,
) -> Who:
    seen = [(place, held[place]) for place in places if place in held]
    names = (_name(place, values, language) for place, values in seen)
    companies = (_company(place, values) for place, values in seen)
    # The page in the other system is better than none.
    ranked = sorted(places, key=lambda place: place.system is not reader)
    return Who(
        next(filter(None, names), ""),
        next(filter(None, companies), None),
        next(filter(None, map(addresses.of, ranked)), None),
    )


def _name(place: Place, values: Values, language: Language) -> str:
    """First and last name as people say them; the address where there is none.

    A family name in Japanese script comes first, whatever language is spoken around it.
    """
    first, last, email = (_text(values.get(name)) for name in NAMES[place.object][:3])
    is_family_first = language == "ja" or JAPANESE.search(last) is not None
    parts = (last, first) if is_family_first else (first, last)
    return " ".join(one for one in parts if one) or email


def _company(place: Place, values: Values) -> str | None:
    return next((_text(values.get(name)) for name in NAMES[place.object][3:]), "") or None


def _text(value: Value) -> str:
    return "" if value is None else str(value).strip()
