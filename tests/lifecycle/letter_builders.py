"""What the tests of letters arrange: a definition, a lead with everything to be told, and a card."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from intent.definition import TopicRule
from intent.model import Card
from lifecycle.definition import Definition, Gate, Question, Reason
from lifecycle.letters import HandOver, Links
from lifecycle.model import Evidence, Stage, Standing, Subject
from lifecycle.wording import Who

# A Thursday, ten in the morning in Tokyo.
NOW = datetime(2026, 11, 26, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANN = Subject("person", "ann")
SELLER = "seller@example.com"
RECORD = "https://crm.example.com/lead/00Q1"
ACCEPT, BACK = "https://bridge.example.com/t/a.b", "https://bridge.example.com/t/c.d"
WHO = Who("山田 花子", "アクメ株式会社", RECORD)
# What a stranger may write into a form, to be shown to a seller as if it were ours.
EVIL = (
    "<!channel> [here](https://evil.example) *x* {name} {{DATE(2026-01-01T00:00:00Z,SHORT)}}"
    "\r\nBcc: all\u202e"
)

SHARED = Definition(
    id="qualified_lead",
    version=7,
    effective_from=date(2026, 4, 1),
    hash="h7",
    owners={"marketing": "mkt@example.com", "sales": "head@example.com"},
    reasons={
        "timing": Reason(code="timing", ja="時期尚早", en="too early", kind="recycle", blames=True),
        "no_budget": Reason(code="no_budget", ja="予算なし", en="no budget", kind="recycle"),
    },
    gate=Gate(
        questions=(
            Question("need_problem", "課題", "problem to solve", 3, is_core=True),
            Question("budget", "予算", "budget", 1),
        )
    ),
    a_list=3,
)
TOPICS = {
    "pricing": TopicRule(id="pricing", label_ja="料金", label_en="pricing"),
    "layoffs": TopicRule(id="layoffs", label_ja="人員整理", label_en="layoffs", sensitive=True),
}


def card(**more: Any) -> Card:
    said: dict[str, Any] = {
        "engagement": 62.0,
        "band": "A1",
        "topics": (("pricing", 40.0),),
        "reason_internal_ja": "直近14日で「料金」関連を3日・4回閲覧。",
        "reason_internal_en": "In 14 days viewed pages about “pricing” 4 times on 3 days.",
        "reason_outward_ja": "料金に関心をお持ちのようなのでご連絡しました。",
        "reason_outward_en": "I am writing because pricing may interest you.",
        **more,
    }
    return Card(subject=ANN, at=NOW, **said)


def standing(stage: Stage = Stage.MQL, **more: Any) -> Standing:
    said: dict[str, Any] = {"number": 3, "handed_to": SELLER, "definition": SHARED.name, **more}
    return Standing(subject=ANN, stage=stage, **said)


def returned(**more: Any) -> Standing:
    """Somebody who was sent back in August and is in play again."""
    said: dict[str, Any] = {
        "is_returned": True,
        "recycled_at": NOW - 90 * DAY,
        "recycle_count": 1,
        "reason": "timing",
        "sub_reason": "来期",
        "comment": "予算は 4 月から",
        "trigger": "surge",
        **more,
    }
    return replace(standing(), **said)


def lead(**more: Any) -> HandOver:
    said: dict[str, Any] = {
        "who": WHO,
        "standing": standing(),
        "evidence": Evidence(items=4, days=3, hard_at=NOW - HOUR, surge_at=NOW - DAY),
        "card": card(),
        "topics": TOPICS,
        "missing": ("budget",),
        "due_at": NOW + DAY,
        "links": Links(ACCEPT, BACK),
        **more,
    }
    return HandOver(**said)
