"""What the ledger promises about consent and about people who are to be forgotten."""

from __future__ import annotations

from datetime import timedelta

from connector.consents import Statement
from connector.port import System
from mappings.schema import OwnName
from sync.lanes import Lane
from sync.ledger import Carrier, Handover, Ledger, RecordNames, Ring
from sync.model import Said
from tests.contract.ledger_builders import (
    HUBSPOT,
    NOW,
    PEOPLE,
    SALESFORCE,
    begin,
    conflict,
    draft,
    paired,
    parked,
    see,
    sight,
    unbound,
)

ANN = "ann@example.com"
LATER = NOW + timedelta(hours=1)
MAIL, COOKIE = OwnName("email", ANN), OwnName("visitor", "v1")
PROOF = Statement(False, LATER, "FORM", "CONSENT_WITH_NOTICE")


def due(ledger: Ledger) -> set[tuple[System, str]]:
    spread = ledger.consent_spread(PEOPLE, ["email"], LATER)
    return {(one.system, one.record_id) for one in spread}


def out(at: object = NOW) -> Said:
    return Said(0, "email", Statement(True, at))  # type: ignore[arg-type]  # a time or None


def opted_out(record_id: str, values: str = "out") -> object:
    return sight(record_id, values, addresses=(ANN,), consent=1)._replace(said=(out(),))


class PrivacyPromises:
    """Who is the same person, what they said, and how they are forgotten."""

    def test_a_partner_shares_the_opt_out(self, ledger: Ledger) -> None:
        """Without a common address too."""
        paired(ledger)
        see(ledger, HUBSPOT, sight("1", "out", addresses=(ANN,), consent=1))
        assert due(ledger) == {(SALESFORCE, "003A")}

    def test_a_survivor_inherits_the_opt_out(self, ledger: Ledger) -> None:
        """The loser is gone, and its opt-out is not."""
        see(ledger, SALESFORCE, sight("003A", consent=1), sight("003B"), sight("003C"))
        ledger.went(PEOPLE, SALESFORCE, "003A", "003B", kind="merged")
        ledger.went(PEOPLE, SALESFORCE, "003B", "003C", kind="merged")
        assert due(ledger) == {(SALESFORCE, "003C")}
        found = {one.record_id for one in ledger.person(PEOPLE, SALESFORCE, "003C")}
        assert found == {"003A", "003C"} | ({"003B"} & found)

    def test_an_opt_out_on_file_outlives_its_flag(self, ledger: Ledger) -> None:
        """Whoever said it is told again, and so are others of that address, until a proof is on file."""
        see(ledger, HUBSPOT, opted_out("1"), sight("2", addresses=(ANN,)))  # type: ignore[arg-type]  # a Sighting
        see(ledger, HUBSPOT, sight("1", "unticked", addresses=(ANN,)))
        assert due(ledger) == {(HUBSPOT, "1"), (HUBSPOT, "2")}
        early = PROOF._replace(at=NOW - timedelta(hours=1))
        ledger.note_proof(PEOPLE, 0, "email", early, [(HUBSPOT, "1")])
        assert due(ledger) == {(HUBSPOT, "1"), (HUBSPOT, "2")}
        ledger.note_proof(PEOPLE, 0, "email", PROOF, [(HUBSPOT, "1")])
        assert due(ledger) == set()

    def test_a_proof_from_the_future_lifts_nothing_yet(self, ledger: Ledger) -> None:
        """Later it does."""
        see(ledger, HUBSPOT, opted_out("1"))  # type: ignore[arg-type]  # a Sighting
        see(ledger, HUBSPOT, sight("1", "unticked", addresses=(ANN,)))
        late = PROOF._replace(at=LATER + timedelta(hours=1))
        ledger.note_proof(PEOPLE, 0, "email", late, [(HUBSPOT, "1")])
        assert due(ledger) == {(HUBSPOT, "1")}
        tomorrow = LATER + timedelta(days=1)
        assert list(ledger.consent_spread(PEOPLE, ["email"], tomorrow)) == []

    def test_one_record_is_asked_as_all_are(self, ledger: Ledger) -> None:
        """A round looks at single rows."""
        see(ledger, HUBSPOT, opted_out("1"))  # type: ignore[arg-type]  # a Sighting
        see(ledger, HUBSPOT, sight("1", "unticked"), sight("2"))
        rows = {i: ledger.known(PEOPLE, HUBSPOT, [i])[i].row_id for i in ("1", "2")}

        def asked(record_id: str) -> list[str]:
            some = frozenset({rows[record_id]})
            spread = ledger.consent_spread(PEOPLE, ["email"], LATER, some)
            return [one.record_id for one in spread]

        assert (asked("1"), asked("2")) == (["1"], [])

    def test_an_opt_out_keeps_the_time_of_its_first_sight(self, ledger: Ledger) -> None:
        """However often the record changes for other reasons."""
        see(ledger, HUBSPOT, opted_out("1"))  # type: ignore[arg-type]  # a Sighting
        again = sight("1", "moved", addresses=(ANN,), consent=1)
        see(ledger, HUBSPOT, again._replace(said=(out(LATER),)))
        said = ledger.statements(PEOPLE, "email", [(HUBSPOT, "1")])
        assert said == {(HUBSPOT, "1"): [Statement(True, NOW)]}

    def test_an_opt_out_after_an_opt_in_is_a_new_one(self, ledger: Ledger) -> None:
        """Although the record holds again what it held before."""
        see(ledger, HUBSPOT, opted_out("1"))  # type: ignore[arg-type]  # a Sighting
        ledger.let_in(PEOPLE, HUBSPOT, "1", Said(0, "email", PROOF))
        assert [one.consent for one in ledger.person(PEOPLE, HUBSPOT, "1")] == [0]
        again = sight("1", "out", addresses=(ANN,), consent=1)
        newest = LATER + timedelta(hours=1)
        see(ledger, HUBSPOT, again._replace(said=(out(newest),)))
        said = ledger.statements(PEOPLE, "email", [(HUBSPOT, "1")])[HUBSPOT, "1"]
        assert sorted(said) == sorted([PROOF, Statement(True, newest)])

    def test_a_refused_opt_out_is_counted_until_it_is_taken(self, ledger: Ledger) -> None:
        """Once per record, however often it was tried; a record without an address is not counted."""
        see(ledger, HUBSPOT, sight("1"), sight("2"))
        for _ in range(2):
            ledger.refuse_opt_out(PEOPLE, HUBSPOT, "1", "email", "read_only", NOW)
        ledger.refuse_opt_out(PEOPLE, HUBSPOT, "2", "email", "required_blank", NOW)
        assert ledger.refused_opt_outs() == {PEOPLE: 1}
        assert ledger.without_address(PEOPLE) == {(HUBSPOT, "2")}
        assert [ring.record_id for ring in ledger.unrung_refusals(PEOPLE, limit=9)] == ["1"]
        ledger.hold_opt_out(PEOPLE, HUBSPOT, "1", out())
        assert ledger.refused_opt_outs() == {}

    def test_an_erasure_is_noted_with_its_delivery(self, ledger: Ledger) -> None:
        """Once, however often it is delivered."""
        for _ in range(2):
            rings = [Ring(HUBSPOT, "contacts", "1")]
            ledger.take_in([Handover(HUBSPOT, rings, 1, [("contacts", "1")])], NOW)
        assert [one.record_id for one in ledger.pending_erasures()] == ["1"]
        assert ledger.unrung_erasures() == []

    def test_the_forgotten_leave_rows_that_count_and_nothing_else(self, ledger: Ledger) -> None:
        """Pair, journal, conflict, quarantine, keys, addresses and consent."""
        see(ledger, HUBSPOT, sight("1", keys=(ANN,), addresses=(ANN,), consent=1))
        see(ledger, SALESFORCE, sight("003A", addresses=(ANN,), external_key="1"))
        ledger.bind(unbound("1", "003A"), NOW)
        run = begin(ledger)
        ledger.intend(run.id, [draft()], NOW)
        ledger.note_conflicts(run.id, [conflict()], NOW)
        ledger.park([parked()], NOW)
        ledger.ask_to_erase(HUBSPOT, "contacts", "1", NOW, own=False)
        [asked] = ledger.pending_erasures()
        carriers, addresses = ledger.carriers(asked)
        assert [(one.record_id, one.origin) for one in carriers] == [("1", True), ("003A", False)]
        ledger.forget(asked, carriers, addresses, 1, LATER)
        assert ledger.record(PEOPLE, HUBSPOT, "1") is None
        assert ledger.parked_list() == []
        assert ledger.conflicts() == []
        assert ledger.history(SALESFORCE, "Contact", "003A") == []
        assert len(ledger.open_entries(PEOPLE)) == 1
        assert ledger.open_entries(PEOPLE)[0].changes == ()
        assert ledger.pair_count(PEOPLE) == 0
        assert ledger.address_holders(PEOPLE, SALESFORCE, [ANN]) == {}
        assert ledger.erased_since(NOW) == 1

    def test_the_forgotten_are_known_again(self, ledger: Ledger) -> None:
        """By address, by id, and by the partner that somebody names; until they are let in again."""
        see(ledger, HUBSPOT, sight("1", addresses=(ANN,)))
        ledger.ask_to_erase(HUBSPOT, "contacts", "1", NOW, own=False)
        [asked] = ledger.pending_erasures()
        ledger.forget(asked, *ledger.carriers(asked), 0, NOW)
        records = {
            "by address": RecordNames([(HUBSPOT, "contacts", "7")], [ANN]),
            "by id": RecordNames([(HUBSPOT, "contacts", "1")], []),
            "another object": RecordNames([(HUBSPOT, "companies", "1")], []),
            "somebody else": RecordNames([(HUBSPOT, "contacts", "8")], ["bob@example.com"]),
        }
        assert ledger.forgotten_among(records) == {"by address", "by id"}
        assert ledger.release(ANN)
        assert ledger.forgotten_among(records) == {"by id"}

    def test_another_object_with_the_same_id_is_left_alone(self, ledger: Ledger) -> None:
        """HubSpot counts each object by itself."""
        see(ledger, HUBSPOT, sight("1", addresses=(ANN,)))
        run = begin(ledger)
        ledger.note_sightings(run.id, "companies", HUBSPOT, "companies", [sight("1")])
        ledger.ask_to_erase(HUBSPOT, "contacts", "1", NOW, own=False)
        [asked] = ledger.pending_erasures()
        carriers, addresses = ledger.carriers(asked)
        assert carriers == [Carrier(PEOPLE, HUBSPOT, "contacts", "1", origin=True)]
        ledger.forget(asked, carriers, addresses, 0, NOW)
        assert ledger.record("companies", HUBSPOT, "1") is not None

    # What was said at the website's doors -------------------------------------------------------

    def test_a_barred_name_is_known_again_until_a_later_yes(self, ledger: Ledger) -> None:
        """For what was said, by exactly this name; the last no counts."""
        other = OwnName("email", "bob@example.com")
        for at in (LATER, NOW):
            ledger.bar(("tracking", "profiling"), [MAIL, COOKIE], at)
        assert ledger.barred([MAIL, COOKIE, other, OwnName("hubspotutk", "v1")]) == {MAIL, COOKIE}
        assert ledger.unbar(("tracking",), [MAIL], NOW) == 0, "it came before the no"
        assert ledger.unbar(("tracking",), [MAIL, COOKIE], LATER) == 2
        assert ledger.barred([MAIL, COOKIE]) == {MAIL, COOKIE}
        assert ledger.unbar(("profiling",), [COOKIE], LATER) == 1
        assert ledger.barred([MAIL, COOKIE]) == {MAIL}

    def test_the_forgotten_are_barred_by_address_and_id(self, ledger: Ledger) -> None:
        """Whatever came of their records; nobody is, where nobody was forgotten."""
        contact = OwnName("hubspot_contact_id", "1")
        assert not ledger.anybody_barred()
        see(ledger, HUBSPOT, sight("1", addresses=(ANN,)))
        ledger.ask_to_erase(HUBSPOT, "contacts", "1", NOW, own=False)
        [asked] = ledger.pending_erasures()
        ledger.forget(asked, *ledger.carriers(asked), 0, NOW)
        assert ledger.anybody_barred()
        assert ledger.barred([MAIL, contact, COOKIE]) == {MAIL, contact}

    def test_an_opt_out_of_a_record_forbids_its_names(self, ledger: Ledger) -> None:
        """Its address, its contact's id; for the lines that count, on either side."""
        see(ledger, HUBSPOT, sight("1", consent=1), sight("2", consent=2))
        see(ledger, SALESFORCE, sight("003A", addresses=(ANN,), consent=2))
        ids = {OwnName("hubspot_contact_id", one) for one in ("1", "2", "3")}
        assert ledger.forbidden({PEOPLE: 1}, [MAIL, COOKIE, *ids]) == {
            OwnName("hubspot_contact_id", "1")
        }
        assert ledger.forbidden({PEOPLE: 2}, [MAIL, *ids]) == {
            MAIL,
            OwnName("hubspot_contact_id", "2"),
        }
        assert ledger.forbidden({}, [MAIL]) == set()

    def test_what_somebody_says_is_said_for_each_record_of_theirs(self, ledger: Ledger) -> None:
        """It is rung for in the lane of consent, and is due until the record holds it."""
        see(ledger, HUBSPOT, sight("1", addresses=(ANN,)), sight("2"), sight("3"))
        see(ledger, SALESFORCE, sight("003A", addresses=(ANN,)))
        names = [MAIL, OwnName("hubspot_contact_id", "2")]
        rings = ledger.say(PEOPLE, out(), names)
        assert {(one.system, one.record_id, one.lane) for one in rings} == {
            (HUBSPOT, "1", Lane.CONSENT),
            (HUBSPOT, "2", Lane.CONSENT),
            (SALESFORCE, "003A", Lane.CONSENT),
        }
        assert due(ledger) == {(HUBSPOT, "1"), (HUBSPOT, "2"), (SALESFORCE, "003A")}
        ledger.hold_opt_out(PEOPLE, HUBSPOT, "1", out())
        assert (HUBSPOT, "1") not in due(ledger)

    def test_an_opt_in_that_is_proved_elsewhere_is_due_where_the_opt_out_is_held(
        self, ledger: Ledger
    ) -> None:
        """Until it is lifted; an older one, and one without an opt-out on file, is not."""
        see(ledger, HUBSPOT, opted_out("1"), sight("2", consent=1))  # type: ignore[arg-type]  # a Sighting
        ids = [OwnName("hubspot_contact_id", one) for one in ("1", "2")]
        early = PROOF._replace(at=NOW - timedelta(hours=1))
        ledger.say(PEOPLE, Said(0, "email", early), ids)
        assert due(ledger) == set()
        ledger.say(PEOPLE, Said(0, "email", PROOF), ids)
        assert due(ledger) == {(HUBSPOT, "1")}
        ledger.let_in(PEOPLE, HUBSPOT, "1", Said(0, "email", PROOF))
        assert due(ledger) == set()

    def test_who_looked_at_whom_is_on_record(self, ledger: Ledger) -> None:
        """The latest first, and by what was looked at."""
        ledger.note_look("aiko", "intent.detail", "person:1", NOW)
        ledger.note_look("ben", "something else", "person:1", NOW)
        ledger.note_look("ben", "intent.detail", "person:2", LATER)
        found = ledger.looks("intent.detail")
        assert [(one.who, one.whom, one.at) for one in found] == [
            ("ben", "person:2", LATER),
            ("aiko", "person:1", NOW),
        ]
