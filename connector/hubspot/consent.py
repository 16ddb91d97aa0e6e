"""Opting a contact out of e-mail: the one field that is written elsewhere than it is read.

``hs_email_optout`` is read-only in HubSpot; the preferences API sets it for an address. Consent is only
ever tightened here: anything but *true* is never sent. Reference sheet, section 14.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connector.errors import Rejected, SystemBlocked, TryLater
from connector.hubspot.batches import as_outcome
from connector.hubspot.gateway import Gateway
from connector.hubspot.names import CONTACTS, EMAIL, OPT_OUT, SYSTEM
from connector.hubspot.reading import Reader
from connector.hubspot.requests import Requests
from connector.port import Change, Value, Values


def is_opt_out(value: Value) -> bool:
    """Whether a value to write to the opt-out means *out*."""
    return value is True or (isinstance(value, str) and value.strip().casefold() == "true")


def wants_out(object_name: str, values: Values) -> bool:
    """Whether this write opts its contact out."""
    return object_name == CONTACTS and is_opt_out(values.get(OPT_OUT))


def without_consent(object_name: str, values: Values) -> dict[str, Value]:
    """The values that are properties to HubSpot."""
    hidden = OPT_OUT if object_name == CONTACTS else None
    return {name: value for name, value in values.items() if name != hidden}


def no_address() -> Rejected:
    """A contact without an e-mail address cannot be opted out: HubSpot keeps consent by address.

    Both fields are named, so that a caller who leaves the faulty ones out still writes the others.
    """
    return Rejected(
        "a contact without an e-mail address cannot be opted out of e-mail",
        system=SYSTEM,
        cause="required_blank",
        fields=(EMAIL, OPT_OUT),
    )


@dataclass(frozen=True, slots=True)
class OptOuts:
    """Sends opt-outs, one call per address: the batch form is for Enterprise accounts only."""

    gateway: Gateway
    requests: Requests
    reader: Reader

    def addresses(self, changes: Sequence[Change]) -> dict[str, str | None]:
        """Id -> the address that each contact will have after its change; absent: no such contact."""
        given = {c.id: _text(c.values[EMAIL]) for c in changes if EMAIL in c.values}
        unknown = [change.id for change in changes if change.id not in given]
        stored = self.reader.get_many(CONTACTS, unknown, [EMAIL]) if unknown else {}
        return given | {i: _text(record.values.get(EMAIL)) for i, record in stored.items()}

    def opt_out(self, addresses: Mapping[str, str]) -> dict[str, Rejected | TryLater]:
        """Opt out these addresses; answers the failures by the same keys. Safe to repeat."""
        failed: dict[str, Rejected | TryLater] = {}
        for key, address in addresses.items():
            try:
                self.gateway.send(self.requests.unsubscribe_all(address))
            except SystemBlocked as blocked:
                failed[key] = _refused(blocked)
            except (Rejected, TryLater) as error:
                failed[key] = error
        return failed


def _refused(blocked: SystemBlocked) -> Rejected | TryLater:
    """A missing scope concerns consent only, and is told with it; other blocks concern every call."""
    if blocked.cause == "permission":
        return Rejected(
            f"{blocked.message} {blocked.advice}",
            system=SYSTEM,
            cause="read_only",
            fields=(OPT_OUT,),
            request_id=blocked.request_id,
        )
    return as_outcome(blocked)


def _text(value: Value) -> str | None:
    return str(value).strip() or None if value is not None else None
