"""The HubSpot connector keeps every promise of the port, over HTTP, against the practice org."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

from connector.errors import OutcomeUnknown, Rejected, SystemBlocked, TryLater
from connector.http import RetryPolicy
from connector.hubspot.client import HubSpotConnector
from connector.hubspot.names import to_wire
from connector.hubspot.settings import HubSpotSettings
from connector.port import Change, Draft, NewField, Outcome, Value, Values, Written
from sandbox.hubspot.org import HubSpotOrg
from sandbox.webserver import WebServer
from tests.contract.connector_suite import ConnectorContract, Names, Trouble, World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

START = datetime(2026, 11, 24, 9, tzinfo=UTC)
FOREVER = 10**6
OBJECT = "contacts"
FIELDS = (
    NewField(OBJECT, "partner_id", "Partner", unique=True),
    NewField(OBJECT, "headcount", "Employees", kind="number"),
    NewField(OBJECT, "was_called", "Called", kind="bool"),
)


@dataclass
class Time:
    """Time that tests move, and that the connector's pauses move."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def ticks(self) -> float:
        return self.now.timestamp()


class Forgetful:
    """Stands before the org and, once when told so, leaves the last input out of an answer.

    The single call with which the connector asks again is answered with nothing, too.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self.forgets = False

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        path = environ["PATH_INFO"]
        if not self.forgets or environ["REQUEST_METHOD"] not in {"POST", "PATCH"}:
            return self._app(environ, start_response)
        if not path.endswith("/batch/update"):
            return Response(b"{}", content_type="application/json")(environ, start_response)
        body, _, _ = run_wsgi_app(self._app, environ, buffered=True)
        answer = orjson.loads(b"".join(body))
        kept = sorted(answer["results"], key=lambda raw: int(raw["id"]))[:-1]
        told = orjson.dumps({**answer, "results": kept})
        return Response(told, content_type="application/json")(environ, start_response)


class HubSpotWorld(World):
    """A practice org with a connector that speaks to it over loopback."""

    names = Names(
        object=OBJECT,
        key="partner_id",
        email="email",
        text="jobtitle",
        short="jobtitle",
        short_length=65_536,
        number="headcount",
        flag="was_called",
    )
    unknown_id = "999999999999"
    email_is_unique = True
    keeps_history = True

    def __init__(
        self, org: HubSpotOrg, door: Forgetful, url: str, time: Time, version: str
    ) -> None:
        self.org, self.door, self.time, self.url = org, door, time, url
        self.account_id = str(org.portal_id)
        self.connector = HubSpotConnector(
            HubSpotSettings(
                base_url=url,
                api_version=version,
                access_token=org.access_token,
                app_id=str(org.app_id),
                retries=RetryPolicy(tries=3, seconds=60),
            ),
            clock=time,
            sleep=time.pass_by,
            ticks=time.ticks,
        )

    def people_create(self, rows: Sequence[Values]) -> list[str]:
        filled = [{k: to_wire(v) for k, v in row.items() if v is not None} for row in rows]
        return [self.org.create(OBJECT, row) for row in filled]

    def person_edits(self, record_id: str, values: Values) -> None:
        self.org.edit(OBJECT, record_id, {name: to_wire(value) for name, value in values.items()})

    def person_deletes(self, record_id: str) -> None:
        self.org.archive(OBJECT, record_id)

    def person_merges(self, loser: str, winner: str) -> str:
        return self.org.merge(OBJECT, winner, loser)

    def stored(self) -> dict[str, dict[str, Value]]:
        return {i: {**values} for i, values in self.org.records(OBJECT).items()}

    def now(self) -> datetime:
        return self.time.now

    def forward(self, seconds: float) -> None:
        self.time.pass_by(seconds)

    def order(self, trouble: Trouble) -> bool:
        match trouble:
            case Trouble.BUSY_ONCE:
                self._fault("rate_burst", times=1)
            case Trouble.BUSY:
                self._fault("rate_burst")
            case Trouble.LOST_ANSWER:
                self._fault("lost_answer", times=1)
            case Trouble.HTML:
                self._fault("html_200")
            case Trouble.CREDENTIALS:
                self._fault("expired_token")
            case Trouble.LEFT_OUT:
                self.door.forgets = True
            case Trouble.LATE:
                self.org.state.tables[OBJECT].index.lag = 20_000
            case Trouble.NO_SETUP:
                self.org.revoke(["crm.schemas.contacts.write"])
        return True

    def _fault(self, kind: str, times: int = FOREVER) -> None:
        self.org.faults.order({"kind": kind, "times": times})

    def calm(self) -> None:
        self.org.faults.clear()
        self.door.forgets = False


def world_of(version: str) -> Iterator[HubSpotWorld]:
    time = Time()
    org = HubSpotOrg(clock=time)
    door = Forgetful(org.app)
    server = WebServer(door, "hubspot-contract", "127.0.0.1", 0)
    server.start()
    try:
        world = HubSpotWorld(org, door, server.url, time, version)
        for field in FIELDS:
            world.connector.create_field(field)
        yield world
    finally:
        server.stop()
        org.close()


class TestHubSpot(ConnectorContract):
    @pytest.fixture
    def world(self) -> Iterator[World]:
        yield from world_of("v3")


class TestHubSpotDated(ConnectorContract):
    """The same over the dated paths."""

    @pytest.fixture
    def world(self) -> Iterator[World]:
        yield from world_of("2026-09")


# What only HubSpot has ---------------------------------------------------------------------------


@pytest.fixture
def hubspot() -> Iterator[HubSpotWorld]:
    yield from world_of("v3")


def test_an_opt_out_is_written_and_read_back(hubspot: HubSpotWorld) -> None:
    """Through the preferences of the address; a false afterwards changes nothing."""
    person = hubspot.person_creates(email="ann@example.com", text="a")
    for value in (True, False):
        change = Change(person, {"hs_email_optout": value, "jobtitle": f"after {value}"})
        [outcome] = hubspot.connector.update_many(OBJECT, [change])
        assert isinstance(outcome, Written)
    assert hubspot.org.opted_out("ann@example.com")
    found = hubspot.connector.get_many(OBJECT, [person], ["hs_email_optout", "jobtitle"])
    assert found[person].values == {"hs_email_optout": "true", "jobtitle": "after False"}


def test_a_contact_is_born_opted_out(hubspot: HubSpotWorld) -> None:
    """One verb of the port, two calls of HubSpot."""
    draft = Draft({"email": "bo@example.com", "hs_email_optout": True}, "partner_id", "00Q1")
    [outcome] = hubspot.connector.create_many(OBJECT, [draft])
    assert isinstance(outcome, Written)
    assert hubspot.org.opted_out("bo@example.com")


def test_a_contact_hangs_on_its_company(hubspot: HubSpotWorld) -> None:
    """Written and read as one field; an unknown company is refused by that name."""
    company = hubspot.org.create("companies", {"name": "Example K.K."})
    person = hubspot.person_creates(text="a")
    link = "associations.company"
    taken, refused = (
        hubspot.connector.update_many(OBJECT, [Change(person, {link: value})])[0]
        for value in (company, hubspot.unknown_id)
    )
    assert isinstance(taken, Written)
    assert taken.values == {link: company}
    assert isinstance(refused, Rejected)
    assert (refused.cause, refused.fields) == ("bad_reference", (link,))
    found = hubspot.connector.get_many(OBJECT, [person], [link])
    assert found[person].values == {link: company}
    schema = hubspot.connector.describe(OBJECT).fields
    assert schema[link].references == ("companies",)
    assert schema["hubspot_owner_id"].references == ("owners",)


def test_a_merged_id_is_still_written_to(hubspot: HubSpotWorld) -> None:
    """The outcome names the survivor, and the rows beside it are written."""
    loser, winner, other = hubspot.crowd(3)
    survivor = hubspot.person_merges(loser, winner)
    changes = [Change(i, {"jobtitle": "new"}) for i in (loser, other)]
    outcomes = hubspot.connector.update_many(OBJECT, changes)
    assert [o.id for o in outcomes if isinstance(o, Written)] == [survivor, other]
    assert hubspot.text_of(survivor) == "new"


def test_an_additional_address_finds_its_contact(hubspot: HubSpotWorld) -> None:
    """After a merge a contact answers to both addresses."""
    loser = hubspot.person_creates(email="ann@example.com")
    winner = hubspot.person_creates(email="ann@example.co.jp")
    survivor = hubspot.person_merges(loser, winner)
    asked = ["ann@example.com", "ANN@example.co.jp"]
    found = hubspot.connector.find_many(OBJECT, "email", asked, ["email"])
    assert {key: [r.id for r in records] for key, records in found.items()} == {
        key: [survivor] for key in asked
    }


def test_one_bad_row_of_a_hundred_is_found_in_a_few_calls(hubspot: HubSpotWorld) -> None:
    """And the other ninety-nine are written."""
    people = hubspot.crowd(100)
    bad = people[37]
    writes = hubspot.connector.calls.writes
    outcomes = hubspot.connector.update_many(
        OBJECT,
        [
            Change(i, {"hs_lead_status": "NO SUCH" if i == bad else "NEW", "jobtitle": "x"})
            for i in people
        ],
    )
    [refused] = [o for o in outcomes if not isinstance(o, Written)]
    assert isinstance(refused, Rejected)
    assert (refused.cause, refused.fields) == ("unknown_option", ("hs_lead_status",))
    assert sum(values.get("jobtitle") == "x" for values in hubspot.stored().values()) == 99
    assert hubspot.connector.calls.writes - writes <= 15


def test_a_lagging_index_loses_nobody(hubspot: HubSpotWorld) -> None:
    """Edits surface late and out of order; looks every minute meet all of them."""
    hubspot.order(Trouble.LATE)
    people = hubspot.crowd(60)
    cursor = hubspot.connector.cursor_at(hubspot.now())
    missing = set(people)
    for person in people:
        hubspot.person_edits(person, {"jobtitle": "late"})
        hubspot.forward(7)
        seen, cursor = hubspot.changed(cursor)
        missing -= seen
    for _ in range(3):
        hubspot.forward(60)
        seen, cursor = hubspot.changed(cursor)
        missing -= seen
    assert missing == set()


def test_owners_are_people_who_are_still_there(hubspot: HubSpotWorld) -> None:
    """Archived ones own nothing any more."""
    ann, _ = hubspot.org.load_owners(
        [
            {"email": "ann@example.com", "firstName": "Ann", "lastName": "Mori"},
            {"email": "bo@example.com", "firstName": "Bo", "lastName": "Ito", "archived": True},
        ]
    )
    [page] = hubspot.connector.list_all("owners", ["email", "lastName"])
    assert [(r.id, r.values) for r in page.records] == [
        (ann, {"email": "ann@example.com", "lastName": "Mori"})
    ]


def test_oauth_tokens_open_the_same_door(hubspot: HubSpotWorld) -> None:
    """Fetched with the refresh token, and fetched again on the clock."""
    org = hubspot.org
    settings = HubSpotSettings(
        base_url=hubspot.url,
        client_id=org.client_id,
        client_secret=org.client_secret,
        refresh_token=org.refresh_token,
    )
    connector = HubSpotConnector(settings, clock=hubspot.time, sleep=hubspot.time.pass_by)
    for _ in range(4):
        assert connector.ping().id == hubspot.account_id
        hubspot.forward(1000)
    wrong = HubSpotConnector(replace(settings, refresh_token="wrong"), clock=hubspot.time)
    with pytest.raises(SystemBlocked) as blocked:
        wrong.ping()
    assert blocked.value.cause == "credentials"


BAD_MOMENTS: tuple[dict[str, Any], ...] = (
    {"kind": "lost_answer"},
    {"kind": "truncated"},
    {"kind": "html_200"},
    {"kind": "rate_burst"},
    {"kind": "rate_daily"},
    *({"kind": "status", "status": status} for status in (500, 502, 503, 504, 423, 477, 524)),
)


@pytest.mark.parametrize("skip", [0, 1, 2])
@pytest.mark.parametrize("moment", BAD_MOMENTS, ids=lambda m: str(m.get("status", m["kind"])))
def test_outcomes_tell_the_truth_in_bad_moments(
    hubspot: HubSpotWorld, moment: dict[str, Any], skip: int
) -> None:
    """Whatever happens to the n-th call: written is stored, refused and later are not.

    Of an unknown outcome nothing is known, but nothing is ever created twice.
    """
    people = hubspot.crowd(250)
    bad = people[120]
    changes = [Change(i, {"jobtitle": "new", "email": "x" if i == bad else None}) for i in people]
    drafts = [Draft({"jobtitle": "new"}, "partner_id", f"new-{n}") for n in range(250)]
    fault = {**moment, "match": "POST .*/batch/", "skip": skip}
    hubspot.org.faults.order(fault)
    updated = told(lambda: hubspot.connector.update_many(OBJECT, changes), len(changes))
    stored = hubspot.stored()
    for change, outcome in zip(changes, updated, strict=True):
        if not isinstance(outcome, OutcomeUnknown):
            is_new = stored[change.id].get("jobtitle") == "new"
            assert is_new is isinstance(outcome, Written)
    hubspot.calm()
    hubspot.org.faults.order(fault)
    created = told(lambda: hubspot.connector.create_many(OBJECT, drafts), len(drafts))
    stored = hubspot.stored()
    holders: dict[Value, list[str]] = {}
    for record_id, values in stored.items():
        holders.setdefault(values.get("partner_id"), []).append(record_id)
    for draft, outcome in zip(drafts, created, strict=True):
        held = holders.get(draft.key, [])
        assert len(held) <= 1
        if not isinstance(outcome, OutcomeUnknown):
            assert held == ([outcome.id] if isinstance(outcome, Written) else [])


def told(verb: Callable[[], list[Outcome]], count: int) -> list[Outcome]:
    """The outcomes, an error that was raised being the outcome of every row."""
    try:
        return verb()
    except (TryLater, SystemBlocked):
        return [TryLater("raised", system="hubspot")] * count
