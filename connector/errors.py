"""What can go wrong while talking to a system, named after what the caller does next.

::

    ConnectorError
    |-- TryLater          nothing was done; ask again after `after` seconds
    |   |-- RecordLocked    this one record is locked (approval process); others go on
    |   `-- OutcomeUnknown  a write was sent and no answer came back: it may have landed
    |-- Rejected          this one record was refused; park it with cause, fields and advice
    `-- SystemBlocked     the whole system refuses us; stop writing to it and tell a person

The same objects serve as *values*: a batch verb answers one outcome per input, and an input that
failed is answered by its `Rejected` or `TryLater` instead of raising it. Messages never hold the
values of a record, since they end up in logs; `Rejected.reason` may quote the vendor and is shown
to admins only.
"""

from __future__ import annotations

from typing import Literal

RejectionCause = Literal[
    "invalid_email",
    "invalid_value",
    "too_long",
    "unknown_option",
    "required_blank",
    "duplicate",
    "read_only",
    "no_such_field",
    "not_found",
    "deleted",
    "converted",
    "validation_rule",
    "bad_reference",
    "not_answered",
    "other",
]

BlockedCause = Literal[
    "credentials", "permission", "quota", "unreachable", "not_an_api", "wrong_account"
]


class ConnectorError(Exception):
    """Base of all. `system` is `hubspot` or `salesforce`; `request_id` the vendor's, if any."""

    def __init__(self, message: str, *, system: str, request_id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.system = system
        self.request_id = request_id


class TryLater(ConnectorError):
    """A passing fault: busy, rate limited, row locked. Nothing was written.

    `after` is in seconds, the server's own wish where it named one.
    """

    def __init__(
        self, message: str, *, system: str, after: float = 1.0, request_id: str | None = None
    ) -> None:
        super().__init__(message, system=system, request_id=request_id)
        self.after = after


class RecordLocked(TryLater):
    """One record takes no writes now (an approval is under way, somebody holds its row): it waits."""


class OutcomeUnknown(TryLater):
    """A write was sent and its answer never came (time-out, reset): it may land yet."""


class Rejected(ConnectorError):
    """One record was refused for good. `fields` are the vendor names at fault, where known.

    `existing_id` names the record that is in the way of a `duplicate`, where the vendor says so.
    """

    def __init__(
        self,
        reason: str,
        *,
        system: str,
        cause: RejectionCause = "other",
        fields: tuple[str, ...] = (),
        existing_id: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(reason, system=system, request_id=request_id)
        self.reason = reason
        self.cause: RejectionCause = cause
        self.fields = fields
        self.existing_id = existing_id


class SystemBlocked(ConnectorError):
    """The system as a whole refuses us. `advice` says what a person can do about it.

    `until` (seconds from now) is set where the block lifts by itself, as with a daily quota.
    """

    def __init__(
        self,
        message: str,
        *,
        system: str,
        cause: BlockedCause,
        advice: str,
        until: float | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message, system=system, request_id=request_id)
        self.cause: BlockedCause = cause
        self.advice = advice
        self.until = until
