"""Tells what pages are about before the events on them go on file: by label, rule, word or meaning.

Once per content of a page; where nothing tells it, the topic stays honestly unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from intent.definition import Definition
from intent.meaning import InstallTopics, SentenceMeaning
from intent.model import UNKNOWN, Event, millis
from intent.pages import PageShelf, PageTopics
from intent.port import TakenIn
from intent.topics import Meaning, Page
from sync.settings_faults import ConfigurationError
from sync.website import Inbox


class NoMeaning(ConfigurationError):
    """Pages are to be compared by meaning, and what can do that is not installed."""


@dataclass
class TopicInbox:
    """An inbox before `inbox`. `by_meaning`: ask for meaning what no rule and no word tells."""

    inbox: Inbox
    shelf: Callable[[], PageShelf]
    definition: Callable[[], Definition]
    clock: Callable[[], datetime]
    by_meaning: bool = False

    @cached_property
    def meaning(self) -> Meaning | None:
        """Loaded once. Raises `NoMeaning`."""
        try:
            return SentenceMeaning() if self.by_meaning else None
        except InstallTopics as error:
            raise NoMeaning(f"KAKEHASHI_INTENT__MEANING: {error}") from error

    def take_in(self, events: Sequence[Event]) -> TakenIn:
        """See `intent.port.Events`. What third parties say of a topic is theirs."""
        viewed = [one for one in events if _has_page(one)]
        if not viewed:
            return self.inbox.take_in(events)
        teller = PageTopics(self.shelf(), self.definition(), self.meaning)
        pages = [Page(one.page or "", (one.title,) if one.title else ()) for one in viewed]
        topics = teller.topics_of(pages, millis(self.clock()))
        told = [
            replace(one, topic=topics.get(one.page or "", UNKNOWN)) if _has_page(one) else one
            for one in events
        ]
        return self.inbox.take_in(told)


def _has_page(event: Event) -> bool:
    return bool(event.page) and event.points is None
