"""What is wrong now, as alarms a person can act on, and which of them are news. Pure.

An alarm speaks of a *kind* of trouble: all that is parked in a mapping for one cause is one kind,
however much it is. Nothing of a record stands in an alarm, so that it may be sent anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from ruamel.yaml import YAML

Language = Literal["en", "ja"]
SENTENCES = Path(__file__).parent / "messages" / "alarms.yaml"
# A kind that comes and goes is told once in this time.
QUIET = timedelta(hours=1)
# An opt-out that has not arrived after so long is stuck; a busy minute is no trouble.
CONSENT_MAY_TAKE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Heap:
    """What is parked in a mapping for one cause."""

    mapping: str
    cause: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubles:
    """Everything that is wrong at one moment.

    `blocked`: systems that refuse us, with the cause. `stopped`: mappings whose compare a guard
    stopped. `consent`: records by mapping that an opt-out does not reach. `erasures`: people who wanted to
    be forgotten and are not yet. `faults`: of the mapping
    files. `bugs`: records that cannot be looked at by a bug of ours.
    """

    parked: Sequence[Heap] = ()
    blocked: Sequence[tuple[str, str]] = ()
    stopped: Sequence[str] = ()
    consent: Mapping[str, int] = field(default_factory=dict)
    erasures: int = 0
    faults: int = 0
    bugs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One kind of trouble. `key` names the kind, `text` and `advice` are sentences for a person.

    `count` is how much there is of it, `command` what shows more.
    """

    key: str
    cause: str
    count: int
    text: str
    advice: str
    command: str
    lang: Language = "en"

    @property
    def whole(self) -> str:
        """Everything in one paragraph."""
        return _say("whole", self.lang, text=self.text, advice=self.advice, command=self.command)

    @property
    def subject(self) -> str:
        """What stands above a mail."""
        return _say("subject", self.lang, text=self.text)


@dataclass(frozen=True, slots=True)
class Told:
    """A kind that was told. `owed` names the ways on which it is not told yet; `over`: it went away."""

    at: datetime
    owed: frozenset[str] = frozenset()
    over: bool = False


class News(NamedTuple):
    """`new`: alarms to be told. `over`: keys of kinds that went away."""

    new: list[Alarm]
    over: list[str]


def alarms_of(troubles: Troubles, lang: Language = "en") -> list[Alarm]:
    """One alarm for each kind of trouble, the most urgent first."""
    return [*_urgent(troubles, lang), *_stuck(troubles, lang)]


def _urgent(troubles: Troubles, lang: Language) -> Iterator[Alarm]:
    for mapping, count in sorted(troubles.consent.items()):
        yield _alarm(
            f"consent:{mapping}", "consent", lang, f"kakehashi status {mapping}",
            count=count, mapping=mapping,
        )  # fmt: skip
    if troubles.erasures:
        yield _alarm("erasure", "erasure", lang, "kakehashi erase", count=troubles.erasures)
    for system, cause in troubles.blocked:
        yield _alarm(
            f"blocked:{system}:{cause}", "blocked", lang, "kakehashi status",
            cause=cause, system=system,
        )  # fmt: skip
    for mapping in troubles.stopped:
        yield _alarm(
            f"guard:{mapping}", "guard", lang, f"kakehashi plan {mapping}", mapping=mapping
        )


def _stuck(troubles: Troubles, lang: Language) -> Iterator[Alarm]:
    if troubles.bugs:
        yield _alarm("our_bug", "our_bug", lang, "kakehashi status", count=troubles.bugs)
    if troubles.faults:
        yield _alarm("mappings", "mappings", lang, "kakehashi check", count=troubles.faults)
    for heap in troubles.parked:
        command = f"kakehashi parked list --mapping {heap.mapping} --cause {heap.cause}"
        yield _alarm(
            f"parked:{heap.mapping}:{heap.cause}", "parked", lang, command,
            cause=heap.cause, count=heap.count, mapping=heap.mapping,
        )  # fmt: skip


def _alarm(
    key: str,
    kind: str,
    lang: Language,
    command: str,
    *,
    cause: str = "",
    count: int = 1,
    **words: str,
) -> Alarm:
    return Alarm(
        key=key,
        cause=cause or kind,
        count=count,
        text=_say(kind, lang, cause=cause, count=count, **words),
        advice=_advice(kind, cause, lang),
        command=command,
        lang=lang,
    )


def _advice(kind: str, cause: str, lang: Language) -> str:
    known = sentences()
    names = (f"advice.{kind}.{cause}", f"advice.{kind}", "advice.unknown")
    return next(known[name][lang] for name in names if name in known)


def news(now: Iterable[Alarm], known: Mapping[str, Told], at: datetime) -> News:
    """Which kinds are new, and which went away.

    A kind that comes back is new again, but not within `QUIET` of the last time it was told.
    """
    present = {alarm.key: alarm for alarm in now}
    new = [
        alarm
        for key, alarm in present.items()
        if key not in known or (known[key].over and at - known[key].at >= QUIET)
    ]
    over = [key for key, told in known.items() if not told.over and key not in present]
    return News(new, over)


def remembered(known: Mapping[str, Told], over: Iterable[str], at: datetime) -> dict[str, Told]:
    """What is still worth knowing of what was told: kinds that are over are forgotten in time."""
    gone = set(over)
    kept: dict[str, Told] = {}
    for key, told in known.items():
        now_over = told.over or key in gone
        if not now_over:
            kept[key] = told
        elif at - told.at < QUIET:
            kept[key] = Told(told.at, over=True)
    return kept


def overdue(
    due: Mapping[str, int], since: Mapping[str, datetime], at: datetime
) -> tuple[dict[str, int], dict[str, datetime]]:
    """The opt-outs that are stuck, by mapping; and since when each mapping has had any on the way."""
    began = {mapping: since.get(mapping, at) for mapping, count in due.items() if count}
    stuck = {m: due[m] for m, start in began.items() if at - start >= CONSENT_MAY_TAKE}
    return stuck, began


def _say(key: str, lang: Language, **words: object) -> str:
    return sentences()[key][lang].format_map(words)


@cache
def sentences() -> dict[str, dict[Language, str]]:
    """Every sentence: key -> language -> template."""
    found: dict[str, dict[Language, str]] = YAML(typ="safe").load(SENTENCES.read_text("utf-8"))
    return found
