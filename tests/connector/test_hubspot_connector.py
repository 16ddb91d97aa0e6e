"""The verbs of the port against answers that HubSpot gives on its bad days."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from connector.errors import SystemBlocked
from connector.hubspot.client import HubSpotConnector
from connector.port import Connector, Fate, NewField
from tests.connector.hubspot_scene import NOON, batch, hubspot, raw, server
from tests.connector.hubspot_server import Asked, Reply, Server

__all__ = ["hubspot", "server"]


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
