"""The `tests:` of mapping files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from mappings.compile import compile_folder
from mappings.transforms import Locale
from sync.rehearsal import rehearse

SHIPPED = Path(__file__).parents[2] / "mappings"
TODAY = date(2026, 11, 24)
FILE = """\
version: 1
name: people
between: {hubspot: contacts, salesforce: [Contact, Lead]}
fields:
  - jobtitle <-> Title
  - city <-> City
tests:
  - name: a title
    agreed: {hubspot: {jobtitle: CTO}, Lead: {Title: CTO}}
    now: {hubspot: {jobtitle: CEO}}
    expect: {Lead: {Title: COO}}
"""


def test_the_shipped_tests_pass() -> None:
    """What we ship does what it says."""
    done = rehearse(compile_folder(SHIPPED, None, Locale()).mappings, TODAY)
    assert done.failed == ()
    assert done.passed >= 10


def test_a_wrong_expectation_is_told_field_by_field(tmp_path: Path) -> None:
    """Expected and found, and which lines no test touches."""
    (tmp_path / "people.yaml").write_text(FILE, "utf-8")
    done = rehearse(compile_folder(tmp_path, None, Locale()).mappings, TODAY)
    [failure] = done.failed
    assert failure.diff == ("Lead.Title: expected 'COO', got 'CEO'",)
    assert done.untouched == ("people.city",)
