"""The links 受諾 and 差し戻し: what they decide, what they refuse and why; a hand-over has one verdict."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.definition import Definition, Reason, ReasonClass
from lifecycle.model import Role, Stage, Standing, Subject
from lifecycle.tickets import (
    LONGEST_COMMENT,
    Filled,
    Given,
    Now,
    Ticket,
    TicketRefused,
    Why,
    check,
    offered,
    page,
    read,
    request_of,
    sign,
    texts,
)
from mappings.faults import Language

NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)
LATER = NOW + timedelta(days=7)
ANN = Subject("person", "ann:1")
SECRETS = ("invented secret",)
SHARED = Definition(
    id="qualified_lead",
    version=7,
    effective_from=date(2026, 4, 1),
    hash="h7",
    owners={"marketing": "mkt@example.com", "sales": "head@example.com"},
    reasons={
        "timing": Reason(code="timing", ja="時期尚早", en="too early", kind="recycle"),
        "not_worked": Reason(code="not_worked", ja="未対応", en="not worked", kind="recycle"),
    },
)
IS_FS = replace(SHARED, preset="jp_is_fs")
MQL = Standing(subject=ANN, stage=Stage.MQL, number=3, handed_to="seller@example.com")
ACCEPT = Ticket(ANN, 3, "accept", LATER)
BACK = ACCEPT._replace(what="send_back")


def refusal(asked: Callable[[], object]) -> str:
    """Why something was refused."""
    with pytest.raises(TicketRefused) as caught:
        asked()
    return caught.value.why


# Tokens -------------------------------------------------------------------------------------------


@given(
    st.builds(
        Ticket,
        st.builds(Subject, st.sampled_from(["person", "account"]), st.text(max_size=40)),
        st.integers(1, 10**6),
        st.sampled_from(["accept", "send_back"]),
        st.integers(1, 10**6).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    )
)
def test_a_ticket_comes_back_as_it_was_signed(ticket: Ticket) -> None:
    """Whatever keys look like; and the token is fit for an address as it is."""
    token = sign(ticket, SECRETS)
    assert read(token, SECRETS, NOW) == ticket
    assert set(token) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


@given(st.integers(0, 200), st.characters(codec="ascii", categories=["L", "N"]))
def test_a_changed_token_decides_nothing_else(place: int, character: str) -> None:
    """Any one character changed: it is refused, or it says what was signed."""
    token = sign(ACCEPT, SECRETS)
    at = place % len(token)
    changed = token[:at] + character + token[at + 1 :]
    try:
        assert read(changed, SECRETS, NOW) == ACCEPT
    except TicketRefused as error:
        assert error.why in {"tampered", "unreadable"}


def test_a_token_with_another_payload_is_tampered_with() -> None:
    """Accept for send back, another person, a later end: the signature covers all of it."""
    payload, signature = sign(ACCEPT, SECRETS).rsplit(".", 1)
    said = json.loads(base64.urlsafe_b64decode(payload + "=="))
    for change in ({"w": "send_back"}, {"n": 4}, {"e": said["e"] + 1}, {"s": ["person", "bob"]}):
        other = base64.urlsafe_b64encode(json.dumps(said | change).encode()).decode().strip("=")
        assert refusal(lambda o=other: read(f"{o}.{signature}", SECRETS, NOW)) == "tampered"  # type: ignore[misc]


def test_a_token_ends_at_the_callers_clock() -> None:
    """A second before it is good, and then it is not."""
    token = sign(ACCEPT, SECRETS)
    assert read(token, SECRETS, LATER - timedelta(seconds=1)) == ACCEPT
    assert refusal(lambda: read(token, SECRETS, LATER)) == "expired"


@pytest.mark.parametrize("token", ["", "abc", "x" * 5_000, "受諾", "\x00"])
def test_what_is_no_token_is_unreadable(token: str) -> None:
    """Cut off by a mail program, or written by hand."""
    assert refusal(lambda: read(token, SECRETS, NOW)) == "unreadable"


def test_a_secret_can_be_changed_while_links_are_out() -> None:
    """The last one signs; the one before is honoured until it is taken away."""
    token = sign(ACCEPT, ["before"])
    assert read(token, ["before", "now"], NOW) == ACCEPT
    assert refusal(lambda: read(token, ["now"], NOW)) == "tampered"
    assert read(sign(ACCEPT, ["before", "now"]), ["now"], NOW) == ACCEPT


@pytest.mark.parametrize("secrets", [[], [""]])
def test_nothing_is_signed_without_a_secret(secrets: list[str]) -> None:
    """An empty one is none."""
    with pytest.raises(ValueError, match="secret"):
        sign(ACCEPT, secrets)


# What a ticket may decide -------------------------------------------------------------------------


def test_a_link_is_about_one_hand_over() -> None:
    """Once somebody decided, or came back in another cycle, it is about the past."""
    assert check(ACCEPT, SHARED, MQL) == MQL
    for stood in (replace(MQL, number=4), replace(MQL, stage=Stage.CUSTOMER), None):
        assert refusal(lambda s=stood: check(ACCEPT, SHARED, s)) == "overtaken"  # type: ignore[misc]


def test_accepting_is_the_step_into_sal_in_both_presets() -> None:
    """Where inside sales judges first, their judgement takes a talk, and no link stands for that."""
    sql = replace(MQL, stage=Stage.SQL)
    assert offered(SHARED, MQL) == ("accept", "send_back")
    assert offered(IS_FS, MQL) == ("send_back",)
    assert offered(IS_FS, sql) == ("accept", "send_back")
    assert offered(SHARED, replace(MQL, stage=Stage.RECYCLED)) == ()


def test_pressing_accept_asks_in_the_name_of_whom_it_was_handed_to() -> None:
    """What was filled in of the other form is not looked at."""
    found = request_of(ACCEPT, SHARED, MQL, Filled(reason="timing"), NOW)
    assert (found.to, found.role, found.actor) == (Stage.SAL, Role.SALES, "seller@example.com")
    assert (found.reason, found.reactivate_on, found.source) == (None, None, "kakehashi")


def test_pressing_send_back_carries_reason_comment_and_day() -> None:
    """A long comment is cut, and blanks are none."""
    filled = Filled("timing", "来期", " x" * LONGEST_COMMENT, date(2027, 4, 1))
    found = request_of(BACK, IS_FS, MQL, filled, NOW)
    assert (found.to, found.role, found.reason) == (Stage.RECYCLED, Role.INSIDE_SALES, "timing")
    assert (found.sub_reason, found.reactivate_on) == ("来期", date(2027, 4, 1))
    assert len(found.comment or "") == LONGEST_COMMENT
    assert request_of(BACK, SHARED, MQL, Filled("timing", " ", " "), NOW).comment is None


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        (None, "no_reason"),
        ("", "no_reason"),
        ("x", "unknown_reason"),
        ("not_worked", "unknown_reason"),
    ],
)
def test_nothing_is_sent_back_without_a_reason_of_the_list(reason: str | None, why: str) -> None:
    """The reason of a rule is none for a person."""
    assert refusal(lambda: request_of(BACK, SHARED, MQL, Filled(reason), NOW)) == why


def test_a_day_that_is_over_is_asked_for_anew() -> None:
    """The form comes back; nothing was decided."""
    filled = Filled("timing", reactivate_on=NOW.date() - timedelta(days=400))
    assert refusal(lambda: request_of(BACK, SHARED, MQL, filled, NOW)) == "past_day"


def test_both_links_of_a_hand_over_are_one_request() -> None:
    """Whichever is pressed first is on file under its id; the other one comes too late."""
    accept = request_of(ACCEPT, SHARED, MQL, Filled(), NOW)
    back = request_of(BACK, SHARED, MQL, Filled("timing"), LATER)
    assert accept.id == back.id
    assert "ann" not in accept.id
    again = request_of(ACCEPT._replace(entry=4), SHARED, replace(MQL, number=4), Filled(), NOW)
    assert again.id != accept.id


# What people read ---------------------------------------------------------------------------------


def test_opening_a_link_shows_a_page_and_asks_for_the_button() -> None:
    """The reasons stand before the free text, without the one of a rule."""
    accept, back = (
        page(ACCEPT, SHARED, MQL, "アン 様", NOW, "ja"),
        page(BACK, SHARED, MQL, "Ann", NOW, "en"),
    )
    assert (accept.title, accept.button, accept.reasons) == ("リードを受諾する", "受諾する", ())
    assert "アン 様" in accept.lines[0]
    assert [one.label for heap in back.reasons for one in heap.choices] == ["too early"]
    assert (back.button, page(BACK, SHARED, MQL, "x", NOW, "ja").button) == (
        "Send back for nurturing",
        "再育成へ戻す",
    )


def test_reasons_are_offered_by_where_they_lead() -> None:
    """Whoever chooses one sees whether the lead comes back; one that was given too often puts out."""
    kinds: dict[str, ReasonClass] = {
        "do_not_contact": "suppress",
        "timing": "recycle",
        "partner": "route",
        "not_target": "disqualify",
        "unreachable": "recycle",
    }
    reasons = {
        code: Reason(code=code, ja=code, en=code, kind=kind, times=2)
        for code, kind in kinds.items()
    }
    shared = replace(SHARED, reasons=reasons)
    tired = replace(MQL, reasons={"unreachable": 2})

    def offered_to(standing: Standing) -> list[tuple[str, list[str]]]:
        heaps = page(BACK, shared, standing, "Ann", NOW, "en").reasons
        return [(heap.label, [one.code for one in heap.choices]) for heap in heaps]

    back, out, elsewhere = (texts()["leads"][one]["en"] for one in ("back", "out", "elsewhere"))
    assert offered_to(MQL) == [
        (back, ["timing", "unreachable"]),
        (out, ["do_not_contact", "not_target"]),
        (elsewhere, ["partner"]),
    ]
    assert dict(offered_to(tired))[out] == ["do_not_contact", "not_target", "unreachable"]


def test_the_first_day_to_look_again_is_tomorrow_where_people_work() -> None:
    """At seven in the evening in London it is tomorrow in Tokyo already."""
    evening = NOW.replace(hour=19)
    assert page(BACK, SHARED, MQL, "Ann", NOW, "en").earliest == "2026-11-27"
    assert page(BACK, SHARED, MQL, "Ann", evening, "en").earliest == "2026-11-28"


def test_a_name_fills_no_slot_of_its_own() -> None:
    """Braces in a name are braces."""
    assert "{name} {0}" in page(ACCEPT, SHARED, MQL, "{name} {0}", NOW, "en").lines[0]


def test_every_reason_for_refusing_is_said_in_both_languages() -> None:
    """None is missing, and none is said that is not there."""
    assert set(texts()["refused"]) == set(get_args(Why))
    for why in get_args(Why):
        assert TicketRefused(why).message("en") != TicketRefused(why).message("ja")


def test_a_link_that_is_used_says_which_verdict_counts_when_and_where_the_lead_stands() -> None:
    """In the business's own time, and nothing of why or of whom."""
    stood = replace(MQL, stage=Stage.SAL, comment="a secret", reason="timing")
    now = Now(SHARED, stood, Given("accepted", NOW))
    assert TicketRefused("used", now).lines("en")[1:] == (
        "The lead was accepted by it on Thu 26 Nov 2026, 19:00 (Asia/Tokyo).",
        "Where the lead stands now: SAL",
    )
    assert TicketRefused("used", now).lines("ja")[1:] == (
        "判定: 受諾(2026年11月26日(木) 19:00 (Asia/Tokyo))",
        "現在のステージ: SAL(営業受諾)",
    )
    for what in get_args(get_type_hints(Given)["what"]):
        for language in get_args(Language):
            told = TicketRefused("used", now._replace(given=Given(what, NOW))).lines(language)
            assert len(told) == 3
            assert "{" not in "".join(told)
            assert "secret" not in "".join(told)
