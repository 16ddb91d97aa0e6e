"""The definition file: what the shipped one says, and every fault of a broken one, in two languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from intent.definition import AccountRule, Bands, Definition, Keeping, SurgeRule, Telling
from intent.load import SHIPPED, load_definition
from intent.model import DAY
from mappings.faults import MappingFault, MappingFaults

HEAD = """\
version: 1
definition: "1"
families:
  browse: {half_life: 14d, cap: 20}
events:
  page_view: {points: 1, family: browse}
"""


def with_(more: str) -> str:
    return HEAD + more + "\n"


def instead(old: str, new: str) -> str:
    assert old in HEAD
    return HEAD.replace(old, new)


def faults_of(source: str | Path) -> tuple[MappingFault, ...]:
    with pytest.raises(MappingFaults) as caught:
        load_definition(source)
    return caught.value.faults


@pytest.fixture(scope="module")
def shipped() -> Definition:
    return load_definition(SHIPPED)


def test_the_shipped_file_says_what_the_page_says(shipped: Definition) -> None:
    """Points, families and half-lives of every event, and eight topics with both names and words."""
    families = {
        name: (f.half_life // DAY, f.cap, f.negative) for name, f in shipped.families.items()
    }
    assert families == {
        "browse": (14, 20, False),
        "buying": (14, 40, False),
        "evaluate": (14, 30, False),
        "recency": (14, 15, False),
        "content": (30, 30, False),
        "hand_raise": (45, 60, False),
        "email": (14, 10, False),
        "offline": (30, 30, False),
        "external": (21, 15, False),
        "negative": (60, 30, True),
    }
    points = {name: kind.points for name, kind in shipped.kinds.items()}
    assert points["page_view"] == 1
    assert points["pricing_view"] == 6
    assert points["form_submit_handraise"] == 40
    assert points["webinar_attend"] == 10
    assert [name for name, kind in shipped.kinds.items() if kind.hard] == ["form_submit_handraise"]
    assert len(shipped.topics) == 8
    assert all(
        topic.label_ja and topic.label_en and topic.about for topic in shipped.topics.values()
    )
    assert all(len(topic.words) > 5 for topic in shipped.topics.values())
    assert {topic.id for topic in shipped.topics.values() if topic.sensitive} == {"careers"}
    assert len(shipped.fit) == 4


def test_what_never_scores_is_known_all_the_same(shipped: Definition) -> None:
    """An event without a family is no unknown type."""
    silent = {name for name in shipped.kinds if shipped.family_of(name) is None}
    assert silent == {"email_open", "support_view", "unsubscribe"}
    assert shipped.family_of("no_such_type") is None


def test_what_is_left_out_has_the_same_value_as_in_the_shipped_file(shipped: Definition) -> None:
    """The file spells the defaults out; a short file means the same."""
    short = load_definition(HEAD)
    assert short.bands == shipped.bands == Bands()
    assert short.surge == shipped.surge == SurgeRule()
    assert short.account == shipped.account == AccountRule()
    assert short.keeping == shipped.keeping == Keeping()
    assert short.telling == shipped.telling == Telling()


def test_only_the_campaign_stays_in_addresses(shipped: Definition) -> None:
    """Nothing that could name a person."""
    assert shipped.query == {"utm_*"}


@pytest.mark.parametrize(
    "same",
    [
        "# A comment\n" + HEAD,
        with_("bands: {A: 70, 1: 60.0}"),
        with_("surge: {ratio: 2}\nkeeping: {events: 120d}"),
        instead("14d", "336h"),
        instead("{half_life: 14d, cap: 20}", "{cap: 20.0, half_life: 14d}"),
        with_("filters: {networks: []}"),
    ],
)
def test_the_hash_is_that_of_the_meaning(same: str) -> None:
    """Layout, comments, and defaults that are spelled out change nothing."""
    assert load_definition(same).hash == load_definition(HEAD).hash


@pytest.mark.parametrize(
    "other",
    [
        instead("points: 1", "points: 2"),
        instead("14d", "15d"),
        instead('"1"', '"2"'),
        with_("bands: {A: 71}"),
        with_("topics: {pricing: {ja: 料金, en: pricing}}"),
        with_("query: [utm_id]"),
    ],
)
def test_another_meaning_has_another_hash(other: str) -> None:
    """Sums of one definition are never added to those of another."""
    assert load_definition(other).hash != load_definition(HEAD).hash


# What is written, the code of its fault, what was found, and the nearest right word.
BROKEN = [
    ("", "empty_file", "", None),
    ("- a\n", "wrong_type", "[a]", None),
    ("version: 1\n", "missing_key", "definition", None),
    (instead("version: 1", "version: 2"), "bad_version", "2", None),
    (instead("version: 1\n", ""), "missing_key", "version", None),
    (instead('"1"', "x" * 41), "out_of_range", "x" * 41, None),
    (instead("families", "familes"), "unknown_key", "familes", "families"),
    (instead("half_life", "halflife"), "unknown_key", "halflife", "half_life"),
    (instead("half_life: 14d, ", ""), "missing_key", "half_life", None),
    (instead("14d", "14 days"), "wrong_type", "14 days", None),
    (instead("14d", "１４d"), "wrong_type", "１４d", None),
    (instead("14d", "0d"), "out_of_range", "0d", None),
    (instead("14d", "99999d"), "out_of_range", "99999d", None),
    (instead("cap: 20", "cap: 0"), "out_of_range", "0", None),
    (instead("cap: 20", "cap: nan"), "wrong_type", "nan", None),
    (instead("cap: 20", "cap: 1e9"), "wrong_type", "1e9", None),
    (instead("cap: 20", "cap: 20, negative: yes"), "wrong_type", "yes", None),
    (instead("family: browse", "family: brows"), "not_allowed", "brows", "browse"),
    (instead(", family: browse", ""), "missing_key", "family", None),
    (instead("points: 1", "points: -8"), "out_of_range", "-8", None),
    (instead("points: 1", "points: 1, at_most: 0"), "out_of_range", "0", None),
    (instead("points: 1", "points: 1, at_most: 1.5"), "wrong_type", "1.5", None),
    (with_("events: {}"), "duplicate_key", "events", None),
    (with_("pages: [{path: /a, type: pageview}]"), "not_allowed", "pageview", "page_view"),
    (with_("pages: [{path: /a, topic: pricing}]"), "not_allowed", "pricing", None),
    (with_("pages: [{type: page_view}]"), "missing_key", "path", None),
    (with_("pages: [{path: /a}]"), "page_without_effect", "/a", None),
    (with_("pages: [{path: pricing, type: page_view}]"), "bad_path", "pricing", None),
    (with_("pages: [{path: '*://a', type: page_view}]"), "bad_path", "*://a", None),
    (with_("pages: {path: /a}"), "wrong_type", "{path}", None),
    (with_("topics: {a: {ja: 料金}}"), "missing_key", "en", None),
    (with_("topics: {a: {ja: '', en: b}}"), "wrong_type", "", None),
    (with_("topics: {'': {ja: a, en: b}}"), "wrong_type", "", None),
    (with_("topics: {a: {ja: a, en: www.example.com}}"), "label_with_address", "www.example.com", None),
    (with_("topics: {a: {ja: a, en: b, words: {c: d}}}"), "wrong_type", "{c}", None),
    (with_("fit: [{when: a is 'x', points: 5}]"), "missing_key", "on", None),
    (with_("fit: [{when: a is 'x', points: 5, on: contact}]"), "not_allowed", "contact", "contacts"),
    (with_("fit: [{when: lowr(a) is 'x', points: 5, on: contacts}]"), "x_no_function", "lowr", "lower"),
    (with_("fit: [{when: a is, points: 5, on: contacts}]"), "x_ends_early", "", None),
    (with_("fit: [{when: a is linked, points: 5, on: contacts}]"), "x_not_a_link", "a", None),
    (with_("fit: [{when: [a], points: 5, on: contacts}]"), "wrong_type", "[a]", None),
    (with_("fit: [{when: a is filled, points: 500, on: contacts}]"), "out_of_range", "500", None),
    (with_("bands: {A: 40}"), "wrong_order", "", None),
    (with_("bands: {1: 20}"), "wrong_order", "", None),
    (with_("bands: {D: 20}"), "unknown_key", "D", None),
    (with_("surge: {ratio: 1.2}"), "wrong_order", "", None),
    (with_("surge: {tail: 0.9}"), "out_of_range", "0.9", None),
    (with_("account: {anonymous_share: 30}"), "out_of_range", "30", None),
    (with_("filters: {networks: [10.0.0.0/33]}"), "wrong_type", "10.0.0.0/33", None),
    (with_("filters: {employee_domains: [taro@example.com]}"), "wrong_type", "taro@example.com", None),
    (with_("filters: {data_centre_asns: [AS16509]}"), "wrong_type", "AS16509", None),
    (with_("keeping: {events: 36h}"), "wrong_type", "36h", None),
    (with_("telling: {every: soon}"), "wrong_type", "soon", None),
    (with_("query: ['*']"), "wrong_type", "*", None),
    (with_("query: [a*]"), "wrong_type", "a*", None),
    (with_("query: {utm_id: true}"), "wrong_type", "{utm_id}", None),
]  # fmt: skip


@pytest.mark.parametrize(("written", "code", "found", "nearest"), BROKEN)
def test_a_broken_file_names_what_is_wrong(
    written: str, code: str, found: str, nearest: str | None
) -> None:
    """Each fault has a code, what was found, the nearest right word, and a sentence per language."""
    told = [fault for fault in faults_of(written) if (fault.code, fault.found) == (code, found)]
    assert told, [(fault.code, fault.found) for fault in faults_of(written)]
    fault = told[0]
    assert fault.nearest == nearest or nearest is None
    assert fault.message("en") != fault.message("ja")


def test_all_faults_come_at_once_and_in_order() -> None:
    """One look tells everything, with the road to each place."""
    broken = instead("14d", "soon").replace("points: 1", "points: x") + "bands: {Z: 1}\n"
    told = [(f.place.line, " > ".join(f.place.path), f.found) for f in faults_of(broken)]
    assert told == [
        (4, "intent > families > browse > half_life", "soon"),
        (6, "intent > events > page_view > points", "x"),
        (7, "intent > bands > Z", "Z"),
    ]


def test_a_wrong_family_is_no_second_fault_of_its_events() -> None:
    """What refers to a name is judged by the name alone."""
    assert [fault.code for fault in faults_of(instead("14d", "soon"))] == ["wrong_type"]


def test_a_fault_in_a_condition_points_at_its_character() -> None:
    """The column is that of the word inside the condition."""
    (fault,) = faults_of(
        with_('fit: [{when: "a is filled nd b is empty", points: 5, on: contacts}]')
    )
    assert (fault.place.line, fault.place.column, fault.found) == (7, 27, "nd")


def test_a_file_in_another_encoding_gets_a_plain_message(tmp_path: Path) -> None:
    """As mapping files do."""
    file = tmp_path / "intent.yaml"
    file.write_bytes(with_("topics: {a: {ja: 料金, en: b}}").encode("cp932"))
    assert [fault.code for fault in faults_of(file)] == ["not_utf8"]
    assert [fault.code for fault in faults_of(tmp_path / "gone.yaml")] == ["unreadable"]
