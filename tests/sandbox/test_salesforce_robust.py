"""The Salesforce practice org keeps its head: odd input, packed bodies, many callers at once."""

from __future__ import annotations

import gzip
import json
import threading
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.behaviour import system_clock
from sandbox.salesforce import writing
from sandbox.salesforce.answers import Refusal, Refused
from sandbox.salesforce.org import SalesforceOrg
from sandbox.salesforce.state import Actor
from tests.sandbox.salesforce_served import Served, lead

pytest_plugins = ["tests.sandbox.salesforce_fixtures"]
KEY = "HubSpot_Id__c"
_ORG = SalesforceOrg(clock=system_clock)
_FIELDS = sorted(_ORG.state.tables["Lead"].schema.fields)
_VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=50)
    | st.datetimes().map(lambda moment: f"{moment.isoformat(timespec='seconds')}+14:00")
    | st.dates().map(str)
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2)
)


def _post(served: Served, data: bytes, **headers: str) -> requests.Response:
    token = served.client().session_id
    return requests.post(
        f"{served.url}/services/data/v62.0/sobjects/Lead/",
        data=data,
        headers={"Authorization": f"Bearer {token}", **headers},
        timeout=5,
    )


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([*_FIELDS, "Owner", "nonsense"]), _VALUES, max_size=4))
def test_whatever_is_sent_is_stored_or_refused(fields: dict[str, Any]) -> None:
    """Nothing else happens, and a refused update changes nothing."""
    table = _ORG.state.tables["Lead"]
    (record_id,) = _ORG.load("Lead", [lead()])
    before = _ORG.records("Lead")[record_id]
    try:
        writing.update(_ORG.state, table, record_id, fields, Actor(_ORG.integration_user_id))
    except (Refused, Refusal):
        assert _ORG.records("Lead")[record_id] == before
    finally:
        _ORG.reset()


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("cud"), st.sampled_from(["1", "2", "a", "A"])), max_size=12)
)
def test_a_unique_key_stays_unique_whatever_happens(steps: list[tuple[str, str]]) -> None:
    """Creates, updates and deletes in any order, refused ones included; the index is never wrong."""
    _ORG.add_field("Lead", KEY, length=9, externalId=True, unique=True)
    table, actor = _ORG.state.tables["Lead"], Actor(_ORG.integration_user_id)
    for what, key in steps:
        ids = list(_ORG.records("Lead"))
        try:
            if what == "c" or not ids:
                writing.create(_ORG.state, table, lead(**{KEY: key}), actor)
            elif what == "u":
                writing.update(_ORG.state, table, ids[0], {KEY: key}, actor)
            else:
                writing.delete(_ORG.state, table, ids[-1], actor)
        except Refused as refused:
            assert refused.problems[0].code == "DUPLICATE_VALUE"
        keys = [row[KEY].casefold() for row in _ORG.records("Lead").values()]
        assert len(keys) == len(set(keys))
        field = table.schema.fields[KEY]
        for record_id, row in _ORG.records("Lead").items():
            assert table.holders(field, row[KEY]) == [record_id]
    _ORG.reset()


def test_a_packed_body_is_unpacked(served: Served) -> None:
    """Content-Encoding: gzip."""
    packed = gzip.compress(json.dumps(lead()).encode())
    assert _post(served, packed, **{"Content-Encoding": "gzip"}).status_code == 201


@pytest.mark.parametrize("data", [b"{", b"[]", b"", b"\xff"])
def test_a_body_that_is_no_object_is_refused(served: Served, data: bytes) -> None:
    answer = _post(served, data)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


def test_many_callers_with_one_key_create_one_record(served: Served, org: SalesforceOrg) -> None:
    """Upserts at the same time: one creates, the others update."""
    org.add_field("Lead", KEY, length=9, externalId=True, unique=True)
    token = served.client().session_id
    statuses: list[int] = []

    def upsert() -> None:
        answer = requests.patch(
            f"{served.url}/services/data/v62.0/sobjects/Lead/{KEY}/7",
            json=lead(),
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
        )
        statuses.append(answer.status_code)

    callers = [threading.Thread(target=upsert) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert sorted(statuses) == [200] * 7 + [201]
    assert len(org.records("Lead")) == 1
