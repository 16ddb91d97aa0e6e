"""Histories for a dry run: whoever is a contact and was seen, with events, stages and today's record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from connector.memory import MemoryConnector
from connector.port import Draft, FieldKind, FieldSchema, System, Written
from intent import load as interest_file
from intent.model import Event, Identity, Subject
from lifecycle.dry_run import dry_run
from lifecycle.load import Whole
from lifecycle.model import Entry, Stage
from lifecycle.replay import Period, replay
from sync.histories import Histories
from sync.interest import intent_store
from sync.ledger import Ledger
from tests.lifecycle.builders import shipped

INTEREST = interest_file.load_definition(interest_file.SHIPPED)
UNTIL = datetime(2026, 11, 28, tzinfo=UTC)
PERIOD = Period(UNTIL - timedelta(days=90), UNTIL, ZoneInfo("Asia/Tokyo"))
KINDS: dict[str, FieldKind] = {"email": "email", "numberofemployees": "number"}


def schema(*names: str) -> list[FieldSchema]:
    return [FieldSchema(name=one, label=one, kind=KINDS.get(one, "text")) for one in names]


def did(kind: str, mail: str, days_ago: float) -> Event:
    at = UNTIL - timedelta(days=days_ago)
    return Event(
        event_id=f"{mail}-{kind}-{days_ago}",
        type=kind,
        occurred_at=at,
        received_at=at,
        told_at=at,
        identity=Identity(email=mail),
        source="server",
    )


class Stages:
    """The ledger of stages, as far as histories ask for it."""

    def history(self, subject: Subject) -> Sequence[Entry]:
        return [
            Entry(
                subject=subject,
                number=1,
                cycle=1,
                stage=Stage.LEAD,
                previous=None,
                transition="T1",
                entered_at=UNTIL - timedelta(days=200),
                observed_at=UNTIL - timedelta(days=200),
                role="rule",  # type: ignore[arg-type]
                actor="rule",
                source="kakehashi",
                request_id="r",
                definition="q v1",
            )
        ]


def test_whoever_is_a_contact_and_was_seen_is_judged(tmp_path: Path) -> None:
    """By the events on file, the stage at the beginning, and the records that HubSpot holds today."""
    hubspot = MemoryConnector(
        System.HUBSPOT,
        clock=lambda: UNTIL,
        fields={
            "contacts": schema("email", "jobtitle", "associatedcompanyid", "timeframe"),
            "companies": schema("domain", "numberofemployees"),
        },
    )
    (acme,) = hubspot.create_many(
        "companies",
        [Draft(key_field="domain", key="acme.test", values={"numberofemployees": "500"})],
    )
    assert isinstance(acme, Written)
    for mail in ("ann@acme.test", "bob@acme.test"):
        values = {
            "email": mail,
            "jobtitle": "部長",
            "timeframe": "lt_3m",
            "associatedcompanyid": acme.id,
        }
        hubspot.create_many("contacts", [Draft(key_field="email", key=mail, values=values)])
    ledger = Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    events = intent_store(ledger)
    events.take_in(
        [
            did("pricing_view", "ann@acme.test", 5),
            did("form_submit_handraise", "ann@acme.test", 4),
            did("form_submit_handraise", "eve@other.test", 4),
        ]
    )
    events.score_some(INTEREST, UNTIL, part=0, parts=1)
    whole = Whole(shipped(), INTEREST)
    (ann,) = Histories(hubspot, events, Stages(), INTEREST).lives([whole], PERIOD)  # type: ignore[arg-type]
    assert (ann.account, ann.company["numberofemployees"]) == ("acme.test", "500")
    assert [one.type for one in ann.events] == ["pricing_view", "form_submit_handraise"]
    assert [one.points for one in ann.events] == [None, None]
    assert (ann.standing.stage, [one.question for one in ann.answers]) == (
        Stage.LEAD,
        ["timeframe"],
    )
    assert replay(whole, [ann], PERIOD)[ann.subject].rules[0] == "hand_raise"
    assert dry_run(whole, whole, [ann], PERIOD).old.count == 1
