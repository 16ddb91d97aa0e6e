"""Converting a Lead from our side: an optional action of the lifecycle, over the SOAP API.

Reference sheet, section 2.10: REST has no word for it. Into records that are given only blanks are
filled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connector.converting import Converted
from connector.errors import OutcomeUnknown, Rejected, TryLater
from connector.salesforce.gateway import Gateway
from connector.salesforce.merging import failure_of
from connector.salesforce.queries import pages, rows_among
from connector.salesforce.rows import not_an_id
from connector.salesforce.soap import leaf, node
from connector.salesforce.soql import select
from connector.salesforce.wire import SYSTEM, is_id, to18

CONVERTED_STATUS = select(["ApiName"], "LeadStatus", "IsConverted = true", "SortOrder", 1)
_BECAME = [
    "Id",
    "IsConverted",
    "ConvertedContactId",
    "ConvertedAccountId",
    "ConvertedOpportunityId",
]


@dataclass(frozen=True, slots=True)
class Wish:
    """Into which records a Lead is converted, and who shall own new ones; None: as Salesforce does.

    `opportunity_name` None: no Opportunity is made.
    """

    contact_id: str | None = None
    account_id: str | None = None
    opportunity_name: str | None = None
    owner_id: str | None = None


def convert(gateway: Gateway, lead_id: str, wish: Wish) -> Converted | Rejected | TryLater:
    """Convert; a Lead that is converted already answers what it has become, whatever the wish."""
    given = (lead_id, wish.contact_id, wish.account_id, wish.owner_id)
    strange = [one for one in given if one is not None and not is_id(one)]
    if strange:
        return not_an_id(strange[0])
    status = next(iter(next(pages(gateway, CONVERTED_STATUS))["records"]), None)
    if status is None:
        text = "no Lead status of the org is one of converted Leads: mark one in Salesforce's setup"
        return Rejected(text, system=SYSTEM, cause="unknown_option", fields=("Status",))
    try:
        results = gateway.soap(_operation(gateway, to18(lead_id), wish, str(status["ApiName"])))
    except (OutcomeUnknown, Rejected) as refused:
        return refused
    failed = failure_of(results[0] if results else None)
    if failed is None:
        told = results[0].values
        made = told.get("opportunityId")
        return Converted(
            to18(told["contactId"]), to18(told["accountId"]), to18(made) if made else None
        )
    if isinstance(failed, Rejected) and failed.cause == "converted":
        return _became(gateway, to18(lead_id)) or failed
    return failed


def _operation(gateway: Gateway, lead_id: str, wish: Wish, status: str) -> str:
    """In the order of the schema (LeadConvert)."""
    account, name = wish.account_id, wish.opportunity_name
    if wish.contact_id is not None and account is None:
        account = _account_of(gateway, wish.contact_id)
    return node(
        "convertLead",
        node(
            "leadConverts",
            *(leaf("accountId", one) for one in (account,) if one is not None),
            *(leaf("contactId", one) for one in (wish.contact_id,) if one is not None),
            leaf("convertedStatus", status),
            leaf("doNotCreateOpportunity", "true" if name is None else "false"),
            leaf("leadId", lead_id),
            *(leaf("opportunityName", one) for one in (name,) if one is not None),
            leaf("overwriteLeadSource", "false"),
            *(leaf("ownerId", one) for one in (wish.owner_id,) if one is not None),
            leaf("sendNotificationEmail", "false"),
        ),
    )


def _account_of(gateway: Gateway, contact_id: str) -> str | None:
    """A Contact is only taken together with its Account."""
    found = _row(gateway, ["Id", "AccountId"], "Contact", to18(contact_id))
    return None if found is None else found.get("AccountId")


def _became(gateway: Gateway, lead_id: str) -> Converted | None:
    row = _row(gateway, _BECAME, "Lead", lead_id)
    if row is None or not row.get("ConvertedContactId") or not row.get("ConvertedAccountId"):
        return None
    made = row.get("ConvertedOpportunityId")
    return Converted(
        to18(row["ConvertedContactId"]),
        to18(row["ConvertedAccountId"]),
        to18(made) if made else None,
    )


def _row(
    gateway: Gateway, fields: list[str], object_name: str, record_id: str
) -> dict[str, Any] | None:
    return next(rows_among(gateway, fields, object_name, "Id", [record_id]), None)
