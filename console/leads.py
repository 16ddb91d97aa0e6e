"""`kakehashi lifecycle list`: who stands where, whoever moved last first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from heapq import nsmallest
from typing import Final

import click

from console.desk_of_leads import LeadDesk
from console.language import language
from console.lead_json import standing_json
from console.session import Session, command
from lifecycle.model import Stage, Standing
from lifecycle.refusals import stage_said
from sync.figures import everybody_in

# Whom both departments talk about; everybody else is asked for by their stage.
BETWEEN_THEM: Final = (
    Stage.MQL,
    Stage.SAL,
    Stage.SQL,
    Stage.OPPORTUNITY,
    Stage.CUSTOMER,
    Stage.RECYCLED,
    Stage.DISQUALIFIED,
)
# Whom anybody can ask for: of those who were erased nothing is known but stages and times.
STAGES: Final = [stage.value for stage in Stage if stage is not Stage.ERASED]
# Leads listed one by one; `--json` holds all of them.
SHOWN: Final = 50


@command("list")
@click.option("--stage", type=click.Choice(STAGES), help="Only who stands there.")
def leads(session: Session, stage: str | None) -> int:
    """Who stands where, whoever moved last first; without --stage everybody from MQL on."""
    desk = LeadDesk.of(session)
    stages = BETWEEN_THEM if stage is None else (Stage(stage),)
    found = everybody_in(desk.store, stages)
    if session.output.json:
        session.output.document(
            [
                {"person": desk.named(one.subject), **standing_json(one)}
                for one in sorted(found, key=_latest)
            ]
        )
        return 0
    counts: Counter[Stage] = Counter()

    def counted() -> Iterator[Standing]:
        for one in found:
            counts[one.stage] += 1
            yield one

    _tell(desk, nsmallest(SHOWN, counted(), key=_latest), counts)
    return 0


def _latest(one: Standing) -> tuple[float, str]:
    return 0.0 if one.since is None else -one.since.timestamp(), one.subject.key


def _tell(desk: LeadDesk, shown: Sequence[Standing], counts: Counter[Stage]) -> None:
    output, lang = desk.session.output, language(desk.session.output.lang)
    if not shown:
        output.say("lifecycle.nobody_there")
        return
    output.table(
        desk.say("lifecycle.list"),
        desk.columns("person", "stage", "since", "cycle", "owner", "reason"),
        [
            [
                desk.named(one.subject),
                stage_said(one.stage, lang),
                desk.at(one.since),
                one.cycle,
                one.accepted_by or one.handed_to or "",
                desk.reason(one.reason) if one.reason else "",
            ]
            for one in shown
        ],
    )
    told = [f"{stage_said(stage, lang)} {counts[stage]:,}" for stage in Stage if counts[stage]]
    output.say("lifecycle.counts", counts=", ".join(told))
    if (more := counts.total() - len(shown)) > 0:
        output.say("lifecycle.more", count=f"{more:,}")
