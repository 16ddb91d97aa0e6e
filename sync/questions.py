"""Asks `reconcile` about whole batches of pairs: gathers what the decision may know, and no more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from connector.port import Connector, Edit, Record, System, Values
from mappings.schema import Context, Line
from mappings.schema import Mapping as FieldMapping
from sync.decide import EditTimes
from sync.echoes import echo_of
from sync.hearing import Heard, Stored, heard_in, stored_in
from sync.ledger import Agreement, Ledger
from sync.model import Baseline, JournalEntry, Pair
from sync.reconcile import PairPlan, Question, is_true, reconcile
from sync.refs import LedgerRefs
from sync.registry import Registry
from sync.reunion import agreed_before, in_doubt
from sync.sighting import Lookout
from sync.waiting import awaited_by, why_waiting

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
SideValues = Mapping[System, Mapping[str, Values]]


@dataclass(slots=True)
class Answers:
    """Plans by HubSpot id. Pairs `in_flight`, by HubSpot id, have a write that may still land: they wait,
    those that are yet to be bound as well; what people asked for in them meanwhile stands `ahead`.

    `folded` are journal entries found landed, by HubSpot id; they close once that is on file. `values` are
    those that were asked about, by side and record.
    """

    plans: dict[str, PairPlan] = field(default_factory=dict)
    baselines: dict[str, Baseline] = field(default_factory=dict)
    in_flight: set[str] = field(default_factory=set)
    ahead: dict[str, PairPlan] = field(default_factory=dict)
    folded: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    values: SideValues = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asker:
    """Decides batches of pairs against the ledger's knowledge and both systems' edit times."""

    ledger: Ledger
    connectors: Mapping[System, Connector]
    refs: LedgerRefs
    context: Context
    clock: Callable[[], datetime]
    landing_window: timedelta
    retry_parked: bool = False
    # Told of what people entered in fields of ours where that is a request.
    listen: Callable[[Sequence[Heard]], object] = lambda _heard: None
    # Told of what stands in a system of our own values, once it was written and read back.
    saw: Callable[[Sequence[Stored]], object] = lambda _stored: None
    # Told which records of Salesforce were brought in line, with their object.
    met: Callable[[str, Sequence[str]], object] = lambda _object, _ids: None

    def ask(self, mapping: FieldMapping, pairs: Sequence[Pair], values: SideValues) -> Answers:
        """Decide every pair of which both records are at hand."""
        answers = Answers(values=values)
        questions = self._questions(mapping, pairs, values, answers)
        for hubspot_id, question in questions.items():
            answers.plans[hubspot_id] = reconcile(question)
        answers.ahead = self._ahead(mapping, questions, answers)
        self._look_back(mapping, pairs, questions, answers)
        unsure = {i: p.ask_times for i, p in answers.plans.items() if p.ask_times}
        if unsure:
            times = self._edit_times(mapping, pairs, unsure)
            for hubspot_id in unsure:
                question = replace(questions[hubspot_id], times=times[hubspot_id])
                answers.plans[hubspot_id] = reconcile(question)
        return answers

    def _look_back(
        self,
        mapping: FieldMapping,
        pairs: Sequence[Pair],
        questions: dict[str, Question],
        answers: Answers,
    ) -> None:
        """Where both sides changed, ask what pairs had agreed on that became this one (`reunion`)."""
        doubts = {i: lines for i, plan in answers.plans.items() if (lines := in_doubt(plan))}
        if not doubts:
            return
        chosen = [pair for pair in pairs if pair.hubspot_id in doubts]
        for hubspot_id, ended in self.ledger.absorbed(mapping.name, chosen).items():
            question = questions[hubspot_id]
            known = [(mapping.objects[one.salesforce_object], one.baseline) for one in ended]
            if better := agreed_before(question, doubts[hubspot_id], known):
                question = replace(question, baseline={**question.baseline, **better})
                answers.baselines[hubspot_id] = question.baseline
                questions[hubspot_id] = question
                answers.plans[hubspot_id] = reconcile(question)

    def _questions(
        self, mapping: FieldMapping, pairs: Sequence[Pair], values: SideValues, answers: Answers
    ) -> dict[str, Question]:
        here = [
            pair
            for pair in pairs
            if pair.hubspot_id in values[HUBSPOT] and pair.salesforce_id in values[SALESFORCE]
        ]
        for side in System:
            self.prefetch(mapping, side, values[side].values())
        entries = self._open_entries(mapping, here)
        parked = self._parked(mapping, here)
        questions: dict[str, Question] = {}
        for pair in here:
            left, right = values[HUBSPOT][pair.hubspot_id], values[SALESFORCE][pair.salesforce_id]
            lines = mapping.objects[pair.salesforce_object]
            baseline = self._fold(
                lines.lines, pair, entries.get(pair.hubspot_id, []), left, right, answers
            )
            answers.baselines[pair.hubspot_id] = baseline
            questions[pair.hubspot_id] = Question(
                lines=lines,
                baseline=baseline,
                hubspot=left,
                salesforce=right,
                context=self.context,
                parked=parked.get(pair.hubspot_id, {}),
                keys={
                    side: (name, pair.record_id(side.other)) for side, name in mapping.keys.items()
                },
                consent_only=not self._in_scope(mapping, left, right)
                or pair.hubspot_id in answers.in_flight,
                opted_in=frozenset(self._opted_in(mapping, pair, left, right)),
                frozen=frozenset({SALESFORCE}) if _is_converted(right) else frozenset(),
            )
        return questions

    @property
    def registry(self) -> Registry:
        """Where people stand."""
        return Registry(self.ledger, self.connectors, self.clock)

    def _opted_in(
        self, mapping: FieldMapping, pair: Pair, left: Values, right: Values
    ) -> Iterator[str]:
        """The consent lines in which one side holds an opt-out against a proved opt-in."""
        held = {HUBSPOT: left, SALESFORCE: right}
        for position, line in enumerate(mapping.objects[pair.salesforce_object].consent):
            out = [side for side in System if is_true(held[side].get(line.field(side)))]
            if len(out) != 1:
                continue
            place = (out[0], pair.record_id(out[0]))
            if self.registry.opted_in(mapping, position, place, {place}) is not None:
                yield line.id

    def _in_scope(self, mapping: FieldMapping, left: Values, right: Values) -> bool:
        if _is_converted(right):
            return False
        for side, record in ((HUBSPOT, left), (SALESFORCE, right)):
            only = mapping.only.get(side)
            if only is not None and not only(record, self.context):
                return False
        return True

    def prefetch(self, mapping: FieldMapping, side: System, records: Iterable[Values]) -> None:
        """Look up the partners of all references of a batch in a few queries."""
        wanted: dict[str, set[str]] = defaultdict(set)
        fields = {
            (line.link_to, name)
            for lines in mapping.objects.values()
            for line in lines.lines
            if line.link_to
            for name in line.side(side).fields
        }
        for record in records:
            for link_to, name in fields:
                held = record.get(name)
                if held is not None:
                    wanted[link_to].add(str(held))
        for link_to, ids in wanted.items():
            self.refs.prefetch(link_to, side, ids)

    def _open_entries(
        self, mapping: FieldMapping, pairs: Sequence[Pair]
    ) -> dict[str, list[JournalEntry]]:
        found: dict[str, list[JournalEntry]] = defaultdict(list)
        for system in System:
            ids = {pair.record_id(system): pair.hubspot_id for pair in pairs}
            for entry in self.ledger.open_for(mapping.name, system, list(ids)):
                if entry.record_id is not None:
                    found[ids[entry.record_id]].append(entry)
        return found

    def _fold(
        self,
        lines: Sequence[Line],
        pair: Pair,
        entries: Sequence[JournalEntry],
        left: Values,
        right: Values,
        answers: Answers,
    ) -> Baseline:
        """A journalled write whose value stands there now has landed: it counts as agreed."""
        if not entries:
            return pair.baseline
        baseline = dict(pair.baseline)
        held = {HUBSPOT: left, SALESFORCE: right}
        for entry in entries:
            echo = echo_of(entry, lines, held, self.context)
            baseline |= echo.agreed
            if echo.has_landed:
                answers.folded[pair.hubspot_id].append(entry.id)
            elif self.clock() - entry.sent_at < self.landing_window:
                answers.in_flight.add(pair.hubspot_id)
        return baseline

    def _parked(self, mapping: FieldMapping, pairs: Sequence[Pair]) -> dict[str, dict[str, str]]:
        if self.retry_parked:
            return {}
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for system in System:
            ids = {pair.record_id(system): pair.hubspot_id for pair in pairs}
            for record_id, rows in self.ledger.parked_for(mapping.name, system, list(ids)).items():
                for row in rows:
                    if row.line is not None:
                        found[ids[record_id]][row.line] = row.fingerprint
        return found

    def _edit_times(
        self,
        mapping: FieldMapping,
        pairs: Sequence[Pair],
        unsure: Mapping[str, Sequence[str]],
    ) -> dict[str, dict[str, EditTimes]]:
        """When people last edited the lines in doubt; asked for conflicts only."""
        edits: dict[System, dict[str, dict[str, Edit]]] = {HUBSPOT: {}, SALESFORCE: {}}
        chosen = [pair for pair in pairs if pair.hubspot_id in unsure]
        for system in System:
            groups: dict[str, list[Pair]] = defaultdict(list)
            for pair in chosen:
                name = mapping.hubspot_object if system is HUBSPOT else pair.salesforce_object
                groups[name].append(pair)
            for object_name, members in groups.items():
                names = {
                    field_name
                    for pair in members
                    for line in mapping.objects[pair.salesforce_object].lines
                    if line.id in unsure[pair.hubspot_id]
                    for field_name in line.side(system).fields
                }
                ids = [pair.record_id(system) for pair in members]
                edits[system] |= self.connectors[system].last_edits(object_name, ids, sorted(names))
        return {
            pair.hubspot_id: {
                line.id: EditTimes(
                    _newest(edits[HUBSPOT].get(pair.hubspot_id, {}), line.hubspot.fields),
                    _newest(edits[SALESFORCE].get(pair.salesforce_id, {}), line.salesforce.fields),
                )
                for line in mapping.objects[pair.salesforce_object].lines
                if line.id in unsure[pair.hubspot_id]
            }
            for pair in chosen
        }

    def _ahead(
        self, mapping: FieldMapping, questions: Mapping[str, Question], answers: Answers
    ) -> dict[str, PairPlan]:
        """What was asked for in records with a write on its way. To hear of it nothing has to be written."""
        asked = {i: questions[i] for i in answers.in_flight}
        plans = {
            i: reconcile(_only_requests(one))
            for i, one in asked.items()
            if self._in_scope(mapping, one.hubspot, one.salesforce)
        }
        return {i: plan for i, plan in plans.items() if plan.requests}

    def hear_ahead(self, mapping: FieldMapping, pairs: Iterable[Pair], answers: Answers) -> None:
        """Hear it once: what was asked for counts as seen, and the pair stays due."""
        asked = [(one, answers.ahead.get(one.hubspot_id)) for one in pairs if one.id]
        self.note_agreements(
            mapping,
            [(pair, plan) for pair, plan in asked if plan is not None],
            answers.values,
            answers,
        )

    def hear(
        self, mapping: FieldMapping, plans: Iterable[tuple[Pair, PairPlan]], answers: Answers
    ) -> None:
        """Hand on what people entered in fields of ours, before it counts as seen."""
        self.hand_on(
            mapping,
            [
                (pair, plan, {s: answers.values[s][pair.record_id(s)] for s in System})
                for pair, plan in plans
                if plan.requests
            ],
        )

    def hand_on(
        self,
        mapping: FieldMapping,
        plans: Iterable[tuple[Pair, PairPlan, Mapping[System, Values]]],
    ) -> None:
        """The same with the values at hand: in records that get a partner only now, too."""
        found = (heard_in(mapping, *one, self.context) for one in plans if one[1].requests)
        if heard := [one for some in found for one in some]:
            self.listen(heard)

    def witness(
        self,
        mapping: FieldMapping,
        written: Iterable[tuple[Pair, Mapping[System, Record]]],
        stored: Mapping[tuple[System, str], Values],
    ) -> None:
        """Hand on which records were looked at, and what was written of our own values and stands there."""
        by_object: dict[str, list[str]] = defaultdict(list)
        for pair, _ in (works := list(written)):
            by_object[pair.salesforce_object].append(pair.salesforce_id)
        for object_name, ids in by_object.items():
            self.met(object_name, ids)
        if not mapping.own_names:
            return
        found = [
            one
            for pair, records in works
            for one in stored_in(
                mapping,
                pair,
                {side: record.values for side, record in records.items()},
                {one: stored[place] for one, place in _places(pair) if place in stored},
            )
        ]
        if found:
            self.saw(found)

    def note_agreements(
        self,
        mapping: FieldMapping,
        settled: Sequence[tuple[Pair, PairPlan]],
        values: SideValues,
        answers: Answers,
    ) -> None:
        """Put on file what agrees without a write; what is parked or waits keeps the pair due."""
        self.hear(mapping, settled, answers)
        agreements = []
        for pair, plan in settled:
            left, right = values[HUBSPOT][pair.hubspot_id], values[SALESFORCE][pair.salesforce_id]
            stuck = plan.parked or plan.still_parked or plan.waiting or plan.observed
            clean = not (stuck or plan.requests)
            agreements.append(
                Agreement(
                    pair_id=pair.id,
                    baseline={**answers.baselines[pair.hubspot_id], **plan.agreed},
                    hubspot_digest=Lookout(mapping, HUBSPOT, mapping.hubspot_object).digest(left),
                    salesforce_digest=Lookout(mapping, SALESFORCE, pair.salesforce_object).digest(
                        right
                    ),
                    clean=clean,
                    waits=why_waiting(plan.waiting),
                    awaited=awaited_by(plan.waiting),
                )
            )
        self.ledger.agree(agreements, self.clock())
        self.close_folded(answers, (pair.hubspot_id for pair, _ in settled))

    def close_folded(self, answers: Answers, hubspot_ids: Iterable[str]) -> None:
        """The meaning of these landed writes is part of the baselines on file now."""
        landed = [entry for i in hubspot_ids for entry in answers.folded.get(i, ())]
        self.ledger.close([(entry, "landed", None, None) for entry in landed], self.clock())


def _only_requests(question: Question) -> Question:
    """The same, and nothing but the fields of ours in which people ask for something."""
    lines = tuple(line for line in question.lines.lines if line.edits == "request")
    asked = replace(question.lines, lines=lines, consent=())
    return replace(question, lines=asked, keys={}, consent_only=False)


def _is_converted(values: Values) -> bool:
    """A converted Lead takes no writes."""
    return is_true(values.get("IsConverted"))


def _places(pair: Pair) -> Iterator[tuple[System, tuple[System, str]]]:
    for side in System:
        yield side, (side, pair.record_id(side))


def _newest(edits: Mapping[str, Edit], fields: Sequence[str]) -> Edit | None:
    known = [edits[name] for name in fields if name in edits]
    dated = [edit for edit in known if edit.at is not None]
    return max(dated, key=lambda edit: edit.at or datetime.min, default=None)  # noqa: DTZ901 - never compared
