"""Measure, and print what `docs/benchmarks.md` quotes.

::

    python -m bench [PAIRS]                     mapping speed, and compares over real HTTP
    python -m bench doors                       how many events the doors put on file
    python -m bench live [NAME...]              the live path over real processes, see `bench.live`
    python -m bench handover [SECONDS [RATE [WORKERS]]]
                                                verdicts by sellers, see `bench.live_handover`
    python -m bench intent [EVENTS [SHUFFLED]]  website events taken in and scored, see `bench.intent`
    python -m bench surge [ACCOUNTS]            how often a surge is a false alarm, and how often it is found
    python -m bench dry-run [PEOPLE]            two definitions over invented people, see `bench.dry_run`
    python -m bench topics                      how well pages are told apart
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench import doors, dry_run, intent, live, live_handover, mapping, resync, surge, topics

PAIRS = 100_000
EVENTS = 1_000_000


def main(words: list[str]) -> None:
    """One JSON document at the end; tables on standard error before it."""
    match words:
        case ["doors"]:
            found = doors.measure(_say)
        case ["live", *names]:
            found = live.measure(_say, tuple(names))
        case ["handover", *numbers]:
            found = live_handover.measure(_say, *map(float, numbers[:3]))
        case ["surge", *accounts]:
            found = surge.measure(_say, *map(int, accounts[:1]))
        case ["intent", *numbers]:
            events = [int(number) for number in numbers] or [EVENTS]
            found = intent.measure(_say, events[0], events[-1])
        case ["dry-run", *people]:
            found = dry_run.measure(_say, *map(int, people[:1]))
        case ["topics"]:
            found = topics.measure(_say)
        case _:
            found = _compares(int(words[0]) if words else PAIRS)
    print(json.dumps(found, indent=2))


def _compares(pairs: int) -> dict[str, Any]:
    """Mapping speed, then compares over real HTTP."""
    with tempfile.TemporaryDirectory() as folder:
        speed = mapping.measure(Path(folder))
    _say(f"mapping of 12 fields: {speed['records_per_second']:,.0f} records/s")
    with tempfile.TemporaryDirectory() as folder:
        found = resync.measure(Path(folder), pairs, _say)
    return {"mapping": speed, "resync": found}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
