"""Builds the objects out of the settings. Imported by entry points only.

Everything is made when it is first needed: `check --offline` opens no database, `status` no socket.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from connector.http import ca_bundle_of, proxy_for
from connector.hubspot.client import HubSpotConnector
from connector.hubspot.settings import HubSpotSettings
from connector.port import Connector, ObjectSchema, System
from connector.salesforce.client import SalesforceConnector
from connector.salesforce.settings import SalesforceSettings
from mappings.compile import Compiled, compile_folder, missing_keys, objects_needed
from mappings.transforms import Locale
from sync.decree import Decree
from sync.holding import Holder
from sync.ledger import Ledger, LedgerLock
from sync.listing import Progress
from sync.resync import Compare
from sync.settings import Settings
from sync.settings_faults import ConfigurationError
from sync.workbench import Workbench


def utc_now() -> datetime:
    """The clock of a running process."""
    return datetime.now(UTC)


def silent(stage: str, count: int) -> None:
    """No progress."""


class KeysMissing(ConfigurationError):
    """The systems lack external-key fields: planning works, writing would make twins."""


@dataclass
class Bridge:
    """One installation: settings, ledger, both connectors, compiled mappings.

    `environ` names proxies and a company's certificate authority, as other tools read them.
    """

    settings: Settings
    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    clock: Callable[[], datetime] = utc_now
    progress: Progress = silent
    _schemas: dict[tuple[System, str], ObjectSchema] = field(default_factory=dict)

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, its tables up to date. Raises `LedgerUnavailable`."""
        return Ledger.open(self.settings.database_url_in(self.folder))

    @cached_property
    def connectors(self) -> Mapping[System, Connector]:
        """Both systems. Raises `ValueError` where the settings cannot work."""
        return {System.HUBSPOT: self._hubspot(), System.SALESFORCE: self._salesforce()}

    def _hubspot(self) -> Connector:
        given = self.settings.hubspot
        return HubSpotConnector(
            HubSpotSettings(
                base_url=given.base_url,
                api_version=given.api_version,
                access_token=_secret(given.access_token),
                client_id=given.client_id,
                client_secret=_secret(given.client_secret),
                refresh_token=_secret(given.refresh_token),
                app_id=given.app_id,
                proxy=proxy_for(given.base_url, self.environ),
                ca_bundle=ca_bundle_of(self.environ),
            ),
            clock=self.clock,
        )

    def _salesforce(self) -> Connector:
        given = self.settings.salesforce
        return SalesforceConnector(
            SalesforceSettings(
                login_url=given.login_url,
                api_version=given.api_version,
                client_id=given.client_id,
                client_secret=_secret(given.client_secret),
                username=given.username,
                private_key=_secret(given.private_key),
                proxy=proxy_for(given.login_url or "", self.environ),
                ca_bundle=ca_bundle_of(self.environ),
            ),
            clock=self.clock,
        )

    @property
    def mappings_folder(self) -> Path:
        """Where the admin's mapping files stand."""
        return self.folder / self.settings.mappings

    @property
    def locale(self) -> Locale:
        """Business time zone and phone region."""
        return Locale(self.settings.timezone, self.settings.region)

    def pin(self) -> None:
        """Prove that both systems answer, and that this ledger belongs to them.

        Raises the connectors' errors, and `WrongLedger`.
        """
        portal = self.connectors[System.HUBSPOT].ping()
        org = self.connectors[System.SALESFORCE].ping()
        self.ledger.pin(portal.id, org.id)

    def schemas(self) -> Mapping[tuple[System, str], ObjectSchema]:
        """The live schemas of every object that the mappings speak of."""
        for system, name in sorted(objects_needed(self.mappings_folder)):
            if (system, name) not in self._schemas:
                self._schemas[system, name] = self.connectors[system].describe(name)
        return self._schemas

    def forget_schemas(self) -> None:
        """Describe again when next asked, after fields were created."""
        self._schemas.clear()

    def compile(self, *, offline: bool = False) -> Compiled:
        """The mappings, checked against the live schemas. Raises `MappingFaults`."""
        schemas = None if offline else self.schemas()
        return compile_folder(self.mappings_folder, schemas, self.locale)

    def bench(self, compiled: Compiled) -> Workbench:
        """What every run over these mappings works with."""
        return Workbench(
            ledger=self.ledger,
            connectors=self.connectors,
            mappings=compiled.mappings,
            clock=self.clock,
            timezone=self.settings.timezone,
            landing_window=timedelta(seconds=self.settings.sync.landing_window),
            holder=self.holder,
        )

    @cached_property
    def holder(self) -> Holder:
        """This process's right to hold pairs."""
        return Holder(self.ledger, self.clock)

    def compare(self, compiled: Compiled) -> Compare:
        """A full compare over these mappings."""
        lock = LedgerLock(self.ledger, self.clock)
        return Compare(bench=self.bench(compiled), progress=self.progress, lock=lock)

    def need_keys(self, compiled: Compiled) -> None:
        """Raises `KeysMissing` where writing could make twins."""
        missing = missing_keys(compiled, self.schemas())
        if missing:
            names = ", ".join(f"{system.value} {name}.{key}" for system, name, key in missing)
            raise KeysMissing(
                f"the external-key fields are missing ({names}): run `kakehashi init`; `plan` works "
                "without them, writing does not"
            )

    def decree(self, compiled: Compiled) -> Decree:
        """Carries out a person's decisions."""
        run = self.ledger.begin_run("decree", [], "person", self.clock())
        engine = self.bench(compiled).engine(run.id, "person")
        return Decree(self.ledger, engine, engine.asker.context)


def _secret(value: object) -> str | None:
    """The text of a secret setting."""
    reveal = getattr(value, "get_secret_value", None)
    return None if value is None or reveal is None else str(reveal())
