"""Reading associations in batches: what hangs on which record, and the one that a field holds."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from connector.hubspot import link_requests
from connector.hubspot.gateway import Gateway
from connector.hubspot.link_types import (
    End,
    LinkTypes,
    held_by,
    known_types,
    read_ends,
    read_types,
    unlinked,
)
from connector.hubspot.names import link_fields
from connector.hubspot.requests import Requests
from connector.hubspot.wire import next_page, results
from connector.port import Record


@dataclass(slots=True)
class LinkReader:
    """Asks the account. Its own types of association are asked once and kept."""

    gateway: Gateway
    requests: Requests
    _asked: dict[tuple[str, str], LinkTypes] = field(default_factory=dict)
    _asking: threading.Lock = field(default_factory=threading.Lock)

    def types(self, object_name: str, other: str) -> LinkTypes:
        """The types between two objects: those that all accounts share, or what this one lists."""
        return known_types(object_name, other) or self.listed_types(object_name, other)

    def listed_types(self, object_name: str, other: str, *, fresh: bool = False) -> LinkTypes:
        """What this account lists between two objects, labels of its people included."""
        with self._asking:
            pair = (object_name, other)
            if fresh or pair not in self._asked:
                request = link_requests.labels(self.requests, object_name, other)
                self._asked[pair] = read_types(self.gateway.send(request).json)
            return self._asked[pair]

    def ends(self, object_name: str, other: str, ids: Iterable[str]) -> dict[str, list[End]]:
        """Everything at the other end, by id. A record that the answer leaves out is missing here.

        Long lists come in pages of their own, which are asked together (sheet, section 11).
        """
        found: dict[str, list[End]] = {}
        due = [{"id": one} for one in dict.fromkeys(ids) if one.isdecimal()]
        while due:
            some, due = due[: link_requests.READ_AT_ONCE], due[link_requests.READ_AT_ONCE :]
            request = link_requests.read(self.requests, object_name, other, some)
            answer = self.gateway.send(request).json
            for alone in unlinked(answer):
                found.setdefault(alone, [])
            for raw in results(answer):
                near = str(raw["from"]["id"])
                found.setdefault(near, []).extend(read_ends(raw))
                after = next_page(raw)
                if after is not None:
                    due.append({"id": near, "after": after})
        return found

    def held(self, object_name: str, other: str, ids: Iterable[str]) -> dict[str, str | None]:
        """What a field with this target holds, by record."""
        types = self.types(object_name, other)
        ends = self.ends(object_name, other, ids)
        return {near: held_by(far, types) for near, far in ends.items()}

    def fill(self, object_name: str, records: Sequence[Record], fields: Iterable[str]) -> None:
        """Add to each record its fields that are associations, if any are asked for.

        One that the answer leaves out stays absent: that is not a blank.
        """
        for name, other in link_fields(object_name, fields if records else ()).items():
            held = self.held(object_name, other, [record.id for record in records])
            for record in records:
                if record.id in held:
                    record.values[name] = held[record.id]
