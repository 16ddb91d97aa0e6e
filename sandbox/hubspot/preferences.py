"""Communication preferences: per address, not per contact (reference sheet, section 14).

The contact that bears an address mirrors them in `hs_email_optout` and `hs_email_optout_<id>`, which
nobody can write directly.
"""

from __future__ import annotations

from typing import Any

from sandbox.hubspot import effects
from sandbox.hubspot.answers import invalid_request, iso
from sandbox.hubspot.state import SUBSCRIPTIONS, Actor, Preference, Said, State

ALL = ""
BASES = frozenset(
    {
        "LEGITIMATE_INTEREST_PQL",
        "LEGITIMATE_INTEREST_CLIENT",
        "PERFORMANCE_OF_CONTRACT",
        "CONSENT_WITH_NOTICE",
        "NON_GDPR",
        "PROCESS_AND_STORE",
        "LEGITIMATE_INTEREST_OTHER",
    }
)
STATES = frozenset({"SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED"})


def wish_of(state: State, address: str) -> Preference:
    """What an address wants; nothing said yet is an empty wish."""
    return state.preferences.setdefault(address.lower(), Preference())


def check_subscription(subscription: Any) -> str:
    if str(subscription) not in SUBSCRIPTIONS:
        raise invalid_request(f"Subscription {subscription} does not exist")
    return str(subscription)


def unsubscribe_all(state: State, address: str, actor: Actor) -> None:
    """Out of everything."""
    wish = wish_of(state, address)
    if not wish.all_out:
        wish.said[ALL] = Said(state.now(), _way(actor))
    wish.all_out = True
    _mirror(state, address, actor)


def resubscribe(state: State, address: str, actor: Actor) -> None:
    """Lift the opt-out from everything; what single types said before stands again."""
    wish = wish_of(state, address)
    wish.all_out = False
    wish.said.pop(ALL, None)
    _mirror(state, address, actor)


def set_status(
    state: State,
    address: str,
    subscription: str,
    status: str,
    actor: Actor,
    *,
    source: str | None = None,
    basis: str | None = None,
    explanation: str | None = None,
) -> None:
    """One subscription type; subscribing somebody who is out of everything leaves the others out."""
    wish = wish_of(state, address)
    wish.said[subscription] = Said(state.now(), source or _way(actor), basis, explanation)
    if status == "SUBSCRIBED" and wish.all_out:
        wish.all_out = False
        wish.said.pop(ALL, None)
        wish.states.update(dict.fromkeys(SUBSCRIPTIONS, "UNSUBSCRIBED"))
    wish.states[subscription] = status
    _mirror(state, address, actor)


def _way(actor: Actor) -> str:
    return "CRM_UI" if actor.person else "API"


def status_of(wish: Preference, subscription: str) -> str:
    return "UNSUBSCRIBED" if wish.all_out else wish.states.get(subscription, "NOT_SPECIFIED")


def _mirror(state: State, address: str, actor: Actor) -> None:
    """Carry the wish of an address to the contact that bears it, as primary address or not."""
    table = state.tables["contacts"]
    owner = table.owner_of("email", address)
    if owner is None:
        return
    wish, contact = wish_of(state, address), table.live[owner]
    values = {f"hs_email_optout_{n}": _flag(s == "UNSUBSCRIBED") for n, s in wish.states.items()}
    if wish.all_out or "hs_email_optout" in contact.values:
        values["hs_email_optout"] = _flag(wish.all_out)
    effects.put(state, table, contact, values, actor)


def _flag(out: bool) -> str:
    return "true" if out else "false"


def v3_status(wish: Preference, subscription: str) -> dict[str, Any]:
    """One status as v3 words it: two states only."""
    out = status_of(wish, subscription) == "UNSUBSCRIBED"
    return {
        "id": subscription,
        "name": SUBSCRIPTIONS[subscription],
        "description": SUBSCRIPTIONS[subscription],
        "status": "NOT_SUBSCRIBED" if out else "SUBSCRIBED",
        "sourceOfStatus": "PORTAL_WIDE_STATUS" if wish.all_out else "SUBSCRIPTION_STATUS",
        "preferenceGroupName": None,
        "legalBasis": None,
        "legalBasisExplanation": None,
    }


def v4_status(state: State, address: str, subscription: str) -> dict[str, Any]:
    """One status as v4 words it; the id is a number here."""
    wish = wish_of(state, address)
    said = wish.said.get(subscription)
    if wish.all_out:
        said = wish.said.get(ALL)
    return {
        "channel": "EMAIL",
        "subscriberIdString": address,
        "subscriptionId": int(subscription),
        "subscriptionName": SUBSCRIPTIONS[subscription],
        "status": status_of(wish, subscription),
        "source": said.source if said else None,
        "legalBasis": said.basis if said else None,
        "legalBasisExplanation": said.explanation if said else None,
        "businessUnitId": 0,
        "timestamp": iso(said.at) if said else None,
    }


def wide_status(state: State, address: str) -> dict[str, Any]:
    """Whether an address is out of everything, as v4 words it."""
    said = wish_of(state, address).said.get(ALL)
    return {
        "channel": "EMAIL",
        "subscriberIdString": address,
        "status": "UNSUBSCRIBED" if wish_of(state, address).all_out else "NOT_SPECIFIED",
        "wideStatusType": "PORTAL_WIDE",
        "businessUnitId": 0,
        "timestamp": iso(said.at) if said else None,
    }


def definitions() -> list[dict[str, Any]]:
    """The subscription types of the account, as v3 words them."""
    return [
        {
            "id": number,
            "name": title,
            "description": title,
            "purpose": "Marketing",
            "communicationMethod": "Email",
            "isActive": True,
            "isDefault": True,
            "isInternal": False,
            "createdAt": iso(0),
            "updatedAt": iso(0),
        }
        for number, title in SUBSCRIPTIONS.items()
    ]
