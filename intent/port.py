"""What the rooms of website intent ask of the place where events and scores are kept.

One transaction per method, durable when it returns. Errors: `database.room.LedgerUnavailable` where the
database cannot be used now; whatever was asked is asked again then, and nothing happens twice;
`OtherDefinition` where scores are asked for that are of another definition.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from intent.decay import State
from intent.definition import Definition
from intent.model import (
    BY_HAND,
    Card,
    Contribution,
    Discard,
    Event,
    Identity,
    Millis,
    StateKey,
    Subject,
    SurgeStanding,
)


class OtherDefinition(Exception):
    """The scores on file are of another definition: rebuild them, or wait until that is done."""


class UnknownSubject(Exception):
    """Nothing is on file about a subject: say with an identifier who is meant."""


class TakenIn(NamedTuple):
    """How many events are on file now for the first time, and how many were there already.

    `differing` are ids of repeats that say something else than the first one did; the first one stands.
    """

    accepted: int
    duplicates: int
    differing: tuple[str, ...] = ()


class AtHand(NamedTuple):
    """Events that wait to be scored: whom each of them names, by its number, and up to which number that is.

    `up_to` is 0 where none waits.
    """

    people: Mapping[int, Identity]
    up_to: int


class Link(NamedTuple):
    """That an identifier belongs to a subject: how sure that is (0-1), why, and since when."""

    kind: str  # email, hubspot_contact_id, hubspotutk, visitor, company_domain, corporate_number
    value: str
    subject: Subject
    confidence: float
    why: str
    since: datetime


class Events(Protocol):
    """Events as they came in, and what became of them."""

    def take_in(self, events: Sequence[Event]) -> TakenIn:
        """Put events on file, each id once; the first body wins. Discarded ones are kept and never scored.

        An event that names nobody is a `ValueError`: it is refused where it comes in.
        """

    def score_some(
        self,
        definition: Definition,
        now: datetime,
        *,
        part: int,
        parts: int,
        up_to: int | None = None,
    ) -> int:
        """Score a batch of events of this share of the people; answers how many there were.

        What an event says about who is who is taken in before. Raises `OtherDefinition`: `rebuild` first.
        Days whose events are forgotten take nothing in any more. `up_to`: none of a higher number.
        """

    def at_hand(self, *, part: int, parts: int) -> AtHand:
        """The events that `score_some` would score next, of this share of the people."""

    def drop(self, numbers: Sequence[int]) -> None:
        """Take events that wait off the file, as if they had never come."""

    def unscored(self) -> int:
        """How many events nobody has scored yet."""

    def retract(
        self, event_ids: Sequence[str], why: Discard, definition: Definition, by: str = BY_HAND
    ) -> int:
        """Take events out of the scores: a crawler was told late. Answers how many counted before.

        `by`: a person, or which rules; the judgement of other rules is replaced, that of a person stands.
        """

    def rebuild(
        self,
        definition: Definition,
        now: datetime,
        progress: Callable[[int], object] = lambda _trails: None,
    ) -> int:
        """Make the states of a new definition out of events and daily sums; answers how many states.

        In many short transactions, `progress` hearing after each how many trails were done; whoever asks for
        scores meanwhile gets `OtherDefinition`. Killed, it goes on where it was. Everybody's card is to be
        looked at afterwards.
        """

    def forget(self, definition: Definition, now: datetime) -> Mapping[str, int]:
        """Delete what is kept no longer; how much of what."""


class People(Protocol):
    """Who is who."""

    def resolve(self, identities: Iterable[Identity]) -> Mapping[Identity, tuple[Subject, ...]]:
        """The subjects that each identity stands for: a person or a visitor, and an account.

        Whoever is not known yet is put on file.
        """

    def link(self, links: Sequence[Link], definition: Definition) -> None:
        """Put links on file; a visitor who is somebody now brings its states along.

        Raises `UnknownSubject` for a person without any identifier on file.
        """

    def unlink(self, kind: str, value: str, definition: Definition, now: datetime) -> None:
        """Take a link back, and what came through it out of the scores.

        What events said until `now` does not bring it back; what they say later does.
        """

    def links_of(self, subject: Subject) -> Sequence[Link]:
        """Everything that is known to belong to a subject."""

    def names_of(self, subjects: Iterable[Subject]) -> Mapping[Subject, Sequence[tuple[str, str]]]:
        """The identifiers (kind, value) that belong to each of these, as `links_of` has them."""

    def subjects_by(self, kind: str, values: Iterable[str]) -> Mapping[str, Subject]:
        """The subjects that these identifiers belong to."""

    def members(self, account: Subject) -> Sequence[Subject]:
        """The people and visitors of an account."""

    def members_of(self, accounts: Iterable[Subject]) -> Mapping[Subject, Sequence[Subject]]:
        """The same of many at once."""

    def everybody(self, limit: int, after: Subject | None = None) -> Sequence[Subject]:
        """The people of whom anything is on file, in the order of their keys: for going through all."""

    def account_of(self, subject: Subject) -> Subject | None:
        """The account that a person or visitor counts for."""

    def accounts_of(self, subjects: Iterable[Subject]) -> Mapping[Subject, Subject]:
        """The same of many at once; who counts for none is left out."""

    def join(self, names: Iterable[tuple[str, str]], now: datetime) -> None:
        """These names (kind, value) are one person's from now on, if any of them is on file.

        Whatever state the definition is in; what both were told is `not_true` any more.
        """

    def name_also(
        self, names: Iterable[tuple[tuple[str, str], tuple[str, str]]], now: datetime
    ) -> None:
        """Whoever bears the first name (kind, value) of these pairs bears the second, too, if on file.

        Like `join`, for a name that was found on a record of theirs: where it is new, what both systems were
        told stays true, and nobody is looked at for it.
        """

    def moved(self, limit: int) -> Mapping[Subject, Subject]:
        """People who turned out to be somebody else, and who that is; until `forget_moves` hears of them.

        Whoever keeps people under their keys follows them, in whatever order.
        """

    def forget_moves(self, subjects: Iterable[Subject]) -> None:
        """Whoever knew these people by their keys knows who they are by now."""

    def count_left(self, definition: Definition, now: datetime) -> int:
        """Count the trails anew that `erase` and `join` left to be counted; answers how many there were.

        Raises `OtherDefinition`: `rebuild` first.
        """

    def erase(self, subject: Subject, now: datetime) -> None:
        """Forget events, states and links of a subject. The card told to the systems becomes an empty one.

        Whatever state the definition is in. What was told of the account and its people is `not_true` any
        more. Ask `links_of` before, if their records are to be told.
        """


class Scores(Protocol):
    """Sums, evidence and cards."""

    def states(
        self, subjects: Iterable[Subject], definition: Definition
    ) -> Mapping[StateKey, State]:
        """The decayed sums of these subjects; of an account: its own, and those of each of its members.

        Raises `OtherDefinition`.
        """

    def evidence(
        self, subject: Subject, definition: Definition, since: Millis, limit: int = 200
    ) -> Sequence[Contribution]:
        """What counted for a subject, newest first; of an account: of all its members too.

        It is exactly what the sums are made of, as far back as events are kept. Raises `OtherDefinition`.
        """

    def evidence_of(
        self, subjects: Iterable[Subject], definition: Definition, since: Millis, limit: int = 200
    ) -> Mapping[Subject, Sequence[Contribution]]:
        """The same of many at once."""

    def visitor_days(self, account: Subject, topic: str | None, until: datetime) -> Sequence[int]:
        """How many people or visitors of an account came on each of the last 97 days, oldest first.

        With a topic: whose events about it counted on that day.
        """

    def topic_days(
        self, account: Subject, definition: Definition, until: datetime, also: Iterable[str] = ()
    ) -> Mapping[str, Sequence[int]]:
        """The same by topic: of topics whose last week was busy enough for a surge, and of those in `also`.

        What speaks against a purchase, like pages for job seekers, counts for none.
        """

    def site_days(self, until: datetime) -> Sequence[int]:
        """The same of everybody, by device."""

    def days_of_people(self) -> Sequence[tuple[Subject, Millis]]:
        """Who was on the website on which days, and since when on that day, as far back as days are kept.

        Only people who are known: a cookie that is thrown away never comes again, and would teach so.
        """

    def touched(self, limit: int, now: datetime) -> Sequence[Subject]:
        """Subjects whose scores changed since their card was last looked at, longest ago first.

        An account follows each of its members. Who takes them looks at them and says so by `tell`; after
        ten minutes without, they are handed out again.
        """

    def due(self, now: datetime, limit: int) -> Sequence[Subject]:
        """Subjects whose card was to be looked at again at a time that has come; taken as by `touched`."""

    def told(self, subjects: Iterable[Subject]) -> Mapping[Subject, Card]:
        """The cards as both systems were told last."""

    def not_true(self, subjects: Iterable[Subject]) -> Collection[Subject]:
        """Those whose told card may speak of somebody who was forgotten: it is told anew."""

    def tell(
        self, cards: Sequence[Card], looked_at: Mapping[Subject, datetime | None], now: datetime
    ) -> None:
        """Put told cards on file. `looked_at` names everybody whose card was looked at, told or not, and
        when to do so again (None: when touched). Who was touched meanwhile stays so.
        """

    def look_again(self, at: Mapping[Subject, datetime | None], instead_of: datetime) -> None:
        """When to look again at those who were to be looked at again at just that time (None: when touched).

        Of others somebody else has looked at them meanwhile, and knows better.
        """

    def surges(self, subjects: Iterable[Subject]) -> Mapping[tuple[Subject, str], SurgeStanding]:
        """Who surges, on which topic (empty text: altogether)."""

    def note_surges(self, surges: Mapping[tuple[Subject, str], SurgeStanding | None]) -> None:
        """Surges that began, grew or ended."""


class Visits(NamedTuple):
    """The events of some visitors around the time of those that are to be judged, and up to where that is.

    `fresh` are the ids of these. Of a visitor who did very much there are several parts.
    """

    visitors: tuple[tuple[Event, ...], ...]
    up_to: int
    fresh: frozenset[str] = frozenset()


class Judgement(Protocol):
    """What turns out late: that a visitor was a machine, or one of us."""

    def unjudged(self, received_by: datetime, limit: int = 2_000) -> Visits:
        """Visits with events that came in by then and that nobody has judged; no visitors: there are none."""

    def judged(self, up_to: int) -> None:
        """Events up to this one are judged; 0 has all of them judged again, by other rules."""

    def lift(self, event_ids: Collection[str]) -> int:
        """Events that did not count are scored like new ones from now on. Answers how many these were."""


class IntentStore(Events, People, Scores, Judgement, Protocol):
    """All of it, over one database."""
