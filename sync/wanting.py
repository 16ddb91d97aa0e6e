"""What our own rules want for people of whom there is news: in, over to sales, back, out, a deal's next step.

Nothing is decided here; what would be refused is not asked for, since the rules look again with every news.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from connector.port import System
from intent.model import Subject
from lifecycle.coming_back import needs_a_yes, stands_in_for, within_cap
from lifecycle.definition import Definition
from lifecycle.facts import Known
from lifecycle.guards import BAD_DATA
from lifecycle.machine import decide
from lifecycle.model import Entry, Refusal, Request, Role, Stage, Standing
from lifecycle.port import LifecycleStore
from lifecycle.routing import seller_for
from lifecycle.situation import Situation
from sync.acquaintance import Acquaintance
from sync.beholding import Seen
from sync.witnessing import Witness

# A history of refusals this long is looked at to tell one wish from the same wish made again.
REFUSALS: Final = 1_000
OURSELVES: Final = "kakehashi"
# Of so many people of a company it is asked whose place somebody takes.
COLLEAGUES: Final = 200
# Where our own rules may hand somebody over from.
OPEN_TO_RULES: Final = frozenset({Stage.KNOWN, Stage.LEAD, Stage.RECYCLED, Stage.CUSTOMER})
DEALS: Final = frozenset({Stage.SAL, Stage.SQL, Stage.OPPORTUNITY})
# Whom a seller may open a deal of without a verdict.
UNJUDGED: Final = frozenset({Stage.LEAD, Stage.MQL})


def may_be_undone(standing: Standing, definition: Definition) -> bool:
    """Whether a rule may make a lead again of who was put out: after a correction, or a fresh yes."""
    is_out = standing.stage is Stage.DISQUALIFIED
    return is_out and (standing.reason == BAD_DATA or needs_a_yes(standing, definition))


@dataclass(slots=True)
class Wants:
    """Asks the rules about one person at a time. Made anew for everybody who is judged in one go: nothing is
    decided until all were asked about, so whoever comes later finds the room that the earlier ones left.
    """

    store: LifecycleStore
    witness: Witness
    clock: Callable[[], datetime]
    # Told what is known of whoever is looked at.
    weigh: Callable[[Acquaintance, Standing, Known, datetime], object]
    _load: dict[str, int] | None = None
    _brought_back: int | None = None

    def of(self, about: Acquaintance, standing: Standing) -> list[Request]:
        """What our rules want for one person. Raises `connector.errors.ConnectorError`."""
        now = self.clock()
        if standing.stage is Stage.ERASED:
            return []
        if standing.stage is Stage.DISQUALIFIED:
            return self._undoing(about, standing, now)
        known, seen = about.look(standing.subject, standing, now)
        self.weigh(about, standing, known, now)
        if standing.stage in UNJUDGED and (taken := _fast_path(about, standing, seen, now)):
            return [replace(self._request(standing, Stage.OPPORTUNITY, now), **taken)]
        if standing.stage not in OPEN_TO_RULES:
            talk = about.talk(seen, now)
            self.witness.heard_of(about.definition, standing, known.evidence, talk)
            situation = about.situation(known, seen, None, now, told_sales=False)
            return self._deal(about, standing, seen, situation)
        situation = about.situation(known, seen, None, now, told_sales=False)
        found: list[Request] = []
        if standing.stage is Stage.KNOWN:
            if not situation.contactable:
                return []
            found.append(self._request(standing, Stage.LEAD, now))
            standing = replace(standing, stage=Stage.LEAD, number=standing.number + 1)
        handed = self._hand_over(about, about.routes(known, now), standing, situation)
        if not handed and standing.stage is Stage.RECYCLED:
            out = self._request(standing, Stage.DISQUALIFIED, now)
            return _if_followed(about, standing, out, situation) if situation.retention_over else []
        return [*found, *handed]

    def _undoing(self, about: Acquaintance, standing: Standing, now: datetime) -> list[Request]:
        if not may_be_undone(standing, about.definition):
            return []
        known, seen = about.look(standing.subject, standing, now)
        situation = about.situation(known, seen, None, now, told_sales=False)
        return _if_followed(about, standing, self._request(standing, Stage.LEAD, now), situation)

    # Handing over -------------------------------------------------------------------------------

    def _hand_over(
        self,
        about: Acquaintance,
        routes: Sequence[str],
        standing: Standing,
        situation: Situation,
    ) -> list[Request]:
        """The hand-over to whoever has it by the routes; nothing where the table would not follow."""
        now, evidence, load = situation.now, situation.evidence, self._load_of_sellers()
        seller = seller_for(about.definition, routes, load, standing, evidence)
        asked = self._request(standing, Stage.MQL, now, situation.rules)
        asked = replace(asked, evidence=evidence, handed_to=seller)
        if colleague_of(self.store, about, standing) is not None:
            asked = replace(asked, trigger="new_person")
        leads_to = decide(standing, asked, situation, about.definition)
        if isinstance(leads_to, Refusal) or not self._has_room(about, leads_to, now):
            return []
        load[leads_to[-1].handed_to or ""] += 1
        return [asked]

    def _has_room(self, about: Acquaintance, entries: Sequence[Entry], now: datetime) -> bool:
        """A new definition does not bring everybody back on one day."""
        if not any(entry.trigger == "definition" for entry in entries):
            return True
        if self._brought_back is None:
            midnight = now.astimezone(about.zone).replace(hour=0, minute=0, second=0, microsecond=0)
            today = self.store.entered(midnight, now)
            self._brought_back = [entry.trigger for entry in today].count("definition")
        found = within_cap([entries[0].subject], self._brought_back, about.definition)
        self._brought_back += len(found)
        return bool(found)

    def _load_of_sellers(self) -> dict[str, int]:
        """How many leads each seller has open, with those that were just given."""
        if self._load is None:
            self._load = defaultdict(int)
            for stage in (Stage.MQL, Stage.SAL):
                for standing in self.store.in_stage(stage.value, REFUSALS):
                    if (seller := standing.accepted_by or standing.handed_to) is not None:
                        self._load[seller] += 1
        return self._load

    # Deals --------------------------------------------------------------------------------------

    def _deal(
        self, about: Acquaintance, standing: Standing, seen: Seen, situation: Situation
    ) -> list[Request]:
        """What an opportunity says: it exists, it is won, it is lost and why. Without a reason it waits."""
        if seen.opportunity is None or not seen.has_role or standing.stage not in DEALS:
            return []
        made = partial(self._request, standing, now=situation.now, opportunity=seen.opportunity)
        if standing.stage is not Stage.OPPORTUNITY:
            order = about.definition.order
            is_next = order.index(standing.stage) + 1 == order.index(Stage.OPPORTUNITY)
            asked = made(Stage.OPPORTUNITY)
            return [asked] if is_next and self._is_new(about, standing, asked, situation) else []
        if seen.outcome == "won":
            return [made(Stage.CUSTOMER)]
        if seen.outcome == "lost" and seen.lost_because in about.definition.reasons:
            return [replace(made(Stage.RECYCLED), reason=seen.lost_because)]
        return []

    def _is_new(
        self, about: Acquaintance, standing: Standing, asked: Request, situation: Situation
    ) -> bool:
        """Whether the answer to it is another one than the last: what a deal lacks is put on file once."""
        leads_to = decide(standing, asked, situation, about.definition)
        if not isinstance(leads_to, Refusal):
            return True
        before = self.store.refusals(REFUSALS, standing.subject)
        last = next((one for one in before if one.request.to is asked.to), None)
        return last is None or (last.code, last.words) != (leads_to.code, leads_to.words)

    def _request(
        self,
        standing: Standing,
        to: Stage,
        now: datetime,
        rules: tuple[str, ...] = (),
        opportunity: str | None = None,
    ) -> Request:
        """What a rule wants; the same from the same standing is one request, until one was refused."""
        subject = standing.subject
        nth = len(self.store.refusals(REFUSALS, subject))
        return Request(
            id=_name(subject, standing.number, to, nth),
            subject=subject,
            to=to,
            role=Role.RULE,
            actor=OURSELVES,
            source="kakehashi",
            at=now,
            observed_at=now,
            rules=rules,
            opportunity=opportunity,
        )


def _fast_path(
    about: Acquaintance, standing: Standing, seen: Seen, now: datetime
) -> dict[str, Any]:
    """What a seller said by opening a deal of somebody nobody has judged: that it is theirs; else nothing.

    A deal from before is about something else. Within a second, which is all that Salesforce tells, it is
    not from before.
    """
    opened_at, since = seen.opened_at, standing.since
    is_open = seen.has_role and seen.outcome == "open"
    if (
        not is_open
        or opened_at is None
        or since is None
        or opened_at < since.replace(microsecond=0)
    ):
        return {}
    return {
        "role": Role.SALES,
        "actor": about.mail_of(seen.opened_by) or System.SALESFORCE.value,
        "source": System.SALESFORCE.value,
        "at": min(max(opened_at, since), now),
        "opportunity": seen.opportunity,
    }


def colleague_of(store: LifecycleStore, about: Acquaintance, standing: Standing) -> Standing | None:
    """Whose place somebody takes at their company who was never with sales: of those who were the wrong one
    there, or could not decide, the one who was sent back last. None: nobody's.
    """
    if standing.recycled_at is not None or standing.stage is Stage.CUSTOMER:
        return None
    people = about.colleagues(standing.subject)[:COLLEAGUES]
    return stands_in_for(standing.subject, [*store.standings(people).values()], about.definition)


def _name(subject: Subject, number: int, to: Stage, nth: int) -> str:
    return f"rule:{subject.kind}:{subject.key}:{number}:{to.value}:{nth}"


def _if_followed(
    about: Acquaintance, standing: Standing, asked: Request, situation: Situation
) -> list[Request]:
    """What would be refused is not asked for: the rules look again with every news."""
    leads_to = decide(standing, asked, situation, about.definition)
    return [] if isinstance(leads_to, Refusal) else [asked]
