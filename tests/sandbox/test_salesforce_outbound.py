"""Outbound messages of the Salesforce practice org, received by a real server."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from flask import Flask, Response, request

from sandbox.salesforce.org import SalesforceOrg
from sandbox.webserver import WebServer
from tests.sandbox.salesforce_served import Served, lead

pytest_plugins = ["tests.sandbox.salesforce_fixtures"]
ACK = (
    "<Envelope><Body><notificationsResponse><Ack>{}</Ack></notificationsResponse></Body></Envelope>"
)


@dataclass
class Ear:
    """Listens, and acks once it was asked `deaf` times."""

    url: str = ""
    deaf: int = 0
    heard: list[str] = field(default_factory=list)
    _news: threading.Condition = field(default_factory=threading.Condition)

    def listen(self) -> Response:
        with self._news:
            self.heard.append(request.get_data(as_text=True))
            self._news.notify_all()
            self.deaf -= 1
            word = "true" if self.deaf < 0 else "false"
        return Response(ACK.format(word), content_type="text/xml")

    def wait(self, until: Callable[[Ear], bool]) -> bool:
        with self._news:
            return self._news.wait_for(lambda: until(self), 5)

    def ids(self) -> list[str]:
        """The notification ids, in the order in which they were heard."""
        found: list[str] = []
        for body in self.heard:
            found += re.findall(r"<Notification>\s*<Id>(\w+)</Id>", body)
        return found


@pytest.fixture
def ear() -> Iterator[Ear]:
    listener, app = Ear(), Flask("ear")
    app.post("/")(listener.listen)
    server = WebServer(app, "ear", "127.0.0.1", 0)
    server.start()
    listener.url = f"{server.url}/"
    yield listener
    server.stop()


@pytest.fixture
def quick(org: SalesforceOrg) -> SalesforceOrg:
    """An org that tries again at once."""
    org.outbound.backoff = 0.01
    return org


def test_a_change_is_told_with_the_values_at_send_time(quick: SalesforceOrg, ear: Ear) -> None:
    """Org, action, notification and record ids, and the fields of the rule; blanks are left out."""
    action = quick.send_outbound("Lead", ear.url, ["Email", "Title"])
    (one,) = quick.load("Lead", [lead(Email="ann@example.com")])
    assert quick.outbound.drain(1)
    assert not ear.heard  # loading tells nothing
    quick.edit("Lead", one, {"City": "Osaka"})
    assert quick.outbound.drain(5)
    (body,) = ear.heard
    assert f"<OrganizationId>{quick.org_id}</OrganizationId>" in body
    assert f"<ActionId>{action}</ActionId>" in body
    assert f"<sf:Id>{one}</sf:Id>" in body
    assert "<sf:Email>ann@example.com</sf:Email>" in body
    assert "sf:Title" not in body
    assert '<SessionId xsi:nil="true"/>' in body


def test_messages_hold_at_most_a_hundred_notifications(quick: SalesforceOrg, ear: Ear) -> None:
    """Each record once, over several messages."""
    quick.send_outbound("Lead", ear.url)
    for number in range(130):
        quick.add("Lead", lead(LastName=f"L{number}"))
    assert quick.outbound.drain(5)
    assert len(ear.ids()) == len(set(ear.ids())) == 130
    assert max(body.count("<Notification>") for body in ear.heard) <= 100


def test_an_unacked_message_comes_again(quick: SalesforceOrg, ear: Ear) -> None:
    """With the same notification id, until the ack is true."""
    ear.deaf = 2
    quick.send_outbound("Lead", ear.url)
    quick.add("Lead", lead())
    assert ear.wait(lambda one: len(one.heard) == 3)
    assert quick.outbound.drain(5)
    assert len(set(ear.ids())) == 1


def test_changes_of_the_ignored_user_tell_nothing(
    served: Served, quick: SalesforceOrg, ear: Ear
) -> None:
    quick.send_outbound("Lead", ear.url, ignored_user=quick.integration_user_id)
    made = served.client().Lead.create(lead())["id"]
    quick.edit("Lead", made, {"Title": "CTO"})
    assert quick.outbound.drain(5)
    assert len(ear.ids()) == 1


def test_messages_may_be_lost_or_doubled(quick: SalesforceOrg, ear: Ear) -> None:
    quick.send_outbound("Lead", ear.url)
    quick.faults.order({"kind": "hook_lost", "match": "HOOK Lead"})
    quick.add("Lead", lead())
    assert quick.outbound.drain(5)
    assert not ear.heard
    quick.faults.order({"kind": "hook_doubled", "match": "HOOK Lead"})
    quick.add("Lead", lead())
    assert quick.outbound.drain(5)
    assert len(ear.ids()) == 2
    assert len(set(ear.ids())) == 1


def test_what_was_rolled_back_is_not_told(served: Served, quick: SalesforceOrg, ear: Ear) -> None:
    quick.send_outbound("Lead", ear.url)
    records = [{"attributes": {"type": "Lead"}, **one} for one in (lead(), {"LastName": "x"})]
    body = {"allOrNone": True, "records": records}
    served.client().restful("composite/sobjects", method="POST", json=body)
    assert quick.outbound.drain(5)
    assert not ear.heard
