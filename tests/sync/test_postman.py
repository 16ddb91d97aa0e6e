"""Letters: to the seller with two links, back to marketing with the reason, each once, and none is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from connector.port import System
from lifecycle import tickets, wires
from lifecycle.definition import Department
from lifecycle.wording import Letter, Part
from mappings.schema import OwnName
from sync.hearing import Heard
from sync.outward import Hook, MailServer, NotSent
from sync.ways import Chat, Mailed, Way, Ways
from tests.connector.hubspot_server import Reply, running
from tests.sync.bridge import sqlite_url
from tests.sync.mail_server import mail_server
from tests.sync.posting import PUBLIC, SECRETS, SELLER, Posting
from tests.sync.website import ANN

HEAD = "head@example.com"
MARKETER = "marketing@example.com"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Posting]:
    """Both departments agreed; a chat and a mail server are there."""
    with running() as chat, mail_server() as box:
        found = Posting(sqlite_url(tmp_path), chat=chat, box=box)
        found.agree()
        yield found


def test_a_seller_is_told_of_a_lead_with_evidence_and_two_links_that_work(house: Posting) -> None:
    """One mail: why now, what is not known yet, where the record is; the links are for this hand-over."""
    house.begin()
    house.raise_hand()
    assert house.postman.deliver() == 1
    assert house.mailed() == [(SELLER, f"New lead for you: {ANN} (Acme)")]
    text = house.box.mails[0].get_content()
    assert "Asked to be contacted" in text
    assert "https://acme.my.salesforce.com/" in text
    accept, back = (tickets.read(one, SECRETS, house.time()) for one in house.tokens())
    assert (accept.what, back.what) == ("accept", "send_back")
    assert {accept.subject, back.subject} == {house.who()}
    assert house.postman.deliver() == 0


def test_marketing_is_told_why_somebody_is_back(house: Posting) -> None:
    """差し戻し: reason and comment, to the owner of the department, with HubSpot's page of the person."""
    house.begin()
    house.raise_hand()
    house.seller_says(verdict="reject", recycle_reason="timing", recycle_comment="来期に再度")
    house.postman.deliver()
    (letter,) = house.box.mails
    assert letter["To"] == MARKETER
    assert "来期に再度" in letter.get_content()
    assert "https://app.hubspot.com/contacts/12345/record/0-1/" in letter.get_content()


def test_what_is_no_news_any_more_is_not_sent(house: Posting) -> None:
    """The seller accepted before the letter went out."""
    house.hand()
    house.accept()
    house.postman.deliver()
    assert house.box.mails == []
    assert house.owed() == []


def test_who_was_erased_is_in_no_letter(house: Posting) -> None:
    """Their letters vanish with them."""
    house.hand()
    house.handoff.store.erase(house.who(), "p1", house.time())
    assert house.postman.deliver() == 0
    assert house.box.mails == []


def test_a_chat_is_told_instead_of_a_mail(house: Posting) -> None:
    """Whoever has an incoming webhook is told there; nothing personal and no address is logged."""
    house.reached = (SELLER,)
    house.hand()
    with capture_logs() as logs:
        house.postman.deliver()
    assert [one.path for one in house.chat.asked] == [f"/services/{SELLER}"]
    assert [one["text"].split(":")[0] for one in house.said()] == ["New lead for you"]
    assert house.box.mails == []
    told = repr(logs)
    assert ANN not in told
    assert house.chat.url not in told


def test_a_worker_that_died_with_a_letter_leaves_it_to_the_next(house: Posting) -> None:
    """Killed between taking and sending: sent by somebody else, once the lease has run out."""
    house.hand()
    now = house.time()
    taken = house.handoff.store.take_letters(now, now, 1)
    assert len(taken) == 1
    assert house.postman.deliver() == 1
    assert len(house.box.mails) == 1


def test_a_letter_whose_end_was_not_noted_is_the_same_mail_again(
    house: Posting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between sending and saying so: it goes out once more, with the same Message-ID, and is over."""
    house.hand()
    postman = house.postman

    def dies(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(type(postman.store), "end", dies)
        with pytest.raises(SystemExit):
            postman.deliver()
    assert house.postman.deliver() == 0
    house.lease_runs_out()
    house.postman.deliver()
    first, second = (str(one["Message-ID"]) for one in house.box.mails)
    assert first == second
    assert house.owed() == []


@pytest.mark.parametrize("status", [503, 302, 407])
def test_a_way_that_is_closed_for_now_is_tried_again_slower_and_slower(
    house: Posting, status: int
) -> None:
    """And no sooner than the server wishes; then it is sent, once. A login page closes it, too."""
    house.reached = (SELLER,)
    house.chat.queue = [Reply(status), Reply(429, headers={"Retry-After": "120"})]
    house.hand()
    house.postman.deliver()
    assert house.postman.deliver() == 0
    house.time.forward(seconds=11)
    house.postman.deliver()
    house.time.forward(seconds=119)
    assert house.postman.deliver() == 0
    house.time.forward(seconds=20)
    house.postman.deliver()
    assert len(house.chat.asked) == 3
    assert house.owed() == []


@pytest.mark.parametrize("closed", ["status_404", "SMTPRecipientsRefused", "too_late"])
def test_what_reaches_nobody_is_parked_with_the_reason(house: Posting, closed: str) -> None:
    """A webhook that was deleted, an address that is none, and news that are three days old."""
    house.hand()
    if closed == "status_404":
        house.reached = (SELLER,)
        house.chat.queue = [Reply(404)]
    elif closed == "too_late":
        house.time.forward(days=4)
    else:
        house.box.refuse = {SELLER}
    house.postman.deliver()
    house.time.forward(days=1)
    assert house.postman.deliver() == 0
    parked = house.handoff.store.unsent(house.time().replace(year=2020), 9)
    assert [(one.errand.kind, one.why) for one in parked] == [("hand_over", closed)]


def test_a_letter_with_a_bug_in_it_holds_up_nobody_elses(
    house: Posting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again later; the others are sent."""
    house.hand()
    postman = house.postman
    postman.store.put_letters(postman.weekly("2026-01-05", house.time()))

    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(postman.composer), "_hand_over", fails)
    with capture_logs() as logs:
        postman.deliver()
    assert "our bug" in {one["event"] for one in logs}
    assert sorted(to for to, _ in house.mailed()) == [MARKETER, SELLER]
    assert [one.kind for one in house.owed()] == ["hand_over"]


def test_with_nothing_set_nothing_is_sent_and_nothing_is_taken(tmp_path: Path) -> None:
    """What was owed before somebody switched letters on is told then, if it is news still."""
    house = Posting(sqlite_url(tmp_path))
    house.agree()
    house.hand()
    assert house.postman.deliver() == 0
    assert [one.tries for one in house.owed()] == [1]
    with mail_server() as house.box:
        house.postman.deliver()
        assert len(house.box.mails) == 1


@pytest.mark.parametrize(
    ("entered", "why", "helps"),
    [
        ({"verdict": "reject"}, "A reason is missing", "verdict and the reason together"),
        ({"verdict": "reject", "recycle_reason": "bad mood"}, "bad mood", "a reason of the list"),
        ({"stage": "on fire"}, 'Nobody knows the stage "on fire"', "Choose a value of the list"),
        ({"stage": "customer"}, 'From "MQL" nobody goes to "customer"', "steps that are possible"),
        ({"reactivate_on": "2027-04-01"}, "a lead that was sent back", "Add what is missing"),
    ],
)
def test_whoever_entered_what_cannot_be_is_told_why_and_what_helps(
    house: Posting, entered: dict[str, str], why: str, helps: str
) -> None:
    """A reason that is missing or unknown, a stage that is none or cannot be, a day of nobody who rests."""
    house.hand()
    rin = house.salesforce.seed("User", {"Email": "rin@sales.example.com"})
    lead = house.salesforce.seed("Lead", {"email": ANN, "company": "Acme", "LastModifiedById": rin})
    values = {f"lifecycle.{name}": value for name, value in entered.items()}
    house.listen(
        [
            Heard(
                mapping="people",
                pair_id=1,
                system=System.SALESFORCE,
                object="Lead",
                record_id=lead,
                names=(OwnName("email", ANN),),
                entered=values,
                fields=tuple(entered),
                held=values,
            )
        ]
    )
    house.postman.deliver()
    (letter,) = [one for one in house.box.mails if one["To"] == "rin@sales.example.com"]
    assert str(letter["Subject"]).startswith("Not followed: ")
    assert why in letter.get_content()
    assert helps in letter.get_content()
    assert "stays where it was: MQL" in letter.get_content()


def test_marketing_is_told_of_what_was_entered_in_hubspot_and_nobody_of_what_went_well_since(
    house: Posting,
) -> None:
    """HubSpot does not say who it was. A seller who enters it again, with the reason, needs no letter."""
    house.begin()
    house.raise_hand()
    house.time.forward(minutes=5)
    (contact,) = house.hubspot.records("contacts")
    house.hubspot.edit("contacts", contact, {"stage": "customer"})
    house.news(System.HUBSPOT, "contacts", contact)
    house.carry()
    house.seller_says(verdict="reject")
    house.seller_says(verdict="reject", recycle_reason="timing")
    assert sorted(one.kind for one in house.owed()) == [
        "hand_over",
        "refused",
        "refused",
        "send_back",
    ]
    house.postman.deliver()
    told = [(to, text) for to, text in house.mailed() if text.startswith("Not followed")]
    assert told == [(MARKETER, f"Not followed: {ANN} (Acme)")]


def test_in_observe_mode_no_letter_leaves_the_house(house: Posting) -> None:
    """Neither to a chat nor by mail, and no notes are owed; once live, what is news still is told, once."""
    house.reached, house.holds = ("marketing",), True
    house.begin()
    house.raise_hand()
    house.seller_says(verdict="reject", recycle_reason="timing")
    with capture_logs() as logs:
        house.postman.notes()
        assert house.postman.deliver() == 0
    assert (house.box.mails, house.chat.asked) == ([], [])
    assert {one.kind for one in house.handoff.store.owed(9)} == {"hand_over", "send_back"}
    assert [one["owed"] for one in logs if one["event"] == "letters are held"] == [2]
    house.holds = False
    house.postman.deliver()
    assert [one.path for one in house.chat.asked] == ["/services/marketing"]
    assert house.handoff.store.owed(9) == []


def test_the_steps_of_a_clock_are_told_to_whom_they_are_meant_for(house: Posting) -> None:
    """First the owner, then the manager; a lead that is taken back is told although its clock stopped."""
    house.hand()
    house.postman.deliver()
    house.box.mails.clear()
    for _ in range(10):
        house.time.forward(hours=8)
        house.handoff.usher.work()
        house.postman.deliver()
    told = [(str(one["To"]), one.get_content()) for one in house.box.mails]
    told = [(to, text) for to, text in told if text.startswith("accept or send back")]
    assert {to for to, _ in told} == {SELLER}
    assert "is still waiting" in told[0][1]
    assert "goes to somebody else now" in told[-1][1]
    assert house.owed() == []


def test_a_morning_lists_what_is_left_lying_and_comes_once_a_working_day(house: Posting) -> None:
    """To whoever has leads; both heads get the week before, once, on the first day that anybody is told."""
    house.hand()
    house.postman.deliver()
    house.box.mails.clear()
    house.time.forward(days=1)
    for _ in range(7):
        house.postman.notes()
        house.postman.notes()
        house.postman.deliver()
        house.time.forward(days=1)
    days = [subject for _, subject in house.mailed() if subject.startswith("Your leads")]
    weeks = [to for to, subject in house.mailed() if subject.startswith("Hand-offs")]
    assert (len(days), len(set(days))) == (5, 5)
    assert sorted(weeks) == [MARKETER, MARKETER, SELLER, SELLER]


def test_everybody_is_reached_by_the_nearest_way() -> None:
    """A seller's chat, then their mail; a queue without any is told to the head of sales."""
    owners: Mapping[Department, str] = {"marketing": "M. Sato", "sales": HEAD}
    hooks = {"ann@example.com": "https://x.example/ann", "marketing": "https://x.example/m"}
    ways = Ways(
        hooks=hooks,
        sender="bridge@example.com",
        server=MailServer("smtp://localhost"),
        ops="ops@example.com",
    )
    names = ("ann@example.com", "bob@example.com", "East queue", "marketing", "is", "ops")
    assert [place_of(ways.to(name, owners)) for name in names] == [
        "https://x.example/ann",
        "bob@example.com",
        HEAD,
        "https://x.example/m",
        HEAD,
        "ops@example.com",
    ]
    assert Ways(hooks=hooks).to("ops", owners) is None
    assert not Ways().are_set


def place_of(way: Way | None) -> str:
    assert isinstance(way, Chat | Mailed)
    return way.hook.url if isinstance(way, Chat) else way.to


def test_teams_is_told_in_its_own_words() -> None:
    """By the address: workflows of Teams take a card, everybody else what Slack takes."""
    url = "https://prod-01.japaneast.logic.azure.com/workflows/1?sig=x"
    way = Ways(hooks={"marketing": url}).to("marketing", {"marketing": "", "sales": ""})
    assert way is not None
    assert way.name == "teams"


def test_a_chat_gets_as_many_bytes_as_were_measured(house: Posting) -> None:
    """A Japanese sign is three bytes on the wire, and not the six that it has in ASCII."""
    letter = Letter("件名", (Part(None, ("課題" * 40,) * 500),), (), "ja")
    url = f"{house.chat.url}/workflows/1"
    Hook(url).post(wires.teams(letter))
    assert len(house.chat.asked[0].body) <= wires.TEAMS_BYTES
    assert len(house.chat.asked[0].body) > wires.TEAMS_BYTES // 2
    assert "課題" in house.chat.asked[0].body.decode()


def test_a_mail_that_cannot_be_written_is_refused_for_good(house: Posting) -> None:
    """An address with a line break in it."""
    way = house.postman.ways.to(
        "a@example.com\nBcc: all@example.com", {"marketing": "", "sales": ""}
    )
    assert isinstance(way, Mailed)
    letter = house.composer.weekly(house.about(), house.time())
    with pytest.raises(NotSent) as caught:
        way.send(letter, "x")
    assert caught.value.is_final
    assert PUBLIC not in str(caught.value)
