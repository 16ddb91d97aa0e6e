"""Many records per call in the Salesforce practice org."""

from __future__ import annotations

from typing import Any

import pytest
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest

from sandbox.salesforce.ids import to18
from sandbox.salesforce.org import SalesforceOrg
from tests.sandbox.salesforce_served import lead, refused

pytest_plugins = ["tests.sandbox.salesforce_fixtures"]
KEY = "HubSpot_Id__c"


def _send(
    sf: Salesforce, method: str, records: list[dict[str, Any]], path: str = "", **more: Any
) -> list[dict[str, Any]]:
    body = {"records": [{"attributes": {"type": "Lead"}, **one} for one in records], **more}
    answer = sf.restful(f"composite/sobjects{path}", method=method, json=body)
    return list(answer or [])


def test_a_bad_record_does_not_stop_the_others(sf: Salesforce, org: SalesforceOrg) -> None:
    """200, results in input order; the failed one has no id and calls its code statusCode."""
    told = _send(sf, "POST", [lead(LastName="A"), lead(Email="bad"), lead(LastName="C")])
    assert [one["success"] for one in told] == [True, False, True]
    assert told[1] == {
        "success": False,
        "errors": [
            {
                "statusCode": "INVALID_EMAIL_ADDRESS",
                "message": "Email: invalid email address: bad",
                "fields": ["Email"],
            }
        ],
    }
    assert {one["Id"] for one in org.records("Lead").values()} == {told[0]["id"], told[2]["id"]}


def test_all_or_none_takes_everything_back(sf: Salesforce, org: SalesforceOrg) -> None:
    """The good ones say why they were rolled back."""
    (kept,) = org.load("Lead", [lead(Title="CTO")])
    told = _send(
        sf,
        "PATCH",
        [{"Id": kept, "Title": "CEO"}, {"Id": kept, "Email": "bad"}],
        allOrNone=True,
    )
    assert [one["errors"][0]["statusCode"] for one in told] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "INVALID_EMAIL_ADDRESS",
    ]
    assert org.records("Lead")[kept]["Title"] == "CTO"
    _send(sf, "POST", [lead(), {"LastName": "no company"}], allOrNone=True)
    assert list(org.records("Lead")) == [kept]


def test_an_update_needs_an_id_in_each_record(sf: Salesforce, org: SalesforceOrg) -> None:
    (one,) = org.load("Lead", [lead()])
    told = _send(sf, "PATCH", [{"id": one, "Title": "CTO"}, {"Title": "CEO"}])
    assert told[0] == {"id": one, "success": True, "errors": []}
    assert told[1]["errors"][0]["statusCode"] == "MISSING_ARGUMENT"


def test_an_upsert_tells_what_it_created(sf: Salesforce, org: SalesforceOrg) -> None:
    """By the key inside each record, caseless."""
    org.add_field("Lead", KEY, length=64, externalId=True, unique=True)
    (held,) = org.load("Lead", [lead(**{KEY: "a1"})])
    told = _send(sf, "PATCH", [lead(**{KEY: "A1"}), lead(**{KEY: "b2"})], path=f"/Lead/{KEY}")
    assert [one["created"] for one in told] == [False, True]
    assert told[0]["id"] == held


def test_the_same_key_twice_in_one_upsert_fails(sf: Salesforce, org: SalesforceOrg) -> None:
    org.add_field("Lead", KEY, length=64, externalId=True, unique=True)
    told = _send(
        sf,
        "PATCH",
        [lead(**{KEY: "1"}), lead(**{KEY: "1"}), lead(**{KEY: "2"})],
        path=f"/Lead/{KEY}",
    )
    assert [one["success"] for one in told] == [False, False, True]
    assert told[0]["errors"][0]["statusCode"] == "DUPLICATE_VALUE"


def test_an_upsert_by_a_null_id_creates(sf: Salesforce) -> None:
    """As recorded against a real org, whatever the guide says."""
    (told,) = _send(sf, "PATCH", [{"Id": None, **lead()}], path="/Lead/Id")
    assert told["created"] is True


def test_a_delete_answers_each_id(sf: Salesforce, org: SalesforceOrg) -> None:
    first, second = org.load("Lead", [lead(), lead()])
    org.delete("Lead", second)
    told = sf.restful("composite/sobjects", method="DELETE", params={"ids": f"{first},{second}"})
    assert told[0] == {"id": first, "success": True, "errors": []}
    assert told[1]["errors"][0]["statusCode"] == "ENTITY_IS_DELETED"
    assert not org.records("Lead")


def test_reading_by_id_puts_null_where_nothing_is(sf: Salesforce, org: SalesforceOrg) -> None:
    """Up to 2,000 ids, in order, deleted ones as unknown ones."""
    first, second, third = org.load("Lead", [lead(LastName=name) for name in "ABC"])
    org.delete("Lead", second)
    body = {"ids": [third, second, to18("00Q5g0000000zzz"), first], "fields": ["LastName"]}
    told = sf.restful("composite/sobjects/Lead", method="POST", json=body)
    assert [one and one["LastName"] for one in told] == ["C", None, None, "A"]


def test_reading_an_unknown_field_fails_as_a_whole(sf: Salesforce, org: SalesforceOrg) -> None:
    ids = org.load("Lead", [lead()])
    with pytest.raises(SalesforceMalformedRequest) as caught:
        sf.restful("composite/sobjects/Lead", method="POST", json={"ids": ids, "fields": ["Foo"]})
    assert refused(caught.value)["errorCode"] == "INVALID_FIELD"


def test_there_is_a_limit_to_every_call(sf: Salesforce) -> None:
    """200 to write, 2,000 to read, ten changes of type."""
    with pytest.raises(SalesforceMalformedRequest):
        _send(sf, "POST", [lead()] * 201)
    with pytest.raises(SalesforceMalformedRequest):
        body = {"ids": [to18("00Q5g0000000zzz")] * 2001, "fields": ["Id"]}
        sf.restful("composite/sobjects/Lead", method="POST", json=body)
    mixed = [{"attributes": {"type": kind}, "LastName": "x"} for kind in ("Lead", "Contact") * 6]
    with pytest.raises(SalesforceMalformedRequest) as caught:
        sf.restful("composite/sobjects", method="POST", json={"records": mixed})
    assert "chunks" in refused(caught.value)["message"]


def test_a_composite_call_passes_ids_on(sf: Salesforce, org: SalesforceOrg) -> None:
    """One API call; later subrequests refer to earlier answers."""
    before = org.budget.used
    body = {
        "allOrNone": True,
        "compositeRequest": [
            {
                "method": "POST",
                "url": "/services/data/v62.0/sobjects/Account",
                "referenceId": "acc",
                "body": {"Name": "Example"},
            },
            {
                "method": "POST",
                "url": "/services/data/v62.0/sobjects/Contact",
                "referenceId": "con",
                "body": {"LastName": "Lee", "AccountId": "@{acc.id}"},
            },
        ],
    }
    told = sf.restful("composite", method="POST", json=body)["compositeResponse"]
    assert [one["httpStatusCode"] for one in told] == [201, 201]
    (contact,) = org.records("Contact").values()
    assert contact["AccountId"] == told[0]["body"]["id"]
    assert org.budget.used == before + 1


def test_a_failed_composite_call_leaves_nothing(sf: Salesforce, org: SalesforceOrg) -> None:
    """All or none: the others say that they were halted, and the whole is still a 200."""
    requests = [
        {
            "method": "POST",
            "url": "/services/data/v62.0/sobjects/Lead",
            "referenceId": f"r{place}",
            "body": body,
        }
        for place, body in enumerate([lead(), {"LastName": "no company"}])
    ]
    body = {"allOrNone": True, "compositeRequest": requests}
    told = sf.restful("composite", method="POST", json=body)["compositeResponse"]
    assert told[0]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert told[1]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert not org.records("Lead")


def test_a_batch_counts_each_subrequest(sf: Salesforce, org: SalesforceOrg) -> None:
    """And halts where it was told to."""
    before = org.budget.used
    body = {
        "haltOnError": True,
        "batchRequests": [
            {"method": "GET", "url": "v62.0/limits"},
            {"method": "GET", "url": "v62.0/sobjects/Foo"},
            {"method": "GET", "url": "v62.0/limits"},
        ],
    }
    told = sf.restful("composite/batch", method="POST", json=body)
    assert told["hasErrors"] is True
    assert [one["statusCode"] for one in told["results"]] == [200, 404, 412]
    assert org.budget.used == before + 3
