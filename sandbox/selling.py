"""Sellers at work in the practice org: every so often one of them does the next thing about a lead.

They edit as the person, so doorbells ring as for anybody's edit. Who comes back on the practice website is
the visitors' matter (`sandbox.traffic`).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from sandbox.behaviour import Clock, system_clock
from sandbox.hubspot.org import HubSpotOrg
from sandbox.salesforce.answers import Refused
from sandbox.salesforce.org import SalesforceOrg
from sandbox.sellers import CYCLE, REASON, STAGE, VERDICT, Deed, next_deed

# The fields by which a practice org shows that hand-offs are told to it.
NEEDED = (STAGE, VERDICT, REASON)
ROLE, OPPORTUNITY = "OpportunityContactRole", "Opportunity"
CLOSES_IN = timedelta(days=60)
SHORTEST = 0.05
# HubSpot's property of each question of the gate; Salesforce has a field of the same words.
QUESTIONS = (
    *("need_problem", "need_topic", "timeframe", "decision_maker"),
    *("authority", "budget", "current_solution", "next_step"),
)
LOST = "Loss_Reason__c"


def furnish(hubspot: HubSpotOrg, salesforce: SalesforceOrg) -> None:
    """What both admins made for the hand-off: a field for each question, and why a deal was lost."""
    for name in QUESTIONS:
        text = {"label": name, "type": "string", "fieldType": "text"}
        hubspot.define("contacts", name=name, groupName="contactinformation", **text)
        for people in ("Lead", "Contact"):
            salesforce.add_field(people, f"{name.title()}__c")
    salesforce.add_field(OPPORTUNITY, LOST)


@dataclass
class Selling:
    """One deed every `pace` seconds, about leads in turn. `counts` tells what was done."""

    org: SalesforceOrg
    pace: float = 3.0
    number: int = 7
    clock: Clock = system_clock
    say: Callable[[str], None] = lambda _text: None
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._dice = Random(self.number)
        self._called: set[tuple[str, int]] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sandbox-sellers", daemon=True)

    def start(self) -> None:
        """Let them work, until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Nobody does anything more. Safe to repeat."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def work(self) -> str:
        """One seller does one thing; answers its kind, `wait` where nothing is to be done."""
        deals = self._deals()
        todo = [found for found in self._leads() if self._next(*found, deals).kind != "wait"]
        if not todo:
            return "wait"
        kind, record = self._dice.choice(todo)
        deed = self._next(kind, record, deals)
        try:
            self._do(kind, record, deed, deals.get(record["Id"]))
        except Refused as refused:
            self.counts["refused"] += 1
            self.say(f"A seller of the practice org was refused: {refused}")
            return "wait"
        self.counts[deed.kind] += 1
        return deed.kind

    def _leads(self) -> list[tuple[str, dict[str, Any]]]:
        found = []
        for kind in ("Contact", "Lead"):
            for record_id, row in sorted(self.org.records(kind).items()):
                if row.get(STAGE) and not row.get("IsConverted"):
                    found.append((kind, {**row, "Id": record_id}))
        return found

    def _deals(self) -> dict[str, dict[str, Any]]:
        """The opportunities by who is on them."""
        rows = self.org.records(OPPORTUNITY)
        roles = self.org.records(ROLE).values()
        return {
            str(role["ContactId"]): {**rows[role["OpportunityId"]], "Id": role["OpportunityId"]}
            for role in roles
            if role["OpportunityId"] in rows
        }

    def _next(
        self, _kind: str, record: Mapping[str, Any], deals: Mapping[str, Mapping[str, Any]]
    ) -> Deed:
        cycle = int(record.get(CYCLE) or 1)
        called = (record["Id"], cycle) in self._called
        number = sum(map(ord, record["Id"]))
        return next_deed(record, number, deals.get(record["Id"]), called=called)

    def _do(
        self, kind: str, record: Mapping[str, Any], deed: Deed, deal: Mapping[str, Any] | None
    ) -> None:
        who, today = record["Id"], self.clock().date()
        if deed.kind == "edit":
            self.org.edit(kind, who, deed.fields)
        elif deed.kind == "call":
            self.org.add("Task", {**deed.fields, "WhoId": who, "ActivityDate": today.isoformat()})
            self._called.add((who, int(record.get(CYCLE) or 1)))
        elif deed.kind == "close" and deal is not None:
            self.org.edit(OPPORTUNITY, deal["Id"], deed.fields)
        elif deed.kind == "deal":
            self._open(kind, record, deed)

    def _open(self, kind: str, record: Mapping[str, Any], deed: Deed) -> None:
        """A Lead is converted for it; a Contact gets one with a role on it."""
        name = f"{record.get('LastName')} 新規導入"
        if kind == "Lead":
            self.org.convert(record["Id"], opportunity=name)
            return
        closes = (self.clock().date() + CLOSES_IN).isoformat()
        of_account = {"AccountId": record["AccountId"]} if record.get("AccountId") else {}
        self.org.add(
            OPPORTUNITY,
            {
                "Name": name,
                "CloseDate": closes,
                "ContactId": record["Id"],
                **of_account,
                **deed.fields,
            },
        )

    def _run(self) -> None:
        while not self._stop.wait(max(self.pace, SHORTEST)):
            self.work()
