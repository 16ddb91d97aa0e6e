"""Salesforce's relations behind their port: CampaignMember and OpportunityContactRole.

Both are records that tie two others together, with no external key of their own; a tie is found by what it
ties. Reference sheet, section 7.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from more_itertools import chunked

from connector.errors import Rejected
from connector.port import Outcome, System, Value, Values, Written
from connector.relations import Tie
from connector.salesforce.gateway import Gateway
from connector.salesforce.queries import rows_among
from connector.salesforce.rows import Rows
from connector.salesforce.soql import literal
from connector.salesforce.wire import SYSTEM, is_id, to18

# Ties that are looked up and written at once: ids of both ends fit one URL.
AT_ONCE = 200
PAGE = 2_000
_ALREADY = "Already a campaign member"

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One relation. `lefts`: which field names the left record, by its object, the telling one first.

    `listed`: the field of which each right-hand record has a list of its own (the statuses of a campaign).
    `told_apart`: the field that tells several ties between the same two records apart (roles).
    """

    object: str
    right: str
    lefts: Mapping[str, str]
    listed: str | None = None
    told_apart: str | None = None

    @property
    def ends(self) -> list[str]:
        return ["Id", self.right, *self.lefts.values()]


# After a conversion a member names the Lead and the Contact: it is told under the Contact.
MEMBERS: Final = Kind(
    "CampaignMember", "CampaignId", {"Contact": "ContactId", "Lead": "LeadId"}, listed="Status"
)
ROLES: Final = Kind(
    "OpportunityContactRole", "OpportunityId", {"Contact": "ContactId"}, told_apart="Role"
)
KINDS: Final = {kind.object: kind for kind in (MEMBERS, ROLES)}


@dataclass(slots=True)
class _Work:
    """The ties of one call that still have to be written, and what became of the others, by position."""

    outcomes: dict[int, Outcome] = field(default_factory=dict)
    creates: dict[int, dict[str, Any]] = field(default_factory=dict)
    updates: dict[int, dict[str, Any]] = field(default_factory=dict)


class SalesforceRelations:
    """The relations of one org, over the gateway of its connector."""

    def __init__(self, gateway: Gateway, rows: Rows) -> None:
        self._gateway = gateway
        self._rows = rows

    @property
    def system(self) -> System:
        return System.SALESFORCE

    def ties(
        self, relation: str, rights: Sequence[str], fields: Sequence[str]
    ) -> Iterator[list[Tie]]:
        kind = _kind(relation)
        names = [*kind.ends, *fields]
        wanted = list(dict.fromkeys(to18(one) for one in rights if is_id(one)))
        found = rows_among(self._gateway, names, kind.object, kind.right, wanted)
        for batch in chunked(found, PAGE):
            yield [_tie(kind, row, fields) for row in batch]

    def tie_many(self, relation: str, ties: Sequence[Tie]) -> list[Outcome]:
        """Make these ties. A status that the campaign does not know is refused before it is sent.

        Salesforce would silently store the default of the campaign instead. A contact may have several
        roles in one Opportunity: a tie with a role is the one of that role, else one without any.
        """
        kind = _kind(relation)
        outcomes: list[Outcome] = []
        for batch in chunked(ties, AT_ONCE):
            work = self._sorted(kind, batch)
            self._write(kind, work)
            again = [place for place, one in work.outcomes.items() if _is_already(one)]
            if again:  # somebody was quicker, or our own answer was lost: set the values
                second = self._sorted(kind, [batch[place] for place in again])
                self._write(kind, second)
                found = {again[place]: one for place, one in second.outcomes.items()}
                work.outcomes.update(found)
            outcomes += [work.outcomes[place] for place in range(len(batch))]
        return outcomes

    def untie_many(self, relation: str, ties: Sequence[Tie]) -> list[Outcome]:
        kind = _kind(relation)
        outcomes: list[Outcome] = []
        for batch in chunked(ties, AT_ONCE):
            known = self._existing(kind, batch)
            ended = {place: _match(kind, tie, known) for place, tie in enumerate(batch)}
            ids = list(dict.fromkeys(row["Id"] for row in ended.values() if row is not None))
            deleted = dict(zip(ids, self._rows.delete(ids), strict=True))
            for place, tie in enumerate(batch):
                row = ended[place]
                gone = Written(to18(tie.id) if tie.id else "")
                outcomes.append(gone if row is None else deleted[row["Id"]])
        return outcomes

    def values_allowed(self, relation: str, right: str) -> Mapping[str, Values]:
        kind = _kind(relation)
        if kind.listed is None or not is_id(right):
            return {}
        return {kind.listed: self._statuses([to18(right)]).get(to18(right), {})}

    def _statuses(self, campaigns: Sequence[str]) -> dict[str, dict[str, Value]]:
        """The labels of the statuses of each campaign, in their order; they are stored by their label."""
        names = ["Id", "CampaignId", "Label", "SortOrder"]
        rows = list(
            rows_among(self._gateway, names, "CampaignMemberStatus", "CampaignId", campaigns)
        )
        found: dict[str, dict[str, Value]] = defaultdict(dict)
        for row in sorted(rows, key=lambda row: row.get("SortOrder") or 0):
            found[row["CampaignId"]][row["Label"]] = row["Label"]
        return found

    def _sorted(self, kind: Kind, ties: Sequence[Tie]) -> _Work:
        """Which ties exist and are set, which are made, and which cannot be."""
        work = _Work()
        statuses = self._statuses_of(kind, ties)
        known = self._existing(kind, ties)
        for place, tie in enumerate(ties):
            values, refused = _values(kind, tie, statuses)
            row = _match(kind, tie, known)
            if refused is not None:
                work.outcomes[place] = refused
            elif row is None:
                ends = {kind.lefts[tie.left_object]: tie.left, kind.right: tie.right}
                work.creates[place] = {**_typed(kind), **ends, **values}
                # A second tie of the same ends in this batch is this one.
                known[_ends(kind, tie)].append({"Id": f"new {place}", **ends, **values})
            elif str(row["Id"]).startswith("new "):
                work.creates[int(row["Id"].removeprefix("new "))] |= values
                work.updates[place] = {"same as": int(row["Id"].removeprefix("new "))}
            elif values:
                work.updates[place] = {**_typed(kind), "id": row["Id"], **values}
            else:
                work.outcomes[place] = Written(row["Id"])
        return work

    def _write(self, kind: Kind, work: _Work) -> None:
        made = self._rows.write("POST", "composite/sobjects", list(work.creates.values()))
        created = dict(zip(work.creates, made, strict=True))
        work.outcomes.update(
            {
                place: Written(one.id, created=True) if isinstance(one, Written) else one
                for place, one in created.items()
            }
        )
        # Two ties of the same ends: the later one wins, and both are told the same.
        last = {row["id"]: row for row in work.updates.values() if "id" in row}
        done = self._rows.write("PATCH", "composite/sobjects", list(last.values()))
        by_id = dict(zip(last, done, strict=True))
        for place, row in work.updates.items():
            work.outcomes[place] = (
                by_id[row["id"]] if "id" in row else work.outcomes[row["same as"]]
            )

    def _statuses_of(self, kind: Kind, ties: Sequence[Tie]) -> dict[str, dict[str, Value]]:
        if kind.listed is None:
            return {}
        rights = [to18(tie.right) for tie in ties if tie.values.get(kind.listed) is not None]
        return self._statuses([one for one in dict.fromkeys(rights) if is_id(one)])

    def _existing(
        self, kind: Kind, ties: Sequence[Tie]
    ) -> dict[tuple[str, str, str], list[dict[str, Any]]]:
        """The rows that tie any two of these records, by their ends."""
        found: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
        names = [*kind.ends, *([kind.told_apart] if kind.told_apart else [])]
        for left_object, left_field in kind.lefts.items():
            mine = [tie for tie in ties if tie.left_object == left_object]
            lefts = [one for one in dict.fromkeys(to18(tie.left) for tie in mine) if is_id(one)]
            rights = [one for one in dict.fromkeys(to18(tie.right) for tie in mine) if is_id(one)]
            if not lefts or not rights:
                continue
            where = f"{kind.right} IN ({', '.join(map(literal, rights))})"
            for row in rows_among(
                self._gateway, names, kind.object, left_field, lefts, where=where
            ):
                found[left_object, row[left_field], row[kind.right]].append(row)
        return found


def _kind(relation: str) -> Kind:
    kind = KINDS.get(relation)
    if kind is None:
        raise Rejected(
            f"Salesforce has no relation {relation}; known: {', '.join(KINDS)}",
            system=SYSTEM,
            cause="no_such_field",
        )
    return kind


def _tie(kind: Kind, row: Row, fields: Sequence[str]) -> Tie:
    values = {name: row[name] for name in fields if name in row}
    for left_object, left_field in kind.lefts.items():
        if row.get(left_field):
            return Tie(left_object, row[left_field], row[kind.right], values, row["Id"])
    return Tie(next(iter(kind.lefts)), "", row[kind.right], values, row["Id"])


def _ends(kind: Kind, tie: Tie) -> tuple[str, str, str]:
    return tie.left_object, to18(tie.left), to18(tie.right)


def _match(
    kind: Kind, tie: Tie, known: Mapping[tuple[str, str, str], list[dict[str, Any]]]
) -> dict[str, Any] | None:
    """The row that is this tie already, None where there is none."""
    rows = known.get(_ends(kind, tie), [])
    named = [row for row in rows if tie.id and row["Id"] == to18(tie.id)]
    wanted = tie.values.get(kind.told_apart) if kind.told_apart else None
    if named or wanted is None:
        return next(iter(named or rows), None)
    exact = [row for row in rows if row.get(str(kind.told_apart)) == wanted]
    blank = [row for row in rows if row.get(str(kind.told_apart)) is None]
    return next(iter(exact or blank), None)


def _values(
    kind: Kind, tie: Tie, statuses: Mapping[str, Mapping[str, Value]]
) -> tuple[dict[str, Value], Rejected | None]:
    """The values as the campaign spells them, and why they cannot be stored."""
    if tie.left_object not in kind.lefts:
        text = f"{kind.object} ties {' or '.join(kind.lefts)} records, and no {tie.left_object}"
        return {}, Rejected(text, system=SYSTEM, cause="bad_reference")
    values = dict(tie.values)
    wanted = values.get(kind.listed) if kind.listed else None
    allowed = statuses.get(to18(tie.right))
    if wanted is None or kind.listed is None or not allowed:
        return values, None
    for label in allowed:
        if label.casefold() == str(wanted).casefold():
            return values | {kind.listed: label}, None
    return {}, Rejected(
        f"the campaign has no member status {wanted!r}: it knows {', '.join(allowed)}",
        system=SYSTEM,
        cause="unknown_option",
        fields=(kind.listed,),
    )


def _typed(kind: Kind) -> dict[str, Any]:
    return {"attributes": {"type": kind.object}}


def _is_already(outcome: Outcome) -> bool:
    return isinstance(outcome, Rejected) and _ALREADY in outcome.reason
