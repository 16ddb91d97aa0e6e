"""Third parties' intent: files about their JSON, and what becomes of their rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from intent.model import UNKNOWN, Event, Identity, Rejection
from intent.sources import Source, Where, read_sources
from mappings.faults import FaultList, MappingFault
from tests.intent.visits import NOW, intake

SHIPPED = Path(__file__).parents[2] / "intent" / "samples" / "sources"
TOPICS = ("pricing", "integration")
GOOD = """\
version: 1
provider: Acme Data K.K.
event:
  occurred_at: at
  points: points
  email: mail
  company_domain: firm.0.domain
  corporate_number: number
  topic: theme
  url: page
  title: heading
  asset: paper
  consent_basis: {always: contract 2026-04}
  confirmed_at: checked
topics: {価格: pricing}
"""
ROW = {
    "at": "2026-11-20T10:00:00+09:00",
    "points": 7,
    "firm": [{"domain": "www.acme.co.jp"}],
    "theme": "価格",
    "checked": "2026-04-01",
}


def read(
    folder: Path, text: str, name: str = "acme"
) -> tuple[dict[str, Source], list[MappingFault]]:
    """The sources of a folder with one file, and what is wrong with it."""
    (folder / f"{name}.yaml").write_text(text, "utf-8")
    faults = FaultList()
    return read_sources(folder, TOPICS, faults), faults.faults


@pytest.fixture
def source(tmp_path: Path) -> Source:
    found, faults = read(tmp_path, GOOD)
    assert faults == []
    return found["acme"]


def read_row(source: Source, **more: Any) -> Event | Rejection:
    row = {key: value for key, value in (ROW | more).items() if value is not None}
    return source.read(row, 3, intake(), NOW)


def event_of(source: Source, **more: Any) -> Event:
    found = read_row(source, **more)
    assert isinstance(found, Event), found
    return found


# Rows ----------------------------------------------------------------------------------------------


def test_a_company_without_a_person_stays_with_the_account(source: Source) -> None:
    """Its provider, its basis and the day of its confirmation stand beside it."""
    found = event_of(source)
    assert found.identity == Identity(company_domain="acme.co.jp")
    assert (found.topic, found.points, found.basis) == ("pricing", 7.0, "contract 2026-04")
    assert found.properties == {"provider": "Acme Data K.K.", "confirmed_at": "2026-04-01"}


def test_a_person_is_one_by_mail_address_only(source: Source) -> None:
    """Other people's cookies are none of ours."""
    found = event_of(source, mail="Ann@Acme.co.jp", visitor="v1", hubspotutk="h1")
    assert found.identity == Identity(email="ann@acme.co.jp", company_domain="acme.co.jp")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"checked": None}, "no_consent"),
        ({"checked": "soon"}, "no_consent"),
        ({"checked": "2027-01-01"}, "no_consent"),
        ({"firm": None}, "no_identity"),
        ({"firm": [{"domain": "gmail.com"}]}, "no_identity"),
        ({"firm": {"domain": "acme.co.jp"}}, "no_identity"),
        ({"at": None}, "bad_time"),
        ({"at": "2027-01-01T00:00:00Z"}, "bad_time"),
        ({"points": None}, "malformed"),
        ({"points": 11}, "malformed"),
        ({"points": -1}, "malformed"),
        ({"points": "many"}, "malformed"),
        ({"points": "nan"}, "malformed"),
        ({"page": "nowhere"}, "malformed"),
        ({"page": "https://x.example.com/" + "a" * 5_000}, "too_long"),
    ],
)
def test_a_row_is_refused_with_a_code_of_the_contract(
    source: Source, more: dict[str, Any], code: str
) -> None:
    """By its place and by the id that it would have had."""
    found = read_row(source, **more)
    assert isinstance(found, Rejection)
    assert (found.index, found.code) == (3, code)
    assert (found.event_id or "").startswith("acme:")


def test_a_row_without_any_basis_is_refused(tmp_path: Path) -> None:
    """Where each row is to bring its own."""
    found, _ = read(tmp_path, GOOD.replace("{always: contract 2026-04}", "basis"))
    refused = read_row(found["acme"])
    assert isinstance(refused, Rejection)
    assert refused.code == "no_consent"
    assert "Acme Data K.K." in refused.message
    assert isinstance(read_row(found["acme"], basis="purchase terms 4"), Event)


def test_a_word_that_nobody_gave_a_topic_stands_under_none(source: Source) -> None:
    """Without any word the page may tell."""
    assert event_of(source, theme="integration").topic == "integration"
    assert event_of(source, theme="別の話").topic == UNKNOWN
    page = event_of(source, theme=None, page="https://x.example.com/docs/1?mail=a@example.com")
    assert (page.topic, page.url) == ("integration", "https://x.example.com/docs/1")


def test_the_same_row_has_the_same_id(source: Source) -> None:
    """In whatever order its keys come; another row has another one."""
    again = source.read(dict(reversed(ROW.items())), 0, intake(), NOW)
    assert isinstance(again, Event)
    assert event_of(source).event_id == again.event_id
    assert event_of(source, points=6).event_id != again.event_id


def test_employees_do_not_count_here_either(source: Source) -> None:
    """Whoever tells of them."""
    assert event_of(source, mail="bob@agency.jp").discard == "employee"


@given(
    st.recursive(
        st.none() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=9) | st.floats(),
        lambda b: st.lists(b, max_size=3) | st.dictionaries(st.sampled_from([*ROW]), b),
    )
)
def test_whatever_a_vendor_sends_becomes_an_event_or_a_rejection(row: object) -> None:
    """Nothing makes the door fall."""
    places = {"occurred_at": "at", "points": "points", "company_domain": "firm", "topic": "theme"}
    source = Source(
        name="acme",
        provider="Acme",
        event={key: Where((path,)) for key, path in places.items()}
        | {"consent_basis": Where(always="x"), "confirmed_at": Where(("checked",))},
    )
    assert isinstance(source.read(row, 0, intake(), NOW), Event | Rejection)


# Files ---------------------------------------------------------------------------------------------

BROKEN = [
    ("version: 1\n", "version: 2\n", "bad_version", "2", None),
    ("version: 1\n", "", "missing_key", "version", None),
    ("provider: Acme Data K.K.\n", "", "missing_key", "provider", None),
    ("provider: Acme Data K.K.\n", "provider:\n", "missing_key", "provider", None),
    ("provider", "provder", "unknown_key", "provder", "provider"),
    ("  points: points\n", "", "missing_key", "points", None),
    ("  confirmed_at: checked\n", "", "missing_key", "confirmed_at", None),
    ("consent_basis", "consent_bases", "unknown_key", "consent_bases", "consent_basis"),
    ("{always: contract 2026-04}", "{alwys: x}", "unknown_key", "alwys", "always"),
    ("{always: contract 2026-04}", "[x]", "wrong_type", "[x]", None),
    ("firm.0.domain", "firm..domain", "wrong_type", "firm..domain", None),
    ("{価格: pricing}", "{価格: pricng}", "not_allowed", "pricng", "pricing"),
    ("{価格: pricing}", "[pricing]", "wrong_type", "[pricing]", None),
    ("version: 1\n", "version: 1\nmost_points: none\n", "wrong_type", "none", None),
    ("version: 1\n", "version: 1\nmost_points: 0\n", "wrong_type", "0", None),
]


@pytest.mark.parametrize(("right", "wrong", "code", "found", "nearest"), BROKEN)
def test_a_fault_of_a_file_is_told_with_its_place(
    tmp_path: Path, right: str, wrong: str, code: str, found: str, nearest: str | None
) -> None:
    """What stands there, what may, in two languages; the file is not used."""
    sources, faults = read(tmp_path, GOOD.replace(right, wrong))
    assert sources == {}
    first = next(fault for fault in faults if fault.code == code)
    assert (first.found, first.nearest) == (found, nearest)
    assert first.place.file.endswith("acme.yaml")
    assert first.message("en")
    assert first.message("ja")


def test_a_source_tells_about_somebody(tmp_path: Path) -> None:
    """A file that names no identifier at all is of no use."""
    lines = [
        line
        for line in GOOD.splitlines()
        if not line.strip().startswith(("email", "company", "corp"))
    ]
    _, faults = read(tmp_path, "\n".join(lines))
    assert [fault.code for fault in faults] == ["source_of_nobody"]
    assert "company_domain" in faults[0].message("ja")


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """Of all files; a good one beside them is used."""
    (tmp_path / "good.yaml").write_text(GOOD, "utf-8")
    sources, faults = read(tmp_path, "version: 3\nevents: {}\n")
    assert set(sources) == {"good"}
    assert {fault.code for fault in faults} == {"bad_version", "unknown_key", "missing_key"}


def test_a_file_name_has_to_fit_into_an_address(tmp_path: Path) -> None:
    """It becomes the last part of the door's."""
    _, faults = read(tmp_path, GOOD, "Acme データ")
    assert [fault.code for fault in faults] == ["source_name"]


def test_no_folder_is_no_source(tmp_path: Path) -> None:
    """Nobody has to have one."""
    faults = FaultList()
    assert read_sources(tmp_path / "none", None, faults) == {}
    assert faults.faults == []


def test_the_shipped_sample_is_right_and_reads_its_own_example() -> None:
    """The rows in its comment become events."""
    faults = FaultList()
    [sample] = read_sources(SHIPPED, None, faults).values()
    assert faults.faults == []
    text = (SHIPPED / f"{sample.name}.yaml").read_text("utf-8")
    example = YAML(typ="safe").load(
        "\n".join(
            line.removeprefix("#   ") for line in text.splitlines() if line.startswith("#   ")
        )
    )
    rows = sample.rows_of(example)
    assert rows is not None
    first, second = (sample.read(row, n, intake(), NOW) for n, row in enumerate(rows))
    assert isinstance(first, Event), first
    assert first.identity.company_domain == "acme.co.jp"
    assert first.points == 8.0
    assert isinstance(second, Rejection)
    assert second.code == "no_consent"
