"""What is on file about everybody, for a dry run: events, stages, and HubSpot's records as they are today.

Only whoever is a contact of HubSpot and was seen by us at all is in it. Records and answers are those of
today, since nobody keeps what they were: what a seller found out later counts as known from the beginning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connector.port import Connector, Record, System, Values
from intent.definition import Definition as Interest
from intent.definition import FitRule
from intent.fitting import kinds_on
from intent.identity import company_of
from intent.model import DAY, Contribution, Millis, Subject, millis
from intent.store import SqlIntentStore
from intent.store.counting import RETURN_VISIT, Seen
from lifecycle.facts import property_of
from lifecycle.gate import answer
from lifecycle.load import Whole
from lifecycle.model import Standing
from lifecycle.port import Lifecycle
from lifecycle.qualify import Judge
from lifecycle.replay import Answered, Life, Period
from lifecycle.standing import fold
from mappings.expressions import compile_expression
from mappings.normal import as_text

CONTACTS, COMPANIES, COMPANY = "contacts", "companies", "associatedcompanyid"
# A surge is told by so many days before.
BEFORE: Millis = 97 * DAY
MOST_EVENTS = 10_000


@dataclass(frozen=True, slots=True)
class Histories:
    """Reads histories. `interest` is the definition that the events on file were counted by."""

    hubspot: Connector
    events: SqlIntentStore
    ledger: Lifecycle
    interest: Interest

    def lives(self, wholes: Sequence[Whole], period: Period) -> list[Life]:
        """Everybody's, with the properties that these definitions name.

        Raises what the connector raises, and `intent.port.OtherDefinition` while scores are made anew.
        """
        fields = _fields(wholes)
        companies = {one.id: one.values for one in self._all(COMPANIES, fields[COMPANIES])}
        contacts = list(self._all(CONTACTS, fields[CONTACTS]))
        questions = {one.key for whole in wholes for one in whole.definition.gate.questions}
        found: dict[Subject, Life] = {}
        for subject, contact in self._known(contacts):
            company = companies.get(as_text(contact.values.get(COMPANY)) or "", {})
            if subject not in found:
                found[subject] = self._life(subject, contact.values, company, questions, period)
        return list(found.values())

    def _all(self, object_name: str, wanted: Iterable[str]) -> Iterator[Record]:
        there = self.hubspot.describe(object_name).fields
        for page in self.hubspot.list_all(
            object_name, sorted(one for one in wanted if one in there)
        ):
            yield from page.records

    def _known(self, contacts: Sequence[Record]) -> Iterator[tuple[Subject, Record]]:
        """The contacts whom we know as people, by their id or their address."""
        by_id = self.events.subjects_by("hubspot_contact_id", [one.id for one in contacts])
        mails = [mail for one in contacts if (mail := _mail(one.values))]
        by_mail = self.events.subjects_by("email", mails)
        for one in contacts:
            subject = by_id.get(one.id) or by_mail.get(_mail(one.values) or "")
            if subject is not None and subject.kind == "person":
                yield subject, one

    def _life(
        self,
        subject: Subject,
        person: Values,
        company: Values,
        questions: Iterable[str],
        period: Period,
    ) -> Life:
        since = millis(period.since)
        entries = tuple(self.ledger.history(subject))
        before = [one for one in entries if one.entered_at < period.since]
        counted = self.events.evidence(subject, self.interest, since - BEFORE, MOST_EVENTS)
        mail = _mail(person)
        domain = as_text(company.get("domain"))
        return Life(
            subject=subject,
            account=domain or (company_of(mail) if mail else None),
            standing=fold(before, subject) if before else Standing(subject=subject),
            values=person,
            company=company,
            events=tuple(_seen(self.interest, n, one) for n, one in _told(counted)),
            answers=tuple(
                Answered(since - 1, key, answer(key, told, None))
                for key in sorted(questions)
                if (told := as_text(person.get(key)))
            ),
            entries=entries,
        )


def _told(counted: Sequence[Contribution]) -> list[tuple[int, Contribution]]:
    """The events, oldest first; return visits are made anew."""
    events = [one for one in counted if one.type != RETURN_VISIT]
    return list(enumerate(sorted(events, key=lambda one: (one.at, one.event_id))))


def _seen(interest: Interest, number: int, one: Contribution) -> Seen:
    """An event as it is counted. What its sender weighed keeps its points, all else has the definition's."""
    kind = interest.kinds.get(one.type)
    glanced = kind is not None and kind.glance is not None and one.points == kind.glance
    plain = kind is not None and (one.points == kind.points or glanced)
    own = None if plain else one.points
    glance = glanced and kind is not None and one.points != kind.points
    return Seen(number, one.event_id, 0, one.at, one.type, one.page, one.topic, own, glance)


def _mail(values: Values) -> str | None:
    mail = as_text(values.get("email"))
    return mail.lower() if mail else None


def _fields(wholes: Sequence[Whole]) -> Mapping[str, set[str]]:
    """The properties that rules, gate and fit name, by object."""
    found: dict[str, set[str]] = {CONTACTS: {"email", COMPANY}, COMPANIES: {"domain"}}
    for whole in wholes:
        found[CONTACTS] |= {one.key for one in whole.definition.gate.questions}
        for name in Judge(*whole).facts:
            place = property_of(name)
            if place is not None:
                found[place[0]].add(place[1])
        for rule in whole.interest.fit:
            found[rule.on] |= _read_by(rule)
    return found


def _read_by(rule: FitRule) -> frozenset[str]:
    compiled = compile_expression(rule.when, side=System.HUBSPOT, kind_of=kinds_on(rule.on))
    return compiled.fields
