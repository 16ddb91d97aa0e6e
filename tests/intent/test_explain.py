"""Reasons: exact shares, grounded slots, and nothing said aloud of how closely somebody was watched."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, timedelta, timezone
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from intent.definition import Telling
from intent.explain import internal, outward, shares
from intent.load import SHIPPED, load_definition
from intent.model import DAY, Contribution, moment
from intent.phrases import CATALOGUE, Reason, quotable, variants
from intent.score import family_sums
from intent.surge import Surge
from tests.intent.definitions import (
    ANN,
    DEFINITION,
    NOW,
    TITLES,
    contribution,
    histories,
    states_of,
)

SOME = settings(max_examples=30, deadline=None)
SURGE = Surge(True, 9, 1.0, 3.14, 5.0, 4)
TOKYO = timezone(timedelta(hours=9))
people = st.lists(histories(most=6), max_size=3)


def named_apart(rows: Sequence[Sequence[Contribution]]) -> list[list[Contribution]]:
    """Other people's events have ids of their own."""
    return [
        [one._replace(event_id=f"o{number}-{one.event_id}") for one in each]
        for number, each in enumerate(rows)
    ]


def recount(
    name: str, grounds: Sequence[Contribution], others: Sequence[Sequence[Contribution]]
) -> float:
    """A number of a sentence, from the events that are said to ground it."""
    ids = {one.event_id for one in grounds}
    if name == "times":
        return len(ids)
    if name == "days":
        return len({moment(one.at).astimezone(TOKYO).date() for one in grounds})
    if name == "window":
        return max(1, ceil((NOW - min(one.at for one in grounds)) / DAY))
    if name == "people":
        return sum(any(one.event_id in ids for one in each) for each in others)
    assert name == "ratio"
    return SURGE.ratio


def numbers_in(text: str) -> list[float]:
    """All numbers of a sentence but those in titles, which are quoted as they are."""
    for title in sorted((quotable(t) or "" for t in TITLES), key=len, reverse=True):
        text = text.replace(f"「{title}」", "")
    return [float(found) for found in re.findall(r"\d+(?:\.\d+)?", text)]


@SOME
@given(evidence=histories(), rest=people)
def test_every_number_of_the_internal_sentence_is_a_recount_of_its_events(
    evidence: list[Contribution], rest: list[list[Contribution]]
) -> None:
    """In the order of the text, and nothing but what a slot holds."""
    others = named_apart(rest)
    reason = internal(DEFINITION, evidence, NOW, others=others, surge=SURGE, zone=TOKYO)
    if reason is None:
        return
    by_id = {one.event_id: one for each in (evidence, *others) for one in each}
    counted = []
    for slot in reason.slots:
        grounds = [by_id[event_id] for event_id in slot.grounds]
        assert grounds
        if isinstance(slot.value, str):
            assert slot.name != "title" or slot.value in {quotable(one.title) for one in grounds}
            assert slot.name != "topic" or {one.topic for one in grounds} == {slot.value}
        else:
            assert slot.value == recount(slot.name, grounds, others)
            counted.append(round(float(slot.value), 1))
    assert numbers_in(reason.text_ja) == counted
    assert "{" not in reason.text_en


@SOME
@given(evidence=histories(), kind=st.sampled_from(["person", "visitor", "account"]))
def test_the_outward_sentence_tells_nothing_of_what_was_watched(
    evidence: list[Contribution], kind: str
) -> None:
    """No number, no address, no sensitive topic, no other slot than one topic or one document."""
    reason = outward(DEFINITION, evidence, NOW, kind=kind)  # type: ignore[arg-type]
    if reason is None:
        return
    for text in (reason.text_ja, reason.text_en):
        assert not re.search(r"\d|://|www\.|@|\.com", text)
        assert "人員整理" not in text
        assert "layoffs" not in text
    assert [slot.name for slot in reason.slots] in ([], ["topic"], ["title"])
    if kind == "account":
        assert [slot.name for slot in reason.slots] == ["topic"]


@SOME
@given(evidence=histories())
def test_a_topic_is_named_on_the_ground_of_two_days_or_a_hand_raise(
    evidence: list[Contribution],
) -> None:
    """And every event that is said to ground it is of that topic and has not faded."""
    by_id = {one.event_id: one for one in evidence}
    for reason in (internal(DEFINITION, evidence, NOW), outward(DEFINITION, evidence, NOW)):
        for slot in () if reason is None else reason.slots:
            if slot.name != "topic":
                continue
            grounds = [one for one in evidence if one.topic == slot.value]
            grounds = [one for one in grounds if DEFINITION.families[one.family].negative is False]
            days = {moment(one.at).date() for one in grounds}
            hard = any(DEFINITION.kinds[one.type].hard for one in grounds)
            assert hard or len(days) >= 2
            assert all(by_id[event_id].at > NOW - 160 * DAY for event_id in slot.grounds)


@SOME
@given(evidence=histories())
def test_shares_add_up_to_the_sums_that_the_score_is_read_from(
    evidence: list[Contribution],
) -> None:
    """Exact, the events that are taken off included."""
    sums = family_sums(DEFINITION, states_of(evidence), NOW)
    whole = sum(
        -points if DEFINITION.families[name].negative else points for name, points in sums.items()
    )
    found = shares(DEFINITION, evidence, NOW)
    assert sum(share.points for share in found) == pytest.approx(whole, rel=1e-9, abs=1e-9)
    assert sum(len(share.event_ids) for share in found) == len(evidence)
    assert [share.points for share in found] == sorted((s.points for s in found), reverse=True)


def said(reason: Reason | None) -> tuple[str, str]:
    assert reason is not None
    return reason.text_ja, reason.text_en


def test_the_sentences_read_as_a_person_would_write_them() -> None:
    """Pricing on three days, a webinar, two colleagues, a surge."""
    shipped = load_definition(SHIPPED)

    def event(
        number: int, event_type: str, days: float, topic: str, title: str | None
    ) -> Contribution:
        kind = shipped.kinds[event_type]
        at = NOW - round(days * DAY)
        return Contribution(
            f"e{number}", event_type, kind.family, topic, kind.points, at, None, title
        )

    mine = [
        event(1, "pricing_view", 13.5, "pricing", "料金"),
        event(2, "pricing_view", 5, "pricing", "料金"),
        event(3, "page_view", 5.01, "pricing", "料金のよくある質問"),
        event(4, "pricing_view", 1, "pricing", "料金"),
        event(5, "webinar_attend", 3, "integration", "つなぐ営業"),
    ]
    others = [
        [event(6, "integration_view", 2, "integration", None)],
        [event(7, "integration_view", 4, "integration", None)],
    ]
    ja, en = said(internal(shipped, mine, NOW, others=others, surge=SURGE))
    assert ja == (
        "直近14日で「料金」関連を4日・4回閲覧、ウェビナー「つなぐ営業」に参加。"
        "同社では他に2名が「システム連携」に関心。会社としての訪問が急上昇(通常の3.1倍)。"
    )
    assert en == (
        "In the last 14 days: viewed pages about “pricing” 4 times on 4 days, "
        "attended the webinar “つなぐ営業”. At the same company 2 other people showed interest in "
        "“system integration”. Visits of the company surge: 3.1 times the usual."
    )
    assert said(outward(shipped, mine, NOW)) == (
        "料金に関心をお持ちのようなのでご連絡しました。",
        "I am getting in touch because pricing seems to be of interest to you.",
    )


def test_one_visit_is_told_without_its_topic_and_not_outward() -> None:
    """One page may have been anything."""
    once = [contribution("a", "pricing_view", 0.5, topic="pricing")]
    ja, en = said(internal(DEFINITION, once, NOW))
    assert ja == "直近1日でサイトを1日・1回閲覧。"
    assert en == "In the last day: viewed pages of the website once."
    assert outward(DEFINITION, once, NOW) is None


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ((1,), "In the last day: viewed pages of the website once."),
        ((1, 0.9), "In the last day: viewed pages of the website 2 times on 1 day."),
        ((2.5, 1), "In the last 3 days: viewed pages of the website 2 times on 2 days."),
    ],
)
def test_how_often_and_on_how_many_days_is_said_as_people_say_it(
    days: tuple[float, ...], expected: str
) -> None:
    """What happened once did so on one day."""
    evidence = [contribution(str(ago), "page_view", ago) for ago in days]
    assert said(internal(DEFINITION, evidence, NOW))[1] == expected


def test_two_visits_of_one_day_name_no_topic() -> None:
    """Two tabs are one look."""
    twice = [contribution(name, "pricing_view", 0.5, topic="pricing") for name in "ab"]
    assert outward(DEFINITION, twice, NOW) is None


def test_days_are_those_of_the_business() -> None:
    """Ten at night and five in the morning are two days in Tokyo and one in Greenwich."""
    late = [contribution(str(hours), "page_view", hours / 24, topic="pricing") for hours in (11, 4)]
    assert outward(DEFINITION, late, NOW, zone=UTC) is None
    assert outward(DEFINITION, late, NOW, zone=TOKYO) is not None


def test_a_hand_raise_names_its_topic_alone() -> None:
    """Who asks about prices has said so."""
    asked = [contribution("a", "form_submit_handraise", 0.1, topic="pricing", title="見積依頼")]
    assert (
        said(outward(DEFINITION, asked, NOW))[0] == "料金に関心をお持ちのようなのでご連絡しました。"
    )
    assert said(internal(DEFINITION, asked, NOW))[0] == "直近1日でフォーム「見積依頼」から連絡。"


def test_a_sensitive_topic_gives_way_to_the_next() -> None:
    """However strong it is; the seller is told."""
    evidence = [
        *(contribution(f"s{days}", "pricing_view", days, topic="layoffs") for days in (1, 2, 3)),
        *(contribution(f"i{days}", "page_view", days, topic="integration") for days in (1, 2)),
    ]
    assert "連携" in said(outward(DEFINITION, evidence, NOW))[0]
    assert outward(DEFINITION, evidence[:3], NOW) is None
    assert "人員整理" in said(internal(DEFINITION, evidence, NOW))[0]


@pytest.mark.parametrize(
    ("title", "ja"),
    [
        ("導入ガイド", "資料「導入ガイド」をダウンロードいただきありがとうございます。"),
        ("2026年版 料金表", "資料をダウンロードいただきありがとうございます。"),
        ("https://example.com/a", "資料をダウンロードいただきありがとうございます。"),
        ("Report for taro@example.com", "資料をダウンロードいただきありがとうございます。"),
        (None, "資料をダウンロードいただきありがとうございます。"),
    ],
)
def test_who_asked_for_a_document_is_thanked_for_it(title: str | None, ja: str) -> None:
    """By its title where nothing in it could be more than a title. An account is many people."""
    asked = [contribution("a", "form_submit_content", 1, topic="pricing", title=title)]
    assert said(outward(DEFINITION, asked, NOW))[0] == ja
    assert outward(DEFINITION, asked, NOW, kind="account") is None


def test_a_document_about_a_sensitive_topic_is_not_mentioned() -> None:
    """Its title would name the topic."""
    asked = [contribution("a", "form_submit_content", 1, topic="layoffs", title="人員整理の手引き")]
    assert outward(DEFINITION, asked, NOW) is None


def test_what_has_faded_is_told_no_more() -> None:
    """Two visits of last spring are no interest of today; nor is what is taken off."""
    old = [contribution(str(days), "page_view", days, topic="pricing") for days in (60, 70)]
    assert internal(DEFINITION, old, NOW) is None
    assert outward(DEFINITION, old, NOW) is None
    job = [contribution(str(days), "careers_view", days, topic="pricing") for days in (1, 2)]
    assert internal(DEFINITION, job, NOW) is None
    assert outward(DEFINITION, job, NOW) is None


def test_more_than_three_groups_are_summed_up() -> None:
    """A scattered interest is told as such."""
    wide = load_definition(SHIPPED)
    evidence = [
        Contribution(f"{topic}{days}", "page_view", "browse", topic, 1.0, NOW - days * DAY)
        for topic in wide.topics
        for days in (1, 2)
    ]
    ja, en = said(internal(wide, evidence, NOW))
    assert ja.count("関連を") == 3
    assert ja.endswith("など。")
    assert "among other things" in en


def test_three_groups_that_make_up_most_of_a_score_are_told_as_all_of_it() -> None:
    """A single view beside three strong interests is not worth a word."""
    wide = load_definition(SHIPPED)
    evidence = [
        Contribution(f"{topic}{days}", "pricing_view", "buying", topic, 6.0, NOW - days * DAY)
        for topic in ("pricing", "integration", "security")
        for days in (1, 2)
    ]
    glance = Contribution("x", "page_view", "browse", "", 1.0, NOW)
    assert said(internal(wide, [*evidence, glance], NOW))[0].endswith("閲覧。")


def test_the_strongest_topic_is_the_one_that_is_named() -> None:
    """Of several that could be."""
    evidence = [
        *(contribution(f"p{days}", "page_view", days, topic="integration") for days in (1, 2)),
        *(contribution(f"i{days}", "pricing_view", days, topic="pricing") for days in (1, 2)),
    ]
    for rows in (evidence, evidence[::-1]):
        assert said(outward(DEFINITION, rows, NOW))[0].startswith("料金に")


def test_the_newest_document_is_the_one_that_is_mentioned() -> None:
    """Of several that were asked for."""
    asked = [
        contribution("a", "form_submit_content", 1, title="導入ガイド"),
        contribution("b", "form_submit_content", 2, title="入門"),
    ]
    for rows in (asked, asked[::-1]):
        assert "導入ガイド" in said(outward(DEFINITION, rows, NOW))[0]
        assert (
            "資料「導入ガイド」などを計2回ダウンロード" in said(internal(DEFINITION, rows, NOW))[0]
        )


def test_colleagues_are_told_by_the_topic_that_most_of_them_share() -> None:
    """Not by the loudest of them."""
    mine = [contribution("a", "page_view", 1)]
    others = [
        [contribution(f"b{days}", "pricing_view", days, topic="pricing") for days in (1, 2, 3)],
        [contribution("c", "page_view", 1, topic="integration")],
        [contribution("d", "page_view", 2, topic="integration")],
    ]
    assert "他に2名が「連携」に関心" in said(internal(DEFINITION, mine, NOW, others=others))[0]
    alone = said(internal(DEFINITION, mine, NOW, others=others[1:2]))
    assert "他に1名が行動" in alone[0]
    assert alone[1].endswith("At the same company 1 other person showed activity.")


def test_how_much_evidence_names_a_topic_is_a_matter_of_the_definition() -> None:
    """Three items, where an admin wants three."""
    careful = replace(DEFINITION, telling=Telling(evidence_items=3))
    evidence = [contribution(str(days), "page_view", days, topic="pricing") for days in (1, 2, 3)]
    assert outward(careful, evidence[:2], NOW) is None
    assert outward(careful, evidence, NOW) is not None


def test_a_type_without_a_phrase_is_told_by_its_name() -> None:
    """An admin may have types of their own."""
    kinds = {**DEFINITION.kinds, "demo_booked": DEFINITION.kinds["page_view"]}
    own = Contribution("a", "demo_booked", "browse", "", 1.0, NOW)
    assert internal(DEFINITION, [own], NOW) is not None
    assert kinds["demo_booked"].points == 1
    assert "「demo_booked」を1回記録" in said(internal(DEFINITION, [own], NOW))[0]


def test_every_phrase_is_there_in_both_languages_with_the_same_slots() -> None:
    """The catalogue has no half entries, and every shipped type that scores has a phrase of its own."""
    told = YAML(typ="safe").load(CATALOGUE.read_text("utf-8"))
    entries = [*told["sentences"].values()]
    for phrase in told["phrases"]:
        assert "plain" in variants(phrase)
        entries += variants(phrase).values()
    for entry in entries:
        assert set(entry) == {"ja", "en"}
        slots = [set(re.findall(r"\{(\w+)\}", entry[language])) for language in ("ja", "en")]
        assert slots[0] == slots[1]
    shipped = load_definition(SHIPPED)
    scoring = {
        n for n, kind in shipped.kinds.items() if (f := shipped.family_of(n)) and not f.negative
    }
    assert scoring <= set(told["types"])
    assert set(told["types"].values()) <= set(told["phrases"])
    assert ANN.kind == "person"
