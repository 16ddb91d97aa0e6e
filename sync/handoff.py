"""What the hand-off of leads is made of over one installation: ledger, definition in force, usher.

Nothing is opened before somebody asks for it. Without a definition that both departments approved, nobody is
moved and nothing is said of anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from connector.port import Connector, System
from intent.store import SqlIntentStore
from lifecycle.definition import Definition
from lifecycle.load import Whole
from lifecycle.qualify import Judge
from lifecycle.store import SqlLifecycleStore
from mappings.faults import Language
from mappings.schema import Mapping as FieldMapping
from mappings.schema import OwnName
from sync.acquaintance import Acquaintance
from sync.attention import Attention
from sync.briefing import Scribe
from sync.deciding import Decider
from sync.editors import Editors
from sync.holding import Holder
from sync.in_force import InForce
from sync.interest import intent_store
from sync.kinship import Kinship
from sync.lanes import Lane
from sync.ledger import Ledger
from sync.lives import Lives
from sync.notary import Notary
from sync.settings import Settings
from sync.timekeeping import Rung, Timekeeper
from sync.ushering import Usher
from sync.witnessing import Witness


@dataclass
class Handoff:
    """All of it for one worker and one version of the mappings."""

    ledger: Ledger
    connectors: Callable[[], Mapping[System, Connector]]
    mappings: Sequence[FieldMapping]
    clock: Callable[[], datetime]
    zone: ZoneInfo
    holder: Holder
    ring: Callable[[Iterable[Lane]], object] = lambda _lanes: None
    call: Callable[[Definition, Sequence[Rung]], object] = lambda _definition, _rung: None
    stop: Callable[[], bool] = lambda: False
    # In which cards and questions stand on records: that of letters.
    language: Language = "en"
    # The installation only looks: nobody is moved, since nobody would hear of it, and no clock begins.
    observe: bool = False
    _about: tuple[Whole, Acquaintance] | None = None

    @cached_property
    def store(self) -> SqlLifecycleStore:
        """The ledger of stages, in the ledger's database."""
        return SqlLifecycleStore(self.ledger.engine)

    @cached_property
    def people(self) -> SqlIntentStore:
        """Who is who."""
        return intent_store(self.ledger)

    @cached_property
    def in_force(self) -> InForce:
        """The definition that both departments agreed to."""
        return InForce(self.store, self.clock)

    @property
    def lives(self) -> Lives:
        """What both systems are told."""
        return Lives(self.store, self.in_force.definition, self.language)

    @cached_property
    def witness(self) -> Witness:
        """Whoever notes what happened beside requests."""
        return Witness(self.store, self.people, self.clock)

    @cached_property
    def kinship(self) -> Kinship:
        """Whoever joins histories."""
        return Kinship(self.store, self.people)

    def forgetting(
        self, also: Callable[[Iterable[OwnName]], object]
    ) -> Callable[[Sequence[OwnName]], object]:
        """Forgets people's stages, and then what the website told: that still knows who they are."""

        def forget(names: Sequence[OwnName]) -> None:
            # What somebody brought along goes with them.
            self.kinship.follow(self.clock())
            self.witness.forget(names, self.in_force.definition())
            also(names)

        return forget

    def joining(
        self, also: Callable[[Sequence[OwnName], datetime], object]
    ) -> Callable[[Sequence[OwnName], datetime], object]:
        """Joins the stages of people who are one by now, once it is settled who they are."""

        def join(names: Sequence[OwnName], now: datetime) -> None:
            before = self.witness.whom(names)
            also(names, now)
            self.witness.join(before, self.witness.whom(names), now)

        return join

    @cached_property
    def usher(self) -> Usher:
        """Whoever decides and hands over."""
        attention, scribe = Attention(self.clock), Scribe(self.store, self.language)
        return Usher(
            store=self.store,
            people=self.people,
            ledger=self.ledger,
            about=lambda: None if self.observe else self.about(),
            hold=self.holder.lease,
            clock=self.clock,
            ring=self.ring,
            witness=self.witness,
            kinship=self.kinship,
            editors=Editors(self.connectors),
            notary=Notary(self.store, self.people),
            attention=attention,
            scribe=scribe,
            decider=Decider(self.store, attention, scribe, self.clock),
            timekeeper=Timekeeper(self.store, self.witness, self.clock, self.call),
            stop=self.stop,
        )

    def about(self) -> Acquaintance | None:
        """Whoever gathers what is known, by the definition in force; None: none is."""
        whole = self.in_force.whole()
        if whole is None:
            return None
        if self._about is None or self._about[0] is not whole:
            self._about = (
                whole,
                Acquaintance(
                    ledger=self.ledger,
                    store=self.people,
                    connectors=self.connectors(),
                    mappings=self.mappings,
                    definition=whole.definition,
                    interest=whole.interest,
                    judge=Judge(whole.definition, whole.interest),
                    zone=self.zone,
                ),
            )
        return self._about[1]


class Installation(Protocol):
    """What the hand-off needs of an installation; `sync.wiring.Bridge` is one."""

    @property
    def clock(self) -> Callable[[], datetime]: ...

    @property
    def settings(self) -> Settings: ...

    @property
    def ledger(self) -> Ledger: ...

    @property
    def connectors(self) -> Mapping[System, Connector]: ...


def handoff_over(
    installation: Installation, mappings: Sequence[FieldMapping], holder: Holder, **more: Any
) -> Handoff:
    """The hand-off of leads of an installation, over these mappings."""
    settings = installation.settings
    return Handoff(
        language=settings.handoff.lang or settings.lang,
        observe=settings.mode == "observe",
        ledger=installation.ledger,
        connectors=lambda: installation.connectors,
        mappings=mappings,
        clock=installation.clock,
        zone=settings.zone,
        holder=holder,
        **more,
    )
