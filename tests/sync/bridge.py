"""A whole bridge for tests: two twins, a ledger, a hand-made mapping, and time that tests move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connector.memory import MemoryConnector, Normalise
from connector.port import FieldSchema, System, Values
from mappings.schema import CreateRule, Limits, Line, Mapping, MatchRule
from sync.holding import Holder
from sync.ledger import Ledger, LedgerLock
from sync.resync import Compare, Report, Terms
from sync.workbench import Workbench
from tests.machine.ledgers import begin_ledger
from tests.sync.builders import line, object_lines

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
START = datetime(2026, 11, 24, 9, tzinfo=UTC)
KEYS = {HUBSPOT: "salesforce_id", SALESFORCE: "HubSpot_Id__c"}
NAMES = (
    *("email", "first", "title", "optout", "OptOut", "salesforce_id", "HubSpot_Id__c"),
    *("IsConverted", "ConvertedContactId", "hs_merged_object_ids"),
)


@dataclass
class Time:
    """Every look at the clock is a moment later, so that edits have an order."""

    now: datetime = START
    step: timedelta = timedelta(milliseconds=1)

    def __call__(self) -> datetime:
        self.now += self.step
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


def one_key(name: str) -> object:
    def key(values: Values) -> tuple[str, ...]:
        held = str(values.get(name) or "").strip().casefold()
        return (held,) if held else ()

    return key


def people(*lines: Line, wording: str = "v1", limits: Limits | None = None) -> Mapping:
    """contacts <-> Contact, Lead by e-mail, with a consent line."""
    chosen = lines or (line("email"), line("first"), line("title"))
    both = ("Contact", "Lead")
    fields = tuple(sorted({*NAMES, *(n for ln in chosen for n in ln.hubspot.fields)}))
    email = one_key("email")
    return Mapping(
        name="people",
        hash=f"people:{wording}",
        mode="live",
        hubspot_object="contacts",
        salesforce_objects=both,
        only={},
        match=(
            MatchRule(
                label="email = email",
                native=False,
                suggest=False,
                hubspot_key=email,  # type: ignore[arg-type]  # built above
                salesforce_key=dict.fromkeys(both, email),  # type: ignore[arg-type]  # built above
            ),
        ),
        match_ignore=lambda key: key.startswith("info@"),
        several="park",
        first_pairing="fill_blanks",
        create_in_salesforce=(CreateRule("Lead"),),
        create_in_hubspot=(CreateRule("contacts"),),
        when_deleted_in={HUBSPOT: "unlink", SALESFORCE: "unlink"},
        limits=limits or Limits(),
        keys=KEYS,
        objects={name: object_lines(*chosen, consent=True) for name in both},
        fields={
            (HUBSPOT, "contacts"): fields,
            (SALESFORCE, "Contact"): fields,
            (SALESFORCE, "Lead"): fields,
        },
        email=dict.fromkeys(((HUBSPOT, "contacts"), *((SALESFORCE, n) for n in both)), "email"),
        address={
            (HUBSPOT, "contacts"): email,  # type: ignore[dict-item]  # built above
            (SALESFORCE, "Contact"): email,  # type: ignore[dict-item]  # built above
            (SALESFORCE, "Lead"): email,  # type: ignore[dict-item]  # built above
        },
    )


def schema(names: Sequence[str], unique: Sequence[str]) -> list[FieldSchema]:
    return [
        FieldSchema(name=name, label=name, kind="text", unique=name in unique) for name in names
    ]


@dataclass
class Bridge:
    """Both twins and everything between them."""

    url: str
    time: Time = field(default_factory=Time)
    mapping: Mapping = field(default_factory=people)
    normalise: dict[System, dict[str, Normalise]] = field(default_factory=dict)
    landing_window: timedelta = timedelta(seconds=120)

    def __post_init__(self) -> None:
        names = self.mapping.fields[HUBSPOT, "contacts"]
        self.hubspot = MemoryConnector(
            HUBSPOT,
            clock=self.time,
            fields={"contacts": schema(names, ["salesforce_id", "email"])},
            normalise=self.normalise.get(HUBSPOT),
        )
        self.salesforce = MemoryConnector(
            SALESFORCE,
            clock=self.time,
            fields={name: schema(names, ["HubSpot_Id__c"]) for name in ("Contact", "Lead")},
            normalise=self.normalise.get(SALESFORCE),
        )
        self.ledger = Ledger.open(self.url)

    @property
    def bench(self) -> Workbench:
        return Workbench(
            ledger=self.ledger,
            connectors={HUBSPOT: self.hubspot, SALESFORCE: self.salesforce},
            mappings=[self.mapping],
            clock=self.time,
            timezone="Asia/Tokyo",
            landing_window=self.landing_window,
            holder=Holder(
                self.ledger, self.time, sleep=lambda seconds: self.time.forward(seconds=seconds)
            ),
        )

    @property
    def compare(self) -> Compare:
        return Compare(
            bench=self.bench,
            progress=lambda stage, count: None,
            lock=LedgerLock(self.ledger, self.time),
        )

    def resync(self, **terms: object) -> Report:
        return self.compare.resync((), Terms(**terms))  # type: ignore[arg-type]  # keywords of Terms

    def planned(self) -> list[dict[str, object]]:
        """The `changes` of a fresh plan."""
        compare = self.compare
        return list(compare.plan_entries(compare.plan()))

    def states(self) -> dict[str, dict[str, int]]:
        """States that hold anybody, by system."""
        counts = self.ledger.state_counts("people")
        summed: dict[str, dict[str, int]] = {}
        for system, objects in counts.items():
            total: dict[str, int] = {}
            for states in objects.values():
                for state, count in states.items():
                    if count:
                        total[state] = total.get(state, 0) + count
            summed[system.value] = total
        return summed


def sqlite_url(folder: Path) -> str:
    """The address of the ledger in a folder; a new one has its tables already."""
    begin_ledger(folder / "ledger.db")
    return f"sqlite:///{folder}/ledger.db"
