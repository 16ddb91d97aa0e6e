"""What people forbid and allow at the doors, over a real store: a no lasts, a yes needs its proof."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from intent.model import Identity
from intent.store import SqlIntentStore
from sync.interest import intent_store
from sync.ledger import Ledger, LedgerUnavailable
from sync.withdrawing import Withdrawer
from tests.contract.intake_suite import doors
from tests.intent.visits import DEFINITION, NOW, told
from tests.webhooks.website import answer_of, beacon, post
from webhooks.intent import Nobody

ANN, V1 = "ann@acme.co.jp", "v1"
NO = {"tracking": "denied"}
PROOF = {"tracking": "granted", "source": "preference page", "basis": "consent"}


@dataclass
class House:
    """Doors, a store and whoever hears wishes; tests move the time at which they are heard."""

    ledger: Ledger
    now: datetime = NOW

    @cached_property
    def store(self) -> SqlIntentStore:
        return intent_store(self.ledger)

    @cached_property
    def client(self) -> FlaskClient:
        people = Withdrawer(
            store=self.store,
            ledger=self.ledger,
            mappings=list,
            clock=lambda: self.now,
        )
        return doors(self.store, people=lambda: people)

    def server(self, *rows: dict[str, Any]) -> list[str]:
        """The codes of what is refused to a server."""
        return [one["code"] for one in answer_of(post(self.client, list(rows)))["rejected"]]

    def browser(self, *rows: dict[str, Any]) -> list[str]:
        """The codes of what is refused to a browser."""
        return [one["code"] for one in answer_of(beacon(self.client, list(rows)))["rejected"]]

    def known(self, email: str = ANN) -> bool:
        return bool(self.store.subjects_by("email", [email]))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A new ledger."""
    ledger = Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    yield House(ledger)
    ledger.close_all()


def seen(number: int, **more: Any) -> dict[str, Any]:
    """A page view of Ann's, unless it says otherwise."""
    return told(event_id=f"e{number}", **more)


def test_whoever_said_no_is_refused_from_then_on(house: House) -> None:
    """By every name that she was known by, whatever the sender still believes; others are not."""
    assert house.server(seen(1, visitor=V1)) == []
    house.store.score_some(DEFINITION, NOW, part=0, parts=1)
    assert house.server(told(event_id="no", email=ANN, consent=NO)) == ["no_consent"]
    assert not house.known()
    again = post(house.client, [seen(2), seen(3, email=None, visitor=V1), seen(4, email="b@c.jp")])
    rejected = answer_of(again)["rejected"]
    assert [(one["index"], one["code"]) for one in rejected] == [
        (0, "no_consent"),
        (1, "no_consent"),
    ]
    assert "evidence" in rejected[0]["message"]
    assert "acme" not in rejected[0]["message"]
    assert not house.known()
    assert house.browser(seen(5, email=None, visitor=V1)) == ["no_consent"]


def test_a_no_is_heard_while_scores_are_made_anew(house: House) -> None:
    """The definition was changed a moment ago; the rest of the request is taken, too."""
    house.server(seen(1))
    house.store.score_some(replace(DEFINITION, hash="before"), NOW, part=0, parts=1)
    rows = [told(event_id="no", email=ANN, consent=NO), seen(2, email="b@c.jp")]
    answer = post(house.client, rows)
    assert (answer.status_code, answer_of(answer)["accepted"]) == (202, 1)
    assert (house.known(), house.known("b@c.jp")) == (False, True)


def test_a_yes_with_its_proof_lets_in_the_event_that_brings_it(house: House) -> None:
    """An older one does not, nor does one that nobody can prove."""
    house.server(told(event_id="no", email=ANN, consent=NO))
    early = PROOF | {"given_at": (NOW - timedelta(days=1)).isoformat()}
    late = PROOF | {"given_at": (NOW + timedelta(minutes=2)).isoformat()}
    assert house.server(seen(1, consent=early)) == ["no_consent"]
    assert house.server(seen(2, consent=late | {"basis": None})) == ["no_consent"]
    assert house.server(seen(3, consent=late)) == []
    assert house.server(seen(4)) == []
    assert house.known()


def test_a_yes_that_lifts_nothing_is_told_why(house: House) -> None:
    """One from the future, one that is older than the no, and none at all have a sentence each."""

    def message(number: int, **consent: str) -> str:
        rows = [seen(number, consent=PROOF | consent)]
        return str(answer_of(post(house.client, rows))["rejected"][0]["message"])

    house.server(told(event_id="no", email=ANN, consent=NO))
    assert "dated in the future" in message(1, given_at=(NOW + timedelta(hours=1)).isoformat())
    assert "newer one" in message(2, given_at=(NOW - timedelta(hours=1)).isoformat())
    assert "only fresh evidence" in message(3)


def test_a_no_is_counted_in_its_answer(house: House) -> None:
    """As heard, beside the reason why its event is not kept; an answer without one does not speak of it."""
    rows = [told(event_id="no", email=ANN, consent=NO), seen(2, email="b@c.jp")]
    answer = answer_of(post(house.client, rows))
    assert (answer["heard"], answer["accepted"], len(answer["rejected"])) == (1, 1, 1)
    page = [told(event_id="bye", email=None, visitor=V1, consent=NO)]
    assert answer_of(beacon(house.client, page))["heard"] == 1
    assert "heard" not in answer_of(post(house.client, [seen(3, email="b@c.jp")]))
    nobody = [told(event_id="x", email="b@c.jp", visitor=None, consent=NO)]
    assert "heard" not in answer_of(beacon(house.client, nobody))


def test_a_browsers_no_ends_what_is_known_by_its_cookie(house: House) -> None:
    """The person goes too, if it is one; an address that a page merely names is nobody's no."""
    house.browser(seen(1, email=None, visitor=V1), seen(2, visitor=V1))
    house.server(seen(3, email="b@c.jp"))
    house.store.score_some(DEFINITION, NOW, part=0, parts=1)
    gone = told(event_id="no", type="unsubscribe", email="b@c.jp", visitor=V1, consent=NO)
    assert house.browser(gone) == ["no_consent"]
    assert (house.known(), house.known("b@c.jp")) == (False, True)
    assert house.browser(seen(4, email=None, visitor=V1)) == ["no_consent"]
    assert house.server(seen(5), seen(6, email="b@c.jp")) == ["no_consent"]


def test_a_browser_that_agrees_anew_is_let_in(house: House) -> None:
    """It says since when; that it is a page of the site is known by where it comes from."""
    house.browser(told(event_id="no", email=None, visitor=V1, consent=NO))
    assert house.browser(seen(1, email=None, visitor=V1)) == ["no_consent"]
    anew = {"tracking": "granted", "given_at": (NOW + timedelta(minutes=1)).isoformat()}
    assert house.browser(seen(2, email=None, visitor=V1, consent=anew)) == []
    assert house.browser(seen(3, email=None, visitor=V1)) == []


class Away(Nobody):
    """Nobody knows who has forbidden what."""

    def unwilling(self, people: Iterable[Identity]) -> Collection[Identity]:
        raise LedgerUnavailable("the disk is full")


def test_nothing_is_taken_while_nobody_knows_who_forbids_it(house: House) -> None:
    """503: the sender comes back."""
    answer = post(doors(house.store, people=Away), seen(1))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert not house.known()
