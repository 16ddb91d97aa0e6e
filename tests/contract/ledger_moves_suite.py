"""What the ledger promises about pairs that became others, and who waited for that; see `ledger_suite`."""

from __future__ import annotations

from sync.ledger import Ledger
from sync.model import LineBaseline
from tests.contract.ledger_builders import (
    HUBSPOT,
    NOW,
    PEOPLE,
    SALESFORCE,
    agreement,
    paired,
    parked,
    see,
    sight,
)

BASELINE = {"title": LineBaseline("h", "CTO", "CTO")}


def ended(ledger: Ledger, left: str, right: str) -> int:
    """A pair that agreed on something and was ended by a merge."""
    pair_id = paired(ledger, left, right)
    ledger.agree([agreement(pair_id, baseline=BASELINE)], NOW)
    ledger.unbind(pair_id, "merged", NOW)
    return pair_id


class MovePromises:
    """Records that live on in others."""

    def test_pairs_that_went_into_one_in_both_systems_are_found_latest_first(
        self, ledger: Ledger
    ) -> None:
        """Those of which only one record went there are other people's."""
        first, second = ended(ledger, "2", "003B"), ended(ledger, "3", "003C")
        ended(ledger, "4", "003D")
        kept = ledger.pair(paired(ledger, "1", "003A"))
        assert kept is not None
        assert ledger.absorbed(PEOPLE, [kept]) == {}
        for left, right in (("2", "003B"), ("3", "003C")):
            ledger.went(PEOPLE, HUBSPOT, left, "1", kind="merged")
            ledger.went(PEOPLE, SALESFORCE, right, "003A", kind="merged")
        ledger.went(PEOPLE, HUBSPOT, "4", "1", kind="merged")
        found = ledger.absorbed(PEOPLE, [kept])
        assert {name: [one.id for one in some] for name, some in found.items()} == {
            "1": [second, first]
        }
        assert found["1"][0].baseline == BASELINE

    def test_what_a_record_agreed_on_last_outlives_its_pair(self, ledger: Ledger) -> None:
        """The later of two pairs counts; of a record that was never paired nothing is known."""
        ended(ledger, "1", "003A")
        assert ledger.agreed_last(PEOPLE, SALESFORCE, "003A") == BASELINE
        assert ledger.agreed_last(PEOPLE, HUBSPOT, "1") == BASELINE
        paired(ledger, "2", "003A")
        assert ledger.agreed_last(PEOPLE, SALESFORCE, "003A") == {}
        see(ledger, HUBSPOT, sight("9"))
        assert ledger.agreed_last(PEOPLE, HUBSPOT, "9") == {}

    def test_a_key_is_due_when_nobody_holds_it_any_more(self, ledger: Ledger) -> None:
        """Of the pair whose key it is, and of no other line, record or key."""
        for left, right in (("1", "003A"), ("2", "003B")):
            paired(ledger, left, right)
        rows = [parked("003A", "key"), parked("003A", "title"), parked("003B", "key")]
        ledger.park(rows, NOW)
        assert ledger.retry_keys(PEOPLE, SALESFORCE, ["7"]) == []
        assert ledger.retry_keys(PEOPLE, SALESFORCE, ["1"]) == [("Contact", "003A")]
        assert ledger.retry_keys(PEOPLE, SALESFORCE, ["1"]) == []
        left_over = {(one.parked.record_id, one.parked.line) for one in ledger.parked_list()}
        assert left_over == {("003A", "title"), ("003B", "key")}

    def test_a_key_of_a_pair_that_has_ended_is_nobodys(self, ledger: Ledger) -> None:
        """Whoever held it before gets nothing by it."""
        pair_id = paired(ledger, "1", "003A")
        ledger.park([parked("003A", "key")], NOW)
        ledger.unbind(pair_id, "merged", NOW)
        assert ledger.retry_keys(PEOPLE, SALESFORCE, ["1"]) == []

    def test_what_was_seen_in_a_parked_record_stays_until_the_cause_is_another(
        self, ledger: Ledger
    ) -> None:
        """Whoever parks it again for the same says nothing of it; its lines are another matter."""
        ledger.park([parked("003A"), parked("003A", "title", fingerprint="f")], NOW)
        ledger.mark_parked(PEOPLE, SALESFORCE, {"003A": "seen", "003B": "nobody"})
        ledger.park([parked("003A")], NOW)
        assert marks(ledger) == {None: "seen", "title": "f"}
        ledger.park([parked("003A", cause="refused")], NOW)
        assert marks(ledger) == {None: "", "title": "f"}


def marks(ledger: Ledger) -> dict[str | None, str]:
    found = ledger.parked_for(PEOPLE, SALESFORCE, ["003A"])
    return {one.line: one.fingerprint for one in found["003A"]}
