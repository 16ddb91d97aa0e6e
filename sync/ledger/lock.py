"""One walk at a time: a lease on the ledger that its owner renews, and that dies with its owner."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from sqlalchemy import bindparam, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from sync.ledger.room import LedgerError, Room, aware, slices, utc
from sync.ledger.tables import lease

# A lease is free this long after the last sign of life of an owner that cannot be asked.
LASTS = timedelta(seconds=120)
# Rows per statement, well below every database's limit of bound values.
HELD_AT_ONCE = 100


class LedgerBusy(LedgerError):
    """Another process writes through this ledger now. `pid`, `host` and `since` say which."""

    def __init__(self, pid: int, host: str, since: datetime) -> None:
        self.pid, self.host, self.since = pid, host, since
        super().__init__(
            f"another run is at work (process {pid} on {host.partition('/')[0]}, since "
            f"{since:%Y-%m-%d %H:%M:%S} UTC): wait for it to end, or stop it, then try again"
        )


class Leases(Room):
    """Leases by name."""

    def take_lease(
        self,
        name: str,
        owner: str,
        now: datetime,
        *,
        pid: int,
        host: str,
        lasts: timedelta = LASTS,
        is_alive: Callable[[int], bool],
    ) -> None:
        """Take a free lease. Raises `LedgerBusy` while somebody else's is alive.

        An owner on this `host` whose process is dead holds nothing; of others only time tells.
        """
        mine = {
            "owner": owner,
            "pid": pid,
            "host": host,
            "since": utc(now),
            "expires_at": utc(now + lasts),
        }
        with self._begin() as connection:
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            # Two that come at once: one inserts, the other one waits here and then sees its row.
            connection.execute(
                dialect.insert(lease).values(name=name, **mine).on_conflict_do_nothing()
            )
            held = connection.execute(
                select(lease).where(lease.c.name == name).with_for_update()
            ).one()
            ours = held.owner == owner
            dead = held.host == host and not is_alive(held.pid)
            if not ours and not dead and (aware(held.expires_at) or now) > now:
                raise LedgerBusy(held.pid, held.host, aware(held.since) or now)
            connection.execute(update(lease).where(lease.c.name == name).values(**mine))

    def renew_lease(
        self, name: str, owner: str, now: datetime, *, lasts: timedelta = LASTS
    ) -> bool:
        """Push the end of a lease out; False when it is somebody else's by now."""
        with self._begin_losable() as connection:
            renewed = connection.execute(
                update(lease)
                .where(lease.c.name == name, lease.c.owner == owner)
                .values(expires_at=utc(now + lasts))
            )
        return renewed.rowcount == 1

    def renew_many(
        self, held: Sequence[tuple[str, str]], now: datetime, *, lasts: timedelta = LASTS
    ) -> None:
        """Push out the end of these leases, each if it is still this owner's: (name, owner)."""
        if not held:
            return
        with self._begin_losable() as connection:
            connection.execute(
                update(lease)
                .where(
                    lease.c.name == bindparam("of_name"), lease.c.owner == bindparam("its_owner")
                )
                .values(expires_at=utc(now + lasts)),
                [{"of_name": name, "its_owner": owner} for name, owner in held],
            )

    def release_lease(self, name: str, owner: str) -> None:
        """Give a lease back, if it is still this owner's."""
        with self._begin_losable() as connection:
            connection.execute(delete(lease).where(lease.c.name == name, lease.c.owner == owner))

    def hold_many(
        self,
        names: Sequence[str],
        owner: str,
        now: datetime,
        *,
        pid: int,
        host: str,
        lasts: timedelta = LASTS,
    ) -> set[str]:
        """Take what is free of these leases; answers those that are this owner's now."""
        if not names:
            return set()
        mine = {"owner": owner, "pid": pid, "host": host, "since": utc(now)}
        rows = [{"name": n, **mine, "expires_at": utc(now + lasts)} for n in sorted(set(names))]
        held: set[str] = set()
        with self._begin_losable() as connection:
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            statement = dialect.insert(lease)
            new = statement.excluded
            for some in slices(rows, HELD_AT_ONCE):
                taken = statement.on_conflict_do_update(
                    index_elements=["name"],
                    set_={name: new[name] for name in (*mine, "expires_at")},
                    where=or_(lease.c.owner == new.owner, lease.c.expires_at < utc(now)),
                ).returning(lease.c.name)
                held |= set(connection.scalars(taken, some))
        return held

    def release_many(self, names: Collection[str], owner: str) -> None:
        """Give these leases back, those that are still this owner's."""
        with self._begin_losable() as connection:
            for some in slices(sorted(names)):
                connection.execute(
                    delete(lease).where(lease.c.name.in_(some), lease.c.owner == owner)
                )

    def release_dead(self, host: str, is_alive: Callable[[int], bool]) -> int:
        """Free what processes of this host held that have died since; answers how many leases."""
        with self._look() as connection:
            pids = connection.scalars(select(lease.c.pid).distinct().where(lease.c.host == host))
            dead = [pid for pid in pids if not is_alive(pid)]
        if not dead:
            return 0
        with self._begin() as connection:
            return connection.execute(
                delete(lease).where(lease.c.host == host, lease.c.pid.in_(dead))
            ).rowcount

    def lease_holder(self, name: str, now: datetime) -> LedgerBusy | None:
        """Who holds the lease, in the words of the refusal; None when it is free."""
        with self._look() as connection:
            held = connection.execute(
                select(lease).where(lease.c.name == name, lease.c.expires_at > utc(now))
            ).one_or_none()
        return None if held is None else LedgerBusy(held.pid, held.host, aware(held.since) or now)


class LedgerLock:
    """Holds the right to run a resync or an apply, as a context manager.

    Call `heartbeat` once per batch: it costs nothing until a third of the lease has passed, and it
    raises `LedgerBusy` where the lease was lost (this machine slept), before anything more is
    written.
    """

    def __init__(
        self,
        leases: Leases,
        clock: Callable[[], datetime],
        *,
        name: str = "walk",
        lasts: timedelta = LASTS,
        pid: int | None = None,
        host: str | None = None,
        is_alive: Callable[[int], bool] | None = None,
    ) -> None:
        self._leases, self._clock, self._name, self._lasts = leases, clock, name, lasts
        self._owner = uuid4().hex
        self._pid = os.getpid() if pid is None else pid
        self._host = this_host() if host is None else host
        self._is_alive = is_alive or process_is_alive
        self._renewed: datetime | None = None

    def __enter__(self) -> Self:
        now = self._clock()
        self._leases.take_lease(
            self._name,
            self._owner,
            now,
            pid=self._pid,
            host=self._host,
            lasts=self._lasts,
            is_alive=self._is_alive,
        )
        self._renewed = now
        return self

    def heartbeat(self) -> None:
        """Say that we are alive. Raises `LedgerBusy` where the lease is another's."""
        now = self._clock()
        if self._renewed is not None and now - self._renewed < self._lasts / 3:
            return
        if not self._leases.renew_lease(self._name, self._owner, now, lasts=self._lasts):
            raise self._leases.lease_holder(self._name, now) or LedgerBusy(0, "nobody", now)
        self._renewed = now

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A ledger that cannot be reached any more must not hide the error that ended the walk.
        with suppress(*([LedgerError] if error is not None else [])):
            self._leases.release_lease(self._name, self._owner)


def this_host() -> str:
    """The host's name, and the set of processes we can see on it (containers may share a name)."""
    space = Path("/proc/self/ns/pid")
    seen = f"/{space.readlink()}" if space.is_symlink() else ""
    return f"{socket.gethostname()}{seen}"


def process_is_alive(pid: int) -> bool:
    """Whether a process of this host exists, ours or another user's."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
