"""Fitting: the one room that needs the extra `learning` (scikit-learn). What it fits is plain values.

No case is weighed more than another: that would spoil the probabilities (domain sheet 3.11).
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from intent.learning.model import Forest, Linear, Tree

TREES, DEPTH, RATE, SHARE, LEAF = 150, 3, 0.1, 0.7, 20
ITERATIONS = 2_000


class InstallLearning(Exception):
    """The extra `learning` is not installed; without it nothing can be learnt."""

    def __init__(self) -> None:
        super().__init__(
            "learning from outcomes needs the extra `learning`: pip install 'kakehashi[learning]'. "
            "A model that is on file scores without it"
        )


def need_extra() -> None:
    """Raises `InstallLearning` where the extra is not there."""
    if find_spec("sklearn") is None:
        raise InstallLearning


def fit_logistic(vectors: Sequence[Sequence[float]], labels: Sequence[bool]) -> Linear:
    """Logistic regression with a light ridge."""
    need_extra()
    fitted: Any = import_module("sklearn.linear_model").LogisticRegression(max_iter=ITERATIONS)
    fitted.fit(vectors, labels)
    return Linear(tuple(fitted.coef_[0].tolist()), float(fitted.intercept_[0]))


def fit_boosting(vectors: Sequence[Sequence[float]], labels: Sequence[bool], seed: int) -> Forest:
    """Small boosted trees; the same seed gives the same trees."""
    need_extra()
    fitted: Any = import_module("sklearn.ensemble").GradientBoostingClassifier(
        n_estimators=TREES,
        max_depth=DEPTH,
        learning_rate=RATE,
        subsample=SHARE,
        min_samples_leaf=LEAF,
        random_state=seed,
    )
    fitted.fit(vectors, labels)
    trees = tuple(_tree(one.tree_) for one in fitted.estimators_[:, 0])
    zero = [0.0] * len(vectors[0])
    start = float(fitted.decision_function([zero])[0]) - Forest(0.0, RATE, trees).raw(zero)
    return Forest(start, RATE, trees)


def _tree(found: Any) -> Tree:
    return Tree(
        tuple(found.children_left.tolist()),
        tuple(found.children_right.tolist()),
        tuple(found.feature.tolist()),
        tuple(found.threshold.tolist()),
        tuple(found.value[:, 0, 0].tolist()),
    )
