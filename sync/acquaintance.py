"""What is known of a person at the moment of a decision: website, both systems, consent, opportunity.

Read when somebody is to be decided about, and not before: so it costs reads only where a lead moves. What a
system does not answer is not known, and what is not known lets nobody pass (`lifecycle.situation`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from connector.port import Values
from intent.model import Card, Subject
from lifecycle.coming_back import kept_long_enough, needs_a_yes
from lifecycle.evidence import evidence_of
from lifecycle.facts import NOES, Known, maker
from lifecycle.gate import answer, weigh
from lifecycle.model import Answer, Evidence, Request, Stage, Standing
from lifecycle.situation import Situation
from sync.afresh import is_corrected, opted_in_at
from sync.beholding import HUBSPOT, RENEWAL, SALESFORCE, TOPIC_OF_NEED, Beholder, Seen
from sync.reconcile import is_true
from sync.registry import Registry
from sync.talked import Talk, day_of, talk_of, text_of


@dataclass(frozen=True, slots=True)
class Acquaintance(Beholder):
    """Gathers what is known."""

    def look(self, subject: Subject, standing: Standing, now: datetime) -> tuple[Known, Seen]:
        """What is known of a person; evidence is what came since they were sent back, or won."""
        after = standing.since if standing.stage is Stage.CUSTOMER else standing.recycled_at
        seen = self._seen(subject)
        account = self._account_of(subject)
        cards = self._cards([one for one in (subject, account) if one is not None])
        card, whole = cards.get(subject), None if account is None else cards.get(account)
        known = Known(
            standing=standing,
            card=card,
            account=whole,
            evidence=self._evidence(subject, card, whole, now, after),
            answers=self._answers(seen.person),
            person=seen.person,
            company=seen.company,
            consent=self._consent(subject, seen),
        )
        return known, seen

    def situation(
        self, known: Known, seen: Seen, request: Request | None, now: datetime, *, told_sales: bool
    ) -> Situation:
        """The same as the guards of the machine ask for it. `told_sales`: sales holds the hand-over."""
        facts, today = maker(self.interest, self.definition.gate), now.astimezone(self.zone).date()
        fresh, talk = facts(known, now), self.talk(seen, now)
        judged = self.judge.mql(fresh, today)
        return Situation(
            now=now,
            contactable=_is_contactable(seen),
            consent=not judged.not_allowed,
            exclusions=judged.excluded,
            rules=judged.rules,
            rules_ever=self._ever(known, now, today)
            if known.standing.recycled_at
            else judged.rules,
            customer_rules=self.judge.customer(fresh, today).rules,
            evidence=known.evidence,
            gate=weigh(self.definition.gate, known.answers),
            seen=told_sales,
            verdict_expired=request is not None
            and any(rule.startswith("sla.") for rule in request.rules),
            talked_at=None if talk is None else talk.last,
            talked_on=None if talk is None else talk.day,
            opportunity=(request.opportunity if request else None) or seen.opportunity,
            has_contact_role=seen.has_role,
            outcome=seen.outcome,
            opted_in_at=self._opted_in_at(known.standing, seen, now),
            reached_by=seen.reached_by,
            corrected=is_corrected(known.standing.reached_by, seen.reached_by),
            retention_over=kept_long_enough(
                known.standing, known.evidence, self.definition.coming, now
            ),
            renewal=day_of(seen.person.get(RENEWAL)),
            timeframe=text_of(seen.person.get("timeframe")),
        )

    def _ever(self, known: Known, now: datetime, today: date) -> tuple[str, ...]:
        """The rules that hold on all evidence, whatever was sent back."""
        subject = known.standing.subject
        whole = self._evidence(subject, known.card, known.account, now, None)
        facts = maker(self.interest, self.definition.gate)
        ever = Known(
            standing=known.standing,
            card=known.card,
            account=known.account,
            evidence=whole,
            answers=known.answers,
            person=known.person,
            company=known.company,
            consent=known.consent,
        )
        return self.judge.mql(facts(ever, now), today).rules

    def _opted_in_at(self, standing: Standing, seen: Seen, now: datetime) -> datetime | None:
        """Asked only of whom nothing but a fresh yes brings back: it costs calls."""
        if not needs_a_yes(standing, self.definition):
            return None
        registry = Registry(self.ledger, self.connectors, lambda: now)
        held = {HUBSPOT: seen.person, SALESFORCE: seen.sfa}
        return opted_in_at(registry, self.mappings, seen.places, held)

    def talk(self, seen: Seen, now: datetime) -> Talk | None:
        """When somebody of ours last spoke to them."""
        return talk_of(seen.person, seen.sfa, self.zone, now)

    def routes(self, known: Known, now: datetime) -> tuple[str, ...]:
        """The routes that fit a person, in order."""
        facts = maker(self.interest, self.definition.gate)(known, now)
        return self.judge.routes(facts, now.astimezone(self.zone).date())

    # The website ---------------------------------------------------------------------------------

    def _evidence(
        self,
        subject: Subject,
        card: Card | None,
        account: Card | None,
        now: datetime,
        after: datetime | None,
    ) -> Evidence:
        found = self._counted(subject, now)
        surges = [one.surge_at for one in (card, account) if one is not None and one.surge_at]
        latest = max(surges, default=None)
        return evidence_of(self.interest, found, now, self.zone, after=after, surge_at=latest)

    # What it says --------------------------------------------------------------------------------

    def _answers(self, person: Values) -> dict[str, Answer]:
        topic = text_of(person.get(TOPIC_OF_NEED))
        return {
            one.key: answer(one.key, text_of(person.get(one.key)), "record", topic=topic)
            for one in self.definition.gate.questions
        }

    def _consent(self, subject: Subject, seen: Seen) -> dict[str, str]:
        """By dimension; whoever did something on the website had granted to be followed."""
        found = {"tracking": "granted"} if subject in self._cards([subject]) else {}
        for mapping in self.mappings:
            if not mapping.own_names:
                continue
            for line in next(iter(mapping.objects.values())).consent:
                held = (seen.person.get(line.field(HUBSPOT)), seen.sfa.get(line.field(SALESFORCE)))
                if line.id in NOES and any(is_true(value) for value in held):
                    found[line.id] = NOES[line.id]
        return found


def _is_contactable(seen: Seen) -> bool:
    reachable = any(text_of(seen.person.get(name)) for name in ("email", "phone", "mobilephone"))
    return reachable and seen.has_company
