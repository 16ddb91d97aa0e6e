"""Opt-outs reach everybody they belong to; only a proved and fresh opt-in lifts them, everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connector.consents import OptIn, Statement
from connector.errors import Rejected
from connector.memory import MemoryConnector
from connector.port import Change, Outcome
from sync.alerts import Alerts
from sync.poll import ring_for_waiting
from tests.sync.bridge import START, sqlite_url
from tests.sync.consenting import HUBSPOT, SALESFORCE, flags, opted_out_pair, proof, proving
from tests.sync.live import Live


@pytest.fixture
def live(tmp_path: Path) -> Live:
    return Live(sqlite_url(tmp_path), mapping=proving())


def test_a_fresh_opt_in_with_evidence_lifts_the_opt_out_on_the_other_side(live: Live) -> None:
    """And the second plan is empty."""
    left, right = opted_out_pair(live)
    live.hubspot.edit("contacts", left, {"optout": False, **proof(live)})
    live.resync()
    assert flags(live, left, right) == (False, False)
    assert live.planned() == []


def test_the_evidence_is_put_on_file(live: Live) -> None:
    """Under the record whose opt-out it lifted: time, source, basis."""
    left, right = opted_out_pair(live)
    shown = proof(live)
    live.hubspot.edit("contacts", left, {"optout": False, **shown})
    live.resync()
    said = live.ledger.statements("people", "email", [(SALESFORCE, right)])[SALESFORCE, right]
    at = datetime.fromisoformat(shown["in_at"])
    assert Statement(False, at, "web form", "CONSENT_WITH_NOTICE") in said


def test_it_works_in_both_directions_and_live(live: Live) -> None:
    """A bell, a round, and HubSpot is told."""
    left, right = opted_out_pair(live)
    live.salesforce.edit("Lead", right, {"OptOut": False, **proof(live)})
    live.ring(SALESFORCE, "Lead", right)
    live.round()
    assert flags(live, left, right) == (False, False)


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"in_at": "2020-01-01T00:00:00+00:00", "in_by": "web form", "in_basis": "consent"},
        {"in_at": "2040-01-01T00:00:00+00:00", "in_by": "web form", "in_basis": "consent"},
        {"in_at": "yesterday", "in_by": "web form", "in_basis": "consent"},
        {"in_by": "web form", "in_basis": "consent"},
        {"in_at": "2026-11-24T09:59:00+00:00", "in_basis": "consent"},
        {"in_at": "2026-11-24T09:59:00+00:00", "in_by": "web form"},
    ],
    ids=["unticked", "older", "future", "no time", "without time", "no source", "no basis"],
)
def test_without_evidence_the_opt_out_is_put_back(live: Live, shown: dict[str, str]) -> None:
    """Somebody unticked it: the side that was loosened is tightened again."""
    left, right = opted_out_pair(live)
    live.hubspot.edit("contacts", left, {"optout": False, **shown})
    live.resync()
    assert flags(live, left, right) == (True, True)


def test_an_opt_out_after_the_opt_in_stands(live: Live) -> None:
    """Out, in, and out again: the evidence is old by then."""
    left, right = opted_out_pair(live)
    live.hubspot.edit("contacts", left, {"optout": False, **proof(live)})
    live.resync()
    live.time.forward(hours=1)
    live.salesforce.edit("Lead", right, {"OptOut": True})
    live.ring(SALESFORCE, "Lead", right)
    live.round()
    assert flags(live, left, right) == (True, True)
    live.resync()
    assert flags(live, left, right) == (True, True)


def test_an_opt_out_that_we_wrote_and_somebody_unticks_is_put_back(live: Live) -> None:
    """Although the record then holds exactly what it held before."""
    left, right = opted_out_pair(live)
    live.hubspot.edit("contacts", left, {"optout": None})
    live.resync()
    assert flags(live, left, right) == (True, True)


def test_a_new_opt_out_that_nobody_has_seen_yet_is_not_lifted(live: Live) -> None:
    """The other side's bell comes first; what is read fresh there is newer than anything on file."""
    left, right = opted_out_pair(live)
    live.hubspot.edit("contacts", left, {"optout": False, **proof(live)})
    live.resync()
    live.time.forward(hours=1)
    live.salesforce.edit("Lead", right, {"OptOut": True})
    live.hubspot.edit("contacts", left, {"title": "CEO"})
    live.ring(HUBSPOT, "contacts", left)
    live.round()
    assert flags(live, left, right) == (True, True)


def test_the_evidence_lifts_every_record_of_the_person(live: Live) -> None:
    """Twins with that address too."""
    left, right = opted_out_pair(live)
    twin = live.salesforce.seed("Lead", {"email": "ann@example.com", "OptOut": True})
    live.resync()
    live.time.forward(hours=1)
    live.hubspot.edit("contacts", left, {"optout": False, **proof(live)})
    live.resync()
    leads = live.salesforce.records("Lead")
    assert not leads[right].get("OptOut")
    assert not leads[twin].get("OptOut")


def test_a_pair_without_a_common_address_shares_its_opt_out(live: Live) -> None:
    """They are one person, whatever their addresses are by now."""
    left = live.hubspot.seed("contacts", {"email": "ann@example.com"})
    right = live.salesforce.seed("Lead", {"email": "ann@example.com"})
    live.resync()
    live.salesforce.edit("Lead", right, {"email": "ann@new.example", "OptOut": True})
    live.resync()
    assert flags(live, left, right) == (True, True)


def test_the_opt_out_of_a_merge_loser_reaches_its_survivor(live: Live) -> None:
    """Over any number of merges, although the loser is gone; the ledger knows where it went."""
    left = live.hubspot.seed("contacts", {"email": "ann@example.com"})
    ledger = live.ledger
    loser = live.salesforce.seed("Lead", {"email": "old@example.com", "OptOut": True})
    between = live.salesforce.seed("Lead", {"email": "other@example.com"})
    right = live.salesforce.seed("Lead", {"email": "ann@example.com"})
    live.resync()
    ledger.went("people", SALESFORCE, loser, between, kind="merged")
    ledger.went("people", SALESFORCE, between, right, kind="merged")
    due = {
        (one.system, one.record_id)
        for one in ledger.consent_spread("people", ["email"], live.time())
    }
    assert (SALESFORCE, right) in due
    assert left in live.hubspot.records("contacts")


def test_the_opt_out_of_a_converted_lead_reaches_its_contact(live: Live) -> None:
    """The Lead is frozen, and its Contact has another address."""
    lead = live.salesforce.seed("Lead", {"email": "ann@example.com", "OptOut": True})
    live.resync()
    contact = live.salesforce.convert(lead, {"email": "ann@new.example"})
    live.resync()
    assert live.salesforce.records("Contact")[contact]["OptOut"] is True


# A system that keeps evidence -------------------------------------------------------------------


@dataclass
class Preferences:
    """Consents of a twin that keeps evidence beside its flags, as HubSpot does."""

    twin: MemoryConnector
    said: dict[str, list[Statement]] = field(default_factory=dict)
    told: list[OptIn] = field(default_factory=list)
    asked: int = 0

    def statements(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, dict[str, list[Statement]]]:
        self.asked += len(ids)
        return {i: {fields[0]: self.said.get(i, [])} for i in ids}

    def let_in(self, object_name: str, opt_ins: Sequence[OptIn]) -> list[Outcome]:
        self.told += opt_ins
        changes = [Change(one.record_id, {one.field: False}) for one in opt_ins]
        return self.twin.update_many(object_name, changes)


@pytest.fixture
def keeping(tmp_path: Path) -> tuple[Live, Preferences]:
    live = Live(sqlite_url(tmp_path), mapping=proving())
    preferences = Preferences(live.hubspot)
    live.hubspot.consents = preferences  # type: ignore[attr-defined]  # as HubSpot's connector has it
    return live, preferences


def test_a_system_that_keeps_evidence_is_asked_where_sides_differ(
    keeping: tuple[Live, Preferences],
) -> None:
    """A re-subscribe with time, source and basis lifts the other side's opt-out."""
    live, preferences = keeping
    left, right = opted_out_pair(live)
    fresh = Statement(False, live.time(), "FORM", "CONSENT_WITH_NOTICE")
    preferences.said[left] = [fresh]
    live.hubspot.edit("contacts", left, {"optout": False})
    live.ring(HUBSPOT, "contacts", left)
    live.round()
    assert flags(live, left, right) == (False, False)


def test_nobody_is_asked_where_both_sides_agree(keeping: tuple[Live, Preferences]) -> None:
    """Nor where the record has not changed since the opt-out: it cannot hold anything newer."""
    live, preferences = keeping
    opted_out_pair(live)
    asked = preferences.asked
    live.resync()
    assert preferences.asked == asked == 0


def test_a_proof_that_a_system_keeps_is_asked_for_once(
    keeping: tuple[Live, Preferences],
) -> None:
    """A lone record whose system lifted its opt-out itself: the proof goes on file, and it is over."""
    live, preferences = keeping
    live.mapping = replace(proving(), create_in_salesforce=())
    lone = live.hubspot.seed("contacts", {"email": "ann@example.com", "optout": True})
    live.resync()
    live.time.forward(hours=1)
    fresh = Statement(False, live.time(), "FORM", "CONSENT_WITH_NOTICE")
    preferences.said[lone] = [fresh]
    live.hubspot.edit("contacts", lone, {"optout": False})
    live.resync()
    asked = preferences.asked
    assert live.planned() == []
    assert preferences.asked == asked == 1
    assert not live.hubspot.records("contacts")[lone].get("optout")


def test_a_system_that_keeps_evidence_is_told_of_it(keeping: tuple[Live, Preferences]) -> None:
    """By the statement, and not by an ordinary write."""
    live, preferences = keeping
    left, right = opted_out_pair(live)
    live.salesforce.edit("Lead", right, {"OptOut": False, **proof(live)})
    live.resync()
    assert [(one.record_id, one.statement.source) for one in preferences.told] == [
        (left, "web form")
    ]
    assert flags(live, left, right) == (False, False)


# Refused ----------------------------------------------------------------------------------------


def test_a_refused_opt_out_stays_due_and_alarms_at_once(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not parked away; once it is taken, all is quiet."""
    left = live.hubspot.seed("contacts", {"email": "ann@example.com"})
    right = live.salesforce.seed("Lead", {"email": "ann@example.com"})
    live.resync()
    take = live.salesforce.update_many

    def refuse(object_name: str, changes: Sequence[Change]) -> list[Outcome]:
        return [
            Rejected("no", system="salesforce", cause="read_only", fields=("OptOut",))
            if "OptOut" in change.values
            else take(object_name, [change])[0]
            for change in changes
        ]

    monkeypatch.setattr(live.salesforce, "update_many", refuse)
    live.hubspot.edit("contacts", left, {"optout": True})
    live.ring(HUBSPOT, "contacts", left)
    live.round()
    written = {"people": ("email",)}
    alerts = Alerts(ledger=live.ledger, senders=(), clock=live.time, written=lambda: written)
    assert live.ledger.refused_opt_outs() == {"people": 1}
    assert live.ledger.parked_list() == []
    assert alerts.consent_due() == {"people": 1}
    assert live.bells() > 0
    monkeypatch.setattr(live.salesforce, "update_many", take)
    live.time.forward(minutes=20)
    ring_for_waiting(live.bench)
    live.round()
    assert live.salesforce.records("Lead")[right]["OptOut"] is True
    assert live.ledger.refused_opt_outs() == {}


def test_a_refused_address_does_not_hold_up_the_opt_out_beside_it(live: Live) -> None:
    """Both are called `email` in the mapping; the address is parked, and nobody is alarmed."""
    left = live.hubspot.seed("contacts", {"email": "ann@example.com"})
    right = live.salesforce.seed("Lead", {"email": "ann@example.com"})
    live.resync()
    live.salesforce.faults.reject["email", "ann@nowhere"] = Rejected(
        "no", system="salesforce", cause="invalid_email", fields=("email",)
    )
    live.hubspot.edit("contacts", left, {"email": "ann@nowhere", "optout": True})
    live.ring(HUBSPOT, "contacts", left)
    live.round()
    assert live.salesforce.records("Lead")[right]["OptOut"] is True
    assert [row.parked.line for row in live.ledger.parked_list()] == ["email"]
    assert live.ledger.refused_opt_outs() == {}


def test_an_opt_in_that_is_refused_leaves_the_opt_out_on_file(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it is lifted once the system takes it."""
    left, right = opted_out_pair(live)
    take = live.salesforce.update_many

    def refuse(object_name: str, changes: Sequence[Change]) -> list[Outcome]:
        return [
            Rejected("no", system="salesforce", cause="read_only", fields=("OptOut",))
            if change.values.get("OptOut") is False
            else take(object_name, [change])[0]
            for change in changes
        ]

    monkeypatch.setattr(live.salesforce, "update_many", refuse)
    live.hubspot.edit("contacts", left, {"optout": False, **proof(live)})
    live.resync()
    assert flags(live, left, right) == (False, True)
    monkeypatch.setattr(live.salesforce, "update_many", take)
    live.resync()
    assert flags(live, left, right) == (False, False)


def test_the_time_of_an_opt_out_is_that_of_its_first_sight(live: Live) -> None:
    """The record may change for another reason later."""
    left, right = opted_out_pair(live)
    live.salesforce.edit("Lead", right, {"title": "CEO"})
    live.resync()
    said = live.ledger.statements("people", "email", [(SALESFORCE, right)])[SALESFORCE, right]
    outs = [one.at for one in said if one.out]
    assert len(outs) == 1
    assert outs[0] is not None
    assert outs[0] < START + timedelta(minutes=30)
    assert left


def test_an_opt_out_of_a_converted_lead_reaches_the_partner_of_its_contact_in_one_run(
    live: Live,
) -> None:
    """Lead, Contact, contact: over two steps they are one person."""
    left = live.hubspot.seed("contacts", {"email": "ann@example.com"})
    contact = live.salesforce.seed("Contact", {"email": "ann@example.com"})
    lead = live.salesforce.seed("Lead", {"email": "bob@example.com"})
    live.resync()
    live.salesforce.edit("Lead", lead, {"OptOut": True})
    live.salesforce.convert(lead, {}, into=contact)
    live.resync()
    assert flags(live, left, contact, "Contact") == (True, True)
    assert live.planned() == []
