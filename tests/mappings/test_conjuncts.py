"""An expression is taken apart into what has to hold together, and means the same."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.port import System
from mappings.conjuncts import conjuncts
from mappings.expressions import compile_expression
from mappings.schema import Context
from tests.sync.builders import NoPartners

CONTEXT = Context(today=date(2026, 11, 24), refs=NoPartners())


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("fit >= 40", ("fit >= 40",)),
        ("fit >= 40 and surge", ("fit >= 40", "surge")),
        (" a and  not b and c in ['x', 'y'] ", ("a", "not b", "c in ['x', 'y']")),
        ("a or b and c", ("a or b and c",)),
        ("(a or b) and c", ("(a or b)", "c")),
        ("(a and b)", ("(a and b)",)),
        ("name is 'this and that' and b", ("name is 'this and that'", "b")),
        ("contains(upper(a), 'x') and b", ("contains(upper(a), 'x')", "b")),
    ],
)
def test_what_an_and_joins_is_a_condition_of_its_own(text: str, parts: tuple[str, ...]) -> None:
    """As it was written; quotes and brackets hold together."""
    assert conjuncts(text) == parts


NAMES = st.sampled_from(["a", "b", "c", "d is 'x and y'", "d in ['x', 'y']", "true"])
CONDITIONS = st.recursive(
    NAMES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
        inner.map(lambda one: f"({one})"),
        inner.map(lambda one: f"not ({one})"),
    ),
    max_leaves=8,
)


@given(
    text=CONDITIONS,
    values=st.fixed_dictionaries(
        {**dict.fromkeys("abc", st.booleans()), "d": st.sampled_from(["x and y", "x", ""])}
    ),
)
def test_all_parts_hold_if_and_only_if_the_whole_does(
    text: str, values: dict[str, bool | str]
) -> None:
    """Whatever is joined and nested how."""

    def holds(one: str) -> bool:
        return compile_expression(one, side=System.HUBSPOT).condition()(values, CONTEXT)

    assert all(map(holds, conjuncts(text))) is holds(text)
