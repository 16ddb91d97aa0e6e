"""Random histories of records' lives on both sides, as a state machine for Hypothesis.

People create, edit, give away, convert, merge, delete and restore; the persons themselves opt out, opt in
and ask to be forgotten (`life_wishes`); systems are busy and lose answers; bells get through
or are lost. At the end everything comes to rest, and every promise of `life_promises` must hold.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from connector.port import System, Value
from tests.sync.life_hands import HUBSPOT, SALESFORCE, kinds, picks, sides
from tests.sync.life_mappings import COMPANIES, LINES, OBJECTS, PEOPLE, Policies
from tests.sync.life_promises import keep_all
from tests.sync.life_records import live
from tests.sync.life_twin import ALONE, EVERYWHERE, LEAVING
from tests.sync.life_wishes import Wishes
from tests.sync.life_world import beginning, begun

troubles = st.sampled_from(["busy", "lost_answers", "late"] * 2 + ["drop"])
addresses = st.sampled_from(["Ann", "bob", "Cem", "dai"])


class Life(Wishes):
    """Everything that happens."""

    @initialize(
        deleted=st.sampled_from(["unlink", "delete", "park"]),
        merged=st.sampled_from(["list", "merge"]),
        both=st.sampled_from(["newest", "newest", "park", "hubspot"]),
        lonely=st.sampled_from(["keep", f"{EVERYWHERE[1]}@example.com"]),
        erased=st.sampled_from(["erase", "erase", "delete", "park"]),
    )
    def begin(
        self, deleted: str, merged: str, both: Any, lonely: str, erased: str = "erase"
    ) -> None:
        """The mappings of this history; some are in line already."""
        ends = (dict.fromkeys(System, deleted), dict.fromkeys(System, merged))
        policies = Policies(*ends, both, lonely, dict.fromkeys(System, erased))
        self.world = begun(self.folder, policies)
        self.bystanders = beginning(self.folder).bystanders

    # What people do -----------------------------------------------------------------------------

    @rule(kind=kinds, side=sides, who=addresses, anew=st.booleans(), contact=st.booleans())
    def create(self, kind: str, side: System, who: str, anew: bool, contact: bool) -> None:
        """Somebody new, or somebody whom the other side (or the same one) may know already."""
        self.count()
        names = OBJECTS[kind, side]
        name = names[-1 if contact else 0]
        key = "email" if kind == PEOPLE else "code"
        known = f"{who}@example.com" if kind == PEOPLE else who
        values = {key: self.fresh(key, side) if anew else known, "title": self.fresh("title", side)}
        record_id = self.world.twin(side).seed(name, values)
        self.world.tell(side, name, record_id)

    @rule(
        kind=kinds,
        side=sides,
        pick=picks,
        fields=st.sets(st.sampled_from(["first", "title", "title", "key"]), min_size=1),
        blank=st.booleans(),
    )
    def change(self, kind: str, side: System, pick: int, fields: set[str], blank: bool) -> None:
        """Somebody edits a record, several fields at once."""
        self.count()
        record_id = self.choose(kind, side, pick)
        if record_id is None:
            return
        key = "email" if kind == PEOPLE else "code"
        names = {key if name == "key" else name for name in fields} & set(LINES[kind])
        values: dict[str, Value] = {name: self.fresh(name, side) for name in names}
        if blank and "title" in values:
            values["title"] = None
        self.edit(kind, side, record_id, values)

    @rule(kind=kinds, pick=picks, name=st.sampled_from(["first", "title", "key"]))
    def clash(self, kind: str, pick: int, name: str) -> None:
        """Two people edit both records of a pair within the same second."""
        self.count()
        left = self.choose(kind, HUBSPOT, pick)
        pair = None if left is None else self.world.ledger.pair_of(kind, HUBSPOT, left)
        if pair is None or pair.salesforce_id not in live(self.world, kind, SALESFORCE):
            return
        key = "email" if kind == PEOPLE else "code"
        for side in System:
            values: dict[str, Value] = {key if name == "key" else name: self.fresh(name, side)}
            self.edit(kind, side, pair.record_id(side), values)

    @rule(side=sides, pick=picks, company=st.none() | picks)
    def employ(self, side: System, pick: int, company: int | None) -> None:
        """Somebody is at another company from now on, or at none."""
        self.count()
        record_id = self.choose(PEOPLE, side, pick)
        where = None if company is None else self.choose(COMPANIES, side, company)
        if record_id is not None:
            self.edit(PEOPLE, side, record_id, {"company": where})

    @rule(side=sides, pick=picks, who=st.sampled_from([*EVERYWHERE, LEAVING, ALONE]))
    def give(self, side: System, pick: int, who: str) -> None:
        """Somebody gets another owner."""
        self.count()
        record_id = self.choose(PEOPLE, side, pick)
        owner = self.world.twin(side).colleague(who)
        if record_id is not None and owner is not None:
            self.edit(PEOPLE, side, record_id, {"owner": owner})

    @rule(side=sides, back=st.booleans())
    def leave_or_return(self, side: System, back: bool) -> None:
        """A colleague leaves the company, or is there again."""
        self.count()
        self.world.let_go(side, LEAVING, back=back)

    @rule(
        pick=picks,
        into=st.none() | picks,
        kept=st.sets(st.sampled_from(["first", "title", "company", "OptOut"])),
    )
    def convert(self, pick: int, into: int | None, kept: set[str]) -> None:
        """A Lead becomes a Contact, a new one or one that is there; some fields go along."""
        self.count()
        lead = self.choose(PEOPLE, SALESFORCE, pick, "Lead")
        if lead is None:
            return
        contact = None if into is None else self.choose(PEOPLE, SALESFORCE, into, "Contact")
        held = self.world.salesforce.records("Lead")[lead]
        # Its owner always goes along.
        names = ("email", "owner", *sorted(kept))
        values = {name: held.get(name) for name in names if name in held}
        self.world.salesforce.convert(lead, values, into=contact)
        self.world.tell(SALESFORCE, "Lead", lead)

    @rule(kind=kinds, side=sides, winner=picks, loser=picks)
    def merge(self, kind: str, side: System, winner: int, loser: int) -> None:
        """Two records of one object become one."""
        self.count()
        kept, gone = self.choose(kind, side, winner), self.choose(kind, side, loser)
        if kept is None or gone is None or kept == gone:
            return
        name = self.object_of(kind, side, kept)
        if self.object_of(kind, side, gone) != name:
            return
        survivor = self.world.twin(side).join(name, gone, kept)
        for one in {kept, gone} - {survivor}:
            self.unless_seen(side, one)
            if kind == COMPANIES:
                self.reassign(side, one, survivor)
        self.world.tell(side, name, *dict.fromkeys((gone, kept, survivor)))

    @rule(kind=kinds, side=sides, pick=picks)
    def delete(self, kind: str, side: System, pick: int) -> None:
        """Somebody deletes a record; references to it are emptied by the system."""
        self.count()
        record_id = self.choose(kind, side, pick)
        if record_id is None:
            return
        name = self.object_of(kind, side, record_id)
        self.world.twin(side).remove(name, record_id)
        if kind == PEOPLE:
            self.unless_seen(side, record_id)
        else:
            self.reassign(side, record_id, None)
        self.world.tell(side, name, record_id)

    @rule(kind=kinds, side=sides, pick=picks)
    def restore(self, kind: str, side: System, pick: int) -> None:
        """Somebody takes a record out of the bin."""
        self.count()
        twin = self.world.twin(side)
        bin_ = [(n, i) for n in OBJECTS[kind, side] for i in sorted(twin.in_the_bin(n))]
        if bin_:
            name, record_id = bin_[pick % len(bin_)]
            twin.restore(name, record_id)
            self.world.taken_out.add((side, record_id))
            self.world.tell(side, name, record_id)

    def reassign(self, side: System, company: str, to: str | None) -> None:
        """What a system does itself with references to a company that went."""
        for record_id, one in live(self.world, PEOPLE, side).items():
            if one.values.get("company") == company:
                self.edit(PEOPLE, side, record_id, {"company": to})

    # What goes wrong, and what Kakehashi does ---------------------------------------------------

    @rule(side=sides, what=troubles)
    def trouble(self, side: System, what: str) -> None:
        """A system is busy, or what it answered gets lost, once."""
        self.count()
        self.world.order_trouble(side, what)

    @rule(first=st.booleans(), half=st.booleans())
    def hear(self, first: bool, half: bool) -> None:
        """Some of the bells get through, and a worker makes its round."""
        self.count()
        middle = len(self.world.unheard) // 2 if half else None
        self.world.hear(slice(None, middle) if first else slice(middle, None))
        self.world.round()

    @rule()
    def lose_bells(self) -> None:
        self.count()
        self.world.unheard.clear()

    @rule(seconds=st.sampled_from([0, 1, 30, 200]))
    def work(self, seconds: int) -> None:
        """Time goes by, and a worker makes its round."""
        self.count()
        self.world.wait(seconds)
        self.world.round()

    @rule()
    def poll(self) -> None:
        self.count()
        self.world.poll()
        self.world.round()

    @rule()
    def compare(self) -> None:
        self.count()
        self.world.compare_all()

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self.world.rest()
            keep_all(self.world, self.outs, self.proofs)
        finally:
            self.world.ledger.close_all()
