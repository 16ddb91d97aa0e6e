"""`HubSpotRelations`: list memberships and associations behind `connector.relations`.

``list memberships`` ties contacts (left) to lists (right) and has no fields of its own. Only MANUAL and
SNAPSHOT lists take members by hand; whoever writes to another is told why not.

``associations A B`` (``associations contacts deals``) ties any two objects. Its own field is ``label``:
the labels that people gave to the pair, parted by ``;`` where there are several, None for an association
without one. HubSpot's own mark of the primary association is no label and stays where it is.
Reference sheet, sections 11 and 13.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from more_itertools import chunked

from connector.errors import Rejected, RejectionCause, SystemBlocked, TryLater
from connector.hubspot import link_requests, list_requests
from connector.hubspot.batches import Rows, as_outcome, settle
from connector.hubspot.gateway import Gateway
from connector.hubspot.link_reading import LinkReader
from connector.hubspot.link_types import End, LinkType, LinkTypes
from connector.hubspot.lists import KIND, MANUAL, Lists
from connector.hubspot.names import CONTACTS, LISTS, SYSTEM
from connector.hubspot.requests import BATCH, Requests
from connector.hubspot.wire import next_page, results, split_list
from connector.port import Outcome, System, Value, Values, Written
from connector.relations import Tie

MEMBERSHIPS: Final = "list memberships"
ASSOCIATIONS: Final = "associations"
LABEL: Final = "label"
JOINED: Final = "membershipTimestamp"
"""When a member came into a list: told to those who ask, and never written."""


class _Relation(Protocol):
    """One relation, whichever it is."""

    def ties(self, rights: Sequence[str], fields: Sequence[str]) -> Iterator[list[Tie]]: ...

    def tie_many(self, ties: Sequence[Tie]) -> list[Outcome]: ...

    def untie_many(self, ties: Sequence[Tie]) -> list[Outcome]: ...

    def values_allowed(self, right: str) -> Mapping[str, Values]: ...


@dataclass(frozen=True, slots=True)
class HubSpotRelations:
    """Relations of one account. Built by `HubSpotConnector.relations`."""

    gateway: Gateway
    requests: Requests
    links: LinkReader
    lists: Lists

    @property
    def system(self) -> System:
        return System.HUBSPOT

    def ties(
        self, relation: str, rights: Sequence[str], fields: Sequence[str]
    ) -> Iterator[list[Tie]]:
        return self._relation(relation).ties(rights, fields)

    def tie_many(self, relation: str, ties: Sequence[Tie]) -> list[Outcome]:
        return self._relation(relation).tie_many(ties)

    def untie_many(self, relation: str, ties: Sequence[Tie]) -> list[Outcome]:
        return self._relation(relation).untie_many(ties)

    def values_allowed(self, relation: str, right: str) -> Mapping[str, Values]:
        return self._relation(relation).values_allowed(right)

    def _relation(self, name: str) -> _Relation:
        """Raises `Rejected(no_such_field)` for a word that names no relation of HubSpot."""
        words = name.split()
        if name == MEMBERSHIPS:
            return _Memberships(self.gateway, self.requests, self.lists)
        if len(words) == 3 and words[0] == ASSOCIATIONS:
            return _Associations(self.gateway, self.requests, self.links, words[1], words[2])
        raise Rejected(
            f"HubSpot has no relation {name!r}: write `{MEMBERSHIPS}`, or `{ASSOCIATIONS}` and the "
            "names of two objects",
            system=SYSTEM,
            cause="no_such_field",
        )


# List memberships -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Memberships:
    gateway: Gateway
    requests: Requests
    lists: Lists

    def ties(self, rights: Sequence[str], fields: Sequence[str]) -> Iterator[list[Tie]]:
        """The members of each list, page by page. A list that is gone has none."""
        for right in dict.fromkeys(rights):
            try:
                yield from self._members(right, fields)
            except Rejected as refused:
                if refused.cause != "not_found":
                    raise

    def _members(self, right: str, fields: Sequence[str]) -> Iterator[list[Tie]]:
        after: str | None = None
        while True:
            request = list_requests.members(self.requests, right, after)
            answer = self.gateway.send(request).json
            yield [
                Tie(CONTACTS, str(raw["recordId"]), right, _asked(raw.get(JOINED), JOINED, fields))
                for raw in results(answer)
            ]
            after = next_page(answer)
            if after is None:
                return

    def tie_many(self, ties: Sequence[Tie]) -> list[Outcome]:
        return self._change("add", ties)

    def untie_many(self, ties: Sequence[Tie]) -> list[Outcome]:
        return self._change("remove", ties)

    def values_allowed(self, right: str) -> Mapping[str, Values]:
        return {}

    def _change(self, verb: str, ties: Sequence[Tie]) -> list[Outcome]:
        by_list: dict[str, dict[str, None]] = {}
        for tie in ties:
            by_list.setdefault(tie.right, {})[tie.left] = None
        outcomes: dict[tuple[str, str], Outcome] = {}
        for right, lefts in by_list.items():
            for some in chunked(lefts, list_requests.MEMBERS_AT_ONCE):
                told = self._send_or_tell(verb, right, some, is_first=not outcomes)
                outcomes |= {(left, right): outcome for left, outcome in told.items()}
        return [outcomes[tie.left, tie.right] for tie in ties]

    def _send_or_tell(
        self, verb: str, right: str, lefts: Sequence[str], *, is_first: bool
    ) -> Mapping[str, Outcome]:
        """Nothing is raised once something was written."""
        try:
            return self._send(verb, right, lefts)
        except (TryLater, SystemBlocked) as error:
            if is_first:
                raise
            return dict.fromkeys(lefts, error if isinstance(error, TryLater) else as_outcome(error))

    def _send(self, verb: str, right: str, lefts: Sequence[str]) -> Mapping[str, Outcome]:
        known = [left for left in lefts if left.isdecimal()]
        try:
            request = list_requests.change_members(self.requests, right, verb, known)
            answer = self.gateway.send(request)
        except Rejected as refused:
            if verb == "remove" and refused.cause == "not_found":
                return {left: Written(left) for left in lefts}  # with the list all its members went
            return dict.fromkeys(lefts, self._explained(right, refused))
        # Who is missing is no record; to end what is ended already is no failure.
        missing = {str(one) for one in answer.json.get("recordIdsMissing") or ()}
        missing |= set(lefts) - set(known)
        return {
            left: _no_such(left)
            if verb == "add" and left in missing
            else Written(left, request_id=answer.request_id)
            for left in lefts
        }

    def _explained(self, right: str, refused: Rejected) -> Rejected:
        """HubSpot does not say in its code that a list takes nobody by hand: its kind does."""
        found = self.lists.get_many(LISTS, [right], [KIND]).get(right)
        kind = None if found is None else found.values.get(KIND)
        if kind in {None, MANUAL}:
            return refused
        return Rejected(
            f"this list is {kind}: HubSpot alone decides who is in it ({refused.reason})",
            system=SYSTEM,
            cause="read_only",
            request_id=refused.request_id,
        )


# Associations -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Associations:
    gateway: Gateway
    requests: Requests
    links: LinkReader
    left: str
    right: str

    def ties(self, rights: Sequence[str], fields: Sequence[str]) -> Iterator[list[Tie]]:
        """Who hangs on the right-hand records; labels as they read from the left."""
        for some in chunked(dict.fromkeys(rights), BATCH):
            found = self.links.ends(self.right, self.left, some)
            pairs = [(end.id, right) for right, ends in found.items() for end in ends]
            labels = self._labels(pairs) if LABEL in fields else {}
            yield [
                Tie(self.left, left, right, _asked(labels.get((left, right)), LABEL, fields))
                for left, right in pairs
            ]

    def _labels(self, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str | None]:
        """Each direction has labels of its own, so those of the left are asked from there."""
        found = self.links.ends(self.left, self.right, [left for left, _ in pairs])
        return {
            (left, end.id): ";".join(end.labels) or None
            for left, ends in found.items()
            for end in ends
        }

    def tie_many(self, ties: Sequence[Tie]) -> list[Outcome]:
        """Associate, under these labels and no others where the tie names any or None."""
        named = [tie for tie in ties if LABEL in tie.values]
        types = self.links.listed_types(self.left, self.right, fresh=True) if named else LinkTypes()
        outcomes: dict[tuple[str, str], Outcome] = {}
        wanted: dict[tuple[str, str], list[LinkType]] = {}
        for tie in named:
            labels = split_list(tie.values[LABEL])
            unknown = [label for label in labels if label not in types.labels]
            if unknown:
                outcomes[tie.left, tie.right] = self._no_label(unknown)
            else:
                wanted[tie.left, tie.right] = [types.labels[label] for label in labels]
        plain = [(tie.left, tie.right) for tie in ties if LABEL not in tie.values]
        outcomes |= self._settled(plain, self._join)
        held = self._ends_of(wanted)
        outcomes |= self._settled(
            list(wanted), lambda some: self._mark(types, held, {p: wanted[p] for p in some})
        )
        return [outcomes[tie.left, tie.right] for tie in ties]

    def untie_many(self, ties: Sequence[Tie]) -> list[Outcome]:
        outcomes = self._settled([(tie.left, tie.right) for tie in ties], self._part)
        return [outcomes[tie.left, tie.right] for tie in ties]

    def values_allowed(self, right: str) -> Mapping[str, Values]:
        """The labels that people gave to associations between the two objects."""
        types = self.links.listed_types(self.left, self.right, fresh=True)
        return {LABEL: {label: label for label in types.labels}}

    # What is sent -------------------------------------------------------------------------------

    def _ends_of(self, wanted: Mapping[tuple[str, str], object]) -> Mapping[str, list[End]]:
        return (
            self.links.ends(self.left, self.right, [left for left, _ in wanted]) if wanted else {}
        )

    def _join(self, pairs: Sequence[tuple[str, str]]) -> str | None:
        request = link_requests.join(self.requests, self.left, self.right, pairs)
        return self.gateway.send(request).request_id

    def _mark(
        self,
        types: LinkTypes,
        held: Mapping[str, list[End]],
        wanted: Mapping[tuple[str, str], Sequence[LinkType]],
    ) -> str | None:
        """What is sent takes the place of what is there, so HubSpot's own types are sent along."""
        own = {one for one in (types.plain, types.primary) if one is not None}
        marked = {
            pair: {*labels, *([types.plain] if types.plain else []), *(own & _held(held, pair))}
            for pair, labels in wanted.items()
        }
        request = link_requests.mark(self.requests, self.left, self.right, marked)
        return self.gateway.send(request).request_id

    def _part(self, pairs: Sequence[tuple[str, str]]) -> str | None:
        request = link_requests.part(self.requests, self.left, self.right, pairs)
        return self.gateway.send(request).request_id

    def _settled(
        self,
        pairs: Sequence[tuple[str, str]],
        send: Callable[[Sequence[tuple[str, str]]], str | None],
    ) -> dict[tuple[str, str], Outcome]:
        """One outcome per pair, although a bad one fails its whole batch."""
        rows = {f"{left} {right}": {LABEL: ""} for left, right in pairs}

        def send_some(some: Rows) -> Mapping[str, Outcome]:
            told = send([_pair(key) for key in some])
            return {key: Written(_pair(key)[0], request_id=told) for key in some}

        outcomes = settle(rows, send_some)
        return {_pair(key): outcome for key, outcome in outcomes.items()}

    def _no_label(self, labels: Sequence[str]) -> Rejected:
        return Rejected(
            f"no label {', '.join(labels)} between {self.left} and {self.right} in HubSpot",
            system=SYSTEM,
            cause="unknown_option",
            fields=(LABEL,),
        )


def _pair(key: str) -> tuple[str, str]:
    left, _, right = key.partition(" ")
    return left, right


def _held(ends: Mapping[str, list[End]], pair: tuple[str, str]) -> frozenset[LinkType]:
    return frozenset[LinkType]().union(
        *(end.types for end in ends.get(pair[0], ()) if end.id == pair[1])
    )


def _asked(value: Value, name: str, fields: Sequence[str]) -> dict[str, Value]:
    return {name: value} if name in fields else {}


def _no_such(record_id: str) -> Rejected:
    cause: RejectionCause = "bad_reference"
    return Rejected(f"HubSpot knows no contact {record_id}", system=SYSTEM, cause=cause)
