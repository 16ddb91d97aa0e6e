"""A visit over real processes: from the website's server to both orgs, and gone at the visitor's wish."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from intent.load import SHIPPED, load_definition
from sandbox.serve import Sandbox
from sync.interest import intent_store
from tests.walk.installation import Installation
from tests.walk.live import Pair
from tests.walk.website import (
    OPT_OUT,
    TOLD,
    addressed,
    event,
    held,
    named_alone,
    prepare,
    put_beside,
    send,
    visits,
)

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


def allowed(live: Installation, pair: Pair) -> bool:
    """Whether neither org holds it any more."""
    contact = live.sandbox.hubspot.records("contacts")[pair.contact]
    other = live.sandbox.salesforce.records(pair.object)[pair.record]
    return contact.get(OPT_OUT[0]) == "false" and other.get(OPT_OUT[1]) is False


def proved() -> dict[str, str]:
    """A yes that was said just now."""
    said = {"given_at": datetime.now(UTC).isoformat(), "source": "preference page"}
    return {"tracking": "granted", "basis": "consent", **said}


def shown(live: Installation, pair: Pair, line: str) -> set[tuple[str, Any, Any]]:
    """What the page says of one line of a person, on both sides."""
    asked = {"record": pair.contact}
    rows = requests.get(f"{live.url}/pairs/people", params=asked, timeout=30).json()["rows"]
    assert [row["salesforce_id"] for row in rows] == [pair.record]
    return {
        (one["arrow"], one["hubspot"], one["salesforce"])
        for row in rows
        for one in row["lines"]
        if one["line"] == line
    }


def on_file(live: Installation, email: str) -> bool:
    """Whether anything at all is known of whoever has this address."""
    with live.ledger() as ledger:
        return bool(intent_store(ledger).subjects_by("email", [email]))


def told_of(live: Installation, account: str) -> set[str]:
    """The types of events that count for a company."""
    with live.ledger() as ledger:
        store = intent_store(ledger)
        known = store.subjects_by("company_domain", [account]).values()
        definition = load_definition(SHIPPED)
        return {one.type for who in known for one in store.evidence(who, definition, 0)}


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
    """The website's server says so; the same person is in neither org's fields nor on file, until they say
    yes again, and it is proved.
    """
    _, (pair, email), *_ = addressed(live.sandbox)
    send(live, visits(email))
    live.wait(lambda: told(live, pair), PATIENCE, "the score in both orgs")
    send(live, [{"event_id": "no", "email": email, "consent": {"tracking": "denied"}}])
    live.wait(lambda: blank(live, pair), PATIENCE, "both orgs blank")
    assert not on_file(live, email)
    live.wait(lambda: forbidden(live, pair), PATIENCE, "the opt-out in both orgs")
    refused = send(live, visits(email))["rejected"]
    assert [one["code"] for one in refused] == ["no_consent"] * 3
    yes = visits(email)[0] | {"consent": proved()}
    send(live, [yes])
    live.wait(lambda: allowed(live, pair), PATIENCE, "the opt-out lifted in both orgs")
    live.settle()
    assert send(live, [visits(email)[0]])["rejected"] == []


def test_an_event_that_only_names_a_company_is_told_of_the_one_that_bears_the_name(
    live: Installation,
) -> None:
    """However its form is written; a name that nobody bears is refused."""
    account, name = named_alone(live.sandbox)
    told = event("webinar_attend", "", datetime.now(UTC)) | {"email": None}
    spelled = name.replace("株式会社", "㈱").upper()
    found = send(live, [told | {"company_name": spelled, "event_id": "named"}])
    assert (found["accepted"], found["rejected"]) == (1, [])
    live.wait(lambda: "webinar_attend" in told_of(live, account), PATIENCE, "the event there")
    nobody = send(live, [told | {"company_name": "Nobody of that name", "event_id": "nobody"}])
    assert [one["code"] for one in nobody["rejected"]] == ["no_identity"]


def test_a_score_that_is_written_beside_the_people_leaves_them_as_they_were(
    live: Installation,
) -> None:
    """The last one: with the sample in place of the lines. An object of its own holds everything."""
    put_beside(live)
    pair, email = next(
        found for found in addressed(live.sandbox)[2:] if found[0].object == "Contact"
    )
    there = live.sandbox.salesforce
    before = dict(there.records("Contact")[pair.record])
    send(live, visits(email))

    def beside() -> list[dict[str, Any]]:
        rows = there.records("Intent__c").values()
        return [row for row in rows if row["HubSpot_Id__c"] == pair.contact]

    live.wait(lambda: bool(beside()), PATIENCE, "the record beside the contact")
    live.settle()
    [made] = beside()
    card: Any = live.admin.run("intent", "show", email, "--json").json["told"]
    assert (made["Score__c"], made["Band__c"]) == (card["engagement"], card["band"])
    assert made["Reason_Outward_Ja__c"] == card["reason_outward_ja"]
    assert (
        live.sandbox.hubspot.records("contacts")[pair.contact]["shared_score_band"] == card["band"]
    )
    after = there.records("Contact")[pair.record]
    assert after["LastModifiedDate"] == before["LastModifiedDate"]
    assert after == before
