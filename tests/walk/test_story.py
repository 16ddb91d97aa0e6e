"""One lead over real processes: to sales, back with a reason, a rest, in again by a surge, and won."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lifecycle.model import Entry
from lifecycle.store import SqlLifecycleStore
from sandbox.serve import Sandbox
from sync.interest import intent_store
from tests.walk.story import COMMENT, PATIENCE, Story, begun
from tests.walk.test_privacy import MARKETING


@pytest.fixture
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    sandbox = Sandbox.start(people=20, seed=11, limits=False)
    story = begun(tmp_path_factory.mktemp("story"), sandbox)
    yield story
    story.live.stop()
    sandbox.stop()


def history(story: Story) -> list[Entry]:
    with story.live.ledger() as ledger:
        who = intent_store(ledger).subjects_by("email", [story.email])[story.email]
        return list(SqlLifecycleStore(ledger.engine).history(who))


def was_sent_back(story: Story) -> None:
    """Marketing reads why, in HubSpot."""
    back = story.hubspot()
    assert (back["reason"], back["comment"], back["count"]) == ("timing", COMMENT, "1")
    assert back["nurture"] == "true"
    assert back["questions"]
    opts_out_and_in_again(story)


def opts_out_and_in_again(story: Story) -> None:
    """A no to mail in one org ends the nurturing in the other; a proved yes resumes it."""
    salesforce, hubspot = story.live.sandbox.salesforce, story.live.sandbox.hubspot
    salesforce.edit(story.pair.object, story.pair.record, {"HasOptedOutOfEmail": True})
    story.live.wait(lambda: story.hubspot()["nurture"] == "false", PATIENCE, "the end of it")
    story.live.wait(lambda: hubspot.opted_out(story.email), PATIENCE, "the opt-out itself")
    story.live.settle()
    hubspot.sign_up(story.email, MARKETING)
    story.live.wait(lambda: story.hubspot()["nurture"] == "true", PATIENCE, "it once more")


def rests(story: Story) -> None:
    """Whatever her company does, until the day for looking again."""
    assert story.stands("recycled")
    assert story.hubspot()["returned"] is None or story.hubspot()["returned"] == "false"


def came_back(story: Story) -> None:
    """With the reason of the last time, for a seller to judge anew; the card tells of it in both systems."""
    again = story.salesforce()
    assert COMMENT in str(again["card"])
    assert again["card"] == story.hubspot()["card"]
    assert (again["cycle"], again["returned"], again["because"]) == (2, True, "surge")
    assert (again["reason"], again["verdict"]) == ("timing", "pending")


LOOKS = {"sent_back": was_sent_back, "rests": rests, "returned": came_back}


def test_a_lead_goes_to_sales_and_back_and_in_again_and_is_won(story: Story) -> None:
    """Every step stands in both systems and once in the ledger; nothing is left to write."""
    for step in story.way():
        LOOKS.get(step, lambda _story: None)(story)
    assert [(one.transition, one.stage.value, one.cycle) for one in history(story)] == [
        ("T1", "lead", 1),
        ("T2", "mql", 1),
        ("T4", "recycled", 1),
        ("review", "recycled", 1),
        ("T15", "mql", 2),
        ("T3", "sal", 2),
        ("T8", "sql", 2),
        ("T10", "opportunity", 2),
        ("T12", "customer", 2),
    ]
    assert story.live.admin.run("plan", "--json").json["changes"] == []
