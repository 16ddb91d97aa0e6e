"""Whose wish it is not to be followed, as a server tells it."""

from __future__ import annotations

from typing import Any

import pytest

from intent.model import Identity
from intent.withdrawals import withdrawn_in

ANN = {"email": "Ann@Acme.example"}


@pytest.mark.parametrize(
    ("row", "is_a_no"),
    [
        ({"consent": {"tracking": "denied"}}, True),
        ({"consent": {"tracking": "Opted_Out"}}, True),
        ({"consent": {"tracking": "granted", "profiling": "objected"}}, True),
        ({"consent": {"tracking": False}}, True),
        ({"type": "unsubscribe"}, True),
        ({"consent": {"tracking": "granted"}, "type": "page_view"}, False),
        ({"consent": {"tracking": "unknown"}}, False),
        ({"consent": "denied"}, False),
        ({}, False),
    ],
)
def test_a_no_is_heard_and_silence_is_none(row: dict[str, Any], is_a_no: bool) -> None:
    """In any of the words that people write for it."""
    found = list(withdrawn_in([{**ANN, **row}]))
    assert found == ([Identity(email="ann@acme.example")] if is_a_no else [])


@pytest.mark.parametrize("row", ["denied", None, 7, [], {"consent": {"tracking": "denied"}}])
def test_nobody_is_forgotten_who_is_not_named(row: object) -> None:
    """Nor for a company's domain alone."""
    assert list(withdrawn_in([row])) == []
    company = {"company_domain": "acme.example", "consent": {"tracking": "denied"}}
    assert list(withdrawn_in([company])) == []
