"""Opting a contact out of e-mail, and in again: the one field that is written elsewhere than it is read.

``hs_email_optout`` is read-only in HubSpot; the preferences API sets it for an address. An ordinary write
only ever tightens: anything but *true* is never sent. Who is let in again is let in with evidence
(`Preferences`). Reference sheet, section 14.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connector.consents import Flags, OptIn, Statement
from connector.errors import Rejected, SystemBlocked, TryLater
from connector.hubspot.batches import as_outcome
from connector.hubspot.gateway import Gateway
from connector.hubspot.names import CONTACTS, EMAIL, OPT_OUT, SYSTEM
from connector.hubspot.reading import Reader
from connector.hubspot.requests import Requests
from connector.hubspot.wire import Json, moment, results
from connector.port import Change, Outcome, Value, Values, Written


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


@dataclass(frozen=True, slots=True)
class Preferences:
    """What HubSpot has on file about consent to e-mail, address by address; see `connector.consents`.

    Two calls for each address: the batch form is for Enterprise accounts only. `flags` writes what is a
    plain property.
    """

    gateway: Gateway
    requests: Requests
    reader: Reader
    flags: Flags

    def statements(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, dict[str, list[Statement]]]:
        """What the contacts' addresses said, in HubSpot's own times."""
        if object_name != CONTACTS or OPT_OUT not in fields:
            return {}
        return {
            record_id: {OPT_OUT: list(self._said(address))}
            for record_id, address in self._addresses(ids).items()
            if address is not None
        }

    def _addresses(self, ids: Sequence[str]) -> dict[str, str | None]:
        stored = self.reader.get_many(CONTACTS, ids, [EMAIL])
        return {i: _text(record.values.get(EMAIL)) for i, record in stored.items()}

    def _said(self, address: str) -> Iterator[Statement]:
        for build in (self.requests.wide_preference, self.requests.preferences):
            try:
                answer = self.gateway.send(build(address))
            except Rejected:
                continue  # it knows nothing of this address
            for raw in results(answer.json):
                if (said := statement_of(raw)) is not None:
                    yield said

    def let_in(self, object_name: str, opt_ins: Sequence[OptIn]) -> list[Outcome]:
        """Subscribe the contacts' addresses again, with basis and explanation.

        HubSpot has no call that only lifts the opt-out from everything; subscribing to one type does, and
        leaves the other types as they are. So exactly one is subscribed to: the one that the evidence
        names as its source, else the first that mails may be sent for. Every other flag is a property.
        """
        to_mail = [one for one in opt_ins if object_name == CONTACTS and one.field == OPT_OUT]
        plain = [one for one in opt_ins if one not in to_mail]
        outcomes = dict(zip(plain, self.flags.let_in(object_name, plain), strict=True))
        addresses = self._addresses([one.record_id for one in to_mail])
        types = self._types() if to_mail else []
        for one in to_mail:
            outcomes[one] = self._let_in(one, addresses.get(one.record_id), types)
        return [outcomes[one] for one in opt_ins]

    def _types(self) -> list[Json]:
        """The subscription types that people may choose."""
        told = self.gateway.send(self.requests.subscription_types()).json
        return [one for one in results(told) if one.get("isActive") and not one.get("isInternal")]

    def _let_in(self, one: OptIn, address: str | None, types: Sequence[Json]) -> Outcome:
        chosen = next((t for t in types if t.get("name") == one.statement.source), None)
        chosen = chosen or next(iter(types), None)
        if address is None or chosen is None:
            return no_address() if address is None else _no_preference(one)
        basis, why = basis_of(one.statement), explanation_of(one.statement)
        try:
            answer = self.gateway.send(
                self.requests.subscribe(address, int(chosen["id"]), basis, why)
            )
        except SystemBlocked as blocked:
            return _refused(blocked)
        except (Rejected, TryLater) as error:
            return error
        return Written(one.record_id, request_id=answer.request_id)


OURS = "Carried over by Kakehashi"
"""How our own explanations begin: what we wrote is an echo, and proves nothing."""
BASES = frozenset(
    {
        "LEGITIMATE_INTEREST_PQL",
        "LEGITIMATE_INTEREST_CLIENT",
        "PERFORMANCE_OF_CONTRACT",
        "CONSENT_WITH_NOTICE",
        "NON_GDPR",
        "PROCESS_AND_STORE",
        "LEGITIMATE_INTEREST_OTHER",
    }
)
"""The legal bases that HubSpot knows. Reference sheet, section 14."""


def statement_of(raw: Json) -> Statement | None:
    """One status as HubSpot tells it; None for what says nothing, or what we said ourselves."""
    status, at = raw.get("status"), moment(raw.get("timestamp"))
    if status == "UNSUBSCRIBED" and raw.get("wideStatusType"):
        return Statement(out=True, at=at)
    explanation = str(raw.get("legalBasisExplanation") or "")
    if status != "SUBSCRIBED" or explanation.startswith(OURS):
        return None
    return Statement(out=False, at=at, source=raw.get("source"), basis=raw.get("legalBasis"))


def basis_of(statement: Statement) -> str:
    """The legal basis in HubSpot's words; what it has no word for is consent that was given."""
    return statement.basis if statement.basis in BASES else "CONSENT_WITH_NOTICE"


def explanation_of(statement: Statement) -> str:
    """The evidence as HubSpot keeps it."""
    at = statement.at.isoformat() if statement.at else "unknown"
    return f"{OURS}: opted in at {at}, source {statement.source}, basis {statement.basis}"


def _no_preference(one: OptIn) -> Rejected:
    return Rejected(
        "HubSpot keeps no preference that this could be written to",
        system=SYSTEM,
        cause="read_only",
        fields=(one.field,),
    )
