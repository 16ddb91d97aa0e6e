"""SOQL in the Salesforce practice org: what it finds, how it pages, what it refuses."""

# ruff: noqa: S608 - the statements are SOQL, made by the tests themselves

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simple_salesforce import Salesforce, format_soql
from simple_salesforce.exceptions import SalesforceGeneralError, SalesforceMalformedRequest

from sandbox.behaviour import system_clock
from sandbox.salesforce.ids import normal_id, to18
from sandbox.salesforce.org import SalesforceOrg
from sandbox.salesforce.query import Queries
from sandbox.salesforce.soql import Comparison, parse, unescape
from tests.sandbox.salesforce_served import Served, lead, refused

pytest_plugins = ["tests.sandbox.salesforce_fixtures"]


def _names(sf: Salesforce, where: str) -> list[str]:
    found = sf.query_all(f"SELECT LastName FROM Lead WHERE {where} ORDER BY LastName")
    return [record["LastName"] for record in found["records"]]


@pytest.fixture
def people(org: SalesforceOrg) -> list[str]:
    return org.load(
        "Lead",
        [
            lead(LastName="Abe", Email="abe@example.com", NumberOfEmployees=5, City="Osaka"),
            lead(LastName="Baba", Email="Baba@example.com", NumberOfEmployees=50, DoNotCall=True),
            lead(LastName="Chiba", City="100%"),
            lead(LastName="O'Hara", NumberOfEmployees=7, City="osaka"),
        ],
    )


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("City = 'OSAKA'", ["Abe", "O'Hara"]),
        ("City != 'Osaka'", ["Baba", "Chiba"]),
        ("City = null", ["Baba"]),
        ("Email != null", ["Abe", "Baba"]),
        ("NumberOfEmployees > 5", ["Baba", "O'Hara"]),
        ("NumberOfEmployees >= 5 AND NumberOfEmployees <= 7", ["Abe", "O'Hara"]),
        ("NumberOfEmployees < 6", ["Abe"]),
        ("LastName IN ('abe', 'CHIBA')", ["Abe", "Chiba"]),
        ("City NOT IN ('Osaka')", ["Baba", "Chiba"]),
        ("LastName LIKE '%ba'", ["Baba", "Chiba"]),
        ("LastName LIKE '_b_'", ["Abe"]),
        (r"City LIKE '%\%'", ["Chiba"]),
        (r"LastName = 'O\'Hara'", ["O'Hara"]),
        ("LastName = 'Abe' OR (City = 'Osaka' AND NumberOfEmployees = 7)", ["Abe", "O'Hara"]),
        ("NOT City = 'Osaka'", ["Baba", "Chiba"]),
        ("DoNotCall = true", ["Baba"]),
        ("DoNotCall = false AND City = null", []),
        ("DoNotCall = null AND City = 'Osaka'", ["Abe", "O'Hara"]),
        ("Email IN ('BABA@example.com', 'nobody@example.com')", ["Baba"]),
        ("CreatedDate >= 2026-04-01T18:00:30+09:00 AND City = '100%'", ["Chiba"]),
        ("SystemModstamp > 2026-04-01T09:00:30Z", []),
        ("Owner.Name = 'practice integration' AND LastName < 'B'", ["Abe"]),
    ],
)
def test_conditions_find_what_salesforce_would(
    sf: Salesforce, people: list[str], where: str, found: list[str]
) -> None:
    """Text compares caseless, blanks are unequal to everything, and null booleans are false."""
    assert _names(sf, where) == found


def test_ids_may_be_asked_for_with_15_characters(sf: Salesforce, people: list[str]) -> None:
    assert _names(sf, f"Id = '{people[0][:15]}'") == ["Abe"]
    assert _names(sf, f"Id > '{people[1]}'") == ["Chiba", "O'Hara"]


def test_count_answers_a_number_and_no_records(sf: Salesforce, people: list[str]) -> None:
    told = sf.query("SELECT COUNT() FROM Lead")
    assert (told["totalSize"], told["done"], told["records"]) == (4, True, [])


def test_parents_come_as_objects_of_their_own(sf: Salesforce, org: SalesforceOrg) -> None:
    """With their type; null where there is no parent."""
    (account,) = org.load("Account", [{"Name": "Example"}])
    org.load("Contact", [{"LastName": "Lee", "AccountId": account}, {"LastName": "Mori"}])
    found = sf.query("SELECT LastName, Account.Name, Account.Owner.Email FROM Contact")["records"]
    assert found[0]["Account"]["attributes"]["type"] == "Account"
    assert found[0]["Account"]["Name"] == "Example"
    assert found[0]["Account"]["Owner"]["Email"].endswith("@practice.example.com")
    assert found[1]["Account"] is None


def test_order_puts_blanks_first_and_goes_by_several_keys(
    sf: Salesforce, people: list[str]
) -> None:
    text = "SELECT LastName FROM Lead ORDER BY City {}, LastName DESC"
    first = [one["LastName"] for one in sf.query(text.format("ASC"))["records"]]
    last = [one["LastName"] for one in sf.query(text.format("DESC NULLS LAST"))["records"]]
    assert first == ["Baba", "Chiba", "O'Hara", "Abe"]
    assert last == ["O'Hara", "Abe", "Chiba", "Baba"]


def test_limit_and_offset_cut_a_piece_out(sf: Salesforce, people: list[str]) -> None:
    told = sf.query("SELECT LastName FROM Lead ORDER BY LastName LIMIT 2 OFFSET 1")
    assert [one["LastName"] for one in told["records"]] == ["Baba", "Chiba"]
    assert told["totalSize"] == 2


def test_the_deleted_appear_in_query_all_only(
    sf: Salesforce, org: SalesforceOrg, people: list[str]
) -> None:
    org.delete("Lead", people[0])
    text = "SELECT Id, IsDeleted FROM Lead WHERE LastName = 'Abe'"
    assert sf.query(text)["totalSize"] == 0
    (found,) = sf.query(text, include_deleted=True)["records"]
    assert (found["Id"], found["IsDeleted"]) == (people[0], True)


def test_a_long_result_comes_in_pages_with_opaque_locators(
    sf: Salesforce, org: SalesforceOrg
) -> None:
    """2,000 records a page unless asked for fewer, never under 200."""
    org.load("Lead", [lead(LastName=f"L{number}") for number in range(2500)])
    first = sf.query("SELECT Id FROM Lead")
    assert (first["totalSize"], first["done"], len(first["records"])) == (2500, False, 2000)
    assert re.fullmatch(r"/services/data/v62\.0/query/0r8\w+-2000", first["nextRecordsUrl"])
    last = sf.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    assert (last["done"], len(last["records"]), "nextRecordsUrl" in last) == (True, 500, False)
    small = sf.query("SELECT Id FROM Lead", headers={"Sforce-Query-Options": "batchSize=10"})
    assert len(small["records"]) == 200


def test_pages_may_be_shorter_than_asked_for(sf: Salesforce, org: SalesforceOrg) -> None:
    """Only `done` tells the end, and every record comes once."""
    ids = org.load("Lead", [lead(LastName=f"L{number}") for number in range(5000)])
    org.short_pages = True
    pages, page = [], sf.query("SELECT Id FROM Lead")
    while True:
        pages.append([one["Id"] for one in page["records"]])
        if page["done"]:
            break
        page = sf.query_more(page["nextRecordsUrl"], identifier_is_url=True)
    assert [one for piece in pages for one in piece] == ids
    assert any(len(piece) < 2000 for piece in pages[:-1])


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("SELECT Foo FROM Lead", "INVALID_FIELD", "No such column 'Foo' on entity 'Lead'"),
        ("SELECT Id FROM Foo", "INVALID_TYPE", "sObject type 'Foo' is not supported."),
        ("SELECT Foo.Name FROM Lead", "INVALID_FIELD", "Didn't understand relationship 'Foo'"),
        ("SELECT Id FROM", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id Lead", "MALFORMED_QUERY", "unexpected token: 'Lead'"),
        ("SELECT Id FROM Lead WHERE City = 'x", "MALFORMED_QUERY", "unexpected token"),
        (r"SELECT Id FROM Lead WHERE City = '\x'", "MALFORMED_QUERY", "Illegal string literal"),
        ("SELECT Id, Id FROM Lead", "MALFORMED_QUERY", "duplicate field selected: Id"),
        ("SELECT Id FROM Lead WHERE City = 5", "INVALID_FIELD", "should be enclosed in quotes"),
        (
            "SELECT Id FROM Lead WHERE CreatedDate > '2026-01-01T00:00:00Z'",
            "INVALID_FIELD",
            "must be of type dateTime and should not be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Lead WHERE Description = 'x'",
            "INVALID_FIELD",
            "field 'Description' can not be filtered in a query call",
        ),
        (
            "SELECT Id FROM Lead ORDER BY Description",
            "MALFORMED_QUERY",
            "field 'Description' can not be sorted in a query call",
        ),
        ("SELECT Id FROM Lead OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "2000"),
        (
            f"SELECT Id FROM Lead WHERE City = '{'x' * 4001}'",
            "MALFORMED_QUERY",
            "longer than 4000",
        ),
    ],
)
def test_a_bad_query_is_refused(sf: Salesforce, text: str, code: str, message: str) -> None:
    with pytest.raises(SalesforceMalformedRequest) as caught:
        sf.query(text)
    error = refused(caught.value)
    assert error["errorCode"] == code
    assert message in error["message"]


def test_an_unknown_column_is_pointed_at(sf: Salesforce) -> None:
    """The statement, a mark under the word, and where it stands."""
    with pytest.raises(SalesforceMalformedRequest) as caught:
        sf.query("SELECT Foo FROM Lead")
    assert refused(caught.value)["message"].startswith(
        "\nSELECT Foo FROM Lead\n       ^\nERROR at Row:1:Column:8\nNo such column 'Foo'"
    )


def test_a_locator_that_nobody_gave_is_refused(sf: Salesforce) -> None:
    with pytest.raises(SalesforceMalformedRequest) as caught:
        sf.query_more("0r8nonsense-2000")
    assert refused(caught.value)["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_an_address_over_16384_bytes_is_too_long(sf: Salesforce) -> None:
    """414, as HTML: the edge says it."""
    ids = ",".join(f"'{to18(f'00Q5g0000{number:06d}')}'" for number in range(900))
    with pytest.raises(SalesforceGeneralError) as caught:
        sf.query(f"SELECT Id FROM Lead WHERE Id IN ({ids})")
    assert caught.value.status == 414


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=60))
def test_what_the_library_quotes_is_read_back(text: str) -> None:
    """Any text survives `format_soql` and our parser."""
    query = parse(format_soql("SELECT Id FROM Lead WHERE City = {}", text))
    assert isinstance(query.where, Comparison)
    assert query.where.values[0].value == text
    assert unescape(r"\u67b6") == "架"


@settings(max_examples=60, deadline=None)
@given(st.from_regex(r"[a-zA-Z0-9]{15}", fullmatch=True))
def test_every_short_id_has_one_long_form(short: str) -> None:
    """The long form is accepted as it is, and wrong capitals are noticed."""
    assert normal_id(short) == normal_id(to18(short)) == to18(short)
    swapped = short.swapcase()
    assert swapped == short or normal_id(swapped + to18(short)[15:]) != to18(short)


_WORDS = st.sampled_from(["a", "B", "ab", "", None])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_WORDS, st.integers(0, 3) | st.none()), max_size=12), st.data())
def test_order_limit_and_offset_agree_with_plain_sorting(
    rows: Sequence[tuple[str | None, int | None]], data: st.DataObject
) -> None:
    """Sorted by two keys, blanks first, ties by id, then cut."""
    org = SalesforceOrg(clock=system_clock)
    loaded = [lead(City=city, NumberOfEmployees=number) for city, number in rows]
    ids = org.load("Lead", loaded)
    limit, offset = data.draw(st.integers(0, 12)), data.draw(st.integers(0, 12))
    text = f"SELECT Id FROM Lead ORDER BY City, NumberOfEmployees, Id LIMIT {limit} OFFSET {offset}"
    queries = Queries(org.state, short_pages=False)
    page = queries.run(text, "/services/data/v62.0", 2000, deleted=False, everything=True)

    def key(place: int) -> tuple[Any, ...]:
        city, number = (rows[place][0] or None), rows[place][1]
        return (
            city is not None,
            (city or "").casefold(),
            number is not None,
            number or 0,
            ids[place],
        )

    expected = [ids[place] for place in sorted(range(len(rows)), key=key)]
    assert [one["Id"] for one in page["records"]] == expected[offset : offset + limit]


def test_hidden_fields_are_unknown_columns(sf: Salesforce, served: Served) -> None:
    """Field-level security: the person still sees them."""
    served.org.hide_field("Lead", "HasOptedOutOfEmail")
    with pytest.raises(SalesforceMalformedRequest) as caught:
        sf.query("SELECT HasOptedOutOfEmail FROM Lead")
    assert refused(caught.value)["errorCode"] == "INVALID_FIELD"
    assert served.client(person=True).query("SELECT HasOptedOutOfEmail FROM Lead")["done"]
