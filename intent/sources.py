"""Third parties' intent: ``sources/NAME.yaml`` says where a vendor's JSON holds what an event needs. Pure.

Whoever gives it, on what consent or contract it may be used, and when somebody confirmed that, have to be
told for each row; a row that does not is refused (Japan: APPI art. 31; domain sheet 5.5). What names no
person stays with the account. Faults are told as those of mapping files are: all at once, with their place.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from intent import hygiene
from intent.intake import (
    COMPANY_NAME,
    THIRD_PARTY,
    Intake,
    confirmed_of,
    entries_of,
    needed_id,
    properties_of,
    short,
    who_of,
)
from intent.model import UNKNOWN, Event, Rejection
from intent.telling import Refused
from mappings.faults import FaultList, Place
from mappings.source import Node, as_plain, entries, read_file

TYPE: Final = THIRD_PARTY
# Our points of the strongest signal (domain sheet 3.2).
MOST_POINTS: Final = 10.0
MOST_ROWS: Final = 1_000
TOP_KEYS: Final = ("version", "provider", "rows", "most_points", "event", "topics")
IDENTITY_KEYS: Final = (
    "email",
    "hubspot_contact_id",
    "company_domain",
    "corporate_number",
    COMPANY_NAME,
)
NEEDED_KEYS: Final = ("occurred_at", "points", "consent_basis", "confirmed_at")
EVENT_KEYS: Final = (*NEEDED_KEYS, "event_id", *IDENTITY_KEYS, "topic", "url", "title", "asset")
ALWAYS: Final = "always"
NAME_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")


class Where(NamedTuple):
    """Where a row holds something: the keys on the way there, or one text for all rows."""

    path: tuple[str, ...] = ()
    always: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """How one vendor's rows become events. `most_points` is the vendor's highest number."""

    name: str
    provider: str
    event: Mapping[str, Where]
    rows: tuple[str, ...] = ()
    most_points: float = MOST_POINTS
    topics: Mapping[str, str] | None = None

    def rows_of(self, body: object) -> Sequence[object] | None:
        """The rows of a body: where the file says, a single one alone; None where there are none."""
        found = _held(body, self.rows)
        if isinstance(found, dict):
            return [found]
        return found if isinstance(found, list) else None

    def read(self, row: object, index: int, intake: Intake, now: datetime) -> Event | Rejection:
        """One row as an event. Raises as `Intake.read` does."""
        event_id = None
        try:
            content = entries_of(row)
            event_id = self._id(content)
            return self._event(event_id, self._told(content), intake, now)
        except Refused as refused:
            return Rejection(index, event_id, refused.code, refused.message())

    def _told(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """What the row says, in our words."""
        found = {
            key: where.always if where.always is not None else _held(row, where.path)
            for key, where in self.event.items()
        }
        return {key: value for key, value in found.items() if value not in (None, "")}

    def _id(self, row: Mapping[str, Any]) -> str:
        """The vendor's id below our name for the vendor; without one, the row itself."""
        where = self.event.get("event_id")
        if where is None:
            return f"{self.name}:{blake2b(_content(row), digest_size=16).hexdigest()}"
        return needed_id(f"{self.name}:{needed_id(_held(row, where.path))}")

    def _event(
        self,
        event_id: str,
        told: Mapping[str, Any],
        intake: Intake,
        now: datetime,
    ) -> Event:
        basis = self._basis(told, now)
        told_at, occurred_at = intake.times(told.get("occurred_at"), now)
        who = who_of(told, None)._replace(visitor=None, hubspotutk=None)
        who = intake.somebody(who, short(told, COMPANY_NAME, 200))
        url = intake.url(told["url"]) if "url" in told else None
        title = told.get("title")
        return Event(
            event_id=event_id,
            type=TYPE,
            occurred_at=occurred_at,
            received_at=now,
            told_at=told_at,
            identity=who,
            source=self.name,
            basis=basis,
            url=url,
            page=None if url is None else hygiene.page_of(url),
            title=hygiene.clean_text(title) if isinstance(title, str) else None,
            topic=self._topic(told.get("topic"), intake, url),
            points=self._points(told.get("points")),
            discard=intake.discard({}, who, None, None, None),
            properties=properties_of(
                {
                    "provider": self.provider,
                    "confirmed_at": str(confirmed_of(told["confirmed_at"]))[:10],
                    "asset": told.get("asset"),
                }
            ),
        )

    def _basis(self, told: Mapping[str, Any], now: datetime) -> str:
        found = told.get("consent_basis")
        basis = hygiene.clean_text(found, 100) if isinstance(found, str) else None
        if basis is None:
            raise Refused("no_consent", "no_basis", provider=self.provider)
        confirmed = confirmed_of(told.get("confirmed_at"))
        if confirmed is None or confirmed > now:
            raise Refused("no_consent", "not_confirmed")
        return basis

    def _topic(self, found: object, intake: Intake, url: str | None) -> str:
        """Our topic for the vendor's word; a word that nobody gave a topic stands under no topic."""
        word = str(found or "")
        topic = (self.topics or {}).get(word, word)
        if topic in intake.definition.topics:
            return topic
        return intake.by_page(TYPE, url)[1] if not word else UNKNOWN

    def _points(self, found: object) -> float:
        try:
            number = float(found) if isinstance(found, int | float | str) else -1.0
        except ValueError:
            number = -1.0
        if not 0 <= number <= self.most_points:
            raise Refused("malformed", "points", most=f"{self.most_points:g}")
        return number / self.most_points * MOST_POINTS


def _content(row: Mapping[str, Any]) -> bytes:
    """A row as one text, the same for the same content."""
    try:
        return orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # halves of characters
        return json.dumps(row, sort_keys=True).encode()


def _held(body: object, path: Sequence[str]) -> Any:
    """What stands at the end of a path of keys and places in lists; None where it ends before."""
    for key in path:
        if isinstance(body, dict):
            body = body.get(key)
        elif isinstance(body, list) and key.isdecimal() and int(key) < len(body):
            body = body[int(key)]
        else:
            return None
    return body


# Files ---------------------------------------------------------------------------------------------


def read_sources(
    folder: Path, topics: Iterable[str] | None, faults: FaultList
) -> dict[str, Source]:
    """The sources of a folder by name, their topics checked against those of the definition.

    What is wrong goes into `faults`. A folder that is not there holds no sources.
    """
    known = None if topics is None else tuple(topics)
    found: dict[str, Source] = {}
    for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else []:
        node = read_file(path, faults)
        source = _source(path, node, known, faults) if node is not None else None
        if source is not None:
            found[source.name] = source
    return found


def _source(
    path: Path, node: Node, topics: tuple[str, ...] | None, faults: FaultList
) -> Source | None:
    before = len(faults.faults)
    if not path.stem or not set(path.stem) <= NAME_LETTERS:
        faults.add("source_name", node.place, path.stem)
    blocks = entries(node, TOP_KEYS, faults)
    if blocks is None:
        return None
    _version(blocks.get("version"), node.place, faults)
    event = _event_block(blocks.get("event"), node.place, faults)
    source = Source(
        name=path.stem,
        provider=_provider(blocks.get("provider"), node.place, faults),
        event=event,
        rows=_keys(blocks.get("rows"), faults),
        most_points=_most_points(blocks.get("most_points"), faults),
        topics=_topics(blocks.get("topics"), topics, faults),
    )
    return source if len(faults.faults) == before else None


def _version(node: Node | None, place: Place, faults: FaultList) -> None:
    if node is None:
        faults.add("missing_key", place, "version")
    elif node.text != "1":
        faults.add("bad_version", node.place, node.shown())


def _provider(node: Node | None, place: Place, faults: FaultList) -> str:
    told = hygiene.clean_text(node.text or "") if node is not None else None
    if told is None:
        faults.add("missing_key", place if node is None else node.place, "provider")
    return told or ""


def _event_block(node: Node | None, place: Place, faults: FaultList) -> dict[str, Where]:
    if node is None:
        faults.add("missing_key", place, "event")
        return {}
    blocks = entries(node, EVENT_KEYS, faults)
    if blocks is None:
        return {}
    for key in NEEDED_KEYS:
        if key not in blocks:
            faults.add("missing_key", node.place, key)
    if not any(key in blocks for key in IDENTITY_KEYS):
        faults.add("source_of_nobody", node.place, allowed=IDENTITY_KEYS)
    return {key: _where(one, faults) for key, one in blocks.items()}


def _where(node: Node, faults: FaultList) -> Where:
    if node.text is not None:
        return Where(path=_keys(node, faults))
    if isinstance(node.value, dict):
        always = (entries(node, (ALWAYS,), faults) or {}).get(ALWAYS)
        if always is not None and always.text is not None:
            return Where(always=always.text)
    faults.add("wrong_type", node.place, node.shown(), expected="=a_path")
    return Where()


def _keys(node: Node | None, faults: FaultList) -> tuple[str, ...]:
    if node is None:
        return ()
    keys = tuple((node.text or "").split("."))
    if not all(keys):
        faults.add("wrong_type", node.place, node.shown(), expected="=a_path")
        return ()
    return keys


def _most_points(node: Node | None, faults: FaultList) -> float:
    if node is None:
        return MOST_POINTS
    try:
        most = float(node.text or "")
    except ValueError:
        most = 0.0
    if not 0 < most < float("inf"):
        faults.add("wrong_type", node.place, node.shown(), expected="=above_nothing")
        return MOST_POINTS
    return most


def _topics(
    node: Node | None, known: tuple[str, ...] | None, faults: FaultList
) -> dict[str, str] | None:
    blocks = entries(node, None, faults)
    for one in (blocks or {}).values():
        if one.text is None or (known is not None and one.text not in known):
            faults.add("not_allowed", one.place, one.shown(), known or ())
    return {key: str(as_plain(one)) for key, one in (blocks or {}).items()}
