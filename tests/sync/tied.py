"""A bridge with ties for tests: people and campaigns on two twins, and a relation between them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from connector.memory import MemoryConnector
from connector.memory_relations import MemoryRelations
from connector.port import System, Value
from mappings.schema import Direction, Limits, Line, Mapping, Relation, WhenEnded
from sync.model import KnownTie, Pair, Sighting
from sync.relations.compare import TieCompare, Tied
from sync.status import status
from sync.workbench import Workbench
from tests.sync.bridge import Bridge, people
from tests.sync.builders import line, side

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
LISTS, MEMBERS = "list memberships", "CampaignMember"
END: dict[System, WhenEnded] = {HUBSPOT: "end", SALESFORCE: "end"}


def campaigns() -> Mapping:
    """lists <-> Campaign, as plain as a mapping can be."""
    base = people()
    return replace(
        base,
        name="campaigns",
        hash="campaigns:v1",
        hubspot_object="lists",
        salesforce_objects=("Campaign",),
        match=(),
        create_in_salesforce=(),
        create_in_hubspot=(),
        objects={"Campaign": base.objects["Contact"]},
        fields={(HUBSPOT, "lists"): ("name",), (SALESFORCE, "Campaign"): ("name",)},
        address={},
        email={},
    )


def status_line(**options: object) -> Line:
    """The member status: the same field of both ties, under each vendor's name."""
    made = line("status", **options)  # type: ignore[arg-type]  # keywords of `line`
    return replace(made, hubspot=side("status"), salesforce=side("Status"))


def members(
    *lines: Line,
    direction: Direction = Direction.BOTH,
    ended: dict[System, WhenEnded] | None = None,
    limits: Limits | None = None,
    wording: str = "v1",
) -> Relation:
    """list memberships <-> CampaignMember, with a status on both."""
    return Relation(
        name="members",
        hash=f"members:{wording}",
        mode="live",
        left="people",
        right="campaigns",
        hubspot=LISTS,
        salesforce=MEMBERS,
        left_objects={HUBSPOT: ("contacts",), SALESFORCE: ("Lead", "Contact")},
        right_objects={HUBSPOT: "lists", SALESFORCE: "Campaign"},
        direction=direction,
        lines=lines,
        fields={HUBSPOT: ("status",), SALESFORCE: ("Status",)},
        when_ended_in=ended or END,
        limits=limits or Limits(),
    )


def sighted(record_id: str, *, in_scope: bool = True) -> Sighting:
    """A record as a listing sees it."""
    return Sighting(
        record_id=record_id,
        digest=b"seen" if in_scope else b"filtered",
        in_scope=in_scope,
        external_key=None,
        match_keys=(),
        addresses=(),
        consent=0,
        modified_at=None,
    )


@dataclass
class TiedBridge(Bridge):
    """Both twins with ties between their records."""

    relation: Relation = field(default_factory=members)

    def __post_init__(self) -> None:
        super().__post_init__()
        # Twins that take every name: lists and campaigns stand beside people.
        self.hubspot = MemoryConnector(HUBSPOT, clock=self.time)
        self.salesforce = MemoryConnector(SALESFORCE, clock=self.time)
        kinds = {LISTS: (("contacts",), "lists")}
        self.lists = MemoryRelations(self.hubspot, kinds, page_size=3)
        self.members = MemoryRelations(
            self.salesforce, {MEMBERS: (("Lead", "Contact"), "Campaign")}, page_size=3
        )

    @property
    def bench(self) -> Workbench:
        return replace(
            super().bench,
            mappings=[self.mapping, campaigns()],
            relations=[self.relation],
            ties={HUBSPOT: self.lists, SALESFORCE: self.members},
        )

    @property
    def tie_compare(self) -> TieCompare:
        return self.compare.ties

    def relate(self, **terms: object) -> Tied:
        """One look at the relation alone. Where tests tie two or three, an empty side is nothing odd."""
        terms.setdefault("allowed", {"empty": 1})
        return self.tie_compare.bring_in_line((), trigger="test", **terms)  # type: ignore[arg-type]  # keywords

    def person(self, object_name: str = "Contact") -> tuple[str, str]:
        """Somebody who is paired: (contact, Lead or Contact)."""
        left = self.hubspot.seed("contacts", {})
        return self._pair("people", "contacts", left, object_name)

    def stranger(self) -> str:
        """A contact without a partner."""
        return self.hubspot.seed("contacts", {})

    def campaign(self) -> tuple[str, str]:
        """A list and a Campaign that are paired."""
        return self._pair("campaigns", "lists", self.hubspot.seed("lists", {}), "Campaign")

    def _pair(
        self, mapping: str, left_object: str, left: str, right_object: str
    ) -> tuple[str, str]:
        right = self.salesforce.seed(right_object, {})
        self.bind(mapping, left_object, left, right_object, right)
        return left, right

    def bind(self, mapping: str, left_object: str, left: str, right_object: str, right: str) -> int:
        run = self.ledger.begin_run("resync", [mapping], "test", self.time())
        for system, object_name, record_id in (
            (HUBSPOT, left_object, left),
            (SALESFORCE, right_object, right),
        ):
            self.ledger.note_sightings(run.id, mapping, system, object_name, [sighted(record_id)])
        return self.ledger.bind(
            Pair(
                id=0,
                mapping=mapping,
                hubspot_id=left,
                salesforce_object=right_object,
                salesforce_id=right,
            ),
            self.time(),
        )

    def held(self) -> tuple[dict[tuple[str, str], Value], dict[tuple[str, str], Value]]:
        """What both systems really hold: the status by left and right record."""
        left = {ends: v.get("status") for ends, v in self.lists.ties_now(LISTS).items()}
        right = {ends: v.get("Status") for ends, v in self.members.ties_now(MEMBERS).items()}
        return left, right

    def tie_states(self) -> dict[str, dict[str, int]]:
        """States that some tie is in, by system; they add up to the total."""
        told = status(self.ledger, [], self.time(), (), [self.relation])["relations"]["members"]
        for name in ("hubspot", "salesforce"):
            assert told[name]["total"] == sum(told[name]["states"].values())
        return {
            name: {state: n for state, n in told[name]["states"].items() if n}
            for name in ("hubspot", "salesforce")
        }


def planned(tied: TiedBridge) -> list[dict[str, object]]:
    compare = tied.compare
    return [e for e in compare.plan_entries(compare.plan()) if e["mapping"] == "members"]


def agreed(tied: TiedBridge, object_name: str = "Contact") -> tuple[str, str, str, str]:
    """A tie in line: contact, Lead or Contact, list, Campaign."""
    (left, right), (first, second) = tied.person(object_name), tied.campaign()
    tied.lists.tie(LISTS, left, first)
    tied.relate()
    assert tied.held() == ({(left, first): None}, {(right, second): None})
    return left, right, first, second


def known(tied: TiedBridge) -> list[KnownTie]:
    rights = [one.pair_id for one in tied.ledger.bound_partners("campaigns", after_id=0, limit=99)]
    return tied.ledger.ties_of("members", rights)
