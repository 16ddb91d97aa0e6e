"""What a sender of doorbells did with the events it was told: the numbers that receipts are held against."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Deliveries:
    """Counts events, not requests.

    `told`: that somebody had asked for. `lost`: never sent, on order. `doubled`: sent twice, on order.
    `delivered`: copies that were answered with yes. `refused`: copies in requests that were not, once
    for each try. `given_up`: copies that were tried often enough. Every event that is not lost has been
    delivered once and possibly more than once when nothing is under way any more and nothing was given
    up: ``told - lost + doubled == delivered``.
    """

    told: int = 0
    lost: int = 0
    doubled: int = 0
    delivered: int = 0
    refused: int = 0
    given_up: int = 0

    @property
    def events(self) -> int:
        """How many different events were to be delivered."""
        return self.told - self.lost

    def as_json(self) -> dict[str, int]:
        return asdict(self)
