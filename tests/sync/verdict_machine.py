"""Random histories of hand-offs at the level of a worker, as a state machine for Hypothesis.

Visitors raise hands; sellers and marketers accept, send back, set what cannot be, in both systems and by
links; records are merged and converted, deals are won and lost; bells are lost or ring twice, systems are
busy, workers die between any two steps. At the end everything comes to rest, and every promise of
`verdict_promises` must hold.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from connector.port import System, Value
from lifecycle.model import Request, Role, Stage
from tests.sync.verdict_promises import keep_all, no_verdict_is_lost
from tests.sync.verdict_world import HUBSPOT, KNOWN, PEOPLE, SALESFORCE, VerdictWorld, begun

sides = st.sampled_from([SALESFORCE, SALESFORCE, HUBSPOT])
picks = st.integers(0, 5)
people = st.sampled_from(PEOPLE)
flags = st.booleans()
reasons = st.sampled_from(
    [
        *("timing", "timing", "no_response", "no_need", "incomplete_info", "no_authority"),
        *("bad_data", "not_target", "do_not_contact", "bad mood", None),
    ]
)
stages = st.sampled_from(
    [*("sal", "sql", "sql", "recycled", "mql", "lead", "opportunity"), "customer", "on fire"]
)
kinds = st.sampled_from(["form_submit_handraise", "pricing_view", "page_view"])
days = st.sampled_from(["2027-01-15", "2028-06-01", "soon"])
changes = st.sampled_from([{"phone": "1"}, {"phone": "2"}, {"optout": True}, {"first": "X"}])
outcomes = st.sampled_from(["open", "won", "lost", "lost why"])
# What may happen, with what is drawn for it, and how often of a hundred times.
ACTS: dict[str, tuple[int, dict[str, st.SearchStrategy[Any]]]] = {
    "visit": (12, {"email": people, "kind": kinds, "is_another": st.sampled_from([0] * 9 + [1])}),
    "send_back": (10, {"side": sides, "pick": picks, "reason": reasons, "comment": flags}),
    "accept": (9, {"side": sides, "pick": picks}),
    "set_stage": (9, {"side": sides, "pick": picks, "stage": stages, "reason": reasons}),
    "review": (3, {"side": sides, "pick": picks, "day": days}),
    "press": (4, {"email": people, "accepts": flags}),
    "change": (4, {"pick": picks, "values": changes}),
    "call": (4, {"pick": picks}),
    "convert": (3, {"pick": picks}),
    "merge": (2, {"winner": picks, "loser": picks}),
    "deal": (4, {"pick": picks, "outcome": outcomes}),
    "sicken": (8, {"fuse": st.integers(0, 4), "is_on_file": flags}),
    "trouble": (4, {"side": sides}),
    "hear": (13, {"twice": flags, "hours": st.sampled_from([0, 0, 0, 3])}),
    "lose_bells": (2, {}),
    "wait": (6, {"days": st.sampled_from([1, 3, 30, 100])}),
    "compare": (3, {}),
}
acts = st.sampled_from([name for name, (often, _) in ACTS.items() for _ in range(often)]).flatmap(
    lambda name: st.tuples(st.just(name), st.fixed_dictionaries(ACTS[name][1]))
)


class Verdicts(RuleBasedStateMachine):
    """One history. `steps` counts the steps of all histories of a test."""

    steps: ClassVar[int] = 0
    folder: ClassVar[Path] = Path(tempfile.gettempdir())
    world: VerdictWorld

    @initialize()
    def begin(self) -> None:
        """Everybody is in line; the first one is with sales."""
        self.links = 0
        self.world = begun(self.folder)

    def choose(self, side: System, pick: int, of: str | None = None) -> str | None:
        live = self.world.live(side)
        found = sorted(i for i, (name, _) in live.items() if of in (None, name))
        return found[pick % len(found)] if found else None

    @rule(act=acts)
    def happens(self, act: tuple[str, dict[str, Any]]) -> None:
        """Anything of what may happen; every history has some of all of it."""
        type(self).steps += 1
        name, drawn = act
        getattr(self, name)(**drawn)

    # What visitors do ---------------------------------------------------------------------------

    def visit(self, email: str, kind: str, is_another: int) -> None:
        """Somebody does something; the browser may know them by a contact of HubSpot, too."""
        contact = self.choose(HUBSPOT, len(email)) if is_another else None
        if contact is None:
            self.world.happens(kind, email=email, topic="pricing")
        else:
            self.world.happens(kind, email=email, topic="pricing", hubspot_contact_id=contact)

    # What both departments do -------------------------------------------------------------------

    def send_back(self, side: System, pick: int, reason: str | None, comment: bool) -> None:
        values: dict[str, Value] = {"verdict": "reject", "recycle_reason": reason}
        if comment:
            values["recycle_comment"] = "来期に再度"
        self.petition(side, pick, values)

    def accept(self, side: System, pick: int) -> None:
        self.petition(side, pick, {"verdict": "accept"})

    def set_stage(self, side: System, pick: int, stage: str, reason: str | None) -> None:
        """A stage by hand, possible or not; who moves somebody out says why, or forgets to."""
        values: dict[str, Value] = {"stage": stage}
        if stage == "recycled":
            values["recycle_reason"] = reason
        self.petition(side, pick, values)

    def review(self, side: System, pick: int, day: str) -> None:
        self.petition(side, pick, {"reactivate_on": day})

    def petition(self, side: System, pick: int, values: dict[str, Value]) -> None:
        """Every other time it is heard at once."""
        record_id = self.choose(side, pick)
        if record_id is None:
            return
        self.world.petition(side, record_id, values)
        if pick % 2:
            self.world.hear()
            self.world.work()
            no_verdict_is_lost(self.world)

    def press(self, email: str, accepts: bool) -> None:
        """A link in a letter: on file at once, decided by whoever comes next."""
        found = self.world.store.subjects_by("email", [email])
        if email not in found:
            return
        self.links += 1
        now = self.world.time()
        request = Request(
            id=f"ticket:{self.links}",
            subject=found[email],
            to=Stage.SAL if accepts else Stage.RECYCLED,
            role=Role.SALES,
            actor="rin@sales.example.com",
            source="kakehashi",
            at=now,
            observed_at=now,
            reason=None if accepts else "no_response",
        )
        self.world.mortal.ask([request])

    # What becomes of records --------------------------------------------------------------------

    def change(self, pick: int, values: dict[str, Value]) -> None:
        """A marketer edits something else, or a person opts out."""
        record_id = self.choose(HUBSPOT, pick)
        if record_id is not None:
            self.world.enter(HUBSPOT, record_id, dict(values))

    def call(self, pick: int) -> None:
        """A seller speaks to somebody and logs it."""
        record_id = self.choose(HUBSPOT, pick)
        if record_id is not None:
            at = self.world.time().isoformat()
            self.world.enter(HUBSPOT, record_id, {"notes_last_contacted": at})

    def convert(self, pick: int) -> None:
        """A Lead becomes a Contact with all that it holds."""
        lead = self.choose(SALESFORCE, pick, "Lead")
        if lead is None:
            return
        held = self.world.salesforce.records("Lead")[lead]
        kept = ("email", "company", "first", *KNOWN)
        self.world.time.forward(seconds=7)
        contact = self.world.salesforce.convert(lead, {n: held[n] for n in kept if n in held})
        self.world.unheard += [(SALESFORCE, "Lead", lead), (SALESFORCE, "Contact", contact)]

    def merge(self, winner: int, loser: int) -> None:
        """A marketer merges two contacts, and a seller theirs."""
        one, other = self.choose(HUBSPOT, winner), self.choose(HUBSPOT, loser)
        if one is None or other is None or one == other:
            return
        self.world.time.forward(seconds=7)
        survivor = self.world.hubspot.join("contacts", other, one)
        names = dict.fromkeys((one, other, survivor))
        self.world.unheard += [(HUBSPOT, "contacts", name) for name in names]

    def deal(self, pick: int, outcome: str) -> None:
        """An opportunity with somebody on it."""
        contact = self.choose(SALESFORCE, pick, "Contact")
        if contact is None:
            return
        twin = self.world.salesforce
        values = {
            "IsClosed": outcome != "open",
            "IsWon": outcome == "won",
            "Loss_Reason__c": "lost_price" if outcome == "lost why" else None,
        }
        found = twin.seed("Opportunity", values)
        twin.seed("OpportunityContactRole", {"ContactId": contact, "OpportunityId": found})
        self.world.stroll()

    # What goes wrong, and what Kakehashi does ---------------------------------------------------

    def sicken(self, fuse: int, is_on_file: bool) -> None:
        """The next worker dies after so many of its steps."""
        self.world.mortal.fuse, self.world.mortal.is_on_file = fuse, is_on_file

    def trouble(self, side: System) -> None:
        self.world.twin(side).faults.busy = 1

    def hear(self, twice: bool, hours: int) -> None:
        """The bells get through, and a worker does what there is to do."""
        self.world.time.forward(hours=hours)
        self.world.hear(twice=twice)
        self.world.work()
        no_verdict_is_lost(self.world)

    def lose_bells(self) -> None:
        self.world.unheard.clear()

    def wait(self, days: int) -> None:
        """Time goes by, a worker wakes up and strolls."""
        self.world.time.forward(days=days)
        self.world.work()
        self.world.stroll()

    def compare(self) -> None:
        """A night goes by without anything that was rung for, and then there is a whole compare."""
        self.world.time.forward(hours=12)
        self.world.compare_all()
        no_verdict_is_lost(self.world)

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self.world.rest()
            keep_all(self.world)
        finally:
            self.world.ledger.close_all()
