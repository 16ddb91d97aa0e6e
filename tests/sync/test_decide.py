"""The table of the mapping language: what happens to one line, history by history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connector.port import Edit, System
from mappings.schema import Cell, Direction, Line
from sync.decide import (
    Agree,
    AskTimes,
    Decision,
    EditTimes,
    Leave,
    Park,
    Travel,
    decide,
    ends_of,
)
from sync.model import LineBaseline
from tests.sync.builders import CONTEXT, fold_normal, line, set_normal, side

HUBSPOT, SALESFORCE = System.HUBSPOT, System.SALESFORCE
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def decided(
    rule: Line,
    left: Cell,
    right: Cell,
    base: tuple[Cell, Cell] | None = None,
    times: EditTimes | None = None,
    *,
    still_open: bool = False,
) -> Decision:
    baseline = LineBaseline(rule.hash, *base, open=still_open) if base is not None else None
    return decide(rule, baseline, ends_of(rule, left, right, CONTEXT), times)


def travelled(decision: Decision) -> dict[System, object]:
    assert isinstance(decision, Travel), decision
    return dict(decision.writes)


class TestTwoWay:
    def test_values_that_agree_are_noted(self) -> None:
        """Both sides hold the same: nothing is written."""
        assert decided(line(), "CTO", "CTO") == Agree()

    def test_two_blanks_agree(self) -> None:
        """An empty string of blanks and a null are the same nothing."""
        assert decided(line(), None, "  ", ("CTO", "CTO")) == Agree()

    def test_the_filled_side_fills_the_blank_one_at_the_first_pairing(self) -> None:
        """Nobody is overwritten, and nothing stays blank that one side knows."""
        assert travelled(decided(line(), "CTO", None)) == {SALESFORCE: "CTO"}
        assert travelled(decided(line(), None, "CTO")) == {HUBSPOT: "CTO"}

    def test_a_first_pairing_with_two_values_leaves_both(self) -> None:
        """`fill_blanks` lists the difference and remembers what each side held."""
        assert decided(line(), "CTO", "CEO") == Leave(open=True, seen=True)

    def test_a_first_pairing_may_name_a_winner(self) -> None:
        """The other side's value gives way and is kept."""
        decision = decided(line(first_pairing="hubspot"), "CTO", "CEO")
        assert travelled(decision) == {SALESFORCE: "CTO"}
        assert isinstance(decision, Travel)
        assert (decision.policy, decision.winner) == ("hubspot", "hubspot")

    def test_a_lone_edit_travels(self) -> None:
        """One side changed: it goes over to the other, whichever it is."""
        assert travelled(decided(line(), "CEO", "CTO", ("CTO", "CTO"))) == {SALESFORCE: "CEO"}
        assert travelled(decided(line(), "CTO", "CEO", ("CTO", "CTO"))) == {HUBSPOT: "CEO"}

    def test_a_lossy_copy_is_no_edit(self) -> None:
        """A side that stores lower case is compared with what it really held."""
        assert decided(line(), "Ann@X", "ann@x", ("Ann@X", "ann@x")) == Leave()

    def test_a_lone_blank_travels_like_a_value(self) -> None:
        """`clear` is the default: somebody emptied the field on purpose."""
        decision = decided(line(), None, "CTO", ("CTO", "CTO"))
        assert travelled(decision) == {SALESFORCE: None}
        assert isinstance(decision, Travel)
        assert decision.rule == "blank"

    def test_keep_holds_a_blank_back(self) -> None:
        """A blank is no change and alters neither side."""
        assert decided(line(when_blank="keep"), None, "CTO", ("CTO", "CTO")) == Leave()

    def test_keep_lets_the_other_sides_edit_fill_the_blank(self) -> None:
        """The blank stands aside for a value."""
        decision = decided(line(when_blank="keep"), None, "CEO", ("CTO", "CTO"))
        assert travelled(decision) == {HUBSPOT: "CEO"}

    def test_fill_only_never_touches_a_filled_target(self) -> None:
        """A value travels only into a blank."""
        rule = line(when_blank="fill_only")
        assert decided(rule, "CEO", "CTO", ("CTO", "CTO")) == Leave()
        assert travelled(decided(rule, "CEO", None, (None, None))) == {SALESFORCE: "CEO"}

    def test_a_required_target_keeps_its_value_when_the_source_is_blanked(self) -> None:
        """A target that may not be blank and has no default implies `keep`."""
        rule = line(salesforce=side("title", may_be_blank=False))
        assert decided(rule, None, "CTO", ("CTO", "CTO")) == Leave()

    def test_a_required_target_takes_its_default_instead_of_a_blank(self) -> None:
        """`if_empty_on_create` serves updates of required fields as well."""
        rule = line(salesforce=side("title", may_be_blank=False, placeholder="(unknown)"))
        decision = decided(rule, None, "CTO", ("CTO", "CTO"))
        assert travelled(decision) == {SALESFORCE: "(unknown)"}
        assert isinstance(decision, Travel)
        assert decision.rule == "default"

    def test_a_default_counts_as_blank_when_it_is_read_back(self) -> None:
        """Otherwise the placeholder would travel back as if somebody had typed it."""
        rule = line(salesforce=side("title", may_be_blank=False, placeholder="(unknown)"))
        assert decided(rule, None, "(unknown)", (None, "(unknown)")) == Agree()

    def test_an_edit_ends_an_open_difference_and_keeps_the_loser(self) -> None:
        """The value it overwrites was never agreed, so it must stay restorable."""
        decision = decided(line(), "COO", "CEO", ("CTO", "CEO"), still_open=True)
        assert travelled(decision) == {SALESFORCE: "COO"}
        assert isinstance(decision, Travel)
        assert decision.policy == "first_pairing"

    def test_a_changed_line_starts_over(self) -> None:
        """A baseline under another wording of the line is no baseline (the caller drops it)."""
        assert decided(line(wording="v2"), "CTO", "CEO") == Leave(open=True, seen=True)


class TestDoubleChange:
    def both(self, rule: Line, times: EditTimes | None = None) -> Decision:
        return decided(rule, "COO", "CEO", ("CTO", "CTO"), times)

    def test_newest_asks_for_the_times_first(self) -> None:
        """Edit times cost a call, so they are asked for conflicts only."""
        assert self.both(line()) == AskTimes()

    @pytest.mark.parametrize(
        ("lead", "winner"),
        [
            (timedelta(seconds=5), HUBSPOT),
            (timedelta(seconds=1), SALESFORCE),
            (timedelta(seconds=-5), SALESFORCE),
        ],
    )
    def test_newest_lets_the_later_edit_win(self, lead: timedelta, winner: System) -> None:
        """Within one second of each other Salesforce wins."""
        times = EditTimes(Edit(NOON + lead, by_us=False), Edit(NOON, by_us=False))
        decision = self.both(line(), times)
        assert isinstance(decision, Travel)
        assert decision.winner == winner.value

    def test_newest_without_times_is_salesforce(self) -> None:
        """Unknown is not newer."""
        decision = self.both(line(), EditTimes(None, None))
        assert travelled(decision) == {HUBSPOT: "CEO"}

    def test_a_named_side_wins_and_the_rule_says_so(self) -> None:
        """The loser is named by the policy in plans and logs."""
        decision = self.both(line(both_changed="hubspot"))
        assert isinstance(decision, Travel)
        assert (decision.rule, travelled(decision)) == ("conflict:hubspot", {SALESFORCE: "COO"})

    def test_park_lets_a_person_decide(self) -> None:
        """Neither value is touched."""
        decision = self.both(line(both_changed="park"))
        assert isinstance(decision, Park)
        assert (decision.cause, decision.conflict) == ("conflict", "park")

    def test_larger_and_smaller_order_the_values(self) -> None:
        """COO stands after CEO; a blank is smaller than everything."""
        assert travelled(self.both(line(both_changed="larger"))) == {SALESFORCE: "COO"}
        assert travelled(self.both(line(both_changed="smaller"))) == {HUBSPOT: "CEO"}
        blanked = decided(line(both_changed="larger"), None, "CEO", ("CTO", "CTO"))
        assert travelled(blanked) == {HUBSPOT: "CEO"}

    def test_union_keeps_what_either_added_and_drops_what_either_removed(self) -> None:
        """Three-way per element."""
        rule = line(both_changed="union", normal=set_normal)
        decision = decided(rule, "a;c", "b;d", ("a;b", "a;b"))
        assert travelled(decision) == {HUBSPOT: "c;d", SALESFORCE: "c;d"}

    def test_both_changed_to_the_same_value_is_an_agreement(self) -> None:
        """No conflict, nothing to write."""
        rule = line(normal=fold_normal)
        assert decided(rule, "CEO", "ceo", ("CTO", "CTO")) == Agree()


class TestOneWay:
    rule = line(direction=Direction.TO_SALESFORCE)

    def test_the_source_fills_a_blank_target(self) -> None:
        """First pairing of a one-way line."""
        assert travelled(decided(self.rule, "CTO", None)) == {SALESFORCE: "CTO"}

    def test_the_target_never_travels_back(self) -> None:
        """A filled target beside a blank source is left and remembered."""
        assert decided(self.rule, None, "CTO") == Leave(seen=True)

    def test_an_edit_of_the_target_is_put_back_and_kept(self) -> None:
        """Rule `restored`: the source owns the field."""
        decision = decided(self.rule, "CTO", "CEO", ("CTO", "CTO"))
        assert isinstance(decision, Travel)
        assert (decision.rule, decision.policy) == ("restored", "restored")
        assert travelled(decision) == {SALESFORCE: "CTO"}

    def test_the_source_wins_a_double_change(self) -> None:
        """`both_changed` has no say on a one-way line."""
        decision = decided(self.rule, "COO", "CEO", ("CTO", "CTO"))
        assert travelled(decision) == {SALESFORCE: "COO"}

    def test_the_other_way_round_salesforce_is_the_source(self) -> None:
        """`<-` mirrors `->`."""
        rule = line(direction=Direction.TO_HUBSPOT)
        assert travelled(decided(rule, "COO", "CEO", ("COO", "CTO"))) == {HUBSPOT: "CEO"}
