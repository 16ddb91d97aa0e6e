"""That somebody is to be told something: what is put on file of it before anything is sent. Pure.

The words are made when a letter is sent (`lifecycle.letters`), so nothing personal waits in between: an
errand holds whom it is about as a key, and what happened as a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from intent.model import Subject
from lifecycle.definition import NOT_WORKED, Clock, Definition, is_handed
from lifecycle.keeping import WAITS
from lifecycle.model import Entry, Refusal, Role, Stage, Standing

# `hand_over` and `send_back` tell of an entry, `refused` of what somebody entered in vain, `clock` of a step
# of a timer, `let_go` of a hand-off that ended since somebody forbade to be followed, the notes of a day.
# `desk` errands are no letters: a seller gets the record and a task in Salesforce; with `desk_over` the task
# goes that nobody needs any more.
Letter = Literal["hand_over", "send_back", "refused", "clock", "let_go", "morning", "weekly"]
Kind: TypeAlias = Letter | Literal["desk", "desk_over"]
LETTERS: Final[tuple[Kind, ...]] = get_args(Letter)
DESK: Final[tuple[Kind, ...]] = ("desk", "desk_over")
MARKETING, SALES, INSIDE, OPS = "marketing", "sales", "is", "ops"
# Stages in which a link may ask for a verdict; by the preset only one of them does.
HANDED = frozenset({Stage.MQL, Stage.SQL})
GONE = frozenset({Stage.RECYCLED, Stage.DISQUALIFIED})
# Whose decisions are news to marketing; their own, and those of our rules, are not.
NEWS = frozenset({Role.SALES, Role.INSIDE_SALES, Role.REVOPS})
# Who is told where a system does not say who it was.
DEPARTMENTS: Final = {Role.MARKETING: MARKETING, Role.INSIDE_SALES: INSIDE}
# An opportunity was lost, as the CRM has it.
LOST = "T13"


class Errand(NamedTuple):
    """One letter that is owed, or thing to be done. Its `id` makes it one, however often it is asked for.

    `whom`: an address, a queue, or a department. `entry` is the number of the ledger entry it tells of, or
    that its `clock` began with; `step` counts the clock's steps from 1. `is_taken`: with this step the lead
    was asked back. `tries` counts how often it was taken to be sent.
    """

    id: str
    kind: Kind
    whom: str
    at: datetime
    subject: Subject | None = None
    entry: int | None = None
    clock: Clock | None = None
    step: int = 0
    is_taken: bool = False
    tries: int = 0


def errands_after(entries: Iterable[Entry]) -> Iterator[Errand]:
    """Whom these entries are news to: a seller who gets somebody, marketing that gets somebody back.

    Whether it is news still is looked at again when it is sent.
    """
    for entry in entries:
        if entry.skipped or entry.is_review:
            continue
        if entry.stage in HANDED:
            yield _of("hand_over", entry, entry.handed_to or SALES)
        elif entry.stage in GONE and _is_news(entry):
            yield _of("send_back", entry, INSIDE if entry.hop == "is" else MARKETING)


def desk_after(definition: Definition, entries: Iterable[Entry]) -> Iterator[Errand]:
    """What is to be done in Salesforce for a seller who gets somebody, where the definition wants it, and for
    one who has answered, or lost them.
    """
    if not (definition.sets_owner or definition.makes_task):
        return
    for entry in entries:
        if entry.previous is not None and is_handed(definition, entry.previous):
            yield _of("desk_over", entry, entry.handed_to or SALES)
        if is_handed(definition, entry.stage) and entry.handed_to and not entry.skipped:
            yield _of("desk", entry, entry.handed_to)


def errand_after(refusal: Refusal) -> Errand | None:
    """Who is told that what they entered in a system was not followed: they, or their department.

    None: nobody. A link or a command answers on the spot, and whoever asked for what happened, or only wrote
    ahead of their verdict, lost nothing.
    The same edit that is heard again is told of once.
    """
    request = refusal.request
    answered, agrees = request.source == "kakehashi", refusal.words.get("agrees") == "yes"
    if answered or agrees or refusal.code == WAITS:
        return None
    whom = request.actor if "@" in request.actor else DEPARTMENTS.get(request.role, SALES)
    who = f"{request.subject.kind}:{request.subject.key}"
    at = request.at.astimezone(UTC).isoformat()
    return Errand(
        f"refused:{who}:{request.source}:{refusal.code}:{at}",
        "refused",
        whom,
        request.observed_at,
        request.subject,
    )


def let_go(
    standing: Standing, owner: str, contact: Subject | None, at: datetime
) -> tuple[Errand, ...]:
    """Who is told that a hand-off has ended: whoever has them, and ops. The letters name their contact."""
    who = f"{standing.subject.kind}:{standing.subject.key}:{standing.number}"
    return tuple(
        Errand(f"let_go:{who}:{whom}", "let_go", whom, at, contact)
        for whom in dict.fromkeys((owner, OPS))
    )


def is_followed_since(refusal: Refusal, history: Iterable[Entry]) -> bool:
    """Whether whoever was refused has entered something else since that was followed."""
    request = refusal.request
    return any(
        (one.actor, one.source) == (request.actor, request.source)
        and one.observed_at > request.observed_at
        for one in history
    )


def _is_news(entry: Entry) -> bool:
    return entry.reason != NOT_WORKED and (entry.role in NEWS or entry.transition == LOST)


def _of(kind: Kind, entry: Entry, whom: str) -> Errand:
    subject = entry.subject
    return Errand(
        f"{kind}:{subject.kind}:{subject.key}:{entry.number}",
        kind,
        whom,
        entry.observed_at,
        subject,
        entry.number,
    )
