"""Why a request was not followed: one sentence for each reason, in two languages, with nothing left open."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from lifecycle.machine import decide
from lifecycle.model import Evidence, Refusal, RefusalCode, Role, Stage
from lifecycle.refusals import refusal_said, texts
from mappings.faults import Language
from tests.lifecycle.builders import (
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
    odd = refused(standing(Stage.KNOWN), request(Stage.CUSTOMER, Role.SALES))
    assert refusal_said(odd, shipped(), "en") == (
        'From "known" nobody goes to "customer". Possible: lead, erased.'
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
