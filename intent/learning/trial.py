"""Learn from the past, be judged by what came after: fit, calibrate, compare with rules and recency.

The choice between logistic regression and boosting is made on the cases in the middle; those at the end
judge what was chosen and have no say in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, Literal, NamedTuple

from intent.learning.calibrating import calibrate
from intent.learning.features import Reading, learn_readings, vector
from intent.learning.fitting import fit_boosting, fit_logistic
from intent.learning.leaks import Suspicion, suspicions
from intent.learning.measures import (
    Calibration,
    Draw,
    Interval,
    Order,
    Ranking,
    Resampled,
    Scores,
    calibration,
    resample,
)
from intent.learning.model import Forest, Linear, Model, Scorer
from intent.learning.outcomes import Case, Cohort, Columns, Lead, month_of, need_enough, ripe, split
from intent.learning.recalibrating import Recalibration, recalibrated

MODEL, RULES, RECENCY, LOGISTIC, BOOSTING = "model", "rules", "recency", "logistic", "boosting"
Verdict = Literal["beats_rules", "no_better_than_rules", "no_rules"]


class Judged(NamedTuple):
    """One way to score, on cases it had not seen. No probabilities, no calibration."""

    ranking: Ranking
    intervals: Mapping[str, Interval]
    calibration: Calibration | None


class Month(NamedTuple):
    """How a model fared in one month; `auc` is None where all had the same outcome."""

    month: str
    cases: int
    rate: float
    said: float
    auc: float | None
    ece: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a trial or a later look at a model showed. `ahead`: the model's AUC less that of others."""

    cohort: Cohort
    judged_cases: int
    judged_rate: float
    judged: Mapping[str, Judged]
    ahead: Mapping[str, Interval]
    months: Sequence[Month]
    verdict: Verdict
    odd: Sequence[Suspicion] = ()
    chosen: str = MODEL
    boosting_ahead: Interval | None = None
    recalibration: Recalibration | None = None


def train(
    leads: Sequence[Lead],
    columns: Columns,
    *,
    horizon: timedelta,
    as_of: datetime,
    made_at: datetime,
    seed: int,
) -> tuple[Model, Report]:
    """A model and what it is worth. Raises `NotEnough` and `fitting.InstallLearning`."""
    cohort = ripe(leads, horizon, as_of)
    need_enough(cohort.cases)
    parts = split(cohort.cases)
    names = feature_names(leads, columns)
    odd = suspicions((*parts.fitted, *parts.calibrated), names)
    odd = [one._replace(insisted=one.column in columns.keep) for one in odd]
    banned = {one.column for one in odd if one.bans}
    readings = learn_readings(
        [case.lead.features for case in parts.fitted], [n for n in names if n not in banned]
    )
    draw = drawing(seed)
    kind, scorer, ahead = _choose(parts.fitted, parts.calibrated, readings, seed, draw)
    raw = [scorer.raw(vector(case.lead.features, readings)) for case in parts.calibrated]
    calibrator = calibrate(raw, labels_of(parts.calibrated))
    before = (*parts.fitted, *parts.calibrated)
    model = Model(
        made_at=made_at.isoformat(),
        horizon_days=horizon.days,
        kind=kind,
        readings=readings,
        scorer=scorer,
        calibrator=calibrator,
        usual=sum(labels_of(before)) / len(before),
        useful=False,
        known_for={},
    )
    report = judge(model, cohort, parts.judged, draw, odd=odd, boosting_ahead=ahead)
    return _known(model, report, parts.fitted), report


def evaluate(model: Model, leads: Sequence[Lead], *, as_of: datetime, seed: int) -> Report:
    """How a model that is on file fares on leads that it has not seen, and what recalibrating it would do.

    Raises `NotEnough`.
    """
    cohort = ripe(leads, timedelta(days=model.horizon_days), as_of)
    need_enough(cohort.cases)
    report = judge(model, cohort, cohort.cases, drawing(seed))
    return replace(report, recalibration=recalibrated(model, cohort.cases))


def put_right(model: Model, found: Recalibration) -> Model:
    """The model with the calibrator of a recalibration."""
    known = {**model.known_for, "recalibrated_to": found.until.isoformat()}
    return replace(model, calibrator=found.calibrator, known_for=known)


def judge(
    model: Model,
    cohort: Cohort,
    cases: Sequence[Case],
    draw: Draw,
    *,
    odd: Sequence[Suspicion] = (),
    boosting_ahead: Interval | None = None,
) -> Report:
    """All ways to score, on the same cases and the same resamples."""
    labels = labels_of(cases)
    said = [model.probability(case.lead.features) for case in cases]
    scorers: dict[str, Scores] = {MODEL: [model.raw(case.lead.features) for case in cases]}
    scorers |= _baselines(cases)
    drawn = resample(labels, scorers, draw)
    judged = {
        name: Judged(
            Order(labels, scores).ranking(),
            drawn.of[name],
            calibration(labels, said, model.usual) if name == MODEL else None,
        )
        for name, scores in scorers.items()
    }
    return Report(
        cohort=cohort,
        judged_cases=len(cases),
        judged_rate=sum(labels) / len(labels),
        judged=judged,
        ahead=drawn.ahead,
        months=by_month(cases, said),
        verdict=_verdict(drawn),
        odd=odd,
        chosen=model.kind,
        boosting_ahead=boosting_ahead,
    )


def by_month(cases: Sequence[Case], said: Scores) -> list[Month]:
    """Month by month: where calibration slips first, or the order itself."""
    heaps: dict[str, list[tuple[bool, float]]] = {}
    for case, probability in zip(cases, said, strict=True):
        heaps.setdefault(month_of(case), []).append((case.positive, probability))
    return [_month(month, heap) for month, heap in sorted(heaps.items())]


def _month(month: str, heap: Sequence[tuple[bool, float]]) -> Month:
    labels, said = [y for y, _ in heap], [p for _, p in heap]
    both = 0 < sum(labels) < len(labels)
    found = calibration(labels, said, 0.5)
    rate = sum(labels) / len(labels)
    auc = Order(labels, said).ranking().auc if both else None
    return Month(month, len(heap), rate, sum(said) / len(said), auc, found.ece)


def feature_names(leads: Sequence[Lead], columns: Columns) -> list[str]:
    """The columns that a model may look at, in the order of the file."""
    there = list(dict.fromkeys(name for lead in leads[:1] for name in lead.features))
    wanted = columns.features or tuple(there)
    return [name for name in wanted if name in there and name not in columns.reserved]


def labels_of(cases: Sequence[Case]) -> list[bool]:
    return [case.positive for case in cases]


def drawing(seed: int) -> Draw:
    """Draws resamples; the same seed draws the same ones."""
    dice = Random(seed)  # noqa: S311 - resamples, no secrets
    return lambda count: dice.choices(range(count), k=count)


def _choose(
    fitted: Sequence[Case],
    middle: Sequence[Case],
    readings: Sequence[Reading],
    seed: int,
    draw: Draw,
) -> tuple[Literal["logistic", "boosting"], Scorer, Interval]:
    """Logistic regression, unless boosting is ahead for certain."""
    rows = [vector(case.lead.features, readings) for case in fitted]
    labels = labels_of(fitted)
    ways: dict[str, Linear | Forest] = {
        BOOSTING: fit_boosting(rows, labels, seed),
        LOGISTIC: fit_logistic(rows, labels),
    }
    unseen = [vector(case.lead.features, readings) for case in middle]
    scores = {name: [way.raw(row) for row in unseen] for name, way in ways.items()}
    ahead = resample(labels_of(middle), scores, draw).ahead[LOGISTIC]
    if ahead.low > 0:
        return "boosting", ways[BOOSTING], ahead
    return "logistic", ways[LOGISTIC], ahead


def _baselines(cases: Sequence[Case]) -> dict[str, Scores]:
    """Rules and recency, where every case has them; a blank counts as the lowest."""
    found: dict[str, Scores] = {}
    for name, values in (
        (RULES, [case.lead.rules for case in cases]),
        (RECENCY, [case.lead.recency for case in cases]),
    ):
        known = [value for value in values if value is not None]
        if known:
            lowest = min(known) - 1
            found[name] = [lowest if value is None else value for value in values]
    return found


def _verdict(drawn: Resampled) -> Verdict:
    if RULES not in drawn.ahead:
        return "no_rules"
    return "beats_rules" if drawn.ahead[RULES].low > 0 else "no_better_than_rules"


def _known(model: Model, report: Report, fitted: Sequence[Case]) -> Model:
    """The model with what it is known for."""
    known: dict[str, Any] = {
        "verdict": report.verdict,
        "cases": len(report.cohort.cases),
        "positives": sum(case.positive for case in report.cohort.cases),
        "fitted_from": fitted[0].lead.decided_at.isoformat(),
        "fitted_to": fitted[-1].lead.decided_at.isoformat(),
        "judged_cases": report.judged_cases,
        "auc": report.judged[MODEL].ranking.auc,
        "left_out": sorted({one.column for one in report.odd if one.bans}),
    }
    return replace(model, useful=report.verdict == "beats_rules", known_for=known)
