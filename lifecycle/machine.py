"""What becomes of a request: ledger entries by the table, or one refusal that names the reason. Pure.

Everything is judged in the same order: whether anything leads there from here at all, whether the request is
about the standing that it meets, why somebody is sent back, who may do it, and then the guards of the row.
Where a reason leads is the taxonomy's matter: who sends back with a hard reason has put out, and a reason
that counts only so many times puts out after them. What a person did stays the truth of the system where
they did it; a refusal is shown there. Source: domain sheet, section 2.3.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from lifecycle.coming_back import Held, comes_back, hand_raise
from lifecycle.cooling import Told, cool_until, day_named, is_past, until_day
from lifecycle.definition import NOT_WORKED, Definition, Reason
from lifecycle.guards import BAD_DATA, Case, held
from lifecycle.model import REVIEW, Entry, Hop, Refusal, Request, Role, Stage, Standing, Trigger
from lifecycle.situation import Situation
from lifecycle.standing import WORN_OUT, puts_out, step
from lifecycle.transitions import (
    ERASURE,
    FAST_PATH,
    Transition,
    reachable,
    rows,
    skipped,
)

Decision = tuple[Entry, ...] | Refusal

# Who acts where nobody asked: the last of too many recycles.
OURSELVES: Final = "kakehashi"
OUT: Final = frozenset({Stage.RECYCLED, Stage.DISQUALIFIED})
# Who may choose another day for looking again, of whom was sent back.
REVIEWED: Final = Transition(
    REVIEW,
    Stage.RECYCLED,
    Stage.RECYCLED,
    frozenset({Role.MARKETING, Role.INSIDE_SALES, Role.SALES, Role.REVOPS}),
)
# The judgement, for which somebody has to have been spoken to.
JUDGED: Final = "T8"
# What a new cycle begins with, beside a lead that was put out and is one again.
NEW_CYCLE: Final = frozenset({"T15", "T17"})


def decide(
    standing: Standing, request: Request, situation: Situation, definition: Definition
) -> Decision:
    """The entries that a request leads to, the first with the next number, or why it leads to none.

    Never both, and never nothing. Several entries: stages that were skipped, or the end after too many
    recycles.
    """
    day, zone = request.reactivate_on, definition.calendar.zone
    if day is not None and is_past(day, zone, request.at):
        return _refusal(standing, request, Held("past_day", {"day": day.isoformat()}))
    if reviews(standing, request):
        return _review(standing, request, situation, definition)
    found = _row(standing, request, situation, definition)
    if isinstance(found, Held):
        return _refusal(standing, request, found)
    case = Case(
        row=found,
        request=request,
        standing=standing,
        situation=situation,
        definition=definition,
    )
    if case.is_explained and not (request.comment or request.reason):
        return _refusal(standing, request, Held("no_reason"))
    why_not = held(case)
    return _refusal(standing, request, why_not) if why_not else _entries(case)


def reviews(standing: Standing, request: Request) -> bool:
    """Whether a person only names another day for looking again, or takes it away: nobody goes anywhere."""
    stays = standing.stage is Stage.RECYCLED and request.to is Stage.RECYCLED
    is_about_the_day = request.reactivate_on is not None or request.drops_day
    return stays and is_about_the_day and not request.reason and request.role in REVIEWED.roles


def _review(
    standing: Standing, request: Request, situation: Situation, definition: Definition
) -> Decision:
    """The later choice wins, in whichever system it was made (domain sheet, section 2.8)."""
    reviewed = standing.reviewed_at
    if _is_stale(standing, request) or (reviewed is not None and request.at < reviewed):
        words = {"stage": standing.stage.value, "at": request.at.isoformat()}
        return _refusal(standing, request, Held("overtaken", words))
    case = Case(
        row=REVIEWED,
        request=request,
        standing=standing,
        situation=situation,
        definition=definition,
    )
    if _another_rest(case) is None:
        return _refusal(standing, request, Held("no_evidence", {"lacks": "end"}))
    return (_entry(case, Stage.RECYCLED),)


def _refusal(standing: Standing, request: Request, why: Held) -> Refusal:
    return Refusal(request=request, code=why.code, stood=standing.stage, words=dict(why.words))


# Which row ------------------------------------------------------------------------------------------


def _row(
    standing: Standing, request: Request, situation: Situation, definition: Definition
) -> Transition | Held:
    """The row of the table that a request means, or why there is none."""
    preset, source = definition.preset, standing.stage
    misplaced = _misplaced(standing, request, situation, definition)
    if misplaced is not None:
        return misplaced
    to = where_to(standing, request, definition)
    if isinstance(to, Held):
        return to
    found = rows(preset, source, to)
    allowed = [row for row in found if request.role in row.roles]
    if allowed:
        return allowed[0]
    if not found:
        return _illegal(standing, request, to, definition)
    roles = sorted({role.value for row in found for role in row.roles})
    return Held("role", {"roles": ", ".join(roles), "to": to.value})


def _misplaced(
    standing: Standing, request: Request, situation: Situation, definition: Definition
) -> Held | None:
    """Whether a request asks for what cannot be from here, or was made about an earlier standing."""
    found = rows(definition.preset, standing.stage, request.to)
    if request.to is standing.stage and not found:
        return Held("overtaken", {"stage": standing.stage.value})
    if request.to is not Stage.ERASED and _is_stale(standing, request):
        return Held("overtaken", {"stage": standing.stage.value, "at": request.at.isoformat()})
    if found:
        return None
    if standing.stage is Stage.RECYCLED and _rests(standing, situation):
        until = standing.cool_until.isoformat() if standing.cool_until else ""
        return Held("cooling_off", {"until": until, "reason": standing.reason or ""})
    return _illegal(standing, request, request.to, definition)


def _illegal(standing: Standing, request: Request, to: Stage, definition: Definition) -> Held:
    allowed = reachable(definition.preset, standing.stage, request.role)
    return Held("illegal", {"to": to.value, "allowed": ", ".join(stage.value for stage in allowed)})


def _rests(standing: Standing, situation: Situation) -> bool:
    rests = standing.cool_until is None or situation.now < standing.cool_until
    return rests and not hand_raise(standing, situation.evidence)


def _is_stale(standing: Standing, request: Request) -> bool:
    """Whether it was meant before somebody was sent back, put out or came back: about another round."""
    turns: list[datetime | None] = [standing.recycled_at, standing.reactivated_at]
    if standing.stage is Stage.DISQUALIFIED:
        turns.append(standing.since)
    return any(turn is not None and request.at < turn for turn in turns)


def where_to(standing: Standing, request: Request, definition: Definition) -> Stage | Held:
    """Where a request leads by its reason. Only who goes out needs one, and one of the taxonomy."""
    if request.to not in OUT:
        return request.to
    reason = definition.reasons.get(request.reason or "")
    if request.reason and reason is None:
        return Held("unknown_reason", {"reason": request.reason})
    if standing.stage is Stage.RECYCLED and request.to is Stage.DISQUALIFIED:
        return request.to
    if reason is None:
        return Held("no_reason")
    return _not_theirs(standing, request, reason) or _by_class(standing, request, reason)


def _not_theirs(standing: Standing, request: Request, reason: Reason) -> Held | None:
    """Only the timer says that nobody worked a lead, only of an MQL, and nothing else of one."""
    is_timers, is_rule = reason.code == NOT_WORKED, request.role is Role.RULE
    is_mql = standing.stage is Stage.MQL
    if is_timers and is_rule and not is_mql:
        return Held("wrong_class", {"reason": reason.code, "to": request.to.value})
    if is_timers != (is_rule and is_mql):
        roles = (Role.RULE,) if is_timers else (Role.INSIDE_SALES, Role.SALES)
        return Held("role", {"roles": ", ".join(roles), "reason": reason.code})
    return None


def _by_class(standing: Standing, request: Request, reason: Reason) -> Stage | Held:
    """A hard reason puts out, also where somebody only sent back; a soft one never puts anybody out."""
    if puts_out(standing, reason):
        return Stage.DISQUALIFIED
    if request.to is Stage.DISQUALIFIED:
        return Held("wrong_class", {"reason": reason.code, "to": request.to.value})
    return Stage.RECYCLED


# What is entered ------------------------------------------------------------------------------------


def _entries(case: Case) -> tuple[Entry, ...]:
    if case.row.id == FAST_PATH:
        return _fast_path(case)
    entry = _entry(case, case.row.to)
    after = step(case.standing, entry)
    worn_out = entry.stage is Stage.RECYCLED and after.recycle_count > case.definition.coming.most
    return (entry, _end_of_too_many(entry)) if worn_out else (entry,)


def _fast_path(case: Case) -> tuple[Entry, ...]:
    """The stages that a seller went past are entered at the same time, and say so."""
    passed = skipped(case.definition.preset, case.standing.stage)
    found: list[Entry] = []
    previous = _before(case.standing)
    for stage in (*passed, Stage.OPPORTUNITY):
        entry = replace(
            _entry(case, stage),
            number=case.standing.number + len(found) + 1,
            previous=previous,
            skipped=stage is not Stage.OPPORTUNITY,
        )
        found.append(entry)
        previous = stage
    return tuple(found)


def _end_of_too_many(recycled: Entry) -> Entry:
    """Whoever was sent back too often is not brought back any more, with the last reason."""
    return replace(
        recycled,
        number=recycled.number + 1,
        stage=Stage.DISQUALIFIED,
        previous=Stage.RECYCLED,
        transition=WORN_OUT,
        role=Role.RULE,
        actor=OURSELVES,
        source="kakehashi",
        comment=None,
        cool_until=None,
        reactivate_on=None,
        hop=None,
    )


def _entry(case: Case, stage: Stage) -> Entry:
    request, standing = case.request, case.standing
    common: dict[str, Any] = {
        "subject": standing.subject,
        "number": standing.number + 1,
        "cycle": standing.cycle,
        "stage": stage,
        "previous": _before(standing),
        "transition": case.row.id,
        # Clocks of two systems differ; nobody leaves a stage before having entered it.
        "entered_at": max(request.at, standing.since or request.at),
        "observed_at": request.observed_at,
        "role": request.role,
        "actor": request.actor,
        "source": request.source,
        "request_id": request.id,
        "definition": case.definition.name,
        "reason": request.reason,
        "sub_reason": request.sub_reason,
        "comment": request.comment,
        "rules": request.rules,
    }
    return Entry(**(common | _particulars(case, stage)))


def _before(standing: Standing) -> Stage | None:
    """Who has no entry yet comes from nowhere."""
    return standing.stage if standing.since is not None else None


def _particulars(case: Case, stage: Stage) -> dict[str, Any]:
    """What only entries of some stages say."""
    if case.row.id == REVIEW:
        return _another_day(case)
    if case.row.id == ERASURE:
        return {"reason": None, "sub_reason": None, "comment": None}
    if stage is Stage.MQL:
        return _hand_over(case)
    if case.row.id == JUDGED:
        return {"evidence": case.situation.talk}
    if stage is Stage.RECYCLED:
        return _rest(case)
    if stage is Stage.DISQUALIFIED:
        return {
            "reason": case.request.reason or case.standing.reason,
            "handed_to": case.request.handed_to,
            "evidence": case.situation.reached_by if case.request.reason == BAD_DATA else (),
        }
    if stage in (Stage.OPPORTUNITY, Stage.CUSTOMER):
        return {"opportunity": case.situation.opportunity or case.standing.opportunity}
    return {}


def _hand_over(case: Case) -> dict[str, Any]:
    """Somebody always gets it: the head of sales where nobody else was named."""
    if case.row.id == FAST_PATH:
        return {"handed_to": case.request.actor}
    return {
        "cycle": case.standing.cycle + _begins_anew(case),
        "handed_to": case.request.handed_to or case.definition.owners["sales"],
        "trigger": _trigger(case),
        "rules": _rules(case),
        "evidence": case.situation.evidence.ids,
    }


def _rules(case: Case) -> tuple[str, ...]:
    """By which rules of the definition somebody is handed over, as they hold now."""
    if case.is_explained:
        return case.request.rules
    if case.row.source is Stage.CUSTOMER:
        return case.situation.customer_rules
    return case.situation.rules or case.situation.rules_ever


def _begins_anew(case: Case) -> bool:
    """A way that ended is not gone on with: the next one is a cycle of its own."""
    was_out = case.standing.stage is Stage.LEAD and case.standing.previous is Stage.DISQUALIFIED
    return case.row.id in NEW_CYCLE or was_out


def _trigger(case: Case) -> Trigger | None:
    if case.row.source is not Stage.RECYCLED:
        return case.request.trigger
    found = comes_back(case.standing, case.situation, case.definition)
    return "by_hand" if isinstance(found, Held) else found


def _rest(case: Case) -> dict[str, Any]:
    """Since when, where and how long somebody rests who was sent back."""
    reason = case.definition.reasons[case.request.reason or ""]
    told = Told(case.request.reactivate_on, case.situation.renewal, case.situation.timeframe)
    zone = case.definition.calendar.zone
    at = max(case.request.at, case.standing.since or case.request.at)
    return {
        "reactivate_on": day_named(reason, at, zone, told),
        "cool_until": cool_until(reason, at, zone, told),
        "hop": _hop(case),
        "opportunity": case.standing.opportunity,
    }


def _another_day(case: Case) -> dict[str, Any]:
    """Until when somebody rests by now. What is not said anew stays said."""
    request, standing = case.request, case.standing
    rest = _another_rest(case)
    assert rest is not None  # noqa: S101 - else it was refused
    return {
        "reactivate_on": rest.day,
        "cool_until": rest.until,
        "hop": standing.hop,
        "reason": standing.reason,
        "sub_reason": request.sub_reason or standing.sub_reason,
        "comment": request.comment or standing.comment,
        "opportunity": standing.opportunity,
    }


class Rest(NamedTuple):
    """Until when somebody rests, and the day that was named for it."""

    day: date | None
    until: datetime


def _another_rest(case: Case) -> Rest | None:
    """Until the day that is named, or as long as the reason says since the send-back. None: for ever."""
    request, standing, zone = case.request, case.standing, case.definition.calendar.zone
    at = standing.recycled_at or request.at
    if request.reactivate_on is not None:
        return Rest(request.reactivate_on, until_day(request.reactivate_on, at, zone))
    reason = case.definition.reasons.get(standing.reason or "")
    told = Told(None, case.situation.renewal, case.situation.timeframe)
    until = None if reason is None else cool_until(reason, at, zone, told)
    if reason is None or until is None:
        return None
    return Rest(day_named(reason, at, zone, told), until)


def _hop(case: Case) -> Hop:
    """Field sales gives back to inside sales where these judged first; all others to marketing."""
    if case.standing.stage is Stage.RECYCLED:
        return "marketing"
    if case.request.hop is not None:
        return case.request.hop
    judged = case.definition.preset == "jp_is_fs" and case.standing.stage is not Stage.MQL
    return "is" if judged else "marketing"
