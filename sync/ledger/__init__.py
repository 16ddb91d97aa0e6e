"""The ledger: what really is, on one road to SQLite and PostgreSQL.

It knows who is paired, what both sides held at the last agreement, which writes were meant and which
landed, what people still have to look at. Losing it costs work, not data: pairs are found again by
their external keys, and blanks are filled by `first_pairing`.
"""

from sync.ledger.bells import Bell, Handover, Later
from sync.ledger.claims import ClaimedRow, KeyMatch
from sync.ledger.consents import PersonRecord
from sync.ledger.erasures import IN_FLIGHT, Carrier, Erasure
from sync.ledger.findings import ConflictRow, ParkedRow
from sync.ledger.forgotten import RecordNames
from sync.ledger.lock import LedgerBusy, LedgerLock
from sync.ledger.moves import Twins
from sync.ledger.opening import Ledger
from sync.ledger.pairs import Agreement
from sync.ledger.plans import NoSuchPlan, StoredPlan
from sync.ledger.ringing import Ring
from sync.ledger.room import AlreadyBound, LedgerError, LedgerUnavailable, WrongLedger
from sync.ledger.scopes import Known
from sync.ledger.sightings import Missing, SeenRecord
from sync.ledger.spreading import ConsentDue
from sync.ledger.troubles import Trouble
from sync.ledger.waiters import Missed

__all__ = [
    "IN_FLIGHT",
    "Agreement",
    "AlreadyBound",
    "Bell",
    "Carrier",
    "ClaimedRow",
    "ConflictRow",
    "ConsentDue",
    "Erasure",
    "Handover",
    "KeyMatch",
    "Known",
    "Later",
    "Ledger",
    "LedgerBusy",
    "LedgerError",
    "LedgerLock",
    "LedgerUnavailable",
    "Missed",
    "Missing",
    "NoSuchPlan",
    "ParkedRow",
    "PersonRecord",
    "RecordNames",
    "Ring",
    "SeenRecord",
    "StoredPlan",
    "Trouble",
    "Twins",
    "WrongLedger",
]
