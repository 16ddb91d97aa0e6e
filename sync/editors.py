"""Who entered something in a system, and when, as far as it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.errors import ConnectorError
from connector.port import Connector, System
from sync.hearing import Edited, Heard

USER, EMAIL, LAST = "User", "Email", "LastModifiedById"
# How far behind its edit a stamp may lie: Salesforce cuts times to whole seconds.
CUT = {System.HUBSPOT: timedelta(0), System.SALESFORCE: timedelta(seconds=1, microseconds=-1)}


@dataclass(frozen=True, slots=True)
class Editors:
    """Asks both systems about edits that are requests. Salesforce names who changed a record last."""

    connectors: Callable[[], Mapping[System, Connector]]
    _mails: dict[str, str] = field(default_factory=dict)

    def of(self, heard: Heard, now: datetime) -> Edited:
        """The edit behind a request; what cannot be asked now was made now, by somebody in that system."""
        try:
            return Edited(self._when(heard, now), self._by(heard))
        except ConnectorError:
            return Edited(now, heard.system.value)

    def _when(self, heard: Heard, now: datetime) -> datetime:
        """The last moment that the stamp allows: an answer is never older than what it answers."""
        edits = self.connectors()[heard.system].last_edits(
            heard.object, [heard.record_id], list(heard.fields)
        )
        times = [one.at for one in edits.get(heard.record_id, {}).values() if one.at is not None]
        return min(max(times) + CUT[heard.system], now) if times else now

    def _by(self, heard: Heard) -> str:
        if heard.system is not System.SALESFORCE:
            return heard.system.value
        salesforce = self.connectors()[heard.system]
        found = salesforce.get_many(heard.object, [heard.record_id], [LAST]).get(heard.record_id)
        user = None if found is None else found.values.get(LAST)
        if user is None:
            return heard.system.value
        return self._mail(salesforce, str(user)) or heard.system.value

    def _mail(self, salesforce: Connector, user: str) -> str | None:
        if user not in self._mails:
            found = salesforce.get_many(USER, [user], [EMAIL]).get(user)
            mail = None if found is None else found.values.get(EMAIL)
            if not mail:
                return None
            self._mails[user] = str(mail).strip().lower()
        return self._mails[user]
