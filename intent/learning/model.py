"""A learnt model as plain values: it scores without what fitted it, and reads back from JSON. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from struct import pack, unpack
from typing import Any, Literal, NamedTuple

from intent.learning.calibrating import Calibrator, Isotonic, Platt
from intent.learning.features import Numbers, Reading, Words, names, vector

FORMAT = 1


class Linear(NamedTuple):
    """A weighted sum."""

    weights: tuple[float, ...]
    intercept: float

    def raw(self, values: Sequence[float]) -> float:
        """The log-odds of one vector."""
        return self.intercept + sum(w * x for w, x in zip(self.weights, values, strict=True))


class Tree(NamedTuple):
    """One tree, node by node: where to go on, or -1 and a value. Left where the value is not above."""

    left: tuple[int, ...]
    right: tuple[int, ...]
    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    value: tuple[float, ...]


class Forest(NamedTuple):
    """Boosted trees: a start, and each tree's value by the rate of learning."""

    start: float
    rate: float
    trees: tuple[Tree, ...]

    def raw(self, values: Sequence[float]) -> float:
        """The log-odds of one vector. Compared in single precision, in which it was fitted."""
        single = unpack(f"{len(values)}f", pack(f"{len(values)}f", *values))
        return self.start + self.rate * sum(_value(tree, single) for tree in self.trees)


Scorer = Linear | Forest


def _value(tree: Tree, values: Sequence[float]) -> float:
    node = 0
    while tree.left[node] >= 0:
        goes_left = values[tree.feature[node]] <= tree.threshold[node]
        node = tree.left[node] if goes_left else tree.right[node]
    return tree.value[node]


class UnknownModel(Exception):
    """This file holds no model of ours, or one of another version: train a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Everything that turns a lead into a probability, and what is known of its worth.

    `useful` says whether it beat the rules on cases it had not seen; others are to refuse it where it is not.
    """

    made_at: str
    horizon_days: int
    kind: Literal["logistic", "boosting"]
    readings: tuple[Reading, ...]
    scorer: Scorer
    calibrator: Calibrator
    usual: float
    useful: bool
    known_for: Mapping[str, Any]

    def raw(self, row: Mapping[str, str]) -> float:
        """The score before calibration."""
        return self.scorer.raw(vector(row, self.readings))

    def probability(self, row: Mapping[str, str]) -> float:
        """That a lead with these features has the outcome within the horizon."""
        return self.calibrator.probability(self.raw(row))

    def reasons(self, row: Mapping[str, str], most: int = 5) -> list[tuple[str, float]]:
        """What moved the score of one lead most, in log-odds; nothing for boosted trees."""
        if not isinstance(self.scorer, Linear):
            return []
        values = vector(row, self.readings)
        parts = [w * x for w, x in zip(self.scorer.weights, values, strict=True)]
        told = [
            (name, part) for name, part in zip(names(self.readings), parts, strict=True) if part
        ]
        return sorted(told, key=lambda one: -abs(one[1]))[:most]


def as_json(model: Model) -> dict[str, Any]:
    """The model's file."""
    return {
        "format": FORMAT,
        "made_at": model.made_at,
        "horizon_days": model.horizon_days,
        "kind": model.kind,
        "usual": model.usual,
        "useful": model.useful,
        "known_for": dict(model.known_for),
        "features": [
            {"reading": type(one).__name__.lower(), **one._asdict()} for one in model.readings
        ],
        "scorer": _scorer_json(model.scorer),
        "calibrator": {
            "kind": type(model.calibrator).__name__.lower(),
            **asdict(model.calibrator),
        },
    }


def _scorer_json(scorer: Scorer) -> dict[str, Any]:
    if isinstance(scorer, Linear):
        return scorer._asdict()
    return {**scorer._asdict(), "trees": [tree._asdict() for tree in scorer.trees]}


def from_json(found: Any) -> Model:
    """The inverse of `as_json`. Raises `UnknownModel`."""
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise UnknownModel(f"this is no model of format {FORMAT}: train a new one")
    try:
        return Model(
            made_at=found["made_at"],
            horizon_days=found["horizon_days"],
            kind=found["kind"],
            readings=tuple(_reading(one) for one in found["features"]),
            scorer=_scorer(found["scorer"]),
            calibrator=_calibrator(found["calibrator"]),
            usual=found["usual"],
            useful=found["useful"],
            known_for=found["known_for"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnknownModel(f"the model is damaged ({error!r}): train a new one") from error


def _reading(found: Mapping[str, Any]) -> Reading:
    if found["reading"] == "numbers":
        return Numbers(found["column"], found["mean"], found["scale"], found["logarithm"])
    return Words(found["column"], tuple(found["words"]))


def _scorer(found: Mapping[str, Any]) -> Scorer:
    if "weights" in found:
        return Linear(tuple(found["weights"]), found["intercept"])
    trees = [Tree(**{name: tuple(one[name]) for name in Tree._fields}) for one in found["trees"]]
    return Forest(found["start"], found["rate"], tuple(trees))


def _calibrator(found: Mapping[str, Any]) -> Calibrator:
    if found["kind"] == "platt":
        return Platt(found["a"], found["b"])
    return Isotonic(tuple(found["raw"]), tuple(found["rates"]))
