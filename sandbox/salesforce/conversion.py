"""A Lead becomes an Account, a Contact and perhaps an Opportunity (reference sheet, section 2.10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sandbox.salesforce import effects, memberships, writing
from sandbox.salesforce.answers import Problem, Refused, Row
from sandbox.salesforce.records import NAMED_BY_PARTS, composed_name
from sandbox.salesforce.state import STAGES, Actor, State

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
    "IndividualId": "IndividualId",
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
class Wish:
    """How to convert. Records that are given are filled, the others are made.

    `opportunity`: the name of the Opportunity to make, empty for that of the Account, None for none.
    `carried` maps custom fields of the Lead to those of the Contact, as the admin set it up.
    """

    status: str = CONVERTED_STATUS
    account_id: str | None = None
    contact_id: str | None = None
    opportunity: str | None = None
    owner_id: str | None = None
    overwrite_source: bool = False
    carried: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Converted:
    """Where a Lead went."""

    lead_id: str
    account_id: str
    contact_id: str
    opportunity_id: str | None = None


def convert(state: State, lead_id: str, actor: Actor, wish: Wish) -> Converted:
    """The Lead stays, frozen, and names what it became; its memberships and activities go along.

    Raises `Refused`.
    """
    with state.transaction():
        lead = writing.locate(state.tables["Lead"], lead_id)
        if lead.get("IsConverted"):
            raise Refused(writing.converted_lead())
        writing.check_approval(state, lead, actor)
        _check(state, wish)
        owner = wish.owner_id or lead.get("OwnerId") or actor.user_id
        if not owner.startswith("005"):  # a queue owns no Account
            owner = actor.user_id
        account = _account(state, lead, wish, owner, actor)
        contact = _contact(state, lead, wish, account, owner, actor)
        made = None
        if wish.opportunity is not None:
            made = _opportunity(state, lead, wish.opportunity, (account, contact), owner, actor)
        _freeze(state, lead, wish.status, Converted(lead["Id"], account, contact, made), actor)
        memberships.gain_contact(state, lead["Id"], contact, actor.user_id)
        _move_activities(state, lead["Id"], contact, made or account)
    return Converted(lead["Id"], account, contact, made)


def _check(state: State, wish: Wish) -> None:
    statuses = state.tables["LeadStatus"].all_live()
    if wish.status not in {one["ApiName"] for one in statuses if one.get("IsConverted")}:
        raise Refused(Problem("INVALID_STATUS", f"invalid convertedStatus: {wish.status}"))
    if wish.contact_id is None:
        return
    if wish.account_id is None:
        text = "accountId is required when a contactId is given"
        raise Refused(Problem("REQUIRED_FIELD_MISSING", text))
    contact = writing.locate(state.tables["Contact"], wish.contact_id)
    if contact.get("AccountId") not in {None, wish.account_id}:
        text = "the contact does not belong to the account"
        raise Refused(Problem("INVALID_CROSS_REFERENCE_KEY", text))


def _account(state: State, lead: Row, wish: Wish, owner: str, actor: Actor) -> str:
    wanted = _mapped(lead, _TO_ACCOUNT)
    return _born_or_filled(state, "Account", wish.account_id, wanted, owner, actor)


def _contact(state: State, lead: Row, wish: Wish, account: str, owner: str, actor: Actor) -> str:
    names = {**_TO_CONTACT, **(wish.carried or {})}
    wanted = _mapped(lead, names) | {"AccountId": account}
    forced = {"LeadSource": lead.get("LeadSource")} if wish.overwrite_source else {}
    return _born_or_filled(state, "Contact", wish.contact_id, wanted, owner, actor, forced)


def _opportunity(
    state: State, lead: Row, name: str, parties: tuple[str, str], owner: str, actor: Actor
) -> str:
    """In the first stage, closing at the end of the quarter, with the Contact as its primary role."""
    account, contact = parties
    fallback = (state.find(account) or {}).get("Name") or lead.get("Company")
    wanted: Row = {
        "Name": name or fallback,
        "AccountId": account,
        "ContactId": contact,
        "StageName": STAGES[0][0],
        "CloseDate": _quarter_ends(date.fromisoformat(state.now()[:10])).isoformat(),
        "LeadSource": lead.get("LeadSource"),
        "CampaignId": _newest_campaign(state, lead["Id"]),
    }
    return _born_or_filled(state, "Opportunity", None, wanted, owner, actor)


def _newest_campaign(state: State, lead_id: str) -> str | None:
    rows = state.tables["CampaignMember"].all_live()
    mine = [row for row in rows if row.get("LeadId") == lead_id]
    newest = max(mine, key=lambda row: str(row["CreatedDate"]), default=None)
    return None if newest is None else str(newest["CampaignId"])


def _quarter_ends(today: date) -> date:
    month = (today.month + 2) // 3 * 3 + 1
    first = date(today.year + (month > 12), (month - 1) % 12 + 1, 1)
    return first - timedelta(days=1)


def _freeze(state: State, lead: Row, status: str, done: Converted, actor: Actor) -> None:
    now = state.now()
    marks: Row = {
        "IsConverted": True,
        "Status": status,
        "ConvertedDate": now[:10],
        "ConvertedAccountId": done.account_id,
        "ConvertedContactId": done.contact_id,
        "ConvertedOpportunityId": done.opportunity_id,
        "LastModifiedDate": now,
        "LastModifiedById": actor.user_id,
        "SystemModstamp": now,
    }
    state.tables["Lead"].change(lead, marks)
    state.tell("Lead", lead["Id"], actor.user_id)


def _move_activities(state: State, lead_id: str, contact_id: str, what_id: str) -> None:
    for name in ("Task", "Event"):
        table = state.tables[name]
        for row in [one for one in table.rows.values() if one.get("WhoId") == lead_id]:
            moved = {"WhoId": contact_id, "WhatId": what_id, "SystemModstamp": state.now()}
            table.change(row, moved)


def _mapped(lead: Row, names: Mapping[str, str]) -> Row:
    return {there: lead[here] for here, there in names.items() if lead.get(here) is not None}


def _born_or_filled(
    state: State,
    kind: str,
    given: str | None,
    wanted: Row,
    owner: str,
    actor: Actor,
    forced: Mapping[str, object] | None = None,
) -> str:
    """A record that is given keeps what it has: only its blanks are filled."""
    table = state.tables[kind]
    if given is not None:
        row = writing.locate(table, given)
        blanks = {name: value for name, value in wanted.items() if row.get(name) is None}
        now = state.now()
        marks = {"LastModifiedDate": now, "LastModifiedById": actor.user_id, "SystemModstamp": now}
        table.change(row, blanks | dict(forced or {}) | marks)
    else:
        values = {**wanted, "OwnerId": owner}
        effects.derive(state, table, {}, values, actor)
        row = {name: value for name, value in values.items() if value is not None}
        row |= {"Id": table.new_id()} | state.stamps(by=actor.user_id)
        if kind in NAMED_BY_PARTS:
            row["Name"] = composed_name(row)
        table.add(row)
        effects.follow(state, table, row, actor, born=True)
    state.tell(kind, str(row["Id"]), actor.user_id)
    return str(row["Id"])
