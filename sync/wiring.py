"""Builds the objects out of the settings, when they are first needed. Imported by entry points only."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Protocol, cast

from connector.doorbell import Delivery, Knock
from connector.http import ca_bundle_of, proxy_for
from connector.hubspot.client import HubSpotConnector
from connector.hubspot.events import HubSpotDoor
from connector.hubspot.events import receive as read_hubspot
from connector.hubspot.settings import HubSpotSettings
from connector.port import Connector, ObjectSchema, System
from connector.relations import Relations
from connector.salesforce.client import SalesforceConnector
from connector.salesforce.events import SalesforceDoor, acknowledgement
from connector.salesforce.events import receive as read_salesforce
from connector.salesforce.settings import SalesforceSettings
from mappings.compile import Compiled, compile_folder, missing_keys, objects_needed
from mappings.schema import Mapping as FieldMapping
from mappings.schema import Relation
from mappings.transforms import Locale
from sync.budget import Quota, hubspot_quota, salesforce_quota
from sync.budget_shared import impatient
from sync.chores import schedule
from sync.decree import Decree
from sync.handoff import handoff_over
from sync.holding import Holder
from sync.interest import withdrawer_of
from sync.ledger import Ledger, LedgerLock
from sync.listing import Progress
from sync.own_values import informed
from sync.price import Speed
from sync.redis_server import EmbeddedRedis
from sync.resync import Compare
from sync.settings import Settings
from sync.settings_checks import EMBEDDED
from sync.settings_faults import ConfigurationError
from sync.station import Station
from sync.status import status
from sync.timetable import Chore, timetable
from sync.tollkeeper import Budget, local_budget, shared_budget
from sync.workbench import SCHEMAS, Workbench, fingerprints


class _Related(Protocol):
    """A connector that offers its system's relations as well."""

    @property
    def relations(self) -> Relations: ...


def utc_now() -> datetime:
    """The clock of a running process."""
    return datetime.now(UTC)


def silent(stage: str, count: int) -> None:
    """No progress."""


class NoCredentials(ConfigurationError):
    """The settings do not say how to reach a system."""


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
    embedded: EmbeddedRedis | None = None
    _schemas: dict[tuple[System, str], ObjectSchema] = field(default_factory=dict)
    # What was described just now has to be noted; what was long ago may be outdated by others' notes.
    _schemas_are_news: bool = False
    _describing: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, its tables up to date. Raises `LedgerUnavailable`."""
        return Ledger.open(self.settings.database_url_in(self.folder))

    @cached_property
    def connectors(self) -> Mapping[System, Connector]:
        """Both systems. Raises `NoCredentials` where nothing says how to reach one."""
        if not self.settings.hubspot.configured:
            raise NoCredentials(
                "HubSpot has no credentials: set KAKEHASHI_HUBSPOT__ACCESS_TOKEN to a service key or a token"
            )
        if not self.settings.salesforce.configured:
            raise NoCredentials(
                "Salesforce has no credentials: set KAKEHASHI_SALESFORCE__LOGIN_URL, __CLIENT_ID and "
                "__CLIENT_SECRET (or __USERNAME and __PRIVATE_KEY_FILE)"
            )
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
            toll=self.budgets[System.HUBSPOT],
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
                assignment_rules=given.assignment_rules,
                proxy=proxy_for(given.login_url or "", self.environ),
                ca_bundle=ca_bundle_of(self.environ),
            ),
            clock=self.clock,
            toll=self.budgets[System.SALESFORCE],
        )

    # Redis and what stands on it ----------------------------------------------------------------

    @property
    def _server(self) -> EmbeddedRedis:
        return EmbeddedRedis(self.folder / "var" / "redis")

    def enter_redis(self) -> str:
        """The URL of the Redis to use from now on; an embedded one is started where none runs.

        Raises `NoEmbeddedRedis`.
        """
        if self.settings.redis_url != EMBEDDED:
            return self.settings.redis_url
        if self.embedded is None:
            self.embedded = self._server
        return self.embedded.enter()

    def leave(self) -> None:
        """Let go of what this process shares with others."""
        if self.embedded is not None:
            self.embedded.leave()

    @cached_property
    def redis_url(self) -> str | None:
        """Where Redis is; None where an embedded one is not running. Nothing is started for this."""
        if self.settings.redis_url != EMBEDDED:
            return self.settings.redis_url
        return self.enter_redis() if self.embedded is not None else self._server.find()

    @cached_property
    def budgets(self) -> Mapping[System, Budget]:
        """The API budget of each system, shared with all processes on the same Redis."""
        url = self.redis_url
        if url is None:
            return {System(quota.system): local_budget(quota) for quota in self._quotas()}
        client = impatient(url)
        return {System(quota.system): shared_budget(client, quota) for quota in self._quotas()}

    def _quotas(self) -> tuple[Quota, Quota]:
        given, own = self.settings.hubspot, self.settings.budget
        oauth = given.access_token is None and given.refresh_token is not None
        return (
            hubspot_quota(
                given.tier,
                self.settings.timezone,
                oauth=oauth,
                own_daily=own.hubspot_daily,
                reserve=own.reserve,
            ),
            salesforce_quota(own_daily=own.salesforce_daily, reserve=own.reserve),
        )

    # Doors --------------------------------------------------------------------------------------

    acknowledgement = staticmethod(acknowledgement)

    def hubspot_door(self, wanted: Callable[[str], bool]) -> Callable[[Knock], Delivery] | None:
        """Verifies and reads what HubSpot sends; None without the secret that signs it."""
        given = self.settings.hubspot
        secret = _secret(given.client_secret)
        if secret is None:
            return None
        door = HubSpotDoor(
            secret,
            portal_id=given.portal_id,
            app_id=given.app_id,
            accept_old_signatures=given.accept_old_signatures,
            wanted=wanted,
        )
        return partial(read_hubspot, door)

    def salesforce_door(self, wanted: Callable[[str], bool]) -> Callable[[bytes], Delivery] | None:
        """Reads Salesforce's messages; None without the org id that they are known by."""
        org = self.settings.salesforce.org_id
        return None if org is None else partial(read_salesforce, SalesforceDoor(org, wanted))

    @property
    def salesforce_token(self) -> str | None:
        """The secret part of the Salesforce door's address, where it has one."""
        return _secret(self.settings.salesforce.webhook_token)

    # Mappings and schemas -----------------------------------------------------------------------

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
        if portal.timezone is not None:
            self.budgets[System.HUBSPOT].in_zone(portal.timezone)

    def schemas(self) -> Mapping[tuple[System, str], ObjectSchema]:
        """The live schemas of every object that the mappings speak of."""
        with self._describing:
            missing = objects_needed(self.mappings_folder) - self._schemas.keys()
            fresh = {(s, name): self.connectors[s].describe(name) for s, name in sorted(missing)}
            # Replaced and not filled: another thread may be reading it.
            self._schemas = {**self._schemas, **fresh}
            self._schemas_are_news = self._schemas_are_news or bool(missing)
            return self._schemas

    def forget_schemas(self) -> None:
        """Describe again when next asked, after fields were created."""
        self._schemas = {}

    def describe_again(self) -> str:
        """The fingerprints of the live schemas as they are now."""
        self.forget_schemas()
        return fingerprints(self.schemas())

    def compile(self, *, offline: bool = False) -> Compiled:
        """The mappings, checked against the live schemas. Raises `MappingFaults`."""
        schemas = None if offline else self.schemas()
        return compile_folder(self.mappings_folder, schemas, self.locale)

    def checked(self) -> Compiled:
        """The mappings, checked against schemas that are described anew, fit for writing.

        Raises `MappingFaults`, `KeysMissing` and the connectors' errors.
        """
        self.forget_schemas()
        compiled = self.compile()
        self.need_keys(compiled)
        return compiled

    # Runs ---------------------------------------------------------------------------------------

    def bench(self, compiled: Compiled, holder: Holder | None = None) -> Workbench:
        """What every run over these mappings works with; each thread has a holder of its own."""
        if self._schemas_are_news:
            self._schemas_are_news = False
            self.ledger.set_fact(SCHEMAS, fingerprints(self._schemas))
        ours, mappings = holder or self.holder, compiled.mappings
        people = withdrawer_of(self.ledger, lambda: mappings, clock=self.clock)
        handoff = handoff_over(self, mappings, ours)
        told = (people.store, mappings, people.of_names, handoff.lives)
        return Workbench(
            ledger=self.ledger,
            connectors=informed(self.connectors, *told),
            erased=handoff.forgetting(people.of_the_erased),
            merged=handoff.joining(people.store.join),
            listen=handoff.usher.hear,
            saw=handoff.witness.saw,
            met=handoff.usher.met,
            mappings=compiled.mappings,
            clock=self.clock,
            timezone=self.settings.timezone,
            landing_window=timedelta(seconds=self.settings.sync.landing_window),
            holder=ours,
            relations=compiled.relations,
            ties=self.ties if compiled.relations else {},
        )

    @cached_property
    def ties(self) -> Mapping[System, Relations]:
        """What ties records, in both systems."""
        return {s: cast("_Related", one).relations for s, one in self.connectors.items()}

    @cached_property
    def holder(self) -> Holder:
        """This process's right to hold pairs."""
        return Holder(self.ledger, self.clock)

    def station(self, compiled: Compiled, trigger: str) -> Station:
        """A place of work of this command, which goes by these mappings."""
        bench = self.bench(compiled)
        return Station(
            ledger=self.ledger,
            bench=lambda: bench,
            holder=self.holder,
            clock=self.clock,
            observe=self.settings.mode == "observe",
            trigger=trigger,
        )

    def compare(self, bench: Workbench, give_way: Callable[[], None] = lambda: None) -> Compare:
        """A full compare on this workbench."""
        return Compare(
            bench=bench,
            progress=self.progress,
            lock=LedgerLock(self.ledger, self.clock),
            give_way=give_way,
            speeds=self.speeds,
        )

    def speeds(self) -> dict[System, Speed]:
        """How fast a full compare may go, by the budgets."""
        return {system: one.speed() for system, one in self.budgets.items()}

    def need_keys(self, compiled: Compiled) -> None:
        """Raises `KeysMissing` where writing could make twins."""
        if missing := missing_keys(compiled, self.schemas()):
            names = ", ".join(f"{system.value} {name}.{key}" for system, name, key in missing)
            raise KeysMissing(
                f"the external-key fields are missing ({names}): run `kakehashi init`; `plan` works "
                "without them, writing does not"
            )

    @property
    def timetable(self) -> tuple[Chore, ...]:
        """What is done by the clock."""
        given = self.settings.sync
        return timetable(
            poll_every=given.poll_every,
            deletions_every=given.deletions_every,
            relations_every=given.relations_every,
            behaviour_every=None if self.settings.intent.hubspot == "off" else given.poll_every,
            resync_at=given.resync_at,
            notes_at=self.settings.handoff.notes_at if self.settings.handoff.configured else None,
            roles_every=given.poll_every,
        )

    def status(
        self, mappings: Iterable[FieldMapping], relations: Iterable[Relation] = ()
    ) -> dict[str, Any]:
        """The contract's `status` JSON."""
        times = schedule(self.ledger, self.timetable, self.settings.zone, now := self.clock())
        return status(self.ledger, mappings, now, times, relations)

    def decree(self, compiled: Compiled) -> Decree:
        """Carries out a person's decisions."""
        run = self.ledger.begin_run("decree", [], "person", self.clock())
        engine = self.bench(compiled).engine(run.id, "person")
        return Decree(self.ledger, engine, engine.asker.context)


def _secret(value: object) -> str | None:
    """The text of a secret setting."""
    reveal = getattr(value, "get_secret_value", None)
    return None if value is None or reveal is None else str(reveal())
