"""Where events, identities and scores are kept: rooms over SQLite and PostgreSQL, one contract."""

from intent.store.inbox import Inbox
from intent.store.judging import Judging
from intent.store.leaving import Leaving
from intent.store.people import People
from intent.store.reading import Reading
from intent.store.rebuilding import Rebuilding
from intent.store.settling import Settling
from intent.store.telling import Telling


class SqlIntentStore(Inbox, People, Reading, Telling, Rebuilding, Judging, Settling, Leaving):
    """All rooms of website intent over one database, the ledger's; it is open, its tables are up to date."""


__all__ = ["SqlIntentStore"]
