"""Who does not want to be followed or scored any more, and who says yes again, as a request tells it. Pure.

A wish forbids at once, whatever else stands in the same event, and needs no type and no time: the most
restrictive reading wins (domain sheet, section 5.2). A yes lifts an earlier no only with evidence: when the
person said so (`consent.given_at`), by what (`consent.source`), on which basis (`consent.basis`). An event
that is merely granted is none, since its sender may not have heard of the no. Only whoever is named can be
forgotten, or let in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from connector.consents import Statement
from intent import hygiene
from intent.intake import SKEW, is_a_no, moment_of, who_of
from intent.model import Dimension, Identity
from intent.telling import Refused

DIMENSIONS: Final[tuple[Dimension, ...]] = ("tracking", "profiling")
UNSUBSCRIBE: Final = "unsubscribe"
# Names of sentences: no evidence came; it is dated in the future; it did not lift the no.
Reason = Literal["forbidden", "ahead", "stands"]


class Wish(NamedTuple):
    """That somebody must not be followed (`tracking`) or scored (`profiling`) any more."""

    who: Identity
    about: tuple[Dimension, ...]


class Grant(NamedTuple):
    """That somebody allows it again, with the evidence."""

    who: Identity
    about: tuple[Dimension, ...]
    proof: Statement


def withdrawn_in(rows: Sequence[object]) -> Iterator[Wish]:
    """The wishes of one request, with the people as they were named."""
    for row in rows:
        if isinstance(row, Mapping) and (about := _forbidden(row)):
            who = _named(row)
            if not who.is_empty:
                yield Wish(who, about)


def granted_in(
    rows: Sequence[object], now: datetime, *, source: str = "", basis: str = ""
) -> Iterator[Grant]:
    """The evidence of one request. `source` and `basis` are those of senders that name none.

    What is dated in the future proves nothing yet.
    """
    for row in rows:
        proof = _yes(row, source, basis)
        if proof is None or not isinstance(row, Mapping) or is_ahead(proof, now):
            continue
        about = tuple(one for one in DIMENSIONS if _consent(row).get(one) == "granted")
        who = _named(row)
        if about and not who.is_empty:
            yield Grant(who, about, proof)


def reason_of(row: object, now: datetime, *, source: str = "", basis: str = "") -> Reason:
    """Why an event of somebody who had said no is refused, by the evidence that it brings itself."""
    proof = _yes(row, source, basis)
    if proof is None:
        return "forbidden"
    return "ahead" if is_ahead(proof, now) else "stands"


def is_ahead(proof: Statement, now: datetime) -> bool:
    """Whether evidence is dated in the future, by more than clocks differ."""
    return proof.at is not None and proof.at > now + SKEW


def _yes(row: object, source: str, basis: str) -> Statement | None:
    """The evidence that an event brings; None where it is none."""
    if not isinstance(row, Mapping) or _forbidden(row):
        return None
    said = _consent(row)
    proof = Statement(
        out=False,
        at=moment_of(said.get("given_at")),
        source=_text(said.get("source")) or source,
        basis=_text(said.get("basis")) or basis,
    )
    return proof if proof.is_evidence else None


def _forbidden(row: Mapping[Any, Any]) -> tuple[Dimension, ...]:
    said = _consent(row)
    about = tuple(one for one in DIMENSIONS if is_a_no(said.get(one)))
    return DIMENSIONS if row.get("type") == UNSUBSCRIBE else about


def _consent(row: Mapping[Any, Any]) -> Mapping[Any, Any]:
    found = row.get("consent")
    return found if isinstance(found, Mapping) else {}


def _text(told: object) -> str:
    return (hygiene.clean_text(told, 100) if isinstance(told, str) else None) or ""


def _named(row: Mapping[Any, Any]) -> Identity:
    """The person, by every name that can be read; one that cannot spoils none of the others."""
    found = Identity()
    for name in ("email", "hubspot_contact_id", "hubspotutk", "visitor"):
        try:
            found = found._replace(**{name: getattr(who_of({name: row.get(name)}, None), name)})
        except Refused:
            continue
    return found
