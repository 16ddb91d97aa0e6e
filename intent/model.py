"""The values of website intent: events, who they are about, decayed states, and the card of a subject. Pure.

Glossary: an *event* is one thing that somebody did on the website or elsewhere; a *subject* is whom a
score is about: a `person` who is known, a `visitor` who is a cookie and nobody else, an `account`. A
*family* is a group of event types that share a half-life and a cap. A *card* is everything that both
systems and people are told about a subject. Instants are milliseconds since 1970 in UTC wherever they are
counted with; datetimes with a zone wherever people read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, NamedTuple, TypeAlias

# `contact`: somebody who must not be followed, known by the id of their HubSpot contact and nothing else. No
# event is theirs; only what they are told of in a letter or a refusal is on file under it.
SubjectKind = Literal["person", "visitor", "account", "contact"]
# What a person allows; the order is from the most to the least restrictive (domain sheet 5.2).
ConsentValue = Literal["erased", "objected", "opted_out", "unknown", "granted"]
Dimension = Literal["tracking", "profiling"]
# Why an event does not count; None: it does.
Discard = Literal[
    "crawler", "data_centre", "employee", "scanner", "test", "no_human_signal", "burst"
]

# Who took an event out, where that was a person.
BY_HAND = "hand"

Millis: TypeAlias = int
DAY: Millis = 24 * 3600 * 1000
# Events without a topic stand under this one: honest, and never named to anybody.
UNKNOWN = ""


class Subject(NamedTuple):
    """Whom a score is about. `key` is our own: an opaque id of a person, a cookie's id, a domain."""

    kind: SubjectKind
    key: str


class Identity(NamedTuple):
    """Everything that an event says about who it was. Addresses and domains are in normal form.

    `visitor` is the id in our own first-party cookie, `hubspotutk` the one in HubSpot's.
    `company_domain` was told by the sender; `network_domain` was looked up by the network address.
    """

    email: str | None = None
    hubspot_contact_id: str | None = None
    hubspotutk: str | None = None
    visitor: str | None = None
    company_domain: str | None = None
    network_domain: str | None = None
    corporate_number: str | None = None

    @property
    def is_empty(self) -> bool:
        return not any(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that somebody did, cleaned: what must not be stored is not in here any more.

    `occurred_at` is what counts: never later than five minutes after `received_at`; `told_at` is what the
    sender said. `url` has no query or fragment beyond the allow-list; `page` is the group of URLs that
    counts as one page. `source` is ``site``, ``server``, ``hubspot`` or the name of a third party.
    `basis` is the consent or legal basis under which it may be used. `points` is set where the sender weighs
    events itself (third parties); otherwise the definition does. `glance`: a page on which nobody stayed or
    scrolled. `session` tells sessions apart where the sender does. `judged_by`: which rules took it out late,
    or `BY_HAND`; None for what counts, and for what did not count from the start.
    """

    event_id: str
    type: str
    occurred_at: datetime
    received_at: datetime
    told_at: datetime
    identity: Identity
    source: str
    basis: str = ""
    url: str | None = None
    page: str | None = None
    title: str | None = None
    topic: str = UNKNOWN
    points: float | None = None
    glance: bool = False
    session: str | None = None
    discard: Discard | None = None
    judged_by: str | None = None
    properties: Mapping[str, str | int | float | bool] = field(default_factory=dict)


RejectionCode = Literal[
    "no_consent", "no_identity", "bad_time", "unknown_type", "too_long", "malformed"
]


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why one event of a request was not taken; the others were. Codes are the contract's."""

    index: int
    event_id: str | None
    code: RejectionCode
    message: str


class StateKey(NamedTuple):
    """Where one decayed sum stands. States of different definitions are never added up."""

    subject: Subject
    topic: str
    family: str
    definition: str


class Contribution(NamedTuple):
    """What one event adds to the score of its subject: `points` at `at`, before any decay."""

    event_id: str
    type: str
    family: str
    topic: str
    points: float
    at: Millis
    page: str | None = None
    title: str | None = None


class SurgeStanding(NamedTuple):
    """That a subject surges (on a topic): since when, and how surprising it was when it was told.

    `is_over`: it ended early, and is remembered so that the next one is not told too soon.
    """

    since: datetime
    surprise: float
    is_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What is told about one subject at one instant. Scores 0-100. Sentences are None where nothing
    grounded can be said.

    `band` is a letter of fit and a digit of engagement, A1 to C3. `topics` are the strongest first.
    `active_persons` counts the people of an account with a score in the last 30 days.

    `mark` changes with every event that comes in or is taken back, and never by fading; `raised` are the ids
    of the hand-raises that the card knows of. None on cards of old, which did not keep them.
    """

    subject: Subject
    at: datetime
    engagement: float
    fit: float | None = None
    band: str | None = None
    topics: tuple[tuple[str, float], ...] = ()
    last_at: datetime | None = None
    surge: bool = False
    surge_at: datetime | None = None
    reason_internal_ja: str | None = None
    reason_internal_en: str | None = None
    reason_outward_ja: str | None = None
    reason_outward_en: str | None = None
    active_persons: int | None = None
    definition: str = ""
    mark: str | None = None
    raised: tuple[str, ...] | None = None

    @property
    def top_topic(self) -> str | None:
        return self.topics[0][0] if self.topics else None


def millis(moment: datetime) -> Millis:
    """An instant as it is counted with."""
    return round(moment.timestamp() * 1000)


def moment(at: Millis) -> datetime:
    """An instant as it is read by people."""
    return datetime.fromtimestamp(at / 1000, UTC)
