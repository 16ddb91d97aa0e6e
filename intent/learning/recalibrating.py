"""Whether probabilities can be taken at their word, and whether later outcomes put them right. Pure.

The order that a model makes outlives its probabilities: the world changes, and what meant one in ten means
one in two (domain sheet 3.11). So the earlier half of later leads makes a new calibrator of the same raw
scores, and the later half judges the old one and the new one alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from intent.learning.calibrating import Calibrator, calibrate
from intent.learning.measures import Bin, Calibration, calibration, calibration_bins
from intent.learning.model import Model
from intent.learning.outcomes import Case, halves


class Reliability(NamedTuple):
    """How probabilities fared: measures, and what was said beside what was, the least probable first."""

    measures: Calibration
    bins: Sequence[Bin]


class Recalibration(NamedTuple):
    """Two calibrators on the same unseen cases; `until`: up to when the cases of the new one were decided."""

    fitted_cases: int
    until: datetime
    judged_cases: int
    before: Reliability
    after: Reliability
    calibrator: Calibrator

    @property
    def is_better(self) -> bool:
        """Whether the new one is nearer to what was."""
        return self.after.measures.ece < self.before.measures.ece


def recalibrated(model: Model, cases: Sequence[Case]) -> Recalibration | None:
    """What recalibrating by the earlier half does to the later one; None where one has not both outcomes."""
    earlier, later = halves(cases)
    if any(len({case.positive for case in half}) < 2 for half in (earlier, later)):
        return None
    raw = [model.raw(case.lead.features) for case in earlier]
    new = calibrate(raw, [case.positive for case in earlier])
    return Recalibration(
        len(earlier),
        earlier[-1].lead.decided_at,
        len(later),
        _reliability(model, model.calibrator, later),
        _reliability(model, new, later),
        new,
    )


def _reliability(model: Model, calibrator: Calibrator, cases: Sequence[Case]) -> Reliability:
    labels = [case.positive for case in cases]
    said = [calibrator.probability(model.raw(case.lead.features)) for case in cases]
    return Reliability(calibration(labels, said, model.usual), calibration_bins(labels, said))
