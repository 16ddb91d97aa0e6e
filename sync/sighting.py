"""Turns a listed record into a `Sighting`: what the ledger needs to see whether work is due. Pure.

One `Lookout` is made per mapping and object and called for every record of a listing, so it does no
more than it must: the digest covers all mapped values and the mapping's own hash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import blake2b

import orjson

from connector.consents import Statement
from connector.port import Record, System, Values
from mappings.schema import ConsentLine, Context, Mapping
from sync.model import Said, Sighting
from sync.reconcile import is_true
from sync.standing import SKEW

# Under this number stand, beside the keys of the match rules, the names by which our own values of a record
# are found: whoever has news of a person or an account rings their records by them.
OWN_NAMES = -1


class Glance:
    """A record as it passes by: its digest now, the rest when somebody asks (`model.Glanced`)."""

    __slots__ = ("_context", "_lookout", "_payload", "_record", "digest", "record_id")

    def __init__(self, lookout: Lookout, record: Record, context: Context) -> None:
        self.record_id = record.id
        self._payload = lookout.payload(record.values)
        self.digest = lookout.digest_of(self._payload)
        self._lookout, self._record, self._context = lookout, record, context

    def whole(self) -> Sighting:
        """Everything that a listing notices of the record."""
        return self._lookout.notice(self._record, self._payload, self.digest, self._context)


class Lookout:
    """Notices records of one object for one mapping."""

    def __init__(self, mapping: Mapping, system: System, object_name: str) -> None:
        self._mapping = mapping
        self._system = system
        self._object = object_name
        self._fields = mapping.fields[system, object_name]
        self._seed = f"{mapping.hash}:{object_name}".encode()
        # What carries no key names nobody: its partner names it.
        self._key_field = mapping.keys.get(system)
        self._only = mapping.only.get(system)
        self._address = mapping.address.get((system, object_name))
        self._names = mapping.own_names.get((system, object_name))
        lines = next(iter(mapping.objects.values())) if system is System.HUBSPOT else None
        lines = lines or mapping.objects[object_name]
        self._consent = lines.consent
        self._rules = tuple(self._key_readers())
        self._native = tuple(
            (number, rule) for number, rule in enumerate(mapping.match) if rule.native
        )

    def _key_readers(self) -> Iterator[tuple[int, Callable[[Values], tuple[str, ...]]]]:
        for number, rule in enumerate(self._mapping.match):
            if rule.native:
                continue
            if self._system is System.HUBSPOT:
                yield number, rule.hubspot_key
            elif self._object in rule.salesforce_key:
                yield number, rule.salesforce_key[self._object]

    def digest(self, values: Values) -> bytes:
        """A fingerprint of the mapped values under this mapping's wording."""
        return self.digest_of(self.payload(values))

    def payload(self, values: Values) -> bytes:
        """The JSON of the mapped values that were returned."""
        get = values.get
        return orjson.dumps({name: get(name) for name in self._fields if name in values})

    def digest_of(self, payload: bytes) -> bytes:
        """The fingerprint of that JSON under this mapping's wording."""
        return blake2b(payload, digest_size=16, key=self._seed[:64]).digest()

    def glance(self, record: Record, context: Context) -> Glance:
        """A first look, cheap enough for every record of a listing."""
        return Glance(self, record, context)

    def sight(self, record: Record, context: Context) -> Sighting:
        """What the ledger is told about this record."""
        return self.glance(record, context).whole()

    def notice(self, record: Record, payload: bytes, digest: bytes, context: Context) -> Sighting:
        """The whole of a look whose digest is known."""
        values = record.values
        converted = is_true(values.get("IsConverted"))
        key = None if self._key_field is None else values.get(self._key_field)
        return Sighting(
            record_id=record.id,
            digest=digest,
            in_scope=not converted and (self._only is None or self._only(values, context)),
            external_key=None if key is None else str(key),
            match_keys=(*(() if converted else self._match_keys(record)), *self._own_names(record)),
            addresses=() if self._address is None else self._address(values),
            consent=self._opted_out(values),
            modified_at=record.modified_at,
            payload=payload,
            frozen=converted,
            said=tuple(self._said(record)) if self._consent else (),
        )

    def _opted_out(self, values: Values) -> int:
        bits = 0
        for position, line in enumerate(self._consent):
            if is_true(values.get(line.field(self._system))):
                bits |= 1 << position
        return bits

    def _said(self, record: Record) -> Iterator[Said]:
        """Opt-outs, and opt-ins with evidence. An opt-out is at most as old as the record's last change;
        so is evidence: what names a later time cannot be so yet, and must not hide what is proved by then.
        """
        for position, line in enumerate(self._consent):
            if is_true(record.values.get(line.field(self._system))):
                yield Said(position, line.id, Statement(out=True, at=record.modified_at))
                continue
            proof = proof_of(line, self._system, record.values)
            if proof is not None and not _is_ahead(proof, record.modified_at):
                yield Said(position, line.id, proof)

    def _match_keys(self, record: Record) -> tuple[tuple[int, str], ...]:
        found: list[tuple[int, str]] = []
        for number, key_of in self._rules:
            ignored = self._mapping.match_ignore
            found += [(number, key) for key in key_of(record.values) if not ignored(key)]
        for number, rule in self._native:
            # The ids that HubSpot's own Salesforce app left name the other record directly.
            if self._system is System.HUBSPOT:
                found += [(number, key) for key in rule.hubspot_key(record.values)]
            else:
                found.append((number, record.id))
        return tuple(found)

    def _own_names(self, record: Record) -> Iterator[tuple[int, str]]:
        """A converted Lead is frozen: its Contact carries our values on."""
        if self._names is not None and not is_true(record.values.get("IsConverted")):
            yield from ((OWN_NAMES, str(name)) for name in self._names(record.id, record.values))


def _is_ahead(proof: Statement, modified_at: datetime | None) -> bool:
    """Whether evidence is dated later than the record in which it was entered was last touched."""
    if proof.at is None or modified_at is None:
        return False
    return proof.at > modified_at + SKEW


def proof_of(line: ConsentLine, system: System, values: Values) -> Statement | None:
    """The opt-in that a record proves in the fields named as evidence; None where one of them is blank or
    not named: time, source and basis, or it is no proof.
    """
    names = (line.evidence or {}).get(system)
    if names is None:
        return None
    at, source, basis = (
        str(values.get(names.get(part, "")) or "").strip() for part in ("at", "source", "basis")
    )
    proof = Statement(out=False, at=moment_of(at), source=source, basis=basis)
    return proof if proof.is_evidence else None


def moment_of(text: str) -> datetime | None:
    """A vendor's time: ISO 8601 with a zone, or milliseconds since 1970. A bare date is its first moment,
    so that an opt-out of the same day stands.

    Without a zone it is taken for UTC. None for what is no time.
    """
    try:
        if text.isdecimal():
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
