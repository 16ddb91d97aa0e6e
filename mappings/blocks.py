"""The blocks of a document besides its lines: who is meant, who is matched, who is created, what is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from connector.port import System
from mappings import grammar
from mappings.document import ConsentDraft, Document
from mappings.faults import FaultList, Place
from mappings.fieldbook import HUBSPOT, SALESFORCE, FieldBook, title
from mappings.linemaker import coarser_scale, infer_compare
from mappings.matching import (
    MORE_EMAILS,
    NATIVE_IDS,
    KeyPart,
    Keys,
    addresses,
    match_rule,
    native_rule,
)
from mappings.normal import COMPARE_WORDS, normaliser
from mappings.own_values import PEOPLE, account_names, person_names
from mappings.schema import (
    Condition,
    ConsentLine,
    CreateRule,
    Direction,
    MatchRule,
    Names,
)
from mappings.source import Node, entries, items
from mappings.transforms import Locale

DEFAULT_KEYS = {HUBSPOT: "salesforce_id", SALESFORCE: "HubSpot_Id__c"}
IS_CONVERTED = "IsConverted"
# The one opt-out that HubSpot takes although the property is read only: the connector writes it
# through communication preferences (reference sheet, section 14).
WRITTEN_BY_PREFERENCES = "hs_email_optout"


@dataclass(slots=True)
class Blocks:
    """Reads the blocks of one document; what they name is noted in the book of fields."""

    document: Document
    book: FieldBook
    locale: Locale
    faults: FaultList
    # Fields that the conditions of all create rules of an object look at.
    guarded: dict[str, frozenset[str]] = field(default_factory=dict)

    def _sides(self, key: str) -> dict[str, Node]:
        return entries(self.document.blocks.get(key), grammar.SIDES, self.faults) or {}

    def _condition(self, node: Node, side: System) -> Condition | None:
        found = self.book.expression(node, side)
        return None if found is None else found.condition()

    def keys(self) -> dict[System, str]:
        """The external-key field of each side, of those that carry one."""
        written = self._sides("keys")
        found = dict(DEFAULT_KEYS)
        for side in System:
            node = written.get(side.value)
            if node is None:
                continue
            if node.text is None:
                self.faults.add("wrong_type", node.place, node.shown(), expected="=text")
            if node.text == grammar.NO_KEY:
                del found[side]
            else:
                found[side] = node.text or found[side]
        if not found:
            self.faults.add("no_key_at_all", self.document.place_of("keys"), grammar.NO_KEY)
        for side, name in found.items():
            for object_name in self.book.objects(side):
                self.book.read_if_there(side, object_name, name)
                self._check_key(side, object_name, name)
        return found

    def _check_key(self, side: System, object_name: str, name: str) -> None:
        """A key that is there but not unique cannot keep a record from being created twice."""
        schema = self.book.find(side, object_name, name)
        if self.book.schemas is None or schema is None or schema.unique:
            return
        place = self.document.place_of("keys")
        self.faults.warn("key_not_unique", place, name, system=title(side), object=object_name)

    def natural_keys(
        self, keys: Mapping[System, str], creates: Mapping[System, Sequence[CreateRule]]
    ) -> dict[System, str]:
        """For a side without external keys: the unique field by which a create is safe to repeat.

        Without one nothing may be created there, since a lost answer would make a twin.
        """
        found: dict[System, str] = {}
        for side in (one for one in System if one not in keys and creates[one]):
            name = next(self._unique_names(side), None)
            if name is None:
                place = self.document.place_of("create")
                self.faults.add("no_natural_key", place, title(side))
            else:
                found[side] = name
        return found

    def _unique_names(self, side: System) -> Iterator[str]:
        """Fields that are unique there, that a line fills, and that pair by themselves."""
        filled = {
            name
            for draft in self.document.lines
            if Direction(draft.direction).goes_to(side)
            for object_name in self.document.salesforce_objects
            for name in (draft.hubspot if side is HUBSPOT else draft.fields_of(object_name))
        }
        for node, suggest in self.document.match:
            rule = None if suggest else grammar.EQUALS.match(node.text or "")
            if rule is None:
                continue
            name = rule.group(1) if side is HUBSPOT else rule.group(2).rpartition(".")[2]
            known = [self.book.find(side, o, name) for o in self.book.objects(side)]
            is_unique = self.book.schemas is None or all(one and one.unique for one in known)
            if name in filled and is_unique:
                yield name

    def only(self) -> dict[System, Condition]:
        """Which records are meant at all."""
        found = {
            System(side): self._condition(node, System(side))
            for side, node in self._sides("only").items()
        }
        return {side: condition for side, condition in found.items() if condition is not None}

    def consent(self, object_name: str) -> tuple[ConsentLine, ...]:
        """The opt-outs of one Salesforce object."""
        found = []
        for draft in self.document.consent:
            left, right = draft.hubspot, draft.salesforce
            ends = ((HUBSPOT, self.document.hubspot_object, left), (SALESFORCE, object_name, right))
            known = [self._consent_field(side, o, name, draft.place) for side, o, name in ends]
            evidence = self._evidence(draft, object_name)
            if all(known):
                line = ConsentLine(id=draft.name, hubspot=left, salesforce=right, evidence=evidence)
                found.append(line)
        return tuple(found)

    def _evidence(
        self, draft: ConsentDraft, object_name: str
    ) -> dict[System, dict[str, str]] | None:
        """Where the evidence stands; its fields are read with the record."""
        if draft.evidence is None:
            return None
        objects = {HUBSPOT: self.document.hubspot_object, SALESFORCE: object_name}
        found: dict[System, dict[str, str]] = {}
        for word, fields in draft.evidence.items():
            side = System(word)
            names = {key: node.text for key, node in fields.items() if node.text}
            for key, name in names.items():
                self.book.know(side, objects[side], name, fields[key].place)
            found[side] = names
        return found

    def _consent_field(self, side: System, object_name: str, name: str, place: Place) -> bool:
        if not self.book.know(side, object_name, name, place):
            return False
        schema = self.book.get(side, object_name, name)
        if schema.updateable or name == WRITTEN_BY_PREFERENCES:
            return True
        self.faults.add("read_only_optout", place, name, system=title(side), object=object_name)
        return False

    def match(self) -> list[MatchRule]:
        """The rules in their order."""
        rules = []
        for node, suggest in self.document.match:
            if node.text == grammar.NATIVE_RULE:
                for name in NATIVE_IDS:
                    self.book.read_if_there(HUBSPOT, self.document.hubspot_object, name)
                rules.append(native_rule())
                continue
            written = items(node, self.faults, single=True)
            parts = [self._key_part(one) for one in written]
            good = [part for part in parts if part is not None]
            if not good or len(good) < len(parts):
                continue
            if set.intersection(*(set(part.salesforce) for part in good)):
                rules.append(match_rule(node.shown(), good, suggest=suggest))
            else:
                self.faults.add("no_common_object", node.place, node.shown())
        return rules

    def _key_part(self, node: Node) -> KeyPart | None:
        found = grammar.EQUALS.match(node.text or "")
        if found is None:
            self.faults.add("bad_rule", node.place, node.shown(), (grammar.NATIVE_RULE,))
            return None
        left, right = found.groups()
        objects = self._objects_with(right, node.place)
        name = right.rpartition(".")[2]
        hubspot_object = self.document.hubspot_object
        if not self.book.know(HUBSPOT, hubspot_object, left, node.place) or not objects:
            return None
        if left == "email":
            self.book.read_if_there(HUBSPOT, hubspot_object, MORE_EMAILS)
        for object_name in objects:
            self.book.know(SALESFORCE, object_name, name, node.place)
        here = self.book.get(HUBSPOT, hubspot_object, left)
        there = self.book.get(SALESFORCE, objects[0], name)
        normal = normaliser(
            self._key_compare(left, infer_compare(here.kind, there.kind)),
            timezone=self.locale.timezone,
            region=self.locale.region,
            scale=coarser_scale(here, there),
        )
        return KeyPart(left, dict.fromkeys(objects, name), normal)

    def _key_compare(self, left: str, inferred: str) -> str:
        """A line of the file that maps the same field knows best; keys compare without case."""
        for draft in self.document.lines:
            # A word that there is not is told with its line.
            if draft.hubspot == (left,) and draft.option("compare") in COMPARE_WORDS:
                return str(draft.option("compare"))
        if left == "domain" or inferred == "url":
            return "domain"
        return "ci" if inferred in {"text", "exact"} else inferred

    def _objects_with(self, right: str, place: Place) -> list[str]:
        """The Salesforce objects that a rule speaks of: the named one, or all that have the field."""
        prefix, dot, name = right.rpartition(".")
        objects = self.document.salesforce_objects
        if dot and prefix not in objects:
            self.faults.add("unknown_object", place, prefix, objects)
            return []
        named = [prefix] if dot else list(objects)
        there = [o for o in named if self.book.has(SALESFORCE, o, name)]
        if not there and self.book.know(SALESFORCE, named[0], name, place):
            return named
        return there

    def several(self) -> str:
        """What to do about several records with the same key."""
        block = entries(self.document.blocks.get("match"), None, FaultList()) or {}
        return (block["several"].text if "several" in block else None) or "park"

    def ignore(self) -> list[str]:
        """Patterns of keys that identify nobody."""
        block = entries(self.document.blocks.get("match"), None, FaultList()) or {}
        return [
            node.text for node in items(block.get("ignore"), self.faults, single=True) if node.text
        ]

    def create(self, key: str, source: System) -> list[CreateRule]:
        """What becomes of records without a partner; nothing where the block is silent."""
        block = entries(self.document.blocks.get("create"), grammar.CREATE_KEYS, self.faults)
        node = (block or {}).get(key)
        if node is None or node.text == grammar.NEVER:
            return []
        targets = self.book.objects(source.other)
        if node.text is not None:
            if node.text in targets:
                self.guarded[node.text] = frozenset()
                return [CreateRule(node.text)]
            self.faults.add("not_allowed", node.place, node.text, (*targets, grammar.NEVER))
            return []
        found = [self._create_rule(item, targets, source) for item in items(node, self.faults)]
        return [rule for rule in found if rule is not None]

    def _create_rule(
        self, item: Node, targets: tuple[str, ...], source: System
    ) -> CreateRule | None:
        written = entries(item, grammar.CREATE_RULE_KEYS, self.faults) or {}
        node = written.get("as")
        if node is None:
            self.faults.add("missing_key", item.place, "as")
            return None
        if node.text not in targets:
            self.faults.add("not_allowed", node.place, node.shown(), targets)
            return None
        when = self.book.expression(written["when"], source) if "when" in written else None
        seen = frozenset() if when is None else when.fields
        self.guarded[node.text] = seen & self.guarded.get(node.text, seen)
        return CreateRule(node.text, None if when is None else when.condition())

    def addresses(self) -> dict[tuple[System, str], Keys]:
        """Whose opt-outs follow the address: every object that has an e-mail field."""
        found: dict[tuple[System, str], Keys] = {}
        if not self.document.consent:
            return found
        for side, name in self.book.reads:
            email = "email" if side is HUBSPOT else "Email"
            if not self.book.has(side, name, email):
                continue
            more = (MORE_EMAILS,) if side is HUBSPOT else ()
            self.book.read_if_there(side, name, email, *more)
            found[side, name] = addresses(side, email)
        return found

    def note_conversion(self) -> None:
        """Converted Leads are frozen and never candidates, so every Lead tells whether it is one."""
        for name in self.document.salesforce_objects:
            if name == "Lead":
                self.book.read_if_there(SALESFORCE, name, IS_CONVERTED)

    def own_names(self, keys: Mapping[System, str]) -> dict[tuple[System, str], Names]:
        """By which names our own values are found; nothing where no line writes any."""
        if not any(draft.own_value for draft in self.document.lines):
            return {}
        return {place: self._names_at(*place, keys) for place in tuple(self.book.reads)}

    def _names_at(self, side: System, object_name: str, keys: Mapping[System, str]) -> Names:
        of_people = self.document.hubspot_object == PEOPLE
        mail, site, name = (
            ("email", "domain", "name") if side is HUBSPOT else ("Email", "Website", "Name")
        )
        wanted = mail if of_people else site
        numbers = [
            name
            for draft in self.document.lines
            if draft.option("compare") == "corporate_number"
            for name in (draft.hubspot if side is HUBSPOT else draft.fields_of(object_name))
        ]
        more = (MORE_EMAILS,) if of_people and side is HUBSPOT else ()
        self.book.read_if_there(side, object_name, wanted, *more)
        named = wanted if wanted in self.book.reads[side, object_name] else None
        if of_people:
            return person_names(side, key=keys.get(side), mail=named)
        self.book.read_if_there(side, object_name, name)
        called = name if name in self.book.reads[side, object_name] else None
        return account_names(site=named, numbers=tuple(numbers), called=called)
