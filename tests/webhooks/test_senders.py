"""Both practice orgs ring at a served web part, over HTTP, as the vendors do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sandbox.hubspot.org import HubSpotOrg
from sandbox.salesforce.org import SalesforceOrg
from sandbox.webserver import WebServer
from tests.webhooks.scene import Scene


@contextmanager
def served(scene: Scene) -> Iterator[str]:
    """The address at which this scene listens."""
    scene.clock = lambda: datetime.now(UTC)
    scene.public_url = None
    server = WebServer(scene.app(), "doors", "127.0.0.1", 0)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


def test_hubspots_webhooks_are_understood() -> None:
    """Births, changes, links, merges and deletions of a person, signed and in any order."""
    org = HubSpotOrg()
    scene = Scene(secret=org.client_secret, portal=str(org.portal_id))
    kinds = ("creation", "deletion", "merge", "associationChange", "privacyDeletion")
    with served(scene) as url:
        org.subscribe(
            f"{url}/webhooks/hubspot?from=a%20b",
            events=[f"contact.{kind}" for kind in kinds],
            properties={"contact": ["lastname"]},
        )
        (company,) = org.load("companies", [{"name": "Example", "domain": "example.com"}])
        first = org.create("contacts", {"email": "ann@example.com", "lastname": "A"})
        second = org.create("contacts", {"email": "bob@example.com"})
        org.edit("contacts", first, {"lastname": "B", "associatedcompanyid": company})
        survivor = org.merge("contacts", first, second)
        org.archive("contacts", survivor)
        assert org.hooks.drain(10)
    org.close()
    told = {(one.kind, one.record_id, one.fields) for one in scene.notices}
    assert {
        ("created", first, ()),
        ("created", second, ()),
        ("changed", first, ("lastname",)),
        ("merged", survivor, ()),
        ("deleted", survivor, ()),
    } <= told
    assert {one.object for one in scene.notices} == {"contacts"}
    assert all(one.identity and one.at for one in scene.notices)
    (merge,) = (one for one in scene.notices if one.kind == "merged")
    assert set(merge.others) == {first, second}
    refused = scene.number(
        'kakehashi_doorbell_refused_total{reason="wrong_signature",system="hubspot"}'
    )
    assert refused == 0


def test_hubspot_comes_back_when_the_store_was_down() -> None:
    """Nothing is lost by a 503."""
    org = HubSpotOrg(hook_backoff=0.01)
    scene = Scene(secret=org.client_secret, store_down=True)
    down = 'kakehashi_doorbell_refused_total{reason="store_down",system="hubspot"}'
    with served(scene) as url:
        org.subscribe(f"{url}/webhooks/hubspot", events=["contact.creation"])
        one = org.create("contacts", {"email": "ann@example.com"})
        while not scene.number(down):
            org.hooks.drain(0.01)
        scene.store_down = False
        assert org.hooks.drain(10)
    org.close()
    assert [notice.record_id for notice in scene.notices] == [one]


def test_salesforces_messages_are_understood_and_acked() -> None:
    """By the org's own id and the secret path; what was doubled or sent again counts once."""
    org = SalesforceOrg()
    org.outbound.backoff = 0.01
    scene = Scene(org=org.org_id, token="hush", store_down=True)
    down = 'kakehashi_doorbell_refused_total{reason="store_down",system="salesforce"}'
    with served(scene) as url:
        org.send_outbound("Lead", f"{url}/webhooks/salesforce/hush?lane=handoff", ["Email"])
        lead = org.add(
            "Lead", {"LastName": "架け橋 & Co", "Company": "例", "Email": "ann@example.com"}
        )
        while not scene.number(down):
            org.outbound.drain(0.01)
        scene.store_down = False
        assert org.outbound.drain(10)
    org.close()
    assert {(one.object, one.record_id, one.kind) for one in scene.notices} == {
        ("Lead", lead, "changed")
    }
    assert {receipt.lane_hint for receipt in scene.receipts} == {"handoff"}


def test_a_message_about_a_record_that_is_gone_is_acked() -> None:
    """It holds no data but its notice."""
    org = SalesforceOrg()
    scene = Scene(org=org.org_id)
    with served(scene) as url:
        org.send_outbound("Lead", f"{url}/webhooks/salesforce")
        lead = org.add("Lead", {"LastName": "Kake", "Company": "Example"})
        org.delete("Lead", lead)
        assert org.outbound.drain(10)
    org.close()
    known = {one.record_id for one in scene.notices}
    assert known <= {lead}
