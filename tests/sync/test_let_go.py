"""Somebody whom sales has forbids to be followed: the hand-off ends, and whoever has them is told so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from connector.port import System
from console.refused import LatelyRefused
from intent.model import Identity
from intent.withdrawals import Wish
from lifecycle import tickets
from lifecycle.model import Entry, Stage
from lifecycle.tickets import Ticket, TicketRefused
from mappings.schema import ConsentLine, OwnName
from mappings.schema import Mapping as FieldMapping
from sync.verdicts import Verdicts
from tests.sync.bridge import START, sqlite_url
from tests.sync.handing import REASON, STAGE, VERDICT, handed
from tests.sync.mail_server import mail_server
from tests.sync.posting import OPS, SECRETS, SELLER, Posting
from tests.sync.website import ANN

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE


def followed() -> FieldMapping:
    """People with what is said of their life, and a field by which they forbid to be followed."""
    base = handed()
    line = ConsentLine(id="tracking", hubspot="optout", salesforce="OptOut")
    return replace(
        base,
        objects={name: replace(lines, consent=(line,)) for name, lines in base.objects.items()},
    )


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Posting]:
    """Ann raised a hand and is with a seller, who has the letter."""
    with mail_server() as box:
        found = Posting(sqlite_url(tmp_path), box=box, mapping=followed())
        found.begin()
        found.raise_hand()
        found.postman.deliver()
        box.mails.clear()
        yield found


def opts_out(house: Posting, system: System = SALESFORCE) -> None:
    """Her record says in one system that she must not be followed."""
    house.time.forward(minutes=5)
    twin, name = (house.hubspot, "contacts") if system is HUBSPOT else (house.salesforce, "Lead")
    (record_id,) = twin.records(name)
    twin.edit(name, record_id, {"optout" if system is HUBSPOT else "OptOut": True})
    house.news(system, name, record_id)
    house.carry()


def forbids_at_the_door(house: Posting) -> None:
    """Her browser says so; no record has a word of it."""
    house.time.forward(minutes=5)
    wish = Wish(Identity(email=ANN), ("tracking", "profiling"))
    house.withdrawer.withdraw([wish], in_systems=False)
    house.carry()


def entries(house: Posting) -> list[Entry]:
    return list(house.handoff.store.entered(START, house.time()))


@pytest.mark.parametrize(
    "forbids",
    [opts_out, partial(opts_out, system=HUBSPOT), forbids_at_the_door],
    ids=["salesforce", "hubspot", "door"],
)
def test_whoever_has_them_and_ops_are_told_that_the_hand_off_has_ended(
    house: Posting, forbids: Callable[[Posting], None]
) -> None:
    """Named with their record, and with nothing that was known of them; no clock of theirs runs on."""
    who = house.who()
    forbids(house)
    house.postman.deliver()
    assert sorted(house.mailed()) == [
        (OPS, f"The hand-off has ended: {ANN} (Acme)"),
        (SELLER, f"The hand-off has ended: {ANN} (Acme)"),
    ]
    text = house.box.mails[0].get_content()
    assert "https://acme.my.salesforce.com/" in text
    assert "pricing" not in text
    assert {house.held(one, STAGE, VERDICT) for one in System} == {(None, None)}
    assert house.handoff.store.running(who) == []
    assert house.handoff.store.standings([who]) == {}
    assert entries(house)[-1].transition == "T20"
    assert house.planned() == []


def test_a_verdict_that_comes_afterwards_is_refused_with_why_and_what_helps(house: Posting) -> None:
    """By a letter to whoever entered it, and on the page beside the record; nobody is put on file for it."""
    opts_out(house)
    house.postman.deliver()
    house.box.mails.clear()
    house.seller_says(verdict="reject", recycle_reason="timing")
    house.postman.deliver()
    assert house.mailed() == [(SELLER, f"Not followed: {ANN} (Acme)")]
    text = house.box.mails[0].get_content()
    for words in ("does not want to be followed", "like any other of yours", "fields are blank"):
        assert words in text
    assert {house.held(one, VERDICT, REASON) for one in System} == {(None, None)}
    assert house.store.subjects_by("email", [ANN]) == {}
    (contact,) = house.hubspot.records("contacts")
    lately = LatelyRefused(lambda: house.handoff, "ja")
    (why,) = lately.of({1: [OwnName("hubspot_contact_id", contact)]}).values()
    assert "引き渡しは終了しています" in why
    assert house.planned() == []


def test_the_links_of_the_letter_say_that_the_hand_off_has_ended(house: Posting) -> None:
    """Whoever presses one is told why, and what to do instead."""
    now = house.time()
    ticket = Ticket(house.who(), house.standing().number, "accept", now + timedelta(days=1))
    token = tickets.sign(ticket, SECRETS)
    opts_out(house)
    verdicts = Verdicts(
        handoff=lambda: house.handoff, secrets=SECRETS, clock=house.time, language="en"
    )
    with pytest.raises(TicketRefused) as refused:
        verdicts.page(token, "en")
    assert "do not want to be followed" in refused.value.message("en")


def test_the_same_wish_heard_again_is_told_of_once(house: Posting) -> None:
    """Whoever died over it leaves it to the next look."""
    names = [OwnName("email", ANN)]
    who = house.who()
    house.withdrawer.let_go(who, names)
    house.withdrawer.let_go(who, names)
    house.withdrawer.of_names(names)
    house.postman.deliver()
    assert len(house.mailed()) == 2


def test_nobody_is_told_of_a_hand_off_that_nobody_has(tmp_path: Path) -> None:
    """Who was known and stood nowhere, and whom sales had sent back."""
    with mail_server() as box:
        house = Posting(sqlite_url(tmp_path), box=box, mapping=followed())
        house.begin()
        house.hand()
        house.seller_says(verdict="reject", recycle_reason="timing")
        house.postman.deliver()
        box.mails.clear()
        assert house.standing().stage is Stage.RECYCLED
        opts_out(house)
        assert house.postman.deliver() == 0
        assert entries(house)[-1].transition == "T20"


def test_what_is_owed_about_them_goes_with_them_when_they_are_erased(house: Posting) -> None:
    """Neither the letters nor what was refused outlives a privacy deletion."""
    opts_out(house)
    house.seller_says(verdict="reject", recycle_reason="timing")
    assert len(house.owed()) == 3
    (contact,) = house.hubspot.records("contacts")
    house.handoff.witness.forget([OwnName("hubspot_contact_id", contact)], None)
    assert house.owed() == []
    assert house.handoff.store.refusals(10) == []
