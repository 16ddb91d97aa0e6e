"""What the store of website intent promises of many at once, and of names that are found on a record."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from intent.model import Card, Subject
from intent.store import SqlIntentStore
from tests.contract.intent_builders import (
    ANN,
    BOB,
    FIRST,
    LATER,
    NOW,
    account,
    emptied,
    event,
    person,
    points,
    score,
    visitor,
)

HOUR = timedelta(hours=1)
CONTACT = ("hubspot_contact_id", "101")


class TogetherContract:
    """Each file brings a fixture `engine`."""

    @pytest.fixture
    def store(self, engine: Engine) -> SqlIntentStore:
        """An empty store: to make the tables anew for each test would take longer than all of them."""
        return emptied(engine)

    def test_evidence_of_many_is_that_of_each(self, store: SqlIntentStore) -> None:
        """Of people, a cookie that two of them shared, an account and somebody unknown; the newest ones."""
        for number, email in enumerate((ANN, BOB, "eve@acme.example")):
            score(
                store,
                event(visitor="shared", email=email, ago=(20 - 5 * number) * HOUR),
                event("pricing_view", visitor="shared", ago=(19 - 5 * number) * HOUR),
                event("form", email=email, ago=number * HOUR),
                event("pricing_view", email=email, ago=(50 + number) * HOUR),
            )
        nobody = Subject("person", "nobody")
        everybody = [person(store), person(store, BOB), account(), visitor("shared"), nobody]
        for limit in (1, 2, 200):
            found = store.evidence_of(everybody, FIRST, 0, limit)
            assert {*found} == {*everybody}
            for one in everybody:
                assert found[one] == store.evidence(one, FIRST, 0, limit)
        assert [len(found[one]) for one in everybody] == [5, 5, 10, 0, 0]
        times = [one.at for one in found[account()]]
        assert times == sorted(times, reverse=True)

    def test_the_newest_are_read_where_there_are_more(self, store: SqlIntentStore) -> None:
        """Several at the same moment, too: as many as were asked for, and none that is older."""
        score(
            store,
            *(event("pricing_view", email=ANN, ago=number // 3 * HOUR) for number in range(30)),
        )
        ann = person(store)
        (found,) = store.evidence_of([ann], FIRST, 0, 7).values()
        assert found == store.evidence(ann, FIRST, 0)[:7]

    def test_a_name_on_a_record_of_theirs_is_no_news(self, store: SqlIntentStore) -> None:
        """Whoever bears it is known by it, and nobody is looked at or told anything for it."""
        ann = _told(store, ANN)
        store.name_also(
            [(("email", ANN), CONTACT), (("email", BOB), ("email", "b@b.example"))], LATER
        )
        assert store.subjects_by(*_asked(CONTACT)) == {"101": ann}
        assert store.subjects_by("email", [BOB, "b@b.example"]) == {}, "nobody is made up"
        assert store.touched(10, LATER) == []
        assert store.not_true([ann]) == set()
        assert store.moved(10) == {}

    def test_a_name_of_somebody_else_joins_both(self, store: SqlIntentStore) -> None:
        """What was told of them is not true any more, and they have one history from now on."""
        ann = _told(store, ANN)
        score(store, event("form", contact="101"))
        other = store.subjects_by(*_asked(CONTACT))["101"]
        store.name_also([(("email", ANN), CONTACT)], LATER)
        assert store.subjects_by(*_asked(CONTACT)) == {"101": ann}
        assert store.moved(10) == {other: ann}
        assert store.not_true([ann]) == {ann}
        assert ann in store.touched(10, LATER)
        assert points(store, ann) > 40

    def test_what_comes_in_under_the_new_name_is_theirs(self, store: SqlIntentStore) -> None:
        """Events of the contact count for whoever was known by the address."""
        ann = _told(store, ANN)
        store.name_also([(("email", ANN), CONTACT)], LATER)
        score(store, event("form", contact="101"))
        assert points(store, ann) > 40
        assert ann in store.touched(10, LATER)


def _asked(name: tuple[str, str]) -> tuple[str, list[str]]:
    return name[0], [name[1]]


def _told(store: SqlIntentStore, email: str) -> Subject:
    """Somebody with an address whom both systems were told of, and nothing is left to be done about."""
    score(store, event("form", email=email, ago=HOUR))
    who = person(store, email)
    whom = store.touched(10, NOW)
    store.tell([Card(subject=who, at=NOW, engagement=40)], dict.fromkeys(whom), NOW)
    return who
