"""The HubSpot practice org: a whole account behind one object, and the WSGI application in front of it.

The real client library cannot tell it from HubSpot. `access_token` is the integration (its writes are
INTEGRATION with the app id), `person_token` somebody working in the pages (CRM_UI). Faults beyond the
common ones of `sandbox.behaviour`:

- ``ignore_write`` (option `property`): 200 and the sent value in the answer, but nothing is stored
- ``weaken`` (`property`, `length`): stores the value cut to `length`, or else in lower case
- ``expired_token``, ``missing_scope`` (`scope`): 401 and 403
- ``rate_burst``, ``rate_daily``, ``rate_search`` (`headers`): the three 429 bodies
- ``truncated``: does the work, answers half of the JSON
- ``hook_lost``, ``hook_doubled``: match ``HOOK contact.propertyChange`` and the like
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sandbox.behaviour import CallLog, Clock, FaultPlan, system_clock
from sandbox.hubspot import (
    custom,
    effects,
    leaving,
    linking,
    lists,
    loading,
    merging,
    preferences,
    visits,
    writing,
)
from sandbox.hubspot.answers import Refusal
from sandbox.hubspot.app import build_app
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.gate import KINDS, Gate
from sandbox.hubspot.hooks import HookSender
from sandbox.hubspot.limits import Limiter
from sandbox.hubspot.link_types import LinkTypes
from sandbox.hubspot.properties import Definition
from sandbox.hubspot.records import Table
from sandbox.hubspot.state import Actor, Event, State


class HubSpotOrg:
    """One account. All of its methods may be called from any thread."""

    def __init__(
        self,
        *,
        clock: Clock = system_clock,
        portal_id: int = 24680135,
        app_id: int = 1357911,
        access_token: str = "practice-hubspot-app",  # noqa: S107 -- a practice org keeps no secrets
        person_token: str = "practice-hubspot-person",  # noqa: S107 -- likewise
        client_secret: str = "practice-hubspot-secret",  # noqa: S107 -- likewise
        search_lag: float = 0.0,
        burst_limit: int | None = None,
        daily_limit: int = 625_000,
        search_limit: int = 5,
        seed: int = 1,
        hook_gather: float = 0.02,
        hook_backoff: float = 1.0,
    ) -> None:
        """`search_lag`, `hook_gather` and `hook_backoff` in seconds; `burst_limit` per ten seconds
        (None: the tier's 190), `search_limit` per second, `daily_limit` per day.
        """
        self.client_id = "practice-hubspot-client"
        self.client_secret = client_secret
        self.refresh_token = "practice-hubspot-refresh"  # noqa: S105 -- likewise
        self.access_token = access_token
        self.person_token = person_token
        self.calls = CallLog()
        self.faults = FaultPlan(KINDS)
        self.hooks = HookSender(self.faults, seed=seed, gather=hook_gather, backoff=hook_backoff)
        self.state = State(
            clock=clock,
            portal_id=portal_id,
            app_id=app_id,
            search_lag=search_lag,
            seed=seed,
            tell=self._tell,
        )
        self._gate = Gate(
            state=self.state,
            limiter=Limiter(
                clock=clock,
                burst=burst_limit,
                daily=daily_limit,
                searches=search_limit,
                app_id=app_id,
                portal_id=portal_id,
            ),
            faults=self.faults,
            calls=self.calls,
            access_token=access_token,
            person_token=person_token,
            oauth_client=(self.client_id, client_secret, self.refresh_token),
        )
        self.app = build_app(Desk(self.state, self._gate))

    @property
    def portal_id(self) -> int:
        return self.state.portal_id

    @property
    def app_id(self) -> int:
        return self.state.app_id

    def _tell(self, event: Event) -> None:
        self.hooks.tell(self.state, event)

    # The scene ---------------------------------------------------------------------------------

    def reset(self) -> None:
        """An account fresh from the shop: built-in properties, all scopes, no faults, no calls."""
        with self.state.lock:
            self.state.clear()
            self._gate.clear()
            self._gate.limiter.clear()
            self.hooks.clear()
            self.faults.clear()
            self.calls.clear()

    def load(self, object_type: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Bulk load property rows; answers the new ids in row order.

        Special keys: ``@created`` and ``@modified`` (aware datetimes), ``@company`` (id of the primary
        company), ``@optout`` (True: unsubscribed from all e-mail). ValueError names a bad row.
        """
        with self.state.lock:
            return loading.load(self.state, object_type, rows)

    def load_owners(self, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Load owners (email, firstName, lastName, archived, type); answers their owner ids."""
        with self.state.lock:
            return loading.load_owners(self.state, rows)

    def define(self, object_type: str, **body: Any) -> Definition:
        """Make a property as the properties API would: name, label, type, fieldType, groupName ..."""
        with self.state.lock:
            return self._table(object_type).schema.add(body, self.state.now())

    def define_object(self, name: str, **body: Any) -> str:
        """Make a custom object as the schemas API would; answers its type id."""
        with self.state.lock:
            return str(_plainly(custom.define, self.state, {"name": name, **body})["objectTypeId"])

    def define_label(self, kind: str, other: str, label: str, inverse: str | None = None) -> None:
        """A label for associations between two objects, and how it reads from the other end."""
        with self.state.lock:
            pair = (self._table(kind).kind.name, self._table(other).kind.name)
            _plainly(self._known.define, pair, label, inverse)

    def add_pipeline(self, label: str, stages: Sequence[tuple[str, str]]) -> tuple[str, list[str]]:
        """A pipeline for deals of stages with label and probability; the ids of both."""
        with self.state.lock:
            made = self.state.make_pipeline(label, stages)
            return made.id, [stage.id for stage in made.stages]

    def add_list(self, name: str, kind: str = "MANUAL", members: Iterable[str] = ()) -> str:
        """A list of contacts of any kind with these members, as people fill it; answers its id."""
        with self.state.lock:
            return str(_plainly(lists.add, self.state, name, kind, "0-1", members).id)

    def subscribe(
        self,
        target_url: str,
        *,
        events: Iterable[str] = (),
        properties: Mapping[str, Iterable[str]] | None = None,
    ) -> list[int]:
        """Post webhooks there: ``events`` like ``contact.creation``, ``properties`` by ``contact``.

        Signed with the client secret. Answers the subscription ids; `hooks.drain` waits for delivery.
        """
        return self.hooks.subscribe(target_url, self.client_secret, events, properties or {})

    def grant(self, scopes: Iterable[str]) -> None:
        """Give the app these scopes. It starts with all of them."""
        self._gate.grant(scopes)

    def revoke(self, scopes: Iterable[str]) -> None:
        """Take these scopes from the app: calls that need them answer 403."""
        self._gate.revoke(scopes)

    def close(self) -> None:
        """End the webhook thread."""
        self.hooks.close()

    # What a person does in the pages -----------------------------------------------------------

    def create(
        self,
        object_type: str,
        properties: Mapping[str, Any],
        associations: Sequence[Mapping[str, Any]] = (),
    ) -> str:
        """Create a record as a person; answers its id. ValueError if HubSpot refuses."""
        with self.state.lock:
            body = {"properties": properties, "associations": associations}
            return str(
                _plainly(writing.create, self.state, self._table(object_type), body, self._me).id
            )

    def edit(self, object_type: str, record_id: str, properties: Mapping[str, Any]) -> None:
        """Change a record as a person; `hs_email_optout` is set through the preferences page.

        ValueError if HubSpot refuses.
        """
        with self.state.lock:
            table = self._table(object_type)
            record = _plainly(writing.locate, table, record_id, None)
            others = {k: v for k, v in properties.items() if k != "hs_email_optout"}
            if others:
                _plainly(writing.update, self.state, table, record, others, self._me)
            if "hs_email_optout" in properties:
                out = str(properties["hs_email_optout"]).lower() == "true"
                flip = preferences.unsubscribe_all if out else preferences.resubscribe
                flip(self.state, record.values.get("email", ""), self._me)

    def sign_up(
        self,
        address: str,
        subscription: str,
        *,
        basis: str = "CONSENT_WITH_NOTICE",
        explanation: str = "double opt-in",
        source: str = "FORM",
    ) -> None:
        """A person subscribes through a form of the account, whatever they said before."""
        with self.state.lock:
            preferences.set_status(
                self.state,
                address,
                subscription,
                "SUBSCRIBED",
                self._me,
                source=source,
                basis=basis,
                explanation=explanation,
            )

    def archive(self, object_type: str, record_id: str) -> None:
        """Delete a record as a person. ValueError if there is none."""
        with self.state.lock:
            table = self._table(object_type)
            record = _plainly(writing.locate, table, record_id, None)
            leaving.archive(self.state, table, record, self._me)

    def restore(self, object_type: str, record_id: str) -> None:
        """Take a record out of the recycling bin as a person. ValueError if it is not in there."""
        with self.state.lock:
            table = self._table(object_type)
            _plainly(leaving.restore, self.state, table, record_id, self._me)

    def associate(
        self, kind: str, record_id: str, other: str, other_id: str, label: str = ""
    ) -> None:
        """Associate two records as a person, under a label (``Primary``, or one of people's own)."""
        with self.state.lock:
            near, far = self._table(kind), self._table(other)
            pair, known = (near.kind.name, far.kind.name), self._known
            types = [one for one in known.of(pair) if (known.label(pair, one) or "") == label]
            if not types:
                raise ValueError(f"no label {label} between {kind} and {other}")
            number = _plainly(writing.locate, near, record_id, None).id
            other_number = _plainly(writing.locate, far, other_id, None).id
            linking.link(self.state, pair, number, other_number, types, self._me)

    def part(self, kind: str, record_id: str, other: str, other_id: str) -> None:
        """End an association as a person, whatever its labels."""
        with self.state.lock:
            pair = (self._table(kind).kind.name, self._table(other).kind.name)
            linking.unlink(self.state, pair, int(record_id), int(other_id), self._me)

    def erase(self, object_type: str, record_id: str) -> None:
        """Delete for good, for privacy, as a person. ValueError if there is no such record."""
        with self.state.lock:
            body = {"objectId": record_id}
            _plainly(leaving.erase, self.state, self._table(object_type), body, self._me)

    def merge(self, object_type: str, primary_id: str, other_id: str) -> str:
        """Merge two records as a person; answers the new id. ValueError if HubSpot refuses."""
        with self.state.lock:
            body = {"primaryObjectId": primary_id, "objectIdToMerge": other_id}
            table = self._table(object_type)
            return str(_plainly(merging.merge, self.state, table, body, self._me).id)

    def set_system(self, object_type: str, record_id: str, properties: Mapping[str, str]) -> None:
        """Set any property, read-only ones too, as HubSpot itself would (web analytics, scores)."""
        with self.state.lock:
            table = self._table(object_type)
            record = _plainly(writing.locate, table, record_id, None)
            effects.put(self.state, table, record, properties, Actor(self.state.system))

    def visit(self, contact_id: str, url: str, title: str = "") -> str:
        """A contact looks at a page of the site that HubSpot's tag is on; answers the visit's id."""
        with self.state.lock:
            contact = _plainly(writing.locate, self._table("contacts"), contact_id, None)
            return visits.visit(self.state, contact, url, title)

    # What is true now --------------------------------------------------------------------------

    def records(self, object_type: str) -> dict[str, dict[str, str | None]]:
        """The live records by id, with the properties that hold something."""
        with self.state.lock:
            live = self._table(object_type).live
            return {str(number): dict(record.values) for number, record in live.items()}

    def archived(self, object_type: str) -> list[str]:
        """The ids in the recycling bin."""
        with self.state.lock:
            return [str(number) for number in self._table(object_type).gone]

    def associated(self, kind: str, record_id: str, other: str) -> dict[str, set[str]]:
        """What is associated with a record: id -> labels, ``""`` standing for the unlabelled type."""
        with self.state.lock:
            pair, known = (self._table(kind).kind.name, self._table(other).kind.name), self._known
            held = self.state.links.of(pair, int(record_id))
            return {
                str(end): {known.label(pair, one) or "" for one in types}
                for end, types in held.items()
            }

    def change_members(
        self, list_id: str, added: Iterable[str] = (), removed: Iterable[str] = ()
    ) -> None:
        """Put people into a list and take them out of it, by hand. ValueError if HubSpot refuses."""
        with self.state.lock:
            found = _plainly(lists.find, self.state, list_id)
            _plainly(lists.change, self.state, found, added, removed)

    def members(self, list_id: str) -> list[str]:
        """The ids of the records in a list."""
        with self.state.lock:
            found = _plainly(lists.find, self.state, list_id)
            return [str(number) for number in lists.members(self.state, found)]

    def lists(self) -> dict[str, str]:
        """The live lists: id -> name."""
        with self.state.lock:
            return {str(one.id): one.name for one in lists.live(self.state)}

    def opted_out(self, address: str) -> bool:
        """Whether an address is out of all e-mail."""
        with self.state.lock:
            return preferences.wish_of(self.state, address).all_out

    @property
    def _known(self) -> LinkTypes:
        return self.state.links.known

    @property
    def _me(self) -> Actor:
        return Actor(self.state.person, person=True)

    def _table(self, object_type: str) -> Table:
        return self.state.table(object_type)


def _plainly(act: Any, *args: Any) -> Any:
    """Do it; what HubSpot refuses is an error of the test that asked for it."""
    try:
        return act(*args)
    except Refusal as refusal:
        raise ValueError(refusal.message) from refusal
