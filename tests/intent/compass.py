"""A meaning that tests can read: a text points where its letters say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from intent.topics import Vector


class SpokenMeaning:
    """Vectors given by hand, for texts that hold a word; all others point nowhere in particular."""

    def __init__(self, directions: Mapping[str, Vector], name: str = "spoken") -> None:
        self.name = name
        self._directions = directions
        self.asked: list[str] = []

    def vectors(self, texts: Sequence[str]) -> Sequence[Vector]:
        self.asked += texts
        return [self._of(text) for text in texts]

    def _of(self, text: str) -> Vector:
        nowhere = [0.0] * len(next(iter(self._directions.values())))
        return next((v for word, v in self._directions.items() if word in text), nowhere)
