"""What may bring back somebody who was put out: a yes that can be proved, or another way to reach them.

A yes counts as the register of consent says (`sync.registry`): later than any no, with its evidence. It is
about being contacted: whoever lets a website follow them has not asked for a call. Where data were called bad
the ledger of stages keeps a digest of each way to reach somebody, until they are erased; a correction is one
that was not among them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Final

from connector.port import System, Value, Values
from mappings.schema import Mapping as FieldMapping
from mappings.schema import OwnName
from sync.ledger import Ledger
from sync.reconcile import is_true
from sync.registry import Registry, consent_lines

# Properties of HubSpot, by the names that people go by who cannot be reached.
WAYS: Final = ("email", "phone", "mobilephone")
# Consent lines that are about being contacted.
CONTACT: Final = frozenset({"email", "phone"})
# National and international writings of a number end alike.
DIGITS: Final = 8


def opted_in_at(
    registry: Registry,
    mappings: Iterable[FieldMapping],
    places: Sequence[tuple[System, str, str]],
    held: Mapping[System, Values],
) -> datetime | None:
    """When somebody last said a yes to being contacted that stands; None: nobody can prove any.

    `places` are their records (system, object, id), `held` what the first one of each system holds right now.
    Raises what the systems raise that keep evidence.
    """
    found = list(_proofs(registry, mappings, places, held))
    return max(found, default=None)


def _proofs(
    registry: Registry,
    mappings: Iterable[FieldMapping],
    places: Sequence[tuple[System, str, str]],
    held: Mapping[System, Values],
) -> Iterator[datetime]:
    for mapping in mappings:
        known = {one[0]: one[2] for one in reversed(places) if one[1] in mapping.objects_of(one[0])}
        if not known:
            continue
        for position, line in enumerate(consent_lines(mapping)):
            if line.id not in CONTACT:
                continue
            out = frozenset(
                (system, record_id)
                for system, record_id in known.items()
                if is_true(held.get(system, {}).get(line.field(system)))
            )
            place = next(iter(known.items()))
            proof = registry.opted_in(mapping, position, place, out)
            if proof is not None and proof.at is not None:
                yield proof.at


def names_borne(
    ledger: Ledger, mappings: Iterable[FieldMapping], object_name: str, ids: Sequence[str]
) -> list[OwnName]:
    """The names that these people's records in Salesforce bear, as they were seen last."""
    place = (System.SALESFORCE, object_name)
    chosen = [mapping.name for mapping in mappings if place in mapping.own_names]
    return [name for one in chosen for name in ledger.names_borne(one, place[0], ids)]


def reached_by(held: Iterable[tuple[str, Value]]) -> tuple[str, ...]:
    """A digest of each way to reach somebody, out of HubSpot's names for them and what stands there."""
    found = ((name, _plain(name, str(value))) for name, value in held if value is not None)
    return tuple(sorted({_digest(*one) for one in found if one[1]}))


def is_corrected(before: Sequence[str], now: Iterable[str]) -> bool:
    """Whether there is a way to reach somebody that was not there before; unknown is no way."""
    return bool(before) and not set(now) <= set(before)


def _plain(name: str, value: str) -> str:
    if name == "email":
        return value.strip().casefold()
    return "".join(one for one in value if one.isdecimal())[-DIGITS:]


def _digest(name: str, plain: str) -> str:
    # A phone is the same one whichever of both properties it stands in.
    kind = "email" if name == "email" else "phone"
    return f"{kind}:{blake2b(f'{kind}:{plain}'.encode(), digest_size=8).hexdigest()}"
