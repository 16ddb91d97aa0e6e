"""Writing associations as fields: the new one is made before the old one ends.

A field holds one record. Setting it makes that record the primary one, or just associates it where
HubSpot knows no primary one; the record that the field held before is let go, and nothing else is
touched. None lets it go. Labels that people gave to a pair stay. Reference sheet, section 11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connector.errors import Rejected, SystemBlocked, TryLater
from connector.hubspot import link_requests
from connector.hubspot.batches import Row, Rows, as_outcome, settle
from connector.hubspot.gateway import Answer, Gateway
from connector.hubspot.link_reading import LinkReader
from connector.hubspot.link_types import End, LinkType, LinkTypes, held_by
from connector.hubspot.names import COMPANIES, CONTACTS, LEADS, SYSTEM, link_fields, to_wire
from connector.hubspot.requests import Born, Requests
from connector.hubspot.wire import not_answered, results
from connector.port import Change, Outcome, Value, Values, Written

# HubSpot deletes a lead that loses its last primary contact or company. Sheet, section 7.5.
_ANCHORS = {LEADS: frozenset({CONTACTS, COMPANIES})}
Ends = Mapping[str, list[End]]


@dataclass(frozen=True, slots=True)
class LinkWriter:
    """Makes and ends associations."""

    gateway: Gateway
    requests: Requests
    reader: LinkReader

    # With a create ------------------------------------------------------------------------------

    def born(self, object_name: str, row: Row) -> Born:
        """A row to create, its associations apart from its properties."""
        links = link_fields(object_name, row)
        marks = {name: self.reader.types(object_name, other).mark for name, other in links.items()}
        ends = [(row[name], mark) for name, mark in marks.items() if mark is not None and row[name]]
        properties = {name: value for name, value in row.items() if name not in links}
        return Born(properties, link_requests.inline(ends))

    # After an update ----------------------------------------------------------------------------

    def follow(
        self, object_name: str, changes: Sequence[Change], outcomes: Mapping[str, Outcome]
    ) -> dict[str, Outcome]:
        """The outcomes of those whose properties were taken, with their associations written.

        Nothing is raised: properties may have landed by now.
        """
        told = dict(outcomes)
        wanted = {change.id: link_fields(object_name, change.values) for change in changes}
        values = {change.id: change.values for change in changes}
        for name in dict.fromkeys(name for links in wanted.values() for name in links):
            due = {i: told[i] for i, links in wanted.items() if name in links}
            rows = {one.id: i for i, one in due.items() if isinstance(one, Written)}
            # A merged id was written under that of its survivor.
            targets = {survivor: values[i][name] for survivor, i in rows.items()}
            for survivor, outcome in self._set(object_name, name, targets).items():
                told[rows[survivor]] = _joined(told[rows[survivor]], outcome)
        return told

    def _set(
        self, object_name: str, name: str, targets: Mapping[str, Value]
    ) -> Mapping[str, Outcome]:
        """Let each record's field hold its target; an outcome each."""
        try:
            return self._set_or_raise(object_name, name, targets)
        except Rejected as refused:
            return dict.fromkeys(targets, _naming(refused, name))
        except TryLater as later:
            return dict.fromkeys(targets, later)
        except SystemBlocked as blocked:
            return dict.fromkeys(targets, as_outcome(blocked))

    def _set_or_raise(
        self, object_name: str, name: str, targets: Mapping[str, Value]
    ) -> dict[str, Outcome]:
        if not targets:
            return {}
        other = link_fields(object_name, [name])[name]
        types = self.reader.types(object_name, other)
        ends = self.reader.ends(object_name, other, targets)
        wanted = {i: to_wire(value) for i, value in targets.items()}
        outcomes = _refused_before(name, wanted, ends)
        cleared = [i for i, value in wanted.items() if i not in outcomes and not value]
        outcomes |= self._last_anchors(object_name, other, name, cleared)
        held = {i: held_by(ends[i], types) for i in wanted if i not in outcomes}
        fresh = {i: {name: wanted[i]} for i, one in held.items() if wanted[i] not in {one, ""}}
        made = settle(fresh, lambda some: self._make(object_name, other, types, ends, some))
        outcomes |= {
            i: _naming(one, name) if isinstance(one, Rejected) else one for i, one in made.items()
        }
        stay = {i: Written(i, values={name: wanted[i] or None}) for i in held if i not in fresh}
        outcomes |= stay
        past = {
            i: one
            for i, one in held.items()
            if one is not None and one != wanted[i] and isinstance(outcomes[i], Written)
        }
        return outcomes | self._let_go(object_name, other, past)

    def _make(
        self, object_name: str, other: str, types: LinkTypes, ends: Ends, rows: Rows
    ) -> Mapping[str, Outcome]:
        pairs = {(i, target): i for i, row in rows.items() for target in row.values()}
        if types.primary is None:
            request = link_requests.join(self.requests, object_name, other, pairs)
        else:
            # What is sent takes the place of all types of the pair, so its labels are sent along.
            mark = types.primary
            marked = {pair: {*_types_of(ends[pair[0]], pair[1]), mark} for pair in pairs}
            request = link_requests.mark(self.requests, object_name, other, marked)
        answer = self.gateway.send(request)
        made = _pairs_told(answer)
        return {
            i: Written(i, values=dict(rows[i]), request_id=answer.request_id)
            if pair in made
            else not_answered()
            for pair, i in pairs.items()
        }

    def _let_go(self, object_name: str, other: str, past: Mapping[str, str]) -> dict[str, Outcome]:
        """End what the fields held before; the outcomes of those for whom that failed."""
        if not past:
            return {}
        rows = {i: {other: held} for i, held in past.items()}

        def send(some: Rows) -> Mapping[str, Outcome]:
            pairs = [(i, row[other]) for i, row in some.items()]
            answer = self.gateway.send(link_requests.part(self.requests, object_name, other, pairs))
            return {i: Written(i, request_id=answer.request_id) for i in some}

        failed = settle(rows, send)
        return {i: one for i, one in failed.items() if not isinstance(one, Written)}

    def _last_anchors(
        self, object_name: str, other: str, name: str, cleared: Sequence[str]
    ) -> dict[str, Outcome]:
        """Refusals for those that would be deleted by losing this association."""
        anchors = _ANCHORS.get(object_name, frozenset())
        if not cleared or other not in anchors:
            return {}
        left = set(cleared)
        for one in anchors - {other}:
            held = self.reader.held(object_name, one, left)
            left -= {i for i, end in held.items() if end is not None}
        return {i: _keeps_it(name) for i in left}


def _refused_before(name: str, wanted: Mapping[str, str], ends: Ends) -> dict[str, Outcome]:
    """What need not be sent: targets that are no id, and records that HubSpot does not know."""
    refused: dict[str, Outcome] = {}
    for i, value in wanted.items():
        if value and not value.isdecimal():
            refused[i] = Rejected(
                f"{name} takes a record's id", system=SYSTEM, cause="bad_reference", fields=(name,)
            )
        elif i not in ends:
            refused[i] = Rejected(
                "HubSpot does not tell the associations of this record",
                system=SYSTEM,
                cause="not_found",
            )
    return refused


def _keeps_it(name: str) -> Rejected:
    return Rejected(
        "HubSpot deletes a lead that loses its last primary contact or company",
        system=SYSTEM,
        cause="required_blank",
        fields=(name,),
    )


def _types_of(ends: Sequence[End], other: str) -> frozenset[LinkType]:
    return frozenset[LinkType]().union(*(end.types for end in ends if end.id == other))


def _pairs_told(answer: Answer) -> set[tuple[str, str]]:
    """Who was associated, in either of the two wordings that HubSpot has for it."""
    told: set[tuple[str, str]] = set()
    for raw in results(answer.json):
        near = raw.get("fromObjectId", (raw.get("from") or {}).get("id"))
        far = raw.get("toObjectId", (raw.get("to") or {}).get("id"))
        told.add((str(near), str(far)))
    return told


def _joined(before: Outcome, outcome: Outcome) -> Outcome:
    """One outcome of two parts; the failure of one is the outcome of the whole."""
    if not isinstance(before, Written) or not isinstance(outcome, Written):
        return outcome
    values: Values = {**(before.values or {}), **(outcome.values or {})}
    return Written(before.id, before.created, values, before.request_id or outcome.request_id)


def _naming(refused: Rejected, name: str) -> Rejected:
    return Rejected(
        refused.reason,
        system=SYSTEM,
        cause=refused.cause,
        fields=(name,),
        request_id=refused.request_id,
    )
