"""One lead's whole way over real processes: to sales, back with a reason, a rest, in again, and won."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from lifecycle.model import Entry
from lifecycle.store import SqlLifecycleStore
from sandbox.serve import Sandbox
from sync.interest import intent_store
from tests.walk.handover import in_hubspot, in_salesforce, is_back, prepare, seller_says, stands
from tests.walk.installation import Installation
from tests.walk.live import Pair
from tests.walk.website import addressed, event, send

PATIENCE = 30.0
ANSWERS = {
    "Need_Problem__c": "見積もりの作成に三日かかり失注が続いている",
    "Timeframe__c": "3_6m",
    "Decision_Maker__c": "田中部長",
    "Next_Step__c": "12/3 訪問",
}


@pytest.fixture
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Everybody in line, a definition in force, a door for the website, a worker, both orgs ringing."""
    sandbox = Sandbox.start(people=20, seed=11, limits=False)
    installation = prepare(tmp_path_factory.mktemp("story"), sandbox)
    installation.connect()
    installation.start("web", "worker")
    installation.settle()
    yield installation
    installation.stop()
    sandbox.stop()


def history(live: Installation, email: str) -> list[Entry]:
    """The entries of whoever has this address."""
    with live.ledger() as ledger:
        who = intent_store(ledger).subjects_by("email", [email])[email]
        return list(SqlLifecycleStore(ledger.engine).history(who))


def comes_to(live: Installation, pair: Pair, stage: str) -> None:
    live.wait(lambda: stands(live.sandbox, pair, stage), PATIENCE, f"{stage} in both orgs")


def raises_hand(live: Installation, email: str) -> None:
    send(live, [event("form_submit_handraise", email, datetime.now(UTC))])


def call_is_logged(live: Installation, contact: str) -> None:
    today = datetime.now(UTC).date().isoformat()
    live.sandbox.salesforce.add(
        "Task",
        {"WhoId": contact, "Subject": "Call", "Status": "Completed", "ActivityDate": today},
    )


def opportunity(live: Installation, contact: str) -> str:
    """With her on it."""
    there = live.sandbox.salesforce
    return there.add(
        "Opportunity",
        {
            "Name": "架け橋 新規導入",
            "StageName": "Prospecting",
            "CloseDate": "2027-03-31",
            "ContactId": contact,
        },
    )


def test_a_lead_goes_to_sales_and_back_and_in_again_and_is_won(live: Installation) -> None:
    """Every step stands in both systems and once in the ledger; nothing is left to write."""
    sandbox = live.sandbox
    pair, email = next(one for one in addressed(sandbox) if one[0].object == "Contact")
    raises_hand(live, email)
    comes_to(live, pair, "mql")

    seller_says(sandbox, pair, verdict="reject", reason="timing", comment="来期に再度")
    live.wait(lambda: is_back(in_hubspot(sandbox, pair.contact)), PATIENCE, "all of the send-back")
    back = in_hubspot(sandbox, pair.contact)
    assert (back["reason"], back["comment"], back["count"]) == ("timing", "来期に再度", "1")

    send(live, [event("pricing_view", email, datetime.now(UTC))])
    live.settle()
    assert stands(sandbox, pair, "recycled")

    raises_hand(live, email)
    comes_to(live, pair, "mql")
    again = in_salesforce(sandbox, pair)
    assert (again["cycle"], again["returned"], again["because"]) == (2, True, "hand_raise")
    assert (again["reason"], again["verdict"]) == ("timing", "pending")

    seller_says(sandbox, pair, verdict="accept")
    comes_to(live, pair, "sal")
    call_is_logged(live, pair.record)
    sandbox.salesforce.edit(pair.object, pair.record, ANSWERS)
    seller_says(sandbox, pair, stage="sql")
    comes_to(live, pair, "sql")

    deal = opportunity(live, pair.record)
    comes_to(live, pair, "opportunity")
    sandbox.salesforce.edit("Opportunity", deal, {"StageName": "Closed Won"})
    comes_to(live, pair, "customer")
    live.settle()
    assert [(one.transition, one.stage.value, one.cycle) for one in history(live, email)] == [
        ("T1", "lead", 1),
        ("T2", "mql", 1),
        ("T4", "recycled", 1),
        ("T15", "mql", 2),
        ("T3", "sal", 2),
        ("T8", "sql", 2),
        ("T10", "opportunity", 2),
        ("T12", "customer", 2),
    ]
    assert live.admin.run("plan", "--json").json["changes"] == []
