"""The fields that both systems came with, as shadows of where people stand, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.practising import agree
from intent.model import Identity, Subject
from intent.store import SqlIntentStore
from lifecycle.model import Entry, Role, Stage
from lifecycle.standing import fold
from lifecycle.store import SqlLifecycleStore
from tests.life_samples.office import Office, office
from tests.lifecycle.builders import ANN_SELLS, NOW, entered, request

ANN = "ann@example.com"


class Life:
    """Where Ann stands, by entries alone, and what both systems say of it natively."""

    def __init__(self, made: Office) -> None:
        self.office = made
        self.here, self.there = made.person(ANN)
        self.store = SqlLifecycleStore(made.bridge.ledger.engine)
        who = Identity(email=ANN)
        self.who: Subject = SqlIntentStore(made.bridge.ledger.engine).resolve([who])[who][0]
        self.entries: list[Entry] = []

    def goes(self, to: Stage, role: Role, **more: Any) -> None:
        """Ann enters a stage, and both systems are told."""
        number = len(self.entries)
        asked = request(to, role, subject=self.who, at=NOW, id=f"ann:{number}", **more)
        found = entered(fold(self.entries, self.who), asked)
        self.store.decide(asked, found, None)
        self.entries += found
        self.office.resync()

    def told(self) -> tuple[Any, ...]:
        """HubSpot's lead status and lifecycle stage, and the status of the Lead."""
        contact = self.office.hubspot.records("contacts")[self.here]
        lead = self.office.salesforce.records("Lead")[self.there]
        return contact.get("hs_lead_status"), contact.get("lifecyclestage"), lead.get("Status")


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    """A pair in line, and two departments that agreed."""
    with office(tmp_path, "people-with-handoff") as made:
        made.check()
        agree(made.bridge)
        found = Life(made)
        made.resync()
        yield found
        made.settled()


def test_the_fields_follow_a_lead_and_what_people_enter_stands_until_ours_changes(
    life: Life,
) -> None:
    """A seller's working status and a marketer's stage: no compare puts them back, and HubSpot's stage stays
    as far as it came.
    """
    assert life.told() == (None, "lead", "Open - Not Contacted")
    life.goes(Stage.LEAD, Role.RULE)
    assert life.told() == ("NEW", "lead", "Open - Not Contacted")
    life.goes(Stage.MQL, Role.RULE, handed_to=ANN_SELLS)
    assert life.told() == ("OPEN", "marketingqualifiedlead", "Open - Not Contacted")
    entered_here = {"hs_lead_status": "ATTEMPTED_TO_CONTACT", "lifecyclestage": "evangelist"}
    life.office.hubspot.edit("contacts", life.here, entered_here)
    life.office.salesforce.edit("Lead", life.there, {"Status": "Working - Contacted"})
    life.office.resync()
    assert life.told() == ("ATTEMPTED_TO_CONTACT", "evangelist", "Working - Contacted")
    life.office.settled()
    life.goes(Stage.SAL, Role.SALES)
    assert life.told() == ("IN_PROGRESS", "evangelist", "Working - Contacted")
    life.goes(Stage.RECYCLED, Role.SALES, reason="timing")
    assert life.told() == ("BAD_TIMING", "evangelist", "Closed - Not Converted")


def test_a_converted_lead_keeps_its_status_and_its_contact_is_told(life: Life) -> None:
    """Nothing can be written to it, and a Contact has no status: nobody is parked for it."""
    life.goes(Stage.LEAD, Role.RULE)
    life.goes(Stage.MQL, Role.RULE, handed_to=ANN_SELLS)
    life.office.salesforce.convert(life.there)
    life.office.converge()
    life.goes(Stage.SAL, Role.SALES)
    assert life.told() == ("IN_PROGRESS", "marketingqualifiedlead", "Closed - Converted")
