"""How practice sellers treat leads that they are handed: accept, ignore, send back, win, lose. Pure.

What they see is what stands in the Salesforce record; what they do is one edit at a time, as people do. Each
seller has a temper by the person's number, so that the same people come to the same ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

STAGE, VERDICT, CYCLE = "Shared_Stage__c", "Sales_Verdict__c", "Shared_Cycle_No__c"
REASON, COMMENT = "Recycle_Reason__c", "Recycle_Comment__c"
# What sales needs to know before it takes somebody on: the questions of the gate, in this org's words.
ANSWERS: Mapping[str, str] = {
    "Need_Problem__c": "見積もりの作成に三日かかり失注が続いている",
    "Timeframe__c": "3_6m",
    "Decision_Maker__c": "田中部長",
    "Authority__c": "recommends",
    "Next_Step__c": "来週のデモ",
}
# Why leads go back the first time, and how often; what a person writes beside it.
SENT_BACK: tuple[tuple[str, str, int], ...] = (
    ("timing", "来期に再度ご連絡", 4),
    ("no_response", "三回架電、不在", 3),
    ("no_budget", "予算は4月から", 2),
    ("incomplete_info", "課題が分からない", 2),
    ("not_target", "", 1),
)
IGNORES, SENDS_BACK, SENDS_BACK_AGAIN, WINS = 0.12, 0.55, 0.2, 0.6

Kind = Literal["wait", "edit", "call", "deal", "close"]


@dataclass(frozen=True, slots=True)
class Deed:
    """What a seller does next. `fields` are those of the record, or of what is made beside it."""

    kind: Kind
    fields: Mapping[str, Any] = field(default_factory=dict)


WAIT = Deed("wait")


def next_deed(
    record: Mapping[str, Any], number: int, deal: Mapping[str, Any] | None, *, called: bool
) -> Deed:
    """What the seller of a lead does about it now; `wait` where nothing is theirs to do.

    `record` is the Lead or Contact, `deal` the Opportunity with this person on it, `called` whether a call
    was logged in this cycle.
    """
    stage, cycle = record.get(STAGE), int(record.get(CYCLE) or 1)
    dice = Random(f"{number}:{cycle}")
    if stage == "mql" and record.get(VERDICT) == "pending":
        return _judged(dice, cycle)
    if stage == "sal":
        if not called:
            return Deed("call", {"Subject": "Call", "Status": "Completed"})
        return Deed("edit", {**_unanswered(record), STAGE: "sql"})
    if stage == "sql" and deal is None:
        return Deed("deal", {"StageName": "Prospecting"})
    if stage == "opportunity" and deal is not None and not deal.get("IsClosed"):
        won = Random(f"{number}:{cycle}:deal").random() < WINS
        if won:
            return Deed("close", {"StageName": "Closed Won"})
        return Deed("close", {"StageName": "Closed Lost", "Loss_Reason__c": "lost_price"})
    return WAIT


def _judged(dice: Random, cycle: int) -> Deed:
    """Somebody who comes back is mostly taken; a few leads nobody ever looks at."""
    if dice.random() < IGNORES:
        return WAIT
    if dice.random() >= (SENDS_BACK if cycle == 1 else SENDS_BACK_AGAIN):
        return Deed("edit", {VERDICT: "accept"})
    weights = [weight for _, _, weight in SENT_BACK]
    reason, comment, _ = dice.choices(SENT_BACK, weights)[0]
    return Deed("edit", {VERDICT: "reject", REASON: reason, COMMENT: comment or None})


def _unanswered(record: Mapping[str, Any]) -> dict[str, str]:
    return {name: answer for name, answer in ANSWERS.items() if not record.get(name)}
