"""People are called as they are called at home, whatever language is spoken around their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import get_args

import pytest

from connector.memory import MemoryConnector
from connector.port import Connector, System
from intent.model import Subject
from mappings.faults import Language
from sync.callers import Addresses, callers
from sync.foresight import Place
from tests.sync.bridge import schema

LANGUAGES: tuple[Language, ...] = get_args(Language)
NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)
WHO = Subject("person", "1")


@dataclass
class OneLead:
    """Somebody with one record in Salesforce."""

    connectors: Mapping[System, Connector]
    record_id: str

    def places(self, _subject: Subject) -> Sequence[Place]:
        return [Place(System.SALESFORCE, "Lead", self.record_id)]


def called(first: str, last: str, language: Language) -> str:
    names = ("FirstName", "LastName", "Email", "Company")
    twin = MemoryConnector(System.SALESFORCE, clock=lambda: NOW, fields={"Lead": schema(names, ())})
    made = twin.seed("Lead", {"FirstName": first, "LastName": last})
    known = OneLead({System.SALESFORCE: twin}, made)
    return callers(known, [WHO], language, Addresses())[WHO].name


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("first", "last", "whole"),
    [
        ("陽翔", "藤井", "藤井 陽翔"),
        ("ハルト", "フジイ", "フジイ ハルト"),
        ("", "藤井", "藤井"),
    ],
)
def test_in_japanese_script_the_family_comes_first(
    language: Language, first: str, last: str, whole: str
) -> None:
    """Also in a letter that is written in English."""
    assert called(first, last, language) == whole


def test_other_names_follow_the_language() -> None:
    """An English letter names Ann Lee as she signs, a Japanese one as everybody else in it."""
    assert called("Ann", "Lee", "en") == "Ann Lee"
    assert called("Ann", "Lee", "ja") == "Lee Ann"
    assert called("さくら", "Lee", "en") == "さくら Lee"
