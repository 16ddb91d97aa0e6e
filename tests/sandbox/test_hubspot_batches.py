"""Promises of the HubSpot practice org about batches: what fails in part and what fails as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hubspot.crm.contacts.exceptions import ApiException

from tests.sandbox.hubspot_scene import Scene, opened


@pytest.fixture
def scene() -> Iterator[Scene]:
    with opened() as scene:
        yield scene


def people(scene: Scene, count: int) -> list[str]:
    rows = [{"email": f"p{i}@example.com", "firstname": str(i)} for i in range(count)]
    return scene.org.load("contacts", rows)


def batch(scene: Scene, verb: str, body: Any) -> tuple[int, Any]:
    """The status and the model that the client makes of a batch call."""
    call = getattr(scene.client.crm.contacts.batch_api, f"{verb}_with_http_info")
    data, status, _ = call(body)
    return status, data


def refused(scene: Scene, verb: str, body: Any) -> ApiException:
    with pytest.raises(ApiException) as caught:
        batch(scene, verb, body)
    error: ApiException = caught.value
    return error


def drafts(*emails: str, traced: bool = False) -> dict[str, Any]:
    inputs: list[dict[str, Any]] = [{"properties": {"email": email}} for email in emails]
    if traced:
        inputs = [{**one, "objectWriteTraceId": f"t{i}"} for i, one in enumerate(inputs)]
    return {"inputs": inputs}


def changes(ids: list[str], **properties: Any) -> dict[str, Any]:
    return {"inputs": [{"id": one, "properties": properties} for one in ids]}


def test_results_come_back_in_an_order_of_their_own(scene: Scene) -> None:
    """All inputs are answered, but not in line with them."""
    ids = people(scene, 50)
    status, data = batch(scene, "read", {"inputs": [{"id": one} for one in ids], "properties": []})
    told = [one.id for one in data.results]
    assert status == 200 and sorted(told) == ids and told != ids


def test_reading_unknown_ids_is_207_and_names_them(scene: Scene) -> None:
    """The known ones are answered, one error lists the others."""
    (known,) = people(scene, 1)
    status, data = batch(scene, "read", {"inputs": [{"id": known}, {"id": "999"}]})
    assert status == 207 and [one.id for one in data.results] == [known]
    assert data.errors[0].category == "OBJECT_NOT_FOUND"
    assert data.errors[0].context == {"ids": ["999"]}


def test_reading_by_email_names_the_property_once(scene: Scene) -> None:
    """`idProperty` stands at the top of a batch read."""
    (known,) = people(scene, 1)
    body = {"inputs": [{"id": "P0@example.com"}], "idProperty": "email", "properties": ["email"]}
    assert [one.id for one in batch(scene, "read", body)[1].results] == [known]


def test_a_created_batch_is_201(scene: Scene) -> None:
    """Every input becomes a record."""
    status, data = batch(scene, "create", drafts("a@example.com", "b@example.com"))
    assert status == 201 and len(data.results) == 2
    assert len(scene.org.records("contacts")) == 2


def test_without_trace_ids_one_duplicate_fails_them_all(scene: Scene) -> None:
    """409, no id in the text, nothing written."""
    people(scene, 1)
    error = refused(scene, "create", drafts("new@example.com", "p0@example.com"))
    assert error.status == 409 and '"message":"Contact already exists"' in error.body
    assert len(scene.org.records("contacts")) == 1


def test_without_trace_ids_one_bad_value_fails_them_all(scene: Scene) -> None:
    """400 for the whole batch, and nothing tells which input it was."""
    error = refused(scene, "create", drafts("good@example.com", "bad"))
    assert error.status == 400 and "INVALID_EMAIL" in error.body
    assert scene.org.records("contacts") == {}


def test_with_trace_ids_each_input_stands_for_itself(scene: Scene) -> None:
    """207: the good one is written, the others are named by their trace ids."""
    (known,) = people(scene, 1)
    body = drafts("good@example.com", "p0@example.com", "bad", "good@example.com", traced=True)
    status, data = batch(scene, "create", body)
    assert status == 207 and data.num_errors == 3
    assert [one.object_write_trace_id for one in data.results] == ["t0"]
    told = {one.context["objectWriteTraceId"][0]: one for one in data.errors}
    assert told["t1"].context["existingId"] == [known]
    assert told["t2"].category == "VALIDATION_ERROR" and told["t3"].category == "CONFLICT"


def test_a_repeated_trace_id_is_as_good_as_none(scene: Scene) -> None:
    """Only trace ids that tell all inputs apart give 207."""
    body = drafts("good@example.com", "bad", traced=True)
    body["inputs"][1]["objectWriteTraceId"] = "t0"
    assert refused(scene, "create", body).status == 400


def test_updating_an_unknown_id_is_207_and_the_others_are_written(scene: Scene) -> None:
    """Trace ids or not."""
    (known,) = people(scene, 1)
    status, data = batch(scene, "update", changes([known, "999"], city="Nara"))
    assert status == 207 and scene.held(known)["city"] == "Nara"
    assert data.errors[0].context == {"ids": ["999"]}


def test_one_bad_value_fails_a_whole_update(scene: Scene) -> None:
    """400 and nobody is written."""
    ids = people(scene, 2)
    body = changes(ids, city="Nara")
    body["inputs"][1]["properties"]["hs_lead_status"] = "nonsense"
    assert refused(scene, "update", body).status == 400
    assert all("city" not in held for held in scene.org.records("contacts").values())


def test_a_taken_address_fails_a_whole_update(scene: Scene) -> None:
    """Two records cannot swap or share an address."""
    ids = people(scene, 2)
    error = refused(scene, "update", changes(ids, email="same@example.com"))
    assert error.status == 409
    assert scene.held(ids[0])["email"] == "p0@example.com"


@pytest.mark.parametrize("verb", ["update", "upsert"])
def test_the_same_id_twice_fails_the_whole_batch(scene: Scene, verb: str) -> None:
    """400 naming the ids."""
    (known,) = people(scene, 1)
    error = refused(scene, verb, changes([known, known], city="Nara"))
    assert error.status == 400 and f"Duplicate IDs found in batch input: [{known}]" in error.body


def test_ids_merged_away_are_silently_left_out(scene: Scene) -> None:
    """Update answers 200 without them, and no error."""
    first, second, third = people(scene, 3)
    merged = scene.org.merge("contacts", first, second)
    status, data = batch(scene, "update", changes([first, third], city="Nara"))
    assert status == 200 and not getattr(data, "errors", None)
    assert [one.id for one in data.results] == [third]
    assert "city" not in scene.held(merged)


def test_upsert_by_a_unique_property_creates_or_updates(scene: Scene) -> None:
    """`new` tells which of both it was."""
    scene.org.define(
        "contacts",
        name="salesforce_id",
        label="Salesforce id",
        type="string",
        fieldType="text",
        groupName="contactinformation",
        hasUniqueValue=True,
    )
    body = {
        "inputs": [
            {"id": key, "idProperty": "salesforce_id", "properties": {"firstname": key}}
            for key in ("003A", "003B")
        ]
    }
    first = batch(scene, "upsert", body)[1]
    again = batch(scene, "upsert", body)[1]
    assert [one.new for one in first.results] == [True, True]
    assert [one.new for one in again.results] == [False, False]
    held = {one["salesforce_id"] for one in scene.org.records("contacts").values()}
    assert held == {"003A", "003B"}


def test_upsert_needs_a_unique_property(scene: Scene) -> None:
    """400 for any other, `hs_object_id` included."""
    for name in ("city", "hs_object_id"):
        body = {"inputs": [{"id": "1", "idProperty": name, "properties": {"city": "Nara"}}]}
        error = refused(scene, "upsert", body)
        assert "Unable to perform update/upsert by non-unique 0-1 property" in error.body


def test_archiving_a_batch_is_204_for_unknown_ids_too(scene: Scene) -> None:
    """Nothing to say."""
    (known,) = people(scene, 1)
    status, _ = batch(scene, "archive", {"inputs": [{"id": known}, {"id": "999"}]})
    assert status == 204 and scene.org.archived("contacts") == [known]


def test_batches_have_sizes(scene: Scene) -> None:
    """One at least, 100 at most, 50 with history."""
    hundred_one = {"inputs": [{"id": str(i)} for i in range(1, 102)]}
    fifty_one = {"inputs": hundred_one["inputs"][:51], "propertiesWithHistory": ["email"]}
    for body, text in (
        ({"inputs": []}, "at least one object"),
        (hundred_one, "100"),
        (fifty_one, "property histories is 50"),
    ):
        error = refused(scene, "read", body)
        assert error.status == 400 and text in error.body
