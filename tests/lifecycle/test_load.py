"""The definition file: what the shipped one says, and every fault of a broken one, in two languages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.port import FieldSchema, ObjectSchema, System
from lifecycle.definition import Definition
from lifecycle.load import SHIPPED, SHIPPED_FOLDER, load_definition
from mappings.faults import MappingFault, MappingFaults
from tests.lifecycle.definitions import INTEREST, SHORT, instead, loaded, reason, rule, sla, with_


def faults_of(source: str | Path, **more: Any) -> tuple[MappingFault, ...]:
    with pytest.raises(MappingFaults) as caught:
        load_definition(source, INTEREST, **more)
    return caught.value.faults


@pytest.fixture(scope="module")
def shipped() -> Definition:
    return loaded(SHIPPED)


# What the shipped files say --------------------------------------------------------------------------


def test_the_shipped_definition_says_what_the_page_says(shipped: Definition) -> None:
    """The three core questions, the time limits, and who may come back."""
    assert (shipped.name, shipped.preset) == ("qualified_lead v1", "waterfall")
    assert [one.id for one in shipped.mql_any] == ["hand_raise", "score", "reasons", "surge"]
    core = [one.key for one in shipped.gate.questions if one.is_core]
    assert core == ["need_problem", "timeframe", "decision_maker"]
    assert sum(one.weight for one in shipped.gate.questions) == 9
    minutes = {clock: target.minutes for clock, target in shipped.targets.items()}
    assert minutes == {
        "first_touch": 60,
        "verdict": 540,
        "qualify": 2700,
        "create_opportunity": 2700,
        "write_back": 5,
        "nurture": 540,
        "stale": 16_200,
    }
    ladder = ((0.5, "owner"), (1.0, "manager"), (2.0, "reassign"))
    assert shipped.targets["first_touch"].steps == ladder
    assert (shipped.coming.most, shipped.coming.per_day, shipped.capacity) == (3, 50, 30)


def test_the_shipped_taxonomy_has_every_code_of_the_page_with_both_names(
    shipped: Definition,
) -> None:
    """Class, blame and cool-off of each; twenty to choose from, and the one that a rule sets."""
    days = {
        code: None if one.cool_off is None else one.cool_off.days
        for code, one in shipped.reasons.items()
    }
    assert days == {
        "no_response": 60,
        "timing": 90,
        "no_budget": 120,
        "no_authority": 30,
        "wrong_contact": 0,
        "competitor_locked": 270,
        "no_need": 180,
        "incomplete_info": 0,
        "no_show": 14,
        "not_worked": 0,
        "lost_price": 180,
        "lost_competitor": 270,
        "lost_no_decision": 120,
        "not_target": None,
        "bad_data": None,
        "duplicate": None,
        "student_job_vendor": None,
        "competitor_person": None,
        "existing_customer": None,
        "partner": None,
        "do_not_contact": None,
    }
    blamed = {code for code, one in shipped.reasons.items() if one.blames}
    assert blamed == {"timing", "no_need", "incomplete_info", "not_target", "bad_data"}
    assert not shipped.reasons["not_worked"].blames
    assert shipped.reasons["no_budget"].months == (4, 10)
    assert all(one.ja and one.en for one in shipped.reasons.values())
    assert all(
        "hand_raise" in one.triggers for one in shipped.reasons.values() if one.kind == "recycle"
    )


def test_the_japanese_preset_judges_before_field_sales_accepts() -> None:
    """SQL before SAL; everything else of the sample is as right as the shipped file."""
    sample = loaded(SHIPPED_FOLDER / "samples" / "jp-is-fs.yaml")
    order = [stage.value for stage in sample.order]
    assert order.index("sql") < order.index("sal")


def test_the_owners_of_the_shipped_file_are_nobody(shipped: Definition) -> None:
    """An admin is told to write down two people, in both languages."""
    warnings = load_definition(SHIPPED, INTEREST).warnings
    assert {(one.code, one.found) for one in warnings} == {
        ("example_owner", "marketing@example.com"),
        ("example_owner", "sales@example.com"),
    }
    assert {one.message("ja") for one in warnings} != {one.message("en") for one in warnings}
    assert load_definition(SHORT, INTEREST).warnings == ()


def test_what_is_left_out_has_its_default() -> None:
    """A short file is a whole definition: the taxonomy, the calendar of Japan, no clock that nobody set."""
    short = loaded(SHORT)
    assert len(short.reasons) == 21
    assert (short.calendar.zone, short.calendar.opens, short.targets) == ("Asia/Tokyo", time(9), {})
    assert short.effective_from == date(2026, 4, 1)


def test_a_definition_changes_lines_of_the_taxonomy() -> None:
    """A cool-off of its own, a code of its own, and one that it leaves out."""
    found = loaded(
        with_(
            "reasons:\n"
            "  no_budget: {cool_off: 30d, months: [10, 4, 1]}\n"
            "  partner: {leave_out: true}\n"
            "  moved: {ja: 移転, en: moved away, class: recycle, cool_off: 10d,\n"
            "          triggers: [topic], topics: [pricing]}"
        )
    ).reasons
    assert found["no_budget"].cool_off == timedelta(days=30)
    assert found["no_budget"].months == (1, 4, 10)
    assert found["no_budget"].ja == "予算なし"
    assert "partner" not in found
    assert found["moved"].topics == {"pricing"}


def test_a_day_of_work_is_as_long_as_the_calendar_says() -> None:
    """And a span may be said in days, hours or minutes."""
    found = loaded(
        with_(
            'calendar: {opens: "10:00", closes: "15:30", days: [mon, wed]}\n'
            "sla:\n  verdict: {within: 2d}\n"
            "  qualify: {within: 1.5h, tell: {50%: owner, 100%: [manager, list]}}"
        )
    )
    assert found.targets["verdict"].minutes == 660
    assert found.targets["qualify"].minutes == 90
    assert found.targets["qualify"].steps == ((0.5, "owner"), (1.0, "list"), (1.0, "manager"))
    assert found.calendar.days == {0, 2}


# What is wrong ---------------------------------------------------------------------------------------

# What is written, the code of its fault, what was found, and the nearest right word.
BROKEN = [
    ("", "empty_file", "", None),
    ("- a\n", "wrong_type", "[a]", None),
    ("version: 1\n", "missing_key", "definition", None),
    (instead("version: 1\ndef", "version: 3\ndef"), "bad_version", "3", None),
    (instead("  owners: {marketing: m.sato, sales: k.tanaka}\n", ""), "missing_key", "owners", None),
    (instead(", sales: k.tanaka", ""), "missing_key", "sales", None),
    (instead("sales: k.tanaka", "sales: ''"), "wrong_type", "", None),
    (instead("sales: k.tanaka", "sale: k.tanaka"), "unknown_key", "sale", "sales"),
    (instead("  version: 1\n", "  version: one\n"), "wrong_type", "one", None),
    (instead("  version: 1\n", "  version: 0\n"), "out_of_range", "0", None),
    (instead("2026-04-01", "2026-02-30"), "wrong_type", "2026-02-30", None),
    (instead("2026-04-01", "2026/04/01"), "wrong_type", "2026/04/01", None),
    (instead("qualified_lead", "x" * 31), "out_of_range", "x" * 31, None),
    (instead("  owners", "  stages: jp\n  owners"), "not_allowed", "jp", None),
    (instead("mql:", "mqls:"), "unknown_key", "mqls", "mql"),
    (instead("  any:\n    - {id: hand, when: hard_event is filled}\n", ""), "missing_key", "any", None),
    (rule("fitt >= 40"), "unknown_fact", "fitt", "fit"),
    (rule("gate.need_problm is 'known'"), "unknown_fact", "gate.need_problm", "gate.need_problem"),
    (rule("hard_event is 'demo'"), "unknown_word", "demo", None),
    (rule("hard_event in ['x', 'form_submit']"), "unknown_word", "form_submit", "form_submit_handraise"),
    (rule("top_topic = 'prcing'"), "unknown_word", "prcing", "pricing"),
    (rule("stage is not 'recycle'"), "unknown_word", "recycle", "recycled"),
    (rule("reason in ['timing', 'timming']"), "unknown_word", "timming", "timing"),
    (rule("band is 'A4'"), "unknown_word", "A4", None),
    (rule("consent.email is 'opt_out'"), "unknown_word", "opt_out", "opted_out"),
    (rule("consent.email is 'objected'"), "unknown_word", "objected", None),
    (rule("consent.profiling is not 'opted_out'"), "unknown_word", "opted_out", None),
    (rule("consent.phone in ['erased']"), "unknown_word", "erased", None),
    (rule("gate.timeframe is 'yes'"), "unknown_word", "yes", None),
    (rule("fit >= 40 and"), "x_ends_early", "", None),
    (rule("lowr(top_topic) is 'x'"), "x_no_function", "lowr", "lower"),
    (rule("fit is linked"), "x_not_a_link", "fit", None),
    (rule(" "), "wrong_type", " ", None),
    (instead("id: colleague", "id: hand"), "duplicate_rule", "hand", None),
    (instead("weight: 3", "weight: -3"), "out_of_range", "-3", None),
    (instead("next_step:", "next_stap:"), "not_allowed", "next_step", "next_stap"),
    (with_("gate: {}"), "duplicate_key", "gate", None),
    (with_("consent: {profilling: granted}"), "unknown_key", "profilling", "profiling"),
    (with_("consent: {profiling: yes}"), "not_allowed", "yes", None),
    (reason("no_budgett: {cool_off: 30d}"), "unknown_reason", "no_budgett", "no_budget"),
    (reason("no_budget: {cool_off: -30d}"), "out_of_range", "-30d", None),
    (reason("no_budget: {cool_off: 30}"), "wrong_type", "30", None),
    (reason("no_budget: {cool_off: 9999d}"), "out_of_range", "9999d", None),
    (reason("no_budget: {months: [13]}"), "out_of_range", "13", None),
    (reason("no_budget: {triggers: [surges]}"), "not_allowed", "surges", "surge"),
    (reason("no_budget: {triggers: [by_hand]}"), "not_allowed", "by_hand", None),
    (reason("no_budget: {topics: [prices]}"), "not_allowed", "prices", "pricing"),
    (reason("not_target: {cool_off: 30d}"), "not_for_class", "cool_off", None),
    (reason("one: {ja: a, en: b, class: recycle}"), "missing_key", "cool_off", None),
    (reason("one: {ja: a, en: b, class: partner, cool_off: 1d}"), "not_allowed", "partner", None),
    (reason("one: {ja: a, en: b, class: route}"), "too_many_reasons", "21", None),
    (sla("verdikt: {within: 1d}"), "unknown_key", "verdikt", "verdict"),
    (sla("verdict: {}"), "missing_key", "within", None),
    (sla("verdict: {within: 0d}"), "wrong_type", "0d", None),
    (sla("verdict: {within: -1d}"), "wrong_type", "-1d", None),
    (sla("verdict: {within: 1d, tell: {half: owner}}"), "wrong_type", "half", None),
    (sla("verdict: {within: 1d, tell: {50%: boss}}"), "not_allowed", "boss", None),
    (with_("calendar: {zone: Asia/Tokio}"), "wrong_type", "Asia/Tokio", None),
    (with_("calendar: {days: [monday]}"), "not_allowed", "monday", "mon"),
    (with_('calendar: {opens: "9:00"}'), "wrong_type", "9:00", None),
    (with_('calendar: {opens: "18:00", closes: "09:00"}'), "wrong_order", "", None),
    (with_("calendar: {country: Japan}"), "wrong_type", "Japan", None),
    (with_("calendar: {closed: [2026-12-32]}"), "wrong_type", "2026-12-32", None),
    (with_("routes: [{id: a, when: prefecture is 'x', to: [b]}]"), "unknown_fact", "prefecture", None),
    (with_("routes: [{id: a, when: 'true'}]"), "missing_key", "to", None),
    (with_("sellers: {at_once: 0}"), "out_of_range", "0", None),
    (with_("coming_back: {most: 3.5}"), "wrong_type", "3.5", None),
    (with_("coming_back: {engaged: 36h}"), "wrong_type", "36h", None),
    (instead("version: 1\ndef", "version： 1\ndef"), "full_width", "：", None),
]  # fmt: skip


@pytest.mark.parametrize(("written", "code", "found", "nearest"), BROKEN)
def test_a_broken_file_names_what_is_wrong(
    written: str, code: str, found: str, nearest: str | None
) -> None:
    """Each fault has a code, what was found, the nearest right word, and a sentence per language."""
    told = [fault for fault in faults_of(written) if (fault.code, fault.found) == (code, found)]
    assert told, [(fault.code, fault.found) for fault in faults_of(written)]
    assert told[0].nearest == nearest or nearest is None
    assert told[0].message("en") != told[0].message("ja")


def test_all_faults_come_at_once_and_in_order() -> None:
    """One look tells everything, with the road to each place and the character in a condition."""
    broken = rule("fit >= 40 and top_topic is 'prcing'") + "reasons: {no_budget: {cool_off: -1d}}\n"
    told = [
        (one.place.line, one.place.column, " > ".join(one.place.path), one.found)
        for one in faults_of(broken.replace("weight: 3", "weight: x"))
    ]
    assert told == [
        (9, 52, "qualified-lead > mql > any > hand > when", "prcing"),
        (14, 49, "qualified-lead > gate > questions > need_problem > weight", "x"),
        (18, 33, "qualified-lead > reasons > no_budget > cool_off", "-1d"),
    ]


def test_files_in_other_encodings_get_a_plain_message(tmp_path: Path) -> None:
    """As mapping files do: Shift_JIS, a byte order mark, nothing at all, and no file."""
    told = {}
    for name, raw in {
        "sjis": SHORT.encode("cp932"),
        "bom": b"\xef\xbb\xbf" + SHORT.encode(),
        "empty": b"",
    }.items():
        file = tmp_path / f"{name}.yaml"
        file.write_bytes(raw)
        told[name] = [fault.code for fault in faults_of(file)]
    assert told == {"sjis": ["not_utf8"], "bom": ["byte_order_mark"], "empty": ["empty_file"]}
    assert [fault.code for fault in faults_of(tmp_path / "gone.yaml")] == ["unreadable"]


def test_a_property_that_hubspot_does_not_have_is_a_fault_once_hubspot_was_asked() -> None:
    """Until then nobody can be sure; `person.` and `account.` are the two records."""
    source = rule("person.rank is 'x' and account.employes > 5 and person.jobtitle is filled")
    assert loaded(source).mql_any[0].id == "hand"
    told = {(one.code, one.found, one.nearest) for one in faults_of(source, schemas=SCHEMAS)}
    assert told == {
        ("unknown_fact", "person.rank", "person.jobtitle"),
        ("unknown_fact", "account.employes", "account.employees"),
    }


def described(name: str, **kinds: Any) -> ObjectSchema:
    fields = {one: FieldSchema(name=one, label=one, kind=kind) for one, kind in kinds.items()}
    return ObjectSchema(system=System.HUBSPOT, object=name, fields=fields)


SCHEMAS: Mapping[str, ObjectSchema] = {
    "contacts": described("contacts", jobtitle="text"),
    "companies": described("companies", employees="number"),
}
