"""A deal and its Opportunity, in every state that a pair can be in, and the companies they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connector.port import System
from tests.life.cells import HUBSPOT, SALESFORCE, Cell
from tests.life.orgs import Wording
from tests.life.scene import Scene

DEAL, COMPANY = (
    {HUBSPOT: "deals", SALESFORCE: "Opportunity"},
    {
        HUBSPOT: "companies",
        SALESFORCE: "Account",
    },
)
INTERNAL = "internal"
ONLY = Wording(
    "deals.yaml",
    "first_pairing: fill_blanks\n",
    "first_pairing: fill_blanks\n"
    f"only: {{hubspot: description is not '{INTERNAL}', salesforce: Description is not '{INTERNAL}'}}\n",
)
NEVER = (
    Wording(
        "deals.yaml",
        "    - {as: Opportunity, when: dealname is filled and dealstage is filled and closedate is filled}\n",
        "    never\n",
    ),
    Wording("deals.yaml", "in_hubspot: deals", "in_hubspot: never"),
)
# A company without a name becomes no Account; one outside `only` becomes no company.
NAMED = Wording(
    "companies.yaml",
    "first_pairing: fill_blanks\n",
    "first_pairing: fill_blanks\nonly: {salesforce: Phone is filled}\n",
)


def wordings(cell: Cell) -> tuple[Wording, ...]:
    """What the mapping files have to say for this state."""
    by_state = {"filtered": (ONLY,), "unpaired": NEVER, "waiting": (NAMED,)}
    return by_state.get(cell.state, ())


@dataclass
class Deals:
    """What people do with deals and companies in both orgs."""

    scene: Scene

    def edit(self, side: System, pair: dict[System, str], **values: str) -> None:
        """Set fields, by HubSpot's names."""
        self.scene.time.pass_by(1)
        if side is HUBSPOT:
            self.scene.hubspot.edit("deals", pair[side], values)
        else:
            named = {name.title(): value for name, value in values.items()}
            self.scene.salesforce.edit("Opportunity", pair[side], named)

    def move_to(self, side: System, pair: dict[System, str], company: str) -> None:
        """The deal belongs to this company from now on."""
        self.scene.time.pass_by(1)
        if side is HUBSPOT:
            self.scene.hubspot.associate("deals", pair[side], "companies", company, "Primary")
        else:
            self.scene.salesforce.edit("Opportunity", pair[side], {"AccountId": company})

    def add(self, side: System, name: str, company: str | None) -> str:
        """A new deal, of a company."""
        self.scene.time.pass_by(1)
        if side is SALESFORCE:
            row: dict[str, Any] = {"Name": name, "StageName": "Prospecting"}
            row |= {"CloseDate": "2026-12-31", "AccountId": company}
            return self.scene.salesforce.add("Opportunity", row)
        values = {"dealname": name, "pipeline": "default", "dealstage": "appointmentscheduled"}
        deal = self.scene.hubspot.create("deals", {**values, "closedate": "2026-12-30T15:00:00Z"})
        if company is not None:
            self.move_to(side, {side: deal}, company)
        return deal

    def add_company(self, side: System, name: str) -> str:
        self.scene.time.pass_by(1)
        if side is HUBSPOT:
            return self.scene.hubspot.create(
                "companies",
                {"name": name} if name else {"domain": "kakehashi.example.com"},
            )
        phone = "03-0000-1234" if name else None
        return self.scene.salesforce.add("Account", {"Name": name or "架け橋", "Phone": phone})

    def name_company(self, side: System, company: str) -> None:
        """What the company lacked to get a partner is filled in."""
        self.scene.time.pass_by(1)
        if side is HUBSPOT:
            self.scene.hubspot.edit("companies", company, {"name": "架け橋"})
        else:
            self.scene.salesforce.edit("Account", company, {"Phone": "03-0000-1234"})
        self.scene.news(side, COMPANY[side], company)
        self.scene.time.pass_by(3600)
        self.scene.settle()

    def news(self, side: System, pair: dict[System, str]) -> None:
        self.scene.news(side, DEAL[side], pair[side])

    def count(self, side: System) -> int:
        """How many deals there are."""
        if side is HUBSPOT:
            return len(self.scene.hubspot.records("deals"))
        return len(self.scene.salesforce.records("Opportunity"))


@dataclass
class Trade:
    """A deal in the state of a cell, and the company that it is about to move to, on both sides."""

    deals: Deals
    cell: Cell
    pair: dict[System, str]
    new: dict[System, str]

    @property
    def scene(self) -> Scene:
        return self.deals.scene

    @property
    def here(self) -> System:
        return self.cell.side

    @property
    def there(self) -> System:
        return self.cell.side.other

    def company(self, side: System) -> str | None:
        """Whose deal it is, as that side really holds it."""
        if side is SALESFORCE:
            held = self.scene.salesforce.records("Opportunity")[self.pair[side]]["AccountId"]
            return None if held is None else str(held)
        found = self.scene.hubspot.associated("deals", self.pair[side], "companies")
        return next((one for one, labels in found.items() if "Primary" in labels), None)


def in_state(deals: Deals, cell: Cell) -> Trade:
    """A deal of a company that is in line, in this state; and another company."""
    scene, here, there = deals.scene, cell.side, cell.side.other
    old = deals.add_company(here, "Northwind")
    new = deals.add_company(here, "" if cell.state == "waiting" else "Contoso")
    deal = deals.add(here, "更新", old)
    scene.compare()
    partner = scene.partner(here, deal, "deals") or ""
    made = {here: new, there: scene.partner(here, new, "companies") or ""}
    trade = Trade(deals, cell, {here: deal, there: partner}, made)
    if cell.state == "filtered":
        deals.edit(here, trade.pair, description=INTERNAL)
        deals.news(here, trade.pair)
    elif cell.state == "parked":
        stage_of_its_own(scene, trade.pair[HUBSPOT])
    elif cell.state == "deleted there":
        if there is HUBSPOT:
            scene.hubspot.archive("deals", partner)
        else:
            scene.salesforce.delete("Opportunity", partner)
        deals.news(there, trade.pair)
    return trade


def stage_of_its_own(scene: Scene, deal: str) -> None:
    """The deal moves to a stage of another pipeline, which Salesforce does not know."""
    scene.time.pass_by(1)
    pipeline, stages = scene.hubspot.add_pipeline("更新", [("調印", "0.5")])
    scene.hubspot.edit("deals", deal, {"pipeline": pipeline, "dealstage": stages[0]})
    scene.news(HUBSPOT, "deals", deal)
