"""From what a person entered in one system to a request of the shared state machine. Pure.

Two fields ask for something: the verdict (accept, reject) and the stage itself. A reason, a comment and a
review date stand beside them and say why. Who edits in Salesforce speaks for sales, who edits in HubSpot for
marketing; which of their wishes is legal is the machine's matter (`lifecycle.machine`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from hashlib import sha256
from typing import Final, NamedTuple

from connector.port import System
from lifecycle.coming_back import Held
from lifecycle.definition import Definition
from lifecycle.keeping import NONE, TO_JUDGE, WAITS, Words, words_for
from lifecycle.machine import OUT, where_to
from lifecycle.model import FURTHER_EDIT, Refusal, RefusalCode, Request, Role, Stage, Standing
from mappings.normal import as_text
from mappings.own_values import OWN_VALUES
from mappings.schema import Cell
from sync.hearing import Edited, Heard, Instead

STAGE, VERDICT = "lifecycle.stage", "lifecycle.verdict"
REASON, SUB_REASON = "lifecycle.recycle_reason", "lifecycle.recycle_sub_reason"
COMMENT, REVIEW = "lifecycle.recycle_comment", "lifecycle.reactivate_on"
ACCEPT, REJECT = "accept", "reject"
TWO_WISHES: Final[RefusalCode] = "two_wishes"
FURTHER: Final[RefusalCode] = "further_record"
# What may be written ahead of a verdict (`lifecycle.keeping`).
AHEAD: Final = frozenset({REASON, SUB_REASON, COMMENT})
# Values of ours that may be asked for by editing them; an edit of any other is put back.
ASKED_BY: Final = frozenset({STAGE, VERDICT, REASON, SUB_REASON, COMMENT, REVIEW})


class Petition(NamedTuple):
    """A request, and why it is none that could be decided; None: it can."""

    request: Request
    refusal: Refusal | None = None


class Wish(NamedTuple):
    """Where somebody is wished to stand, or the word that says nothing."""

    to: Stage | None
    unclear: RefusalCode | None = None
    words: Mapping[str, str] = {}
    drops_day: bool = False


def petition_of(
    heard: Heard,
    standing: Standing,
    definition: Definition,
    now: datetime,
    *,
    edited: Edited,
    nth: int,
    kept: Words = NONE,
) -> Petition:
    """The request behind an edit. `edited`: when and by whom it was made there; `nth`: refused before it.

    The same edit heard twice is one request. One that says nothing is refused with a reason: a word that is
    no stage, or a reason of nobody who waits for a verdict. `kept`: what was entered ahead of it.
    """
    said = {**{name: heard.held.get(name) for name in ASKED_BY}, **heard.entered}
    wish = _wish(heard, standing, definition)

    def word(name: str, before: str | None) -> str | None:
        return _new(said, heard, name) or (None if name in heard.entered else before)

    request = Request(
        id=_id(heard, standing, nth),
        subject=standing.subject,
        to=wish.to or standing.stage,
        role=_role(heard.system, standing, definition),
        actor=edited.by,
        source=heard.system.value,
        at=edited.at,
        observed_at=now,
        reason=word(REASON, kept.reason if wish.to in OUT else None),
        sub_reason=word(SUB_REASON, kept.sub_reason if wish.to in OUT else None),
        comment=word(COMMENT, kept.comment if wish.to else None),
        reactivate_on=_day(_new(said, heard, REVIEW)),
        drops_day=wish.drops_day,
    )
    if wish.unclear is None:
        return Petition(request)
    refusal = Refusal(request=request, code=wish.unclear, stood=standing.stage, words=wish.words)
    return Petition(request, refusal)


def beside(
    found: Petition, heard: Heard, standing: Standing, definition: Definition
) -> Petition | None:
    """The stage that was entered in one save with a verdict which leads elsewhere; None: there is none.

    The verdict counts (`found`), and the stage is not followed: which of both was meant nobody knows.
    """
    asked, request = _stage_asked(heard), found.request
    is_judged = as_text(_one(heard.entered.get(VERDICT))).strip()
    if not is_judged or not asked or asked in _led_to(standing, request, definition):
        return None
    request = replace(
        request,
        id=f"{request.id}:stage",
        to=Stage(asked) if asked in set(Stage) else standing.stage,
    )
    refusal = Refusal(request=request, code=TWO_WISHES, stood=standing.stage, words={"to": asked})
    return Petition(request, refusal)


def _stage_asked(heard: Heard) -> str:
    return as_text(_one(heard.entered.get(STAGE))).strip().lower()[:40]


def elsewhere(found: Petition, standing: Standing, instead: Instead) -> Petition:
    """What was asked for in a further record of somebody who may be another person: which one to use."""
    words = {"record": instead.record_id}
    refusal = Refusal(request=found.request, code=FURTHER, stood=standing.stage, words=words)
    return Petition(found.request, refusal)


def was_beside(heard: Heard, at: datetime, refusals: Iterable[Refusal]) -> bool:
    """Whether a stage stands there still that was refused beside a verdict, and was not entered anew since:
    whoever put that on file died before the field was put back.
    """
    asked = _stage_asked(heard)
    return VERDICT not in heard.entered and any(
        (one.code, one.request.at, one.request.source) == (TWO_WISHES, at, heard.system.value)
        and one.words.get("to") == asked
        for one in refusals
    )


def times_refused(refusals: Iterable[Refusal]) -> int:
    """Which petition the next one is, so that the same edit made anew is another one.

    What is refused beside a verdict is on file before that is decided: it must make no other one of it.
    """
    return sum(one.code != TWO_WISHES for one in refusals)


def _led_to(standing: Standing, verdict: Request, definition: Definition) -> frozenset[Stage]:
    """Where a verdict leads; of one that says too little to lead out anywhere, either way out."""
    to = where_to(standing, verdict, definition)
    led_to = OUT if isinstance(to, Held) else {to}
    return frozenset({standing.stage, verdict.to, *led_to})


def _wish(heard: Heard, standing: Standing, definition: Definition) -> Wish:
    if standing.subject.kind == "contact":
        # They forbade to be followed: there is no hand-off of theirs to be decided about.
        return Wish(None, "not_followed")
    verdict = as_text(_one(heard.entered.get(VERDICT)))
    if verdict:
        return _by_verdict(verdict.strip().lower(), standing, definition)
    stage = as_text(_one(heard.entered.get(STAGE)))
    if not stage and standing.stage in TO_JUDGE and AHEAD & heard.entered.keys():
        return _ahead(heard, standing, definition)
    if not stage:
        return _by_day(heard, standing)
    try:
        return Wish(Stage(stage.strip().lower()))
    except ValueError:
        return Wish(None, "unknown_stage", {"stage": stage[:40]})


def _ahead(heard: Heard, standing: Standing, definition: Definition) -> Wish:
    """Words of somebody who waits for a verdict: it may come in the next minute."""
    reason = as_text(_one(heard.entered.get(REASON))).strip()
    if reason and reason not in definition.reasons:
        return Wish(None, "unknown_reason", {"reason": reason[:40]})
    return Wish(None, WAITS, words_for(standing))


def _by_day(heard: Heard, standing: Standing) -> Wish:
    """The day for looking again was edited, and not why somebody rests; a day taken away is a wish, too."""
    if REVIEW not in heard.entered or REASON in heard.entered:
        return Wish(None, "no_evidence", {"lacks": "verdict"})
    if standing.stage is not Stage.RECYCLED:
        return Wish(None, "no_evidence", {"lacks": "rest"})
    text = as_text(_one(heard.entered[REVIEW])).strip()
    if text and _day(text) is None:
        return Wish(None, "no_evidence", {"lacks": "day"})
    return Wish(Stage.RECYCLED, drops_day=not text)


def _by_verdict(verdict: str, standing: Standing, definition: Definition) -> Wish:
    if verdict == REJECT:
        return Wish(Stage.RECYCLED)
    if verdict != ACCEPT:
        return Wish(None, "unknown_stage", {"stage": verdict[:40]})
    order = definition.order
    if standing.stage not in order:
        # Whoever was sent back or put out is meant to be sales' again.
        return Wish(Stage.SAL)
    place = order.index(standing.stage)
    further = order[place + 1 : place + 2]
    return Wish(further[0] if further else standing.stage)


def _role(system: System, standing: Standing, definition: Definition) -> Role:
    if system is System.HUBSPOT:
        return Role.MARKETING
    first = definition.preset == "jp_is_fs" and standing.stage is Stage.MQL
    return Role.INSIDE_SALES if first else Role.SALES


def _new(said: Mapping[str, Cell], heard: Heard, name: str) -> str | None:
    """What stands there and is not what we had said of the time before."""
    value = as_text(_one(said.get(name))).strip()
    told = as_text(_one(heard.told.get(name))).strip()
    return None if not value or (name not in heard.entered and value == told) else value


def _one(cell: Cell) -> str | int | float | bool | None:
    return cell[0] if isinstance(cell, tuple) else cell


def _day(value: str | None) -> date | None:
    """A day as both systems write it; what is none is left out."""
    try:
        return None if value is None else date.fromisoformat(value[:10])
    except ValueError:
        return None


def _id(heard: Heard, standing: Standing, nth: int) -> str:
    entered = sorted((name, str(cell)) for name, cell in heard.entered.items())
    where = heard.pair_id or heard.record_id
    text = repr((heard.mapping, where, heard.system.value, entered, standing.number, nth))
    kind = "edit:" if heard.instead is None else FURTHER_EDIT
    return f"{kind}{sha256(text.encode()).hexdigest()[:32]}"


assert OWN_VALUES.keys() >= ASKED_BY  # noqa: S101 - the names of the language
