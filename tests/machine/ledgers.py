"""Ledgers whose tables are up to date before they are opened: copies of one that was opened once.

All migrations run once in a process, by `Ledger.open` itself, and the file that they made is copied. What
the migrations of an empty database promise is asked where they run: in `tests.contract.ledger_suite`.
"""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sync.ledger import Ledger


def begin_ledger(file: Path) -> None:
    """Put an empty ledger there, unless there is one."""
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    for rest in ("-wal", "-shm"):
        # What a file that was taken away left behind would be read into the new one.
        file.with_name(file.name + rest).unlink(missing_ok=True)
    shutil.copyfile(Path(_first().name) / "ledger.db", file)


@cache
def _first() -> TemporaryDirectory[str]:
    """The folder of the ledger that is copied; it goes when the process ends."""
    folder = TemporaryDirectory(prefix="ledger", ignore_cleanup_errors=True)
    Ledger.open(f"sqlite:///{folder.name}/ledger.db").close_all()
    return folder
