"""The five batch calls and how each of them fails in part or as a whole (reference sheet, section 8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sandbox.hubspot import effects, leaving, linking, writing
from sandbox.hubspot.answers import (
    Problem,
    Refusal,
    could_not_get,
    invalid_request,
    invalid_values,
    iso,
    missing_field,
)
from sandbox.hubspot.reading import MOST_PER_PAGE, MOST_WITH_HISTORY, as_json, shell, view_of
from sandbox.hubspot.records import Record, Table
from sandbox.hubspot.state import Actor, State

Input = Mapping[str, Any]
Answer = tuple[int, dict[str, Any]]


class Target(NamedTuple):
    """One judged input: the record it changes (None: to be created), and what it sets."""

    record: Record | None
    given: Input
    values: dict[str, str]


def inputs_of(body: Any, most: int = MOST_PER_PAGE) -> list[Input]:
    """The inputs of a batch. 400 for none or too many."""
    given = body.get("inputs") if isinstance(body, Mapping) else None
    if given is None:
        raise missing_field("inputs")
    if not given:
        raise invalid_request("Batch input provided should have at least one object.")
    if len(given) > most:
        raise invalid_request(f"The maximum number of inputs supported in a batch is {most}.")
    return list(given)


def envelope(state: State, results: list[Any], errors: Sequence[Any], status: int = 200) -> Answer:
    """The frame of a batch answer; results come back in an order of their own."""
    if state.shuffle:
        state.dice.shuffle(results)
    now = iso(state.now())
    body: dict[str, Any] = {"status": "COMPLETE", "results": results}
    if errors:
        body["numErrors"] = len(errors)
        body["errors"] = list(errors)
        status = 207
    body["startedAt"] = body["completedAt"] = now
    return status, body


def read(state: State, table: Table, body: Any, *, archived: bool) -> Answer:
    """Read by id or by a unique property. Unknown ids give 207; ids merged away are left out."""
    history = body.get("propertiesWithHistory") or () if isinstance(body, Mapping) else ()
    given = inputs_of(body)
    if history and len(given) > MOST_WITH_HISTORY:
        raise invalid_request(
            "The maximum number of inputs supported in a batch request for property histories is "
            f"{MOST_WITH_HISTORY}. Please reduce the number of items and try again"
        )
    view = view_of(table, body.get("properties") or (), history)
    found: dict[int, Record] = {}
    unknown: list[str] = []
    for wanted in dict.fromkeys(str(one.get("id")) for one in given):
        if _is_merged(table, wanted, body.get("idProperty")):
            continue
        record = _look(table, wanted, body.get("idProperty"), archived=archived)
        if record is None:
            unknown.append(wanted)
        else:
            found[record.id] = record
    errors = [could_not_get(table.kind.upper, unknown)] if unknown else []
    return envelope(state, [as_json(state, table, one, view) for one in found.values()], errors)


def _is_merged(table: Table, wanted: str, id_property: str | None) -> bool:
    return not id_property and wanted.isdigit() and int(wanted) in table.aliases


def _look(
    table: Table, wanted: str, id_property: str | None, *, archived: bool = False
) -> Record | None:
    try:
        return writing.locate(table, wanted, id_property, archived=archived)
    except Refusal as refusal:
        if refusal.status == 404:
            return None
        raise


def create(state: State, table: Table, body: Any, actor: Actor) -> Answer:
    """All or nothing; with a trace id of its own on every input, each stands for itself."""
    given = inputs_of(body)
    traces = [one.get("objectWriteTraceId") for one in given]
    traced = None not in traces and len(set(traces)) == len(traces)
    judged = [writing.judge(state, table, None, writing.properties_of(one), actor) for one in given]
    problems = [problem for one in judged for problem in one.problems]
    if problems and not traced:
        raise invalid_values(problems, state.portal_id)
    results: list[Any] = []
    errors: list[Any] = []
    claims = _Claims(state, table)
    accepted: list[Target] = []
    for one, verdict in zip(given, judged, strict=True):
        refusal = _why_not(state, table, verdict, claims, one)
        if refusal is None:
            accepted.append(Target(None, one, verdict.values))
        elif traced:
            errors.append(_entry(refusal, one))
        else:
            raise _without_id(refusal)
    for target in accepted:
        record = writing.bring_to_life(state, table, target.values, target.given, actor)
        results.append(_told(state, table, record, record.values, target.given))
    return envelope(state, results, errors, 201)


class _Claims:
    """Unique values that earlier inputs of the same batch have taken."""

    def __init__(self, state: State, table: Table) -> None:
        self._state, self._table = state, table
        self._taken: dict[tuple[str, str], int] = {}

    def refuse(self, number: int | None, values: Mapping[str, str]) -> Refusal | None:
        """Who is in the way of these values; takes them where nobody is."""
        refusal = writing.conflict(self._state, self._table, number, values)
        if refusal is not None:
            return refusal
        rules = self._table.schema.properties
        mine = [(n, v.lower()) for n, v in values.items() if v and rules[n].unique]
        for claim in mine:
            if claim in self._taken:
                name, value = claim
                if name == "email":
                    return Refusal(409, "Contact already exists", "CONFLICT")
                owner = self._taken[claim]
                return writing.taken(self._state, self._table, name, value, number, owner)
        self._taken.update(dict.fromkeys(mine, number or 0))
        return None


def _why_not(
    state: State, table: Table, verdict: writing.Judged, claims: _Claims, given: Input
) -> Refusal | None:
    if verdict.problems:
        return invalid_values(verdict.problems, state.portal_id)
    try:
        writing.check_required(table, verdict.values)
        writing.check_company(state, verdict.values)
        linking.inline_links(state, table, given.get("associations"))
    except Refusal as refusal:
        return refusal
    return claims.refuse(None, verdict.values)


def _without_id(refusal: Refusal) -> Refusal:
    """A whole batch that failed for a duplicate names no id."""
    if refusal.status == 409:
        return Refusal(409, "Contact already exists", refusal.category)
    return refusal


def _entry(refusal: Refusal, given: Input) -> dict[str, Any]:
    """One entry of `errors[]` in a 207, told apart by its trace id."""
    entry = refusal.body()
    context = {**entry.get("context", {}), "objectWriteTraceId": [str(given["objectWriteTraceId"])]}
    _, found, existing = refusal.message.partition("Existing ID: ")
    if found:
        context["existingId"] = [existing]
    return {**entry, "context": context}


def _told(
    state: State, table: Table, record: Record, values: Mapping[str, str], given: Input
) -> dict[str, Any]:
    told = shell(state, table, record, dict(sorted(values.items())))
    if given.get("objectWriteTraceId") is not None:
        told["objectWriteTraceId"] = given["objectWriteTraceId"]
    return told


def update(state: State, table: Table, body: Any, actor: Actor) -> Answer:
    """Unknown ids give 207 and the others are written; a bad value or a duplicate fails them all."""
    given = inputs_of(body)
    _refuse_repeats(given)
    targets: list[Target] = []
    unknown: list[str] = []
    problems: list[Problem] = []
    for one in given:
        wanted = str(one.get("id"))
        if _is_merged(table, wanted, one.get("idProperty")):
            continue
        record = _look(table, wanted, one.get("idProperty"))
        verdict = writing.judge(state, table, record, writing.properties_of(one), actor)
        problems += verdict.problems
        if record is None:
            unknown.append(wanted)
        else:
            targets.append(Target(record, one, verdict.values))
    _check_all(state, table, problems, targets)
    errors = [could_not_get(table.kind.upper, unknown)] if unknown else []
    return envelope(state, [_write(state, table, one, actor) for one in targets], errors)


def _refuse_repeats(given: Sequence[Input]) -> None:
    counted = Counter(str(one.get("id")) for one in given)
    twice = sorted(wanted for wanted, count in counted.items() if count > 1)
    if twice:
        text = f"Duplicate IDs found in batch input: [{', '.join(twice)}]. IDs must be unique"
        raise invalid_request(text, context={"ids": twice})


def _check_all(
    state: State, table: Table, problems: Sequence[Problem], targets: Sequence[Target]
) -> None:
    if problems:
        raise invalid_values(problems, state.portal_id)
    claims = _Claims(state, table)
    for target in targets:
        writing.check_company(state, target.values)
        if target.record is None:
            writing.check_required(table, target.values)
        number = None if target.record is None else target.record.id
        refusal = claims.refuse(number, target.values)
        if refusal is not None:
            raise refusal


def _write(state: State, table: Table, target: Target, actor: Actor) -> dict[str, Any]:
    """Create or change what a judged input names."""
    record = target.record
    if record is None:
        record = effects.born(state, table, effects.garbled(target.values, actor.garble), actor)
        return _told(state, table, record, record.values, target.given)
    told = writing.change(state, table, record, target.values, actor)
    return _told(state, table, record, told, target.given)


def upsert(state: State, table: Table, body: Any, actor: Actor) -> Answer:
    """Create or update by a unique property (or by record id); one bad input fails them all."""
    given = inputs_of(body)
    _refuse_repeats(given)
    targets: list[Target] = []
    unknown: list[str] = []
    problems: list[Problem] = []
    for one in given:
        wanted, id_property = str(one.get("id")), one.get("idProperty")
        _check_key(table, id_property)
        record = _look(table, wanted, id_property)
        if record is None and not id_property:
            unknown.append(wanted)
            continue
        properties = dict(writing.properties_of(one))
        if record is None and id_property:
            properties.setdefault(str(id_property), wanted)
        verdict = writing.judge(state, table, record, properties, actor)
        problems += verdict.problems
        targets.append(Target(record, one, verdict.values))
    _check_all(state, table, problems, targets)
    results = [
        {**_write(state, table, target, actor), "new": target.record is None} for target in targets
    ]
    errors = [could_not_get(table.kind.upper, unknown)] if unknown else []
    return envelope(state, results, errors)


def _check_key(table: Table, id_property: str | None) -> None:
    rule = table.schema.properties.get(id_property or "")
    if id_property and (rule is None or not rule.unique):
        raise invalid_request(
            f"Unable to perform update/upsert by non-unique {table.kind.type_id} property"
        )


def archive(state: State, table: Table, body: Any, actor: Actor) -> None:
    """Archive; unknown ids are no error."""
    for one in inputs_of(body):
        record = table.find(str(one.get("id")))
        if record is not None:
            leaving.archive(state, table, record, actor)


BatchCall = Callable[[State, Table, Any, Actor], Answer]
WRITES: dict[str, BatchCall] = {"create": create, "update": update, "upsert": upsert}
