"""Tasks, meetings, calls, notes and HubSpot's leads, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.life_samples.office import Office, office

AT = "2026-12-07T01:00:00Z"
DEAL = {
    "dealname": "Bridge",
    "pipeline": "default",
    "dealstage": "appointmentscheduled",
    "closedate": "2027-03-31T00:00:00Z",
}


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Office]:
    """Everything that people do, side by side."""
    with office(tmp_path, "tasks", "meetings", "calls", "notes") as made:
        made.check()
        yield made


def about(busy: Office, kind: str, record_id: str, **others: str) -> None:
    """Say in HubSpot whom an activity is about."""
    for other, other_id in others.items():
        busy.hubspot.associate(kind, record_id, other, other_id)


def known(busy: Office) -> dict[str, tuple[str, str]]:
    """A Contact, a Lead and a deal that are in line."""
    ann = busy.person("ann@example.com", busy.company())
    bo = busy.person("bo@example.com")
    deal = busy.hubspot.create("deals", DEAL)
    busy.converge()
    return {"ann": ann, "bo": bo, "deal": (deal, busy.right("Opportunity", Name="Bridge")[0])}


def who_and_what(row: dict[str, Any]) -> tuple[Any, Any]:
    return row["WhoId"], row["WhatId"]


def test_tasks_travel_with_whom_and_what_they_are_about(busy: Office) -> None:
    """A Contact or a Lead, a deal; both ways, and edits too."""
    people = known(busy)
    call = busy.hubspot.create(
        "tasks", {"hs_task_subject": "Call", "hs_timestamp": AT, "hs_task_status": "NOT_STARTED"}
    )
    about(busy, "tasks", call, contacts=people["ann"][0], deals=people["deal"][0])
    busy.salesforce.add(
        "Task",
        {
            "Subject": "Write",
            "Status": "Not Started",
            "Priority": "High",
            "ActivityDate": "2026-12-08",
            "WhoId": people["bo"][1],
        },
    )
    busy.converge()
    there, row = busy.right("Task", Subject="Call")
    assert who_and_what(row) == (people["ann"][1], people["deal"][1])
    here, held = busy.left("tasks", hs_task_subject="Write")
    assert held["hs_task_priority"] == "HIGH"
    assert set(busy.hubspot.associated("tasks", here, "contacts")) == {people["bo"][0]}
    busy.settled()
    busy.salesforce.edit(
        "Task", there, {"Status": "Completed", "WhoId": people["bo"][1], "WhatId": None}
    )
    busy.hubspot.edit("tasks", here, {"hs_task_subject": "Write again"})
    busy.converge()
    assert busy.hubspot.records("tasks")[call]["hs_task_status"] == "COMPLETED"
    assert set(busy.hubspot.associated("tasks", call, "contacts")) == {people["bo"][0]}
    assert busy.hubspot.associated("tasks", call, "deals") == {}
    busy.right("Task", Subject="Write again")
    busy.settled()


def test_a_task_that_moves_to_something_we_do_not_sync_keeps_it(busy: Office) -> None:
    """Its deal in HubSpot stays; an edit of that deal does not take it away from Salesforce either."""
    people = known(busy)
    task = busy.hubspot.create(
        "tasks", {"hs_task_subject": "Call", "hs_timestamp": AT, "hs_task_status": "NOT_STARTED"}
    )
    about(busy, "tasks", task, contacts=people["ann"][0], deals=people["deal"][0])
    busy.converge()
    there, _ = busy.right("Task", Subject="Call")
    account, _ = busy.right("Account", Name="Northwind")
    busy.salesforce.edit("Task", there, {"WhatId": account, "Status": "In Progress"})
    busy.converge()
    assert busy.hubspot.records("tasks")[task]["hs_task_status"] == "IN_PROGRESS"
    assert set(busy.hubspot.associated("tasks", task, "deals")) == {people["deal"][0]}
    busy.settled()
    busy.hubspot.part("tasks", task, "deals", people["deal"][0])
    busy.converge()
    assert busy.salesforce.records("Task")[there]["WhatId"] == account
    busy.settled()


def test_a_task_about_nobody_we_know_stays_where_it_is(busy: Office) -> None:
    """On both sides; it is counted, and nothing is parked."""
    busy.hubspot.create("tasks", {"hs_task_subject": "Coffee", "hs_timestamp": AT})
    campaign = busy.salesforce.add("Campaign", {"Name": "Fair"})
    busy.salesforce.add(
        "Task", {"Subject": "Badges", "ActivityDate": "2026-12-08", "WhatId": campaign}
    )
    busy.converge()
    assert len(busy.hubspot.records("tasks")) == len(busy.salesforce.records("Task")) == 1
    busy.settled()


def test_a_meeting_that_is_moved_moves_on_both_sides(busy: Office) -> None:
    """Born on either side with whom it is with."""
    people = known(busy)
    meeting = busy.hubspot.create(
        "meetings",
        {
            "hs_meeting_title": "Demo",
            "hs_timestamp": AT,
            "hs_meeting_start_time": AT,
            "hs_meeting_end_time": "2026-12-07T02:00:00Z",
        },
    )
    about(busy, "meetings", meeting, contacts=people["ann"][0], deals=people["deal"][0])
    busy.salesforce.add(
        "Event",
        {
            "Subject": "Visit",
            "StartDateTime": "2026-12-09T01:00:00.000+0000",
            "EndDateTime": "2026-12-09T02:00:00.000+0000",
            "WhoId": people["bo"][1],
        },
    )
    busy.converge()
    there, row = busy.right("Event", Subject="Demo")
    assert who_and_what(row) == (people["ann"][1], people["deal"][1])
    visit, _ = busy.left("meetings", hs_meeting_title="Visit")
    assert set(busy.hubspot.associated("meetings", visit, "contacts")) == {people["bo"][0]}
    busy.settled()
    later = {
        "StartDateTime": "2026-12-10T01:00:00.000+0000",
        "EndDateTime": "2026-12-10T03:00:00.000+0000",
    }
    busy.salesforce.edit("Event", there, later)
    busy.hubspot.edit("meetings", visit, {"hs_meeting_title": "Second visit"})
    busy.converge()
    held = busy.hubspot.records("meetings")[meeting]
    assert str(held["hs_meeting_start_time"]).startswith("2026-12-10T01:00:00")
    assert str(held["hs_timestamp"]).startswith("2026-12-10T01:00:00")
    busy.right("Event", Subject="Second visit")
    busy.settled()


def test_calls_and_notes_are_told_and_what_is_done_to_them_there_is_put_back(busy: Office) -> None:
    """One way: what happened is told by HubSpot."""
    people = known(busy)
    call = busy.hubspot.create(
        "calls", {"hs_call_title": "First call", "hs_timestamp": AT, "hs_call_duration": "90000"}
    )
    note = busy.hubspot.create("notes", {"hs_note_body": "Budget next year", "hs_timestamp": AT})
    about(busy, "calls", call, contacts=people["ann"][0], deals=people["deal"][0])
    about(busy, "notes", note, contacts=people["bo"][0])
    busy.converge()
    told, row = busy.right("Task", Subject="First call")
    assert (row["TaskSubtype"], row["Status"], row["CallDurationInSeconds"]) == (
        "Call",
        "Completed",
        90,
    )
    assert who_and_what(row) == (people["ann"][1], people["deal"][1])
    _, noted = busy.right("Task", Subject="HubSpot note")
    assert (noted["Description"], noted["WhoId"]) == ("Budget next year", people["bo"][1])
    assert busy.hubspot.records("tasks") == {}
    busy.settled()
    busy.salesforce.edit("Task", told, {"Subject": "Changed"})
    busy.hubspot.edit("notes", note, {"hs_note_body": "Budget now"})
    busy.converge()
    busy.right("Task", Subject="First call")
    busy.right("Task", Description="Budget now")
    busy.settled()


def test_a_lead_of_hubspot_is_an_opportunity_of_its_own_type(tmp_path: Path) -> None:
    """It moves on in both systems; an attempt more is still prospecting."""
    with office(tmp_path, "hubspot-leads") as desk:
        (desk.folder / "mappings" / "deals.yaml").unlink()
        desk.check()
        company = desk.company()
        ann, _ = desk.person("ann@example.com", company)
        lead = desk.hubspot.create(
            "leads",
            {"hs_lead_name": "Request", "hs_lead_label": "WARM"},
            [
                {
                    "to": {"id": ann},
                    "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 578}],
                }
            ],
        )
        desk.hubspot.associate("leads", lead, "companies", company[0], "Primary")
        desk.resync()
        there, row = desk.right("Opportunity", Name="Request")
        assert (row["StageName"], row["Type"], row["NextStep"], row["AccountId"]) == (
            "Prospecting",
            "Inbound lead",
            "WARM",
            company[1],
        )
        desk.settled()
        desk.hubspot.edit("leads", lead, {"hs_pipeline_stage": "attempting-stage-id"})
        desk.resync()
        assert desk.salesforce.records("Opportunity")[there]["StageName"] == "Prospecting"
        desk.settled()
        desk.salesforce.edit("Opportunity", there, {"StageName": "Needs Analysis"})
        desk.resync()
        held = desk.hubspot.records("leads")[lead]
        assert held["hs_pipeline_stage"] == "qualified-stage-id"
        desk.settled()
