"""What the Salesforce connector makes of bad answers, against a server that answers what it is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.errors import OutcomeUnknown, Rejected, SystemBlocked, TryLater
from connector.http import RetryPolicy
from connector.port import Change, Draft, Outcome, Written
from connector.salesforce.client import SalesforceConnector
from connector.salesforce.settings import SalesforceSettings
from tests.connector.hubspot_server import Asked, Reply, Server, running

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PAGE = b"<html><body>Down for Maintenance</body></html>"
EXPIRED = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
LEADS = [f"00Q5g0000000{n:03}EAA" for n in range(5)]


@dataclass
class Org:
    """A Salesforce that lets us in, and answers `replies` first and the last of them for ever."""

    server: Server
    replies: list[Reply] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    logins: int = 0
    token: Reply | None = None

    def __post_init__(self) -> None:
        self.server.answer = self._answer
        self.connector = SalesforceConnector(
            SalesforceSettings(
                login_url=self.server.url,
                client_id="c",
                client_secret="s",
                retries=RetryPolicy(tries=3, seconds=600),
            ),
            clock=lambda: NOON,
            sleep=self.slept.append,
            dice=lambda: 0.0,
        )

    def _answer(self, asked: Asked) -> Reply:
        if not asked.path.endswith("/token"):
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        self.logins += 1
        url = self.server.url
        identity = f"{url}/id/00D5g0000000001EAA/0055g0000000001AAA"
        body = {"access_token": f"t{self.logins}", "instance_url": url, "id": identity}
        return self.token or Reply(200, body)

    def read(self) -> list[str]:
        return sorted(self.connector.get_many("Lead", LEADS, ["Email"]))

    def write(self) -> list[Outcome]:
        return self.connector.update_many("Lead", [Change(i, {"Email": None}) for i in LEADS])


@pytest.fixture
def org() -> Iterator[Org]:
    with running() as server:
        yield Org(server)


def rows(*ids: str) -> Reply:
    return Reply(200, [{"Id": i, "Email": None} for i in ids])


def written(*ids: str) -> Reply:
    return Reply(200, [{"id": i, "success": True, "errors": []} for i in ids])


def refused(code: str, message: str = "", status: int = 400) -> Reply:
    return Reply(status, [{"errorCode": code, "message": message or code}])


@pytest.mark.parametrize("status", [420, 429, 503])
@pytest.mark.parametrize(("wish", "waited"), [("7", 7.0), (None, 1.0)])
def test_a_busy_org_is_waited_for_as_long_as_it_wishes(
    org: Org, status: int, wish: str | None, waited: float
) -> None:
    """With a Retry-After, and without one; the caller hears of neither."""
    headers = {} if wish is None else {"Retry-After": wish}
    org.replies = [Reply(status, None, headers), rows(*LEADS)]
    assert org.read() == LEADS
    assert org.slept == [waited]


def test_the_wish_of_one_answer_is_not_that_of_the_next(org: Org) -> None:
    """A header that is not there any more is forgotten."""
    org.replies = [Reply(503, None, {"Retry-After": "40"}), Reply(503, PAGE), rows(*LEADS)]
    assert org.read() == LEADS
    assert org.slept == [40.0, 1.0]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_page_of_the_edge_is_try_later(org: Org, status: int) -> None:
    """After the bounded retries, with how long to wait."""
    org.replies = [Reply(status, PAGE)]
    with pytest.raises(TryLater) as busy:
        org.read()
    assert busy.value.after > 0
    assert len(org.server.asked) == 1 + 3


@pytest.mark.parametrize("status", [500, 504])
def test_a_write_that_broke_on_the_way_is_sent_once(org: Org, status: int) -> None:
    """It may have landed: sent again, it could replace what a person wrote in between."""
    org.replies = [Reply(status, PAGE), written(*LEADS)]
    assert all(isinstance(outcome, OutcomeUnknown) for outcome in org.write())
    assert len(org.server.asked) == 1 + 1


@pytest.mark.parametrize("status", [502, 503])
def test_a_write_that_never_arrived_is_sent_again(org: Org, status: int) -> None:
    """The edge could not reach the org."""
    org.replies = [Reply(status, PAGE), written(*LEADS)]
    assert all(isinstance(outcome, Written) for outcome in org.write())


def test_the_daily_limit_blocks_until_calls_are_free(org: Org) -> None:
    """At once and without a retry: each would cost a call."""
    org.replies = [refused("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403)]
    with pytest.raises(SystemBlocked) as blocked:
        org.write()
    assert (blocked.value.cause, blocked.value.until) == ("quota", 3_600)
    assert org.slept == []


def test_too_many_long_calls_are_waited_for(org: Org) -> None:
    """The same code, and no reason to stop for an hour."""
    text = "ConcurrentPerOrgLongTxn Limit exceeded."
    org.replies = [refused("REQUEST_LIMIT_EXCEEDED", text, 403), written(*LEADS)]
    assert all(isinstance(outcome, Written) for outcome in org.write())
    assert org.slept == [10.0]


@pytest.mark.parametrize("body", [EXPIRED, {"error": "invalid_token"}, PAGE, None])
def test_an_expired_session_is_renewed_once(org: Org, body: Any) -> None:
    """In whatever shape the 401 comes."""
    org.replies = [Reply(401, body), written(*LEADS)]
    assert all(isinstance(outcome, Written) for outcome in org.write())
    assert org.logins == 2


def test_a_revoked_app_blocks_for_its_credentials(org: Org) -> None:
    """A session that ends, and no new one to be had: a person has to look."""
    org.replies = [rows(*LEADS)]
    org.read()
    org.replies = [Reply(401, EXPIRED)]
    org.token = Reply(400, {"error": "invalid_grant", "error_description": "expired token"})
    with pytest.raises(SystemBlocked) as blocked:
        org.read()
    assert blocked.value.cause == "credentials"
    assert "KAKEHASHI_SALESFORCE__CLIENT_ID" in blocked.value.advice


def test_a_fresh_session_that_is_refused_is_not_renewed_for_ever(org: Org) -> None:
    """Two logins, and then a person: more would lock the user out."""
    org.replies = [Reply(401, EXPIRED)]
    with pytest.raises(SystemBlocked) as blocked:
        org.write()
    assert blocked.value.cause == "credentials"
    assert org.logins == 2


@pytest.mark.parametrize("answered", [0, 3])
def test_an_input_that_the_answer_lacks_has_failed(org: Org, answered: int) -> None:
    """By position; the others are taken at their word."""
    org.replies = [written(*LEADS[:answered])]
    outcomes = org.write()
    assert [outcome.id for outcome in outcomes if isinstance(outcome, Written)] == LEADS[:answered]
    lost = [outcome for outcome in outcomes[answered:] if isinstance(outcome, Rejected)]
    assert [outcome.cause for outcome in lost] == ["not_answered"] * (5 - answered)


@pytest.mark.parametrize("body", [{"odd": True}, "text", None])
def test_an_answer_that_is_no_list_answers_nobody(org: Org, body: Any) -> None:
    """Nothing is taken for written, in any of the three writing verbs."""
    org.replies = [Reply(200, body)]
    drafts = [Draft({"Email": None}, "HubSpot_Id__c", str(n)) for n in range(5)]
    for outcomes in (
        org.write(),
        org.connector.create_many("Lead", drafts),
        org.connector.delete_many("Lead", LEADS),
    ):
        assert [o.cause for o in outcomes if isinstance(o, Rejected)] == ["not_answered"] * 5


@pytest.mark.parametrize("cut", [Reply(cut=True), Reply(200, [{"id": "x"}], truncate=True)])
def test_a_lost_answer_to_a_write_is_of_unknown_outcome(org: Org, cut: Reply) -> None:
    """And sent once."""
    org.replies = [cut, written(*LEADS)]
    assert all(isinstance(outcome, OutcomeUnknown) for outcome in org.write())


def test_a_fault_of_the_whole_call_is_found_by_halves(org: Org) -> None:
    """An unknown field in one row refuses all of them; each ends with its own outcome."""
    bad = LEADS[3]

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/token"):
            return org._answer(asked)
        ids = [row["id"] for row in asked.json["records"]]
        return refused("INVALID_FIELD", "No such column 'Foo'") if bad in ids else written(*ids)

    org.server.answer = answer
    outcomes = org.write()
    assert [type(outcome).__name__ for outcome in outcomes] == [
        "Rejected" if i == bad else "Written" for i in LEADS
    ]
