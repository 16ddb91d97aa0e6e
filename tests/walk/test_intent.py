"""A visit over real processes: from the website's server to both orgs, and gone at the visitor's wish."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.serve import Sandbox
from sync.interest import intent_store
from tests.walk.installation import Installation
from tests.walk.live import Pair
from tests.walk.website import OPT_OUT, TOLD, addressed, held, prepare, send, visits

PATIENCE = 60.0


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Everybody is in line; doors and a worker run, and both orgs ring."""
    sandbox = Sandbox.start(people=12, seed=11, limits=False)
    installation = prepare(tmp_path_factory.mktemp("website"), sandbox)
    installation.connect()
    installation.start("web", "worker")
    installation.settle()
    yield installation
    installation.stop()
    sandbox.stop()


def told(live: Installation, pair: Pair) -> bool:
    return all(one["score"] is not None for one in held(live.sandbox, pair))


def blank(live: Installation, pair: Pair) -> bool:
    return held(live.sandbox, pair) == (dict.fromkeys(TOLD), dict.fromkeys(TOLD))


def forbidden(live: Installation, pair: Pair) -> bool:
    """Whether both orgs hold that this person must not be followed."""
    contact = live.sandbox.hubspot.records("contacts")[pair.contact]
    other = live.sandbox.salesforce.records(pair.object)[pair.record]
    return contact.get(OPT_OUT[0]) == "true" and bool(other.get(OPT_OUT[1]))


def shown(live: Installation, pair: Pair, line: str) -> set[tuple[str, Any, Any]]:
    """What the page says of one line of a person, on both sides."""
    rows = requests.get(f"{live.url}/pairs/people", timeout=30).json()["rows"]
    return {
        (one["arrow"], one["hubspot"], one["salesforce"])
        for row in rows
        if row["hubspot_id"] == pair.contact
        for one in row["lines"]
        if one["line"] == line
    }


def on_file(live: Installation, email: str) -> bool:
    """Whether anything at all is known of whoever has this address."""
    with live.ledger() as ledger:
        return bool(intent_store(ledger).subjects_by("email", [email]))


def test_a_visit_is_told_in_both_orgs_as_it_stands_on_file_until_it_is_forbidden(
    live: Installation,
) -> None:
    """Score, band, topic and four sentences, equal to the store's; an opt-out leaves nothing of it."""
    (pair, email), *_ = addressed(live.sandbox)
    assert send(live, visits(email))["accepted"] == 3
    live.wait(lambda: told(live, pair), PATIENCE, "the score in both orgs")
    live.settle()
    left, right = held(live.sandbox, pair)
    card: Any = live.admin.run("intent", "show", email, "--json").json["told"]
    reasons = {name: card[name] for name in TOLD if name.startswith("reason")}
    expected = {"band": card["band"], "top_topic": "pricing", **reasons}
    assert right == {"score": card["engagement"], **expected}
    assert {**left, "score": float(left["score"])} == right
    assert all(expected.values())
    assert shown(live, pair, "shared_intent_score") == {("own", left["score"], right["score"])}
    live.sandbox.salesforce.edit(pair.object, pair.record, {OPT_OUT[1]: True})
    live.wait(lambda: blank(live, pair), PATIENCE, "both orgs blank")
    live.settle()
    assert not on_file(live, email)
    assert live.admin.run("plan", "people", "--json").json["changes"] == []


def test_consent_taken_back_at_the_door_blanks_both_orgs(live: Installation) -> None:
    """The website's server says so; the same person is in neither org's fields nor on file."""
    _, (pair, email), *_ = addressed(live.sandbox)
    send(live, visits(email))
    live.wait(lambda: told(live, pair), PATIENCE, "the score in both orgs")
    send(live, [{"event_id": "no", "email": email, "consent": {"tracking": "denied"}}])
    live.wait(lambda: blank(live, pair), PATIENCE, "both orgs blank")
    assert not on_file(live, email)
    live.wait(lambda: forbidden(live, pair), PATIENCE, "the opt-out in both orgs")
    refused = send(live, visits(email))["rejected"]
    assert [one["code"] for one in refused] == ["no_consent"] * 3
