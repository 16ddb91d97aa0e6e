"""Our own values that a mapping may write (``from: kakehashi.intent.score``): names, kinds, whose they are.

A record carries them beside its fields, under their full names, as soon as it is read: so they take part
in its digest, and a value of ours that changed makes a record as due as a field of its own does. Which
value belongs to which record is told by *names* in normal form: its HubSpot contact id, its e-mail
addresses, its domain, its corporate number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connector.port import FieldKind, FieldSchema, Option, System, Value, Values
from mappings.matching import addresses
from mappings.normal import as_text, company, corporate_number, domain
from mappings.schema import Names, OwnName

PREFIX = "kakehashi."
# Text that is longer is shortened before it is told; longer fields are needed for the sentences alone.
TOPIC_SCORES, SENTENCE = 1_000, 1_000
# A hand-over card takes more room.
CARD = 4_000
# The questions of a hand-over that are open, as one line.
MISSING = 255

# The kinds of names that tell whose our values are. A company's name is one beside them: several may bear it.
NAME_KINDS = frozenset({"hubspot_contact_id", "email", "corporate_number", "company_domain"})
COMPANY_NAME = "company_name"
# Whose values the records of an object of HubSpot can carry.
PEOPLE, ACCOUNTS = "contacts", "companies"


# The default choices of HubSpot's own properties `hs_lead_status` and `lifecyclestage`, of the latter those
# that we ever say.
LEAD_STATUSES = (
    *("NEW", "OPEN", "IN_PROGRESS", "OPEN_DEAL"),
    *("UNQUALIFIED", "ATTEMPTED_TO_CONTACT", "CONNECTED", "BAD_TIMING"),
)
NATIVE_STAGES = (
    *("subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead"),
    *("opportunity", "customer"),
)


def _own(
    name: str, kind: FieldKind, length: int | None = None, choices: Iterable[str] = ()
) -> tuple[str, FieldSchema]:
    options = tuple(Option(one, one) for one in choices)
    whole = f"{PREFIX}{name}"
    return name, FieldSchema(name=whole, label=name, kind=kind, length=length, options=options)


# What each of them is like as the source of a line; the names that `check` knows.
OWN_VALUES: Mapping[str, FieldSchema] = dict(
    (
        _own("intent.score", "number"),
        _own("intent.fit", "number"),
        _own("intent.band", "text", 2),
        _own("intent.top_topic", "text", 40),
        _own("intent.topic_scores", "long_text", TOPIC_SCORES),
        _own("intent.last_at", "datetime"),
        _own("intent.surge", "bool"),
        _own("intent.surge_at", "datetime"),
        _own("intent.reason_internal_ja", "long_text", SENTENCE),
        _own("intent.reason_internal_en", "long_text", SENTENCE),
        _own("intent.reason_outward_ja", "long_text", SENTENCE),
        _own("intent.reason_outward_en", "long_text", SENTENCE),
        _own("intent.active_persons", "number"),
        _own("lifecycle.stage", "text", 20),
        _own("lifecycle.stage_since", "datetime"),
        _own("lifecycle.cycle", "number"),
        _own("lifecycle.verdict", "text", 10),
        _own("lifecycle.handed_to", "text", 120),
        _own("lifecycle.hand_over", "long_text", CARD),
        _own("lifecycle.recycle_reason", "text", 40),
        _own("lifecycle.recycle_sub_reason", "text", 255),
        _own("lifecycle.recycle_comment", "long_text", SENTENCE),
        _own("lifecycle.recycled_at", "datetime"),
        _own("lifecycle.recycled_by", "text", 120),
        _own("lifecycle.recycle_count", "number"),
        _own("lifecycle.reactivate_on", "date"),
        _own("lifecycle.is_returned", "bool"),
        _own("lifecycle.reactivated_at", "datetime"),
        _own("lifecycle.reactivation_reason", "text", 40),
        _own("lifecycle.completeness", "number"),
        _own("lifecycle.missing", "text", MISSING),
        _own("lifecycle.first_touch_due_at", "datetime"),
        _own("lifecycle.sla_status", "text", 20),
        _own("lifecycle.nurture", "bool"),
        _own("lifecycle.definition", "text", 40),
        _own("lifecycle.lead_status", "text", 40, LEAD_STATUSES),
        _own("lifecycle.native_stage", "text", 40, NATIVE_STAGES),
    )
)


INTEREST = "intent."
# A request may also be that nothing stands there any more; every other value that somebody takes away is put
# back.
ASKED_BY_BLANK = frozenset({"lifecycle.reactivate_on"})
# What an opt-out of mail says no to: a record that bears it bears a blank, and that is a no in both systems.
DENIED_BY_MAIL = frozenset({"lifecycle.nurture"})
# What is said of a lead's interest beside the values of website intent.
TOLD_OF_INTEREST = frozenset({"lifecycle.hand_over"})


def is_own(name: str) -> bool:
    """Whether a field's name is that of a value of ours."""
    return name.startswith(PREFIX)


def is_followed(name: str) -> bool:
    """Whether a value of ours (without its prefix) is known by following somebody, which needs consent."""
    return name.startswith(INTEREST) or name in TOLD_OF_INTEREST


def vendor_fields(fields: Iterable[str]) -> tuple[str, ...]:
    """The fields among these that a system knows."""
    return tuple(name for name in fields if not is_own(name))


def own_of(values: Values) -> dict[str, Value]:
    """The values of ours among those of a record, under their full names."""
    return {name: value for name, value in values.items() if is_own(name)}


def person_names(system: System, *, key: str | None, mail: str | None) -> Names:
    """Reads the names of a person's record: the id of the HubSpot contact, then the addresses.

    `key` is the field of Salesforce that holds the contact's id, `mail` the one with the address; None
    where the object has no such field.
    """
    addresses_of = None if mail is None else addresses(system, mail)

    def names(record_id: str, values: Values) -> tuple[OwnName, ...]:
        contact = record_id if system is System.HUBSPOT else as_text(values.get(key or ""))
        found = [OwnName("hubspot_contact_id", contact)] if contact else []
        mails = () if addresses_of is None else addresses_of(values)
        return (*found, *(OwnName("email", one) for one in mails))

    return names


def account_names(*, site: str | None, numbers: tuple[str, ...], called: str | None) -> Names:
    """Reads the names of a company's record: corporate numbers, then its domain and those above it; last what
    it is called, in the field `called`.
    """

    def names(_record_id: str, values: Values) -> tuple[OwnName, ...]:
        told = (corporate_number(as_text(values.get(name))) for name in numbers)
        found = [OwnName("corporate_number", one) for one in told if one]
        host = None if site is None else domain(as_text(values.get(site)))
        found += [OwnName("company_domain", one) for one in _upwards(host or "")]
        name = None if called is None else company(as_text(values.get(called)) or "")
        found += [OwnName(COMPANY_NAME, name)] if name else []
        return tuple(dict.fromkeys(found))

    return names


def _upwards(host: str) -> list[str]:
    """The host and the domains above it: the page of a company stands at its domain, or somewhere below."""
    parts = host.split(".")
    return [".".join(parts[at:]) for at in range(len(parts) - 1)]
