"""`kakehashi lifecycle`: where somebody stands and how they came there, what lies open, and the notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

from console.desk_of_leads import LeadDesk
from console.held_up import held_json, held_up, tell_held_up
from console.language import language, say
from console.lead_json import entry_json, refusal_json, standing_json, timer_json
from console.leads import leads
from console.lying_open import overdue
from console.session import Session, command
from console.simulating import simulate
from lifecycle import wires
from lifecycle.clocks import status
from lifecycle.errands import MARKETING, SALES, Kind
from lifecycle.model import Entry, Refusal, Standing, Subject
from lifecycle.port import Timer
from lifecycle.refusals import refusal_said, stage_said
from lifecycle.standing import Aside, set_aside
from lifecycle.wording import say as worded

REFUSALS, MOST = 50, 200
HEADS = "heads"


@click.group()
def lifecycle() -> None:
    """Leads between the departments: where somebody stands, what lies open, the notes."""


@command("show")
@click.argument("person", metavar="EMAIL|RECORD_ID")
@click.option("--offline", is_flag=True, help="Do not ask the systems what holds them now.")
def show(session: Session, person: str, offline: bool) -> int:
    """Where somebody stands, since when, whose they are, what holds them, their clocks and history."""
    desk = LeadDesk.of(session)
    subject = desk.person(person)
    if subject is None:
        key = "lifecycle.unwilling" if desk.is_unwilling(person) else "lifecycle.nobody"
        session.output.error(say(key, session.output.lang, who=person.strip()))
        return 1
    standing = desk.store.standings([subject]).get(subject)
    if standing is None:
        return _no_lead(desk, subject, person.strip(), offline=offline)
    held = None if offline else held_up(desk, standing)
    timers = desk.store.timers(subject)
    history = desk.store.history(subject)
    aside = {one.entry: one for one in set_aside(history, standing.subject)}
    refusals = desk.store.refusals(REFUSALS, subject)
    if session.output.json:
        session.output.document(
            {
                **standing_json(standing),
                **desk.brief(standing),
                **held_json(desk, held),
                "clocks": [timer_json(one, desk.now) for one in timers],
                "history": [entry_json(one, aside.get(one)) for one in history],
                "refused": [refusal_json(one) for one in refusals],
            }
        )
        return 0
    _tell_standing(desk, standing)
    desk.tell_brief(standing)
    if not offline:
        tell_held_up(desk, held)
    _tell_clocks(desk, timers)
    _tell_history(desk, history, aside)
    _tell_refusals(desk, refusals)
    return 0


def _no_lead(desk: LeadDesk, subject: Subject, who: str, *, offline: bool) -> int:
    """Somebody who is known and stands nowhere: what it takes, and what holds them now."""
    output = desk.session.output
    output.error(say("lifecycle.no_lead", output.lang, who=who))
    if offline:
        return 1
    held = held_up(desk, Standing(subject=subject))
    if output.json:
        output.document({"stage": None, **held_json(desk, held)})
    else:
        tell_held_up(desk, held)
    return 1


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
        stage=stage_said(standing.stage, language(output.lang)),
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
    lang = language(desk.session.output.lang)
    if timers:
        desk.session.output.table(
            desk.say("lifecycle.clocks"),
            desk.columns("clock", "owner", "due", "state"),
            [
                [
                    worded(f"clocks.{one.clock}", lang),
                    one.owner,
                    desk.at(one.due_at),
                    desk.say(f"sla.{status(one, desk.now)}"),
                ]
                for one in timers
            ],
        )


def _tell_history(desk: LeadDesk, history: Sequence[Entry], aside: Mapping[Entry, Aside]) -> None:
    """`aside`: entries of a history that was joined to this one and that weigh less than what stood."""
    lang = language(desk.session.output.lang)

    def stage(one: Entry) -> str:
        named = stage_said(one.stage, lang) + (" *" if one.skipped else "")
        if (left := aside.get(one)) is None:
            return named
        stood = stage_said(left.stood, lang)
        return say(f"lifecycle.aside.{left.why}", lang, stage=named, stood=stood)

    desk.session.output.table(
        desk.say("lifecycle.history"),
        desk.columns("at", "stage", "by", "from", "rule", "reason", "comment"),
        [
            [
                desk.at(one.entered_at),
                stage(one),
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


for _one in (leads, show, overdue, notes, simulate):
    lifecycle.add_command(_one)
