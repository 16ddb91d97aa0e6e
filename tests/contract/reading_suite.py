"""The promises of the reading verbs. See `tests/contract/connector_suite.py`."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connector.errors import Rejected
from connector.port import Change, Fate, NewField, Option, Written
from tests.contract.world import World


class KnowingContract:
    """ping, describe, create_field, calls."""

    def test_ping_says_whom_we_talk_to(self, world: World) -> None:
        """The account's id is the one that the ledger is pinned to."""
        account = world.connector.ping()
        assert account.id == world.account_id
        assert account.name

    def test_describe_names_the_fields_with_their_facts(self, world: World) -> None:
        """Unique keys are told as unique; every field stands under its own name."""
        schema = world.connector.describe(world.names.object)
        assert schema.system is world.connector.system
        assert schema.object == world.names.object
        assert all(name == found.name for name, found in schema.fields.items())
        assert schema.fields[world.names.key].unique
        assert schema.fields[world.names.email].kind in {"email", "text"}
        assert schema.fields[world.names.text].kind in {"text", "long_text"}
        assert schema.fields[world.names.text].updateable
        assert not schema.fields[world.names.text].required
        assert world.names.unknown not in schema.fields

    def test_describe_tells_kinds_and_limits(self, world: World) -> None:
        """Numbers, flags and lengths are what the mapping check goes by."""
        fields, names = world.connector.describe(world.names.object).fields, world.names
        if names.number is not None:
            assert fields[names.number].kind == "number"
        if names.flag is not None:
            assert fields[names.flag].kind == "bool"
        if names.short is not None:
            assert fields[names.short].length == names.short_length
        for name in names.required:
            assert fields[name].createable

    def test_an_unknown_object_is_refused_by_name(self, world: World) -> None:
        """`no_such_field`, and not an empty schema."""
        with pytest.raises(Rejected) as refused:
            world.connector.describe("Kakehashi_Nowhere__c")
        assert refused.value.cause == "no_such_field"

    def test_a_field_is_created_once_and_asking_twice_is_no_error(self, world: World) -> None:
        """Afterwards it is described, and takes and gives back values."""
        name = "kakehashi_note__c"
        field = NewField(world.names.object, name, "Kakehashi note", length=40)
        world.connector.create_field(field)
        world.connector.create_field(field)
        assert name in world.connector.describe(world.names.object).fields
        person = world.person_creates(text="a")
        world.connector.update_many(world.names.object, [Change(person, {name: "kept"})])
        found = world.connector.get_many(world.names.object, [person], [name])
        assert found[person].values[name] == "kept"

    def test_a_list_that_is_created_is_closed(self, world: World) -> None:
        """It offers what we named, in our order and with our labels, and takes nothing else."""
        name, labels = "kakehashi_verdict__c", {"pending": "判定待ち", "reject": "差し戻し"}
        options = tuple(Option(value, label) for value, label in labels.items())
        field = NewField(world.names.object, name, "Verdict", kind="picklist", options=options)
        world.connector.create_field(field)
        world.connector.create_field(field)
        found = world.connector.describe(world.names.object).fields[name]
        assert (found.kind, found.closed, found.options) == ("picklist", True, options)
        person = world.person_creates(text="a")
        change = [Change(person, {name: "reject"})], [Change(person, {name: "maybe"})]
        taken, refused = (world.connector.update_many(world.names.object, one)[0] for one in change)
        assert isinstance(taken, Written)
        assert isinstance(refused, Rejected)
        assert (refused.cause, refused.fields) == ("unknown_option", (name,))
        read = world.connector.get_many(world.names.object, [person], [name])
        assert read[person].values[name] == "reject"

    def test_a_list_without_options_is_our_mistake(self, world: World) -> None:
        """Nothing is sent."""
        with pytest.raises(ValueError, match="kakehashi_empty__c"):
            world.connector.create_field(
                NewField(world.names.object, "kakehashi_empty__c", "Empty", kind="picklist")
            )

    def test_a_date_is_created_as_one(self, world: World) -> None:
        """And reads back as the day that was written."""
        name = "kakehashi_review__c"
        world.connector.create_field(NewField(world.names.object, name, "Review", kind="date"))
        assert world.connector.describe(world.names.object).fields[name].kind == "date"
        person = world.person_creates(text="a")
        world.connector.update_many(world.names.object, [Change(person, {name: "2027-04-01"})])
        found = world.connector.get_many(world.names.object, [person], [name])
        assert str(found[person].values[name])[:10] == "2027-04-01"

    def test_calls_are_counted_and_batches_are_full(self, world: World) -> None:
        """250 records are read in at most three calls and written in at most three."""
        people, calls = world.crowd(250), world.connector.calls
        reads, writes = calls.reads, calls.writes
        world.connector.get_many(world.names.object, people, [world.names.text])
        assert 0 < calls.reads - reads <= 3
        assert calls.writes == writes
        changes = [Change(person, {world.names.text: "new"}) for person in people]
        world.connector.update_many(world.names.object, changes)
        assert 0 < calls.writes - writes <= 3


class ReadingContract:
    """get_many and find_many."""

    def test_a_record_is_read_as_its_system_holds_it(self, world: World) -> None:
        """Values by the vendor's names, the object's name, and the time of the last change."""
        before = world.now()
        person = world.person_creates(text="東京 ｶｹﾊｼ", email="ann@example.com")
        record = world.read(person, "text", "email")
        assert (record.object, record.id) == (world.names.object, person)
        assert record.values == {
            world.names.text: "東京 ｶｹﾊｼ",
            world.names.email: "ann@example.com",
        }
        assert record.modified_at is not None
        assert abs(record.modified_at - before) < timedelta(minutes=1)
        assert record.modified_by_us in {False, None}

    def test_a_blank_is_none_and_is_there(self, world: World) -> None:
        """Never the empty text, never left out: absent would mean that it was not returned."""
        person = world.person_creates(text="a")
        world.person_edits(person, {world.names.text: None})
        never_filled = world.person_creates(email="ann@example.com")
        assert world.read(person, "text").values == {world.names.text: None}
        assert world.read(never_filled, "text").values == {world.names.text: None}

    def test_only_fields_that_were_asked_for_are_answered(self, world: World) -> None:
        """What the vendor adds by itself stays out."""
        person = world.person_creates(text="a", email="ann@example.com")
        assert set(world.read(person, "text").values) == {world.names.text}

    def test_a_field_that_does_not_exist_is_never_a_blank(self, world: World) -> None:
        """It is absent from the values, or the read is refused by the field's name."""
        person = world.person_creates(text="a")
        asked = [world.names.text, world.names.unknown]
        try:
            record = world.connector.get_many(world.names.object, [person], asked)[person]
        except Rejected as refused:
            assert refused.cause == "no_such_field"
            assert world.names.unknown in refused.fields
        else:
            assert record.values == {world.names.text: "a"}

    def test_unknown_ids_are_simply_missing(self, world: World) -> None:
        """And so are deleted records; the others are answered."""
        here, gone = world.person_creates(text="a"), world.person_creates(text="b")
        world.person_deletes(gone)
        ids = [world.unknown_id, here, gone]
        assert set(world.connector.get_many(world.names.object, ids, [world.names.text])) == {here}

    def test_no_ids_are_no_records(self, world: World) -> None:
        """An empty batch is answered without a fuss by every verb."""
        connector, name = world.connector, world.names.object
        assert connector.get_many(name, [], [world.names.text]) == {}
        assert not any(connector.find_many(name, world.names.key, [], [world.names.text]).values())
        assert connector.create_many(name, []) == []
        assert connector.update_many(name, []) == []
        assert connector.delete_many(name, []) == []
        assert connector.fates(name, []) == {}

    def test_numbers_and_flags_come_back(self, world: World) -> None:
        """As numbers and booleans or as the vendor's text for them."""
        person = world.person_creates(text="a")
        if world.names.number is not None:
            change = Change(person, {world.names.number: 42})
            world.connector.update_many(world.names.object, [change])
            assert float(str(world.read(person, "number").values[world.names.number])) == 42
        if world.names.flag is not None:
            change = Change(person, {world.names.flag: True})
            world.connector.update_many(world.names.object, [change])
            assert str(world.read(person, "flag").values[world.names.flag]).lower() == "true"

    def test_an_email_is_found_whatever_its_case(self, world: World) -> None:
        """Under the value asked for, and at once after it was written."""
        person = world.person_creates(email="Ann.Case@Example.com", text="a")
        asked = ["ann.case@example.COM", "nobody@example.com"]
        found = world.connector.find_many(
            world.names.object, world.names.email, asked, [world.names.text]
        )
        assert [record.id for record in found[asked[0]]] == [person]
        assert found[asked[0]][0].values == {world.names.text: "a"}
        assert not found.get(asked[1])

    def test_more_keys_than_a_call_takes_are_all_found(self, world: World) -> None:
        """250 of them, one record each."""
        people = world.crowd(250)
        asked = [f"crowd-{n}" for n in range(250)]
        found = world.connector.find_many(
            world.names.object, world.names.key, asked, [world.names.text]
        )
        assert [[record.id for record in found[key]] for key in asked] == [[i] for i in people]

    def test_a_deleted_record_is_not_found_by_its_key(self, world: World) -> None:
        """Otherwise a new birth would be taken for a repeat."""
        person = world.person_creates(text="a", key="k-1")
        world.person_deletes(person)
        found = world.connector.find_many(
            world.names.object, world.names.key, ["k-1"], [world.names.text]
        )
        assert not found.get("k-1")

    @pytest.mark.parametrize("odd", ["o'neil@example.com", "a%b_c@example.com", "a+b@example.com"])
    def test_odd_signs_are_looked_for_and_not_understood(self, world: World, odd: str) -> None:
        """Quotes and wildcards of a query language are just signs of a value."""
        person = world.person_creates(email=odd, text="a")
        world.person_creates(email="axb-c@example.com", text="b")
        found = world.connector.find_many(
            world.names.object, world.names.email, [odd], [world.names.text]
        )
        assert [record.id for record in found[odd]] == [person]


class ListingContract:
    """list_all and changed_since."""

    def test_a_listing_is_complete_and_names_nobody_twice(self, world: World) -> None:
        """Across its pages, with the fields asked for; the last page has no cursor."""
        people = world.crowd(world.paged)
        pages = world.listed()
        listed = [record for page in pages for record in page.records]
        assert len(pages) > 1
        assert sorted(record.id for record in listed) == sorted(people)
        texts = {record.id: record.values[world.names.text] for record in listed}
        assert texts == {person: str(n) for n, person in enumerate(people)}
        assert [page.cursor is None for page in pages] == [False] * (len(pages) - 1) + [True]

    def test_a_listing_is_stable(self, world: World) -> None:
        """The same order each time."""
        world.crowd(world.paged)
        first, second = (
            [record.id for page in world.listed() for record in page.records] for _ in range(2)
        )
        assert first == second

    def test_a_listing_goes_on_after_a_cursor(self, world: World) -> None:
        """Another process takes it up where the first one was killed: nothing missed or repeated."""
        world.crowd(world.paged)
        first, *rest = world.listed()
        resumed = world.listed(after=first.cursor)
        wanted = [record.id for page in rest for record in page.records]
        assert [record.id for page in resumed for record in page.records] == wanted

    def test_the_listing_of_an_empty_object_ends(self, world: World) -> None:
        """With no record in it."""
        assert all((page.records, page.cursor) == ([], None) for page in world.listed())

    def test_deleted_records_and_merge_losers_are_not_listed(self, world: World) -> None:
        """Only their survivors are."""
        deleted, loser, winner = world.crowd(3)
        world.person_deletes(deleted)
        survivor = world.person_merges(loser, winner)
        assert [record.id for page in world.listed() for record in page.records] == [survivor]

    def test_what_changes_after_the_cursor_is_seen(self, world: World) -> None:
        """New records, edits of people and our own writes alike."""
        edited, ours = world.crowd(2)
        world.forward(3600)
        cursor = world.connector.cursor_at(world.now())
        world.forward(1)
        world.person_edits(edited, {world.names.text: "new"})
        world.connector.update_many(world.names.object, [Change(ours, {world.names.text: "new"})])
        born = world.person_creates(text="born")
        world.forward(60)
        seen, _ = world.changed(cursor)
        assert seen >= {edited, ours, born}

    def test_nothing_is_missed_from_look_to_look(self, world: World) -> None:
        """Edits at the very moment of a look are seen by it or by the next one."""
        people = world.crowd(20)
        cursor = world.connector.cursor_at(world.now())
        missing: set[str] = set()
        for person in people:
            world.person_edits(person, {world.names.text: f"edited {person}"})
            missing.add(person)
            seen, cursor = world.changed(cursor)
            missing -= seen
            world.forward(0.4)
        world.forward(60)
        seen, _ = world.changed(cursor)
        assert missing <= seen

    def test_a_quiet_system_still_answers_where_to_go_on(self, world: World) -> None:
        """The last cursor is never None, and a cursor made of it works."""
        world.forward(3600)
        _, cursor = world.changed(world.connector.cursor_at(world.now()))
        world.forward(3600)
        born = world.person_creates(text="born")
        world.forward(60)
        assert born in world.changed(cursor)[0]

    def test_more_changes_than_a_page_holds_are_all_seen(self, world: World) -> None:
        """Even when they share one moment, as after an import."""
        cursor = world.connector.cursor_at(world.now())
        people = world.crowd(world.paged)
        world.forward(60)
        assert world.changed(cursor)[0] >= set(people)

    def test_a_walk_that_was_broken_off_goes_on_from_its_page(self, world: World) -> None:
        """Whoever is killed behind any page takes up the cursor of that page and misses nobody."""
        cursor = world.connector.cursor_at(world.now())
        people = world.crowd(world.paged)
        world.forward(3600)
        pages = world.connector.changed_since(world.names.object, [world.names.text], cursor)
        first = next(pages)
        assert first.cursor is not None
        seen = {record.id for record in first.records} | world.changed(first.cursor)[0]
        assert seen >= set(people)


class LookingBackContract:
    """fates, last_edits, overwritten."""

    def test_the_fate_of_a_live_and_of_a_deleted_record(self, world: World) -> None:
        """Deleted is said with evidence, whoever deleted it."""
        live, theirs, ours = world.crowd(3)
        world.person_deletes(theirs)
        world.connector.delete_many(world.names.object, [ours])
        assert world.connector.fates(world.names.object, [live, theirs, ours]) == {
            live: Fate("live"),
            theirs: Fate("deleted"),
            ours: Fate("deleted"),
        }

    def test_what_never_existed_is_not_visible(self, world: World) -> None:
        """There is no evidence of a deletion, so nobody may act on one."""
        fates = world.connector.fates(world.names.object, [world.unknown_id])
        assert fates == {world.unknown_id: Fate("not_visible")}

    def test_a_merge_leads_to_its_survivor(self, world: World) -> None:
        """Also where the survivor is a new, third record."""
        loser, winner = world.crowd(2)
        survivor = world.person_merges(loser, winner)
        fates = world.connector.fates(world.names.object, [loser, winner])
        assert fates[loser] == Fate("merged", survivor)
        if survivor == winner:
            assert fates[winner] == Fate("live")
        else:
            assert fates[winner] == Fate("merged", survivor)

    def test_the_newest_edit_says_who_it_was(self, world: World) -> None:
        """A person, then us; the time is that of the person where the vendor keeps it."""
        person = world.person_creates(text="a")
        world.forward(60)
        before = world.now()
        world.person_edits(person, {world.names.text: "theirs"})
        names = [world.names.text]
        theirs = world.connector.last_edits(world.names.object, [person], names)
        edit = theirs[person][world.names.text]
        assert edit.by_us is False
        assert edit.at is not None
        assert abs(edit.at - before) < timedelta(seconds=30)
        world.forward(60)
        outcome = world.connector.update_many(
            world.names.object, [Change(person, {world.names.text: "ours"})]
        )
        assert isinstance(outcome[0], Written)
        ours = world.connector.last_edits(world.names.object, [person], names)
        newest = ours[person][world.names.text]
        assert newest.by_us is True
        if world.keeps_history:
            assert newest.at == edit.at

    def test_our_write_over_an_edit_of_a_person_is_told(self, world: World) -> None:
        """The value that was lost is given back; what was there before `since` is not."""
        person = world.person_creates(text="old", email="ann@example.com")
        world.forward(60)
        since = world.now()
        world.forward(1)
        world.person_edits(person, {world.names.text: "theirs"})
        world.forward(1)
        change = Change(person, {world.names.text: "ours", world.names.email: "bob@example.com"})
        world.connector.update_many(world.names.object, [change])
        names = [world.names.text, world.names.email]
        lost = world.connector.overwritten(world.names.object, [person], names, since)
        expected = {person: {world.names.text: "theirs"}} if world.keeps_history else {}
        assert {record: held for record, held in lost.items() if held} == expected

    def test_an_edit_after_our_write_is_not_overwritten(self, world: World) -> None:
        """It stands in the record and will be seen as a change."""
        person = world.person_creates(text="old")
        since = world.now()
        world.forward(1)
        world.connector.update_many(world.names.object, [Change(person, {world.names.text: "o"})])
        world.forward(1)
        world.person_edits(person, {world.names.text: "theirs"})
        lost = world.connector.overwritten(world.names.object, [person], [world.names.text], since)
        assert not lost.get(person)
