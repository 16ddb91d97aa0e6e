"""Deals, leads, activities, custom objects, associations, stages and owners through the connector."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.errors import OutcomeUnknown, Rejected
from connector.port import Change, Draft, NewField, Outcome, Stage, Written
from tests.contract.hubspot_world import HubSpotWorld, world_of

KEY = "partner_id"


@pytest.fixture
def hubspot() -> Iterator[HubSpotWorld]:
    yield from world_of("v3")


def written(outcomes: list[Outcome]) -> list[str]:
    assert all(isinstance(one, Written) for one in outcomes), outcomes
    return [one.id for one in outcomes if isinstance(one, Written)]


def refused(outcomes: list[Outcome]) -> Rejected:
    [outcome] = outcomes
    assert isinstance(outcome, Rejected), outcome
    return outcome


def companies(hubspot: HubSpotWorld, count: int) -> list[str]:
    return hubspot.org.load("companies", [{"name": f"Example {n}"} for n in range(count)])


def holds(hubspot: HubSpotWorld, kind: str, record_id: str, field: str) -> object:
    return hubspot.connector.get_many(kind, [record_id], [field])[record_id].values[field]


# Associations as fields -------------------------------------------------------------------------


def test_a_deal_moves_from_company_to_company(hubspot: HubSpotWorld) -> None:
    """The new one is the primary one, and the one before is let go; others stay; None lets go."""
    [deal] = hubspot.org.load("deals", [{"dealname": "A"}])
    first, second, other = companies(hubspot, 3)
    link = "associations.company"
    assert holds(hubspot, "deals", deal, link) is None
    written(hubspot.connector.update_many("deals", [Change(deal, {link: first})]))
    hubspot.org.associate("deals", deal, "companies", other)
    written(hubspot.connector.update_many("deals", [Change(deal, {link: second, "amount": 5})]))
    assert holds(hubspot, "deals", deal, link) == second
    assert hubspot.org.associated("deals", deal, "companies") == {
        second: {"", "Primary"},
        other: {""},
    }
    written(hubspot.connector.update_many("deals", [Change(deal, {link: None})]))
    assert holds(hubspot, "deals", deal, link) is None
    assert set(hubspot.org.associated("deals", deal, "companies")) == {other}
    assert hubspot.org.records("deals")[deal]["amount"] == "5"


def test_without_a_primary_one_the_lowest_id_counts(hubspot: HubSpotWorld) -> None:
    """A deal has many contacts and no primary one; labels of people stay."""
    [deal] = hubspot.org.load("deals", [{"dealname": "A"}])
    low, high, new = hubspot.crowd(3)
    for person in (high, low):
        hubspot.org.associate("deals", deal, "contacts", person)
    link = "associations.contact"
    assert holds(hubspot, "deals", deal, link) == low
    [outcome] = hubspot.connector.update_many("deals", [Change(deal, {link: new})])
    assert isinstance(outcome, Written)
    assert outcome.values == {link: new}
    assert set(hubspot.org.associated("deals", deal, "contacts")) == {high, new}


def test_labels_survive_when_the_primary_company_is_set(hubspot: HubSpotWorld) -> None:
    """What people call a pair is theirs."""
    hubspot.org.define_label("deals", "companies", "Reseller")
    [deal] = hubspot.org.load("deals", [{"dealname": "A"}])
    first, reseller = companies(hubspot, 2)
    hubspot.org.associate("deals", deal, "companies", first)
    hubspot.org.associate("deals", deal, "companies", reseller, "Reseller")
    change = Change(deal, {"associations.company": reseller})
    written(hubspot.connector.update_many("deals", [change]))
    held = hubspot.org.associated("deals", deal, "companies")
    assert held == {reseller: {"", "Primary", "Reseller"}}


def test_setting_what_is_set_writes_nothing(hubspot: HubSpotWorld) -> None:
    """Our own echo costs a read."""
    [deal] = hubspot.org.load("deals", [{"dealname": "A"}])
    [company] = companies(hubspot, 1)
    change = Change(deal, {"associations.company": company})
    written(hubspot.connector.update_many("deals", [change]))
    writes = hubspot.connector.calls.writes
    written(hubspot.connector.update_many("deals", [change]))
    assert hubspot.connector.calls.writes == writes


def test_a_bad_reference_fails_alone_and_by_name(hubspot: HubSpotWorld) -> None:
    """Unknown records, words that are no id, and records that are gone themselves."""
    deals = hubspot.org.load("deals", [{"dealname": str(n)} for n in range(3)])
    [company] = companies(hubspot, 1)
    link = "associations.company"
    values = [hubspot.unknown_id, "Example K.K.", company]
    changes = [Change(deal, {link: value}) for deal, value in zip(deals, values, strict=True)]
    *bad, good = hubspot.connector.update_many("deals", changes)
    assert [(r.cause, r.fields) for r in bad if isinstance(r, Rejected)] == [
        ("bad_reference", (link,))
    ] * 2
    assert isinstance(good, Written)
    gone = Change(hubspot.unknown_id, {link: company})
    assert refused(hubspot.connector.update_many("deals", [gone])).cause == "not_found"


def test_many_associations_cost_one_call_for_a_thousand_records(hubspot: HubSpotWorld) -> None:
    """And none where the field is not asked for; long lists are read to their end."""
    rows = [{"dealname": str(n)} for n in range(250)]
    deals = hubspot.org.load("deals", rows)
    [company] = companies(hubspot, 1)
    changes = [Change(deal, {"associations.company": company}) for deal in deals]
    written(hubspot.connector.update_many("deals", changes))
    listed = []
    for fields in (["dealname"], ["dealname", "associations.company"]):
        before = hubspot.connector.calls.reads
        listed = [r for p in hubspot.connector.list_all("deals", fields) for r in p.records]
        assert hubspot.connector.calls.reads - before == 3 + (len(fields) - 1)
    assert {record.values["associations.company"] for record in listed} == {company}
    [contact] = hubspot.crowd(1)
    [big] = companies(hubspot, 1)
    people = hubspot.org.load("contacts", [{"@company": big} for _ in range(600)])
    assert holds(hubspot, "companies", big, "associations.contact") == min(people, key=int)
    assert holds(hubspot, "contacts", contact, "associations.deal") is None


def test_changes_are_told_with_their_associations(hubspot: HubSpotWorld) -> None:
    """In the same page."""
    cursor = hubspot.connector.cursor_at(hubspot.now())
    [company] = companies(hubspot, 1)
    deal = hubspot.org.create("deals", {"dealname": "A"})
    hubspot.org.associate("deals", deal, "companies", company)
    [page] = hubspot.connector.changed_since("deals", ["associations.company"], cursor)
    assert [(r.id, r.values) for r in page.records] == [(deal, {"associations.company": company})]


# Leads, activities, custom objects --------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("deals", {"dealname": "A", "dealstage": "qualifiedtobuy", "pipeline": "default"}),
        ("tasks", {"hs_timestamp": "2026-11-30T00:00:00Z", "hs_task_subject": "Call"}),
        ("notes", {"hs_timestamp": "2026-11-30T00:00:00Z", "hs_note_body": "<p>Hi</p>"}),
        ("meetings", {"hs_timestamp": "2026-11-30T00:00:00Z", "hs_meeting_title": "Demo"}),
        ("calls", {"hs_timestamp": "2026-11-30T00:00:00Z", "hs_call_title": "First"}),
        ("leads", {"hs_lead_name": "A", "hs_lead_label": "WARM"}),
    ],
)
def test_every_object_lives_its_whole_life(
    hubspot: HubSpotWorld, kind: str, values: dict[str, str]
) -> None:
    """Born with an association, found by key, read, told as changed, changed, deleted."""
    connector = hubspot.connector
    connector.create_field(NewField(kind, KEY, "Partner", unique=True))
    [contact] = hubspot.crowd(1)
    cursor = connector.cursor_at(hubspot.now())
    link = "associations.contact"
    draft = Draft({**values, link: contact}, KEY, "006A")
    [record] = written(connector.create_many(kind, [draft]))
    assert written(connector.create_many(kind, [draft])) == [record]
    [found] = connector.find_many(kind, KEY, ["006A"], [*values, link])["006A"]
    assert found.values == {**values, link: contact}
    name = list(values)[-1]
    pages = connector.changed_since(kind, [name], cursor)
    assert [r.id for page in pages for r in page.records] == [record]
    new = {"hs_lead_label": "HOT", "pipeline": None}.get(name, "new")
    written(connector.update_many(kind, [Change(record, {name: new})]))
    assert holds(hubspot, kind, record, name) == new
    written(connector.delete_many(kind, [record]))
    assert connector.fates(kind, [record])[record].kind == "deleted"
    schema = connector.describe(kind)
    assert schema.fields[link].references == ("contacts",)
    assert {name for name, field in schema.fields.items() if field.required} <= {*values, link}


def test_a_lead_without_its_contact_is_refused(hubspot: HubSpotWorld) -> None:
    """On create, and where the last of its contact and company would be taken away."""
    [contact] = hubspot.crowd(1)
    [company] = companies(hubspot, 1)
    connector, link = hubspot.connector, "associations.contact"
    connector.create_field(NewField("leads", KEY, "Partner", unique=True))
    bare = Draft({"hs_lead_name": "A"}, KEY, "1")
    assert refused(connector.create_many("leads", [bare])).fields == (link,)
    unknown = Draft({"hs_lead_name": "A", link: hubspot.unknown_id}, KEY, "2")
    answer = refused(connector.create_many("leads", [unknown]))
    assert (answer.cause, answer.fields) == ("bad_reference", (link,))
    good = Draft({"hs_lead_name": "A", link: contact}, KEY, "3")
    [lead] = written(connector.create_many("leads", [good]))
    last = refused(connector.update_many("leads", [Change(lead, {link: None})]))
    assert (last.cause, last.fields) == ("required_blank", (link,))
    written(connector.update_many("leads", [Change(lead, {"associations.company": company})]))
    written(connector.update_many("leads", [Change(lead, {link: None})]))
    assert list(hubspot.org.records("leads")) == [lead]


def test_a_custom_object_goes_by_its_name_and_by_its_type_id(hubspot: HubSpotWorld) -> None:
    """Its required properties and its associations are those of the account."""
    type_id = hubspot.org.define_object(
        "projects",
        requiredProperties=["title"],
        properties=[
            {"name": "title", "label": "Title", "type": "string", "fieldType": "text"},
            {
                "name": KEY,
                "label": "Partner",
                "type": "string",
                "fieldType": "text",
                "hasUniqueValue": True,
            },
        ],
        associatedObjects=["COMPANY"],
    )
    connector, link = hubspot.connector, "associations.company"
    [first, second] = companies(hubspot, 2)
    for number, name in enumerate(("projects", type_id)):
        schema = connector.describe(name)
        assert schema.fields["title"].required
        assert schema.fields[link].references == ("companies",)
        draft = Draft({"title": "A", link: first}, KEY, f"k-{number}")
        [record] = written(connector.create_many(name, [draft]))
        written(connector.update_many(name, [Change(record, {link: second})]))
        assert holds(hubspot, name, record, link) == second
        assert holds(hubspot, "companies", second, f"associations.{name}") is not None
    bad = refused(connector.create_many("projects", [Draft({}, KEY, "k-9")]))
    assert (bad.cause, bad.fields) == ("required_blank", ("title",))


def test_pipelines_are_told_with_stages_and_chances(hubspot: HubSpotWorld) -> None:
    """Those of people too, and their stages are options of the property."""
    pipeline, [won, lost] = hubspot.org.add_pipeline("新規営業", [("受注", "1.0"), ("失注", "0.0")])
    schema = hubspot.connector.describe("deals")
    own, added = schema.pipelines
    assert own.id == "default"
    assert own.stages[0] == Stage("appointmentscheduled", "Appointment Scheduled", 0.2, False)
    assert (added.id, added.label) == (pipeline, "新規営業")
    assert added.stages == (Stage(won, "受注", 1.0, True), Stage(lost, "失注", 0.0, True))
    assert won in {option.value for option in schema.fields["dealstage"].options}
    [leads] = hubspot.connector.describe("leads").pipelines
    assert [stage.closed for stage in leads.stages] == [False, False, False, True, True]
    assert hubspot.connector.describe("tasks").pipelines == ()


# Lifecycle stages -------------------------------------------------------------------------------


@pytest.mark.parametrize("manner", ["silent", "raise"])
@pytest.mark.parametrize("kind", ["contacts", "companies"])
def test_a_stage_moves_back_when_it_is_asked_to(
    hubspot: HubSpotWorld, kind: str, manner: str
) -> None:
    """Only where it has to, with the other fields of the row, however HubSpot refuses."""
    hubspot.org.state.lifecycle_backwards = "raise" if manner == "raise" else "silent"
    rows = [{"name": "A", "city": "x"}, {"name": "B", "city": "x"}]
    if kind == "contacts":
        rows = [{"city": "x"}, {"city": "x"}]
    back, forward = hubspot.org.load(kind, rows)
    hubspot.org.edit(kind, back, {"lifecyclestage": "customer"})
    hubspot.org.edit(kind, forward, {"lifecyclestage": "lead"})
    stage = {"lifecyclestage": "opportunity", "city": "Nara"}
    outcomes = hubspot.connector.update_many(kind, [Change(i, stage) for i in (back, forward)])
    assert written(outcomes) == [back, forward]
    held = hubspot.org.records(kind)
    for record_id, outcome in zip((back, forward), outcomes, strict=True):
        assert {name: held[record_id][name] for name in stage} == stage
        assert isinstance(outcome, Written)
        assert outcome.values == stage


def test_a_forward_stage_costs_one_call(hubspot: HubSpotWorld) -> None:
    """And so does the stage that is there already."""
    [person] = hubspot.crowd(1)
    for stage in ("opportunity", "customer", "customer"):
        before = hubspot.connector.calls.reads, hubspot.connector.calls.writes
        change = Change(person, {"lifecyclestage": stage})
        written(hubspot.connector.update_many("contacts", [change]))
        assert (hubspot.connector.calls.reads, hubspot.connector.calls.writes) == (
            before[0],
            before[1] + 1,
        )


def test_a_stage_that_was_cleared_and_not_set_is_no_clean_failure(hubspot: HubSpotWorld) -> None:
    """The outcome is unknown, and the repeat sets it."""
    [person] = hubspot.crowd(1)
    hubspot.person_edits(person, {"lifecyclestage": "customer"})
    change = Change(person, {"lifecyclestage": "lead"})
    fault = {"kind": "status", "status": 503, "match": "POST .*/batch/update", "skip": 2}
    hubspot.org.faults.order({**fault, "times": 1000})
    [outcome] = hubspot.connector.update_many("contacts", [change])
    assert isinstance(outcome, OutcomeUnknown)
    hubspot.calm()
    written(hubspot.connector.update_many("contacts", [change]))
    assert hubspot.stored()[person]["lifecyclestage"] == "lead"


# Owners -----------------------------------------------------------------------------------------


def test_owners_who_left_and_queues_are_told_apart(hubspot: HubSpotWorld) -> None:
    """By those who ask for it."""
    ann, bo, queue = hubspot.org.load_owners(
        [
            {"email": "ann@example.com"},
            {"email": "bo@example.com", "archived": True},
            {"type": "QUEUE"},
        ]
    )
    fields = ["email", "type", "archived"]
    pages = list(hubspot.connector.list_all("owners", fields))
    assert {r.id: list(r.values.values()) for page in pages for r in page.records} == {
        ann: ["PERSON", False, "ann@example.com"],
        queue: ["QUEUE", False, None],
        bo: ["PERSON", True, "bo@example.com"],
    }
    [rest] = hubspot.connector.list_all("owners", fields, pages[0].cursor)
    assert [record.id for record in rest.records] == [bo]
    assert set(hubspot.connector.get_many("owners", [ann, bo], ["email"])) == {ann}


# Erasing and merging ----------------------------------------------------------------------------


def test_only_contacts_are_erased_and_nobody_is_block_listed(hubspot: HubSpotWorld) -> None:
    """Companies go to the bin; a merged id is refused, since others may live in the survivor."""
    [company] = companies(hubspot, 1)
    written(hubspot.connector.erase_many("companies", [company]))
    assert hubspot.org.archived("companies") == [company]
    loser, winner = hubspot.crowd(2)
    survivor = hubspot.person_merges(loser, winner)
    answer = refused(hubspot.connector.erase_many("contacts", [loser]))
    assert survivor in answer.reason
    assert set(hubspot.stored()) == {survivor}
    assert hubspot.org.state.blocked == set()


def test_a_merged_contact_is_erased_along_with_the_one_it_lives_on_in(
    hubspot: HubSpotWorld,
) -> None:
    """Where both are named in one call nothing is refused, and nothing is left."""
    loser, winner = hubspot.crowd(2)
    survivor = hubspot.person_merges(loser, winner)
    both = [loser, survivor]
    assert written(hubspot.connector.erase_many("contacts", both)) == both
    assert hubspot.stored() == {}


def test_the_ceiling_of_merges_is_a_refusal(hubspot: HubSpotWorld) -> None:
    """250 identities, and the record is as it was."""
    winner, loser = hubspot.crowd(2)
    traces = ";".join(str(n) for n in range(1, 250))
    hubspot.org.set_system("contacts", winner, {"hs_merged_object_ids": traces})
    outcome = hubspot.connector.merge("contacts", winner, [loser])
    assert isinstance(outcome, Rejected)
    assert "250" in outcome.reason
    assert set(hubspot.stored()) == {winner, loser}


def test_a_merge_that_stops_on_its_way_goes_on_when_it_is_repeated(hubspot: HubSpotWorld) -> None:
    """What landed stays merged, and the repeat takes up the rest."""
    winner, first, second = hubspot.crowd(3)
    fault = {"kind": "status", "status": 503, "match": "POST .*/merge", "skip": 1}
    hubspot.org.faults.order({**fault, "times": 1000})
    outcome = hubspot.connector.merge("contacts", winner, [first, second])
    assert not isinstance(outcome, Written)
    assert len(hubspot.stored()) == 2
    hubspot.calm()
    again = hubspot.connector.merge("contacts", winner, [first, second])
    assert isinstance(again, Written)
    assert set(hubspot.stored()) == {again.id}


def test_nothing_of_lists_and_owners_is_merged(hubspot: HubSpotWorld) -> None:
    """Nor are owners written to."""
    connector = hubspot.connector
    for kind in ("lists", "owners"):
        outcome = connector.merge(kind, "1", ["2"])
        assert isinstance(outcome, Rejected)
        assert outcome.cause == "read_only"
    assert refused(connector.update_many("owners", [Change("1", {"email": "x"})])).cause == (
        "read_only"
    )
    assert refused(connector.erase_many("owners", ["1"])).cause == "read_only"
