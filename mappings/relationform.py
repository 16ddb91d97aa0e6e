"""The `relation:` block as written: which two mappings a file ties, and what may stand in `between`."""

from __future__ import annotations

from dataclasses import dataclass

from mappings import grammar
from mappings.faults import FaultList, Place
from mappings.source import Node, choice, entries


@dataclass(frozen=True, slots=True)
class EndKinds:
    """The objects that may stand at one end of a tie: `only` these, or any that is not among `never`."""

    only: tuple[str, ...] = ()
    never: tuple[str, ...] = ()

    def among(self, objects: tuple[str, ...]) -> tuple[str, ...]:
        """Those of a mapping's objects that may stand here."""
        return tuple(o for o in objects if (o in self.only if self.only else o not in self.never))


@dataclass(frozen=True, slots=True)
class SideTies:
    """One kind of tie of one system: what may stand at its ends, and its own fields."""

    left: EndKinds
    right: EndKinds
    fields: tuple[str, ...] = ()


LISTS = "lists"
_RECORDS = EndKinds(never=(LISTS,))
# HubSpot's memberships carry nothing but the fact; associations carry a label (sheet, sections 11, 13).
HUBSPOT_TIES = {
    "list memberships": SideTies(_RECORDS, EndKinds(only=(LISTS,))),
    "associations": SideTies(_RECORDS, _RECORDS, fields=("label",)),
}
# A campaign takes Leads and Contacts, an opportunity's roles Contacts only (sheet, section 7).
SALESFORCE_TIES = {
    "CampaignMember": SideTies(EndKinds(("Contact", "Lead")), EndKinds(("Campaign",))),
    "OpportunityContactRole": SideTies(EndKinds(("Contact",)), EndKinds(("Opportunity",))),
}


@dataclass(frozen=True, slots=True)
class RelationDraft:
    """The block as written; the names of the two mappings with their places."""

    place: Place
    left: Node
    right: Node
    direction: str


def is_relation(blocks: dict[str, Node]) -> bool:
    """Whether a file is about ties."""
    return grammar.RELATION in blocks


def read_relation(blocks: dict[str, Node], faults: FaultList) -> RelationDraft | None:
    """The block; None where it does not name two mappings."""
    node = blocks[grammar.RELATION]
    for key, stray in blocks.items():
        if key not in grammar.RELATION_FILE_KEYS:
            faults.add("not_for_relations", stray.place, key, grammar.RELATION_FILE_KEYS)
    written = entries(node, grammar.RELATION_KEYS, faults) or {}
    choice(written, "direction", grammar.ARROWS, faults)
    ends = []
    for key in ("left", "right"):
        end = written.get(key)
        if end is None or end.text is None:
            faults.add("missing_key", node.place, key)
        else:
            ends.append(end)
    if len(ends) < 2:
        return None
    direction = written["direction"].text if "direction" in written else None
    return RelationDraft(node.place, ends[0], ends[1], direction or "<->")


def check_between(
    hubspot: Node, salesforce: list[Node], faults: FaultList, *, relation: bool
) -> bool:
    """Files about ties name kinds of ties, all others kinds of records."""
    ties = ((hubspot, HUBSPOT_TIES), *((one, SALESFORCE_TIES) for one in salesforce))
    good = True
    for node, known in ties:
        if relation and node.text not in known:
            faults.add("not_allowed", node.place, node.shown(), known)
            good = False
        elif not relation and node.text in known:
            # The other side is most likely a tie as well: once is enough.
            faults.add("relation_missing", node.place, node.shown())
            return False
    if relation and len(salesforce) != 1:
        faults.add("not_allowed", hubspot.place, "", SALESFORCE_TIES)
        good = False
    return good
