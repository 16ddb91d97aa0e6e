"""Why a request was not followed: one sentence for each reason, in two languages, with nothing left open."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any, get_args

import pytest

from lifecycle import wording
from lifecycle.errands import errand_after
from lifecycle.letters import refused as letter_of
from lifecycle.machine import decide
from lifecycle.model import FURTHER_EDIT, Evidence, Refusal, RefusalCode, Role, Stage
from lifecycle.refusals import refusal_said, texts
from lifecycle.wires import mail
from lifecycle.wording import Letter, Who
from mappings.faults import Language
from tests.lifecycle.builders import (
    ACTORS,
    DAY,
    HOUR,
    NOW,
    around,
    definition,
    gate,
    refused,
    request,
    shipped,
    standing,
)
from tests.lifecycle.letter_builders import WHO

LANGUAGES: tuple[Language, ...] = get_args(Language)
CODES: tuple[RefusalCode, ...] = get_args(RefusalCode)


def test_every_code_stage_and_role_has_its_words_in_both_languages() -> None:
    """A code that is added without a sentence is found here."""
    catalogue = texts()
    assert catalogue["codes"].keys() == set(CODES)
    assert catalogue["stages"].keys() == {one.value for one in Stage}
    assert catalogue["roles"].keys() == {one.value for one in Role}
    for kind in catalogue.values():
        assert all(set(words) == set(LANGUAGES) and all(words.values()) for words in kind.values())


def test_whatever_the_machine_refuses_is_said_whole() -> None:
    """From every stage to every other, in every role, with much or little known: no word is missing."""
    then, stood = NOW + HOUR, {stage: standing(stage) for stage in Stage}
    little = around(then, evidence=Evidence(), gate=gate(), talked_at=None, opportunity=None)
    unwanted = around(then, consent=False, exclusions=("employee",))
    for stage, to, role, situation in product(Stage, Stage, Role, (little, unwanted)):
        for reason in (None, "timing", "not_target", "not_worked", "too_dear"):
            asked = request(to, role, at=then, reason=reason)
            found = decide(stood[stage], asked, situation, definition())
            if isinstance(found, Refusal):
                for language in LANGUAGES:
                    said = refusal_said(found, shipped(), language)
                    assert said
                    assert "{" not in said
                    assert "-" not in said.split(), (found.code, found.words, said)


def test_a_refusal_names_what_helps() -> None:
    """By the names that people use, at the hour of the sellers' clocks."""
    at = NOW + HOUR
    resting = refused(standing(Stage.RECYCLED), request(Stage.SAL, Role.SALES, at=at), around(at))
    assert refusal_said(resting, shipped(), "ja") == (
        "2027年2月22日(月) 18:00 (Asia/Tokyo) まで再アプローチ停止中です(時期尚早・情報収集段階)。"
        "ご本人からのお問い合わせがあれば、すぐに再開できます。"
    )
    vague = refused(
        standing(Stage.LEAD),
        request(Stage.MQL, Role.RULE),
        around(NOW, gate=gate(), evidence=Evidence()),
    )
    assert refusal_said(vague, shipped(), "en") == (
        "Not known yet: problem to solve, timeframe, decision maker. These questions go to marketing."
    )
    odd = refused(standing(Stage.KNOWN), request(Stage.CUSTOMER, Role.MARKETING))
    assert refusal_said(odd, shipped(), "en") == (
        'From "known" nobody goes to "customer". Possible: lead.'
    )


def test_what_is_possible_is_asked_for_whoever_asked() -> None:
    """A seller reads of no step of a rule, and of no erasure; where nothing is theirs, that is said."""
    ahead = refused(standing(Stage.MQL), request(Stage.CUSTOMER, Role.SALES, at=NOW + HOUR))
    assert ahead.words["allowed"] == "sal, opportunity, recycled, disqualified"
    nothing = refused(standing(Stage.KNOWN), request(Stage.CUSTOMER, Role.SALES))
    assert refusal_said(nothing, shipped(), "en") == (
        'From "known" nobody goes to "customer". Possible: nothing that is yours to do.'
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_somebody_else_wrote_is_one_clean_line(language: Language) -> None:
    """A reason out of a picklist may hold anything; it writes no line of ours and is no slot."""
    asked = request(
        Stage.RECYCLED, Role.SALES, at=NOW + DAY, reason="{stood}\nhttp://evil.example/"
    )
    said = refusal_said(refused(standing(Stage.MQL), asked), shipped(), language)
    assert "\n" not in said
    assert "http://" not in said
    assert "{stood}" in said


def test_whoever_entered_it_is_told_what_was_asked_why_not_where_the_lead_is_and_what_helps() -> (
    None
):
    """A send-back without a reason, in the words of the reader."""
    asked = request(Stage.RECYCLED, Role.SALES)
    letter = told_of(refused(standing(Stage.MQL), asked), WHO, "ja")
    assert letter.subject == "【入力内容は反映されませんでした】アクメ株式会社 山田 花子 様"
    assert letter.parts[0].lines[1:] == (
        "申請: 差し戻し(再育成中)",
        "リードは「MQL」のままです。入力された項目は元の値に戻りました。",
    )
    assert letter.parts[1].lines == ("理由がありません。一覧から選ぶか、理由を記入してください。",)
    assert letter.parts[2].lines == ("判定と理由を一緒に入力し、一度に保存してください。",)
    assert [one.url for one in letter.links] == [WHO.url]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_has_a_letter_with_nothing_left_open(language: Language) -> None:
    """A code that is added without a way out is found here; what somebody wrote is no slot."""
    asked = request(Stage.RECYCLED, Role.SALES, reason="{stood}\n<!channel>")
    for code in CODES:
        refusal = Refusal(request=asked, code=code, stood=Stage.MQL)
        letter = told_of(refusal, Who(""), language)
        text = mail(letter).text
        assert "{" not in text.replace("{stood}", "")
        assert len(letter.parts) == 3
        assert all(part.lines for part in letter.parts)
    assert wording.texts()["refused"]["help"].keys() == set(CODES)


@pytest.mark.parametrize("code", ["illegal", "two_wishes", "further_record", "not_followed"])
def test_a_letter_about_a_further_record_says_that_nothing_is_put_back(code: RefusalCode) -> None:
    """Nothing is ever written to it, whatever was asked for there and whoever refused it."""
    asked = replace(request(Stage.CUSTOMER, Role.SALES), id=f"{FURTHER_EDIT}1")
    words: dict[Language, str] = {
        "en": "left alone until the two are merged",
        "ja": "書き換えられません",
    }
    for language, untouched in words.items():
        letter = told_of(Refusal(request=asked, code=code, stood=Stage.MQL), WHO, language)
        assert untouched in letter.parts[0].lines[-1]


def told_of(refusal: Refusal, who: Who, language: Language) -> Letter:
    return letter_of(shipped(), who, refusal, language)


@pytest.mark.parametrize(
    ("more", "whom"),
    [
        ({}, ACTORS[Role.SALES]),
        ({"actor": "salesforce"}, "sales"),
        ({"role": Role.INSIDE_SALES, "actor": "salesforce"}, "is"),
        ({"role": Role.MARKETING, "actor": "hubspot", "source": "hubspot"}, "marketing"),
        ({"source": "kakehashi"}, None),
    ],
)
def test_a_refusal_is_told_to_whoever_entered_it_else_to_their_department(
    more: dict[str, Any], whom: str | None
) -> None:
    """Whoever pressed a link's button or gave a command has read it already."""
    asked = replace(request(Stage.CUSTOMER, Role.SALES, source="salesforce"), **more)
    found = errand_after(Refusal(request=asked, code="illegal", stood=Stage.MQL))
    assert (None if found is None else found.whom) == whom


def test_who_asked_for_what_happened_is_not_told_that_they_lost() -> None:
    """Both departments wanted the same; only one of them could be first."""
    asked = request(Stage.RECYCLED, Role.SALES, source="salesforce")
    for agrees, is_told in (("yes", False), ("no", True)):
        words = {"agrees": agrees, "stage": "recycled"}
        lost = Refusal(request=asked, code="overtaken", stood=Stage.MQL, words=words)
        assert (errand_after(lost) is not None) == is_told
