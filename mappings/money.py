"""Amounts of money: how many decimals a currency has, and amounts read in their record's currency. Pure.

An amount in yen has no decimals, whatever the field could hold: 1000.4 and 1000 yen are the same.
"""

from __future__ import annotations

from decimal import Decimal

from connector.port import Value, Values
from mappings.normal import as_text, number
from mappings.schema import Carried, Context, Fault, Pending, Reader, Skip

USUAL_DECIMALS = 2
# ISO 4217, list one ("minor unit"): every currency in use whose minor unit is not 2.
OTHER_DECIMALS = {
    code: places
    for places, codes in {
        0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
        3: "BHD IQD JOD KWD LYD OMR TND",
        4: "CLF UYW",
    }.items()
    for code in codes.split()
}


def decimals(currency: Value) -> int | None:
    """How many decimals an amount in this currency has; None where no currency is told."""
    code = as_text(currency).strip().upper()
    if not (len(code) == 3 and code.isascii() and code.isalpha()):
        return None
    return OTHER_DECIMALS.get(code, USUAL_DECIMALS)


def in_currency(read: Reader, currency_field: str) -> Reader:
    """Read an amount rounded to what its record's currency can hold; what is no number stays."""

    def read_amount(values: Values, context: Context) -> Carried:
        held = read(values, context)
        if held is None or isinstance(held, tuple | Fault | Skip | Pending):
            return held
        places = decimals(values.get(currency_field))
        if places is None:
            return held
        amount, rounded = (number(as_text(held), scale) for scale in (None, places))
        if rounded == amount or not isinstance(rounded, Decimal):
            return held
        return _like(held, rounded)

    return read_amount


def _like(held: Value, amount: Decimal) -> Value:
    """A rounded amount in the vendor's own wire type: HubSpot's is text, Salesforce's a number."""
    if isinstance(held, str):
        return format(amount, "f")
    return int(amount) if amount == amount.to_integral_value() else float(amount)
