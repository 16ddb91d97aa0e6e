"""The browser snippet as it is served: small, and with the names of the query parameters that may be sent."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import orjson
import rjsmin

FILE = Path(__file__).parent / "static" / "intent.js"
# Stands in the file where the names go.
BLANK = '["utm_*"]'


@lru_cache(8)
def snippet(kept: frozenset[str]) -> bytes:
    """The script, as UTF-8. `kept` are names of query parameters, a star at the end allowed."""
    short = str(rjsmin.jsmin(FILE.read_text("utf-8")))
    return short.replace(BLANK, orjson.dumps(sorted(kept)).decode(), 1).encode()
