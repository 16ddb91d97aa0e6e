"""Members of campaigns and their statuses (reference sheet, section 7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.salesforce.answers import Problem, Refused, Row, missing
from sandbox.salesforce.state import Actor, State

# A fresh campaign knows these; the first is its default, the second means a response.
FIRST_STATUSES = ("Sent", "Responded")
_COPIES = (
    "Salutation", "FirstName", "LastName", "Name", "Title", "Email", "Phone", "Fax", "MobilePhone",
    "LeadSource", "DoNotCall", "HasOptedOutOfEmail",
)  # fmt: skip
_PLACES = ("Street", "City", "State", "PostalCode", "Country")


def derive(state: State, before: Row, values: Row) -> None:
    """One person, one campaign, one status that the campaign knows. Raises `Refused`."""
    if not before:
        if values.get("ContactId"):  # of both only the Contact is kept
            values.pop("LeadId", None)
        if not (values.get("ContactId") or values.get("LeadId")):
            raise Refused(missing(["LeadId", "ContactId"]))
        _check_once(state, values)
    after = before | values
    if not after.get("CampaignId"):
        return
    status = _status(state, after["CampaignId"], after.get("Status"))
    values["Status"] = status.get("Label")
    values["HasResponded"] = bool(status.get("HasResponded"))
    if values["HasResponded"] and not before.get("FirstRespondedDate"):
        values["FirstRespondedDate"] = state.now()[:10]
    values.update(copies(state, after))


def _check_once(state: State, values: Row) -> None:
    for row in members_of(state, values.get("CampaignId")):
        same = (
            row.get(name) == values[name] for name in ("LeadId", "ContactId") if values.get(name)
        )
        if any(same):
            raise Refused(Problem("DUPLICATE_VALUE", "Already a campaign member."))


def _status(state: State, campaign_id: str, label: Any) -> Row:
    """An unknown status is silently replaced by the default of the campaign."""
    known = [
        row
        for row in state.tables["CampaignMemberStatus"].all_live()
        if row["CampaignId"] == campaign_id
    ]
    wanted = str(label or "").casefold()
    found = next((row for row in known if row["Label"].casefold() == wanted), None)
    default = next((row for row in known if row.get("IsDefault")), None)
    return found or default or {}


def copies(state: State, member: Row) -> Row:
    """The fields that a member shows of its person."""
    contact, lead = state.find(member.get("ContactId")), state.find(member.get("LeadId"))
    person = contact or lead or {}
    told: Row = {name: person.get(name) for name in _COPIES}
    prefix = "Mailing" if contact is not None else ""
    told |= {name: person.get(prefix + name) for name in _PLACES}
    account = state.find(person.get("AccountId")) or {}
    company = account.get("Name") if contact is not None else person.get("Company")
    kind = "Contact" if contact is not None else "Lead"
    return told | {
        "CompanyOrAccount": company,
        "LeadOrContactId": person.get("Id"),
        "LeadOrContactOwnerId": person.get("OwnerId"),
        "Type": kind,
    }


def members_of(state: State, campaign_id: str | None) -> Iterator[Row]:
    """The live members of a campaign."""
    rows = state.tables["CampaignMember"].all_live()
    return (row for row in rows if row["CampaignId"] == campaign_id)


def gain_contact(state: State, lead_id: str, contact_id: str, user_id: str) -> None:
    """After a conversion: the members keep their ids and the Lead, and gain the Contact."""
    table = state.tables["CampaignMember"]
    for row in [one for one in table.all_live() if one.get("LeadId") == lead_id]:
        values = {"ContactId": contact_id} | copies(state, row | {"ContactId": contact_id})
        now = state.now()
        stamps = {"LastModifiedDate": now, "LastModifiedById": user_id, "SystemModstamp": now}
        table.change(row, values | stamps)
        recount(state, row["CampaignId"])
        state.tell("CampaignMember", row["Id"], user_id)


def recount(state: State, campaign_id: str) -> None:
    """The counters of a campaign; they move no stamp."""
    campaign = state.find(campaign_id)
    if campaign is None:
        return
    rows = list(members_of(state, campaign_id))
    told: Row = {
        "NumberOfLeads": sum(1 for row in rows if row.get("LeadId")),
        "NumberOfContacts": sum(1 for row in rows if row.get("ContactId")),
        "NumberOfConvertedLeads": sum(
            1 for row in rows if row.get("LeadId") and row.get("ContactId")
        ),
        "NumberOfResponses": sum(1 for row in rows if row.get("HasResponded")),
    }
    state.tables["Campaign"].change(campaign, told)


def campaign_stored(state: State, row: Row, actor: Actor, born: bool) -> None:
    """A new campaign knows two statuses."""
    if born:
        furnish(state, row["Id"], actor.user_id)


def furnish(state: State, campaign_id: str, user_id: str) -> None:
    """The statuses of a campaign that has none yet."""
    table = state.tables["CampaignMemberStatus"]
    for number, label in enumerate(FIRST_STATUSES, 1):
        status: Row = {
            "Id": table.new_id(),
            "CampaignId": campaign_id,
            "Label": label,
            "SortOrder": number,
            "IsDefault": number == 1,
            "HasResponded": number == len(FIRST_STATUSES),
        }
        table.add(status | state.stamps(by=user_id))


def member_stored(state: State, row: Row, actor: Actor, born: bool) -> None:
    recount(state, row["CampaignId"])


def status_stored(state: State, row: Row, actor: Actor, born: bool) -> None:
    """A campaign has one default status."""
    table = state.tables["CampaignMemberStatus"]
    for other in list(table.all_live()) if row.get("IsDefault") else ():
        if other["CampaignId"] == row["CampaignId"] and other["Id"] != row["Id"]:
            table.change(other, {"IsDefault": None})
