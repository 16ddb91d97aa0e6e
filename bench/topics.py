"""How well pages are told apart: rules, words and meaning on titles of our own, told by hand.

Half of the titles, chosen by a hash, are for improving; the tables show the other half too, by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

from ruamel.yaml import YAML

from intent.definition import Definition
from intent.load import SHIPPED, load_definition
from intent.meaning import meaning_if_installed
from intent.model import UNKNOWN
from intent.topics import Finding, Meaning, Page, Vector, find_topics

LABELLED = Path(__file__).parent.parent / "tests" / "intent" / "labelled.yaml"
NONE = "none"
MARGINS = (0.0, 0.05, 0.10)


class Labelled(NamedTuple):
    """One page whose topic a person told; `topic` is empty for none of them."""

    language: str
    page: Page
    topic: str

    @property
    def is_held_out(self) -> bool:
        """Whether it only judges: nothing was improved by looking at it."""
        return crc32(self.page.titles[0].encode()) % 2 == 1


class Quality(NamedTuple):
    """Shares of 1. `precision`: of the answers; `coverage`: pages with a topic that got an answer;
    `accuracy`: all pages told right, those with no topic by being left unknown.
    """

    pages: int
    answers: int
    precision: float
    coverage: float
    accuracy: float


def read_labelled(path: Path = LABELLED) -> list[Labelled]:
    """The labelled pages, as they stand in the file."""
    rows = YAML(typ="safe").load(path.read_text("utf-8"))
    return [
        Labelled(language, Page(f"example.com{path}", (title,)), "" if topic == NONE else topic)
        for language, path, title, topic in rows
    ]


def quality(pages: Sequence[Labelled], findings: Sequence[Finding]) -> Quality:
    """How many are answered, and how many rightly."""
    pairs = [(one.topic, found.topic) for one, found in zip(pages, findings, strict=True)]
    answered = [(told, found) for told, found in pairs if found != UNKNOWN]
    wanted = [(told, found) for told, found in pairs if told != UNKNOWN]
    return Quality(
        len(pairs),
        len(answered),
        _share(sum(told == found for told, found in answered), len(answered)),
        _share(sum(found != UNKNOWN for _, found in wanted), len(wanted)),
        _share(sum(told == found for told, found in pairs), len(pairs)),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


class Remembering:
    """Asks a `Meaning` for each text once."""

    def __init__(self, meaning: Meaning) -> None:
        self.name, self._meaning = meaning.name, meaning
        self._known: dict[str, Vector] = {}

    def vectors(self, texts: Sequence[str]) -> Sequence[Vector]:
        """Those of the meaning behind it."""
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        self._known.update(zip(new, self._meaning.vectors(new), strict=True))
        return [self._known[text] for text in texts]


class Method(NamedTuple):
    """What is asked: the path, the title, the meaning with a margin."""

    path: bool = False
    title: bool = False
    meaning: Meaning | None = None
    margin: float = 0.0

    def find(self, pages: Sequence[Page], definition: Definition) -> list[Finding]:
        """What it finds of each page."""
        shown = [
            Page(page.page if self.path else "", page.titles if self.title else ())
            for page in pages
        ]
        return find_topics(shown, definition, {}, self.meaning, self.margin)


def methods(meaning: Meaning | None) -> dict[str, Method]:
    """What is measured, by name."""
    found = {
        "rules": Method(path=True),
        "words": Method(title=True),
        "rules + words": Method(path=True, title=True),
    }
    if meaning is not None:
        for margin in MARGINS:
            found |= {
                f"words + meaning, {margin:.2f}": Method(False, True, meaning, margin),
                f"rules + words + meaning, {margin:.2f}": Method(True, True, meaning, margin),
            }
    return found


def measure(say: Callable[[str], None]) -> dict[str, Any]:
    """All methods on both halves, both languages apart and together."""
    labelled, definition = read_labelled(), load_definition(SHIPPED)
    encoder = meaning_if_installed()
    meaning = None if encoder is None else Remembering(encoder)
    result: dict[str, Any] = {}
    for half, held_out in (("held out", True), ("for improving", False)):
        pages = [one for one in labelled if one.is_held_out is held_out]
        say(f"{half}: {len(pages)} pages")
        for name, method in methods(meaning).items():
            findings = method.find([one.page for one in pages], definition)
            result[f"{half}: {name}"] = _by_language(pages, findings)
            say(f"  {name:34}" + _shown(result[f"{half}: {name}"]))
    return result


def _by_language(pages: Sequence[Labelled], findings: Sequence[Finding]) -> dict[str, Any]:
    chosen = {
        "all": list(zip(pages, findings, strict=True)),
        **{
            language: [
                (p, f) for p, f in zip(pages, findings, strict=True) if p.language == language
            ]
            for language in ("ja", "en")
        },
    }
    return {
        name: quality([p for p, _ in pairs], [f for _, f in pairs])._asdict()
        for name, pairs in chosen.items()
    }


def _shown(found: dict[str, Any]) -> str:
    return "   ".join(
        f"{name}: {q['precision']:.2f} {q['coverage']:.2f} {q['accuracy']:.2f}"
        for name, q in found.items()
    )
