"""Who entered something in a system, and when, as far as it says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.errors import ConnectorError
from connector.port import Connector, System
from sync.hearing import Edited, Heard
from sync.users import mails_of

LAST = "LastModifiedById"
# How far behind its edit a stamp may lie: Salesforce cuts times to whole seconds.
CUT = {System.HUBSPOT: timedelta(0), System.SALESFORCE: timedelta(seconds=1, microseconds=-1)}


@dataclass(frozen=True, slots=True)
class Editors:
    """Asks both systems about edits that are requests. Salesforce names who changed a record last."""

    connectors: Callable[[], Mapping[System, Connector]]
    _mails: dict[str, str] = field(default_factory=dict)

    def of(self, heard: Sequence[Heard], now: datetime) -> list[Edited]:
        """The edits behind requests, in their order, asked for together.

        What cannot be asked now was made now, by somebody in that system.
        """
        groups: dict[tuple[System, str], list[Heard]] = defaultdict(list)
        for one in heard:
            groups[one.system, one.object].append(one)
        found: dict[tuple[System, str], Edited] = {}
        for (system, object_name), members in groups.items():
            with suppress(ConnectorError):
                times = self._times(system, object_name, members, now)
                by = self._by(system, object_name, [one.record_id for one in members])
                for one in members:
                    name = by.get(one.record_id, system.value)
                    found[system, one.record_id] = Edited(times[one.record_id], name)
        nobody = [Edited(now, one.system.value) for one in heard]
        places = [(one.system, one.record_id) for one in heard]
        return [found.get(place, no) for place, no in zip(places, nobody, strict=True)]

    def _times(
        self, system: System, object_name: str, members: Sequence[Heard], now: datetime
    ) -> dict[str, datetime]:
        ids = list(dict.fromkeys(one.record_id for one in members))
        fields = list(dict.fromkeys(name for one in members for name in one.fields))
        edits = self.connectors()[system].last_edits(object_name, ids, fields)
        found: dict[str, datetime] = {}
        for one in members:
            known = edits.get(one.record_id, {})
            times = [at for name in one.fields if name in known and (at := known[name].at)]
            found[one.record_id] = min(max(times) + CUT[system], now) if times else now
        return found

    def _by(self, system: System, object_name: str, ids: Sequence[str]) -> dict[str, str]:
        """By whom these were changed last; nobody of whom the system does not say."""
        if system is not System.SALESFORCE:
            return {}
        found = self.connectors()[system].get_many(object_name, list(dict.fromkeys(ids)), [LAST])
        users = {i: str(one.values[LAST]) for i, one in found.items() if one.values.get(LAST)}
        unknown = [user for user in users.values() if user not in self._mails]
        self._mails.update(mails_of(self.connectors()[system], unknown))
        return {i: self._mails[user] for i, user in users.items() if user in self._mails}
