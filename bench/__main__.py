"""``python -m bench [PAIRS]``: measure, and print what `docs/benchmarks.md` quotes."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from bench import mapping, resync

PAIRS = 100_000


def main() -> None:
    """Mapping speed, then compares over real HTTP; one JSON document at the end."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    with tempfile.TemporaryDirectory() as folder:
        speed = mapping.measure(Path(folder))
    print(f"mapping of 12 fields: {speed['records_per_second']:,.0f} records/s", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        found = resync.measure(Path(folder), pairs, lambda text: print(text, file=sys.stderr))
    print(json.dumps({"mapping": speed, "resync": found}, indent=2))


if __name__ == "__main__":
    main()
