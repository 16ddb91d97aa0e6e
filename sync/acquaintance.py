"""What is known of a person at the moment of a decision: website, both systems, consent, opportunity.

Read when somebody is to be decided about, and not before: so it costs reads only where a lead moves. What a
system does not answer is not known, and what is not known lets nobody pass (`lifecycle.situation`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Final, NamedTuple

import structlog

from connector.errors import ConnectorError
from connector.port import Connector, System, Value, Values
from intent.definition import Definition as Interest
from intent.model import Card, Contribution, Subject, millis
from intent.port import IntentStore
from lifecycle.coming_back import kept_long_enough, needs_a_yes
from lifecycle.definition import Definition
from lifecycle.evidence import REACH, evidence_of
from lifecycle.facts import Known, maker, property_of
from lifecycle.gate import answer, weigh
from lifecycle.model import Answer, Evidence, Request, Stage, Standing
from lifecycle.qualify import Judge
from lifecycle.situation import Outcome, Situation
from mappings.own_values import PREFIX
from mappings.schema import Mapping as FieldMapping
from mappings.schema import OwnName
from sync.afresh import WAYS, is_corrected, opted_in_at, reached_by
from sync.employers import EMPLOYER, is_employed
from sync.ledger import Ledger
from sync.reconcile import is_true
from sync.registry import Registry
from sync.talked import LAST_ACTIVITY, TOUCHED, day_of, moment_of, talked_at, text_of
from sync.withdrawing import names_of

log = structlog.get_logger()

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
PEOPLE, COMPANIES = "contacts", "companies"
TOPIC_OF_NEED, RENEWAL = "need_topic", "renewal_on"
BASICS: Final = ("email", "phone", "mobilephone", "company", TOUCHED, TOPIC_OF_NEED, RENEWAL)
CONTACT, ROLE, OPPORTUNITY = "Contact", "OpportunityContactRole", "Opportunity"
# Why an opportunity was lost, by a code of the shared taxonomy; an own field of the org.
LOST_BECAUSE: Final = "Loss_Reason__c"
CREATED, OWNER = "CreatedDate", "OwnerId"
OUTCOME: Final = ("IsClosed", "IsWon", LOST_BECAUSE, CREATED, OWNER)
USER, EMAIL = "User", "Email"
# What an opt-out in a record means for each dimension of consent.
SAYS_NO: Final[Mapping[str, str]] = {
    "email": "opted_out",
    "phone": "opted_out",
    "tracking": "objected",
    "profiling": "objected",
}
EVIDENCE: Final = 200


class Place(NamedTuple):
    """One record of a person."""

    system: System
    object: str
    id: str


class Seen(NamedTuple):
    """What both systems answered about a person and the company."""

    person: Values
    company: Values
    sfa: Values
    places: tuple[Place, ...]
    has_company: bool
    opportunity: str | None = None
    has_role: bool = False
    outcome: Outcome | None = None
    lost_because: str | None = None
    opened_at: datetime | None = None
    opened_by: str | None = None
    reached_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """Gathers what is known. `definition` and `interest` are those in force, `judge` their rules."""

    ledger: Ledger
    store: IntentStore
    connectors: Mapping[System, Connector]
    mappings: Sequence[FieldMapping]
    definition: Definition
    interest: Interest
    judge: Judge
    zone: tzinfo
    _schemas: dict[tuple[System, str], frozenset[str]] = field(default_factory=dict)

    def look(self, subject: Subject, standing: Standing, now: datetime) -> tuple[Known, Seen]:
        """What is known of a person; evidence is what came since they were sent back, or won."""
        after = standing.since if standing.stage is Stage.CUSTOMER else standing.recycled_at
        seen = self._seen(subject)
        account = self.store.account_of(subject)
        cards = self.store.told([one for one in (subject, account) if one is not None])
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
        fresh = facts(known, now)
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
            talked_at=self.talked_at(seen),
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

    def talked_at(self, seen: Seen) -> datetime | None:
        """When somebody of ours last spoke to them."""
        return talked_at(seen.person, seen.sfa, self.zone)

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
        found: Sequence[Contribution] = self.store.evidence(
            subject, self.interest, millis(now) - REACH, EVIDENCE
        )
        surges = [one.surge_at for one in (card, account) if one is not None and one.surge_at]
        latest = max(surges, default=None)
        return evidence_of(self.interest, found, now, self.zone, after=after, surge_at=latest)

    # Both systems --------------------------------------------------------------------------------

    def places(self, subject: Subject) -> tuple[Place, ...]:
        """The records of a person in both systems, those of the surest name first."""
        writing = [mapping.name for mapping in self.mappings if mapping.own_names]
        names = names_of(self.store, subject)
        found = self.ledger.records_named(writing, names) if writing and names else {}
        places = (place for name in names for place in found.get(name, ()))
        return tuple(Place(*place) for place in dict.fromkeys(places))

    def _seen(self, subject: Subject) -> Seen:
        places = self.places(subject)
        person = self._first(places, HUBSPOT, self._wanted("person."))
        asked = {TOPIC_OF_NEED, *(question.key for question in self.definition.gate.questions)}
        answers = self._in_salesforce(places, asked)
        ways = self._in_salesforce(places, WAYS)
        also = (LAST_ACTIVITY, *EMPLOYER.values(), *self._flags(SALESFORCE), *answers, *ways)
        sfa = self._first(places, SALESFORCE, also)
        reached = [(name, person.get(name)) for name in WAYS]
        reached += [(name, sfa.get(field)) for field, name in ways.items()]
        # A seller answers and moves on in one breath: HubSpot has not heard of it then.
        told = {name: sfa[field] for field, name in answers.items() if text_of(sfa.get(field))}
        person |= {name: value for name, value in told.items() if not text_of(person.get(name))}
        account = self.store.account_of(subject)
        theirs = () if account is None else self.places(account)
        company = self._first(theirs, HUBSPOT, self._wanted("account."))
        objects = [one.object for one in places if one.system is SALESFORCE]
        works = is_employed(self.mappings, objects, sfa)
        has_company = bool(text_of(person.get("company")) or theirs or works)
        found = Seen(person, company, sfa, places, has_company, reached_by=reached_by(reached))
        contact = next((one.id for one in places if one.object == CONTACT), None)
        return found if contact is None else self._with_opportunity(found, contact)

    def _in_salesforce(self, places: Sequence[Place], asked: Collection[str]) -> dict[str, str]:
        """Where Salesforce holds what these properties of HubSpot say: the property by the field there."""
        objects = {one.object for one in places if one.system is SALESFORCE}
        return {
            line.side(SALESFORCE).fields[0]: line.side(HUBSPOT).fields[0]
            for mapping in self.mappings
            if mapping.own_names
            for name in objects & mapping.objects.keys()
            for line in mapping.objects[name].lines
            if len(line.side(SALESFORCE).fields) == len(line.side(HUBSPOT).fields) == 1
            and line.side(HUBSPOT).fields[0] in asked
        }

    def _wanted(self, start: str) -> tuple[str, ...]:
        """The properties that the rules name, and for people all that a hand-over is about."""
        named = [
            found[1]
            for name in self.judge.facts
            if name.startswith(start) and (found := property_of(name)) is not None
        ]
        if start == "account.":
            return tuple(dict.fromkeys(named))
        asked = [question.key for question in self.definition.gate.questions]
        return tuple(dict.fromkeys((*BASICS, *asked, *named, *self._flags(HUBSPOT))))

    def _flags(self, side: System) -> tuple[str, ...]:
        return tuple(
            line.field(side)
            for mapping in self.mappings
            if mapping.own_names
            for line in next(iter(mapping.objects.values())).consent
        )

    def _first(
        self, places: Sequence[Place], system: System, wanted: Iterable[str]
    ) -> dict[str, Value]:
        place = next((one for one in places if one.system is system), None)
        if place is None:
            return {}
        try:
            fields = [name for name in wanted if name in self._fields(system, place.object)]
            found = self.connectors[system].get_many(place.object, [place.id], fields)
        except ConnectorError as error:
            log.info("a lead's record not read", system=error.system)
            raise
        record = found.get(place.id)
        return {} if record is None else dict(record.values)

    def _fields(self, system: System, object_name: str) -> frozenset[str]:
        place = (system, object_name)
        if place not in self._schemas:
            described = self.connectors[system].describe(object_name)
            self._schemas[place] = frozenset(described.fields)
        return self._schemas[place]

    def _with_opportunity(self, seen: Seen, contact: str) -> Seen:
        """The newest opportunity that names this person, and what became of it."""
        salesforce = self.connectors[SALESFORCE]
        roles = salesforce.find_many(ROLE, "ContactId", [contact], ["OpportunityId"]).get(contact)
        ids = sorted({str(one.values["OpportunityId"]) for one in roles or ()})
        wanted = [name for name in OUTCOME if name in self._fields(SALESFORCE, OPPORTUNITY)]
        found = salesforce.get_many(OPPORTUNITY, ids, wanted) if ids else {}
        if not found:
            return seen
        # An open one tells more than an old one that ended; else the one that changed last.
        newest = max(
            found.values(),
            key=lambda one: (not one.values.get("IsClosed"), str(one.modified_at), one.id),
        )
        return seen._replace(
            opportunity=newest.id,
            has_role=True,
            outcome=_outcome_of(newest.values),
            lost_because=text_of(newest.values.get(LOST_BECAUSE)),
            opened_at=moment_of(text_of(newest.values.get(CREATED)) or ""),
            opened_by=text_of(newest.values.get(OWNER)),
        )

    def mail_of(self, user: str | None) -> str | None:
        """The address of a user of Salesforce, where there is one."""
        if user is None:
            return None
        found = self.connectors[SALESFORCE].get_many(USER, [user], [EMAIL]).get(user)
        mail = None if found is None else text_of(found.values.get(EMAIL))
        return None if mail is None else mail.lower()

    def on_deals(self, opportunities: Sequence[str]) -> list[OwnName]:
        """The names of the people who stand on these opportunities."""
        salesforce = self.connectors[SALESFORCE]
        found = salesforce.find_many(ROLE, "OpportunityId", opportunities, ["ContactId"])
        contacts = sorted({str(one.values["ContactId"]) for some in found.values() for one in some})
        place = (SALESFORCE, CONTACT)
        mapping = next((one for one in self.mappings if place in one.own_names), None)
        if mapping is None or not contacts:
            return []
        fields = [one for one in mapping.fields[place] if not one.startswith(PREFIX)]
        records = salesforce.get_many(CONTACT, contacts, fields)
        names = mapping.own_names[place]
        return [name for one in records.values() for name in names(one.id, one.values)]

    # What it says --------------------------------------------------------------------------------

    def _answers(self, person: Values) -> dict[str, Answer]:
        topic = text_of(person.get(TOPIC_OF_NEED))
        return {
            one.key: answer(one.key, text_of(person.get(one.key)), "record", topic=topic)
            for one in self.definition.gate.questions
        }

    def _consent(self, subject: Subject, seen: Seen) -> dict[str, str]:
        """By dimension; whoever did something on the website had granted to be followed."""
        found = {"tracking": "granted"} if self.store.told([subject]) else {}
        for mapping in self.mappings:
            if not mapping.own_names:
                continue
            for line in next(iter(mapping.objects.values())).consent:
                held = (seen.person.get(line.field(HUBSPOT)), seen.sfa.get(line.field(SALESFORCE)))
                if line.id in SAYS_NO and any(is_true(value) for value in held):
                    found[line.id] = SAYS_NO[line.id]
        return found


def _is_contactable(seen: Seen) -> bool:
    reachable = any(text_of(seen.person.get(name)) for name in ("email", "phone", "mobilephone"))
    return reachable and seen.has_company


def _outcome_of(values: Values) -> Outcome:
    if not values.get("IsClosed"):
        return "open"
    return "won" if values.get("IsWon") else "lost"


def named(names: Iterable[OwnName]) -> dict[str, list[str]]:
    """Names by their kind."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name.kind, []).append(name.value)
    return found
