"""The links 受諾 and 差し戻し in a message: signed, for one hand-over, until a day, used once. Pure.

Opening a link decides nothing, since scanners of mail open every link: it shows a page with a button, and
only what that button sends is a verdict. A ticket names whom it is about and the ledger entry that it
answers; once somebody has decided, it is about the past and is refused. Both links of a hand-over have one
request between them (`request_of`), so that the first press counts, whoever presses what how often at once.

Tokens are signed by `itsdangerous` (HMAC-SHA256, https://itsdangerous.palletsprojects.com/en/stable/); when
they end stands inside of them and is compared with the caller's clock, not with the library's. Of several
secrets the last one signs, and all of them are honoured: so they can be changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from itsdangerous import BadData, BadSignature, URLSafeSerializer
from ruamel.yaml import YAML

from intent.model import Subject
from lifecycle.cooling import day_in, is_past
from lifecycle.definition import NOT_WORKED, Definition, Reason
from lifecycle.model import Entry, Request, Role, Stage, Standing
from lifecycle.refusals import stage_said
from lifecycle.standing import puts_out
from lifecycle.wording import at_time
from mappings.faults import Language

What = Literal["accept", "send_back"]
Why = Literal[
    "unreadable",
    "tampered",
    "expired",
    "overtaken",
    "ended",
    "used",
    "no_reason",
    "unknown_reason",
    "past_day",
]
TEXTS: Final = Path(__file__).parent / "messages" / "tickets.yaml"
SALT: Final = "kakehashi.lifecycle.tickets"
# A comment that nobody reads to its end is cut where both systems cut it.
LONGEST_COMMENT: Final = 2_000
# Longer than any of ours; whatever comes in is looked at no further.
LONGEST_TOKEN: Final = 1_000
# Sent back from here by a link; later stages are worked in the CRM.
OPEN_TO_SEND_BACK: Final = frozenset({Stage.MQL, Stage.SAL, Stage.SQL})


class Ticket(NamedTuple):
    """What a link may decide. `entry` is the number of the ledger entry that it answers."""

    subject: Subject
    entry: int
    what: What
    expires_at: datetime

    @property
    def id(self) -> str:
        """What both links of one hand-over have in common, and nobody can read."""
        return sha256(f"{self.subject.kind}:{self.subject.key}:{self.entry}".encode()).hexdigest()


class Given(NamedTuple):
    """The verdict that was given by a message, and when. `waits`: it is on file, and not decided yet."""

    what: Literal["accepted", "sent_back", "put_out", "refused", "waits"]
    at: datetime | None = None


class Now(NamedTuple):
    """Where the lead of a link stands, and what was decided by the link's message."""

    definition: Definition
    standing: Standing
    given: Given | None = None


class TicketRefused(Exception):
    """A link decides nothing; `why` names the reason, and `lines` say it to the person who pressed it."""

    def __init__(self, why: Why, now: Now | None = None) -> None:
        super().__init__(why)
        self.why: Why = why
        self.now = now

    def message(self, language: Language) -> str:
        """The sentence a person reads."""
        return str(texts()["refused"][self.why][language])

    def lines(self, language: Language) -> tuple[str, ...]:
        """The sentence, and what there is instead: the verdict that counts, and where the lead stands."""
        return (self.message(language), *(() if self.now is None else _instead(self.now, language)))


def _instead(now: Now, language: Language) -> Iterator[str]:
    told, given = texts()["instead"], now.given
    if given is not None:
        at = "" if given.at is None else at_time(now.definition, given.at, language)
        yield str(told[given.what][language]).format(at=at)
    stage = stage_said(now.standing.stage, language)
    yield str(told["stands"][language]).format(stage=stage)


class Choice(NamedTuple):
    """A reason to choose, as it is sent and as it is read."""

    code: str
    label: str


class Heap(NamedTuple):
    """Reasons that lead to the same place, under what is said of it."""

    label: str
    choices: tuple[Choice, ...]


class Page(NamedTuple):
    """What opening a link shows. Reasons come before the free text; nothing is decided by showing it.

    All of it is text: whoever renders it escapes it.
    """

    what: What
    title: str
    lines: tuple[str, ...]
    button: str
    reasons: tuple[Heap, ...] = ()
    comment: str = ""
    review: str = ""
    # The first day that can be named for looking again, like `2027-04-01`.
    earliest: str = ""


class Filled(NamedTuple):
    """What a person filled in before pressing the button to send back."""

    reason: str | None = None
    sub_reason: str | None = None
    comment: str | None = None
    reactivate_on: date | None = None


def sign(ticket: Ticket, secrets: Sequence[str]) -> str:
    """The token of a link, fit for an address. Raises `ValueError` without a secret."""
    return _text(
        _serializer(secrets).dumps(
            {
                "s": [*ticket.subject],
                "n": ticket.entry,
                "w": ticket.what,
                "e": int(ticket.expires_at.timestamp()),
            }
        )
    )


def read(token: str, secrets: Sequence[str], now: datetime) -> Ticket:
    """The ticket of a token. Raises `TicketRefused`: unreadable, tampered or expired."""
    if len(token) > LONGEST_TOKEN:
        raise TicketRefused("unreadable")
    try:
        said = _serializer(secrets).loads(token)
    except BadSignature as error:
        raise TicketRefused("tampered" if "." in token else "unreadable") from error
    except BadData as error:
        raise TicketRefused("unreadable") from error
    kind, key = said["s"]
    ticket = Ticket(
        Subject(kind, key), said["n"], said["w"], datetime.fromtimestamp(said["e"], UTC)
    )
    if now >= ticket.expires_at:
        raise TicketRefused("expired")
    return ticket


def offered(definition: Definition, standing: Standing) -> tuple[What, ...]:
    """What may be decided by a link where somebody stands now: accepting is the step into SAL, no other."""
    found: list[What] = []
    if _next_stage(definition, standing.stage) is Stage.SAL:
        found.append("accept")
    if standing.stage in OPEN_TO_SEND_BACK:
        found.append("send_back")
    return tuple(found)


def check(ticket: Ticket, definition: Definition, standing: Standing | None) -> Standing:
    """Where its subject stands, if the ticket is still about that. Raises `TicketRefused`: overtaken."""
    if standing is None:
        raise TicketRefused("overtaken")
    if standing.number != ticket.entry or ticket.what not in offered(definition, standing):
        raise TicketRefused("overtaken", Now(definition, standing))
    return standing


def given_by(entry: Entry) -> Given:
    """The verdict that was given by a link, from the entry that it led to."""
    if entry.stage is Stage.RECYCLED:
        return Given("sent_back", entry.entered_at)
    return Given("put_out" if entry.stage is Stage.DISQUALIFIED else "accepted", entry.entered_at)


def page(
    ticket: Ticket,
    definition: Definition,
    standing: Standing,
    name: str,
    now: datetime,
    language: Language,
) -> Page:
    """What opening the link shows about somebody of this name, who stands there."""
    told = texts()["page"][ticket.what]
    lines = tuple(str(line[language]).format(name=name) for line in told["lines"])
    if ticket.what == "accept":
        return Page("accept", told["title"][language], lines, told["button"][language])
    return Page(
        "send_back",
        told["title"][language],
        lines,
        told["button"][language],
        tuple(_heaps(definition, standing, language)),
        told["comment"][language],
        told["review"][language],
        (day_in(definition.calendar.zone, now) + timedelta(days=1)).isoformat(),
    )


def _heaps(definition: Definition, standing: Standing, language: Language) -> Iterator[Heap]:
    """The reasons by where they lead from here: whoever chooses one sees what it does."""
    reasons = reasons_to_choose(definition)
    for kind, label in texts()["leads"].items():
        found = [one for one in reasons if _leads(standing, one) == kind]
        if found:
            choices = tuple(Choice(one.code, _label(one, language)) for one in found)
            yield Heap(label[language], choices)


def _leads(standing: Standing, reason: Reason) -> str:
    if reason.kind == "route":
        return "elsewhere"
    return "out" if puts_out(standing, reason) else "back"


def request_of(
    ticket: Ticket, definition: Definition, standing: Standing, filled: Filled, now: datetime
) -> Request:
    """What pressing the button asks for, in the name of whom it was handed to.

    Its id is the hand-over's: asked for again it is on file already, and `TicketRefused("used")` is the
    answer. Raises `TicketRefused`: overtaken, no_reason, unknown_reason, past_day.
    """
    check(ticket, definition, standing)
    sends_back = ticket.what == "send_back"
    if sends_back:
        _check_reason(definition, filled.reason)
        day = filled.reactivate_on
        if day is not None and is_past(day, definition.calendar.zone, now):
            raise TicketRefused("past_day")
    is_first = standing.stage is Stage.MQL and definition.preset == "jp_is_fs"
    comment = (filled.comment or "").strip()[:LONGEST_COMMENT] or None
    return Request(
        id=f"ticket:{ticket.id}",
        subject=standing.subject,
        to=Stage.RECYCLED if sends_back else Stage.SAL,
        role=Role.INSIDE_SALES if is_first else Role.SALES,
        actor=standing.accepted_by or standing.handed_to or definition.owners["sales"],
        source="kakehashi",
        at=now,
        observed_at=now,
        reason=filled.reason if sends_back else None,
        sub_reason=(filled.sub_reason or "").strip()[:255] or None if sends_back else None,
        comment=comment,
        reactivate_on=filled.reactivate_on if sends_back else None,
    )


def reasons_to_choose(definition: Definition) -> tuple[Reason, ...]:
    """The reasons that a person may give, in the order of the definition; not the one of a rule."""
    return tuple(one for code, one in definition.reasons.items() if code != NOT_WORKED)


def _check_reason(definition: Definition, reason: str | None) -> None:
    if not reason:
        raise TicketRefused("no_reason")
    if reason not in {one.code for one in reasons_to_choose(definition)}:
        raise TicketRefused("unknown_reason")


def _next_stage(definition: Definition, stage: Stage) -> Stage | None:
    order = definition.order
    place = order.index(stage) + 1 if stage in order else len(order)
    return order[place] if place < len(order) else None


def _label(reason: Reason, language: Language) -> str:
    return reason.ja if language == "ja" else reason.en


def _serializer(secrets: Sequence[str]) -> URLSafeSerializer:
    if not secrets or not all(secrets):
        raise ValueError("links are signed with a secret: set one before any is sent")
    signer = {"digest_method": sha256, "key_derivation": "hmac"}
    return URLSafeSerializer(list(secrets), salt=SALT, signer_kwargs=signer)


def _text(token: str | bytes) -> str:
    return token if isinstance(token, str) else token.decode()


@cache
def texts() -> dict[str, Any]:
    """Everything that a link says to people, in both languages."""
    found: dict[str, Any] = YAML(typ="safe").load(TEXTS.read_text("utf-8"))
    return found
