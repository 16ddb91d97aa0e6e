"""What is known of standard fields without asking the live systems, for `--offline` and for tests.

Salesforce rows are grouped by kind, as the vendor's describe tells them: ``Name:length``, ``!`` where a
create without it is refused, ``-`` where nobody can write it; for numbers the length is the scale.
HubSpot's text properties have no short limit, so only their kinds are told apart.
"""

from __future__ import annotations

from functools import cache

from connector.port import FieldKind, FieldSchema, System

HUBSPOT_KINDS: dict[FieldKind, str] = {
    "email": "email work_email",
    "phone": "phone mobilephone fax hs_whatsapp_phone_number",
    "url": "website linkedin_company_page facebook_company_page",
    "bool": "hs_email_optout do_not_call is_public hs_is_closed hs_is_closed_won",
    "number": "annualrevenue numberofemployees amount amount_in_home_currency hs_call_duration "
    "hs_deal_stage_probability hs_forecast_amount hs_projected_amount",
    "date": "date_of_birth",
    "datetime": "createdate lastmodifieddate hs_createdate hs_lastmodifieddate closedate "
    "notes_last_contacted hs_timestamp hs_meeting_start_time hs_meeting_end_time",
    "set": "hs_additional_emails hs_additional_domains hs_buying_role",
    "picklist": "lifecyclestage hs_lead_status industry type pipeline dealstage dealtype hs_persona "
    "deal_currency_code hs_priority hs_pipeline hs_pipeline_stage hs_lead_type hs_lead_label "
    "hs_task_status hs_task_priority hs_task_type hs_meeting_outcome hs_call_direction "
    "hs_call_disposition hs_call_status",
    "long_text": "hs_task_body hs_meeting_body hs_call_body hs_note_body description",
    "reference": "hubspot_owner_id associatedcompanyid associations.company",
    "id": "hs_object_id",
}
HUBSPOT_READ_ONLY = frozenset(
    {
        "hs_object_id",
        "createdate",
        "lastmodifieddate",
        "hs_lastmodifieddate",
        "hs_email_optout",
        "hs_additional_emails",
        "hs_additional_domains",
        "hs_createdate",
        "hs_is_closed",
        "hs_is_closed_won",
        # Computed money: never map it (reference sheet, section 7.5).
        "amount_in_home_currency",
        "hs_forecast_amount",
        "hs_projected_amount",
    }
)

_SYSTEM_FIELDS: dict[FieldKind, str] = {
    "id": "Id-",
    "bool": "IsDeleted-",
    "reference": "MasterRecordId- OwnerId CreatedById- LastModifiedById- IndividualId",
    "datetime": "CreatedDate- LastModifiedDate- SystemModstamp- LastViewedDate- LastReferencedDate-",
    "date": "LastActivityDate-",
}
_PERSON: dict[FieldKind, str] = {
    "text": "LastName:80! FirstName:40 Name:121- Title:128 EmailBouncedReason:255",
    "picklist": "Salutation:40 LeadSource:255",
    "phone": "Phone:40 MobilePhone:40 Fax:40",
    "email": "Email:80",
    "bool": "HasOptedOutOfEmail HasOptedOutOfFax DoNotCall",
    "datetime": "EmailBouncedDate",
    "long_text": "Description:32000",
}
_LEAD: dict[FieldKind, str] = {
    "text": "Company:255! City:40 State:80 PostalCode:20 Country:80",
    "picklist": "Status:255 Industry:255 Rating:255",
    "long_text": "Street:255",
    "number": "AnnualRevenue:0 NumberOfEmployees:0",
    "url": "Website:255",
    "bool": "IsConverted- IsUnreadByOwner",
    "reference": "ConvertedAccountId- ConvertedContactId- ConvertedOpportunityId-",
    "date": "ConvertedDate-",
}
_CONTACT: dict[FieldKind, str] = {
    "text": "MailingCity:40 MailingState:80 MailingPostalCode:20 MailingCountry:80 OtherCity:40 "
    "OtherState:80 OtherPostalCode:20 OtherCountry:80 Department:80 AssistantName:40",
    "long_text": "MailingStreet:255 OtherStreet:255",
    "phone": "HomePhone:40 OtherPhone:40 AssistantPhone:40",
    "reference": "AccountId ReportsToId",
    "date": "Birthdate",
    "bool": "IsEmailBounced-",
}
_ACCOUNT: dict[FieldKind, str] = {
    "text": "Name:255! BillingCity:40 BillingState:80 BillingPostalCode:20 BillingCountry:80 "
    "ShippingCity:40 ShippingState:80 ShippingPostalCode:20 ShippingCountry:80 AccountNumber:40 "
    "Sic:20 TickerSymbol:20 Site:80",
    "picklist": "Type:40 Industry:40 Ownership:40 Rating:40 AccountSource:40",
    "long_text": "BillingStreet:255 ShippingStreet:255 Description:32000",
    "number": "AnnualRevenue:0 NumberOfEmployees:0",
    "phone": "Phone:40 Fax:40",
    "url": "Website:255",
    "reference": "ParentId RecordTypeId",
}
_OPPORTUNITY: dict[FieldKind, str] = {
    "text": "Name:120! NextStep:255",
    "picklist": "StageName:255! Type:255 LeadSource:255 ForecastCategoryName:40",
    "long_text": "Description:32000",
    "number": "Amount:2 Probability:0 TotalOpportunityQuantity:2 ExpectedRevenue:2-",
    "date": "CloseDate!",
    "bool": "IsPrivate IsClosed- IsWon-",
    "reference": "AccountId CampaignId Pricebook2Id RecordTypeId",
}
_CURRENCY: dict[FieldKind, str] = {"picklist": "CurrencyIsoCode"}
_CAMPAIGN: dict[FieldKind, str] = {
    "text": "Name:80!",
    "picklist": "Type:40 Status:40",
    "date": "StartDate EndDate",
    "number": "ExpectedRevenue:0 BudgetedCost:0 ActualCost:0 ExpectedResponse:2 NumberSent:0 "
    "NumberOfLeads:0- NumberOfContacts:0- NumberOfResponses:0-",
    "bool": "IsActive",
    "long_text": "Description:32000",
    "reference": "ParentId RecordTypeId",
}
_CAMPAIGN_MEMBER: dict[FieldKind, str] = {
    "reference": "CampaignId! LeadId ContactId",
    "picklist": "Status:40",
    "bool": "HasResponded-",
    "date": "FirstRespondedDate-",
}
_CONTACT_ROLE: dict[FieldKind, str] = {
    "reference": "OpportunityId! ContactId!",
    "picklist": "Role:40",
    "bool": "IsPrimary",
}
_ACTIVITY: dict[FieldKind, str] = {
    "text": "Subject:255",
    "long_text": "Description:32000",
    "reference": "WhoId WhatId RecordTypeId AccountId-",
}
_TASK: dict[FieldKind, str] = {
    "date": "ActivityDate",
    # The vendor fills in its own default where a create leaves these out.
    "picklist": "Status:255 Priority:255 TaskSubtype:40 CallType:40",
    "text": "CallDisposition:255 CallObject:255",
    "number": "CallDurationInSeconds:0",
    "bool": "IsClosed- IsHighPriority- IsReminderSet",
    "datetime": "CompletedDateTime- ReminderDateTime",
}
_EVENT: dict[FieldKind, str] = {
    "datetime": "StartDateTime EndDateTime ActivityDateTime",
    "date": "ActivityDate",
    "number": "DurationInMinutes:0",
    "text": "Location:255",
    "bool": "IsAllDayEvent IsPrivate",
    "picklist": "ShowAs:40 EventSubtype:40",
}
SALESFORCE_OBJECTS: dict[str, tuple[dict[FieldKind, str], ...]] = {
    "Lead": (_SYSTEM_FIELDS, _PERSON, _LEAD),
    "Contact": (_SYSTEM_FIELDS, _PERSON, _CONTACT),
    "Account": (_SYSTEM_FIELDS, _ACCOUNT),
    "Opportunity": (_SYSTEM_FIELDS, _CURRENCY, _OPPORTUNITY),
    "Campaign": (_SYSTEM_FIELDS, _CURRENCY, _CAMPAIGN),
    "CampaignMember": (_SYSTEM_FIELDS, _CAMPAIGN_MEMBER),
    "OpportunityContactRole": (_SYSTEM_FIELDS, _CONTACT_ROLE),
    "Task": (_SYSTEM_FIELDS, _ACTIVITY, _TASK),
    "Event": (_SYSTEM_FIELDS, _ACTIVITY, _EVENT),
}


def field_of(system: System, object_name: str, name: str) -> FieldSchema:
    """The field as every org has it; what is not standard counts as writable text."""
    if system is System.HUBSPOT:
        return _hubspot().get(name) or FieldSchema(name=name, label=name, kind="text")
    known = salesforce_fields(object_name).get(name)
    return known or FieldSchema(name=name, label=name, kind="text")


def is_foreign(system: System, object_name: str, name: str) -> bool:
    """Whether the name is neither standard nor could be an own field of a standard object."""
    known = salesforce_fields(object_name)
    if system is System.HUBSPOT or not known:
        return False
    return name not in known and not name.endswith("__c")


@cache
def salesforce_fields(object_name: str) -> dict[str, FieldSchema]:
    """The standard fields of a Salesforce object by name; empty for objects not known here."""
    found: dict[str, FieldSchema] = {}
    for table in SALESFORCE_OBJECTS.get(object_name, ()):
        for kind, rows in table.items():
            for row in rows.split():
                schema = _field(kind, row)
                found[schema.name] = schema
    return found


def _field(kind: FieldKind, row: str) -> FieldSchema:
    name, _, size = row.rstrip("!-").partition(":")
    number = int(size) if size else None
    writable = not row.endswith("-")
    return FieldSchema(
        name=name,
        label=name,
        kind=kind,
        length=None if kind == "number" else number,
        scale=number if kind == "number" else None,
        required=row.endswith("!"),
        createable=writable,
        updateable=writable,
    )


@cache
def _hubspot() -> dict[str, FieldSchema]:
    return {
        name: FieldSchema(
            name=name,
            label=name,
            kind=kind,
            createable=name not in HUBSPOT_READ_ONLY,
            updateable=name not in HUBSPOT_READ_ONLY,
        )
        for kind, names in HUBSPOT_KINDS.items()
        for name in names.split()
    }
