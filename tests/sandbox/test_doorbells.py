"""Both practice orgs ring at doors that somebody named at the control desk, over HTTP."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from flask import Flask, Response, request

from sandbox.serve import Sandbox
from sandbox.webserver import WebServer

ALL = 1_000_000_000
PATIENCE = 10  # seconds
ACK = "<Envelope><Body><notificationsResponse><Ack>true</Ack></notificationsResponse></Body></Envelope>"


@dataclass
class Doors:
    """Take everything and remember it, request by request."""

    url: str = ""
    hubspot: list[list[dict[str, Any]]] = field(default_factory=list)
    salesforce: list[list[str]] = field(default_factory=list)
    refusals: int = 0

    def hear_hubspot(self) -> Response:
        if self.refusals > 0:
            self.refusals -= 1
            return Response(status=503)
        self.hubspot.append(json.loads(request.get_data()))
        return Response(status=204)

    def hear_salesforce(self) -> Response:
        self.salesforce.append(re.findall(r"<sf:Id>(\w+)</sf:Id>", request.get_data(as_text=True)))
        return Response(ACK, content_type="text/xml")

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for batch in self.hubspot for event in batch]

    @property
    def notified(self) -> list[str]:
        return [record for message in self.salesforce for record in message]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox.start(people=30, seed=7, limits=False)
    sandbox.hubspot.hooks.backoff = 0.01
    yield sandbox
    sandbox.stop()


@pytest.fixture
def doors(sandbox: Sandbox) -> Iterator[Doors]:
    """Connected to orgs that were just seeded."""
    listening, app = Doors(), Flask("doors")
    app.post("/h")(listening.hear_hubspot)
    app.post("/s")(listening.hear_salesforce)
    server = WebServer(app, "doors", "127.0.0.1", 0)
    server.start()
    listening.url = server.url
    sandbox.reset()
    sandbox.ring_at(f"{server.url}/h", f"{server.url}/s")
    yield listening
    sandbox.keep_silent()
    server.stop()


def desk(sandbox: Sandbox, method: str, path: str, body: Any = None) -> Any:
    """Ask the control desk."""
    url = sandbox.as_json()["control_url"] + path
    answer = requests.request(method, url, json=body, timeout=PATIENCE)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def drain(sandbox: Sandbox) -> None:
    """Until nothing is on its way any more."""
    assert sandbox.hubspot.hooks.drain(PATIENCE)
    assert sandbox.salesforce.outbound.drain(PATIENCE)


def lead_of(sandbox: Sandbox) -> str:
    return next(iter(sandbox.salesforce.records("Lead")))


def contact_of(sandbox: Sandbox) -> str:
    return next(iter(sandbox.hubspot.records("contacts")))


def test_every_kind_of_event_of_every_object_is_told(sandbox: Sandbox, doors: Doors) -> None:
    """Births, changes of any property, also of one made later, links, merges, deletions."""
    org = sandbox.hubspot
    org.define(
        "contacts",
        name="made_later",
        label="Made later",
        type="string",
        fieldType="text",
        groupName="contactinformation",
    )
    (company,) = org.load("companies", [{"name": "Example", "domain": "bell.example.com"}])
    first = org.create("contacts", {"email": "ann@bell.example.com", "made_later": "x"})
    second = org.create("contacts", {"email": "bob@bell.example.com"})
    deal = org.create("deals", {"dealname": "Big"})
    link = f"/crm/v4/objects/contacts/{first}/associations/default/companies/{company}"
    requests.put(
        sandbox.as_json()["hubspot"]["base_url"] + link,
        headers={"Authorization": f"Bearer {org.person_token}"},
        timeout=PATIENCE,
    ).raise_for_status()
    org.archive("contacts", org.merge("contacts", first, second))
    org.edit("companies", company, {"phone": "+81 3 0000 1234"})
    drain(sandbox)
    met = {(one["subscriptionType"], one.get("propertyName")) for one in doors.events}
    assert {
        ("contact.creation", None),
        ("contact.propertyChange", "made_later"),
        ("contact.associationChange", None),
        ("company.associationChange", None),
        ("contact.merge", None),
        ("contact.deletion", None),
        ("company.propertyChange", "phone"),
        ("deal.creation", None),
    } <= met
    assert int(deal) in {one.get("objectId") for one in doors.events}
    assert not {name for _, name in met if name in {"hs_lastmodifieddate", "lastmodifieddate"}}


def test_salesforce_tells_of_leads_contacts_and_accounts(sandbox: Sandbox, doors: Doors) -> None:
    """One notification for each change."""
    edited = []
    for name in ("Lead", "Contact", "Account"):
        record = next(iter(sandbox.salesforce.records(name)))
        sandbox.salesforce.edit(name, record, {"Description": "rung"})
        edited.append(record)
    drain(sandbox)
    assert Counter(doors.notified) == Counter(edited)


def test_a_reset_keeps_the_doors(sandbox: Sandbox, doors: Doors) -> None:
    """And seeding rings nobody."""
    desk(sandbox, "POST", "/reset", {"people": 20})
    drain(sandbox)
    assert doors.events == []
    assert doors.notified == []
    sandbox.hubspot.edit("contacts", contact_of(sandbox), {"jobtitle": "After"})
    sandbox.salesforce.edit("Lead", lead_of(sandbox), {"Title": "After"})
    drain(sandbox)
    assert [one["propertyValue"] for one in doors.events] == ["After"]
    assert len(doors.notified) == 1


def test_only_named_properties_and_objects_are_told(sandbox: Sandbox, doors: Doors) -> None:
    """As the desk was told; who is not named keeps silent."""
    wanted = {"hubspot": {"url": f"{doors.url}/h", "properties": {"contacts": ["jobtitle"]}}}
    assert desk(sandbox, "PUT", "/hooks", wanted)["salesforce"]["url"] is None
    sandbox.hubspot.edit("contacts", contact_of(sandbox), {"jobtitle": "CTO", "city": "Uji"})
    sandbox.salesforce.edit("Lead", lead_of(sandbox), {"Title": "CTO"})
    drain(sandbox)
    assert [one["propertyName"] for one in doors.events] == ["jobtitle"]
    assert doors.notified == []


def test_nobody_rings_any_more(sandbox: Sandbox, doors: Doors) -> None:
    """Once the desk was told to forget the doors; a reset brings nothing back."""
    assert desk(sandbox, "DELETE", "/hooks") is None
    desk(sandbox, "POST", "/reset")
    sandbox.hubspot.edit("contacts", contact_of(sandbox), {"jobtitle": "CTO"})
    sandbox.salesforce.edit("Lead", lead_of(sandbox), {"Title": "CTO"})
    drain(sandbox)
    assert (doors.events, doors.notified) == ([], [])


def edit_many(sandbox: Sandbox, count: int) -> None:
    """So many edits on either side, one after the other."""
    contact, lead = contact_of(sandbox), lead_of(sandbox)
    for number in range(count):
        sandbox.hubspot.edit("contacts", contact, {"jobtitle": f"Chief {number}"})
        sandbox.salesforce.edit("Lead", lead, {"Title": f"Chief {number}"})


def test_every_doorbell_is_lost_until_called_off(sandbox: Sandbox, doors: Doors) -> None:
    """However many there are."""
    for system in ("hubspot", "salesforce"):
        desk(sandbox, "POST", "/faults", {"system": system, "kind": "hook_lost", "times": ALL})
    edit_many(sandbox, 150)
    drain(sandbox)
    assert (doors.events, doors.notified) == ([], [])
    told = desk(sandbox, "GET", "/hooks")
    assert told["hubspot"]["lost"] == told["salesforce"]["lost"] == 150
    desk(sandbox, "DELETE", "/faults")
    edit_many(sandbox, 1)
    drain(sandbox)
    assert (len(doors.events), len(doors.notified)) == (1, 1)


def test_every_doorbell_is_doubled_and_shuffled(sandbox: Sandbox, doors: Doors) -> None:
    """Both copies come, mostly apart, in no order."""
    for system in ("hubspot", "salesforce"):
        fault = {"system": system, "kind": "hook_doubled", "seconds": 0.4, "times": ALL}
        desk(sandbox, "POST", "/faults", fault)
    edit_many(sandbox, 100)
    drain(sandbox)
    met = [one["propertyValue"] for one in doors.events]
    assert Counter(met) == {f"Chief {number}": 2 for number in range(100)}
    assert list(dict.fromkeys(met)) != [f"Chief {number}" for number in range(100)]
    apart = [one for one in set(met) if not any(_twice(one, batch) for batch in doors.hubspot)]
    assert len(apart) > 50
    assert len(doors.notified) == 200
    told = desk(sandbox, "GET", "/hooks")
    for system in ("hubspot", "salesforce"):
        assert (told[system]["doubled"], told[system]["delivered"]) == (100, 200)


def _twice(value: str, batch: list[dict[str, Any]]) -> bool:
    return [one["propertyValue"] for one in batch].count(value) == 2


def test_what_was_refused_is_counted_and_comes_again(sandbox: Sandbox, doors: Doors) -> None:
    """In the end every event was delivered once."""
    doors.refusals = 3
    edit_many(sandbox, 20)
    drain(sandbox)
    told = desk(sandbox, "GET", "/hooks")["hubspot"]
    assert told["refused"] >= 3
    assert (told["told"], told["delivered"], told["given_up"]) == (20, 20, 0)


def test_a_listener_in_the_process_hears_everything_at_once(sandbox: Sandbox, doors: Doors) -> None:
    """Before the edit returns, who is subscribed or not."""
    heard: list[str] = []
    sandbox.keep_silent()
    sandbox.hubspot.hooks.listen(lambda event: heard.append(str(event.property_name)))
    sandbox.salesforce.outbound.listen(lambda name, record, user: heard.append(name))
    sandbox.hubspot.edit("contacts", contact_of(sandbox), {"jobtitle": "CTO"})
    sandbox.salesforce.edit("Lead", lead_of(sandbox), {"Title": "CTO"})
    assert heard == ["jobtitle", "Lead"]
