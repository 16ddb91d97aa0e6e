"""A bridge that hands leads over, and a postman with a chat and a mail server. Tests move time."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

from connector.port import System
from intent.model import Identity
from lifecycle.clocks import timers_after
from lifecycle.errands import Errand
from lifecycle.model import Entry, Request, Role, Stage, Standing
from sync.acquaintance import Acquaintance
from sync.callers import Addresses
from sync.composing import Composer, Signing
from sync.handoff import Handoff
from sync.outward import MailServer
from sync.postman import LEASE, Postman
from sync.ways import Ways
from tests.connector.hubspot_server import Server
from tests.sync.handing import Handing
from tests.sync.mail_server import Mailbox
from tests.sync.website import ANN

SECRETS = ("practice-secret",)
PUBLIC = "https://bridge.example.com"
SELLER = "sales@example.com"  # of the shipped definition
OPS = "ops@example.com"


@dataclass
class Posting(Handing):
    """`chat` and `box` stand on loopback; `reached` says by name who has a chat."""

    chat: Server = field(default_factory=Server)
    box: Mailbox = field(default_factory=Mailbox)
    reached: tuple[str, ...] = ()
    holds: bool = False

    @cached_property
    def handoff(self) -> Handoff:
        made = super().handoff
        made.call = lambda definition, rung: self.postman.call(definition, rung)  # noqa: PLW0108 - made late
        return made

    @property
    def postman(self) -> Postman:
        server = MailServer(f"smtp://localhost:{self.box.port}") if self.box.port else None
        return Postman(
            store=self.handoff.store,
            composer=self.composer,
            ways=Ways(
                hooks={name: f"{self.chat.url}/services/{name}" for name in self.reached},
                server=server,
                sender="Kakehashi <bridge@example.com>",
                ops=OPS,
            ),
            about=self.handoff.about,
            clock=self.time,
            holds=self.holds,
            dice=lambda: 1.0,
        )

    def about(self) -> Acquaintance:
        """What is known, by the definition in force."""
        found = self.handoff.about()
        assert found is not None
        return found

    @property
    def composer(self) -> Composer:
        return Composer(
            store=self.handoff.store,
            people=self.store,
            signing=Signing(SECRETS, PUBLIC),
            addresses=Addresses("https://acme.my.salesforce.com", "12345"),
            language="en",
        )

    def begin(self) -> None:
        """Both departments agree, and Ann stands in both systems."""
        self.agree()
        self.hubspot.seed("contacts", {"email": ANN, "company": "Acme"})
        self.salesforce.seed("Lead", {"email": ANN, "company": "Acme"})
        self.resync()

    def hand(self, address: str = ANN) -> None:
        """Ann is handed over, by an entry alone: nothing is read, scored or written for it."""
        who = Identity(email=address)
        subject = self.store.resolve([who])[who][0]
        now = self.time()
        asked = Request(
            id=f"rule:{now}",
            subject=subject,
            to=Stage.MQL,
            role=Role.RULE,
            actor="kakehashi",
            source="kakehashi",
            at=now,
            observed_at=now,
            handed_to=SELLER,
        )
        entry = Entry(
            subject=subject,
            number=1,
            cycle=1,
            stage=Stage.MQL,
            previous=Stage.LEAD,
            transition="T2",
            entered_at=now,
            observed_at=now,
            role=Role.RULE,
            actor="kakehashi",
            source="kakehashi",
            request_id=asked.id,
            definition="qualified_lead v1",
            handed_to=SELLER,
        )
        definition, before = self.about().definition, Standing(subject=subject)
        timers = timers_after(definition, before, [entry], None, ())
        self.handoff.store.decide(asked, [entry], None, timers)

    def raise_hand(self) -> None:
        """Ann asks to be contacted, and is handed over."""
        self.happens("form_submit_handraise", topic="pricing")
        self.carry()

    def seller_says(self, **values: str) -> None:
        """The seller edits the lead in Salesforce, and a worker hears of it."""
        self.time.forward(minutes=5)
        (lead,) = self.salesforce.records("Lead")
        self.salesforce.edit("Lead", lead, values)
        self.news(System.SALESFORCE, "Lead", lead)
        self.carry()

    def accept(self) -> None:
        """The seller asks for it, and it is decided."""
        self._ask(Stage.SAL)

    def ask_back_without_a_reason(self) -> None:
        """The seller asks for what is not possible."""
        self._ask(Stage.RECYCLED)

    def _ask(self, to: Stage) -> None:
        now = self.time()
        asked = Request(
            id=f"{to}:{now}",
            subject=self.who(),
            to=to,
            role=Role.SALES,
            actor=SELLER,
            source="salesforce",
            at=now,
            observed_at=now,
        )
        self.handoff.store.ask([asked])
        self.handoff.usher.work()

    def owed(self) -> list[Errand]:
        """What nobody has sent yet, whoever has it: looked at from an hour later, and put back."""
        later = self.time() + timedelta(days=1)
        found = list(self.handoff.store.take_letters(later, later, 100))
        for one in found:
            self.handoff.store.again(one, self.time())
        return found

    def lease_runs_out(self) -> None:
        """Whoever held a letter is dead for long enough."""
        self.time.forward(seconds=LEASE.total_seconds() + 1)

    def said(self) -> list[Any]:
        """What the chat was told."""
        return [one.json for one in self.chat.asked]

    def mailed(self) -> list[tuple[str, str]]:
        """To whom, and about what."""
        return [(str(one["To"]), str(one["Subject"])) for one in self.box.mails]

    def tokens(self) -> list[str]:
        """The tokens in the last mail: to accept, to send back."""
        return re.findall(rf"{PUBLIC}/handoff/(\S+)", self.box.mails[-1].get_content())
