"""Which events came in lately, so that exact repeats cost no work. A memory of this process only.

Forgetting is harmless: a repeat that is not known as one raises its record's number once more.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable

from connector.port import Notice


class Lately:
    """The identities of the last events, `most` of them. All methods may be called from any thread."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def news(self, notices: Iterable[Notice]) -> list[Notice]:
        """Those that are no repeats, of what is known or of each other. Nothing is entered yet."""
        fresh: list[Notice] = []
        met: set[str] = set()
        with self._lock:
            for notice in notices:
                identity = notice.identity
                if identity is None:
                    fresh.append(notice)
                elif identity in self._known:
                    self._known.move_to_end(identity)
                elif identity not in met:
                    met.add(identity)
                    fresh.append(notice)
        return fresh

    def enter(self, notices: Iterable[Notice]) -> None:
        """These are on file now. The eldest make room."""
        with self._lock:
            for notice in notices:
                if notice.identity is not None:
                    self._known[notice.identity] = None
                    self._known.move_to_end(notice.identity)
            while len(self._known) > self._most:
                self._known.popitem(last=False)
