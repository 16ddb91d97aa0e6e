"""Amounts in their record's currency, and closing days where the business is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.port import Value
from mappings.compile import Locale
from mappings.money import decimals
from mappings.schema import Line, Mapping
from tests.mappings.builders import (
    CONTEXT,
    HUBSPOT,
    SALESFORCE,
    back,
    compiled,
    faults_of,
    schema,
    text,
    there,
    write,
)

HEAD = "version: 1\nname: deals\nbetween: {hubspot: deals, salesforce: Opportunity}\nfields:\n"
AMOUNT = "  - amount <-> Amount: {currency: {hubspot: deal_currency_code, salesforce: CurrencyIsoCode}}\n"
CLOSE = "  - closedate <-> CloseDate\n"
WORLD = {
    (HUBSPOT, "deals"): schema(
        HUBSPOT,
        "deals",
        text("amount", kind="number"),
        text("deal_currency_code", kind="picklist"),
        text("closedate", kind="datetime"),
        text("dealname"),
    ),
    (SALESFORCE, "Opportunity"): schema(
        SALESFORCE,
        "Opportunity",
        text("Amount", kind="number", scale=2),
        text("CurrencyIsoCode", kind="picklist"),
        text("CloseDate", kind="date", required=True),
        text("Name", length=120),
    ),
}


def deals(folder: Path, written: str, timezone: str = "Asia/Tokyo") -> Mapping:
    return compiled(folder, HEAD + written, WORLD, Locale(timezone, "JP")).mappings[0]


def one_line(written: str, timezone: str = "Asia/Tokyo") -> Line:
    with TemporaryDirectory() as folder:
        return deals(Path(folder), written, timezone).objects["Opportunity"].lines[0]


MONEY = one_line(AMOUNT)


@pytest.mark.parametrize(
    ("currency", "places"),
    [("JPY", 0), ("jpy", 0), ("KRW", 0), ("USD", 2), ("EUR", 2), ("KWD", 3), ("CLF", 4)],
)
def test_a_currency_has_its_own_decimals(currency: str, places: int) -> None:
    """The minor units of ISO 4217."""
    assert decimals(currency) == places


@pytest.mark.parametrize("currency", [None, "", "円", "YEN!", "12", 7])
def test_what_is_no_currency_rounds_nothing(currency: Value) -> None:
    """A record that does not tell its currency keeps its amount as it is."""
    assert decimals(currency) is None
    assert (
        MONEY.hubspot.read({"amount": "1.234", "deal_currency_code": currency}, CONTEXT) == "1.234"
    )


@pytest.mark.parametrize(
    ("currency", "held", "read"),
    [
        ("JPY", "1000.4", "1000"),
        ("JPY", "1000", "1000"),
        ("JPY", "1000.5", "1001"),
        ("JPY", "1000000", "1000000"),
        ("USD", "10.005", "10.01"),
        ("USD", "10.1", "10.1"),
        ("KWD", "1.2345", "1.235"),
        ("JPY", "much", "much"),
        ("JPY", None, None),
        ("JPY", "9" * 39 + ".5", "1" + "0" * 39),
    ],
)
def test_an_amount_is_read_as_its_currency_can_hold_it(
    currency: str, held: Value, read: Value
) -> None:
    """Yen have no decimals, whatever the field could hold."""
    assert MONEY.hubspot.read({"amount": held, "deal_currency_code": currency}, CONTEXT) == read


def test_salesforce_keeps_its_numbers_numbers() -> None:
    """The wire types of the vendors stay what they are."""
    read = MONEY.salesforce.read
    assert read({"Amount": 1000.4, "CurrencyIsoCode": "JPY"}, CONTEXT) == 1000
    assert read({"Amount": 10.125, "CurrencyIsoCode": "USD"}, CONTEXT) == 10.13


@given(
    st.sampled_from(["JPY", "USD", "KWD", None]),
    st.decimals(0, 10**12, places=4).map(lambda amount: format(amount, "f")),
)
@settings(max_examples=200, deadline=None)
def test_an_amount_that_travelled_is_no_edit(currency: str | None, amount: str) -> None:
    """There and back, it is the same in normal form, so that a second plan is empty."""
    here = MONEY.hubspot.read({"amount": amount, "deal_currency_code": currency}, CONTEXT)
    across = there(MONEY, here)  # type: ignore[arg-type]  # a text
    held = MONEY.salesforce.read({"Amount": across, "CurrencyIsoCode": currency}, CONTEXT)  # type: ignore[dict-item]  # a number
    assert MONEY.salesforce.normal(held) == MONEY.salesforce.normal(across)  # type: ignore[arg-type]  # likewise
    assert MONEY.hubspot.normal(back(MONEY, held)) == MONEY.hubspot.normal(here)  # type: ignore[arg-type]  # likewise
    if currency == "JPY":
        assert Decimal(str(across)) == Decimal(str(across)).to_integral_value()


def test_the_currencies_are_read_with_the_record(tmp_path: Path) -> None:
    """What a decision needs is asked for."""
    made = deals(tmp_path, AMOUNT)
    assert "deal_currency_code" in made.fields[HUBSPOT, "deals"]
    assert "CurrencyIsoCode" in made.fields[SALESFORCE, "Opportunity"]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("  - amount <-> Amount: {currency: {hubspot: deal_currency_code}}\n", "missing_key"),
        ("  - amount <-> Amount: {currency: {hubspot: a, salesforce: B}}\n", "unknown_field"),
        (AMOUNT.replace("amount <-> Amount", "dealname <-> Name"), "currency_needs_number"),
        ("  - amount <-> Amount: {currency: {hubspt: a}}\n", "unknown_key"),
    ],
)
def test_a_currency_that_could_not_count_is_refused(
    tmp_path: Path, written: str, code: str
) -> None:
    """Both sides name a field that exists, beside a number."""
    write(tmp_path, HEAD + written)
    assert code in {fault.code for fault in faults_of(tmp_path, WORLD)}


ZONES = ["Asia/Tokyo", "America/New_York", "UTC", "Pacific/Auckland", "Europe/Berlin"]
CLOSING = {zone: one_line(CLOSE, zone) for zone in ZONES}


@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis wants bounds without a zone
)
@settings(max_examples=200, deadline=None)
def test_a_closing_time_is_a_day_where_the_business_is(zone: str, moment: datetime) -> None:
    """And the day, told back, is a time of the same day: no edit on either side."""
    made = CLOSING[zone]
    told = moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    day = there(made, told)
    assert day == str(moment.astimezone(ZoneInfo(zone)).date())
    again = back(made, day)
    assert made.hubspot.normal(again) == made.hubspot.normal(told)  # type: ignore[arg-type]  # a text
    assert made.salesforce.normal(there(made, again)) == made.salesforce.normal(day)  # type: ignore[arg-type]  # likewise


@given(st.sampled_from(ZONES), st.dates(date(1990, 1, 1), date(2090, 1, 1)))
@settings(max_examples=200, deadline=None)
def test_a_closing_day_comes_back_as_itself(zone: str, day: date) -> None:
    """Whatever the zone and its summer time, a day that travels to HubSpot and back is that day."""
    made = CLOSING[zone]
    assert there(made, back(made, str(day))) == str(day)  # type: ignore[arg-type]  # a text
