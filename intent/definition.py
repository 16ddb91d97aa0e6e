"""What counts how much: event types, families, topics, bands, surge, filters, keeping times. Pure values.

An admin writes them in ``intent.yaml`` (see `intent.load`); the numbers of the shipped file come from the
domain sheet, section 3. `hash` names the version: states of another version are rebuilt, never added to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from intent.model import DAY, Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Event types that share a half-life and a cap. A `negative` one is subtracted from the score."""

    name: str
    half_life: Millis
    cap: float
    negative: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EventKind:
    """One type of event. `hard`: a hand-raise, which triggers by itself. `glance`: the points where nobody
    stayed or scrolled. `at_most`: how many count of one visitor, page and day; None: all of them.
    """

    name: str
    points: float
    family: str
    hard: bool = False
    glance: float | None = None
    at_most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRule:
    """A view of a URL whose path fits `path` (a glob) is an event of `type`, or of `topic`, or both."""

    path: str
    type: str | None = None
    topic: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRule:
    """One topic: its names, the words that tell it, and a description for comparing by meaning.

    `sensitive` ones are never named to anybody outside.
    """

    id: str
    label_ja: str
    label_en: str
    words: tuple[str, ...] = ()
    about: str = ""
    sensitive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRule:
    """Points for a record for which a condition of the mapping language holds."""

    when: str
    points: float
    on: str  # contacts, companies


@dataclass(frozen=True, slots=True, kw_only=True)
class Bands:
    """Where the letters of fit and the digits of engagement begin."""

    fit_a: float = 70
    fit_b: float = 40
    one: float = 60
    two: float = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class SurgeRule:
    """The parameters of the surge test; see `intent.surge`."""

    tail: float = 0.001
    ratio: float = 2.0
    exit_ratio: float = 1.3
    least: int = 3
    least_days: int = 2
    quiet_days: int = 14
    louder: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRule:
    """How people add up to an account: saturation per person, the share of anonymous visits."""

    person_cap: float = 30
    anonymous_share: float = 0.3
    active_points: float = 3
    active_within: Millis = 30 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Whose events never count. Networks are CIDR; domains are those of employees and agencies."""

    networks: tuple[str, ...] = ()
    employee_domains: tuple[str, ...] = ()
    data_centre_asns: tuple[int, ...] = ()
    burst_pages: int = 60
    burst_within: Millis = 10 * 60 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How long what is kept, in days. `pages`: what is known of a page, counted from when it was found."""

    events: int = 120
    daily: int = 396
    unlinked_visitors: int = 120
    pages: int = 396


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """When a changed card is worth a write to both systems."""

    points: float = 10
    every: Millis = 6 * 3600 * 1000
    evidence_days: int = 2
    evidence_items: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """Everything that a score depends on. `query` names the query parameters that stay in stored URLs."""

    version: str
    hash: str
    kinds: Mapping[str, EventKind]
    families: Mapping[str, Family]
    topics: Mapping[str, TopicRule] = field(default_factory=dict)
    pages: tuple[PageRule, ...] = ()
    fit: tuple[FitRule, ...] = ()
    bands: Bands = Bands()
    surge: SurgeRule = SurgeRule()
    account: AccountRule = AccountRule()
    filters: Filters = Filters()
    keeping: Keeping = Keeping()
    telling: Telling = Telling()
    query: frozenset[str] = frozenset()

    def family_of(self, event_type: str) -> Family | None:
        """The family of an event type; None for one that never scores."""
        kind = self.kinds.get(event_type)
        return None if kind is None else self.families.get(kind.family)
