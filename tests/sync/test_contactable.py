"""Whoever can be reached and works somewhere may be a lead, whichever record says where that is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mappings.schema import Mapping as FieldMapping
from tests.sync.bridge import schema, sqlite_url
from tests.sync.builders import line, side
from tests.sync.handing import Handing, handed
from tests.sync.website import ANN

PLACEHOLDER = "[not provided]"
EMPLOYERS = {"Lead": "Company", "Contact": "AccountId"}


def with_a_placeholder() -> FieldMapping:
    """A Lead that we make needs a company: it gets a word that names none."""
    made = handed()
    filled = line("company", salesforce=side("Company", placeholder=PLACEHOLDER), mode="off")
    lead = replace(made.objects["Lead"], lines=(*made.objects["Lead"].lines, filled))
    return replace(made, objects={**made.objects, "Lead": lead})


def stages(folder: Path, object_name: str, there: dict[str, str]) -> list[str]:
    """Where Ann, of whom HubSpot does not know a company, gets by raising her hand."""
    house = Handing(sqlite_url(folder), mapping=with_a_placeholder())
    house.agree()
    assert house.salesforce._fields is not None
    for name, field in EMPLOYERS.items():
        (one,) = schema([field], ())
        house.salesforce._fields[name] = {**house.salesforce._fields[name], field: one}
    house.hubspot.seed("contacts", {"email": ANN})
    house.salesforce.seed(object_name, {"email": ANN, **there})
    house.resync()
    house.happens("form_submit_handraise", topic="pricing")
    house.carry()
    return [entry.stage.value for entry in house.history()]


@pytest.mark.parametrize(
    ("object_name", "there"),
    [("Lead", {"Company": "Acme"}), ("Contact", {"AccountId": "001000000000001"})],
)
def test_a_company_that_only_salesforce_knows_is_known(
    tmp_path: Path, object_name: str, there: dict[str, str]
) -> None:
    """A raised hand is handed over although the contact in HubSpot says nothing of a company."""
    assert stages(tmp_path, object_name, there) == ["lead", "mql"]


@pytest.mark.parametrize(
    ("object_name", "there"),
    [("Lead", {"Company": PLACEHOLDER}), ("Lead", {"Company": " "}), ("Contact", {})],
)
def test_a_word_that_only_fills_the_field_names_no_company(
    tmp_path: Path, object_name: str, there: dict[str, str]
) -> None:
    """Nobody knows where she works: she is no lead yet."""
    assert stages(tmp_path, object_name, there) == []
