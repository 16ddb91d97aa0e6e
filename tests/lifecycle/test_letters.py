"""What people are told of leads, in both languages, and that no stranger writes a line of ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intent.model import Card
from lifecycle.clocks import Attainment, Ring
from lifecycle.definition import Clock, Reason
from lifecycle.letters import escalation, hand_over, let_go, send_back
from lifecycle.model import Entry, Evidence, Role, Stage, Trigger
from lifecycle.notes import Lead, Week, morning, weekly
from lifecycle.port import Timer
from lifecycle.wording import BadLink, Letter, Who, clean, lasting, link, reason_said, texts
from mappings.faults import Language
from tests.lifecycle.letter_builders import (
    ACCEPT,
    ANN,
    BACK,
    DAY,
    EVIL,
    HOUR,
    NOW,
    RECORD,
    SELLER,
    SHARED,
    TOPICS,
    WHO,
    card,
    lead,
    returned,
    standing,
)

LANGUAGES: list[Language] = ["en", "ja"]


def told(letter: Letter) -> str:
    """All that stands in a letter, as one text."""
    lines = [line for part in letter.parts for line in (part.title or "", *part.lines)]
    return "\n".join([letter.subject, *lines, *(one.label for one in letter.links)])


def sent(**more: Any) -> Entry:
    said: dict[str, Any] = {
        "stage": Stage.RECYCLED,
        "reason": "timing",
        "sub_reason": "来期",
        "comment": "予算は 4 月から",
        "actor": SELLER,
        **more,
    }
    return Entry(
        subject=ANN, number=4, cycle=1, previous=Stage.MQL, transition="T4", entered_at=NOW,
        observed_at=NOW, role=Role.SALES, source="salesforce", request_id="r",
        definition=SHARED.name, **said,
    )  # fmt: skip


def timer(clock: Clock = "verdict", **more: Any) -> Timer:
    said: dict[str, Any] = {"due_at": NOW + HOUR, "next_at": None, "started_at": NOW, **more}
    return Timer(ANN, clock, 3, SELLER, **said)


# Hand-over ----------------------------------------------------------------------------------------


def test_a_hand_over_tells_why_now_what_is_missing_and_until_when() -> None:
    """With both links, and the record; nothing before, since there was nothing."""
    letter = hand_over(SHARED, lead(), "ja")
    text = told(letter)
    assert letter.subject == "【引き渡し】アクメ株式会社 山田 花子 様"
    for said in (
        "2026年11月27日(金) 10:00 (Asia/Tokyo) までに",
        "直近14日で「料金」関連を3日・4回閲覧。",
        "関心を示す行動: 3日・4件",
        "お問い合わせがありました",
        "関心テーマ: 料金",
        "ランク: A1",
        "料金に関心をお持ちのようなので",
        "qualified_lead v7",
    ):
        assert said in text
    assert [part.lines for part in letter.parts if part.title == "未確認の項目"] == [("予算",)]
    assert [one.url for one in letter.links] == [ACCEPT, BACK, RECORD]
    assert "これまでの経緯" not in text


def test_a_returned_lead_says_so_with_the_reason_of_last_time() -> None:
    """Whoever calls knows what was said before."""
    text = told(hand_over(SHARED, lead(standing=returned()), "en"))
    assert "A lead has come back: 山田 花子 (アクメ株式会社)" in text
    assert "Sent back on Fri 28 Aug 2026: too early (send-back no. 1)." in text
    assert "予算は 4 月から" in text
    assert "Is back because of: surging interest" in text


def test_a_lead_without_a_card_is_handed_over_all_the_same() -> None:
    """Nothing is invented, and no part is empty."""
    bare = lead(card=None, evidence=Evidence(), missing=(), due_at=None, who=Who("", None))
    letter = hand_over(SHARED, bare, "en")
    assert [part.lines for part in letter.parts] == [
        ("somebody without a name", "Qualified by: qualified_lead v7")
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "sensitive",
    [
        card(topics=(("pricing", 40.0), ("layoffs", 30.0))),
        card(reason_internal_ja="「人員整理」を閲覧。", reason_internal_en="viewed “layoffs”."),
    ],
)
def test_a_sensitive_topic_stands_in_no_letter(language: Language, sensitive: Card) -> None:
    """The sentence is the one that may be said aloud then."""
    text = told(hand_over(SHARED, lead(card=sensitive), language))
    morning_text = told(
        morning(SHARED, [Lead(WHO, standing(), (), sensitive)], NOW, language, topics=TOPICS)
    )
    for found in (text, morning_text):
        assert "人員整理" not in found
        assert "layoffs" not in found
        assert ("ご連絡しました" if language == "ja" else "I am writing") in found


# Send-back and escalation -------------------------------------------------------------------------


def test_a_send_back_tells_reason_comment_by_whom_and_when_to_look_again() -> None:
    """Everything that marketing needs to do something about it."""
    back = standing(
        Stage.RECYCLED,
        recycle_count=2,
        reactivate_on=date(2027, 4, 1),
        cool_until=NOW + 90 * DAY,
    )
    letter = send_back(SHARED, WHO, sent(), back, "ja")
    assert letter.subject == "【差し戻し】アクメ株式会社 山田 花子 様(時期尚早)"
    assert letter.parts[0].lines == (
        "理由: 時期尚早",
        "詳細: 「来期」",
        "コメント: 「予算は 4 月から」",
        "判定: seller@example.com、2026年11月26日(木) 10:00 (Asia/Tokyo)",
        "見直し日: 2027年4月1日(木)",
        "2027年2月24日(水) まで冷却期間です。それまではお問い合わせがあった場合のみ再活性化します。",
        "差し戻し 2 回目(上限 3 回)",
    )


def test_who_is_put_out_is_told_without_a_date() -> None:
    """And a reason that nobody knows any more keeps its code."""
    gone = sent(stage=Stage.DISQUALIFIED, reason="old_code", comment=None, sub_reason=None)
    letter = send_back(SHARED, WHO, gone, standing(Stage.DISQUALIFIED), "en")
    assert letter.parts[0].lines[0] == "Reason: old_code"
    assert letter.parts[0].lines[-1] == "Is not to be worked any more."
    assert reason_said(SHARED, None, "en") == "no reason given"


def test_who_wants_no_contact_is_to_be_opted_out_by_somebody() -> None:
    """We set no opt-out by ourselves; whoever hears of it is asked to."""
    no = Reason(code="do_not_contact", ja="連絡拒否", en="wants no contact", kind="suppress")
    definition = replace(SHARED, reasons={**SHARED.reasons, no.code: no})
    gone = sent(stage=Stage.DISQUALIFIED, reason=no.code)
    letter = send_back(definition, WHO, gone, standing(Stage.DISQUALIFIED), "en")
    assert letter.parts[0].lines[-1].startswith("Please set the opt-outs (mail, phone)")


@pytest.mark.parametrize("language", get_args(Language))
def test_that_a_hand_off_ended_is_told_without_anything_that_was_known(language: Language) -> None:
    """Whom it is about, that it ended and why; no topic, no stage, and no link but the record's."""
    letter = let_go(WHO, language)
    assert WHO.shown(language) in letter.subject
    assert [one.url for one in letter.links] == [WHO.url]
    assert not any(word in told(letter) for word in ("MQL", "pricing", "価格"))


def test_an_escalation_tells_whose_it_is_how_late_and_what_comes_next() -> None:
    """Before the end it is a reminder, after it a delay in working time; at last the lead is taken away."""
    ring = Ring(1, "owner", 0.5, next_at=NOW + 2 * HOUR)
    soon = told(escalation(SHARED, WHO, timer("first_touch"), ring, NOW, "en"))
    assert "Due soon: first contact" in soon
    assert "The next step follows on Thu 26 Nov 2026, 12:00 (Asia/Tokyo)." in soon
    late = escalation(SHARED, WHO, timer(), Ring(2, "manager", 1), NOW + DAY + 3 * HOUR, "ja")
    assert late.subject == "【期限超過】受諾・差し戻しの判定: アクメ株式会社 山田 花子 様"
    assert "超過: 営業時間で 11時間0分" in told(late)


# Notes --------------------------------------------------------------------------------------------


def leads(*points: float, **more: Any) -> list[Lead]:
    """Leads of a seller, by how promising they are."""
    return [
        Lead(
            Who(f"L{n}", None, f"{RECORD}{n}"),
            replace(standing(), subject=ANN._replace(key=f"l{n}")),
            (timer(**more),) if more else (),
            card(engagement=found),
        )
        for n, found in enumerate(points)
    ]


def test_a_morning_is_as_long_as_a_day_the_most_promising_first() -> None:
    """Three fit into this seller's day, and the rest is a number."""
    letter = morning(SHARED, leads(10, 40, 30, 20), NOW, "en")
    assert letter.subject == "Your leads, Thu 26 Nov 2026: 0 left lying, 3 for today"
    assert [line[:5] for line in letter.parts[1].lines] == ["1. L1", "2. L2", "3. L3"]
    assert letter.parts[0].lines == ("Left lying: 0. For today: 3. Can wait: 1.",)
    assert [one.label for one in letter.links] == ["L1", "L2", "L3"]


def test_a_raised_hand_comes_before_any_score() -> None:
    """And a better band before more points."""
    hand = leads(1, clock="first_touch", due_at=NOW + HOUR)[0]._replace(who=Who("hand"))
    better = leads(5)[0]._replace(who=Who("better"))
    worse = Lead(Who("worse"), standing(), (), card(engagement=90.0, band="B1"))
    letter = morning(SHARED, [worse, better, hand], NOW, "en")
    assert [line.split(" ")[1] for line in letter.parts[1].lines] == ["hand", "better", "worse"]


def test_what_is_left_lying_stands_above_and_takes_its_place_in_the_day() -> None:
    """The longest first; what machines owe is no seller's delay."""
    late = leads(0, 0, due_at=NOW - HOUR)
    late[1] = late[1]._replace(timers=(timer(due_at=NOW - DAY),))
    ours = leads(5, clock="write_back", due_at=NOW - DAY)
    letter = morning(SHARED, [*late, *ours, *leads(9, 8)], NOW, "ja")
    assert letter.parts[1].title == "放置されているリード"
    assert [line[:2] for line in letter.parts[1].lines] == ["L1", "L0"]
    assert letter.parts[0].lines == ("放置 2 件、本日の対応 1 件、あとでよいもの 2 件",)


def test_a_hundred_that_are_left_lying_are_a_number() -> None:
    """A list that nobody reads helps nobody."""
    letter = morning(SHARED, leads(*[0.0] * 100, due_at=NOW - HOUR), NOW, "en")
    assert len(letter.parts[1].lines) == 21
    assert letter.parts[1].lines[-1] == "and 80 more"


WEEK = Week(
    first=date(2026, 11, 16),
    last=date(2026, 11, 22),
    mqls=40,
    accepted=24,
    sent_back=10,
    not_worked=2,
    open=4,
    returned=6,
    reasons={"no_budget": 3, "timing": 7},
    first_touch=Attainment(9, 1, 2),
    verdict=Attainment(30, 6, 4),
    write_back=Attainment(0, 0, 0),
    orphans=1,
)


def test_a_week_tells_every_figure_with_what_it_is_a_share_of() -> None:
    """With an interval; and no share at all where there are too few cases."""
    letter = weekly(SHARED, WEEK, "en")
    text = told(letter)
    assert "Mon 16 Nov 2026 to Sun 22 Nov 2026, by qualified_lead v7." in text
    assert "Accepted: 24 of 40 (60 %, 95 % interval 45-74 %)" in text
    assert letter.parts[2].lines == (
        "too early: 7 of 10 (too few for a share), counts for lead quality",
        "no budget: 3 of 10 (too few for a share)",
    )
    assert "first contact: kept 9 of 10 (too few for a share); 2 still in time" in text
    assert "telling HubSpot: kept 0 of 0 (too few for a share); 0 still in time" in text
    assert "None was sent back." in told(weekly(SHARED, WEEK._replace(reasons={}), "en"))


# Words of strangers -------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_stranger_wrote_is_one_line_that_links_nowhere(language: Language) -> None:
    """Names and companies from forms, comments from colleagues: none writes a line of ours."""
    who = Who(EVIL, EVIL, RECORD)
    stood = returned(comment=EVIL, sub_reason=EVIL)
    ring = Ring(1, "owner", 0.5)
    letters = [
        hand_over(SHARED, lead(who=who, standing=stood), language),
        send_back(SHARED, who, sent(comment=EVIL, sub_reason=EVIL, actor=EVIL), stood, language),
        escalation(SHARED, who, timer()._replace(owner=EVIL), ring, NOW, language),
        morning(SHARED, [Lead(who, stood, (timer(due_at=NOW - HOUR),))], NOW, language),
    ]
    for letter in letters:
        for line in told(letter).split("\n"):
            assert "https://evil" not in line
            assert not line.startswith("Bcc")
            assert "\r" not in line
            assert "\u202e" not in line


@given(st.text(max_size=300))
def test_a_cleaned_text_is_clean_already(text: str) -> None:
    """One line, not longer than it may be, and cleaning it again changes nothing."""
    found = clean(text)
    assert clean(found) == found
    assert len(found) <= 80
    assert found == " ".join(found.split())
    assert all(sign.isprintable() for sign in found)


@pytest.mark.parametrize(
    "text", ["HTTPS://evil.example", "www.evil.example", "evil.example/login", "a://b"]
)
def test_an_address_in_a_name_is_no_address(text: str) -> None:
    """No mail program makes a link of what is left; a company may be called after its domain."""
    assert clean(text) != text
    assert clean("Example.com 株式会社") == "Example.com 株式会社"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "", "https://", "https://a b", "https://a\nb", "/t/abc"]
)
def test_only_a_web_address_stands_under_a_button(url: str) -> None:
    """Whatever setting it came from."""
    with pytest.raises(BadLink, match="'x' leads to no web address"):
        link("x", url)


# The catalogue ------------------------------------------------------------------------------------


def pairs(found: dict[str, Any], path: str = "") -> list[tuple[str, Any, Any]]:
    """Every entry of the catalogue with what it says in both languages."""
    if set(found) == {"en", "ja"}:
        return [(path, found["en"], found["ja"])]
    return [one for key, value in found.items() for one in pairs(value, f"{path}.{key}")]


def test_every_sentence_is_there_in_both_languages_with_the_same_slots() -> None:
    """A slot that one language forgets is a fact that half of the readers miss."""

    def slots(text: str) -> set[str]:
        return {part.split("}")[0] for part in text.split("{")[1:]}

    sentences = [one for one in pairs(texts()) if isinstance(one[1], str)]
    assert len(sentences) > 60
    assert [name for name, en, ja in sentences if slots(en) != slots(ja)] == []


def test_every_clock_and_every_trigger_has_a_name() -> None:
    """None is missing, and none is named that is not there."""
    assert set(texts()["clocks"]) == set(get_args(Clock))
    assert set(texts()["triggers"]) == set(get_args(Trigger))


def test_a_time_is_said_in_hours_and_minutes() -> None:
    """Less than a minute is one: nobody is late by nothing."""
    assert lasting(timedelta(seconds=5), "en") == "1 min"
    assert lasting(timedelta(hours=25, minutes=3), "ja") == "25時間3分"
