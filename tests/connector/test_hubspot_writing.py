"""The writing verbs against answers that HubSpot gives on its bad days."""

from __future__ import annotations

from typing import Any

import pytest

from connector.errors import OutcomeUnknown, Rejected, TryLater
from connector.hubspot.client import HubSpotConnector
from connector.port import Change, Draft, Value, Written
from tests.connector.hubspot_scene import batch, hubspot, kinds, raw, server
from tests.connector.hubspot_server import Asked, Reply, Server

__all__ = ["hubspot", "server"]


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
