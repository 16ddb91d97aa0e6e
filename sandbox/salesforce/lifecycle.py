"""What becomes of records: merged, restored, converted (reference sheet, section 2.10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.salesforce import writing
from sandbox.salesforce.answers import Problem, Refused, Row
from sandbox.salesforce.records import NAMED_BY_PARTS, Table, composed_name
from sandbox.salesforce.state import Actor, State

MOST_MERGED = 3
CONVERTED_STATUS = "Closed - Converted"
_TO_ACCOUNT = {
    "Company": "Name",
    "Website": "Website",
    "Phone": "Phone",
    "Industry": "Industry",
    "NumberOfEmployees": "NumberOfEmployees",
    "AnnualRevenue": "AnnualRevenue",
    "Rating": "Rating",
    "Street": "BillingStreet",
    "City": "BillingCity",
    "State": "BillingState",
    "PostalCode": "BillingPostalCode",
    "Country": "BillingCountry",
}
_TO_CONTACT = {
    "Salutation": "Salutation",
    "FirstName": "FirstName",
    "LastName": "LastName",
    "Title": "Title",
    "Email": "Email",
    "Phone": "Phone",
    "MobilePhone": "MobilePhone",
    "Fax": "Fax",
    "LeadSource": "LeadSource",
    "Description": "Description",
    "HasOptedOutOfEmail": "HasOptedOutOfEmail",
    "HasOptedOutOfFax": "HasOptedOutOfFax",
    "DoNotCall": "DoNotCall",
    "Street": "MailingStreet",
    "City": "MailingCity",
    "State": "MailingState",
    "PostalCode": "MailingPostalCode",
    "Country": "MailingCountry",
}


@dataclass(frozen=True, slots=True)
class Converted:
    """Where a Lead went. There are no Opportunities in this org."""

    lead_id: str
    account_id: str
    contact_id: str


def merge(
    state: State,
    table: Table,
    winner_id: str,
    loser_ids: Sequence[str],
    actor: Actor,
    values: Mapping[str, Any] | None = None,
) -> None:
    """The losers go to the recycle bin and name the winner; their children move. Raises `Refused`."""
    if not table.schema.mergeable or not 1 <= len(loser_ids) < MOST_MERGED:
        raise Refused(Problem("INVALID_OPERATION", "merge takes two or three mergeable records"))
    with state.transaction():
        winner = writing.locate(table, winner_id)
        losers = [writing.locate(table, one) for one in loser_ids]
        if winner in losers:
            raise Refused(Problem("INVALID_OPERATION", "cannot merge a record with itself"))
        for loser in losers:
            writing.bury(state, table, loser, actor, into=winner["Id"])
            _move_children(state, table.schema.name, loser["Id"], winner["Id"])
        writing.update(state, table, winner["Id"], dict(values or {}), actor)


def _move_children(state: State, kind: str, old: str, new: str) -> None:
    for table in state.tables.values():
        references = [
            one.name
            for one in table.schema.fields.values()
            if kind in one.reference_to and one.name != "MasterRecordId"
        ]
        for row in list(table.rows.values()) if references else ():
            moved = {name: new for name in references if row.get(name) == old}
            if moved:
                table.change(row, moved | {"SystemModstamp": state.now()})


def undelete(state: State, table: Table, record_id: str, actor: Actor) -> None:
    """Out of the recycle bin with the same id, and what was deleted along with it.

    Raises `Refused` for what is not in it.
    """
    row = table.rows.get(record_id)
    if row is None or not row.get("IsDeleted"):
        text = "Entity is not in the recycle bin"
        raise Refused(Problem("UNDELETE_FAILED", text))
    for children, reference in writing.cascades(state, table):
        for child in children.rows.values():
            along = child.get("SystemModstamp") == row["SystemModstamp"]
            if child.get(reference) == record_id and child.get("IsDeleted") and along:
                undelete(state, children, child["Id"], actor)
    now = state.now()
    values = {"IsDeleted": None, "MasterRecordId": None, "SystemModstamp": now}
    table.change(row, values | {"LastModifiedDate": now, "LastModifiedById": actor.user_id})
    state.tell(table.schema.name, record_id, actor.user_id)


def convert(
    state: State,
    lead_id: str,
    actor: Actor,
    *,
    account_id: str | None = None,
    contact_id: str | None = None,
    status: str = CONVERTED_STATUS,
    carried: Mapping[str, str] | None = None,
) -> Converted:
    """Lead to Account and Contact, new or given; of given ones only blanks are filled.

    `carried` maps custom fields of the Lead to those of the Contact, as the admin set it up.
    Raises `Refused`.
    """
    leads, accounts, contacts = (state.tables[name] for name in ("Lead", "Account", "Contact"))
    with state.transaction():
        lead = writing.locate(leads, lead_id)
        if lead.get("IsConverted"):
            raise Refused(
                Problem("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
            )
        account = _born_or_filled(
            state, accounts, account_id, _mapped(lead, _TO_ACCOUNT), lead, actor
        )
        wanted = _mapped(lead, {**_TO_CONTACT, **(carried or {})}) | {"AccountId": account}
        contact = _born_or_filled(state, contacts, contact_id, wanted, lead, actor)
        now = state.now()
        marks: Row = {
            "IsConverted": True,
            "Status": status,
            "ConvertedDate": now[:10],
            "ConvertedAccountId": account,
            "ConvertedContactId": contact,
            "LastModifiedDate": now,
            "LastModifiedById": actor.user_id,
            "SystemModstamp": now,
        }
        leads.change(lead, marks)
        state.tell("Lead", lead["Id"], actor.user_id)
    return Converted(lead["Id"], account, contact)


def _mapped(lead: Row, names: Mapping[str, str]) -> Row:
    return {there: lead[here] for here, there in names.items() if lead.get(here) is not None}


def _born_or_filled(
    state: State, table: Table, given: str | None, wanted: Row, lead: Row, actor: Actor
) -> str:
    if given is not None:
        row = writing.locate(table, given)
        blanks = {name: value for name, value in wanted.items() if row.get(name) is None}
        now = state.now()
        marks = {"LastModifiedDate": now, "LastModifiedById": actor.user_id, "SystemModstamp": now}
        table.change(row, blanks | marks)
        record_id = str(row["Id"])
    else:
        record_id = table.new_id()
        row = wanted | {"Id": record_id, "OwnerId": lead.get("OwnerId", actor.user_id)}
        row |= state.stamps(by=actor.user_id)
        if table.schema.name in NAMED_BY_PARTS:
            row["Name"] = composed_name(row)
        table.add(row)
    state.tell(table.schema.name, record_id, actor.user_id)
    return record_id
