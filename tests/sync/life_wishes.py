"""What people ask for about themselves, in random histories: to be left in peace, to be written to again,
and to be forgotten.
"""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from connector.port import System, Value
from tests.sync.life_hands import HUBSPOT, Hands, picks, sides
from tests.sync.life_mappings import PEOPLE
from tests.sync.life_records import FLAG, live

# How old the evidence of an opt-in is that counts, if nobody opted out since. The future counts for nothing.
AGES = {"fresh": timedelta(0), "old": timedelta(minutes=10), "future": timedelta(days=-99)}


class Wishes(Hands):
    """Rules for the people themselves."""

    @rule(side=sides, pick=picks)
    def opt_out(self, side: System, pick: int) -> None:
        """Somebody wants to be left in peace. A tick where there was one is no news: no system keeps when
        it was made once more, so that it counts since the first of them.
        """
        self.count()
        record_id = self.choose(PEOPLE, side, pick)
        if record_id is None:
            return
        self.edit(PEOPLE, side, record_id, {FLAG[side]: True})
        held = live(self.world, PEOPLE, side)[record_id]
        self.outs[side, record_id] = held.history[FLAG[side]][-1].at

    @rule(side=sides, pick=picks)
    def untick(self, side: System, pick: int) -> None:
        """Somebody takes an opt-out away, without any proof that this was wished."""
        self.count()
        record_id = self.choose(PEOPLE, side, pick)
        if record_id is not None:
            self.unless_seen(side, record_id)
            self.edit(PEOPLE, side, record_id, {FLAG[side]: False})

    @rule(
        side=sides, pick=picks, age=st.sampled_from(["fresh", "fresh", *AGES]), whole=st.booleans()
    )
    def opt_in(self, side: System, pick: int, age: str, whole: bool) -> None:
        """Somebody signs up again, with a proof: when, by what, and on which legal basis, or without one
        of the three. It lifts nothing that was said later.
        """
        self.count()
        record_id = self.choose(PEOPLE, side, pick)
        if record_id is None:
            return
        at = self.world.time.now - AGES[age]
        told: dict[str, Value] = {
            "in_at": at.isoformat() if whole else None,
            "in_by": "web form",
            "in_basis": "consent",
        }
        self.unless_seen(side, record_id)
        self.edit(PEOPLE, side, record_id, {FLAG[side]: False, **told})
        if whole:
            self.proofs.append(((side, record_id), at))

    @rule(side=sides, pick=picks, here=st.booleans(), at_once=st.booleans())
    def erase(self, side: System, pick: int, here: bool, at_once: bool) -> None:
        """Somebody wants to be forgotten. HubSpot does so by itself, and says so, maybe later; or it is
        asked for here, on either side, and maybe worked off later.
        """
        self.count()
        record_id = self.choose(PEOPLE, side, pick)
        if record_id is None:
            return
        if side is HUBSPOT and not here:
            self.world.privacy_deletion(record_id)
            self.world.tell(side, "contacts", record_id)
            if at_once:
                self.world.hear_wishes()
            return
        self.world.ask_to_forget(side, self.object_of(PEOPLE, side, record_id), record_id)
        if at_once:
            self.world.work_off_wishes()

    @rule(who=st.sampled_from(["ann", "bob", "cem", "dai", "eve", "fay", "hal"]))
    def release(self, who: str) -> None:
        """Somebody who was forgotten may come in again."""
        self.count()
        self.world.release(f"{who}@example.com")

    def unless_seen(self, side: System, record_id: str) -> None:
        """An opt-out that vanishes before anybody looked was never ours to keep."""
        person = self.world.ledger.person(PEOPLE, side, record_id)
        seen = any(one.record_id == record_id and one.holds(0) for one in person)
        if not seen:
            self.outs.pop((side, record_id), None)
