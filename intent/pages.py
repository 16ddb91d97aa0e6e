"""What each page is about, found once per content: the shell around `intent.topics`.

A page is looked at anew when its titles, the definition or the meaning behind it changed, never because
somebody visited it. A view that brings no title along changes nothing of what is known of its page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from intent.definition import Definition
from intent.model import Millis
from intent.topics import (
    LEAST_MARGIN,
    Finding,
    Meaning,
    Page,
    by_label,
    find_topics,
    fingerprint,
    plain,
)


class Seen(NamedTuple):
    """What is on file about a page: what was found, and from what (`intent.topics.fingerprint`)."""

    page: Page
    fingerprint: str
    finding: Finding


class Unknown(NamedTuple):
    """A page that nothing tells, as it stands in the review list; `margin` is what meaning lacked."""

    page: str
    title: str
    visits: int
    margin: float


class PageShelf(Protocol):
    """Where findings and people's labels are kept."""

    def pages(self, names: Iterable[str]) -> Mapping[str, Seen]:
        """What is on file about these pages."""

    def all_pages(self) -> Sequence[str]:
        """The names of all pages on file."""

    def put_pages(self, seen: Sequence[Seen], now: Millis) -> None:
        """Put findings on file; what stood there of the same pages goes."""

    def forget_pages(self, until: Millis) -> int:
        """Take pages off the file that were found before then, and answer how many: they are found anew
        when they are seen again. What people said of them stays.
        """

    def labels(self) -> Mapping[str, str]:
        """What people said: a page or a pattern of pages -> topic, empty for none."""

    def put_label(self, pattern: str, topic: str | None, now: Millis) -> None:
        """Put a person's label on file; None takes it back."""

    def unknown_pages(self, since: Millis, limit: int) -> Sequence[Unknown]:
        """The pages that nothing tells, most visited since then first."""


class PageTopics:
    """Tells the topics of pages, and remembers them."""

    def __init__(
        self,
        shelf: PageShelf,
        definition: Definition,
        meaning: Meaning | None = None,
        least_margin: float = LEAST_MARGIN,
    ) -> None:
        self._shelf = shelf
        self._definition = definition
        self._meaning = meaning
        self._least = least_margin

    def topics_of(self, pages: Sequence[Page], now: Millis) -> Mapping[str, str]:
        """Page -> topic, empty where it is unknown. A page may come often, with and without titles."""
        wanted: dict[str, Page] = {}
        for page in pages:
            if page.titles or page.page not in wanted:
                wanted[page.page] = page
        known = self._shelf.pages(wanted)
        at_hand = [page if page.titles else _on_file(page, known) for page in wanted.values()]
        fresh = [page for page in at_hand if self._is_news(page, known.get(page.page))]
        topics = {name: known[name].finding.topic for name in wanted if name in known}
        if fresh:
            topics |= {one.page.page: one.finding.topic for one in self._look(fresh, now)}
        return topics

    def label(self, pattern: str, topic: str | None, now: Millis) -> int:
        """Note what a person says of a page or a pattern of pages, and look at those pages again.

        Topic: empty for none of them, None to take the label back. Answers how many pages on file it
        concerns. The definition has to know the topic.
        """
        if topic and topic not in self._definition.topics:
            raise ValueError(f"the definition knows no topic {topic!r}")
        self._shelf.put_label(pattern, topic, now)
        concerned = [n for n in self._shelf.all_pages() if by_label(n, (pattern,)) is not None]
        self._look([one.page for one in self._shelf.pages(concerned).values()], now)
        return len(concerned)

    def _look(self, pages: Sequence[Page], now: Millis) -> list[Seen]:
        findings = find_topics(
            pages, self._definition, self._shelf.labels(), self._meaning, self._least
        )
        seen = [
            Seen(page, self._print(page), found)
            for page, found in zip(pages, findings, strict=True)
        ]
        self._shelf.put_pages(seen, now)
        return seen

    def _is_news(self, page: Page, known: Seen | None) -> bool:
        return known is None or known.fingerprint != self._print(page)

    def _print(self, page: Page) -> str:
        name = "" if self._meaning is None else f"{self._meaning.name} {self._least}"
        return fingerprint(page, self._definition, name)


def _on_file(page: Page, known: Mapping[str, Seen]) -> Page:
    """A page that came without titles, with those that it has on file."""
    return known[page.page].page if page.page in known else page


def rule_of(pattern: str, topic: str) -> str:
    """A person's label as a line for the block `pages` of ``intent.yaml``, for whoever keeps it there."""
    _host, _, path = plain(pattern).partition("/")
    return f'- {{path: "/{path}", topic: {topic}}}'
