"""A bridge with a website, two departments that agreed on a definition, and an usher. Tests move time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from connector.port import System
from intent.load import SHIPPED as INTEREST
from lifecycle import taxonomy
from lifecycle.definition import Approval
from lifecycle.load import SHIPPED, load_definition
from lifecycle.model import Entry, Standing, Subject
from lifecycle.shelf import kept_of, texts_of
from mappings.own_values import PREFIX, person_names
from mappings.schema import Mapping as FieldMapping
from sync.handoff import Handoff
from sync.hearing import Heard
from sync.interest import letting_go_of
from sync.own_values import informed
from sync.petitions import ASKED_BY
from sync.telling import Teller
from sync.timekeeping import Rung
from sync.withdrawing import Withdrawer
from sync.workbench import Workbench
from tests.sync.bridge import KEYS, people, schema
from tests.sync.builders import line
from tests.sync.website import ANN, SHIPPED_DEFINITION, TOKYO, Website

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
STAGE, VERDICT, REASON = "stage", "verdict", "recycle_reason"
SHOWN = (
    *(STAGE, VERDICT, REASON, "recycle_comment", "recycle_count", "cycle", "handed_to"),
    *("reactivate_on", "is_returned", "nurture", "sla_status"),
    *("hand_over", "completeness", "missing"),
)
# What the rules and the gate read of a person in HubSpot.
ANSWERS = ("need_problem", "timeframe", "decision_maker", "next_step")
READ = ("phone", "mobilephone", "company", "jobtitle", "notes_last_contacted", *ANSWERS)
DEALS = {
    "User": ("Email",),
    "Opportunity": ("IsClosed", "IsWon", "Loss_Reason__c", "OwnerId", "CreatedDate"),
    "OpportunityContactRole": ("ContactId", "OpportunityId"),
}


def handed() -> FieldMapping:
    """People, with what is said of their life; sellers and marketers may ask by editing it."""
    own = [
        replace(
            line(name),
            ledger_value=f"lifecycle.{name}",
            edits="request" if f"lifecycle.{name}" in ASKED_BY else "restore",
        )
        for name in SHOWN
    ]
    made = people(line("email"), line("first"), *map(line, ANSWERS), *own)
    every = tuple(f"{PREFIX}lifecycle.{name}" for name in SHOWN)
    return replace(
        made,
        fields={
            place: tuple(dict.fromkeys((*names, *SHOWN, *READ, *every)))
            for place, names in made.fields.items()
        },
        own_names={
            place: person_names(place[0], key=KEYS[place[0]], mail="email") for place in made.fields
        },
    )


@dataclass
class Handing(Website):
    """Both twins, the website, the ledger of stages, and one worker that does all of it."""

    mapping: FieldMapping = field(default_factory=handed)
    calls: list[Rung] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    # A worker's death just after what was heard is on file and decided.
    dies_after_hearing: BaseException | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        assert self.salesforce._fields is not None
        for name, fields in DEALS.items():
            self.salesforce._fields[name] = {one.name: one for one in schema(fields, ())}
        for name in ("Lead", "Contact"):
            (by,) = schema(["LastModifiedById"], ())
            self.salesforce._fields[name] = {**self.salesforce._fields[name], by.name: by}

    def agree(self, file: Path = SHIPPED) -> None:
        """Both departments approve a definition; the shipped one unless they wrote another."""
        interest = SHIPPED_DEFINITION
        found = load_definition(file, interest).definition
        now = self.time()
        store = self.handoff.store
        store.put(kept_of(found, texts_of(file, INTEREST, taxonomy.SHIPPED), now))
        for department, by in found.owners.items():
            store.approve(Approval(found.hash, department, by, now))

    @cached_property
    def handoff(self) -> Handoff:
        return Handoff(
            ledger=self.ledger,
            connectors=lambda: {HUBSPOT: self.hubspot, SALESFORCE: self.salesforce},
            mappings=[self.mapping],
            clock=self.time,
            zone=super().bench.zone,
            holder=super().bench.holder,
            call=lambda _definition, rung: self.calls.extend(rung),
        )

    @cached_property
    def withdrawer(self) -> Withdrawer:
        return replace(super().withdrawer, let_go=letting_go_of(self.ledger, self.store, self.time))

    @cached_property
    def teller(self) -> Teller:
        return replace(super().teller, looked=self.judge, zone=TOKYO)

    @property
    def bench(self) -> Workbench:
        bench = super().bench
        connectors = {HUBSPOT: self.hubspot, SALESFORCE: self.salesforce}
        told = informed(
            connectors,
            self.store,
            bench.mappings,
            self.withdrawer.of_names,
            self.handoff.lives,
        )
        return replace(
            bench,
            connectors=told,
            listen=self.listen,
            saw=self.handoff.witness.saw,
            met=self.handoff.usher.met,
            merged=self.handoff.joining(self.store.join),
        )

    def judge(self, subjects: Sequence[Subject]) -> Mapping[Subject, datetime]:
        """Who is told of news; answers whom to look at again when."""
        return self.handoff.usher.judge(subjects).later

    def listen(self, heard: Sequence[Heard]) -> None:
        self.heard += heard
        self.handoff.usher.hear(heard)
        if self.dies_after_hearing is not None:
            raise self.dies_after_hearing

    def carry(self) -> None:
        """A worker scores, tells, ushers, and makes rounds until nobody is rung for."""
        super().carry()
        self.handoff.usher.work()
        for _ in range(4):
            self.round()

    def who(self, email: str = ANN) -> Subject:
        """Whom an address means."""
        return self.store.subjects_by("email", [email])[email]

    def standing(self, email: str = ANN) -> Standing:
        """Where somebody stands."""
        subject = self.who(email)
        return self.handoff.store.standings([subject]).get(subject) or Standing(subject=subject)

    def history(self, email: str = ANN) -> list[Entry]:
        """All of their entries."""
        return list(self.handoff.store.history(self.who(email)))

    def held(self, system: System, *names: str) -> tuple[Any, ...]:
        """What the only record of a system holds."""
        objects = {HUBSPOT: ("contacts",), SALESFORCE: ("Lead", "Contact")}[system]
        twin = {HUBSPOT: self.hubspot, SALESFORCE: self.salesforce}[system]
        (record,) = [one for name in objects for one in twin.records(name).values()]
        return tuple(record.get(name) for name in names)
