"""One worker at a time per pair, and one at a time where records are paired or born.

Holds are leases in the ledger: they end with their holder's work, and soon after its death. While
somebody holds a pair, others leave it quietly: its holder reads it fresh, and bells that ring
meanwhile stay due.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from sync.ledger import Ledger, LedgerBusy
from sync.ledger.lock import process_is_alive, this_host

# Seconds between two looks whether the nursery is free.
KNOCK = 0.05


@dataclass(frozen=True, slots=True)
class Holder:
    """One process's right to hold pairs. `name` stands in the ledger while it does."""

    ledger: Ledger
    clock: Callable[[], datetime]
    sleep: Callable[[float], None] = time.sleep
    pid: int = field(default_factory=os.getpid)
    host: str = field(default_factory=this_host)
    token: str = field(default_factory=lambda: uuid4().hex)
    # The leases that this process knows it holds, by name, with the owner that stands there.
    _held: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.host}#{self.pid}#{self.token}"

    def hold_pairs(self, ids: Collection[int]) -> set[int]:
        """Hold what is free of these pairs; answers those that are held now."""
        names = {pair_lease(i): i for i in ids}
        held = self.ledger.hold_many(
            list(names), self.name, self.clock(), pid=self.pid, host=self.host
        )
        self._held.update(dict.fromkeys(held, self.name))
        return {names[name] for name in held}

    def let_go(self, ids: Collection[int]) -> None:
        """Give pairs back. What the ledger does not hear of now, it forgets by itself."""
        names = [pair_lease(i) for i in ids]
        for name in names:
            self._held.pop(name, None)
        if names:
            self.ledger.release_many(names, self.name)

    @contextmanager
    def nursery(self, mapping: str, patience: float = 30.0) -> Iterator[None]:
        """The one place where records of a mapping are paired and born; may be entered twice.

        Waits `patience` seconds for it. Raises `LedgerBusy` when somebody is in there still.
        """
        name = f"nursery:{mapping}"
        if name in self._held:
            yield
            return
        waited = 0.0
        with ExitStack() as stack:
            while True:
                try:
                    stack.enter_context(self.lease(name))
                    break
                except LedgerBusy:
                    if waited >= patience:
                        raise
                    self.sleep(KNOCK)
                    waited += KNOCK
            yield

    @contextmanager
    def lease(self, name: str) -> Iterator[None]:
        """Hold a lease of this name, kept alive by `still_alive`. Raises `LedgerBusy`.

        Each time it is another owner, so that two threads never hold the same one.
        """
        owner = f"{self.name}#{uuid4().hex[:8]}"
        self.ledger.take_lease(
            name,
            owner,
            self.clock(),
            pid=self.pid,
            host=self.host,
            is_alive=process_is_alive,
        )
        self._held[name] = owner
        try:
            yield
        finally:
            self._held.pop(name, None)
            self.ledger.release_lease(name, owner)

    def still_alive(self, *, at_work: bool = True) -> None:
        """Keep what this process knows it holds and has taken, however long its work takes.

        What it let go of while the ledger was away is not kept: that comes free when its time is up.
        """
        now = self.clock()
        self.ledger.renew_many(list(self._held.items()), now)
        if at_work:
            self.ledger.keep_bells(self.name, now)

    def bury_the_dead(self) -> int:
        """Free what workers of this host held and had taken that have died; answers how much."""
        freed = self.ledger.release_dead(self.host, process_is_alive)
        dead = [name for name in self.ledger.bell_owners() if self._is_dead(name)]
        return freed + (self.ledger.free_bells(dead) if dead else 0)

    def _is_dead(self, name: str) -> bool:
        host, _, rest = name.rpartition("#")[0].rpartition("#")
        with suppress(ValueError):
            return host == self.host and not process_is_alive(int(rest))
        return False


def pair_lease(pair_id: int) -> str:
    """The lease's name."""
    return f"pair:{pair_id}"
