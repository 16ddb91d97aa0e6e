"""What counts, and what it changes: set semantics first, sums afterwards. Pure.

Of the views of one page on one day only the earliest `at_most` count, and somebody returns when 24 hours
have passed since they were last here. Both are said of the set of events, never of the order in which
they came in: a late event that is an earlier one takes the place of another, which is taken out again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

from intent.decay import NOTHING, State, add, merge
from intent.definition import Definition
from intent.model import DAY, UNKNOWN, Millis

RETURN_VISIT = "return_visit"
# Who comes back after so long has returned.
AWAY: Millis = DAY


class Seen(NamedTuple):
    """An event as it is counted. `points` are those of a sender who weighs events itself."""

    id: int
    event_id: str
    trail_id: int
    at: Millis
    type: str
    page: str | None
    topic: str
    points: float | None
    glance: bool


class Place(NamedTuple):
    """Where a sum stands. `since` tells the turns of a trail apart."""

    trail_id: int
    since: Millis
    topic: str
    family: str


class DayPlace(NamedTuple):
    """Where a day's count stands."""

    trail_id: int
    day: int
    since: Millis
    type: str
    topic: str


class DayCount(NamedTuple):
    """How many counted; see `intent.store.tables.daily`."""

    times: int = 0
    glances: int = 0
    weighed: int = 0
    own: float = 0.0

    def plus(self, other: DayCount) -> DayCount:
        return DayCount(
            self.times + other.times,
            self.glances + other.glances,
            self.weighed + other.weighed,
            self.own + other.own,
        )


class Counts(NamedTuple):
    """An event that counts, and the slot of which it is one of the first; None where all count."""

    seen: Seen
    slot: int | None


def day_of(at: Millis) -> int:
    """The day of an instant, counted since 1970 in UTC."""
    return at // DAY


def worth(definition: Definition, seen: Seen) -> float:
    """The points of an event before any decay; 0 for one that never counts."""
    kind = definition.kinds.get(seen.type)
    if kind is None or kind.family not in definition.families:
        return 0.0
    if seen.points is not None:
        return seen.points
    if seen.glance and kind.glance is not None:
        return kind.glance
    return kind.points


def slot_of(definition: Definition, seen: Seen) -> int | None:
    """A number for the set of which only the first few count."""
    kind = definition.kinds.get(seen.type)
    if kind is None or kind.at_most is None:
        return None
    text = f"{seen.trail_id}|{day_of(seen.at)}|{seen.type}|{seen.page or ''}"
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def candidates(definition: Definition, seen: Iterable[Seen]) -> list[Counts]:
    """The events that have points at all."""
    return [Counts(one, slot_of(definition, one)) for one in seen if worth(definition, one) != 0]


def settle(
    definition: Definition, standing: Iterable[Counts], fresh: Iterable[Counts]
) -> tuple[list[Counts], list[Counts]]:
    """Which fresh ones count, and which standing ones do so no longer."""
    taken = [one for one in fresh if one.slot is None]
    dropped: list[Counts] = []
    slots: dict[int | None, tuple[list[Counts], list[Counts]]] = {}
    for place, some in enumerate((standing, fresh)):
        for one in some:
            if one.slot is not None:
                slots.setdefault(one.slot, ([], []))[place].append(one)
    for old, new in slots.values():
        if not new:
            continue
        at_most = definition.kinds[new[0].seen.type].at_most or 0
        first = sorted((*old, *new), key=_earliest)[:at_most]
        kept = {one.seen.id for one in first}
        taken += [one for one in new if one.seen.id in kept]
        dropped += [one for one in old if one.seen.id not in kept]
    return taken, dropped


def _earliest(one: Counts) -> tuple[Millis, str]:
    return one.seen.at, one.seen.event_id


class Visit(NamedTuple):
    """A day on which somebody was on the website: from when to when, and when they returned, if they did."""

    trail_id: int
    day: int
    first_at: Millis
    last_at: Millis
    returned_at: Millis | None = None


def visits_in(seen: Iterable[Seen]) -> dict[tuple[int, int], Visit]:
    """The days of the events that were on a page, by trail and day."""
    found: dict[tuple[int, int], Visit] = {}
    for one in seen:
        if one.page is not None:
            key = one.trail_id, day_of(one.at)
            new = Visit(*key, one.at, one.at)
            found[key] = joined(found[key], new) if key in found else new
    return found


def joined(left: Visit, right: Visit) -> Visit:
    """Both in one; the left one's return."""
    return left._replace(
        first_at=min(left.first_at, right.first_at), last_at=max(left.last_at, right.last_at)
    )


def returned(visit: Visit, last_before: Millis | None) -> Visit:
    """The visit, and whether somebody returned with it who was here last at `last_before`."""
    back = last_before is not None and visit.first_at - last_before >= AWAY
    return visit._replace(returned_at=visit.first_at if back else None)


@dataclass(slots=True)
class Turns:
    """Since when a trail is whose: most have one owner for good."""

    since: Mapping[int, Sequence[Millis]] = field(default_factory=dict)

    def at(self, trail_id: int, at: Millis) -> Millis:
        """The turn that an instant of a trail belongs to; 0 up to the first."""
        known = self.since.get(trail_id)
        if not known:
            return 0
        place = bisect_right(known, at)
        return known[place - 1] if place else 0


@dataclass(slots=True)
class Tally:
    """What a batch changes: sums, and counts of days. Taking back is adding the opposite."""

    definition: Definition
    turns: Turns
    sums: dict[Place, State] = field(default_factory=dict)
    days: dict[DayPlace, DayCount] = field(default_factory=dict)

    def put(self, one: Counts, sign: int = 1) -> None:
        """An event that counts, or (-1) does so no longer."""
        seen = one.seen
        weighed = seen.points is not None
        count = DayCount(
            sign,
            sign if seen.glance and not weighed else 0,
            sign if weighed else 0,
            sign * (seen.points or 0.0),
        )
        points = sign * worth(self.definition, seen)
        self._put(seen.trail_id, seen.at, seen.type, seen.topic, points, count)

    def put_return(self, trail_id: int, at: Millis, sign: int = 1) -> None:
        """A return visit, which is no event of its own."""
        kind = self.definition.kinds.get(RETURN_VISIT)
        if kind is not None and kind.points and kind.family in self.definition.families:
            points = sign * kind.points
            self._put(trail_id, at, RETURN_VISIT, UNKNOWN, points, DayCount(sign))

    def put_day(self, place: DayPlace, count: DayCount) -> None:
        """What is still known of a day whose events are forgotten: it counts as of noon."""
        kind = self.definition.kinds.get(place.type)
        noon = place.day * DAY + DAY // 2
        points = 0.0
        if kind is not None:
            glance = kind.points if kind.glance is None else kind.glance
            plain = count.times - count.glances - count.weighed
            points = plain * kind.points + count.glances * glance + count.own
        self._put(place.trail_id, noon, place.type, place.topic, points, count)

    def _put(
        self, trail_id: int, at: Millis, kind: str, topic: str, points: float, count: DayCount
    ) -> None:
        since = self.turns.at(trail_id, at)
        day = DayPlace(trail_id, day_of(at), since, kind, topic)
        self.days[day] = self.days.get(day, DayCount()).plus(count)
        family = self.definition.family_of(kind)
        if family is not None and points:
            place = Place(trail_id, since, topic, family.name)
            self.sums[place] = add(self.sums.get(place, NOTHING), points, at, family.half_life)

    def merged(self, place: Place, standing: State) -> State:
        """A sum on file and what changes it."""
        return merge(standing, self.sums[place], self.definition.families[place.family].half_life)
