"""The verbs of the port against answers that HubSpot gives on its bad days."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.errors import OutcomeUnknown, Rejected, SystemBlocked, TryLater
from connector.http import RetryPolicy
from connector.hubspot.client import HubSpotConnector
from connector.hubspot.settings import HubSpotSettings
from connector.port import Change, Connector, Draft, Fate, NewField, Outcome, Value, Written
from tests.connector.hubspot_server import Asked, Reply, Server, running

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def hubspot(server: Server) -> HubSpotConnector:
    settings = HubSpotSettings(
        base_url=server.url, access_token="pat-1", app_id="42", retries=RetryPolicy(tries=2)
    )
    return HubSpotConnector(settings, clock=lambda: NOON, sleep=lambda seconds: None)


def raw(record_id: str, **properties: str | None) -> dict[str, Any]:
    return {
        "id": record_id,
        "properties": {"hs_object_id": record_id, **properties},
        "updatedAt": "2026-11-20T11:00:00Z",
        "archived": False,
    }


def batch(*records: dict[str, Any], errors: Any = ()) -> Reply:
    body: dict[str, Any] = {"status": "COMPLETE", "results": list(records)}
    if errors:
        body |= {"numErrors": len(errors), "errors": list(errors)}
    return Reply(207 if errors else 200, body)


def kinds(outcomes: list[Outcome]) -> list[str]:
    return [o.cause if isinstance(o, Rejected) else type(o).__name__ for o in outcomes]


def test_it_is_a_connector(hubspot: HubSpotConnector) -> None:
    """The type checker agrees, too."""
    port: Connector = hubspot
    assert port.system == "hubspot"


# Reading -----------------------------------------------------------------------------------------


def test_more_names_than_fit_in_a_url_go_in_a_body(
    server: Server, hubspot: HubSpotConnector
) -> None:
    """The page gives the ids, a batch read the values; the order stays that of the ids."""
    names = [f"a_rather_long_property_name_{n}" for n in range(300)]

    def answer(asked: Asked) -> Reply:
        if asked.method == "GET":
            return batch(raw("1"), raw("2"), raw("10"))
        return batch(*[raw(i["id"], **{names[0]: "x"}) for i in reversed(asked.json["inputs"])])

    server.answer = answer
    [page] = hubspot.list_all("contacts", names)
    assert [record.id for record in page.records] == ["1", "2", "10"]
    assert page.records[0].values == {names[0]: "x"}
    assert "properties" not in server.asked[0].query


def test_owners_are_listed_without_the_archived(server: Server, hubspot: HubSpotConnector) -> None:
    """Page by page."""
    first = {"id": "1", "email": "ann@example.com", "archived": False}
    gone = {"id": "2", "email": "bo@example.com", "archived": True}
    last = {"id": "3", "email": "cy@example.com", "archived": False}
    server.queue = [
        Reply(200, {"results": [first, gone], "paging": {"next": {"after": "2"}}}),
        Reply(200, {"results": [last]}),
    ]
    pages = list(hubspot.list_all("owners", ["email"]))
    assert [[r.values for r in page.records] for page in pages] == [
        [{"email": "ann@example.com"}],
        [{"email": "cy@example.com"}],
    ]
    assert [page.cursor for page in pages] == ["2", None]


def test_a_merged_id_is_no_live_record(server: Server, hubspot: HubSpotConnector) -> None:
    """HubSpot answers under the id of the survivor: that is another record."""
    server.answer = lambda asked: batch(raw("9", email="ann@example.com"))
    assert set(hubspot.get_many("contacts", ["1", "9", "9", "no-id"], ["email"])) == {"9"}
    assert server.asked[0].json["inputs"] == [{"id": "1"}, {"id": "9"}]


def test_a_contact_is_found_by_an_additional_address(
    server: Server, hubspot: HubSpotConnector
) -> None:
    """Each spelling that was asked for is answered; two spellings are asked once."""
    found = raw("7", email="ann@example.com", hs_additional_emails="a.x@example.com;b@example.com")
    server.answer = lambda asked: batch(found)
    answer = hubspot.find_many(
        "contacts", "email", ["A.X@example.com", "a.x@example.com", "no@example.com", ""], []
    )
    assert {key: [r.id for r in records] for key, records in answer.items()} == {
        "A.X@example.com": ["7"],
        "a.x@example.com": ["7"],
        "no@example.com": [],
        "": [],
    }
    assert server.asked[0].json["idProperty"] == "email"
    assert len(server.asked[0].json["inputs"]) == 2


def test_ten_thousand_changes_of_one_millisecond_are_walked_by_id(
    server: Server, hubspot: HubSpotConnector
) -> None:
    """No page begins at an offset; a broken walk goes on from its cursor, by searches alone if wished."""
    everybody = list(range(1, 10_402))

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/batch/read"):
            return batch(*[raw(i["id"]) for i in asked.json["inputs"]])
        assert "after" not in asked.json
        last = int(asked.json["filterGroups"][0]["filters"][2]["value"])
        hits = [n for n in everybody if n > last]
        body: dict[str, Any] = {"total": len(hits), "results": [raw(str(n)) for n in hits[:200]]}
        if len(hits) > 200:
            body["paging"] = {"next": {"after": "200"}}
        return Reply(200, body)

    server.answer = answer
    since = hubspot.cursor_at(NOON - timedelta(minutes=1))
    pages = list(hubspot.changed_since("contacts", ["email"], since))
    assert [int(record.id) for page in pages for record in page.records] == everybody
    middle = pages[20].cursor
    assert middle is not None
    asked = len(server.asked)
    rest = [r.id for page in hubspot.changed_since("contacts", [], middle) for r in page.records]
    assert {call.path for call in server.asked[asked:]} == {"/crm/v3/objects/contacts/search"}
    assert rest == [str(n) for n in everybody[21 * 200 :]]


def test_what_the_index_still_shows_and_the_truth_does_not_is_left_out(
    server: Server, hubspot: HubSpotConnector
) -> None:
    """A hit is a hint; values come from the record."""

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/search"):
            return batch(raw("1", email="stale@example.com"), raw("2"))
        return batch(raw("1", email="fresh@example.com"))

    server.answer = answer
    [page] = hubspot.changed_since("contacts", ["email"], hubspot.cursor_at(NOON))
    assert [(r.id, r.values) for r in page.records] == [("1", {"email": "fresh@example.com"})]


def test_fates_are_told_with_evidence(server: Server, hubspot: HubSpotConnector) -> None:
    """Live, merged as the survivor tells, merged as a single read tells, archived, and unseen."""
    gone = raw("4") | {"archived": True}

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/batch/read"):
            if asked.query.get("archived") == "true":
                return batch(gone)
            return batch(raw("1"), raw("9", hs_merged_object_ids="2;8"))
        if asked.path.endswith("/3"):
            return Reply(200, raw("9"))
        return Reply(404, b"<html>nothing here</html>")

    server.answer = answer
    assert hubspot.fates("contacts", ["1", "2", "3", "4", "5"]) == {
        "1": Fate("live"),
        "2": Fate("merged", "9"),
        "3": Fate("merged", "9"),
        "4": Fate("deleted"),
        "5": Fate("not_visible"),
    }


def test_histories_are_read_fifty_at_a_time(server: Server, hubspot: HubSpotConnector) -> None:
    """HubSpot takes no more in one call when it shows histories."""
    sizes: list[int] = []

    def answer(asked: Asked) -> Reply:
        sizes.append(len(asked.json["inputs"]))
        change = {
            "value": "x",
            "timestamp": "2026-11-20T11:00:00Z",
            "sourceType": "CRM_UI",
            "sourceId": "userId:5",
        }
        return batch(
            *[
                {"id": i["id"], "propertiesWithHistory": {"associatedcompanyid": [change]}}
                for i in asked.json["inputs"]
            ]
        )

    server.answer = answer
    ids = [str(n) for n in range(1, 121)]
    edits = hubspot.last_edits("contacts", ids, ["associations.company"])
    assert sizes == [50, 50, 20]
    assert edits["120"]["associations.company"].by_us is False


# Updating ----------------------------------------------------------------------------------------


def test_updates_are_matched_by_id_and_the_missing_sent_singly(
    server: Server, hubspot: HubSpotConnector
) -> None:
    """A shuffled answer, a merged id that a single update takes, and an unknown one."""

    def answer(asked: Asked) -> Reply:
        if asked.method == "PATCH":
            return Reply(200, raw("99", jobtitle="c"))
        missing = {"category": "OBJECT_NOT_FOUND", "message": "m", "context": {"ids": ["4"]}}
        return batch(raw("2", jobtitle="b"), raw("1", jobtitle="a"), errors=[missing])

    server.answer = answer
    changes = [Change(i, {"jobtitle": j}) for i, j in zip("1234", "abcd", strict=True)]
    outcomes = hubspot.update_many("contacts", changes)
    assert kinds(outcomes) == ["Written", "Written", "Written", "not_found"]
    assert [o.id for o in outcomes if isinstance(o, Written)] == ["1", "2", "99"]
    assert outcomes[0] == Written("1", values={"jobtitle": "a"})


def test_what_stays_unanswered_has_failed(server: Server, hubspot: HubSpotConnector) -> None:
    """No word in the batch, and none when asked alone."""
    server.answer = lambda asked: batch() if asked.method == "POST" else Reply(200, {})
    assert kinds(hubspot.update_many("contacts", [Change("1", {"jobtitle": "a"})])) == [
        "not_answered"
    ]


def test_refused_fields_bear_the_names_of_the_caller(
    server: Server, hubspot: HubSpotConnector
) -> None:
    """The company is another property to HubSpot."""
    error = {
        "message": "bad",
        "category": "VALIDATION_ERROR",
        "errors": [{"code": "INVALID_LONG", "context": {"propertyName": ["associatedcompanyid"]}}],
    }
    server.answer = lambda asked: Reply(400, error)
    [outcome] = hubspot.update_many("contacts", [Change("1", {"associations.company": "x"})])
    assert isinstance(outcome, Rejected)
    assert (outcome.cause, outcome.fields) == ("invalid_value", ("associations.company",))


# Consent -----------------------------------------------------------------------------------------


def consenting(asked: Asked) -> Reply:
    """Contact 1 has an address, contact 2 has none; everything is taken."""
    if asked.path.endswith("/batch/read"):
        known = {"1": raw("1", email="ann+x@example.com"), "2": raw("2", email=None)}
        return batch(*[known[i["id"]] for i in asked.json["inputs"] if i["id"] in known])
    if asked.path.endswith("/batch/update"):
        return batch(*[raw(i["id"], **i["properties"]) for i in asked.json["inputs"]])
    return Reply(200, {"status": "COMPLETE"})


def test_an_opt_out_goes_to_the_preferences_of_the_address(
    server: Server, hubspot: HubSpotConnector
) -> None:
    """After the other fields, which travel as ever."""
    server.answer = consenting
    [outcome] = hubspot.update_many(
        "contacts", [Change("1", {"jobtitle": "a", "hs_email_optout": True})]
    )
    assert isinstance(outcome, Written)
    assert server.calls() == [
        "POST /crm/v3/objects/contacts/batch/read",
        "POST /crm/v3/objects/contacts/batch/update",
        "POST /communication-preferences/v4/statuses/ann%2Bx%40example.com/unsubscribe-all",
    ]
    assert server.asked[1].json["inputs"][0]["properties"] == {"jobtitle": "a"}


def test_the_address_that_is_being_written_is_the_one_opted_out(
    server: Server, hubspot: HubSpotConnector
) -> None:
    """It is the contact's address from then on."""
    server.answer = consenting
    change = Change("1", {"email": "new@example.com", "hs_email_optout": "true"})
    hubspot.update_many("contacts", [change])
    assert "new%40example.com" in server.calls()[-1]


@pytest.mark.parametrize("value", [False, None, "false", ""])
def test_consent_is_never_loosened(server: Server, hubspot: HubSpotConnector, value: Any) -> None:
    """Nothing is sent, and nothing is wrong."""
    [outcome] = hubspot.update_many("contacts", [Change("1", {"hs_email_optout": value})])
    assert outcome == Written("1")
    assert server.asked == []


def test_without_an_address_nobody_can_be_opted_out(
    server: Server, hubspot: HubSpotConnector
) -> None:
    """The faulty fields are named, so that the caller may send the others; strangers are unknown."""
    server.answer = consenting
    out: dict[str, Value] = {"hs_email_optout": True, "jobtitle": "a"}
    refused, unknown = hubspot.update_many(
        "contacts", [Change("2", out), Change("3", {"hs_email_optout": True})]
    )
    assert isinstance(refused, Rejected)
    assert refused.cause == "required_blank"
    assert set(refused.fields) == {"email", "hs_email_optout"}
    assert kinds([unknown]) == ["not_found"]
    [draft] = hubspot.create_many("contacts", [Draft({"hs_email_optout": True}, "sf_id", "00Q1")])
    assert kinds([draft]) == ["required_blank"]


def test_a_missing_scope_for_consent_parks_consent_only(
    server: Server, hubspot: HubSpotConnector
) -> None:
    """The rest of the account still works."""

    def answer(asked: Asked) -> Reply:
        if "preferences" in asked.path:
            return Reply(403, {"message": "scopes", "category": "MISSING_SCOPES"})
        return consenting(asked)

    server.answer = answer
    [outcome] = hubspot.update_many("contacts", [Change("1", {"hs_email_optout": True})])
    assert isinstance(outcome, Rejected)
    assert (outcome.cause, outcome.fields) == ("read_only", ("hs_email_optout",))


# Creating ----------------------------------------------------------------------------------------


def test_creates_are_matched_by_trace_id(server: Server, hubspot: HubSpotConnector) -> None:
    """The answer comes in any order, with the bad ones among its errors."""

    def answer(asked: Asked) -> Reply:
        inputs = asked.json["inputs"]
        assert len({i["objectWriteTraceId"] for i in inputs}) == len(inputs)
        taken = [
            raw(f"10{i['objectWriteTraceId']}") | {"objectWriteTraceId": i["objectWriteTraceId"]}
            for i in reversed(inputs)
            if i["properties"]["email"] != "bad"
        ]
        bad = {
            "category": "VALIDATION_ERROR",
            "message": "x",
            "context": {"objectWriteTraceId": ["1"]},
            "errors": [{"code": "INVALID_EMAIL", "context": {"propertyName": ["email"]}}],
        }
        return batch(*taken, errors=[bad])

    server.answer = answer
    emails = ["a@example.com", "bad", "c@example.com"]
    drafts = [Draft({"email": e, "phone": None}, "sf_id", f"00Q{n}") for n, e in enumerate(emails)]
    first, refused, last = hubspot.create_many("contacts", drafts)
    assert (first, last) == (
        Written("100", created=True, values={}),
        Written("102", created=True, values={}),
    )
    assert isinstance(refused, Rejected)
    assert (refused.cause, refused.fields) == ("invalid_email", ("email",))
    assert server.asked[0].json["inputs"][0]["properties"] == {
        "email": "a@example.com",
        "sf_id": "00Q0",
    }


def test_our_own_earlier_create_is_updated_and_a_strangers_record_named(
    server: Server, hubspot: HubSpotConnector
) -> None:
    """The key tells them apart; the address finds the record in the way."""

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/batch/create"):
            errors = [
                {
                    "category": "CONFLICT",
                    "message": "Contact already exists",
                    "context": {"objectWriteTraceId": [str(n)]},
                }
                for n in range(2)
            ]
            return batch(errors=errors)
        if asked.path.endswith("/batch/update"):
            return batch(raw("7", jobtitle="b"))
        if asked.json["idProperty"] == "sf_id":
            return batch(raw("7", sf_id="00Q0"))
        return batch(raw("8", email="bo@example.com"))

    server.answer = answer
    drafts = [
        Draft({"email": "ann@example.com", "jobtitle": "b"}, "sf_id", "00Q0"),
        Draft({"email": "Bo@example.com"}, "sf_id", "00Q1"),
    ]
    ours, theirs = hubspot.create_many("contacts", drafts)
    assert isinstance(ours, Written)
    assert (ours.id, ours.created) == ("7", False)
    assert isinstance(theirs, Rejected)
    assert (theirs.cause, theirs.existing_id) == ("duplicate", "8")


def test_a_create_whose_answer_was_lost_is_not_sent_again(
    server: Server, hubspot: HubSpotConnector
) -> None:
    """Every draft of the call is of unknown outcome; the caller looks them up by key."""
    server.answer = lambda asked: Reply(cut=True)
    outcomes = hubspot.create_many("contacts", [Draft({}, "sf_id", f"00Q{n}") for n in range(3)])
    assert [type(outcome) for outcome in outcomes] == [OutcomeUnknown] * 3
    assert len(server.asked) == 1


def test_after_creates_landed_a_fault_is_told_and_not_raised(
    server: Server, hubspot: HubSpotConnector
) -> None:
    """The look at the duplicates fails, the created record is reported all the same."""

    def answer(asked: Asked) -> Reply:
        if not asked.path.endswith("/batch/create"):
            return Reply(429, {"policyName": "DAILY", "message": "daily"})
        conflict = {
            "category": "CONFLICT",
            "message": "Contact already exists",
            "context": {"objectWriteTraceId": ["1"]},
        }
        return batch(raw("7") | {"objectWriteTraceId": "0"}, errors=[conflict])

    server.answer = answer
    drafts = [Draft({"email": f"a{n}@example.com"}, "sf_id", f"00Q{n}") for n in range(2)]
    landed, later = hubspot.create_many("contacts", drafts)
    assert isinstance(landed, Written)
    assert isinstance(later, TryLater)


# Account and schema ------------------------------------------------------------------------------


def test_ping_says_whom_we_talk_to(server: Server, hubspot: HubSpotConnector) -> None:
    """Portal id as text, and the zone in which its day ends."""
    server.answer = lambda asked: Reply(200, {"portalId": 1234, "timeZone": "Asia/Tokyo"})
    account = hubspot.ping()
    assert (account.id, account.user_id, account.timezone) == ("1234", "42", "Asia/Tokyo")
    server.answer = lambda asked: Reply(429, {"policyName": "DAILY", "message": "daily"})
    with pytest.raises(SystemBlocked) as blocked:
        hubspot.ping()
    assert blocked.value.until == 3 * 3600


def test_a_field_that_exists_is_no_error(server: Server, hubspot: HubSpotConnector) -> None:
    """Whoever created it; a missing right is one."""
    field = NewField("2-117", "sf_id", "Salesforce id", unique=True)
    groups = Reply(200, {"results": [{"name": "course_information"}]})
    exists = Reply(409, {"message": "Property already exists", "category": "OBJECT_ALREADY_EXISTS"})
    server.queue = [groups, exists]
    hubspot.create_field(field)
    assert json.loads(server.asked[1].body)["groupName"] == "course_information"
    server.queue = [groups, Reply(403, {"message": "scopes", "category": "MISSING_SCOPES"})]
    with pytest.raises(SystemBlocked) as blocked:
        hubspot.create_field(field)
    assert blocked.value.cause == "permission"
