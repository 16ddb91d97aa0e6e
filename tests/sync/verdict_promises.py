"""What must be true of hand-offs after any history, asked of the ledger of stages and of both systems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from connector.port import System, Values
from lifecycle.model import REVIEW, Entry, Stage, Standing, Subject
from lifecycle.standing import WORN_OUT
from lifecycle.transitions import rows
from mappings.schema import OwnName
from tests.sync.verdict_world import PEOPLE, Edit, VerdictWorld

IN_SALES = (Stage.MQL, Stage.SAL, Stage.SQL, Stage.OPPORTUNITY)


def keep_all(world: VerdictWorld) -> None:
    """Every promise, after the world has come to rest."""
    no_verdict_is_lost(world)
    nothing_is_left_to_do(world)
    for standing in standings(world):
        history = world.handoff.store.history(standing.subject)
        every_step_is_legal(history)
        cycles_only_grow(history)
        each_request_is_answered_once(world, standing.subject, history)
        every_clock_has_an_owner(world, standing)
    both_systems_show_the_ledger(world)


def standings(world: VerdictWorld) -> list[Standing]:
    """Where everybody stands who stands anywhere."""
    return [one for stage in Stage for one in world.handoff.store.in_stage(stage.value, 100)]


def nothing_is_left_to_do(world: VerdictWorld) -> None:
    """No request waits, nobody is somebody else unheard of, and a second run plans nothing."""
    assert world.handoff.store.asked(9) == []
    assert world.store.moved(9) == {}
    planned = world.planned()
    assert planned == [], planned


def every_step_is_legal(history: Sequence[Entry]) -> None:
    """Each entry is a row of the table, by somebody who may go there, from where its subject stood."""
    for entry in history:
        if entry.transition in (REVIEW, WORN_OUT):
            continue
        found = rows("waterfall", entry.previous or Stage.KNOWN, entry.stage)
        named = [row for row in found if row.id == entry.transition]
        passed = entry.transition == "T19"
        assert passed or (named and entry.role in named[0].roles), entry


def cycles_only_grow(history: Sequence[Entry]) -> None:
    """Of each who was merged in, too; so do the numbers of their entries, and the time."""
    for subject in {entry.subject for entry in history}:
        own = sorted((e for e in history if e.subject == subject), key=lambda e: e.number)
        assert all(one.number < two.number for one, two in pairwise(own)), own
        assert all(one.cycle <= two.cycle for one, two in pairwise(own)), own
        assert all(one.entered_at <= two.entered_at for one, two in pairwise(own)), own


def each_request_is_answered_once(
    world: VerdictWorld, subject: Subject, history: Sequence[Entry]
) -> None:
    """By entries or by one refusal, never by both; nobody is told twice."""
    refused = [one.request.id for one in world.handoff.store.refusals(1_000, subject)]
    assert len(refused) == len(set(refused))
    assert not set(refused) & {entry.request_id for entry in history}


def every_clock_has_an_owner(world: VerdictWorld, standing: Standing) -> None:
    """Whom sales has somebody looks after, and a clock runs for them."""
    running = world.handoff.store.running(standing.subject)
    assert all(timer.owner for timer in running), running
    if standing.stage in IN_SALES:
        assert standing.handed_to or standing.accepted_by, standing
        assert running, standing


def both_systems_show_the_ledger(world: VerdictWorld) -> None:
    """The stage on both records of a pair is that of the person whose they are; blank of whom nothing is
    known. Who is left over by a merge in one system waits for one in the other, and shows what was told last.
    """
    for system in System:
        for record_id, (name, values) in world.live(system).items():
            if world.ledger.pair_of("people", system, record_id) is None:
                continue
            names = world.mapping.own_names[system, name](record_id, values)
            standing = standing_of(world, names)
            shown = (values.get("stage"), values.get("cycle"), values.get("verdict"))
            told: tuple[object, ...] = (None,) * 3
            if standing is not None:
                told = (standing.stage.value, standing.cycle, standing.verdict)
            assert shown == told, (system, name, record_id, shown, told)


def standing_of(world: VerdictWorld, names: Sequence[OwnName]) -> Standing | None:
    """Where the first of these stands whom the ledger knows."""
    for name in names:
        found = world.store.subjects_by(name.kind, [name.value])
        known = world.handoff.store.standings(found.values())
        if known:
            return next(iter(known.values()))
    return None


def no_verdict_is_lost(world: VerdictWorld) -> None:
    """What somebody entered stands there still, or the ledger has an answer that is not older than it."""
    if not world.edits:
        return
    answered = {system: [*_answers(world, system)] for system in System}
    left: list[Edit] = []
    for edit in world.edits:
        live = world.live(edit.system).get(edit.record_id)
        if live is None:
            continue
        _, held = live
        stands = all(held.get(name) == value for name, value in edit.values.items() if value)
        is_answered = any(at >= edit.at for at in answered[edit.system])
        assert stands or is_answered, ("put back without a word", edit, held)
        if stands and not is_answered and not _is_so(world, edit, held):
            left.append(edit)
    world.edits[:] = left


def _is_so(world: VerdictWorld, edit: Edit, held: Values) -> bool:
    """Whether somebody only asked for what the ledger says anyway."""
    names = world.mapping.own_names[edit.system, edit.object](edit.record_id, held)
    standing = standing_of(world, names)
    return standing is not None and edit.values == {"stage": standing.stage.value}


def _answers(world: VerdictWorld, system: System) -> Iterator[datetime]:
    store = world.handoff.store
    for refusal in store.refusals(1_000):
        if refusal.request.source == system.value:
            yield refusal.request.observed_at
    for email in PEOPLE:
        for subject in world.store.subjects_by("email", [email]).values():
            for entry in store.history(subject):
                if entry.source == system.value:
                    yield entry.observed_at
