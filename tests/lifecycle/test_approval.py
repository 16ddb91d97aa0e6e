"""Who agreed to which text, and which one is in force: both, exactly this text, and never in the past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.approval import (
    DEPARTMENTS,
    Version,
    begin_of,
    in_force,
    is_same_person,
    look,
    never_begins,
    objection,
)
from lifecycle.definition import Approval, Definition, Department

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
OWNERS: dict[Department, str] = {"marketing": "m.sato", "sales": "k.tanaka"}


def text(version: int = 1, since: date = date(2026, 4, 1), **more: object) -> Definition:
    """A definition; the hash is that of its number, unless it is said."""
    plain = Definition(
        id="q", version=version, effective_from=since, hash=f"h{version}", owners=OWNERS
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def word(
    of: Definition, department: Department, at: datetime = NOON, by: str | None = None
) -> Approval:
    return Approval(of.hash, department, by or of.owners[department], at)


def approved(of: Definition, at: datetime = NOON) -> Version:
    return Version(definition=of, approvals=tuple(word(of, one, at) for one in DEPARTMENTS))


def number_at(versions: Sequence[Version], at: datetime) -> int | None:
    found = in_force(versions, at)
    return None if found is None else found.definition.version


def test_what_nobody_or_one_department_approved_is_not_in_force() -> None:
    """Both have to agree, and what is missing is named."""
    nobody = Version(definition=text())
    one = Version(definition=text(), approvals=(word(text(), "marketing"),))
    assert (in_force([nobody], NOON), in_force([one], NOON)) == (None, None)
    assert look(text(), [nobody], NOON)[:3] == ("unapproved", ("marketing", "sales"), None)
    assert look(text(), [one], NOON)[:3] == ("half", ("sales",), None)


def test_it_is_in_force_from_the_second_approval_on() -> None:
    """A date that is past changes nothing that was decided before."""
    late = Version(
        definition=text(),
        approvals=(word(text(), "sales", NOON + DAY), word(text(), "marketing", NOON)),
    )
    assert late.begins_at == NOON + DAY
    assert number_at([late], NOON + DAY / 2) is None
    assert number_at([late], NOON + DAY) == 1


def test_a_date_to_come_is_waited_for_where_people_work() -> None:
    """The first of July begins in Tokyo nine hours before it does in Greenwich."""
    july = approved(text(since=date(2026, 7, 1)))
    assert july.begins_at == datetime(2026, 6, 30, 15, tzinfo=UTC)
    assert look(text(since=date(2026, 7, 1)), [july], NOON).state == "waits"
    assert number_at([july], datetime(2026, 6, 30, 15, tzinfo=UTC)) == 1


def test_a_text_edited_after_approval_is_not_in_force_and_the_approved_one_is() -> None:
    """The file says so, and which one counts meanwhile."""
    edited = text(hash="other")
    found = look(edited, [approved(text())], NOON)
    assert (found.state, found.missing) == ("edited", ("marketing", "sales"))
    assert found.in_force is not None
    assert found.in_force.definition.hash == "h1"
    assert objection(edited, "sales", "k.tanaka", [approved(text())]) == "number_taken"


def test_words_for_two_texts_of_one_number_are_no_agreement() -> None:
    """Marketing agreed to one text and sales to another: nothing is in force."""
    mine, theirs = text(hash="a"), text(hash="b")
    versions = [
        Version(definition=mine, approvals=(word(mine, "marketing"),)),
        Version(definition=theirs, approvals=(word(theirs, "sales"),)),
    ]
    found = look(mine, versions, NOON)
    assert (found.state, found.missing, found.elsewhere) == ("half", ("sales",), ("sales",))
    assert in_force(versions, NOON) is None


def test_the_higher_number_counts_once_it_has_begun() -> None:
    """Until then the one before does; the replaced one says so."""
    old, new = approved(text(1)), approved(text(2, date(2026, 7, 1)))
    assert number_at([old, new], NOON) == 1
    assert number_at([old, new], NOON + 40 * DAY) == 2
    assert look(text(1), [old, new], NOON + 40 * DAY).state == "replaced"


def test_a_version_that_is_overtaken_before_its_day_never_begins() -> None:
    """Dates that overlap are told: number 3 is in force before number 2 would have been."""
    later, sooner = approved(text(2, date(2026, 9, 1))), approved(text(3, date(2026, 7, 1)))
    assert never_begins([approved(text(1)), later, sooner]) == (later,)
    assert number_at([later, sooner], NOON + 200 * DAY) == 3


@pytest.mark.parametrize(
    ("department", "by", "why"),
    [
        ("sales", "k.tanaka", None),
        ("sales", " Ｋ.Tanaka ", None),
        ("sales", "m.sato", "other_department"),
        ("marketing", "k.tanaka", "other_department"),
        ("sales", "n.suzuki", "not_owner"),
        ("sales", "", "not_owner"),
    ],
)
def test_each_owner_speaks_for_their_own_department(
    department: Department, by: str, why: str | None
) -> None:
    """Nobody approves for both, whatever the spelling."""
    assert objection(text(), department, by, []) == why


def test_one_person_may_approve_for_both_where_they_own_both() -> None:
    """A small company has one head of both."""
    alone = text(owners={"marketing": "m.sato", "sales": "M.Sato"})
    assert [objection(alone, one, "m.sato", []) for one in DEPARTMENTS] == [None, None]
    assert approved(alone).begins_at == NOON


def test_the_word_of_somebody_who_is_no_owner_counts_for_nothing() -> None:
    """However it came into the store."""
    forged = Version(
        definition=text(),
        approvals=(word(text(), "marketing"), word(text(), "sales", by="m.sato")),
    )
    assert (forged.missing, in_force([forged], NOON)) == (("sales",), None)


def test_an_approval_is_given_once_and_to_no_number_below_an_approved_one() -> None:
    """Two versions never have one number."""
    assert objection(text(1), "sales", "k.tanaka", [approved(text(1))]) == "approved_already"
    assert objection(text(1), "sales", "k.tanaka", [approved(text(2))]) == "number_too_low"
    assert objection(text(3), "sales", "k.tanaka", [approved(text(2))]) is None


def test_of_two_approved_texts_with_one_number_the_first_one_stays() -> None:
    """Only a store that was filled by hand holds them; nothing changes then."""
    first, second = approved(text(hash="a")), approved(text(hash="b"), NOON + DAY)
    for versions in ([first, second], [second, first]):
        assert in_force(versions, NOON + 2 * DAY) == first


words = st.builds(
    lambda number, department, days, by: (number, department, NOON + days * DAY, by),
    st.integers(1, 3),
    st.sampled_from(DEPARTMENTS),
    st.integers(0, 5),
    st.sampled_from(["m.sato", "k.tanaka"]),
)


@given(given_words=st.lists(words, max_size=8), data=st.data())
def test_the_order_of_approvals_and_of_versions_changes_nothing(
    given_words: list[tuple[int, Department, datetime, str]], data: st.DataObject
) -> None:
    """Two people agree in any order, and the store may list them in any."""

    def versions(of: Sequence[tuple[int, Department, datetime, str]]) -> list[Version]:
        return [
            Version(
                definition=text(number),
                approvals=tuple(
                    Approval(f"h{number}", department, by, at)
                    for which, department, at, by in of
                    if which == number
                ),
            )
            for number in (1, 2, 3)
        ]

    shuffled = data.draw(st.permutations(given_words))
    other = data.draw(st.permutations(versions(shuffled)))
    for days in range(7):
        at = NOON + days * DAY
        assert number_at(versions(given_words), at) == number_at(other, at)


SPELLINGS = st.text("aAＡ. \u3000", max_size=4)


@given(SPELLINGS, SPELLINGS)
def test_being_the_same_person_is_mutual(left: str, right: str) -> None:
    """And nobody is nobody."""
    assert is_same_person(left, right) == is_same_person(right, left)
    assert is_same_person(left, left) or not left.strip()
    assert not is_same_person("", "")


def test_a_day_begins_at_midnight() -> None:
    """Of the zone in which people work."""
    assert begin_of(text()).isoformat() == "2026-04-01T00:00:00+09:00"
