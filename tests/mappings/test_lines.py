"""Compiled lines: picklists, sets, dates, defaults, computed lines, and what their hash is made of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.port import FieldKind
from mappings.compile import Locale
from mappings.schema import Direction, Fault, Line, Pending, Skip
from tests.mappings.builders import (
    CONTEXT,
    HUBSPOT,
    SALESFORCE,
    Partners,
    back,
    compiled,
    faults_of,
    file,
    line,
    lines,
    live,
    mapping,
    options,
    text,
    there,
    write,
)

WORDS = "{values: {WEB: Web, EXPO: Trade Show}, otherwise: %s}"


@pytest.mark.parametrize(
    ("otherwise", "value", "expected"),
    [
        ("park", "WEB", "Web"),
        ("pass", "WEB", "Web"),
        ("pass", "OTHER", "OTHER"),
        ("blank", "OTHER", None),
    ],
)
def test_a_picklist_map_carries_what_it_knows(
    tmp_path: Path, otherwise: str, value: str, expected: str | None
) -> None:
    """`otherwise` says what becomes of the rest."""
    assert there(line(tmp_path, f"a -> Title: {WORDS % otherwise}"), value) == expected


def test_an_unknown_choice_parks_its_line_and_names_where_to_add_it(tmp_path: Path) -> None:
    """The default of `otherwise`; the advice names the value, the field and the place."""
    parked = there(line(tmp_path, f"a <-> Title: {WORDS % 'park'}"), "FAIR")
    assert isinstance(parked, Fault)
    assert parked.cause == "unknown_option"
    assert "'FAIR'" in parked.advice
    assert "Contact.Title" in parked.advice
    assert "values" in parked.advice


def test_advice_comes_in_the_language_of_the_settings(tmp_path: Path) -> None:
    """One catalogue serves faults of files and advice for records."""
    made = compiled(
        tmp_path, lines("a -> Title"), live(hubspot=(text("a"),)), Locale(language="ja")
    )
    parked = made.mappings[0].objects["Contact"].lines[0].salesforce.carry("長" * 200, CONTEXT)
    assert isinstance(parked, Fault)
    assert "128 文字" in parked.advice


def test_otherwise_may_differ_by_direction(tmp_path: Path) -> None:
    """A value may pass one way and be parked the other way."""
    made = line(
        tmp_path,
        "a <-> Title: {values: {X: X}, otherwise: {to_hubspot: park, to_salesforce: pass}}",
    )
    assert there(made, "new") == "new"
    assert isinstance(back(made, "new"), Fault)


def test_each_choice_of_a_multi_select_is_mapped_by_itself(tmp_path: Path) -> None:
    """Order and repeats do not matter; one unknown choice parks the line."""
    made = line(tmp_path, "a <-> Title: {compare: set, values: {CRM: Crm, ERP: Erp}}")
    assert there(made, "CRM;ERP") == "Crm;Erp"
    assert back(made, "Erp; Crm") == "ERP;CRM"
    assert isinstance(there(made, "CRM;AI"), Fault)
    assert made.is_set


def test_a_closed_picklist_without_a_map_refuses_other_choices(tmp_path: Path) -> None:
    """Salesforce would answer with an error; the line is parked before."""
    level = text("Level__c", kind="picklist", options=options("A", "B"), closed=True)
    made = line(tmp_path, "jobtitle <-> Level__c", live(salesforce=(level,)))
    assert there(made, "A") == "A"
    assert isinstance(there(made, "C"), Fault)


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("ann@example.com", True),
        ("ann.lee+1@mail.example.co.jp", True),
        ("o'neil@example.com", True),
        ("ann@example", False),
        ("ann.example.com", False),
        ("ann@@example.com", False),
        ("佐藤@example.com", False),
        ("ann@exa mple.com", False),
        ("ann..lee@example.com", False),
    ],
)
def test_addresses_that_salesforce_would_refuse_are_parked(
    tmp_path: Path, address: str, good: bool
) -> None:
    """Syntax is checked before the whole row is refused for it."""
    found = there(line(tmp_path, "email <-> Email"), address)
    assert found == address if good else isinstance(found, Fault)


DATE = (text("day", kind="date"), text("Day__c", kind="date"))
TIME = (text("time", kind="datetime"), text("Time__c", kind="datetime"))


@pytest.mark.parametrize(
    ("written", "direction", "given", "stored"),
    [
        ("day <-> Time__c", "there", "2026-01-02", "2026-01-01T15:00:00.000+0000"),
        ("day <-> Time__c", "back", "2026-01-01T16:00:00.000+0000", "2026-01-02"),
        ("day <-> Time__c", "back", "2026-01-01T00:00:00.000+0000", "2026-01-01"),
        ("time <-> Day__c", "there", "2026-01-01T16:00:00Z", "2026-01-02"),
        ("time <-> Day__c", "back", "2026-01-02", "2026-01-01T15:00:00.000Z"),
        ("time <-> Time__c", "there", "1767312000000", "2026-01-02T00:00:00.000+0000"),
        ("day <-> Day__c", "there", "1767312000000", "2026-01-02"),
    ],
)
def test_dates_and_times_meet_in_the_business_time_zone(
    tmp_path: Path, written: str, direction: str, given: str, stored: str
) -> None:
    """A HubSpot date is midnight UTC, a moment is a day where the business is (Tokyo, UTC+9)."""
    world = live(hubspot=(DATE[0], TIME[0]), salesforce=(DATE[1], TIME[1]))
    made = line(tmp_path, written, world)
    carry, target = (there, made.salesforce) if direction == "there" else (back, made.hubspot)
    found = carry(made, given)
    assert found == stored
    other = back if direction == "there" else there
    again = made.hubspot if direction == "there" else made.salesforce
    returned: Any = other(made, stored)
    assert again.normal(returned) == again.normal(given)
    assert target.normal(stored) is not None


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_there_and_back_keeps_the_normal_form(data: st.DataObject) -> None:
    """What travels and returns is no change, whatever the kinds of the two fields."""
    made = data.draw(st.sampled_from(LINES))
    cell = data.draw(CELLS)
    across = made.salesforce.carry(cell, CONTEXT)
    if isinstance(across, Fault | Skip | Pending):
        return
    home = made.hubspot.carry(across, CONTEXT)
    if isinstance(home, Fault | Skip | Pending):
        return
    stable = made.salesforce.carry(home, CONTEXT)
    assert not isinstance(stable, Fault | Skip | Pending)
    assert made.salesforce.normal(stable) == made.salesforce.normal(across)


KINDS: list[FieldKind] = ["text", "number", "date", "datetime", "bool", "set", "phone", "url"]
CELLS = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.sampled_from(["true", "false", "1.50", "-0", "1e3", "2026-01-02", "2026-01-02T23:30:00Z"]),
    st.integers(-10_000, 10_000).map(str),
    st.dates().map(str),
    st.lists(st.sampled_from("abc"), max_size=3).map(";".join),
)


SENSIBLE: list[tuple[FieldKind, FieldKind]] = [
    *((kind, kind) for kind in KINDS),
    *(("text", kind) for kind in KINDS),
    *((kind, "text") for kind in KINDS),
    ("date", "datetime"),
    ("datetime", "date"),
]


def _lines_of_all_kinds() -> list[Line]:
    written = [f"h{n} <-> S{n}__c" for n in range(len(SENSIBLE))]
    world = live(
        hubspot=tuple(text(f"h{n}", kind=kinds[0]) for n, kinds in enumerate(SENSIBLE)),
        salesforce=tuple(text(f"S{n}__c", kind=kinds[1]) for n, kinds in enumerate(SENSIBLE)),
    )
    with TemporaryDirectory() as folder:
        return list(mapping(Path(folder), lines(*written), world).objects["Contact"].lines)


LINES = _lines_of_all_kinds()


def test_a_default_counts_as_blank_at_both_ends(tmp_path: Path) -> None:
    """A Lead that was born `(unknown)` brings no name to HubSpot."""
    made = line(tmp_path, 'lastname <-> LastName: {if_empty_on_create: "(unknown)"}')
    assert made.salesforce.placeholder == "(unknown)"
    assert made.salesforce.normal("(unknown)") is None
    assert back(made, "(unknown)") is None
    assert not made.salesforce.may_be_blank


def test_a_field_without_null_takes_false_for_blank(tmp_path: Path) -> None:
    """Salesforce checkboxes are never null, and false counts as blank when compared."""
    made = line(tmp_path, "do_not_call <-> DoNotCall")
    assert there(made, None) is False
    assert there(made, "true") is True
    assert back(made, False) == "false"
    assert made.salesforce.normal(False) is None
    assert made.hubspot.normal("false") is None
    assert isinstance(there(made, "perhaps"), Fault)


def test_owners_always_keep_a_blank(tmp_path: Path) -> None:
    """A record without an owner does not take the owner of its partner away."""
    body = "links: [{hubspot_owner_id <-> OwnerId: {to: owners, otherwise: keep}}]"
    made = mapping(tmp_path, file(body)).objects["Lead"].lines[0]
    assert (made.hubspot.when_blank, made.salesforce.when_blank) == ("keep", "keep")
    known = replace(CONTEXT, refs=Partners({("owners", "7"): "005A"}))
    assert there(made, "7", known) == "005A"
    assert isinstance(there(made, "8", known), Skip)


def test_a_partner_that_this_plan_creates_passes_through(tmp_path: Path) -> None:
    """Its id does not exist yet, but the line need not wait for another run."""
    write(
        tmp_path,
        "version: 1\nname: companies\nbetween: {hubspot: companies, salesforce: Account}\n",
        "companies",
    )
    body = "links: [{associations.company -> Contact.AccountId: {to: companies}}]"
    made = compiled(tmp_path, file(body)).mappings[1].objects["Contact"].lines[0]
    known = replace(CONTEXT, refs=Partners({("companies", "7"): Pending("7")}))
    assert there(made, "7", known) == Pending("7")
    waiting = there(made, "8", known)
    assert isinstance(waiting, Skip)
    assert waiting.waiting


def test_a_line_may_name_one_field_per_object(tmp_path: Path) -> None:
    """`Lead.State, Contact.MailingState`: one line, two fields; `Lead.Company`: only there."""
    made = mapping(
        tmp_path, lines("state <-> Lead.State, Contact.MailingState", "company -> Lead.Company")
    )
    fields = {
        name: [one.salesforce.fields for one in of.lines] for name, of in made.objects.items()
    }
    assert fields == {"Contact": [("MailingState",)], "Lead": [("State",), ("Company",)]}
    assert made.fields[SALESFORCE, "Contact"] == ("HubSpot_Id__c", "MailingState")


def test_computed_lines_come_after_what_they_read(tmp_path: Path) -> None:
    """Plain lines first, then each computed one after the line whose result it reads."""
    written = lines(
        '{id: second, from: "first + x", salesforce: Description, direction: "->"}',
        '{id: first, from: "Title", hubspot: first, direction: "<-"}',
        "jobtitle <-> Title",
    )
    made = mapping(tmp_path, written).objects["Lead"].lines
    assert [one.id for one in made] == ["jobtitle", "first", "second"]
    assert [one.computed for one in made] == [False, True, True]
    assert made[2].hubspot.read({"first": "a", "x": ""}, CONTEXT) == "a"


def test_a_value_of_the_ledger_goes_to_both_sides(tmp_path: Path) -> None:
    """`kakehashi.…` names the value; an edit by others is put back unless `edits` says otherwise."""
    made = line(
        tmp_path,
        "{from: kakehashi.intent.score, hubspot: shared_intent_score, salesforce: Score__c}",
    )
    assert made.ledger_value == "intent.score"
    assert made.direction is Direction.BOTH
    assert (made.edits, made.computed) == ("restore", False)


def test_what_is_read_covers_lines_conditions_keys_and_matching(tmp_path: Path) -> None:
    """Nothing that a decision needs is missing from what is asked for."""
    body = """
    only: {hubspot: lifecyclestage is 'customer', salesforce: Status is not 'Junk'}
    match: {by: [native ids, email = Email]}
    create: {in_salesforce: [{as: Lead, when: hs_persona is filled}]}
    consent: {email: {hubspot: hs_email_optout, salesforce: HasOptedOutOfEmail}}
    fields:
      - lastname <-> LastName: {only_if: jobtitle is filled, if_empty_on_create: x}
      - company -> Lead.Company: {if_empty_on_create: y}
    """
    made = mapping(tmp_path, file(body))
    assert set(made.fields[HUBSPOT, "contacts"]) == {
        "lifecyclestage", "salesforcecontactid", "salesforceleadid", "salesforceaccountid", "email",
        "hs_additional_emails", "hs_persona", "hs_email_optout", "lastname", "jobtitle", "company",
        "salesforce_id",
    }  # fmt: skip
    lead = {"Status", "Email", "HasOptedOutOfEmail", "LastName", "Company", "IsConverted"}
    assert set(made.fields[SALESFORCE, "Lead"]) == lead | {"HubSpot_Id__c"}
    assert "Status" not in made.fields[SALESFORCE, "Contact"]


def test_the_hash_follows_the_meaning_and_not_the_layout(tmp_path: Path) -> None:
    """Comments, notes, quotes and the long form change nothing; a word that counts does."""
    short = mapping(tmp_path, lines("jobtitle <-> Title: {both_changed: park}"))
    long = mapping(
        tmp_path,
        "# a comment\n"
        + lines(
            '{hubspot: jobtitle, salesforce: "Title", direction: <->, both_changed: park, note: x}'
        ),
    )
    other = mapping(tmp_path, lines("jobtitle <-> Title: {both_changed: newest}"))
    assert short.hash == long.hash
    assert short.objects["Lead"].lines[0].hash == long.objects["Lead"].lines[0].hash
    assert short.hash != other.hash


def test_today_makes_a_mapping_volatile(tmp_path: Path) -> None:
    """An unchanged record may still need a look tomorrow."""
    assert mapping(tmp_path, file("only: {hubspot: createdate < today}")).volatile
    assert not mapping(tmp_path, file("only: {hubspot: createdate is filled}")).volatile


def test_pass_may_stay_where_the_source_cannot_hold_the_mapped_value(tmp_path: Path) -> None:
    """A closed list on the other side proves that the way back is clear."""
    source = text("src", kind="picklist", options=options("WEB", "EXPO"), closed=True)
    target = text("Src__c", kind="picklist", options=options("Web", "EXPO"), closed=True)
    world = live(hubspot=(source,), salesforce=(target,))
    write(tmp_path, lines("src <-> Src__c: {values: {WEB: Web}, otherwise: pass}"))
    assert faults_of(tmp_path, world) == ()
