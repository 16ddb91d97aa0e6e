"""Match rules, addresses and keys of compiled mappings."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.port import ObjectSchema
from mappings.compile import missing_keys
from tests.mappings.builders import (
    CONTEXT,
    HUBSPOT,
    SALESFORCE,
    compiled,
    faults_of,
    file,
    lines,
    live,
    mapping,
    text,
    write,
)

RULES = """
match:
  by:
    - native ids
    - email = Email
    - {all: [lastname = LastName, company = Lead.Company], then: suggest}
  ignore: ["INFO@*"]
  several: oldest
"""


def test_rules_keep_their_order_and_kind(tmp_path: Path) -> None:
    """Native ids, then the address on both objects, then a proposal for Leads only."""
    made = mapping(tmp_path, file(RULES))
    assert [(rule.native, rule.suggest) for rule in made.match] == [
        (True, False),
        (False, False),
        (False, True),
    ]
    assert [set(rule.salesforce_key) for rule in made.match] == [
        set(),
        {"Contact", "Lead"},
        {"Lead"},
    ]
    assert made.several == "oldest"


def test_an_address_matches_whatever_its_case_and_including_additional_ones(
    tmp_path: Path,
) -> None:
    """HubSpot's further addresses belong to the same person; blank keys match nobody."""
    rule = mapping(tmp_path, file(RULES)).match[1]
    held = {"email": "Ann@Example.com", "hs_additional_emails": "a.lee@example.com;"}
    assert rule.hubspot_key(held) == ("ann@example.com", "a.lee@example.com")
    assert rule.salesforce_key["Lead"]({"Email": "ANN@example.com"}) == ("ann@example.com",)
    assert rule.hubspot_key({"email": None}) == ()
    assert rule.salesforce_key["Contact"]({}) == ()


def test_all_parts_of_a_rule_must_be_filled(tmp_path: Path) -> None:
    """Half a key is no key."""
    rule = mapping(tmp_path, file(RULES)).match[2]
    left = rule.hubspot_key({"lastname": "ＬＥＥ", "company": "Acme"})
    assert left == rule.salesforce_key["Lead"]({"LastName": "Lee", "Company": "acme"})
    assert rule.hubspot_key({"lastname": "Lee", "company": ""}) == ()


def test_native_ids_name_the_salesforce_record(tmp_path: Path) -> None:
    """HubSpot's own app left them."""
    rule = mapping(tmp_path, file(RULES)).match[0]
    assert rule.hubspot_key({"salesforceleadid": "00Q1", "salesforcecontactid": None}) == ("00Q1",)


def test_shared_mailboxes_identify_nobody(tmp_path: Path) -> None:
    """Patterns count without case, on the normal key."""
    made = mapping(tmp_path, file(RULES))
    assert made.match_ignore("info@example.com")
    assert not made.match_ignore("ann@example.com")


def test_a_key_compares_as_the_line_that_maps_the_field(tmp_path: Path) -> None:
    """`compare: company` on the line makes ㈱ match 株式会社, too."""
    body = RULES + "fields: [{company -> Lead.Company: {compare: company}}]"
    rule = mapping(tmp_path, file(body)).match[2]
    left = rule.hubspot_key({"lastname": "佐藤", "company": "㈱架け橋"})
    assert left == rule.salesforce_key["Lead"]({"LastName": "佐藤", "Company": "株式会社架け橋"})


def test_opt_outs_follow_every_address_of_a_record(tmp_path: Path) -> None:
    """Only mappings with consent lines need to know addresses."""
    body = "consent: {email: {hubspot: hs_email_optout, salesforce: HasOptedOutOfEmail}}"
    made = mapping(tmp_path, file(body))
    held = {"email": "Ann@Example.com", "hs_additional_emails": "a.lee@example.com"}
    assert made.address[HUBSPOT, "contacts"](held) == ("ann@example.com", "a.lee@example.com")
    assert made.address[SALESFORCE, "Lead"]({"Email": None}) == ()
    assert mapping(tmp_path, file("mode: live")).address == {}


def test_creation_rules_hold_in_their_order(tmp_path: Path) -> None:
    """The first rule whose condition holds; without the block nothing is created."""
    body = """
    create:
      in_salesforce: [{as: Contact, when: jobtitle is 'CTO'}, {as: Lead}]
      in_hubspot: never
    fields:
      - lastname <-> LastName: {if_empty_on_create: x}
      - company -> Lead.Company: {if_empty_on_create: y}
    """
    made = mapping(tmp_path, file(body))
    first, second = made.create_in_salesforce
    assert (first.object, second.object, second.when) == ("Contact", "Lead", None)
    assert first.when is not None
    assert first.when({"jobtitle": "CTO"}, CONTEXT)
    assert made.create_in_hubspot == ()
    assert mapping(tmp_path, file("mode: live")).create_in_salesforce == ()


def test_missing_key_fields_are_told_and_not_read(tmp_path: Path) -> None:
    """Plans work without them; asking Salesforce for an unknown field would not."""
    world = live(hubspot=(text("sf_id", unique=True),))
    body = "keys: {hubspot: sf_id, salesforce: HS__c}\nfields: [jobtitle <-> Title]"
    made = compiled(tmp_path, file(body), world)
    assert missing_keys(made, world) == [
        (SALESFORCE, "Contact", "HS__c"),
        (SALESFORCE, "Lead", "HS__c"),
    ]
    fields = made.mappings[0].fields
    assert fields[HUBSPOT, "contacts"] == ("jobtitle", "sf_id")
    assert fields[SALESFORCE, "Lead"] == ("Title",)


BY_NAME = """
match: {by: [email = Email]}
create: {in_hubspot: contacts}
keys: {hubspot: none}
fields: [email <-> Email]
"""


def test_a_side_may_carry_no_key(tmp_path: Path) -> None:
    """It is neither read nor missed there; a unique field of its own keeps creates from making twins."""
    world = {
        **live(),
        (HUBSPOT, "contacts"): ObjectSchema(
            HUBSPOT, "contacts", {"email": text("email", kind="email", unique=True)}
        ),
    }
    made = compiled(tmp_path, file(BY_NAME), world)
    (one,) = made.mappings
    assert one.keys == {SALESFORCE: "HubSpot_Id__c"}
    assert one.natural_keys == {HUBSPOT: "email"}
    assert one.fields[HUBSPOT, "contacts"] == ("email",)
    assert missing_keys(made, world) == []
    assert compiled(tmp_path, file(BY_NAME)).mappings[0].natural_keys == {HUBSPOT: "email"}


@pytest.mark.parametrize(
    "body",
    [
        BY_NAME.replace("email <->", "email ->"),
        BY_NAME.replace("[email = Email]", "[{all: [email = Email], then: suggest}]"),
        BY_NAME.replace("[email = Email]", "[{all: [email = Email, lastname = LastName]}]"),
        BY_NAME,
    ],
)
def test_without_a_key_of_any_kind_nothing_is_created(tmp_path: Path, body: str) -> None:
    """The field is not filled, pairs nobody by itself, or is not unique."""
    write(tmp_path, file(body))
    (fault,) = faults_of(tmp_path, live())
    assert (fault.code, fault.found) == ("no_natural_key", "HubSpot")
    assert fault.message("ja") != fault.message("en")
    write(tmp_path, file(body.replace("in_hubspot: contacts", "in_hubspot: never")))
    assert faults_of(tmp_path, live()) == ()


def test_one_side_at_least_names_the_other(tmp_path: Path) -> None:
    """Or nobody could tell pairs after the ledger was lost."""
    write(tmp_path, file("keys: {hubspot: none, salesforce: none}"))
    assert [one.code for one in faults_of(tmp_path)] == ["no_key_at_all"]


def test_a_key_that_is_not_unique_deserves_a_warning(tmp_path: Path) -> None:
    """It cannot keep a record from being created twice."""
    world = live(hubspot=(text("sf_id"),))
    made = compiled(tmp_path, file("keys: {hubspot: sf_id}"), world)
    assert [(w.code, w.found) for w in made.warnings] == [("key_not_unique", "sf_id")]


def test_fields_of_hubspots_own_app_deserve_a_warning(tmp_path: Path) -> None:
    """Two writers outside of our files are still two writers."""
    made = compiled(tmp_path, lines("salesforcelastsynctime <-> Title"))
    assert "salesforce_app_field" in {warning.code for warning in made.warnings}


def test_a_wrong_word_for_comparing_a_matched_field_is_told(tmp_path: Path) -> None:
    """The rule that matches by the field looks at that line too, and must not stumble over it."""
    text_of_file = file(RULES + "fields: [{hubspot: email, salesforce: Email, compare: e-mail}]\n")
    (tmp_path / "people.yaml").write_text(text_of_file, "utf-8")
    assert {fault.found for fault in faults_of(tmp_path)} >= {"e-mail"}
