"""Writing rows: collections of 200, one outcome per row, in input order.

A row that somebody holds for a moment is sent again; a call that is refused as a whole is halved until
the faulty row stands alone; a row that a duplicate rule refused is sent once more by itself, since only
then the answer names the record that is in its way. REST guide, "sObject Collections" and "Composite".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from more_itertools import chunked

from connector.errors import ConnectorError, OutcomeUnknown, RecordLocked, Rejected, TryLater
from connector.http import Sleep
from connector.port import Outcome, Written
from connector.salesforce.gateway import Gateway
from connector.salesforce.wire import DUPLICATES, SYSTEM, checked_id, outcome_of, rejection, to18

WRITE_AT_ONCE = 200
# Subrequests of a composite call, which counts as one call.
SINGLES_AT_ONCE = 25
ROW_TRIES = 3

Row = Mapping[str, Any]
ASSIGN = "Sforce-Auto-Assign"


class Rows:
    """Writes rows to one org."""

    def __init__(self, gateway: Gateway, sleep: Sleep) -> None:
        self._gateway = gateway
        self._sleep = sleep

    def write(
        self, method: str, path: str, rows: Sequence[Row], assign: str = "FALSE"
    ) -> list[Outcome]:
        """Create, update or upsert: `path` is a collections resource. `assign`: see `auto_assign`."""
        outcomes: list[Outcome] = []
        for batch in chunked(rows, WRITE_AT_ONCE):
            found = self._batch(method, path, batch, assign)
            for attempt in range(1, ROW_TRIES):
                held = [i for i, outcome in enumerate(found) if _is_held(outcome)]
                if not held:
                    break
                self._sleep(float(attempt))
                again = self._batch(method, path, [batch[i] for i in held], assign)
                for position, outcome in zip(held, again, strict=True):
                    found[position] = outcome
            self._learn_matches(method, path, batch, found, assign)
            outcomes += found
        return outcomes

    def delete(self, ids: Sequence[str]) -> list[Outcome]:
        """Delete to the recycle bin; what is deleted already is no fault."""
        outcomes: list[Outcome] = []
        for batch in chunked(ids, WRITE_AT_ONCE):
            params = {"ids": ",".join(map(checked_id, batch)), "allOrNone": "false"}
            try:
                answer = self._gateway.call(
                    "DELETE", "composite/sobjects", params=params, write=True
                )
            except OutcomeUnknown as unknown:
                outcomes += [unknown] * len(batch)
                continue
            for record_id, outcome in zip(batch, _aligned(answer, len(batch)), strict=True):
                gone = isinstance(outcome, Rejected) and outcome.cause == "deleted"
                outcomes.append(Written(record_id) if gone else outcome)
        return outcomes

    def _batch(self, method: str, path: str, batch: Sequence[Row], assign: str) -> list[Outcome]:
        body = {"allOrNone": False, "records": list(batch)}
        try:
            answer = self._gateway.call(
                method, path, json=body, headers={ASSIGN: assign}, write=True
            )
        except OutcomeUnknown as unknown:
            return [unknown] * len(batch)
        except Rejected as refusal:
            # A fault of the whole call (an unknown field, say): find the rows that cause it.
            return self._one_by_one(method, path, batch, assign, refusal)
        return _aligned(answer, len(batch))

    def _one_by_one(
        self, method: str, path: str, batch: Sequence[Row], assign: str, refusal: Rejected
    ) -> list[Outcome]:
        """Halve the batch until each faulty row stands alone, so that the others are written."""
        if len(batch) == 1:
            return [refusal]
        middle = len(batch) // 2
        return [
            *self._batch(method, path, batch[:middle], assign),
            *self._batch(method, path, batch[middle:], assign),
        ]

    def _learn_matches(
        self, method: str, path: str, batch: Sequence[Row], found: list[Outcome], assign: str
    ) -> None:
        """Put the answers of single calls in the place of duplicates whose match was not told."""
        silent = [i for i, outcome in enumerate(found) if _is_silent_duplicate(outcome)]
        for places in chunked(silent, SINGLES_AT_ONCE):
            requests = [
                _single(self._gateway.base, method, path, batch[place])
                | {"referenceId": f"r{place}", "httpHeaders": {ASSIGN: assign}}
                for place in places
            ]
            body = {"allOrNone": False, "compositeRequest": requests}
            try:
                answer = self._gateway.call("POST", "composite", json=body, write=True)
            except OutcomeUnknown as unknown:
                found[:] = [unknown if i in places else one for i, one in enumerate(found)]
                continue
            except ConnectorError:
                # That it is a duplicate is known; of which record has to wait for the next time.
                return
            for one in (answer or {}).get("compositeResponse") or ():
                place = int(str(one.get("referenceId", "r-1"))[1:])
                if place in places:
                    found[place] = _outcome_of_single(one, batch[place])


def _single(base: str, method: str, path: str, row: Row) -> dict[str, Any]:
    """The single-record call that writes this row of a collection."""
    kind = row["attributes"]["type"]
    parts = path.split("/")
    own = {name: value for name, value in row.items() if name not in {"attributes", "id"}}
    place = f"{base}/sobjects/{kind}"
    if method == "POST":
        return {"method": "POST", "url": place, "body": own}
    if len(parts) > 2:  # composite/sobjects/Lead/HubSpot_Id__c: an upsert
        key = str(own.pop(parts[3]))
        return {"method": "PATCH", "url": f"{place}/{parts[3]}/{quote(key, safe='')}", "body": own}
    return {"method": "PATCH", "url": f"{place}/{checked_id(row['id'])}", "body": own}


def _outcome_of_single(answer: Mapping[str, Any], row: Row) -> Outcome:
    body = answer.get("body")
    if int(answer.get("httpStatusCode") or 500) >= 300:
        errors = body if isinstance(body, list) else [body]
        return rejection([one for one in errors if isinstance(one, Mapping)])
    told = body if isinstance(body, Mapping) else {}
    return Written(to18(str(told.get("id") or row["id"])), created=bool(told.get("created")))


def _aligned(answer: object, count: int) -> list[Outcome]:
    """One outcome per input, by position; what the answer lacks was not answered."""
    rows = answer if isinstance(answer, list) else []
    return [outcome_of(rows[i] if i < len(rows) else None) for i in range(count)]


def _is_held(outcome: Outcome) -> bool:
    """Somebody holds the row for a moment; an approval takes longer than we wait."""
    return isinstance(outcome, TryLater) and not isinstance(outcome, OutcomeUnknown | RecordLocked)


def _is_silent_duplicate(outcome: Outcome) -> bool:
    return (
        isinstance(outcome, Rejected)
        and outcome.existing_id is None
        and outcome.reason.startswith(DUPLICATES)
    )


def not_an_id(text: str) -> Rejected:
    """An input that names no record of Salesforce."""
    return Rejected(f"{text!r} is not a Salesforce id", system=SYSTEM, cause="not_found")
