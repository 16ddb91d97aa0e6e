"""`kakehashi lifecycle`: where somebody stands and how they came there, what lies open, and the notes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import click

from console.desk_of_leads import LeadDesk
from console.language import language, say
from console.session import Session, command
from console.simulating import simulate
from lifecycle import wires
from lifecycle.clocks import late_by, status
from lifecycle.errands import MARKETING, SALES, Kind
from lifecycle.model import Entry, Refusal, Standing
from lifecycle.port import Timer, Unsent
from lifecycle.refusals import refusal_said
from lifecycle.refusals import texts as words_of
from lifecycle.wording import lasting
from sync.figures import orphans

REFUSALS, MOST = 50, 200
# Letters that reached nobody are told for so long.
LETTERS = timedelta(days=7)
HEADS = "heads"


@click.group()
def lifecycle() -> None:
    """Leads between the departments: where somebody stands, what lies open, the notes."""


@command("show")
@click.argument("person", metavar="EMAIL|RECORD_ID")
def show(session: Session, person: str) -> int:
    """Where somebody stands, since when, whose they are, their clocks and their whole history."""
    desk = LeadDesk.of(session)
    subject = desk.person(person)
    standing = None if subject is None else desk.store.standings([subject]).get(subject)
    if subject is None or standing is None:
        key = "lifecycle.nobody" if subject is None else "lifecycle.no_lead"
        session.output.error(say(key, session.output.lang, who=person.strip()))
        return 1
    timers = desk.store.timers(subject)
    history = desk.store.history(subject)
    refusals = desk.store.refusals(REFUSALS, subject)
    if session.output.json:
        session.output.document(
            {
                **_standing_json(standing),
                **desk.brief(standing),
                "clocks": [_timer_json(one, desk.now) for one in timers],
                "history": [_entry_json(one) for one in history],
                "refused": [_refusal_json(one) for one in refusals],
            }
        )
        return 0
    _tell_standing(desk, standing)
    desk.tell_brief(standing)
    _tell_clocks(desk, timers)
    _tell_history(desk, history)
    _tell_refusals(desk, refusals)
    return 0


@command("overdue")
@click.option("--offline", is_flag=True, help="Do not ask Salesforce for lost opportunities.")
def overdue(session: Session, offline: bool) -> int:
    """What lies open: time limits that were passed, leads nobody looks after, losses without a reason, and
    letters that reached nobody. Exit code 1: there is something.
    """
    desk = LeadDesk.of(session)
    definition = desk.definition
    late = desk.store.overdue(desk.now, MOST)
    alone = [] if definition is None else list(orphans(desk.store, definition, desk.now))
    lost = [] if offline else desk.lost_without_a_reason()
    letters = desk.store.unsent(desk.now - LETTERS, MOST)
    held = desk.store.owed(MOST) if desk.postman.holds else ()
    found = bool(late or alone or lost or letters)
    if session.output.json:
        session.output.document(
            {
                "overdue": [
                    {"person": desk.named(one.subject), **_timer_json(one, desk.now)}
                    for one in late
                ],
                "orphans": [
                    {"person": desk.named(one.standing.subject), **_standing_json(one.standing)}
                    for one in alone
                ],
                "lost_without_a_reason": [
                    {"person": desk.named(one.subject), "opportunity": one.opportunity}
                    for one in lost
                ],
                "letters": [_letter_json(one) for one in letters],
                "held": len(held),
            }
        )
        return int(found)
    _tell_late(desk, late)
    _tell_alone(desk, [one.standing for one in alone])
    _tell_lost(desk, lost)
    _tell_letters(desk, letters)
    if held:
        session.output.say("lifecycle.held", count=len(held))
    if not found:
        session.output.say("lifecycle.nothing_open")
    return int(found)


@command("notes")
@click.option("--for", "whom", required=True, metavar="SELLER|heads", help="Whose note.")
@click.option("--send", is_flag=True, help="Send it now, by the ways that are set up.")
def notes(session: Session, whom: str, send: bool) -> int:
    """The morning note of a seller, or the week for both heads. Exit code 1: there is none."""
    desk = LeadDesk.of(session)
    about = desk.handoff.about()
    if about is None:
        session.output.error(say("definition.none_in_force", session.output.lang))
        return 1
    is_week, composer = whom == HEADS, desk.composer
    letter = (
        composer.weekly(about, desk.now) if is_week else composer.morning(about, whom, desk.now)
    )
    if letter is None:
        session.output.error(say("lifecycle.no_leads", session.output.lang, whom=whom))
        return 1
    if send:
        return _send(desk, [MARKETING, SALES] if is_week else [whom], is_week=is_week)
    made = wires.mail(letter)
    if session.output.json:
        session.output.document({"subject": made.subject, "text": made.text})
    else:
        session.output.line(made.subject)
        session.output.line("")
        session.output.line(made.text.rstrip("\n"))
    return 0


def _send(desk: LeadDesk, whom: Sequence[str], *, is_week: bool) -> int:
    postman, output = desk.postman, desk.session.output
    if postman.holds:
        output.error(say("check.letters_held", output.lang))
        return 1
    if not postman.ways.are_set:
        output.error(say("check.nobody_is_told", output.lang))
        return 1
    kind: Kind = "weekly" if is_week else "morning"
    # By its moment: somebody who asks for it again gets it again.
    made = [postman.note(kind, one, desk.now.isoformat(), desk.now) for one in whom]
    postman.store.put_letters(made)
    postman.deliver()
    ours = {one.id for one in made}
    missed = {
        one.errand.id: one.why for one in desk.store.unsent(desk.now, MOST) if one.errand.id in ours
    }
    for one in made:
        why = missed.get(one.id)
        key = "lifecycle.sent" if why is None else "lifecycle.not_sent"
        output.say(key, whom=one.whom, why=why or "")
    if output.json:
        output.document({"sent": [one.whom for one in made if one.id not in missed]})
    return int(bool(missed))


# What people read -------------------------------------------------------------------------------


def _tell_standing(desk: LeadDesk, standing: Standing) -> None:
    output = desk.session.output
    output.say(
        "lifecycle.stands",
        stage=stage_said(standing.stage.value, output.lang),
        since=desk.at(standing.since),
        cycle=standing.cycle,
    )
    owner = standing.accepted_by or standing.handed_to
    output.say("lifecycle.owner" if owner else "lifecycle.no_owner", owner=owner or "")
    if standing.recycled_at is not None:
        output.say(
            "lifecycle.sent_back",
            at=desk.at(standing.recycled_at),
            reason=desk.reason(standing.reason),
            times=standing.recycle_count,
        )
    if standing.cool_until is not None and standing.stage.value == "recycled":
        output.say("lifecycle.rests", until=desk.at(standing.cool_until))
    output.say("lifecycle.definition", name=standing.definition)


def _tell_clocks(desk: LeadDesk, timers: Sequence[Timer]) -> None:
    if timers:
        desk.session.output.table(
            desk.say("lifecycle.clocks"),
            desk.columns("clock", "owner", "due", "state"),
            [
                [
                    one.clock,
                    one.owner,
                    desk.at(one.due_at),
                    desk.say(f"sla.{status(one, desk.now)}"),
                ]
                for one in timers
            ],
        )


def _tell_history(desk: LeadDesk, history: Sequence[Entry]) -> None:
    lang = desk.session.output.lang
    desk.session.output.table(
        desk.say("lifecycle.history"),
        desk.columns("at", "stage", "by", "from", "rule", "reason", "comment"),
        [
            [
                desk.at(one.entered_at),
                stage_said(one.stage.value, lang) + (" *" if one.skipped else ""),
                one.actor,
                one.source,
                f"{one.transition} {', '.join(one.rules)}".strip(),
                desk.reason(one.reason) if one.reason else "",
                " / ".join(text for text in (one.sub_reason, one.comment) if text),
            ]
            for one in history
        ],
    )


def _tell_refusals(desk: LeadDesk, refusals: Sequence[Refusal]) -> None:
    if not refusals or desk.definition is None:
        return
    lang = language(desk.session.output.lang)
    desk.session.output.table(
        desk.say("lifecycle.refused"),
        desk.columns("at", "by", "from", "why"),
        [
            [
                desk.at(one.request.at),
                one.request.actor,
                one.request.source,
                refusal_said(one, desk.definition, lang),
            ]
            for one in refusals
        ],
    )


def _tell_late(desk: LeadDesk, late: Sequence[Timer]) -> None:
    if late:
        desk.session.output.table(
            desk.say("lifecycle.late"),
            desk.columns("person", "clock", "owner", "due", "late"),
            [
                [
                    desk.named(one.subject),
                    one.clock,
                    one.owner,
                    desk.at(one.due_at),
                    _late(desk, one),
                ]
                for one in late
            ],
        )


def _late(desk: LeadDesk, timer: Timer) -> str:
    if desk.definition is None:
        return ""
    late = late_by(desk.definition, timer, desk.now)
    return lasting(late, language(desk.session.output.lang))


def _tell_alone(desk: LeadDesk, alone: Sequence[Standing]) -> None:
    if alone:
        lang = desk.session.output.lang
        desk.session.output.table(
            desk.say("lifecycle.orphans"),
            desk.columns("person", "stage", "since", "owner"),
            [
                [
                    desk.named(one.subject),
                    stage_said(one.stage.value, lang),
                    desk.at(one.since),
                    one.accepted_by or one.handed_to,
                ]
                for one in alone
            ],
        )


def _tell_lost(desk: LeadDesk, lost: Sequence[Standing]) -> None:
    if lost:
        desk.session.output.table(
            desk.say("lifecycle.lost"),
            desk.columns("person", "opportunity"),
            [[desk.named(one.subject), one.opportunity] for one in lost],
        )


def _tell_letters(desk: LeadDesk, letters: Sequence[Unsent]) -> None:
    if letters:
        desk.session.output.table(
            desk.say("lifecycle.letters"),
            desk.columns("at", "letter", "whom", "why"),
            [[desk.at(one.at), one.errand.kind, one.errand.whom, one.why] for one in letters],
        )


def stage_said(stage: str, lang: str) -> str:
    """A stage as people call it."""
    return str(words_of()["stages"][stage][language(lang)])


# What programs read -----------------------------------------------------------------------------


def _standing_json(one: Standing) -> dict[str, Any]:
    return {
        "stage": one.stage.value,
        "since": _iso(one.since),
        "cycle": one.cycle,
        "owner": one.accepted_by or one.handed_to,
        "verdict": one.verdict,
        "reason": one.reason,
        "recycle_count": one.recycle_count,
        "reactivate_on": None if one.reactivate_on is None else one.reactivate_on.isoformat(),
        "cool_until": _iso(one.cool_until),
        "is_returned": one.is_returned,
        "opportunity": one.opportunity,
        "definition": one.definition,
    }


def _timer_json(one: Timer, now: datetime) -> dict[str, Any]:
    return {
        "clock": one.clock,
        "owner": one.owner,
        "since": _iso(one.started_at),
        "due": _iso(one.due_at),
        "stopped": _iso(one.stopped_at),
        "state": status(one, now),
    }


def _entry_json(one: Entry) -> dict[str, Any]:
    return {
        "stage": one.stage.value,
        "transition": one.transition,
        "entered_at": _iso(one.entered_at),
        "observed_at": _iso(one.observed_at),
        "role": one.role.value,
        "actor": one.actor,
        "source": one.source,
        "cycle": one.cycle,
        "reason": one.reason,
        "sub_reason": one.sub_reason,
        "comment": one.comment,
        "rules": list(one.rules),
        "definition": one.definition,
        "skipped": one.skipped,
    }


def _refusal_json(one: Refusal) -> dict[str, Any]:
    return {
        "at": _iso(one.request.at),
        "actor": one.request.actor,
        "source": one.request.source,
        "to": one.request.to.value,
        "code": one.code,
        "words": dict(one.words),
    }


def _letter_json(one: Unsent) -> dict[str, Any]:
    return {
        "at": _iso(one.at),
        "letter": one.errand.kind,
        "whom": one.errand.whom,
        "why": one.why,
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


for _one in (show, overdue, notes, simulate):
    lifecycle.add_command(_one)
