"""A bridge beside a website: events come in, a worker scores and tells, rounds write. Tests move time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta, timezone
from functools import cached_property
from itertools import count
from typing import Any

from intent.definition import Definition
from intent.load import SHIPPED, load_definition
from intent.model import Card, Discard, Event, Identity
from intent.store import SqlIntentStore
from mappings.own_values import PREFIX, person_names
from mappings.schema import Mapping as FieldMapping
from sync.fitting import Fitting
from sync.own_values import informed
from sync.telling import Teller
from sync.withdrawing import Withdrawer
from sync.workbench import Workbench
from tests.sync.bridge import KEYS, people
from tests.sync.builders import CONTEXT, line
from tests.sync.live import Live

SHIPPED_DEFINITION = load_definition(SHIPPED)
TOKYO = timezone(timedelta(hours=9))
ANN = "ann@acme.example"
FIELDS = ("score", "band", "top_topic", "reason_outward_ja", "reason_internal_en", "surge")
_ids = count()


def interested(**more: Any) -> FieldMapping:
    """People, with lines that write what a website tells of them."""
    own = [replace(line(name), ledger_value=f"intent.{name}") for name in FIELDS]
    made = people(line("email"), line("first"), *own)
    every = tuple(f"{PREFIX}intent.{name}" for name in FIELDS)
    return replace(
        made,
        fields={place: (*names, *every) for place, names in made.fields.items()},
        own_names={
            place: person_names(place[0], key=KEYS[place[0]], mail="email") for place in made.fields
        },
        **more,
    )


@dataclass
class Website(Live):
    """Both twins, the store of website intent, and one worker."""

    mapping: FieldMapping = field(default_factory=interested)
    definition: Definition = SHIPPED_DEFINITION

    @cached_property
    def store(self) -> SqlIntentStore:
        return SqlIntentStore(self.ledger.engine)

    @cached_property
    def teller(self) -> Teller:
        return Teller(
            store=self.store,
            ledger=self.ledger,
            definition=lambda: self.definition,
            mappings=lambda: [self.mapping],
            fitting=lambda: Fitting(self.ledger, self.hubspot, ["people"], CONTEXT.today),
            hold=self.hold,
            clock=self.time,
            zone=TOKYO,
            withdrawer=self.withdrawer,
        )

    @cached_property
    def withdrawer(self) -> Withdrawer:
        return Withdrawer(
            store=self.store,
            ledger=self.ledger,
            mappings=lambda: [self.mapping],
            clock=self.time,
        )

    @property
    def bench(self) -> Workbench:
        bench = super().bench
        told = informed(bench.connectors, self.store, bench.mappings, self.withdrawer.of_names)
        return replace(
            bench,
            connectors=told,
            erased=self.withdrawer.of_the_erased,
            merged=self.store.join,
        )

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        with self.bench.holder.lease(name):
            yield

    def happens(
        self,
        kind: str,
        *,
        email: str | None = ANN,
        topic: str = "",
        ago: timedelta = timedelta(),
        discard: Discard | None = None,
        **who: str,
    ) -> str:
        """Somebody did something on the website."""
        now = self.time()
        event = Event(
            event_id=f"e{next(_ids)}",
            type=kind,
            occurred_at=now - ago,
            received_at=now,
            told_at=now - ago,
            identity=Identity(email=email, company_domain="acme.example", **who),
            source="server",
            basis="granted",
            page="/",
            topic=topic,
            discard=discard,
        )
        self.store.take_in([event])
        return event.event_id

    def card(self, email: str = ANN) -> Card | None:
        """What was told last of whoever has this address."""
        subjects = self.store.subjects_by("email", [email])
        return self.store.told(subjects.values()).get(subjects[email]) if subjects else None

    def carry(self) -> None:
        """A worker scores and tells, and rounds are made until nobody is rung for."""
        self.time.forward(seconds=1)
        self.teller.work()
        for _ in range(4):
            self.round()
