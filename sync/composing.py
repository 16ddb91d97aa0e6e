"""What stands in a letter, at the moment when it is sent: whatever is no news any more is not written.

Nothing is kept of it. Who was erased has no standing, so there is no letter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from connector.port import System
from intent.model import Subject
from intent.port import IntentStore
from lifecycle import clocks, tickets
from lifecycle.definition import Definition
from lifecycle.errands import INSIDE, MARKETING, Errand, errand_after, is_followed_since
from lifecycle.letters import Links, escalation, hand_over, let_go, refused, send_back
from lifecycle.model import Entry, Refusal, Standing
from lifecycle.notes import Lead, morning, weekly
from lifecycle.port import LifecycleStore, Timer
from lifecycle.tickets import Ticket, What
from lifecycle.wording import Letter, Who
from mappings.faults import Language
from sync.acquaintance import Acquaintance
from sync.briefing import NOBODY, lead_of
from sync.callers import HUBSPOT, SALESFORCE, Addresses, callers
from sync.figures import last_week, leads_of, week_of
from sync.gone import gone_from
from sync.wanting import colleague_of

# So far back it is looked which of somebody's refusals a letter tells of.
REFUSALS: Final = 1_000
# A link is good for so long; by then the clock of the verdict has taken the lead back.
LASTS: Final = timedelta(days=14)
DOOR: Final = "/handoff/"


@dataclass(frozen=True, slots=True, repr=False)
class Signing:
    """Makes the links of a hand-over. Without a secret or a public address there are none."""

    secrets: tuple[str, ...] = ()
    public_url: str | None = None

    def links(self, definition: Definition, standing: Standing, now: datetime) -> Links:
        """Those that may be decided where somebody stands now."""
        if not self.secrets or self.public_url is None:
            return Links()
        offered = tickets.offered(definition, standing)
        return Links(
            accept=self._link("accept", standing, now) if "accept" in offered else None,
            send_back=self._link("send_back", standing, now) if "send_back" in offered else None,
        )

    def _link(self, what: What, standing: Standing, now: datetime) -> str:
        ticket = Ticket(standing.subject, standing.number, what, now + LASTS)
        return f"{self.public_url}{DOOR}{tickets.sign(ticket, self.secrets)}"


@dataclass(frozen=True, slots=True)
class Composer:
    """Writes letters from what is known now."""

    store: LifecycleStore
    people: IntentStore
    signing: Signing
    addresses: Addresses
    language: Language

    def letter(self, about: Acquaintance, errand: Errand, now: datetime) -> Letter | None:
        """The letter of an errand; None: it is no news any more. Raises `ConnectorError`, `LedgerError`."""
        if errand.kind in ("morning", "weekly"):
            return self._note(about, errand, now)
        if errand.kind == "refused":
            return self._refused(about, errand)
        if errand.kind == "let_go":
            who = NOBODY if errand.subject is None else self.who(about, errand.subject)
            return let_go(who, self.language)
        subject = errand.subject
        standing = None if subject is None else self._standing(subject)
        if standing is None or standing.number == 0:
            return None
        write: dict[str, Callable[..., Letter | None]] = {
            "hand_over": self._hand_over,
            "send_back": self._send_back,
            "clock": self._clock,
        }
        return write[errand.kind](about, errand, standing, now)

    def _standing(self, subject: Subject) -> Standing | None:
        return self.store.standings([subject]).get(subject)

    def _last(self, errand: Errand, standing: Standing) -> Entry | None:
        """The entry that an errand tells of, if nothing came after it."""
        last = self.store.history(standing.subject)[-1]
        return last if (last.subject, last.number) == (errand.subject, errand.entry) else None

    # Of one person ------------------------------------------------------------------------------

    def _hand_over(
        self, about: Acquaintance, errand: Errand, standing: Standing, now: datetime
    ) -> Letter | None:
        definition = about.definition
        is_theirs = "accept" in tickets.offered(definition, standing)
        # Inside sales judges an MQL before anybody can accept it.
        is_first = definition.preset == "jp_is_fs" and standing.stage.value == "mql"
        if self._last(errand, standing) is None or not (is_theirs or is_first):
            return None
        if _is_nowhere(about, standing.subject):
            return None
        known, _ = about.look(standing.subject, standing, now)
        running = self.store.running(standing.subject)
        who = self.who(about, standing.subject)
        links = self.signing.links(definition, standing, now)
        instead = colleague_of(self.store, about, standing)
        lead = lead_of(about, standing, known, running, who, links)._replace(instead=instead)
        return hand_over(definition, lead, self.language)

    def _send_back(
        self, about: Acquaintance, errand: Errand, standing: Standing, _now: datetime
    ) -> Letter | None:
        entry = self._last(errand, standing)
        if entry is None:
            return None
        reader = SALESFORCE if errand.whom == INSIDE else HUBSPOT
        who = self.who(about, standing.subject, reader)
        return send_back(about.definition, who, entry, standing, self.language)

    def _refused(self, about: Acquaintance, errand: Errand) -> Letter | None:
        """No news to whoever has entered it again since, and was followed."""
        subject = errand.subject
        if subject is None:
            return None
        found = (one for one in self.store.refusals(REFUSALS, subject) if _tells(errand, one))
        refusal = next(found, None)
        if refusal is None or is_followed_since(refusal, self.store.history(subject)):
            return None
        reader = HUBSPOT if refusal.request.source == "hubspot" else SALESFORCE
        # Whoever turned out to be somebody else since is called by that one's name.
        standing = self._standing(subject)
        who = self.who(about, subject if standing is None else standing.subject, reader)
        return refused(about.definition, who, refusal, self.language)

    def _clock(
        self, about: Acquaintance, errand: Errand, standing: Standing, now: datetime
    ) -> Letter | None:
        timer = self._timer(errand, standing)
        if timer is None or (timer.stopped_at is not None and not errand.is_taken):
            return None
        reader = HUBSPOT if errand.whom == MARKETING else SALESFORCE
        ring = clocks.Ring(errand.step, errand.whom, 1.0, next_at=timer.next_at)
        return escalation(
            about.definition,
            self.who(about, standing.subject, reader),
            timer,
            ring,
            now,
            self.language,
            is_taken=errand.is_taken,
        )

    def _timer(self, errand: Errand, standing: Standing) -> Timer | None:
        key = (errand.subject, errand.clock, errand.entry)
        return next((one for one in self.store.timers(standing.subject) if one[:3] == key), None)

    def who(self, about: Acquaintance, subject: Subject, reader: System = SALESFORCE) -> Who:
        """Whom it is about, with their page in the system in which the reader works."""
        return callers(about, [subject], self.language, self.addresses, reader)[subject]

    # Of a day or a week -------------------------------------------------------------------------

    def _note(self, about: Acquaintance, errand: Errand, now: datetime) -> Letter | None:
        if errand.kind == "weekly":
            return self.weekly(about, now)
        letter = self.morning(about, errand.whom, now)
        # Yesterday's list helps nobody.
        is_today = now - errand.at < timedelta(hours=12)
        return letter if is_today else None

    def morning(self, about: Acquaintance, seller: str, now: datetime) -> Letter | None:
        """A seller's morning; None where they have nobody."""
        had = leads_of(self.store, seller)
        gone = gone_from(about, [one.subject for one in had])
        standings = [one for one in had if one.subject not in gone]
        if not standings:
            return None
        subjects = [one.subject for one in standings]
        whos = callers(about, subjects, self.language, self.addresses)
        cards = self.people.told(subjects)
        running = self.store.running_of(subjects)
        return morning(
            about.definition,
            [
                Lead(
                    whos[one.subject],
                    one,
                    tuple(running.get(one.subject, ())),
                    cards.get(one.subject),
                )
                for one in standings
            ],
            now,
            self.language,
            topics=about.interest.topics,
        )

    def weekly(self, about: Acquaintance, now: datetime) -> Letter:
        """The week before this one, for both heads."""
        first, last = last_week(about.definition, now)
        found = week_of(self.store, about.definition, first, last, now, partial(gone_from, about))
        return weekly(about.definition, found, self.language)


def _is_nowhere(about: Acquaintance, subject: Subject) -> bool:
    """Whether people deleted somebody wherever they were; who is left in one system may raise a hand."""
    return bool(gone_from(about, [subject])) and not about.places(subject)


def _tells(errand: Errand, refusal: Refusal) -> bool:
    told = errand_after(refusal)
    return told is not None and told.id == errand.id
