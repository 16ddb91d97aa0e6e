"""The card of a hand-over and the open questions, as text that both systems can hold."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.briefs import SHOWN, card_text, card_told, completeness_told, missing_told
from lifecycle.definition import Gate, Question, is_handed
from lifecycle.model import Brief, Stage
from lifecycle.wording import Who
from mappings.faults import Language
from mappings.own_values import CARD, MISSING
from tests.lifecycle.letter_builders import (
    ACCEPT,
    ANN,
    EVIL,
    NOW,
    RECORD,
    SHARED,
    card,
    lead,
    returned,
    standing,
)

GATE = Gate(
    questions=(
        Question("need_problem", "課題", "problem to solve", 3, is_core=True),
        Question("timeframe", "導入時期", "timeframe", 2, is_core=True),
        Question("decision_maker", "意思決定者", "decision maker", 2, is_core=True),
        Question("authority", "決裁権", "authority", 1),
        Question("budget", "予算", "budget", 1),
    )
)


def brief(**more: object) -> Brief:
    said: dict[str, object] = {"completeness": 5.5 / 9, "card": "why now", **more}
    return Brief(subject=ANN, at=NOW, **said)  # type: ignore[arg-type]  # its own fields


def test_a_card_tells_evidence_topics_sentence_history_and_what_is_missing() -> None:
    """All that the letter tells but links, time limits, and whom it is about: it stands on their record."""
    text = card_text(SHARED, lead(standing=returned()), "ja")
    for words in (
        "いま連絡する理由",
        "関心を示す行動: 3日・4件",
        "関心テーマ: 料金",
        "「料金」関連を3日・4回閲覧",
        "これまでの経緯",
        "予算は 4 月から",
        "未確認の項目\n予算",
        "お客様にそのまま伝えられる一文",
    ):
        assert words in text
    for words in ("山田", "アクメ株式会社", ACCEPT, RECORD, "2026年11月27日", "\n\n"):
        assert words not in text


def test_a_card_names_no_sensitive_topic() -> None:
    """It is read by everybody who sees the record."""
    secret = card(
        topics=(("layoffs", 40.0), ("pricing", 9.0)),
        reason_internal_en="Viewed pages about “layoffs” 4 times.",
    )
    text = card_text(SHARED, lead(card=secret), "en")
    assert "layoffs" not in text
    assert "Topics: pricing" in text


@given(st.sampled_from(["en", "ja"]), st.text(max_size=600), st.integers(0, 120))
def test_a_card_always_fits_into_its_field(language: Language, said: str, count: int) -> None:
    """Whatever was written, and however many questions there are; line breaks may count twice."""
    many = tuple(Question(f"q{n}", "あ" * 60, "x" * 60, 1) for n in range(count))
    shared = replace(SHARED, gate=Gate(questions=many))
    found = lead(
        who=Who(EVIL, said),
        standing=returned(comment=said, sub_reason=said, handed_to=said),
        missing=tuple(one.key for one in many),
    )
    text = card_text(shared, found, language)
    assert len(text) + text.count("\n") <= CARD
    assert text == text.strip()
    labels = sum(line in ("あ" * 60, "x" * 60) for line in text.splitlines())
    more = {"en": " more lines", "ja": "…ほか"}[language]
    assert labels == count or more in text


@pytest.mark.parametrize("stage", list(Stage))
def test_a_card_stands_where_sales_has_somebody_or_has_just_judged(stage: Stage) -> None:
    """Not on a customer, nor on somebody who is out; a blank one is none."""
    assert card_told(standing(stage), brief()) == ("why now" if stage in SHOWN else None)
    assert card_told(standing(stage), brief(card="")) is None
    assert card_told(standing(stage), None) is None


def test_questions_are_told_by_weight_and_say_what_was_asked_in_vain() -> None:
    """Known, asked in vain, never asked: the first is no question any more."""
    found = brief(asked=("budget",), missing=("authority", "timeframe"))
    at = standing(Stage.RECYCLED)
    assert missing_told(at, found, GATE, "ja") == "導入時期、決裁権、予算(確認したが不明)"
    assert missing_told(at, found, GATE, "en") == "timeframe, authority, budget (asked in vain)"
    assert completeness_told(at, found) == 61
    assert missing_told(at, brief(), GATE, "ja") is None
    beside = Gate(questions=(Question("next_step", "次の一手", "next step", 0),))
    assert missing_told(at, brief(missing=("next_step",)), beside, "ja") is None


@pytest.mark.parametrize("stage", [Stage.CUSTOMER, Stage.DISQUALIFIED, Stage.ERASED])
def test_nobody_is_asked_about_who_is_not_to_be_won_any_more(stage: Stage) -> None:
    """Won, out, or erased."""
    found = brief(missing=("timeframe",))
    assert missing_told(standing(stage), found, GATE, "en") is None
    assert completeness_told(standing(stage), found) is None


@given(st.sampled_from(["en", "ja"]), st.lists(st.text(min_size=1, max_size=90), max_size=40))
def test_questions_always_fit_into_their_field(language: Language, labels: list[str]) -> None:
    """Cut between two of them, and it says how many more there are."""
    gate = Gate(questions=tuple(Question(f"q{n}", one, one, 1) for n, one in enumerate(labels)))
    found = brief(missing=tuple(one.key for one in gate.questions))
    text = missing_told(standing(Stage.MQL), found, gate, language)
    assert (text is None) == (not labels)
    assert len(text or "") <= MISSING


def test_field_sales_is_handed_an_sql_only_where_inside_sales_judges_first() -> None:
    """In the other order it is the same seller who goes on."""
    assert [stage for stage in Stage if is_handed(SHARED, stage)] == [Stage.MQL]
    inside = replace(SHARED, preset="jp_is_fs")
    assert [stage for stage in Stage if is_handed(inside, stage)] == [Stage.MQL, Stage.SQL]
