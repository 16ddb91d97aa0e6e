"""What a page is about: a person's label, then a rule, then words, then meaning, or honestly unknown. Pure.

The first of these that tells it decides, and only where it tells one topic. Words are looked for in titles
and headings, in one width and case. Meaning compares vectors of a `Meaning` with the topics' descriptions
and answers only where the best topic is ahead of everything else by a margin. See the domain sheet, 3.10;
what each step is worth is measured in ``docs/intent-topics.md``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from hashlib import sha256
from math import sqrt
from typing import Literal, NamedTuple, Protocol, TypeAlias
from urllib.parse import unquote

from intent.definition import Definition, PageRule, TopicRule
from intent.model import UNKNOWN

How = Literal["person", "rule", "words", "meaning", "unknown"]
Vector: TypeAlias = Sequence[float]

# By how much the best topic has to be ahead, as a difference of cosines.
LEAST_MARGIN = 0.05
# Titles end in the name of the website: what stands behind the last of these says nothing of the page.
_PARTS = re.compile(r"\s*[|｜]\s*|\s+[-–—]\s+")
_ASCII_WORD = re.compile(r"[a-z0-9]")
# What every company's website has and no topic is: a page nearer to one of these than to a topic is unknown.
ELSEWHERE = (
    "会社概要、代表挨拶、沿革、アクセス",
    "お知らせ、ニュース、プレスリリース",
    "プライバシーポリシー、利用規約",
    "展示会やセミナー、イベントのご案内",
    "業務改善のコツを紹介するブログ",
    "販売パートナー、代理店",
    "ページが見つかりません。お申し込みありがとうございました",
    "About us, our company and leadership",
    "News and press releases",
    "Terms of service and privacy policy",
    "Upcoming events and webinars",
    "Blog about better work in the office",
    "Partners and resellers",
    "Page not found. Thank you for signing up",
)


class Page(NamedTuple):
    """A page as events name it (host, path and what is kept of the query), and what it calls itself."""

    page: str
    titles: tuple[str, ...] = ()


class Finding(NamedTuple):
    """The topic of a page and what told it. `margin` is that of meaning, 0 elsewhere."""

    topic: str
    how: How
    margin: float = 0.0


NOT_TOLD = Finding(UNKNOWN, "unknown")


class Meaning(Protocol):
    """Turns texts into vectors whose directions lie close where the texts mean something similar.

    `name` says which one it is: what another one found is found anew.
    """

    name: str

    def vectors(self, texts: Sequence[str]) -> Sequence[Vector]:
        """One vector per text, all of one length. Asks no network."""


def find_topics(
    pages: Sequence[Page],
    definition: Definition,
    labels: Mapping[str, str],
    meaning: Meaning | None = None,
    least_margin: float = LEAST_MARGIN,
) -> list[Finding]:
    """One finding per page. `labels` are people's: a page or a pattern of pages -> topic, empty for none.

    Meaning is asked once for all pages that nothing else tells.
    """
    found = [_told(page, definition, labels) for page in pages]
    if meaning is None or not definition.topics:
        return found
    open_ones = [n for n, one in enumerate(found) if one.how == "unknown" and pages[n].titles]
    if open_ones:
        compass = Compass(definition.topics.values(), meaning, least_margin)
        for n, one in zip(open_ones, compass.find([pages[n] for n in open_ones]), strict=True):
            found[n] = one
    return found


def fingerprint(page: Page, definition: Definition, meaning: str) -> str:
    """Names everything that a finding depends on, labels apart: while it stays, nothing is found anew."""
    told = "\0".join((definition.hash, meaning, *(folded(title) for title in page.titles)))
    return sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _told(page: Page, definition: Definition, labels: Mapping[str, str]) -> Finding:
    """What can be told without asking for meaning."""
    pattern = by_label(page.page, labels)
    if pattern is not None:
        return Finding(labels[pattern], "person")
    if (topic := by_rule(page.page, definition.pages)) is not None:
        return Finding(topic, "rule")
    if (topic := by_words(page.titles, definition.topics.values())) is not None:
        return Finding(topic, "words")
    return NOT_TOLD


# Labels and rules ---------------------------------------------------------------------------------


def by_label(page: str, labels: Iterable[str]) -> str | None:
    """The label that holds for a page: its own, or the longest pattern that fits."""
    wanted = plain(page)
    fitting = [one for one in labels if fnmatchcase(wanted, plain(one))]
    return max(fitting, key=lambda one: (one == page, len(one), one), default=None)


def by_rule(page: str, rules: Iterable[PageRule]) -> str | None:
    """The topic of the first rule of the definition that fits the path and names one."""
    path = path_of(page)
    return next((r.topic for r in rules if r.topic and fnmatchcase(path, r.path.lower())), None)


def path_of(page: str) -> str:
    """The path of a page as people read it: small letters, no host, no query, no closing slash."""
    _host, _, rest = plain(page).partition("?")[0].partition("/")
    return f"/{rest}".rstrip("/") or "/"


def plain(page: str) -> str:
    """A page as people read and write it: escapes undone, small letters."""
    return unquote(page).lower()


# Words --------------------------------------------------------------------------------------------


def by_words(titles: Iterable[str], topics: Iterable[TopicRule]) -> str | None:
    """The topic with the most words in a title; the first title that has one decides.

    None where no word is found, or two topics have as many.
    """
    lists = [(topic.id, _words(topic.words)) for topic in topics]
    for title in titles:
        text = folded(without_site(title))
        counts = {topic: hits for topic, words in lists if (hits := count_words(text, words))}
        if counts:
            most = max(counts.values())
            best = [topic for topic, hits in counts.items() if hits == most]
            return best[0] if len(best) == 1 else None
    return None


def without_site(title: str) -> str:
    """A title without its last part, which is the name of the website on nearly all of them."""
    parts = [part for part in _PARTS.split(title) if part]
    return " ".join(parts[:-1]) if len(parts) > 1 else title


@lru_cache(16_384)
def folded(text: str) -> str:
    """Text in one width and case, blanks single."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def count_words(text: str, words: Sequence[str]) -> int:
    """How many places of a folded text hold one of these folded words, long words before short ones.

    A word of Latin letters stands by itself; Japanese has no blanks to tell words apart.
    """
    taken = [False] * len(text)
    hits = 0
    for word in words:
        for start in _places(text, word):
            span = range(start, start + len(word))
            if not any(taken[n] for n in span):
                hits += 1
                for n in span:
                    taken[n] = True
    return hits


def _places(text: str, word: str) -> Iterator[int]:
    start = text.find(word)
    while start >= 0:
        if _stands_alone(text, start, start + len(word)):
            yield start
        start = text.find(word, start + 1)


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether no Latin letter runs on from a word; an English plural is the same word."""
    after = end + 1 if text[end : end + 1] == "s" else end
    return not any(_joined(text, at) for at in (start, after if _joined(text, end) else end))


def _joined(text: str, at: int) -> bool:
    return bool(
        _ASCII_WORD.match(text[max(at - 1, 0) : at]) and _ASCII_WORD.match(text[at : at + 1])
    )


@lru_cache(1_024)
def _words(words: tuple[str, ...]) -> tuple[str, ...]:
    """Folded, each once, the longest first."""
    return tuple(
        sorted({folded(word) for word in words if word.strip()}, key=lambda w: (-len(w), w))
    )


# Meaning ------------------------------------------------------------------------------------------


class Compass:
    """The directions of all topics, and of what is none of them, as seen from their middle.

    Vectors of all texts lean towards a common direction; without it, cosines tell more (anisotropy; domain
    sheet 3.10). What is taken off is the mean of all descriptions, so that the finding about a page depends
    on that page alone.
    """

    def __init__(self, topics: Iterable[TopicRule], meaning: Meaning, least_margin: float) -> None:
        self._meaning = meaning
        self._least = least_margin
        texts = [(topic.id, text) for topic in topics for text in descriptions(topic)]
        texts += [(UNKNOWN, text) for text in ELSEWHERE]
        raw = meaning.vectors([text for _, text in texts])
        self._middle = _mean(raw)
        self._directions = [
            (name, _unit(vector, self._middle))
            for (name, _), vector in zip(texts, raw, strict=True)
        ]

    def find(self, pages: Sequence[Page]) -> list[Finding]:
        """One finding per page; the first title counts, since headings repeat it more often than not."""
        texts = [without_site(page.titles[0]) for page in pages]
        return [self._nearest(vector) for vector in self._meaning.vectors(texts)]

    def _nearest(self, vector: Vector) -> Finding:
        here = _unit(vector, self._middle)
        near: dict[str, float] = {}
        for name, direction in self._directions:
            cosine = sum(a * b for a, b in zip(here, direction, strict=True))
            near[name] = max(near.get(name, -1.0), cosine)
        ranked = sorted(near.items(), key=lambda one: -one[1])
        (topic, best), second = ranked[0], ranked[1][1]
        margin = best - second
        if topic == UNKNOWN or margin < self._least:
            return NOT_TOLD._replace(margin=margin)
        return Finding(topic, "meaning", margin)


def descriptions(topic: TopicRule) -> list[str]:
    """The texts that stand for a topic: each sentence of its description, or its names without one."""
    sentences = [part.strip() for part in re.split(r"(?<=[。])|(?<=[.!?])\s", topic.about)]
    return [part for part in sentences if part] or [topic.label_ja, topic.label_en]


def _mean(vectors: Sequence[Vector]) -> list[float]:
    return [sum(column) / len(vectors) for column in zip(*vectors, strict=True)]


def _unit(vector: Vector, middle: Vector) -> list[float]:
    centred = [a - b for a, b in zip(vector, middle, strict=True)]
    length = sqrt(sum(x * x for x in centred))
    return [x / length for x in centred] if length > 0 else centred
