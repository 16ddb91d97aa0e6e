"""What the commands about leads work on: the ledger of stages, who is who, and whoever writes and sends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from connector.port import System
from console.language import language, say
from console.session import Session
from intent.hygiene import clean_email
from lifecycle.briefs import card_told, completeness_told, missing_told
from lifecycle.definition import Definition
from lifecycle.model import Stage, Standing, Subject
from lifecycle.store import SqlLifecycleStore
from lifecycle.wording import reason_said
from mappings.schema import OwnName
from sync.composing import Composer
from sync.figures import everybody_in
from sync.handoff import Handoff, handoff_over
from sync.mailroom import composer_of, postman_of
from sync.postman import Postman
from sync.wiring import Bridge
from sync.withdrawing import CONTACT_ID, forbidden_among


@dataclass
class LeadDesk:
    """What the commands work on, at one moment."""

    session: Session
    bridge: Bridge
    now: datetime

    @classmethod
    def of(cls, session: Session) -> LeadDesk:
        """Over the installation in the working folder."""
        bridge = session.bridge()
        return cls(session, bridge, bridge.clock())

    @cached_property
    def handoff(self) -> Handoff:
        mappings = self.bridge.compile(offline=True).mappings
        return handoff_over(self.bridge, mappings, self.bridge.holder)

    @property
    def store(self) -> SqlLifecycleStore:
        return self.handoff.store

    @property
    def composer(self) -> Composer:
        """Who words a note that is only shown: in the language asked for, else in that of the letters."""
        made, asked = composer_of(self.bridge, self.handoff), self.session.language
        return made if asked is None else replace(made, language=language(asked))

    @property
    def postman(self) -> Postman:
        return postman_of(self.bridge, self.handoff)

    @cached_property
    def definition(self) -> Definition | None:
        """The one in force."""
        return self.handoff.in_force.definition()

    # Who ----------------------------------------------------------------------------------------

    def person(self, said: str) -> Subject | None:
        """Whom an address means, or the id of a record in either system."""
        value = said.strip()
        if "@" in said:
            return self._by(OwnName("email", clean_email(said) or value))
        borne = (
            name
            for mapping in self.handoff.mappings
            for system in System
            for name in self.bridge.ledger.names_borne(mapping.name, system, [value])
        )
        names = (OwnName("hubspot_contact_id", value), *borne)
        return next((found for name in names if (found := self._by(name)) is not None), None)

    def is_unwilling(self, said: str) -> bool:
        """Whether an address or the id of a contact is that of somebody who must not be followed."""
        value = said.strip()
        kind, name = ("email", clean_email(value) or value) if "@" in value else (CONTACT_ID, value)
        named = [OwnName(kind, name)]
        return bool(forbidden_among(self.bridge.ledger, self.handoff.mappings, named))

    def _by(self, name: OwnName) -> Subject | None:
        found = self.handoff.people.subjects_by(name.kind, [name.value]).get(name.value)
        return found if found is not None and found.kind == "person" else None

    def named(self, subject: Subject) -> str:
        """The surest name of somebody: an address, else an id."""
        links = self.handoff.people.links_of(subject)
        by_kind = {one.kind: one.value for one in reversed(links)}
        return by_kind.get("email") or by_kind.get("hubspot_contact_id") or subject.key

    def brief(self, standing: Standing) -> dict[str, Any]:
        """What both systems are told of the hand-over besides: how much is known, what is open, the card."""
        if self.definition is None:
            return {}
        lang = language(self.session.output.lang)
        brief = self.store.briefs([standing.subject]).get(standing.subject)
        return {
            "completeness": completeness_told(standing, brief),
            "missing": missing_told(standing, brief, self.definition.gate, lang),
            "card": card_told(standing, brief),
        }

    def lost_without_a_reason(self) -> list[Standing]:
        """Who stands at an opportunity that is lost, while nobody said why. Asks Salesforce.

        Raises `connector.errors.ConnectorError`.
        """
        found: list[Standing] = []
        about = self.handoff.about()
        if about is None:
            return found
        for standing in everybody_in(self.store, [Stage.OPPORTUNITY]):
            _, seen = about.look(standing.subject, standing, self.now)
            if seen.outcome == "lost" and seen.lost_because not in about.definition.reasons:
                found.append(standing)
        return found

    def tell_brief(self, standing: Standing) -> None:
        """The same for people; nothing where nothing is known."""
        told, output = self.brief(standing), self.session.output
        if told.get("completeness") is not None:
            output.say("lifecycle.known", share=told["completeness"])
        if told.get("missing"):
            output.say("lifecycle.missing", questions=told["missing"])
        if told.get("card"):
            output.say("lifecycle.card")
            for line in told["card"].splitlines():
                output.line(f"  {line}")

    # How it is said -----------------------------------------------------------------------------

    def say(self, key: str) -> str:
        """A sentence of the catalogue."""
        return say(key, self.session.output.lang)

    def columns(self, *names: str) -> list[str]:
        """Headings."""
        return [self.say(f"lifecycle.column.{name}") for name in names]

    def at(self, moment: datetime | None) -> str:
        """A time in the business zone."""
        zone = self.bridge.settings.zone
        return "" if moment is None else f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"

    def reason(self, code: str | None) -> str:
        """A reason as people call it."""
        if self.definition is None:
            return code or ""
        return reason_said(self.definition, code, language(self.session.output.lang))
