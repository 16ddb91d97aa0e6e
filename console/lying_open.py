"""`kakehashi lifecycle overdue`: limits that were passed, leads nobody looks after, letters for nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Final

import click

from connector.port import System
from console.desk_of_leads import LeadDesk
from console.language import language, say
from console.lead_json import letter_json, standing_json, timer_json
from console.session import Session, command
from lifecycle.clocks import late_by
from lifecycle.model import Standing, Subject
from lifecycle.port import Timer, Unsent
from lifecycle.refusals import stage_said
from lifecycle.wording import lasting
from lifecycle.wording import say as worded
from sync.figures import Orphan, orphans
from sync.gone import gone_from

MOST = 200
SYSTEMS: Final = {System.HUBSPOT: "HubSpot", System.SALESFORCE: "Salesforce"}
# Letters that reached nobody are told for so long.
LETTERS = timedelta(days=7)


@command("overdue")
@click.option("--offline", is_flag=True, help="Do not ask Salesforce for lost opportunities.")
def overdue(session: Session, offline: bool) -> int:
    """What lies open: time limits that were passed, leads nobody looks after, losses without a reason, and
    letters that reached nobody. Exit code 1: there is something.
    """
    desk = LeadDesk.of(session)
    definition = desk.definition
    about = desk.handoff.about()
    gone = partial(gone_from, about) if about is not None else _nobody_gone
    alone = [] if definition is None else list(orphans(desk.store, definition, desk.now, gone))
    due = desk.store.overdue(desk.now, MOST)
    lost_records = gone([one.subject for one in due])
    # Their clocks stop with the next look; who can do nothing is late with nothing.
    late = [one for one in due if one.subject not in lost_records]
    lost = [] if offline else desk.lost_without_a_reason()
    letters = desk.store.unsent(desk.now - LETTERS, MOST)
    held = desk.store.owed(MOST) if desk.postman.holds else ()
    found = bool(late or alone or lost or letters)
    if session.output.json:
        session.output.document(
            {
                "overdue": [
                    {"person": desk.named(one.subject), **timer_json(one, desk.now)} for one in late
                ],
                "orphans": [
                    {
                        "person": desk.named(one.standing.subject),
                        **standing_json(one.standing),
                        "why": one.why,
                        "deleted_in": [system.value for system in one.gone],
                    }
                    for one in alone
                ],
                "lost_without_a_reason": [
                    {"person": desk.named(one.subject), "opportunity": one.opportunity}
                    for one in lost
                ],
                "letters": [letter_json(one) for one in letters],
                "held": len(held),
            }
        )
        return int(found)
    _tell_late(desk, late)
    _tell_alone(desk, alone)
    _tell_lost(desk, lost)
    _tell_letters(desk, letters)
    if held:
        session.output.say("lifecycle.held", count=len(held))
    if not found:
        session.output.say("lifecycle.nothing_open")
    return int(found)


def _nobody_gone(_subjects: Sequence[Subject]) -> Mapping[Subject, tuple[System, ...]]:
    """Without a definition in force nobody stands anywhere."""
    return {}


# What people read -------------------------------------------------------------------------------


def _tell_late(desk: LeadDesk, late: Sequence[Timer]) -> None:
    lang = language(desk.session.output.lang)
    if late:
        desk.session.output.table(
            desk.say("lifecycle.late"),
            desk.columns("person", "clock", "owner", "due", "late"),
            [
                [
                    desk.named(one.subject),
                    worded(f"clocks.{one.clock}", lang),
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


def _tell_alone(desk: LeadDesk, alone: Sequence[Orphan]) -> None:
    if alone:
        lang = language(desk.session.output.lang)
        desk.session.output.table(
            desk.say("lifecycle.orphans"),
            desk.columns("person", "stage", "since", "owner", "why"),
            [
                [
                    desk.named(one.standing.subject),
                    stage_said(one.standing.stage, lang),
                    desk.at(one.standing.since),
                    one.standing.accepted_by or one.standing.handed_to,
                    say(
                        f"lifecycle.alone.{one.why}",
                        lang,
                        systems=", ".join(SYSTEMS[system] for system in one.gone),
                    ),
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
