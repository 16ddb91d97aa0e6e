"""Merging and erasing: what only the SOAP API does. Reference sheet, section 2.10."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from more_itertools import chunked

from connector.errors import OutcomeUnknown, Rejected, TryLater
from connector.port import Fate, Outcome, Written
from connector.salesforce.fates import MERGEABLE
from connector.salesforce.gateway import Gateway
from connector.salesforce.rows import Rows, not_an_id
from connector.salesforce.soap import Result, leaf, node
from connector.salesforce.wire import SYSTEM, is_id, rejection, to18

# A merge takes three records, the master among them; emptyRecycleBin 200 ids.
LOSERS_AT_ONCE = 2
ERASED_AT_ONCE = 200
# How many merges of survivors are followed before we call it a circle.
LONGEST_CHAIN = 20

AskFates = Callable[[Sequence[str]], Mapping[str, Fate]]


def merge(
    gateway: Gateway, ask: AskFates, object_name: str, winner: str, losers: Sequence[str]
) -> Outcome:
    """Merge the losers into the winner, which keeps its own values. Repeating what landed succeeds.

    ValueError when a record is to be merged with itself.
    """
    if winner in losers:
        raise ValueError("a record is merged with others, and never with itself")
    if object_name not in MERGEABLE:
        return Rejected(
            f"Salesforce merges Leads, Contacts and Accounts, and no {object_name}: merge by hand what "
            "belongs together",
            system=SYSTEM,
        )
    strange = [one for one in (winner, *losers) if not is_id(one)]
    if strange:
        return not_an_id(strange[0])
    master = to18(winner)
    waiting = [one for one in dict.fromkeys(map(to18, losers)) if one != master]
    for batch in chunked(waiting, LOSERS_AT_ONCE):
        failed = _merge_some(gateway, object_name, master, batch)
        if isinstance(failed, Rejected):
            failed = _but_for_landed(gateway, ask, object_name, master, batch, failed)
        if failed is not None:
            return failed
    return Written(master)


def _merge_some(
    gateway: Gateway, object_name: str, master: str, losers: Sequence[str]
) -> Rejected | TryLater | None:
    operation = node(
        "merge",
        node(
            "request",
            node(
                "masterRecord",
                leaf("type", object_name, "obj"),
                leaf("Id", master, "obj"),
            ),
            *(leaf("recordToMergeIds", one) for one in losers),
        ),
    )
    try:
        results = gateway.soap(operation)
    except (OutcomeUnknown, Rejected) as failed:
        return failed
    return failure_of(results[0] if results else None)


def _but_for_landed(
    gateway: Gateway,
    ask: AskFates,
    object_name: str,
    master: str,
    losers: Sequence[str],
    failed: Rejected,
) -> Rejected | TryLater | None:
    """Losers that an earlier call has merged already are no fault: the others are tried again."""
    rest = [one for one in losers if not _ends_in(ask, one, master)]
    if not rest:
        return None
    if len(rest) == len(losers):
        return failed
    return _merge_some(gateway, object_name, master, rest)


def _ends_in(ask: AskFates, loser: str, master: str) -> bool:
    """Whether the loser is in the master now, over however many survivors."""
    at = loser
    for _ in range(LONGEST_CHAIN):
        fate = ask([at])[at]
        if fate.kind != "merged" or fate.into is None:
            return False
        if fate.into == master:
            return True
        at = fate.into
    return False


def erase(gateway: Gateway, rows: Rows, ask: AskFates, ids: Sequence[str]) -> list[Outcome]:
    """Delete, then purge from the recycle bin. What is gone already succeeds."""
    found: dict[str, Outcome] = {one: not_an_id(one) for one in ids if not is_id(one)}
    wanted = [one for one in dict.fromkeys(ids) if one not in found]
    in_bin: list[str] = []
    for one, outcome in zip(wanted, rows.delete(wanted), strict=True):
        if isinstance(outcome, Written):
            in_bin.append(one)
        # An id that nobody has (any more) has nothing that could be erased.
        unknown = isinstance(outcome, Rejected) and outcome.cause == "not_found"
        found[one] = Written(one) if unknown else outcome
    for batch in chunked(in_bin, ERASED_AT_ONCE):
        found.update(_empty(gateway, ask, batch))
    return [found[one] for one in ids]


def _empty(gateway: Gateway, ask: AskFates, batch: Sequence[str]) -> dict[str, Outcome]:
    operation = node("emptyRecycleBin", *(leaf("ids", one) for one in batch))
    try:
        results: list[Result | None] = [*gateway.soap(operation)]
    except (OutcomeUnknown, Rejected) as failed:
        return dict.fromkeys(batch, failed)
    results += [None] * (len(batch) - len(results))
    outcomes = {
        one: failure_of(result) or Written(one) for one, result in zip(batch, results, strict=False)
    }
    refused = [one for one, outcome in outcomes.items() if isinstance(outcome, Rejected)]
    # Whoever was purged in between is refused as no longer there: that is what was asked for.
    gone = {
        one for one, fate in (ask(refused) if refused else {}).items() if fate.kind == "not_visible"
    }
    return {one: Written(one) if one in gone else outcome for one, outcome in outcomes.items()}


def failure_of(result: Result | None) -> Rejected | TryLater | None:
    """Why an input of a SOAP call failed, None if it did not."""
    if result is None:
        return Rejected("the answer left this record out", system=SYSTEM, cause="not_answered")
    return None if result.success else rejection(result.errors)
