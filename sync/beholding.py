"""What both systems hold of people: found by our names for them, read for one or for many at once.

Read when somebody is to be decided about, and not before: so it costs reads only where a lead moves.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from typing import Final, NamedTuple, Self

import structlog

from connector.errors import ConnectorError
from connector.port import Connector, Record, System, Value, Values
from intent.definition import Definition as Interest
from intent.model import Card, Contribution, Subject, millis
from intent.port import IntentStore
from lifecycle.definition import Definition
from lifecycle.evidence import REACH
from lifecycle.facts import property_of
from lifecycle.qualify import Judge
from lifecycle.situation import Outcome
from mappings.own_values import PREFIX
from mappings.schema import Mapping as FieldMapping
from mappings.schema import OwnName
from sync.afresh import WAYS, reached_by
from sync.employers import EMPLOYER, is_employed
from sync.foresight import Foresight, Place, Wanted, read_ahead
from sync.ledger import Ledger
from sync.reads import FRESH, Reads
from sync.talked import LAST_ACTIVITY, TOUCHED, moment_of, text_of
from sync.users import mails_of
from sync.withdrawing import names_of_all

log = structlog.get_logger()

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
PEOPLE, COMPANIES = "contacts", "companies"
TOPIC_OF_NEED, RENEWAL = "need_topic", "renewal_on"
BASICS: Final = ("email", "phone", "mobilephone", "company", TOUCHED, TOPIC_OF_NEED, RENEWAL)
CONTACT, ROLE, OPPORTUNITY = "Contact", "OpportunityContactRole", "Opportunity"
# Why an opportunity was lost, by a code of the shared taxonomy; an own field of the org.
LOST_BECAUSE: Final = "Loss_Reason__c"
CREATED, OWNER = "CreatedDate", "OwnerId"
# So much of what somebody did may speak for a hand-over.
EVIDENCE: Final = 200
OUTCOME: Final = ("IsClosed", "IsWon", LOST_BECAUSE, CREATED, OWNER)


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
class Beholder:
    """Reads both systems. `definition` and `interest` are those in force, `judge` their rules."""

    ledger: Ledger
    store: IntentStore
    connectors: Mapping[System, Connector]
    mappings: Sequence[FieldMapping]
    definition: Definition
    interest: Interest
    judge: Judge
    zone: tzinfo
    _schemas: dict[tuple[System, str], frozenset[str]] = field(default_factory=dict)
    # What was read of many at once; None: each look reads for itself.
    _ahead: Foresight | None = None

    def ahead(self, subjects: Sequence[Subject], clock: Callable[[], datetime]) -> Self:
        """The same, with what both systems hold of all of these read in few calls (`sync.foresight`).

        Raises what the systems raise.
        """
        at, reads, wanted = clock(), Reads(self.connectors, clock), []
        accounts = self.store.accounts_of(subjects)
        everybody = [*subjects, *accounts.values()]
        places, cards = self.places_of(everybody), self.store.told(everybody)
        known = replace(self, _ahead=Foresight(at, reads, places, accounts, cards))
        for one in subjects:
            wanted += [asked for asked in known._asked(one, places[one]) if asked is not None]
        read_ahead(reads, wanted)
        contacts = [one.id for some in places.values() for one in some if one.object == CONTACT]
        roles = self._roles(list(dict.fromkeys(contacts)))
        if deals := dict.fromkeys(deal for some in roles.values() for deal in some):
            reads.get_many(SALESFORCE, OPPORTUNITY, deals, self._of_deals())
        members = self.store.members_of(set(accounts.values()))
        counted = self._counted_of(subjects, at)
        seen = Foresight(at, reads, places, accounts, cards, roles, members, counted)
        return replace(self, _ahead=seen)

    def alone(self, now: datetime) -> Self:
        """The same, without anything read ahead, for as long as that would count."""
        return replace(self, _ahead=Foresight(now, Reads(self.connectors, lambda: now)))

    def is_fresh(self, now: datetime) -> bool:
        """Whether what was read ahead counts still."""
        return self._ahead is not None and now - self._ahead.at <= FRESH

    # Whose records ------------------------------------------------------------------------------

    def places(self, subject: Subject) -> tuple[Place, ...]:
        """The records of a person in both systems, those of the surest name first."""
        if self._ahead is not None and subject in self._ahead.places:
            return self._ahead.places[subject]
        return self.places_of([subject])[subject]

    def places_of(self, subjects: Sequence[Subject]) -> dict[Subject, tuple[Place, ...]]:
        """The same of many at once."""
        writing = [mapping.name for mapping in self.mappings if mapping.own_names]
        names = names_of_all(self.store, subjects)
        every = [name for some in names.values() for name in some]
        found = self.ledger.records_named(writing, every) if writing and every else {}
        return {
            one: tuple(Place(*p) for p in dict.fromkeys(p for n in some for p in found.get(n, ())))
            for one, some in names.items()
        }

    def _account_of(self, subject: Subject) -> Subject | None:
        if self._ahead is not None and subject in self._ahead.places:
            return self._ahead.accounts.get(subject)
        return self.store.account_of(subject)

    def colleagues(self, subject: Subject) -> list[Subject]:
        """The other people of somebody's company whom we know, in one order."""
        account = self._account_of(subject)
        if account is None:
            return []
        known = {} if self._ahead is None else self._ahead.members
        members = known[account] if account in known else self.store.members(account)
        return [one for one in members if one.kind == "person" and one != subject]

    def _cards(self, subjects: Sequence[Subject]) -> Mapping[Subject, Card]:
        if self._ahead is not None and all(one in self._ahead.places for one in subjects):
            return self._ahead.cards
        return self.store.told(subjects)

    def _counted(self, subject: Subject, now: datetime) -> Sequence[Contribution]:
        """What counted on the website, newest first, as far back as anybody asks."""
        if self._ahead is not None and subject in self._ahead.counted:
            return self._ahead.counted[subject]
        return self._counted_of([subject], now)[subject]

    def _counted_of(
        self, subjects: Iterable[Subject], now: datetime
    ) -> Mapping[Subject, Sequence[Contribution]]:
        return self.store.evidence_of(subjects, self.interest, millis(now) - REACH, EVIDENCE)

    def _seen(self, subject: Subject) -> Seen:
        places = self.places(subject)
        person, sfa, company = (self._read(one) for one in self._asked(subject, places))
        ways = self._in_salesforce(places, WAYS)
        reached = [(name, person.get(name)) for name in WAYS]
        reached += [(name, sfa.get(field)) for field, name in ways.items()]
        # A seller answers and moves on in one breath: HubSpot has not heard of it then.
        answers = self._answered_in_salesforce(places)
        told = {name: sfa[field] for field, name in answers.items() if text_of(sfa.get(field))}
        person |= {name: value for name, value in told.items() if not text_of(person.get(name))}
        account = self._account_of(subject)
        theirs = () if account is None else self.places(account)
        objects = [one.object for one in places if one.system is SALESFORCE]
        works = is_employed(self.mappings, objects, sfa)
        has_company = bool(text_of(person.get("company")) or theirs or works)
        found = Seen(person, company, sfa, places, has_company, reached_by=reached_by(reached))
        contact = next((one.id for one in places if one.object == CONTACT), None)
        return found if contact is None else self._with_opportunity(found, contact)

    def _asked(
        self, subject: Subject, places: Sequence[Place]
    ) -> tuple[Wanted | None, Wanted | None, Wanted | None]:
        """What is asked of both systems about a person: the contact, the record of sales, the company."""
        answers, ways = self._answered_in_salesforce(places), self._in_salesforce(places, WAYS)
        also = (LAST_ACTIVITY, *EMPLOYER.values(), *self._flags(SALESFORCE), *answers, *ways)
        account = self._account_of(subject)
        of_account = () if account is None else self.places(account)
        return (
            self._first(places, HUBSPOT, self._wanted("person.")),
            self._first(places, SALESFORCE, also),
            self._first(of_account, HUBSPOT, self._wanted("account.")),
        )

    def _answered_in_salesforce(self, places: Sequence[Place]) -> dict[str, str]:
        asked = {TOPIC_OF_NEED, *(question.key for question in self.definition.gate.questions)}
        return self._in_salesforce(places, asked)

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
    ) -> Wanted | None:
        place = next((one for one in places if one.system is system), None)
        if place is None:
            return None
        known = self.fields_of(system, place.object)
        return Wanted(place, tuple(name for name in wanted if name in known))

    def _read(self, wanted: Wanted | None) -> dict[str, Value]:
        if wanted is None:
            return {}
        (system, object_name, record_id), fields = wanted
        try:
            found = self._get_many(system, object_name, [record_id], fields)
        except ConnectorError as error:
            log.info("a lead's record not read", system=error.system)
            raise
        record = found.get(record_id)
        return {} if record is None else dict(record.values)

    def _get_many(
        self, system: System, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> dict[str, Record]:
        if self._ahead is not None:
            return self._ahead.reads.get_many(system, object_name, ids, fields)
        return self.connectors[system].get_many(object_name, ids, fields)

    def fields_of(self, system: System, object_name: str) -> frozenset[str]:
        """The fields of an object that we may see. Raises what the system raises."""
        place = (system, object_name)
        if place not in self._schemas:
            described = self.connectors[system].describe(object_name)
            self._schemas[place] = frozenset(described.fields)
        return self._schemas[place]

    def _with_opportunity(self, seen: Seen, contact: str) -> Seen:
        """The newest opportunity that names this person, and what became of it."""
        known = {} if self._ahead is None else self._ahead.roles
        ids = known[contact] if contact in known else self._roles([contact])[contact]
        found = self._get_many(SALESFORCE, OPPORTUNITY, ids, self._of_deals()) if ids else {}
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
        return None if user is None else mails_of(self.connectors[SALESFORCE], [user]).get(user)

    def _roles(self, contacts: Sequence[str]) -> dict[str, list[str]]:
        """The opportunities that name these contacts, by contact."""
        if not contacts:
            return {}
        found = self.connectors[SALESFORCE].find_many(
            ROLE, "ContactId", contacts, ["OpportunityId"]
        )
        return {
            one: sorted({str(role.values["OpportunityId"]) for role in found.get(one, ())})
            for one in contacts
        }

    def _of_deals(self) -> tuple[str, ...]:
        return tuple(name for name in OUTCOME if name in self.fields_of(SALESFORCE, OPPORTUNITY))

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
