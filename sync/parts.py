"""What the parts that stay are made of: worker, scheduler, and what the doors hand over to.

Each process watches the mapping files by itself: an edit is checked, and switched to between two
batches; with faults the version before stays in force.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from uuid import uuid4

import structlog
from redis import Redis

from connector.port import System
from intent.store.pages import PageRoom
from mappings.compile import Compiled
from sync.alerts import Alerts, senders_of
from sync.budget_shared import impatient
from sync.chores import Chores, Stopped
from sync.clockwork import LEADS_FOR, Clockwork
from sync.common_clock import CommonClock
from sync.companies import Companies
from sync.desk import Desk
from sync.handoff import Handoff, handoff_over
from sync.hands import Hands
from sync.holding import Holder
from sync.interest import Interest, LateInbox, withdrawer_of
from sync.ledger import LedgerError, LedgerLock
from sync.ledger.lock import this_host
from sync.mailroom import desk_of, postman_of, verdicts_of
from sync.mapping_watch import MappingWatch
from sync.page_topics import TopicInbox
from sync.postman import Postman
from sync.reception import Reception
from sync.redis_server import NoEmbeddedRedis
from sync.registry import consent_lines
from sync.resync import Compare
from sync.ringer import Ringer
from sync.roles import Roles
from sync.settings_faults import ConfigurationError
from sync.signs import Kind, Signs
from sync.station import Station
from sync.verdicts import Verdicts
from sync.website import HubSpotLook, Website
from sync.wiring import Bridge
from sync.withdrawing import Withdrawer
from sync.workbench import SCHEMAS, Workbench

log = structlog.get_logger()


@dataclass
class Parts:
    """The parts of one process over one installation. `stopping` ends their long work.

    Making one starts the embedded Redis where none runs; raises `NoEmbeddedRedis`.
    """

    bridge: Bridge
    stopping: threading.Event = field(default_factory=threading.Event)
    # Where what people do on the website goes; None: nobody takes it.
    website: Website | None = None
    clock: CommonClock = field(init=False)
    _given: list[Signs] = field(default_factory=list)
    _handoff: tuple[Compiled, Handoff] | None = None

    def __post_init__(self) -> None:
        # Before anything is built that would look for Redis, and go on without one.
        self.bridge.enter_redis()
        self.clock = CommonClock(self.bridge.clock, self._database_time)
        self.bridge.clock = self.clock
        if self.website is None:
            self.website = self._website()

    def _website(self) -> Website:
        """Where what people do on the website goes: into the ledger's database."""
        bridge = self.bridge
        website = Website(
            settings=bridge.settings.intent,
            folder=bridge.folder,
            clock=self.clock,
            inbox=LateInbox(lambda: bridge.ledger),
            ring=self._summon,
            language=bridge.settings.lang,
        )
        # Topics go by the definition in force, which the website watches.
        website.inbox = TopicInbox(
            website.inbox,
            lambda: PageRoom(bridge.ledger.engine),
            website.definition,
            self.clock,
            by_meaning=bridge.settings.intent.meaning,
        )
        return website

    def _summon(self) -> bool:
        """The queue is looked for when the first one is to be woken."""
        return self.ringer.summon()

    def withdrawer(self) -> Withdrawer:
        """Who hears the wishes that come in at the website's doors. Raises `LedgerError`."""
        bridge = self.bridge
        return withdrawer_of(
            bridge.ledger,
            lambda: self.watch.now().mappings,
            clock=bridge.clock,
            ring=self.ringer.ring,
        )

    def company_named(self, name: str) -> str | None:
        """The account of the only company of this name. Raises `LedgerError`."""
        return Companies(self.bridge.ledger, lambda: self.watch.now().mappings).account_of(name)

    def interest(self) -> Interest | None:
        """Who scores and tells in this process."""
        if self.website is None:
            return None
        holder = Holder(self.bridge.ledger, self.bridge.clock)
        return Interest(
            website=self.website,
            ledger=self.bridge.ledger,
            bench=self._bench_of(holder),
            holder=holder,
            ring=self.ringer.ring,
            stop=self.stopping.is_set,
            looked=lambda subjects: self.handoff().usher.judge(subjects).later,
        )

    def handoff(self) -> Handoff:
        """Who hands leads over in this process, over the mappings in force."""
        compiled = self.watch.now()
        if self._handoff is None or self._handoff[0] is not compiled:
            made = handoff_over(
                self.bridge,
                compiled.mappings,
                Holder(self.bridge.ledger, self.bridge.clock),
                ring=self.ringer.ring,
                call=lambda definition, rung: self.postman().call(definition, rung),
                stop=self.stopping.is_set,
            )
            self._handoff = (compiled, made)
        return self._handoff[1]

    def postman(self) -> Postman:
        """Who sends letters in this process."""
        return postman_of(self.bridge, self.handoff(), self.stopping.is_set)

    def desk(self) -> Desk:
        """Who arranges hand-overs in Salesforce in this process."""
        return desk_of(self.bridge, self.handoff(), self.stopping.is_set)

    def verdicts(self) -> Verdicts:
        """Who takes verdicts by links in this process."""
        return verdicts_of(self.bridge, self.handoff)

    def _database_time(self) -> datetime | None:
        """Asked late: the ledger may not be there yet."""
        return self.bridge.ledger.time()

    @property
    def observe(self) -> bool:
        """Whether nothing is to be written anywhere."""
        return self.bridge.settings.mode == "observe"

    @cached_property
    def watch(self) -> MappingWatch:
        """The mappings in force for this process."""
        bridge = self.bridge
        return MappingWatch(
            bridge.mappings_folder,
            bridge.checked,
            bridge.clock,
            language=bridge.settings.lang,
            also=lambda: bridge.ledger.fact(SCHEMAS) or "",
            refusals=(ConfigurationError,),
        )

    def watch_offline(self) -> None:
        """Go by the files alone, without the live schemas: the doors must open whatever is down."""
        bridge = self.bridge
        self.watch = MappingWatch(
            bridge.mappings_folder,
            lambda: bridge.compile(offline=True),
            bridge.clock,
            language=bridge.settings.lang,
        )

    def keep_redis(self) -> None:
        """Start the embedded Redis again where it died."""
        if self.bridge.embedded is not None:
            self.bridge.enter_redis()

    def leave(self) -> None:
        """This process ends: the ledger hears of it, the embedded Redis may go."""
        with suppress(LedgerError):
            for signs in self._given:
                signs.leave()
        self.bridge.leave()

    @cached_property
    def ringer(self) -> Ringer:
        """Rings at the queues."""
        return Ringer(impatient(self.bridge.enter_redis()))

    # What workers do ----------------------------------------------------------------------------

    def worker(self) -> Hands:
        """What one worker process does. Raises what compiling the mappings does."""
        self.watch.now()
        ringer, main, ears = self.ringer, self.station("live"), self.station("live")
        chores, interest = self.chores(main), self.interest()
        return Hands(
            ledger=self.bridge.ledger,
            station=main,
            ears=ears,
            chores=chores,
            bench=main.bench,
            ringer=ringer,
            clock=self.bridge.clock,
            tell=self.teller("worker"),
            teller=None if interest is None else interest.teller,
            usher=lambda: self.handoff().usher,
            postman=self.postman,
            desk=self.desk,
            stopping=self.stopping,
        )

    def station(self, trigger: str) -> Station:
        """A place of work for one thread."""
        holder = Holder(self.bridge.ledger, self.bridge.clock)
        return Station(
            ledger=self.bridge.ledger,
            bench=self._bench_of(holder),
            holder=holder,
            clock=self.bridge.clock,
            observe=self.observe,
            trigger=trigger,
        )

    def chores(self, station: Station) -> Chores:
        """The chores of this installation's timetable."""
        holder = Holder(self.bridge.ledger, self.bridge.clock)
        bench, settings = self._bench_of(holder), self.bridge.settings
        return Chores(
            ledger=self.bridge.ledger,
            holder=holder,
            station=station,
            bench=bench,
            compare=lambda: self._compare(bench()),
            describe=self.bridge.describe_again,
            timetable=self.bridge.timetable,
            clock=self.bridge.clock,
            zone=settings.zone,
            observe=self.observe,
            behaviour=self._look_at_behaviour,
            keep_website=self._keep_website,
            notes=lambda: self.postman().notes(),
            roles=Roles(lambda: self.handoff().usher).look,
        )

    def _keep_website(self) -> None:
        if (interest := self.interest()) is not None:
            interest.keep_house()

    def _look_at_behaviour(self) -> None:
        if self.website is not None:
            bridge = self.bridge
            hubspot = bridge.connectors[System.HUBSPOT]
            unwilling = self.withdrawer().unwilling
            HubSpotLook(self.website, hubspot, bridge.ledger, bridge.clock, unwilling).look()

    def _compare(self, bench: Workbench) -> Compare:
        return self.bridge.compare(bench, self._give_way)

    def _give_way(self) -> None:
        if self.stopping.is_set():
            raise Stopped("asked to stop")

    def _bench_of(self, holder: Holder) -> Callable[[], Workbench]:
        """Answers the workbench with the mappings in force: the same one while they are."""
        made: list[tuple[object, Workbench]] = []

        def bench() -> Workbench:
            compiled = self.watch.now()
            if not made or made[0][0] is not compiled:
                made[:] = [(compiled, self.bridge.bench(compiled, holder))]
            return made[0][1]

        return bench

    # The clock, the doors, the signs ------------------------------------------------------------

    def scheduler(self) -> Clockwork:
        """What one scheduler process does. Raises what compiling the mappings does."""
        self.watch.now()
        return Clockwork(
            chores=self.chores(self.station("scheduler")),
            ringer=self.ringer,
            lock=LedgerLock(
                self.bridge.ledger, self.bridge.clock, name="scheduler", lasts=LEADS_FOR
            ),
            clock=self.bridge.clock,
            tell=self.teller("scheduler"),
            alert=self.alerts().tell,
        )

    def alerts(self) -> Alerts:
        """Tells people of new trouble, where somebody is to be told."""
        bridge = self.bridge

        def written() -> dict[str, list[str]]:
            live = [m for m in self.watch.now().mappings if m.mode == "live" and not self.observe]
            return {m.name: [line.id for line in consent_lines(m)] for m in live}

        return Alerts(
            ledger=bridge.ledger,
            senders=senders_of(bridge.settings.alert, bridge.environ),
            clock=bridge.clock,
            lang=bridge.settings.lang,
            faults=lambda: self.watch.faults,
            written=written,
        )

    def reception(self) -> Reception:
        """What the doors hand over to."""
        return Reception(self.bridge.ledger, self.ringer, lambda: self.watch.now().mappings)

    def teller(self, kind: Kind) -> Callable[[], None]:
        """Gives signs of life, keeps the embedded Redis alive and the clock right."""
        signs = self.signs(kind)

        def tell() -> None:
            try:
                self.keep_redis()
            except NoEmbeddedRedis as error:
                log.warning("redis away", reason=str(error))
            self.clock.set()
            signs.give()

        return tell

    def signs(self, kind: Kind) -> Signs:
        """Tells the ledger that this process lives."""
        signs = Signs(
            ledger=self.bridge.ledger,
            kind=kind,
            name=f"{kind}:{this_host().partition('/')[0]}#{os.getpid()}#{uuid4().hex[:6]}",
            clock=self.bridge.clock,
            mappings=self.watch.now,
            faults=lambda: self.watch.faults,
            budgets=self.bridge.budgets,
        )
        self._given.append(signs)
        return signs

    def queue_client(self) -> Redis:
        """A patient client for a worker's own waiting."""
        return Redis.from_url(self.bridge.enter_redis())
