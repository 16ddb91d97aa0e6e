"""Promises of the HubSpot practice org about search."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hubspot.crm.contacts.exceptions import ApiException

from tests.sandbox.hubspot_scene import NOON, Scene, opened


@pytest.fixture
def scene() -> Iterator[Scene]:
    with opened(search_limit=1000) as scene:
        yield scene


def find(scene: Scene, *filters: dict[str, Any], **body: Any) -> Any:
    groups = [{"filters": list(filters)}] if filters else []
    api = scene.client.crm.contacts.search_api
    return api.do_search({"filterGroups": groups, **body})


def where(name: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
    return {"propertyName": name, "operator": operator, "value": value, **more}


def names(found: Any) -> set[str]:
    return {one.properties["firstname"] for one in found.results}


@pytest.fixture
def people(scene: Scene) -> list[str]:
    return scene.org.load(
        "contacts",
        [
            {"firstname": "Ann", "email": "ann@example.com", "hs_lead_status": "NEW"},
            {"firstname": "Ben", "email": "ben@example.co.jp", "hs_lead_status": "OPEN"},
            {"firstname": "Cho", "phone": "03-1234-5678"},
        ],
    )


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (where("email", "EQ", "ANN@example.com"), {"Ann"}),
        (where("hs_lead_status", "EQ", "new"), set()),
        (where("hs_lead_status", "NEQ", "NEW"), {"Ben"}),
        (where("firstname", "IN", values=["ann", "cho"]), {"Ann", "Cho"}),
        (where("email", "IN", values=["ann@example.com"]), {"Ann"}),
        (where("email", "IN", values=["ANN@example.com"]), set()),
        (where("email", "HAS_PROPERTY"), {"Ann", "Ben"}),
        (where("email", "NOT_HAS_PROPERTY"), {"Cho"}),
        (where("email", "CONTAINS_TOKEN", "*@example.co.jp"), {"Ben"}),
        (where("lastmodifieddate", "GTE", "2026-11-20T03:00:00.123Z"), {"Ann", "Ben", "Cho"}),
        (where("lastmodifieddate", "GT", str(round(NOON.timestamp() * 1000))), set()),
    ],
)
def test_operators(
    scene: Scene, people: list[str], one: dict[str, Any], expected: set[str]
) -> None:
    """Case matters on enumerations only, IN wants lower case, NEQ passes over blanks."""
    assert people
    assert names(find(scene, one, properties=["firstname"])) == expected


def test_groups_are_or_and_filters_and(scene: Scene, people: list[str]) -> None:
    """Two groups widen, two filters narrow."""
    assert people
    ann, ben = where("firstname", "EQ", "Ann"), where("firstname", "EQ", "Ben")
    api = scene.client.crm.contacts.search_api
    wide = api.do_search(
        {"filterGroups": [{"filters": [ann]}, {"filters": [ben]}], "properties": ["firstname"]}
    )
    assert names(wide) == {"Ann", "Ben"} and find(scene, ann, ben).total == 0


def test_a_walk_by_id_meets_everyone_once(scene: Scene) -> None:
    """Sorted by id, each page asking for greater ids than the last."""
    ids = scene.org.load("contacts", [{"firstname": str(i)} for i in range(450)])
    met: list[str] = []
    while True:
        page = find(
            scene,
            where("hs_object_id", "GT", met[-1] if met else "0"),
            sorts=[{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            limit=200,
        )
        met += [one.id for one in page.results]
        if page.paging is None:
            break
    assert met == ids


def test_paging_ends_at_ten_thousand_though_the_total_is_true(scene: Scene) -> None:
    """`after` plus `limit` beyond 10,000 is 400."""
    scene.org.load("contacts", [{"firstname": str(i)} for i in range(10_001)])
    assert find(scene, limit=200, after="9800").total == 10_001
    with pytest.raises(ApiException) as refused:
        find(scene, limit=200, after="9801")
    assert refused.value.status == 400


def test_searches_have_limits(scene: Scene) -> None:
    """Five groups, six filters each, 200 hits, 3,000 characters, one sort."""
    one = where("firstname", "EQ", "Ann")
    api = scene.client.crm.contacts.search_api
    for body in (
        {"filterGroups": [{"filters": [one]}] * 6},
        {"filterGroups": [{"filters": [one] * 7}]},
        {"filterGroups": [], "limit": 201},
        {"filterGroups": [], "query": "x" * 3000},
        {"filterGroups": [], "sorts": ["createdate", "firstname"]},
    ):
        with pytest.raises(ApiException) as refused:
            api.do_search(body)
        assert refused.value.status == 400


def test_five_searches_a_second_and_a_body_of_its_own() -> None:
    """The sixth is 429 without policy name or error type; no answer tells of the window."""
    with opened() as scene:
        answers = [scene.send("POST", "/crm/v3/objects/deals/search", {}) for _ in range(6)]
        assert [one.status_code for one in answers] == [200] * 5 + [429]
        body = answers[5].json()
        assert body["message"] == "You have reached your secondly limit."
        assert not {"policyName", "errorType"} & body.keys()
        assert "Retry-After" not in answers[5].headers
        assert "X-HubSpot-RateLimit-Max" not in answers[0].headers
        scene.clock.advance(1)
        assert scene.send("POST", "/crm/v3/objects/deals/search", {}).status_code == 200


def test_the_index_runs_late() -> None:
    """A change shows after 50 to 150 % of the lag; until then the old value is found and told."""
    with opened(search_lag=60, search_limit=1000) as scene:
        record_id = scene.org.load("contacts", [{"firstname": "Ann"}])[0]
        scene.org.edit("contacts", record_id, {"firstname": "Anna"})
        scene.org.create("contacts", {"firstname": "New"})
        early = find(scene, properties=["firstname"])
        assert names(early) == {"Ann"}
        scene.clock.advance(91)
        assert names(find(scene, properties=["firstname"])) == {"Anna", "New"}


def test_changes_reach_a_late_index_out_of_order() -> None:
    """Some later change is visible before an earlier one."""
    with opened(search_lag=60, search_limit=1000) as scene:
        for number in range(40):
            scene.org.create("contacts", {"firstname": f"{number:02}"})
            scene.clock.advance(1)
        scene.clock.advance(20)
        met = sorted(names(find(scene, limit=200, properties=["firstname"])))
        assert met and met != [f"{number:02}" for number in range(len(met))]


def test_archived_records_never_appear(scene: Scene, people: list[str]) -> None:
    """Not even a moment after."""
    scene.org.archive("contacts", people[0])
    assert find(scene).total == 2


def test_companies_associated_with_a_contact_can_be_searched(scene: Scene) -> None:
    """The pseudo-property ``associations.contact``."""
    one, _ = scene.org.load("companies", [{"name": "A"}, {"name": "B"}])
    contact = scene.org.load("contacts", [{"firstname": "Ann", "@company": one}])[0]
    told = scene.client.crm.companies.search_api.do_search(
        {"filterGroups": [{"filters": [where("associations.contact", "EQ", contact)]}]}
    )
    assert [hit.id for hit in told.results] == [one]
