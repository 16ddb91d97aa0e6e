"""What the ledger's suite arranges: sightings, pairs, writes and findings about invented people."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

from connector.port import System
from sync.ledger import Agreement, Ledger
from sync.model import (
    Conflict,
    FieldChange,
    JournalDraft,
    LineBaseline,
    Pair,
    Parked,
    Run,
    Sighting,
)
from sync.sighting import OWN_NAMES

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
PEOPLE = "people"
OBJECTS = {HUBSPOT: "contacts", SALESFORCE: "Contact"}


def digest(values: str) -> bytes:
    return sha256(values.encode()).digest()


def sight(
    record_id: str,
    values: str = "first",
    *,
    keys: tuple[str, ...] = (),
    names: tuple[str, ...] = (),
    addresses: tuple[str, ...] = (),
    consent: int = 0,
    in_scope: bool = True,
    external_key: str | None = None,
    frozen: bool = False,
) -> Sighting:
    return Sighting(
        record_id=record_id,
        digest=digest(values),
        in_scope=in_scope,
        external_key=external_key,
        match_keys=(*((0, key) for key in keys), *((OWN_NAMES, name) for name in names)),
        addresses=addresses,
        consent=consent,
        modified_at=NOW,
        payload=b'{"email":"ann@example.com"}',
        frozen=frozen,
    )


def begin(ledger: Ledger, kind: str = "resync") -> Run:
    return ledger.begin_run(kind, [PEOPLE], "test", NOW)


def see(ledger: Ledger, system: System, *seen: Sighting, run: Run | None = None) -> Run:
    """Put a page of one side on file, in a run of its own unless one is given."""
    run = run or begin(ledger)
    ledger.note_sightings(run.id, PEOPLE, system, OBJECTS[system], seen)
    return run


def unbound(left: str, right: str, object_name: str = "Contact") -> Pair:
    return Pair(
        id=0, mapping=PEOPLE, hubspot_id=left, salesforce_object=object_name, salesforce_id=right
    )


def agreement(
    pair_id: int,
    *,
    baseline: dict[str, LineBaseline] | None = None,
    left: str = "first",
    right: str = "first",
    clean: bool = True,
) -> Agreement:
    return Agreement(
        pair_id=pair_id,
        baseline=baseline or {},
        hubspot_digest=digest(left),
        salesforce_digest=digest(right),
        clean=clean,
    )


def paired(ledger: Ledger, left: str = "1", right: str = "003A", *, clean: bool = True) -> int:
    """A pair of two records that were seen; in line unless told otherwise."""
    see(ledger, HUBSPOT, sight(left))
    see(ledger, SALESFORCE, sight(right))
    pair_id = ledger.bind(unbound(left, right), NOW)
    ledger.agree([agreement(pair_id, clean=clean)], NOW)
    return pair_id


def states(ledger: Ledger, system: System) -> dict[str, int]:
    """States of one side that hold anybody."""
    ledger.refresh_states(PEOPLE)
    found: dict[str, int] = {}
    for counts in ledger.state_counts(PEOPLE)[system].values():
        for state, count in counts.items():
            if count:
                found[state] = found.get(state, 0) + count
    return found


def state_of(ledger: Ledger, system: System, record_id: str) -> tuple[str | None, str | None]:
    ledger.refresh_states(PEOPLE)
    seen = ledger.record(PEOPLE, system, record_id)
    assert seen is not None
    return seen.state, seen.reason


def draft(record_id: str | None = "003A", *, title: str = "CEO") -> JournalDraft:
    return JournalDraft(
        mapping=PEOPLE,
        system=SALESFORCE,
        object="Contact",
        record_id=record_id,
        partner_id="1",
        action="update" if record_id else "create",
        changes=(
            FieldChange(
                line="jobtitle", api_name="Title", before="CTO", after=title, rule="changed"
            ),
        ),
        meant={"jobtitle": LineBaseline("hash", title, title)},
        key=None if record_id else "1",
    )


def conflict(
    line: str = "jobtitle", *, winner: str | None = "salesforce", left: str = "CTO"
) -> Conflict:
    return Conflict(
        mapping=PEOPLE,
        line=line,
        kind="conflict" if winner else "open_difference",
        hubspot_object="contacts",
        hubspot_id="1",
        hubspot_value=left,
        salesforce_object="Contact",
        salesforce_id="003A",
        salesforce_value="CEO",
        policy="newest",
        winner=winner,
    )


def parked(
    record_id: str = "003A",
    line: str | None = None,
    *,
    cause: str = "ambiguous",
    fingerprint: str = "",
) -> Parked:
    return Parked(
        mapping=PEOPLE,
        system=SALESFORCE,
        object="Contact",
        record_id=record_id,
        line=line,
        cause=cause,
        advice="look at both",
        fingerprint=fingerprint,
    )
