"""What turns out late: nobody followed a click, a visitor is one of us, a rule was a mistake."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.sync.bridge import sqlite_url
from tests.sync.website import ANN, Website


@pytest.fixture
def site(tmp_path: Path) -> Website:
    """Ann is known by what she does on the website, and by nothing else."""
    return Website(sqlite_url(tmp_path))


def asks(site: Website) -> None:
    """She read the prices yesterday and today, and asked for an offer."""
    site.happens("pricing_view", topic="pricing", ago=timedelta(days=1))
    site.happens("pricing_view", topic="pricing")
    site.happens("form_submit_handraise", topic="pricing")


def test_a_click_that_nobody_followed_counts_only_until_it_is_judged(site: Website) -> None:
    """Programs open the links in mails; a person looks at the page then."""
    site.happens("email_click")
    site.carry()
    assert points(site) > 0
    site.time.forward(minutes=11)
    site.carry()
    assert points(site) == 0


def test_an_office_that_is_told_late_takes_its_visits_along(site: Website) -> None:
    """A colleague's address is in the definition from now on."""
    asks(site)
    site.carry()
    filters = replace(site.definition.filters, employee_domains=(ANN.partition("@")[2],))
    site.definition = replace(site.definition, filters=filters, hash="other", version="2")
    site.time.forward(minutes=11)
    for _ in range(2):
        site.carry()
    assert points(site) == 0


def test_a_rule_that_was_a_mistake_and_is_taken_back_takes_nothing_away(site: Website) -> None:
    """What it took out late counts again, and so does what it kept out at the door; a test stays one."""
    right = site.definition
    asks(site)
    site.happens("page_view", discard="employee")
    site.happens("comparison_view", discard="test")
    wrong = replace(right.filters, employee_domains=(ANN.partition("@")[2],))
    for version, rules in (("2", wrong), ("3", right.filters)):
        site.time.forward(minutes=11)
        site.carry()
        site.definition = replace(right, filters=rules, hash=version, version=version)
        for _ in range(3):
            site.carry()
        if version == "2":
            assert points(site) == 0
    evidence = site.store.evidence(site.store.subjects_by("email", [ANN])[ANN], site.definition, 0)
    assert sorted(one.type for one in evidence) == [
        "form_submit_handraise",
        "page_view",
        "pricing_view",
        "pricing_view",
        "return_visit",
    ]


def points(site: Website) -> float:
    """All that is on file of her."""
    subjects = site.store.subjects_by("email", [ANN])
    states = site.store.states(subjects.values(), site.definition)
    return sum(one.value for one in states.values())
