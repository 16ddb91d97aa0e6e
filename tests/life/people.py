"""People in both orgs, and pairs of them in every state that a pair can be in.

Everybody here acts as a person does in the pages, with a moment in between, so that acts have an order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.port import System
from tests.life.cells import HUBSPOT, SALESFORCE, Cell
from tests.life.orgs import Wording
from tests.life.scene import Scene

CONTACTS, LEAD, CONTACT = "contacts", "Lead", "Contact"
NAMES = {
    HUBSPOT: {
        "first": "firstname",
        "last": "lastname",
        "email": "email",
        "title": "jobtitle",
        "company": "company",
        "owner": "hubspot_owner_id",
        "out": "hs_email_optout",
    },
    SALESFORCE: {
        "first": "FirstName",
        "last": "LastName",
        "email": "Email",
        "title": "Title",
        "company": "Company",
        "owner": "OwnerId",
        "out": "HasOptedOutOfEmail",
    },
}
# Whose title is this is outside of `only`, and so is their partner.
OUTSIDE = "Student"
ONLY = Wording(
    "people.yaml",
    "first_pairing: fill_blanks\n",
    "first_pairing: fill_blanks\n"
    f"only: {{hubspot: jobtitle is not '{OUTSIDE}', salesforce: Title is not '{OUTSIDE}'}}\n",
)
# Nobody is created for anybody: who has no partner stays alone.
NEVER = (
    Wording(
        "people.yaml",
        "    - {as: Contact, when: associations.company is linked and email is filled}\n"
        "    - {as: Lead, when: email is filled}\n",
        "    never\n",
    ),
    Wording("people.yaml", "in_hubspot: contacts", "in_hubspot: never"),
)
# A title that a rule of Salesforce refuses.
REFUSED = "Forbidden"


@dataclass
class Pair:
    """Two records about one person; the id of one that never was is blank. `object` is Salesforce's."""

    contact: str
    record: str
    object: str = LEAD

    def id(self, side: System) -> str:
        return self.contact if side is HUBSPOT else self.record

    def object_of(self, side: System) -> str:
        return CONTACTS if side is HUBSPOT else self.object


@dataclass
class People:
    """What people do in both orgs, in the words of `NAMES`."""

    scene: Scene

    def add(self, side: System, name: str, **values: Any) -> str:
        """Somebody new: ann, of ann@example.com."""
        roles = {
            "first": name.title(),
            "last": f"von {name.title()}",
            "email": f"{name}@example.com",
            "company": f"{name.title()} GmbH",
            **values,
        }
        self.scene.time.pass_by(1)
        if side is HUBSPOT:
            return self.scene.hubspot.create(CONTACTS, self._named(side, roles))
        return self.scene.salesforce.add(LEAD, self._named(side, roles))

    def edit(self, side: System, pair: Pair, **values: Any) -> None:
        self.scene.time.pass_by(1)
        if side is HUBSPOT:
            self.scene.hubspot.edit(CONTACTS, pair.contact, self._named(side, values))
        else:
            self.scene.salesforce.edit(pair.object, pair.record, self._named(side, values))

    def delete(self, side: System, pair: Pair) -> None:
        self.scene.time.pass_by(1)
        if side is HUBSPOT:
            self.scene.hubspot.archive(CONTACTS, pair.contact)
        else:
            self.scene.salesforce.delete(pair.object, pair.record)

    def bring_back(self, side: System, pair: Pair) -> None:
        """Out of the recycle bin."""
        self.scene.time.pass_by(1)
        if side is HUBSPOT:
            self.scene.hubspot.restore(CONTACTS, pair.contact)
        else:
            self.scene.salesforce.undelete(pair.object, pair.record)

    def merge(self, side: System, winner: str, loser: str) -> str:
        """Two records of one side become one; answers the id of the survivor."""
        self.scene.time.pass_by(1)
        if side is HUBSPOT:
            return self.scene.hubspot.merge(CONTACTS, winner, loser)
        self.scene.salesforce.merge(LEAD, winner, [loser])
        return winner

    def holds(self, side: System, pair: Pair, role: str) -> Any:
        """What the record of this side really holds; None where it is blank or gone."""
        return self.live(side, pair.object).get(pair.id(side), {}).get(NAMES[side][role]) or None

    def is_out(self, side: System, pair: Pair) -> bool:
        """Whether the person must not be mailed, by this side's word."""
        if side is HUBSPOT:
            return self.scene.hubspot.opted_out(str(self.holds(HUBSPOT, pair, "email")))
        return bool(self.holds(SALESFORCE, pair, "out"))

    def live(self, side: System, object_name: str = LEAD) -> dict[str, dict[str, Any]]:
        if side is HUBSPOT:
            return {**self.scene.hubspot.records(CONTACTS)}
        return self.scene.salesforce.records(object_name)

    def count(self, side: System) -> int:
        """How many people there are, frozen Leads left out."""
        if side is HUBSPOT:
            return len(self.live(HUBSPOT))
        leads = self.live(SALESFORCE, LEAD).values()
        return len([1 for one in leads if not one["IsConverted"]]) + len(self.live(side, CONTACT))

    def news(self, side: System, pair: Pair) -> None:
        """The door was rung for this record of the pair."""
        self.scene.news(side, pair.object_of(side), pair.id(side))

    def _named(self, side: System, values: dict[str, Any]) -> dict[str, Any]:
        names = NAMES[side]
        if side is SALESFORCE:
            return {names[role]: value for role, value in values.items()}
        return {names[role]: "" if value is None else value for role, value in values.items()}


@dataclass
class Life:
    """A scene with somebody in it, in the state of a cell, beside others who are always in line."""

    scene: Scene
    people: People
    pair: Pair
    cell: Cell
    # A colleague who works on both sides, where a test needs one.
    sams: dict[System, str] = field(default_factory=dict)

    @property
    def here(self) -> System:
        """The side of the event."""
        return self.cell.side

    @property
    def there(self) -> System:
        return self.cell.side.other


def wordings(cell: Cell) -> tuple[Wording, ...]:
    """What the mapping files have to say for this state."""
    return {"filtered": (ONLY,), "unpaired": NEVER}.get(cell.state, ())


def in_state(scene: Scene, cell: Cell, owners: Mapping[System, str] | None = None) -> Life:
    """Ann on both sides in this state, and Bob in line; Ann belongs to these owners."""
    people = People(scene)
    scene.salesforce.add_validation_rule(
        LEAD, lambda row: row.get("Title") == REFUSED, "this title is forbidden", "Title"
    )
    for side in (HUBSPOT, SALESFORCE):
        people.add(side, "bob")
    pair = _two(people, cell, owners or {})
    scene.compare()
    life = Life(scene, people, pair, cell)
    if cell.state in _ARRANGED:
        _ARRANGED[cell.state](life)
    assert_state(life)
    return life


def _two(people: People, cell: Cell, owners: Mapping[System, str]) -> Pair:
    """Two records of one person; where nobody is to be paired, one on this side alone."""
    sides = [cell.side] if cell.state == "unpaired" else [HUBSPOT, SALESFORCE]
    made = {}
    for side in sides:
        owned = {"owner": owners[side]} if side in owners else {}
        made[side] = people.add(side, "ann", title="CTO", **owned)
    return Pair(made.get(HUBSPOT, ""), made.get(SALESFORCE, ""))


def _filtered(life: Life) -> None:
    life.people.edit(life.here, life.pair, title=OUTSIDE)
    life.people.news(life.here, life.pair)


def _parked(life: Life) -> None:
    life.people.edit(HUBSPOT, life.pair, title=REFUSED)
    life.people.news(HUBSPOT, life.pair)


def _waiting(life: Life) -> None:
    """An edit made there was written here, and the answer was lost."""
    life.people.edit(life.there, life.pair, last="Underway")
    lose_answers(life.scene, life.here)
    life.scene.ring(life.there, life.pair.object_of(life.there), life.pair.id(life.there))
    life.scene.round()
    life.scene.calm()


def _deleted_there(life: Life) -> None:
    life.people.delete(life.there, life.pair)
    life.people.news(life.there, life.pair)


def lose_answers(scene: Scene, side: System) -> None:
    """What is written there is done, and the answers never arrive, until `Scene.calm`."""
    org = scene.hubspot if side is HUBSPOT else scene.salesforce
    match = "POST .*/batch/(update|create|upsert)" if side is HUBSPOT else "PATCH .*composite"
    org.faults.order({"kind": "lost_answer", "match": match, "times": 100})


_ARRANGED: dict[str, Callable[[Life], None]] = {
    "filtered": _filtered,
    "parked": _parked,
    "waiting": _waiting,
    "deleted there": _deleted_there,
}
_SEEN = {
    "in line": ("in_sync", "in_sync"),
    "unpaired": ("unpaired (create_never)", "unknown"),
    "filtered": ("filtered (outside_only)", "filtered (partner_filtered)"),
    "parked": ("parked (parked)", "parked (parked)"),
    "waiting": ("waiting (in_flight)", "*"),
    "deleted there": ("unpaired (partner_deleted)", "deleted (deleted)"),
}


def assert_state(life: Life) -> None:
    """The pair really is in the state that the cell is about."""
    told = tuple(life.scene.state(side, life.pair.id(side)) for side in (life.here, life.there))
    for wanted, seen in zip(_SEEN[life.cell.state], told, strict=True):
        assert wanted in {"*", seen}, f"{life.cell}: {told}"
