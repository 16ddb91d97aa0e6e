"""Occurrences of the events API behind the port."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from connector.errors import Rejected
from connector.hubspot.client import HubSpotConnector
from connector.hubspot.settings import HubSpotSettings
from tests.sandbox.hubspot_scene import Scene, opened

KIND, URL = "occurrences", "https://www.example.com/pricing"


@pytest.fixture
def scene() -> Iterator[Scene]:
    with opened() as one:
        yield one


def connector(scene: Scene) -> HubSpotConnector:
    settings = HubSpotSettings(base_url=scene.url, access_token=scene.org.access_token)
    return HubSpotConnector(settings, clock=scene.clock)


def test_all_pages_are_read_and_the_end_moves_the_cursor(scene: Scene) -> None:
    """A walk that is cut off begins again; what is near the end is told once more."""
    hubspot, ann = connector(scene), scene.contact(email="ann@example.com")
    began = hubspot.cursor_at(scene.clock() - timedelta(hours=1))
    ids = [scene.org.visit(ann, f"{URL}/{number}") for number in range(230)]
    pages = list(hubspot.changed_since(KIND, (), began))
    assert [len(page.records) for page in pages] == [100, 100, 30]
    assert [record.id for page in pages for record in page.records] == ids
    assert [page.cursor for page in pages[:2]] == [began, began]
    assert pages[0].records[0].values == {
        "eventType": "e_visited_page",
        "objectId": ann,
        "occurredAt": "2026-11-20T03:00:00.123Z",
        "hs_url": f"{URL}/0",
        "hs_title": None,
    }
    scene.clock.advance(3600)
    later = scene.org.visit(ann, URL)
    ends = pages[-1].cursor
    assert ends is not None
    again = list(hubspot.changed_since(KIND, ("objectId",), ends))[-1]
    overlap = hubspot.changed_since(KIND, (), str(again.cursor))
    assert again.records[-1].id == later
    assert again.records[-1].values == {"objectId": ann}
    assert [record.id for page in overlap for record in page.records] == [later]


def test_occurrences_are_read_and_never_written(scene: Scene) -> None:
    """They say what they are, and refuse the rest with a reason."""
    hubspot = connector(scene)
    assert "hs_url" in hubspot.describe(KIND).fields
    for ask in (
        lambda: list(hubspot.list_all(KIND, ())),
        lambda: hubspot.get_many(KIND, ["1"], ()),
    ):
        with pytest.raises(Rejected, match="occurrences"):
            ask()
    [refused] = hubspot.delete_many(KIND, ["1"])
    assert isinstance(refused, Rejected)
