"""Verdicts by a link in a letter: what opening it shows, and what pressing its button does.

Opening decides nothing. A press is on file before it is decided, and decided at once where that can be; where
a system is away the next worker decides it. Two presses at once are one request: the first counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import structlog

from connector.errors import ConnectorError
from lifecycle import tickets, verdicts
from lifecycle.definition import Definition
from lifecycle.model import Refusal, Standing
from lifecycle.tickets import Filled, Given, Now, Page, Ticket, TicketRefused, given_by
from lifecycle.verdicts import Answer
from lifecycle.wording import clean
from mappings.faults import Language
from sync.acquaintance import Acquaintance
from sync.callers import Addresses, callers
from sync.handoff import Handoff
from sync.lanes import Lane, in_lane

log = structlog.get_logger()

# A history of refusals this long is looked at for what became of one press.
REFUSALS = 100


class _Case(NamedTuple):
    ticket: Ticket
    about: Acquaintance
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """Shows and takes verdicts. `secrets` sign links; without any every link is refused."""

    handoff: Callable[[], Handoff]
    secrets: Sequence[str] = field(repr=False)
    clock: Callable[[], datetime]
    language: Language

    @property
    def are_open(self) -> bool:
        """Whether any link could be good."""
        return bool(self.secrets)

    def page(self, token: str, language: Language) -> Page:
        """What opening a link shows. Raises `TicketRefused`, `LedgerError`."""
        case = self._case(token)
        tickets.check(case.ticket, case.about.definition, case.standing)
        name = self._name(case, language)
        return tickets.page(
            case.ticket, case.about.definition, case.standing, name, self.clock(), language
        )

    def press(self, token: str, filled: Filled, language: Language) -> Answer:
        """Decide what a link is for. Raises `TicketRefused`, `LedgerError`; then nothing was changed."""
        case = self._case(token)
        definition, now = case.about.definition, self.clock()
        request = tickets.request_of(case.ticket, definition, case.standing, filled, now)
        usher = self.handoff().usher
        if not usher.store.ask([request]):
            raise self._used(case)
        log.info("verdict by a link", what=case.ticket.what)
        try:
            with in_lane(Lane.HANDOFF):
                usher.decide(case.about)
        except ConnectorError as error:
            log.info("verdict waits", system=error.system)
        return self._answer(case, request.id, definition, language)

    def _case(self, token: str) -> _Case:
        """What a link is about, as far as it is good and was not used."""
        ticket = tickets.read(token, self.secrets or ("-",), self.clock())
        if not self.secrets:
            raise TicketRefused("tampered")
        about = self.handoff().about()
        standing = self._standing(ticket)
        if about is None:
            raise TicketRefused("overtaken")
        if standing is None:
            raise TicketRefused("ended")
        case = _Case(ticket, about, standing)
        if self._given(ticket) is not None:
            raise self._used(case)
        return case

    def _used(self, case: _Case) -> TicketRefused:
        """Which verdict counts, and where the lead stands by now."""
        given = self._given(case.ticket) or Given("waits")
        standing = self._standing(case.ticket) or case.standing
        return TicketRefused("used", Now(case.about.definition, standing, given))

    def _standing(self, ticket: Ticket) -> Standing | None:
        return self.handoff().store.standings([ticket.subject]).get(ticket.subject)

    def _given(self, ticket: Ticket) -> Given | None:
        """What a press on one of the two links led to; None: nobody pressed, or it is not decided yet."""
        name, store = f"ticket:{ticket.id}", self.handoff().store
        for entry in store.history(ticket.subject):
            if entry.request_id == name:
                return given_by(entry)
        refusal = self._refusal(ticket, name)
        return None if refusal is None else Given("refused", refusal.request.at)

    def _refusal(self, ticket: Ticket, name: str) -> Refusal | None:
        found = self.handoff().store.refusals(REFUSALS, ticket.subject)
        return next((one for one in found if one.request.id == name), None)

    def _answer(self, case: _Case, name: str, definition: Definition, language: Language) -> Answer:
        who = self._name(case, language)
        store, subject = self.handoff().store, case.ticket.subject
        if (refusal := self._refusal(case.ticket, name)) is not None:
            return verdicts.refused(definition, refusal, language)
        standing = store.standings([subject]).get(subject)
        if standing is None or standing.number == case.standing.number:
            return verdicts.waiting(who, language)
        return verdicts.decided(definition, standing, who, language)

    def _name(self, case: _Case, language: Language) -> str:
        """Whom it is about; without a name where no system can be asked."""
        subject = case.ticket.subject
        try:
            with in_lane(Lane.HANDOFF):
                who = callers(case.about, [subject], language, Addresses())[subject]
        except ConnectorError as error:
            log.info("a lead's record not read", system=error.system)
            return verdicts.said("somebody", language)
        return who.shown(language) if clean(who.name) else verdicts.said("somebody", language)
