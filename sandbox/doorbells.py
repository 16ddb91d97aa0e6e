"""Where both practice orgs ring: what an admin sets up in each system's own screens, in one place.

HubSpot: subscriptions for every event type, signed with the app's client secret. Salesforce: an outbound
message for each object. A reset of the orgs keeps them, as it keeps the servers' addresses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.hubspot.hooks import NEVER_SENT
from sandbox.hubspot.kinds import KINDS
from sandbox.hubspot.org import HubSpotOrg
from sandbox.salesforce.org import SalesforceOrg

# Reference sheet of HubSpot, section 17: these three can be subscribed to by their own names.
HUBSPOT_OBJECTS = {kind.name: kind.singular for kind in KINDS[:3]}
# Leads, activities and custom objects ring under this word, with their type ids.
ALL_OTHERS = "object"
EVENT_TYPES = (
    "creation", "deletion", "merge", "restore", "privacyDeletion", "associationChange",
)  # fmt: skip
SALESFORCE_OBJECTS = ("Lead", "Contact", "Account", "Opportunity")
# Outbound messages may be set up for these, too, and for every custom object.
MORE_OBJECTS = ("Campaign", "CampaignMember", "Task", "Event")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which doors to ring at; no address: that org keeps silent.

    `properties` by object (``contacts``): whose changes HubSpot tells; None: those of every property of
    every object. `objects`: about which records Salesforce sends messages.
    """

    hubspot_url: str | None = None
    properties: Mapping[str, Sequence[str]] | None = None
    salesforce_url: str | None = None
    objects: Sequence[str] = field(default=SALESFORCE_OBJECTS)


SILENCE = Wanted()


class Doorbells:
    """Connects the doorbells of two orgs."""

    def __init__(self, hubspot: HubSpotOrg, salesforce: SalesforceOrg) -> None:
        self._hubspot, self._salesforce = hubspot, salesforce
        self._wanted = SILENCE

    def connect(self, wanted: Wanted) -> None:
        """Ring there from now on and nowhere else; what is still on its way elsewhere is forgotten."""
        self._hubspot.hooks.clear()
        self._salesforce.outbound.clear()
        self._wanted = wanted
        self.connect_again()

    def connect_again(self) -> None:
        """As before, in orgs that were emptied."""
        wanted = self._wanted
        if wanted.hubspot_url is not None:
            self._subscribe(wanted.hubspot_url, wanted.properties)
        if wanted.salesforce_url is not None:
            for name in wanted.objects:
                self._salesforce.send_outbound(name, wanted.salesforce_url)

    def as_json(self) -> dict[str, Any]:
        """Where each org rings, and what became of its events since the last `connect`."""
        told = {
            "hubspot": (self._wanted.hubspot_url, self._hubspot.hooks.deliveries),
            "salesforce": (self._wanted.salesforce_url, self._salesforce.outbound.deliveries),
        }
        return {name: {"url": url, **events.as_json()} for name, (url, events) in told.items()}

    def _subscribe(self, url: str, properties: Mapping[str, Sequence[str]] | None) -> None:
        singulars = (*HUBSPOT_OBJECTS.values(), ALL_OTHERS)
        events = [f"{singular}.{what}" for singular in singulars for what in EVENT_TYPES]
        if properties is None:
            events += [f"{singular}.propertyChange" for singular in singulars]
        named = {HUBSPOT_OBJECTS[name]: names for name, names in (properties or {}).items()}
        self._hubspot.subscribe(url, events=events, properties=named)


def wanted_of(body: Any) -> Wanted:
    """The doors that a JSON document asks for. ValueError names what is wrong with it."""
    if not isinstance(body, dict) or not body or not body.keys() <= {"hubspot", "salesforce"}:
        raise ValueError("the body must be a JSON object with hubspot, salesforce or both")
    hubspot, salesforce = body.get("hubspot"), body.get("salesforce")
    found = SILENCE
    if hubspot is not None:
        found = Wanted(_url("hubspot", hubspot), _properties(hubspot.get("properties")))
    if salesforce is not None:
        url = _url("salesforce", salesforce)
        objects = _objects(salesforce.get("objects", SALESFORCE_OBJECTS))
        found = Wanted(found.hubspot_url, found.properties, url, objects)
    return found


def _url(system: str, told: Any) -> str:
    url = told.get("url") if isinstance(told, dict) else None
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise ValueError(f"{system} must be an object with the url to ring at")
    return url


def _properties(told: Any) -> Mapping[str, Sequence[str]] | None:
    if told is None:
        return None
    if not isinstance(told, dict) or not told.keys() <= HUBSPOT_OBJECTS.keys():
        allowed = ", ".join(HUBSPOT_OBJECTS)
        raise ValueError(f"hubspot.properties must be lists of names by object ({allowed})")
    found = {name: _names(f"hubspot.properties.{name}", names) for name, names in told.items()}
    refused = sorted(name for names in found.values() for name in names if name in NEVER_SENT)
    if refused:
        raise ValueError(f"not subscribable: {', '.join(refused)}")
    return found


def _objects(told: Any) -> Sequence[str]:
    names = _names("salesforce.objects", told)
    known = (*SALESFORCE_OBJECTS, *MORE_OBJECTS)
    if not all(name in known or name.endswith("__c") for name in names):
        raise ValueError(f"salesforce.objects may hold {', '.join(known)} and custom objects")
    return names


def _names(where: str, told: Any) -> Sequence[str]:
    if not isinstance(told, list | tuple) or not all(isinstance(name, str) for name in told):
        raise ValueError(f"{where} must be a list of names")
    return tuple(told)
