"""Runs the `tests:` of mapping files: the same decisions as for real, on values written in YAML. Pure.

In a test every reference is linked, to a partner with the same id. A test that names one side only
rehearses a create; a test without `agreed` rehearses a first pairing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from connector.port import Edit, System, Value, Values
from mappings.grammar import OWN_SECTION as OWN
from mappings.own_values import PREFIX, vendor_fields
from mappings.schema import Context, Fault, ObjectLines, Pending, Skip, TestCase
from mappings.schema import Mapping as FieldMapping
from sync.creation import key_of, plan_birth
from sync.decide import Agree, EditTimes, Travel
from sync.ledger_values import decide_ledger_value, knowing
from sync.model import FieldChange, LineBaseline
from sync.reconcile import LineConflict, LineParked, PairPlan, Question, reconcile

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
WORDS = frozenset({"create", "conflicts", "parked", "open", "filtered"})


@dataclass(frozen=True, slots=True)
class Failure:
    """A test whose outcome is not what it expects. `diff` reads ``what: expected ..., got ...``."""

    test: str
    location: str
    diff: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """How the tests of some mappings went. `untouched` are lines that no test names."""

    passed: int
    failed: tuple[Failure, ...]
    untouched: tuple[str, ...]


@dataclass(slots=True)
class Outcome:
    """What the engine would do, in the words of a test."""

    writes: dict[str, dict[str, str]] = field(default_factory=dict)
    create: str | None = None
    conflicts: Sequence[LineConflict] = ()
    parked: Sequence[LineParked] = ()
    filtered: bool = False


class _EverybodyLinked:
    def partner(self, mapping: str, side: System, record_id: str) -> str | Pending | None:
        return record_id


def rehearse(mappings: Iterable[FieldMapping], today: date) -> Rehearsed:
    """Run every test of every mapping; `today` is the date that expressions see."""
    context = Context(today=today, refs=_EverybodyLinked())
    passed, failed, untouched = 0, list[Failure](), list[str]()
    for mapping in mappings:
        for case in mapping.tests:
            diff = _differences(case, _play(mapping, case, context))
            if diff:
                failed.append(Failure(f"{mapping.name}: {case.name}", case.location, tuple(diff)))
            else:
                passed += 1
        untouched += _untouched(mapping)
    return Rehearsed(passed, tuple(failed), tuple(untouched))


def _play(mapping: FieldMapping, case: TestCase, context: Context) -> Outcome:
    agreed, now = _section(case, "agreed"), _section(case, "now")
    said = _own(agreed.pop(OWN, {}))
    own = said | _own(now.pop(OWN, {}))
    named = [name for name in (*agreed, *now) if name != "hubspot"]
    if "agreed" not in case.spec and len(now) == 1:
        return _play_birth(mapping, case, now, own, context)
    object_name = named[0] if named else mapping.salesforce_objects[0]
    lines = mapping.objects[object_name]
    before = {
        HUBSPOT: _record(mapping, HUBSPOT, mapping.hubspot_object, agreed.get("hubspot", {})),
        SALESFORCE: _record(mapping, SALESFORCE, object_name, agreed.get(object_name, {})),
    }
    held = {
        HUBSPOT: {**before[HUBSPOT], **now.get("hubspot", {}), **own},
        SALESFORCE: {**before[SALESFORCE], **now.get(object_name, {})},
    }
    outcome = Outcome(filtered=_filtered(mapping, case, held, context))
    then = knowing(context, said)
    baseline = _baseline(lines, before, then) if "agreed" in case.spec else {}
    plan = _decide(lines, baseline, held, context, case, object_name, outcome.filtered)
    outcome.conflicts, outcome.parked = plan.conflicts, plan.parked
    for side, name in ((HUBSPOT, "hubspot"), (SALESFORCE, object_name)):
        written = _shown(plan.changes.get(side, ()))
        if written:
            outcome.writes[name] = written
    return outcome


def _decide(
    lines: ObjectLines,
    baseline: Mapping[str, LineBaseline],
    held: Mapping[System, Values],
    context: Context,
    case: TestCase,
    object_name: str,
    filtered: bool,
) -> PairPlan:
    times = {
        line.id: EditTimes(
            _edit(case, "hubspot", line.hubspot.fields),
            _edit(case, object_name, line.salesforce.fields),
        )
        for line in lines.lines
    }
    return reconcile(
        Question(
            lines=lines,
            baseline=baseline,
            hubspot=held[HUBSPOT],
            salesforce=held[SALESFORCE],
            context=context,
            times=times,
            consent_only=filtered,
        )
    )


def _play_birth(
    mapping: FieldMapping,
    case: TestCase,
    now: Mapping[str, Values],
    own: Values,
    context: Context,
) -> Outcome:
    name = next(iter(now))
    source = HUBSPOT if name == "hubspot" else SALESFORCE
    source_object = mapping.hubspot_object if source is HUBSPOT else name
    values = {**_record(mapping, source, source_object, now[name]), **own}
    rules = mapping.create_in_salesforce if source is HUBSPOT else mapping.create_in_hubspot
    outcome = Outcome(filtered=not _in_scope(mapping, source, values, context))
    rule = next((r for r in rules if r.when is None or r.when(values, context)), None)
    if outcome.filtered and "filtered" in _expected(case):
        return outcome
    if rule is None:
        return outcome
    lines = mapping.objects[rule.object if source is HUBSPOT else name]
    birth = plan_birth(lines, source, values, context, key_of(mapping, source.other, ""))
    outcome.parked = birth.parked if birth.refused is None else (birth.refused,)
    if birth.refused is None:
        outcome.create = rule.object
        target = rule.object if source is HUBSPOT else "hubspot"
        outcome.writes[target] = _shown(birth.changes)
        if back := _shown(birth.back_changes):
            outcome.writes[name] = back
    return outcome


def _record(
    mapping: FieldMapping, side: System, object_name: str, named: Values
) -> dict[str, Value]:
    """Unnamed fields are blank."""
    return {**dict.fromkeys(vendor_fields(mapping.fields[side, object_name])), **named}


def _baseline(
    lines: ObjectLines, before: Mapping[System, Values], context: Context
) -> dict[str, LineBaseline]:
    """What was agreed on; where a line keeps edits that is what was said then, if anything was."""
    agreed = {}
    for line in lines.lines:
        left = line.hubspot.read(before[HUBSPOT], context)
        right = line.salesforce.read(before[SALESFORCE], context)
        if isinstance(left, Fault | Skip | Pending) or isinstance(right, Fault | Skip | Pending):
            continue
        if line.edits != "keep":
            agreed[line.id] = LineBaseline(line.hash, left, right)
            continue
        told = decide_ledger_value(line, None, left, right, context)
        if isinstance(told, Agree | Travel) and told.noted is not None:
            agreed[line.id] = told.noted
    return agreed


def _filtered(
    mapping: FieldMapping, case: TestCase, held: Mapping[System, Values], context: Context
) -> bool:
    """`only` counts where its fields are named or `filtered: true` is expected."""
    if "filtered" not in _expected(case):
        return False
    return not all(_in_scope(mapping, side, held[side], context) for side in System)


def _in_scope(mapping: FieldMapping, side: System, values: Values, context: Context) -> bool:
    only = mapping.only.get(side)
    return only is None or only(values, context)


def _own(named: Values) -> dict[str, Value]:
    """Values of our own as a record carries them."""
    return {f"{PREFIX}{name}": value for name, value in named.items()}


def _section(case: TestCase, name: str) -> dict[str, dict[str, Value]]:
    section = case.spec.get(name)
    if not isinstance(section, Mapping):
        return {}
    return {str(record): _values(values) for record, values in section.items()}


def _values(values: object) -> dict[str, Value]:
    found: dict[str, Value] = {}
    if isinstance(values, Mapping):
        for name, value in values.items():
            text = None if value is None else str(value)
            found[str(name)] = text or None
    return found


def _expected(case: TestCase) -> Mapping[str, Any]:
    expect = case.spec.get("expect")
    return expect if isinstance(expect, Mapping) else {}


def _edit(case: TestCase, record: str, fields: Sequence[str]) -> Edit | None:
    """`at:` gives edit times; without one the time is not known."""
    section = case.spec.get("at")
    times = section.get(record) if isinstance(section, Mapping) else None
    if not isinstance(times, Mapping):
        return None
    known = [datetime.fromisoformat(str(times[name])) for name in fields if name in times]
    return Edit(max(known), by_us=False) if known else None


def _shown(changes: Iterable[FieldChange]) -> dict[str, str]:
    """Writes as a test words them; external keys are not its business."""
    return {c.api_name: _text(c.after) for c in changes if c.rule != "key"}


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _differences(case: TestCase, outcome: Outcome) -> list[str]:
    expect = _expected(case)
    records = [name for name in expect if name not in WORDS]
    diff: list[str] = []
    for record in dict.fromkeys([*records, *outcome.writes]):
        wanted = {k: _text(v) for k, v in _values(expect.get(record, {})).items()}
        got = outcome.writes.get(record, {})
        diff += [
            _unlike(f"{record}.{name}", wanted.get(name), got.get(name))
            for name in dict.fromkeys([*wanted, *got])
            if wanted.get(name) != got.get(name)
        ]
    if expect.get("create") != outcome.create and ("create" in expect or outcome.create is None):
        diff.append(_unlike("create", expect.get("create"), outcome.create))
    if "filtered" in expect and _text(expect["filtered"]).lower() != _text(outcome.filtered):
        diff.append(_unlike("filtered", expect["filtered"], outcome.filtered))
    diff += _findings_differ(expect, outcome)
    return diff


def _findings_differ(expect: Mapping[str, Any], outcome: Outcome) -> list[str]:
    got: dict[str, list[Any]] = {
        "conflicts": [
            {"line": c.line, "winner": c.winner} for c in outcome.conflicts if not c.open
        ],
        "parked": [{"line": p.line, "cause": p.cause} for p in outcome.parked],
        "open": [c.line for c in outcome.conflicts if c.open],
    }
    diff = []
    for word, found in got.items():
        if word not in expect and not (word == "parked" and found):
            continue
        wanted = [_plain(item) for item in expect.get(word) or []]
        if sorted(map(str, wanted)) != sorted(str(_plain(item)) for item in found):
            diff.append(_unlike(word, wanted, found))
    return diff


def _plain(item: object) -> object:
    if isinstance(item, Mapping):
        return {str(k): None if v is None else str(v) for k, v in sorted(item.items())}
    return str(item)


def _unlike(what: str, wanted: object, got: object) -> str:
    nothing = "no write"
    return f"{what}: expected {nothing if wanted is None else repr(wanted)}, got " + (
        nothing if got is None else repr(got)
    )


def _untouched(mapping: FieldMapping) -> list[str]:
    """Lines of which no test names a field."""
    named = {
        str(name)
        for case in mapping.tests
        for section in ("agreed", "now", "expect")
        for values in _section(case, section).values()
        for name in values
    }
    lines = {
        line.id: {*line.hubspot.fields, *line.salesforce.fields}
        for lines in mapping.objects.values()
        for line in lines.lines
    }
    return [f"{mapping.name}.{line}" for line, fields in lines.items() if not fields & named]
