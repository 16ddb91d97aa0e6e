"""What website intent is made of over one installation: its store, its definition, who scores and tells.

Nothing is opened before somebody asks for it: the doors must open whatever is down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial

import structlog

from connector.port import System
from intent.definition import Definition
from intent.identity import company_domain
from intent.model import DAY, Event, millis
from intent.port import IntentStore, TakenIn
from intent.store import SqlIntentStore
from intent.store.pages import PageRoom
from lifecycle.store import SqlLifecycleStore
from mappings.schema import Mapping as FieldMapping
from sync.fitting import Fitting
from sync.holding import Holder
from sync.in_force import InForce
from sync.lanes import Lane
from sync.ledger import Ledger
from sync.letting_go import LettingGo
from sync.telling import Looked, Teller, nobody_looks
from sync.website import Website
from sync.withdrawing import Withdrawer
from sync.witnessing import Witness
from sync.workbench import Workbench

log = structlog.get_logger()


def intent_store(ledger: Ledger) -> SqlIntentStore:
    """The store of website intent, in the ledger's database. Domains of free mail are no accounts."""
    return SqlIntentStore(ledger.engine, company_domain)


@dataclass(frozen=True, slots=True)
class LateInbox:
    """Puts events on file; opens the ledger when the first ones come. Raises `LedgerError`."""

    ledger: Callable[[], Ledger]

    def take_in(self, events: Sequence[Event]) -> TakenIn:
        """See `intent.port.Events`."""
        return intent_store(self.ledger()).take_in(events)


@dataclass
class Interest:
    """All of it for one worker. `bench` answers the workbench with the mappings in force."""

    website: Website
    ledger: Ledger
    bench: Callable[[], Workbench]
    holder: Holder
    ring: Callable[[Iterable[Lane]], object]
    stop: Callable[[], bool]
    looked: Looked = nobody_looks

    @cached_property
    def store(self) -> SqlIntentStore:
        """Where events, sums and cards are kept."""
        return intent_store(self.ledger)

    @cached_property
    def teller(self) -> Teller:
        """Scores and tells."""
        return teller_of(
            self.ledger,
            self.bench,
            definition=self.website.definition,
            hold=self.holder.lease,
            ring=self.ring,
            looked=self.looked,
            stop=self.stop,
        )

    def keep_house(self) -> None:
        """Delete what is kept no longer."""
        definition, now = self.website.definition(), self.bench().clock()
        gone = dict(self.store.forget(definition, now))
        until = millis(now) - definition.keeping.pages * DAY
        gone["pages"] = PageRoom(self.ledger.engine).forget_pages(until)
        if any(gone.values()):
            log.info("website intent forgotten", **gone)


def teller_of(
    ledger: Ledger,
    bench: Callable[[], Workbench],
    *,
    definition: Callable[[], Definition],
    hold: Callable[[str], AbstractContextManager[None]],
    ring: Callable[[Iterable[Lane]], object] = lambda _lanes: None,
    looked: Looked = nobody_looks,
    stop: Callable[[], bool] = lambda: False,
) -> Teller:
    """Whoever scores and tells, over a workbench."""
    made = bench()
    return Teller(
        store=intent_store(ledger),
        withdrawer=withdrawer_of(ledger, lambda: bench().mappings, clock=made.clock, ring=ring),
        ledger=ledger,
        definition=definition,
        mappings=lambda: bench().mappings,
        fitting=partial(_fitting, ledger, bench),
        hold=hold,
        clock=made.clock,
        zone=made.zone,
        ring=ring,
        looked=looked,
        stop=stop,
    )


def withdrawer_of(
    ledger: Ledger,
    mappings: Callable[[], Sequence[FieldMapping]],
    *,
    clock: Callable[[], datetime],
    ring: Callable[[Iterable[Lane]], object] = lambda _lanes: None,
) -> Withdrawer:
    """Whoever forgets people at their wish."""
    people = intent_store(ledger)
    return Withdrawer(
        store=people,
        ledger=ledger,
        mappings=mappings,
        clock=clock,
        ring=ring,
        let_go=letting_go_of(ledger, people, clock),
    )


def letting_go_of(ledger: Ledger, people: IntentStore, clock: Callable[[], datetime]) -> LettingGo:
    """Whoever ends the hand-off of those who forbid to be followed."""
    stages = SqlLifecycleStore(ledger.engine)
    witness = Witness(stages, people, clock)
    return LettingGo(stages, ledger, witness, InForce(stages, clock).definition, clock)


def _fitting(ledger: Ledger, bench: Callable[[], Workbench]) -> Fitting:
    made = bench()
    today = made.clock().astimezone(made.zone).date()
    return Fitting(ledger, made.connectors[System.HUBSPOT], _writing(made.mappings), today)


def _writing(mappings: Iterable[FieldMapping]) -> list[str]:
    return [mapping.name for mapping in mappings if mapping.own_names]
