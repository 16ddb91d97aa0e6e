"""Both practice orgs over HTTP: addresses, credentials, the seeded people, the control desk."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import requests

from sandbox.serve import Sandbox, SandboxPortTaken

PEOPLE = 60
PATIENCE = 10  # seconds


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox.start(people=PEOPLE)
    yield sandbox
    sandbox.stop()


@pytest.fixture
def doors(sandbox: Sandbox) -> dict[str, Any]:
    sandbox.reset(people=PEOPLE, number=7)
    return sandbox.as_json()


def hubspot(doors: dict[str, Any], path: str, **params: str) -> Any:
    """A read with the token that was handed out."""
    answer = requests.get(
        doors["hubspot"]["base_url"] + path,
        params=params,
        headers={"Authorization": f"Bearer {doors['hubspot']['access_token']}"},
        timeout=PATIENCE,
    )
    answer.raise_for_status()
    return answer.json()


def salesforce(doors: dict[str, Any], soql: str, who: str = "") -> Any:
    """A query after logging in with the credentials that were handed out; `who` = ``person_``."""
    keys = doors["salesforce"]
    token = requests.post(
        f"{keys['login_url']}/services/oauth2/token",
        data={
            "grant_type": "client_credentials",
            "client_id": keys[f"{who}client_id"],
            "client_secret": keys[f"{who}client_secret"],
        },
        timeout=PATIENCE,
    ).json()
    answer = requests.get(
        f"{token['instance_url']}/services/data/v62.0/query",
        params={"q": soql},
        headers={"Authorization": f"Bearer {token['access_token']}"},
        timeout=PATIENCE,
    )
    answer.raise_for_status()
    return answer.json()


def control(doors: dict[str, Any], method: str, path: str, body: Any = None) -> requests.Response:
    return requests.request(method, doors["control_url"] + path, json=body, timeout=PATIENCE)


def test_the_first_line_holds_all_that_a_client_needs(doors: dict[str, Any]) -> None:
    """These keys and no others, all filled."""
    assert {system: set(keys) for system, keys in doors.items() if isinstance(keys, dict)} == {
        "hubspot": {
            "base_url",
            "access_token",
            "person_token",
            "client_secret",
            "app_id",
            "portal_id",
        },
        "salesforce": {
            "login_url",
            "client_id",
            "client_secret",
            "org_id",
            "person_client_id",
            "person_client_secret",
        },
    }
    assert set(doors) == {"hubspot", "salesforce", "control_url"}
    assert all(value for keys in (doors["hubspot"], doors["salesforce"]) for value in keys.values())


def test_seeded_people_are_read_over_http(sandbox: Sandbox, doors: dict[str, Any]) -> None:
    """As many as the report says, on both sides."""
    counts = control(doors, "POST", "/reset", {"people": PEOPLE}).json()
    contacts = hubspot(doors, "/crm/v3/objects/contacts", limit="100", properties="email")
    assert len(contacts["results"]) == counts["hubspot"]["contacts"]
    assert all(person["properties"]["email"] for person in contacts["results"])
    for name in ("Lead", "Contact", "Account"):
        answer = salesforce(doors, f"SELECT Id FROM {name}")  # noqa: S608  # SOQL of a test
        assert answer["totalSize"] == counts["salesforce"][name]


def test_a_person_has_credentials_of_their_own(doors: dict[str, Any]) -> None:
    """So that edits of people can be told from ours."""
    assert doors["hubspot"]["person_token"] != doors["hubspot"]["access_token"]
    ours = salesforce(doors, "SELECT Id FROM Lead")
    theirs = salesforce(doors, "SELECT Id FROM Lead", who="person_")
    assert ours["totalSize"] == theirs["totalSize"] > 0


def test_contacts_know_their_company_and_opt_outs_are_told(doors: dict[str, Any]) -> None:
    """Associations and preferences are seeded with them."""
    control(doors, "POST", "/reset", {"people": 300})
    page = hubspot(
        doors,
        "/crm/v3/objects/contacts",
        limit="100",
        properties="email,hs_email_optout",
        associations="companies",
    )
    assert any("associations" in person for person in page["results"])
    outs = [person["properties"]["hs_email_optout"] == "true" for person in page["results"]]
    assert 0 < sum(outs) < len(outs)


def test_contacts_of_salesforce_belong_to_accounts_and_owners(doors: dict[str, Any]) -> None:
    """By ids that exist."""
    answer = salesforce(doors, "SELECT Id, AccountId, OwnerId, Account.Name FROM Contact")
    assert all(row["Account"]["Name"] for row in answer["records"])
    users = salesforce(doors, "SELECT Id, Email, IsActive FROM User")["records"]
    assert {row["OwnerId"] for row in answer["records"]} <= {user["Id"] for user in users}
    assert sum(not user["IsActive"] for user in users) == 2


def test_calls_are_counted_by_the_desk(doors: dict[str, Any]) -> None:
    """From zero after a reset."""
    hubspot(doors, "/crm/v3/objects/contacts", limit="1")
    counted = control(doors, "GET", "/calls").json()
    assert counted["hubspot"]["total"] == 1
    assert counted["salesforce"]["total"] == 0


def test_a_fault_on_order_happens_and_is_over(doors: dict[str, Any]) -> None:
    """Once, as ordered; then all is well."""
    fault = {"system": "hubspot", "kind": "status", "status": 503, "match": "GET", "times": 1}
    assert control(doors, "POST", "/faults", fault).status_code == 201
    with pytest.raises(requests.HTTPError, match="503"):
        hubspot(doors, "/crm/v3/objects/contacts", limit="1")
    assert hubspot(doors, "/crm/v3/objects/contacts", limit="1")["results"]


def test_a_lost_answer_cuts_the_connection(doors: dict[str, Any]) -> None:
    """The client sees no status at all."""
    fault = {"system": "hubspot", "kind": "lost_answer", "match": "GET", "times": 1}
    control(doors, "POST", "/faults", fault)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        hubspot(doors, "/crm/v3/objects/contacts", limit="1")


def test_a_reset_calls_off_all_faults(doors: dict[str, Any]) -> None:
    """A new beginning is one."""
    fault = {"system": "hubspot", "kind": "status", "status": 500, "times": 99}
    control(doors, "POST", "/faults", fault)
    control(doors, "POST", "/reset", {"people": 6})
    assert hubspot(doors, "/crm/v3/objects/contacts", limit="1")["results"]


def test_three_ports_in_a_row_are_used() -> None:
    """HubSpot on P, Salesforce on P+1, control on P+2; and they are free again afterwards."""
    port = _three_free_ports()
    sandbox = Sandbox.start(people=0, port=port)
    try:
        doors = sandbox.as_json()
        assert doors["hubspot"]["base_url"] == f"http://127.0.0.1:{port}"
        assert doors["salesforce"]["login_url"] == f"http://127.0.0.1:{port + 1}"
        assert doors["control_url"] == f"http://127.0.0.1:{port + 2}"
        with pytest.raises(SandboxPortTaken, match=str(port)):
            Sandbox.start(people=0, port=port)
    finally:
        sandbox.stop()
    Sandbox.start(people=0, port=port).stop()


def test_a_start_that_fails_leaves_nothing_behind() -> None:
    """Where the third port is taken the first two are given back."""
    port = _three_free_ports()
    with closing(socket.create_server(("127.0.0.1", port + 2))):
        with pytest.raises(SandboxPortTaken, match=str(port + 2)):
            Sandbox.start(people=0, port=port)
        with closing(socket.create_server(("127.0.0.1", port))):
            pass


def _three_free_ports() -> int:
    """The first of three that were free a moment ago."""
    for port in range(23_710, 24_000, 3):
        try:
            for place in range(3):
                socket.create_server(("127.0.0.1", port + place)).close()
        except OSError:
            continue
        return port
    pytest.skip("no three free ports in a row")
