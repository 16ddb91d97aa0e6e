"""Where stages, requests, clocks, letters and definitions are kept, on SQLite and PostgreSQL alike."""

from lifecycle.store.asking import Asking
from lifecycle.store.briefing import Briefing
from lifecycle.store.deciding import Deciding
from lifecycle.store.defining import Defining
from lifecycle.store.leaving import Leaving
from lifecycle.store.outbox import Outbox
from lifecycle.store.reading import Reading
from lifecycle.store.ringing import Ringing


class SqlLifecycleStore(Asking, Deciding, Briefing, Reading, Ringing, Defining, Leaving, Outbox):
    """All rooms of the lifecycle over one database, the ledger's; it is open, its tables are up to date."""


__all__ = ["SqlLifecycleStore"]
