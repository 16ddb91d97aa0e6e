"""Whether accounts surge, altogether and on a topic: tested by what is on file, remembered there.

A topic is looked at where its last week was busy enough to be one at all, or where it surged before: of most
accounts that is none, and costs the rows of one week.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from intent.definition import Definition
from intent.model import UNKNOWN, Subject
from intent.port import IntentStore
from intent.surge import Look, every_test, look


@dataclass(frozen=True, slots=True)
class SurgeWatch:
    """Looks at accounts, and remembers what it saw."""

    store: IntentStore

    def look(self, definition: Definition, account: Subject, now: datetime) -> Look:
        """How an account's surges stand now. Nothing is remembered of it yet."""
        before = {topic: one for (_, topic), one in self.store.surges([account]).items()}
        found = every_test(
            definition.surge,
            self.store.visitor_days(account, None, now),
            self.store.topic_days(account, definition, now, before.keys() - {UNKNOWN}),
            len(definition.topics),
            self.store.site_days(now),
        )
        return look(definition.surge, before, found, now)

    def remember(self, account: Subject, seen: Look) -> None:
        """Note what a look changed, so that nobody is told of the same surge twice."""
        before = {topic: one for (_, topic), one in self.store.surges([account]).items()}
        changed = {
            (account, topic): one for topic, one in seen.kept.items() if one != before.get(topic)
        }
        if changed:
            self.store.note_surges(changed)
