"""The doors for servers and third parties: who may come in, and what each event is answered."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import orjson
import pytest

from intent.sources import read_sources
from mappings.faults import FaultList
from sync.ledger import LedgerUnavailable
from tests.intent.visits import DEFINITION, Twin, told
from tests.webhooks.website import KEY, SERVER_DOOR, Website, answer_of, beacon, post
from webhooks.intent import LIMIT


def test_an_event_is_on_file_before_it_is_answered() -> None:
    """One object alone, or an array; whoever scores is woken once."""
    site = Website()
    client = site.client()
    answer = post(client, told())
    assert (answer.status_code, answer_of(answer)) == (
        202,
        {"accepted": 1, "duplicates": 0, "rejected": []},
    )
    assert [one.event_id for one in site.events] == ["e1"]
    assert post(client, [told(event_id="e2"), told(event_id="e3")]).status_code == 202
    assert (len(site.events), site.rings) == (3, 2)


def test_one_bad_event_never_spoils_its_request() -> None:
    """It is told by its place, id and code; the others are on file."""
    site = Website()
    bad = told(event_id="bad", consent={"tracking": "denied"})
    answer = answer_of(post(site.client(), [told(), bad, 7, told(event_id="e4", type="x")]))
    assert answer["accepted"] == 1
    rejected = [(one["index"], one["event_id"], one["code"]) for one in answer["rejected"]]
    assert rejected == [
        (1, "bad", "no_consent"),
        (2, None, "malformed"),
        (3, "e4", "unknown_type"),
    ]
    assert all(one["message"] for one in answer["rejected"])
    assert [one.event_id for one in site.events] == ["e1"]
    assert site.number('kakehashi_intent_rejected_total{code="no_consent",door="server"}') == 1


def test_repeats_are_counted_and_the_first_one_stands() -> None:
    """Within a request and later; those that say something else are named."""
    site = Website()
    client = site.client()
    again = answer_of(post(client, [told(), told(), told(url="https://www.example.com/other")]))
    assert (again["accepted"], again["duplicates"], again["differing"]) == (1, 2, ["e1"])
    assert answer_of(post(client, told()))["duplicates"] == 1
    assert [one.url for one in site.events] == ["https://www.example.com/pricing"]
    assert site.rings == 1


@pytest.mark.parametrize(("number", "status"), [(0, 202), (1_000, 202), (1_001, 400)])
def test_a_thousand_events_are_the_most(number: int, status: int) -> None:
    """More are refused whole; none are nothing."""
    site = Website()
    rows = [told(event_id=str(one)) for one in range(number)]
    assert post(site.client(), rows).status_code == status
    assert len(site.events) == (number if status == 202 else 0)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"nonsense", b"7", b'"x"', b"null", b"\xff", b"[" * 5_000]
)
def test_a_body_that_is_no_event_is_malformed(body: bytes) -> None:
    """400 with a reason."""
    answer = post(Website().client(), body)
    assert answer.status_code == 400
    assert answer_of(answer)["error"]


def test_a_body_of_five_megabytes_is_too_large() -> None:
    """413 from one byte above a megabyte on; at a megabyte it is read."""
    client = Website().client()
    assert post(client, b" " * 5_000_000).status_code == 413
    fits = orjson.dumps(told())
    assert post(client, fits + b" " * (LIMIT - len(fits))).status_code == 202
    assert post(client, fits + b" " * (LIMIT - len(fits) + 1)).status_code == 413


# Keys ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [None, "", "wrong", KEY + "x", KEY[:-1], "鍵"])
def test_only_the_key_opens_the_door(key: str | None) -> None:
    """401, and nothing is read."""
    site = Website()
    headers = {} if key is None else {"Authorization": f"Bearer {key}".encode().decode("latin-1")}
    assert site.client().post(SERVER_DOOR, json=told(), headers=headers).status_code == 401
    assert site.events == []


@pytest.mark.parametrize("scheme", ["Basic", "", "bearer"])
def test_the_key_is_sent_as_a_bearer(scheme: str) -> None:
    """In capitals or not."""
    headers = {"Authorization": f"{scheme} {KEY}"}
    status = Website().client().post(SERVER_DOOR, json=told(), headers=headers).status_code
    assert status == (202 if scheme == "bearer" else 401)


@pytest.mark.parametrize("query", [f"key={KEY}", f"write_key={KEY}", f"x={KEY}", "token=", "KEY=1"])
def test_a_key_in_the_address_is_refused_and_not_logged(
    query: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Even beside the right header: by then it stands in the log of a proxy."""
    caplog.set_level(logging.DEBUG)
    answer = post(Website().client(), told(), f"{SERVER_DOOR}?{query}")
    assert answer.status_code == 401
    assert "set a new one" in answer_of(answer)["error"]
    assert KEY not in caplog.text + capsys.readouterr().out + answer.text


def test_a_door_without_its_key_is_closed() -> None:
    """It names the setting."""
    answer = post(Website(write_key=None).client(), told())
    assert answer.status_code == 503
    assert "KAKEHASHI_INTENT__WRITE_KEY" in answer.text
    assert answer.headers["Retry-After"]


def test_what_is_refused_is_counted_and_logged_without_persons(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Neither the body nor the key."""
    site = Website()
    client = site.client()
    post(client, told(), key="wrong-key")
    post(client, b"{ann@acme.co.jp")
    assert site.number('kakehashi_intent_refused_total{door="server",reason="wrong_key"}') == 1
    assert site.number('kakehashi_intent_refused_total{door="server",reason="not_json"}') == 1
    shown = capsys.readouterr().out
    assert "wrong-key" not in shown
    assert "acme" not in shown


# Trouble -------------------------------------------------------------------------------------------


def test_the_store_is_down_and_the_sender_is_told_when_to_come_back() -> None:
    """503; the same request counts in full once the store is up again."""
    site = Website(store=Twin(is_down=True))
    client = site.client()
    answer = post(client, told())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert "disk" not in answer.text
    assert (site.events, site.rings) == ([], 0)
    site.store.is_down = False
    assert answer_of(post(client, told()))["accepted"] == 1


def test_a_broken_definition_is_named_and_the_sender_is_told_when_to_come_back(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """503 at every door that goes by it; the same request counts in full once the file is right."""
    site = Website(definition=None)
    client = site.client()
    for answer in (post(client, told()), beacon(client, told()), client.get("/intent.js")):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        assert "intent.yaml" in answer_of(answer)["error"]
    assert site.number('kakehashi_intent_refused_total{door="server",reason="files_broken"}') == 1
    shown = capsys.readouterr().out
    assert "files broken" in shown
    assert "intent.yaml" in shown
    site.definition = DEFINITION
    assert answer_of(post(client, told()))["accepted"] == 1


def test_a_broken_bell_changes_nothing_about_the_answer() -> None:
    """The events are on file; whoever scores looks by itself."""
    site = Website(bell_broken=True)
    assert post(site.client(), told()).status_code == 202
    assert len(site.events) == 1


@pytest.mark.parametrize("path", [SERVER_DOOR, "/collect", "/intent.js", f"{SERVER_DOOR}/acme"])
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_nothing_but_its_own_method_is_known(path: str, method: str) -> None:
    """405."""
    assert Website().client().open(path, method=method).status_code == 405


# Third parties -------------------------------------------------------------------------------------

SOURCE = """
version: 1
provider: Acme Data K.K.
rows: data.signals
most_points: 100
event:
  event_id: id
  occurred_at: seen_at
  points: strength
  company_domain: company.domain
  company_name: company.name
  email: person.mail
  topic: theme
  consent_basis: consent.basis
  confirmed_at: consent.confirmed
topics: {CRM連携: integration}
"""


def row(**more: object) -> dict[str, object]:
    """One row as the vendor sends it."""
    return {
        "id": 5,
        "seen_at": "2026-11-20T00:00:00Z",
        "strength": 80,
        "company": {"domain": "acme.co.jp"},
        "theme": "CRM連携",
        "consent": {"basis": "contract 2026-04", "confirmed": "2026-04-01"},
    } | more


COMPANIES = {"株式会社アクメ": "acme.co.jp", "番号の会社": "7000012050002"}


def third_party(folder: Path) -> Website:
    """Doors with one source."""
    (folder / "acme.yaml").write_text(SOURCE, "utf-8")
    faults = FaultList()
    sources = read_sources(folder, ["integration"], faults)
    assert faults.faults == []
    return Website(sources=sources, company=COMPANIES.get)


def test_a_third_partys_rows_are_read_as_its_file_says(tmp_path: Path) -> None:
    """A company without a person stays a company; a row without a basis is refused."""
    site = third_party(tmp_path)
    body = {
        "data": {
            "signals": [row(), row(id=6, consent={}), row(id=7, company={"name": "株式会社アクメ"})]
        }
    }
    answer = answer_of(post(site.client(), body, f"{SERVER_DOOR}/acme"))
    assert answer["accepted"] == 2
    assert [(r["index"], r["event_id"], r["code"]) for r in answer["rejected"]] == [
        (1, "acme:6", "no_consent")
    ]
    first, named = site.events
    assert first.event_id == "acme:5"
    assert (first.type, first.source, first.topic, first.points) == (
        "third_party_intent",
        "acme",
        "integration",
        8.0,
    )
    assert first.identity.company_domain == "acme.co.jp"
    assert first.identity.email is None
    assert first.basis == "contract 2026-04"
    assert first.properties == {"provider": "Acme Data K.K.", "confirmed_at": "2026-04-01"}
    assert named.identity.company_domain == "acme.co.jp"


def test_a_source_that_nobody_described_is_unknown(tmp_path: Path) -> None:
    """404 tells a holder of the key which there are; nobody else is told anything."""
    client = third_party(tmp_path).client()
    answer = post(client, {}, f"{SERVER_DOOR}/acmee")
    assert answer.status_code == 404
    assert "acme" in answer_of(answer)["error"]
    assert post(client, {}, f"{SERVER_DOOR}/acmee", key="wrong").status_code == 401


def test_a_body_without_rows_says_where_they_are_to_stand(tmp_path: Path) -> None:
    """400."""
    client = third_party(tmp_path).client()
    answer = post(client, {"signals": []}, f"{SERVER_DOOR}/acme")
    assert answer.status_code == 400
    assert "data.signals" in answer_of(answer)["error"]
    many = {"data": {"signals": [row(id=n) for n in range(1_001)]}}
    assert post(client, many, f"{SERVER_DOOR}/acme").status_code == 400


@pytest.mark.parametrize("place", ["beside", "among the properties"])
def test_an_event_that_only_names_a_company_counts_for_the_only_one_of_it(place: str) -> None:
    """Once looked up for each name of a request; nobody of that name, or several, is nobody."""
    asked: list[str] = []

    def company(name: str) -> str | None:
        asked.append(name)
        return COMPANIES.get(name)

    def visit(name: str, **more: Any) -> dict[str, Any]:
        event = told(event_id=f"{name}{more}", email=None, **more)
        if place == "beside":
            return event | {"company_name": name}
        return event | {"properties": {"company_name": name}}

    site = Website(company=company)
    rows = [
        *(visit(name) for name in ("株式会社アクメ", "番号の会社", "誰かの会社")),
        visit("株式会社アクメ", visitor="v1"),
        visit("株式会社アクメ", title="again"),
    ]
    answer = answer_of(post(site.client(), rows))
    assert [(r["index"], r["code"]) for r in answer["rejected"]] == [(2, "no_identity")]
    assert "company_domain or corporate_number" in answer["rejected"][0]["message"]
    assert [(e.identity.company_domain, e.identity.corporate_number) for e in site.events] == [
        ("acme.co.jp", None),
        (None, "7000012050002"),
        (None, None),
        ("acme.co.jp", None),
    ]
    assert asked == ["株式会社アクメ", "番号の会社", "誰かの会社"]


def test_no_company_is_looked_up_for_what_a_page_claims() -> None:
    """Anybody can send what a browser can send."""
    site = Website(company=COMPANIES.get)
    event = told(email=None, visitor=None, properties={"company_name": "株式会社アクメ"})
    answer = answer_of(beacon(site.client(), event | {"company_name": "株式会社アクメ"}))
    assert [r["code"] for r in answer["rejected"]] == ["no_identity"]


def test_where_companies_cannot_be_asked_for_the_sender_comes_again() -> None:
    """503, and nothing is lost."""

    def away(_name: str) -> str | None:
        raise LedgerUnavailable("away")

    event = told(email=None, company_name="株式会社アクメ")
    assert post(Website(company=away).client(), event).status_code == 503
