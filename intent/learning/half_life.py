"""Which half-life predicts best who comes back: dated events in, one AUC per way of counting out. Pure.

At several cut dates everybody who came before is scored by what came before, and judged by whether they
come within the horizon after it. The sums are those of `intent.decay`, so what is measured is what runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from intent import decay
from intent.learning.measures import auc
from intent.learning.outcomes import NotEnough
from intent.model import DAY, Millis

HALF_LIVES = (1, 3, 7, 14, 30, 60, 90, 180)
# Days counted by the window beside the decayed sums, and the share of the time before the first cut.
WINDOW, WARM_UP = 30, 0.4
LEAST_EACH = 30


class Dated(NamedTuple):
    """That a subject came, and when."""

    subject: str
    at: Millis


class Cut(NamedTuple):
    """One look back: who was known, who came again, and the AUC of each way of counting."""

    at: Millis
    known: int
    returned: int
    auc: Mapping[str, float]


class Study(NamedTuple):
    """All cuts, and the mean AUC of each way, in the order in which they are shown."""

    cuts: Sequence[Cut]
    mean: Mapping[str, float]

    @property
    def best(self) -> str:
        """The best decayed sum."""
        return max((n for n in self.mean if n.startswith("half-life")), key=lambda n: self.mean[n])


@dataclass
class Past:
    """What is known of a subject at some moment."""

    count: int = 0
    last: Millis = 0
    recent: list[Millis] = field(default_factory=list)
    sums: dict[int, decay.State] = field(default_factory=dict)


def study(
    events: Sequence[Dated],
    *,
    horizon_days: int = 14,
    half_lives: Sequence[int] = HALF_LIVES,
    cuts: int = 6,
) -> Study:
    """The AUC of counts, recency, a window and each half-life (in days).

    Raises `NotEnough` where the events span too short a time, or nobody or everybody comes back.
    """
    ordered = sorted(events, key=lambda one: one.at)
    moments = _moments(ordered, horizon_days, cuts)
    pasts: dict[str, Past] = {}
    stream = iter(ordered)
    waiting: list[Dated] = []
    found = []
    for at in moments:
        for one in chain(waiting, stream):
            if one.at > at:
                waiting = [one]
                break
            _note(pasts.setdefault(one.subject, Past()), one.at, half_lives)
        returned = _subjects_between(ordered, at, at + horizon_days * DAY)
        found.append(_cut(at, pasts, returned, half_lives))
    ways = found[0].auc
    return Study(found, {way: sum(cut.auc[way] for cut in found) / len(found) for way in ways})


def _moments(ordered: Sequence[Dated], horizon_days: int, cuts: int) -> list[Millis]:
    """Evenly spaced, after a time to get warm and with the whole horizon behind each."""
    if not ordered:
        raise NotEnough("there are no events to learn a half-life from")
    first, last = ordered[0].at, ordered[-1].at - horizon_days * DAY
    begin = first + round((last - first) * WARM_UP)
    if begin - first < horizon_days * DAY:
        days = round((ordered[-1].at - first) / DAY)
        raise NotEnough(
            f"the events span {days} days: bring a longer time, or look less far than {horizon_days} days"
        )
    return [begin + round((last - begin) * n / max(cuts - 1, 1)) for n in range(cuts)]


def _note(past: Past, at: Millis, half_lives: Sequence[int]) -> None:
    past.count += 1
    past.last = at
    past.recent.append(at)
    for days in half_lives:
        before = past.sums.get(days, decay.NOTHING)
        past.sums[days] = decay.add(before, 1.0, at, days * DAY)


def _subjects_between(ordered: Sequence[Dated], after: Millis, until: Millis) -> set[str]:
    return {one.subject for one in ordered if after < one.at <= until}


def _cut(
    at: Millis, pasts: Mapping[str, Past], returned: set[str], half_lives: Sequence[int]
) -> Cut:
    labels = [subject in returned for subject in pasts]
    if min(sum(labels), len(labels) - sum(labels)) < LEAST_EACH:
        raise NotEnough(
            f"of {len(labels)} subjects {sum(labels)} came back: at least {LEAST_EACH} have to, "
            "and as many not"
        )
    found = {
        way: auc(labels, scores) for way, scores in _ways(at, list(pasts.values()), half_lives)
    }
    return Cut(at, len(labels), sum(labels), found)


def _ways(
    at: Millis, pasts: Sequence[Past], half_lives: Sequence[int]
) -> Iterator[tuple[str, list[float]]]:
    yield "count of all", [float(past.count) for past in pasts]
    yield "recency", [float(past.last) for past in pasts]
    since = at - WINDOW * DAY
    yield (
        f"count of {WINDOW} days",
        [float(sum(one > since for one in past.recent)) for past in pasts],
    )
    for days in half_lives:
        yield (
            f"half-life {days} d",
            [decay.read(past.sums[days], at, days * DAY) for past in pasts],
        )
