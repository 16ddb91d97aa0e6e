"""What HubSpot's answers tell of the request limits. Pure.

Other processes spend from the same budget, so these are hints of the moment. Searches carry no burst
headers, OAuth apps no daily ones. Reference sheet, section 5.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Calls allowed and left, per day and per `interval` seconds. None: never told so far."""

    daily: int | None = None
    daily_left: int | None = None
    burst: int | None = None
    burst_left: int | None = None
    interval: float | None = None

    def updated(self, headers: Mapping[str, str]) -> Limits:
        """With what the headers of one more answer say; the rest stays as it was."""
        milliseconds = _number(headers, "Interval-Milliseconds")
        return Limits(
            daily=_or(_number(headers, "Daily"), self.daily),
            daily_left=_or(_number(headers, "Daily-Remaining"), self.daily_left),
            burst=_or(_number(headers, "Max"), self.burst),
            burst_left=_or(_number(headers, "Remaining"), self.burst_left),
            interval=self.interval if milliseconds is None else milliseconds / 1000,
        )


def told(headers: Mapping[str, str]) -> dict[str, int]:
    """What one answer's headers say, under the names of `connector.toll.Toll.told`."""
    daily, left = _number(headers, "Daily"), _number(headers, "Daily-Remaining")
    numbers = {
        "daily_limit": daily,
        "daily_left": left,
        "burst_limit": _number(headers, "Max"),
        "burst_left": _number(headers, "Remaining"),
    }
    return {name: number for name, number in numbers.items() if number is not None}


def _number(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(f"X-HubSpot-RateLimit-{name}") or ""
    return int(text) if text.isdecimal() else None


def _or(told: int | None, known: int | None) -> int | None:
    return known if told is None else told
