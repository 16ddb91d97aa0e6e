"""How the Salesforce practice org misbehaves when told to, and what it counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceRefusedRequest,
)

from sandbox.salesforce.org import SalesforceOrg
from tests.sandbox.salesforce_served import MORNING, Served, lead, refused

pytest_plugins = ["tests.sandbox.salesforce_fixtures"]


def _update(sf: Salesforce, ids: list[str], title: str) -> list[dict[str, object]]:
    records = [{"attributes": {"type": "Lead"}, "Id": one, "Title": title} for one in ids]
    return list(sf.restful("composite/sobjects", method="PATCH", json={"records": records}))


def test_every_answer_tells_the_usage(served: Served, org: SalesforceOrg) -> None:
    """Errors included."""
    headers = {"Authorization": f"Bearer {served.client().session_id}"}
    base = f"{served.url}/services/data/v62.0"
    fine = requests.get(f"{base}/limits", headers=headers, timeout=5)
    missing = requests.get(f"{base}/sobjects/Foo/describe", headers=headers, timeout=5)
    assert fine.headers["Sforce-Limit-Info"] == "api-usage=1/100000"
    assert (missing.status_code, missing.headers["Sforce-Limit-Info"]) == (
        404,
        "api-usage=2/100000",
    )


def test_the_daily_budget_rolls(served: Served, sf: Salesforce) -> None:
    """Spent: 403 REQUEST_LIMIT_EXCEEDED, until a day has passed."""
    served.org.daily_limit = 2
    sf.limits()
    assert sf.limits()["DailyApiRequests"] == {"Max": 2, "Remaining": 0}
    with pytest.raises(SalesforceRefusedRequest) as caught:
        sf.limits()
    assert refused(caught.value) == {
        "errorCode": "REQUEST_LIMIT_EXCEEDED",
        "message": "TotalRequests Limit exceeded.",
    }
    served.clock.advance(hours=25)
    assert sf.limits()["DailyApiRequests"]["Remaining"] == 1


def test_a_person_costs_nothing_and_meets_no_fault(served: Served, org: SalesforceOrg) -> None:
    org.daily_limit = 0
    org.faults.order({"kind": "status", "status": 503, "match": "/sobjects/"})
    served.client(person=True).Lead.create(lead())
    assert len(org.records("Lead")) == 1
    assert "POST /services/data/v62.0/sobjects/Lead" not in org.calls.as_json()["by_call"]


def test_calls_are_counted_without_their_ids(sf: Salesforce, org: SalesforceOrg) -> None:
    made = sf.Lead.create(lead())["id"]
    sf.Lead.get(made)
    counted = org.calls.as_json()["by_call"]
    assert counted["GET /services/data/v62.0/sobjects/Lead/{record_id}"] == 1


def test_record_counts_leave_out_what_is_empty(sf: Salesforce, org: SalesforceOrg) -> None:
    org.load("Lead", [lead(), lead()])
    told = sf.restful("limits/recordCount", params={"sObjects": "Lead,Contact"})
    assert told == {"sObjects": [{"count": 2, "name": "Lead"}]}


def test_an_ordered_status_does_nothing_else(sf: Salesforce, org: SalesforceOrg) -> None:
    """Text goes out as HTML."""
    org.faults.order({"kind": "status", "status": 503, "match": "POST ", "body": "<h1>no</h1>"})
    with pytest.raises(SalesforceGeneralError) as caught:
        sf.Lead.create(lead())
    assert (caught.value.status, caught.value.content) == (503, "<h1>no</h1>")
    assert not org.records("Lead")
    sf.Lead.create(lead())
    assert len(org.records("Lead")) == 1


def test_a_lost_answer_was_work_done(sf: Salesforce, org: SalesforceOrg) -> None:
    """The connection breaks off after the write has landed."""
    org.faults.order({"kind": "lost_answer", "match": "POST .*/sobjects/Lead"})
    with pytest.raises(requests.exceptions.RequestException):
        sf.Lead.create(lead())
    assert len(org.records("Lead")) == 1


def test_html_may_come_with_a_200(served: Served, org: SalesforceOrg) -> None:
    token = served.client().session_id
    org.faults.order({"kind": "html_200"})
    answer = requests.get(
        f"{served.url}/services/data/v62.0/limits",
        headers={"Authorization": f"Bearer {token}"},
        timeout=5,
    )
    assert (answer.status_code, answer.headers["Content-Type"][:9]) == (200, "text/html")


def test_an_expired_session_costs_one_login(sf: Salesforce, org: SalesforceOrg) -> None:
    org.faults.order({"kind": "expired_session"})
    before = sf.session_id
    assert sf.query("SELECT COUNT() FROM Lead")["totalSize"] == 0
    assert sf.session_id != before


def test_a_login_takes_no_fault_that_is_meant_for_sessions(served: Served) -> None:
    """The fault waits for the first call that has a session."""
    served.org.faults.order({"kind": "limit"})
    client = served.client()
    with pytest.raises(SalesforceRefusedRequest):
        client.limits()


def test_a_permanently_invalid_session_stays_so(sf: Salesforce, org: SalesforceOrg) -> None:
    """Whatever token comes, until the faults are cleared."""
    org.faults.order({"kind": "permanent_session", "match": "/services/data/"})
    for _ in range(2):
        with pytest.raises(SalesforceExpiredSession):
            sf.query("SELECT COUNT() FROM Lead")
    org.faults.clear()
    assert sf.query("SELECT COUNT() FROM Lead")["done"]


def test_the_limit_fault_refuses_one_call(sf: Salesforce, org: SalesforceOrg) -> None:
    org.faults.order({"kind": "limit"})
    with pytest.raises(SalesforceRefusedRequest):
        sf.limits()
    assert sf.limits()


def test_a_locked_row_fails_alone(sf: Salesforce, org: SalesforceOrg) -> None:
    """Picked by place or by id; a second try goes through."""
    ids = org.load("Lead", [lead(), lead(), lead()])
    org.faults.order({"kind": "lock", "match": "PATCH", "rows": [1]})
    told = _update(sf, ids, "CTO")
    assert [one["success"] for one in told] == [True, False, True]
    assert "UNABLE_TO_LOCK_ROW" in str(told[1]["errors"])
    org.faults.order({"kind": "lock", "match": "PATCH", "ids": [ids[0]]})
    assert [one["success"] for one in _update(sf, ids, "CEO")] == [False, True, True]
    assert all(one["success"] for one in _update(sf, ids, "CEO"))


def test_any_row_error_can_be_ordered(sf: Salesforce, org: SalesforceOrg) -> None:
    org.faults.order(
        {"kind": "row_error", "errorCode": "APEX_ERROR", "message": "no", "fields": ["Title"]}
    )
    with pytest.raises(SalesforceMalformedRequest) as caught:
        sf.Lead.create(lead())
    assert refused(caught.value) == {
        "errorCode": "APEX_ERROR",
        "message": "no",
        "fields": ["Title"],
    }


def test_an_answer_may_lack_its_last_row(sf: Salesforce, org: SalesforceOrg) -> None:
    """The work was done all the same."""
    ids = org.load("Lead", [lead(), lead()])
    org.faults.order({"kind": "short_answer", "match": "PATCH"})
    assert len(_update(sf, ids, "CTO")) == 1
    assert {row["Title"] for row in org.records("Lead").values()} == {"CTO"}


def test_a_write_may_be_ignored(sf: Salesforce, org: SalesforceOrg) -> None:
    """Success is told; the named field keeps its value, the others change."""
    (one,) = org.load("Lead", [lead(Title="CTO")])
    org.faults.order({"kind": "ignore_write", "field": "Title"})
    assert sf.Lead.update(one, {"Title": "CEO", "City": "Osaka"}) == 204
    stored = org.records("Lead")[one]
    assert (stored["Title"], stored["City"]) == ("CTO", "Osaka")


def test_a_write_may_be_weakened(sf: Salesforce, org: SalesforceOrg) -> None:
    (one,) = org.load("Lead", [lead()])
    org.faults.order({"kind": "weaken", "field": "Title", "length": 2})
    sf.Lead.update(one, {"Title": "CEO"})
    assert org.records("Lead")[one]["Title"] == "CE"
    org.faults.order({"kind": "weaken", "field": "Title", "value": "somebody"})
    sf.Lead.update(one, {"Title": "CEO"})
    assert org.records("Lead")[one]["Title"] == "somebody"


def test_a_late_commit_carries_an_older_stamp(served: Served) -> None:
    """A row turns up behind the watermark of whoever polls by SystemModstamp."""
    org, person = served.org, served.client(person=True)
    (one,) = org.load("Lead", [{**lead(), "@modified": MORNING - timedelta(days=1)}])
    org.faults.order({"kind": "late_commit", "seconds": 600, "match": "PATCH"})
    person.Lead.update(one, {"Title": "CTO"})
    assert org.records("Lead")[one]["SystemModstamp"] == "2026-04-01T08:50:30.000+0000"
    org.faults.order({"kind": "late_commit", "match": "EDIT Lead"})
    org.edit("Lead", one, {"Title": "CEO"})
    assert org.records("Lead")[one]["SystemModstamp"] == "2026-04-01T08:55:30.000+0000"


def test_a_slow_transaction_shows_late_under_its_older_stamp(served: Served) -> None:
    """Until it commits, nobody sees it; then it lies behind the watermark."""
    org, sf = served.org, served.client()
    (one,) = org.load("Lead", [{**lead(), "@modified": MORNING - timedelta(days=1)}])
    org.faults.order({"kind": "late_commit", "after": 30, "match": "EDIT Lead"})
    org.edit("Lead", one, {"Title": "CTO"})
    served.clock.advance(seconds=29)
    assert sf.Lead.get(one)["Title"] is None
    served.clock.advance(seconds=2)
    found = sf.Lead.get(one)
    assert (found["Title"], found["SystemModstamp"]) == ("CTO", "2026-04-01T09:00:30.000+0000")


def test_an_unknown_kind_of_fault_is_refused(org: SalesforceOrg) -> None:
    with pytest.raises(ValueError, match="unknown fault kind"):
        org.faults.order({"kind": "sunspots"})
