"""Conditions and expressions, as the contract words them."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.port import System
from mappings.expressions import BadExpression, compile_expression
from mappings.schema import Context
from tests.sync.builders import NoPartners

CONTEXT = Context(today=date(2026, 11, 24), refs=NoPartners())
RECORD: dict[str, Any] = {
    "status": "Junk",
    "city": "",
    "age": "41",
    "first": "Ann",
    "last": "Lee",
    "n": 2.5,
}


def value(text: str, record: dict[str, Any] | None = None) -> object:
    expression = compile_expression(text, side=System.HUBSPOT, links={"company": "companies"})
    return expression.reader()(RECORD if record is None else record, CONTEXT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("status is 'Junk'", True),
        ("status is not 'Junk'", False),
        ("city is 'Tokyo'", False),
        ("city is not 'Tokyo'", True),
        ("city is empty and first is filled", True),
        ("missing < 5", False),
        ("age > 40", True),
        ("age >= 41 and not age > 41", True),
        ("status in ['Open', 'Junk']", True),
        ("status not in ['Open']", True),
        ("last + ' ' + first", "Lee Ann"),
        ("city + first", "Ann"),
        ("n * 2 - 1", "4"),
        ("n / 0", None),
        ("upper(first)", "ANN"),
        ("substr(first, 0, 2)", "An"),
        ("coalesce(city, first)", "Ann"),
        ("contains(first, 'nn') or false", True),
        ("len(first) = 3", True),
        ("replace(first, 'n', 'm')", "Amm"),
        ("today()", "2026-11-24"),
        ("(status is 'x' or status is 'Junk') and age = '41'", True),
        ("company is linked", False),
    ],
)
def test_an_expression_means_what_it_says(text: str, expected: object) -> None:
    """Empty is 'x' is false, order with empty is false, empty + text is the text."""
    assert value(text) == expected


@pytest.mark.parametrize(
    "text", ["", "status is", "(a", "a b", "nope(a)", "__import__('os')", "a ==== b", "a is linked"]
)
def test_what_is_no_expression_is_said_so(text: str) -> None:
    """No Python underneath."""
    with pytest.raises(BadExpression):
        value(text)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab'is not+()<>=[],. 12", max_size=25))
def test_any_text_compiles_or_is_refused(text: str) -> None:
    """Nothing an admin types ends in a trace."""
    with suppress(BadExpression):
        value(text, {"a": "1", "b": None})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a is 'x'", [("a", "x", 5)]),
        ("a is not 'x' and b.c = \"y\"", [("a", "x", 9), ("b.c", "y", 23)]),
        ("a in ['x', 'y'] or b not in ['z']", [("a", "x", 6), ("a", "y", 11), ("b", "z", 29)]),
        ("lower(a) is 'x' or a + 'b' is 'c' or a is b or a is filled or a > 'x'", []),
    ],
)
def test_texts_that_a_field_is_compared_with_are_told(
    text: str, told: list[tuple[str, str, int]]
) -> None:
    """With the character at which each begins; whoever knows a field's values can judge them."""
    expression = compile_expression(text, side=System.HUBSPOT)
    assert [tuple(one) for one in expression.compared] == told
