"""SQLite does not wait for the disk here: no test cuts the power, and what is killed loses nothing by it.

What a process has committed is with the operating system, which outlives the process. What is promised of a
`kill -9` stays as it is asked; only a power cut would tell the difference, and waiting takes as long as work.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import event
from sqlalchemy.pool import Pool


def wait_for_no_disk() -> None:
    """From now on, for every SQLite database that this process opens."""
    event.listen(Pool, "checkout", _do_not_wait)


def _do_not_wait(connection: Any, _record: Any, _proxy: Any) -> None:
    # At each checkout: the ledger's own setting is made after those that all connections share.
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=OFF")
