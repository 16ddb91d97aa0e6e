"""Everything that is read of HubSpot's records: listings, walks, look-ups, fates and histories."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from more_itertools import chunked

from connector.errors import Rejected
from connector.hubspot import history
from connector.hubspot.departures import Look, Lookout, read_lookout
from connector.hubspot.gateway import Gateway
from connector.hubspot.link_reading import LinkReader
from connector.hubspot.link_requests import READ_AT_ONCE
from connector.hubspot.names import EMAIL, MERGED_IDS, MORE_EMAILS, link_fields, stored_name
from connector.hubspot.requests import (
    BATCH,
    HISTORY_BATCH,
    QUERY_ROOM,
    SEARCH_PAGE,
    Requests,
    milliseconds,
)
from connector.hubspot.walk import Walk, read_cursor
from connector.hubspot.wire import (
    Json,
    RecordReader,
    addresses,
    merged_into,
    moment,
    next_page,
    results,
    stored_names,
)
from connector.port import Departures, Edit, Fate, Page, Record, Value


@dataclass(frozen=True, slots=True)
class Reader:
    """The reading half of the port. `app_id` tells our own changes apart in a history."""

    gateway: Gateway
    requests: Requests
    clock: Callable[[], datetime]
    app_id: str | None
    links: LinkReader

    # Listings -----------------------------------------------------------------------------------

    def list_all(
        self, object_name: str, fields: Sequence[str], after: str | None
    ) -> Iterator[Page]:
        """The list endpoint by 100: it has no cap, and comes in the order of the ids."""
        pages = self._listed(object_name, fields, after)
        if not link_fields(object_name, fields):
            yield from pages
            return
        # Associations are asked for as many records at once as one call takes.
        for some in chunked(pages, READ_AT_ONCE // BATCH):
            records = [record for page in some for record in page.records]
            self.links.fill(object_name, records, fields)
            yield from some

    def _listed(self, object_name: str, fields: Sequence[str], after: str | None) -> Iterator[Page]:
        """The pages with what are properties to HubSpot."""
        names = stored_names(object_name, fields)
        reader = RecordReader(object_name, fields)
        # Names that do not fit in a URL go in the body of a batch read of the page's ids.
        fits = sum(len(name) + 3 for name in names) <= QUERY_ROOM
        while True:
            request = self.requests.list_page(object_name, names if fits else (), after)
            answer = self.gateway.send(request).json
            raws, after = results(answer), next_page(answer)
            if not fits:
                raws = self._truth(object_name, [str(raw["id"]) for raw in raws], names)
                raws.sort(key=lambda raw: int(raw["id"]))
            yield Page(reader.records(raws), after)
            if after is None:
                return

    def changed_since(self, object_name: str, fields: Sequence[str], cursor: str) -> Iterator[Page]:
        """Ids from the search, values from batch reads: a hit shows the index, not the record.

        Without fields the hits themselves are answered, at half the calls: a doorbell, that may ring
        for a record which is gone by now.
        """
        walk = read_cursor(cursor).begun(milliseconds(self.clock()))
        reader = RecordReader(object_name, fields)
        names = stored_names(object_name, fields)
        for hits, rest in self._walked(object_name, walk):
            raws = self._truth(object_name, [str(h["id"]) for h in hits], names) if fields else hits
            following = walk.done if rest is None else rest.paused
            records = reader.records(raws)
            self.links.fill(object_name, records, fields)
            yield Page(records, following.text())

    def _walked(
        self, object_name: str, walk: Walk, *, survivors: bool = False
    ) -> Iterator[tuple[list[Json], Walk | None]]:
        """Pages of hits, each with the walk that is left after them; None after the last page."""
        while True:
            request = self.requests.search_window(
                object_name, walk.start, walk.until, walk.last, survivors=survivors
            )
            answer = self.gateway.send(request).json
            found = results(answer)
            fresh = {int(raw["id"]): raw for raw in found if int(raw["id"]) > walk.last}
            if not fresh or (len(found) < SEARCH_PAGE and next_page(answer) is None):
                yield list(fresh.values()), None
                return
            walk = walk.after(max(fresh))
            yield list(fresh.values()), walk

    def deleted_since(self, object_name: str, cursor: str) -> Departures:
        """The recycling bin, page by page, and the survivors of merges from the search.

        HubSpot has no feed of deletions: the list of archived records is all there is to poll. It
        comes by id, not by time, and takes no filter, so a look costs a call for each 100 records in
        the bin (90 days of deletions), spread over the calls of as many minutes as `Look.pages` says.
        Merged records are in no bin: those that took them in tell their ids, at one search for each
        200 such records that changed since the last look. Erased ones (GDPR) leave no trace to poll
        for: a webhook or a full compare tells of them. Sheet, sections 7.2, 9.1 and 10.
        """
        now = milliseconds(self.clock())
        lookout = read_lookout(cursor)
        look = lookout.bin.begun(now)
        gone, rest = self._binned(object_name, look, look.pages(now))
        walk = lookout.merges.begun(now)
        for hits, _ in self._walked(object_name, walk, survivors=True):
            gone += merged_into(hits)
        following = Lookout(walk.done, look.after(rest, now))
        return Departures(list(dict.fromkeys(gone)), following.text(), look.complete(now))

    def _binned(self, object_name: str, look: Look, most: int) -> tuple[list[str], str | None]:
        """What is news on up to `most` pages of the bin, and the page where the next call goes on.

        With a survivor in the bin lie those that were merged into it.
        """
        gone: list[str] = []
        page = look.page
        for _ in range(most):
            request = self.requests.list_page(object_name, [MERGED_IDS], page, archived=True)
            answer = self.gateway.send(request).json
            fresh = [raw for raw in results(answer) if look.tells(moment(raw.get("archivedAt")))]
            gone += [*(str(raw["id"]) for raw in fresh), *merged_into(fresh)]
            page = next_page(answer)
            if page is None:
                break
        return gone, page

    # Look-ups -----------------------------------------------------------------------------------

    def get_many(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, Record]:
        """The live ones among these ids. A merged id answers under another one, and is left out."""
        reader = RecordReader(object_name, fields)
        raws = self._truth(object_name, ids, stored_names(object_name, fields))
        wanted = set(ids)
        found = {raw["id"]: reader.record(raw) for raw in raws if raw["id"] in wanted}
        self.links.fill(object_name, list(found.values()), fields)
        return found

    def find_many(
        self, object_name: str, field: str, values: Sequence[str], fields: Sequence[str]
    ) -> dict[str, list[Record]]:
        """Batch read by a unique property: it asks the records themselves, not the index."""
        name = stored_name(object_name, field)
        more = [MORE_EMAILS] if name == EMAIL else []
        names = list(dict.fromkeys([*stored_names(object_name, fields), name, *more]))
        reader = RecordReader(object_name, fields)
        asked = {value.strip().casefold(): value.strip() for value in values if value.strip()}
        found: dict[str, dict[str, Record]] = {key: {} for key in asked}
        for some in chunked(asked.values(), BATCH):
            request = self.requests.batch_read(object_name, some, names, id_property=name)
            for raw in results(self.gateway.send(request).json):
                for key in addresses(raw, name) & found.keys():
                    found[key][raw["id"]] = reader.record(raw)
        self.links.fill(
            object_name, [one for held in found.values() for one in held.values()], fields
        )
        return {value: list(found.get(value.strip().casefold(), {}).values()) for value in values}

    def _truth(
        self,
        object_name: str,
        ids: Sequence[str],
        names: Sequence[str],
        *,
        archived: bool = False,
    ) -> list[Json]:
        """Raw records by id; unknown ids are simply not among them (207). Each id is asked once.

        What is no number cannot be an id, and would spoil its whole batch.
        """
        raws: list[Json] = []
        known = [record_id for record_id in dict.fromkeys(ids) if record_id.isdecimal()]
        for some in chunked(known, BATCH):
            request = self.requests.batch_read(object_name, some, names, archived=archived)
            raws += results(self.gateway.send(request).json)
        return raws

    # What became of them ------------------------------------------------------------------------

    def fates(self, object_name: str, ids: Sequence[str]) -> dict[str, Fate]:
        """First in batches, then singly: only a single read is known to follow a merged id.

        Deleted is said only of a record that HubSpot shows as archived.
        """
        fates: dict[str, Fate] = {}
        left = [record_id for record_id in dict.fromkeys(ids) if record_id.isdecimal()]
        for archived in (False, True):
            if left:
                fates |= self._batch_fates(object_name, left, archived=archived)
                left = [record_id for record_id in left if record_id not in fates]
        for record_id in left:
            fates[record_id] = self.single_fate(object_name, record_id)
        return {record_id: fates.get(record_id, Fate("not_visible")) for record_id in ids}

    def _batch_fates(
        self, object_name: str, ids: Sequence[str], *, archived: bool
    ) -> dict[str, Fate]:
        try:
            raws = self._truth(object_name, ids, [MERGED_IDS], archived=archived)
        except Rejected:
            if not archived:
                raise
            return {}  # archived batch reads are not documented everywhere: ask singly instead
        wanted = set(ids)
        merged = {
            old: Fate("merged", into) for old, into in merged_into(raws).items() if old in wanted
        }
        seen = {raw["id"]: _standing(raw) for raw in raws if raw["id"] in wanted}
        return merged | seen

    def single_fate(self, object_name: str, record_id: str) -> Fate:
        """The fate of one id, asked singly: that alone is known to follow a merge."""
        for archived in (False, True):
            request = self.requests.one(object_name, record_id, archived=archived)
            try:
                raw = self.gateway.send(request).json
            except Rejected as refused:
                if refused.cause != "not_found":
                    raise
                continue
            if str(raw["id"]) != record_id:
                return Fate("merged", str(raw["id"]))
            return _standing(raw)
        return Fate("not_visible")

    # Histories ----------------------------------------------------------------------------------

    def last_edits(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, dict[str, Edit]]:
        edits: dict[str, dict[str, Edit]] = {}
        for record_id, versions in self._histories(object_name, ids, fields):
            known = {f: history.newest_edit(v, self.app_id) for f, v in versions.items()}
            edits[record_id] = {field: edit for field, edit in known.items() if edit is not None}
        return edits

    def overwritten(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str], since: datetime
    ) -> dict[str, dict[str, Value]]:
        lost: dict[str, dict[str, Value]] = {}
        for record_id, versions in self._histories(object_name, ids, fields):
            for field, changes in versions.items():
                value = history.overwritten_value(changes, self.app_id, since)
                if value is not None:
                    lost.setdefault(record_id, {})[field] = value[0]
        return lost

    def _histories(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Iterator[tuple[str, dict[str, Sequence[Mapping[str, Any]]]]]:
        """Per record asked for: field -> history, newest change first."""
        names = stored_names(object_name, fields)
        wanted = [record_id for record_id in dict.fromkeys(ids) if record_id.isdecimal()]
        for some in chunked(wanted, HISTORY_BATCH) if names else ():
            request = self.requests.batch_history(object_name, some, names)
            for raw in results(self.gateway.send(request).json):
                held = raw.get("propertiesWithHistory") or {}
                yield (
                    str(raw["id"]),
                    {field: held.get(stored_name(object_name, field)) or () for field in fields},
                )


def _standing(raw: Json) -> Fate:
    return Fate("deleted" if raw.get("archived") else "live")
