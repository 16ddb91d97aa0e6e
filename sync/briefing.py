"""What is known of a lead goes on file with every decision about it, and with a hand-over the seller's card.

It is looked up for the decision anyway. So both systems are told what the decision was made by, and whoever
dies after it leaves nothing untold: entry and card are one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from lifecycle.briefs import SHOWN, card_text
from lifecycle.definition import is_handed
from lifecycle.facts import NOES, Known
from lifecycle.gate import questions, weigh
from lifecycle.letters import HandOver, Links
from lifecycle.model import Brief, Entry, Stage, Standing
from lifecycle.port import LifecycleStore, Timer
from lifecycle.wording import Who
from mappings.faults import Language
from sync.acquaintance import Acquaintance
from sync.own_values import FORBIDDEN_BY
from sync.wanting import colleague_of

# It stands on the record of whom it is about.
NOBODY = Who("")


@dataclass(frozen=True, slots=True)
class Scribe:
    """Writes briefs. `language` is that of letters."""

    store: LifecycleStore
    language: Language = "en"

    def brief(
        self,
        about: Acquaintance,
        standing: Standing,
        known: Known,
        entries: Iterable[Entry],
        timers: Iterable[Timer],
        now: datetime,
    ) -> Brief | None:
        """What goes on file with these entries, by what was known when they were decided; None: nothing.

        `standing` is where they lead; without an entry it is what a refusal leaves.
        """
        if standing.number == 0 or standing.stage is Stage.ERASED:
            return None
        definition = about.definition
        found = _weighed(about, standing, known, now)
        if standing.stage not in SHOWN:
            # What nobody is shown any more is not kept either.
            return replace(found, card="")
        if not any(is_handed(definition, one.stage) and not one.skipped for one in entries):
            return found
        if _is_unwilling(known):
            return replace(found, card="")
        instead = colleague_of(self.store, about, standing)
        lead = lead_of(about, standing, known, timers)._replace(instead=instead)
        return replace(found, card=card_text(definition, lead, self.language))

    def weighs(self, about: Acquaintance, standing: Standing, known: Known, now: datetime) -> bool:
        """Put on file what is known by now of whoever stands somewhere; whether it is news."""
        held = self.store.briefs([standing.subject]).get(standing.subject)
        found = _weighed(about, standing, known, now)
        if standing.number == 0 or (held is not None and _same(held, found)):
            return False
        self.store.put_brief(found)
        return True


def lead_of(
    about: Acquaintance,
    standing: Standing,
    known: Known,
    timers: Iterable[Timer],
    who: Who = NOBODY,
    links: Links = Links(),  # noqa: B008 - a value without an inside that changes
) -> HandOver:
    """Everything that a seller is told of a lead."""
    gate = about.definition.gate
    running = (one for one in timers if one.stopped_at is None)
    return HandOver(
        who=who,
        standing=standing,
        evidence=known.evidence,
        card=known.card,
        topics=about.interest.topics,
        missing=tuple(one.key for one in questions(gate, weigh(gate, known.answers))),
        due_at=min((one.due_at for one in running if one.clock == "verdict"), default=None),
        links=links,
    )


def _weighed(about: Acquaintance, standing: Standing, known: Known, now: datetime) -> Brief:
    found = weigh(about.definition.gate, known.answers)
    return Brief(
        subject=standing.subject,
        at=now,
        completeness=found.completeness,
        asked=found.asked,
        missing=found.missing,
    )


def _same(held: Brief, found: Brief) -> bool:
    return replace(held, at=found.at, card=None) == replace(found, card=None)


def _is_unwilling(known: Known) -> bool:
    """Whether somebody forbade that what they do is followed or judged: a card would tell of it."""
    return any(known.consent.get(name) == NOES[name] for name in FORBIDDEN_BY)
