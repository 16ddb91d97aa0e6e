"""The built-in properties as compact tables: ``name | label | type/fieldType | marks | options``.

A line ``# group | label`` starts a property group. Marks: ``unique``, ``ro`` (value is read only),
``calc`` (calculated), ``owner`` (an owner id). Options are ``value:Label`` pairs parted by commas.
A selection of what a real portal shows; sources: reference sheet, sections 7, 12 and 18.
"""

from __future__ import annotations

_STAGES = (
    "subscriber:Subscriber, lead:Lead, marketingqualifiedlead:Marketing Qualified Lead, "
    "salesqualifiedlead:Sales Qualified Lead, opportunity:Opportunity, customer:Customer, "
    "evangelist:Evangelist, other:Other"
)
_LEAD_STATUS = (
    "NEW:New, OPEN:Open, IN_PROGRESS:In Progress, OPEN_DEAL:Open Deal, UNQUALIFIED:Unqualified, "
    "ATTEMPTED_TO_CONTACT:Attempted to Contact, CONNECTED:Connected, BAD_TIMING:Bad Timing"
)
_SOURCES = (
    "ORGANIC_SEARCH:Organic Search, PAID_SEARCH:Paid Search, EMAIL_MARKETING:Email Marketing, "
    "SOCIAL_MEDIA:Organic Social, REFERRALS:Referrals, OTHER_CAMPAIGNS:Other Campaigns, "
    "DIRECT_TRAFFIC:Direct Traffic, OFFLINE:Offline Sources, PAID_SOCIAL:Paid Social, "
    "AI_REFERRALS:AI Referrals"
)
_INDUSTRIES = (
    "ACCOUNTING:Accounting, AUTOMOTIVE:Automotive, BANKING:Banking, CHEMICALS:Chemicals, "
    "COMPUTER_SOFTWARE:Computer Software, CONSTRUCTION:Construction, "
    "CONSUMER_ELECTRONICS:Consumer Electronics, EDUCATION_MANAGEMENT:Education Management, "
    "FINANCIAL_SERVICES:Financial Services, FOOD_BEVERAGES:Food & Beverages, "
    "HOSPITAL_HEALTH_CARE:Hospital & Health Care, "
    "INFORMATION_TECHNOLOGY_AND_SERVICES:Information Technology and Services, "
    "INSURANCE:Insurance, LOGISTICS_AND_SUPPLY_CHAIN:Logistics and Supply Chain, "
    "MACHINERY:Machinery, MANAGEMENT_CONSULTING:Management Consulting, "
    "MARKETING_AND_ADVERTISING:Marketing and Advertising, PHARMACEUTICALS:Pharmaceuticals, "
    "REAL_ESTATE:Real Estate, RETAIL:Retail, TELECOMMUNICATIONS:Telecommunications, "
    "TRANSPORTATION_TRUCKING_RAILROAD:Transportation/Trucking/Railroad, WHOLESALE:Wholesale"
)
_BOOL = "true:Yes, false:No"

_SYSTEM = f"""
hs_object_id | Record ID | number/number | ro
hs_createdate | Object create date/time | datetime/date | ro
hs_lastmodifieddate | Object last modified date/time | datetime/date | ro
hs_object_source | Record creation source | string/text | ro
hs_object_source_id | Record creation source ID | string/text | ro
hs_object_source_label | Record source | string/text | ro
hs_object_source_user_id | Record creation source user ID | number/number | ro
hs_merged_object_ids | Merged record IDs | enumeration/checkbox | ro
hs_created_by_user_id | Created by user ID | number/number | ro
hs_updated_by_user_id | Updated by user ID | number/number | ro
hs_read_only | Read only object | bool/booleancheckbox | ro | {_BOOL}
hubspot_owner_id | Owner | enumeration/select | owner
hubspot_owner_assigneddate | Owner assigned date | datetime/date | ro
hubspot_team_id | HubSpot Team | enumeration/select | ro
"""

_INTENT = f"""
hs_analytics_num_page_views | Number of Pageviews | number/number | ro
hs_analytics_num_visits | Number of Sessions | number/number | ro
hs_analytics_first_url | First Page Seen | string/text | ro
hs_analytics_last_url | Last Page Seen | string/text | ro
hs_analytics_first_timestamp | Time First Seen | datetime/date | ro
hs_analytics_last_timestamp | Time Last Seen | datetime/date | ro
hs_analytics_first_visit_timestamp | Time of First Session | datetime/date | ro
hs_analytics_last_visit_timestamp | Time of Last Session | datetime/date | ro
hs_analytics_source | Original Traffic Source | enumeration/select | | {_SOURCES}
hs_analytics_source_data_1 | Original Traffic Source Drill-Down 1 | string/text | ro
hs_analytics_source_data_2 | Original Traffic Source Drill-Down 2 | string/text | ro
hs_latest_source | Latest Traffic Source | enumeration/select | | {_SOURCES}
hs_latest_source_timestamp | Latest Traffic Source Date | datetime/date | ro
hs_intent_signals_enabled | Intent signals enabled | bool/booleancheckbox | ro | {_BOOL}
hs_predictivecontactscore_v2 | Likelihood to close | number/number | ro
first_conversion_date | First Conversion Date | datetime/date | ro
first_conversion_event_name | First Conversion | string/text | ro
num_conversion_events | Number of Form Submissions | number/number | ro
recent_conversion_date | Recent Conversion Date | datetime/date | ro
recent_conversion_event_name | Recent Conversion | string/text | ro
"""

_CONTACTS = f"""
# contactinformation | Contact information
email | Email | string/text | unique
hs_additional_emails | Additional email addresses | enumeration/checkbox | unique ro
firstname | First Name | string/text
lastname | Last Name | string/text
salutation | Salutation | string/text
phone | Phone Number | string/phonenumber
mobilephone | Mobile Phone Number | string/phonenumber
fax | Fax Number | string/text
company | Company Name | string/text
jobtitle | Job Title | string/text
job_function | Job Function | string/text
seniority | Seniority | string/text
industry | Industry | string/text
annualrevenue | Annual Revenue | string/text
numemployees | Number of Employees | enumeration/select | | 1-5:1-5, 5-25:5-25, 25-50:25-50, \
50-100:50-100, 100-500:100-500, 500-1000:500-1000, 1000+:1000+
website | Website URL | string/text
address | Street Address | string/text
city | City | string/text
state | State/Region | string/text
zip | Postal Code | string/text
country | Country/Region | string/text
hs_country_region_code | Country/Region Code | string/text
hs_language | Preferred language | enumeration/select | | en:English, ja:Japanese, de:German, \
fr:French, es:Spanish, zh-cn:Chinese - China, ko:Korean
hs_timezone | Time Zone | enumeration/select | | asia_slash_tokyo:Asia/Tokyo, \
europe_slash_london:Europe/London, us_slash_eastern:US/Eastern, us_slash_pacific:US/Pacific
date_of_birth | Date of birth | string/text
message | Message | string/textarea
lifecyclestage | Lifecycle Stage | enumeration/radio | | {_STAGES}
hs_lead_status | Lead Status | enumeration/radio | | {_LEAD_STATUS}
hs_pipeline | Lifecycle Pipeline | enumeration/select | ro | \
contacts-lifecycle-pipeline:Lifecycle Stage Pipeline
createdate | Create Date | datetime/date | ro
lastmodifieddate | Last Modified Date | datetime/date | ro
associatedcompanyid | Primary Associated Company ID | number/number
hs_all_contact_vids | All vids for a contact | enumeration/checkbox | ro
hs_calculated_merged_vids | Merged vids with timestamps of a contact | enumeration/checkbox | ro
hs_email_domain | Email Domain | string/text | ro
hs_is_contact | Is a contact | bool/booleancheckbox | ro | {_BOOL}
hs_is_unworked | Contact unworked | bool/booleancheckbox | ro | {_BOOL}
hs_marketable_status | Marketing contact status | enumeration/select | ro | \
true:Marketing contact, false:Non-marketing contact
num_notes | Number of Sales Activities | number/number | ro
num_associated_deals | Number of Associated Deals | number/number | ro
notes_last_contacted | Last Contacted | datetime/date | ro
notes_last_updated | Last Activity Date | datetime/date | ro
hs_last_sales_activity_timestamp | Last Engagement Date | datetime/date | ro
hs_full_name_or_email | Full name or email | string/calculation_equation | calc
hs_lifecyclestage_subscriber_date | Became a Subscriber Date | datetime/date | ro
hs_lifecyclestage_lead_date | Became a Lead Date | datetime/date | ro
hs_lifecyclestage_marketingqualifiedlead_date | Became an MQL Date | datetime/date | ro
hs_lifecyclestage_salesqualifiedlead_date | Became an SQL Date | datetime/date | ro
hs_lifecyclestage_opportunity_date | Became an Opportunity Date | datetime/date | ro
hs_lifecyclestage_customer_date | Became a Customer Date | datetime/date | ro
hs_lifecyclestage_evangelist_date | Became an Evangelist Date | datetime/date | ro
hs_lifecyclestage_other_date | Became an Other Lifecycle Date | datetime/date | ro
{_SYSTEM}
# emailinformation | Email information
hs_email_optout | Unsubscribed from all email | bool/booleancheckbox | ro | {_BOOL}
hs_email_bounce | Marketing emails bounced | number/number | ro
hs_email_open | Marketing emails opened | number/number | ro
hs_email_click | Marketing emails clicked | number/number | ro
hs_email_last_click_date | Last marketing email click date | datetime/date | ro
hs_email_last_email_name | Last marketing email name | string/text | ro
hs_email_last_open_date | Last marketing email open date | datetime/date | ro
hs_email_quarantined | Email address quarantined | bool/booleancheckbox | ro | {_BOOL}
hs_legal_basis | Legal basis for processing contact's data | enumeration/checkbox | | \
Legitimate interest – prospect/lead:Legitimate interest – prospect/lead, \
Freely given consent from contact:Freely given consent from contact, Not applicable:Not applicable
# analyticsinformation | Web analytics history
{_INTENT}
hubspotscore | HubSpot Score | number/calculation_score | ro
"""  # noqa: S608 -- "select ... from" is no SQL here

_COMPANIES = f"""
# companyinformation | Company information
name | Company name | string/text
domain | Company Domain Name | string/text
hs_additional_domains | Additional Domains | enumeration/checkbox
website | Website URL | string/text
phone | Phone Number | string/phonenumber
industry | Industry | enumeration/select | | {_INDUSTRIES}
type | Type | enumeration/select | | PROSPECT:Prospect, PARTNER:Partner, RESELLER:Reseller, \
VENDOR:Vendor, OTHER:Other
description | Description | string/textarea
about_us | About Us | string/textarea
address | Street Address | string/text
address2 | Street Address 2 | string/text
city | City | string/text
state | State/Region | string/text
zip | Postal Code | string/text
country | Country/Region | string/text
timezone | Time Zone | string/text
annualrevenue | Annual Revenue | number/number
numberofemployees | Number of Employees | number/number
founded_year | Year Founded | string/text
is_public | Is Public | bool/booleancheckbox | | {_BOOL}
linkedin_company_page | LinkedIn Company Page | string/text
lifecyclestage | Lifecycle Stage | enumeration/radio | | {_STAGES}
hs_lead_status | Lead Status | enumeration/radio | | {_LEAD_STATUS}
hs_pipeline | Pipeline | enumeration/select | ro | \
companies-lifecycle-pipeline:Lifecycle Stage Pipeline
createdate | Create Date | datetime/date | ro
num_associated_contacts | Number of Associated Contacts | number/number | ro
num_associated_deals | Number of Associated Deals | number/number | ro
hs_parent_company_id | Parent Company | number/number | ro
hs_num_child_companies | Number of child companies | number/number | ro
hs_is_target_account | Target Account | bool/booleancheckbox | | {_BOOL}
hs_ideal_customer_profile | Ideal Customer Profile Tier | enumeration/select | | \
tier_1:Tier 1, tier_2:Tier 2, tier_3:Tier 3
{_SYSTEM}
# companyactivity | Company activity
{_INTENT}
hs_intent_page_views_last_30_days | Tracked page views (Last 30 Days) | number/number | ro
hs_intent_visitors_last_30_days | Tracked visitors (Last 30 Days) | number/number | ro
hs_latest_intent_signal_timestamp | Latest intent signal | number/number | ro
hs_count_intent_signals_created_last_30_days | Intent signals (Last 30 Days) | number/number | ro
"""

_DEALS = f"""
# dealinformation | Deal information
dealname | Deal Name | string/text
amount | Amount | number/number
deal_currency_code | Currency | enumeration/select | | JPY:JPY, USD:USD, EUR:EUR, GBP:GBP
closedate | Close Date | datetime/date
pipeline | Pipeline | enumeration/select | | default:Sales Pipeline
dealstage | Deal Stage | enumeration/radio | | appointmentscheduled:Appointment Scheduled, \
qualifiedtobuy:Qualified To Buy, presentationscheduled:Presentation Scheduled, \
decisionmakerboughtin:Decision Maker Bought-In, contractsent:Contract Sent, \
closedwon:Closed Won, closedlost:Closed Lost
dealtype | Deal Type | enumeration/radio | | newbusiness:New Business, \
existingbusiness:Existing Business
description | Deal Description | string/textarea
hs_priority | Priority | enumeration/select | | low:Low, medium:Medium, high:High
hs_next_step | Next step | string/textarea
closed_lost_reason | Closed Lost Reason | string/textarea
closed_won_reason | Closed Won Reason | string/textarea
createdate | Create Date | datetime/date | ro
hs_deal_stage_probability | Deal probability | number/number | ro
hs_is_closed | Is Deal Closed? | bool/calculation_equation | calc | {_BOOL}
hs_is_closed_won | Is Closed Won | bool/calculation_equation | calc | {_BOOL}
hs_projected_amount | Weighted amount | number/calculation_equation | calc
hs_forecast_amount | Forecast amount | number/number
num_associated_contacts | Number of Associated Contacts | number/number | ro
{_SYSTEM}
"""

_TASKS = f"""
# task | Task information
hs_timestamp | Due date | datetime/date
hs_task_subject | Task Title | string/text
hs_task_body | Task Notes | string/textarea
hs_task_status | Task Status | enumeration/select | | NOT_STARTED:Not started, \
IN_PROGRESS:In progress, WAITING:Waiting, COMPLETED:Completed, DEFERRED:Deferred
hs_task_priority | Priority | enumeration/select | | NONE:None, LOW:Low, MEDIUM:Medium, HIGH:High
hs_task_type | Task Type | enumeration/select | | TODO:To-do, CALL:Call, EMAIL:Email
hs_task_reminders | Reminders | string/text
{_SYSTEM}
"""

_NOTES = f"""
# note | Note information
hs_timestamp | Activity date | datetime/date
hs_note_body | Note body | string/html
hs_attachment_ids | Attached file IDs | enumeration/checkbox
{_SYSTEM}
"""

_MEETINGS = f"""
# meeting | Meeting information
hs_timestamp | Activity date | datetime/date
hs_meeting_title | Meeting name | string/text
hs_meeting_body | Meeting description | string/html
hs_internal_meeting_notes | Internal notes | string/html
hs_meeting_location | Location | string/text
hs_meeting_start_time | Start time | datetime/date
hs_meeting_end_time | End time | datetime/date
hs_meeting_outcome | Meeting outcome | enumeration/select | | SCHEDULED:Scheduled, \
COMPLETED:Completed, RESCHEDULED:Rescheduled, NO_SHOW:No show, CANCELED:Canceled
{_SYSTEM}
"""

_CALLS = f"""
# call | Call information
hs_timestamp | Activity date | datetime/date
hs_call_title | Call title | string/text
hs_call_body | Call notes | string/html
hs_call_direction | Call direction | enumeration/select | | INBOUND:Inbound, OUTBOUND:Outbound
hs_call_duration | Call duration | number/number
hs_call_status | Call status | enumeration/select | | COMPLETED:Completed, BUSY:Busy, \
CANCELED:Canceled, FAILED:Failed, NO_ANSWER:No answer
{_SYSTEM}
"""

_LEADS = f"""
# lead | Lead information
hs_lead_name | Lead name | string/text
hs_lead_type | Lead type | enumeration/select | | NEW BUSINESS:New business, \
RE-ATTEMPTING:Re-attempting, UPSELL:Upsell
hs_lead_label | Lead label | enumeration/select | | HOT:Hot, WARM:Warm, COLD:Cold
hs_pipeline | Pipeline | enumeration/select | | lead-pipeline-id:Lead pipeline
hs_pipeline_stage | Pipeline stage | enumeration/radio | | new-stage-id:New
{_SYSTEM}
"""

CUSTOM = f"""
# hs_system | System information
{_SYSTEM}
"""

TABLES: dict[str, str] = {
    "contacts": _CONTACTS,
    "companies": _COMPANIES,
    "deals": _DEALS,
    "tasks": _TASKS,
    "notes": _NOTES,
    "meetings": _MEETINGS,
    "calls": _CALLS,
    "leads": _LEADS,
}
