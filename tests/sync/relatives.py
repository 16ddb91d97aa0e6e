"""Two kinds of records that refer to each other and to their own kind, between two twins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from connector.memory import MemoryConnector
from connector.port import FieldSchema, System, Values
from mappings.conversions import Target
from mappings.schema import CreateRule, Line, Mapping, MatchRule
from mappings.sides import reference
from sync.ledger import Missed
from sync.workbench import Workbench
from tests.sync.bridge import KEYS, one_key, people, schema
from tests.sync.builders import line, object_lines, side
from tests.sync.live import Live

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
OBJECTS = {"companies": ("companies", "Account"), "people": ("contacts", "Contact")}
NAMES = ("code", "title", "parent", "person", "company", "boss", "owner", *KEYS.values())


def link(name: str, to: str, *, otherwise: str | None = None, required: bool = False) -> Line:
    """A reference, both ways; `required` where Salesforce takes no record without it."""

    def end(system: System) -> Any:
        field = FieldSchema(name=name, label=name, kind="reference", required=required)
        target = Target(system, "any", field, "reference", "Asia/Tokyo")
        blank_is_fine = system is HUBSPOT or not required
        carry = reference(to, target, otherwise)
        # Owners are always kept.
        kept = "keep" if to == "owners" else "clear"
        return side(name, carry=carry, may_be_blank=blank_is_fine, when_blank=kept)  # type: ignore[arg-type]  # one of the words

    whole = line(name, hubspot=end(HUBSPOT), salesforce=end(SALESFORCE))
    return replace(whole, link_to=to)


def kind(name: str, *lines: Line, **facts: Any) -> Mapping:
    """Records of one kind, matched by their code."""
    left, right = OBJECTS[name]
    code = one_key("code")
    rule = MatchRule(
        label="code = code",
        native=False,
        suggest=False,
        hubspot_key=code,  # type: ignore[arg-type]  # built above
        salesforce_key={right: code},  # type: ignore[dict-item]  # built above
    )
    made = replace(
        people(),
        name=name,
        hash=f"{name}:v1",
        hubspot_object=left,
        salesforce_objects=(right,),
        match=(rule,),
        create_in_salesforce=(CreateRule(right),),
        create_in_hubspot=(CreateRule(left),),
        objects={right: object_lines(line("code"), line("title"), *lines)},
        fields={(HUBSPOT, left): NAMES, (SALESFORCE, right): NAMES},
        email={},
        address={},
    )
    return replace(made, **facts)


def relatives() -> list[Mapping]:
    """Companies with a parent and a person to talk to; people with a company and a boss."""
    return [
        kind("companies", link("parent", "companies"), link("person", "people")),
        kind("people", link("company", "companies"), link("boss", "people")),
    ]


def unless(name: str, value: str) -> Callable[[Values, object], bool]:
    return lambda values, _context: values.get(name) != value


class Family(Live):
    """Both twins with these kinds, and the people who own records."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.mappings = relatives()
        people_of = {"owners": ("email", "type"), "User": ("Email", "IsActive")}
        for system in System:
            places = [pair[system is SALESFORCE] for pair in OBJECTS.values()]
            fields = {name: schema(NAMES, [KEYS[system]]) for name in places}
            of = "owners" if system is HUBSPOT else "User"
            fields[of] = schema(people_of[of], [])
            setattr(
                self,
                system.value,
                MemoryConnector(system, clock=self.time, fields=fields),
            )

    @property
    def bench(self) -> Workbench:
        return replace(super().bench, mappings=self.mappings)

    def settle(self, rounds: int = 5) -> None:
        """A worker takes whatever is due, until nothing is."""
        for _ in range(rounds):
            self.round()

    def right(self, object_name: str, code: str) -> dict[str, Any]:
        """What Salesforce holds of the record with this code."""
        held = self.salesforce.records(object_name)
        return next((v for v in held.values() if v.get("code") == code), {})

    def id_of(self, system: System, object_name: str, code: str) -> str:
        twin = self.hubspot if system is HUBSPOT else self.salesforce
        held = twin.records(object_name)
        return next(i for i, values in held.items() if values.get("code") == code)

    def state(self, mapping: str, system: System, record_id: str) -> tuple[str | None, str | None]:
        found = self.ledger.record(mapping, system, record_id)
        return (None, None) if found is None else (found.state, found.reason)

    def missed(self, mapping: str, record_id: str) -> list[Missed]:
        return self.ledger.missed_by(mapping, HUBSPOT, record_id)

    def counted(self, mapping: str) -> set[str]:
        """The states that hold anybody."""
        return {
            state
            for objects in self.ledger.state_counts(mapping).values()
            for states in objects.values()
            for state, count in states.items()
            if count
        }
