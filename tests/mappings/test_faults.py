"""Broken mapping files: each fault with its place, what stands there, what may, in two languages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mappings.compile import compile_folder, objects_needed
from mappings.faults import MappingFault, MappingFaults, Place, catalogue
from tests.mappings.builders import (
    HUBSPOT,
    SALESFORCE,
    TOKYO,
    compiled,
    faults_of,
    file,
    lines,
    live,
    options,
    text,
    write,
)

# What is written, the code of its fault, what was found, and the nearest right word.
BROKEN_OFFLINE = [
    ("version: 1\n", "missing_key", "", None),
    (file("feilds: []"), "unknown_key", "feilds", "fields"),
    (file("mode: lvie"), "not_allowed", "lvie", "live"),
    (file("version: 1"), "duplicate_key", "version", None),
    (file("first_pairing: fill_blank"), "not_allowed", "fill_blank", "fill_blanks"),
    (file("fields: firstname <-> FirstName"), "wrong_type", "firstname <-> FirstName", None),
    (file("stages: []"), "stages_elsewhere", "contacts", None),
    (file("projection: strict"), "unknown_key", "projection", None),
    (file("relation: {left: people}"), "missing_key", "right", None),
    (file("when_deleted_in: {hubspot: unlnk}"), "not_allowed", "unlnk", "unlink"),
    (file("limits: {creates: many}"), "wrong_type", "many", None),
    (file("limits: {create: 5}"), "unknown_key", "create", "creates"),
    (file("match: {by: [email]}"), "bad_rule", "email", None),
    (file("match: {by: [email = Account.Email]}"), "unknown_object", "Account", None),
    (file("match: {several: oldst}"), "not_allowed", "oldst", "oldest"),
    (file("match: {by: [{all: [email = Email], than: suggest}]}"), "unknown_key", "than", "then"),
    (file("create: {in_salesforce: Leed}"), "not_allowed", "Leed", "Lead"),
    (file("create: {in_salesforce: [{when: email is filled}]}"), "missing_key", "as", None),
    (file("create: {in_hubspot: companies}"), "not_allowed", "companies", None),
    (file("create: {in_salesforce: Contact}"), "required_without_source", "LastName", None),
    (file("consent: {email: {hubspot: hs_email_optout}}"), "missing_key", "salesforce", None),
    (file("tests: [{expect: {}}]"), "missing_key", "name", None),
    (file("tests: [{name: a, expect: {Ledd: {}}}]"), "unknown_key", "Ledd", "Lead"),
    (file("tests: [{name: a, at: {Lead: {Title: soon}}, expect: {}}]"), "wrong_type", "soon", None),
    (file("tests: [{name: a, expect: {create: Leed}}]"), "not_allowed", "Leed", "Lead"),
    (file("only: {hubspot: email is}"), "x_ends_early", "", None),
    (file("only: {hubspot: email is 'x}"), "x_not_understood", "'x", None),
    (file("only: {hubspot: lowr(email) is 'x'}"), "x_no_function", "lowr", "lower"),
    (file("only: {hubspot: email is linked}"), "x_not_a_link", "email", None),
    (file("only: {hubspot: (email is 'x'}"), "x_expected", ")", None),
    (file("only: {hubspot: substr(email)}"), "x_arguments", "substr", None),
    (lines("firstname FirstName"), "bad_line", "firstname FirstName", None),
    (lines("firstname → FirstName"), "full_width", "→", None),
    (lines("firstname <-> Leda.FirstName"), "unknown_object", "Leda", "Lead"),
    (lines("a <-> Title: {both_change: park}"), "unknown_key", "both_change", "both_changed"),
    (lines("firstname <-> FirstName: {both_changed: latest}"), "not_allowed", "latest", None),
    (lines("firstname <-> FirstName: {when_blank: {to_sf: keep}}"), "unknown_key", "to_sf", None),
    (lines("firstname <-> FirstName: {compare: txt}"), "not_allowed", "txt", "text"),
    (lines("firstname <-> FirstName: {to_salesforce: [trimm]}"), "not_allowed", "trimm", "trim"),
    (lines("firstname <-> FirstName: {to_salesforce: [{truncate: x}]}"), "wrong_type", "x", None),
    (lines("firstname <-> FirstName: {both_changed: union}"), "union_needs_set", "firstname", None),
    (lines("firstname <-> FirstName: {direction: '->'}"), "said_twice", "direction", None),
    (lines("{hubspot: a, salesforce: Title}"), "no_direction", "", None),
    (lines("{from: a + b, hubspot: c, salesforce: Title}"), "no_direction", "", None),
    (lines("{id: x, hubspot: a}"), "missing_key", "salesforce", None),
    (lines("a -> Title", "a -> FirstName"), "duplicate_line", "a", None),
    (lines("a -> Title", "b -> Title"), "two_writers", "salesforce Contact.Title", None),
    (lines("a <-> Title: {values: {A: x, B: x}}"), "not_one_to_one", "x", None),
    (lines("a <-> Title: {values: {A: x}, otherwise: pass}"), "pass_not_one_to_one", "x", None),
    (lines("n -> Lead.NumberOfEmployees: {if_empty_on_create: few}"), "bad_default", "few", None),
    (lines("createdate <-> Title"), "read_only", "createdate", None),
    (file("links: [associations.company -> Contact.AccountId]"), "missing_key", "to", None),
    (file("links: [{a -> Contact.AccountId: {to: peopel}}]"), "unknown_mapping", "peopel", "people"),
    (file("links: [{a -> Contact.AccountId: {to: companies}}]"), "unknown_mapping", "companies", None),
    (
        lines(
            '{id: a, from: "z", salesforce: Title, direction: "->"}',
            '{id: z, from: "Title", hubspot: z, direction: "<-"}',
        ),
        "line_cycle",
        "a -> z -> a",
        None,
    ),
    (lines("hs_lead -> Id"), "read_only", "Id", None),
]  # fmt: skip


@pytest.mark.parametrize(("written", "code", "found", "nearest"), BROKEN_OFFLINE)
def test_a_broken_file_names_what_is_wrong(
    tmp_path: Path, written: str, code: str, found: str, nearest: str | None
) -> None:
    """Each fault has a code, what was found, the nearest right word, and a sentence per language."""
    write(tmp_path, written)
    told = {fault.code: fault for fault in faults_of(tmp_path)}
    assert code in told
    fault = told[code]
    assert fault.found == found or not found
    assert fault.nearest == nearest or nearest is None
    assert fault.message("en")
    assert fault.message("ja")
    assert fault.message("ja") != fault.message("en")
    assert fault.place.line >= 1
    assert fault.place.column >= 1


WEB = text("hs_lead_source", kind="picklist", options=options("WEB", "PARTNER"), closed=True)
SOURCE = text("LeadSource", kind="picklist", options=options("Web", "Partner Referral"), length=255)
STRICT = text("Level__c", kind="picklist", options=options("A", "B"), closed=True, length=255)
BROKEN_LIVE = [
    ("jobttle <-> Title", "unknown_field", "jobttle", "jobtitle"),
    ("hs_lead_source <-> LeadSource: {values: {WEB: Wbe}}", "unknown_option", "Wbe", "Web"),
    ("hs_lead_source <-> LeadSource: {values: {WEV: Web}}", "unknown_option", "WEV", "WEB"),
    ("jobtitle -> Level__c: {if_empty_on_create: C}", "bad_default", "C", None),
    ("jobtitle <-> Formula__c", "read_only", "Formula__c", None),
    ("short <-> Tiny__c", "too_short", "Tiny__c", None),
    ("{id: x, from: \"nosuch + 'x'\", salesforce: Title}", "unknown_field", "nosuch", None),
    ("jobtitle <-> Title: {only_if: jobtitel is filled}", "unknown_field", "jobtitel", "jobtitle"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "code", "found", "nearest"), BROKEN_LIVE)
def test_live_schemas_find_what_the_grammar_cannot(
    tmp_path: Path, written: str, code: str, found: str, nearest: str | None
) -> None:
    """Unknown fields and choices, read-only and too short targets are faults before any run."""
    schemas = live(
        hubspot=(WEB, text("short", length=40)),
        salesforce=(
            SOURCE,
            STRICT,
            text("Formula__c", createable=False, updateable=False),
            text("Tiny__c", length=10),
        ),
    )
    write(tmp_path, lines(written))
    told = {fault.code: fault for fault in faults_of(tmp_path, schemas)}
    assert code in told
    assert told[code].found == found
    assert told[code].nearest == nearest or nearest is None


def test_a_path_in_names_leads_to_the_fault(tmp_path: Path) -> None:
    """File, line, column from 1 and the road through mapping, block, line and option."""
    write(tmp_path, lines("firstname <-> FirstName", "jobtitle <-> Title: {both_changed: latest}"))
    (fault,) = faults_of(tmp_path)
    told = fault.as_json("en")
    assert told["path"] == "people > fields > jobtitle > both_changed"
    assert (told["line"], told["column"]) == (6, 40)
    assert told["file"].endswith("people.yaml")
    assert told["allowed"][0] == "newest"
    assert set(told) == {
        "file",
        "line",
        "column",
        "path",
        "found",
        "allowed",
        "nearest",
        "message",
    }


def test_a_fault_in_an_expression_points_at_its_character(tmp_path: Path) -> None:
    """The column is that of the word inside the quoted expression."""
    write(tmp_path, file('only: {hubspot: "email is filled nd phone is empty"}\n'))
    (fault,) = faults_of(tmp_path)
    assert (fault.place.line, fault.place.column) == (4, 34)
    assert fault.found == "nd"


OFFLINE_DOUBTS = [
    (file("match: {by: [email = Lead.Emial]}"), "Emial", "Email"),
    (file("tests: [{name: a, expect: {Lead: {Titel: x}}}]"), "Titel", "Title"),
    (file("only: {salesforce: Statsu is 'New'}"), "Statsu", "Status"),
    (lines("firstname <-> FristName"), "FristName", "FirstName"),
]


@pytest.mark.parametrize(("written", "found", "nearest"), OFFLINE_DOUBTS)
def test_offline_a_name_that_is_not_standard_is_only_doubted(
    tmp_path: Path, written: str, found: str, nearest: str
) -> None:
    """The org may have it; the warning still names the nearest standard field."""
    doubts = [w for w in compiled(tmp_path, written).warnings if w.code == "not_standard"]
    assert {(doubt.found, doubt.nearest) for doubt in doubts} == {(found, nearest)}


def test_all_faults_of_all_files_come_at_once(tmp_path: Path) -> None:
    """One run of check tells everything, in the order of files and lines."""
    write(tmp_path, lines("a <-> Title: {mode: nope}", "b <-> FirstName: {mode: nada}"), "one")
    write(tmp_path, file("mode: off course").replace("people", "two"), "two")
    told = [(fault.place.file[-8:], fault.found) for fault in faults_of(tmp_path)]
    assert told == [("one.yaml", "nope"), ("one.yaml", "nada"), ("two.yaml", "off course")]


def test_a_fault_of_a_line_is_told_once_whatever_the_objects(tmp_path: Path) -> None:
    """A line is compiled for Contact and for Lead; its HubSpot end is wrong only once."""
    write(tmp_path, lines("jobttle <-> Title"))
    assert [fault.found for fault in faults_of(tmp_path, live())] == ["jobttle"]


BAD_BYTES = [
    (b"\xef\xbb\xbf" + lines("email <-> Email").encode(), "byte_order_mark"),
    (file("only: {hubspot: company is '株式会社'}").encode("cp932"), "not_utf8"),
    (file("name2: x").encode("utf-16"), "not_utf8"),
    (b"\x00\xff\xfe\x81", "not_text"),
    (file("").replace("name: people", "name： people").encode(), "full_width"),
    (file("　mode: live").encode(), "full_width"),
    (file("mode: “live”").encode(), "full_width"),
    (file("fields:\n  - email　<-> Email").encode(), "full_width"),
    (file("fields:\n  - email <-> Email： {mode: off}").encode(), "full_width"),
    (file("keys: {hubspot： a}").encode(), "full_width"),
    (file("fields:\n\t- email <-> Email").encode(), "tab"),
    (file("fields: [email <-> Email").encode(), "yaml_syntax"),
    (file("mode: &a [*a]").encode(), "too_deep"),
    (b"[" * 5000, "too_deep"),
    (b"", "empty_file"),
    (b"# only a comment\n", "empty_file"),
    (b"- a\n- b\n", "wrong_type"),
]


@pytest.mark.parametrize(("raw", "code"), BAD_BYTES)
def test_files_that_are_no_plain_yaml_get_a_plain_message(
    tmp_path: Path, raw: bytes, code: str
) -> None:
    """Encodings, full-width signs, tabs and broken YAML are named; nothing crashes."""
    write(tmp_path, raw)
    assert code in {fault.code for fault in faults_of(tmp_path)}


def test_japanese_text_with_full_width_signs_is_no_fault(tmp_path: Path) -> None:
    """Values, quoted text and comments may hold full-width signs."""
    body = """
    # 注意：ここは　コメント
    match:
      ignore: ["「：」　", a]
    tests:
      - name: 株式会社　架け橋の佐藤さん（東京）
        now: {hubspot: {lastname: 佐藤　太郎, jobtitle: "部長：営業"}}
        expect: {}
    """
    write(tmp_path, file(body))
    assert faults_of(tmp_path) == ()


def test_folders_without_files_and_missing_folders_are_faults(tmp_path: Path) -> None:
    """Both name the command that helps."""
    assert [fault.code for fault in faults_of(tmp_path)] == ["no_files"]
    (fault,) = faults_of(tmp_path / "nowhere")
    assert fault.code == "no_folder"
    assert "kakehashi init" in fault.message("ja")


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    """A dangling link cannot be read; the others still are."""
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere")
    write(tmp_path, lines("a <-> Title: {mode: nope}"))
    assert {fault.code for fault in faults_of(tmp_path)} == {"unreadable", "not_allowed"}


def test_two_files_must_not_write_the_same_field(tmp_path: Path) -> None:
    """One writer per field holds over all files, opt-outs and keys included."""
    write(tmp_path, lines("jobtitle <-> Title"), "one")
    body = "consent: {email: {hubspot: jobtitle, salesforce: HasOptedOutOfEmail}}"
    write(tmp_path, file(body).replace("people", "two"), "two")
    told = [fault.found for fault in faults_of(tmp_path) if fault.code == "two_writers"]
    assert "hubspot contacts.jobtitle" in told


def test_mappings_of_the_same_name_are_refused(tmp_path: Path) -> None:
    """Names tell mappings apart in commands and in the ledger."""
    write(tmp_path, lines("a -> Title"), "one")
    write(tmp_path, lines("b -> FirstName"), "two")
    assert "duplicate_name" in {fault.code for fault in faults_of(tmp_path)}


def test_an_object_that_is_not_described_is_a_fault(tmp_path: Path) -> None:
    """Live checks say which object nobody shows us."""
    write(tmp_path, lines("jobtitle <-> Title"))
    schemas = {key: value for key, value in live().items() if key != (SALESFORCE, "Lead")}
    (fault,) = faults_of(tmp_path, schemas)
    assert (fault.code, fault.found) == ("no_object", "Lead")


def test_objects_needed_survives_broken_files(tmp_path: Path) -> None:
    """What has to be described is known before the files are right."""
    write(tmp_path, lines("jobtitle <-> Title: {mode: x}"))
    write(tmp_path, b"\xff\xfe", "other")
    assert objects_needed(tmp_path) == {
        (HUBSPOT, "contacts"),
        (SALESFORCE, "Contact"),
        (SALESFORCE, "Lead"),
    }


def test_the_exception_carries_the_faults(tmp_path: Path) -> None:
    """Its own text counts them."""
    write(tmp_path, lines("a <-> Title: {mode: nope}"))
    with pytest.raises(MappingFaults, match="1 fault"):
        compile_folder(tmp_path, None, TOKYO)


@pytest.mark.parametrize("code", sorted(catalogue()))
def test_every_sentence_is_there_in_both_languages(code: str) -> None:
    """The catalogue has no half entries, and both languages fill the same blanks."""
    entry = catalogue()[code]
    assert set(entry) == {"en", "ja"}
    assert entry["en"]
    assert entry["ja"]


def test_a_list_of_allowed_words_that_was_cut_says_so() -> None:
    """Nobody is to believe that the twelve are all; a program has them all."""
    words = tuple(f"w{number}" for number in range(14))
    place = Place("people.yaml", 1, 1)
    cut = MappingFault(code="not_allowed", place=place, found="x", allowed=words)
    assert "w11, …" in cut.message("en")
    assert "w12" not in cut.message("en")
    assert "…" not in replace(cut, allowed=words[:12]).message("en")
