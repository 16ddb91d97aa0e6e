"""What Salesforce makes of a record by itself: fields that follow from others, records born along.

`derive` runs before a record is judged as a whole, `follow` after it was stored. Reference sheet,
section 7; members of campaigns have a room of their own (`memberships`), person accounts too (`persons`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sandbox.salesforce import memberships, persons
from sandbox.salesforce.answers import Problem, Refused, Row, missing, stamp
from sandbox.salesforce.records import Table
from sandbox.salesforce.schema import MASTER, RecordType
from sandbox.salesforce.state import Actor, State

Derive = Callable[[State, Row, Row], None]
Follow = Callable[[State, Row, Actor, bool], None]


def concern(table: Table) -> bool:
    """Whether anything at all follows from the fields of this object."""
    name = table.schema.name
    return name in _DERIVED or name in _FOLLOWED or bool(table.schema.record_types)


def derive(state: State, table: Table, before: Row, values: Row, actor: Actor) -> None:
    """Put what follows from `values` into them; `before` is empty for a new record. Raises `Refused`."""
    if table.schema.record_types:
        _record_type(table, before, values, actor)
    worker = _DERIVED.get(table.schema.name)
    if worker is not None:
        worker(state, before, values)
    if state.decimals:
        _round_money(state, table, before, values)


def follow(state: State, table: Table, row: Row, actor: Actor, *, born: bool) -> None:
    """What else changes because this record was born or changed."""
    worker = _FOLLOWED.get(table.schema.name)
    if worker is not None:
        worker(state, row, actor, born)


def record_type_of(table: Table, row: Mapping[str, object]) -> RecordType | None:
    """The type of a record, None for the master type."""
    wanted = row.get("RecordTypeId")
    return next((one for one in table.schema.record_types if one.id == wanted), None)


def _record_type(table: Table, before: Row, values: Row, actor: Actor) -> None:
    """A record is of a type that its writer may use; restricted picklists follow the type."""
    if values.get("RecordTypeId") == MASTER:
        values["RecordTypeId"] = None
    given = values.get("RecordTypeId")
    if not before and "RecordTypeId" not in values:
        values["RecordTypeId"] = table.schema.record_types[0].id
    chosen = record_type_of(table, before | values)
    if given is not None and (chosen is None or not (chosen.available or actor.person)):
        text = f"Record Type ID: this ID value isn't valid for the user: {given}"
        raise Refused(Problem("INVALID_CROSS_REFERENCE_KEY", text, ("RecordTypeId",)))
    for name, allowed in (chosen.picklists if chosen is not None else {}).items():
        field, value = table.schema.fields[name], values.get(name)
        if field.restricted and value is not None and value not in allowed:
            text = f"{field.label}: bad value for restricted picklist field: {value}"
            raise Refused(Problem("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", text, (name,)))


def _round_money(state: State, table: Table, before: Row, values: Row) -> None:
    """Amounts have as many decimals as the currency of their record, whatever the field allows."""
    code = (before | values).get("CurrencyIsoCode")
    places = state.decimals.get(str(code))
    if places is None:
        return
    for name, value in values.items():
        field = table.schema.fields[name]
        if field.type == "currency" and value is not None:
            values[name] = float(round(value, min(places, field.scale)))


# Opportunities -----------------------------------------------------------------------------------


def _opportunity(state: State, before: Row, values: Row) -> None:
    """Stage decides: probability unless given, closed, won, forecast. Fiscal fields follow the date."""
    stage = values.get("StageName")
    if stage is not None and stage != before.get("StageName"):
        _stage(state, stage, values)
        if before:
            values["LastStageChangeDate"] = state.now()
    after = before | values
    amount, probability = after.get("Amount"), after.get("Probability") or 0.0
    values["ExpectedRevenue"] = None if amount is None else round(amount * probability / 100, 2)
    if after.get("CloseDate"):
        year, quarter = int(after["CloseDate"][:4]), (int(after["CloseDate"][5:7]) + 2) // 3
        values |= {"FiscalYear": year, "FiscalQuarter": quarter, "Fiscal": f"{year} {quarter}"}


def _stage(state: State, name: str, values: Row) -> None:
    """The picklist is not restricted: a stage that nobody set up is taken, and is open."""
    stages = state.tables["OpportunityStage"].all_live()
    found = next((one for one in stages if one["ApiName"].casefold() == name.casefold()), None)
    if found is None:
        values |= {"IsClosed": False, "IsWon": False}
        return
    values |= {name: found[name] for name in ("IsClosed", "IsWon", "ForecastCategory")}
    values.setdefault("ForecastCategoryName", found["ForecastCategoryName"])
    if values.get("Probability") is None:
        values["Probability"] = found["DefaultProbability"]


def _opportunity_stored(state: State, row: Row, actor: Actor, born: bool) -> None:
    """A ContactId given on create makes a primary contact role."""
    if not born or not row.get("ContactId"):
        return
    roles = state.tables["OpportunityContactRole"]
    role: Row = {"Id": roles.new_id(), "OpportunityId": row["Id"], "ContactId": row["ContactId"]}
    roles.add(role | {"IsPrimary": True} | state.stamps(by=actor.user_id))
    state.tell("OpportunityContactRole", role["Id"], actor.user_id)


def _role_stored(state: State, row: Row, actor: Actor, born: bool) -> None:
    """An Opportunity has one primary contact role: the others step back."""
    if not row.get("IsPrimary"):
        return
    roles = state.tables["OpportunityContactRole"]
    for other in list(roles.all_live()):
        same = other["OpportunityId"] == row["OpportunityId"] and other["Id"] != row["Id"]
        if same and other.get("IsPrimary"):
            roles.change(other, {"IsPrimary": None, "SystemModstamp": state.now()})


# Activities --------------------------------------------------------------------------------------


def _task(state: State, before: Row, values: Row) -> None:
    _activity(state, before, values)
    after = before | values
    values["IsHighPriority"] = after.get("Priority") == "High"
    closed = after.get("Status") == "Completed"
    if closed != bool(before.get("IsClosed")):
        values |= {"IsClosed": closed, "CompletedDateTime": state.now() if closed else None}


def _event(state: State, before: Row, values: Row) -> None:
    """A start, and an end or a duration; the other names of each follow."""
    _activity(state, before, values)
    start = values.get("StartDateTime") or values.get("ActivityDateTime")
    start = start or before.get("StartDateTime")
    minutes, end = values.get("DurationInMinutes"), values.get("EndDateTime")
    if minutes is None and end is None:
        minutes = before.get("DurationInMinutes")
    if start is None or (minutes is None and end is None):
        raise Refused(missing(["DurationInMinutes", "ActivityDateTime"]))
    begun = datetime.fromisoformat(start)
    if end is None:
        end = stamp(begun + timedelta(minutes=int(minutes or 0)))
    length = int((datetime.fromisoformat(end) - begun).total_seconds() // 60)
    if length < 0 or (minutes is not None and length != minutes):
        text = "Duration: the end, the start and the duration of an event must agree"
        raise Refused(Problem("FIELD_INTEGRITY_EXCEPTION", text, ("DurationInMinutes",)))
    values |= {"StartDateTime": start, "ActivityDateTime": start, "ActivityDate": start[:10]}
    values |= {"EndDateTime": end, "EndDate": end[:10], "DurationInMinutes": length}


def _task_stored(state: State, row: Row, _actor: Actor, _born: bool) -> None:
    """The person whom a closed task is about shows its due date as the last activity, where that is later.

    Salesforce Help, "Last Activity Date"; the record's own stamps stay as they are, and nothing rings.
    """
    who, day = state.find(row.get("WhoId")), row.get("ActivityDate")
    if who is None or day is None or not row.get("IsClosed"):
        return
    table = state.owner_of_prefix(who["Id"])
    if table is not None and str(who.get("LastActivityDate") or "") < day:
        table.change(who, {"LastActivityDate": day})


def _activity(state: State, before: Row, values: Row) -> None:
    """A Lead takes no second record; the Account is that of the record, or of the Contact."""
    after = before | values
    who, what = state.find(after.get("WhoId")), state.find(after.get("WhatId"))
    if who is not None and what is not None and who["Id"].startswith("00Q"):
        text = "Related To ID: a lead cannot be associated with a related record"
        raise Refused(Problem("FIELD_INTEGRITY_EXCEPTION", text, ("WhatId",)))
    account = None
    if what is not None:
        account = what["Id"] if what["Id"].startswith("001") else what.get("AccountId")
    values["AccountId"] = account or (who or {}).get("AccountId")


_DERIVED: dict[str, Derive] = {
    "Account": persons.derive,
    "CampaignMember": memberships.derive,
    "Event": _event,
    "Opportunity": _opportunity,
    "Task": _task,
}
_FOLLOWED: dict[str, Follow] = {
    "Account": persons.follow,
    "Campaign": memberships.campaign_stored,
    "CampaignMember": memberships.member_stored,
    "CampaignMemberStatus": memberships.status_stored,
    "Opportunity": _opportunity_stored,
    "OpportunityContactRole": _role_stored,
    "Task": _task_stored,
}
