"""An admin who copies samples beside the shipped mappings and runs them over two empty practice orgs.

Real connectors over HTTP and a real ledger; the commands' own code, without a process for each of them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from connector.port import System
from console.checking import wording_of
from console.running import sandbox_environment
from mappings.compile import Compiled
from sandbox.hubspot.org import HubSpotOrg
from sandbox.salesforce.org import SalesforceOrg
from sandbox.serve import Sandbox
from sync.install import SHIPPED, create_keys
from sync.resync import Report, Terms
from sync.settings import load_settings
from sync.wiring import Bridge

SAMPLES = SHIPPED / "samples"
CORE = ("companies", "people", "deals")


@dataclass
class Clock:
    """The orgs' time and ours: the real one, and as much more as tests let pass."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def pass_by(self, **by: float) -> None:
        self.ahead += timedelta(**by)


@dataclass
class Office:
    """One installation. `samples` stand beside the shipped files, or over the one of the same name."""

    folder: Path
    sandbox: Sandbox
    clock: Clock
    samples: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        mappings = self.folder / "mappings"
        mappings.mkdir()
        copied = [SHIPPED / f"{stem}.yaml" for stem in CORE]
        copied += [SAMPLES / f"{stem}.yaml" for stem in self.samples]
        for path in copied:
            # A sample of the same name takes the place of the shipped file.
            shutil.copyfile(path, mappings / f"{name_of(path)}.yaml")
        environ = sandbox_environment(self.sandbox.as_json(), self.folder) | self.settings
        self.bridge = Bridge(load_settings(self.folder, environ), self.folder, clock=self.clock)

    @property
    def hubspot(self) -> HubSpotOrg:
        return self.sandbox.hubspot

    @property
    def salesforce(self) -> SalesforceOrg:
        return self.sandbox.salesforce

    def check(self) -> Compiled:
        """`init` and `check`: key fields are made, the files fit both live systems without a warning."""
        bridge = self.bridge
        bridge.pin()
        made = bridge.compile(offline=True).mappings
        _, missing = create_keys(bridge.connectors, made, wording_of(bridge, "ja"))
        assert missing == []
        found = bridge.checked()
        assert [(one.code, one.found) for one in found.warnings] == []
        return found

    def plan(self) -> list[dict[str, Any]]:
        """The entries of a fresh plan."""
        compare = self.bridge.compare(self.bridge.bench(self.bridge.compile()))
        return list(compare.plan_entries(compare.plan()))

    def resync(self, **terms: Any) -> Report:
        """A full compare that writes; nothing stands in its way."""
        self.clock.pass_by(minutes=3)
        allowed = {"empty": 1, "deletes": 100} | terms.pop("allowed", {})
        bench = self.bridge.bench(self.bridge.checked())
        report = self.bridge.compare(bench).resync((), Terms(allowed=allowed, **terms))
        assert list(report.guards) == []
        assert list(report.skipped) == []
        return report

    def converge(self) -> None:
        """Resync until nothing is due: what a system fills in by itself travels with the second one."""
        for _ in range(2):
            self.resync()

    def settled(self) -> None:
        """A plan that follows is empty, and nobody is parked."""
        assert self.parked() == []
        assert self.plan() == []

    def parked(self) -> list[tuple[str, str | None, str]]:
        """Mapping, line and cause of everything in quarantine."""
        rows = [row.parked for row in self.bridge.ledger.parked_list()]
        return [(one.mapping, one.line, one.cause) for one in rows]

    def state(self, mapping: str, system: str, record_id: str) -> tuple[str | None, str | None]:
        found = self.bridge.ledger.record(mapping, System(system), record_id)
        return (None, None) if found is None else (found.state, found.reason)

    # Records ------------------------------------------------------------------------------------

    def left(self, kind: str, **values: str) -> tuple[str, dict[str, str | None]]:
        """The one HubSpot record with these values, and what it holds."""
        return only_one(self.hubspot.records(kind), values)

    def right(self, kind: str, **values: Any) -> tuple[str, dict[str, Any]]:
        """The one Salesforce record with these values, and what it holds."""
        return only_one(self.salesforce.records(kind), values)

    def company(self, name: str = "Northwind") -> tuple[str, str]:
        """A company that both know: its ids."""
        domain = f"{name.lower()}.example.com"
        left = self.hubspot.create("companies", {"name": name, "domain": domain})
        right = self.salesforce.add("Account", {"Name": name, "Website": domain})
        return left, right

    def person(self, email: str, company: tuple[str, str] | None = None) -> tuple[str, str]:
        """A person whom both know: a Contact of a company, else a Lead."""
        name = email.partition("@")[0].title()
        left = self.hubspot.create("contacts", {"email": email, "lastname": name})
        if company is None:
            lead = {"Email": email, "LastName": name, "Company": "Example"}
            return left, self.salesforce.add("Lead", lead)
        self.hubspot.associate("contacts", left, "companies", company[0], "Primary")
        contact = {"Email": email, "LastName": name, "AccountId": company[1]}
        return left, self.salesforce.add("Contact", contact)


def only_one(records: Any, values: dict[str, Any]) -> tuple[str, Any]:
    found = [
        (record_id, row)
        for record_id, row in records.items()
        if all(row.get(name) == value for name, value in values.items())
    ]
    assert len(found) == 1, found
    return found[0]


def name_of(path: Path) -> str:
    """The mapping's name."""
    return str(YAML(typ="safe").load(path.read_text("utf-8"))["name"])


@contextmanager
def office(folder: Path, *samples: str, **settings: str) -> Iterator[Office]:
    """An office over two orgs that know owners only."""
    clock = Clock()
    sandbox = Sandbox.start(people=0, clock=clock, limits=False)
    try:
        made = Office(folder, sandbox, clock, samples, settings)
        yield made
        made.bridge.ledger.close_all()
    finally:
        sandbox.stop()
